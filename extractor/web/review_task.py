"""What the page needs of one report: its text as lines of cells, the form's tables, the cells, the sums as linear terms.

Pure: what the store holds in, a dictionary for JSON out. Figures are strings of their exact digits, for JavaScript has no
exact number. Of a report to be keyed blind nothing is told that a program read (``blind_task``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extractor.codes import unanswered
from extractor.effective import Action, Cell, Event, Mode, standing
from extractor.expr import Linear, Relation
from extractor.form import Block, Field, Form, Rule
from extractor.record import plain, visible
from extractor.types import Number, has_grid
from extractor.web.review_source import Source, evidence
from extractor.worklist import Item


@dataclass(frozen=True, slots=True)
class Given:
    """One report as the store has it."""

    form: Form
    record: Mapping[str, Any]
    text: str
    cells: Sequence[Cell]
    events: Sequence[Event]


def review_task(given: Given, items: Sequence[Item]) -> dict[str, Any]:
    """The report with everything known of it, to be checked; ``items`` are the cells of the queue in their order."""
    source = Source(given.form, given.text, has_grid(given.record["media_type"]))
    offsets = [evidence(c.machine) for c in given.cells] + [f["evidence"]["start"] for f in given.record["findings"] if f["evidence"]]
    lines, cut = source.lines(x for x in offsets if x >= 0)
    return {
        "mode": Mode.REVIEW.value,
        "source": {"lines": lines, "cut": cut, "notes": list(given.record["notes"]), "codes": list(given.record["codes"])},
        **_form(given.form),
        "cells": review_cells(given),
        "paths": [_path(source, f, c) for f, c in zip(given.form.fields, given.cells, strict=True)],
        "rules": [_rule(r, given.form) for r in given.form.rules if r.severity == "hard" and _applies(r, given.record)],
        "findings": [_finding(f, given.form) for f in given.record["findings"]],
        "extras": [{"table": x["table"], "label": visible(x["label"]), "values": [visible(v) for v in x["values"]]} for x in given.record["extras"]],
        "items": [{"field": given.form.index[x.field], "why": x.why, "proves": len(x.proves)} for x in items],
    }


def blind_task(given: Given, fields: Iterable[str], mode: Mode, reviewer: str) -> dict[str, Any]:
    """The report to be keyed without help: its text and the empty form. ``fields`` are those to key; only one's own answers are told."""
    source = Source(given.form, given.text, has_grid(given.record["media_type"]))
    lines, cut = source.lines()
    mine = {e.field: e for e in standing(given.events) if e.mode is mode and e.reviewer == reviewer and e.action is not Action.NOTE}
    newest = _newest(given.events)
    return {
        "mode": mode.value,
        "source": {"lines": lines, "cut": cut, "notes": list(given.record["notes"]), "codes": []},
        **_form(given.form),
        "cells": [_blank_cell(f, mine.get(f.id), newest.get(f.id, 0)) for f in given.form.fields],
        "paths": [],
        "rules": [],
        "findings": [],
        "extras": [],
        "items": [{"field": given.form.index[f], "why": mode.value, "proves": 0} for f in fields],
    }


def review_cells(given: Given) -> list[dict[str, Any]]:
    """Every cell in the form's order."""
    newest = _newest(given.events)
    said: dict[str, list[Event]] = {}
    for e in given.events:
        said.setdefault(e.field, []).append(e)
    undone = {e.cancels for e in given.events if e.action is Action.UNDO}
    return [_cell(c, newest.get(c.field, 0), said.get(c.field, []), undone) for c in given.cells]


def _cell(c: Cell, newest: int, said: Sequence[Event], undone: set[int | None]) -> dict[str, Any]:
    m = c.machine
    return {
        "value": _digits(c.value),
        "status": c.status,
        "state": c.state.value,
        "origin": c.origin,
        "answer": c.answer.action.value if c.answer else None,
        "seen": newest,
        "machine": {
            "value": _digits(m["value"]),
            "status": m["status"],
            "printed": None if m["printed"] is None else visible(m["printed"]),
            "span": _span(m["evidence"]),
            "decision": m["decision"],
            "codes": list(c.codes),
            "open": [x for x in unanswered(c.codes) if not (x == "FIELD_LOST" and m["status"] == "deduced")],
            "interval": [_digits(m["interval"]["least"]), _digits(m["interval"]["most"])] if m.get("interval") else None,
        },
        "candidates": [_candidate(a) for a in m.get("alternatives", ())],
        "history": [event(e, e.id in undone) for e in said],
    }


def _blank_cell(field: Field, mine: Event | None, newest: int) -> dict[str, Any]:
    """A cell of which only one's own answer is told."""
    value = mine.value if mine and mine.action is Action.CORRECT else None
    return {
        "value": value, "status": "open" if mine is None else _STATUS.get(mine.action, "printed"), "state": "answered" if mine else "open",
        "origin": "person" if mine else "", "answer": mine.action.value if mine else None, "seen": newest,
        "machine": None, "candidates": [], "history": [event(mine, False)] if mine else [],
    }  # fmt: skip


_STATUS = {Action.BLANK: "blank", Action.DASH: "blank", Action.LOST: "lost", Action.ILLEGIBLE: "lost", Action.SKIP: "open"}


def event(e: Event, undone: bool) -> dict[str, Any]:
    """One event as a person reads it."""
    return {
        "id": e.id, "key": e.key, "action": e.action.value, "value": None if e.value is None else visible(e.value), "reviewer": visible(e.reviewer),
        "mode": e.mode.value, "at": e.recorded_at, "note": visible(e.note), "undone": undone, "cancels": e.cancels, "run": e.run,
    }  # fmt: skip


def _newest(events: Iterable[Event]) -> dict[str, int]:
    """The newest event about each field."""
    return {e.field: e.id for e in sorted(events, key=lambda e: e.id)}


def _candidate(a: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "value": _digits(a["value"]), "status": a["status"], "printed": None if a["printed"] is None else visible(a["printed"]),
        "span": _span(a["evidence"]), "codes": list(a["codes"]), "producer": a["producer"],
    }  # fmt: skip


def _digits(value: Number | None) -> str | None:
    return None if value is None else plain(value)


def _span(place: Mapping[str, int] | None) -> list[int] | None:
    return [place["start"], place["end"]] if place else None


def _path(source: Source, field: Field, cell: Cell) -> dict[str, Any]:
    found = source.path(field, evidence(cell.machine))
    return {"row": [list(x) for x in found.row], "column": [list(x) for x in found.column]}


# The form


def _form(form: Form) -> dict[str, Any]:
    return {
        "tables": [{"id": t.id, "label": t.label, "blocks": [_block(b) for b in t.blocks]} for t in form.tables],
        "fields": [
            {"id": f.id, "table": f.table, "row": f.row_label, "group": f.row_group, "column": f.column_label, "kind": f.kind, "unit": f.unit}
            for f in form.fields
        ],
    }


def _block(b: Block) -> dict[str, Any]:
    return {
        "label": b.label,
        "columns": [{"label": c.label, "groups": list(c.group_labels)} for c in b.columns],
        "rows": [{"label": r.label, "groups": list(r.group_labels)} for r in b.rows],
        "grid": [list(line) for line in b.grid],
    }


def _applies(rule: Rule, record: Mapping[str, Any]) -> bool:
    """Whether a rule is one for this report's agency; whether its condition holds is for the page, which knows what is typed."""
    return rule.unless_agency is None or (record["agency"] is not None and not re.search(rule.unless_agency, record["agency"]))


def _rule(rule: Rule, form: Form) -> dict[str, Any]:
    fields = [form.fields[i] for i in rule.relation.fields]
    rows, columns = {f.row_label for f in fields}, {f.column_label for f in fields}
    where = fields[0].column_label if len(columns) == 1 else fields[0].row_label if len(rows) == 1 else ""
    return {
        "id": rule.id, "where": where, "says": rule.says, **_relation(rule.relation), "by": "column" if len({f.row for f in fields}) == 1 else "row",
        "when": _relation(rule.when) if rule.when else None,
    }  # fmt: skip


def _relation(r: Relation) -> dict[str, Any]:
    return {"left": _linear(r.left), "operator": r.operator, "right": _linear(r.right)}


def _linear(side: Linear) -> dict[str, Any]:
    return {"terms": [list(t) for t in side.terms], "constant": side.constant}


def _finding(f: Mapping[str, Any], form: Form) -> dict[str, Any]:
    return {
        "rule": f["rule"], "blame": f["blame"], "severity": f["severity"], "cause": f["cause"], "message": f["message"],
        "left": _digits(f["left"]), "right": _digits(f["right"]), "span": _span(f["evidence"]),
        "fields": [form.index[x] for x in f["cells"] if x in form.index], "suspects": [form.index[x] for x in f["suspects"] if x in form.index],
    }  # fmt: skip

