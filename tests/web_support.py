"""A real service in a process of its own, on loopback, for the tests of the web.

``python -m tests.web_support JSON`` serves with those settings (``limits`` and ``page`` among them) and prints its address.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from extractor.archive.engine import Processes
from extractor.archive.work import Options, Result, Task, work

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "golden"
REPORT = (GOLDEN / "000" / "source.txt").read_bytes()
FLAGGED = GOLDEN / "001" / "source.txt"


class Service:
    """A running service: its address, its process, and what it has said on standard error."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self._log = process, url, log
        self.host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
        self.port = int(port)

    @property
    def log(self) -> str:
        """Everything that it has said by now."""
        return self._log.read_text(encoding="utf-8")

    def client(self, **named: Any) -> httpx2.Client:
        """A client of it."""
        return httpx2.Client(base_url=self.url, timeout=30, trust_env=False, **named)

    def raw(self, data: bytes, wait: float = 15) -> bytes:
        """Send these very bytes; everything that comes back until the service closes the connection, within ``wait`` seconds a piece."""
        with socket.create_connection((self.host, self.port), timeout=wait) as connection:
            with suppress(OSError):  # refused before all of it was sent
                connection.sendall(data)
            return drain(connection)

    def stop(self, name: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        self.process.send_signal(name)
        return self.process.wait(30)


def drain(connection: socket.socket) -> bytes:
    """Everything that comes until the service closes the connection; TimeoutError if it does not."""
    out = bytearray()
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            out += piece
    return bytes(out)


def until(what: Any, seconds: float = 60.0) -> Any:
    """What ``what`` returns once it is true; the time is for a machine that has much else to do, and costs nothing where it does not."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


_ENDLESS = b"a report without end\n"


def endless(begun: Path) -> bytes:
    """A report that the services of these tests never have done with; they make this file when they begin it."""
    return _ENDLESS + os.fsencode(begun)


def work_or_hang(options: Options, tasks: Sequence[Task]) -> list[Result]:
    """What a process of a service does, here with reports without end."""
    for task in tasks:
        if task.data.startswith(_ENDLESS):
            Path(os.fsdecode(task.data.removeprefix(_ENDLESS))).touch()
            time.sleep(3600)
    return work(options, tasks)


@contextmanager
def service(folder: Path, **settings: Any) -> Iterator[Service]:
    """A service whose database lies in ``folder``; it is killed at the end if it still runs."""
    given = {"port": 0, "db": str(folder / "web.sqlite"), **settings}
    log = folder / f"log-{time.monotonic_ns()}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.web_support", json.dumps(given)]
    with log.open("w") as errors, subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, log.read_text()
            yield Service(process, url, log)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


def _tell(address: str) -> None:
    sys.stdout.write(address + "\n")
    sys.stdout.flush()


def main(text: str) -> None:
    from extractor.web import app, pool
    from extractor.web.server import serve
    from extractor.web.settings import Limits, Settings

    given = json.loads(text)
    if page := given.pop("page", None):
        app.PAGE = Path(page)
    pool.Processes = partial(Processes, job=work_or_hang)  # type: ignore[misc, assignment]
    limits = Limits(**given.pop("limits", {}))
    serve(Settings(**{**given, "hosts": tuple(given.get("hosts", ()))}, limits=limits), _tell)


if __name__ == "__main__":
    main(sys.argv[1])
