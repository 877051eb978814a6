"""From a request to a reply: what the script says, and what a drawn fault makes of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from benchmarks.server.books import Books
from benchmarks.server.faults import CHARGED, Fault, draw

# The messages of a question → the text of the answer.
Script = Callable[[list[dict[str, str]]], str]
# A token of this server: three characters.
_CHARACTERS = 3


@dataclass(frozen=True)
class Options:
    """How a server behaves. ``retry_after`` is in seconds; ``strict`` and ``length`` say which dialect it speaks.

    ``idempotent``: a request with an Idempotency-Key that was answered before gets the same reply and is not charged again.
    ``usage``: whether replies say what they used. ``limits`` are requests and tokens in a window that it enforces with 429.
    """

    script: Script
    seed: int = 0
    share: float = 0.0
    kinds: tuple[Fault, ...] = tuple(Fault)
    latency: float = 0.0
    retry_after: float = 0.05
    stall: float = 60.0
    drip: float = 0.01
    idempotent: bool = True
    strict: bool = True
    length: str = "max_tokens"
    temperature: bool = True
    usage: bool = True
    window: float = 60.0
    limits: tuple[int | None, int | None] = (None, None)
    key: str | None = None
    replies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A reply as it goes out; ``fault`` says how it is sent. No status: nothing is sent at all."""

    status: int | None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    fault: Fault | None = None


def error(status: int, message: str, code: str | None = None, headers: tuple[tuple[str, str], ...] = (), fault: Fault | None = None) -> Reply:
    """An error as OpenAI-compatible servers write it."""
    body = {"error": {"message": message, "type": "server_error", "param": None, "code": code}}
    return Reply(status, json.dumps(body).encode(), headers, fault)


class Answerer:
    """Answers requests by the options, keeps the books, and remembers replies by their idempotency key."""

    def __init__(self, options: Options, books: Books) -> None:
        self._options, self._books = options, books
        self._asked: Counter[str] = Counter()
        self._memory: dict[str, Reply] = {}

    def answer(self, body: dict[str, Any], token: str | None, at: float, batch: bool = False) -> Reply:
        """The reply to one request that came ``at``."""
        o = self._options
        token = token if o.idempotent else None
        if token and (known := self._memory.get(token)):
            self._books.enter(at, 0)
            return Reply(known.status, known.body, known.headers)
        if refusal := self._dialect(body):
            self._books.enter(at, 0)
            return refusal
        request = token or hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        self._asked[request] += 1
        fault = draw(o.seed, o.share, o.kinds, request, self._asked[request])
        if fault:
            self._books.faults[fault.value] += 1
        reply = self._make(body, fault, at, batch)
        if token and reply.status is not None:
            self._memory[token] = reply
        return reply

    def _dialect(self, body: dict[str, Any]) -> Reply | None:
        """What this server does not understand, in the words of known servers."""
        o = self._options
        if not o.strict and body.get("response_format", {}).get("type") == "json_schema":
            return error(400, "response_format type 'json_schema' is not supported; use 'json_object'")
        if o.length not in body:
            return error(400, f"Unsupported parameter: use '{o.length}' instead.", "unsupported_parameter")
        if not o.temperature and "temperature" in body:
            return error(400, "Unsupported value: 'temperature' does not support 0 with this model.", "unsupported_value")
        return None

    def _make(self, body: dict[str, Any], fault: Fault | None, at: float, batch: bool) -> Reply:
        completion = self._completion(body, fault)
        charged = fault is None or fault in CHARGED
        usage = completion["usage"]
        tokens = usage["prompt_tokens"] + usage["completion_tokens"] if charged else 0
        if not batch and not self._books.within(*self._options.limits, at, tokens):
            self._books.enter(at, 0)
            return error(429, "Rate limit reached.", "rate_limit_exceeded", (("retry-after", "1"),))
        self._books.enter(at, tokens)
        if not charged:
            return self._failed(fault)
        self._books.charge(usage)
        if not self._options.usage:
            del completion["usage"]
        data = json.dumps(completion, ensure_ascii=False).encode()
        return Reply(200, data, fault=fault)

    def _failed(self, fault: Fault | None) -> Reply:
        seconds = self._options.retry_after
        if fault is Fault.LIMITED_SECONDS:
            return error(429, "Slow down.", "rate_limit_exceeded", (("retry-after", str(seconds)),), fault)
        if fault is Fault.LIMITED_DATE:
            date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
            return error(429, "Slow down.", "rate_limit_exceeded", (("retry-after", date),), fault)
        if fault is Fault.LIMITED:
            return error(429, "Slow down.", "rate_limit_exceeded", fault=fault)
        if fault is Fault.BROKEN:
            return error(500, "Something broke.", fault=fault)
        if fault is Fault.BUSY:
            return error(503, "Overloaded.", fault=fault)
        return Reply(None, fault=fault)

    def _completion(self, body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """A completion with its usage, which is this server's own arithmetic."""
        prompt = "".join(m["content"] for m in body["messages"])
        most = int(body[self._options.length])
        text, finish, refusal = self._text(body["messages"], fault), "stop", None
        if fault is Fault.TRUNCATED:
            text, finish = text[: len(text) // 2], "length"
        if fault is Fault.REFUSED:
            text, refusal = "", "I cannot help with that."
        output = most if finish == "length" else min(most, len(text) // _CHARACTERS + 1)
        message = {"role": "assistant", "content": None if refusal else text, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        asked = len(prompt) // _CHARACTERS + 1
        return {
            "id": "chatcmpl-local", "object": "chat.completion", "created": 1, "model": f"{body['model']}-2026-01-01",
            "choices": [] if fault is Fault.NO_CHOICES else [choice],
            "usage": {
                "prompt_tokens": asked, "completion_tokens": output, "total_tokens": asked + output,
                "prompt_tokens_details": {"cached_tokens": asked // 4},
                "completion_tokens_details": {"reasoning_tokens": output // 5},
            },
        }  # fmt: skip

    def _text(self, messages: list[dict[str, str]], fault: Fault | None) -> str:
        told = messages[-1]["content"]
        text = self._options.replies.get(told) or self._options.script(messages)
        if fault is Fault.NOT_JSON:
            return "The table shows: " + text[: len(text) // 2]
        if fault is Fault.WRONG_SCHEMA:
            return json.dumps({"something": ["else", 1]})
        if fault is Fault.EXTRA_FIELD:
            return json.dumps({**json.loads(text), "surprise": True}, ensure_ascii=False)
        return text
