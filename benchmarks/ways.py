"""The reader beside three simpler ways to decide, on the same cases: what each sends to a person, and what it lets through.

``python -m benchmarks.ways``. All four start from the same candidates, so that they differ in the decision alone:

* ``gouji``: the reader as it is;
* ``no rules``: the first candidate of every field is accepted, what has none goes to a person;
* ``flag the sum``: the same, and every member of a hard sum that fails goes to a person;
* ``vote``: each candidate of a field has a vote; a tie goes to a person, no rule is asked.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import Pool
from typing import Any, NoReturn
from unittest import mock

from benchmarks.arguments import case_parser
from benchmarks.damage import LEVELS, SHAPES, Case, make_case
from benchmarks.score import (
    LOCKED_FROM,
    Counts,
    as_dict,
    extract_case,
    score,
    silent_rates,
    stamp,
    unread,
    write_json,
)
from extractor import pipeline
from extractor.errors import ReportUnreadable
from extractor.form import Form, load_forms
from extractor.judge import ACCEPT, REVIEW
from extractor.read import read_bytes
from extractor.types import Candidate, Decision, Document, Extraction, Resolved, Status, TableReading, Verdict

WAYS = ("gouji", "no rules", "flag the sum", "vote")
Task = tuple[str, str, str, int]


class _Stop(BaseException):
    """Carries the candidates out of the pipeline."""

    def __init__(self, form: Form, readings: Sequence[TableReading]) -> None:
        super().__init__()
        self.form, self.readings = form, readings


def candidates(document: Document, forms: Sequence[Form]) -> tuple[Form, list[list[Candidate]]] | None:
    """The candidates of each field in the order of reading, with the form; None where no form is recognised.

    The stages are those of the pipeline itself, stopped where ``reconcile`` would begin.
    """

    def stop(form: Form, readings: Sequence[TableReading], *_: object) -> NoReturn:
        raise _Stop(form, readings)

    try:
        with mock.patch.object(pipeline, "reconcile", stop):
            pipeline.extract(document, forms)
    except _Stop as stopped:
        out: list[list[Candidate]] = [[] for _ in stopped.form.fields]
        for reading in stopped.readings:
            for c in reading.candidates:
                out[c.field].append(c)
        return stopped.form, out
    return None


# The three ways: for each field the candidate that is accepted, or None for a person


def no_rules(form: Form, by_field: Sequence[Sequence[Candidate]]) -> list[Candidate | None]:
    """The first candidate, unless it says that the cell is lost or that its text is no number."""
    return [next(iter(mine), None) if mine and _usable(mine[0]) else None for mine in by_field]


def flag_the_sum(form: Form, by_field: Sequence[Sequence[Candidate]]) -> list[Candidate | None]:
    """The same, without the members of any hard rule that fails on the figures."""
    first = no_rules(form, by_field)
    values = [None if c is None else c.value for c in first]
    failing = (r for r in form.rules if r.severity == "hard" and r.relation.verdict(values)[0] is Verdict.FAIL)
    flagged = {i for r in failing for i in r.relation.fields}
    return [None if i in flagged else c for i, c in enumerate(first)]


def vote(form: Form, by_field: Sequence[Sequence[Candidate]]) -> list[Candidate | None]:
    """The status and value that most candidates give; None for a tie, or where most call the cell lost."""
    out: list[Candidate | None] = []
    for mine in by_field:
        votes = Counter((c.status, c.value) for c in mine).most_common(2)
        won = votes and (len(votes) == 1 or votes[0][1] > votes[1][1])
        winner = next(c for c in mine if (c.status, c.value) == votes[0][0]) if won else None
        out.append(winner if winner is not None and _usable(winner) else None)
    return out


def _usable(c: Candidate) -> bool:
    return c.status is Status.BLANK or (c.status is Status.PRINTED and c.value is not None)


_DECIDE = {"no rules": no_rules, "flag the sum": flag_the_sum, "vote": vote}


def decided(way: str, case: Case, forms: Sequence[Form]) -> tuple[Extraction, float]:
    """What one of the ways makes of a case, and its seconds from the bytes on."""
    start = time.perf_counter()
    if way == "gouji":
        return extract_case(case, forms), time.perf_counter() - start
    try:
        document = read_bytes(case.data, case.name)
        found = candidates(document, forms)
    except ReportUnreadable as exc:
        return unread(case, (exc.code, exc.message)), time.perf_counter() - start
    if found is None:
        return unread(case, ("FORM_NOT_RECOGNISED", "")), time.perf_counter() - start
    form, by_field = found
    taken = _DECIDE[way](form, by_field)
    resolved = tuple(
        Resolved(n, c.status, c.value, c.printed, c.start, c.end, c.codes)
        if c
        else Resolved(n, Status.LOST, None, None, -1, -1, ())
        for n, c in enumerate(taken)
    )
    decisions = tuple(Decision(n, REVIEW if c is None else ACCEPT, (), 1.0) for n, c in enumerate(taken))
    outcome = REVIEW if None in taken else ACCEPT
    got = Extraction(document, form.id, (), None, None, resolved, decisions, (), (), (), outcome)
    return got, time.perf_counter() - start


# All of it


def run(
    seeds: range, levels: Sequence[str] = LEVELS, shapes: Sequence[str] = SHAPES, processes: int = 1
) -> dict[str, Any]:
    """Every way over every case, by level and in all."""
    tasks = [(f.id, shape, level, s) for level in levels for shape in shapes for f in load_forms() for s in seeds]
    if processes == 1:
        done = [run_task(t) for t in tasks]
    else:
        with Pool(processes) as pool:
            done = pool.map(run_task, tasks, chunksize=20)
    named = [(level, levels) for level in levels] if len(levels) > 1 else []
    groups = {level: [d for t, d in zip(tasks, done, strict=True) if t[2] == level] for level, _ in named} | {
        "all": done
    }
    return {name: {way: _summary([d[way] for d in mine]) for way in WAYS} for name, mine in groups.items()}


def run_task(task: Task) -> dict[str, tuple[Counts, float]]:
    """One case, all ways."""
    form_id, shape, level, seed = task
    forms = load_forms()
    form = next(f for f in forms if f.id == form_id)
    case = make_case(form, seed, shape, level)
    out: dict[str, tuple[Counts, float]] = {}
    for way in WAYS:
        got, seconds = decided(way, case, forms)
        out[way] = score(case, got, form).counts, seconds
    return out


def _summary(results: Sequence[tuple[Counts, float]]) -> dict[str, Any]:
    counts = sum((c for c, _ in results), Counts())
    seconds = sorted(s for _, s in results)
    to_a_person = counts.cells - counts.accepted
    return (
        as_dict(counts)
        | silent_rates(counts)
        | {
            "to_a_person": to_a_person,
            "to_a_person_share": to_a_person / counts.cells,
            "straight_share": counts.straight / counts.cases,
            "milliseconds_median": round(1000 * seconds[len(seconds) // 2], 2),
            "milliseconds_mean": round(1000 * sum(seconds) / len(seconds), 2),
        }
    )


def table(result: dict[str, Any]) -> Iterator[str]:
    """The ways side by side."""
    yield (f"{'level':8}{'way':14}{'cases':>7}{'cells':>9}{'to a person':>13}{'share':>8}{'silent':>8}{'per M accepted':>16}"
           f"{'straight':>10}{'of them wrong':>15}{'ms median':>11}{'mean':>7}")  # fmt: skip
    for level, ways in result.items():
        for way, r in ways.items():
            per_million = r["silent_per_million_accepted"]
            yield (
                f"{level:8}{way:14}{r['cases']:7}{r['cells']:9}{r['to_a_person']:13}{r['to_a_person_share']:8.1%}{r['silent']:8}"
                f"{'–' if per_million is None else f'{per_million:.0f}':>16}{r['straight_share']:10.1%}{r['straight_wrong']:15}"
                f"{r['milliseconds_median']:11.1f}{r['milliseconds_mean']:7.1f}"
            )
        yield ""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = case_parser("benchmarks.ways", __doc__)
    given = parser.parse_args(argv)
    if given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked")
    result = run(given.seeds, given.levels, given.shapes, given.processes)
    for line in table(result):
        print(line)
    if given.json:
        about = {"seeds": f"{given.seeds.start}:{given.seeds.stop}", "levels": given.levels, "shapes": given.shapes}
        write_json(stamp("benchmarks.ways", argv) | about | {"ways": result}, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
