"""The model's part of a run. All questions are asked by the one process that leads the run, so limits and budget hold for the whole run.

What is asked and answered is in the store of replies before anything is made of it, so a run that is killed and started again
asks nothing twice, wherever its reports are worked on.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Self

from extractor.archive.engine import Died, Engine, TookTooLong
from extractor.archive.work import Result, Task, Wanted
from extractor.ask import TableReply
from extractor.ask.reply import reply_model
from extractor.model.budget import Budget
from extractor.model.ledger import Account, Entry, Ledger
from extractor.model.prices import load_prices
from extractor.model.question import Answer, Question
from extractor.model.replay import Replay
from extractor.model.replies import Replies
from extractor.read.inputs import Input

if TYPE_CHECKING:
    from extractor.model.question import Asker
    from extractor.model.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Setup:
    """How models take part: ``mode`` auto or always, ``then`` a second model's name or empty, ``replay`` from the store alone."""

    mode: str
    settings: ModelSettings
    then: str = ""
    replay: bool = False
    budget: str | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The models in the order in which they are asked."""
        return (self.settings.model, self.then) if self.then else (self.settings.model,)


class Askers:
    """Answers the questions of a run; an async context. ``unanswered`` counts those that gave nothing, by what became of them."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.prices = load_prices(setup.settings.prices)
        self.used = Ledger(self.prices)
        self.paid = Ledger(self.prices)
        self.reports: set[str] = set()
        self.unanswered: dict[str, tuple[int, str]] = {}
        self._askers: list[Asker] = []
        self._ledgers: list[Ledger] = []
        self._stack = AsyncExitStack()
        self._sent: set[asyncio.Future[list[Answer]]] = set()

    async def __aenter__(self) -> Self:
        setup, settings = self.setup, self.setup.settings
        store = self._stack.enter_context(Replies(settings.replies, create=not setup.replay))
        if setup.replay:
            self._askers = [Replay(store, model, settings.tries) for model in setup.models]
            return self
        from extractor.model.client import open_client

        budget = Budget.parse(setup.budget, settings.model, self.prices.of(settings.model))
        for model in setup.models:
            mine = budget if model == settings.model else budget.beside(model, self.prices.of(model))
            client = await self._stack.enter_async_context(open_client(replace(settings, model=model), store, mine))
            self._askers.append(client)
            self._ledgers.append(client.ledger)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.gather(*self._sent, return_exceptions=True)
        await self._stack.aclose()
        for ledger in self._ledgers:
            self.paid.extend(ledger)

    async def ask(self, wanted: Sequence[Wanted]) -> Mapping[str, Answer]:
        """The answers to questions, by their keys. A run that ends early still waits for what was sent: it will be paid for."""
        running = asyncio.ensure_future(asyncio.gather(*(self._one(w) for w in wanted)))
        self._sent.add(running)
        running.add_done_callback(self._sent.discard)
        answers = await asyncio.shield(running)
        return {w.key: answer for w, answer in zip(wanted, answers, strict=True)}

    async def _one(self, wanted: Wanted) -> Answer:
        question = _whole(wanted)
        answer = await self._askers[wanted.model].ask(question)
        self.reports.add(question.report)
        if answer.usage.requests:
            self.used.add(Entry(question.report, self.setup.models[wanted.model], answer.usage))
        if isinstance(answer.reply, TableReply):
            # A table's own reply model is made at run time and cannot be sent: its content can.
            answer = replace(answer, reply=TableReply.model_construct(**dict(answer.reply)))
        return replace(answer, raw=None)

    def cost(self, report: str) -> Decimal | None:
        """What the answers about one report took, in the one currency of their prices; None where that is not known."""
        account: Account = self.used.of(report)
        if not account.known or len(account.cost) != 1:
            return None
        return next(iter(account.cost.values()))

    def count(self, line: str) -> None:
        """Count the questions of one record that gave nothing."""
        if '"unanswered":[{' not in line:
            return
        for u in json.loads(line)["model"]["unanswered"]:
            n, words = self.unanswered.get(u["kind"], (0, u["message"]))
            self.unanswered[u["kind"]] = (n + 1, words)

    def words(self) -> str:
        """What has been paid so far, for a progress bar."""
        return " + ".join(ledger.total().words() for ledger in self._ledgers)


def questions_of(inputs: Iterable[Input], engine: Engine) -> Iterator[Question]:
    """The first questions about each report that can be read; further ones depend on the answers. One chunk at a time for each slot."""
    waiting: deque[Future[list[Result]]] = deque()
    source = (x for x in inputs if x.data is not None)
    while True:
        while len(waiting) < engine.slots and (chunk := list(islice(source, engine.chunk))):
            waiting.append(engine.submit([Task(x.source, x.data or b"") for x in chunk]))
        if not waiting:
            return
        try:
            results = waiting.popleft().result()
        except (TookTooLong, Died):
            continue  # the run itself says which report it is
        for result in results:
            yield from (_whole(w) for w in result.wanted)


def _whole(wanted: Wanted) -> Question:
    """A question with its reply model, as it is asked."""
    return replace(wanted.question, reply=reply_model(wanted.form, wanted.question.table))
