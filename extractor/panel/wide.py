"""The wide shape: one row a report, two columns a field: the figure, and ``_s`` with its status, origin and state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from extractor.across import Lineage
from extractor.effective import State
from extractor.form import Form
from extractor.panel import cells, keys
from extractor.panel.entry import Entry
from extractor.panel.names import STATUS_SUFFIX, name_fields
from extractor.panel.shape import Column, Row, Shape, Source, Type, Value

_NO_VALUE = f"blank, lost, absent, or left empty by --only-sure: see the column of this name with {STATUS_SUFFIX}"

COUNTS = (
    Column("cells", Type.INTEGER, "cells of the report, one for every field of its form"),
    Column("cells_open", Type.INTEGER, "cells that wait for a person now"),
    Column("cells_person", Type.INTEGER, "cells that a person answered"),
    Column("cells_deduced", Type.INTEGER, "cells with a deduced value"),
    Column("cells_lost", Type.INTEGER, "cells that the text no longer holds"),
    Column("findings", Type.INTEGER, "rules that fail, each instance counted"),
    Column("findings_report", Type.INTEGER, "those of them that are the report's own fault"),
    Column(
        "unfit", Type.TEXT, "figures that their column cannot hold, such as 12.5 in a count: variable=digits, separated by spaces", "every figure fits"
    ),
    Column("error", Type.TEXT, "why the report could not be read, or its form not be told", "nothing went wrong"),
)


def variables(forms: Sequence[Form]) -> dict[tuple[str, str], str]:
    """The column of every field by (form id, field id); forms in their order, so further ones never rename the shipped."""
    return name_fields(forms, [c.name for c in (*keys.COLUMNS, *COUNTS)])


def make(forms: Sequence[Form], only_sure: bool, lineage: Lineage) -> Shape:
    """The wide shape: the columns are those of every form, whatever the reports are, so that exports can be stacked."""
    names = variables(forms)
    figures = _figures(forms, names)
    columns = [*keys.COLUMNS, *COUNTS]
    position = {}
    for column in figures:
        position[column.name] = len(columns)
        columns += [column, _status(column)]
    blank: list[Value] = [x for _ in figures for x in (None, cells.ABSENT)]
    first = len(keys.COLUMNS) + len(COUNTS)

    def rows(entry: Entry) -> Iterator[Row]:
        form = cells.form_of(entry, forms)
        found = cells.findings_by_cell(entry.record)
        values, marks, unfit = list(blank), {}, []
        for cell in entry.cells if form else ():
            assert form is not None
            name = names[form.id, cell.field]
            at = position[name]
            kept, digits = cells.held(cells.shown(cell, only_sure), columns[at])
            values[at - first : at - first + 2] = [kept, cells.status_word(cell, bool(digits))]
            unfit += [f"{name}={digits}"] * bool(digits)
            if mark := cells.mark_of(cell, found.get(cell.field), bool(digits)):
                marks[at] = mark
        yield Row([*keys.keys(entry, lineage), *_counts(entry), " ".join(unfit), _error(entry.record), *values], marks)

    return Shape("wide", tuple(columns), rows, freeze=3)


def _figures(forms: Sequence[Form], names: dict[tuple[str, str], str]) -> list[Column]:
    """A column for every name, in the order of the forms, with the field of each form that it comes from."""
    held: dict[str, tuple[Type, str, list[Source]]] = {}
    for form in forms:
        where = cells.sources(form)
        for field in form.fields:
            known = held.setdefault(names[form.id, field.id], (cells.TYPES[field.kind], field.unit, []))
            known[2].append(where[field.id])
    return [Column(name, kind, "the figure of a field", _NO_VALUE, unit, tuple(found)) for name, (kind, unit, found) in held.items()]


def _status(column: Column) -> Column:
    return Column(column.name + STATUS_SUFFIX, Type.TEXT, f"status, origin and state of {column.name}: see *{STATUS_SUFFIX}", sources=column.sources)


def _counts(entry: Entry) -> list[Value]:
    statuses = [c.status for c in entry.cells]
    states = [c.state for c in entry.cells]
    findings: Sequence[Any] = entry.record["findings"]
    blamed = sum(f["blame"] == "report" for f in findings)
    return [len(statuses), states.count(State.OPEN), states.count(State.ANSWERED), statuses.count("deduced"), statuses.count("lost"), len(findings), blamed]


def _error(record: Any) -> Value:
    return f"{record['error']['code']}: {record['error']['message']}" if record["error"] else None


