"""A Dask cluster as an engine, for those who outgrow one machine (docs/archives.md): chunks out, results back.

Workers hold nothing that could be lost: the run's outputs and the store of replies are with the leading process alone, which also asks the
models. A worker that is lost costs the chunks that it had, which are given again; when the scheduler is lost, the run stops and is resumed.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
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
_PATIENCE = 10.0  # seconds to wait for a scheduler, and for its first worker
_LOOK_EVERY = 1.0  # seconds between two looks at the scheduler
_AWAY = 3  # looks at which it was not there, before the run ends
_COUNT_EVERY = 5  # looks between two counts of the workers
_GONE = "the scheduler of the cluster is gone: start it again and give the same command, which goes on from here"
_LATE = "late"


def connect(address: str, options: Options) -> Dask:
    """The cluster at ``address``, or with ``dask`` the one that Dask's own configuration names; GoujiError where there is none."""
    try:
        import dask
        import distributed
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
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as exc:
        raise GoujiError(f"--engine {address}: no Dask scheduler answers there ({type(exc).__name__}); start one with `dask scheduler`") from exc
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as exc:
        client.close()
        raise GoujiError(f"--engine {address}: the scheduler has no worker; start some with `dask worker {address} --nthreads 1`") from exc
    return Dask(client, options)


class Dask:
    """Chunks worked on by the workers of a cluster; each worker has to run the very program that leads."""

    def __init__(self, client: distributed.Client, options: Options) -> None:
        self._client, self._options = client, options
        self._stamp = make_stamp(load_forms(options.forms))
        self._threads = self._count()
        self._number = 0
        self._pending: set[Future[list[Result]]] = set()
        self._closed = threading.Event()
        # What is submitted while the client tries to reach a scheduler that is gone would wait for ever.
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def slots(self) -> int:
        """How many chunks to keep in flight: workers may come and go."""
        return _AHEAD * self._threads

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result]]:
        """Begin a chunk on some worker."""
        told: Future[list[Result]] = Future()
        self._pending.add(told)
        told.add_done_callback(self._pending.discard)
        self._number += 1
        try:
            begun = self._client.submit(
                remote, self._options, list(tasks), self._stamp, key=f"gouji-{id(self)}-{self._number}", pure=False, retries=0
            )
        except (OSError, RuntimeError) as exc:
            told.set_exception(Unavailable(f"{_GONE} ({type(exc).__name__})"))
            return told
        begun.add_done_callback(lambda f: _tell(f, told))
        return told

    def close(self) -> None:
        """Leave the cluster; what is in flight is given up."""
        self._closed.set()
        self._client.close(timeout=2)

    def _watch(self) -> None:
        """Look at the scheduler now and then: when it stays away, say so of everything that waits, and of what is submitted after."""
        away = looks = 0
        while not self._closed.wait(_LOOK_EVERY):
            looks += 1
            away = 0 if self._client.status == "running" else away + 1
            if away >= _AWAY:
                for told in list(self._pending):
                    pass_on(told, Unavailable(_GONE), None)
            elif away == 0 and looks % _COUNT_EVERY == 0:
                with contextlib.suppress(OSError, RuntimeError, TimeoutError):
                    self._threads = self._count()

    def _count(self) -> int:
        """The threads of all workers."""
        scheduler: Any = self._client.scheduler
        found: dict[str, int] = self._client.sync(scheduler.ncores, callback_timeout=_PATIENCE)
        return max(1, sum(found.values()))


def _tell(done: distributed.Future[Any], told: Future[list[Result]]) -> None:
    """Pass on how a chunk ended, in the words of Engine; called in a thread of the client's."""
    from distributed import KilledWorker

    error: BaseException | None = None
    found = None
    try:
        found = done.result()
    except KilledWorker:
        error = Died()
    except GoujiError as exc:
        error = exc
    except (OSError, RuntimeError) as exc:
        error = Unavailable(f"{_GONE} ({type(exc).__name__})")
    except BaseException as exc:  # a cancelled future is no Exception in every version
        error = Unavailable(_GONE) if done.cancelled() or "Cancel" in type(exc).__name__ else exc
    finally:
        done.release()
    pass_on(told, TookTooLong() if found == _LATE else error, found)


def remote(options: Options, tasks: Sequence[Task], stamp: Mapping[str, str]) -> list[Result] | str:
    """What a worker does with a chunk: its results, or that it took too long. GoujiError where its program is another than the run's."""
    _prepared(options, tuple(sorted(stamp.items())))
    try:
        with deadline(TIME_LIMIT):
            return work(options, tasks)
    except TookTooLong:
        return _LATE


@lru_cache(maxsize=4)
def _prepared(options: Options, stamp: tuple[tuple[str, str], ...]) -> None:
    """Make ready once; refuse to read for a program that would read otherwise."""
    import socket

    here: dict[str, Any] = make_stamp(load_forms(options.forms))
    if different := [name for name, value in stamp if here.get(name) != value]:
        where = f"{socket.gethostname()}, {Path(__file__).parent.parent}"
        raise GoujiError(f"the worker at {where} runs another program than this one (different: {', '.join(different)}); install the same version on all machines")
    prepare(options)
