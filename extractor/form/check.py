"""Whether the rules of a form can hold: alone, together, and without saying nothing or the same thing twice.

What is looked for is what R's ``validatetools`` looks for in a rule set: contradictions (``is_infeasible``) and fixed
variables (``detect_fixed_variables``); here both are errors, with the line of the first rule that brings them about.
A rule that follows from others is no error (``redundant``): the last sum of a table always does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extractor.errors import FormError
from extractor.expr import Relation
from extractor.form import exact
from extractor.form.exact import CONSTANT, Domain, Row, System, TooEntangled


@dataclass(frozen=True, slots=True)
class Stated:
    """One instance of an edit rule with the ``FILE:LINE`` of its expression and of its condition."""

    id: str
    instance: str
    hard: bool
    relation: Relation
    when: Relation | None
    unless: str | None
    place: str
    place_when: str

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"rule {self.id}" + ("" if self.instance == "report" else f" ({self.instance})")

    @property
    def always(self) -> bool:
        """Whether it holds in every report: hard and without a condition."""
        return self.hard and self.when is None and self.unless is None


def row_of(relation: Relation) -> tuple[Row, bool]:
    """A relation as one row, and whether it is an equation; else the row is at most 0."""
    sign = -1 if relation.operator == ">=" else 1
    row: Row = {i: sign * c for c, i in relation.left.terms} | {i: -sign * c for c, i in relation.right.terms}
    constant = sign * (relation.left.constant - relation.right.constant)
    if constant:
        row[CONSTANT] = constant
    return exact.primitive(row), relation.operator == "=="


def check_rules(rules: Sequence[Stated], domains: Sequence[Domain], names: Sequence[str]) -> None:
    """FormError for the first rule that cannot hold, says nothing, repeats another, or forces a figure."""
    for rule in rules:
        _alone(rule, domains)
    _twice(rules)
    always = [r for r in rules if r.always]
    try:
        system, limits = _together(always, domains, names)
        for rule in rules:
            if not rule.always:
                _beside(rule, system, limits, domains)
    except TooEntangled as exc:
        where = rules[0].place if rules else ""
        raise FormError(f"{where}: the hard rules are too entangled to be checked; state fewer, or simpler ones") from exc


def _alone(rule: Stated, domains: Sequence[Domain]) -> None:
    """One rule, and its condition, against what figures there are at all."""
    parts = [("", rule.relation, rule.place, "correct it, or delete the rule")]
    if rule.when:
        parts.append(("the condition `when` of ", rule.when, rule.place_when, "correct it, or delete it"))
    for what, relation, place, advice in parts:
        row, equation = row_of(relation)
        if exact.impossible(row, domains, equation=equation):
            raise FormError(f"{place}: {what}{rule.name} can never hold: no figures fit it; {advice}")
        if exact.says_nothing(row, domains, equation=equation):
            raise FormError(f"{place}: {what}{rule.name} says nothing: all figures fit it; {advice}")


def _twice(rules: Sequence[Stated]) -> None:
    """No relation under the same conditions twice, also not multiplied or with its sides exchanged."""
    seen: dict[tuple[object, ...], Stated] = {}
    for rule in rules:
        key = (_same(rule.relation), _same(rule.when) if rule.when else None, rule.unless)
        first = seen.setdefault(key, rule)
        if first is not rule:
            line = first.place.rpartition(":")[2]
            raise FormError(f"{rule.place}: {rule.name} says the same as {first.name} in line {line}; delete one of them")


def _same(relation: Relation) -> tuple[bool, frozenset[tuple[int, int]]]:
    row, equation = row_of(relation)
    sign = -1 if equation and row[min(i for i in row if i != CONSTANT)] < 0 else 1
    return equation, frozenset((i, sign * c) for i, c in row.items())


def _split(rules: Sequence[Stated]) -> tuple[list[Row], list[Row]]:
    rows = [row_of(r.relation) for r in rules]
    return [row for row, equation in rows if equation], [row for row, equation in rows if not equation]


def _together(
    always: Sequence[Stated], domains: Sequence[Domain], names: Sequence[str]
) -> tuple[System, list[Row]]:
    """The rules that hold in every report, solved; FormError where they contradict one another or force a figure."""
    equations, limits = _split(always)
    system = System()
    sound = all(system.add(row) is not None for row in equations)
    if sound and exact.examine_solved(system, limits, domains) is None:
        return system, limits
    first, last = 1, len(always)
    while first < last:  # the fewest rules from the top that are wrong together end with the one to name
        middle = (first + last) // 2
        if exact.examine(*_split(always[:middle]), domains) is None:
            first = middle + 1
        else:
            last = middle
    rule = always[first - 1]
    fault = exact.examine(*_split(always[:first]), domains)
    if fault is None or fault.unknown is None:
        raise FormError(f"{rule.place}: {rule.name} contradicts the hard rules before it: together no figures fit them; correct one")
    raise FormError(
        f"{rule.place}: {rule.name}, with the hard rules before it, leaves {names[fault.unknown]} no value but {fault.value} in "
        f"any report; correct it, or make it soft"
    )


def _beside(rule: Stated, system: System, limits: Sequence[Row], domains: Sequence[Domain]) -> None:
    """A soft or conditional rule against the hard ones, and against its own condition."""
    relations = [rule.relation, *([rule.when] if rule.when else [])]
    rows = [row_of(r) for r in relations]
    if not limits and all(CONSTANT not in row for row, _ in rows) and all(CONSTANT not in r for r in system.rows.values()):
        return  # a report of zeros fits all of them
    both = system.copy()
    if all(both.add(row) is not None for row, equation in rows if equation):
        fault = exact.examine_solved(both, [*limits, *(row for row, equation in rows if not equation)], domains)
        if fault is None or fault.unknown is not None:
            return
    why = "where its condition `when` holds" if rule.when else "beside the hard rules"
    raise FormError(f"{rule.place}: {rule.name} can never hold {why}; correct it, or delete the rule")


def redundant(relations: Sequence[Relation]) -> Iterator[int]:
    """The numbers of the equations that follow from those before them."""
    system = System()
    for n, relation in enumerate(relations):
        if system.add(row_of(relation)[0]) is False:
            yield n
