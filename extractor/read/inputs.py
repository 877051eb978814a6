"""Everything that a run reads, one report's bytes at a time: files, and what archives hold.

The stream is in a fixed order and holds one report at a time in memory, so that an archive may be larger than the machine.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from extractor.read.discover import discover


@dataclass(frozen=True)
class Input:
    """One report to read: its name (``folder/a.txt``, ``archive.zip!/b/c.docx``), and its bytes or why there are none.

    ``error`` is a code and a message as in ReportUnreadable; ``data`` is None exactly where there is one.
    """

    source: str
    data: bytes | None
    error: tuple[str, str] | None = None

    @cached_property
    def sha256(self) -> str:
        """The hash of the bytes; empty where there are none."""
        return hashlib.sha256(self.data).hexdigest() if self.data is not None else ""


def inputs(paths: Sequence[Path], max_bytes: int) -> Iterator[Input]:
    """Every report under ``paths``, in the order of ``discover``; nothing is left out without an Input that says why.

    Raises GoujiError where a path does not exist, before anything is yielded.
    """
    for path in discover(paths):
        yield _file(path, max_bytes)


def _file(path: Path, max_bytes: int) -> Input:
    source = os.fsencode(path).decode("utf-8", "replace")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            return Input(source, None, ("FILE_UNREADABLE", "not a regular file: give the report's own file"))
        if status.st_size > max_bytes:
            return Input(source, None, too_large(status.st_size, max_bytes))
        with path.open("rb") as file:
            return Input(source, file.read(max_bytes + 1))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Input(source, None, ("FILE_UNREADABLE", f"{reason}: check that the file exists and may be read"))


def too_large(size: int, limit: int) -> tuple[str, str]:
    """The error of a file beyond the limit."""
    message = f"{size:,} bytes or more, the limit is {limit:,}: give the report alone, or raise the limit (--max-bytes)"
    return "FILE_TOO_LARGE", message
