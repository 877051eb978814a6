"""Candidates of one field to one reading or an open question, and lost cells that the rules determine.

Ties stay ties: where the readings in doubt give a cell different values it gets none, and all of them
are kept. A sum may choose between readings of one row; it never changes what is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from extractor.expr import Relation
from extractor.form import Form
from extractor.types import Candidate, Number, Resolved, Status, TableReading, Verdict

_REPEATED = "ROW_REPEATED"


def reconcile(form: Form, readings: Sequence[TableReading]) -> tuple[Resolved, ...]:
    """One Resolved per field of the form, in its order; a field without a candidate is lost."""
    by_field: list[list[Candidate]] = [[] for _ in form.fields]
    for reading in readings:
        for c in reading.candidates:
            by_field[c.field].append(c)
    missing = {r.table: ("FIELD_LOST", *r.codes) for r in readings}
    chosen = _options_by_sum(form, by_field)
    out: list[Resolved] = []
    for field, candidates in zip(form.fields, by_field, strict=True):
        if not candidates:
            out.append(Resolved(field.index, Status.LOST, None, None, -1, -1, missing.get(field.table, ("FIELD_LOST",))))
        elif len(candidates) == 1 and field.index not in chosen:
            out.append(_take(candidates[0], candidates[0].codes, ()))
        else:
            out.append(_several(candidates, chosen.get(field.index)))
    return tuple(out)


def _take(c: Candidate, codes: tuple[str, ...], others: Iterable[Candidate]) -> Resolved:
    if c.status is Status.LOST:
        codes = ("FIELD_LOST", *(x for x in codes if x != "FIELD_LOST"))
        return Resolved(c.field, Status.LOST, None, None, -1, -1, codes, tuple(others))
    return Resolved(c.field, c.status, c.value, c.printed, c.start, c.end, codes, tuple(others))


def _several(candidates: Sequence[Candidate], option: int | None) -> Resolved:
    first = candidates[0]
    if option is not None and (by_sum := next((c for c in candidates if c.option == option), None)):
        others = [c for c in candidates if c is not by_sum]
        codes = tuple("GLUED_PROVEN" if c == "DIGITS_GLUED" else c for c in by_sum.codes)
        # A sum may choose between two printings of a row; that there are two stays a doubt.
        codes += (_REPEATED,) if any(_REPEATED in c.codes for c in candidates) else ()
        return _take(by_sum, tuple(dict.fromkeys((*codes, "CHOSEN_BY_SUM"))), others)
    repeated = any(_REPEATED in c.codes for c in candidates)
    shown = {(c.status, c.value) for c in candidates if c.status is not Status.LOST}
    codes = first.codes + ((_REPEATED,) if repeated else ())
    if len(shown) == 1 and not repeated:
        return _take(first, codes, candidates[1:])
    if len(shown) == 0:
        return _take(first, codes, ())
    lost = Resolved(first.field, Status.LOST, None, None, -1, -1, ("FIELD_LOST", "AMBIGUOUS_PLACE", *codes), tuple(candidates))
    return lost._replace(codes=tuple(dict.fromkeys(lost.codes)))


# More combinations of row readings than this are not searched; the rows stay open.
_MOST_COMBINATIONS = 1000


def _options_by_sum(form: Form, by_field: Sequence[Sequence[Candidate]]) -> dict[int, int]:
    """For each field of a row with several readings, the one reading that makes the form's sums hold.

    First the row's own sum, then, for rows that it leaves open, the sums over columns. A sum decides
    only where it could have failed: readings whose parts are all zero prove nothing, and two readings
    that both hold leave the question open.
    """
    out: dict[int, int] = {}
    still_open: list[tuple[tuple[int, ...], list[dict[int, Candidate]]]] = []
    for rule in form.row_rules:
        fields = rule.relation.fields
        glued = any("DIGITS_GLUED" in c.codes for c in by_field[fields[0]])
        if len(by_field[fields[0]]) < 2 and not glued:
            continue
        options: dict[int, dict[int, Candidate]] = {}
        for i in fields:
            for c in by_field[i]:
                options.setdefault(c.option, {})[i] = c
        holding = [k for k, row in options.items() if _holds(rule.relation, fields, row)]
        if len(holding) == 1:
            out |= dict.fromkeys(fields, holding[0])
        elif len(holding) > 1:
            still_open.append((fields, [options[k] for k in holding]))
    for table in form.tables:
        mine = [(fields, options) for fields, options in still_open if form.fields[fields[0]].table == table.id]
        if mine:
            out |= _by_columns(form, by_field, out, mine)
    return out


def _by_columns(
    form: Form,
    by_field: Sequence[Sequence[Candidate]],
    chosen: dict[int, int],
    still_open: Sequence[tuple[tuple[int, ...], list[dict[int, Candidate]]]],
) -> dict[int, int]:
    """For open rows of one table, the readings common to all combinations under which no column sum fails."""
    combinations = 1
    for _, options in still_open:
        combinations *= len(options)
    if combinations > _MOST_COMBINATIONS:
        return {}
    values: list[Number | None] = [None] * len(form.fields)
    for field, candidates in enumerate(by_field):
        option = chosen.get(field)
        pick = next((c for c in candidates if c.option == option), None) if option is not None else candidates[0] if len(candidates) == 1 else None
        values[field] = pick.value if pick is not None and pick.status is Status.PRINTED else None
    concerned = {i for fields, _ in still_open for i in fields}
    rules = [r.relation for r in form.rules if r.severity == "hard" and concerned & set(r.relation.fields)]
    holding: list[tuple[dict[int, Candidate], ...]] = []
    for combination in product(*(options for _, options in still_open)):
        for row in combination:
            for i, c in row.items():
                values[i] = c.value
        if all(r.verdict(values)[0] is not Verdict.FAIL for r in rules):
            holding.append(combination)
    out: dict[int, int] = {}
    for same_row in zip(*holding, strict=True):
        first = next(iter(same_row[0].values())).option
        if all(next(iter(row.values())).option == first for row in same_row):
            out |= dict.fromkeys(same_row[0], first)
    return out


def _holds(relation: Relation, fields: Sequence[int], row: dict[int, Candidate]) -> bool:
    if len(row) != len(fields) or any(c.value is None for c in row.values()):
        return False
    values = {i: c.value for i, c in row.items()}
    if not any(values.values()):
        return False
    return relation.verdict(values)[0] is Verdict.PASS


def deduce(form: Form, resolved: tuple[Resolved, ...]) -> tuple[Resolved, ...]:
    """Give lost cells the one value that printed cells and hard equations leave, as ``deduced``.

    Two steps suffice (reconciliation.md §B4): an equation with one unknown, and non-negative unknowns
    that sum to zero. The result is re-checked against every hard rule and withdrawn where one fails.
    """
    values: list[Number | None] = [r.value if r.status is Status.PRINTED else None for r in resolved]
    lost = {r.field for r in resolved if r.status is Status.LOST and "AMBIGUOUS_PLACE" not in r.codes}
    if not lost or not any(v is not None for v in values):
        return resolved
    rules = [r.relation for r in form.rules if r.severity == "hard" and r.relation.operator == "=="]
    usable = [r for r in rules if set(r.fields) & lost and all(values[i] is not None or i in lost for i in r.fields)]
    found: dict[int, Number] = {}
    progress = True
    while progress:
        progress = False
        for relation in usable:
            unknown = [i for i in relation.fields if values[i] is None]
            for i, v in _forced(form, relation, unknown, values):
                values[i] = found[i] = v
                progress = True
    # One deduction rests on another, so a contradiction withdraws all that stand in its table.
    bad = {form.fields[i].table for r in rules if r.verdict(values)[0] is Verdict.FAIL for i in r.fields if i in found}
    return tuple(
        r._replace(status=Status.DEDUCED, value=found[r.field], codes=("DEDUCED", *r.codes))
        if r.field in found and form.fields[r.field].table not in bad
        else r
        for r in resolved
    )


def _forced(form: Form, relation: Relation, unknown: Sequence[int], values: list[Number | None]) -> list[tuple[int, Number]]:
    if len(unknown) == 1:
        v = relation.implied(values, unknown[0])
        if v is None or (v < 0 and form.fields[unknown[0]].kind != "signed"):
            return []
        return [(unknown[0], v)]
    if not unknown or any(form.fields[i].kind == "signed" for i in unknown):
        return []
    with_zero = list(values)
    for i in unknown:
        with_zero[i] = 0
    signs = {c for side, s in ((relation.left, 1), (relation.right, -1)) for c, i in _signed(side.terms, s) if i in unknown}
    one_sided = all(c > 0 for c in signs) or all(c < 0 for c in signs)
    if one_sided and relation.verdict(with_zero)[0] is Verdict.PASS:
        return [(i, 0) for i in unknown]
    return []


def _signed(terms: Sequence[tuple[int, int]], sign: int) -> list[tuple[int, int]]:
    return [(sign * c, i) for c, i in terms]
