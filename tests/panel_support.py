"""What the tests of the panel share: records to export, and what a reader must find in the file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from extractor.form import Form, load_forms
from extractor.panel import Entry, Shape, from_jsonl, shape_of, write_panel
from extractor.pipeline import extract_path
from extractor.record import dumps, to_record

ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()
ALL_FORMS = load_forms(str(ROOT / "tests" / "forms"))
GOLDEN = ("001", "002", "004", "real-005", "real-044", "real-052")


def golden_records() -> list[dict[str, Any]]:
    """Records of golden reports: both forms, open cells, findings, amounts, one that could not be read."""
    by_id: dict[str | None, Form] = {f.id: f for f in FORMS}
    made = [extract_path(ROOT / "golden" / name / "source.txt", FORMS) for name in GOLDEN]
    return [to_record(e, by_id.get(e.form)) for e in made]


def write_records(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    """The records as ``gouji extract --jsonl`` writes them."""
    path.write_text("".join(dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def export(out: Path, records: Sequence[dict[str, Any]], shape: str = "wide", forms: Sequence[Form] = FORMS, **more: Any) -> Shape:
    """Export the records to ``out``."""
    made = shape_of(shape, forms, more.pop("only_sure", False))
    write_panel(out, made, from_jsonl(write_records(out.with_name(f"{out.name}.jsonl"), records)), **more)
    return made


def entries(folder: Path, records: Sequence[dict[str, Any]]) -> list[Entry]:
    """The entries of a file of these records."""
    return list(from_jsonl(write_records(folder / "records.jsonl", records)))


def synthetic(form: Form, values: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    """A record of ``form`` with these values; every other cell is blank. A value may be a whole cell's changes."""
    cells = []
    for field in form.fields:
        cell: dict[str, Any] = {
            "table": field.table, "row": field.row, "column": field.column, "value": None, "status": "blank", "printed": None, "evidence": None,
            "confidence": None, "decision": "accept", "codes": [], "readings": {},
        }  # fmt: skip
        given = values.get(field.id)
        if isinstance(given, dict):
            cell |= given
        elif given is not None:
            cell |= {"value": given, "status": "printed", "printed": str(given), "evidence": {"start": 1, "end": 2}}
        cells.append(cell)
    record = {
        "source": "a.txt", "sha256": "ab" * 32, "form": form.id, "year": 2020, "agency": "社旗县人民政府", "decision": "accept",
        "cells": cells, "findings": [], "extras": [], "usage": {}, "error": None,
    }  # fmt: skip
    return record | more


def truth(records: Sequence[dict[str, Any]]) -> list[dict[str, Decimal]]:
    """Every figure of every record, by field id: what an export must give back, digit for digit."""
    return [
        {f"{c['table']}/{c['row']}/{c['column']}": Decimal(str(c["value"])) for c in r["cells"] if c["value"] is not None} for r in records
    ]
