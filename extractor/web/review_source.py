"""The text of a report as the page draws it: lines of cells, each cell a stretch of the text, with what it is to the form.

The lines are those that a model is shown (``ask.region``): one printed row a line in every shape of text. The page draws
them as text alone; nothing of a report is ever handed on as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from extractor.ask.region import make_region
from extractor.form import Block, Field, Form
from extractor.layout.events import DASHES, EMPTY, GLUED, LABEL, NUMBER, Event, events_of
from extractor.layout.lex import lex
from extractor.pipeline import label_index
from extractor.record import visible
from extractor.segment import Segment, segment
from extractor.text import normalise
from extractor.types import Document

MOST_LINES = 6_000
"""Lines of a report that are drawn; the rest is in the original, one click away."""
_MOST_CHARACTERS = 2_000  # of one cell: a whole chapter may stand in one line
_FIGURES = frozenset({NUMBER, DASHES, GLUED, EMPTY})


class Path(NamedTuple):
    """Where the headers of one field stand: offsets of its row label and column header, with the headings above them."""

    row: tuple[tuple[int, int], ...]
    column: tuple[tuple[int, int], ...]


class Source:
    """One report's text with its events: the lines of the page, and the headers of a field."""

    def __init__(self, form: Form, text: str, html: bool) -> None:
        self.form, self.text = form, text
        norm = normalise(text)
        self.document = Document("", "", text, norm, "", "text/html" if html else "text/plain")
        self.events = events_of(norm, lex(norm, html), label_index(form))
        self.segments = {s.table: s for s in segment(form, self.events)}
        self._block = {i: b for t in form.tables for b in t.blocks for line in b.grid for i in line}

    def lines(self, shown: Iterable[int] = ()) -> tuple[list[dict[str, Any]], int]:
        """The lines in reading order, and how many were left out.

        A line is ``{"table": id or null, "cells": [[start, end, kind, text], …]}``; kind ``h`` a label, ``n`` a figure, ``e`` an empty
        cell, ``t`` other text. Lines are never left out while they hold an offset of ``shown``.
        """
        region = make_region(self.form, self.document, self.events, 0, len(self.text))
        wanted = sorted(set(shown))
        out: list[dict[str, Any]] = []
        cut = at = 0
        for start, end in region.lines:
            mine: list[Event] = []
            while at < len(region.events) and region.events[at].start <= end:
                mine.append(region.events[at])
                at += 1
            if len(out) >= MOST_LINES and not any(start <= x <= end for x in wanted):
                cut += 1
                continue
            out += [{"table": self._table_of(row), "cells": [self._cell(e) for e in row]} for row in _rows(mine)]
        return out, cut

    def _cell(self, e: Event) -> list[Any]:
        kind = "h" if e.kind == LABEL else "e" if e.kind == EMPTY else "n" if e.kind in _FIGURES else "t"
        words = self.text[e.start : min(e.end, e.start + _MOST_CHARACTERS)].split()
        return [e.start, e.end, kind, visible(("" if kind == "h" else " ").join(words))]

    def _table_of(self, row: Sequence[Event]) -> str | None:
        return next((s.table for e in row for s in self.segments.values() if s.start <= e.start < s.end), None)

    def path(self, field: Field, start: int) -> Path:
        """The headers of ``field`` as printed, nearest before ``start``; of a cell that is not printed (-1), the first of its row."""
        found: Segment | None = self.segments.get(field.table)
        if found is None or not found.events:
            return Path((), ())
        block = self._block[field.index]
        labels = [e for e in found.events if e.kind == LABEL]
        if start < 0:
            start = next((e.end for e in labels if _names(e, field, block, "row")), found.end)
        before = [e for e in labels if e.start < start]
        return Path(_nearest(before, field, block, "row") or self._beside(found, start), _nearest(before, field, block, "column"))

    def _beside(self, found: Segment, start: int) -> tuple[tuple[int, int], ...]:
        """The words that stand before a figure in whose row no label was recognised; none where a label stands nearer."""
        words = next((e for e in reversed(found.events) if e.start < start and e.kind not in _FIGURES), None)
        return ((words.start, words.end),) if words is not None and words.kind != LABEL else ()


def _rows(events: Sequence[Event]) -> Iterator[list[Event]]:
    """A line that goes on from headers to the first row under them, cut before that row; a heading that stands alone likewise."""
    row: list[Event] = []
    for e in events:
        if row and e.kind == LABEL and _role(e) == "row" and _role(row[-1]) in ("column", "corner", "block", "section"):
            yield row
            row = []
        row.append(e)
        if e.kind == LABEL and _role(e) in ("section", "title"):
            yield row
            row = []
    if row:
        yield row


def _role(e: Event) -> str:
    return e.labels[0].role if e.labels else ""


def _names(e: Event, field: Field, block: Block, side: str) -> bool:
    """Whether a label is the field's own row label or column header."""
    mine = field.row if side == "row" else field.column
    return any(x.role == side and x.ref == mine and x.table in (field.table, None) and x.block in (block.number, -1) for x in e.labels)


def _nearest(before: Sequence[Event], field: Field, block: Block, side: str) -> tuple[tuple[int, int], ...]:
    """The last label of the row or column before the cell, then the headings over it, nearest first."""
    headers = block.rows if side == "row" else block.columns
    mine = next(h for h in headers if h.id == (field.row if side == "row" else field.column))
    own = next((e for e in reversed(before) if _names(e, field, block, side)), None)
    if own is None:
        return ()
    out = [(own.start, own.end)]
    at = own.start
    for group in reversed(mine.groups):
        above = next((e for e in reversed(before) if e.start < at and any(x.role == "group" and x.ref == group for x in e.labels)), None)
        if above is not None:
            out.append((above.start, above.end))
            at = above.start
    return tuple(out)


def evidence(cell: Mapping[str, Any]) -> int:
    """Where a cell of a record is printed; -1 where it is not."""
    return int(cell["evidence"]["start"]) if cell["evidence"] else -1
