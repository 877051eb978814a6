"""Everything that a run reads, one report's bytes at a time: files, and what archives hold.

The stream is in a fixed order and holds one report at a time in memory, so that an archive may be larger than the machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from extractor.read.containers import Input, Limits, PassedOver, Run, Stream, reports, too_large
from extractor.read.containers import count as count_in
from extractor.read.discover import discover

__all__ = ["Input", "PassedOver", "count", "inputs", "too_large"]


def inputs(paths: Sequence[Path], max_bytes: int, passed: PassedOver | None = None, ours: frozenset[str] = frozenset()) -> Iterator[Input]:
    """Every report under ``paths``, in the order of ``discover``; nothing is left out without an Input that says why.

    What is passed over by custom (docs/archives.md) is counted in ``passed``, and so is what the run itself writes: ``ours``, absolute names of
    files and folders. Raises GoujiError where a path does not exist, before anything is yielded.
    """
    passed = PassedOver() if passed is None else passed
    for path in discover(paths, passed):
        if ours and not ours.isdisjoint(_names(path)):
            passed.ours += 1
            continue
        yield from _file(path, Limits(max_bytes), passed)


def _names(path: Path) -> Iterator[str]:
    """The absolute names of a file and of the folders that it lies in."""
    name = os.path.abspath(path)
    return map(str, (name, *Path(name).parents))


def count(paths: Sequence[Path]) -> int | None:
    """How many inputs there are, None where only reading all would tell (TAR, compressed files, JSON lines).

    An archive within a ZIP counts as one. Raises GoujiError where a path does not exist.
    """
    total = 0
    for path in discover(paths):
        n = _number(path)
        if n is None:
            return None
        total += n
    return total


def _file(path: Path, limits: Limits, passed: PassedOver) -> Iterator[Input]:
    source = os.fsencode(path).decode("utf-8", "replace")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            yield Input(source, None, ("FILE_UNREADABLE", "not a regular file: give the report's own file"))
            return
        with path.open("rb") as file:
            yield from reports(Stream(file.read, file, status.st_size), source, Run(limits, status.st_size, passed))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        yield Input(source, None, ("FILE_UNREADABLE", f"{reason}: check that the file exists and may be read"))


def _number(path: Path) -> int | None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return 1  # an Input that says so
        with path.open("rb") as file:
            return count_in(Stream(file.read, file, status.st_size))
    except OSError:
        return 1
