"""What the tests of the store share: reports to put in, and events about them."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

from benchmarks.damage import Case, make_case
from extractor import pipeline
from extractor.effective import Action
from extractor.form import load_forms
from extractor.read import read_bytes
from extractor.record import to_record
from extractor.store import NewEvent, ReportRow
from extractor.types import Document

STAMP = {"version": "test"}
_number = itertools.count(1)


@lru_cache(maxsize=64)
def case(seed: int, shape: str = "tab-rows", level: str = "medium", form: int = 0) -> Case:
    """A generated report."""
    return make_case(load_forms()[form], seed, shape, level)


def read(c: Case, source: str = "") -> tuple[dict[str, Any], Document, bytes]:
    """Record, text and bytes of a report, as ``gouji extract`` would keep them."""
    document = read_bytes(c.data, source or c.name)
    extraction = pipeline.extract(document)
    return to_record(extraction, next((f for f in load_forms() if f.id == extraction.form), None)), document, c.data


def event(row: ReportRow, field: str, action: Action, **more: Any) -> NewEvent:
    """Something done by 甲 to a cell of a report's newest run."""
    return NewEvent(**({"key": f"k{next(_number)}", "report": row.id, "run": row.run, "field": field, "action": action, "reviewer": "甲"} | more))
