"""What goes over the wire: the body of one request, with a schema that is strict where the server knows such a thing.

instructor's own ``response_format`` carries no ``strict``; ours replaces it (docs/adr/0007). Servers differ in three
points, and say so in their error; ``adapt`` takes them at their word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from extractor.model.question import Message, Question

_JSON_ONLY = "Answer with one JSON object and nothing else. It must satisfy this JSON Schema:\n"
_NO_STRICT = ("response_format", "json_schema", "structured output", "guided_json", "grammar")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server wants to be asked: strict schemas or JSON mode, the name of the length limit, temperature or none."""

    strict: bool = True
    length: str = "max_tokens"
    temperature: bool = True


def dialect_for(schema: str) -> Dialect:
    """What to begin with, by the setting ``schema``."""
    return Dialect(strict=schema != "json")


def adapt(dialect: Dialect, schema: str, message: str) -> Dialect | None:
    """The dialect that the refusal of a request (status 400 or 422) asks for; None where it asks for no other."""
    said = message.lower()
    if "max_completion_tokens" in said and dialect.length == "max_tokens":
        return replace(dialect, length="max_completion_tokens")
    if "temperature" in said and dialect.temperature:
        return replace(dialect, temperature=False)
    # A schema that a server with strict schemas calls invalid is our error, and must not end in a laxer mode unseen.
    if dialect.strict and schema == "auto" and "invalid schema" not in said and any(w in said for w in _NO_STRICT):
        return replace(dialect, strict=False)
    return None


def request_body(question: Question, model: str, dialect: Dialect) -> dict[str, Any]:
    """The body of one request. Independent askings of the same question are not all drawn at temperature 0: they would agree."""
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(question, dialect),
        dialect.length: question.max_output_tokens,
        "response_format": strict_format(question.reply) if dialect.strict else {"type": "json_object"},
    }
    if dialect.temperature and question.repeat == 0:
        body["temperature"] = 0
    return body


def _messages(question: Question, dialect: Dialect) -> list[dict[str, str]]:
    messages = list(question.messages)
    if not dialect.strict:
        schema = _JSON_ONLY + json.dumps(question.reply.model_json_schema(), ensure_ascii=False)
        if messages and messages[0].role == "system":
            messages[0] = Message("system", f"{messages[0].content}\n\n{schema}")
        else:
            messages.insert(0, Message("system", schema))
    return [{"role": m.role, "content": m.content} for m in messages]


@lru_cache(maxsize=256)
def strict_format(reply: type[BaseModel]) -> dict[str, Any]:
    """The ``response_format`` of a reply model as openai's own client writes it: strict, every field required, none added."""
    from openai.lib._parsing._completions import type_to_response_format_param

    return dict(type_to_response_format_param(reply))  # type: ignore[arg-type]
