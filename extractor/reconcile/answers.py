"""What a person said of cells, put into what was read: their rows lose the readings that say otherwise (docs/decision.md §6b)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from extractor.codes import PERSON
from extractor.form import Form
from extractor.reconcile.rows import frame
from extractor.types import Candidate, Resolved, Status, TableReading


def narrow(form: Form, readings: tuple[TableReading, ...], answers: Sequence[Candidate]) -> tuple[tuple[TableReading, ...], frozenset[int]]:
    """``readings`` without those that contradict an answer, and the fields of rows that had several and now have one.

    A row none of whose readings says what the person says keeps them all: the row was misread in a way that nobody thought of.
    """
    if not answers:
        return readings, frozenset()
    said = {a.field: _unseen(a) if a.status is Status.DEDUCED else a for a in answers}
    told: set[int] = set()
    out = []
    for table, reading in zip(form.tables, readings, strict=True):
        candidates = reading.candidates
        for row in frame(form, table).rows:
            mine = {i: said[i] for i in row if i in said}
            if mine:
                candidates, one = _row(candidates, frozenset(row), mine)
                told |= set(row) if one else set()
        out.append(replace(reading, candidates=candidates))
    return tuple(out), frozenset(told)


def _unseen(answer: Candidate) -> Candidate:
    """A deduced cell that a person agrees to is still not in the text."""
    return answer._replace(status=Status.LOST, value=None)


def _row(candidates: tuple[Candidate, ...], row: frozenset[int], said: Mapping[int, Candidate]) -> tuple[tuple[Candidate, ...], bool]:
    """The candidates of a table with one row narrowed, and whether that left one reading of several."""
    options = {c.option for c in candidates if c.field in row}
    against = {c.option for c in candidates if c.field in said and (c.status, c.value) != (said[c.field].status, said[c.field].value)}
    silent = {o for o in options if any(not any(c.option == o and c.field == i for c in candidates) for i in said)}
    kept = options - against - silent
    one = len(options) > 1 and len(kept) == 1
    kept = kept or options
    rest = [c for c in candidates if c.field not in row or (c.option in kept and c.field not in said)]
    rest += [a._replace(option=o) for o in sorted(kept or {0}) for a in said.values()]
    return tuple(rest), one


def fix(resolved: tuple[Resolved, ...], answers: Sequence[Candidate]) -> tuple[Resolved, ...]:
    """``resolved`` with the answered cells as the person says, free of doubt."""
    if not answers:
        return resolved
    out = list(resolved)
    for a in answers:
        out[a.field] = Resolved(a.field, a.status, a.value, a.printed, a.start, a.end, (PERSON,))
    return tuple(out)
