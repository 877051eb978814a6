"""Reports read in processes of their own, so that the service goes on answering; none can hang or kill it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from extractor.archive.engine import Processes, lost
from extractor.archive.work import Options, Task
from extractor.batch import Line
from extractor.web.settings import Settings


class Readers:
    """The processes that read reports."""

    def __init__(self, settings: Settings) -> None:
        options = Options(settings.forms, settings.limits.report, keep=True)
        self._engine = Processes(options, settings.workers, limit=settings.limits.report_time)
        self._engine.submit([])  # starts the processes, so that the first report need not wait for one

    async def read(self, data: bytes, name: str) -> Line:
        """The line of one report, with its document; one that takes too long or kills its process has a record that says so."""
        task = Task(name, data)
        begun = asyncio.wrap_future(self._engine.submit([task]))
        try:
            await asyncio.wait([begun])
        finally:
            begun.cancel()  # where nobody waits any longer
        error = begun.exception()
        line = lost(task, error, self._engine.limit) if error else begun.result()[0].line
        assert line is not None  # rules alone ask no question
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.close()
