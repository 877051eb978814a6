"""Which stretch of a report goes with which table: the table where it is surely whole, else as far as its neighbours.

A table whose first or last label was not seen, or that holds fewer cells than the form, may go on outside the stretch
that was found for it, so more is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from extractor.form import Table
from extractor.layout.events import DASHES, EMPTY, GLUED, LABEL, NUMBER, Event
from extractor.types import Document

# How far a table that was found, but not whole, is looked for on either side.
_REACH = 1500
# What else stands on the first and last line of a table belongs to it, unless a whole chapter does.
_REST_OF_LINE = 120
_CELLS = frozenset({NUMBER, DASHES, EMPTY, GLUED})


class Place(Protocol):
    """Where a table was found, -1 where it was not: what ``extractor.segment`` makes."""

    @property
    def table(self) -> str:
        """The table's id."""

    @property
    def start(self) -> int:
        """The offset of its first event."""

    @property
    def end(self) -> int:
        """The offset behind its last event."""

    @property
    def events(self) -> Sequence[Event]:
        """Its events in reading order."""


class RowPlace(NamedTuple):
    """One row of a table under the number it has in a question, with its place in the form and its fields."""

    number: int
    block: int
    position: int
    fields: tuple[int, ...]


def rows_of(table: Table) -> tuple[RowPlace, ...]:
    """All rows of a table, numbered from 1 over its blocks."""
    rows = ((b.number, r, fields) for b in table.blocks for r, fields in enumerate(b.grid))
    return tuple(RowPlace(n, *row) for n, row in enumerate(rows, 1))


def stretches(
    document: Document, tables: Sequence[Table], events: Sequence[Event], places: Sequence[Place]
) -> Iterator[tuple[int, int]]:
    """For each table the stretch of text that is shown with it."""
    whole = [is_whole(t, p) for t, p in zip(tables, places, strict=True)]
    sure = [p for p, known in zip(places, whole, strict=True) if known]
    for n, (table, place) in enumerate(zip(tables, places, strict=True)):
        if whole[n]:
            yield _whole_lines(document, place.start, place.end, places, n)
        elif place.start >= 0:
            yield _around(document, place, sure)
        else:
            yield _missing(document, table, events, places[:n], places[n + 1 :], sure)


def is_whole(table: Table, place: Place) -> bool:
    """Whether the stretch found holds the first and the last label of the table and as many cells as the form has."""
    if place.start < 0:
        return False
    seen = {(x.block, x.role, x.position) for e in place.events if e.kind == LABEL for x in e.labels if x.table == table.id}
    cells = sum(e.kind in _CELLS for e in place.events)
    glued = any(e.kind == GLUED for e in place.events)
    wanted = sum(len(row.fields) for row in rows_of(table))
    first, last = table.blocks[0], table.blocks[-1]
    side = "column" if last.layout == "band" else "row"
    edge = len(last.columns if last.layout == "band" else last.rows) - 1
    header = any((first.number, "column", c) in seen for c in range(len(first.columns)))
    return header and (last.number, side, edge) in seen and (cells >= wanted or (glued and cells > 0))


def _around(document: Document, place: Place, sure: Sequence[Place]) -> tuple[int, int]:
    """A table that was found in part, with what stands around it up to the next whole table."""
    low = max((p.end for p in sure if p.end <= place.start), default=0)
    high = min((p.start for p in sure if p.start >= place.end), default=len(document.text))
    return max(low, place.start - _REACH), min(high, place.end + _REACH)


def _missing(
    document: Document, table: Table, events: Sequence[Event], before: Sequence[Place], after: Sequence[Place], sure: Sequence[Place]
) -> tuple[int, int]:
    """Where a table could be that was not found: under its heading, else where the form has it, else anywhere.

    Tables may stand in another order than the form's, so the place that the form gives counts only where cells are.
    """
    end = len(document.text)
    sections = [e for e in events if e.kind == LABEL and e.labels[0].role == "section"]
    headed = next((e for e in sections if e.labels[0].table == table.id), None)
    if headed is not None:
        following = [e.start for e in sections if e.start > headed.start and e.labels[0].table != table.id]
        low, high = headed.start, min(following, default=end)
        if _cells(events, low, high):
            return low, high
    low = max((p.end for p in before if p in sure), default=0)
    high = min((p.start for p in after if p in sure), default=end)
    elsewhere = _cells(events, 0, end) - sum(_cells(events, p.start, p.end) for p in sure)
    wanted = sum(len(row.fields) for row in rows_of(table))
    here = _cells(events, low, high) if low < high else 0
    return (low, high) if low < high and (2 * here >= wanted or 2 * elsewhere < wanted) else (0, end)


def _cells(events: Sequence[Event], start: int, end: int) -> int:
    return sum(e.kind in _CELLS and start <= e.start < end for e in events)


def _whole_lines(document: Document, start: int, end: int, places: Sequence[Place], number: int) -> tuple[int, int]:
    """The stretch up to the ends of its lines, where no other table stands on them."""
    low = document.text.rfind("\n", 0, start) + 1
    high = document.text.find("\n", end)
    high = len(document.text) if high < 0 else high
    others = [p for n, p in enumerate(places) if n != number and p.start >= 0]
    if start - low > _REST_OF_LINE or any(p.start < start and p.end > low for p in others):
        low = start
    if high - end > _REST_OF_LINE or any(p.start < high and p.end > end for p in others):
        high = end
    return low, high
