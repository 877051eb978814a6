"""The same reports by this machine's processes and by a Dask cluster on loopback: equality, overhead a report, scaling over workers.

``python -m benchmarks.cluster``. For each number of workers: the local engine, then a scheduler and so many workers (one thread each) as separate
processes. Seconds are those of the reading alone: each run is made over the first few reports as well, and what that takes is taken off. On two cores the
scheduler and the leading process share the cores with two workers, so CPU seconds are given beside.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.damage import LEVELS, SHAPES, make_case
from benchmarks.programs import THIS
from benchmarks.score import ROOT, stamp, write_json
from benchmarks.watched import Watched, cpu_of, watch
from extractor.form import load_forms

_SEED = 72_000
_FEW = 32  # enough to start every process


def main(argv: Sequence[str] | None = None) -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--reports", type=int, default=3_000)
    parser.add_argument("--workers", type=lambda s: [int(x) for x in s.split(",")], default=[1, 2], metavar="N,…")
    parser.add_argument("--rounds", type=int, default=3, help="each way so often in turn; the median counts")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="gouji-") as name:
        desk = Path(name)
        _write(desk / "archive", given.reports)
        (desk / "few").mkdir()
        for path in sorted((desk / "archive").iterdir())[:_FEW]:
            shutil.copy(path, desk / "few")
        found = _measure(desk, given.workers, given.rounds)
        equal = len({(desk / f"{way}.jsonl").read_bytes() for way in found}) == 1
    result = stamp("benchmarks.cluster", sys.argv[1:] if argv is None else argv) | {"reports": given.reports, "equal": equal, **_result(found, given)}
    print(json.dumps(result, indent=1))
    if given.json:
        write_json(result, given.json)
    return 0 if equal else 1


def _write(folder: Path, reports: int) -> None:
    """Reports of every shape and level in turn, both forms."""
    folder.mkdir()
    forms = load_forms()
    for n in range(reports):
        case = make_case(forms[n % 2], _SEED + n, SHAPES[n % len(SHAPES)], LEVELS[n // len(SHAPES) % len(LEVELS)])
        (folder / f"{n:06}{case.suffix}").write_bytes(case.data)


def _measure(desk: Path, workers: Sequence[int], rounds: int) -> dict[str, list[tuple[Watched, Watched]]]:
    """For each way its runs: over everything, and over a few."""
    found: dict[str, list[tuple[Watched, Watched]]] = {}
    for _ in range(rounds):
        for n in workers:
            found.setdefault(f"local-{n}", []).append(_pair(desk, f"local-{n}", ("--workers", n)))
            with _cluster(desk, n) as (address, pids):
                found.setdefault(f"dask-{n}", []).append(_pair(desk, f"dask-{n}", ("--engine", address), pids))
    return found


def _pair(desk: Path, way: str, how: Sequence[object], pids: Sequence[int] = ()) -> tuple[Watched, Watched]:
    """A run over everything and, before it, one over a few; the CPU of the cluster's processes ``pids`` is counted with each."""
    runs = []
    for name, output in (("few", "few"), ("archive", way)):
        before = _cpu(pids)
        run = watch(THIS.command("extract", desk / name, "--jsonl", desk / f"{output}.jsonl", *how), desk / "log.txt")
        run.cpu += _cpu(pids) - before
        runs.append(run)
    if runs[1].code not in (0, 1):
        raise SystemExit(runs[1].said)
    return runs[1], runs[0]


@contextmanager
def _cluster(desk: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and its workers, each warmed up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s"}  # as docs/runs.md starts them
    quiet: dict[str, Any] = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    dask, where = [sys.executable, "-m", "dask"], ["--host", "127.0.0.1", "--no-dashboard"]
    running = [subprocess.Popen([*dask, "scheduler", *where, "--port", str(port)], **quiet)]  # noqa: S603
    running += [
        subprocess.Popen([*dask, "worker", address, *where, "--nthreads", "1", "--no-nanny", "--local-directory", str(desk / f"w{n}")], **quiet)  # noqa: S603
        for n in range(workers)
    ]
    try:
        time.sleep(5)
        yield address, [p.pid for p in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


def _cpu(pids: Sequence[int]) -> float:
    """CPU seconds of processes so far."""
    return sum(cpu_of(pid) or 0.0 for pid in pids)


def _result(found: dict[str, list[tuple[Watched, Watched]]], given: argparse.Namespace) -> dict[str, Any]:
    ways: dict[str, Any] = {}
    n = given.reports - _FEW
    for way, runs in found.items():
        net = sorted(a.seconds - o.seconds for a, o in runs)[len(runs) // 2]
        cpu = sorted(a.cpu - o.cpu for a, o in runs)[len(runs) // 2]
        ways[way] = {
            "seconds": [round(a.seconds, 2) for a, _ in runs], "start": [round(o.seconds, 2) for _, o in runs],
            "reports a second": round(n / net, 1), "CPU ms a report": round(1000 * cpu / n, 3), "ms a report": round(1000 * net / n, 3),
        }  # fmt: skip
    for n in given.workers:
        local, dask = ways[f"local-{n}"], ways[f"dask-{n}"]
        dask["overhead of CPU"] = round(dask["CPU ms a report"] / local["CPU ms a report"] - 1, 3)
        dask["overhead of time"] = round(dask["ms a report"] / local["ms a report"] - 1, 3)
    first = given.workers[0]
    for n in given.workers[1:]:
        for kind in ("local", "dask"):
            gain = ways[f"{kind}-{n}"]["reports a second"] / ways[f"{kind}-{first}"]["reports a second"]
            ways[f"{kind}-{n}"]["scaling efficiency"] = round(gain * first / n, 3)
    return {"ways": ways}


if __name__ == "__main__":
    sys.exit(main())
