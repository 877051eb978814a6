"""Many files to many records with a model beside the rules: in the order of the paths, several reports in flight, none ever lost.

What is asked and answered is in the store of replies before anything is made of it, so a run that is killed and started again
asks nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from extractor import batch
from extractor.consult import consult, first_questions, load_cascade
from extractor.errors import GoujiError, ReportUnreadable
from extractor.form import load_forms
from extractor.model.budget import Budget
from extractor.model.ledger import Account, Entry, Estimate, Ledger, estimate
from extractor.model.prices import load_prices
from extractor.model.replay import Replay
from extractor.model.replies import Replies
from extractor.pipeline import Draft, draft
from extractor.read import read_file
from extractor.types import Extraction

if TYPE_CHECKING:
    from extractor.model.question import Answer, Asker, Question
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


@dataclass(slots=True)
class Tally:
    """What a run came to: ``paid`` now, ``used`` by all answers, new and recorded.

    ``unanswered`` counts the questions that gave nothing, by what became of them, with the words of the first of each.
    """

    paid: Account
    used: Account
    unanswered: dict[str, tuple[int, str]]


def questions_of(paths: Sequence[Path], options: batch.Options, mode: str) -> Iterator[Question]:
    """The first questions about each report that can be read; further ones depend on the answers."""
    forms, cascade = load_forms(options.forms), load_cascade()
    for path in paths:
        try:
            begun = draft(read_file(path, options.max_bytes), forms)
        except ReportUnreadable:
            continue
        if isinstance(begun, Draft):
            yield from (a.question for a in first_questions(begun, mode, cascade))


def estimated(paths: Sequence[Path], options: batch.Options, setup: Setup) -> Estimate:
    """What the first questions about all reports use at most, were none answered yet."""
    settings = setup.settings
    return estimate(questions_of(paths, options, setup.mode), settings.model, load_prices(settings.prices))


class Run:
    """One run over an archive; iterate it once, then look at ``tally``."""

    def __init__(self, paths: Sequence[Path], options: batch.Options, setup: Setup) -> None:
        self.paths, self.options, self.setup = paths, options, setup
        self.prices = load_prices(setup.settings.prices)
        self.used = Ledger(self.prices)
        self.unanswered: dict[str, tuple[int, str]] = {}
        self.tally = Tally(self.used.total(), self.used.total(), self.unanswered)

    def __iter__(self) -> Iterator[batch.Line]:
        settings = self.setup.settings
        with Replies(settings.replies, create=not self.setup.replay) as store, asyncio.Runner() as runner:
            stack = AsyncExitStack()
            try:
                askers = runner.run(self._askers(store, stack))
                yield from self._lines(runner, askers)
            finally:
                runner.run(stack.aclose())

    async def _askers(self, store: Replies, stack: AsyncExitStack) -> list[Asker]:
        settings = self.setup.settings
        if self.setup.replay:
            replays = [Replay(store, model, settings.tries) for model in self.setup.models]
            stack.callback(lambda: self._close(Ledger(self.prices)))
            return [_Counted(r, model, self.used) for r, model in zip(replays, self.setup.models, strict=True)]
        from extractor.model.client import open_client

        budget = Budget.parse(self.setup.budget, settings.model, self.prices.of(settings.model))
        clients = []
        for model in self.setup.models:
            mine = budget if model == settings.model else budget.beside(model, self.prices.of(model))
            clients.append(await stack.enter_async_context(open_client(replace(settings, model=model), store, mine)))
        paid = Ledger(self.prices)
        stack.callback(lambda: self._close(_together(paid, [c.ledger for c in clients])))
        return [_Counted(c, model, self.used) for c, model in zip(clients, self.setup.models, strict=True)]

    def _close(self, paid: Ledger) -> None:
        self.tally = Tally(paid.total(), self.used.total(), self.unanswered)

    def _lines(self, runner: asyncio.Runner, askers: Sequence[Asker]) -> Iterator[batch.Line]:
        """Several reports at a time; what a report costs in memory is bounded by how many are in flight."""
        loop = runner.get_loop()
        waiting: deque[asyncio.Task[batch.Line]] = deque()
        rest = iter(self.paths)
        while True:
            while len(waiting) < 2 * self.setup.settings.concurrency and (path := next(rest, None)) is not None:
                waiting.append(loop.create_task(self._line(path, askers)))
            if not waiting:
                return
            yield runner.run(_result(waiting.popleft()))

    async def _line(self, path: Path, askers: Sequence[Asker]) -> batch.Line:
        """The record of one file; whatever happens, there is one."""
        try:
            extraction = await self._extract(path, askers)
        except ReportUnreadable as exc:
            extraction = batch.unreadable(path, exc.code, exc.message, self.options.max_bytes)
        except GoujiError:
            raise
        except Exception as exc:  # the outermost loop over reports: a bug of ours costs one record, not the run
            extraction = batch.bug(path, exc, self.options)
        return batch.line_of(path, extraction, self.options)

    async def _extract(self, path: Path, askers: Sequence[Asker]) -> Extraction:
        begun = draft(read_file(path, self.options.max_bytes), load_forms(self.options.forms))
        if isinstance(begun, Extraction):
            return begun
        result = await consult(begun, askers, self.setup.mode)
        for u in result.heard.unanswered if result.heard else ():
            count, words = self.unanswered.get(u.kind, (0, u.message))
            self.unanswered[u.kind] = (count + 1, words)
        return replace(result, cost=_cost(self.used.of(begun.document.sha256), result))


class _Counted:
    """An asker whose answers are entered in a ledger, paid for now or when they were recorded."""

    def __init__(self, asker: Asker, model: str, used: Ledger) -> None:
        self.asker, self.model, self.used = asker, model, used

    async def ask(self, question: Question) -> Answer:
        """The answer of the asker."""
        answer = await self.asker.ask(question)
        if answer.usage.requests:
            self.used.add(Entry(question.report, self.model, answer.usage))
        return answer


async def _result(task: asyncio.Task[batch.Line]) -> batch.Line:
    return await task


def _together(into: Ledger, ledgers: Sequence[Ledger]) -> Ledger:
    for ledger in ledgers:
        into.extend(ledger)
    return into


def _cost(account: Account, result: Extraction) -> Decimal | None:
    """What the answers about one report took, in the one currency of their prices; None where that is not known."""
    if not result.usage.requests:
        return Decimal(0)
    if not account.known or len(account.cost) != 1:
        return None
    return next(iter(account.cost.values()))
