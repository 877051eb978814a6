"""What one person keyed blind on the page, as a key sheet of the golden set (golden/KEYING.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import PurePath

from extractor.effective import ANSWERS, Action, Event, Mode, standing
from extractor.form import Form
from extractor.record import plain

_ENTRY = {Action.BLANK: "_", Action.DASH: "-", Action.LOST: "?", Action.ILLEGIBLE: "!"}
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def entry_of(event: Event) -> str:
    """One answer as a key sheet writes it; an illegible cell is excluded from the golden set."""
    if event.action is not Action.CORRECT or event.value is None or event.figure is None:
        return _ENTRY.get(event.action, "")
    typed = event.value.strip()
    return typed if _PLAIN.fullmatch(typed) and typed == plain(event.figure) else f"{typed}={plain(event.figure)}"


def key_sheet_text(source: str, form: Form, events: Iterable[Event], reviewer: str) -> str:
    """The sheet; a cell that is not keyed yet is left empty, and ``golden resolve`` refuses it.

    Year, agency, extra rows and the report's own errors are for the keyer to fill in: the page does not ask for them.
    """
    keyed: dict[str, str] = {}
    notes: list[str] = []
    for e in standing(events):
        if e.mode is Mode.BLIND and e.reviewer == reviewer and e.form == form.id:
            if e.action in ANSWERS:
                keyed[e.field] = entry_of(e)
            if e.action is Action.ILLEGIBLE or e.note:
                notes.append(f"{e.field}: {e.note or e.action.value}")
    lines = [f"report: {_quoted(PurePath(source).stem)}", f"form: {form.id}", "year: null", "agency: null", "tables:"]
    rows: dict[str, dict[str, list[str]]] = {}
    for f in form.fields:
        rows.setdefault(f.table, {}).setdefault(f.row, []).append(_quoted(keyed.get(f.id, "")))
    for table, its in rows.items():
        lines.append(f"  {table}:")
        lines += [f"    {row}: [{', '.join(entries)}]" for row, entries in its.items()]
    return "\n".join([*lines, "extras: []", "findings: []", f"notes: {_quoted('; '.join(notes))}", ""])


def _quoted(text: str) -> str:
    """As a quoted string of YAML, which takes those of JSON."""
    return json.dumps(text, ensure_ascii=False)
