"""From the models of a form file to fields, labels and rules; whatever does not fit is a FormError with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from extractor.errors import FormError
from extractor.expr import Relation, parse
from extractor.form.check import Stated, check_rules
from extractor.form.file import Key, Lines, no_lines
from extractor.form.outline import check_outline, labels
from extractor.form.pattern import check_pattern, groups_of
from extractor.form.spec import BlockSpec, FormSpec, HeaderSpec, NarrativeSpec, RuleSpec, TableSpec
from extractor.form.types import Block, Field, Form, Header, NarrativeRule, Rule, Table

# Several times the largest form that exists.
MOST_FIELDS = 5_000
MOST_RULES = 2_000

# The group that a pattern of each kind of narrative rule must have; `equals` with a `value` needs none.
_GROUPS = {"equals": "n", "percent": "n p", "enumeration": "n", "year": "year", "agency": "kind", "mention": ""}


def compile_form(spec: FormSpec, path: str, lines: Lines | None = None) -> Form:
    """Turn a spec into fields, labels and rules; FormError where names do not fit or rules cannot hold."""
    lines = lines or no_lines(path)
    check_outline(spec, lines)
    fields: list[Field] = []
    tables = tuple(_compile_table(t, n, fields, lines) for n, t in enumerate(spec.tables))
    names = _Names(tables, lines)
    rules: list[Rule] = []
    stated: list[Stated] = []
    for n, rule in enumerate(spec.rules):
        for made in _compile_rule(rule, ("rules", n), names):
            rules.append(made)
            where, when = lines.place("rules", n, "expr"), lines.place("rules", n, "when")
            hard = made.severity == "hard"
            stated.append(Stated(made.id, made.instance, hard, made.relation, made.when, made.unless_agency, where, when))
            if len(rules) > MOST_RULES:
                raise FormError(f"{where}: rule {rule.id}: more than {MOST_RULES:,} instances of rules; no form has so many")
    check_rules(stated, [f.kind for f in fields], [f.id for f in fields])
    narrative = tuple(_compile_narrative(r, ("narrative", n), names) for n, r in enumerate(spec.narrative))
    index = {f.id: f.index for f in fields}
    return Form(spec, path, tuple(fields), tables, tuple(rules), narrative, tuple(labels(spec)), index)


# Tables


def _leaves(specs: Sequence[HeaderSpec], ids: tuple[str, ...] = (), above: tuple[str, ...] = ()) -> Iterator[Header]:
    for s in specs:
        if s.children:
            yield from _leaves(s.children, (*ids, s.id), (*above, s.label))
        else:
            yield Header(s.id, s.label, ids, above, s.kind, s.unit)


def _compile_table(spec: TableSpec, number: int, fields: list[Field], lines: Lines) -> Table:
    blocks: list[Block] = []
    known: set[str] = set()
    for n, b in enumerate(spec.blocks):
        where = lines.place("tables", number, "blocks", n, "rows")
        rows, columns = tuple(_leaves(b.rows)), tuple(_leaves(b.columns))
        if len(fields) + len(rows) * len(columns) > MOST_FIELDS:
            raise FormError(f"{where}: table {spec.id}: more than {MOST_FIELDS:,} fields; no form has so many")
        grid: list[tuple[int, ...]] = []
        for r in rows:
            line: list[int] = []
            for c in columns:
                made = _field(spec, b, r, c, len(fields))
                if made.id in known:
                    raise FormError(f"{where}: the field {made.id} is defined twice; row and column ids must be unique in a table")
                known.add(made.id)
                line.append(made.index)
                fields.append(made)
            grid.append(tuple(line))
        blocks.append(Block(n, b.label, b.layout, rows, columns, tuple(grid)))
    return Table(spec.id, spec.label, number, tuple(blocks))


def _field(spec: TableSpec, block: BlockSpec, row: Header, column: Header, index: int) -> Field:
    # In a band the groups stand above the row's own heading, so they are part of its label.
    band = block.layout == "band"
    stacked = [block.label] if block.label and len(spec.blocks) > 1 else []
    return Field(
        index, f"{spec.id}/{row.id}/{column.id}", spec.id, row.id, column.id,
        column.kind or row.kind or "count", column.unit or row.unit or spec.unit,
        row_label="/".join((*row.group_labels, row.label)) if band else row.label,
        row_group="" if band else "/".join((*stacked, *row.group_labels)),
        column_label=column.label,
    )  # fmt: skip


class _Names:
    """Resolves the names of rule expressions to field indexes."""

    def __init__(self, tables: Sequence[Table], lines: Lines) -> None:
        self.tables = {t.id: t for t in tables}
        self.lines = lines

    def row_members(self, table: Table, name: str) -> tuple[tuple[Block, int], ...]:
        """The rows of this id, or below the group of this id."""
        return tuple((b, i) for b in table.blocks for i, r in enumerate(b.rows) if r.id == name or name in r.groups)

    def column_members(self, block: Block, name: str) -> tuple[int, ...]:
        """The columns of this id, or below the group of this id."""
        return tuple(i for i, c in enumerate(block.columns) if c.id == name or name in c.groups)

    def dotted(self, name: str, where: str) -> tuple[int, ...]:
        """The fields that ``table.row.column`` stands for."""
        parts = name.split(".")
        if len(parts) != 3 or parts[0] not in self.tables:
            raise FormError(f"{where}: {name!r} is not table.row.column; tables are {', '.join(self.tables)}")
        table = self.tables[parts[0]]
        rows = self.row_members(table, parts[1])
        if not rows:
            known = _listed([r.id for b in table.blocks for r in b.rows])
            raise FormError(f"{where}: table {table.id} has no row {parts[1]!r}; rows are {known}")
        found = tuple(b.grid[i][c] for b, i in rows for c in self.column_members(b, parts[2]))
        if not found:
            known = _listed([c.id for b, _ in rows for c in b.columns])
            raise FormError(f"{where}: table {table.id} has no column {parts[2]!r} in row {parts[1]}; columns are {known}")
        return found

    def relation(self, text: str, where: str) -> Relation:
        """An expression over ``table.row.column``."""
        return parse(text, lambda name: self.dotted(name, where), where)


def _listed(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:30]) + (", …" if len(shown) > 30 else "")


# Rules


def _compile_rule(spec: RuleSpec, key: Key, names: _Names) -> Iterator[Rule]:
    def where(*entry: str) -> str:
        return f"{names.lines.place(*key, *entry)}: rule {spec.id}"

    if spec.unless_agency is not None:
        check_pattern(spec.unless_agency, where("unless_agency"))
    when = names.relation(spec.when, where("when")) if spec.when is not None else None
    if spec.each is None:
        if spec.needs:
            raise FormError(f"{where('needs')}: `needs` chooses blocks for `each`, and there is no `each`; delete it")
        relations = iter([("report", names.relation(spec.expr, where("expr")))])
    else:
        relations = _instances(spec, names, where)
    for instance, relation in relations:
        yield Rule(spec.id, instance, spec.severity, relation, when, spec.unless_agency, spec.says, spec.source)


def _instances(spec: RuleSpec, names: _Names, where: Callable[..., str]) -> Iterator[tuple[str, Relation]]:
    """One relation for each row or column of a table, with the row's or column's id."""
    match = re.fullmatch(r"(row|column) of (\w+)", spec.each or "")
    if not match or match[2] not in names.tables:
        tables = ", ".join(names.tables)
        raise FormError(f"{where('each')}: each: {spec.each!r} must be 'row of TABLE' or 'column of TABLE'; tables are {tables}")
    table, rows = names.tables[match[2]], match[1] == "row"
    made = 0
    for block in table.blocks:
        across, other = (block.rows, block.columns) if rows else (block.columns, block.rows)
        present = {h.id for h in other} | {g for h in other for g in h.groups}
        if not set(spec.needs) <= present:
            continue
        for i, header in enumerate(across):
            made += 1

            def resolve(name: str, i: int = i, block: Block = block, other: tuple[Header, ...] = other) -> tuple[int, ...]:
                found = [k for k, h in enumerate(other) if h.id == name or name in h.groups]
                if not found:
                    kind, known = "column" if rows else "row", _listed([h.id for h in other])
                    raise FormError(f"{where('expr')}: table {table.id} has no {kind} {name!r}; known: {known}")
                return tuple(block.grid[i][k] if rows else block.grid[k][i] for k in found)

            yield header.id, parse(spec.expr, resolve, where("expr"))
    if not made:
        raise FormError(f"{where('needs')}: no block of table {table.id} has all of {_listed(spec.needs)}")


def _compile_narrative(spec: NarrativeSpec, key: Key, names: _Names) -> NarrativeRule:
    def where(*entry: str | int) -> str:
        return f"{names.lines.place(*key, *entry)}: narrative {spec.id}"

    wanted = set(_GROUPS[spec.kind].split()) if spec.value is None else set()
    if not spec.patterns:
        raise FormError(f"{where('patterns')}: no pattern; give the sentence, or delete the rule")
    for n, pattern in enumerate(spec.patterns):
        check_pattern(pattern, where("patterns", n))
        if missing := wanted - groups_of(pattern):
            shown = " and ".join("{n}" if g == "n" else f"(?P<{g}>…)" for g in sorted(missing))
            raise FormError(f"{where('patterns', n)}: the pattern has no {shown}, which the kind {spec.kind} needs")
    if spec.kind in ("equals", "percent") and not spec.equals:
        raise FormError(f"{where()}: the kind {spec.kind} needs `equals`: what the number in the sentence may be")
    if spec.kind == "mention" and spec.when is None:
        raise FormError(f"{where()}: the kind mention needs `when`: in which reports the sentence must stand")
    equals = tuple(names.relation(f"{e} == 0", where("equals", n)).left for n, e in enumerate(spec.equals))
    when = names.relation(spec.when, where("when")) if spec.when is not None else None
    return NarrativeRule(spec.id, spec.kind, tuple(spec.patterns), equals, spec.value, when, spec.says, spec.source)
