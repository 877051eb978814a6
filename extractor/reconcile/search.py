"""The cheapest account of a table in which the sums hold: exact, in integers, without breaking ties.

An account chooses one reading of every printed row and may call figures misprinted: such a figure stays as it is printed,
but the sums no longer bind it. Conflict-driven best-first search (Reiter, de Kleer; reconciliation.md §B2): where
an equation cannot hold, only the readings and figures that led to the contradiction are changed, cheapest account
first, so the first account without a conflict is an optimum.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from extractor.form.exact import CONSTANT
from extractor.reconcile.solvable import Row, least
from extractor.types import Number

# Accounts looked at before a question is given up as undecided.
NODE_CAP = 300

Forced = list[tuple[int, Number]]
"""Variables and the one value that is left to each."""
IMPOSSIBLE: Forced = []
"""Told by identity: an equation that cannot hold, whatever its unknowns are."""


class Choice(NamedTuple):
    """One reading of a group: a value for each of its variables, None where it shows none."""

    cost: int
    values: tuple[Number | None, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A printed row with several readings."""

    variables: tuple[int, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """``Σ coefficient·variable + constant = 0``."""

    terms: tuple[tuple[int, int], ...]
    constant: int = 0


@dataclass(frozen=True)
class Problem:
    """A table: fixed values (None: unknown, free of cost), groups, equations, and what a misprint costs.

    ``lines`` are sets of variables, a total row that may have been left unfilled as a whole, at one misprint's cost.
    Variables outside ``signed`` are never negative. Of each group, by its choices: ``penalties`` are what their row's own equations
    add at least, ``own`` their costs without and ``bound`` with them, ``order`` the choices by the latter, cheapest first, and ``columns``
    the values of each of its variables.
    """

    values: tuple[Number | None, ...]
    groups: tuple[Group, ...]
    equations: tuple[Equation, ...]
    misprint: int
    signed: frozenset[int] = frozenset()
    lines: tuple[frozenset[int], ...] = ()
    group_of: dict[int, tuple[int, int]] = field(init=False, repr=False, compare=False)
    active: tuple[Equation, ...] = field(init=False, repr=False, compare=False)
    penalties: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    own: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    bound: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    order: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    columns: tuple[tuple[tuple[Number | None, ...], ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {v: (g, at) for g, group in enumerate(self.groups) for at, v in enumerate(group.variables)}
        object.__setattr__(self, "group_of", places)
        object.__setattr__(self, "active", tuple(e for e in self.equations if not self._settled(e, places)))
        object.__setattr__(self, "penalties", tuple(self._penalties(g) for g in range(len(self.groups))))
        object.__setattr__(self, "own", tuple(tuple([c.cost for c in g.choices]) for g in self.groups))
        object.__setattr__(self, "bound", tuple(tuple(map(add, *costs)) for costs in zip(self.own, self.penalties, strict=True)))
        object.__setattr__(self, "order", tuple(tuple(sorted(range(len(costs)), key=costs.__getitem__)) for costs in self.bound))
        object.__setattr__(self, "columns", tuple(tuple(zip(*[c.values for c in g.choices], strict=True)) for g in self.groups))

    def _settled(self, e: Equation, places: Mapping[int, object]) -> bool:
        """All its variables are fixed and it holds: while no figure is called misprinted it binds nothing."""
        return places.keys().isdisjoint(v for _, v in e.terms) and residual(e, self.values) == 0

    def _penalties(self, g: int) -> tuple[int, ...]:
        """For each choice the cost that its own row's equations add at least, because one of them cannot hold."""
        group = self.groups[g]
        places = {v: at for at, v in enumerate(group.variables)}
        own = [e for e in self.equations if places.keys() >= {v for _, v in e.terms}]
        placed = [Equation(tuple([(c, places[v]) for c, v in e.terms]), e.constant) for e in own]
        out = []
        for choice in group.choices:
            if None not in choice.values:
                out.append(self.misprint if any(residual(e, choice.values) for e in placed) else 0)
                continue
            values: list[Number | None] = list(self.values)
            for v, x in zip(group.variables, choice.values, strict=True):
                values[v] = x
            out.append(self.misprint if propagate(own, values, self.signed) is not None else 0)
        return tuple(out)


@dataclass(frozen=True, slots=True)
class Account:
    """An optimum: what it costs, which choice of each group it takes, and which figures it calls misprinted."""

    cost: int
    choices: tuple[int, ...]
    misprints: frozenset[int]


class Undecided(Exception):
    """The node cap was reached before an optimum was found."""


def residual(e: Equation, values: Sequence[Number | None]) -> Number | None:
    """By how much an equation fails, 0 where it holds; None where one of its figures is unknown."""
    total: Number = e.constant
    for c, v in e.terms:
        x = values[v]
        if x is None:
            return None
        total += c * x
    return total


def steps(equations: Sequence[Equation], values: list[Number | None], signed: frozenset[int]) -> Iterator[tuple[Equation, Forced]]:
    """Each equation that forces something and what it forces, filled in, in place, after it was handed out.

    An ``IMPOSSIBLE`` one is handed out once and left aside. Two kinds of step nearly suffice (reconciliation.md §B4): an
    equation with one unknown, and unknowns of one sign that cannot be negative: they must not sum to less than zero,
    and are all zero where they sum to zero.
    """
    pending = equations
    moved = True
    while moved:
        moved = False
        rest: list[Equation] = []
        for e in pending:
            forced = _forced(e, values, signed)
            if forced is None:
                rest.append(e)
            elif forced or forced is IMPOSSIBLE:
                yield e, forced
                for v, x in forced:
                    values[v] = x
                    moved = True
        pending = rest


def propagate(
    equations: Sequence[Equation], values: list[Number | None], signed: frozenset[int], behind: dict[int, int] | None = None
) -> int | None:
    """Fill in what the equations force, in place; the variables behind a contradiction as a bit mask, else None.

    ``behind`` takes, for each value filled in, the variables that it follows from.
    """
    behind = {} if behind is None else behind
    for e, forced in steps(equations, values, signed):
        mask = _mask(e, behind, values)
        if forced is IMPOSSIBLE:
            return mask
        for v, _ in forced:
            behind[v] = mask
    return None


def contradiction(equations: Sequence[Equation], values: list[Number | None], signed: frozenset[int]) -> tuple[int | None, int]:
    """``propagate``, and where it leaves equations open, whether they have a solution together; and the steps that it took."""
    behind: dict[int, int] = {}
    conflict = propagate(equations, values, signed, behind)
    if conflict is not None:
        return conflict, 1
    rows: list[tuple[Equation, Row]] = []
    for e in equations:
        row = {v: c for c, v in e.terms if values[v] is None}
        if len(row) < 2:
            continue
        rest = e.constant + sum(c * x for c, v in e.terms if (x := values[v]) is not None)
        if not isinstance(rest, int):
            return None, 1  # money: left to propagation
        rows.append((e, row | {CONSTANT: rest}))
    if len(rows) < 2:
        return None, 1
    mask = 0
    clash, work = least([row for _, row in rows], signed)
    for n in clash:
        mask |= _mask(rows[n][0], behind, values)
    return mask if clash else None, 1 + work


def _forced(e: Equation, values: Sequence[Number | None], signed: frozenset[int]) -> Forced | None:
    """What one equation forces: nothing ([]) where it holds, ``IMPOSSIBLE`` where it cannot, None where it says nothing yet."""
    total: Number = e.constant
    unknown: list[tuple[int, int]] = []
    for c, v in e.terms:
        x = values[v]
        if x is None:
            unknown.append((c, v))
        elif c == 1:
            total += x
        else:
            total += c * x
    if not unknown:
        return IMPOSSIBLE if total else []
    if len(unknown) == 1:
        c, v = unknown[0]
        if total % c:
            return IMPOSSIBLE
        x = -total // c if abs(c) != 1 else -total * c
        return [(v, x)] if x >= 0 or v in signed else IMPOSSIBLE
    if any(v in signed for _, v in unknown):
        return None
    sign = 1 if unknown[0][0] > 0 else -1
    if any((c > 0) != (sign > 0) for c, _ in unknown):
        return None
    wanted = -total * sign
    if wanted < 0:
        return IMPOSSIBLE
    return [(v, 0) for _, v in unknown] if wanted == 0 else None


def _mask(e: Equation, behind: Mapping[int, int], values: Sequence[Number | None]) -> int:
    """The known variables of an equation; for one that was itself forced, those behind it."""
    mask = 0
    for _, v in e.terms:
        if values[v] is not None:
            mask |= behind[v] if v in behind else 1 << v
    return mask


Repair = tuple[str, int, int]
_ROW, _FIGURE, _LINE = "row", "figure", "line"


@dataclass(frozen=True, slots=True)
class _Node:
    """A partial account. ``fixed`` groups keep their choice; ``barred`` repairs belong to other branches."""

    cost: int
    choices: tuple[int, ...]
    fixed: frozenset[int]
    misprints: frozenset[int]
    lines: frozenset[int]
    barred: frozenset[Repair]


def best(
    problem: Problem, forced: Mapping[int, int] | None = None, limit: int | None = None, cap: int = NODE_CAP, spent: list[int] | None = None
) -> Account | None:
    """The cheapest account with the ``forced`` choices (group to choice); None where it costs more than ``limit``.

    Raises Undecided where ``cap`` accounts did not suffice; ``spent`` counts the accounts looked at, over several calls. One
    whose open sums had to be examined together counts as several.
    """
    forced = forced or {}
    choices = tuple(forced[g] if g in forced else problem.order[g][0] for g in range(len(problem.groups)))
    cost = sum(problem.bound[g][k] for g, k in enumerate(choices))
    heap: list[tuple[int, int, _Node, list[Repair], int]] = []
    node = _Node(cost, choices, frozenset(forced), frozenset(), frozenset(), frozenset())
    pushed = popped = 0
    while limit is None or node.cost <= limit:
        popped += 1
        if spent is not None:
            spent[0] += 1
        if popped > cap:
            raise Undecided
        conflict, steps = contradiction(_equations(problem, node), assembled(problem, node.choices, node.misprints), problem.signed)
        popped += steps - 1
        if spent is not None:
            spent[0] += steps - 1
        if conflict is None:
            return Account(node.cost, node.choices, node.misprints)
        repairs = _repairs(problem, node, conflict)
        for at, more in enumerate(_dearer(problem, node, repairs)):
            f = node.cost + more
            if limit is None or f <= limit:
                pushed += 1
                heapq.heappush(heap, (f, pushed, node, repairs, at))
        if not heap:
            return None
        f, _, parent, repairs, at = heapq.heappop(heap)
        # One child a repair; each bars the repairs before it, so that no account is reached twice.
        node = _apply(problem, parent, repairs[at], f, parent.barred.union(repairs[:at]))
    return None


def _equations(problem: Problem, node: _Node) -> tuple[Equation, ...]:
    """Settled equations bind again once one of their figures is called misprinted."""
    return problem.equations if node.misprints else problem.active


def assembled(problem: Problem, choices: Sequence[int], misprints: frozenset[int]) -> list[Number | None]:
    """The values under these choices; misprinted figures unknown."""
    values = list(problem.values)
    for group, k in zip(problem.groups, choices, strict=True):
        for v, x in zip(group.variables, group.choices[k].values, strict=True):
            values[v] = x
    for v in misprints:
        values[v] = None
    return values


def _repairs(problem: Problem, node: _Node, conflict: int) -> list[Repair]:
    """Everything that could undo a contradiction: a total line left unfilled, another reading of a row, a misprinted figure; in this order."""
    variables = list(_variables(conflict))
    out: list[Repair] = [(_LINE, n, 0) for n, line in enumerate(problem.lines) if n not in node.lines and any(v in line for v in variables)]
    for v in variables:
        place = problem.group_of.get(v)
        if place is not None and place[0] not in node.fixed:
            g, at = place
            column = problem.columns[g][at]
            shown = column[node.choices[g]]
            out += [(_ROW, g, k) for k, value in enumerate(column) if value != shown]
    out += [(_FIGURE, v, 0) for v in variables if v not in node.misprints]
    return [r for r in dict.fromkeys(out) if r not in node.barred]


def _variables(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask -= lowest


def _dearer(problem: Problem, node: _Node, repairs: Sequence[Repair]) -> Iterator[int]:
    """How much each repair adds to the least that an account costs in which those before it, and those barred, are not made."""
    prices: dict[int, tuple[int, ...]] = {}
    free: dict[int, int] = {}  # what a row costs once its own sum binds it no more: all its readings stand before the first misprint
    barred = node.barred.union([r for r in repairs if r[0] == _ROW])
    for kind, n, k in repairs:
        if kind == _ROW:
            if n not in prices:
                prices[n] = _prices(problem, node, n)
            yield prices[n][k] - prices[n][node.choices[n]]
        elif kind == _LINE or n not in problem.group_of:
            yield problem.misprint
        else:
            g = problem.group_of[n][0]
            if g not in free:
                free[g] = problem.own[g][_relaxed(problem, node, g, barred)] - _prices(problem, node, g)[node.choices[g]]
            yield problem.misprint + free[g]


def _prices(problem: Problem, node: _Node, g: int) -> tuple[int, ...]:
    """What each choice costs: with a misprint where it breaks its row's own sum, as long as that binds it."""
    return problem.bound[g] if _bound(problem, node, g) else problem.own[g]


def _bound(problem: Problem, node: _Node, g: int) -> bool:
    """The row's own sum binds it: nothing in it is called a misprint yet."""
    return not node.misprints or node.misprints.isdisjoint(problem.groups[g].variables)


def _relaxed(problem: Problem, node: _Node, g: int, barred: AbstractSet[Repair]) -> int:
    """The choice of a row once a figure of it is called misprinted: its own sum binds no more, so another may be cheapest."""
    if g in node.fixed:
        return node.choices[g]
    costs, now = problem.own[g], node.choices[g]
    free = [k for k in range(len(costs)) if (_ROW, g, k) not in barred]
    least = min([costs[k] for k in free])
    return now if costs[now] == least and (_ROW, g, now) not in barred else next(k for k in free if costs[k] == least)


def _apply(problem: Problem, node: _Node, repair: Repair, cost: int, barred: frozenset[Repair]) -> _Node:
    kind, n, k = repair
    if kind == _LINE:
        return _Node(cost, node.choices, node.fixed, node.misprints | problem.lines[n], node.lines | {n}, barred)
    if kind == _ROW:
        return _Node(cost, _with(node.choices, n, k), node.fixed | {n}, node.misprints, node.lines, barred)
    place = problem.group_of.get(n)
    choices = node.choices if place is None else _with(node.choices, place[0], _relaxed(problem, node, place[0], barred))
    return _Node(cost, choices, node.fixed, node.misprints | {n}, node.lines, barred)


def _with(choices: tuple[int, ...], g: int, k: int) -> tuple[int, ...]:
    return (*choices[:g], k, *choices[g + 1 :])
