"""Asking about one report: what is asked, what is asked again, and what comes of answers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.damage import Case, make_case
from benchmarks.readers import READERS, Key, key_of
from extractor import consult as consulting
from extractor.ask import TableReply, questions
from extractor.consult import ALWAYS, AUTO, Cascade, consult, first_questions, load_cascade, open_fields
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.judge import ACCEPT
from extractor.model.question import Answer, AnswerKind, Question
from extractor.pipeline import Draft, decide, draft
from extractor.read import read_bytes
from extractor.record import to_record
from extractor.types import Extraction, Status, Usage

FORMS = load_forms()
Reply = Callable[[Question, int], Answer]


class Scripted:
    """Answers by a function of the question and of how many were asked before; keeps what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.asked = reply, list[Question]()

    async def ask(self, question: Question) -> Answer:
        """The next answer."""
        self.asked.append(question)
        return self.reply(question, len(self.asked) - 1)


def begun_of(shape: str, level: str, seed: int, form: int = 0) -> tuple[Draft, Case]:
    case = make_case(FORMS[form], seed, shape, level)
    begun = draft(read_bytes(case.data, case.name), FORMS)
    assert isinstance(begun, Draft)
    return begun, case


def reader(begun: Draft, key: Key, name: str = "perfect") -> Scripted:
    """A scripted reader of whole tables."""
    whole = {a.question: a for a in questions(begun.form, begun.document, begun.events, begun.segments)}
    return Scripted(lambda question, _: answered(question, READERS[name](whole[question], key)))


def answered(question: Question, text: str) -> Answer:
    return Answer(AnswerKind.ANSWERED, question.reply.model_validate_json(text), "scripted-1", Usage(1, 100, 0, 10))


def refused(question: Question, _: int) -> Answer:
    return Answer(AnswerKind.REFUSED, model="scripted-1", usage=Usage(1, 50, 0, 1), message="it would not")


def test_nothing_open_asks_nobody() -> None:
    begun, _ = begun_of("tab-rows", "clean", 1)
    alone = decide(begun)
    assert alone.decision == ACCEPT
    nobody = Scripted(refused)
    got = asyncio.run(consult(begun, [nobody], AUTO))
    assert (got, nobody.asked) == (alone, [])
    assert to_record(got, begun.form)["usage"] == {"requests": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0}


def test_always_asks_about_every_table_once() -> None:
    begun, case = begun_of("tab-rows", "clean", 1)
    perfect = reader(begun, key_of(case, begun.form))
    got = asyncio.run(consult(begun, [perfect], ALWAYS))
    assert [q.table for q in perfect.asked] == [t.id for t in begun.form.tables]
    assert got.decision == ACCEPT
    assert all("AGREED" in d.codes for r, d in zip(got.resolved, got.decisions, strict=True) if r.status is Status.PRINTED)
    record = to_record(got, begun.form)
    assert record["model"] == {"names": ["scripted-1"], "asked": 3, "answered": 3, "unanswered": [], "outcomes": []}
    assert record["usage"] == {"requests": 3, "input_tokens": 300, "output_tokens": 30, "cost": None}


def test_always_decides_nothing_before_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, case = begun_of("tab-rows", "clean", 1)
    perfect = reader(begun, key_of(case, begun.form))
    asked_before: list[int] = []

    def noted(*given: Any) -> Extraction:
        asked_before.append(len(perfect.asked))
        return decide(*given)

    monkeypatch.setattr(consulting, "decide", noted)
    got = asyncio.run(consult(begun, [perfect], ALWAYS))
    assert [3] == asked_before
    assert asyncio.run(consult(begun, [], ALWAYS)) == decide(begun) != got


def test_auto_asks_only_about_rows_with_an_open_cell() -> None:
    begun, _ = begun_of("tab-rows", "heavy", 3)
    fields = open_fields(decide(begun), load_cascade())
    assert fields
    asked = first_questions(begun, AUTO, load_cascade())
    assert all(fields & set(r.fields) for a in asked for r in a.rows)
    assert frozenset(i for a in asked for i in a.fields) == fields


def test_a_refusal_leaves_the_rules_decision_and_is_said() -> None:
    begun, _ = begun_of("tab-rows", "heavy", 3)
    alone = decide(begun)
    no = Scripted(refused)
    got = asyncio.run(consult(begun, [no], ALWAYS))
    assert got.decisions == alone.decisions
    assert got.resolved == alone.resolved
    assert got.heard is not None
    assert {u.kind for u in got.heard.unanswered} == {"refused"}
    assert len(got.heard.unanswered) == got.heard.asked == len(no.asked)
    assert got.usage == Usage(len(no.asked), 50 * len(no.asked), 0, len(no.asked))


def test_a_reply_that_was_cut_off_is_asked_for_in_halves_down_to_rows() -> None:
    begun, _ = begun_of("tab-rows", "clean", 1)

    def cut(question: Question, n: int) -> Answer:
        return Answer(AnswerKind.TRUNCATED, model="m", usage=Usage(1, 10, 0, 5), message="cut off")

    cutter = Scripted(cut)
    got = asyncio.run(consult(begun, [cutter], ALWAYS, Cascade(unanswerable=frozenset(), repairs=0)))
    assert got.heard is not None
    rows = sum(len(b.rows) for t in begun.form.tables for b in t.blocks if b.layout != "band")
    assert len(got.heard.unanswered) >= rows
    assert len({q.key("m") for q in cutter.asked}) == len(cutter.asked) == got.heard.asked


def test_a_repair_is_asked_once_more_and_never_for_a_failing_sum() -> None:
    begun, _ = begun_of("tab-rows", "heavy", 3)

    def empty(question: Question, n: int) -> Answer:
        return answered(question, question.reply(table=question.table, rows=[]).model_dump_json())

    silent = Scripted(empty)
    asyncio.run(consult(begun, [silent], AUTO, Cascade(unanswerable=load_cascade().unanswerable, repairs=2)))
    prompts = [q.prompt.partition("@")[0] for q in silent.asked]
    assert prompts[0] == "cells"
    assert {q.repeat for q in silent.asked if q.prompt.startswith("repair@")} == {1, 2}
    assert not any("RULE_FAILED" in m.content for q in silent.asked for m in q.messages)


def test_a_second_asker_is_asked_about_what_the_first_left_open() -> None:
    begun, _ = begun_of("tab-rows", "heavy", 3)
    first, then = Scripted(refused), Scripted(refused)
    asyncio.run(consult(begun, [first, then], ALWAYS))
    fields = open_fields(decide(begun), load_cascade())
    assert {q.table for q in then.asked} == {begun.form.fields[i].table for i in fields}


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_scripted_reader_ends_in_a_record(name: str) -> None:
    for shape in ("tab-cells", "aligned", "html"):
        begun, case = begun_of(shape, "heavy", 2, 1)
        got = asyncio.run(consult(begun, [_any_rows(begun, key_of(case, begun.form), name)], AUTO))
        assert len(got.decisions) == len(begun.form.fields)
        assert {i for i, d in enumerate(got.decisions) if d.outcome == ACCEPT} <= {
            i for i, d in enumerate(decide(begun).decisions) if d.outcome == ACCEPT
        }


def _any_rows(begun: Draft, key: Key, name: str) -> Scripted:
    """A scripted reader that finds the question among those that can be asked about the report, else says nothing."""

    def reply(question: Question, _: int) -> Answer:
        asked = first_questions(begun, AUTO, load_cascade())
        mine = next((a for a in asked if a.question == question), None)
        text = READERS[name](mine, key) if mine else TableReply(table=question.table, rows=[]).model_dump_json()
        return answered(question, text)

    return Scripted(reply)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unanswerable: [NO_SUCH]\nrepairs: 1\n", "NO_SUCH is no code"),
        ("unanswerable: []\nrepairs: 9\n", "repairs"),
        ("unanswerable: []\nrepairs: 1\nmore: 2\n", "more"),
        ("unanswerable: [\n", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_entry(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "asking.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(GoujiError, match=says):
        load_cascade(str(file))
