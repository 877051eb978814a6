"""Requests and tokens a minute: never above in any window, and nearly all of it used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

import pytest

from extractor.model.limits import Limiter, Ticket
from extractor.model.question import AnswerKind
from tests.model_support import ask, question, server, settings


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time runs as fast as nothing is left to do."""

    now = 0.0

    def time(self) -> float:
        """The made-up time."""
        return self.now

    def _run_once(self) -> None:
        waiting = [h.when() for h in self._scheduled if not h.cancelled()]  # type: ignore[attr-defined]
        if not self._ready and waiting:  # type: ignore[attr-defined]
            self.now = max(self.now, min(waiting))
        super()._run_once()  # type: ignore[misc]


def run(work: Callable[[Clock], Coroutine[Any, Any, None]]) -> None:
    """Run in made-up time."""
    loop = Clock()
    try:
        loop.run_until_complete(work(loop))
    finally:
        loop.close()


def most_in_a_window(log: list[tuple[float, int]], window: float) -> tuple[int, int]:
    """The most requests and the most tokens in any window, by looking at every one."""
    starts = [at for at, _ in log]
    inside = [[n for at, n in log if s <= at < s + window] for s in starts]
    return max(map(len, inside)), max(map(sum, inside))


@pytest.mark.parametrize("seed", range(8))
def test_no_window_holds_more_than_its_limit_and_most_is_used(seed: int) -> None:
    """64 at a time, replies that use less than was set aside, sending that takes its time."""
    draw = Random(seed)
    log: list[tuple[float, int]] = []

    async def work(clock: Clock) -> None:
        limiter = Limiter(200, 30_000, clock=clock.time)
        slots = asyncio.Semaphore(64)

        async def call() -> None:
            async with slots:
                ticket = await limiter.acquire(900)
                await asyncio.sleep(draw.random() * 0.5)
                used = draw.randrange(60, 300)
                log.append((clock.time(), used))
                limiter.mark_sent(ticket)
                await asyncio.sleep(draw.random() * 4)
                limiter.settle(ticket, used)

        await asyncio.gather(*(call() for _ in range(1000)))

    run(work)
    requests, tokens = most_in_a_window(log, 60)
    minutes = log[-1][0] / 60

    assert requests <= 200
    assert tokens <= 30_000
    # The last minute is not full, and how full it is depends on the draw.
    assert max(len(log) / 200, sum(n for _, n in log) / 30_000) / (minutes + 1) >= 0.75
    assert max(requests / 200, tokens / 30_000) >= 0.9


def test_a_request_that_was_never_sent_gives_its_place_back() -> None:
    async def work(clock: Clock) -> None:
        limiter = Limiter(1, clock=clock.time)
        limiter.cancel(await limiter.acquire(5))
        ticket = await limiter.acquire(5)
        assert 0 == clock.time()
        limiter.mark_sent(ticket)
        await limiter.acquire(5)
        assert pytest.approx(61, abs=0.01) == clock.time()

    run(work)


def test_more_than_the_limit_waits_until_it_is_alone() -> None:
    async def work(clock: Clock) -> None:
        limiter = Limiter(None, 100, clock=clock.time)
        first = await limiter.acquire(500)
        limiter.mark_sent(first)
        limiter.settle(first, 90)
        second = await limiter.acquire(10)
        assert 0 == clock.time()
        limiter.mark_sent(second)
        await limiter.acquire(11)
        assert 61 <= clock.time() < 62

    run(work)


def test_one_that_is_still_being_sent_keeps_the_window_shut() -> None:
    """Its minute has not begun: a server could count it together with whatever comes after."""

    async def work(clock: Clock) -> None:
        limiter = Limiter(1, clock=clock.time)
        ticket: Ticket = await limiter.acquire(1)
        asyncio.get_running_loop().call_later(100, limiter.mark_sent, ticket)
        await limiter.acquire(1)
        assert pytest.approx(161, abs=0.01) == clock.time()

    run(work)


def test_without_limits_nothing_is_kept() -> None:
    async def work(clock: Clock) -> None:
        limiter = Limiter()
        for ticket in [await limiter.acquire(10**9) for _ in range(3)]:
            limiter.settle(ticket, 1)
            limiter.cancel(ticket)

    run(work)


def test_calls_over_http_keep_to_a_limit_that_the_server_enforces(tmp_path: Path) -> None:
    """Windows of half a second; the server answers 429 to whatever is above the limit in a window of its own clock."""
    with server(window=0.5, limits=(20, None)) as running:
        limited = settings(running.url, concurrency=64, attempts=1)
        answers, _ = ask(limited, tmp_path / "r.sqlite", [question(n) for n in range(70)], limiter=lambda: Limiter(20, window=0.5, margin=0.1))

    assert [AnswerKind.ANSWERED] * 70 == [a.kind for a in answers]
    assert 20 == running.books.most_requests


def test_tokens_over_http_keep_to_their_limit(tmp_path: Path) -> None:
    with server(window=0.5, limits=(None, 2_000)) as running:
        limited = settings(running.url, concurrency=64, attempts=1)
        answers, _ = ask(limited, tmp_path / "r.sqlite", [question(n) for n in range(200)], limiter=lambda: Limiter(None, 2_000, window=0.5, margin=0.1))

    assert [AnswerKind.ANSWERED] * 200 == [a.kind for a in answers]
    assert running.books.most_tokens <= 2_000


def test_no_more_are_in_flight_than_allowed(tmp_path: Path) -> None:
    with server(latency=0.05) as running:
        ask(settings(running.url, concurrency=3), tmp_path / "r.sqlite", [question(n) for n in range(12)])

    assert 3 == running.books.most_flying
