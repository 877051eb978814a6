"""A form, compiled: the squares, headers, labels and rules that the stages work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from extractor.expr import Linear, Relation
from extractor.form.spec import FormSpec, Kind


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


Role = Literal["title", "section", "block", "corner", "group", "row", "column"]


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """Something the form prints: ``role`` says what seeing it means. Compared by identity, so that it can key a cache.

    ``row``/``column`` are positions in the block for those roles, -1 elsewhere. ``weak`` labels are
    too short or too common to decide anything alone.
    """

    role: Role
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
    def covered(self) -> frozenset[int]:
        """The fields that take part in a hard rule."""
        return frozenset(i for rule in self.rules if rule.severity == "hard" for i in rule.relation.fields)

    @cached_property
    def row_rules(self) -> tuple[Rule, ...]:
        """The hard rules whose participants all stand in one row."""
        return tuple(r for r in self.rules if r.severity == "hard" and len({self.fields[i].row for i in r.relation.fields}) == 1)

    @cached_property
    def row_rule_numbers(self) -> frozenset[int]:
        """The numbers in ``rules`` of the hard rules that stand in one row."""
        mine = set(map(id, self.row_rules))
        return frozenset(n for n, r in enumerate(self.rules) if id(r) in mine)
