"""Whether equations that one-step propagation leaves open have a solution at all, and which of them have none together.

Propagation reaches nearly everything (reconciliation.md §B4), but not sums that contradict each other only as a set: three
open rows and three open columns whose cells form a ring. What is left of such a system is small and rare, so it is
examined exactly, in whole numbers (``extractor.form.exact``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from extractor.form.exact import CONSTANT, Domain, System, Tableau, TooEntangled, impossible

# To examine a system of so many unknowns takes as long as one propagation.
_UNKNOWNS_A_STEP = 40
# How often a guessed solution is mended before the simplex takes over.
_MENDS = 40

Row = dict[int, int]
Items = tuple[tuple[int, int], ...]


def core(rows: Sequence[Row], signed: frozenset[int]) -> list[int]:
    """The numbers of the rows that could contradict each other: all others can be met whatever the rest says.

    A row gives the coefficients of its unknowns, and under ``CONSTANT`` what the known figures add up to. One can be met
    where an unknown of its own can take up any value of the others.
    """
    holders: dict[int, set[int]] = {}
    for n, row in enumerate(rows):
        for v in row:
            if v != CONSTANT:
                holders.setdefault(v, set()).add(n)
    left = set(range(len(rows)))
    moved = True
    while moved:
        moved = False
        for n in sorted(left):
            own = [v for v in rows[n] if v != CONSTANT and holders[v] == {n}]
            if len(own) == len(rows[n]) - 1 or any(_absorbs(rows[n], v, signed) for v in own):
                left.discard(n)
                for v in rows[n]:
                    if v != CONSTANT:
                        holders[v].discard(n)
                moved = True
    return sorted(left)


def _absorbs(row: Row, v: int, signed: frozenset[int]) -> bool:
    """This unknown can make the row hold whatever the others are: it never has to be negative for it, nor a fraction."""
    if abs(row[v]) != 1:
        return False
    return v in signed or all((x == CONSTANT or x not in signed) and row[x] * row[v] <= 0 for x in row if x != v)


def _guessed(system: System, signed: frozenset[int]) -> bool:
    """Whether the free unknowns at zero, some of them raised a few times, leave no solved unknown below zero."""
    # For each solved unknown that must not be negative what must not be above zero: its row without itself, by its sign.
    below = [{x: c if row[v] > 0 else -c for x, c in row.items() if x != v} for v, row in system.rows.items() if v not in signed]
    point: dict[int, int] = {}
    harms = Counter(x for row in below for x, c in row.items() if c > 0)
    for _ in range(_MENDS):
        over, wrong = max(((_rest(row, point), n) for n, row in enumerate(below)), default=(0, -1))
        if over <= 0:
            return True
        helpful = [x for x, c in below[wrong].items() if x != CONSTANT and c < 0]
        if not helpful:
            return False
        x = min(helpful, key=lambda x: (harms[x], x))
        point[x] = point.get(x, 0) + over // -below[wrong][x] + (over % -below[wrong][x] > 0)
    return False


def _rest(row: Row, point: Mapping[int, int]) -> int:
    return row.get(CONSTANT, 0) + sum(c * point[x] for x, c in row.items() if x in point)


def least(rows: Sequence[Row], signed: frozenset[int]) -> tuple[list[int], int]:
    """Numbers of rows that cannot hold together, none of which can be left out; empty where all can hold.

    With it the work that this took, in propagations of a whole table; the same on every machine.
    """
    at = core(rows, signed)
    if len(at) < 2:
        return [], 0
    mine = tuple(tuple(sorted(rows[n].items())) for n in at)
    unknown = {v for row in mine for v, _ in row} - {CONSTANT}
    clash, examined = _least(mine, signed & unknown)
    return [at[n] for n in clash], examined * len(unknown) // _UNKNOWNS_A_STEP


@lru_cache(maxsize=1024)
def _least(rows: tuple[Items, ...], signed: frozenset[int]) -> tuple[list[int], int]:
    """The same of rows that are their own core, and how many systems were examined. A table asks about the same ones again."""
    plain = [dict(row) for row in rows]
    if solvable(plain, signed):
        return [], 1
    examined = [1]
    return sorted(_needed(plain, signed, [], list(range(len(rows))), False, examined)), examined[0]


def _needed(rows: Sequence[Row], signed: frozenset[int], base: list[int], among: list[int], grown: bool, examined: list[int]) -> list[int]:
    """A smallest part of ``among`` that cannot hold beside ``base``, by halves (QuickXplain, Junker 2004)."""
    if grown:
        examined[0] += 1
        if not solvable([rows[n] for n in base], signed):
            return []
    if len(among) == 1:
        return among
    half = len(among) // 2
    first, second = among[:half], among[half:]
    right = _needed(rows, signed, base + first, second, True, examined)
    return right + _needed(rows, signed, base + right, first, bool(right), examined)


def solvable(rows: Sequence[Row], signed: frozenset[int]) -> bool:
    """Whether these rows can all hold: over fractions, which is whole numbers for the sums of a two-way table.

    Where a system is too entangled to examine it counts as solvable: then nothing is ruled out by it.
    """
    domains: dict[int, Domain] = {v: ("signed" if v in signed else "count") for row in rows for v in row}
    system = System()
    try:
        if any(system.add(row) is None for row in rows):
            return False
        solved = list(system.rows.values())
        if any(impossible(row, domains, equation=True) for row in solved):
            return False
        if _guessed(system, signed):
            return True
        return Tableau(solved, sorted(domains.keys() - {CONSTANT}), set(signed.intersection(domains))).feasible()
    except TooEntangled:
        return True
