"""A language model alone, by token count: one plain prompt with the form's cells and the report's text, and an answer with every figure.

Nothing is asked of any model, so nothing is said of how much it would get right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks.others.sample import Report
from benchmarks.tokens import count
from extractor.errors import ReportUnreadable
from extractor.form import Form
from extractor.model.prices import load_prices
from extractor.read import read_bytes
from extractor.types import Usage

MODELS = ("gpt-4o-mini", "gpt-4.1", "gpt-5-mini")
"""Whose prices are used; those of schemas/prices.yaml, which says when they were looked up."""

_ORDER = (
    "Below is a Chinese government disclosure report. Give the figure that it prints for each of these cells, as one JSON object from the cell's id "
    "to the figure exactly as printed, or null where the report prints none. Cells (id: table, row, column):"
)


def prompt(form: Form, text: str) -> str:
    """Everything that a model would take in."""
    lines = (f"{f.id}: {form.table(f.table).label}, {f.row_group} {f.row_label}, {f.column_label}" for f in form.fields)
    return "\n".join([_ORDER, *lines, "", "Report:", text])


def answer(report: Report) -> str:
    """What a model that reads everything right would reply, without a blank too many."""
    printed = {f.id: t.printed if "printed" in t.statuses else None for f, t in zip(report.form.fields, report.truth, strict=True)}
    return json.dumps(printed, ensure_ascii=False, separators=(",", ":"))


def measure(reports: Sequence[Report], output_speed: float) -> dict[str, Any]:
    """Mean tokens a report (o200k), US dollars for a thousand reports, and seconds a report at ``output_speed`` tokens a second.

    A report that is not text or HTML is sent as the text that Gouji reads from it.
    """
    sizes = [(count(prompt(r.form, text)), count(answer(r))) for r, text in _texts(reports)]
    given, said = fmean(s[0] for s in sizes), fmean(s[1] for s in sizes)
    usage = Usage(1, sum(s[0] for s in sizes), 0, sum(s[1] for s in sizes))
    prices = {m: load_prices().of(m) for m in MODELS}
    costs: Mapping[str, float] = {m: float(1000 * p.cost(usage) / len(sizes)) for m, p in prices.items() if p is not None}
    return {"reports": len(sizes), "input": round(given), "output": round(said), "usd_per_1000": costs, "seconds": said / output_speed}


def _texts(reports: Sequence[Report]) -> Iterator[tuple[Report, str]]:
    for report in reports:
        data = report.path.read_bytes()
        try:
            document = read_bytes(data, report.path.name)
        except ReportUnreadable:
            continue
        yield report, data.decode(document.encoding) if report.format == "html" else document.text
