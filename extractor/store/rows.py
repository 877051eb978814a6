"""Records, events and their database rows, each way."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from extractor.effective import Action, Event, Mode, Settled, field_of
from extractor.record import dumps, plain, summarise
from extractor.store.types import NewRun, ReportRow
from extractor.types import Number

if TYPE_CHECKING:
    from sqlalchemy import RowMapping


def now() -> str:
    """This moment, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def pack(data: bytes) -> bytes:
    """Bytes as they are kept."""
    return zlib.compress(data, 6)


def unpack(data: bytes) -> bytes:
    """The other way."""
    return zlib.decompress(data)


def digest(data: bytes) -> str:
    """The SHA-256 of ``data`` in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def load_record(line: bytes | str) -> dict[str, Any]:
    """A record as ``record.dumps`` wrote it, figures exact; what is no figure (confidence) is a float again."""
    record: dict[str, Any] = json.loads(line, parse_float=Decimal)
    for cell in record["cells"]:
        cell["confidence"] = float(cell["confidence"])
    return record


def number(text: str | None) -> Number | None:
    """A figure from its digits."""
    if text is None:
        return None
    return Decimal(text) if "." in text else int(text)


def digits(value: Number | None) -> str | None:
    """The digits of a figure."""
    return None if value is None else plain(value)


def run_values(new: NewRun, stamp: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a run but for its report."""
    record = new.record
    line = (new.line or dumps(record)).encode()
    s = summarise(record)
    return {
        "sha256": record["sha256"], "stamp": json.dumps(stamp, sort_keys=True), "record": pack(line), "digest": digest(line),
        "form": s.form, "year": s.year, "agency": clean(s.agency), "decision": s.decision, "cells": s.cells, "accepted": s.accepted,
        "review": s.review, "blank": s.blank, "lost": s.lost, "deduced": s.deduced, "findings": s.findings, "error": s.error,
        "message": clean(s.message), "read_at": now(),
    }  # fmt: skip


def decision_rows(record: Mapping[str, Any], run: int, numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """The rows of ``decision``; ``numbers`` are the fields' row numbers."""
    return [
        {"run": run, "field": numbers[field_of(c)], **_reading(c), "outcome": c["decision"], "confidence": c["confidence"]} for c in record["cells"]
    ]


def candidate_rows(record: Mapping[str, Any], run: int, numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The rows of ``candidate``: of cells with several readings the one chosen, numbered 0, and all others."""
    for c in record["cells"]:
        others = c.get("alternatives", [])
        if others:
            field = numbers[field_of(c)]
            yield {"run": run, "field": field, "n": 0, "producer": "chosen", **_reading(c)}
            for n, other in enumerate(others, 1):
                yield {"run": run, "field": field, "n": n, "producer": other["producer"], **_reading(other)}


def _reading(c: Mapping[str, Any]) -> dict[str, Any]:
    span = c["evidence"] or {"start": None, "end": None}
    return {
        "value": digits(c["value"]), "status": c["status"], "printed": clean(c["printed"]), "start_at": span["start"], "end_at": span["end"],
        "codes": " ".join(c["codes"]),
    }  # fmt: skip


def finding_rows(record: Mapping[str, Any], run: int) -> list[dict[str, Any]]:
    """The rows of ``finding``."""
    return [
        {"run": run, "n": n, "rule": f["rule"], "instance": f["instance"], "verdict": f["verdict"], "severity": f["severity"], "blame": f["blame"],
         "left_side": digits(f["left"]), "right_side": digits(f["right"]), "cells": " ".join(f["cells"]), "message": clean(f["message"])}
        for n, f in enumerate(record["findings"])
    ]  # fmt: skip


def clean(text: str | None) -> str | None:
    """Text without the one character that PostgreSQL cannot hold; the record itself keeps it."""
    return None if text is None else text.replace("\0", "�")


def event_of(r: RowMapping) -> Event:
    """A row of ``event``."""
    return Event(
        id=r["id"], key=r["key"], report=r["report"], run=r["run"], form=r["form"], field=r["field"], action=Action(r["action"]), value=r["value"],
        figure=number(r["figure"]), reviewer=r["reviewer"], mode=Mode(r["mode"]), seen_at=r["seen_at"], decided_at=r["decided_at"],
        recorded_at=r["recorded_at"], note=r["note"], cancels=r["cancels"], sha256=r["sha256"], printed=r["printed"], start=r["start_at"],
        end=r["end_at"], status=r["status"], shown=number(r["shown"]), part_of=r["part_of"],
    )  # fmt: skip


def report_of(row: RowMapping) -> ReportRow:
    """A row of ``store._reports``."""
    return ReportRow(**row)  # the columns have the names of its parts


def settled_text(settled: Mapping[str, Settled]) -> str:
    """What answers prove, as JSON."""
    return json.dumps({f: [digits(s.value), s.status, s.open, list(s.codes)] for f, s in settled.items()})


def settled_of(text: str) -> dict[str, Settled]:
    """The other way."""
    return {f: Settled(number(value), status, waits, tuple(codes)) for f, (value, status, waits, codes) in json.loads(text).items()}
