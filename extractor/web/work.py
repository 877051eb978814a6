"""The workers of the archive jobs: each takes one file at a time, has it read, keeps the record, and says so."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from contextlib import suppress
from hashlib import sha256

from fastapi.concurrency import run_in_threadpool

from extractor.batch import Line, unread_line
from extractor.errors import GoujiError
from extractor.store.jobs import Claim, Done
from extractor.web.state import State

log = logging.getLogger("gouji.jobs")

_LOOK_AGAIN = 5.0  # seconds after which a worker with nothing to do looks what other services left
_TIMES = 3  # a lease outlasts so many renewals


class Workers:
    """The workers of one service, running from ``start`` to ``stop``."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lease = state.settings.limits.report_time + 10
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; one process at least stays free for those who wait for an answer."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(max(1, self._state.settings.workers - 1))]

    async def stop(self) -> None:
        """End, and give back what is not finished, so that the next start goes on at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(GoujiError):
            await run_in_threadpool(self._state.jobs.release, self._owner)

    async def _work(self) -> None:
        while True:
            self._state.work.clear()
            try:
                while (claim := await run_in_threadpool(self._state.jobs.claim, self._owner, self._lease)) is not None:
                    await self._one(claim)
            except GoujiError as exc:  # the database: it may come back
                log.warning("%s", exc)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._state.work.wait(), _LOOK_AGAIN)

    async def _one(self, claim: Claim) -> None:
        if claim.last:
            line = unread_line(claim.name, sha256(claim.content).hexdigest(), "WORKER_DIED", "the service ended each time while this file was read: give it alone to `gouji extract`")
        else:
            line = await self._read(claim)
        self._state.measures.read.labels(line.summary.decision).inc()
        await run_in_threadpool(self._finish, claim, line)

    async def _read(self, claim: Claim) -> Line:
        reading = asyncio.ensure_future(self._state.readers.read(claim.content, claim.name))
        try:
            while not (await asyncio.wait([reading], timeout=self._lease / _TIMES))[0]:
                await run_in_threadpool(self._state.jobs.renew, self._owner, claim, self._lease)
        finally:
            reading.cancel()
        return reading.result()

    def _finish(self, claim: Claim, line: Line) -> None:
        saved = self._state.keep(line, claim.content)
        self._state.jobs.finish(self._owner, claim, Done(saved.report, saved.run, line.summary.decision, line.summary.error))
