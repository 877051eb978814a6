"""The client: questions over HTTP to any OpenAI-compatible endpoint, each attempt stored, limited, counted and bounded.

Of the libraries, openai speaks HTTP, instructor puts the schema and validates, tenacity tries again; each of their own
second jobs (retries in the SDK, the growing conversation of a re-ask, instructor's cache) is off: docs/adr/0007.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any

import instructor
import openai
import tenacity
from httpx2 import Limits, RemoteProtocolError, Request, Response
from instructor.v2.core.function_calls import response_schema
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from extractor.model.budget import Budget, OverBudget
from extractor.model.endpoint import HttpClient, open_openai
from extractor.model.failures import CALL_ERRORS, Unusable, cause_of, is_passing, outcome_of, retry_after, said_by
from extractor.model.ledger import Entry, Ledger, worst_case
from extractor.model.limits import Limiter, Ticket
from extractor.model.prices import load_prices
from extractor.model.question import Answer, Question
from extractor.model.reading import read_reply, settled
from extractor.model.replies import REPLIED, Replies, body_of
from extractor.model.settings import ModelSettings
from extractor.model.wire import Dialect, adapt, dialect_for, request_body
from extractor.types import Usage

_LONGEST_BACKOFF = 30.0
_BODY_SENT = "http11.send_request_body.complete"


class _Call:
    """One request under way: what is known of it so far."""

    __slots__ = ("body", "limiter", "number", "question", "reply", "sent", "status", "ticket", "token", "usage")

    def __init__(self, question: Question, token: str, limiter: Limiter, ticket: Ticket) -> None:
        self.question, self.token, self.limiter, self.ticket = question, token, limiter, ticket
        self.body: dict[str, Any] = {}
        self.number: int | None = None
        self.sent = False
        self.status: int | None = None
        self.reply = ""
        self.usage: Usage | None = None

    async def trace(self, event: str, _: dict[str, Any]) -> None:
        """Follow httpx2 far enough to know when the whole request has left."""
        if event == _BODY_SENT:
            self.sent = True
            self.limiter.mark_sent(self.ticket)


_CALL: ContextVar[_Call | None] = ContextVar("gouji_model_call", default=None)


class _Recorder(HttpClient):
    """The HTTP client, with every request entered before it is sent and every reply before it is looked at."""

    def __init__(self, settings: ModelSettings, replies: Replies) -> None:
        at_once = settings.concurrency
        super().__init__(settings, limits=Limits(max_connections=at_once, max_keepalive_connections=at_once))
        self._replies, self._model = replies, settings.model

    async def send(self, request: Request, **named: Any) -> Response:
        call = _CALL.get()
        if call is None:
            return await super().send(request, **named)
        call.number = self._replies.begin(call.question, self._model, request.content.decode(), call.token)
        request.extensions["trace"] = call.trace
        response = await super().send(request, **named)
        call.reply = response.content.decode("utf-8", "replace")
        if response.is_success and body_of(call.reply) is None:
            raise RemoteProtocolError("the reply is no JSON object, or was cut off on the way", request=request)
        call.status = response.status_code
        call.usage = self._replies.finish(call.number, call.status, call.reply)
        return response


class ModelClient:
    """Asks one model. Use it as ``async with open_client(...)``; ``ask`` never raises for what a server or a model does."""

    def __init__(
        self, settings: ModelSettings, replies: Replies, budget: Budget | None = None, limiter: Limiter | None = None
    ) -> None:
        # instructor logs every failed call, with parts of what was replied. What has to be said of it stands in the Answer.
        logging.getLogger("instructor").setLevel(logging.CRITICAL + 1)
        self._settings, self._replies = settings, replies
        self.budget = budget or Budget()
        self.ledger = Ledger(load_prices(settings.prices))
        self._limiter = limiter or Limiter(settings.requests_per_minute, settings.tokens_per_minute)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._flying: dict[str, asyncio.Task[Answer]] = {}
        self._dialect = dialect_for(settings.schema)
        self._openai = open_openai(settings, _Recorder(settings, replies))
        self._create: Callable[..., Awaitable[object]] = instructor.patch(create=self._post, mode=instructor.Mode.JSON_SCHEMA)

    @property
    def dialect(self) -> Dialect:
        """How the server wants to be asked, as far as it has said."""
        return self._dialect

    async def close(self) -> None:
        """Give up what is still under way, and close the connections."""
        flying = list(self._flying.values())
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
        await self._openai.close()

    async def ask(self, question: Question) -> Answer:
        """The outcome of one question: from the store where it is answered, else from the server. Once for each question."""
        key = question.key(self._settings.model)
        flying = self._flying.get(key)
        if flying is not None:
            return replace(await asyncio.shield(flying), recorded=True)
        task = asyncio.create_task(self._settle(question, key))
        self._flying[key] = task
        task.add_done_callback(lambda _: self._flying.pop(key, None))
        return await asyncio.shield(task)

    async def _settle(self, question: Question, key: str) -> Answer:
        known = settled(question, self._replies.attempts(key), self._settings.tries)
        if known is not None:
            return known
        try:
            return replace(await self._retrying()(self._attempt, question, key), recorded=False)
        except (*CALL_ERRORS, OverBudget, Unusable) as exc:
            outcome = outcome_of(cause_of(exc))
        usage = sum((a.usage for a in self._replies.attempts(key) if a.usage), Usage())
        return Answer(outcome.kind, usage=usage, message=outcome.message)

    def _retrying(self) -> tenacity.AsyncRetrying:
        """A new one for each question: one that is shared between tasks mixes up their attempts."""
        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda e: is_passing(cause_of(e), self._settings.max_wait)),
            wait=self._wait,
            stop=tenacity.stop_after_attempt(self._settings.attempts),
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """What the server asks for, else a random time that grows; an unusable reply needs no waiting."""
        error = cause_of(state.outcome.exception() or RuntimeError()) if state.outcome else RuntimeError()
        if isinstance(error, Unusable):
            return 0.0
        asked = retry_after(error)
        if asked is not None:
            return asked
        return float(tenacity.wait_random_exponential(multiplier=self._settings.backoff, max=_LONGEST_BACKOFF)(state))

    async def _attempt(self, question: Question, key: str) -> Answer:
        """One request; another at once where the server asks for another dialect. Raises where the question stays open."""
        while True:
            error = None
            async with self._slots, self._allowed(question, key) as call:
                dialect = self._dialect
                try:
                    await self._send(call, dialect)
                except CALL_ERRORS as exc:
                    error = cause_of(exc)
            if call.status is not None and 200 <= call.status < 300:
                answer = settled(question, self._replies.attempts(key), self._settings.tries)
                if answer is None:
                    raise Unusable(read_reply(question.reply, call.reply).message)
                return answer
            assert error is not None, "a call without a completion raises"
            if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
                raise error
            # While this request was away another one may have learnt what the server wants.
            adapted = self._dialect if self._dialect != dialect else adapt(dialect, self._settings.schema, said_by(error))
            if adapted is None:
                raise error
            self._dialect = adapted

    @asynccontextmanager
    async def _allowed(self, question: Question, key: str) -> AsyncIterator[_Call]:
        """A call within budget and limits; both learn afterwards what it used."""
        worst = worst_case(question)
        reservation = await self.budget.reserve(worst)
        used: Usage | None = Usage()
        try:
            ticket = await self._limiter.acquire(worst.input + worst.output)
            call = _Call(question, self._token(key), self._limiter, ticket)
            try:
                yield call
            finally:
                used = call.usage if call.sent else Usage()
                if call.sent:
                    known = call.usage if call.usage is not None else worst
                    self._limiter.settle(ticket, known.input + known.output)
                else:
                    self._limiter.cancel(ticket)
        finally:
            await self.budget.settle(reservation, used)

    def _token(self, key: str) -> str:
        """The idempotency key: the same until a reply has come, so that a server that heeds it charges a lost reply once."""
        replied = sum(a.state == REPLIED for a in self._replies.attempts(key))
        return f"gouji-{key[:40]}-{replied}"

    async def _send(self, call: _Call, dialect: Dialect) -> None:
        call.body = request_body(call.question, self._settings.model, dialect)
        current = _CALL.set(call)
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._create(
                    response_model=_wrapped(call.question.reply), max_retries=0, strict=True, messages=call.body["messages"]
                )
        except BaseException as exc:
            if call.number is not None and call.status is None:
                self._replies.fail(call.number, type(cause_of(exc)).__name__, call.sent, call.reply or None)
            raise
        finally:
            _CALL.reset(current)
            if call.status is not None:
                self.ledger.add(Entry(call.question.report, self._settings.model, call.usage))

    async def _post(self, **_: Any) -> ChatCompletion:
        """What instructor calls to send: our body in the place of its own, whose schema is not strict."""
        call = _CALL.get()
        assert call is not None, "instructor calls in the task that called it"
        headers = {"Idempotency-Key": call.token}
        return await self._openai.post("/chat/completions", body=call.body, cast_to=ChatCompletion, options={"headers": headers})


@lru_cache(maxsize=256)
def _wrapped(reply: type[BaseModel]) -> type[BaseModel]:
    """The reply model as instructor wants it, made once: it would build a class, and a schema that ours replaces, for each call."""
    wrapped: Any = response_schema(reply)
    schema = wrapped.model_json_schema()
    wrapped.model_json_schema = lambda: schema
    made: type[BaseModel] = wrapped
    return made


@asynccontextmanager
async def open_client(
    settings: ModelSettings, replies: Replies, budget: Budget | None = None, limiter: Limiter | None = None
) -> AsyncIterator[ModelClient]:
    """A client for as long as the block lasts."""
    client = ModelClient(settings, replies, budget, limiter)
    try:
        yield client
    finally:
        await client.close()


async def ask_all(asker: Any, questions: Sequence[Question]) -> list[Answer]:
    """The answers to ``questions``, in their order, asked side by side."""
    return list(await asyncio.gather(*(asker.ask(q) for q in questions)))
