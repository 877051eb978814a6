"""Every candidate to one Resolved a field: what is chosen of a row's readings, and what no sum decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from extractor.costs import Costs
from extractor.form import Form
from extractor.reconcile.choose import Settled, settle
from extractor.types import LOST, Candidate, Resolved, TableReading, resolved_of

_REPEATED = "ROW_REPEATED"
# So many parts of a Candidate, from its field to its codes, are the first of a Resolved; the others say that it was the only one.
_ALIKE = 7
_ALONE = ((), None)


def reconcile(
    form: Form, readings: Sequence[TableReading], costs: Costs, told: Collection[int] = ()
) -> tuple[tuple[Resolved, ...], tuple[Settled, ...]]:
    """One Resolved per field of the form, in its order (a field without a candidate is lost), and what was settled a table.

    ``told`` are fields of rows of which a person's answer leaves one reading: these count as put to the sums.
    """
    by_field: list[list[Candidate]] = [[] for _ in form.fields]
    for reading in readings:
        for c in reading.candidates:
            by_field[c.field].append(c)
    out: list[Resolved | None] = [None] * len(form.fields)
    settled = []
    for table, reading in zip(form.tables, readings, strict=True):
        s = settle(form, table, by_field, costs, told)
        settled.append(s)
        missing = ("FIELD_LOST", *reading.codes)
        for n, row in enumerate(s.frame.rows):
            several = len(s.readings[n]) > 1
            for i in row:
                if not several and (only := by_field[i]) and only[0].status is not LOST:
                    out[i] = resolved_of(only[0][:_ALIKE] + _ALONE)
                else:
                    out[i] = _resolve(i, by_field[i], s, n, missing)
    return tuple([r for r in out if r is not None]), tuple(settled)


def _resolve(field: int, candidates: Sequence[Candidate], s: Settled, row: int, missing: tuple[str, ...]) -> Resolved:
    if not candidates:
        return Resolved(field, LOST, None, None, -1, -1, missing)
    readings = s.readings[row]
    if len(readings) < 2:
        return _take(candidates[0], candidates[0].codes, ())
    left = [c for k in s.left[row] if (c := readings[k].get(field)) is not None]
    if row in s.searched and len(s.left[row]) < len(readings) and left and _same(left):
        others = [c for c in candidates if c is not left[0]]
        codes = left[0].codes
        # A sum may choose between two printings of a row; that there are two stays a doubt.
        codes += (_REPEATED,) if any(_REPEATED in c.codes for c in candidates) else ()
        return _take(left[0], tuple(dict.fromkeys((*codes, "CHOSEN_BY_SUM"))), others)
    return _several(left or candidates, candidates)


def _same(candidates: Sequence[Candidate]) -> bool:
    return len({(c.status, c.value) for c in candidates}) == 1


def _take(c: Candidate, codes: tuple[str, ...], others: Iterable[Candidate]) -> Resolved:
    if c.status is LOST:
        codes = ("FIELD_LOST", *(x for x in codes if x != "FIELD_LOST"))
        return Resolved(c.field, LOST, None, None, -1, -1, codes, tuple(others))
    return Resolved(c.field, c.status, c.value, c.printed, c.start, c.end, codes, tuple(others))


def _several(left: Sequence[Candidate], candidates: Sequence[Candidate]) -> Resolved:
    """No sum decides: what all readings that are left agree on, else nothing."""
    first = left[0]
    repeated = any(_REPEATED in c.codes for c in candidates)
    shown = {(c.status, c.value) for c in left if c.status is not LOST}
    codes = first.codes + ((_REPEATED,) if repeated else ())
    if len(shown) == 1 and not repeated:
        return _take(first, codes, [c for c in candidates if c is not first])
    if len(shown) == 0:
        return _take(first, codes, ())
    codes = tuple(dict.fromkeys(("FIELD_LOST", "AMBIGUOUS_PLACE", *codes)))
    return Resolved(first.field, LOST, None, None, -1, -1, codes, tuple(candidates))
