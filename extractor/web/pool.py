"""Reports read in processes of their own, so that the service goes on answering; none can hang or kill it."""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pebble import ProcessExpired, ProcessPool

from extractor.archive.engine import start_process
from extractor.archive.work import Options as Reports
from extractor.form import load_forms
from extractor.web.settings import Settings

if TYPE_CHECKING:
    from extractor.batch import Options
    from extractor.types import Document

_RECYCLE = 2_000  # reports after which a process makes room for a new one


@dataclass(frozen=True, slots=True)
class Reading:
    """One report as read: its record as one line of JSON, the decision and the error of the record, and the document where it was asked for."""

    line: str
    decision: str
    error: str | None = None
    document: Document | None = None


def _start(options: Options) -> None:
    """What a process does first; reading the first report must not be slower than reading the next."""
    start_process(Reports(options.forms, options.max_bytes))


def _nothing() -> None:
    """Reading nothing."""


def read(data: bytes, name: str, options: Options, whole: bool) -> Reading:
    """Read one report; what a worker process runs."""
    from extractor.batch import extract_input, line_of
    from extractor.read.inputs import Input

    forms = load_forms(options.forms)
    extraction = extract_input(Input(name, data), forms, options)
    line = line_of(extraction, forms)
    return Reading(line.text, line.summary.decision, line.summary.error, extraction.document if whole and extraction.document.text else None)


def failed(data: bytes, name: str, code: str, message: str) -> Reading:
    """The record of a report that could not be read."""
    from extractor.batch import unread_line

    line = unread_line(name, sha256(data).hexdigest(), code, message)
    return Reading(line.text, line.summary.decision, code)


class Readers:
    """The processes that read reports."""

    def __init__(self, settings: Settings) -> None:
        from extractor.batch import Options

        self._options = Options(settings.forms, settings.limits.report)
        self._time = settings.limits.report_time
        # spawn: a process that runs threads, as this one does, must not be forked
        self._pool = ProcessPool(settings.workers, _RECYCLE, _start, (self._options,), context=get_context("spawn"))
        self._pool.schedule(_nothing)  # starts the processes, so that the first report need not wait for one

    async def read(self, data: bytes, name: str, whole: bool = False) -> Reading:
        """Read one report, ``whole`` with its document; one that takes too long or kills its process has a record that says so."""
        future = asyncio.wrap_future(self._pool.schedule(read, (data, name, self._options, whole), timeout=self._time))
        try:
            await asyncio.wait([future])
        finally:
            future.cancel()  # where nobody waits any longer
        error = future.exception()
        if error is None:
            return future.result()
        return failed(data, name, *self._said(error))

    def _said(self, error: BaseException) -> tuple[str, str]:
        """Code and words for a report on which its process failed."""
        if isinstance(error, TooLong):
            return "TOOK_TOO_LONG", f"reading took more than {self._time:g} s and was stopped: give the report alone to `gouji extract`"
        if isinstance(error, ProcessExpired | MemoryError):
            return "WORKER_DIED", "the process that read this file was killed, perhaps for memory: give it alone to `gouji extract`"
        return "INTERNAL_ERROR", f"{type(error).__name__}; a bug in gouji: run this file with `gouji extract --debug`, report it"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
