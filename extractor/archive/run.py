"""One run over an archive: inputs in their order, chunks of them to an engine, lines in the same order to the outputs.

This is the only place that knows what has been begun and what is done. What is in memory is bounded by the chunks in flight.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from extractor.archive.engine import TIME_LIMIT, Engine, TookTooLong, Unavailable, lost
from extractor.archive.known import Known
from extractor.archive.outputs import Held, Output
from extractor.archive.work import Result, Task, Wanted
from extractor.batch import Line, unread_line
from extractor.errors import GoujiError
from extractor.read.inputs import Input
from extractor.record import dumps, summarise

if TYPE_CHECKING:
    from extractor.model.question import Answer

_BEGIN = '{"source":'
_CHUNK_BYTES = 2_000_000
_CHUNK_HELD = 512  # reports that need no work, in one go

Ask = Callable[[Sequence[Wanted]], Awaitable[Mapping[str, "Answer"]]]
Cost = Callable[[str], "Decimal | None"]


class Done(NamedTuple):
    """One input with its line; the line is None where every output held it already."""

    given: Input
    line: Line | None
    decision: str
    twin: bool = False


@dataclass(slots=True)
class _Entry:
    """One input on its way: outputs that lack it, its result when it is there; ``begun`` will give that of the same bytes."""

    given: Input
    lacking: tuple[Output, ...]
    held: Held | None = None
    result: Result | None = None
    twin: bool = False
    begun: asyncio.Future[Result] | None = None


@dataclass(slots=True)
class _Chunk:
    """Inputs that were begun together; ``tasks`` are those of them that need work."""

    entries: list[_Entry] = field(default_factory=list)
    tasks: list[_Entry] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Answering:
    """How questions are answered: by asking, with what that has taken so far for a report, and the most reports at a time."""

    ask: Ask
    cost: Cost
    at_a_time: int


class Run:
    """A run; iterate ``results`` once."""

    def __init__(self, engine: Engine, outputs: Sequence[Output], known: Known, answering: Answering | None = None, limit: float = TIME_LIMIT) -> None:
        self._engine, self._outputs, self._known, self._answering, self._limit = engine, tuple(outputs), known, answering, limit
        self._begun: dict[str, asyncio.Future[Result]] = {}
        self._size = 1 if answering else engine.chunk

    async def results(self, inputs: Iterable[Input]) -> AsyncIterator[Done]:
        """Every input when its line is with every output, in the order of the inputs."""
        window: deque[tuple[_Chunk, asyncio.Task[None]]] = deque()
        source = iter(inputs)
        try:
            while True:
                while len(window) < self._ahead() and (chunk := self._next(source)).entries:
                    window.append((chunk, asyncio.ensure_future(self._settle(chunk))))
                if not window:
                    return
                chunk, working = window.popleft()
                await working
                for entry in chunk.entries:
                    yield self._deliver(entry)
        finally:
            for _, working in window:
                working.cancel()

    def _ahead(self) -> int:
        return self._answering.at_a_time if self._answering else self._engine.slots

    def _next(self, source: Iterable[Input]) -> _Chunk:
        """The next inputs, as many as make a chunk of work."""
        chunk = _Chunk()
        for given in source:
            entry = self._entry(given)
            chunk.entries.append(entry)
            if entry.begun is not None and not entry.twin:
                chunk.tasks.append(entry)
                chunk.size += len(given.data or b"")
            if len(chunk.tasks) >= self._size or chunk.size > _CHUNK_BYTES or len(chunk.entries) >= _CHUNK_HELD:
                break
        return chunk

    def _entry(self, given: Input) -> _Entry:
        """What is to be done about one input: nothing, no more than its record, waiting for a twin, or reading."""
        held = [(o, o.has(given)) for o in self._outputs]
        lacking = tuple(o for o, h in held if h is None)
        if held and not lacking:
            first = next(h for _, h in held if h is not None)
            self._remember(given, None, next((h.place for _, h in held if h is not None and h.place), None))
            return _Entry(given, (), held=first)
        if given.error is not None:
            return _Entry(given, lacking, result=Result(unread_line(given.source, "", *given.error)))
        if (begun := self._begun.get(given.sha256)) is not None:
            return _Entry(given, lacking, twin=True, begun=begun)
        if (line := self._known.get(given.sha256)) is not None:
            return _Entry(given, lacking, result=Result(_renamed(line, given.source)), twin=True)
        self._begun[given.sha256] = begun = asyncio.get_running_loop().create_future()
        return _Entry(given, lacking, begun=begun)

    async def _settle(self, chunk: _Chunk) -> None:
        """Have every entry of a chunk get its result."""
        try:
            await self._work(chunk.tasks)
        except BaseException as exc:
            for entry in chunk.tasks:
                if entry.begun is not None and not entry.begun.done():
                    entry.begun.set_exception(exc)
                    entry.begun.exception()  # a twin that waits for it sees it all the same
            raise
        for entry in chunk.entries:
            if entry.result is None and entry.begun is not None:
                line = (await entry.begun).line
                assert line is not None
                summary = replace(line.summary, source=entry.given.source)
                entry.result = Result(Line.of(_with_source(line.text, entry.given.source), summary))

    async def _work(self, entries: Sequence[_Entry]) -> None:
        """Work on entries, and again with answers for those that have questions, until each has its line."""
        answers: dict[int, dict[str, Answer]] = {}
        waiting = list(entries)
        while waiting:
            tasks = [self._task(e, answers.get(id(e), {})) for e in waiting]
            further: list[_Entry] = []
            for entry, result in zip(waiting, await self._submit(tasks), strict=True):
                if result.line is not None:
                    entry.result = result
                    assert entry.begun is not None
                    entry.begun.set_result(result)
                    continue
                assert self._answering is not None
                found = await self._answering.ask(result.wanted)
                answers.setdefault(id(entry), {}).update(found)
                further.append(entry)
            waiting = further

    def _task(self, entry: _Entry, answers: Mapping[str, Answer]) -> Task:
        given = entry.given
        cost = self._answering.cost(given.sha256) if self._answering and answers else Decimal(0)
        return Task(given.source, given.data or b"", answers, cost)

    async def _submit(self, tasks: Sequence[Task]) -> Sequence[Result]:
        """The results of a chunk; where the chunk fails, each report alone, so that one costs no other its record."""
        try:
            return await asyncio.wrap_future(self._engine.submit(tasks))
        except Unavailable as exc:
            raise GoujiError(str(exc)) from exc
        except GoujiError:
            raise
        except (Exception, TookTooLong) as exc:
            if len(tasks) == 1:
                return [Result(lost(tasks[0], exc, self._limit))]
        return [(await self._submit([task]))[0] for task in tasks]

    def _deliver(self, entry: _Entry) -> Done:
        """Give the line to the outputs that lack it."""
        given = entry.given
        if entry.held is not None:
            return Done(given, None, entry.held.decision)
        assert entry.result is not None
        assert entry.result.line is not None
        line = entry.result.line
        places = [o.write(given, line, entry.result) for o in entry.lacking]
        if given.sha256 and not entry.twin:
            place = next((p for p in places if p), None)
            self._remember(given, None if place else line.text, place)
            self._begun.pop(given.sha256, None)
        return Done(given, line, line.summary.decision, entry.twin)

    def _remember(self, given: Input, line: str | None, place: tuple[int, int] | None) -> None:
        if given.sha256:
            self._known.put(given.sha256, line, place)


def _renamed(line: str, source: str) -> Line:
    """The line of the same bytes under another name."""
    text = _with_source(line, source)
    return Line.of(text, summarise(json.loads(text)))


def _with_source(line: str, source: str) -> str:
    """A record begins with its source: nothing else in it changes."""
    _, end = json.JSONDecoder().raw_decode(line, len(_BEGIN))
    return f"{_BEGIN}{dumps(source)}{line[end:]}"
