"""What a person's answers about some cells of a report prove of its other cells: the report decided anew with the answers in it.

Nothing is decided otherwise than by the pipeline: the answered cells stand as said, the readings that contradict them are
gone, and whatever is then free of doubt, and of a class that the policy accepts, needs no person. A cell that the
program accepted comes back where an answer makes it the suspect of a sum that fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor import pipeline
from extractor.codes import PERSON
from extractor.effective import Event, Settled, field_of, said
from extractor.form import Form
from extractor.judge import ACCEPT
from extractor.types import Candidate, Decision, Document, Extraction, Resolved, Status

PROVES = "PERSON_PROVES"


def settle(document: Document, forms: Sequence[Form], record: Mapping[str, Any], answers: Mapping[str, Event]) -> dict[str, Settled]:
    """By field, the cells of ``record`` that ``answers`` make certain, or put in doubt.

    Empty where the report is not read today as it was in the run of ``record`` (by an older program, or with a model): then
    nothing may rest on today's readings, and a new run is the way.
    """
    if not answers:
        return {}
    begun = pipeline.draft(document, forms)
    if isinstance(begun, Extraction) or begun.form.id != record["form"]:
        return {}
    before = pipeline.decide(begun)
    if not _as_recorded(before, record):
        return {}
    fixed = [_candidate(begun.form, record, field, event) for field, event in answers.items()]
    after = pipeline.decide(begun, answers=fixed)
    answered = {c.field for c in fixed}
    out: dict[str, Settled] = {}
    for n, (was, now) in enumerate(zip(_cells(before), _cells(after), strict=True)):
        if n not in answered and (found := _changed(was, now)) is not None:
            out[begun.form.fields[n].id] = found
    return out


def _cells(e: Extraction) -> list[tuple[Resolved, Decision]]:
    return list(zip(e.resolved, e.decisions, strict=True))


def _changed(was: tuple[Resolved, Decision], now: tuple[Resolved, Decision]) -> Settled | None:
    """One cell that is no longer what it was; None where nothing has come of it."""
    (r, d), (r2, d2) = was, now
    codes = (*d2.codes, PROVES)
    if d.outcome != ACCEPT:
        return Settled(r2.value, r2.status.value, False, codes) if d2.outcome == ACCEPT else None
    # What was accepted stays accepted, unless it now stands in a sum that fails, or shows something else.
    if "RULE_FAILED" in d2.codes or (r.status, r.value, r.start) != (r2.status, r2.value, r2.start):
        return Settled(r.value, r.status.value, True, (*d2.codes, PERSON)) if d2.outcome != ACCEPT else None
    return None


def _as_recorded(extraction: Extraction, record: Mapping[str, Any]) -> bool:
    """Whether every cell is read and decided as the record has it."""
    for (r, d), cell in zip(_cells(extraction), record["cells"], strict=True):
        start = cell["evidence"]["start"] if cell["evidence"] else -1
        value = r.value if r.status in (Status.PRINTED, Status.DEDUCED) else None
        if (r.status.value, value, r.start, d.outcome) != (cell["status"], cell["value"], start, cell["decision"]):
            return False
    return True


def _candidate(form: Form, record: Mapping[str, Any], field: str, event: Event) -> Candidate:
    """An answer as a reading: the figure and status said, with the evidence of the machine's reading where that is what was agreed to."""
    value, status = said(event)
    index = form.index[field]
    machine = next(c for c in record["cells"] if field_of(c) == field)
    agreed = (value, status) == (machine["value"], machine["status"])
    # A deduced cell that a person agreed to is still not printed: it takes no part in the sums.
    kind = Status(status)
    printed, start, end = (event.printed or "", event.start, event.end) if agreed else ("", -1, -1)
    return Candidate(index, kind, value, printed, start, end, (PERSON,), producer="person")
