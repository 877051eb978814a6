"""Archive jobs: many files given at once and read one after the other by whoever has time, none lost and none twice.

A job and its files are rows, so that they outlive the process. A worker *claims* a file for a while (its lease); one that
does not come back loses it to another. What was read is kept by ``Store.save``, which keeps the same record once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, and_, delete, func, insert, or_, select, update

from extractor.store import rows
from extractor.store.engine import reading, writing
from extractor.store.jobtables import job, job_file
from extractor.store.tables import run, standing
from extractor.store.types import NotFound

_BATCH, _BATCH_BYTES = 50, 4_000_000  # of one insert
_ATTEMPTS = 3  # a file whose reader never came back so often is not tried again
_ABANDONED = timedelta(hours=1)  # an upload that was not finished by then never will be


class FileState(StrEnum):
    """How far one file of a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``states`` counts its files by state, ``decisions`` those done by decision; times are ISO 8601 in UTC."""

    id: int
    name: str
    created_at: str
    cancelled: bool
    files: int
    states: dict[str, int]
    decisions: dict[str, int]

    @property
    def state(self) -> str:
        """One word for all of it."""
        if self.states.get(FileState.QUEUED) or self.states.get(FileState.RUNNING):
            return "running" if self.states.get(FileState.RUNNING) or self.states.get(FileState.DONE) else "queued"
        return "cancelled" if self.cancelled else "done"


@dataclass(frozen=True, slots=True)
class JobFile:
    """One file of a job; ``report``, ``run`` and ``decision`` once it is done, ``error`` where it could not be read."""

    n: int
    name: str
    state: str
    report: int | None
    run: int | None
    decision: str | None
    error: str | None


class Claim(NamedTuple):
    """One file that a worker has taken; ``last`` where its readers never came back so often that it is given up."""

    job: int
    n: int
    name: str
    content: bytes
    last: bool


class Done(NamedTuple):
    """What reading one file came to."""

    report: int
    run: int
    decision: str
    error: str | None


class Jobs:
    """The jobs of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, name: str, files: Iterable[tuple[str, bytes]]) -> int:
        """A new job of these files (name, bytes), in their order; nobody begins before all are there. Whatever ``files`` raises ends it."""
        with writing(self._engine) as c:
            _forget_unfinished(c)
            values = {"name": name, "created_at": rows.now(), "ready": False, "cancelled": False}
            number = c.execute(insert(job).values(values)).inserted_primary_key
        assert number is not None
        done = False
        try:
            for chunk in _chunks(_new_files(int(number[0]), files)):
                with writing(self._engine) as c:
                    c.execute(insert(job_file), chunk)
            with writing(self._engine) as c:
                c.execute(update(job).where(job.c.id == number[0]).values(ready=True))
            done = True
        finally:
            if not done:
                with writing(self._engine) as c:
                    _forget(c, [int(number[0])])
        return int(number[0])

    def job(self, number: int) -> Job:
        """One job; NotFound."""
        found = self.jobs(number - 1, 1)
        if not found or found[0].id != number:
            raise NotFound(f"job {number}: not in this store")
        return found[0]

    def jobs(self, after: int = 0, limit: int = 100) -> list[Job]:
        """Jobs whose files are all there, by number, those beyond ``after``."""
        t = job_file.c
        with reading(self._engine) as c:
            found = c.execute(select(job).where(job.c.id > after, job.c.ready).order_by(job.c.id).limit(limit)).all()
            counts = c.execute(
                select(t.job, t.state, t.decision, func.count()).where(t.job.in_([x.id for x in found])).group_by(t.job, t.state, t.decision)
            ).all()
        return [_job(x, [(state, decision, n) for number, state, decision, n in counts if number == x.id]) for x in found]

    def files(self, number: int, after: int = 0, limit: int = 1000) -> list[JobFile]:
        """The files of a job in their order (their numbers begin at 1), those beyond ``after``."""
        t = job_file.c
        query = select(t.n, t.name, t.state, t.report, t.run, t.decision, t.error).where(t.job == number, t.n > after).order_by(t.n).limit(limit)
        with reading(self._engine) as c:
            return [JobFile(**x) for x in c.execute(query).mappings()]

    def claim(self, owner: str, lease: float) -> Claim | None:
        """Take one file for ``lease`` seconds; None where there is none to take. Jobs take turns, so that a large one lets a small one by."""
        t, now = job_file.c, time.time()
        free = or_(t.state == FileState.QUEUED, and_(t.state == FileState.RUNNING, t.lease < now))
        query = select(t.job, t.n).join_from(job_file, job, job.c.id == t.job).where(free, job.c.ready).order_by(t.n, t.job).limit(1)
        with writing(self._engine) as c:
            found = c.execute(query.with_for_update(skip_locked=True, of=job_file)).first()
            if found is None:
                return None
            one = and_(t.job == found.job, t.n == found.n)
            c.execute(update(job_file).where(one).values(state=FileState.RUNNING, owner=owner, lease=now + lease, attempts=t.attempts + 1))
            row = c.execute(select(t.name, t.content, t.attempts).where(one)).one()
        return Claim(found.job, found.n, row.name, rows.unpack(row.content), row.attempts > _ATTEMPTS)

    def renew(self, owner: str, claim: Claim, lease: float) -> None:
        """Keep a file for ``lease`` seconds from now."""
        with writing(self._engine) as c:
            c.execute(update(job_file).where(_mine(owner, claim)).values(lease=time.time() + lease))

    def finish(self, owner: str, claim: Claim, done: Done) -> bool:
        """A file is read; false where it was taken over meanwhile, which then says what it came to."""
        values = {"state": FileState.DONE, "content": None, "owner": None, "lease": None, **done._asdict()}
        with writing(self._engine) as c:
            return c.execute(update(job_file).where(_mine(owner, claim)).values(**values)).rowcount == 1

    def release(self, owner: str) -> None:
        """Give back what a worker has taken and will not finish."""
        t = job_file.c
        values = {"state": FileState.QUEUED, "owner": None, "lease": None, "attempts": t.attempts - 1}
        with writing(self._engine) as c:
            c.execute(update(job_file).where(t.owner == owner, t.state == FileState.RUNNING).values(**values))

    def cancel(self, number: int) -> Job:
        """Begin no further file of a job; those being read are finished. The job as it is then; NotFound."""
        t = job_file.c
        self.job(number)
        with writing(self._engine) as c:
            waiting = c.execute(update(job_file).where(t.job == number, t.state == FileState.QUEUED).values(state=FileState.CANCELLED, content=None))
            if waiting.rowcount:
                c.execute(update(job).where(job.c.id == number).values(cancelled=True))
        return self.job(number)


def count_reports(engine: Engine) -> list[tuple[str, int, int]]:
    """Decision, reports with it, and their open cells."""
    query = select(run.c.decision, func.count(), func.sum(standing.c.open)).join_from(standing, run, run.c.id == standing.c.run).group_by(run.c.decision)
    with reading(engine) as c:
        return [(decision, int(n), int(waiting)) for decision, n, waiting in c.execute(query)]


def count_files(engine: Engine) -> list[tuple[str, int]]:
    """State, and the files of all jobs in it."""
    with reading(engine) as c:
        return [(state, int(n)) for state, n in c.execute(select(job_file.c.state, func.count()).group_by(job_file.c.state))]


def _job(row: Any, counts: list[tuple[str, str | None, int]]) -> Job:
    states: dict[str, int] = {}
    decisions: dict[str, int] = {}
    for state, decision, n in counts:
        states[state] = states.get(state, 0) + n
        if decision is not None:
            decisions[decision] = decisions.get(decision, 0) + n
    return Job(row.id, row.name, row.created_at, row.cancelled, sum(states.values()), states, decisions)


def _mine(owner: str, claim: Claim) -> Any:
    t = job_file.c
    return and_(t.job == claim.job, t.n == claim.n, t.owner == owner, t.state == FileState.RUNNING)


def _new_files(number: int, files: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, Any]]:
    for n, (name, content) in enumerate(files, 1):
        yield {"job": number, "n": n, "name": name, "content": rows.pack(content), "state": FileState.QUEUED, "attempts": 0}


def _chunks(values: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == _BATCH or sum(len(x["content"]) for x in chunk) > _BATCH_BYTES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _forget_unfinished(c: Connection) -> None:
    """Uploads that a killed process left behind."""
    before = (datetime.now(UTC) - _ABANDONED).isoformat(timespec="milliseconds")
    _forget(c, list(c.scalars(select(job.c.id).where(job.c.ready.is_(False), job.c.created_at < before))))


def _forget(c: Connection, numbers: list[int]) -> None:
    c.execute(delete(job_file).where(job_file.c.job.in_(numbers)))
    c.execute(delete(job).where(job.c.id.in_(numbers)))
