"""Which squares of a worksheet are cells of a table: a sheet has no tables, only filled, framed and merged squares.

A framed row ends where its frame ends. A row without frames ends where the rows around it do. What has no frame, no content
and no heading above is no cell, so that empty squares beside a table add none, and an empty last cell inside stays.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from extractor.read.package import too_large

MAX_MERGED_ROWS = 200_000  # rows of all merged ranges together
_WIDEST = 256  # columns of merged ranges that may count as columns
_ENDLESS = 1 << 30
_NEAR = 20  # rows in which a label without figures looks for the table that it belongs to
_LABEL = 30  # characters; a longer text alone in its row is no row label
_HEADING = re.compile(r"\s*[(（]?[一二三四五六七八九十]{1,3}[)）、.．]")


class Square(NamedTuple):
    """One square: the text shown in it, and whether it is framed."""

    text: str
    framed: bool


class Merge(NamedTuple):
    """A merged range, both ends included, from 1."""

    top: int
    left: int
    bottom: int
    right: int


class Shown(NamedTuple):
    """A real cell: its text and the square that holds it."""

    text: str
    row: int
    column: int


class Line(NamedTuple):
    """A line of cells: a row of a table, or running text in a cell of its own; a line without cells parts two blocks."""

    cells: list[Shown]
    is_row: bool


_GAP = Line([], is_row=False)


@dataclass(slots=True)
class Sheet:
    """A worksheet as it is shown. ``squares`` holds what is filled or framed, row by row; hidden ones too."""

    squares: dict[int, dict[int, Square]]
    merges: list[Merge]
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: frozenset[int] = frozenset()
    others_hidden: bool = False  # rows that the file does not list are hidden


@dataclass(slots=True)
class _Row:
    """One shown row: its real cells by column, which of them are framed, and the merged ranges across it."""

    number: int
    cells: dict[int, Shown]
    framed: list[int]
    spans: list[tuple[int, int]]  # columns covered by merged ranges, from left to right
    is_table: bool = False

    def filled(self) -> list[int]:
        return [column for column, cell in self.cells.items() if cell.text]

    def covered(self, column: int) -> bool:
        return column not in self.cells and _within(self.spans, column)


def lines(sheet: Sheet) -> Iterator[Line]:
    """The lines of a sheet in order: table rows, single cells of running text, and an empty line between blocks.

    Raises ReportUnreadable OFFICE_TOO_LARGE.
    """
    rows = _rows(sheet)
    for block in _blocks(sheet, rows):
        _tell_tables(block)
        table: list[_Row] = []
        for row in [*block, None]:
            if row is not None and row.is_table:
                table.append(row)
                continue
            if table:
                yield _GAP
                yield from _table(table)
                yield _GAP
            table = []
            if row is not None:
                yield Line([cell for cell in row.cells.values() if cell.text], is_row=False)
        yield _GAP


def _rows(sheet: Sheet) -> list[_Row]:
    used = sorted(row for row in sheet.squares if row not in sheet.hidden_rows)
    spans = _spans(sheet, used)
    out = []
    for number in used:
        squares = sheet.squares[number]
        across = dict(sorted(spans.get(number, {}).items()))
        covered = list(across)
        seen = {column: square for column, square in squares.items() if column not in sheet.hidden_columns}
        cells = {column: Shown(square.text, number, column) for column, square in seen.items() if not _within(covered, column)}
        for (left, right), anchor in across.items():
            first = next((column for column in range(left, right + 1) if column not in sheet.hidden_columns), None)
            if anchor is not None and first is not None:
                cells[first] = anchor
        framed = sorted(column for column, square in seen.items() if square.framed)
        out.append(_Row(number, dict(sorted(cells.items())), framed, covered))
    return [row for row in out if row.cells or row.spans]


def _spans(sheet: Sheet, used: Sequence[int]) -> dict[int, dict[tuple[int, int], Shown | None]]:
    """For each row the columns that merged ranges cover, with the cell itself where the row is the first shown one."""
    out: dict[int, dict[tuple[int, int], Shown | None]] = {}
    total = 0
    for merge in sheet.merges:
        begin, end = bisect_left(used, merge.top), bisect_left(used, merge.bottom + 1)
        total += end - begin
        if total > MAX_MERGED_ROWS:
            raise too_large("its merged cells cover too many rows")
        square = sheet.squares.get(merge.top, {}).get(merge.left, Square("", framed=False))
        for n in range(begin, end):
            anchor = Shown(square.text, merge.top, merge.left) if n == begin else None
            out.setdefault(used[n], {})[merge.left, merge.right] = anchor
    return out


def _within(spans: Sequence[tuple[int, int]], column: int) -> bool:
    """Whether one of these ranges, which are in order and apart, holds the column."""
    n = bisect_right(spans, (column, _ENDLESS))
    return n > 0 and spans[n - 1][1] >= column


def _blocks(sheet: Sheet, rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Rows with no empty row between them; a hidden row is no gap, nor is one that a merged cell reaches over."""
    hidden = sorted(sheet.hidden_rows)
    merges = sorted(sheet.merges)
    ends = list(accumulate((merge.bottom for merge in merges), max))
    block: list[_Row] = []
    for row in rows:
        above = block[-1].number if block else row.number - 1
        between = row.number - above - 1
        unseen = between if sheet.others_hidden else bisect_left(hidden, row.number) - bisect_left(hidden, above)
        begun = bisect_right(merges, (above, _ENDLESS, 0, 0))
        reached = begun > 0 and ends[begun - 1] >= row.number
        if block and between > unseen and not reached:
            yield _trimmed(block)
            block = []
        block.append(row)
    if block:
        yield _trimmed(block)


def _trimmed(block: list[_Row]) -> list[_Row]:
    """Without the empty framed rows that a form leaves after its last one, and before its first."""
    full = [n for n, row in enumerate(block) if row.filled()]
    return block[full[0] : full[-1] + 1] if full else []


def _tell_tables(block: Sequence[_Row]) -> None:
    for row in block:
        row.is_table = len(set(row.framed)) > 1 or len(row.filled()) != 1
    for n, row in enumerate(block):
        if not row.is_table:
            row.is_table = _is_label(row) and _width(block, n - 1, -1) == _width(block, n + 1, 1) is not None


def _is_label(row: _Row) -> bool:
    """Whether a text that stands alone may be a row's label with empty cells beside it, and not a title or a sentence."""
    cell = next(cell for cell in row.cells.values() if cell.text)
    return not row.spans and len(cell.text) <= _LABEL and not _HEADING.match(cell.text)


def _width(block: Sequence[_Row], n: int, step: int) -> tuple[int, int] | None:
    """The first and last column of the nearest table row in one direction."""
    for row in block[max(n - _NEAR, 0) : n + 1][::-1] if step < 0 else block[n : n + _NEAR]:
        if row.is_table:
            columns = list(row.cells)
            return (columns[0], columns[-1]) if columns else None
        if not _is_label(row):
            return None
    return None


def _table(rows: Sequence[_Row]) -> Iterator[Line]:
    columns = sorted(_columns(rows))
    for row in rows:
        inside = columns
        if len(row.framed) > 1 and row.framed[-1] >= max(row.filled(), default=0):
            inside = [column for column in columns if row.framed[0] <= column <= row.framed[-1]]
        squares = sorted({*inside, *row.filled()})
        line = [row.cells.get(column, Shown("", row.number, column)) for column in squares if not row.covered(column)]
        if len(line) > 1 or any(cell.text for cell in line):
            yield Line(line, is_row=True)


def _columns(rows: Iterable[_Row]) -> set[int]:
    """The columns of a table: those with content or a frame, and those under a heading that is merged over them."""
    columns: set[int] = set()
    for row in rows:
        columns.update(row.cells)
        if len(row.filled()) > 1:
            for left, right in row.spans:
                columns.update(range(left, right + 1) if right - left < _WIDEST else ())
    return columns
