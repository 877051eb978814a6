"""What a person's answers about some cells of a report prove of its other cells: the report decided anew with the answers in it.

Nothing is decided otherwise than by the pipeline: the answered cells stand as said, the readings that contradict them are
gone, and whatever is then free of doubt, and of a class that the policy accepts, needs no person. A cell that the
program accepted comes back where an answer makes it the suspect of a sum that fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extractor import pipeline
from extractor.codes import PERSON
from extractor.effective import AGREES, Event, Settled, said
from extractor.form import Form
from extractor.judge import ACCEPT
from extractor.types import Candidate, Decision, Document, Extraction, Resolved, Status

PROVES = "PERSON_PROVES"


@dataclass(frozen=True, slots=True)
class Reread:
    """One report as it is read today, which is as its run has it."""

    begun: pipeline.Draft
    before: Extraction


def reread(document: Document, forms: Sequence[Form], record: Mapping[str, Any]) -> Reread | None:
    """The report of ``record`` read again; None where it is not read today as it was then (by an older program, or with a model).

    Then nothing may rest on today's readings, and a new run is the way.
    """
    begun = pipeline.draft(document, forms)
    if isinstance(begun, Extraction) or begun.form.id != record["form"]:
        return None
    before = pipeline.decide(begun)
    return Reread(begun, before) if _as_recorded(before, record) else None


def settle(read: Reread, answers: Mapping[str, Event]) -> dict[str, Settled]:
    """By field, the cells that ``answers`` make certain, or put in doubt."""
    if not answers:
        return {}
    form = read.begun.form
    fixed = [_candidate(form, field, event) for field, event in answers.items()]
    after = pipeline.decide(read.begun, answers=fixed)
    answered = {c.field for c in fixed}
    out: dict[str, Settled] = {}
    for n, (was, now) in enumerate(zip(_cells(read.before), _cells(after), strict=True)):
        if n not in answered and (found := _changed(was, now)) is not None:
            out[form.fields[n].id] = found
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


def _candidate(form: Form, field: str, event: Event) -> Candidate:
    """An answer as a reading: value and status as said, at the place of the machine's reading where that was agreed to."""
    value, status = said(event)
    if event.action in AGREES:
        return Candidate(form.index[field], Status(status), value, event.printed or "", event.start, event.end, (PERSON,), producer="person")
    # What a person types says what the cell is, not where it stands.
    return Candidate(form.index[field], Status(status), value, "", -1, -1, (PERSON,), producer="person")
