"""Starting the model server and the asking program as processes of their own, and reading what each has counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.score import ROOT

TOKENS = ("input", "cached", "output", "reasoning")


@contextmanager
def server(*arguments: str, script: str = "benchmarks.standin:read_lines") -> Iterator[str]:
    """A model server that answers by ``script`` (stand-in questions, unless told otherwise) for as long as the block lasts; its base URL."""
    command = [sys.executable, "-m", "benchmarks.server", "--script", script, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(30)


def books(url: str, log: bool = False) -> dict[str, Any]:
    """What the server has counted."""
    with urlopen(f"{url.removesuffix('/v1')}/books{'?log' if log else ''}") as reply:  # noqa: S310 - loopback
        found: dict[str, Any] = json.load(reply)
        return found


def asker(url: str, store: Path, arguments: Sequence[str]) -> subprocess.Popen[str]:
    """The program that asks, started."""
    command = [sys.executable, "-m", "benchmarks.standin", "--url", url, "--store", str(store), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a program said that was left to end."""
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the asking program ended with {process.returncode}")
    said: dict[str, Any] = json.loads(out.splitlines()[-1])
    return said


def tokens(counted: dict[str, Any]) -> dict[str, int]:
    """The four counts of tokens in what either side says."""
    return {name: counted[name] for name in TOKENS}
