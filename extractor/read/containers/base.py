"""What every container shares: what it yields, what it may use up, and how its bytes are read from the front."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import IO, NamedTuple

from extractor.errors import ReportUnreadable

PIECE = 65_536
HEAD = 65_536  # enough of a file to tell what it is


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


@dataclass(slots=True)
class PassedOver:
    """How many files were passed over on purpose: hidden ones, the parts of saved web pages, and what the run itself writes."""

    hidden: int = 0
    companions: int = 0
    ours: int = 0

    def __str__(self) -> str:
        """A sentence for a person; empty where nothing was passed over."""
        parts = [(self.hidden, "hidden or system entries"), (self.companions, "parts of saved web pages (in the folder beside the page)"), (self.ours, "files that this run writes")]
        said = [f"{n:,} {what}" for n, what in parts if n]
        return f"passed over: {', '.join(said)}" if said else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file on the disk may unpack to, all that it holds taken together. Sizes are bytes (docs/archives.md)."""

    member: int
    allowance: int = 512 * 1024**2
    ratio: int = 200  # so many bytes more for each byte of the file on the disk
    held: int = 128 * 1024**2  # a ZIP inside another archive has to be held in memory
    directory: int = 32 * 1024**2  # of a ZIP: every entry becomes an object in memory
    depth: int = 5  # layers around a report; .tar.gz is two

    @property
    def line(self) -> int:
        """The longest JSON value: every character of a report may be escaped, and other fields stand beside the text."""
        return 4 * self.member + 1024**2


class Exhausted(ReportUnreadable):
    """The file unpacks to more than it may: nothing more of it is read. ``place`` is where that came to light."""

    place = ""


class Run:
    """What is known while one file on the disk is read: its limits, what it has used of them, what was passed over."""

    def __init__(self, limits: Limits, size: int, passed: PassedOver) -> None:
        self.limits = limits
        self.passed = passed
        self.held = 0
        self._most = self._left = limits.allowance + limits.ratio * size

    def spend(self, unpacked: int) -> None:
        """Count bytes that came out of a compressed layer; Exhausted where they are too many."""
        self._left -= unpacked
        if self._left < 0:
            message = f"unpacks to more than {self._most:,} bytes, which no archive of reports of this size does: unpack it yourself and give the folder"
            raise Exhausted("ARCHIVE_TOO_LARGE", message)


class Stream:
    """Bytes read once from the front, the head of which may be looked at first.

    ``read`` raises ReportUnreadable where the container is damaged. ``file`` is the same content where one can seek in it;
    ``size`` is its length where it is known (and not only claimed).
    """

    def __init__(self, read: Callable[[int], bytes], file: IO[bytes] | None = None, size: int | None = None) -> None:
        self._read = read
        self._ahead = b""
        self._at = 0  # what has been read of it
        self._ended = False  # nothing is behind what is ahead
        self._damage: ReportUnreadable | None = None  # met behind what is ahead
        self.file = file
        self.size = size

    def head(self, n: int) -> bytes:
        """The next ``n`` bytes, still to be read; fewer where the end, or damage that reading will meet, comes before."""
        missing = n - (len(self._ahead) - self._at)
        if missing > 0 and not self._ended:
            parts = [self._ahead[self._at :]]
            try:
                while missing > 0 and not self._ended:
                    piece = self._read(min(missing, PIECE))
                    self._ended = not piece
                    parts.append(piece)
                    missing -= len(piece)
            except ReportUnreadable as damage:
                self._damage, self._ended = damage, True
            self._ahead, self._at = b"".join(parts), 0
        return self._ahead[self._at : self._at + n]

    def read(self, n: int) -> bytes:
        """At most ``n`` bytes, none at the end."""
        if not self._ahead:
            if self._damage is not None:
                raise self._damage
            return b"" if self._ended else self._read(n)
        piece = self._ahead[self._at : self._at + n]
        self._at += len(piece)
        if self._at == len(self._ahead):
            self._ahead, self._at = b"", 0
        return piece

    def take(self, n: int) -> bytes:
        """The next ``n`` bytes, fewer only at the end."""
        parts = []
        while n > 0 and (piece := self.read(min(n, PIECE))):
            parts.append(piece)
            n -= len(piece)
        return b"".join(parts)


class Member(NamedTuple):
    """What stands under one name in an archive; the name is a label as it is printed there. ``stream`` is read before the next member."""

    name: str
    stream: Stream | None
    error: tuple[str, str] | None = None


def too_large(size: int, limit: int) -> tuple[str, str]:
    """The error of a file beyond the limit."""
    message = f"{size:,} bytes or more, the limit is {limit:,}: give the report alone, or raise the limit (--max-bytes)"
    return "FILE_TOO_LARGE", message


def whole(stream: Stream, most: int) -> bytes:
    """All of a report's bytes; ReportUnreadable FILE_TOO_LARGE where they are more than ``most``."""
    if stream.size is not None and stream.size > most:
        raise ReportUnreadable(*too_large(stream.size, most))
    data = stream.take(most + 1)
    if len(data) > most:
        raise ReportUnreadable(*too_large(len(data), most))
    return data
