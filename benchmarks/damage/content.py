"""What a report says before any damage: an agency, a year, consistent figures, and planted misprints."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from benchmarks.damage import names
from extractor.expr import Relation
from extractor.form import Field, Form
from extractor.types import Number, Verdict

SIZES = ("idle", "small", "city")
MISPRINT_RATE = 0.15


@dataclass(frozen=True, slots=True)
class Plan:
    """Which field is computed from which rule, in the order that works; every other field is free."""

    steps: tuple[tuple[int, Relation], ...]
    pivots: frozenset[int]
    covered: frozenset[int]
    hard: tuple[tuple[str, str, Relation], ...]
    sources: dict[Relation, frozenset[int]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """One report: ``values`` are what it prints (misprints included), in the form's field order."""

    form: Form
    agency: str
    year: int
    size: str
    values: tuple[Number, ...]
    misprints: tuple[tuple[str, str], ...]
    misprint_kinds: tuple[str, ...]
    paragraphs: dict[str, tuple[str, ...]]


_PLANS: dict[tuple[str, str], Plan] = {}


def plan(form: Form) -> Plan:
    """The (cached) order in which the hard identities of a form can be made to hold."""
    found = _PLANS.get((form.id, form.path))
    if found is None:
        found = _PLANS[(form.id, form.path)] = _plan(form)
    return found


def _plan(form: Form) -> Plan:
    rules = [r for r in form.rules if r.severity == "hard"]
    equal = [r.relation for r in rules if r.relation.operator == "=="]
    sums = [r for r in equal if _total_of(r) is not None]
    pivots: dict[int, Relation] = {}
    for relation in sums:
        total = _total_of(relation)
        if total is not None and total not in pivots and not _reaches(relation, total, pivots):
            pivots[total] = relation
    for relation in (r for r in equal if _total_of(r) is None):
        for coefficient, i in relation.left.terms + relation.right.terms:
            if coefficient == 1 and i not in pivots and not _reaches(relation, i, pivots):
                pivots[i] = relation
                break
    covered = frozenset(i for r in rules for i in r.relation.fields)
    hard = tuple((r.id, r.instance, r.relation) for r in rules)
    return Plan(tuple(_ordered(pivots)), frozenset(pivots), covered, hard)


def _total_of(relation: Relation) -> int | None:
    """The field that an identity says is a sum: the only term of one side."""
    for side in (relation.right, relation.left):
        if len(side.terms) == 1 and side.terms[0][0] == 1 and side.constant == 0:
            return side.terms[0][1]
    return None


def _reaches(relation: Relation, target: int, pivots: dict[int, Relation]) -> bool:
    """Whether computing ``target`` from ``relation`` would need ``target`` itself."""
    stack, seen = [i for i in relation.fields if i != target], set()
    while stack:
        i = stack.pop()
        if i == target:
            return True
        if i in pivots and i not in seen:
            seen.add(i)
            stack += [j for j in pivots[i].fields if j != i]
    return False


def _ordered(pivots: dict[int, Relation]) -> list[tuple[int, Relation]]:
    out: list[tuple[int, Relation]] = []
    done: set[int] = set()

    def visit(i: int) -> None:
        if i in done or i not in pivots:
            return
        done.add(i)
        for j in pivots[i].fields:
            if j != i:
                visit(j)
        out.append((i, pivots[i]))

    for i in sorted(pivots):
        visit(i)
    return out


def failing(form: Form, values: Sequence[Number | None]) -> tuple[tuple[str, str], ...]:
    """Every hard rule instance that fails on ``values``."""
    return tuple(
        (rule, instance) for rule, instance, relation in plan(form).hard if relation.verdict(values)[0] is Verdict.FAIL
    )


def make_content(form: Form, rng: Random) -> Content:
    """A plausible report of known content; about one in seven carries misprints of its own."""
    size = rng.choices(SIZES, (3, 4, 3))[0]
    agency = rng.choice(names.AGENCIES[size])
    since = form.spec.since or 2020
    first, last = names.YEARS.get(form.id, (since, since + 4))
    year = rng.randint(first, last)
    values = _figures(form, rng, size, agency)
    paragraphs = _paragraphs(form, rng, values, agency, year)
    kinds: tuple[str, ...] = ()
    if rng.random() < MISPRINT_RATE:
        kinds = _misprint(form, rng, values)
    return Content(form, agency, year, size, tuple(values), failing(form, values) if kinds else (), kinds, paragraphs)


# ---------------------------------------------------------------- figures


def _figures(form: Form, rng: Random, size: str, agency: str) -> list[Number]:
    p = plan(form)
    first_columns = {row[0] for t in form.tables for b in t.blocks for row in b.grid if b.layout == "matrix"}
    busy = rng.random() < 0.9
    values: list[Number] = []
    for f in form.fields:
        if f.index in p.pivots:
            values.append(0)
        elif f.index in p.covered:
            values.append(_covered(rng, size, f, f.index in first_columns) if busy or "lit" not in f.table else 0)
        else:
            values.append(_plain(rng, size, f))
    _soften(form, rng, values, agency)
    _solve(p, values)
    if any(rule.verdict(values)[0] is Verdict.FAIL for _, _, rule in p.hard):
        values = [Decimal(0) if f.kind == "amount" else 0 for f in form.fields]
    return values


def _covered(rng: Random, size: str, f: Field, first: bool) -> int:
    """A figure of a table that must add up: the first column (自然人) carries most."""
    chance = {"idle": (0.02, 0.004), "small": (0.28, 0.03), "city": (0.8, 0.2)}[size][0 if first else 1]
    if rng.random() >= chance:
        return 0
    top = {"idle": (3, 1), "small": (12, 3), "city": (900, 25)}[size][0 if first else 1]
    return _skewed(rng, top)


def _skewed(rng: Random, top: int) -> int:
    """1..top, small ones far more often, as counts of cases are."""
    spread: float = math.exp(math.log(top) * rng.random() ** 1.3) if top > 1 else 1.0
    return max(1, round(spread * rng.uniform(0.6, 1.0)))


def _plain(rng: Random, size: str, f: Field) -> Number:
    small, city = names.SCALES.get(f.column) or names.SCALES.get(f.row) or names.DEFAULT_SCALE
    if f.row in names.SCALES:
        small, city = min(small, names.SCALES[f.row][0]), min(city, names.SCALES[f.row][1])
    if rng.random() < {"idle": 0.8, "small": 0.35, "city": 0.08}[size]:
        return Decimal(0) if f.kind == "amount" else 0
    top = {"idle": max(1, small // 20), "small": small, "city": city}[size]
    n = _skewed(rng, top)
    if f.kind == "amount":
        places = rng.choice((0, 0, 1, 2, 3, 4))
        return Decimal(n) + (Decimal(rng.randrange(1, 10**places)) / 10**places if places else 0)
    return -n if f.kind == "signed" and rng.random() < 0.4 else n


def _soften(form: Form, rng: Random, values: list[Number], agency: str) -> None:
    """Make the soft rules hold in most reports, by moving free figures only."""
    p = plan(form)
    for rule in form.rules:
        if rule.severity == "hard" or rng.random() < 0.03:
            continue
        relation = rule.relation
        if relation.operator == "==":
            if rule.unless_agency and not re.search(rule.unless_agency, agency):
                for i in relation.fields:
                    values[i] = 0
            elif rule.when and not any(values[i] for i in _sources(form, rule.when)):
                for i in sorted(_sources(form, relation)):
                    values[i] = 0
            continue
        low, high = (relation.left, relation.right) if relation.operator == "<=" else (relation.right, relation.left)
        gap = (low.value(values) or 0) - (high.value(values) or 0)
        free = [i for c, i in high.terms if c == 1 and i not in p.covered]
        if gap > 0 and free:
            values[free[0]] += gap


def _sources(form: Form, relation: Relation) -> frozenset[int]:
    """The fields of a relation and, where they are sums, everything they are sums of."""
    p = plan(form)
    known = p.sources.get(relation)
    if known is not None:
        return known
    by_pivot = dict(p.steps)
    out: set[int] = set()
    stack = list(relation.fields)
    while stack:
        i = stack.pop()
        if i not in out:
            out.add(i)
            stack += by_pivot[i].fields if i in by_pivot else ()
    p.sources[relation] = frozenset(out)
    return p.sources[relation]


def _solve(p: Plan, values: list[Number]) -> None:
    for i, relation in p.steps:
        implied = relation.implied(values, i)
        if implied is not None and implied < 0:
            side = relation.left if any(j == i for _, j in relation.left.terms) else relation.right
            for _, j in side.terms:
                if j != i and j not in p.pivots:
                    values[j] = 0
            implied = relation.implied(values, i)
        values[i] = implied if implied is not None and implied >= 0 else 0


# ---------------------------------------------------------------- misprints


def _misprint(form: Form, rng: Random, values: list[Number]) -> tuple[str, ...]:
    """Plant one or two misprints of the report itself; returns what was planted."""
    kinds = [_wrong_total, _total_row_unfilled, _interior_wrong, _wrong_column]
    planted: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        rng.shuffle(kinds)
        for kind in kinds:
            before = list(values)
            name = kind(form, rng, values)
            if name and len(failing(form, values)) > 0 and values != before:
                planted.append(name)
                break
            values[:] = before
    return tuple(planted)


def _nudge(rng: Random, value: Number) -> Number:
    digits = str(value)
    if len(digits) > 1 and rng.random() < 0.4 and int(digits[::-1]) != value and digits[-1] != "0":
        return int(digits[1] + digits[0] + digits[2:]) if digits[0] != digits[1] else value + 10
    return max(0, int(value) + rng.choice((1, 1, 2, -1, 10, 9)))


def _wrong_total(form: Form, rng: Random, values: list[Number]) -> str | None:
    totals = sorted({t for _, _, r in plan(form).hard if (t := _total_of(r)) is not None})
    if not totals:
        return None
    shown = [i for i in totals if values[i]] or totals
    i = rng.choice(shown)
    values[i] = _nudge(rng, values[i])
    return f"misprint: wrong total {form.fields[i].id}"


def _total_row_unfilled(form: Form, rng: Random, values: list[Number]) -> str | None:
    rows: dict[tuple[str, str], list[int]] = {}
    for rule, _, relation in plan(form).hard:
        total = _total_of(relation)
        if total is not None:
            rows.setdefault((rule, form.fields[total].row), []).append(total)
    full = sorted(k for k, v in rows.items() if len(v) > 2 and any(values[i] for i in v))
    if not full:
        return None
    chosen = rng.choice(full)
    for i in rows[chosen]:
        values[i] = 0
    return f"misprint: total row {chosen[1]} not filled"


def _interior_wrong(form: Form, rng: Random, values: list[Number]) -> str | None:
    p = plan(form)
    inner = sorted(p.covered - p.pivots)
    if not inner:
        return None
    i = rng.choice([i for i in inner if values[i]] or inner)
    values[i] = _nudge(rng, values[i])
    return f"misprint: wrong cell {form.fields[i].id}"


def _wrong_column(form: Form, rng: Random, values: list[Number]) -> str | None:
    moves = []
    for _, _, relation in plan(form).hard:
        total = _total_of(relation)
        inner = [i for i in relation.fields if i != total]
        same_row = len({form.fields[i].row for i in inner}) == 1
        if total is not None and same_row and any(values[i] for i in inner):
            moves.append(inner)
    if not moves:
        return None
    inner = rng.choice(moves)
    source = rng.choice([i for i in inner if values[i]])
    target = rng.choice([i for i in inner if i != source])
    amount = rng.randint(1, int(values[source]))
    values[source] -= amount
    values[target] += amount
    return f"misprint: value of {form.fields[source].id} in column {form.fields[target].column}"


# ---------------------------------------------------------------- sentences


def _paragraphs(
    form: Form, rng: Random, values: Sequence[Number], agency: str, year: int
) -> dict[str, tuple[str, ...]]:
    """Prose around the tables: what it counts agrees with them."""
    own = _own_name(agency)

    def say(choices: Sequence[str]) -> str:
        return rng.choice(choices).format(year=year, agency=agency, self=own, tail=rng.randint(10, 99))

    overview = [say(names.OVERVIEW), *_facts(form, rng, values, year, own)]
    overview += [say(c) for c in (names.MANAGEMENT, names.PLATFORM, names.SUPERVISION) if rng.random() < 0.6]
    opening = say(names.OPENING)
    problems = [say(names.PROBLEMS), say(names.REMEDIES)]
    parts = {
        "opening": [opening] if opening else [],
        "overview": overview,
        "problems": problems,
        "other": [say(names.OTHER)],
    }
    return {name: tuple(lines) for name, lines in parts.items()}


def _own_name(agency: str) -> str:
    return next((own for ending, own in names.OWN_NAMES if agency.endswith(ending)), agency)


def _facts(form: Form, rng: Random, values: Sequence[Number], year: int, own: str) -> list[str]:
    def at(name: str) -> Number:
        return values[form.index[name]] if name in form.index else 0

    disclosed = rng.randint(5, 9000)
    new, done = at("requests/new/total"), at("requests/total/total")
    into, out = at("requests/carried_in/total"), at("requests/carried_out/total")
    cases = at("litigation/reconsideration/total")
    suits = at("litigation/direct_lawsuit/total") + at("litigation/lawsuit_after_reconsideration/total")
    facts = [f"（一）主动公开情况。{year}年，{own}通过政府网站主动公开政府信息{disclosed}条。"]
    if new == 0 and into == 0:
        facts.append(f"（二）依申请公开情况。{year}年，{own}未收到政府信息公开申请。")
    else:
        carry = f"，上年结转{into}件" if into else ""
        later = f"，结转下年度继续办理{out}件" if out else "，全部按时办结"
        facts.append(
            f"（二）依申请公开情况。{year}年，{own}共收到政府信息公开申请{new}件{carry}，办结{done}件{later}。"
        )
    if cases or suits:
        facts.append(f"全年发生政府信息公开行政复议{cases}件，行政诉讼{suits}件。")
    elif rng.random() < 0.5:
        facts.append("全年没有因政府信息公开工作引起的行政复议、行政诉讼。")
    return facts
