"""Where labels and figures stand apart: place figures by counting them in the form's order.

Used only where every stretch between labels holds whole rows (a multiple of the columns), so that
counting contradicts nothing that the labels say; the result always goes to a person, except where
every order of the rows concerned would print the same (see reconcile).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from extractor.form import Table
from extractor.layout.events import Event
from extractor.parse.rows import NUMBER_CELL, RowReading, Square, square
from extractor.parse.walk import FIGURES, Owner, Walk

Chosen = dict[tuple[int, int], int]
Placed = dict[tuple[int, int], tuple[RowReading, str | None]]

# So many figures together are a row by themselves, wherever the label stands.
LINE_OF_FIGURES = 4


def place(table: Table, walk: Walk, readings: dict[int, RowReading], chosen: Chosen) -> tuple[Placed, set[int]]:
    """Rows placed by counting, and the owners (by number) whose figures were used that way."""
    order = [(b.number, r) for b in table.blocks for r in range(len(b.rows))]
    exact = {at for at, i in chosen.items() if readings[i].exact and walk.owners[i].figures}
    if len(exact) == len(order) or not walk.figures:
        return {}, set()
    for block in table.blocks:
        whole = _whole_block(table, block.number, walk, readings, chosen, exact)
        if whole:
            return whole
    return _single_rows(table, walk, exact), set()


def _whole_block(
    table: Table, number: int, walk: Walk, readings: dict[int, RowReading], chosen: Chosen, exact: set[tuple[int, int]]
) -> tuple[Placed, set[int]] | None:
    """The figures of a whole block cut into rows, where their number is exactly that of its rows."""
    block = table.blocks[number]
    n = len(block.columns)
    if len(table.blocks) > 1 or n < 2 or any(e.hard for e in walk.figures):
        return None
    stretches = [walk.orphans, *(o.tokens for o in walk.owners)]
    if any(sum(t.kind in FIGURES for t in s) % n for s in stretches):
        return None
    rows = _cut_rows(walk.figures, n)
    if rows is None:
        return None
    present = {(o.block, o.position) for o in walk.owners if o.kind == "row"}
    for wanted in _variants(table, number, present):
        if len(rows) == len(wanted) and _agrees(rows, wanted, walk, readings, chosen, exact):
            # The text's own labels in another order than the form's: the rows may be too.
            named = [(o.block, o.position) for o in walk.owners if o.kind == "row"]
            codes = ("PLACED_BY_COUNT",) if named == sorted(named) else ("PLACED_BY_COUNT", "LABELS_DETACHED")
            out: Placed = {}
            for at, (squares, turned) in zip(wanted, rows, strict=True):
                if at is not None and at not in exact:
                    out[at] = (RowReading(squares, False, codes + (("COLUMN_MAJOR",) if turned else ())), None)
            return out, {i for i, o in enumerate(walk.owners) if o.kind != "row"}
    return None


def _variants(table: Table, number: int, present: set[tuple[int, int]]) -> list[list[tuple[int, int] | None]]:
    """The block's rows in order; and, for each group none of whose rows is named, with the group as one undivided row."""
    block = table.blocks[number]
    full: list[tuple[int, int] | None] = [(number, r) for r in range(len(block.rows))]
    out = [full]
    for group in {r.groups[-1] for r in block.rows if r.groups}:
        members = [(number, r) for r, h in enumerate(block.rows) if group in h.groups]
        if len(members) > 1 and not any(m in present for m in members):
            first = full.index(members[0])
            out.append([*full[:first], None, *full[first + len(members) :]])
    return out


def _cut_rows(figures: Sequence[Event], n: int) -> list[tuple[tuple[Square, ...], bool]] | None:
    """Figures in reading order as rows of n: one by one, or turned where they stand in n equal paragraphs."""
    paragraphs: list[list[Event]] = []
    for e in figures:
        if paragraphs and e.line - paragraphs[-1][-1].line <= 1:
            paragraphs[-1].append(e)
        else:
            paragraphs.append([e])
    rows: list[tuple[tuple[Square, ...], bool]] = []
    k = 0
    while k < len(paragraphs):
        size = len(paragraphs[k])
        group = paragraphs[k : k + n]
        if len(group) == n and all(len(p) == size and _one_a_line(p) for p in group):
            rows += [(tuple(square(p[j]) for p in group), size > 1) for j in range(size)]
            k += n
        elif size % n == 0:
            rows += [(tuple(square(t) for t in paragraphs[k][j : j + n]), False) for j in range(0, size, n)]
            k += 1
        else:
            return None
    return rows


def _one_a_line(paragraph: Sequence[Event]) -> bool:
    return len({t.line for t in paragraph}) == len(paragraph)


def _agrees(
    rows: Sequence[tuple[tuple[Square, ...], bool]],
    wanted: Sequence[tuple[int, int] | None],
    walk: Walk,
    readings: dict[int, RowReading],
    chosen: Chosen,
    exact: set[tuple[int, int]],
) -> bool:
    """Counting puts every row that its label already places where the label says."""
    return all(at not in exact or at is None or readings[chosen[at]].squares[0].start == squares[0].start
               for at, (squares, _) in zip(wanted, rows, strict=True))  # fmt: skip


def _single_rows(table: Table, walk: Walk, exact: set[tuple[int, int]]) -> Placed:
    """A one-figure row whose figure stands apart from its label, alone between the labels before and after."""
    out: Placed = {}
    if not walk.orphans or len(table.blocks) == 1:
        return out
    for owner in walk.owners:
        if owner.kind != "row" or owner.tokens:
            continue
        block = table.blocks[owner.block]
        if len(block.columns) != 1 or len(block.rows) != 1:
            continue
        floor = max((o.end for o in walk.owners if o.end <= owner.start), default=-1)
        ceiling = min((o.start for o in walk.owners if o.start >= owner.end), default=walk.orphans[-1].end + 1)
        near = [e for e in walk.orphans if floor <= e.start < ceiling]
        if len(near) == 1:
            squares = (Square(NUMBER_CELL, near[0].start, near[0].end),)
            out[(owner.block, owner.position)] = (RowReading(squares, False, ("PLACED_BY_COUNT",)), owner.header_unit)
    return out


def may_be_slipped(table: Table, walk: Walk) -> bool:
    """A row's worth of figures before the first label and none after the last, or one between two labels of neighbouring rows."""
    if len(table.blocks) > 1 or not walk.owners:
        return False
    n = len(table.blocks[0].columns)
    if len(walk.orphans) >= n and not walk.owners[-1].figures:
        return True
    named = {o.position for o in walk.owners if o.kind == "row"}
    return n >= LINE_OF_FIGURES and any(at in named for at in _unlabelled(walk, n))


def row_is_gone(table: Table, walk: Walk) -> bool:
    """A row between rows with figures has neither label nor figures in the text."""
    if len(table.blocks) > 1:
        return False
    n = len(table.blocks[0].columns)
    rows = [o for o in walk.owners if o.kind == "row"]
    last = max((o.position for o in rows if o.figures), default=-1)
    missing = set(range(last)) - {o.position for o in rows}
    if not missing:
        return False
    missing -= _unlabelled(walk, n)
    # A group that is printed as one row, with figures of its own, has no others.
    whole = {o.ref for o in walk.owners if o.kind == "group" and o.figures}
    return any(whole.isdisjoint(table.blocks[0].rows[at].groups) for at in missing)


def _unlabelled(walk: Walk, n: int) -> set[int]:
    """The rows (positions in the block) in whose place stand figures by the row, behind those of a row with a label."""
    return {o.position + k for o in walk.owners if o.kind == "row" for k in range(1, _rows_of(o, n))}


def _rows_of(owner: Owner, n: int) -> int:
    """How many rows' worth of figures stand behind a label: its own printed row and others mostly filled, or figures by the n."""
    figures = [t for t in owner.tokens if t.kind in FIGURES]
    if not all(t.hard for t in figures):
        return len(figures) // n
    others = [t.row for t in figures if t.row != owner.row]
    return any(t.row == owner.row for t in owner.tokens) + (sum(2 * size > n for size in Counter(others).values()) if others else 0)
