"""Two readers that answer from recorded replies alone: ``both`` decides with a model beside the rules, ``model`` is that model by itself.

Each text is consulted once, about every table (``always``), and both readers are read off that. Nothing is connected to.
A question without a recorded reply is kept by name; ``evaluate`` then counts its text as unanswered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from extractor.ask import TableReply
from extractor.ask.cite import parted
from extractor.ask.place import rows_of
from extractor.ask.reply import BLANK, ILLEGIBLE, LOST
from extractor.consult import ALWAYS, consult
from extractor.errors import GoujiError, ReportUnreadable
from extractor.form import Form
from extractor.judge import ACCEPT, REVIEW
from extractor.model.ledger import Entry
from extractor.model.question import Answer, Question
from extractor.model.replay import Replay
from extractor.model.replies import REPLIED, Replies
from extractor.numerals import read_number
from extractor.pipeline import Draft, draft, extract_path
from extractor.read import read_file
from extractor.types import Candidate, Decision, Extraction, Number, Resolved, Status

ALONE = "model alone"
"""The decision class of every cell that the model reads by itself: nothing holds it back, and nothing states how sure it is."""

Given = tuple[Number | None, ...]
"""The figures that a model gave for one cell, None for an empty cell; without those that it could not read."""


@dataclass(frozen=True, slots=True)
class Consulted:
    """One text with what recorded replies make of it.

    ``standing`` are the answers by field that stand in the text where they are cited, ``loose`` those of the other fields,
    as written. ``entries`` hold what each recorded reply used, by the address of its question; ``missing`` the questions
    without one, likewise.
    """

    both: Extraction
    alone: Extraction
    standing: Mapping[int, Given]
    loose: Mapping[int, Given]
    entries: Mapping[str, tuple[Entry, ...]]
    missing: Mapping[str, Question]


def choose_model(replies: Replies, named: str) -> str:
    """The model whose replies are read: the one ``named``, else the only one in the store. GoujiError where that does not say."""
    known = replies.models()
    record = "record some with a live run, or import them with `gouji replies import`"
    if not known:
        raise GoujiError(f"{replies.path}: there are no recorded replies in it; {record}")
    if named:
        if named not in known:
            raise GoujiError(f"{replies.path}: no reply of GOUJI_MODEL={named}; it holds replies of {', '.join(known)}; name one of them, or {record}")
        return named
    if len(known) > 1:
        raise GoujiError(f"{replies.path}: replies of {len(known)} models: {', '.join(known)}; say in GOUJI_MODEL whose are to be read")
    return known[0]


class Recorded:
    """The texts consulted so far, by path; each is consulted once."""

    def __init__(self, replies: Replies, model: str, forms: Sequence[Form], tries: int) -> None:
        self.model, self.replies = model, replies
        self._forms, self._tries = {f.id: f for f in forms}, tries
        self.texts: dict[Path, Consulted] = {}

    def both(self, path: Path) -> Extraction:
        """The text decided by the rules with what the model found."""
        return self._consulted(path).both

    def alone(self, path: Path) -> Extraction:
        """The text as the model alone reads it, in the form and with the year and agency that the rules found."""
        return self._consulted(path).alone

    def _consulted(self, path: Path) -> Consulted:
        if path not in self.texts:
            self.texts[path] = self._consult(path)
        return self.texts[path]

    def _consult(self, path: Path) -> Consulted:
        begun = self._begin(path)
        if isinstance(begun, Extraction):
            return Consulted(begun, begun, {}, {}, {}, {})
        replay = Replay(self.replies, self.model, self._tries)
        listening = _Listening(replay)
        both = asyncio.run(consult(begun, [listening], ALWAYS))
        standing = {i: tuple(c.value for c in found) for i, found in _by_field(both).items()}
        loose = _loose(begun.form, listening.heard, standing)
        entries = {key: tuple(self._entries(key)) for key in (q.key(self.model) for q, _ in listening.heard)}
        return Consulted(both, model_alone(both), standing, loose, entries, dict(replay.missing))

    def _begin(self, path: Path) -> Draft | Extraction:
        forms = tuple(self._forms.values())
        try:
            return draft(read_file(path), forms)
        except ReportUnreadable:
            return extract_path(path, forms)

    def _entries(self, key: str) -> Iterator[Entry]:
        for a in self.replies.attempts(key):
            if a.state == REPLIED:
                yield Entry(a.report, a.model, a.usage, a.via == "batch")


class _Listening:
    """Asks on, and keeps what was asked and answered."""

    def __init__(self, asker: Replay) -> None:
        self._asker = asker
        self.heard: list[tuple[Question, Answer]] = []

    async def ask(self, question: Question) -> Answer:
        """The asker's answer."""
        answer = await self._asker.ask(question)
        self.heard.append((question, answer))
        return answer


def model_alone(both: Extraction) -> Extraction:
    """The model's candidates as a record of their own.

    A cell takes its one answer, printed or blank, and is accepted: a model by itself has no gate. Without one, or with
    several that differ, it is lost. ``codes`` say what became of answers that are no candidate.
    """
    found = _by_field(both)
    why: dict[int, list[str]] = {}
    for field, code, _ in both.heard.outcomes if both.heard else ():
        why.setdefault(field, []).append(code)
    resolved = tuple(_one(r.field, found.get(r.field, ()), why.get(r.field, ())) for r in both.resolved)
    decisions = tuple(Decision(r.field, REVIEW if r.status is Status.LOST else ACCEPT, r.codes, 0.0, ALONE) for r in resolved)
    decision = ACCEPT if all(d.outcome == ACCEPT for d in decisions) else REVIEW
    return replace(both, resolved=resolved, decisions=decisions, findings=(), extras=(), rules_assessed=(), decision=decision)


def _by_field(both: Extraction) -> dict[int, list[Candidate]]:
    """The model's answers that stand in the text, by field."""
    out: dict[int, list[Candidate]] = {}
    for c in both.model or ():
        if c.status is not Status.LOST:
            out.setdefault(c.field, []).append(c)
    return out


def _one(field: int, found: Sequence[Candidate], why: Sequence[str]) -> Resolved:
    if len({(c.status, c.value) for c in found}) == 1:
        c = found[0]
        return Resolved(field, c.status, c.value, c.printed, c.start, c.end, c.codes)
    return Resolved(field, Status.LOST, None, None, -1, -1, tuple(dict.fromkeys(why)), tuple(found))


def _loose(form: Form, heard: Sequence[tuple[Question, Answer]], standing: Mapping[int, Given]) -> dict[int, Given]:
    """The answers as written for the cells without one that stands; of rows with another number of cells nobody knows whose they are."""
    out: dict[int, Given] = {}
    for question, answer in heard:
        if not isinstance(answer.reply, TableReply):
            continue
        places = {place.number: place.fields for place in rows_of(form.table(question.table))}
        for row in answer.reply.rows:
            fields = places.get(row.row, ())
            for field, written in zip(fields, row.cells, strict=False) if len(fields) == len(row.cells) else ():
                if field not in standing:
                    out[field] = (*out.get(field, ()), *_figure(form, field, written))
    return out


def _figure(form: Form, field: int, written: str) -> Given:
    """What an answer says, or nothing where it is no figure."""
    token, _ = parted(written)
    if token in (LOST, ILLEGIBLE):
        return ()
    if token == BLANK:
        return (None,)
    kind = form.fields[field].kind
    value, _ = read_number(token, kind, form.fields[field].unit if kind == "amount" else None)
    return () if value is None else (value,)
