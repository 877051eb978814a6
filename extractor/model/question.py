"""One question to a model, and what became of it. Pure data: making and reading them opens no connection.

A question is addressed by its content (``Question.key``), so that a reply that was paid for once is found again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel

from extractor.types import NOT_RECORDED as _NOT_RECORDED
from extractor.types import Usage


class Message(NamedTuple):
    """One message of a conversation; ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one region of one report.

    ``report`` is the sha256 of the report's bytes, ``table`` a table's id, ``part`` says in words which rows of it;
    ``prompt`` is ``<name>@<hash>`` of the prompt file, ``reply`` the pydantic model that an answer must satisfy, and
    ``region`` the hash of the region's text as the model sees it. ``repeat`` counts independent askings of the same.
    """

    report: str
    table: str
    part: str
    prompt: str
    region: str
    messages: tuple[Message, ...]
    reply: type[BaseModel]
    max_output_tokens: int
    repeat: int = 0

    def key(self, model: str) -> str:
        """The address of a reply: sha256 over model, prompt, schema, region, messages and repeat, in hexadecimal."""
        parts = [model, self.prompt, schema_hash(self.reply), self.region, self.repeat, [list(m) for m in self.messages]]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@lru_cache(maxsize=256)
def schema_hash(reply: type[BaseModel]) -> str:
    """sha256 of the reply's JSON Schema, in hexadecimal."""
    return hashlib.sha256(json.dumps(reply.model_json_schema(), sort_keys=True).encode()).hexdigest()


class AnswerKind(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    UNUSABLE = "unusable"
    UNREACHABLE = "unreachable"
    OVER_BUDGET = "over_budget"
    NOT_RECORDED = _NOT_RECORDED


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one question. ``reply`` is an instance of the question's model where ``kind`` is ``answered``, else None.

    ``model`` is the name that the server reported; ``usage`` is of all attempts, paid now or when they were recorded;
    ``recorded`` says that nothing was asked now. ``message`` says in plain words what went wrong.
    """

    kind: AnswerKind
    reply: BaseModel | None = None
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    recorded: bool = False
    message: str = ""
    raw: dict[str, Any] | None = None


class Asker(Protocol):
    """Whatever answers questions: the HTTP client, a replay of recorded replies, a scripted reader in a test."""

    async def ask(self, question: Question) -> Answer:
        """The outcome of one question; never raises for what a server, a network or a model does."""
        ...
