"""Failing sums explained by one event that moves many figures: a line shifted, two lines exchanged, digits re-cut.

One operation is one step, however many cells it changes (generalised Fellegi-Holt, Scholtus 2016; reconciliation.md §A2).
Each hypothesis is tried as a whole and kept only where it mends every sum that fails and breaks none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from extractor.form import Block, Form
from extractor.types import Number

Line = tuple[int, ...]
Explained = tuple[tuple[int, Number], ...]


class Displaced(NamedTuple):
    """One event: what it is called, and the cells that it changes with the values they would have without it."""

    says: str
    cells: Explained


def displaced(form: Form, failing: Sequence[int], values: Sequence[Number | None]) -> list[Displaced]:
    """Every event that mends all ``failing`` hard rules (of one table) and breaks none.

    Whole rows move only where every row adds up by itself, whole columns only where every column does: a line that
    moves as a whole keeps its own sum.
    """
    table = form.fields[form.rules[failing[0]].relation.fields[0]].table
    residuals = {n: _residual(form, n, values) for n in failing}
    rows = [n for n in failing if n in form.row_rule_numbers]
    out: dict[frozenset[tuple[int, Number]], Displaced] = {}
    for block in form.table(table).blocks:
        if any(values[i] is None for row in block.grid for i in row):
            continue
        tried: list[Iterator[tuple[str, Sequence[int], Sequence[Number | None]]]] = []
        if not rows:
            tried += [
                _rows_moved(
                    block, values, min(failing, key=lambda n: len(form.rules[n].relation.fields)), form, residuals
                )
            ]
        if len(rows) == len(failing) > 1:
            tried += [_columns_moved(block, values)]
        if len(rows) <= 1:
            tried += [_row_moved(form, block, values, failing, rows)]
        for says, targets, new in (x for some in tried for x in some):
            cells = tuple((i, v) for i, v in zip(targets, new, strict=True) if v is not None and v != values[i])
            if cells and _mends(form, cells, values, residuals):
                out.setdefault(frozenset(cells), Displaced(says, cells))
    return list(out.values())


def _residual(form: Form, number: int, values: Sequence[Number | None]) -> Number:
    """Left side less right side of an equation whose cells all have values."""
    _, left, right = form.rules[number].relation.verdict(values)
    return (left or 0) - (right or 0)


def _coefficients(form: Form, number: int) -> Iterator[tuple[int, int]]:
    relation = form.rules[number].relation
    yield from ((i, c) for c, i in relation.left.terms)
    yield from ((i, -c) for c, i in relation.right.terms)


def _mends(form: Form, cells: Explained, values: Sequence[Number | None], residuals: dict[int, Number]) -> bool:
    change = {i: v - (values[i] or 0) for i, v in cells}
    touched = {n for i in change for n in form.rules_of[i]}
    if not touched.issuperset(residuals):
        return False
    return all(
        residuals.get(n, 0) + sum(c * change[i] for i, c in _coefficients(form, n) if i in change) == 0 for n in touched
    )


# Whole rows


def _rows_moved(
    block: Block, values: Sequence[Number | None], number: int, form: Form, residuals: dict[int, Number]
) -> Iterator[tuple[str, Line, Sequence[Number | None]]]:
    """Two rows exchanged, or a run of rows slipped by one; asked of the shortest failing sum first, for speed."""
    coefficient = dict(_coefficients(form, number))
    column = next((k for row in block.grid for k, i in enumerate(row) if i in coefficient), None)
    if column is None:
        return
    weight = [coefficient.get(row[column], 0) for row in block.grid]
    figure: list[Number] = [values[row[column]] or 0 for row in block.grid]
    due = -residuals[number]
    n = len(block.grid)
    for a, b in combinations(range(n), 2):
        if (weight[a] - weight[b]) * (figure[b] - figure[a]) == due:
            yield _moved("「{}」与「{}」两行的数互换了", block, values, a, b, [b, *range(a + 1, b), a])
    # Slipped down by one from ``a``: each further row of the run changes the sum by what it now lacks and has.
    for a in range(n):
        down: Number = 0
        up: Number = 0
        for b in range(a + 1, n):
            down += weight[b - 1] * (figure[b] - figure[b - 1])
            up += weight[b] * (figure[b - 1] - figure[b])
            if down + weight[b] * (figure[a] - figure[b]) == due:
                yield _moved("「{}」至「{}」各行的数错位一行", block, values, a, b, [*range(a + 1, b + 1), a])
            if up + weight[a] * (figure[b] - figure[a]) == due:
                yield _moved("「{}」至「{}」各行的数错位一行", block, values, a, b, [b, *range(a, b)])


def _moved(
    says: str, block: Block, values: Sequence[Number | None], a: int, b: int, sources: Sequence[int]
) -> tuple[str, Line, Sequence[Number | None]]:
    """Rows ``a`` to ``b`` with the figures of ``sources``."""
    targets = tuple(i for row in block.grid[a : b + 1] for i in row)
    return (
        says.format(block.rows[a].label, block.rows[b].label),
        targets,
        [values[i] for n in sources for i in block.grid[n]],
    )


# Whole columns


def _columns_moved(
    block: Block, values: Sequence[Number | None]
) -> Iterator[tuple[str, Line, Sequence[Number | None]]]:
    """Two columns exchanged over the whole block, or all of them shifted by one."""
    columns = list(zip(*block.grid, strict=True))
    for a, b in combinations(range(len(columns)), 2):
        says = f"「{block.columns[a].label}」与「{block.columns[b].label}」两列的数互换了"
        yield says, (*columns[a], *columns[b]), [values[i] for i in (*columns[b], *columns[a])]
    flat = tuple(i for column in columns for i in column)
    for by in (1, -1):
        rotated = [columns[(k + by) % len(columns)] for k in range(len(columns))]
        yield "整张表的数错位一列", flat, [values[i] for column in rotated for i in column]


# Inside one row


def _row_moved(
    form: Form, block: Block, values: Sequence[Number | None], failing: Sequence[int], rows: Sequence[int]
) -> Iterator[tuple[str, Line, Sequence[Number | None]]]:
    """The figures of one row shifted by a column, exchanged, glued or split; the row whose sum fails, or any."""
    wanted = {i for n in rows for i in form.rules[n].relation.fields}
    for header, row in zip(block.rows, block.grid, strict=True):
        if wanted and not wanted & set(row):
            continue
        shown = [values[i] for i in row]
        if not any(shown):
            continue
        where = f"「{header.label}」一行"
        for last in (len(row), len(row) - 1):
            for part in (shown[:last],):
                yield f"{where}的数错位一列", row[:last], [*part[1:], part[0]]
                yield f"{where}的数错位一列", row[:last], [part[-1], *part[:-1]]
        for a, b in combinations(range(len(row)), 2):
            yield f"{where}有两格的数互换了", (row[a], row[b]), [shown[b], shown[a]]
        if wanted:
            yield from _recut(where, row, [int(v or 0) for v in shown])


def _recut(where: str, row: Line, shown: Sequence[int]) -> Iterator[tuple[str, Line, Sequence[Number | None]]]:
    """One figure of two cells glued, or one cell's figure split in two, and the cells behind pushed along."""
    if any(figure < 0 for figure in shown):
        return  # a sign says where a figure begins
    for k, figure in enumerate(shown):
        text = str(figure)
        for at in range(1, len(text)):
            if text[at] == "0" and at + 1 < len(text):
                continue
            one, two = int(text[:at]), int(text[at:])
            yield (
                f"{where}有两格的数粘连（{one}、{two}→{figure}）",
                row,
                [*shown[:k], one, two, *shown[k + 1 : -1]][: len(row)],
            )
            yield f"{where}有两格的数粘连（{one}、{two}→{figure}）", row[k : k + 2], [one, two][: len(row) - k]
    for k in range(len(row) - 1):
        if shown[k]:
            whole = int(f"{shown[k]}{shown[k + 1]}")
            says = f"{where}有一个数被拆成两格（{whole}→{shown[k]}、{shown[k + 1]}）"
            yield says, row[k : k + 2], [whole, 0]
            rest = [*shown[:k], whole, *shown[k + 2 :]]
            # What was pushed out at the end is the total of the row, where its last cell is one.
            yield says, row, [*rest, sum(rest)]
