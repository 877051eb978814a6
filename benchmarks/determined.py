"""Which cells of a labelled case its text still determines, by exact arithmetic and without the reader.

A printed or visibly empty cell is determined where every way to read its row, and every row block that may have
slipped, gives it the same figure; a lost cell where the hard rules force it from the determined ones
(``benchmarks/README.md`` has the definition in full). Nothing here is shared with ``extractor.reconcile``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from benchmarks.damage import Case
from benchmarks.damage.case import ShownRow
from benchmarks.damage.draft import MARKED
from benchmarks.damage.names import GLYPHS
from extractor.expr import Relation
from extractor.form import Form
from extractor.types import Number, Verdict

Values = dict[int, Number]

# A row with more readings than this is called undetermined: its sums are not what would tell them apart.
MOST_READINGS = 100_000
# Shapes in which one blank stands between figures and may stand inside one.
_BLANK_BETWEEN = frozenset({"plain-rows", "flat-spaces"})
_COUNT = r"0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+"
_TOKEN = {
    "count": re.compile(_COUNT),
    "signed": re.compile(rf"[+-]?(?:{_COUNT})"),
    "amount": re.compile(rf"(?:{_COUNT})(?:\.\d+)?(?:万?元)?"),
}
_PLAIN = str.maketrans("０１２３４５６７８９", "0123456789") | {
    ord(glyph): digit for digit, glyphs in GLYPHS.items() for glyph in glyphs
}


def determined(case: Case, form: Form) -> frozenset[int]:
    """The printed or visibly empty fields of ``case`` that its text determines."""
    if case.unplaceable or case.form_id is None:
        return frozenset()
    shown = shown_values(case)
    doubtful = set(case.altered) | _doubted(form, shown)
    for row in case.rows:
        doubtful |= _unread(case, row, form, shown)
    for run in case.runs:
        doubtful |= _turned(run, form, shown)
    for rows in _blocks(case, form):
        doubtful |= _slippable(case, rows, form, shown)
    return frozenset(shown) - doubtful


def shown_values(case: Case) -> Values:
    """What the text shows in each cell: the altered digits where digits were altered, 0 for a visibly empty cell."""
    out: Values = {}
    for n, truth in enumerate(case.truth):
        if truth.statuses == {"blank"}:
            out[n] = 0
        elif truth.statuses == {"printed"} and truth.value is not None:
            altered = n in case.altered and truth.printed is not None and truth.printed.isdigit()
            out[n] = int(truth.printed or 0) if altered else truth.value
    return out


# Lost cells


def forced(form: Form, values: Mapping[int, Number]) -> Values:
    """The values of further fields that the hard rules force: the only unknown of an equation, or unknowns that are
    not negative and sum to nothing. Repeated until nothing new follows."""
    known, _ = _propagate(_hard(form), form, values)
    return {i: v for i, v in known.items() if i not in values}


def _hard(form: Form) -> list[Relation]:
    return [r.relation for r in form.rules if r.severity == "hard" and r.relation.operator == "=="]


def _propagate(hard: Sequence[Relation], form: Form, values: Mapping[int, Number]) -> tuple[Values, int]:
    """All that follows from ``values``, and how many equations cannot hold."""
    known = dict(values)
    broken: set[int] = set()
    waiting = dict(enumerate(hard))
    moved = True
    while moved:
        moved = False
        for n, relation in list(waiting.items()):
            terms, rest = _sides(relation, known)
            new = _solved(terms, rest, form) if terms else ({} if rest == 0 else None)
            if new is None:
                broken.add(n)
            if new is None or new or not terms:
                del waiting[n]
                known |= new or {}
                moved = True
    return known, len(broken)


def _sides(relation: Relation, known: Mapping[int, Number]) -> tuple[list[tuple[int, int]], Number]:
    """The unknown terms of ``terms + rest == 0`` and its rest."""
    rest: Number = relation.left.constant - relation.right.constant
    unknown: list[tuple[int, int]] = []
    for sign, side in ((1, relation.left), (-1, relation.right)):
        for c, i in side.terms:
            if i in known:
                rest += sign * c * known[i]
            else:
                unknown.append((sign * c, i))
    return unknown, rest


def _solved(terms: Sequence[tuple[int, int]], rest: Number, form: Form) -> Values | None:
    """What one equation says of its unknowns: nothing ({}), their values, or None where it cannot hold."""
    kinds = {form.fields[i].kind for _, i in terms}
    if len(terms) == 1:
        c, i = terms[0]
        if "amount" not in kinds and rest % c:
            return None
        value = -rest // c if rest % c == 0 else Decimal(-rest) / c
        return {i: value} if value >= 0 or "signed" in kinds else None
    if "signed" in kinds or len({c > 0 for c, _ in terms}) > 1:
        return {}
    if rest == 0:
        return dict.fromkeys((i for _, i in terms), 0)
    return None if (rest > 0) == (terms[0][0] > 0) else {}


# Cells in doubt because a sum does not hold


def _doubted(form: Form, shown: Mapping[int, Number]) -> set[int]:
    """Fields of a hard rule that fails and of none that holds: a misprint and a misreading look the same there."""
    failing: set[int] = set()
    holding: set[int] = set()
    for relation in _hard(form):
        if all(i in shown for i in relation.fields):
            verdict, _, _ = relation.verdict(shown)
            (holding if verdict is Verdict.PASS else failing).update(relation.fields)
    return failing - holding


# Cells in doubt because their row can be read in several ways


def _unread(case: Case, row: ShownRow, form: Form, shown: Mapping[int, Number]) -> set[int]:
    """The fields of a row that do not get the same figure in every reading of it."""
    fields = [i for i, text in row.figures if i >= 0 and (text or case.shape in MARKED)]
    whole = len(fields) in (len(row.own), 2 * len(row.own)) or not row.own
    if case.shape == "glued":
        texts = [text for _, text in row.figures]
        if len(set(texts)) > 1 and (not whole or len(fields) != len(texts)):
            return set(fields)
        readings = _cuts("".join(texts).translate(_PLAIN), fields, form) if len(texts) > 1 and whole else iter(())
    else:
        tokens = _tokens(case, row, shown)
        if len(tokens) == len(fields):
            return set()
        readings = _picks(tokens, len(fields), case.shape in _BLANK_BETWEEN)
    return _differing(fields, readings, form, shown)


def _differing(
    fields: Sequence[int], readings: Iterator[tuple[Number, ...]], form: Form, shown: Mapping[int, Number]
) -> set[int]:
    """The fields whose value is not that shown in some reading that the row's own sums allow."""
    inside = set(fields)
    sums = [r for r in _hard(form) if inside.issuperset(r.fields)]
    out: set[int] = set()
    for n, reading in enumerate(readings):
        if n > MOST_READINGS:
            return inside
        values = dict(zip(fields, reading, strict=True))
        if all(r.verdict(values)[0] is Verdict.PASS for r in sums):
            out |= {i for i in fields if values[i] != shown.get(i, 0)}
    return out


def _cuts(run: str, fields: Sequence[int], form: Form) -> Iterator[tuple[Number, ...]]:
    """Every way to cut a run of digits into one figure a field, none with a leading zero."""
    if not fields:
        if not run:
            yield ()
        return
    kind = form.fields[fields[0]].kind
    for end in range(1, len(run) - len(fields) + 2):
        if _TOKEN[kind].fullmatch(run, 0, end):
            for rest in _cuts(run[end:], fields[1:], form):
                yield (_number(run[:end]), *rest)


def _number(text: str) -> Number:
    digits = re.sub("[,+]|万?元", "", text)
    return Decimal(digits) / (10_000 if text.endswith("元") and not text.endswith("万元") else 1)


def _tokens(case: Case, row: ShownRow, shown: Mapping[int, Number]) -> list[str]:
    """The figures of a row as digits, an empty cell as 0 where it leaves a mark; what no number is, as a 0 too."""
    out: list[str] = []
    for field, text in row.figures:
        if not text and case.shape not in MARKED:
            continue
        if field >= 0 and case.shape in _BLANK_BETWEEN and " " in text.strip():
            out += text.split()
        else:
            out.append(str(shown.get(field, 0)) if field >= 0 else text if text.isdigit() else "0")
    return out


def _picks(tokens: Sequence[str], wanted: int, joined: bool) -> Iterator[tuple[Number, ...]]:
    """Every way to make ``wanted`` figures of more tokens: leave some out or, where ``joined``, put neighbours together."""
    if len(tokens) <= wanted:
        if len(tokens) == wanted:
            try:
                yield tuple(Decimal(t) for t in tokens)
            except InvalidOperation:
                return
        return
    for n in range(len(tokens)):
        yield from _picks([*tokens[:n], *tokens[n + 1 :]], wanted, joined)
    if joined:
        for n, (a, b) in enumerate(pairwise(tokens)):
            yield from _picks([*tokens[:n], a + b, *tokens[n + 2 :]], wanted, joined)


def _turned(run: Sequence[Sequence[int]], form: Form, shown: Mapping[int, Number]) -> set[int]:
    """The fields of rows written column after column that get another figure when the same figures are read row after
    row, where every sum within a row allows that too."""
    fields = [i for row in run for i in row]
    columns = [i for column in zip(*run, strict=True) for i in column]
    other = {i: shown.get(j, 0) for i, j in zip(fields, columns, strict=True)}
    inside = set(fields)
    sums = [r for r in _hard(form) if any(inside.issuperset(r.fields) and set(r.fields) <= set(row) for row in run)]
    allowed = all(r.verdict(other)[0] is Verdict.PASS for r in sums)
    return {i for i in fields if allowed and other[i] != shown.get(i, 0)}


# Cells in doubt because rows may have slipped against their labels


def _blocks(case: Case, form: Form) -> Iterator[list[ShownRow]]:
    """The rows of each table, in the order shown; only tables with a label that has no figures."""
    for table in form.tables:
        rows = [r for r in case.rows if r.table == table.id]
        paired = all(r.own or not any(i >= 0 for i, _ in r.figures) for r in rows)
        rows = [r for r in rows if r.own]
        if paired and any(_bare(case, r) for r in rows) and all(len(r.figures) <= len(r.own) + 1 for r in rows):
            yield rows


def _bare(case: Case, row: ShownRow) -> bool:
    return not row.figures if case.shape in MARKED else not any(text for _, text in row.figures)


def _slippable(case: Case, rows: Sequence[ShownRow], form: Form, shown: Mapping[int, Number]) -> set[int]:
    """The fields that differ between the likeliest stories of a label without figures.

    The stories: its own figures are lost, or those of a row further down or up are, and the rows between have slipped
    by one. The likeliest are those that break the fewest hard rules.
    """
    beside = {i: v for r in rows for i, v in _beside(r, shown).items()}
    own = {i for r in rows for i in r.own}
    rest = {i: v for i, v in shown.items() if i not in own}
    hard = _hard(form)
    stories: list[tuple[int, Values]] = []
    for story in _stories(case, rows, beside):
        stories.append((_propagate(hard, form, rest | story)[1], story))
    fewest = min(n for n, _ in stories)
    likely = [story for n, story in stories if n == fewest]
    return {i for i in own if i in shown and any(story.get(i) != shown[i] for story in likely)}


def _beside(row: ShownRow, shown: Mapping[int, Number]) -> Values:
    """The figures that stand beside a label, as if they were its own."""
    fields = [i for i, _ in row.figures if i >= 0]
    if len(fields) < len(row.own):
        return {i: shown[i] for i in fields if i in shown and i in row.own}
    return {own: shown[i] for own, i in zip(row.own, fields, strict=False) if i in shown}


def _stories(case: Case, rows: Sequence[ShownRow], beside: Values) -> Iterator[Values]:
    yield beside
    full = [len([i for i, _ in r.figures if i >= 0]) == len(r.own) and not _bare(case, r) for r in rows]
    for n, row in enumerate(rows):
        if not _bare(case, row):
            continue
        for step in (1, -1):
            story, at = dict(beside), n
            while 0 <= at + step < len(rows) and full[at + step] and len(rows[at + step].own) == len(row.own):
                source = rows[at + step]
                story |= {a: beside[b] for a, b in zip(rows[at].own, source.own, strict=True) if b in beside}
                for b in source.own:
                    story.pop(b, None)
                yield dict(story)
                at += step
