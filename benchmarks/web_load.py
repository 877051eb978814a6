"""Fifty reports a second, for a minute, to ``gouji serve``: does it keep up, how long does one wait, and does it grow?

``python -m benchmarks.web_load``. Requests are sent when they are due, whether or not earlier ones are answered, and each
waits from the moment at which it was due: a service that falls behind shows it. Client and service share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

from benchmarks.damage import SHAPES
from benchmarks.score import ROOT, stamp, write_json
from benchmarks.speed import texts
from benchmarks.watched import cpu_of

LEVELS = ("clean", "light", "medium", "heavy")
_WAIT = 30.0  # seconds after which an answer counts as missing
_IDLE = 10.0  # seconds after which a connection is not used again; the service closes it after 15
_MB = 1024  # kilobytes


@dataclass(frozen=True, slots=True)
class Load:
    """One minute of requests. Times are milliseconds from when a request was due, memory is megabytes of all its processes.

    ``refused`` were asked to come again (503), ``errors`` failed otherwise. ``cpu`` is milliseconds of processor time an answer, in the
    service itself and in its readers: unlike the times it hardly depends on what else the machine does.
    """

    name: str
    seconds: float
    rate: float
    sent: int
    answered: int
    refused: int
    errors: int
    cpu_service: float
    cpu_readers: float
    p50: float
    p95: float
    p99: float
    longest: float
    memory_before: float
    memory_after: float
    memory_most: float


@contextmanager
def served(folder: Path, workers: int) -> Iterator[tuple[int, int]]:
    """``gouji serve`` in ``folder``: its port and its process id."""
    command = [sys.executable, "cli.py", "serve", "--port", "0", "--db", str(folder / "load.sqlite"), "--workers", str(workers)]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as process:  # noqa: S603
        try:
            yield _port(folder / "log", process), process.pid
        finally:
            process.terminate()
            process.wait(30)


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    while process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines():
            if "serving at" in line:
                return int(line.partition("127.0.0.1:")[2].partition("/")[0])
    raise RuntimeError(log.read_text(encoding="utf-8"))


def memory(pid: int) -> float:
    """Megabytes that a process and all below it hold; pages that they share count in each."""
    kilobytes = 0
    for status in [Path(f"/proc/{pid}/status"), *(Path(f"/proc/{child}/status") for child in _below(pid))]:
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                kilobytes += int(line.split()[1])
    return kilobytes / _MB


def _below(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]
    return children + [grandchild for child in children for grandchild in _below(child)]


def processor(pids: Sequence[int]) -> float:
    """Milliseconds of processor time that processes have taken by now."""
    return 1000 * sum(cpu_of(pid) or 0.0 for pid in pids)


class Connections:
    """Connections to the service that are kept open and taken in turn."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def post(self, body: bytes) -> int:
        """Send one report; the status of the answer, all of it read."""
        reader, writer = self._taken() or await asyncio.open_connection("127.0.0.1", self._port)
        head = f"POST /v1/extract HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if b"connection: close" in answer:
            writer.close()
        else:
            self._free.append((reader, writer, perf_counter()))
        return int(answer.split()[1])

    def _taken(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The connection used last, unless the service may be about to close it."""
        if self._free and perf_counter() - self._free[-1][2] < _IDLE:
            return self._free.pop()[:2]
        self.close()
        self._free.clear()
        return None

    def close(self) -> None:
        """Close all."""
        for _, writer, _ in self._free:
            writer.close()


async def run(name: str, port: int, pid: int, bodies: Sequence[bytes], rate: float, seconds: float) -> Load:
    """Send for ``seconds``; what came of it."""
    connections, took, held = Connections(port), [], [memory(pid)]
    statuses: Counter[int] = Counter()
    before = processor([pid]), processor(_below(pid))

    async def one(body: bytes, due: float) -> None:
        try:
            status = await asyncio.wait_for(connections.post(body), _WAIT)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            status = 0
        statuses[status] += 1
        if status == 200:
            took.append(1000 * (perf_counter() - due))

    begun, tasks = perf_counter(), []
    for n, body in zip(range(round(rate * seconds)), cycle(bodies), strict=False):
        due = begun + n / rate
        await asyncio.sleep(max(0.0, due - perf_counter()))
        tasks.append(asyncio.create_task(one(body, due)))
        if n % round(rate) == 0:
            held.append(memory(pid))
    await asyncio.gather(*tasks)
    spent = perf_counter() - begun
    held.append(memory(pid))
    connections.close()
    cut = quantiles(took, n=100)
    good, refused = statuses[200], statuses[503]
    service, readers = (processor([pid]) - before[0]) / good, (processor(_below(pid)) - before[1]) / good
    return Load(
        name=name, seconds=spent, rate=rate, sent=len(tasks), answered=good, refused=refused, errors=len(tasks) - good - refused,
        cpu_service=service, cpu_readers=readers, p50=cut[49], p95=cut[94], p99=cut[98], longest=max(took),
        memory_before=held[0], memory_after=held[-1], memory_most=max(held),
    )  # fmt: skip


def reports(level: str, count: int) -> list[bytes]:
    """Generated reports of every shape in turn."""
    by_shape = [texts(level, shape, count) for shape in SHAPES]
    return [data for row in zip(*by_shape, strict=True) for data in row]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web_load", description=__doc__)
    parser.add_argument("--rate", type=float, default=50, help="requests a second, default 50")
    parser.add_argument("--seconds", type=float, default=60, help="seconds for each level, default 60")
    parser.add_argument("--levels", type=lambda t: tuple(t.split(",")), default=LEVELS, metavar="L,…")
    parser.add_argument("--texts", type=int, default=4, help="reports of each shape and level, default 4")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    busy = os.getloadavg()[0]
    loads = []
    for level in given.levels:
        bodies = reports(level, given.texts)
        with tempfile.TemporaryDirectory() as folder, served(Path(folder), given.workers) as (port, pid):
            asyncio.run(run("warm", port, pid, bodies, given.rate, 4))
            loads.append(asyncio.run(run(level, port, pid, bodies, given.rate, given.seconds)))
        print(_line(loads[-1]))
    if given.json:
        figures: dict[str, Any] = {"load_average_before": busy, "nice": os.nice(0), "workers": given.workers, "loads": [asdict(x) for x in loads]}
        write_json(stamp("benchmarks.web_load", argv) | figures, given.json)
    return int(any(x.errors or x.refused for x in loads))


def _line(x: Load) -> str:
    return (
        f"{x.name:8} {x.rate:g}/s for {x.seconds:.1f} s: {x.answered:,} of {x.sent:,} answered, {x.refused} refused, {x.errors} errors · "
        f"cpu an answer {x.cpu_service:.1f} + {x.cpu_readers:.1f} ms · "
        f"p50 {x.p50:.0f} ms, p95 {x.p95:.0f}, p99 {x.p99:.0f}, longest {x.longest:.0f} · "
        f"memory {x.memory_before:.0f} → {x.memory_after:.0f} MB, at most {x.memory_most:.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
