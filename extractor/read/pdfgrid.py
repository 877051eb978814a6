"""Ruled lines to tables: the real cells of every table on a page, merged ones whole.

A table is a set of lines that touch. Its lines give a lattice of squares, and squares with no line between them are one cell. A cell
is only what lines show: where a side of the table is open its squares end where its other lines end, and a table in which squares run
together to anything but rectangles is none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from extractor.read.pdfpage import Box, Rule

MAX_LINES = 1_500  # of one page, after pieces in a line are joined
MAX_SQUARES = 60_000
_NEAR = 3.0  # points; lines no further apart are one line, and so are pieces of a line
_TOUCH = 2.0  # points; a line that ends no further from another touches it
_BETWEEN = 0.5  # a line stands between two squares where it covers this share of their side


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell by its first row and column in the lattice (from 0), how many it covers, and its box."""

    row: int
    column: int
    rows: int
    columns: int
    box: Box
    sides: int  # how many of its four sides are printed


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the lattice's lines from left to right and from top to bottom, and its cells in reading order.

    ``open_top`` and ``open_bottom``: no line closes the table there, so the row may go on on the page before or after.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[Cell, ...]
    open_top: bool
    open_bottom: bool

    @property
    def box(self) -> Box:
        """The whole table."""
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])


def grids(rules: Sequence[Rule]) -> list[Grid] | None:
    """The tables that the lines of a page make, from above; None where there are too many lines to say."""
    lines = _joined(rules)
    if len(lines) > MAX_LINES:
        return None
    found = (_grid(part) for part in _touching(lines))
    return sorted((g for g in found if g is not None), key=lambda g: (g.ys[0], g.xs[0]))


def _joined(rules: Iterable[Rule]) -> list[Rule]:
    """Pieces of one line, double lines and dashes as one line each."""
    out: list[Rule] = []
    for level in (True, False):
        mine = sorted((r for r in rules if r.level is level), key=lambda r: r.at)
        start = 0
        while start < len(mine):
            end = start + 1
            while end < len(mine) and mine[end].at - mine[start].at <= _NEAR:
                end += 1
            out += _along(mine[start:end])
            start = end
    return out


def _along(rules: Sequence[Rule]) -> Iterable[Rule]:
    """The pieces that stand in one line, joined where they touch."""
    at = sum(r.at for r in rules) / len(rules)
    low = high = None
    for r in sorted(rules, key=lambda r: r.low):
        if low is None or high is None or r.low > high + _NEAR:
            if low is not None and high is not None:
                yield Rule(r.level, at, low, high)
            low, high = r.low, r.high
        else:
            high = max(high, r.high)
    if low is not None and high is not None:
        yield Rule(rules[0].level, at, low, high)


def _touching(lines: Sequence[Rule]) -> list[list[Rule]]:
    """Lines that touch each other, directly or over others, belong together."""
    levels = sorted((r for r in lines if r.level), key=lambda r: r.at)
    heights = [r.at for r in levels]
    owner = list(range(len(levels)))

    def root(n: int) -> int:
        while owner[n] != n:
            owner[n] = n = owner[owner[n]]
        return n

    groups: dict[int, list[Rule]] = {}
    uprights: list[tuple[int, Rule]] = []
    for u in (r for r in lines if not r.level):
        first = bisect_left(heights, u.low - _TOUCH)
        last = bisect_right(heights, u.high + _TOUCH)
        met = [n for n in range(first, last) if levels[n].low - _TOUCH <= u.at <= levels[n].high + _TOUCH]
        for a, b in pairwise(met):
            owner[root(a)] = root(b)
        if met:
            uprights.append((met[0], u))
    for n, r in enumerate(levels):
        groups.setdefault(root(n), []).append(r)
    for n, u in uprights:
        groups[root(n)].append(u)
    return [g for g in groups.values() if len(g) > 3]


def _marks(at: Iterable[float], low: float, high: float) -> list[float]:
    """Where the lattice's lines stand: the printed ones, and the table's ends where no line closes it."""
    marks: list[float] = []
    for x in sorted(at):
        if not marks or x - marks[-1] > _NEAR:
            marks.append(x)
    if low < marks[0] - _NEAR:
        marks.insert(0, low)
    if high > marks[-1] + _NEAR:
        marks.append(high)
    return marks


def _grid(lines: Sequence[Rule]) -> Grid | None:
    levels, uprights = [r for r in lines if r.level], [r for r in lines if not r.level]
    if not levels or not uprights:
        return None
    xs = _marks((r.at for r in uprights), min(r.low for r in levels), max(r.high for r in levels))
    ys = _marks((r.at for r in levels), min(r.low for r in uprights), max(r.high for r in uprights))
    if len(xs) < 3 or len(ys) < 2 or (len(xs) - 1) * (len(ys) - 1) > MAX_SQUARES:
        return None
    # beside[i][j]: a line stands left of square j of row i; above[i][j]: one stands above it.
    beside = [[False] * len(xs) for _ in range(len(ys) - 1)]
    above = [[False] * (len(xs) - 1) for _ in range(len(ys))]
    for r in uprights:
        at = _nearest(xs, r.at)
        for n in _beside(ys, r):
            beside[n][at] = True
    for r in levels:
        at = _nearest(ys, r.at)
        for n in _beside(xs, r):
            above[at][n] = True
    cells = _cells(xs, ys, beside, above)
    if cells is None or len({c.column for c in cells}) < 2:
        return None
    return Grid(tuple(xs), tuple(ys), tuple(cells), not any(above[0]), not any(above[-1]))


def _nearest(marks: Sequence[float], at: float) -> int:
    n = bisect_left(marks, at)
    return min((k for k in (n - 1, n) if 0 <= k < len(marks)), key=lambda k: abs(marks[k] - at))


def _beside(marks: Sequence[float], rule: Rule) -> Iterable[int]:
    """The squares that the line runs along."""
    for n in range(max(bisect_right(marks, rule.low) - 1, 0), len(marks) - 1):
        low, high = marks[n], marks[n + 1]
        if low >= rule.high:
            break
        if min(high, rule.high) - max(low, rule.low) >= _BETWEEN * (high - low):
            yield n


def _cells(xs: Sequence[float], ys: Sequence[float], beside: list[list[bool]], above: list[list[bool]]) -> list[Cell] | None:
    """The rectangles of squares with no line between them; None where squares run together to another figure."""
    rows, columns = len(ys) - 1, len(xs) - 1
    taken = [[False] * columns for _ in range(rows)]
    out: list[Cell] = []
    for i in range(rows):
        for j in range(columns):
            if taken[i][j]:
                continue
            members = _flood(i, j, beside, above, taken)
            low_i, high_i = min(a for a, _ in members), max(a for a, _ in members)
            low_j, high_j = min(b for _, b in members), max(b for _, b in members)
            if len(members) != (high_i - low_i + 1) * (high_j - low_j + 1):
                if _outside(members, beside, above):
                    continue
                return None
            out.append(_cell(low_i, low_j, high_i, high_j, xs, ys, beside, above))
    return out


def _flood(i: int, j: int, beside: list[list[bool]], above: list[list[bool]], taken: list[list[bool]]) -> list[tuple[int, int]]:
    rows, columns = len(taken), len(taken[0])
    taken[i][j] = True
    members = [(i, j)]
    for a, b in members:
        if b + 1 < columns and not beside[a][b + 1] and not taken[a][b + 1]:
            taken[a][b + 1] = True
            members.append((a, b + 1))
        if b > 0 and not beside[a][b] and not taken[a][b - 1]:
            taken[a][b - 1] = True
            members.append((a, b - 1))
        if a + 1 < rows and not above[a + 1][b] and not taken[a + 1][b]:
            taken[a + 1][b] = True
            members.append((a + 1, b))
        if a > 0 and not above[a][b] and not taken[a - 1][b]:
            taken[a - 1][b] = True
            members.append((a - 1, b))
    return members


def _outside(members: Iterable[tuple[int, int]], beside: list[list[bool]], above: list[list[bool]]) -> bool:
    """Whether squares that run together are the page around a table with a ragged outline."""
    rows, columns = len(beside), len(above[0])
    return any(
        (b == 0 and not beside[a][0]) or (b == columns - 1 and not beside[a][columns])
        or (a == 0 and not above[0][b]) or (a == rows - 1 and not above[rows][b])
        for a, b in members
    )  # fmt: skip


def _cell(
    i: int, j: int, last_i: int, last_j: int, xs: Sequence[float], ys: Sequence[float], beside: list[list[bool]], above: list[list[bool]]
) -> Cell:  # fmt: skip
    sides = (
        all(beside[n][j] for n in range(i, last_i + 1)) + all(beside[n][last_j + 1] for n in range(i, last_i + 1))
        + all(above[i][n] for n in range(j, last_j + 1)) + all(above[last_i + 1][n] for n in range(j, last_j + 1))
    )  # fmt: skip
    return Cell(i, j, last_i - i + 1, last_j - j + 1, Box(xs[j], ys[i], xs[last_j + 1], ys[last_i + 1]), sides)
