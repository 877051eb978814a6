"""The printed grid of a form: cells with spans, as an editor or a browser holds them, before any shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from extractor.form import Block, BlockSpec, Form, Header, HeaderSpec, Table

# Roles of a cell. A "cover" is the place under a cell that spans several rows.
HEADS = ("block", "corner", "head", "column")


@dataclass(slots=True)
class Cell:
    """One cell. ``field`` is the form's field printed in it, -1 for labels and foreign figures."""

    text: str
    role: str
    field: int = -1
    colspan: int = 1
    before: str = ""
    after: str = ""
    owner: Cell | None = None
    also: Sequence[str] = ()


@dataclass(slots=True)
class Row:
    """One row. ``kind`` is head, body or page; a page row is no row of the table but a page mark.

    ``own`` are the fields that the form has beside the label of this row, whatever figures stand there.
    """

    kind: str
    block: int
    cells: list[Cell]
    cut: bool = False
    own: tuple[int, ...] = ()

    def figures(self) -> list[Cell]:
        """The cells with figures, the form's and foreign ones."""
        return [c for c in self.cells if c.role == "figure"]

    def labels(self) -> list[Cell]:
        """The labels that begin in this row."""
        return [c for c in self.cells if c.role in ("group", "label")]


@dataclass(slots=True)
class Sheet:
    """One table of a report."""

    table: str
    rows: list[Row]
    width: int
    label_columns: int
    band: bool = False
    blocks: dict[int, Block] = field(default_factory=dict)

    def body(self) -> list[Row]:
        """The rows with figures."""
        return [r for r in self.rows if r.kind == "body"]


def build(form: Form, texts: Sequence[str]) -> list[Sheet]:
    """A fresh, mutable grid for every table; ``texts`` are the printed figures in field order."""
    return [_sheet(t, form.spec.tables[t.number].blocks, texts) for t in form.tables]


def _sheet(table: Table, specs: Sequence[BlockSpec], texts: Sequence[str]) -> Sheet:
    rows: list[Row] = []
    width = labels = 0
    band = False
    for block, spec in zip(table.blocks, specs, strict=True):
        also = {h.id: h.also for h in _walk([*spec.rows, *spec.columns])}
        if block.layout == "band":
            rows += _band(block, also, texts)
            width, band = max(width, len(block.rows) * len(block.columns)), True
            continue
        depth = max(len(r.groups) for r in block.rows) + 1
        corner = spec.corner or ""
        rows += _matrix(block, corner, depth, also, texts)
        width, labels = max(width, depth + len(block.columns)), max(labels, depth)
    return Sheet(table.id, rows, width, labels, band, dict(enumerate(table.blocks)))


def _walk(specs: Sequence[HeaderSpec]) -> Iterator[HeaderSpec]:
    for s in specs:
        yield s
        yield from _walk(s.children)


def _matrix(block: Block, corner: str, depth: int, also: dict[str, list[str]], texts: Sequence[str]) -> Iterator[Row]:
    levels = max(len(c.groups) for c in block.columns) + 1
    columns = _header_levels(block.columns, levels, also)
    top = Cell(corner, "corner", colspan=depth)
    if levels > 1 and block.label:
        yield Row("head", block.number, [top, Cell(block.label, "block", colspan=len(block.columns))])
        for line in columns:
            yield Row("head", block.number, [Cell("", "cover", colspan=depth, owner=top), *line])
    else:
        if block.label:
            yield Row("head", block.number, [Cell(block.label, "block", colspan=depth + len(block.columns))])
        for n, line in enumerate(columns):
            yield Row("head", block.number, [top if n == 0 else Cell("", "cover", colspan=depth, owner=top), *line])
    above: tuple[str, ...] = ()
    owners: list[Cell] = []
    for header, indexes in zip(block.rows, block.grid, strict=True):
        cells: list[Cell] = []
        shared = 0
        while shared < min(len(above), len(header.groups)) and above[shared] == header.groups[shared]:
            shared += 1
        owners = owners[:shared]
        cells += [Cell("", "cover", owner=o) for o in owners]
        for level in range(shared, len(header.groups)):
            group = Cell(header.group_labels[level], "group", also=also[header.groups[level]])
            owners.append(group)
            cells.append(group)
        above = header.groups
        cells.append(Cell(header.label, "label", colspan=depth - len(header.groups), also=also[header.id]))
        cells += [Cell(texts[i], "figure", i) for i in indexes]
        yield Row("body", block.number, cells, own=indexes)


def _header_levels(columns: Sequence[Header], levels: int, also: dict[str, list[str]]) -> list[list[Cell]]:
    """The header lines of the columns: groups over leaves, short leaves covering the lines below them."""
    lines: list[list[Cell]] = [[] for _ in range(levels)]
    above: tuple[str, ...] = ()
    for c in columns:
        for level, group in enumerate(c.groups):
            if above[: level + 1] == c.groups[: level + 1]:
                next(x for x in reversed(lines[level]) if x.role == "head").colspan += 1
            else:
                lines[level].append(Cell(c.group_labels[level], "head", also=also[group]))
        above = c.groups
        leaf = Cell(c.label, "column", also=also[c.id])
        lines[len(c.groups)].append(leaf)
        for level in range(len(c.groups) + 1, levels):
            lines[level].append(Cell("", "cover", owner=leaf))
    return lines


def _band(block: Block, also: dict[str, list[str]], texts: Sequence[str]) -> Iterator[Row]:
    """Rows side by side: their headings above, one line of figures below."""
    depth = max(len(r.groups) for r in block.rows) + 1
    lines: list[list[Cell]] = [[] for _ in range(depth + 1)]
    above: tuple[str, ...] = ()
    for header in block.rows:
        width = len(block.columns)
        for level, group in enumerate(header.groups):
            if above[: level + 1] == header.groups[: level + 1]:
                lines[level][-1].colspan += width
            else:
                lines[level].append(Cell(header.group_labels[level], "head", colspan=width, also=also[group]))
        above = header.groups
        at = len(header.groups)
        lines[at].append(Cell(header.label, "head", colspan=width, also=also[header.id]))
        leaves = [Cell(c.label, "column", also=also[c.id]) for c in block.columns]
        lines[at + 1] += leaves
        for level in range(at + 2, depth + 1):
            lines[level] += [Cell("", "cover", owner=leaf) for leaf in leaves]
    for line in lines:
        yield Row("head", block.number, line)
    own = tuple(i for row in block.grid for i in row)
    yield Row("body", block.number, [Cell(texts[i], "figure", i) for i in own], own=own)


def copy_heads(rows: Sequence[Row]) -> list[Row]:
    """Copies of header rows, for a table whose header is printed again after a page break."""
    return [Row(r.kind, r.block, [replace(c) for c in r.cells]) for r in rows]
