"""The three shapes of the panel as columns: what each is called, what it holds, and how it is filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import NamedTuple

from extractor.across import NO_LINEAGE, Lineage, PairFinding
from extractor.errors import GoujiError
from extractor.form import Form
from extractor.panel.entry import Entry
from extractor.types import Number

SHAPES = ("long", "wide", "findings")

Value = Number | float | str | None
"""What stands in a row; only a share is ever a float."""


class Type(StrEnum):
    """What a column holds. None is missing in all of them."""

    TEXT = "text"
    INTEGER = "integer"  # 64 bits
    DECIMAL = "decimal"  # 38 digits, 10 of them after the point
    SHARE = "share"  # from 0 to 1
    FLAG = "flag"  # 0 or 1


DECIMAL_DIGITS, DECIMAL_PLACES = 38, 10
_MOST_INTEGER = 2**63 - 1
_EXACT = Context(prec=10_000)


class Mark(StrEnum):
    """Why a cell is coloured in Excel; the order is which one shows where several hold."""

    OPEN = "open"
    FINDING = "finding"
    LOST = "lost"
    DEDUCED = "deduced"
    PERSON = "person"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Source:
    """The field of one form that a column takes its figures from."""

    form: str
    field: str
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``meaning`` in a sentence, ``missing`` what an empty place says, ``values`` its closed list with the meaning of each."""

    name: str
    type: Type
    meaning: str
    missing: str = ""
    unit: str = ""
    sources: tuple[Source, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


class Row(NamedTuple):
    """One row of a shape, and the marks of some of its columns by position."""

    values: Sequence[Value]
    marks: Mapping[int, Mark] = {}


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape with its columns; ``rows`` gives those of one report, ``freeze`` is how many columns Excel keeps in sight."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Entry], Iterable[Row]]
    freeze: int

    def position(self, name: str) -> int:
        """Where the column of this name stands; StopIteration where there is none."""
        return next(i for i, c in enumerate(self.columns) if c.name == name)


def fits(value: Number, kind: Type) -> bool:
    """Whether a column of this type holds the figure exactly."""
    if isinstance(value, Decimal) and value.adjusted() > DECIMAL_DIGITS:
        return False
    if kind is Type.INTEGER:
        return value == int(value) and -_MOST_INTEGER <= value <= _MOST_INTEGER
    scaled = value * 10**DECIMAL_PLACES if isinstance(value, int) else value.scaleb(DECIMAL_PLACES, _EXACT)
    return scaled == int(scaled) and abs(scaled) < 10**DECIMAL_DIGITS


def shape_of(name: str, forms: Sequence[Form], only_sure: bool = False, lineage: Lineage = NO_LINEAGE, pairs: Iterable[PairFinding] = ()) -> Shape:
    """The shape of this name over these forms. With ``only_sure``, the value of a cell that waits for a person is left empty.

    ``lineage`` says which unit a report is of; ``pairs`` are findings between reports, for the findings shape: each stands among those of the first report it names.
    """
    from extractor.panel import findings, long, wide

    if name == "findings":
        return findings.make(lineage, pairs)
    makers = {"long": long.make, "wide": wide.make}
    if name not in makers:
        raise GoujiError(f"--shape {name}: give one of {', '.join(SHAPES)}")
    return makers[name](forms, only_sure, lineage)
