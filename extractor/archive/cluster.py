"""A Dask cluster as an engine, for those who outgrow one machine (docs/archives.md): chunks out, results back.

Workers hold nothing that could be lost: the run's outputs and the store of replies are with the leading process alone, which also asks the
models. A worker that is lost costs the chunks that it had, which are given again; when the scheduler is lost, the run stops and is resumed.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import pickle
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.archive.engine import TIME_LIMIT, Died, TookTooLong, Unavailable, deadline, pass_on
from extractor.archive.work import Options, Result, Task, prepare, work
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.stamp import make_stamp

if TYPE_CHECKING:
    import distributed

_AHEAD = 3  # chunks in flight for each thread of the cluster
_CHUNK = 32  # reports; a message by way of the scheduler takes the three processes as much time as half a report
_LIMIT_EACH = 16  # reports for which a chunk has the limit of one: as on one machine
_GRACE = 10.0  # seconds beyond its limit after which a worker that has not stopped ends itself
_PATIENCE = 10.0  # seconds to wait for a scheduler, and for its first worker
_PARTING = 2.0  # seconds to take leave of the scheduler
_LOOK_EVERY = 1.0  # seconds between two looks at the scheduler
_AWAY = 3  # looks at which it was not there, before the run ends
_COUNT_EVERY = 5  # looks between two counts of the workers
_GONE = "the scheduler of the cluster is gone: start it again and give the same command, which goes on from here"
_LATE = b"late"
_LOG = 2  # the file descriptor of standard error
_UNWATCHED = ("profile", "profile-cycle", "tick", "ticks")


def connect(address: str, options: Options) -> Dask:
    """The cluster at ``address``, or with ``dask`` the one that Dask's own configuration names; GoujiError where there is none."""
    try:
        import dask
        import distributed  # noqa: F401
    except ModuleNotFoundError as exc:
        raise GoujiError(f"--engine {address}: {exc.name} is not installed; pip install 'gouji[cluster]'") from exc
    for name in logging.root.manager.loggerDict:  # what matters about a lost worker or scheduler is said by the run
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if address == "dask":
        address = dask.config.get("scheduler-address", None) or ""
        if not address:
            raise GoujiError("--engine dask: no scheduler is named; set DASK_SCHEDULER_ADDRESS to its address, or give it: --engine tcp://HOST:8786")
    if "://" not in address:
        raise GoujiError(f"--engine {address}: give local, dask, or the address of a Dask scheduler such as tcp://HOST:8786")
    return Dask(address, options)


class Dask:
    """Chunks worked on by the workers of a cluster; each worker has to run the very program that leads.

    All talk with the cluster is in one event loop in a daemon thread. Nothing waits for an answer of Dask's outside of it: the
    callbacks of Dask's own futures do, in a thread that is joined at exit, and for ever where their loop has just ended.
    """

    chunk = _CHUNK

    def __init__(self, address: str, options: Options) -> None:
        self._address = address
        self._how = pickle.dumps((make_stamp(load_forms(options.forms)), options.forms, pickle.dumps(options)))
        self._threads = 1
        self._number = 0
        self._over = False
        self._lock = threading.Lock()
        self._pending: set[Future[list[Result]]] = set()
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, distributed.Client]] = Future()
        self._thread = threading.Thread(target=self._main, name="gouji-cluster", daemon=True)
        self._thread.start()
        self._loop, self._closing, self._client = self._ready.result()

    @property
    def slots(self) -> int:
        """How many chunks to keep in flight: workers may come and go."""
        return _AHEAD * self._threads

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result]]:
        """Begin a chunk on some worker."""
        told: Future[list[Result]] = Future()
        told.add_done_callback(self._pending.discard)
        self._number += 1
        with self._lock:
            if self._over:
                told.set_exception(Unavailable(_GONE))
                return told
            self._pending.add(told)
            # One piece of bytes, which Dask does not look into.
            carried = self._carry(told, f"gouji-{id(self)}-{self._number}", pickle.dumps(list(tasks), pickle.HIGHEST_PROTOCOL))
            asyncio.run_coroutine_threadsafe(carried, self._loop)
        return told

    def close(self) -> None:
        """Leave the cluster; what is in flight is given up."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(2 * _PARTING)

    def _main(self) -> None:
        """The life of the thread."""
        try:
            asyncio.run(self._live())
        except BaseException as exc:
            with contextlib.suppress(InvalidStateError):
                self._ready.set_exception(exc)
        finally:
            self._end()

    async def _live(self) -> None:
        """Be connected until closed; GoujiError where there is nothing to connect to."""
        loop, closing = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(lambda _loop, _context: None)  # of what goes wrong in the client when it loses its scheduler
        client = await _client(self._address)
        try:
            try:
                self._threads = await _count(client)
            except OSError as exc:
                raise GoujiError(_GONE) from exc
            self._ready.set_result((loop, closing, client))
            await self._watch(client, closing)
        finally:
            self._end()
            await _leave(client)

    async def _watch(self, client: distributed.Client, closing: asyncio.Event) -> None:
        """Look at the scheduler now and then, until it stays away: the client itself would try to reach it for longer."""
        away = looks = 0
        while away < _AWAY:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), _LOOK_EVERY)
                return
            looks += 1
            away = 0 if client.status == "running" else away + 1
            if away == 0 and looks % _COUNT_EVERY == 0:
                with contextlib.suppress(OSError, RuntimeError, TimeoutError):
                    self._threads = await _count(client)

    def _end(self) -> None:
        """Say of everything that waits that the cluster is gone, and of what is submitted after."""
        with self._lock:
            self._over = True
            waiting = list(self._pending)
        for told in waiting:
            pass_on(told, Unavailable(_GONE), None)

    async def _carry(self, told: Future[list[Result]], key: str, tasks: bytes) -> None:
        """Have a chunk worked on, and pass on how it ended, in the words of Engine."""
        from distributed import KilledWorker

        error: BaseException | None = None
        results = begun = None
        try:
            begun = self._client.submit(remote, self._how, tasks, key=key, pure=False, retries=0)
            found = await begun
            if found == _LATE:
                error = TookTooLong()
            else:
                results = pickle.loads(found)  # noqa: S301 - workers are trusted (docs/runs.md)
        except KilledWorker:
            error = Died()
        except GoujiError as exc:
            error = exc
        except (OSError, RuntimeError) as exc:
            error = Unavailable(f"{_GONE} ({type(exc).__name__})")
        except BaseException as exc:  # a cancelled future is no Exception in every version
            error = Unavailable(_GONE) if "Cancel" in type(exc).__name__ else exc
        finally:
            if begun is not None:
                begun.release()
        pass_on(told, error, results)


async def _client(address: str) -> distributed.Client:
    """A client whose scheduler has at least one worker."""
    import distributed

    made: Any = distributed.Client(address, timeout=_PATIENCE, set_as_default=False, asynchronous=True)
    try:
        client: distributed.Client = await made
    except (OSError, ValueError) as exc:
        await _leave(made)
        raise GoujiError(f"--engine {address}: no Dask scheduler answers there ({type(exc).__name__}); start one with `dask scheduler`") from exc
    try:
        await made.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as exc:
        await _leave(made)
        raise GoujiError(f"--engine {address}: the scheduler has no worker; start some with `dask worker {address} --nthreads 1`") from exc
    return client


async def _leave(client: Any) -> None:
    """Take leave of the scheduler where it is there."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.close(), _PARTING)
    client.status = "closed"  # else it would try again when Python ends, and wait for a loop that is no more


async def _count(client: distributed.Client) -> int:
    """The threads of all workers."""
    scheduler: Any = client.scheduler
    found: dict[str, int] = await asyncio.wait_for(scheduler.ncores(), _PATIENCE)
    return max(1, sum(found.values()))


def remote(how: bytes, tasks: bytes) -> bytes:
    """What a worker does with a chunk: its results, or that it took too long. GoujiError where its program is another than the run's.

    What a limit cannot stop, a library that never comes back or compiled code, ends with the worker: a watcher outside of Python writes where it
    hung to the worker's log, and ends it.
    """
    options = _prepared(how)
    chunk: list[Task] = pickle.loads(tasks)  # noqa: S301
    limit = TIME_LIMIT * max(1.0, len(chunk) / _LIMIT_EACH)
    faulthandler.dump_traceback_later(limit + _GRACE, exit=True, file=_LOG)
    try:
        with deadline(limit):
            return pickle.dumps(work(options, chunk), pickle.HIGHEST_PROTOCOL)
    except TookTooLong:
        return _LATE
    finally:
        faulthandler.cancel_dump_traceback_later()


@lru_cache(maxsize=4)
def _prepared(how: bytes) -> Options:
    """Make ready once; refuse to read for a program that would read otherwise, before looking at what only the same program may understand."""
    import socket

    stamp: Mapping[str, str]
    stamp, forms, packed = pickle.loads(how)  # noqa: S301
    here: dict[str, Any] = make_stamp(load_forms(forms))
    if different := [name for name, value in stamp.items() if here.get(name) != value]:
        where = f"{socket.gethostname()}, {Path(__file__).parent.parent}"
        raise GoujiError(f"the worker at {where} runs another program than this one (different: {', '.join(different)}); install the same version on all machines")
    options: Options = pickle.loads(packed)  # noqa: S301
    prepare(options)
    _unwatched()
    return options


def _unwatched() -> None:
    """Have the worker that this runs on take no samples of its stack and of its event loop's pace, a hundred times a second each."""
    from distributed import get_worker

    with contextlib.suppress(ValueError):  # no worker
        worker: Any = get_worker()
        for name in _UNWATCHED:
            if (regular := worker.periodic_callbacks.get(name)) is not None:
                worker.loop.add_callback(regular.stop)
