"""Generated reports of known content through the reader, and how much of it came out right.

``python -m benchmarks.accuracy``. Seeds from 10,000 on are locked: nobody looks at them while the reader is being tuned,
and the final figures come from 60 of them that no reader has been measured on before (``--locked``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import Pool
from typing import Any

from benchmarks.arguments import case_parser
from benchmarks.damage import LEVELS, SHAPES, make_case
from benchmarks.score import (
    LOCKED_FROM,
    Counts,
    Score,
    Wrong,
    as_dict,
    by_code,
    extract_case,
    grouped,
    score,
    silent_rates,
    stamp,
    total,
    write_json,
)
from extractor.form import load_forms

# Those of earlier sessions (10,000 to 10,059 and 20,000 to 20,059) were looked at, so they prove nothing any more.
LOCKED = range(30_000, 30_060)
Task = tuple[str, str, str, int]


def run(seeds: range, levels: Sequence[str] = LEVELS, shapes: Sequence[str] = SHAPES, processes: int = 1, determine: bool = True) -> list[Score]:
    """Score every case of these seeds, levels and shapes in every form, in a fixed order; ``determine`` as in ``score``."""
    tasks = [(f.id, shape, level, seed) for level in levels for shape in shapes for f in load_forms() for seed in seeds]
    one = partial(score_task, determine=determine)
    if processes == 1:
        return [one(t) for t in tasks]
    with Pool(processes) as pool:
        return pool.map(one, tasks, chunksize=30)


def score_task(task: Task, determine: bool = True) -> Score:
    """Make, read and score one case."""
    form_id, shape, level, seed = task
    forms = load_forms()
    form = next(f for f in forms if f.id == form_id)
    case = make_case(form, seed, shape, level)
    return score(case, extract_case(case, forms), form, determine)


def result(scores: Sequence[Score]) -> dict[str, Any]:
    """The scores as JSON-able data."""
    counts = total(scores)
    groups = {"by_level": ("level",), "by_shape": ("shape",), "by_form": ("form",), "by_level_and_shape": ("level", "shape")}
    return {
        "total": as_dict(counts) | silent_rates(counts),
        **{
            name: {k: as_dict(c) | silent_rates(c) for k, c in grouped(scores, *by).items()}
            for name, by in groups.items()
        },
        "by_code": by_code(scores),
        "silent_errors": [as_dict(w) for s in scores for w in s.silent],
        "equal_values": [as_dict(w) for s in scores for w in s.equal],
        "misprints_missed": [x for s in scores for x in s.missed],
        "false_findings": [x for s in scores for x in s.false],
        "not_read": [f"{s.case}: {s.error}" for s in scores if s.error],
    }


# What is printed

_HEAD = (
    f"{'level':7}{'shape':17}{'cases':>6}{'accepted of printed':>21}{'of determined':>15}{'STP':>8}{'STP det.':>10}"
    f"{'silent':>8}{'per M':>8}"
    f"{'reports ≤':>11}{'equal':>7}{'unread':>8}{'form ≠':>8}"
)


def table(scores: Sequence[Score]) -> Iterator[str]:
    """The table of level × shape with a line for each level, each form and all."""
    yield _HEAD
    for level in dict.fromkeys(s.level for s in scores):
        mine = [s for s in scores if s.level == level]
        for shape, counts in grouped(mine, "shape").items():
            yield _line(level, shape, counts)
        yield _line(level, "ALL", total(mine))
        yield ""
    for form, counts in grouped(scores, "form").items():
        yield _line("", form, counts)
    yield _line("ALL", "", total(scores))


def _line(level: str, shape: str, c: Counts) -> str:
    rates = silent_rates(c)
    per_million, bound = rates["silent_per_million_accepted"], rates["reports_with_silent_error_bound"]
    return (
        f"{level:7}{shape:17}{c.cases:6}{_share(c.accepted_printed, c.printed):>21}"
        f"{_share(c.determined_accepted, c.determined):>15}{_share(c.straight, c.cases):>8}"
        f"{_share(c.straight_determined, c.determined_cases):>10}{c.silent:8}{'–' if per_million is None else f'{per_million:.0f}':>8}"
        f"{'–' if bound is None else f'{bound:.2%}':>11}{c.equal_value:7}{c.unreadable:8}{c.form_wrong:8}"
    )


def _share(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else "–"


def summary(scores: Sequence[Score]) -> Iterator[str]:
    """What the table does not show: review, deduction, findings, and every silent error by name."""
    c = total(scores)
    reviewed = c.review_right + c.review_wrong
    yield f"cells {c.cells}: right {_share(c.right, c.cells)}; printed cells right {_share(c.printed_right, c.printed)}"
    yield f"accepted {c.accepted}; silent {c.silent} in {c.silent_cases} of {c.accepting} reports with an accepted cell"
    yield f"accepted as a whole: {c.straight} reports, {c.straight_wrong} of them with a silent error"
    yield (
        f"determined cells {c.determined} in {c.determined_cases} reports: accepted {c.determined_accepted}; "
        f"all of them in {c.straight_determined} reports without a silent error"
    )
    yield f"lost cells that the rules force {c.lost_determined}: accepted {c.lost_determined_accepted}"
    yield f"reviewed {reviewed}, of these wrong {_share(c.review_wrong, reviewed)}"
    yield f"deduced {c.deduced_right + c.deduced_wrong}, of these wrong {c.deduced_wrong}; lost cells {c.lost}"
    blames = ("report", "reading", "unknown")
    for kind, n in (("found", c.misprints_found), ("false", c.false_findings)):
        blamed = ", ".join(f"{b} {getattr(c, f'{kind}_blame_{b}')}" for b in blames)
        yield f"{'planted misprints found' if kind == 'found' else 'false hard findings'} {n} (blame: {blamed})"
    yield f"planted misprints missed {c.misprints_missed}"
    for name, wrong in (("SILENT", [w for s in scores for w in s.silent]), ("equal value", [w for s in scores for w in s.equal])):
        yield from (f"{name} {_describe(w)}" for w in wrong)


def _describe(w: Wrong) -> str:
    truth = f"{'/'.join(w.statuses)} {w.truth} ({w.truth_printed})"
    return f"{w.case} {w.field}: truth {truth}, got {w.status} {w.value} {'+'.join(w.codes)} [{'; '.join(w.damages)}]"


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = case_parser("benchmarks.accuracy", __doc__)
    parser.add_argument("--locked", action="store_true", help=f"the locked seeds {LOCKED.start}:{LOCKED.stop}")
    given = parser.parse_args(argv)
    if given.locked:
        given.seeds = LOCKED
    elif given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked; the final run takes them with --locked")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit code 1 where there is a silent error."""
    argv = sys.argv[1:] if argv is None else argv
    given = _arguments(argv)
    scores = run(given.seeds, given.levels, given.shapes, given.processes)
    for line in (*table(scores), "", *summary(scores)):
        print(line)
    if given.json:
        about = {"seeds": f"{given.seeds.start}:{given.seeds.stop}", "locked": given.locked, "levels": given.levels}
        write_json(stamp("benchmarks.accuracy", argv) | about | result(scores), given.json)
    return int(total(scores).silent > 0)


if __name__ == "__main__":
    sys.exit(main())
