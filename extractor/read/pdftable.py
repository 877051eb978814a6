"""The tables of a page with their text, and the lines that stand outside them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extractor.read.pdfgrid import Cell, Grid, grids
from extractor.read.pdfpage import Box, Glyph, View
from extractor.read.pdfwords import Line, around, lines, one_text

FIGURE = re.compile(r"[+-]?\d[\d,.]*")
_APART = 1.0  # of the font's height: figures of one line further apart stand in columns of their own
_ENCLOSED = 3  # an empty square with fewer printed sides is the page beside a table


@dataclass(frozen=True, slots=True)
class Filled:
    """A cell with the lines printed in it, all on ``page`` but for ``more``, which a page break cut off."""

    cell: Cell
    page: View
    lines: tuple[Line, ...] = ()
    more: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """The text of the whole cell."""
        return one_text([*self.lines, *self.more])

    @property
    def box(self) -> Box | None:
        """What its words cover on ``page``; None in an empty cell."""
        return around(x.box for x in self.lines) if self.lines else None

    def with_rest(self, rest: Filled) -> Filled:
        """The cell together with the half of it on the next page."""
        if not self.lines:
            return Filled(self.cell, rest.page, rest.lines)
        return replace(self, more=self.more + rest.lines)


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table; ``rows`` are its cells by the row that they begin in."""

    grid: Grid
    rows: tuple[tuple[Filled, ...], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a page holds: ruled tables, and lines outside of them.

    ``partly`` says that a table was not taken as one because its lines do not divide all of its cells, ``too_many`` that the page has
    more lines than can be looked at.
    """

    tables: tuple[Table, ...]
    lines: tuple[Line, ...]
    partly: bool
    too_many: bool


def content(page: View) -> Content:
    """The tables and lines of a page; every glyph is in one of them, once."""
    found = grids(page.rules)
    loose = list(page.glyphs)
    tables: list[Table] = []
    partly = False
    for grid in found or ():
        inside, outside = _divided(grid, loose)
        if not inside:
            continue
        table = _table(page, grid, inside)
        if _divides(table):
            tables.append(table)
            loose = outside
        else:
            partly = True
    return Content(tuple(tables), tuple(lines(loose)), partly, found is None)


def _divided(grid: Grid, glyphs: Iterable[Glyph]) -> tuple[dict[int, list[Glyph]], list[Glyph]]:
    """The glyphs of each cell by its number, and those outside of all cells."""
    owners = {
        (i, j): n for n, c in enumerate(grid.cells) for i in range(c.row, c.row + c.rows) for j in range(c.column, c.column + c.columns)
    }
    inside: dict[int, list[Glyph]] = {}
    outside: list[Glyph] = []
    xs, ys = grid.xs, grid.ys
    for g in glyphs:
        n = owners.get((bisect_right(ys, (g.top + g.bottom) / 2) - 1, bisect_right(xs, (g.left + g.right) / 2) - 1))
        if n is None:
            outside.append(g)
        else:
            inside.setdefault(n, []).append(g)
    return inside, outside


def _table(page: View, grid: Grid, inside: dict[int, list[Glyph]]) -> Table:
    rows: list[list[Filled]] = [[] for _ in range(len(grid.ys) - 1)]
    for n, cell in enumerate(grid.cells):
        if n in inside or cell.sides >= _ENCLOSED:
            rows[cell.row].append(Filled(cell, page, tuple(lines(inside[n])) if n in inside else ()))
    for row in rows:
        row.sort(key=lambda f: f.cell.column)
    return Table(grid, tuple(tuple(r) for r in rows))


def _divides(table: Table) -> bool:
    """Whether the lines part the figures that stand apart: no columns of figures in one cell, no rows of figures in one row."""
    filled = [f for row in table.rows for f in row if f.lines]
    several = sum(any(figures_apart(x) > 1 for x in f.lines) for f in filled)
    if several > 1 and several * 10 >= len(filled):
        return False
    for row in table.rows:
        figures = [f for f in row if f.lines and all(FIGURE.fullmatch(w.text) for x in f.lines for w in x.words)]
        piled = sum(len(f.lines) > 1 for f in figures)
        if piled > 1 and piled * 2 >= len(figures):
            return False
    return True


def figures_apart(line: Line) -> int:
    """How many figures of the line stand so far from what is before them that they look like columns."""
    words = line.words
    return sum(1 for n, w in enumerate(words) if FIGURE.fullmatch(w.text) and (n == 0 or _far(words[n - 1].box, w.box, w.size)))


def _far(a: Box, b: Box, size: float) -> bool:
    return b.left - a.right > _APART * size


def wide_gaps(line: Line) -> Sequence[bool]:
    """For every word of the line whether a gap as between columns stands before it."""
    return [False, *(_far(a.box, b.box, b.size) for a, b in zip(line.words, line.words[1:], strict=False))]
