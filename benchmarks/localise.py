"""Whether the cell at fault is named, a misprint told from a misreading, and what the rules determine deduced.

``python -m benchmarks.localise``. Four measurements, each with an answer that does not come from the reader:

* ``sums``: one or two wrong figures in a consistent table, straight into ``extractor.check.localise``; a brute-force
  search over all cells and all pairs of cells says whether arithmetic alone could name them;
* ``texts``: the same in the printed figures of a clean generated report, through the whole reader;
* ``blame``: planted misprints called a misreading, and figures altered in the text called a misprint;
* ``lost``: cells that a damaged text does not hold, and which of them the rules determine: least and greatest value
  over all whole-numbered tables, by scipy's HiGHS. Nothing of ``extractor.reconcile`` is used for that.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.arguments import seed_range
from benchmarks.damage import Case, make_case
from benchmarks.damage.content import failing, make_content
from benchmarks.oracle import determined, least_explanations
from benchmarks.score import LOCKED_FROM, extract_case, hard_failures, stamp, write_json
from extractor.check.localise import localise
from extractor.form import Form, load_forms
from extractor.types import Blame, Extraction, Number, Status, Verdict

# Shapes that keep every figure in its place.
SOUND = ("tab-cells", "tab-rows", "pipe-rows", "markdown", "html", "plain-rows", "aligned")
DAMAGED = ("tab-rows", "tab-cells", "pipe-rows", "markdown", "html", "aligned", "plain-rows", "flat")
EXACT, AMONG, SMALLER, MISSED, UNSEEN = "exact", "ambiguous", "looks smaller", "missed", "no rule fails"
OUTCOMES = (EXACT, AMONG, SMALLER, MISSED, UNSEEN)
_LOST = frozenset({"lost"})
Counts = Counter[str]


# One and two wrong figures


def misread(rng: Random, value: int) -> int:
    """Another number: a digit of ``value`` dropped, added, replaced, or exchanged with the next."""
    text = str(value)
    while True:
        at = rng.randrange(len(text))
        digit = rng.choice("0123456789")
        pieces = {
            "drop": text[:at] + text[at + 1 :],
            "add": text[:at] + digit + text[at:],
            "replace": text[:at] + digit + text[at + 1 :],
            "swap": text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
        }
        new = pieces[rng.choice(sorted(pieces))]
        if new and int(new) != value:
            return int(new)


def verdict(form: Form, values: Sequence[Number | None], wrong: frozenset[int], suspects: frozenset[int]) -> str:
    """What became of ``wrong`` cells that ``values`` holds, when ``suspects`` were named.

    exact: these cells and no others. Where not, brute force says why: ``ambiguous`` where other sets of as many cells
    mend every sum as well and the cells are among those named; ``looks smaller`` where fewer cells mend every sum;
    ``missed`` where neither is so.
    """
    if not failing(form, values):
        return UNSEEN
    if suspects == wrong:
        return EXACT
    least = least_explanations(form, values, len(wrong))
    if least and len(next(iter(least))) < len(wrong):
        return SMALLER
    return AMONG if len(least) > 1 and wrong <= suspects else MISSED


def sums_case(number: int, table: str, seed: int, form: Form) -> tuple[str, float]:
    """Plant ``number`` wrong figures in one table of a consistent report; the outcome and seconds of ``localise``."""
    rng = Random(f"{seed}/{number}/{table}/{form.id}")
    content = make_content(form, rng)
    while content.misprints:
        content = make_content(form, rng)
    values: list[Number | None] = list(content.values)
    covered = [f.index for f in form.fields if f.table == table and form.rules_of[f.index]]
    wrong = frozenset(rng.sample(covered, number))
    for i in sorted(wrong):
        values[i] = misread(rng, int(values[i] or 0))
    hard = [
        n for n, r in enumerate(form.rules) if r.severity == "hard" and r.relation.verdict(values)[0] is Verdict.FAIL
    ]
    start = time.perf_counter()
    suspects = localise(form, hard, values).suspects
    seconds = time.perf_counter() - start
    return verdict(form, values, wrong, suspects), seconds


def texts_case(number: int, shape: str, seed: int, form: Form) -> str | None:
    """The same in the text of a clean generated report; None where the report has a misprint of its own.

    A planted figure is one of the table with the most rules: see ``main_table``.
    """
    case = make_case(form, seed, shape, "clean")
    if any(d.startswith("misprint") for d in case.damages):
        return None
    got = extract_case(case, [form])
    text, rng = got.document.text, Random(f"{seed}/{number}/{shape}")
    if text != case.text:
        case = _as_read(case, text)
    able = [r for r in got.resolved if form.fields[r.field].table == main_table(form) and form.rules_of[r.field]]
    able = [r for r in able if r.status is Status.PRINTED and (r.printed or "").isdigit()]
    if len(able) < number:
        return None
    values = [t.value for t in case.truth]
    for r in sorted(rng.sample(able, number), key=lambda r: -r.start):
        values[r.field] = misread(rng, int(r.value or 0))
        text = text[: r.start] + str(values[r.field]) + text[r.end :]
    changed = frozenset(i for i, t in enumerate(case.truth) if t.value != values[i])
    again = extract_case(_as_read(case, text), [form])
    named = frozenset(i for f in hard_failures(again.findings).values() for i in f.suspects)
    return verdict(form, values, changed, named)


def _as_read(case: Case, text: str) -> Case:
    """The case with another text, in the encoding of every text that is read."""
    return replace(case, data=text.encode(), encoding="utf-8")


def main_table(form: Form) -> str:
    """The table in whose cells most sums cross: a single wrong cell there has sums of its own."""
    crossing = Counter(form.fields[i].table for i, rules in enumerate(form.rules_of) if len(rules) > 1)
    return crossing.most_common(1)[0][0]


# Misprint or misreading


def blame_case(level: str, shape: str, seed: int, form: Form) -> Counts:
    """Findings by blame: of planted misprints, and on a report without misprint whose text is damaged.

    ``misprint …``: a planted misprint of which every participant is still printed. At the levels clean and light the
    text has one reading of it; at the others it may have lost that.
    ``misread …``: a hard finding on a report that adds up, whose text shows every digit as printed: the reader's own.
    ``altered …``: a hard finding where the damage dropped or confused digits: the text has one reading, and it is wrong.
    """
    case = make_case(form, seed, shape, level)
    got = extract_case(case, [form])
    out: Counts = Counter()
    if got.form != form.id:
        return out
    raised = hard_failures(got.findings)
    if case.misprints:
        out.update(f"misprint {raised[m].blame}" if m in raised else "misprint not found" for m in case.misprints)
    elif not any(d.startswith("misprint") for d in case.damages):
        text = "altered" if case.altered else "misread"
        out.update(f"{text} {f.blame}" for f in raised.values())
    return out


# Lost cells


def lost_case(level: str, shape: str, seed: int, form: Form) -> tuple[Counts, tuple[str, ...]]:
    """Lost cells of one damaged report that the printed figures and the rules determine, and what the reader says of them.

    ``determined``: by the figures that the text still prints. ``known``: by what the reader read, of cells whose place
    it knows; these are what a deduction could reach. ``deduced wrong`` where the report has a misprint or altered digits
    is counted apart: a proof is only as good as the print. Every wrong deduction on a sound report is named.
    """
    case = make_case(form, seed, shape, level)
    out: Counts = Counter()
    wrong: list[str] = []
    lost = [i for i, t in enumerate(case.truth) if t.statuses == _LOST]
    got = extract_case(case, [form])
    if got.form != form.id or case.unplaceable:
        return out, ()
    flawed = bool(case.altered) or any(d.startswith("misprint") for d in case.damages)
    kind = "flawed" if flawed else "sound"
    for r in got.resolved:
        if r.status is Status.DEDUCED:
            right = r.value == (case.truth[r.field].value or 0)
            out[f"{kind} deduced {'right' if right else 'wrong'}"] += 1
            if not (right or flawed):
                outcome = got.decisions[r.field].outcome
                wrong.append(
                    f"{case.name} {form.fields[r.field].id}: {r.value} for {case.truth[r.field].value} ({outcome})"
                )
    out[f"{kind} lost"] += len(lost)
    if lost and not flawed:
        _determined(form, case, got, lost, out)
    if not flawed:
        _known(form, got, out)
    return out, tuple(wrong)


def _determined(form: Form, case: Case, got: Extraction, lost: Sequence[int], out: Counts) -> None:
    printed = [t.value if "printed" in t.statuses else None for t in case.truth]
    dark = [i for i, t in enumerate(case.truth) if "printed" not in t.statuses and t.statuses != _LOST]
    for i, value in determined(form, printed, lost, dark).items():
        out["determined"] += 1
        r = got.resolved[i]
        if r.status is Status.DEDUCED:
            out["determined, deduced right" if r.value == value else "determined, deduced wrong"] += 1
        elif "AMBIGUOUS_PLACE" in r.codes:
            out["determined, place not known"] += 1
        else:
            out[f"determined, left {r.status.value}"] += 1


def _known(form: Form, got: Extraction, out: Counts) -> None:
    read = [r.value if r.status is Status.PRINTED else None for r in got.resolved]
    open_ = [
        r.field for r in got.resolved if r.status in (Status.LOST, Status.DEDUCED) and "AMBIGUOUS_PLACE" not in r.codes
    ]
    dark = [r.field for r in got.resolved if r.field not in set(open_) and r.status is not Status.PRINTED]
    if not open_ or failing(form, read):
        return
    for i, value in determined(form, read, open_, dark).items():
        r = got.resolved[i]
        out["known"] += 1
        out["known, deduced"] += r.status is Status.DEDUCED and r.value == value
        out["known, deduced otherwise"] += r.status is Status.DEDUCED and r.value != value


# All of it


def run(seeds: range, processes: int = 1, many: int = 8) -> dict[str, Any]:
    """Everything over ``seeds``; ``sums`` takes ``many`` seeds for each of them, for it needs no text."""
    ids = [f.id for f in load_forms()]
    names = {
        t.id for f in load_forms() for t in f.tables if any(f.rules_of[x.index] for x in f.fields if x.table == t.id)
    }
    sums = [
        (n, t, s, f)
        for n in (1, 2)
        for t in sorted(names)
        for s in range(seeds.start, seeds.start + many * len(seeds))
        for f in ids
    ]
    texts = [(n, shape, s, f) for n in (1, 2) for shape in SOUND for s in seeds for f in ids]
    blame = [
        (level, shape, s, f)
        for level in ("clean", "light", "medium", "heavy")
        for shape in DAMAGED
        for s in seeds
        for f in ids
    ]
    lost = [(level, shape, s, f) for level in ("medium", "heavy") for shape in DAMAGED for s in seeds for f in ids]
    return {
        "sums": _sums(_map("sums", sums, processes)),
        "texts": _texts(_map("texts", texts, processes)),
        "blame": _blame(_map("blame", blame, processes)),
        "lost": _lost(_map("lost", lost, processes)),
    }


def _map(name: str, tasks: Sequence[tuple[Any, ...]], processes: int) -> list[tuple[tuple[Any, ...], Any]]:
    work = partial(_one, name)
    if processes == 1:
        return [(t, work(t)) for t in tasks]
    with Pool(processes) as pool:
        return list(zip(tasks, pool.map(work, tasks, chunksize=20), strict=True))


def _one(name: str, task: tuple[Any, ...]) -> Any:
    form = next(f for f in load_forms() if f.id == task[-1])
    called: dict[str, Any] = {"sums": sums_case, "texts": texts_case, "blame": blame_case, "lost": lost_case}
    return called[name](*task[:-1], form)


def _sums(results: Sequence[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for number in (1, 2):
        for table in dict.fromkeys(t[1] for t, _ in results):
            mine = [r for t, r in results if t[:2] == (number, table)]
            seconds = sorted(s for _, s in mine)
            milliseconds = {
                "mean": sum(seconds) / len(seconds),
                "p95": seconds[len(seconds) * 95 // 100],
                "max": seconds[-1],
            }
            out[f"{number} in {table}"] = _shares(Counter(o for o, _ in mine)) | {
                "milliseconds": {k: round(1000 * v, 3) for k, v in milliseconds.items()}
            }
    return out


def _texts(results: Sequence[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    return {
        f"{number} in texts": _shares(Counter(r for t, r in results if t[0] == number and r is not None))
        for number in (1, 2)
    }


def _shares(outcomes: Counts) -> dict[str, Any]:
    """Counts, and the share named exactly: of all that break a rule, and of those that arithmetic can name at all."""
    seen = sum(outcomes.values()) - outcomes[UNSEEN]
    nameable = outcomes[EXACT] + outcomes[MISSED]
    return {o: outcomes[o] for o in OUTCOMES} | {
        "exact of all": round(outcomes[EXACT] / seen, 5) if seen else None,
        "exact of nameable": round(outcomes[EXACT] / nameable, 5) if nameable else None,
    }


def _blame(results: Sequence[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for level in dict.fromkeys(t[0] for t, _ in results):
        n: Counts = sum((c for t, c in results if t[0] == level), Counter())
        blames = [b.value for b in Blame]
        out[level] = {f"{kind} {b}": n[f"{kind} {b}"] for kind in ("misprint", "misread", "altered") for b in blames}
        out[level]["misprint not found"] = n["misprint not found"]
    return out


def _lost(results: Sequence[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    counts: Counts = sum((c for _, (c, _) in results), Counter())
    return dict(sorted(counts.items())) | {"wrong deductions": [x for _, (_, wrong) in results for x in wrong]}


def table(result: dict[str, Any]) -> Iterator[str]:
    """The result in lines."""
    yield (
        f"{'planted':22}"
        + "".join(f"{o:>15}" for o in OUTCOMES)
        + f"{'exact of all':>15}{'of nameable':>13}   ms mean / p95 / max"
    )
    for name, row in (result["sums"] | result["texts"]).items():
        ms = " / ".join(str(x) for x in row.get("milliseconds", {}).values())
        shares = "".join(
            f"{'–' if row[k] is None else f'{row[k]:.2%}':>{w}}"
            for k, w in (("exact of all", 15), ("exact of nameable", 13))
        )
        yield f"{name:22}" + "".join(f"{row[o]:15}" for o in OUTCOMES) + shares + f"   {ms}"
    yield ""
    for level, row in result["blame"].items():
        kinds = (
            f"{k}: " + ", ".join(f"{b} {row[f'{k} {b}']}" for b in ("report", "reading", "unknown"))
            for k in ("misprint", "misread", "altered")
        )
        yield f"blame, {level:7}" + "; ".join(kinds) + f"; misprint not found {row['misprint not found']}"
    yield ""
    for name, n in result["lost"].items():
        if isinstance(n, int):
            yield f"lost: {name:34}{n:8}"
    yield from (f"WRONG DEDUCTION {x}" for x in result["lost"]["wrong deductions"])


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.localise", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default=range(20), metavar="A:B", help="A up to, not including, B")
    parser.add_argument("--many", type=int, default=8, help="seeds of the sums for each seed of the texts")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    if given.seeds.start + given.many * len(given.seeds) > LOCKED_FROM or given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked")
    result = run(given.seeds, given.processes, given.many)
    for line in table(result):
        print(line)
    if given.json:
        about = {"seeds": f"{given.seeds.start}:{given.seeds.stop}", "many": given.many}
        write_json(stamp("benchmarks.localise", argv) | about | result, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
