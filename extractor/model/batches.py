"""The provider's batch endpoint: many questions in one file, answered within a day at a lower price.

The state lies in the store of replies: a request waits there from before its file is uploaded until its reply is collected,
so a killed submit or collect is taken up again and nothing is submitted twice. instructor's own batches lose failed
requests (they never read the error file), so these lines are ours.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from extractor.errors import EndpointError
from extractor.model.budget import Budget, OverBudget
from extractor.model.ledger import worst_case
from extractor.model.question import Question
from extractor.model.reading import settled
from extractor.model.replies import SENT, Attempt, Replies, body_of
from extractor.model.settings import ModelSettings
from extractor.model.wire import Dialect, adapt, dialect_for, request_body

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch

_ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_WINDOW: Literal["24h"] = "24h"
# What OpenAI takes in one batch.
_MOST_REQUESTS, _MOST_BYTES = 50_000, 190_000_000
# Of ours: not yet known to the provider; never submitted; its replies are in the store. Else the provider's own word.
PREPARING, ABANDONED, COLLECTED = "preparing", "abandoned", "collected"
_ENDED = {"completed", "failed", "expired", "cancelled"}


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of the questions given: ``requests`` went out in ``batches``; the others needed no asking, or no money was left."""

    batches: tuple[str, ...] = ()
    requests: int = 0
    answered: int = 0
    waiting: int = 0
    over_budget: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One batch: our name for it, the provider's, how it stands, and how many requests it holds."""

    name: str
    id: str | None
    state: str
    requests: int


@dataclass(frozen=True, slots=True)
class Collected:
    """One batch whose replies are now in the store. ``failures`` are (custom id, what the provider said)."""

    name: str
    replies: int
    failures: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Request:
    question: Question
    token: str
    body: str

    @property
    def line(self) -> bytes:
        row = f'{{"custom_id": {json.dumps(self.token)}, "method": "POST", "url": "{_ENDPOINT}", "body": {self.body}}}\n'
        return row.encode()


async def submit(
    questions: Iterable[Question], settings: ModelSettings, replies: Replies, budget: Budget | None = None
) -> Submitted:
    """Submit what is neither answered nor waiting; EndpointError where the provider does not take it."""
    async with _opened(settings) as client:
        await _find_again(client, settings, replies)
        requests, counts = await _wanted(questions, settings, replies, budget or Budget())
        names = [await _submit(client, part, settings, replies) for part in _parts(requests)]
    return Submitted(tuple(names), len(requests), **counts)


async def status(settings: ModelSettings, replies: Replies) -> list[Standing]:
    """How every batch stands, asked anew where it has not ended."""
    async with _opened(settings) as client:
        await _find_again(client, settings, replies)
        for name, identity, state in _open_batches(settings, replies):
            if state not in _ENDED:
                with _provider():
                    replies.set_batch(name, identity, (await client.batches.retrieve(identity)).status)
    return standings(replies)


def standings(replies: Replies) -> list[Standing]:
    """How every batch stood when it was last looked at."""
    return [Standing(name, identity, state, requests) for name, identity, _, _, state, requests in replies.batches()]


async def collect(settings: ModelSettings, replies: Replies) -> list[Collected]:
    """Bring the replies of every ended batch into the store; what failed is open again for the next submit."""
    done = []
    async with _opened(settings) as client:
        await _find_again(client, settings, replies)
        for name, identity, _ in _open_batches(settings, replies):
            with _provider():
                batch = await client.batches.retrieve(identity)
                replies.set_batch(name, identity, batch.status)
                if batch.status in _ENDED:
                    rows = [*await _rows(client, batch.output_file_id), *await _rows(client, batch.error_file_id)]
                    done.append(_take(replies, name, batch, rows))
    return done


# Submitting


async def _wanted(
    questions: Iterable[Question], settings: ModelSettings, replies: Replies, budget: Budget
) -> tuple[list[_Request], dict[str, int]]:
    """The requests to be made, and how many questions need none."""
    requests: list[_Request] = []
    seen: set[str] = set()
    counts = {"answered": 0, "waiting": 0, "over_budget": 0}
    out = {name for name, _, _, endpoint, state, _ in replies.batches() if state not in (ABANDONED, COLLECTED) and endpoint == settings.shown_url}
    dialect = dialect_for(settings.schema)
    for question in questions:
        key = question.key(settings.model)
        if key in seen:
            continue
        seen.add(key)
        attempts = replies.attempts(key)
        if settled(question, attempts, settings.tries) is not None:
            counts["answered"] += 1
        elif any(a.via == "batch" and a.state == SENT and a.batch in out for a in attempts):
            counts["waiting"] += 1
        else:
            dialect = _learnt(dialect, settings.schema, attempts)
            try:
                # Settled when it is collected, which is another run: within this one it stays set aside.
                await budget.hold(worst_case(question))
            except OverBudget:
                counts["over_budget"] += 1
                continue
            body = json.dumps(request_body(question, settings.model, dialect), ensure_ascii=False)
            requests.append(_Request(question, _custom_id(question, key, len(attempts)), body))
    return requests, counts


def _custom_id(question: Question, key: str, tried: int) -> str:
    """Names report, table and question; a question that is put again gets another."""
    return f"{question.report[:12]}.{question.table}.{key[:40]}.{tried}"


def _learnt(dialect: Dialect, schema: str, attempts: Sequence[Attempt]) -> Dialect:
    """The dialect that earlier refusals of the question ask for."""
    for attempt in attempts:
        if attempt.status in (400, 422):
            dialect = adapt(dialect, schema, attempt.reply or "") or dialect
    return dialect


def _parts(requests: Sequence[_Request]) -> Iterator[list[_Request]]:
    """The requests in batches of a size that the provider takes."""
    part: list[_Request] = []
    size = 0
    for request in requests:
        if part and (len(part) == _MOST_REQUESTS or size + len(request.line) > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += len(request.line)
    if part:
        yield part


async def _submit(client: AsyncOpenAI, part: Sequence[_Request], settings: ModelSettings, replies: Replies) -> str:
    """Enter a batch as being prepared, hand it over, and only then enter that it is there."""
    name = f"gouji-{uuid.uuid4().hex[:16]}"
    with replies.writing():
        replies.add_batch(name, settings.model, settings.shown_url, PREPARING, len(part))
        for r in part:
            replies.begin(r.question, settings.model, r.body, r.token, "batch", name)
    with _provider():
        file = await client.files.create(file=(f"{name}.jsonl", b"".join(r.line for r in part)), purpose="batch")
        batch = await client.batches.create(
            input_file_id=file.id, endpoint=_ENDPOINT, completion_window=_WINDOW, metadata={"gouji": name}
        )
    replies.set_batch(name, batch.id, batch.status)
    return name


async def _find_again(client: AsyncOpenAI, settings: ModelSettings, replies: Replies) -> None:
    """A submit that was killed half way: the provider has the batch, under our name, or it was never made."""
    lost = {name for name, _, _, endpoint, state, _ in replies.batches() if state == PREPARING and endpoint == settings.shown_url}
    if not lost:
        return
    with _provider():
        known = {(b.metadata or {}).get("gouji"): b async for b in client.batches.list(limit=100)}
    for name in lost:
        if batch := known.get(name):
            replies.set_batch(name, batch.id, batch.status)
        else:
            with replies.writing():
                replies.set_batch(name, None, ABANDONED)
                for a in replies.of_batch(name):
                    replies.fail(a.id, "the batch was never submitted", sent=False)


# Collecting


def _open_batches(settings: ModelSettings, replies: Replies) -> list[tuple[str, str, str]]:
    """Name, id and state of the batches of this endpoint whose replies are not in the store."""
    return [
        (name, identity, state)
        for name, identity, _, endpoint, state, _ in replies.batches()
        if identity and state not in (ABANDONED, COLLECTED) and endpoint == settings.shown_url
    ]


async def _rows(client: AsyncOpenAI, file: str | None) -> list[dict[str, Any]]:
    """The lines of a result file; a line that is no JSON object is left out, and its request counts as failed."""
    if not file:
        return []
    text = (await client.files.content(file)).text
    return [row for line in text.splitlines() if (row := body_of(line)) is not None]


def _take(replies: Replies, name: str, batch: Batch, rows: Iterable[dict[str, Any]]) -> Collected:
    """Enter all results of a batch in one transaction."""
    by_token = {str(row.get("custom_id")): row for row in rows}
    told = [f"{e.message or e.code}" for e in (batch.errors.data or [])] if batch.errors else []
    whole = f"the batch {batch.status}" + (f": {'; '.join(told)}" if told else "")
    failures, good = [], 0
    with replies.writing():
        for attempt in replies.of_batch(name):
            status, reply, failure = _result(by_token.get(attempt.token), whole)
            if status is None:
                replies.fail(attempt.id, failure, sent=False)
            else:
                replies.finish(attempt.id, status, reply)
            if failure:
                failures.append((attempt.token, failure))
            else:
                good += 1
        replies.set_batch(name, batch.id, COLLECTED, collected=True)
    return Collected(name, good, tuple(failures))


def _result(row: dict[str, Any] | None, whole: str) -> tuple[int | None, str, str]:
    """Status and body of one result, and what went wrong, if anything."""
    if row is None:
        return None, "", f"in neither result file; {whole}"
    response, error = row.get("response"), row.get("error")
    if isinstance(response, dict) and isinstance(response.get("status_code"), int):
        status, body = response["status_code"], response.get("body")
        text = json.dumps(body, ensure_ascii=False)
        if 200 <= status < 300:
            return status, text, ""
        said = body.get("error", {}).get("message") if isinstance(body, dict) else body
        return status, text, f"status {status}: {said}"
    said = error.get("message") or error.get("code") if isinstance(error, dict) else "no response and no error"
    return None, "", str(said)


# The provider


@asynccontextmanager
async def _opened(settings: ModelSettings) -> AsyncIterator[AsyncOpenAI]:
    """openai's client for as long as the block lasts."""
    from extractor.model.endpoint import open_openai

    async with open_openai(settings) as client:
        yield client


@contextmanager
def _provider() -> Iterator[None]:
    """What the provider refuses, or cannot be asked, becomes an EndpointError in plain words."""
    from openai import OpenAIError

    from extractor.model.failures import outcome_of

    try:
        yield
    except OpenAIError as exc:
        raise EndpointError(f"the batch endpoint: {outcome_of(exc).message}; nothing is lost, give the same command again") from exc
