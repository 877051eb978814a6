"""Requests and tokens a minute: never above the limit in any window, however requests bunch up.

Our own, because the kept libraries (aiolimiter and its like) are leaky buckets: full at the start and refilled at the rate,
a bucket lets up to twice its limit through in the first minute, refuses an amount above its size, and cannot take back
what a reply turned out not to use. Here every request stands in a log until it is a window old.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0
# A server sees requests later than we send them, and not all by as much: windows are kept longer by this, which costs 1.6 %.
MARGIN = 1.0


class Ticket:
    """One admitted request. Its time runs from when it was sent; until then it counts as being sent now."""

    __slots__ = ("gone", "sent", "tokens")

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.sent: float | None = None
        self.gone = False


class Limiter:
    """At most so many requests, and so many tokens, in any window; None is no limit.

    ``acquire`` takes the most tokens that a request may use, ``settle`` puts what it did use in their place.
    """

    def __init__(
        self,
        requests: int | None = None,
        tokens: int | None = None,
        window: float = WINDOW,
        margin: float = MARGIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests, self._tokens = requests, tokens
        self._kept = window + margin
        self._clock = clock
        self._log: deque[Ticket] = deque()
        self._count = self._used = 0
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def acquire(self, tokens: int) -> Ticket:
        """Wait for room, first come first served. More tokens than the limit wait until nothing else is in the window."""
        ticket = Ticket(tokens)
        if self._requests is None and self._tokens is None:
            ticket.gone = True
            return ticket
        async with self._turn:
            while not self._fits(tokens):
                self._freed.clear()
                try:
                    await asyncio.wait_for(self._freed.wait(), self._next_expiry())
                except TimeoutError:
                    continue
            self._log.append(ticket)
            self._count += 1
            self._used += tokens
            return ticket

    def mark_sent(self, ticket: Ticket) -> None:
        """The request has left: from now on it is a window old at a known time."""
        if ticket.sent is None:
            ticket.sent = self._clock()
            self._freed.set()

    def settle(self, ticket: Ticket, tokens: int) -> None:
        """What the request used."""
        if not ticket.gone:
            self._used += tokens - ticket.tokens
            ticket.tokens = tokens
            self.mark_sent(ticket)
            self._freed.set()

    def cancel(self, ticket: Ticket) -> None:
        """The request was never sent: it counts no longer."""
        if not ticket.gone:
            self._forget(ticket)
            self._freed.set()

    def _forget(self, ticket: Ticket) -> None:
        ticket.gone = True
        self._count -= 1
        self._used -= ticket.tokens

    def _fits(self, tokens: int) -> bool:
        due = self._clock() - self._kept
        # In the order of admission, which is about that of sending: one that waits to be sent keeps those behind it.
        while self._log and (self._log[0].gone or ((sent := self._log[0].sent) is not None and sent <= due)):
            first = self._log.popleft()
            if not first.gone:
                self._forget(first)
        if self._requests is not None and self._count >= self._requests:
            return False
        return self._tokens is None or not self._count or self._used + tokens <= self._tokens

    def _next_expiry(self) -> float | None:
        """Seconds until the first request leaves the window; None while it is still being sent."""
        sent = self._log[0].sent if self._log else None
        return None if sent is None else max(0.001, sent + self._kept - self._clock())
