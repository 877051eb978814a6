"""The process that watches: starts the child that reads, kills it where it hangs, and keeps what failed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any

from benchmarks.fuzz.child import CORPUS, CURRENT, SECONDS, has_coverage
from benchmarks.score import ROOT
from benchmarks.watched import cpu_of, stat_of

_KEPT = 3  # files for each fault
_SLOW = 5  # slowest files that are told
_HANGS = 2 * SECONDS  # of processor time: longer than the child's own limit, so something does not listen
_WAITS = 120.0  # seconds asleep: what waits uses no processor
_ASLEEP = (["S"], ["D"])  # as /proc says it; what could run but is not let run, or is stopped from outside, does not wait
_TICK = 0.5
_EDGES = re.compile(r"cov: (\d+)")


@dataclass(slots=True)
class Report:
    """What came of fuzzing one reader.

    ``seconds`` is how long it ran beside the other readers, ``processor`` what reading its files took of processor time, as the times of the
    slowest are; memory is the largest resident set of a child in bytes.
    """

    reader: str
    seed: int
    feedback: str
    seconds: float = 0.0
    processor: float = 0.0
    inputs: int = 0
    per_second: float = 0.0
    children: int = 0
    edges: int = 0
    corpus: int = 0
    memory: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``: the failures most often first."""
        own = {name: getattr(self, name) for name in self.__slots__}
        faults = sorted(self.failures.values(), key=lambda f: -f["count"])
        return own | {"outcomes": dict(self.outcomes.most_common()), "failures": faults}


class Watch:
    """Fuzzes one reader; ``keep`` is where files that failed are put."""

    def __init__(self, reader: str, seed: int, keep: Path) -> None:
        self.report = Report(reader, seed, "coverage" if has_coverage() else "novelty")
        self._keep = keep / reader
        self._keep.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f"gouji-fuzz-{reader}-"))
        self._log = self._folder / "log"
        self._idle = 0

    def run(self, seconds: float, often: Callable[[Report], None], files: float = inf) -> Report:
        """Fuzz for so long, or until so many files are read; ``often`` is called about every ten seconds and at the end."""
        self._lay_out()
        started = time.monotonic()
        told = started
        try:
            while (left := started + seconds - time.monotonic()) > 0 and self.report.inputs < files:
                for _ in self._child(time.monotonic() + left):
                    now = time.monotonic()
                    self.report.seconds = round(now - started, 1)
                    self.report.per_second = round(self.report.inputs / max(now - started, 0.1), 1)
                    if now - told > 10:
                        told = now
                        often(self.report)
                    if self.report.inputs >= files:
                        break
            self.report.corpus = sum(1 for _ in (self._folder / CORPUS).iterdir())
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        often(self.report)
        return self.report

    def _lay_out(self) -> None:
        from benchmarks.fuzz.seeds import READERS

        corpus = self._folder / CORPUS
        corpus.mkdir()
        for n, data in enumerate(READERS[self.report.reader].files()):
            (corpus / f"seed-{n:03}").write_bytes(data)

    def _child(self, until: float) -> Iterator[None]:
        """One child's life; yields now and then."""
        r = self.report
        command = self._command()
        r.children += 1
        with self._log.open("wb") as log:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, start_new_session=True)  # noqa: S603
        assert child.stdout is not None
        listener = _Listener(self, child.stdout.fileno())
        try:
            while time.monotonic() < until:
                if not listener.listen():
                    break
                yield
                if listener.busy and self._hangs(child.pid, listener):
                    os.kill(child.pid, signal.SIGUSR1)  # have it say where it is
                    time.sleep(_TICK)
                    self.failed({"kind": "hung", "signature": f"hung: {self._where()}", "detail": "", "trace": self._tail()}, self._current(), None)
                    return
            else:
                return
            self._ended(child.wait(), listener)
        finally:
            _end(child)
            child.stdout.close()
            if edges := _EDGES.findall(self._tail(2_000_000)):
                r.edges = max(r.edges, int(edges[-1]))

    def _command(self) -> list[str]:
        """How the next child is started."""
        r = self.report
        return [sys.executable, "-m", "benchmarks.fuzz.child", r.reader, str(self._folder), str(1000 * r.seed + r.children), r.feedback]

    def _ended(self, code: int, listener: _Listener) -> None:
        """A child that is gone by itself: done, or killed by what it read."""
        self._idle = 0 if listener.heard else self._idle + 1
        if listener.busy:
            name = signal.Signals(-code).name if code < 0 else f"exit {code}"
            self.failed({"kind": "died", "signature": f"died of {name}: {self._where()}", "detail": name, "trace": self._tail()}, self._current(), None)
        elif self._idle > 2:
            raise RuntimeError(f"the child does not start:\n{self._tail()}")

    def _hangs(self, pid: int, listener: _Listener) -> bool:
        return (cpu_of(pid) or 0.0) - listener.spent(pid) > _HANGS or listener.asleep(pid) > _WAITS

    def _current(self) -> bytes:
        """What a child was reading that says no more."""
        return (self._folder / CURRENT).read_bytes()

    def _tail(self, most: int = 4000) -> str:
        return self._log.read_bytes()[-most:].decode("utf-8", "replace")

    def _where(self) -> str:
        """The innermost line of our own that the child's last words name."""
        found = re.findall(r'File "[^"]*/extractor/([^"]+)", line \d+ in (\w+)', self._tail())
        return " < ".join(f"{file} {name}" for file, name in found[:2]) or "outside of Python"

    def failed(self, failure: dict[str, str], data: bytes, small: bytes | None) -> None:
        """Keep a file that failed, and the smallest that was found to fail alike."""
        # A report is shared: what folder of what machine the program lay in is nobody's business.
        told = {**failure, "trace": failure["trace"].replace(f"{ROOT}{os.sep}", "").replace(f"{sys.base_prefix}{os.sep}", "")}
        entry = self.report.failures.setdefault(failure["signature"], {**told, "count": 0, "files": []})
        entry["count"] += 1
        if len(entry["files"]) < _KEPT:
            name = sha256(failure["signature"].encode()).hexdigest()[:8]
            entry["files"].append(self._kept(f"{name}-{len(entry['files'])}", data))
            if small is not None:
                entry["smallest"] = self._kept(f"{name}-small", small)

    def ended(self, said: dict[str, Any]) -> None:
        """Count a file that was read."""
        r = self.report
        r.inputs += 1
        r.processor = round(r.processor + said["seconds"], 3)
        r.outcomes[said["end"]] += 1
        r.memory = max(r.memory, said["memory"])
        if len(r.slowest) < _SLOW or said["seconds"] > r.slowest[-1]["seconds"]:
            data = bytes.fromhex(said["data"] or "")
            file = self._kept(f"slow-{sha256(data).hexdigest()[:8]}", data) if data else ""
            r.slowest.append({"seconds": said["seconds"], "bytes": said["bytes"], "outcome": said["end"], "file": file})
            r.slowest.sort(key=lambda s: -s["seconds"])
            for gone in r.slowest[_SLOW:]:
                if gone["file"]:
                    Path(gone["file"]).unlink(missing_ok=True)
            del r.slowest[_SLOW:]

    def _kept(self, name: str, data: bytes) -> str:
        path = self._keep / name
        path.write_bytes(data)
        return str(path)


class _Listener:
    """What a child says, line by line."""

    def __init__(self, watch: Watch, pipe: int) -> None:
        self._watch, self._pipe = watch, pipe
        self._rest = b""
        self._spent: float | None = None
        self._waited, self._looked = 0.0, 0.0
        self.busy = self.heard = False

    def listen(self) -> bool:
        """Wait a moment for more; False where the child has closed its end."""
        if not select.select([self._pipe], [], [], _TICK)[0]:
            return True
        more = os.read(self._pipe, 1 << 20)
        *lines, self._rest = (self._rest + more).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return bool(more)

    def _take(self, said: dict[str, Any]) -> None:
        self.heard = True
        if "begin" in said:
            self.busy, self._spent, self._waited, self._looked = True, None, 0.0, time.monotonic()
        elif "failure" in said:
            self._watch.failed(said["failure"], bytes.fromhex(said["data"]), bytes.fromhex(said["small"]) if said["small"] else None)
        else:
            self.busy = False
            self._watch.ended(said)

    def spent(self, pid: int) -> float:
        """The processor time that the child had used when it was first looked at in this file."""
        if self._spent is None:
            self._spent = cpu_of(pid) or 0.0
        return self._spent

    def asleep(self, pid: int) -> float:
        """Seconds that the child has slept in this file, as far as it was looked at."""
        before, self._looked = self._looked, time.monotonic()
        if stat_of(pid)[:1] in _ASLEEP:
            self._waited += self._looked - before
        return self._waited


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child and the converters that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
