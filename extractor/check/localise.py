"""Which cells could be at fault where hard sums fail: the smallest change that mends every sum.

Every single wrong cell of the requests table breaks its own set of equations (domain.md §2.1), so one
error is located exactly. All smallest explanations count, and beside those of two cells or more every event that
moves many figures at once (``displaced``); the union of their cells are the suspects. Shown to people, never written over the print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extractor.check.displaced import Displaced, Explained, displaced
from extractor.form import Form
from extractor.types import Number, Verdict

_DEEPEST = 4
# Fewer failing sums than this are as well explained by single cells as by a line that was left out.
_FEWEST_FOR_OMISSION = 3
_MOST_STEPS = 3000
# No cell of a linear form like these stands in more than three sums: row, outcomes, balance.
_MOST_RULES_A_CELL = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """The suspects, the explanations found (field, value it would need), each pattern's name with its cells, and the cells of total rows left at 0."""

    suspects: frozenset[int]
    explanations: tuple[Explained, ...]
    causes: tuple[tuple[frozenset[int], str], ...]
    unfilled: frozenset[int] = frozenset()

    def cause_of(self, fields: Sequence[int]) -> str:
        """The pattern's name for the suspects among ``fields``; empty where no single pattern explains them."""
        return "；".join(dict.fromkeys(says for cells, says in self.causes if cells & set(fields) and says))


def localise(form: Form, failing: Sequence[int], values: Sequence[Number | None], sure: frozenset[int] = frozenset()) -> Explanation:
    """Explain the failing hard rules (indexes into ``form.rules``) by the fewest changed cells.

    Sets of failing rules that share no cell are explained apart. Where four cells are not enough, or the search gets too
    wide, and no event explains them, every participant of the unexplained rules is a suspect. A person has read ``sure``
    cells: they are no suspects, and what they alone explain is the report's own error.
    """
    suspects: set[int] = set()
    explanations: list[Explained] = []
    causes: list[tuple[frozenset[int], str]] = []
    unfilled: set[int] = set()
    for component in _components(form, failing):
        steps, found = _smallest(form, component, values)
        events = displaced(form, component, values) if not found or steps > 1 else []
        if not found and not events:
            suspects |= {i for n in component for i in form.rules[n].relation.fields} - sure
            continue
        found = [e for e in found if not sure.issuperset(i for i, _ in e)]
        events = [e for e in events if not sure.issuperset(i for i, _ in e.cells)]
        cells = {frozenset(e): e for e in (*found, *(e.cells for e in events))}
        explanations += cells.values()
        mine = frozenset(i for e in cells.values() for i, _ in e) - sure
        suspects |= mine
        if len(cells) == 1 and _row_left_at_0(form, found[0] if found else events[0].cells, values):
            unfilled |= mine
        if says := _says(form, found, events, values):
            causes.append((mine, says))
    return Explanation(frozenset(suspects), tuple(explanations), tuple(causes), frozenset(unfilled))


def _says(form: Form, found: Sequence[Explained], events: Sequence[Displaced], values: Sequence[Number | None]) -> str:
    """The cause: of the one explanation by cells, or of the one event where cells explain it no better."""
    one = found[0] if len(found) == 1 else ()
    event = events[0] if len(events) == 1 else None
    if event is not None and (not found or len(found[0]) > 2):
        return event.says
    if one and (event is None or set(one) == set(event.cells)):
        return _cause(form, one, values) or (event.says if event else "")
    return ""


def _components(form: Form, failing: Sequence[int]) -> list[list[int]]:
    """Failing rules grouped by shared table: errors of one table may be linked through its passing rules."""
    groups: dict[str, list[int]] = {}
    for n in failing:
        relation = form.rules[n].relation
        key = form.fields[relation.fields[0]].table
        if not any(len(form.rules_of[i]) > 1 for i in relation.fields):
            key = f"{key}/{n}"
        groups.setdefault(key, []).append(n)
    return list(groups.values())


def _smallest(form: Form, failing: Sequence[int], values: Sequence[Number | None]) -> tuple[int, list[Explained]]:
    """All explanations of the fewest steps, and that number: one for each changed cell, one for a whole line that was left out."""
    steps, omitted = _not_filled(form, failing, values)
    found = _search(form, failing, values, min(steps, _DEEPEST))
    if found and (not omitted or len(found[0]) < steps):
        return len(found[0]), found
    return steps, [*omitted, *(e for e in found if set(e) not in map(set, omitted))]


def _not_filled(form: Form, failing: Sequence[int], values: Sequence[Number | None]) -> tuple[int, list[Explained]]:
    """A whole row or column printed as zeros that the sums want otherwise: one omission, not many errors.

    What still fails once the line is filled is explained by further cells, a step each. Returns the number of
    steps with the explanations; more steps than are ever searched where there is none.
    """
    if len(failing) < _FEWEST_FOR_OMISSION:
        return _DEEPEST, []
    lines = {(form.fields[i].table, side, getattr(form.fields[i], side))
             for n in failing for i in form.rules[n].relation.fields for side in ("row", "column")}  # fmt: skip
    found: list[tuple[int, Explained]] = []
    for table, side, name in sorted(lines):
        line = [f.index for f in form.fields if f.table == table and getattr(f, side) == name]
        if len(line) < 2 or any(values[i] != 0 for i in line):
            continue
        for family in sorted({form.rules[n].id for n in failing}):
            # Only a total can go unfilled: a cell that stands alone on its side of the sum.
            if all(any(_stands_alone(form, n, i) for n in form.rules_of[i] if form.rules[n].id == family) for i in line):
                found += _filled(form, line, family, failing, values)
    fewest = min((n for n, _ in found), default=_DEEPEST)
    return fewest, [e for n, e in found if n == fewest]


def _stands_alone(form: Form, number: int, i: int) -> bool:
    relation = form.rules[number].relation
    return any(len(side.terms) == 1 and side.terms[0][1] == i for side in (relation.left, relation.right))


def _filled(
    form: Form, line: Sequence[int], family: str, failing: Sequence[int], values: Sequence[Number | None]
) -> list[tuple[int, Explained]]:
    """``line`` filled as the rules of one ``family`` want it, with whatever else must change then, and the steps."""
    mended = list(values)
    for i in line:
        for n in form.rules_of[i]:
            wanted = form.rules[n].relation.implied(values, i) if form.rules[n].id == family else None
            if wanted is not None and wanted >= 0:
                mended[i] = wanted
    filled = tuple((i, w) for i in line if (w := mended[i]) is not None and w != values[i])
    touched = {n for i in line for n in form.rules_of[i]} | set(failing)
    remaining = [n for n in sorted(touched) if form.rules[n].relation.verdict(mended)[0] is Verdict.FAIL]
    if len(filled) < 2 or 2 * len(remaining) > len(failing):
        return []
    if not remaining:
        return [(1, filled)]
    more = _search(form, remaining, mended, _DEEPEST - 1)
    return [(1 + len(m), tuple((dict(filled) | dict(m)).items())) for m in more]


def _search(form: Form, failing: Sequence[int], values: Sequence[Number | None], deepest: int) -> list[Explained]:
    """All explanations of the least size, by iterative deepening; none where the search gets too wide."""
    steps = [0]
    for depth in range(1, deepest + 1):
        found: dict[frozenset[tuple[int, Number]], Explained] = {}
        _extend(form, list(values), frozenset(failing), (), depth, found, steps)
        if steps[0] > _MOST_STEPS:
            return []
        if found:
            return list(found.values())
    return []


def _extend(
    form: Form,
    values: list[Number | None],
    failing: frozenset[int],
    done: Explained,
    left: int,
    found: dict[frozenset[tuple[int, Number]], Explained],
    steps: list[int],
) -> None:
    if not failing:
        found.setdefault(frozenset(done), done)
        return
    if len(failing) > left * _MOST_RULES_A_CELL or steps[0] > _MOST_STEPS:
        return
    number = min(failing, key=lambda n: (len(form.rules[n].relation.fields), n))
    changed = {i for i, _ in done}
    for i in form.rules[number].relation.fields:
        if i in changed or (left == 1 and not failing <= set(form.rules_of[i])):
            continue
        # Where two cells of one sum are wrong, another sum of either says by how much.
        for wanted in dict.fromkeys(form.rules[n].relation.implied(values, i) for n in form.rules_of[i] if n in failing):
            if wanted is None or (wanted < 0 and form.fields[i].kind != "signed"):
                continue
            steps[0] += 1
            before, values[i] = values[i], wanted
            mine = {n for n in form.rules_of[i] if form.rules[n].relation.verdict(values)[0] is Verdict.FAIL}
            now = failing.difference(form.rules_of[i]) | mine
            _extend(form, values, now, (*done, (i, wanted)), left - 1, found, steps)
            values[i] = before


def _row_left_at_0(form: Form, explanation: Sequence[tuple[int, Number]], values: Sequence[Number | None]) -> bool:
    """Two cells or more of one row that are printed as 0, and nothing else, would have to be something else."""
    return len(explanation) > 1 and len({form.fields[i].row for i, _ in explanation}) == 1 and all(values[i] == 0 for i, _ in explanation)


def _cause(form: Form, explanation: Sequence[tuple[int, Number]], values: Sequence[Number | None]) -> str:
    """The name of the pattern in one explanation (domain.md §2.1, the table of residuals)."""
    fields = [form.fields[i] for i, _ in explanation]
    if _row_left_at_0(form, explanation, values):
        return f"「{fields[0].row_label}」一行未填"
    if len(explanation) > 1 and len({f.row for f in fields}) == 1:
        if sum((w - (values[i] or 0)) for i, w in explanation) == 0:
            return f"「{fields[0].row_label}」一行的数填错了列"
    if len(explanation) > 1 and len({f.column for f in fields}) == 1:
        if all(values[i] == 0 for i, _ in explanation) and len(explanation) > 2:
            return f"「{fields[0].column_label}」一列未填"
        if sum((w - (values[i] or 0)) for i, w in explanation) == 0:
            return f"「{fields[0].column_label}」一列的数填错了行"
    if len(explanation) == 1:
        index, wanted = explanation[0]
        pattern = typing_error(str(values[index]), str(wanted))
        place = f"「{form.fields[index].row_label}」×「{form.fields[index].column_label}」"
        return f"{place}{pattern}" if pattern else f"{place}与合计不符"
    return ""


def typing_error(printed: str, wanted: str) -> str:
    """The typing error that turns ``wanted`` into ``printed``, in words, or an empty string."""
    if printed == "0" and wanted != "0":
        return "填为 0"
    if wanted != "0" and (printed == wanted + "0000" or wanted == printed + "0000"):
        return f"差一万倍，单位可能有误（{wanted}→{printed}）"
    if len(printed) == len(wanted) - 1 and any(wanted[:i] + wanted[i + 1 :] == printed for i in range(len(wanted))):
        return f"少一位数字（{wanted}→{printed}）"
    if len(printed) == len(wanted) + 1 and any(printed[:i] + printed[i + 1 :] == wanted for i in range(len(printed))):
        return f"多一位数字（{wanted}→{printed}）"
    if len(printed) == len(wanted):
        differing = [i for i in range(len(printed)) if printed[i] != wanted[i]]
        if len(differing) == 1:
            return f"一位数字不同（{wanted}→{printed}）"
        if len(differing) == 2 and differing[1] == differing[0] + 1 and sorted(printed) == sorted(wanted):
            return f"相邻数字颠倒（{wanted}→{printed}）"
    return ""
