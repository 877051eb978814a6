"""What the tests of the review page share: a store of generated reports, the service as a real process, a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.damage import make_case
from extractor.effective import Event
from extractor.form import Form, load_forms
from extractor.pipeline import extract_path
from extractor.record import to_record
from tests.web_support import until

ROOT = Path(__file__).resolve().parent.parent
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def form_of(name: str) -> Form:
    return next(f for f in load_forms() if f.id == name)


def report(folder: Path, shape: str, level: str, seed: int, form: str = "disclosure-2021", name: str | None = None, swap: tuple[str, str] | None = None) -> Path:
    """A generated report as a file; ``swap`` replaces one stretch of its text."""
    case = make_case(form_of(form), seed, shape, level)
    path = folder / f"{name or case.name}{case.suffix}"
    text = case.text
    if swap:
        assert text.count(swap[0]) == 1, f"{swap[0]!r} stands {text.count(swap[0])} times in {case.name}"
        text = text.replace(*swap)
    path.write_text(text, encoding="utf-8")
    return path


def make_store(db: Path, files: Sequence[Path]) -> None:
    """A store that holds these reports, in this order from 1."""
    from extractor.store import open_store

    with open_store(str(db)) as store:
        for path in files:
            extraction = extract_path(path)
            form = next((f for f in store.forms if f.id == extraction.form), None)
            store.save(to_record(extraction, form), extraction.document, path.read_bytes(), {"version": "test"})


def events_in(db: Path, report: int = 1) -> list[Event]:
    from extractor.store import open_store

    with open_store(str(db)) as store:
        return store.events(report)


@dataclass
class Service:
    """``gouji review`` as a process of its own, on a port that it keeps."""

    db: Path
    options: tuple[str, ...] = ()
    port: int = 0
    process: Any = None

    def start(self) -> Service:
        """Start, and wait until it answers."""
        command = [sys.executable, str(ROOT / "cli.py"), "review", "--db", str(self.db), "--port", str(self.port), *self.options]
        said = self.db.with_name(f"{self.db.stem}.log")
        with said.open("w") as log:
            self.process = subprocess.Popen(command, cwd=self.db.parent, stderr=log, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        found = until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", said.read_text()) or self.process.poll() is not None)
        assert isinstance(found, re.Match), said.read_text()
        self.port = int(found[1])
        return self

    def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def url(self) -> str:
        """The page."""
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str) -> bytes:
        """One answer, as no browser asks."""
        with urlopen(self.url + path.lstrip("/")) as answer:  # noqa: S310 - our own address
            return bytes(answer.read())


@contextmanager
def serving(db: Path, *options: str) -> Iterator[Service]:
    """A service that ends with the block."""
    service = Service(db, options).start()
    try:
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.process.terminate()
            service.process.wait(60)
