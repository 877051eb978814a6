"""Errors of the grid: cells glued and split, rows printed twice, columns lost or added, labels and headings exchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

from extractor.plant.text import Base, Plant, Span


def glue(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring figures of a row with nothing between them. Never invisible: the row is one figure short."""
    row = rng.choice(base.rows)
    at = rng.randrange(len(row) - 1)
    between = base.spans[row[at]][1], base.spans[row[at + 1]][0], ""
    return Plant(edits=(between,), affected=row[at : at + 2], broken=True)


def split(base: Base, rng: Random) -> Plant | None:
    """A blank inside a figure. Never invisible."""
    return _cut(base, rng, cell=False)


def split_cell(base: Base, rng: Random) -> Plant | None:
    """One digit split off into a cell of its own, so that the row has one more. Never invisible."""
    return _cut(base, rng, cell=True)


def _cut(base: Base, rng: Random, *, cell: bool) -> Plant | None:
    able = [(row, i) for row in base.rows for i in row if len(base.printed(i)) > 1]
    if not able:
        return None
    row, field = rng.choice(able)
    at = base.spans[field][0] + rng.randrange(1, len(base.printed(field)))
    between = _separator(base, row) if cell else " "
    return Plant(edits=((at, at, between),), affected=row if cell else (field,), broken=True)


def _separator(base: Base, row: Sequence[int]) -> str:
    """What stands between the first two figures of a row."""
    return base.text[base.spans[row[0]][1] : base.spans[row[1]][0]]


# Rows and columns


def row_twice(base: Base, rng: Random) -> Plant | None:
    """A row printed twice, label and figures, as at a page break: every figure is as before."""
    return _twice(base, rng, wrong=False)


def row_twice_wrong(base: Base, rng: Random) -> Plant | None:
    """A row printed twice, the second time with one figure wrong: whichever is taken, the other contradicts it.

    The figures of the original still stand in the text, so taking them is right.
    """
    return _twice(base, rng, wrong=True)


def _twice(base: Base, rng: Random, *, wrong: bool) -> Plant | None:
    able = [n for n in sorted(base.labels) if n + 1 in base.labels and _together(base, n)]
    if not able:
        return None
    n = rng.choice(able)
    row, start, end = base.rows[n], base.labels[n][0], base.labels[n + 1][0]
    copy = base.text[start:end]
    if wrong:
        field = rng.choice(row)
        at, to = (x - start for x in base.spans[field])
        copy = copy[:at] + str(base.value(field) + rng.randint(1, 9)) + copy[to:]
    return Plant(edits=((end, end, copy),), affected=row, same=True)


def _together(base: Base, n: int) -> bool:
    """The row's figures and nothing of another row stand between its label and the next row's."""
    start, end = base.labels[n][1], base.labels[n + 1][0]
    inside = {i for i, (a, b) in base.spans.items() if start <= a and b <= end}
    return inside == set(base.rows[n])


def _whole_table(base: Base, rng: Random) -> list[tuple[int, ...]]:
    """The rows of a table that are printed with all their figures; none where the text has no such table."""
    width = {t.id: len(t.blocks[0].columns) for t in base.form.tables}
    found = [[base.rows[n] for n in s] for s in base.stretches()]
    whole = [rows for rows in found if len(rows[0]) == width[base.form.fields[rows[0][0]].table]]
    return rng.choice(whole) if whole else []


def last_column_gone(base: Base, rng: Random) -> Plant | None:
    """The last figure of every row of a table is gone with what stood before it, as at a page's edge.

    Never invisible: each row is one figure short. What is read as the total is the column before it.
    """
    rows = _whole_table(base, rng)
    if not rows:
        return None
    edits = tuple((base.spans[r[-2]][1], base.spans[r[-1]][1], "") for r in rows)
    return Plant(edits=edits, affected=tuple(r[-1] for r in rows), broken=True)


def column_added(base: Base, rng: Random) -> Plant | None:
    """Before one column's figures stand last year's: each row of a table has one figure more than the form.

    Never invisible, unless all figures of a row are 0, last year's too: then it does not matter which is taken.
    """
    rows = _whole_table(base, rng)
    if not rows:
        return None
    at = rng.randrange(len(rows[0]))
    old = [str(base.value(r[at]) + rng.choice((0, 1, 2))) if base.truth[r[at]] else "0" for r in rows]
    edits = tuple((base.spans[r[at]][0],) * 2 + (x + _separator(base, r),) for r, x in zip(rows, old, strict=True))
    return Plant(edits=edits, affected=tuple(i for r in rows for i in r), same=True)


# Labels and headings


def swap_labels(base: Base, rng: Random) -> Plant | None:
    """The labels of two neighbouring rows exchanged, the figures left where they are.

    Read by label, the rows exchange their figures: invisible where both are parts of the same sums, though the
    labels are out of the form's order.
    """
    able = [(n, n + 1) for n in sorted(base.labels) if n + 1 in base.labels and _differ(base, n, n + 1)]
    if not able:
        return None
    a, b = rng.choice(able)
    says = _exchanged(base, base.rows[a], base.rows[b])
    return Plant(edits=_exchange(base, base.labels[a], base.labels[b]), says=says)


def _differ(base: Base, a: int, b: int) -> bool:
    one, two = base.rows[a], base.rows[b]
    return base.columns(one) == base.columns(two) and [base.truth[i] for i in one] != [base.truth[i] for i in two]


def _exchanged(base: Base, one: Sequence[int], two: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """What each cell of two lines says once they have exchanged their labels, where it differs."""
    pairs = zip((*one, *two), (*two, *one), strict=True)
    return tuple((x, base.value(y)) for x, y in pairs if base.truth[x] != base.truth[y])


def _exchange(base: Base, a: Span, b: Span) -> tuple[tuple[int, int, str], ...]:
    return ((*a, base.text[slice(*b)]), (*b, base.text[slice(*a)]))


def swap_headings(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring column headings exchanged, the figures left.

    Read by heading, the columns exchange their figures: invisible for two columns of parts, though the headings
    are out of the form's order.
    """
    found = _neighbours(base, rng)
    if found is None:
        return None
    (a, b), one, two = found
    says = _exchanged(base, one, two)
    return Plant(edits=_exchange(base, a, b), says=says) if says else None


def merge_headings(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring column headings run together into one cell; the figures are as before, all of them."""
    found = _neighbours(base, rng)
    if found is None:
        return None
    (a, b), one, two = found
    return Plant(edits=((a[1], b[0], ""),), affected=(*one, *two), same=True)


def _neighbours(base: Base, rng: Random) -> tuple[tuple[Span, Span], list[int], list[int]] | None:
    """Two headings of a matrix that stand one behind the other, as the form has them, and the figures below each."""
    able: list[tuple[str, str, str]] = []
    for table, header in base.headings.items():
        headings = header.columns
        columns = [c.id for c in base.form.table(table).blocks[0].columns]
        pairs = [(a, b) for a, b in pairwise(columns) if a in headings and b in headings]
        able += [
            (table, a, b) for a, b in pairs if headings[a][1] <= headings[b][0] and _adjacent(base, headings, a, b)
        ]
    if not able:
        return None
    table, a, b = rng.choice(able)
    header = base.headings[table]
    reached = [i for row in base.rows for i in row if base.spans[i][0] < header.until]
    one, two = ([i for i in reached if _at(base, i) == (table, c)] for c in (a, b))
    return ((header.columns[a], header.columns[b]), one, two) if len(one) == len(two) else None


def _adjacent(base: Base, headings: Mapping[str, Span], a: str, b: str) -> bool:
    """No other text stands between two headings."""
    between = base.text[headings[a][1] : headings[b][0]]
    return not any(c.isalnum() for c in between)


def _at(base: Base, field: int) -> tuple[str, str]:
    return base.form.fields[field].table, base.form.fields[field].column
