"""A folder of generated reports, and the program run over it as a process: with a model, killed or left to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice, product
from pathlib import Path
from typing import Any

from benchmarks.damage import LEVELS, SHAPES, Case, make_case
from benchmarks.score import ROOT
from extractor.form import load_forms

_MB = 1 << 20
_LOOK_EVERY = 0.05


def every_kind() -> Iterator[Case]:
    """Endless reports: every shape, level and form with seed 0, then with seed 1, and so on."""
    for seed in count():
        for level, shape, form in product(LEVELS, SHAPES, load_forms()):
            yield make_case(form, seed, shape, level)


def write_archive(folder: Path, reports: int) -> None:
    """Write reports into a new folder."""
    folder.mkdir(parents=True)
    for n, case in enumerate(islice(every_kind(), reports)):
        (folder / f"{n:05}-{case.name}{case.suffix}").write_bytes(case.data)


@dataclass(frozen=True, slots=True)
class Desk:
    """One run's own folder: the store of replies and the output; killed and started again, it goes on with them."""

    folder: Path
    archive: Path
    variables: Mapping[str, str]

    @property
    def store(self) -> Path:
        """The store of replies."""
        return self.folder / "replies.sqlite"

    @property
    def output(self) -> Path:
        """The file of records."""
        return self.folder / "out.jsonl"

    def start(self, url: str) -> subprocess.Popen[bytes]:
        """The program, started as a person would."""
        told = {"GOUJI_MODEL": "scripted", "GOUJI_BASE_URL": url, "GOUJI_API_KEY": "not-a-real-key", "GOUJI_REPLIES": str(self.store)}
        command = [sys.executable, "cli.py", "extract", str(self.archive), "--model", "always", "--yes", "--jsonl", str(self.output)]
        with (self.folder / "stderr.txt").open("ab") as said:
            return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **told, **self.variables}, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603

    def said(self) -> str:
        """What the program said to people."""
        return (self.folder / "stderr.txt").read_text("utf-8")

    def records(self) -> list[dict[str, Any]]:
        """The records of the output."""
        return [json.loads(line) for line in self.output.read_text("utf-8").splitlines()]


def wait(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """Let the program end; its seconds, and its resident memory half way and at most."""
    started, held = time.monotonic(), []
    while process.poll() is None:
        held.append(_resident(process.pid))
        time.sleep(_LOOK_EVERY)
    return {"seconds": round(time.monotonic() - started, 1), "MiB half way": held[len(held) // 2], "MiB at most": max(held)}


def _resident(pid: int) -> float:
    """Resident memory of a process in MiB; 0 where it has just ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except OSError:
        return 0.0
    return round(int(pages) * os.sysconf("SC_PAGE_SIZE") / _MB, 1)
