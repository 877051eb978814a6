"""The straight line: read → segment → parse → reconcile → ground → deduce → prove → check → judge. Only this file knows the order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from extractor.check import check_narrative, check_rules
from extractor.check.narrative import missing_mentions
from extractor.costs import load_costs
from extractor.errors import ReportUnreadable
from extractor.form import Form, load_forms
from extractor.ground import ground
from extractor.judge import ACCEPT, REVIEW, judge
from extractor.layout.events import events_of
from extractor.layout.labels import LabelIndex
from extractor.layout.lex import lex
from extractor.parse import parse_table
from extractor.policy import Policy, load_policy
from extractor.read import read_file
from extractor.reconcile import deduce, prove, reconcile
from extractor.segment import Segment, choose_form, find_agency, find_year, lines_were_removed, segment, subjects_of
from extractor.types import Document, Extraction

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


def extract(document: Document, forms: Sequence[Form] | None = None, policy: Policy | None = None) -> Extraction:
    """Extract one report that has been read; ``policy`` says which classes of cells need no person (the shipped one)."""
    forms = forms or load_forms()
    choice = choose_form(document, forms)
    subjects = subjects_of([choice.form] if choice.form else forms)
    year, agency = find_year(document, subjects), find_agency(document, subjects)
    if choice.form is None:
        error = ("FORM_NOT_RECOGNISED", "no table of a known form was found in the text; see `gouji form list`, and `gouji show --text` for the text as read")
        return Extraction(document, None, (), year, agency, (), (), (), (), choice.codes, UNREADABLE, error)
    form = choice.form
    index = label_index(form)
    events = events_of(document.norm, lex(document.norm, document.media_type == "text/html"), index)
    segments = segment(form, events)
    doubt = tuple(c for c in choice.codes if c == "EDITION_UNCERTAIN") + (("LINES_DEDUPLICATED",) if lines_were_removed(form, document, events, segments) else ())
    readings = [parse_table(document, form, t, s.events, index, doubt) for t, s in zip(form.tables, segments, strict=True)]
    resolved, settled = reconcile(form, readings, load_costs())
    resolved = prove(form, deduce(form, ground(document, resolved)), settled)
    checked = check_rules(form, resolved, year, agency)
    narrative = _narrative_stretches(document, segments)
    findings = checked.findings + check_narrative(form, document, resolved, narrative, year, agency)
    findings += missing_mentions(form, document, resolved, narrative)
    decisions = judge(form, resolved, checked, policy or load_policy())
    extras = tuple(x for r in readings for x in r.extras)
    outcome = ACCEPT if all(d.outcome == ACCEPT for d in decisions) else REVIEW
    return Extraction(document, form.id, choice.evidence, year, agency, resolved, decisions, findings, extras,
                      choice.codes + doubt, outcome, None, checked.assessed)  # fmt: skip


def _narrative_stretches(document: Document, segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """The text before the first table and after the last: sections 一, 五 and 六."""
    spans = sorted((s.start, s.end) for s in segments if s.start >= 0)
    if not spans:
        return [(0, len(document.text))]
    return [(0, spans[0][0]), (max(e for _, e in spans), len(document.text))]


def _unreadable(source: str, code: str, message: str) -> Extraction:
    document = Document(source, "", "", "", "", "", ())
    return Extraction(document, None, (), None, None, (), (), (), (), (), UNREADABLE, (code, message))
