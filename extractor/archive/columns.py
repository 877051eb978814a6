"""Records as columns: one table of reports, one of their cells, one of their findings. What the columns mean is in docs/archives.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from extractor.record import dumps, plain, summarise
from extractor.store.rows import load_record

if TYPE_CHECKING:
    import pyarrow

REPORTS, CELLS, FINDINGS = "reports", "cells", "findings"

_DECIMAL = (30, 6)  # digits, of these behind the point; what does not fit has its digits in ``figure`` alone
_REPORT = (
    ("source", "string"), ("sha256", "string"), ("form", "string"), ("year", "int32"), ("agency", "string"), ("decision", "string"),
    ("cells", "int32"), ("accepted", "int32"), ("review", "int32"), ("blank", "int32"), ("lost", "int32"), ("deduced", "int32"),
    ("findings", "int32"), ("error", "string"), ("message", "string"), ("media_type", "string"), ("encoding", "string"),
    ("notes", "string"), ("codes", "string"), ("record", "string"),
)  # fmt: skip
_CELL = (
    ("source", "string"), ("sha256", "string"), ("form", "string"), ("year", "int32"), ("agency", "string"), ("field", "string"),
    ("table", "string"), ("row", "string"), ("column", "string"), ("value", "decimal"), ("figure", "string"), ("status", "string"),
    ("printed", "string"), ("start", "int32"), ("end", "int32"), ("place", "string"), ("confidence", "float64"), ("decision", "string"),
    ("codes", "string"),
)  # fmt: skip
_FINDING = (
    ("source", "string"), ("sha256", "string"), ("rule", "string"), ("instance", "string"), ("verdict", "string"), ("left", "string"),
    ("right", "string"), ("blame", "string"), ("severity", "string"), ("cause", "string"), ("message", "string"), ("cells", "string"),
)  # fmt: skip
_COLUMNS = {REPORTS: _REPORT, CELLS: _CELL, FINDINGS: _FINDING}


@lru_cache(maxsize=8)
def schema(table: str) -> pyarrow.Schema:
    """The columns of one table with their types."""
    import pyarrow as pa

    types = {"string": pa.string(), "int32": pa.int32(), "float64": pa.float64(), "decimal": pa.decimal128(*_DECIMAL)}
    return pa.schema([(name, types[kind]) for name, kind in _COLUMNS[table]])


def tables_of(lines: Iterable[str]) -> bytes:
    """The three tables of some records, one behind the other, in Arrow's streaming format; ModuleNotFoundError where pyarrow is not installed."""
    import pyarrow as pa

    rows: dict[str, list[tuple[Any, ...]]] = {REPORTS: [], CELLS: [], FINDINGS: []}
    for line in lines:
        record = load_record(line)
        rows[REPORTS].append(_report(record, line))
        rows[CELLS] += _cells(record)
        rows[FINDINGS] += [_finding(record, f) for f in record["findings"]]
    sink = pa.BufferOutputStream()
    for table, found in rows.items():
        whole = schema(table)
        columns = zip(*found, strict=True) if found else ((),) * len(whole)
        batch = pa.record_batch([pa.array(list(c), t) for c, t in zip(columns, whole.types, strict=True)], schema=whole)
        with pa.ipc.new_stream(sink, whole) as writer:
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def read_tables(data: bytes) -> dict[str, pyarrow.Table]:
    """The tables that ``tables_of`` made."""
    import pyarrow as pa

    source = pa.BufferReader(data)
    return {table: pa.ipc.open_stream(source).read_all() for table in _COLUMNS}


def _report(record: Mapping[str, Any], line: str) -> tuple[Any, ...]:
    s = summarise(record)
    return (
        record["source"], record["sha256"], s.form, s.year, s.agency, s.decision, s.cells, s.accepted, s.review, s.blank, s.lost, s.deduced,
        s.findings, s.error, s.message or None, record["media_type"], record["encoding"], " ".join(record["notes"]), " ".join(record["codes"]), line,
    )  # fmt: skip


def _cells(record: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    head = (record["source"], record["sha256"], record["form"], record["year"], record["agency"])
    return [(*head, *_cell(c)) for c in record["cells"]]


def _cell(c: Mapping[str, Any]) -> tuple[Any, ...]:
    value, span, place = c["value"], c["evidence"] or _NOWHERE, c.get("place")
    return (
        f"{c['table']}/{c['row']}/{c['column']}", c["table"], c["row"], c["column"], _held(value), None if value is None else plain(value), c["status"],
        c["printed"], span["start"], span["end"], place and dumps(place), c["confidence"], c["decision"], " ".join(c["codes"]),
    )  # fmt: skip


_NOWHERE: Mapping[str, None] = {"start": None, "end": None}
_MOST = Decimal(10) ** (_DECIMAL[0] - _DECIMAL[1])


def _held(value: int | Decimal | None) -> Decimal | None:
    """The figure if the column's type can hold every digit of it."""
    if value is None:
        return None
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return number if abs(number) < _MOST and isinstance(exponent, int) and exponent >= -_DECIMAL[1] else None


def _finding(record: Mapping[str, Any], f: Mapping[str, Any]) -> tuple[Any, ...]:
    sides = (None if f[side] is None else plain(f[side]) for side in ("left", "right"))
    return (
        record["source"], record["sha256"], f["rule"], f["instance"], f["verdict"], *sides, f["blame"], f["severity"], f["cause"], f["message"],
        " ".join(f["cells"]),
    )  # fmt: skip

