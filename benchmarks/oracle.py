"""Two answers that do not come from the reader: which few cells could mend the sums, and which lost cells are determined.

Both are slow and plain on purpose. They share the rules of the form with the reader, and none of its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]

from extractor.form import Form
from extractor.types import Number

# A free cell is not looked for above this: more than any sum of a report.
_HIGHEST = 10_000_000
Matrix = list[dict[int, int]]


def matrix(form: Form) -> tuple[Matrix, list[int]]:
    """The hard equations as ``Σ coefficient·cell + constant = 0``: one mapping cell → coefficient each, and the constants."""
    rows, constants = [], []
    for rule in form.rules:
        relation = rule.relation
        if rule.severity == "hard" and relation.operator == "==":
            row = {i: c for c, i in relation.left.terms}
            row.update({i: -c for c, i in relation.right.terms})
            rows.append(row)
            constants.append(relation.left.constant - relation.right.constant)
    return rows, constants


def least_explanations(form: Form, values: Sequence[Number | None], most: int) -> set[frozenset[int]]:
    """Every smallest set of at most ``most`` (1 or 2) cells that, given other values, makes all equations hold.

    A value is whole and not negative, unless the cell is signed. Every cell of an equation must have a value.
    """
    rows, constants = matrix(form)
    left = [sum(c * int(values[i] or 0) for i, c in row.items()) + k for row, k in zip(rows, constants, strict=True)]
    wrong = {n for n, r in enumerate(left) if r}
    of: dict[int, list[int]] = {}
    for n, row in enumerate(rows):
        for i in row:
            of.setdefault(i, []).append(n)
    cells = sorted(i for i, mine in of.items() if wrong & set(mine))
    singles = {frozenset((i,)) for i in cells if _mends(form, rows, left, of, values, (i,), wrong)}
    if singles or most == 1:
        return singles
    everywhere = sorted(of)
    # One of the two must stand in the first failing equation.
    first = [i for i in cells if min(wrong) in of[i]]
    pairs = {frozenset(p) for i in first for j in everywhere if i != j and wrong <= {*of[i], *of[j]} for p in [(i, j)]}
    return {p for p in pairs if _mends(form, rows, left, of, values, tuple(sorted(p)), wrong)}


def _mends(
    form: Form, rows: Matrix, left: Sequence[int], of: dict[int, list[int]], values: Sequence[Number | None],
    cells: tuple[int, ...], wrong: set[int],
) -> bool:  # fmt: skip
    """Whether some change of every one of ``cells`` makes all equations hold."""
    touched = sorted({n for i in cells for n in of[i]})
    if not wrong <= set(touched):
        return False
    equations = [([rows[n].get(i, 0) for i in cells], -left[n]) for n in touched]
    return any(_allowed(form, values, cells, change) for change in _changes(equations, len(cells)))


def _changes(equations: Sequence[tuple[list[int], int]], cells: int) -> Iterator[tuple[int, ...]]:
    """Whole-numbered solutions: the one there is, or samples of both signs where a pair has a line of them."""
    if cells == 1:
        found = (
            {want // c[0] for c, want in equations if want % c[0] == 0} if all(c[0] for c, _ in equations) else set()
        )
        yield from ((x,) for x in found if all(c[0] * x == want for c, want in equations))
        return
    for (a, p), (b, q) in combinations(equations, 2):
        det = a[0] * b[1] - a[1] * b[0]
        if det:
            x, y = p * b[1] - q * a[1], a[0] * q - b[0] * p
            if x % det == 0 and y % det == 0 and all(c[0] * (x // det) + c[1] * (y // det) == w for c, w in equations):
                yield x // det, y // det
            return
    (a, want), *_ = equations
    if all(c[0] * a[1] == c[1] * a[0] and w * a[0] == want * c[0] for c, w in equations):
        yield from ((x, (want - a[0] * x) // a[1]) for x in (*range(-60, 61),) if (want - a[0] * x) % a[1] == 0)


def _allowed(form: Form, values: Sequence[Number | None], cells: Sequence[int], change: Sequence[int]) -> bool:
    """Every cell is changed, to a value that it may have."""
    return all(
        x and (form.fields[i].kind == "signed" or int(values[i] or 0) + x >= 0)
        for i, x in zip(cells, change, strict=True)
    )


def determined(
    form: Form, printed: Sequence[Number | None], lost: Sequence[int], dark: Sequence[int]
) -> dict[int, int]:
    """The ``lost`` cells that have one value in all whole-numbered tables without negative counts that fit the print.

    An equation with a ``dark`` cell (blank: it may be none or anything) is left out: nothing is derived from blanks.
    """
    rows, constants = matrix(form)
    unknown = set(lost)
    used = [(r, k) for r, k in zip(rows, constants, strict=True) if unknown & set(r) and not set(dark) & set(r)]
    used = [(r, k) for r, k in used if all(i in unknown or printed[i] is not None for i in r)]
    cells = sorted({i for r, _ in used for i in r if i in unknown})
    if not cells:
        return {}
    at = {i: n for n, i in enumerate(cells)}
    a = np.zeros((len(used), len(cells)))
    b = np.zeros(len(used))
    for n, (row, k) in enumerate(used):
        for i, c in row.items():
            if i in at:
                a[n, at[i]] = c
        b[n] = -k - sum(c * int(printed[i] or 0) for i, c in row.items() if i not in at)
    low = np.array([-float(_HIGHEST) if form.fields[i].kind == "signed" else 0.0 for i in cells])
    return _bounds(cells, a, b, low)


def _bounds(cells: Sequence[int], a: np.ndarray, b: np.ndarray, low: np.ndarray) -> dict[int, int]:
    """Cells whose least and greatest value agree. A cell that differs between any two tables found is not tried again."""

    def solve(aim: np.ndarray) -> np.ndarray | None:
        got = milp(
            aim,
            constraints=LinearConstraint(a, b, b),
            bounds=Bounds(low, np.full(len(cells), float(_HIGHEST))),
            integrality=np.ones(len(cells)),
        )
        if got.x is None:
            return None
        x = np.rint(got.x)
        assert np.array_equal(a @ x, b), "HiGHS gave a table that does not add up"
        return np.asarray(x)

    first = solve(np.ones(len(cells)))
    if first is None:
        return {}
    same = set(range(len(cells)))
    for aim in (-np.ones(len(cells)), *(np.eye(len(cells))[n] * s for n in range(len(cells)) for s in (1, -1))):
        mine = int(np.argmax(np.abs(aim))) if np.count_nonzero(aim) == 1 else None
        if mine is not None and mine not in same:
            continue
        other = solve(aim)
        if other is not None:
            same -= {n for n in same if other[n] != first[n]}
    return {cells[n]: int(first[n]) for n in sorted(same)}
