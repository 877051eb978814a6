"""Form files for the people who write them: the list, a check with warnings, the difference of two editions.

What the equations cannot see is computed, not claimed: two rows or two columns are interchangeable where
swapping them maps the set of hard equations onto itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from extractor.errors import FormError
from extractor.expr import Relation
from extractor.form import Block, Form, FormSpec, HeaderSpec, Rule, load_form, load_forms
from extractor.form.check import redundant

if TYPE_CHECKING:
    from rich.console import Console

Equation = tuple[frozenset[tuple[int, int]], int]


def print_list(console: Console, forms: Sequence[Form]) -> None:
    """One line a form, with its file below."""
    for form in forms:
        rules = len({r.id for r in form.rules})
        draft = " · draft" if form.spec.draft else ""
        lines = (
            f"{form.id}  {form.spec.title}  {form.spec.authority}{draft}",
            f"  {len(form.fields)} fields in {len(form.tables)} tables ({', '.join(t.id for t in form.tables)})",
            f"  {rules} rules with {len(form.rules)} instances, {len(form.narrative)} on the narrative",
            f"  {form.path}",
        )
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def find_form(name: str, folder: str | None = None) -> Form:
    """The form with the id ``name``, or the one in the file ``name``; FormError for neither."""
    path = Path(name)
    if path.is_file():
        return load_form(path)
    if path.suffix in (".yaml", ".yml"):
        raise FormError(f"{name}: no such file")
    forms = load_forms(folder)
    found = next((f for f in forms if f.id == name), None)
    if found is None:
        raise FormError(f"{name}: neither a file nor a form; forms are {', '.join(f.id for f in forms)}")
    return found


def schema() -> str:
    """The JSON Schema of a form file."""
    return json.dumps(FormSpec.model_json_schema(), ensure_ascii=False, indent=2)


# Check


def check(form: Form) -> list[str]:
    """What is known of a form that loads: its size, its arithmetic, and warnings."""
    equations = _equations(form)
    covered = {i for terms, _ in equations for _, i in terms}
    size = f"{len(form.fields)} fields in {len(form.tables)} tables, {len(form.labels)} labels"
    rules = f"{len({r.id for r in form.rules})} rules with {len(form.rules)} instances"
    following = _following(form)
    arithmetic = f"{len(equations)} hard equations of rank {len(equations) - len(following)} over {len(covered)} fields"
    bare = f"{len(form.fields) - len(covered)} fields are in no equation: their place alone speaks for them"
    lines = [f"{form.id}: ok: {size}, {rules}, {len(form.narrative)} on the narrative", f"{arithmetic}; {bare}"]
    if following:
        lines.append(f"{len(following)} of the equations follow from those before them: {', '.join(following)}")
    blind = [x for t in form.tables for b in t.blocks for x in _blind(b, t.id, set(equations), covered)]
    if blind:
        lines.append(f"no equation sees it when whole rows or columns trade places within {'; '.join(blind)}")
    return lines + [f"warning: {w}" for w in ambiguous(form)]


def _hard_equations(form: Form) -> list[Rule]:
    return [r for r in form.rules if r.severity == "hard" and r.relation.operator == "=="]


def _equations(form: Form) -> list[Equation]:
    return [_equation(r.relation) for r in _hard_equations(form)]


def _following(form: Form) -> list[str]:
    """The hard equations that say nothing new beside those before them; no error, the last sum of a table always does."""
    rules = _hard_equations(form)
    return [f"{rules[n].id} ({rules[n].instance})" for n in redundant([r.relation for r in rules])]


def _equation(relation: Relation) -> Equation:
    """All on one side, the sign chosen so that the lowest field has a positive coefficient."""
    terms = [*relation.left.terms, *((-c, i) for c, i in relation.right.terms)]
    sign = 1 if min(terms, key=lambda t: t[1])[0] > 0 else -1
    return frozenset((sign * c, i) for c, i in terms), sign * (relation.left.constant - relation.right.constant)


def _blind(block: Block, table: str, equations: set[Equation], covered: set[int]) -> Iterator[str]:
    """The sets of rows, then of columns, of one block that can trade places unseen; none where no equation looks."""
    if not covered & {i for line in block.grid for i in line}:
        return
    down = [list(line) for line in block.grid]
    across = [list(line) for line in zip(*block.grid, strict=True)]
    for what, headers, lines in (("rows", block.rows, down), ("columns", block.columns, across)):
        left = list(range(len(lines)))
        while left:
            first = left.pop(0)
            same = [first, *(k for k in left if _unseen(lines[first], lines[k], equations))]
            left = [k for k in left if k not in same]
            if len(same) > 1:
                yield f"{table}: the {len(same)} {what} {_shortened([headers[k].id for k in same])}"


def _unseen(a: Sequence[int], b: Sequence[int], equations: set[Equation]) -> bool:
    swap = dict(zip([*a, *b], [*b, *a], strict=True))
    return all(_swapped(e, swap) in equations for e in equations)


def _swapped(equation: Equation, swap: Mapping[int, int]) -> Equation:
    terms, constant = equation
    moved = [(c, swap.get(i, i)) for c, i in terms]
    sign = 1 if min(moved, key=lambda t: t[1])[0] > 0 else -1
    return frozenset((sign * c, i) for c, i in moved), sign * constant


def _shortened(names: Sequence[str]) -> str:
    return " ".join(names) if len(names) <= 6 else f"{names[0]} … {names[-1]}"


def ambiguous(form: Form) -> list[str]:
    """Labels that two rows or two columns of one block share once numbering and punctuation are gone."""
    places: dict[tuple[str, str, int, str], dict[str, None]] = {}
    for label in form.labels:
        if label.role in ("row", "column"):
            where = (label.table or "", label.role, label.block, label.key)
            places.setdefault(where, {})[label.ref] = None
    return [
        f"table {table}: the label {name!r} can mean the {role}s {' and '.join(refs)}; their group must tell them apart"
        for (table, role, _, name), refs in places.items()
        if len(refs) > 1
    ]


# Difference


def difference(a: Form, b: Form) -> list[str]:
    """Tables, rows, columns, labels and rules that only one form has (``-`` the first, ``+`` the second) or that changed (``~``)."""
    out = list(_changes("", _head(a.spec), _head(b.spec)))
    out += _changes(
        "table ",
        {t.id: _text(t.label, t.also) for t in a.spec.tables},
        {t.id: _text(t.label, t.also) for t in b.spec.tables},
    )
    for table in (t.id for t in a.spec.tables if t.id in {x.id for x in b.spec.tables}):
        for what in ("row", "column"):
            out += _changes(f"{what} {table}/", _headers(a.spec, table, what), _headers(b.spec, table, what))
    out += _changes("rule ", _rules(a.spec), _rules(b.spec))
    out += _changes("narrative ", _narrative(a.spec), _narrative(b.spec))
    return out


def _changes(what: str, a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[str]:
    for name in [*a, *(n for n in b if n not in a)]:
        if name not in b:
            yield f"- {what}{name}: {a[name]}"
        elif name not in a:
            yield f"+ {what}{name}: {b[name]}"
        elif a[name] != b[name]:
            yield f"~ {what}{name}: {a[name]} → {b[name]}"


def _head(spec: FormSpec) -> dict[str, str]:
    return {
        "title": spec.title,
        "authority": spec.authority,
        "years": f"{spec.since or '…'}–{spec.until or '…'}",
        "detect": "、".join(spec.detect),
    }


def _text(label: str, also: Sequence[str]) -> str:
    return label + (f"（also {'、'.join(also)}）" if also else "")


def _headers(spec: FormSpec, table: str, what: str) -> dict[str, str]:
    """Row or column id, with the groups above it, to labels, kind and unit."""
    out: dict[str, str] = {}

    def walk(headers: Sequence[HeaderSpec], above: str) -> None:
        for h in headers:
            extra = "".join(f", {x}" for x in (h.kind, h.unit) if x)
            out.setdefault(above + h.id, _text(h.label, h.also) + extra)
            walk(h.children, f"{above}{h.id}/")

    for block in next(t for t in spec.tables if t.id == table).blocks:
        walk(block.rows if what == "row" else block.columns, "")
    return out


def _rules(spec: FormSpec) -> dict[str, str]:
    out = {}
    for r in spec.rules:
        limits = "".join(
            f", {name} {x}" for name, x in (("each", r.each), ("when", r.when), ("unless", r.unless_agency)) if x
        )
        out[r.id] = f"{r.expr} ({r.severity}{limits}) {r.says}"
    return out


def _narrative(spec: FormSpec) -> dict[str, str]:
    return {n.id: f"{n.kind} {' | '.join(n.patterns)} = {', '.join(n.equals) or n.value}" for n in spec.narrative}
