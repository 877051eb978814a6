"""What is wrong with one report, as a linter says it: one line a problem, Chinese labels in an English sentence.

Rules that fail come first, then the cells that need a person, then why a file could not be read. Cells with the
same reasons are one problem and one line: a table that is not in the text is one line, not two hundred.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from extractor.codes import CODES, unanswered
from extractor.form import Field, Form
from extractor.record import failing, plain, to_record, visible
from extractor.types import Blame, Extraction, Finding, Verdict

FAULT = {Blame.REPORT: "报告", Blame.READING: "读数", Blame.UNKNOWN: "不明"}
_FAILS = {"==": "≠", ">=": "<", "<=": ">"}
_MOST_NAMES = 3
_LONGEST = 22  # characters of a label


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: ``kind`` is ``finding``, ``review`` or ``unreadable``; ``data`` is the same for machines."""

    kind: str
    text: str
    data: dict[str, Any]


def problems(extraction: Extraction, form: Form | None) -> Iterator[Problem]:
    """Everything a person should look at in one report."""
    source = extraction.document.source
    if form:
        record = to_record(extraction, form)
        for finding, data in zip(failing(extraction.findings), record["findings"], strict=True):
            text = f"{visible(source)}: {finding_text(finding, extraction, form)}"
            yield Problem("finding", text, {"source": source, "problem": "finding", **data})
        yield from _reviews(extraction, form)
    if extraction.error:
        code, message = extraction.error
        data = {"source": source, "problem": "unreadable", "error": {"code": code, "message": message}}
        yield Problem("unreadable", f"{visible(source)}: {code}: {visible(message)}", data)


def row_name(form: Form, field: Field) -> str:
    """The row's label, with the heading above it only where another row of the table has the same label."""
    same = {f.row for f in form.fields if f.table == field.table and f.row_label == field.row_label}
    label = field.row_label if len(same) == 1 else f"{field.row_group.rsplit('/', 1)[-1]}/{field.row_label}"
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def finding_text(f: Finding, extraction: Extraction, form: Form) -> str:
    """One finding: where, rule, both sides, likely cause, whose fault, the sentence behind the rule."""
    soft = " (soft)" if f.severity == "soft" else ""
    said = [f"{_place(f, extraction, form)}: {f.rule}{soft}{_sides(f, form)}"]
    if f.cause:
        said.append(f"likely cause: {f.cause}")
    said.append(f"fault: {FAULT[f.blame]}")
    return ", ".join(said) + (f"; {f.message}" if f.message else "")


def _sides(f: Finding, form: Form) -> str:
    rule = next((r for r in form.rules if (r.id, r.instance) == (f.rule, f.instance)), None)
    spoken = any(n.id == f.rule for n in form.narrative)
    if f.left is None or not (rule or spoken):
        return f": {plain(f.left)}" if f.left is not None and f.rule == "TYPE" else ""
    if f.right is None:
        return f": {plain(f.left)}"
    sign = _FAILS[rule.relation.operator] if rule else "≠"
    blank = ", blanks counted as zero" if f.verdict is Verdict.NOT_ASSESSABLE else ""
    return f": {plain(f.left)} {sign} {plain(f.right)} (difference {plain(f.left - f.right)}{blank})"


def _place(f: Finding, extraction: Extraction, form: Form) -> str:
    """Table · row · column of the suspects, or of all the rule's cells; of a sentence, its words and line."""
    text = extraction.document.text
    if f.start >= 0 and f.instance in ("narrative", "report"):
        words = visible(" ".join(text[f.start : f.end].split()))
        return f"line {text.count(chr(10), 0, f.start) + 1} · 「{words[:40]}{'…' if len(words) > 40 else ''}」"
    fields = [form.fields[i] for i in f.suspects or f.fields]
    if not fields:
        return "report"
    tables = dict.fromkeys(t.label for t in form.tables if t.id in {x.table for x in fields})
    rows = dict.fromkeys(row_name(form, x) for x in fields)
    columns = dict.fromkeys(x.column_label for x in fields)
    whole = len(rows) == 1 and len(columns) == sum(
        x.table == fields[0].table and x.row == fields[0].row for x in form.fields
    )
    across = "all columns" if whole and len(columns) > 1 else _names(list(columns))
    return f"{_names(list(tables))} · {_names(list(rows))} · {across}"


def _names(names: Sequence[str]) -> str:
    """A few names in full, of more only the first and how many."""
    if len(names) <= _MOST_NAMES:
        return "、".join(names)
    return f"{names[0]} … {names[-1]} ({len(names)})"


# Cells for a person


def _reviews(extraction: Extraction, form: Form) -> Iterator[Problem]:
    source = extraction.document.source
    for table in form.tables:
        groups: dict[tuple[str, ...], list[Field]] = {}
        for field, r, d in zip(form.fields, extraction.resolved, extraction.decisions, strict=True):
            if d.outcome != "accept" and field.table == table.id:
                why = (r.status.value, *dict.fromkeys(unanswered(d.codes)))
                groups.setdefault(why, []).append(field)
        of_table = [f for f in form.fields if f.table == table.id]
        for (status, *codes), fields in groups.items():
            place = f"{table.label} · {_cells(form, fields, of_table)}"
            data = {"table": table.id, "status": status, "cells": [f.id for f in fields], "codes": codes}
            text = f"{visible(source)}: {place}: {_count(fields, status)}: {_reasons(codes)}"
            yield Problem("review", text, {"source": source, "problem": "review", **data})


def _cells(form: Form, fields: Sequence[Field], of_table: Sequence[Field]) -> str:
    if len(fields) == len(of_table):
        return "all rows · all columns"
    mine, whole = _by_row(fields), _by_row(of_table)
    # no column is named where every row concerned is concerned as a whole
    columns = dict.fromkeys(f.column_label for f in fields)
    complete = len(columns) > 1 and all(len(mine[row]) == len(whole[row]) for row in mine)
    across = "all columns" if complete else _names(list(columns))
    return f"{_names([row_name(form, x[0]) for x in mine.values()])} · {across}"


def _by_row(fields: Sequence[Field]) -> dict[str, list[Field]]:
    rows: dict[str, list[Field]] = {}
    for f in fields:
        rows.setdefault(f.row, []).append(f)
    return rows


def _count(fields: Sequence[Field], status: str) -> str:
    return f"{len(fields)} {status} {'cell' if len(fields) == 1 else 'cells'} for review"


def _reasons(codes: Sequence[str]) -> str:
    """The sentences of the codes, the most telling ones; FIELD_LOST says nothing that the status has not said."""
    telling = [c for c in codes if c != "FIELD_LOST"] or list(codes)
    return " ".join(CODES[c].says for c in telling[:_MOST_NAMES]) + f" [{' '.join(codes)}]"
