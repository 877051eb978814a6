"""A report as a page shows it, before any file format: headings, paragraphs, and tables with merged cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.damage import sheet as printed


@dataclass(frozen=True, slots=True)
class Cell:
    """A real cell; ``row`` and ``column`` count from 0 on the lattice, ``field`` is the form's field in it, -1 for none.

    A line feed in ``text`` is a line break inside the cell.
    """

    text: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1
    header: bool = False
    field: int = -1

    @property
    def below(self) -> int:
        """The first row under the cell."""
        return self.row + self.rows

    @property
    def right(self) -> int:
        """The first column right of the cell."""
        return self.column + self.columns


@dataclass(frozen=True, slots=True)
class Table:
    """The real cells of each row. ``heads`` rows at the top are its header, which may be printed again on a further page."""

    id: str
    rows: tuple[tuple[Cell, ...], ...]
    width: int
    heads: int

    def cells(self) -> Iterator[Cell]:
        """All real cells, row by row."""
        return (cell for row in self.rows for cell in row)

    def covering(self) -> list[list[Cell]]:
        """For each row the cells that cover a part of it, from left to right, begun there or above."""
        out: list[list[Cell]] = [[] for _ in self.rows]
        for cell in self.cells():
            for row in range(cell.row, cell.below):
                out[row].append(cell)
        return [sorted(row, key=lambda c: c.column) for row in out]

    def labels(self) -> int:
        """How many columns stand left of the figures."""
        return min((c.column for c in self.cells() if c.field >= 0), default=1)


@dataclass(frozen=True, slots=True)
class Text:
    """A line of running text; ``level`` 0 is a paragraph, 1 the title, 2 a section's heading."""

    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report in reading order."""

    title: str
    parts: tuple[Text | Table, ...]

    def tables(self) -> list[Table]:
        """The tables in their order."""
        return [p for p in self.parts if isinstance(p, Table)]


def table_of(sheet: printed.Sheet, glyphs: dict[int, str] | None = None) -> Table:
    """The real cells of a printed grid; a row that is not ``cut`` ends at the table's right edge.

    ``glyphs`` replaces characters of what is no figure of the form.
    """
    rows = [r for r in sheet.rows if r.kind != "page"]
    reach: dict[int, tuple[int, printed.Cell]] = {}  # column: the first row below what lies there, and what lies there
    out: list[tuple[Cell, ...]] = []
    for n, row in enumerate(rows):
        reach = {column: held for column, held in reach.items() if held[0] > n}
        out.append(tuple(_row(rows, n, row, sheet.width, reach, glyphs or {})))
    heads = next((n for n, r in enumerate(rows) if r.kind != "head"), 0)
    width = max([sheet.width, *(row[-1].right for row in out if row)])  # damage may have put a figure too many in a row
    return Table(sheet.table, tuple(out), width, heads if all(r.kind != "head" for r in rows[heads:]) else 0)


def _row(
    rows: Sequence[printed.Row], n: int, row: printed.Row, width: int, reach: dict[int, tuple[int, printed.Cell]], glyphs: dict[int, str]
) -> Iterator[Cell]:
    covering = {id(cell) for _, cell in reach.values()}
    shown = [c for c in row.cells if c.role != "cover" or id(c.owner) not in covering]
    spare = 0 if row.cut else width - len(reach) - sum(c.colspan for c in shown)
    column = 0
    for cell in shown:
        while column in reach:
            column += 1
        columns = max(1, cell.colspan + (spare if cell is shown[-1] else 0))
        deep = _depth(cell, rows[n + 1 :])
        if deep > 1:
            reach.update(dict.fromkeys(range(column, column + columns), (n + deep, cell)))
        text = cell.text if cell.field >= 0 else cell.text.translate(glyphs)
        yield Cell(cell.before + text + cell.after, n, column, deep, columns, row.kind == "head", cell.field)
        column += columns


def _depth(cell: printed.Cell, below: Sequence[printed.Row]) -> int:
    deep = 1
    for row in below:
        if cell.field >= 0 or not any(c.owner is cell for c in row.cells):
            break
        deep += 1
    return deep
