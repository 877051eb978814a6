"""A Dask cluster of real processes on loopback: the same lines as this machine alone, and nothing lost or asked twice when parts of it die."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.server import ModelServer, Options
from tests.test_archive import endless_pdf, fill, gouji, lines, start

ROOT = Path(__file__).resolve().parent.parent
REPORTS = 140


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path, port: int, nanny: str, workers: int, more: Sequence[str] = ()) -> None:
        self.folder, self.address, self.nanny, self.more = folder, f"tcp://127.0.0.1:{port}", nanny, more
        self.scheduler = self._process("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        self.workers = [self.worker(n) for n in range(workers)]

    def worker(self, number: int) -> subprocess.Popen[bytes]:
        """One more worker."""
        where = ("--host", "127.0.0.1", "--no-dashboard", self.nanny, *self.more, "--local-directory", str(self.folder / f"w{number}"))
        return self._process("worker", self.address, "--nthreads", "1", *where)

    def _process(self, kind: str, *args: str) -> subprocess.Popen[bytes]:
        # From the root of the checkout, so that its workers import this very program.
        with (self.folder / f"{kind}.log").open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            return subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *args], cwd=ROOT, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    def stop(self) -> None:
        """End everything."""
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what its nanny started
            process.wait()


@contextmanager
def cluster(folder: Path, nanny: str = "--no-nanny", workers: int = 2, more: Sequence[str] = ()) -> Iterator[Cluster]:
    """A cluster for a while."""
    folder.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Cluster(folder, port, nanny, workers, more)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that no test kills, with workers whose nannies watch over them."""
    with cluster(tmp_path_factory.mktemp("steady"), "--nanny") as running:
        yield running


def wait_for(least: int, part: Path, process: subprocess.Popen[str]) -> None:
    """Until so many lines are written."""
    until = time.monotonic() + 90
    while not part.exists() or part.read_bytes().count(b"\n") < least:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def run_on(running: Cluster, *args: object) -> subprocess.Popen[str]:
    return start(*args, "--engine", running.address)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=120)
    return process.returncode, said


@pytest.mark.slow
def test_a_cluster_gives_the_same_lines_and_survives_what_dies(tmp_path: Path, steady: Cluster) -> None:
    archive = fill(tmp_path / "reports", REPORTS)
    alone, target = tmp_path / "alone.jsonl", tmp_path / "out.jsonl"
    part = tmp_path / "out.jsonl.part"
    gouji("extract", archive, "--jsonl", alone, "--workers", 1)

    with cluster(tmp_path / "c") as running:
        whole = end(run_on(running, archive, "--jsonl", target))
        assert (0, alone.read_bytes()) == (whole[0], target.read_bytes()), whole
        target.unlink()

        first = run_on(running, archive, "--jsonl", target)
        wait_for(10, part, first)
        running.workers[1].send_signal(signal.SIGKILL)
        wait_for(30, part, first)
        running.scheduler.send_signal(signal.SIGKILL)
        code, said = end(first)
        assert (2, True) == (code, "the scheduler of the cluster is gone" in said), said
        assert "Traceback" not in said

    code, said = end(run_on(steady, archive, "--jsonl", target))
    assert 0 == code, said
    assert "read by an earlier run and not again" in said
    assert alone.read_bytes() == target.read_bytes()


@pytest.mark.slow
def test_a_worker_that_hangs_where_no_limit_reaches_ends_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PDFium never comes back, deaf to the time limit; the worker goes, says where it hung, and all other reports are read."""
    archive = fill(tmp_path / "reports", 3)
    (archive / "loop.pdf").write_bytes(endless_pdf())
    short = tmp_path / "short.py"
    short.write_text("from extractor.archive import cluster\ncluster.TIME_LIMIT, cluster._GRACE = 2.0, 0.5\n")
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    target = tmp_path / "out.jsonl"

    with cluster(tmp_path / "c", "--nanny", 1, ("--preload", str(short))) as running:
        code, said = end(run_on(running, archive, "--jsonl", target))
        log = (tmp_path / "c" / "worker.log").read_text()

    assert 1 == code, said
    assert [None, None, None, "WORKER_DIED"] == [(json.loads(x)["error"] or {}).get("code") for x in lines(target)]
    assert "in remote" in log


def nothing(messages: Sequence[dict[str, str]]) -> str:
    """A model that finds no row."""
    asked = messages[-1]["content"]
    return json.dumps({"table": next(t for t in ("proactive", "requests", "litigation", "") if f'"{t}"' in asked or not t), "rows": []})


@pytest.mark.slow
def test_with_a_model_nothing_is_asked_twice_when_the_scheduler_dies(tmp_path: Path, steady: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The questions are asked by the leading process alone, so one store of replies and one budget hold for the whole cluster."""
    archive = fill(tmp_path / "reports", 24)
    target, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    with ModelServer(Options(nothing, latency=0.05)) as server:
        for name, value in {"MODEL": "scripted", "BASE_URL": server.url, "API_KEY": "sk-none", "REPLIES": str(tmp_path / "r.sqlite")}.items():
            monkeypatch.setenv(f"GOUJI_{name}", value)
        asking = (archive, "--model", "always", "--yes", "--jsonl", target)
        with cluster(tmp_path / "c", workers=1) as running:
            first = run_on(running, *asking)
            wait_for(5, part, first)
            running.scheduler.send_signal(signal.SIGKILL)
            assert 2 == end(first)[0]
            begun = server.books.answered
        code, said = end(run_on(steady, *asking))
        assert 0 == code, said
        asked = server.books.answered
        assert 0 < begun < asked
        alone = gouji("extract", archive, "--model", "always", "--yes", "--jsonl", tmp_path / "alone.jsonl", "--workers", 1)

        assert asked == server.books.answered, "the same run on this machine asks nothing that was not asked before"
        assert 0 == alone.exit_code
        assert lines(tmp_path / "alone.jsonl") == lines(target)
    with sqlite3.connect(tmp_path / "r.sqlite") as kept:
        attempts, questions = kept.execute("select count(*), count(distinct key) from attempt").fetchone()
    assert asked == attempts == questions, "what was under way when the scheduler died was waited for and kept"


@pytest.mark.slow
def test_nothing_that_waits_for_a_cluster_that_is_gone_keeps_the_process(tmp_path: Path) -> None:
    """Python waits at exit for every thread that is no daemon, and for those of executors, daemons or not."""
    from concurrent.futures.thread import _threads_queues as executors

    from extractor.archive.cluster import connect
    from extractor.archive.engine import Unavailable
    from extractor.archive.work import Options as Reading
    from extractor.archive.work import Task

    task = Task("a.txt", "政府信息公开工作年度报告".encode())
    before = set(threading.enumerate())
    with cluster(tmp_path / "c", workers=1) as running:
        engine = connect(running.address, Reading())
        (result,) = engine.submit([task]).result(90)
        assert result.line is not None
        assert "a.txt" == result.line.summary.source
        waiting = [engine.submit([task] * 32) for _ in range(8)]
        running.scheduler.send_signal(signal.SIGKILL)
        ends = [future.exception(30) for future in (*waiting, engine.submit([task]))]
    engine.close()

    assert isinstance(ends[-1], Unavailable)
    assert {Unavailable} == {type(e) for e in ends if e is not None}
    assert [] == [t for t in threading.enumerate() if t not in before and (t in executors or not t.daemon)]


def test_without_a_scheduler_the_command_says_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = fill(tmp_path / "reports", 2)
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    done = gouji("extract", archive, "--engine", "dask")

    assert (2, True) == (done.exit_code, "set DASK_SCHEDULER_ADDRESS" in done.stderr)


def test_a_worker_with_another_program_reads_nothing() -> None:
    from extractor.archive import cluster as dask
    from extractor.errors import GoujiError
    from extractor.form import load_forms
    from extractor.stamp import make_stamp

    with pytest.raises(GoujiError, match=r"runs another program than this one \(different: code\)"):
        dask.remote(pickle.dumps(({**make_stamp(load_forms()), "code": "0123456789abcdef"}, None, b"what only that program understands")), b"")
