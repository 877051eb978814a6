"""Known errors put into the texts of golden reports, and whether each is caught, sent to a person, or accepted.

``python -m benchmarks.planted``. The texts are those of the development split; a change touches figures of the
requests and litigation tables that the reader reads right before it. An error escapes when any cell is accepted with
a value that the original does not print there: ``flagged`` where a hard rule fails that held before, so that a person
sees the report and the rule but is pointed to other cells; ``silent`` where nothing says so.

A change after which every hard rule of the form holds as before, in a grid that is intact, is a consistent other report:
nothing that reads only the text could see it. Those are counted apart, as ``invisible by construction``.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.damage.content import failing
from benchmarks.score import ROOT, seed_range, stamp, write_json
from extractor.errors import ReportUnreadable
from extractor.form import Form, load_forms
from extractor.golden import GoldenReport, load_golden
from extractor.judge import ACCEPT
from extractor.pipeline import UNREADABLE, extract
from extractor.read import read_bytes, read_file
from extractor.types import Extraction, Number, Resolved, Status, Verdict

TABLES = ("requests", "litigation")
CAUGHT, SENT, RECOVERED = "caught", "sent", "recovered"
FLAGGED, SILENT = "escaped, flagged", "escaped, silent"
UNSEEN_SENT, UNSEEN_ACCEPTED = "invisible, sent", "invisible, accepted"
OUTCOMES = (CAUGHT, SENT, RECOVERED, FLAGGED, SILENT, UNSEEN_SENT, UNSEEN_ACCEPTED)
# Shapes in which an emptied cell leaves its mark.
_MARKED = frozenset({"tab-cells", "tab-rows", "pipe-rows"})


@dataclass(frozen=True, slots=True)
class Base:
    """A golden text as the reader reads it: where each figure stands, and the rows of figures in form order.

    ``truth`` is the golden value, None where nothing is printed. ``wrong`` cells are accepted wrongly already.
    """

    name: str
    shape: str
    text: str
    form: Form
    truth: tuple[Number | None, ...]
    spans: Mapping[int, tuple[int, int]]
    rows: tuple[tuple[int, ...], ...]
    failing: frozenset[tuple[str, str]]
    raised: frozenset[tuple[str, str]]
    wrong: frozenset[int]

    def printed(self, field: int) -> str:
        """The characters of one figure."""
        start, end = self.spans[field]
        return self.text[start:end]


@dataclass(frozen=True, slots=True)
class Plant:
    """One error. ``figures`` are the new characters of single figures; ``edits`` any other change of the text.

    ``emptied`` cells print nothing now; ``affected`` are the cells that ``edits`` change, empty too unless ``broken``:
    that the text shows a row to be without its number of figures.
    """

    figures: tuple[tuple[int, str], ...] = ()
    edits: tuple[tuple[int, int, str], ...] = ()
    emptied: tuple[int, ...] = ()
    affected: tuple[int, ...] = ()
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one plant; ``escapes`` names the cells that were accepted wrongly."""

    kind: str
    report: str
    plant: str
    outcome: str
    escapes: tuple[str, ...]


Kind = Callable[[Base, Random], Plant | None]


# The texts


@lru_cache(maxsize=1)
def bases() -> tuple[Base, ...]:
    """Every text of the development split that has figures to change."""
    forms = {f.id: f for f in load_forms()}
    golden = load_golden(ROOT / "golden", list(forms.values()), "dev")
    found = [_base(g, s.file, s.shape, forms[g.form_id]) for g in golden if g.form_id for s in g.sources]
    return tuple(b for b in found if b.rows)


def _base(report: GoldenReport, path: Path, shape: str, form: Form) -> Base:
    text = read_file(path).text
    got = _extract(text, path.name)
    same = got.form == form.id
    truth = tuple(c.value if c.status == "printed" else None for c in report.cells)
    spans = {
        r.field: (r.start, r.end)
        for r in got.resolved
        if same and r.status is Status.PRINTED and r.start >= 0 and r.value == truth[r.field]
    }
    name = f"{report.id}/{path.name}"
    raised = _raised(got)
    return Base(name, shape, text, form, truth, spans, _rows(form, spans), frozenset(failing(form, truth)), raised,
                _accepted_wrong(got, form, truth) if same else frozenset())  # fmt: skip


def _rows(form: Form, spans: Mapping[int, tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Rows of at least three figures that stand one behind the other in the text."""
    blocks = [b for t in form.tables if t.id in TABLES for b in t.blocks]
    rows = [tuple(i for i in row if i in spans) for b in blocks for row in b.grid]
    return tuple(r for r in rows if len(r) > 2 and all(spans[a][1] <= spans[b][0] for a, b in pairwise(r)))


def _extract(text: str, name: str) -> Extraction:
    try:
        return extract(read_bytes(text.encode(), name), load_forms())
    except ReportUnreadable as exc:
        raise AssertionError(f"{name}: a changed text is always readable, and this is not: {exc}") from exc


def _raised(got: Extraction) -> frozenset[tuple[str, str]]:
    """The hard rules that fail on the print, or once empty cells count as none."""
    failed = (f for f in got.findings if f.severity == "hard" and Verdict.FAIL in (f.verdict, f.blank_as_zero))
    return frozenset((f.rule, f.instance) for f in failed)


def _accepted_wrong(got: Extraction, form: Form, truth: Sequence[Number | None]) -> frozenset[int]:
    """Accepted cells with another value than the original; another form, and every accepted cell of it.

    A cell accepted as empty is wrong only where the original prints a figure other than 0.
    """
    same = got.form == form.id
    pairs = zip(got.resolved, got.decisions, strict=True)
    return frozenset(r.field for r, d in pairs if d.outcome == ACCEPT and not (same and _holds(r, truth[r.field])))


def _holds(got: Resolved, truth: Number | None) -> bool:
    return not truth if got.status is Status.BLANK else got.value == truth


# What becomes of an error


def changed_text(base: Base, plant: Plant) -> str:
    """The text with the error in it."""
    edits = [(*base.spans[i], new) for i, new in plant.figures] + [(*base.spans[i], "") for i in plant.emptied]
    text = base.text
    for start, end, new in sorted([*edits, *plant.edits], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def invisible(base: Base, plant: Plant) -> bool:
    """Whether the grid is intact and no hard rule fails on the changed figures that held before."""
    if plant.broken:
        return False
    values = list(base.truth)
    for field, new in plant.figures:
        values[field] = int(new)
    for field in (*plant.emptied, *plant.affected):
        values[field] = 0  # the reader takes an empty cell for nothing in a sum
    return set(failing(base.form, values)) <= base.failing


def judge_plant(base: Base, plant: Plant) -> tuple[str, frozenset[int]]:
    """The outcome of one error, and the cells that were accepted wrongly.

    caught: a hard rule fails that held before, and nothing wrong is accepted; sent: a changed cell goes to a person;
    recovered: every changed cell is accepted with the value of the original.
    """
    truth = [None if i in plant.emptied else v for i, v in enumerate(base.truth)]
    got = _extract(changed_text(base, plant), base.name)
    wrong = _accepted_wrong(got, base.form, truth) - base.wrong
    if invisible(base, plant):
        return (UNSEEN_ACCEPTED if any(_accepted(got, plant)) else UNSEEN_SENT), frozenset()
    flagged = got.decision != UNREADABLE and bool(_raised(got) - base.raised)
    if wrong:
        return FLAGGED if flagged else SILENT, wrong
    if flagged:
        return CAUGHT, wrong
    return (RECOVERED if all(_accepted(got, plant)) else SENT), wrong


def _accepted(got: Extraction, plant: Plant) -> list[bool]:
    """Of each cell in question, whether it was accepted."""
    cells = (*(i for i, _ in plant.figures), *plant.emptied, *plant.affected)
    return [bool(got.decisions) and got.decisions[i].outcome == ACCEPT for i in cells]


# The kinds of error


def _figures(base: Base, wanted: Callable[[str], bool]) -> list[int]:
    return [i for row in base.rows for i in row if wanted(base.printed(i))]


def _plain(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _one(base: Base, rng: Random, wanted: Callable[[str], bool], change: Callable[[str], str]) -> Plant | None:
    able = _figures(base, lambda t: _plain(t) and wanted(t))
    if not able:
        return None
    field = rng.choice(able)
    new = change(base.printed(field))
    return Plant(figures=((field, new),)) if int(new) != base.truth[field] else None


def swap_digits(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring digits in the other order."""

    def change(text: str) -> str:
        at = rng.choice([n for n in range(len(text) - 1) if text[n] != text[n + 1]])
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    return _one(base, rng, lambda t: len(set(t)) > 1, change)


def drop_digit(base: Base, rng: Random) -> Plant | None:
    """One digit gone."""

    def change(text: str) -> str:
        at = rng.randrange(len(text))
        return text[:at] + text[at + 1 :]

    return _one(base, rng, lambda t: len(t) > 1, change)


def add_digit(base: Base, rng: Random) -> Plant | None:
    """One digit more."""

    def change(text: str) -> str:
        at = rng.randrange(len(text) + 1)
        return text[:at] + rng.choice("0123456789") + text[at:]

    return _one(base, rng, lambda t: True, change)


def zero_to_eight(base: Base, rng: Random) -> Plant | None:
    """A 0 read as an 8."""

    def change(text: str) -> str:
        at = rng.choice([n for n, c in enumerate(text) if c == "0"])
        return text[:at] + "8" + text[at + 1 :]

    return _one(base, rng, lambda t: "0" in t, change)


def _moved(base: Base, targets: Sequence[int], sources: Sequence[int]) -> Plant | None:
    """Each target shows the figure of its source; None where this changes nothing."""
    pairs = zip(targets, sources, strict=True)
    figures = tuple((t, base.printed(s)) for t, s in pairs if base.truth[t] != base.truth[s])
    return Plant(figures=figures) if figures and all(_plain(new) for _, new in figures) else None


def shift_columns(base: Base, rng: Random) -> Plant | None:
    """The figures of a row one column on, the last at the front; with or without the total taking part."""
    row = rng.choice([r for r in base.rows if len({base.truth[i] for i in r}) > 1] or base.rows)
    cells = row if rng.random() < 0.5 else row[:-1]
    by = rng.choice((1, -1))
    return _moved(base, cells, [cells[(n - by) % len(cells)] for n in range(len(cells))])


def _stretches(base: Base) -> list[tuple[tuple[int, ...], ...]]:
    """Stretches of rows that have the same columns, in the form's order."""
    out: list[list[tuple[int, ...]]] = []
    for row in base.rows:
        columns = _columns(base, row)
        if out and _columns(base, out[-1][-1]) == columns:
            out[-1].append(row)
        else:
            out.append([row])
    return [tuple(x) for x in out if len(x) > 1]


def _columns(base: Base, row: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{base.form.fields[i].table}/{base.form.fields[i].column}" for i in row)


def shift_rows(base: Base, rng: Random) -> Plant | None:
    """Figures one row on against their labels, over a stretch of rows; the last row's figures at its head."""
    stretch = _stretch(base, rng)
    order = [stretch[n - 1] for n in range(len(stretch))]
    return _moved(base, [i for r in stretch for i in r], [i for r in order for i in r])


def _stretch(base: Base, rng: Random) -> Sequence[tuple[int, ...]]:
    rows = rng.choice(_stretches(base) or [base.rows[:1]])
    start = rng.randrange(max(1, len(rows) - 1))
    return rows[start : rng.randint(start + 1, len(rows) - 1) + 1] if len(rows) > 1 else rows


def slip_rows(base: Base, rng: Random) -> Plant | None:
    """The first row of a stretch without figures, and each further row with those of the row before; the last are gone."""
    stretch = _stretch(base, rng)
    if len(stretch) < 2:
        return None
    moved = _moved(base, [i for r in stretch[1:] for i in r], [i for r in stretch[:-1] for i in r])
    marked = base.shape in _MARKED
    gap = base.spans[stretch[0][0]][0], base.spans[stretch[0][-1]][1], ""
    return Plant(moved.figures, (gap,), affected=stretch[0], broken=not marked) if moved else None


def _pair(base: Base, rng: Random, wanted: Callable[[Sequence[int], Sequence[int]], bool]) -> Plant | None:
    pairs = [(a, b) for s in _stretches(base) for n, a in enumerate(s) for b in s[n + 1 :] if wanted(a, b)]
    differing = [(a, b) for a, b in pairs if any(base.truth[x] != base.truth[y] for x, y in zip(a, b, strict=True))]
    if not differing:
        return None
    a, b = rng.choice(differing)
    return _moved(base, (*a, *b), (*b, *a))


def swap_rows(base: Base, rng: Random) -> Plant | None:
    """The figures of two rows exchanged, the labels left."""
    return _pair(base, rng, lambda a, b: base.truth[a[-1]] != base.truth[b[-1]])


def swap_equal_rows(base: Base, rng: Random) -> Plant | None:
    """The same of two rows that have one total and differ inside."""
    return _pair(base, rng, lambda a, b: base.truth[a[-1]] == base.truth[b[-1]])


def compensating(base: Base, rng: Random) -> Plant | None:
    """Two figures of one row wrong by the same amount, in opposite directions."""
    able = [(row, i) for row in base.rows for i in row[:-1] if base.truth[i] and _plain(base.printed(i))]
    if not able:
        return None
    row, source = rng.choice(able)
    target = rng.choice([i for i in row[:-1] if i != source])
    had = base.truth[source]
    by = rng.randint(1, int(had or 1))
    return Plant(figures=((source, str(int(had or 0) - by)), (target, str(int(base.truth[target] or 0) + by))))


def blank_to_zero(base: Base, rng: Random) -> Plant | None:
    """A row of empty cells, one of which shows a 0; only where an empty cell leaves its mark."""
    able = [r for r in base.rows if base.shape in _MARKED and not any(base.truth[i] for i in r)]
    if not able:
        return None
    row = rng.choice(able)
    kept = rng.choice(row)
    return Plant(figures=((kept, "0"),), emptied=tuple(i for i in row if i != kept))


def total_as_other(base: Base, rng: Random) -> Plant | None:
    """The total of a row copied into the column before it (总计 into 其他)."""
    able = [(row[-2], row[-1]) for row in base.rows if base.truth[row[-2]] != base.truth[row[-1]]]
    return _moved(base, *zip(rng.choice(able), strict=True)) if able else None


def glue(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring figures of a row with nothing between them."""
    row = rng.choice(base.rows)
    at = rng.randrange(len(row) - 1)
    between = base.spans[row[at]][1], base.spans[row[at + 1]][0], ""
    return Plant(edits=(between,), affected=row[at : at + 2], broken=True)


def split(base: Base, rng: Random) -> Plant | None:
    """A blank inside a figure."""
    able = _figures(base, lambda t: len(t) > 1)
    if not able:
        return None
    field = rng.choice(able)
    at = base.spans[field][0] + rng.randrange(1, len(base.printed(field)))
    return Plant(edits=((at, at, " "),), affected=(field,), broken=True)


def erase(base: Base, rng: Random) -> Plant | None:
    """A figure gone, in a text in which an empty cell may leave no mark; other than 0 where it does."""
    marked = base.shape in _MARKED
    able = [i for row in base.rows for i in row if not marked or base.truth[i]]
    if not able:
        return None
    field = rng.choice(able)
    return Plant(edits=((*base.spans[field], ""),), affected=(field,), broken=True)


KINDS: dict[str, Kind] = {
    "two digits swapped": swap_digits,
    "digit dropped": drop_digit,
    "digit added": add_digit,
    "0 read as 8": zero_to_eight,
    "row shifted by a column": shift_columns,
    "rows shifted by one": shift_rows,
    "rows slipped, last gone": slip_rows,
    "figures of rows swapped": swap_rows,
    "rows of equal total swapped": swap_equal_rows,
    "two compensating errors": compensating,
    "blank printed as 0": blank_to_zero,
    "总计 copied into 其他": total_as_other,
    "two figures glued": glue,
    "figure split": split,
    "figure erased": erase,
}


# All of them


def run(seeds: range, processes: int = 1) -> list[Result]:
    """Plant every kind in every text, once for each seed; one plant is tried once."""
    tasks = [(n, kind, seeds) for n in range(len(bases())) for kind in KINDS]
    if processes == 1:
        return [r for t in tasks for r in run_kind(t)]
    with Pool(processes) as pool:
        return [r for some in pool.imap(run_kind, tasks) for r in some]


def run_kind(task: tuple[int, str, range]) -> list[Result]:
    """One kind of error in one text."""
    number, kind, seeds = task
    base = bases()[number]
    plants = [KINDS[kind](base, Random(f"{seed}/{base.name}/{kind}")) for seed in seeds]
    out: list[Result] = []
    for plant in dict.fromkeys(p for p in plants if p is not None):
        outcome, wrong = judge_plant(base, plant)
        names = tuple(base.form.fields[i].id for i in sorted(wrong))
        out.append(Result(kind, base.name, _describe(base, plant), outcome, names))
    return out


def _describe(base: Base, plant: Plant) -> str:
    parts = [f"{base.form.fields[i].id} {base.printed(i)}→{new}" for i, new in plant.figures]
    parts += [f"at {start}: {base.text[start:end]!r}→{new!r}" for start, end, new in plant.edits]
    if plant.emptied:
        parts.append(f"{len(plant.emptied)} cells emptied")
    return "; ".join(parts[:4]) + (f"; and {len(parts) - 4} more" if len(parts) > 4 else "")


def counts(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Outcomes by kind, with the sum of all kinds."""
    out: dict[str, dict[str, int]] = {}
    for kind in (*KINDS, "all"):
        n = Counter(r.outcome for r in results if kind in (r.kind, "all"))
        out[kind] = {"tried": sum(n.values())} | {o: n[o] for o in OUTCOMES}
    return out


def _table(results: Sequence[Result]) -> Iterator[str]:
    heads = ("tried", CAUGHT, SENT, RECOVERED, "esc. flagged", "esc. silent", "invis. sent", "invis. acc.")
    yield f"{'kind':30}" + "".join(f"{h:>14}" for h in heads)
    for kind, numbers in counts(results).items():
        wide = sum(ord(c) > 0x2E80 for c in kind)
        yield kind + " " * (30 - len(kind) - wide) + "".join(f"{n:14}" for n in numbers.values())
    yield "invis.: invisible by construction: the figures as changed are a consistent other report"
    for r in _escaped(results):
        yield f"{r.outcome.upper()}: {r.kind} in {r.report}: {r.plant}: accepted {', '.join(r.escapes[:8])} ({len(r.escapes)} cells)"


def _escaped(results: Sequence[Result]) -> list[Result]:
    return [r for outcome in (SILENT, FLAGGED) for r in results if r.outcome == outcome]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit code 1 where an error escapes without a word."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default=range(100), metavar="A:B", help="default 0:100")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    results = run(given.seeds, given.processes)
    for line in _table(results):
        print(line)
    escaped = _escaped(results)
    if given.json:
        escapes: list[dict[str, Any]] = [
            {"kind": r.kind, "outcome": r.outcome, "report": r.report, "plant": r.plant, "accepted": list(r.escapes)} for r in escaped
        ]
        about = {"seeds": f"{given.seeds.start}:{given.seeds.stop}", "texts": [b.name for b in bases()]}
        data = stamp("benchmarks.planted", argv) | about | {"counts": counts(results), "escapes": escapes}
        write_json(data, given.json)
    return int(any(r.outcome == SILENT for r in escaped))


if __name__ == "__main__":
    sys.exit(main())
