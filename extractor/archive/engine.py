"""Where chunks of reports are worked on: in this process, in processes of this machine, or (``cluster``) on other machines.

An engine takes chunks and gives futures; it keeps no state about a run, so a chunk that is lost is simply given again.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, InvalidStateError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from hashlib import sha256
from multiprocessing import get_context
from types import FrameType
from typing import Protocol

from extractor.archive.work import Options, Result, Task, prepare, work
from extractor.batch import Line, unread_line
from extractor.build import compiled
from extractor.read.sniff import Kind, sniff

TIME_LIMIT = 60.0
"""Seconds that one report may take."""
MEMORY_LIMIT = 2_000_000_000
"""Bytes of address space that a process may take beyond what it has when it is ready."""
_CHUNK = 16  # reports; a message between processes costs about as much as a tenth of a report
_RECYCLE = 2_000  # chunks after which a process makes room for a new one
_AHEAD = 3  # chunks in flight for each process: one in work, the next waiting, one being collected

Work = Callable[[Options, Sequence[Task]], "list[Result]"]


class TookTooLong(BaseException):
    """A chunk passed its time limit. No Exception, so that nothing inside takes it for a fault of the report's reader."""


class Died(Exception):
    """The process that worked on a chunk is gone."""


class Unavailable(Exception):
    """The engine itself is gone and takes no further chunk; the message says what to do."""


class Engine(Protocol):
    """Works on chunks. A future ends with the chunk's results, or with TookTooLong, Died, Unavailable or a bug's exception."""

    @property
    def slots(self) -> int:
        """How many chunks to keep in flight."""
        ...

    @property
    def chunk(self) -> int:
        """How many reports make a chunk at most."""
        ...

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result]]:
        """Begin a chunk."""
        ...

    def close(self) -> None:
        """End; what is in flight is given up."""
        ...


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside the block when it has run for so long: by a signal in the main thread, else between two steps of Python."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):

        def ring(_number: int, _frame: FrameType | None) -> None:
            raise TookTooLong

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        return
    thread = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc, (thread, ctypes.py_object(TookTooLong)))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Inline:
    """This process, one chunk at a time; but in one of its own what cannot be stopped from within: the library that reads PDFs, and compiled stages."""

    slots = 1
    chunk = _CHUNK

    def __init__(self, options: Options, job: Work = work, limit: float = TIME_LIMIT) -> None:
        self._options, self._job, self._limit = options, job, limit
        # Asking a model needs an event loop of its own beside that of the run.
        self._thread: Executor | None = ThreadPoolExecutor(1) if options.models else None
        self._apart: Processes | None = None
        self._compiled = compiled()

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result]]:
        """Work on a chunk now, in the one thread where models are asked, or apart."""
        if self._compiled or any(sniff(t.data) is Kind.PDF for t in tasks):
            self._apart = self._apart or Processes(self._options, 1, self._job, self._limit)
            return self._apart.submit(tasks)
        if self._thread is not None:
            return self._thread.submit(self._work, tasks)
        done: Future[list[Result]] = Future()
        try:
            done.set_result(self._work(tasks))
        except (Exception, TookTooLong) as exc:  # the run decides what becomes of it
            done.set_exception(exc)
        return done

    def _work(self, tasks: Sequence[Task]) -> list[Result]:
        with deadline(self._limit):
            return self._job(self._options, tasks)

    def close(self) -> None:
        """End the thread and the process, if there are any."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        if self._apart is not None:
            self._apart.close()


class Processes:
    """Processes of this machine, each with a limit of memory; one that takes too long is killed, and another takes its place."""

    chunk = _CHUNK

    def __init__(self, options: Options, workers: int, job: Work = work, limit: float = TIME_LIMIT) -> None:
        from pebble import ProcessPool

        self.slots, self.limit = _AHEAD * workers, limit
        self._options, self._job = options, job
        # spawn: the progress bar runs a thread, and a process with threads must not be forked
        self._pool = ProcessPool(workers, _RECYCLE, start_process, (options,), context=get_context("spawn"))

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result]]:
        """Begin a chunk in the next process that is free."""
        told: Future[list[Result]] = Future()
        begun = self._pool.schedule(self._job, (self._options, list(tasks)), timeout=self.limit)
        begun.add_done_callback(lambda f: _tell(f, told))
        told.add_done_callback(lambda f: _give_up(f, begun))
        return told

    def close(self) -> None:
        """Stop every process."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _give_up(told: Future[list[Result]], begun: Future[list[Result]]) -> None:
    """Stop a chunk that nobody waits for any longer; pebble's future kills the process that works on it."""
    if told.cancelled():
        begun.cancel()


def _tell(done: Future[list[Result]], told: Future[list[Result]]) -> None:
    """Pass on how a chunk ended, in the words of Engine."""
    from pebble import ProcessExpired

    error = Unavailable("the run was stopped") if done.cancelled() else done.exception()
    if isinstance(error, Late):
        error = TookTooLong()
    elif isinstance(error, ProcessExpired | MemoryError):
        error = Died()
    pass_on(told, error, None if error else done.result())


def pass_on(told: Future[list[Result]], error: BaseException | None, results: list[Result] | None) -> None:
    """Tell how a chunk ended, unless nobody waits for it any longer."""
    with contextlib.suppress(InvalidStateError):
        if error is not None:
            told.set_exception(error)
        elif results is not None:
            told.set_result(results)


def lost(task: Task, error: BaseException, limit: float) -> Line:
    """The line of a report that its process did not survive: it took too long, died, or met a bug."""
    if isinstance(error, TookTooLong):
        code, message = "TOOK_TOO_LONG", f"reading it took more than {limit:g} s and was stopped: give its text, or a simpler copy"
    elif isinstance(error, Died):
        code, message = "WORKER_DIED", "the process that read this file was killed, perhaps for memory or because nothing else could stop it: try it alone, or lower --max-bytes"
    else:
        code, message = "INTERNAL_ERROR", f"{type(error).__name__}: {str(error)[:200]}; a bug in gouji: run this file with --workers 1 --debug, report it"
    return unread_line(task.source, sha256(task.data).hexdigest(), code, message)


def start_process(options: Options) -> None:
    """What a process does first: leave signals to the parent, load what reading needs, and never take more memory than that and the limit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare(options)
    limit_memory(MEMORY_LIMIT)


def limit_memory(more: int) -> None:
    """Let this process take so many bytes of address space beyond what it has: the only measure that the system enforces on a process."""
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a pseudo-file
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))
