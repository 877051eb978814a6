"""What holds of a report now: the readings of a run with the answers of people applied. Derived, never stored by hand.

A ``Run`` is what the program read, once and for all; an ``Event`` is one thing that one person did; both are never
changed. ``effective`` puts them together. An answer is carried over to a later run of the same text only while its
field, the characters printed and the evidence are the same; else the cell comes back, with its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from extractor.codes import PERSON
from extractor.types import Number, Status


class Action(StrEnum):
    """What a person can do with a cell (docs/review.md)."""

    ACCEPT = "accept"  # the cell is read rightly, as shown
    AS_PRINTED = "as_printed"  # it is, and the report itself breaks the sum
    CORRECT = "correct"  # the text shows another figure: ``value``
    BLANK = "blank"  # the cell is there and empty
    DASH = "dash"  # the cell is there and shows a dash or a slash
    ILLEGIBLE = "illegible"  # something stands there that cannot be read
    LOST = "lost"  # the text no longer holds the cell
    SKIP = "skip"  # not decided; later
    NOTE = "note"  # a remark, which decides nothing
    UNDO = "undo"  # takes back one's own event ``cancels``


ANSWERS = frozenset(Action) - {Action.SKIP, Action.NOTE, Action.UNDO}
"""The actions that say what a cell is."""


class Mode(StrEnum):
    """How a cell was put to a person."""

    REVIEW = "review"  # with the machine's reading in sight
    AUDIT = "audit"  # an accepted cell, keyed blind
    BLIND = "blind"  # a golden label, keyed blind: never touches an effective value


class Scope(StrEnum):
    """What one answer is about. Only that cells are lost or blank is said of many at once, never that figures are right."""

    CELL = "cell"
    ROW = "row"
    TABLE = "table"


class State(StrEnum):
    """How it stands with a cell."""

    ACCEPTED = "accepted"  # by the program, no person needed
    OPEN = "open"  # waits for a person
    SETTLED = "settled"  # a person's answers about other cells prove it
    ANSWERED = "answered"  # a person said what it is


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one person did. Times are ISO 8601 in UTC; ``value`` is what was typed, as it was typed.

    ``key`` is made by the page, once an event: an event that is sent twice is stored once. ``figure`` is the number that ``value``
    reads as. ``printed``, ``start``, ``end``,
    ``status`` and ``shown`` say what the cell was in the run ``run`` when the person saw it (``start`` -1: nothing printed).
    ``part_of`` is the event that it was given with: one answer about a whole row or table is an event for each of its cells.
    """

    id: int
    key: str
    report: int
    run: int
    form: str
    field: str
    action: Action
    value: str | None
    figure: Number | None
    reviewer: str
    mode: Mode
    seen_at: str
    decided_at: str
    recorded_at: str
    note: str
    cancels: int | None
    sha256: str
    printed: str | None
    start: int
    end: int
    status: str
    shown: Number | None
    part_of: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a report as it holds now.

    ``origin`` is who the value comes from: ``printed`` and ``deduced`` are the program's, ``person`` a person's; empty where there is
    no value. ``status`` is that of contract.md; a person's ``illegible`` is ``lost`` with ``answer`` saying so. ``machine`` is the
    cell of the record. ``history`` are the events about this field that no longer decide it (undone, overruled, or of another reading).
    """

    field: str
    value: Number | None
    status: str
    origin: str
    state: State
    machine: Mapping[str, Any]
    answer: Event | None = None
    history: tuple[Event, ...] = ()
    codes: tuple[str, ...] = ()


class Settled(NamedTuple):
    """What a person's answers about other cells make of one cell: its reading, its codes, and whether it still needs a person."""

    value: Number | None
    status: str
    open: bool
    codes: tuple[str, ...]


AUDIT_DIFFERS = "AUDIT_DIFFERS"
_STATUS = {
    Action.CORRECT: Status.PRINTED, Action.BLANK: Status.BLANK, Action.DASH: Status.BLANK,
    Action.ILLEGIBLE: Status.LOST, Action.LOST: Status.LOST,
}  # fmt: skip
AGREES = frozenset({Action.ACCEPT, Action.AS_PRINTED})
"""The answers that agree to what was read, where it was read."""


def standing(events: Iterable[Event]) -> list[Event]:
    """The events that were not taken back, in their order, without those that only take back."""
    events = list(events)
    gone = {e.cancels for e in events if e.action is Action.UNDO}
    return [e for e in events if e.action is not Action.UNDO and e.id not in gone]


def answers(record: Mapping[str, Any], events: Iterable[Event]) -> dict[str, Event]:
    """The answer that decides each answered field of ``record``: a person's last one that still is about this reading."""
    cells = {field_of(c): c for c in record["cells"]}
    out: dict[str, Event] = {}
    for e in standing(events):
        if e.action in ANSWERS and e.mode is Mode.REVIEW and e.field in cells and carries(e, record, cells[e.field]):
            out[e.field] = e
    return out


def field_of(cell: Mapping[str, Any]) -> str:
    """The id of the field of one cell of a record."""
    return f"{cell['table']}/{cell['row']}/{cell['column']}"


def carries(event: Event, record: Mapping[str, Any], cell: Mapping[str, Any]) -> bool:
    """Whether an event about an earlier run is about the same reading: form, text, characters printed and evidence, and what was agreed to."""
    evidence = cell["evidence"] or {"start": -1, "end": -1}
    same = (event.form, event.sha256, event.printed, event.start, event.end) == (
        record["form"], record["sha256"], cell["printed"], evidence["start"], evidence["end"]
    )  # fmt: skip
    return same and (event.action not in AGREES or (event.status, event.shown) == (cell["status"], cell["value"]))


def said(event: Event) -> tuple[Number | None, str]:
    """Value and status (contract.md) that an answer gives its cell."""
    if event.action in AGREES:
        return event.shown, event.status
    return event.figure if event.action is Action.CORRECT else None, _STATUS[event.action].value


def effective(record: Mapping[str, Any], events: Sequence[Event], settled: Mapping[str, Settled]) -> list[Cell]:
    """Every field of a run's record as it holds now, in the record's order; ``settled`` is what the answers prove elsewhere."""
    decided = answers(record, events)
    about: dict[str, list[Event]] = {}
    for e in events:
        about.setdefault(e.field, []).append(e)
    differing = _audited_otherwise(record, events)
    out = []
    for machine in record["cells"]:
        field = field_of(machine)
        answer = decided.get(field)
        history = tuple(e for e in about.get(field, ()) if e is not answer)
        out.append(_cell(field, machine, answer, settled.get(field), history, field in differing))
    return out


def _cell(field: str, machine: Mapping[str, Any], answer: Event | None, settled: Settled | None, history: tuple[Event, ...], differs: bool) -> Cell:
    codes = tuple(machine["codes"])
    if answer is not None:
        value, status = said(answer)
        origin = "" if value is None else machine["status"] if answer.action in AGREES else "person"
        return Cell(field, value, status, origin, State.ANSWERED, machine, answer, history, (*codes, PERSON))
    value, status, waits = machine["value"], machine["status"], machine["decision"] != "accept"
    state = State.OPEN if waits else State.ACCEPTED
    if settled is not None:
        value, status, codes = settled.value, settled.status, settled.codes
        state = State.OPEN if settled.open else State.SETTLED
    if differs:
        state, codes = State.OPEN, (*codes, AUDIT_DIFFERS)
    return Cell(field, value, status, "" if value is None else status, state, machine, None, history, codes)


def _audited_otherwise(record: Mapping[str, Any], events: Iterable[Event]) -> set[str]:
    """Accepted fields for which a person who did not see the machine's value keyed another one: somebody has to look again."""
    cells = {field_of(c): c for c in record["cells"]}
    keyed: dict[str, Event] = {}
    for e in standing(events):
        if e.mode is Mode.AUDIT and e.action in ANSWERS and e.field in cells and carries(e, record, cells[e.field]):
            keyed[e.field] = e
    return {f for f, e in keyed.items() if said(e) != (cells[f]["value"], cells[f]["status"])}
