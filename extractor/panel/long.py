"""The long shape: one row a cell, with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from extractor.across import Lineage
from extractor.effective import Cell
from extractor.form import Form
from extractor.panel import cells, keys
from extractor.panel.entry import Entry
from extractor.panel.shape import Column, Row, Shape, Type, Value
from extractor.record import dumps, plain

_NO_VALUE = "blank, lost or absent (status), left empty by --only-sure (state open), or a figure that the type cannot hold (figure)"

COLUMNS = (
    *keys.COLUMNS,
    Column("field", Type.TEXT, "field of the form: table/row/column"),
    Column("variable", Type.TEXT, "name of this field's column in the wide shape"),
    Column("label", Type.TEXT, "Chinese labels of the form that lead to the field"),
    Column("kind", Type.TEXT, "what the form asks for", values=(("count", "a number of things"), ("signed", "a change, up or down"), ("amount", "money"))),
    Column("unit_of_value", Type.TEXT, "unit of value; money is in the form's unit, whatever the report's own header prints"),
    Column("value", Type.DECIMAL, "the figure", _NO_VALUE),
    Column("figure", Type.TEXT, "the digits of the same figure as text, never rounded", "no figure, or left empty by --only-sure"),
    Column("printed", Type.TEXT, "what the text shows there, as it stands", "nothing is printed there"),
    Column("status", Type.TEXT, "what the text shows of the cell", values=cells.STATUSES),
    Column("origin", Type.TEXT, "where the value comes from", "there is no value", values=cells.ORIGINS),
    Column("state", Type.TEXT, "how it stands with the cell", values=cells.STATES),
    Column("decision", Type.TEXT, "the program's decision", values=(("accept", "no person needed"), ("review", "to a person"))),
    Column("confidence", Type.SHARE, "share of right decisions among those of its class, as counted; of the program's reading", "not counted"),
    Column("codes", Type.TEXT, "why, as reason codes, separated by spaces", "nothing to say"),
    Column("start", Type.INTEGER, "offset in the text as read where the printed characters begin", "nothing is printed there"),
    Column("end", Type.INTEGER, "offset after their end", "nothing is printed there"),
    Column("least", Type.DECIMAL, "of a lost cell that the sums bound: the least it can be", "not lost, not bounded, or too long for the type"),
    Column("most", Type.DECIMAL, "the most it can be", "not lost, not bounded, or too long for the type"),
    Column("findings", Type.TEXT, "rules with their instances that fail and that the cell takes part in, separated by spaces", "none"),
    Column("suspect", Type.FLAG, "1 where changing this cell, alone or with one other, would mend every failing sum"),
    Column("answer", Type.TEXT, "what a person answered about this cell", "nobody has answered"),
    Column("answered_by", Type.TEXT, "who", "nobody has answered"),
    Column("answered_at", Type.TEXT, "when, ISO 8601, UTC", "nobody has answered"),
    Column("place", Type.TEXT, "where the printed characters stand in the file, as JSON: table, row and column; sheet and cell; or page and box", "nothing is printed there, or the file is plain text"),
)  # fmt: skip
_VALUE = len(keys.COLUMNS) + [c.name for c in COLUMNS[len(keys.COLUMNS) :]].index("value")
_DECIMAL = COLUMNS[_VALUE]


def make(forms: Sequence[Form], only_sure: bool, lineage: Lineage) -> Shape:
    """The long shape over these forms."""
    from extractor.panel.wide import variables

    names = variables(forms)
    labels = {form.id: cells.sources(form) for form in forms}

    def rows(entry: Entry) -> Iterator[Row]:
        form = cells.form_of(entry, forms)
        if form is None:
            return
        head = keys.keys(entry, lineage)
        found = cells.findings_by_cell(entry.record)
        for cell in entry.cells:
            field = form.fields[form.index[cell.field]]
            about = [cell.field, names[form.id, cell.field], labels[form.id][cell.field].label, field.kind, field.unit]
            known = found.get(cell.field)
            values, unfit = _values(cell, only_sure)
            mark = cells.mark_of(cell, known, unfit)
            rest: list[Value] = [" ".join(known.rules), int(known.suspect)] if known else ["", 0]
            yield Row([*head, *about, *values, *rest, *_answer(cell), _place(cell.machine)], {_VALUE: mark} if mark else {})

    return Shape("long", COLUMNS, rows, freeze=0)


def _place(machine: Mapping[str, Any]) -> str:
    place = machine.get("place")
    return dumps(place) if place else ""


def _values(cell: Cell, only_sure: bool) -> tuple[list[Value], bool]:
    """From ``value`` to ``most``, and whether the figure does not fit."""
    machine = cell.machine
    value = cells.shown(cell, only_sure)
    kept, unfit = cells.held(value, _DECIMAL)
    span = machine["evidence"] or {}
    interval: dict[str, Any] = machine.get("interval") or {}
    bounds = [cells.held(interval.get(side), _DECIMAL)[0] for side in ("least", "most")]
    figure = "" if value is None else plain(value)
    said: list[Value] = [machine["printed"], cell.status, cell.origin, cell.state.value, machine["decision"], machine["confidence"]]
    return [kept, figure, *said, " ".join(cell.codes), span.get("start"), span.get("end"), *bounds], bool(unfit)


def _answer(cell: Cell) -> list[Value]:
    event = cell.answer
    return [event.action.value, event.reviewer, event.decided_at] if event else [None, None, None]


