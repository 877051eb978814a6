"""The printed rows of a table with their readings, and the table as a search problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from extractor.expr import Relation
from extractor.form import Block, Form, Table
from extractor.reconcile.search import Choice, Equation, Group, Problem
from extractor.types import PRINTED, Candidate, Number

Reading = Mapping[int, Candidate]


@dataclass(frozen=True)
class Frame:
    """What the form alone says of one table: its printed rows, and its hard equations over local variables.

    ``rows`` are the fields printed together, in the form's order: of a matrix each row, of a band all its cells.
    ``variables`` are the fields that an equation covers; ``local`` gives a field's number among them,
    ``beside`` the other fields of its equations.
    """

    rows: tuple[tuple[int, ...], ...]
    blocks: tuple[int, ...]
    variables: tuple[int, ...]
    local: dict[int, int]
    beside: dict[int, frozenset[int]]
    equations: tuple[Equation, ...]
    equations_of: dict[int, tuple[Equation, ...]]
    signed: frozenset[int]
    lines: tuple[frozenset[int], ...]


def frame(form: Form, table: Table) -> Frame:
    """The frame of one table, made once."""
    return _frame(form, table.id)


@lru_cache(maxsize=64)
def _frame(form: Form, table_id: str) -> Frame:
    table = form.table(table_id)
    rows = [(b.number, r) for b in table.blocks for r in _printed_rows(b)]
    fields = {i for _, row in rows for i in row}
    relations = [r.relation for r in form.rules if r.severity == "hard" and r.when is None and r.relation.operator == "==" and fields.issuperset(r.relation.fields)]
    variables = tuple(sorted({i for r in relations for i in r.fields}))
    local = {i: n for n, i in enumerate(variables)}
    equations = tuple(_equation(r, local) for r in relations)
    by_variable: dict[int, list[Equation]] = {n: [] for n in local.values()}
    for e in equations:
        for _, v in e.terms:
            by_variable[v].append(e)
    beside = {i: frozenset(variables[v] for e in by_variable[n] for _, v in e.terms) - {i} for i, n in local.items()}
    signed = frozenset(local[i] for i in variables if form.fields[i].kind == "signed")
    lines = tuple(frozenset(local[i] for i in line) for line in _total_lines(form, relations))
    return Frame(tuple(r for _, r in rows), tuple(b for b, _ in rows), variables, local, beside, equations,
                 {v: tuple(x) for v, x in by_variable.items()}, signed, lines)  # fmt: skip


def _printed_rows(block: Block) -> Sequence[tuple[int, ...]]:
    return (tuple(i for row in block.grid for i in row),) if block.layout == "band" else block.grid


def _equation(relation: Relation, local: Mapping[int, int]) -> Equation:
    terms = [(c, local[i]) for c, i in relation.left.terms] + [(-c, local[i]) for c, i in relation.right.terms]
    return Equation(tuple(terms), relation.left.constant - relation.right.constant)


def _total_lines(form: Form, relations: Sequence[Relation]) -> list[frozenset[int]]:
    """Rows and columns of totals: cells that each stand alone on a side of an equation. They may be left unfilled as a whole."""
    lines: dict[tuple[str, str], set[int]] = {}
    for r in relations:
        for side in (r.left, r.right):
            if len(side.terms) == 1 and side.terms[0][0] == 1 and not side.constant:
                f = form.fields[side.terms[0][1]]
                lines.setdefault(("row", f.row), set()).add(f.index)
                lines.setdefault(("column", f.column), set()).add(f.index)
    return [frozenset(x) for x in lines.values() if len(x) > 2]


def options(row: Sequence[int], by_field: Sequence[Sequence[Candidate]]) -> list[Reading]:
    """The readings of one printed row: its candidates by option, in the reader's order."""
    mine = [by_field[i] for i in row]
    if max(map(len, mine)) > 1:
        return _several(row, by_field)
    only = {i: candidates[0] for i, candidates in zip(row, mine, strict=True) if candidates}
    return [only] if only else []


def _several(row: Sequence[int], by_field: Sequence[Sequence[Candidate]]) -> list[Reading]:
    found: dict[int, dict[int, Candidate]] = {}
    for i in row:
        for c in by_field[i]:
            found.setdefault(c.option, {})[i] = c
    return [found[k] for k in sorted(found)]


def value_of(candidate: Candidate | None) -> Number | None:
    """The figure that a candidate prints; None where it is blank, lost or no number."""
    return candidate.value if candidate is not None and candidate.status is PRINTED else None


def problem(
    f: Frame, fixed: Mapping[int, Number | None], groups: Sequence[tuple[Sequence[int], Sequence[Reading]]], misprint: int, costs: Sequence[Sequence[int]]
) -> Problem:
    """The search problem of one table. ``fixed`` gives the value of every field outside ``groups``; ``costs`` of each reading."""
    values = tuple(fixed.get(i) for i in f.variables)
    made = []
    for (row, readings), prices in zip(groups, costs, strict=True):
        covered = [i for i in row if i in f.local]
        choices = [Choice(p, tuple([value_of(r.get(i)) for i in covered])) for r, p in zip(readings, prices, strict=True)]
        made.append(Group(tuple([f.local[i] for i in covered]), tuple(choices)))
    zero = tuple(line for line in f.lines if all(values[v] == 0 for v in line))
    return Problem(values, tuple(made), f.equations, misprint, f.signed, zero)
