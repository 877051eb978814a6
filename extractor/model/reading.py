"""What a stored reply says: the one reading of it, whether it came just now, from a batch, or from a recording.

It needs neither openai nor instructor, so a replay runs without them and cannot differ from the live run: a live attempt
is judged by the same reading of the same stored bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from extractor.model.question import Answer, AnswerKind, Question
from extractor.model.replies import REPLIED, Attempt, body_of
from extractor.types import Usage

_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reply says."""

    kind: AnswerKind
    reply: BaseModel | None = None
    message: str = ""
    body: dict[str, Any] | None = None


def read_reply(reply_model: type[BaseModel], text: str) -> Reading:
    """Read the body of a completion that came with status 200."""
    body = body_of(text)
    if body is None:
        return Reading(AnswerKind.UNUSABLE, message="the server's reply is no JSON object; it may have been cut off on the way")
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return Reading(AnswerKind.UNUSABLE, message="the reply holds no answer (its list of choices is empty)", body=body)
    return _read_choice(reply_model, choice, body)


def _read_choice(reply_model: type[BaseModel], choice: dict[str, Any], body: dict[str, Any]) -> Reading:
    message, finish = choice["message"], choice.get("finish_reason")
    if message.get("refusal") or finish == "content_filter":
        said = str(message.get("refusal") or "stopped by the provider's content filter")
        return Reading(AnswerKind.REFUSED, message=f"the model refused: {_short(said)}", body=body)
    if finish == "length":
        return Reading(AnswerKind.TRUNCATED, message="the answer was cut off at the limit of its length", body=body)
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        return Reading(AnswerKind.UNUSABLE, message="the answer is empty", body=body)
    fenced = _FENCED.fullmatch(content)  # models without a strict schema like to put it so; nothing is read into it
    try:
        reply = reply_model.model_validate_json(fenced[1] if fenced else content, strict=True)
    except ValidationError as exc:
        return Reading(AnswerKind.UNUSABLE, message=f"the answer does not satisfy its schema: {_first(exc)}", body=body)
    return Reading(AnswerKind.ANSWERED, reply, body=body)


def settled(question: Question, attempts: Iterable[Attempt], tries: int) -> Answer | None:
    """The answer that the attempts so far give; None while the question is open.

    The first usable, truncated or refused reply settles it: asking the same again would only bring another draw.
    Unusable ones settle it when there are ``tries`` of them.
    """
    usage, unusable = Usage(), 0
    last: tuple[Attempt, Reading] | None = None
    for attempt in attempts:
        if attempt.state != REPLIED:
            continue
        usage += attempt.usage or Usage(1)
        if not attempt.answered or unusable >= tries:
            continue
        reading = read_reply(question.reply, attempt.reply or "")
        last = attempt, reading
        if reading.kind is not AnswerKind.UNUSABLE:
            return _answer(attempt, reading, usage)
        unusable += 1
    return _answer(*last, usage) if last and unusable >= tries else None


def _answer(attempt: Attempt, reading: Reading, usage: Usage) -> Answer:
    name = attempt.reported or attempt.model
    return Answer(reading.kind, reading.reply, name, usage, recorded=True, message=reading.message, raw=reading.body)


def _first(exc: ValidationError) -> str:
    """The first error in a line, without the value: a reply may hold anything."""
    error = exc.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(x) for x in error["loc"])
    return _short(f"{place}: {error['msg']}" if place else error["msg"])


def _short(text: str, most: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
