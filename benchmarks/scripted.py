"""Scripted readers as somebody whom ``extractor.consult`` can ask, and what a report comes to with one of them.

The program hands out questions, and a scripted reader needs the rows and the region behind one. Both follow from the
question's own words, so they are made again, and held against its hash.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace

from benchmarks.damage import Case
from benchmarks.readers import READERS, Key, Reader, key_of, key_of_rules
from benchmarks.score import unread
from benchmarks.tokens import count, sent
from extractor.ask import Asked, questions
from extractor.ask.place import rows_of
from extractor.consult import consult
from extractor.errors import ReportUnreadable
from extractor.form import Form, load_forms
from extractor.model.question import Answer, AnswerKind, Question
from extractor.pipeline import Draft, draft
from extractor.policy import Policy, load_policy
from extractor.read import read_bytes
from extractor.types import Extraction, Usage

COPYING = "copying"
NAMES = (*READERS, COPYING)
"""All scripted readers: those of ``benchmarks.readers``, and one that copies what the rules read, errors included."""

_ROWS = re.compile(r"(\d+)(?:-(\d+))?")


class Open(Policy):
    """Accepts every class that the rules alone decide: what is counted then is the reader, not how much has been certified."""

    def accepts(self, decision_class: str) -> bool:
        """Whether no model has a part in the class."""
        return "|single|" in decision_class


def policy_of(opened: bool) -> Policy:
    """The policy of the shipped files, or one that accepts all that the rules alone decide."""
    return Open() if opened else load_policy()


@dataclass(frozen=True, slots=True)
class Scripted:
    """Answers the questions about one report with a scripted reader; ``counted`` says whether in tokens (it takes time)."""

    begun: Draft
    key: Key
    reader: Reader
    counted: bool = False

    async def ask(self, question: Question) -> Answer:
        """The reader's reply, which keeps to the schema."""
        text = self.reader(asked_for(self.begun, question), self.key)
        usage = Usage(1, count(sent(question)), 0, count(text)) if self.counted else Usage(1)
        return Answer(AnswerKind.ANSWERED, question.reply.model_validate_json(text), "scripted", usage)


def asked_for(begun: Draft, question: Question) -> Asked:
    """The rows and the region that a question is about; AssertionError where they cannot be found again."""
    numbers: set[int] = set()
    for m in _ROWS.finditer(question.part.partition(", window")[0]):
        numbers.update(range(int(m[1]), int(m[2] or m[1]) + 1))
    fields = frozenset(i for r in rows_of(begun.form.table(question.table)) if r.number in numbers for i in r.fields)
    like = questions(begun.form, begun.document, begun.events, begun.segments, fields)
    same = [a for a in like if (a.question.part, a.question.region) == (question.part, question.region)]
    assert same, f"{begun.document.source}: {question.table}, {question.part}: no region has its hash"
    return replace(same[0], question=question)


def begin(case: Case) -> Draft | Extraction:
    """The case as far as the rules read it; the record of one that cannot be read or whose form is not recognised."""
    try:
        return draft(read_bytes(case.data, case.name), load_forms())
    except ReportUnreadable as exc:
        return unread(case, (exc.code, exc.message))


def known(case: Case, form: Form, begun: Draft) -> Key:
    """What a reader of a case of ``form`` knows. Asked for the cells of another form it finds none of them."""
    if begun.form.id != form.id:
        return Key(begun.form, begun.document, {}, frozenset())
    return key_of(case, form)


def asker_of(name: str, begun: Draft, key: Key, alone: Extraction, counted: bool = False) -> Scripted:
    """The asker of a scripted reader by its name; ``alone`` is what the rules read, for the one that copies them."""
    if name == COPYING:
        copied = key_of_rules(key, [(r.field, r.start, r.end) for r in alone.resolved if r.start >= 0])
        return Scripted(begun, copied, READERS["perfect"], counted)
    return Scripted(begun, key, READERS[name], counted)


def consulted(begun: Draft, asker: Scripted, mode: str, policy: Policy) -> Extraction:
    """The report decided with the help of one scripted reader."""
    return asyncio.run(consult(begun, [asker], mode, policy=policy))


