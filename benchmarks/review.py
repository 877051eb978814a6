"""What reviewing costs a person: keystrokes and answers for each flagged report, beside answering every flagged cell singly.

``python -m benchmarks.review``. The reports are generated, so what is true of each cell is known: a perfect reviewer takes the
cells in the order of the queue, agrees where reading and place are right, types the figure that the text shows, or says that
the cell is blank or lost, of a whole row or table where that is so. A key each for a decision, one for each character typed
and Enter. What is accepted or settled and yet wrong at the end is counted and listed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import Pool
from statistics import mean, median
from typing import Any

from benchmarks.arguments import case_parser
from benchmarks.damage import Case, make_case
from benchmarks.readers import key_of
from benchmarks.score import extract_case, is_right, stamp, write_json
from extractor.effective import Action, Cell, Event, Mode, Scope, State, answers, effective
from extractor.form import Form, load_forms
from extractor.metrics import upper_bound
from extractor.record import plain, to_record
from extractor.settle import Reread, reread, settle
from extractor.types import Number, Resolved, Status
from extractor.worklist import items

LOCKED = range(54_000, 55_000)  # 50,000 to 50,119 and 52,000 to 52,019 were looked at
Task = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One flagged report reviewed to the end. ``single`` are the keys of answering each flagged cell by itself.

    ``wrong`` cells need no answer and are not what the text shows; ``other_value`` of them are not what the original printed either.
    """

    case: str
    level: str
    flagged: int
    answers: int
    keys: int
    single: int
    settled: int
    returned: int
    actions: dict[str, int] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()
    other_value: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What the reviewer says of one cell, and the keys that it takes."""

    action: Action
    figure: Number | None = None
    scope: Scope = Scope.CELL
    fields: tuple[str, ...] = ()

    @property
    def keys(self) -> int:
        """Decisions are one key; a figure is its characters and Enter."""
        return len(plain(self.figure)) + 1 if self.figure is not None else 1


class Reviewer:
    """One who knows the truth of a case."""

    def __init__(self, case: Case, form: Form) -> None:
        self.truth = {form.fields[i].id: t for i, t in enumerate(case.truth)}
        places = key_of(case, form).places
        self.places = {form.fields[i].id: spans for i, spans in places.items()}

    def right(self, cell: Cell) -> bool:
        """Whether a cell is what the text shows."""
        return is_right(self.truth[cell.field], Resolved(0, Status(cell.status), cell.value, None, 0, 0, ()))

    def says(self, cell: Cell, waiting: Sequence[Cell]) -> Said:
        """What to say of a cell; ``waiting`` are all open ones."""
        truth = self.truth[cell.field]
        if cell.status in ("lost", "blank") and self.right(cell):
            return self._of_many(cell, waiting)
        if self.right(cell) and self._in_place(cell):
            return Said(Action.ACCEPT)
        if "printed" in truth.statuses:
            return Said(Action.CORRECT, truth.value)
        return Said(Action.BLANK if "blank" in truth.statuses else Action.LOST)

    def _in_place(self, cell: Cell) -> bool:
        span = cell.machine["evidence"]
        return cell.status != "printed" or any(a < span["end"] and span["start"] < b for a, b in self.places.get(cell.field, ()))

    def _of_many(self, cell: Cell, waiting: Sequence[Cell]) -> Said:
        """Lost or blank, of as much as it is true of."""
        action = Action.LOST if cell.status == "lost" else Action.BLANK
        table, row, _ = cell.field.split("/")
        same = [c for c in waiting if c.machine["status"] == cell.machine["status"]]
        for scope, begin in ((Scope.TABLE, f"{table}/"), (Scope.ROW, f"{table}/{row}/")):
            mine = [c for c in same if c.field.startswith(begin)]
            if len(mine) > 1 and all(self.right(c) for c in mine):
                return Said(action, scope=scope, fields=tuple(c.field for c in mine))
        return Said(action)


def review(case: Case, forms: Sequence[Form]) -> Reviewed | None:
    """Review one case to the end; None where nothing of it waits for a person."""
    extraction = extract_case(case, forms)
    form = next((f for f in forms if f.id == extraction.form), None)
    if form is None or form.id != case.form_id:
        return None
    record = to_record(extraction, form)
    again = reread(extraction.document, forms, record)
    if record["decision"] == "accept" or again is None:
        return None
    return _review(case, form, record, again)


def _review(case: Case, form: Form, record: dict[str, Any], again: Reread) -> Reviewed:
    reviewer = Reviewer(case, form)
    events: list[Event] = []
    cells = effective(record, events, {})
    flagged = [c for c in cells if c.state is State.OPEN]
    single = sum(replace(reviewer.says(c, ()), scope=Scope.CELL).keys for c in flagged)
    given: Counter[str] = Counter()
    keys = 0
    while queue := items(form, cells, events):
        by_field = {c.field: c for c in cells}
        waiting = [by_field[x.field] for x in queue]
        said = reviewer.says(waiting[0], waiting)
        given[said.action.value + ("" if said.scope is Scope.CELL else f" {said.scope.value}")] += 1
        keys += said.keys
        for name in said.fields or (waiting[0].field,):
            events.append(_event(len(events) + 1, record, by_field[name], said))
        cells = effective(record, events, settle(again, answers(record, events)))
    answered = {e.field for e in events}
    missed = [c for c in cells if c.state in (State.ACCEPTED, State.SETTLED) and not reviewer.right(c)]
    wrong = tuple(f"{case.name} {c.field} {c.state.value} {c.value}" for c in missed)
    return Reviewed(
        case.name, case.level, len(flagged), given.total(), keys, single, sum(c.state is State.SETTLED for c in cells),
        len(answered - {c.field for c in flagged}), dict(given), wrong, sum(c.value != reviewer.truth[c.field].value for c in missed),
    )  # fmt: skip


def _event(number: int, record: dict[str, Any], cell: Cell, said: Said) -> Event:
    m = cell.machine
    span = m["evidence"] or {"start": -1, "end": -1}
    typed = None if said.figure is None else plain(said.figure)
    return Event(number, str(number), 1, 1, record["form"], cell.field, said.action, typed, said.figure, "reviewer", Mode.REVIEW, "", "", "", "",
                 None, record["sha256"], m["printed"], span["start"], span["end"], m["status"], m["value"])  # fmt: skip


def _task(task: Task) -> Reviewed | None:
    form_id, shape, level, seed = task
    forms = load_forms()
    return review(make_case(next(f for f in forms if f.id == form_id), seed, shape, level), forms)


def run(seeds: range, levels: Sequence[str], shapes: Sequence[str], processes: int, most: int) -> list[Reviewed]:
    """The first ``most`` flagged reports, levels taking turns."""
    forms = [f.id for f in load_forms()]
    tasks = [(forms[(seed + n) % len(forms)], shape, level, seed) for seed in seeds for n, shape in enumerate(shapes) for level in levels]
    out: list[Reviewed] = []
    with Pool(processes) as pool:
        for found in pool.imap(_task, tasks):
            if found is not None:
                out.append(found)
            if len(out) >= most:
                pool.terminate()
                break
    return out


def summary(found: Sequence[Reviewed]) -> dict[str, Any]:
    """The figures of some reports."""
    flagged, given = sum(r.flagged for r in found), sum(r.answers for r in found)
    keys, single = sum(r.keys for r in found), sum(r.single for r in found)
    wrong = [w for r in found for w in r.wrong]
    actions: Counter[str] = Counter()
    for r in found:
        actions.update(r.actions)
    return {
        "reports": len(found), "flagged": flagged, "answers": given, "keys": keys, "single_answers": flagged, "single_keys": single,
        "answers_per_report": round(mean(r.answers for r in found), 2), "answers_median": median(r.answers for r in found),
        "keys_per_report": round(mean(r.keys for r in found), 2), "keys_median": median(r.keys for r in found),
        "single_keys_per_report": round(mean(r.single for r in found), 2), "share_of_answers": round(given / flagged, 4), "share_of_keys": round(keys / single, 4),
        "settled": sum(r.settled for r in found), "returned": sum(r.returned for r in found), "actions": dict(actions.most_common()),
        "wrong": len(wrong), "wrong_with_another_value": sum(r.other_value for r in found), "wrong_reports": sum(bool(r.wrong) for r in found), "wrong_reports_bound": round(upper_bound(sum(bool(r.wrong) for r in found), len(found)), 4),
        "wrong_cells": wrong,
    }  # fmt: skip


def table(found: dict[str, Any]) -> Iterator[str]:
    """A line for each level, what was said, and every wrong cell."""
    yield f"{'level':8}{'reports':>8}{'flagged':>9}{'answers':>9}{'of them':>9}{'keys':>8}{'singly':>8}{'of them':>9}{'settled':>9}{'returned':>9}{'wrong':>7}"
    for level, s in found.items():
        yield (
            f"{level:8}{s['reports']:8}{s['flagged']:9}{s['answers']:9}{s['share_of_answers']:9.1%}{s['keys']:8}{s['single_keys']:8}{s['share_of_keys']:9.1%}"
            f"{s['settled']:9}{s['returned']:9}{s['wrong']:7}"
        )
    yield from (f"{level}: {', '.join(f'{n} {a}' for a, n in s['actions'].items())}" for level, s in found.items())
    yield from (f"WRONG {w}" for w in found["all"]["wrong_cells"])


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = case_parser("benchmarks.review", __doc__)
    parser.set_defaults(levels=("light", "medium", "heavy"))
    parser.add_argument("--reports", type=int, default=200, help="how many flagged reports")
    parser.add_argument("--locked", action="store_true", help=f"seeds {LOCKED.start} on, for the final figures")
    given = parser.parse_args(argv)
    seeds = LOCKED if given.locked else given.seeds
    found = run(seeds, given.levels, given.shapes, given.processes, given.reports)
    by_level = {level: summary(mine) for level in given.levels if (mine := [r for r in found if r.level == level])}
    result = {**by_level, "all": summary(found)}
    for line in table(result):
        print(line)
    if given.json:
        write_json(stamp("benchmarks.review", argv) | {"levels": result}, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
