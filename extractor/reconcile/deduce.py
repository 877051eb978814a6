"""Lost cells that printed cells and hard equations determine, and bounds for those that they do not.

A deduced value is conditional on the print: a misprinted total yields a wrong deduction (reconciliation.md §D4, 5c).
It has a status of its own, and where two equations leave it independently, a code that says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractor.form import Form, Table
from extractor.reconcile.rows import Frame, frame
from extractor.reconcile.search import Equation, propagate
from extractor.types import DEDUCED, LOST, PRINTED, Number, Resolved


def deduce(form: Form, resolved: tuple[Resolved, ...]) -> tuple[Resolved, ...]:
    """Give lost cells the one value that printed cells and hard equations leave, as ``deduced``; the others an interval.

    Equations with a blank cell take no part. Where what was deduced contradicts itself nothing is deduced in the table.
    A cell whose figure stands in the text and cannot be placed is lost like any other: the print of others must tell.
    """
    if not any(r.status is LOST for r in resolved):
        return resolved
    out = list(resolved)
    for table in form.tables:
        for r in _of_table(form, table, resolved):
            out[r.field] = r
    return tuple(out)


def _of_table(form: Form, table: Table, resolved: Sequence[Resolved]) -> list[Resolved]:
    f = frame(form, table)
    lost = [i for i in f.variables if resolved[i].status is LOST]
    printed = {i for i in f.variables if resolved[i].status is PRINTED and resolved[i].value is not None}
    if not lost or not printed:
        return []
    values: list[Number | None] = [resolved[i].value if i in printed else None for i in f.variables]
    unknown = set(lost)
    equations = [e for e in f.equations if unknown & {f.variables[v] for _, v in e.terms} and all(f.variables[v] in printed | unknown for _, v in e.terms)]
    known = list(values)
    if propagate(equations, values, f.signed) is not None:
        return []
    without: dict[Equation, Sequence[Number | None]] = {}
    out = []
    for i in lost:
        r, v = resolved[i], f.local[i]
        value = values[v]
        if value is not None and _shown_otherwise(r, value):
            continue
        if value is not None:
            codes = ("DEDUCED", *(("CONFIRMED",) if _twice(f, v, known, equations, without) else ()), *r.codes)
            out.append(r._replace(status=DEDUCED, value=value, codes=codes))
        else:
            out.append(r._replace(interval=_interval(f, v, values)))
    return out


def _shown_otherwise(r: Resolved, value: Number) -> bool:
    """Every reading of this cell shows a figure, and none of them this one: what the sums leave is not what is printed.

    Where the sums chose the reading that shows none, the others are ruled out and say nothing; nor does a model whose answer is in doubt.
    """
    said = r.alternatives if "MODEL_DOUBTED" not in r.codes else tuple(c for c in r.alternatives if c.producer == "rules")
    return "CHOSEN_BY_SUM" not in r.codes and bool(said) and all(c.status is PRINTED and c.value != value for c in said)


def _twice(
    f: Frame, v: int, known: Sequence[Number | None], equations: Sequence[Equation], without: dict[Equation, Sequence[Number | None]]
) -> bool:
    """One equation gives this cell from the print alone, and without that equation the others still do.

    That every figure of a second equation is known is not enough: one of them may have been deduced from this very cell.
    ``without`` keeps what the equations leave when one of them is left out.
    """
    for e in f.equations_of[v]:
        if e in equations and all(u == v or known[u] is not None for _, u in e.terms):
            if e not in without:
                values = list(known)
                propagate([x for x in equations if x is not e], values, f.signed)
                without[e] = values
            if without[e][v] is not None:
                return True
    return False


def _interval(f: Frame, v: int, values: Sequence[Number | None]) -> tuple[Number, Number | None] | None:
    """What the equations say of an undetermined cell: a count is at least 0, and at most what its sums leave over."""
    if v in f.signed:
        return None
    most: Number | None = None
    for e in f.equations_of[v]:
        room = _room(e, v, values)
        if room is not None and (most is None or room < most):
            most = room
    return (0, most)


def _room(e: Equation, v: int, values: Sequence[Number | None]) -> Number | None:
    """What is left for unknowns of one sign in this equation; None where their signs differ."""
    total: Number = e.constant
    signs = set()
    own = 1
    for c, u in e.terms:
        x = values[u]
        if x is None:
            signs.add(c > 0)
            own = c if u == v else own
        else:
            total += c * x
    if len(signs) != 1:
        return None
    room = -total if total < 0 else total
    return room if abs(own) == 1 else room // abs(own)
