"""The straight line: read → segment → parse (→ ask) → reconcile → ground → deduce → prove → check → judge. Only this file knows the order.

``draft`` goes as far as the rules read; ``decide`` does the rest, alone or with what a model found in the meantime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from extractor.check import check_narrative, check_rules
from extractor.check.narrative import missing_mentions
from extractor.codes import DOUBTED_NOTES
from extractor.costs import load_costs
from extractor.errors import ReportUnreadable
from extractor.form import Form, load_forms
from extractor.ground import ground
from extractor.judge import ACCEPT, REVIEW, damaged, hold, judge
from extractor.layout.events import Event, events_of
from extractor.layout.labels import LabelIndex
from extractor.layout.lex import lex
from extractor.parse import parse_table
from extractor.policy import Policy, load_policy
from extractor.read import read_file
from extractor.reconcile import deduce, fix, narrow, prove, reconcile, second
from extractor.segment import Segment, choose_form, find_agency, find_year, lines_were_removed, segment, subjects_of
from extractor.types import Candidate, Document, Extraction, Located, TableReading, has_grid

UNREADABLE = "unreadable"


@lru_cache(maxsize=32)
def label_index(form: Form) -> LabelIndex:
    """The form's label index, built once."""
    return LabelIndex(form)


def extract_path(path: Path, forms: Sequence[Form] | None = None) -> Extraction:
    """Extract one file; a file that cannot be read gives a record that says why, never an exception."""
    try:
        document = read_file(path)
    except ReportUnreadable as exc:
        return _unreadable(str(path), exc.code, exc.message)
    return extract(document, forms)


@dataclass(frozen=True, slots=True)
class Draft:
    """One report as far as the rules read it: its form, where its tables stand, and the readings of each."""

    document: Document
    form: Form
    evidence: tuple[Located, ...]
    year: Located | None
    agency: Located | None
    codes: tuple[str, ...]
    doubt: tuple[str, ...]
    events: tuple[Event, ...]
    segments: tuple[Segment, ...]
    readings: tuple[TableReading, ...]


def extract(document: Document, forms: Sequence[Form] | None = None, policy: Policy | None = None) -> Extraction:
    """Extract one report that has been read, by rules; ``policy`` says which classes of cells need no person (the shipped one)."""
    begun = draft(document, forms)
    return begun if isinstance(begun, Extraction) else decide(begun, policy)


def draft(document: Document, forms: Sequence[Form] | None = None) -> Draft | Extraction:
    """What the rules read of one report; the record of one in which no form was recognised."""
    forms = forms or load_forms()
    choice = choose_form(document, forms)
    subjects = subjects_of([choice.form] if choice.form else forms)
    year, agency = find_year(document, subjects), find_agency(document, subjects)
    if choice.form is None:
        error = ("FORM_NOT_RECOGNISED", "no table of a known form was found in the text; see `gouji form list`, and `gouji show --text` for the text as read")
        return Extraction(document, None, (), year, agency, (), (), (), (), choice.codes, UNREADABLE, error)
    form = choice.form
    index = label_index(form)
    events = events_of(document.norm, lex(document.norm, has_grid(document.media_type)), index)
    segments = segment(form, events)
    doubt = tuple(c for c in choice.codes if c == "EDITION_UNCERTAIN") + tuple(n for n in document.notes if n in DOUBTED_NOTES) + (("LINES_DEDUPLICATED",) if lines_were_removed(form, document, events, segments) else ())
    readings = tuple(parse_table(document, form, t, s.events, index, doubt) for t, s in zip(form.tables, segments, strict=True))
    return Draft(document, form, choice.evidence, year, agency, choice.codes, doubt, tuple(events), segments, readings)


def decide(begun: Draft, policy: Policy | None = None, model: Sequence[Candidate] | None = None, answers: Sequence[Candidate] = ()) -> Extraction:
    """The record of a report from what the rules read and, where one was asked, what a model found.

    The rules decide by themselves first. What a model adds is judged as a class of its own (``judge.hold``). ``answers`` are what a
    person said of cells: they stand, and rule out the readings of their rows that say otherwise (docs/decision.md §6b).
    """
    form, document, policy = begun.form, begun.document, policy or load_policy()
    readings, told = narrow(form, begun.readings, answers)
    candidates, settled = reconcile(form, readings, load_costs(), told)
    grounded = ground(document, candidates)
    read = fix(form, grounded, answers)
    deduced = deduce(form, read)
    resolved = prove(form, deduced, settled)
    checked = check_rules(form, resolved, begun.year, begun.agency, frozenset(a.field for a in answers))
    decisions = judge(form, resolved, checked, policy, harmed=bool(answers) and damaged(grounded))
    if model:
        alone = resolved
        kept = frozenset(d.field for d in decisions if d.outcome == ACCEPT)
        resolved = prove(form, deduce(form, ground(document, second(read, deduced, model, begun.doubt, kept))), settled)
        checked = check_rules(form, resolved, begun.year, begun.agency)
        decisions = hold(alone, decisions, resolved, judge(form, resolved, checked, policy, second=True))
    narrative = _narrative_stretches(document, begun.segments)
    findings = checked.findings + check_narrative(form, document, resolved, narrative, begun.year, begun.agency)
    findings += missing_mentions(form, document, resolved, narrative)
    extras = tuple(x for r in begun.readings for x in r.extras)
    outcome = ACCEPT if {d.outcome for d in decisions} <= {ACCEPT} else REVIEW
    return Extraction(document, form.id, begun.evidence, begun.year, begun.agency, resolved, decisions, findings, extras,
                      begun.codes + begun.doubt, outcome, None, checked.assessed, None if model is None else tuple(model))  # fmt: skip


def _narrative_stretches(document: Document, segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """The text before the first table and after the last: sections 一, 五 and 六."""
    spans = sorted((s.start, s.end) for s in segments if s.start >= 0)
    if not spans:
        return [(0, len(document.text))]
    return [(0, spans[0][0]), (max(e for _, e in spans), len(document.text))]


def _unreadable(source: str, code: str, message: str) -> Extraction:
    document = Document(source, "", "", "", "", "", ())
    return Extraction(document, None, (), None, None, (), (), (), (), (), UNREADABLE, (code, message))
