"""An Extraction to the record that other programs read, and the record to one line of JSON.

The keys are pinned by contract.md; a key may be added, none changes its meaning. A ``Decimal`` is written as
a JSON number with its own digits: it never passes through a float and never gets an exponent.
"""

from __future__ import annotations

import json
import re
import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from extractor.form import Field, Form
from extractor.types import (
    Candidate,
    Decision,
    Extraction,
    ExtraRow,
    Finding,
    Heard,
    Number,
    Place,
    Placed,
    Resolved,
    Status,
    Verdict,
)

# json cannot write a Decimal: it is written as a string around this mark, which no report can know, and unquoted.
_MARK = uuid.uuid4().hex
_MARKED = re.compile(f'"{_MARK}([^"]+)"')
# Legal in JSON, but many readers of JSON lines would end the line here.
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of one record, for people. ``review`` counts every cell for a person, lost and deduced among them."""

    source: str
    form: str | None
    year: int | None
    agency: str | None
    decision: str
    cells: int
    accepted: int
    review: int
    blank: int
    lost: int
    deduced: int
    findings: int
    error: str | None
    message: str


def plain(value: Number) -> str:
    """The digits of a figure, without exponent."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def visible(text: str) -> str:
    """Tabs as an arrow, other control characters as a dot: a report must neither steer the terminal nor break a line."""
    return "".join("⇥ " if c == "\t" else c if c.isprintable() or c == "\u3000" else "·" for c in text)


def failing(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that say something is wrong, be it only with blanks counted as zero."""
    return [f for f in findings if Verdict.FAIL in (f.verdict, f.blank_as_zero)]


def to_record(extraction: Extraction, form: Form | None) -> dict[str, Any]:
    """The record of one report; ``form`` is the form it was read with, None where none was recognised."""
    said = _said(extraction.model) if extraction.model is not None else None
    cells = [cell_of(f, r, d, said) for f, r, d in zip(form.fields if form else (), extraction.resolved, extraction.decisions, strict=True)]
    if extraction.document.places:
        _add_places(cells, extraction.document.places)
    return record_of(extraction, form, cells)


def record_of(extraction: Extraction, form: Form | None, cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of one report around its ``cells``."""
    e, document = extraction, extraction.document
    fields = form.fields if form else ()
    return {
        "source": document.source,
        "sha256": document.sha256 or None,
        "form": e.form,
        "year": int(e.year.value) if e.year else None,
        "agency": e.agency.value if e.agency else None,
        "decision": e.decision,
        "cells": cells,
        "findings": [_finding(f, fields) for f in failing(e.findings)],
        "extras": [_extra(x) for x in e.extras],
        "usage": {"requests": e.usage.requests, "input_tokens": e.usage.input, "output_tokens": e.usage.output, "cost": e.cost},
        "error": {"code": e.error[0], "message": e.error[1]} if e.error else None,
        **({"model": _heard(e.heard, fields)} if e.heard else {}),
        "form_evidence": [{"label": x.value, "start": x.start, "end": x.end} for x in e.form_evidence],
        "year_evidence": _span(e.year.start, e.year.end) if e.year else None,
        "agency_evidence": _span(e.agency.start, e.agency.end) if e.agency else None,
        "codes": list(dict.fromkeys(e.codes)),
        "rules": {v.value: dict(e.rules_assessed).get(v.value, 0) for v in Verdict} if form else {},
        "encoding": document.encoding or None,
        "media_type": document.media_type or None,
        "notes": list(document.notes),
    }


def _add_places(cells: Iterable[dict[str, Any]], places: Sequence[Placed]) -> None:
    """Say of each printed cell, and each other reading of it, where it stands in the file's own coordinates."""
    for cell in cells:
        for shown in (cell, *cell.get("alternatives", ())):
            if (span := shown["evidence"]) and (place := place_at(places, span["start"])) is not None:
                shown["place"] = place._asdict()


def place_at(places: Sequence[Placed], offset: int) -> Place | None:
    """Where the character at ``offset`` stands in the file's own coordinates; None where that is not known."""
    n = bisect_right(places, offset, key=lambda p: p.start) - 1
    return places[n].place if n >= 0 and offset < places[n].end else None


def _span(start: int, end: int) -> dict[str, int] | None:
    return {"start": start, "end": end} if start >= 0 else None


def _heard(heard: Heard, fields: tuple[Field, ...]) -> dict[str, Any]:
    """What asking models came to; nothing that was asked or answered is missing here."""
    return {
        "names": list(heard.models),
        "asked": heard.asked,
        "answered": heard.answered,
        "unanswered": [{"table": u.table, "part": u.part, "kind": u.kind, "message": u.message} for u in heard.unanswered],
        "outcomes": [{"cell": fields[i].id if i >= 0 else None, "code": code, "message": words} for i, code, words in heard.outcomes],
    }


def _said(model: Iterable[Candidate]) -> dict[int, Number | None]:
    """The figure that a model reads of each field; None where it gives several."""
    out: dict[int, Number | None] = {}
    for c in model:
        value = c.value if c.status is Status.PRINTED else None
        out[c.field] = value if out.get(c.field, value) == value else None
    return out


def cell_of(field: Field, r: Resolved, d: Decision, said: Mapping[int, Number | None] | None) -> dict[str, Any]:
    """One cell of a record; ``said`` is what a model reads of each field, None where none was asked."""
    cell: dict[str, Any] = {
        "table": field.table,
        "row": field.row,
        "column": field.column,
        "value": r.value if r.status in (Status.PRINTED, Status.DEDUCED) else None,
        "status": r.status.value,
        "printed": r.printed if r.start >= 0 else None,
        "evidence": _span(r.start, r.end),
        "confidence": d.confidence,
        "decision": d.outcome,
        "codes": list(dict.fromkeys(d.codes)),
        "readings": {"rules": r.value if r.status is Status.PRINTED and "MODEL_ONLY" not in r.codes else None},
    }
    if said is not None:
        cell["readings"]["model"] = said.get(field.index)
    if r.alternatives:
        cell["alternatives"] = [_alternative(c) for c in r.alternatives]
    if (bounds := interval(r)) is not None:
        cell["interval"] = {"least": bounds[0], "most": bounds[1]}
    return cell


def interval(r: Resolved) -> tuple[Number, Number] | None:
    """The least and the most that a lost cell can be; None where its sums do not bound it."""
    if r.interval is None or r.interval[1] is None:
        return None
    return r.interval[0], r.interval[1]


def _alternative(c: Candidate) -> dict[str, Any]:
    return {
        "value": c.value if c.status is Status.PRINTED else None,
        "status": c.status.value,
        "printed": c.printed if c.start >= 0 else None,
        "evidence": _span(c.start, c.end),
        "codes": list(c.codes),
        "producer": c.producer,
    }


def _finding(f: Finding, fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "rule": f.rule,
        "instance": f.instance,
        "verdict": f.verdict.value,
        "left": f.left,
        "right": f.right,
        "cells": [fields[i].id for i in f.fields],
        "blame": f.blame.value,
        "severity": f.severity,
        "blank_as_zero": f.blank_as_zero.value,
        "suspects": [fields[i].id for i in f.suspects],
        "cause": f.cause,
        "implied": [{"cell": fields[i].id, "value": v} for i, v in f.implied],
        "message": f.message,
        "evidence": _span(f.start, f.end),
    }


def _extra(x: ExtraRow) -> dict[str, Any]:
    return {"table": x.table, "label": x.label, "values": list(x.values), "evidence": _span(x.start, x.end)}


def dumps(value: object) -> str:
    """``value`` as one line of JSON, every number with its exact digits."""
    marked = False

    def number(x: object) -> str:
        nonlocal marked
        if not isinstance(x, Decimal) or not x.is_finite():
            raise TypeError(f"{x!r} has no place in a record")
        marked = True
        return _MARK + format(x, "f")

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=number)
    text = one_line(text)
    return _MARKED.sub(r"\1", text) if marked else text


def one_line(text: str) -> str:
    """``text``, which is JSON, without the characters that are legal in it and that some readers of lines take for a line's end."""
    for character, escaped in _LINE_ENDS.items():
        text = text.replace(character, escaped)
    return text


def summary_of(extraction: Extraction) -> Summary:
    """The counts of one report, as ``summarise`` has them from its record."""
    e = extraction
    statuses = Counter([r.status for r in e.resolved])
    accepted = [d.outcome for d in e.decisions].count("accept")
    code, message = e.error or (None, "")
    return Summary(
        source=e.document.source,
        form=e.form,
        year=int(e.year.value) if e.year else None,
        agency=e.agency.value if e.agency else None,
        decision=e.decision,
        cells=len(e.decisions),
        accepted=accepted,
        review=len(e.decisions) - accepted,
        blank=statuses[Status.BLANK],
        lost=statuses[Status.LOST],
        deduced=statuses[Status.DEDUCED],
        findings=len(failing(e.findings)),
        error=code,
        message=message,
    )


def summarise(record: Mapping[str, Any]) -> Summary:
    """The counts of one record."""
    outcomes = Counter(c["decision"] for c in record["cells"])
    statuses = Counter(c["status"] for c in record["cells"])
    error = record["error"]
    return Summary(
        source=record["source"],
        form=record["form"],
        year=record["year"],
        agency=record["agency"],
        decision=record["decision"],
        cells=len(record["cells"]),
        accepted=outcomes["accept"],
        review=outcomes["review"],
        blank=statuses["blank"],
        lost=statuses["lost"],
        deduced=statuses["deduced"],
        findings=len(record["findings"]),
        error=error["code"] if error else None,
        message=error["message"] if error else "",
    )
