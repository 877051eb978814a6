"""Systems of linear equations and inequalities in whole numbers: can they hold, and what do they force?

Everything is exact: integers only, no tolerance. ``System`` keeps its equations solved for one unknown each
(Gauss–Jordan); ``examine`` says whether unknowns that must not be negative have any solution, and whether one of them
has only one. The rare system that a guessed solution does not settle goes to a simplex with integer pivots
(Edmonds' fraction-free elimination, Bland's rule). Domains other than "not negative" are looked at only where
a single equation decides them (``impossible``), so a system without a whole-number solution may pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Literal

Row = dict[int, int]
"""``Σ row[i]·x_i + row[CONSTANT]``; equal to 0 in an equation, at most 0 in an inequality."""
Domain = Literal["count", "signed", "amount"]
"""A whole number not below 0; any whole number; a decimal not below 0."""

CONSTANT = -1
# Multiplications after which a system counts as too entangled: seconds, and a hundred times what a real form takes.
MOST_WORK = 3_000_000
# How often a guessed solution is mended before the simplex takes over.
_MENDS = 60


class TooEntangled(ArithmeticError):
    """A system that would take too long to examine."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a system: it cannot hold (``unknown`` is None), or one unknown can have only one ``value``."""

    unknown: int | None
    value: str = ""


class System:
    """Equations, each solved for one unknown that no other has."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.work = 0
        self._holders: dict[int, set[int]] = {}

    def copy(self) -> System:
        """An independent system of the same equations."""
        new = System()
        new.rows = {p: dict(r) for p, r in self.rows.items()}
        new.work = self.work
        new._holders = {i: set(h) for i, h in self._holders.items()}
        return new

    def reduced(self, row: Mapping[int, int]) -> Row:
        """``row``, times a positive number, with every solved unknown replaced."""
        out = dict(row)
        for pivot in [i for i in row if i in self.rows]:
            out = self._combined(out, self.rows[pivot], pivot)
        return primitive(out)

    def add(self, row: Mapping[int, int]) -> bool | None:
        """Add an equation: True where it says something new, False where it follows, None where it contradicts."""
        new = self.reduced(row)
        unknowns = [i for i in new if i != CONSTANT]
        if not unknowns:
            return None if new.get(CONSTANT) else False
        pivot = _pivot(new, unknowns)
        for holder in sorted(self._holders.get(pivot, ())):
            old = self.rows[holder]
            self._forget(holder, old)
            self._keep(holder, primitive(self._combined(old, new, pivot)))
        self._keep(pivot, new)
        return True

    def _combined(self, row: Row, other: Row, pivot: int) -> Row:
        """``row`` times a positive number plus a multiple of ``other``, so that ``pivot`` is gone."""
        # Numbers of hundreds of digits cost as much as that many short ones.
        self.work += (len(row) + len(other)) * (1 + (row[pivot].bit_length() + other[pivot].bit_length()) // 64)
        if self.work > MOST_WORK:
            raise TooEntangled
        a, b = row[pivot], other[pivot]
        factor, common = abs(b), gcd(a, b)
        factor, times = factor // common, -a * (1 if b > 0 else -1) // common
        out = {i: factor * c for i, c in row.items()}
        for i, c in other.items():
            total = out.get(i, 0) + times * c
            if total:
                out[i] = total
            else:
                out.pop(i, None)
        return out

    def _keep(self, pivot: int, row: Row) -> None:
        self.rows[pivot] = row
        for i in row:
            if i not in (CONSTANT, pivot):
                self._holders.setdefault(i, set()).add(pivot)

    def _forget(self, pivot: int, row: Row) -> None:
        for i in row:
            if i not in (CONSTANT, pivot):
                self._holders[i].discard(pivot)


def primitive(row: Row) -> Row:
    """The same row divided by the common factor of its numbers."""
    common = gcd(*row.values()) if row else 1
    return row if common <= 1 else {i: c // common for i, c in row.items()}


def _pivot(row: Row, unknowns: Sequence[int]) -> int:
    """The unknown that alone has its sign, as a total has, or the first one."""
    positive = [i for i in unknowns if row[i] > 0]
    negative = [i for i in unknowns if row[i] < 0]
    return negative[0] if len(negative) == 1 else positive[0] if len(positive) == 1 else unknowns[0]


# One row


def impossible(row: Row, domains: Mapping[int, Domain] | Sequence[Domain], *, equation: bool) -> bool:
    """Whether no values of the domains make one row hold. Exact for whole numbers and for the sign of decimals."""
    unknowns = [i for i in row if i != CONSTANT]
    constant = row.get(CONSTANT, 0)
    free = any(domains[i] == "signed" for i in unknowns)
    lower = not free and all(row[i] > 0 for i in unknowns)
    upper = not free and all(row[i] < 0 for i in unknowns)
    if not equation:
        return lower and constant > 0
    if (lower and constant > 0) or (upper and constant < 0) or (not unknowns and constant != 0):
        return True
    return bool(unknowns) and (_indivisible(row, unknowns, domains) or ((lower or upper) and _unreachable(row, unknowns, domains)))


def _indivisible(row: Row, unknowns: Sequence[int], domains: Mapping[int, Domain] | Sequence[Domain]) -> bool:
    """Whether the constant is no multiple of what the unknowns can add up to (2·a == 2·b + 1)."""
    whole = gcd(*(row[i] for i in unknowns if domains[i] != "amount"))
    money = gcd(*(row[i] for i in unknowns if domains[i] == "amount"))
    if money:
        # Tenths and hundredths of money reach every multiple but for the factors other than 2 and 5.
        for prime in (2, 5):
            while money % prime == 0:
                money //= prime
    step = gcd(whole, money)
    return row.get(CONSTANT, 0) % step != 0


def _unreachable(row: Row, unknowns: Sequence[int], domains: Mapping[int, Domain] | Sequence[Domain]) -> bool:
    """Whether whole numbers of these coefficients, none negative, never add up to the constant (3·a + 5·b == 7)."""
    goal = abs(row.get(CONSTANT, 0))
    if goal == 0 or goal > 1_000_000 or any(domains[i] == "amount" for i in unknowns):
        return False
    mask, sums = (1 << goal + 1) - 1, 1
    for coin in {abs(row[i]) for i in unknowns}:
        times = 1
        while coin * times <= goal:
            sums |= sums << coin * times & mask
            times *= 2
    return not sums >> goal & 1


def says_nothing(row: Row, domains: Mapping[int, Domain] | Sequence[Domain], *, equation: bool) -> bool:
    """Whether one row holds for all values of the domains (a >= 0)."""
    unknowns = [i for i in row if i != CONSTANT]
    constant = row.get(CONSTANT, 0)
    if equation or not unknowns:
        return not unknowns and (constant == 0 if equation else constant <= 0)
    return constant <= 0 and all(row[i] < 0 and domains[i] != "signed" for i in unknowns)


# All rows together


def examine(
    equations: Iterable[Mapping[int, int]], limits: Sequence[Mapping[int, int]], domains: Sequence[Domain]
) -> Fault | None:
    """What is wrong with a system of equations and inequalities (each at most 0), or None.

    Raises TooEntangled for a system that would take too long.
    """
    system = System()
    for row in equations:
        if system.add(row) is None:
            return Fault(None)
    return examine_solved(system, limits, domains)


def examine_solved(system: System, limits: Sequence[Mapping[int, int]], domains: Sequence[Domain]) -> Fault | None:
    """The same of equations that are solved already."""
    fixed: Fault | None = None
    for row in system.rows.values():
        if impossible(row, domains, equation=True):
            return Fault(None)
        unknowns = [i for i in row if i != CONSTANT]
        if len(unknowns) == 1 and fixed is None:
            value = -row.get(CONSTANT, 0)
            fixed = Fault(unknowns[0], _fraction(value, row[unknowns[0]]))
    # Where every sign is the same, the sum can only be nothing if every part is.
    for row in system.rows.values():
        unknowns = [i for i in row if i != CONSTANT]
        if fixed is None and not row.get(CONSTANT) and all(domains[i] != "signed" for i in unknowns):
            if len({row[i] > 0 for i in unknowns}) == 1:
                fixed = Fault(unknowns[0], "0")
    reduced = [system.reduced(row) for row in limits]
    if any(impossible(row, domains, equation=False) for row in reduced):
        return Fault(None)
    if fixed is not None or _guessed(system, reduced, domains):
        return fixed
    return _searched(system, reduced, domains)


def _fraction(value: int, by: int) -> str:
    return str(value // by) if value % by == 0 else f"{value}/{by}" if by > 0 else f"{-value}/{-by}"


def _guessed(system: System, limits: Sequence[Row], domains: Sequence[Domain]) -> bool:
    """Whether a guess at the free unknowns, mended a few times, makes every other one positive and every inequality strict.

    Such a solution can move in every direction that the equations leave open: nothing is contradicted, and nothing is
    fixed but what the equations fix.
    """
    # Each solved unknown that must be positive as an inequality below 0: its row with the unknown's own term left out.
    below = [
        {i: c if row[pivot] > 0 else -c for i, c in row.items() if i != pivot}
        for pivot, row in system.rows.items()
        if domains[pivot] != "signed"
    ]
    below += limits
    point = {i: 1 for row in below for i in row if i != CONSTANT}
    harms: dict[int, int] = {}
    for row in below:
        for i, c in row.items():
            harms[i] = harms.get(i, 0) + (c > 0)
    for _ in range(_MENDS):
        wrong = next((r for r in below if _rest(r, point) >= 0), None)
        if wrong is None:
            return True
        helpful = [i for i, c in wrong.items() if i != CONSTANT and c < 0]
        if not helpful:
            return False
        best = min(helpful, key=lambda i: harms[i])
        point[best] += _rest(wrong, point) // -wrong[best] + 1
    return False


def _rest(row: Row, point: Mapping[int, int]) -> int:
    return sum(c * point[i] for i, c in row.items() if i != CONSTANT) + row.get(CONSTANT, 0)


def _searched(system: System, limits: Sequence[Row], domains: Sequence[Domain]) -> Fault | None:
    """The simplex: whether there is a solution, and else whether one unknown is nothing in all of them."""
    slack = range(len(domains), len(domains) + len(limits))
    rows = [*system.rows.values(), *({**row, s: 1} for row, s in zip(limits, slack, strict=True))]
    unknowns = sorted({i for row in rows for i in row if i != CONSTANT})
    signed = {i for i in unknowns if i < len(domains) and domains[i] == "signed"}
    table = Tableau(rows, unknowns, signed)
    if not table.feasible():
        return Fault(None)
    for i in unknowns:
        if i not in signed and not table.can_be_positive(i):
            if i < len(domains):
                return Fault(i, "0")
            tight = system.copy()  # this inequality can only hold as an equation
            tight.add(limits[i - len(domains)])
            return examine_solved(tight, [row for n, row in enumerate(limits) if n != i - len(domains)], domains)
    return None


class Tableau:
    """A simplex tableau in whole numbers: row r says ``base[r] = (b[r] - Σ a[r][j]·x[j]) / scale``."""

    def __init__(self, rows: Sequence[Row], unknowns: Sequence[int], signed: set[int]) -> None:
        plus = {i: n for n, i in enumerate(unknowns)}
        minus = {i: len(plus) + n for n, i in enumerate(sorted(signed))}
        self.column = plus
        self.width = len(plus) + len(minus)
        self.scale = 1
        self.base: list[int] = []
        self.cells: list[list[int]] = []
        self.work = 0
        for n, row in enumerate(rows):
            line = [0] * (self.width + len(rows) + 1)
            sign = 1 if row.get(CONSTANT, 0) <= 0 else -1
            for i, c in row.items():
                if i != CONSTANT:
                    line[plus[i]] = sign * c
                    if i in minus:
                        line[minus[i]] = -sign * c
            line[self.width + n] = 1
            line[-1] = -sign * row.get(CONSTANT, 0)
            self.cells.append(line)
            self.base.append(self.width + n)

    def feasible(self) -> bool:
        """Drive the artificial unknowns to nothing; whether that is possible."""
        goal = [-sum(line[j] for line in self.cells) for j in range(self.width)]
        goal += [0] * len(self.cells) + [-sum(line[-1] for line in self.cells)]
        if self._minimise(goal)[-1] != 0:
            return False
        for r in range(len(self.base)):
            if self.base[r] >= self.width:
                j = next((j for j in range(self.width) if self.cells[r][j]), None)
                if j is not None:
                    self._pivot(r, j, goal)
        return True

    def can_be_positive(self, unknown: int) -> bool:
        """Whether some solution has this unknown above nothing; only after ``feasible``."""
        j = self.column[unknown]
        for r, b in enumerate(self.base):
            if b == j:
                if self.cells[r][-1] != 0:
                    return True
                # What the unknown costs in terms of the others: it is the base of this row.
                goal = [c if n != j else 0 for n, c in enumerate(self.cells[r])]
                goal[self.width : -1] = [0] * len(self.cells)
                return self._minimise(goal, below_zero=True)[-1] != 0
        goal = [0] * (self.width + len(self.cells) + 1)
        goal[j] = -self.scale
        return self._minimise(goal, below_zero=True)[-1] != 0

    def _minimise(self, goal: list[int], *, below_zero: bool = False) -> list[int]:
        """Pivot by Bland's rule until no column lowers the goal, or with ``below_zero`` until it is lower than now."""
        while True:
            j = next((j for j in range(self.width) if goal[j] < 0), None)
            if j is None:
                return goal
            rows = [r for r in range(len(self.base)) if self.cells[r][j] > 0]
            if not rows:
                goal[-1] = 1  # nothing stops this column
                return goal
            best = rows[0]
            for r in rows[1:]:
                a, b = self.cells[r][-1] * self.cells[best][j], self.cells[best][-1] * self.cells[r][j]
                if a < b or (a == b and self.base[r] < self.base[best]):
                    best = r
            goal = self._pivot(best, j, goal)
            if below_zero and goal[-1] != 0:
                return goal

    def _pivot(self, r: int, j: int, goal: list[int]) -> list[int]:
        """Make column ``j`` the base of row ``r``; returns the goal in terms of the new base."""
        self.work += len(self.cells) * len(goal) * (1 + self.scale.bit_length() // 32)
        if self.work > 3 * MOST_WORK:
            raise TooEntangled
        line, by, old = self.cells[r], self.cells[r][j], self.scale
        if by < 0:
            line = self.cells[r] = [-c for c in line]
            by = -by

        def turned(other: list[int]) -> list[int]:
            factor = other[j]
            return [(c * by - factor * d) // old for c, d in zip(other, line, strict=True)]

        self.cells = [other if n == r else turned(other) for n, other in enumerate(self.cells)]
        self.scale = by
        self.base[r] = j
        return turned(goal)
