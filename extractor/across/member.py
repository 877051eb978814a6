"""One report as the rules between reports see it: unit, year, and what holds of each field. No text, no evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from extractor.effective import Cell, State
from extractor.types import Number, Status

SURE = frozenset({State.ACCEPTED, State.SETTLED, State.ANSWERED})
"""The states of a cell that nobody waits for."""


class Held(NamedTuple):
    """What holds of one field: its figure, None where none is printed or known; ``sure`` once it is accepted or a person
    settled it; ``origin`` as in ``extractor.effective.Cell``."""

    value: Number | None
    status: Status
    sure: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Member:
    """One report among others. ``report`` names it (its source); ``fields`` say at which place of ``held`` a field stands.

    ``error`` says why it could not be read; ``sha256`` is that of its bytes, None where unknown.
    """

    report: str
    form: str | None
    year: int | None
    agency: str | None
    sha256: str | None
    fields: Mapping[str, int]
    held: tuple[Held, ...]
    error: str | None = None

    @property
    def open(self) -> int:
        """How many cells still wait for a person."""
        return sum(not s.sure for s in self.held)

    @property
    def readable(self) -> bool:
        """Whether a form was recognised, so that there are cells."""
        return bool(self.held)

    def at(self, field: str) -> Held | None:
        """What holds of a field; None where this report's form has no such field."""
        at = self.fields.get(field)
        return None if at is None else self.held[at]


def of_record(record: Mapping[str, Any]) -> Member:
    """The member of a record (contract.md)."""
    cells = record["cells"]
    held = (
        _held(c["value"], Status(c["status"]), c["decision"] == "accept", c["status"] if c["value"] is not None else "") for c in cells
    )
    fields = [f"{c['table']}/{c['row']}/{c['column']}" for c in cells]
    error = record["error"]
    return _member(record, fields, held, f"{error['code']}: {error['message']}" if error else None)


def of_cells(record: Mapping[str, Any], cells: Sequence[Cell]) -> Member:
    """The member of a stored report: ``cells`` are its effective values, ``record`` the record of the run they come from."""
    held = (_held(c.value, Status(c.status), c.state in SURE, c.origin) for c in cells)
    error = record["error"]
    return _member(record, [c.field for c in cells], held, f"{error['code']}: {error['message']}" if error else None)


def _member(record: Mapping[str, Any], fields: Sequence[str], held: Iterable[Held], error: str | None) -> Member:
    places = places_of(tuple(fields))
    return Member(
        record["source"], record["form"], record["year"], record["agency"], record["sha256"], places, tuple(held), error
    )


# Ten thousand reports have two million cells, nearly all of them the same few; and the fields of a few forms.


@lru_cache(maxsize=64)
def places_of(fields: tuple[str, ...]) -> Mapping[str, int]:
    """The place of each field of a form; one mapping for all reports on it."""
    return MappingProxyType({field: n for n, field in enumerate(fields)})


def _held(value: Number | None, status: Status, sure: bool, origin: str) -> Held:
    if value is None or isinstance(value, int):
        return _same(value, status, sure, origin)
    return Held(value, status, sure, origin)  # a Decimal's own digits: 1.5 and 1.50 are equal and not the same


@lru_cache(maxsize=4096)
def _same(value: int | None, status: Status, sure: bool, origin: str) -> Held:
    return Held(value, status, sure, origin)
