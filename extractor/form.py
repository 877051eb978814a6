"""A form is data: load a YAML file, check it, and compile it to fields, labels and exact rules.

Pydantic models mirror the YAML (``extra="forbid"``; their JSON Schema is ``schemas/form.schema.json``);
``Form`` is what the stages use. Nothing in the package names a row or a column of a particular form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from extractor.errors import FormError
from extractor.expr import Linear, Relation, parse
from extractor.text import key, normalise

Kind = Literal["count", "signed", "amount"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HeaderSpec(_Strict):
    """One row, column or group heading with the variants seen of its label."""

    id: str
    label: str
    also: list[str] = []
    kind: Kind | None = None
    unit: str | None = None
    children: list[HeaderSpec] = []


class BlockSpec(_Strict):
    """One matrix: columns over rows. In a ``band`` the rows stand side by side in one line of figures."""

    label: str | None = None
    corner: str | None = None
    layout: Literal["matrix", "band"] = "matrix"
    columns: list[HeaderSpec]
    rows: list[HeaderSpec]


class TableSpec(_Strict):
    """One table: a stack of matrices."""

    id: str
    label: str
    also: list[str] = []
    unit: str
    blocks: list[BlockSpec]


class SectionSpec(_Strict):
    """A section title; ``table`` says whose figures stand under it."""

    label: str
    also: list[str] = []
    table: str | None = None


class RuleSpec(_Strict):
    """One edit rule, over every row or column of a table or once for the report."""

    id: str
    each: str | None = None
    needs: list[str] = []
    expr: str
    when: str | None = None
    unless_agency: str | None = None
    severity: Literal["hard", "soft"]
    says: str
    source: str


class NarrativeSpec(_Strict):
    """A sentence of the narrative that repeats a figure of the tables."""

    id: str
    kind: Literal["equals", "percent", "enumeration", "year", "agency", "mention"]
    patterns: list[str]
    equals: list[str] = []
    value: int | None = None
    when: str | None = None
    severity: Literal["soft"]
    says: str
    source: str


class FormSpec(_Strict):
    """A form edition, exactly as written in its YAML file."""

    form: str
    title: str
    subject: str | None = None
    authority: str
    since: int | None = None
    until: int | None = None
    draft: bool = False
    detect: list[str]
    sections: list[SectionSpec] = []
    tables: list[TableSpec]
    rules: list[RuleSpec] = []
    narrative: list[NarrativeSpec] = []


@dataclass(frozen=True, slots=True)
class Field:
    """One square of the form."""

    index: int
    id: str
    table: str
    row: str
    column: str
    kind: Kind
    unit: str
    row_label: str
    row_group: str
    column_label: str


@dataclass(frozen=True, slots=True)
class Header:
    """A leaf row or column with the ids of the groups above it."""

    id: str
    label: str
    groups: tuple[str, ...]
    group_labels: tuple[str, ...]
    kind: Kind | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Block:
    """A compiled matrix. ``grid[r][c]`` is the field index of row r, column c."""

    number: int
    label: str | None
    layout: str
    rows: tuple[Header, ...]
    columns: tuple[Header, ...]
    grid: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A compiled table."""

    id: str
    label: str
    number: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One instance of an edit rule, compiled to integers."""

    id: str
    instance: str
    severity: str
    relation: Relation
    when: Relation | None
    unless_agency: str | None
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class NarrativeRule:
    """A compiled narrative rule."""

    id: str
    kind: str
    patterns: tuple[str, ...]
    equals: tuple[Linear, ...]
    value: int | None
    when: Relation | None
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Label:
    """Something the form prints: ``role`` says what seeing it means.

    ``row``/``column`` are positions in the block for those roles, -1 elsewhere. ``weak`` labels are
    too short or too common to decide anything alone.
    """

    role: Literal["title", "section", "block", "corner", "group", "row", "column"]
    key: str
    text: str
    table: str | None
    block: int
    position: int
    ref: str
    variant: bool
    weak: bool


@dataclass(frozen=True, eq=False)
class Form:
    """A form edition, compiled; compared by identity, so that it can key a cache."""

    spec: FormSpec
    path: str
    fields: tuple[Field, ...]
    tables: tuple[Table, ...]
    rules: tuple[Rule, ...]
    narrative: tuple[NarrativeRule, ...]
    labels: tuple[Label, ...]
    index: dict[str, int] = field(repr=False)

    @property
    def id(self) -> str:
        """The form's id, as records name it."""
        return self.spec.form

    def table(self, table_id: str) -> Table:
        """The table of this id; StopIteration where the form has none."""
        return next(t for t in self.tables if t.id == table_id)

    @cached_property
    def rules_of(self) -> tuple[tuple[int, ...], ...]:
        """For each field, the indexes of the hard rules it takes part in."""
        out: list[list[int]] = [[] for _ in self.fields]
        for number, rule in enumerate(self.rules):
            if rule.severity == "hard":
                for i in rule.relation.fields:
                    out[i].append(number)
        return tuple(tuple(x) for x in out)

    @cached_property
    def row_rules(self) -> tuple[Rule, ...]:
        """The hard rules whose participants all stand in one row."""
        return tuple(r for r in self.rules if r.severity == "hard" and len({self.fields[i].row for i in r.relation.fields}) == 1)

    @cached_property
    def row_rule_numbers(self) -> frozenset[int]:
        """The numbers in ``rules`` of the hard rules that stand in one row."""
        mine = set(map(id, self.row_rules))
        return frozenset(n for n, r in enumerate(self.rules) if id(r) in mine)


def default_folder() -> Path:
    """Where the shipped forms live: inside the wheel, else in the checkout."""
    inside = Path(__file__).resolve().parent / "_data" / "schemas"
    return inside if inside.is_dir() else Path(__file__).resolve().parent.parent / "schemas"


@lru_cache(maxsize=8)
def load_forms(folder: str | None = None) -> tuple[Form, ...]:
    """Load every form of the shipped folder and, where given, of one more ``folder``.

    Raises FormError for a folder without forms, or where two forms share an id.
    """
    folders = [default_folder()] + ([Path(folder)] if folder else [])
    forms: list[Form] = []
    for place in folders:
        paths = sorted(p for p in place.glob("*.yaml") if _is_form(p))
        if not paths:
            raise FormError(f"{place}: no form file (*.yaml with a `form:` entry) here; give the folder that holds them")
        forms += [load_form(p) for p in paths]
    ids = [f.id for f in forms]
    for twice in {i for i in ids if ids.count(i) > 1}:
        raise FormError(f"{folder}: the form id {twice!r} is already taken; rename one of them")
    return tuple(forms)


def _is_form(path: Path) -> bool:
    """A YAML file with a ``form:`` entry; what cannot be read is left to ``load_form`` to complain about."""
    try:
        return path.is_file() and bool(re.search(r"^form:", path.read_text(encoding="utf-8"), re.M))
    except (OSError, UnicodeDecodeError):
        return True


def load_form(path: Path) -> Form:
    """Load and compile one form file; FormError names the file, the entry and the next step."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as exc:
        raise FormError(f"{path}: cannot be read: {exc}") from exc
    except yaml.YAMLError as exc:
        raise FormError(f"{path}: not valid YAML: {exc}") from exc
    try:
        spec = FormSpec.model_validate(data)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(x) for x in first["loc"])
        raise FormError(f"{path}: {place}: {first['msg']} ({exc.error_count()} problem(s); see schemas/form.schema.json)") from exc
    return compile_form(spec, str(path))


def compile_form(spec: FormSpec, path: str) -> Form:
    """Turn a checked spec into fields, labels and rules; FormError where names do not fit."""
    fields: list[Field] = []
    tables = tuple(_compile_table(t, n, fields, path) for n, t in enumerate(spec.tables))
    index: dict[str, int] = {}
    for f in fields:
        if f.id in index:
            raise FormError(f"{path}: the field {f.id} is defined twice; row and column ids must be unique in a table")
        index[f.id] = f.index
    known = {t.id for t in tables}
    for section in spec.sections:
        if section.table and section.table not in known:
            raise FormError(f"{path}: section {section.label}: no table {section.table!r}; tables are {', '.join(sorted(known))}")
    names = _Names(tables, fields, path)
    rules = tuple(r for rule in spec.rules for r in _compile_rule(rule, names))
    narrative = tuple(_compile_narrative(n, names) for n in spec.narrative)
    labels = tuple(_labels(spec, path))
    return Form(spec, path, tuple(fields), tables, rules, narrative, labels, index)


def _leaves(specs: Sequence[HeaderSpec], ids: tuple[str, ...] = (), labels: tuple[str, ...] = ()) -> Iterator[Header]:
    for s in specs:
        if s.children:
            yield from _leaves(s.children, (*ids, s.id), (*labels, s.label))
        else:
            yield Header(s.id, s.label, ids, labels, s.kind, s.unit)


def _compile_table(spec: TableSpec, number: int, fields: list[Field], path: str) -> Table:
    blocks: list[Block] = []
    if len(spec.blocks) > 1 and any(b.layout == "band" for b in spec.blocks):
        raise FormError(f"{path}: table {spec.id}: a band must be the only block of its table; give it a table of its own")
    for n, b in enumerate(spec.blocks):
        rows, columns = tuple(_leaves(b.rows)), tuple(_leaves(b.columns))
        grid: list[tuple[int, ...]] = []
        for r in rows:
            line: list[int] = []
            for c in columns:
                kind = c.kind or r.kind or "count"
                unit = c.unit or r.unit or spec.unit
                line.append(len(fields))
                # In a band the groups stand above the row's own heading, so they are part of its label.
                band = b.layout == "band"
                stacked = [b.label] if b.label and len(spec.blocks) > 1 else []
                fields.append(
                    Field(
                        len(fields), f"{spec.id}/{r.id}/{c.id}", spec.id, r.id, c.id, kind, unit,
                        row_label="/".join((*r.group_labels, r.label)) if band else r.label,
                        row_group="" if band else "/".join((*stacked, *r.group_labels)),
                        column_label=c.label,
                    )
                )  # fmt: skip
            grid.append(tuple(line))
        blocks.append(Block(n, b.label, b.layout, rows, columns, tuple(grid)))
    return Table(spec.id, spec.label, number, tuple(blocks))


class _Names:
    """Resolves the names of rule expressions to field indexes."""

    def __init__(self, tables: Sequence[Table], fields: Sequence[Field], path: str) -> None:
        self.tables = {t.id: t for t in tables}
        self.fields = fields
        self.path = path

    def row_members(self, table: Table, name: str) -> tuple[tuple[Block, int], ...]:
        return tuple((b, i) for b in table.blocks for i, r in enumerate(b.rows) if r.id == name or name in r.groups)

    def column_members(self, block: Block, name: str) -> tuple[int, ...]:
        return tuple(i for i, c in enumerate(block.columns) if c.id == name or name in c.groups)

    def dotted(self, name: str, where: str) -> tuple[int, ...]:
        parts = name.split(".")
        if len(parts) != 3 or parts[0] not in self.tables:
            raise FormError(f"{where}: {name!r} is not table.row.column; tables are {', '.join(self.tables)}")
        table = self.tables[parts[0]]
        rows = self.row_members(table, parts[1])
        if not rows:
            raise FormError(f"{where}: table {table.id} has no row {parts[1]!r}")
        found = tuple(b.grid[i][c] for b, i in rows for c in self.column_members(b, parts[2]))
        if not found:
            raise FormError(f"{where}: table {table.id} has no column {parts[2]!r} in row {parts[1]}")
        return found


def _compile_rule(spec: RuleSpec, names: _Names) -> Iterator[Rule]:
    where = f"{names.path}: rule {spec.id}"
    if spec.unless_agency:
        _regex(spec.unless_agency, where)
    when = parse(spec.when, lambda n: names.dotted(n, where), where) if spec.when else None

    def rule(instance: str, relation: Relation) -> Rule:
        return Rule(spec.id, instance, spec.severity, relation, when, spec.unless_agency, spec.says, spec.source)

    if spec.each is None:
        yield rule("report", parse(spec.expr, lambda n: names.dotted(n, where), where))
        return
    match = re.fullmatch(r"(row|column) of (\w+)", spec.each)
    if not match or match[2] not in names.tables:
        raise FormError(f"{where}: each: {spec.each!r} must be 'row of TABLE' or 'column of TABLE'; tables are {', '.join(names.tables)}")
    table = names.tables[match[2]]
    made = 0
    for block in table.blocks:
        across = block.rows if match[1] == "row" else block.columns
        other = block.columns if match[1] == "row" else block.rows
        present = {h.id for h in other} | {g for h in other for g in h.groups}
        if spec.needs and not set(spec.needs) <= present:
            continue
        for i, header in enumerate(across):
            def resolve(name: str, i: int = i, block: Block = block, other: tuple[Header, ...] = other) -> tuple[int, ...]:
                found = [k for k, h in enumerate(other) if h.id == name or name in h.groups]
                if not found:
                    kind = "column" if match[1] == "row" else "row"
                    raise FormError(f"{where}: table {table.id} has no {kind} {name!r}; known: {', '.join(h.id for h in other)}")
                return tuple(block.grid[i][k] if match[1] == "row" else block.grid[k][i] for k in found)

            made += 1
            yield rule(header.id, parse(spec.expr, resolve, where))
    if not made:
        raise FormError(f"{where}: no block of table {table.id} has all of {', '.join(spec.needs)}")


def _compile_narrative(spec: NarrativeSpec, names: _Names) -> NarrativeRule:
    where = f"{names.path}: narrative {spec.id}"
    for pattern in spec.patterns:
        _regex(pattern.replace("{n}", "(?P<n>1)").replace("{gap}", ""), where)
    equals = tuple(parse(f"{e} == 0", lambda n: names.dotted(n, where), where).left for e in spec.equals)
    when = parse(spec.when, lambda n: names.dotted(n, where), where) if spec.when else None
    return NarrativeRule(spec.id, spec.kind, tuple(spec.patterns), equals, spec.value, when, spec.says, spec.source)


def _regex(pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as exc:
        raise FormError(f"{where}: the pattern {pattern!r} is not a regular expression: {exc}") from exc


# A label of fewer characters than this also occurs in running prose and decides nothing alone.
_WEAK_BELOW = 5
_NUMBERING = re.compile(r"^\s*(?:[(（][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十]+、|\d+[.、．])\s*")


def _labels(spec: FormSpec, path: str) -> Iterator[Label]:
    def variants(role: str, labels: Sequence[str], table: str | None, block: int, position: int, ref: str) -> Iterator[Label]:
        seen: set[str] = set()
        for n, text in enumerate(labels):
            for variant, form in ((n > 0, text), (True, _NUMBERING.sub("", text))):
                k = key(normalise(form))
                if k and k not in seen:
                    seen.add(k)
                    weak = len(k) < _WEAK_BELOW or (role == "column" and len(k) < 6 and not k.startswith("本年"))
                    yield Label(role, k, form, table, block, position, ref, variant, weak)  # type: ignore[arg-type]

    yield from variants("title", [spec.title], None, -1, -1, "")
    for s in spec.sections:
        yield from variants("section", [s.label, *s.also], s.table, -1, -1, s.table or "")
    for t in spec.tables:
        for b, block in enumerate(t.blocks):
            if block.label:
                yield from variants("block", [block.label], t.id, b, -1, block.label)
            if block.corner:
                yield from variants("corner", [block.corner], t.id, b, -1, block.corner)
            for role, headers in (("row", block.rows), ("column", block.columns)):
                position = 0
                stack = list(reversed(headers))
                while stack:
                    h = stack.pop()
                    if h.children:
                        yield from variants("group", [h.label, *h.also], t.id, b, -1, h.id)
                        stack.extend(reversed(h.children))
                    else:
                        yield from variants(role, [h.label, *h.also], t.id, b, position, h.id)
                        position += 1
    _check_labels(spec, path)


def _check_labels(spec: FormSpec, path: str) -> None:
    for t in spec.tables:
        for block in t.blocks:
            for what, headers in (("row", block.rows), ("column", block.columns)):
                _unique(headers, f"{path}: table {t.id}: {what}s")


def _unique(headers: Sequence[HeaderSpec], where: str) -> None:
    seen: dict[str, str] = {}
    for h in headers:
        for text in {key(normalise(x)) for x in (h.label, *h.also)}:
            if not text:
                raise FormError(f"{where}: {h.id} has an empty label")
            if seen.setdefault(text, h.id) != h.id:
                raise FormError(f"{where}: {h.id} and {seen[text]} have the same label {text!r}; labels must differ within their parent")
        _unique(h.children, where)
