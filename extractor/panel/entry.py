"""What is exported of one report: who it is, its record, and its cells as they hold now; from the store or from a file of records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from extractor.effective import Cell, State
from extractor.errors import GoujiError

if TYPE_CHECKING:
    from extractor.types import Number

_KEYS = ("source", "sha256", "form", "year", "agency", "decision", "cells", "findings", "error")
_FINDING_KEYS = ("rule", "instance", "verdict", "left", "right", "cells", "blame")
_CELL_KEYS = ("table", "row", "column", "value", "status", "printed", "evidence", "confidence", "decision", "codes")


@dataclass(frozen=True, slots=True)
class Entry:
    """One report for the panel.

    ``report`` and ``run`` are the store's numbers, and ``read_at`` when that run read the report (ISO 8601, UTC); in a file of
    records there is no store: ``report`` is the line, ``run`` and ``read_at`` are None.
    """

    report: int
    run: int | None
    read_at: str | None
    record: Mapping[str, Any]
    cells: tuple[Cell, ...]


class ReportRow(Protocol):
    """What the panel needs of the store's row of a report."""

    @property
    def id(self) -> int:
        """The store's number of the report."""

    @property
    def run(self) -> int:
        """The number of its newest run."""

    @property
    def read_at(self) -> str:
        """When that run read it, ISO 8601 in UTC."""


def from_store(current: Iterable[tuple[ReportRow, Mapping[str, Any], Iterable[Cell]]]) -> Iterator[Entry]:
    """The entries of ``store.current()``: people's answers applied."""
    for row, record, cells in current:
        yield Entry(row.id, row.run, row.read_at, record, tuple(cells))


def from_jsonl(path: Path) -> Iterator[Entry]:
    """The records of ``gouji extract --jsonl``, one at a time, as the program read them: no person has answered.

    Raises GoujiError naming file and line for what is no record.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    record = _record(line, f"{path}:{number}")
                    yield Entry(number, None, None, record, machine_cells(record))
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be read: {exc.strerror or exc}; give a file that `gouji extract --jsonl` wrote") from exc
    except UnicodeDecodeError as exc:
        raise GoujiError(f"{path}: not UTF-8, so not a file of records; give one that `gouji extract --jsonl` wrote") from exc


def machine_cells(record: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The cells of a record as they hold before anybody has answered."""
    return tuple(_machine_cell(c) for c in record["cells"])


def _machine_cell(cell: Mapping[str, Any]) -> Cell:
    value: Number | None = cell["value"]
    return Cell(
        field=f"{cell['table']}/{cell['row']}/{cell['column']}",
        value=value,
        status=cell["status"],
        origin="" if value is None else cell["status"],
        state=State.ACCEPTED if cell["decision"] == "accept" else State.OPEN,
        machine=cell,
        codes=tuple(cell["codes"]),
    )


def _record(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise GoujiError(f"{place}: not one JSON record ({exc}); give a file that `gouji extract --jsonl` wrote") from exc
    if not isinstance(record, dict) or not isinstance(record.get("cells"), list):
        raise GoujiError(f"{place}: not a record of a report; give a file that `gouji extract --jsonl` wrote")
    missing = [k for k in _KEYS if k not in record]
    for part, keys in (("cells", _CELL_KEYS), ("findings", _FINDING_KEYS)):
        missing += [f"{part}.{k}" for k in keys if any(not isinstance(x, dict) or k not in x for x in record.get(part, ()))]
    if missing:
        raise GoujiError(f"{place}: the record lacks {', '.join(missing)}; extract the report again with this version")
    return record


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no figure")
