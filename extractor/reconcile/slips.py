"""Rows that may have slipped against their labels: every way to put the figures back, and what the sums say of each.

A label without figures is a *gap*. Either its figures are lost, or those of its neighbour are its own, those of the next row
the neighbour's, and so on to a row whose figures are lost: one slip, whatever its length. The table as it is read
and every slip are *stories*. No slip is ever undone: a total row that the report left unfilled breaks the same sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from extractor.reconcile.rows import Frame
from extractor.reconcile.search import IMPOSSIBLE, residual, steps
from extractor.types import Number, Resolved, Status

Order = tuple[int, ...]
Values = Sequence[Number | None]

# One misprint breaks up to three sums, so fewer than this many more tell nothing.
CLEARLY_WORSE = 3
# With more rows than this without figures there are too many ways to slip.
MOST_GAPS = 3


def stories(f: Frame, block: int, resolved: Sequence[Resolved]) -> tuple[list[int], list[Order]] | None:
    """The rows of a block (numbers in ``f.rows``) and every slip of them, as positions; None with too many gaps.

    In a slip the figures read as row ``order[k+1]`` are those of row ``order[k]``; the last row's figures are lost.
    """
    rows = [n for n, b in enumerate(f.blocks) if b == block]
    shown = [any(resolved[i].status is Status.PRINTED or resolved[i].start >= 0 for i in f.rows[n]) for n in rows]
    gaps = [n for n, s in enumerate(shown) if not s]
    if len(gaps) > MOST_GAPS:
        return None
    found = {order for gap in gaps for over in (False, True) for order in _slips(gap, shown, over)}
    return rows, sorted(found, key=lambda o: (len(o), o))


def _slips(gap: int, shown: Sequence[bool], over: bool) -> Iterator[Order]:
    """Every slip that would empty row ``gap``; ``over``: one other row without figures is passed over, else it ends before it."""
    for step in (1, -1):
        order = [gap]
        n = gap + step
        passed = 0
        while 0 <= n < len(shown):
            if shown[n]:
                order.append(n)
                yield tuple(order)
            elif not over or passed:
                break
            passed += not shown[n]
            n += step


def moves(f: Frame, rows: Sequence[int], order: Order) -> Iterator[tuple[int, int | None]]:
    """Each field that a slip concerns, and the field beside whose label its figure stands (None: it is lost)."""
    for a, b in zip(order, (*order[1:], None), strict=True):
        source = f.rows[rows[b]] if b is not None else None
        for at, i in enumerate(f.rows[rows[a]]):
            yield i, source[at] if source is not None else None


def slipped(f: Frame, rows: Sequence[int], order: Order, values: Values) -> list[Number | None]:
    """The figures of the table, by local variable, with the slip undone."""
    out = list(values)
    for i, source in moves(f, rows, order):
        if i in f.local:
            out[f.local[i]] = values[f.local[source]] if source is not None and source in f.local else None
    return out


def count(f: Frame, values: Values) -> tuple[int, int]:
    """How many equations cannot hold, each counted and left aside, and how many have every figure in the text."""
    known = sum(residual(e, values) is not None for e in f.equations)
    broken = sum(forced is IMPOSSIBLE for _, forced in steps(f.equations, list(values), f.signed))
    return broken, known
