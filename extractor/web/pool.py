"""Reports read in processes of their own, so that the service goes on answering; none can hang or kill it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pebble import ProcessExpired, ProcessPool

from extractor.form import load_forms
from extractor.web.settings import Settings

if TYPE_CHECKING:
    from extractor.batch import Options
    from extractor.types import Document

_RECYCLE = 2_000  # reports after which a process makes room for a new one
_MEMORY = 2_000_000_000  # bytes of address space beyond what a process starts with


@dataclass(frozen=True, slots=True)
class Reading:
    """One report as read: its record as one line of JSON, the decision and the error of the record, and the document where it was asked for."""

    line: str
    decision: str
    error: str | None = None
    document: Document | None = None


def _start(options: Options) -> None:
    """What a process does first: leave signals to the parent, never take more memory than a report may need, load what reading needs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a pseudo-file
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        # Address space, the only measure that the system enforces on a process.
        resource.setrlimit(resource.RLIMIT_AS, (now + _MEMORY, now + _MEMORY))
    _load(options)


def _load(options: Options) -> None:
    """What is slow the first time must not count against the first report."""
    from extractor.costs import load_costs
    from extractor.pipeline import label_index
    from extractor.policy import load_policy

    read("政府信息公开".encode(), "", options, False)
    load_policy()
    load_costs()
    for form in load_forms(options.forms):
        label_index(form)


def _nothing() -> None:
    """Reading nothing."""


def read(data: bytes, name: str, options: Options, whole: bool) -> Reading:
    """Read one report; what a worker process runs."""
    from extractor.errors import ReportUnreadable
    from extractor.pipeline import extract
    from extractor.read import read_bytes
    from extractor.record import dumps, to_record

    forms = load_forms(options.forms)
    try:
        extraction = extract(read_bytes(data, name, options.max_bytes), forms)
    except ReportUnreadable as exc:
        return failed(data, name, exc.code, exc.message)
    record = to_record(extraction, next((f for f in forms if f.id == extraction.form), None))
    return Reading(dumps(record), extraction.decision, extraction.error and extraction.error[0], extraction.document if whole else None)


def failed(data: bytes, name: str, code: str, message: str) -> Reading:
    """The record of a report that could not be read."""
    from extractor.batch import nothing_read
    from extractor.record import dumps, to_record

    extraction = nothing_read(name, sha256(data).hexdigest(), code, message)
    return Reading(dumps(to_record(extraction, None)), extraction.decision, code)


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
