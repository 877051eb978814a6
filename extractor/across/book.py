"""The rules between reports: ``schemas/across.yaml`` to exact relations over the fields of two forms.

A new form needs lines there and no code. A folder of further forms may hold an ``across.yaml`` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.errors import FormError
from extractor.expr import Relation, parse
from extractor.form import Field as FormField
from extractor.form import Form, default_folder
from extractor.form.file import Lines, read

FILE = "across.yaml"
SIDES = ("earlier", "later")
Severity = Literal["soft", "info"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    severity: Severity
    says: str
    source: str


class YearSpec(_Strict):
    """A relation between the reports of one unit for two years that follow each other."""

    earlier: list[str] = Field(min_length=1)
    later: list[str] = Field(min_length=1)
    each: str | None = None
    expr: str


class JumpSpec(_Strict):
    """Figures of which one is out of all proportion to last year's. Whole ratios; ``least`` is of the smaller figure."""

    fields: list[str] = Field(min_length=1)
    ratio: int = Field(ge=2)
    below: int | None = None
    least: Decimal = Field(gt=0)
    cause: str


class RepeatSpec(_Strict):
    """Two reports with the same figures all through; ``least`` is how many different figures that takes."""

    least: int = Field(ge=2)


class VersionSpec(_Strict):
    """Two published versions of one report that differ."""


class LevelSpec(_Strict):
    """A report that adds up those of other units, in every field but those of ``unless``."""

    unless: list[str] = []


class AcrossSpec(BaseModel):
    """``across.yaml``, exactly as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    years: list[YearSpec] = []
    jumps: list[JumpSpec] = []
    repeats: RepeatSpec | None = None
    versions: VersionSpec | None = None
    levels: LevelSpec | None = None


@dataclass(frozen=True, slots=True)
class PairRule:
    """One instance of a year rule: ``relation`` is over the positions of ``terms``, each a side and a field id."""

    id: str
    instance: str
    severity: str
    relation: Relation
    terms: tuple[tuple[str, str], ...]
    says: str


@dataclass(frozen=True, slots=True)
class Book:
    """The rules between reports, compiled for the forms that are known. ``pairs`` are by the forms (earlier, later)."""

    forms: dict[str, Form]
    pairs: dict[tuple[str, str], tuple[PairRule, ...]]
    jumps: tuple[tuple[JumpSpec, tuple[str, ...]], ...]
    repeats: RepeatSpec | None
    versions: VersionSpec | None
    levels: LevelSpec | None
    not_added: frozenset[str]

    def field(self, form: str, field: str) -> FormField:
        """A field of a form, with its labels."""
        known = self.forms[form]
        return known.fields[known.index[field]]


@lru_cache(maxsize=8)
def load_book(forms: tuple[Form, ...], folder: str | None = None) -> Book:
    """The shipped rules, and those of ``folder`` where it has some; FormError names the file, the line and the next step."""
    places = [default_folder()] + ([Path(folder)] if folder else [])
    files = [_read(place / FILE) for place in places if (place / FILE).is_file()]
    known = {f.id: f for f in forms}
    pairs: dict[tuple[str, str], list[PairRule]] = {}
    jumps: list[tuple[JumpSpec, tuple[str, ...]]] = []
    not_added: set[str] = set()
    for spec, lines in files:
        for n, year in enumerate(spec.years):
            for forms_of, rules in _year(year, known, lines, n):
                pairs.setdefault(forms_of, []).extend(rules)
        for n, jump in enumerate(spec.jumps):
            jumps.append((jump, _named(jump.fields, known, f"{lines.place('jumps', n, 'fields')}: rule {jump.id}")))
        if spec.levels:
            not_added |= set(_named(spec.levels.unless, known, f"{lines.place('levels', 'unless')}: rule {spec.levels.id}"))
    specs = [spec for spec, _ in reversed(files)]  # the user's own says more than the shipped one
    return Book(
        known, {k: tuple(v) for k, v in pairs.items()}, tuple(jumps), next((s.repeats for s in specs if s.repeats), None),
        next((s.versions for s in specs if s.versions), None), next((s.levels for s in specs if s.levels), None), frozenset(not_added),
    )  # fmt: skip


def _read(path: Path) -> tuple[AcrossSpec, Lines]:
    data, lines = read(path)
    try:
        return AcrossSpec.model_validate({} if data is None else data), lines
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        entry = ".".join(map(str, first["loc"])) or "rules between reports are a mapping"
        raise FormError(f"{lines.place(*first['loc'])}: {entry}: {first['msg']}; see docs/across.md") from exc


# Names


def _fields(form: Form, table: str, row: str | None, column: str | None) -> list[FormField]:
    """The fields in this row and column, each an id or that of a heading above; None stands for any."""
    return [
        form.fields[block.grid[r][c]]
        for t in form.tables if t.id == table
        for block in t.blocks
        for r, across in enumerate(block.rows) if row is None or row == across.id or row in across.groups
        for c, down in enumerate(block.columns) if column is None or column == down.id or column in down.groups
    ]  # fmt: skip


def _named(names: Sequence[str], known: dict[str, Form], where: str) -> tuple[str, ...]:
    """The ids of the fields that ``table``, ``table.row`` or ``table.row.column`` stand for, in any form."""
    out: dict[str, None] = {}
    for name in names:
        table, row, column = (*name.split("."), None, None)[:3]
        found = [f.id for form in known.values() for f in _fields(form, str(table), row, column)]
        if not found or name.count(".") > 2:
            raise FormError(f"{where}: no form has {name!r}; write table.row.column with the ids of a form")
        out |= dict.fromkeys(found)
    return tuple(out)


# Rules between years


def _year(spec: YearSpec, known: dict[str, Form], lines: Lines, n: int) -> Iterator[tuple[tuple[str, str], list[PairRule]]]:
    for side in SIDES:
        for m, form in enumerate(getattr(spec, side)):
            if form not in known:
                raise FormError(f"{lines.place('years', n, side, m)}: rule {spec.id}: no form {form!r}; known: {', '.join(known)}")
    where = f"{lines.place('years', n, 'expr')}: rule {spec.id}"
    for earlier in spec.earlier:
        for later in spec.later:
            yield (earlier, later), list(_instances(spec, {"earlier": known[earlier], "later": known[later]}, where))


def _instances(spec: YearSpec, forms: dict[str, Form], where: str) -> Iterable[PairRule]:
    if spec.each is None:
        return [_instance(spec, "report", lambda side, name: _one(forms[side], name, where), where)]
    match = re.fullmatch(r"(row|column) of (\w+)", spec.each)
    if not match:
        raise FormError(f"{where}: each: {spec.each!r} must be 'row of TABLE' or 'column of TABLE'")
    by_row, table = match[1] == "row", match[2]
    names = dict.fromkeys(f.row if by_row else f.column for f in forms["later"].fields if f.table == table)
    made: list[PairRule] = []
    for header in names:

        def resolve(side: str, name: str, header: str = header) -> list[FormField]:
            return _fields(forms[side], table, *((header, name) if by_row else (name, header)))

        if all(resolve(side, name) for side, name in _mentions(spec.expr)):
            made.append(_instance(spec, header, resolve, where))
    if not made:
        raise FormError(f"{where}: no {match[1]} of {table} has all that {spec.expr!r} names in {' and '.join(f.id for f in forms.values())}")
    return made


def _mentions(expr: str) -> list[tuple[str, str]]:
    """The sides and names in an expression."""
    return re.findall(r"\b(earlier|later)\.(\w+)", expr)


def _one(form: Form, name: str, where: str) -> list[FormField]:
    parts = name.split(".")
    found = _fields(form, *parts) if len(parts) == 3 else []
    if not found:
        raise FormError(f"{where}: {form.id} has no {name!r}; without `each` a name is earlier.table.row.column or later.…")
    return found


def _instance(spec: YearSpec, instance: str, resolve: Callable[[str, str], list[FormField]], where: str) -> PairRule:
    places: dict[tuple[str, str], int] = {}

    def positions(dotted: str) -> tuple[int, ...]:
        side, _, name = dotted.partition(".")
        if side not in SIDES or not name:
            raise FormError(f"{where}: {dotted!r} is of no report; write earlier.{dotted} or later.{dotted}")
        return tuple(places.setdefault((side, f.id), len(places)) for f in resolve(side, name))

    relation = parse(spec.expr, positions, where)
    return PairRule(spec.id, instance, spec.severity, relation, tuple(places), spec.says)
