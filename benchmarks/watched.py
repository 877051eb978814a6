"""A command run as a process of its own, with what it and its processes take: seconds, CPU, resident memory of each."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.score import ROOT

_MB = 1 << 20
_EVERY = 0.25
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Watched:
    """What a command took. ``memory`` is (seconds since the start, MiB of the largest process, MiB of all) every now and then."""

    seconds: float = 0.0
    cpu: float = 0.0
    code: int | None = None
    said: str = ""
    memory: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def largest(self) -> float:
        """MiB that one process held at most."""
        return max((m[1] for m in self.memory), default=0.0)

    @property
    def together(self) -> float:
        """MiB that all processes held at most."""
        return max((m[2] for m in self.memory), default=0.0)

    def quarters(self) -> list[float]:
        """MiB of the largest process at most in each quarter of the time: memory that grows shows here."""
        return [max((m[1] for m in self.memory if k * self.seconds / 4 <= m[0] <= (k + 1) * self.seconds / 4), default=0.0) for k in range(4)]


def watch(command: Sequence[str], log: Path, stop: Callable[[], bool] | None = None, every: float = _EVERY) -> Watched:
    """Run a command to its end, or kill it and all its processes as soon as ``stop`` says so; what it says goes to ``log``.

    Looked at ``every`` so many seconds. A look costs milliseconds of a core, which a command that fills all cores feels; the end is known to 0.05 s all the same.
    """
    got, started, cpu = Watched(), time.monotonic(), dict[int, float]()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True)  # noqa: S603
        while process.poll() is None:
            sizes = []
            for pid, seconds, size in _session(process.pid):
                cpu[pid] = seconds
                sizes.append(size)
            got.memory.append((round(time.monotonic() - started, 2), max(sizes, default=0.0), round(sum(sizes), 1)))
            if stop is not None and stop():
                os.killpg(process.pid, signal.SIGKILL)
                break
            with suppress(subprocess.TimeoutExpired):
                process.wait(every)
        got.code = process.wait()
    got.seconds, got.cpu = time.monotonic() - started, sum(cpu.values())
    got.said = log.read_text("utf-8", "replace")
    return got


def stat_of(pid: int | str) -> list[str]:
    """What Linux says of a process, from its state on (proc_pid_stat(5), field 3); nothing of one that is gone, or where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def cpu_of(pid: int) -> float | None:
    """CPU seconds that a process has used without its children; None where nothing is said of it."""
    stat = stat_of(pid)
    return _seconds(stat) if stat else None


def _seconds(stat: Sequence[str]) -> float:
    return (int(stat[11]) + int(stat[12])) / _TICK


def _session(leader: int) -> list[tuple[int, float, float]]:
    """The processes of a session: id, CPU seconds, resident MiB."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            stat = stat_of(entry.name)
            if stat and int(stat[3]) == leader:
                found.append((int(entry.name), _seconds(stat), round(int(stat[21]) * _PAGE / _MB, 1)))
    return found
