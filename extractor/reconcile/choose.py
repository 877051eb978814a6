"""Which readings of each printed row are left, once every other one is known to break the form's sums."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from extractor.costs import Costs, doubt_of
from extractor.form import Form, Table
from extractor.reconcile.rows import Frame, Reading, frame, options, problem, value_of
from extractor.reconcile.search import Account, Problem, Undecided, best, residual
from extractor.types import Candidate, Number, Status


@dataclass(frozen=True)
class Settled:
    """One table: for each printed row (by number) the readings left, and what the cheapest account says.

    ``searched`` rows were put to the sums. ``misprints`` are fields that the cheapest account calls misprinted;
    ``undecided`` says that none was found in time.
    """

    frame: Frame
    readings: tuple[tuple[Reading, ...], ...]
    left: dict[int, tuple[int, ...]]
    searched: frozenset[int]
    misprints: frozenset[int] = frozenset()
    undecided: bool = False


def settle(form: Form, table: Table, by_field: Sequence[Sequence[Candidate]], costs: Costs, told: Collection[int] = ()) -> Settled:
    """Search the accounts of one table, and keep of every row the readings that an account within the margin takes.

    A row with a field in ``told`` has one reading because a person's answer ruled out the others. Where its own sum holds in it, it
    counts as searched; else it may be that no reading is the right one.
    """
    found = _settle(form, table, by_field, costs)
    if not told:
        return found
    one = {n for n, row in enumerate(found.frame.rows) if len(found.readings[n]) == 1 and any(i in told for i in row) and _adds_up(found.frame, row, found.readings[n][0])}
    if not one:
        return found
    return replace(found, searched=found.searched | one, left=found.left | dict.fromkeys(one, (0,)))


def _adds_up(f: Frame, row: Sequence[int], reading: Reading) -> bool:
    """A sum within the row holds, and adds up two figures or more that are not 0."""
    local = {f.local[i]: value_of(reading.get(i)) for i in row if i in f.local}
    values = [local.get(v) for v in range(len(f.variables))]
    within = {e for v in local for e in f.equations_of[v] if all(x in local and local[x] is not None for _, x in e.terms)}
    return any(not residual(e, values) and sum(bool(local[v]) for _, v in e.terms) > 2 for e in within)


def _settle(form: Form, table: Table, by_field: Sequence[Sequence[Candidate]], costs: Costs) -> Settled:
    f = frame(form, table)
    readings = tuple(tuple(options(row, by_field)) for row in f.rows)
    several = [n for n, r in enumerate(readings) if len(r) > 1]
    left = {n: tuple(range(len(readings[n]))) for n in several}
    asked = [n for n in several if any(i in f.local for i in f.rows[n])]
    if not asked:
        return Settled(f, readings, left, frozenset())
    fixed = {i: value_of(r[0].get(i)) for n, r in enumerate(readings) if len(r) == 1 for i in f.rows[n]}
    different = {n: distinct(readings[n]) for n in asked}
    groups = {n: (f.rows[n], [readings[n][k[0]] for k in different[n]]) for n in asked}
    p = _problem(f, fixed, [groups[n] for n in asked], costs)
    # A row none of whose readings keeps its own sum was not read: it stays open, and its cells bind nothing.
    asked = [n for n, penalties in zip(asked, p.penalties, strict=True) if not all(penalties)]
    if not asked:
        return Settled(f, readings, left, frozenset())
    if len(asked) < len(p.groups):
        p = _problem(f, fixed, [groups[n] for n in asked], costs)
    try:
        optimum = best(p)
    except Undecided:
        optimum = None
    if optimum is None:
        return Settled(f, readings, left, frozenset(), undecided=True)
    kept = _within_margin(p, optimum, costs)
    for g, n in enumerate(asked):
        chosen = [k for c in sorted(kept[g]) for k in different[n][c]]
        if not _proves_nothing([readings[n][k] for k in chosen], readings[n]):
            left[n] = tuple(sorted(chosen))
    misprints = frozenset(f.variables[v] for v in optimum.misprints)
    return Settled(f, readings, left, frozenset(asked), misprints)


def _problem(f: Frame, fixed: Mapping[int, Number | None], groups: Sequence[tuple[Sequence[int], Sequence[Reading]]], costs: Costs) -> Problem:
    return problem(f, fixed, groups, costs.misprint, [_prices(r, costs) for _, r in groups])


def _prices(readings: Sequence[Reading], costs: Costs) -> list[int]:
    """What each reading of a row costs: nothing the reader's first, the others what was counted of rows in this doubt."""
    doubt = doubt_of(c for reading in readings for c in reading.values()) if any(costs.other_reading.values()) else None
    return [0, *[costs.other_reading.get(doubt or "", 0)] * (len(readings) - 1)]


def distinct(readings: Sequence[Reading]) -> list[list[int]]:
    """Readings by what they say, not by where they say it: figures that are equal are no two answers."""
    out: dict[tuple[tuple[int, Status, Number | None], ...], list[int]] = {}
    for k, reading in enumerate(readings):
        says = tuple([(i, reading[i].status, reading[i].value) for i in sorted(reading)])
        out.setdefault(says, []).append(k)
    return list(out.values())


def _within_margin(p: Problem, optimum: Account, costs: Costs) -> list[set[int]]:
    """For each group the choices that an account within the margin of the optimum takes; undecided ones count."""
    limit = optimum.cost + costs.margin
    kept: list[set[int]] = []
    spent = [0]
    for g, group in enumerate(p.groups):
        mine = {optimum.choices[g]}
        for k, choice in enumerate(group.choices):
            if k in mine:
                continue
            if choice.cost + p.penalties[g][k] > limit:
                continue
            try:
                if best(p, {g: k}, limit, min(costs.steps_a_question, costs.steps - spent[0]), spent) is not None:
                    mine.add(k)
            except Undecided:
                mine.add(k)
        kept.append(mine)
    return kept


def _proves_nothing(chosen: Sequence[Mapping[int, Candidate]], every: Sequence[Mapping[int, Candidate]]) -> bool:
    """0 = 0 holds for any row of zeros: it cannot be what rules the other readings out."""
    if len(chosen) == len(every):
        return False
    return not any(value_of(c) for reading in chosen for c in reading.values())
