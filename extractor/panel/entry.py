"""What is exported of one report: who it is, its record, and its cells as they hold now; from the store or from a file of records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.effective import Cell, effective
from extractor.errors import GoujiError

if TYPE_CHECKING:
    from extractor.store import Filter
    from extractor.store.store import Store

_KEYS = ("source", "sha256", "form", "year", "agency", "decision", "cells", "findings", "error")
_FINDING_KEYS = ("rule", "instance", "verdict", "left", "right", "cells", "blame")
_CELL_KEYS = ("table", "row", "column", "value", "status", "printed", "evidence", "confidence", "decision", "codes")


@dataclass(frozen=True, slots=True)
class Entry:
    """One report for the panel.

    ``report`` and ``run`` are the store's numbers, ``read_at`` when that run read the report (ISO 8601, UTC), ``stamp`` with what
    program; in a file of records there is no store: ``report`` is the line, ``run`` and ``read_at`` are None.
    """

    report: int
    run: int | None
    read_at: str | None
    stamp: Mapping[str, str]
    record: Mapping[str, Any]
    cells: tuple[Cell, ...]


def from_store(store: Store, which: Filter | None = None) -> Iterator[Entry]:
    """Every report of the store with its newest run, people's answers applied, one at a time."""
    for row, record, cells in store.current(which):
        stamp = next(run.stamp for run in store.runs(row.id) if run.id == row.run)
        yield Entry(row.id, row.run, row.read_at, stamp, record, tuple(cells))


def from_jsonl(path: Path) -> Iterator[Entry]:
    """The records of ``gouji extract --jsonl``, one at a time, as the program read them: no person has answered.

    Raises GoujiError naming file and line for what is no record.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    record = _record(line, f"{path}:{number}")
                    yield Entry(number, None, None, {}, record, tuple(effective(record, (), {})))
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be read: {exc.strerror or exc}; give a file that `gouji extract --jsonl` wrote") from exc
    except UnicodeDecodeError as exc:
        raise GoujiError(f"{path}: not UTF-8, so not a file of records; give one that `gouji extract --jsonl` wrote") from exc


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
