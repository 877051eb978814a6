"""A page as a PDF with a text layer; the height of the paper is such that the longest table stands on two pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import accumulate
from typing import Any

from benchmarks.render.page import Cell, Page, Table, Text

VARIANTS = ("ruled", "once", "unruled")

_FONT = "STSong-Light"
_WIDTH, _HEIGHT, _MARGIN = 595.0, 842.0, 40.0
_SIZES = {0: 10.0, 1: 16.0, 2: 12.0}
_CELL = 8.0  # points, the letters of a table
_LINE = 1.3  # of the size of the letters
_PAD = 3.0
_FIGURE, _OUTER, _INNER = 34.0, 46.0, 64.0  # widths of columns in a wide table


@dataclass(frozen=True, slots=True)
class _Band:
    """A line of text or a table row, with its height in points; nothing cuts it."""

    height: float
    table: Table | None
    row: int = 0
    line: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A table row on a page; ``again`` where a header is printed once more."""

    table: Table
    row: int
    top: float
    bottom: float
    again: bool = False


_Sheet = tuple[list[tuple[float, _Band]], list[_Placed]]
"""The lines of a page with their tops, and its table rows."""


def pdf(page: Page, variant: str) -> bytes:
    """The file. ``ruled``: lines around every cell and the header again on the next page; ``once``: lines, the header once;
    ``unruled``: no lines at all."""
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    height, sheets = _set(page, variant)
    canvas = Canvas(out, pagesize=(_WIDTH, height), invariant=1, pageCompression=1)
    canvas.setTitle(page.title)
    for number, (texts, rows) in enumerate(sheets, 1):
        canvas.setLineWidth(0.5)
        for top, band in texts:
            _line(canvas, height, band, top)
        for part in _runs(rows):
            _table(canvas, height, part, variant != "unruled")
        canvas.setFont(_FONT, 9)
        canvas.drawCentredString(_WIDTH / 2, _MARGIN / 2, f"- {number} -")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def places(page: Page, variant: str) -> dict[int, tuple[int, float, float, float, float]]:
    """For each field shown its page, from 1, and the left, top, right and bottom of its cell from the page's upper left corner."""
    out = {}
    for number, (_, rows) in enumerate(_set(page, variant)[1], 1):
        for row in rows:
            edges = _edges(row.table)
            cells = (c for c in row.table.rows[row.row] if c.field >= 0)
            out.update({c.field: (number, edges[c.column], row.top, edges[min(c.right, row.table.width)], row.bottom) for c in cells})
    return out


def _set(page: Page, variant: str) -> tuple[float, list[_Sheet]]:
    """The height of the paper, and what stands where on every page."""
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import getRegisteredFontNames, registerFont

    if _FONT not in getRegisteredFontNames():
        registerFont(UnicodeCIDFont(_FONT))
    bands = [band for part in page.parts for band in (_lines(part) if isinstance(part, Text) else _rows(part))]
    height = _paper(bands)
    return height, list(_pages(bands, height, variant == "ruled"))


# ---------------------------------------------------------------- measuring


@lru_cache(maxsize=8192)
def _ems(character: str) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(character, _FONT, 1))


def _wide(text: str, size: float) -> float:
    return sum(map(_ems, text)) * size


def _wrapped(text: str, size: float, room: float) -> list[str]:
    """``text`` in lines of at most ``room`` points; a number is not broken."""
    out: list[str] = []
    for line in text.split("\n"):
        start, used = 0, 0.0
        for at, character in enumerate(line):
            width = _ems(character) * size
            if used + width > room and at > start and not (character.isascii() and line[at - 1].isascii()):
                out.append(line[start:at])
                start, used = at, 0.0
            used += width
        out.append(line[start:])
    return out


def _lines(text: Text) -> Iterator[_Band]:
    size = _SIZES[text.level]
    for line in _wrapped(text.text, size, _WIDTH - 2 * _MARGIN):
        yield _Band(size * _LINE + (8 if text.level else 3), None, line=line, level=text.level)


def _edges(table: Table) -> list[float]:
    """The horizontal places of the columns' edges."""
    room, labels = _WIDTH - 2 * _MARGIN, table.labels()
    if table.width <= 6 or not labels:
        widths = [room / table.width] * table.width
    else:
        figures = [_FIGURE] * (table.width - labels)
        outer = [_OUTER, _INNER][: labels - 1]
        outer += [_INNER] * (labels - 1 - len(outer))
        widths = [*outer, room - sum(outer) - sum(figures), *figures]
    return list(accumulate(widths, initial=_MARGIN))


def _needs(cell: Cell, edges: Sequence[float]) -> float:
    return len(_cell_lines(cell, edges)) * _CELL * _LINE + 2 * _PAD


def _cell_lines(cell: Cell, edges: Sequence[float]) -> list[str]:
    room = edges[min(cell.right, len(edges) - 1)] - edges[cell.column] - 2
    return [cell.text] if cell.field >= 0 else _wrapped(cell.text, _CELL, room)


def _rows(table: Table) -> Iterator[_Band]:
    edges = _edges(table)
    heights = [max([_CELL * _LINE + 2 * _PAD, *(_needs(c, edges) for c in row if c.rows == 1)]) for row in table.rows]
    for cell in table.cells():
        if cell.rows > 1:
            heights[cell.below - 1] += max(0.0, _needs(cell, edges) - sum(heights[cell.row : cell.below]))
    for n, height in enumerate(heights):
        yield _Band(height, table, n)


def _paper(bands: Sequence[_Band]) -> float:
    """A4, or where the longest table then stands on one page, a paper that ends in the middle of it."""
    longest = max((b.table for b in bands if b.table is not None), key=lambda t: len(t.rows), default=None)
    if longest is None:
        return _HEIGHT
    middle = longest.heads + (len(longest.rows) - longest.heads) // 2
    before = next(n for n, b in enumerate(bands) if b.table is longest and b.row == middle)
    return sum(b.height for b in bands[:before]) + 2 * _MARGIN + 1


# ---------------------------------------------------------------- pages


def _pages(bands: Sequence[_Band], height: float, again: bool) -> Iterator[_Sheet]:
    """The lines and the table rows of every page; a table without a header of its own has none to repeat."""
    texts: list[tuple[float, _Band]] = []
    rows: list[_Placed] = []
    top = _MARGIN
    heads: list[_Band] = []
    for band in bands:
        if band.table is None or band.row == 0:
            heads = []
        if top + band.height > height - _MARGIN and (texts or rows):
            yield texts, rows
            texts, rows, top = [], [], _MARGIN
            if again and band.table is not None and band.row >= band.table.heads:
                for head in heads:
                    rows.append(_Placed(band.table, head.row, top, top + head.height, again=True))
                    top += head.height
        if band.table is None:
            texts.append((top, band))
        else:
            rows.append(_Placed(band.table, band.row, top, top + band.height))
            heads += [band] if band.row < band.table.heads else []
        top += band.height
    yield texts, rows


def _runs(rows: Sequence[_Placed]) -> Iterator[list[_Placed]]:
    """The rows of a page, those of one table together and its repeated header apart."""
    run: list[_Placed] = []
    for row in rows:
        if run and (row.table is not run[-1].table or row.again != run[-1].again):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


# ---------------------------------------------------------------- drawing


def _line(canvas: Any, height: float, band: _Band, top: float) -> None:
    size = _SIZES[band.level]
    canvas.setFont(_FONT, size)
    left = (_WIDTH - _wide(band.line, size)) / 2 if band.level == 1 else _MARGIN
    canvas.drawString(left, height - top - size, band.line)


def _table(canvas: Any, height: float, run: Sequence[_Placed], ruled: bool) -> None:
    """The part of a table on one page. The text of a cell that a page's end cuts stands in its part on the first page."""
    table, first, last = run[0].table, run[0].row, run[-1].row
    edges = _edges(table)
    canvas.setFont(_FONT, _CELL)
    rules: set[tuple[float, float, float, float]] = set()
    for cell in table.cells():
        if cell.below <= first or cell.row > last:
            continue
        top = height - run[max(cell.row, first) - first].top
        bottom = height - run[min(cell.below - 1, last) - first].bottom
        left, right = edges[cell.column], edges[min(cell.right, table.width)]
        rules |= {(left, top, right, top), (left, bottom, right, bottom), (left, top, left, bottom), (right, top, right, bottom)}
        if cell.row >= first and cell.text:
            _written(canvas, cell, edges, (left + right) / 2, (top + bottom) / 2)
    if ruled:
        canvas.lines(sorted(rules))


def _written(canvas: Any, cell: Cell, edges: Sequence[float], x: float, y: float) -> None:
    """A cell's lines around the middle of it; row labels begin at its left edge."""
    lines = _cell_lines(cell, edges)
    y += (len(lines) / 2 - 1) * _CELL * _LINE + 2
    for line in lines:
        label = not cell.header and cell.field < 0
        canvas.drawString(edges[cell.column] + 1.5 if label else x - _wide(line, _CELL) / 2, y, line)
        y -= _CELL * _LINE
