"""Answers from recorded replies alone: no connection, no key, no model library. What is not recorded is named."""

from __future__ import annotations

from dataclasses import replace

from extractor.model.question import Answer, AnswerKind, Question
from extractor.model.reading import settled
from extractor.model.replies import Replies


class Replay:
    """Answers questions as they were answered when they were recorded; ``missing`` says which were not."""

    def __init__(self, replies: Replies, model: str, tries: int = 3) -> None:
        self._replies, self._model, self._tries = replies, model, tries
        self.missing: dict[str, Question] = {}

    async def ask(self, question: Question) -> Answer:
        """The recorded outcome of one question; NOT_RECORDED where there is none."""
        key = question.key(self._model)
        attempts = self._replies.attempts(key)
        answer = settled(question, attempts, self._tries) or settled(question, attempts, 1)
        if answer is not None:
            return replace(answer, recorded=True)
        self.missing[key] = question
        return Answer(AnswerKind.NOT_RECORDED, recorded=True, message=self._words(question, key, bool(attempts)))

    def _words(self, question: Question, key: str, tried: bool) -> str:
        found = "only attempts without a reply are recorded" if tried else "no reply is recorded"
        return (
            f"report {question.report[:12]}, table {question.table}, {question.part}: {found} from {self._model} to this question "
            f"({key[:12]}) in {self._replies.path}; record it with a live run, or import it with `gouji replies import`"
        )
