"""Claims on the files of jobs, on SQLite and on PostgreSQL: each file goes to one worker, and none is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from extractor.store import NotFound, open_store
from extractor.store.jobs import Done, Jobs, count_files
from extractor.store.store import Store
from tests.databases import emptied

DONE = Done(1, 1, "accept", None)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "jobs.sqlite")
    return emptied(request.getfixturevalue("postgres_server"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as found:
        yield found


def files(number: int, name: str = "a") -> list[tuple[str, bytes]]:
    return [(f"{name}-{n}", f"{name} {n}".encode()) for n in range(number)]


def test_many_workers_take_every_file_once(store: Store, url: str) -> None:
    number = Jobs(store.engine).add("many", files(60))

    def work(owner: str) -> list[tuple[str, bytes]]:
        taken = []
        with open_store(url) as mine:
            jobs = Jobs(mine.engine)
            while (claim := jobs.claim(owner, 60)) is not None:
                taken.append((claim.name, claim.content))
                assert jobs.finish(owner, claim, DONE)
        return taken

    with ThreadPoolExecutor(4) as several:
        taken = [x for worker in several.map(work, "abcd") for x in worker]

    assert sorted(files(60)) == sorted(taken)
    job = Jobs(store.engine).job(number)
    assert ("done", {"done": 60}, {"accept": 60}) == (job.state, job.states, job.decisions)
    assert [("done", 60)] == count_files(store.engine)


def test_who_does_not_come_back_loses_the_file_and_says_nothing_about_it_later(store: Store) -> None:
    jobs = Jobs(store.engine)
    jobs.add("one", files(1))
    lost = jobs.claim("gone", -1)
    again = jobs.claim("here", 60)
    assert lost is not None
    assert again is not None

    assert jobs.claim("third", 60) is None
    assert not jobs.finish("gone", lost, DONE)
    assert jobs.finish("here", again, DONE)
    assert not jobs.finish("here", again, DONE)


def test_a_lease_is_renewed_and_what_is_released_is_free_at_once(store: Store) -> None:
    jobs = Jobs(store.engine)
    jobs.add("one", files(1))
    claim = jobs.claim("slow", -1)
    assert claim is not None
    jobs.renew("slow", claim, 60)
    assert jobs.claim("other", 60) is None
    jobs.release("slow")

    assert jobs.claim("other", 60) is not None


def test_a_file_on_which_its_reader_dies_again_and_again_is_given_up(store: Store) -> None:
    jobs = Jobs(store.engine)
    jobs.add("poison", files(1))

    assert [False, False, False, True] == [claim.last for claim in (jobs.claim("x", -1) for _ in range(4)) if claim]


def test_jobs_take_turns(store: Store) -> None:
    jobs = Jobs(store.engine)
    jobs.add("long", files(3, "long"))
    jobs.add("short", files(1, "short"))

    assert ["long-0", "short-0", "long-1", "long-2"] == [claim.name for claim in (jobs.claim("x", 60) for _ in range(4)) if claim]


def test_an_upload_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    def cut() -> Iterator[tuple[str, bytes]]:
        yield from files(120)
        raise ValueError("the archive ends here")

    jobs = Jobs(store.engine)
    with pytest.raises(ValueError, match="ends here"):
        jobs.add("cut", cut())

    assert [] == jobs.jobs()
    assert [] == count_files(store.engine)
    assert jobs.claim("x", 60) is None


def test_a_cancelled_job_gives_out_nothing_more_and_finishes_what_is_begun(store: Store) -> None:
    jobs = Jobs(store.engine)
    number = jobs.add("cancelled", files(3))
    begun = jobs.claim("x", 60)
    assert begun is not None
    running = jobs.cancel(number)
    assert jobs.claim("y", 60) is None
    assert jobs.finish("x", begun, DONE)

    assert ("running", "cancelled") == (running.state, jobs.job(number).state)
    assert ["done", "cancelled", "cancelled"] == [f.state for f in jobs.files(number)]
    with pytest.raises(NotFound):
        jobs.cancel(number + 1)
