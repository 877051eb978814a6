"""A form file as pydantic models: exactly what stands in the YAML, and nothing else (``extra="forbid"``).

Their JSON Schema is ``schemas/form.schema.json``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

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
