"""The book of events: what people did, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, insert, or_, select

from extractor.effective import Action, Event, Mode, Scope, answers, field_of
from extractor.form import Form
from extractor.numerals import read_number
from extractor.store import rows, tables
from extractor.store.types import Conflict, NewEvent, NotFound, Refused
from extractor.text import normalise
from extractor.types import Number

_T = tables.event
# What may be said of many cells at once, and the status that they were read with.
_MANY = {Action.LOST: "lost", Action.BLANK: "blank"}
_LONGEST = 2000  # characters of a note or a value


def of_report(c: Connection, report: int) -> list[Event]:
    """All events about a report, oldest first."""
    return _events(c, select(_T).where(_T.c.report == report).order_by(_T.c.id))


def of_reviewer(c: Connection, reviewer: str, limit: int) -> list[Event]:
    """The newest events of one person, newest first."""
    return _events(c, select(_T).where(_T.c.reviewer == reviewer).order_by(_T.c.id.desc()).limit(limit))


def beyond(c: Connection, after: int, limit: int) -> list[Event]:
    """Events beyond ``after``, oldest first."""
    return _events(c, select(_T).where(_T.c.id > after).order_by(_T.c.id).limit(limit))


def _events(c: Connection, query: Select[Any]) -> list[Event]:
    return [rows.event_of(r) for r in c.execute(query).mappings()]


def append(c: Connection, new: NewEvent, after: int | None, forms: Sequence[Form]) -> Event:
    """See ``Store.append``; within the caller's transaction."""
    # One writer at a time for each report, so that what is compared below stays so until the commit.
    if c.execute(select(tables.standing.c.report).where(tables.standing.c.report == new.report).with_for_update()).first() is None:
        raise NotFound(f"report {new.report}: not in this store")
    if known := _events(c, select(_T).where(_T.c.key == new.key)):
        return known[0]
    record = _record(c, new)
    cell = _cell(record, new.field)
    _check(new, cell)
    if new.action is Action.UNDO:
        _check_undo(c, new)
    elif after is not None and (newer := _newest(c, new)) is not None and newer.id > after:
        raise Conflict(newer)
    figure = _figure(new, forms, record["form"]) if new.action is Action.CORRECT else None
    first = _insert(c, new, record, cell, figure, None)
    if new.action is Action.UNDO:
        for old in _given_together(c, new):
            _insert(c, replace(new, key=f"{new.key}/{old.id}", field=old.field, cancels=old.id), record, _cell(record, old.field), None, first.id)
    elif new.scope is not Scope.CELL:
        for other in _meant(c, new, record, cell):
            field = field_of(other)
            _insert(c, replace(new, key=f"{new.key}/{field}", field=field), record, other, None, first.id)
    return first


def _insert(c: Connection, new: NewEvent, record: Mapping[str, Any], cell: Mapping[str, Any], figure: Number | None, part_of: int | None) -> Event:
    span = cell["evidence"] or {"start": -1, "end": -1}
    values = {
        "key": new.key, "report": new.report, "run": new.run, "form": record["form"], "field": new.field, "action": new.action.value,
        "value": rows.clean(new.value), "figure": rows.digits(figure), "reviewer": rows.clean(new.reviewer), "mode": new.mode.value,
        "seen_at": rows.clean(new.seen_at), "decided_at": rows.clean(new.decided_at) or rows.now(), "recorded_at": rows.now(),
        "note": rows.clean(new.note), "cancels": new.cancels, "sha256": record["sha256"], "printed": rows.clean(cell["printed"]),
        "start_at": span["start"], "end_at": span["end"], "status": cell["status"], "shown": rows.digits(cell["value"]), "part_of": part_of,
    }  # fmt: skip
    number = c.execute(insert(_T).values(values)).inserted_primary_key
    assert number is not None
    return _events(c, select(_T).where(_T.c.id == number[0]))[0]


def _meant(c: Connection, new: NewEvent, record: Mapping[str, Any], cell: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The other cells that an answer about a row or a table is about: those that wait for a person and were read so."""
    place = ("table", "row") if new.scope is Scope.ROW else ("table",)
    decided = answers(record, of_report(c, new.report))
    for other in record["cells"]:
        same = other is not cell and all(other[k] == cell[k] for k in place) and other["status"] == cell["status"]
        if same and other["decision"] != "accept" and field_of(other) not in decided:
            yield other


def _given_together(c: Connection, new: NewEvent) -> list[Event]:
    """The other events of the same answer, as far as they stand."""
    old = _events(c, select(_T).where(_T.c.id == new.cancels))[0]
    whole = old.part_of or old.id
    gone = select(_T.c.cancels).where(_T.c.cancels.is_not(None))
    return _events(c, select(_T).where(or_(_T.c.id == whole, _T.c.part_of == whole), _T.c.id != old.id, _T.c.id.not_in(gone)).order_by(_T.c.id))


def _cell(record: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """The cell of a field; Refused where the form has none such."""
    found: Mapping[str, Any] | None = next((x for x in record["cells"] if field_of(x) == field), None)
    if found is None:
        raise Refused(f"{field}: {record['form'] or 'a report without a form'} has no such field")
    return found


def _record(c: Connection, new: NewEvent) -> dict[str, Any]:
    t = tables.run
    packed = c.scalar(select(t.c.record).where(t.c.id == new.run, t.c.report == new.report))
    if packed is None:
        raise NotFound(f"run {new.run}: not a run of report {new.report}")
    return rows.load_record(rows.unpack(packed))


def _check(new: NewEvent, cell: Mapping[str, Any]) -> None:
    if not new.reviewer.strip():
        raise Refused("an event needs the name of the person: reviewer is empty")
    if not new.key.strip() or max(map(len, (new.key, new.reviewer, new.seen_at, new.decided_at))) > 200:
        raise Refused("an event needs a key of its own; key, reviewer and times have 200 characters at most")
    if max(len(new.note), len(new.value or "")) > _LONGEST:
        raise Refused(f"a value and a note have {_LONGEST:,} characters at most")
    if (new.action is Action.CORRECT) != (new.value is not None):
        raise Refused(f"{new.action.value}: a value belongs to correct, and to nothing else")
    if (new.action is Action.UNDO) != (new.cancels is not None):
        raise Refused(f"{new.action.value}: cancels belongs to undo, and to nothing else")
    if new.action is Action.NOTE and not new.note.strip():
        raise Refused("note: is empty")
    if new.scope is not Scope.CELL and _MANY.get(new.action) != cell["status"]:
        raise Refused(f"{new.action.value}: of a whole {new.scope.value} one can only say that its cells are lost, or blank, where they were read so")


def _check_undo(c: Connection, new: NewEvent) -> None:
    found = _events(c, select(_T).where(_T.c.id == new.cancels))
    if not found:
        raise NotFound(f"event {new.cancels}: not in this store")
    old = found[0]
    if (old.report, old.field) != (new.report, new.field):
        raise Refused(f"event {old.id} is about another cell")
    if old.reviewer != new.reviewer:
        raise Refused(f"event {old.id} is {old.reviewer}'s; only they take it back")
    if old.action is Action.UNDO:
        raise Refused(f"event {old.id} takes something back; decide anew instead")
    if c.scalar(select(_T.c.id).where(_T.c.cancels == new.cancels)) is not None:
        raise Refused(f"event {old.id} was taken back before")


def _newest(c: Connection, new: NewEvent) -> Event | None:
    """The newest event about the cell; blind keyings are nobody else's business and count only among themselves."""
    blind = _T.c.mode == Mode.BLIND.value
    same = blind if new.mode is Mode.BLIND else ~blind
    mine = [_T.c.reviewer == new.reviewer] if new.mode is Mode.BLIND else []
    number = c.scalar(select(func.max(_T.c.id)).where(_T.c.report == new.report, _T.c.field == new.field, same, *mine))
    return _events(c, select(_T).where(_T.c.id == number))[0] if number is not None else None


def _figure(new: NewEvent, forms: Sequence[Form], form_id: str) -> Number:
    """The figure that was typed, by the rules for figures in print; money in the form's unit where it names none.

    A report may print -5 or 1.5 where it counts: what it prints is kept.
    """
    form = next((f for f in forms if f.id == form_id), None)
    if form is None:
        raise Refused(f"{form_id}: this form is not known here; give its folder with --forms")
    field = form.fields[form.index[new.field]]
    value, _ = read_number(normalise(new.value or "").strip(), field.kind, field.unit if field.kind == "amount" else None)
    if value is None:
        raise Refused(f"{new.field}: {new.value!r} is not one number")
    return value
