"""gzip, bzip2 and xz: what is inside, as one stream that is never larger in memory than a piece."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from extractor.errors import ReportUnreadable
from extractor.read.containers.base import PIECE, Run, Stream
from extractor.read.sniff import Kind

_XZ_MEMORY = 192 * 1024**2  # `xz -9` needs 65 MB; a header may claim 4 GB
_IN = 16_384  # compressed bytes at a time


class _Decompressor(Protocol):
    """What bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decompressor in the manner of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


_KINDS: dict[Kind, Callable[[], _Decompressor]] = {
    Kind.GZIP: _Gzip,
    Kind.BZIP2: bz2.BZ2Decompressor,
    Kind.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
}
COMPRESSED = frozenset(_KINDS)


def unpacked(kind: Kind, packed: Stream, run: Run) -> Stream:
    """The content of a compressed file; several streams one after another are one, as their own programs have it.

    Reading it raises ReportUnreadable ARCHIVE_BROKEN where the file is damaged, cut, or has something else behind its end.
    """
    return Stream(_Reader(kind, packed, run).read)


class _Reader:
    """The modules' own file objects stop silently at what stands behind the end, and set xz no limit of memory."""

    def __init__(self, kind: Kind, packed: Stream, run: Run) -> None:
        self._kind, self._packed, self._run = kind, packed, run
        self._stream = _KINDS[kind]()
        self._rest = b""  # read, and not yet given to the decompressor
        self._given = 0
        self._damage: ReportUnreadable | None = None

    def read(self, n: int) -> bytes:
        if self._damage is not None:
            raise self._damage
        try:
            piece = self._piece(min(n, PIECE)) if n else b""
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            message = f"{self._kind.value}, damaged or cut after {self._given:,} unpacked bytes ({error}): fetch it again"
            self._damage = ReportUnreadable("ARCHIVE_BROKEN", message)
            raise self._damage from error
        self._given += len(piece)
        self._run.spend(len(piece))
        return piece

    def _piece(self, n: int) -> bytes:
        while True:
            if self._stream.eof and not self._next():
                return b""
            data = b""
            if self._stream.needs_input and not (data := self._input()):
                raise EOFError("it ends in the middle")
            if piece := self._stream.decompress(data, n):
                return piece

    def _next(self) -> bool:
        """Go on to the next of several streams; zeros behind the last are padding."""
        rest = self._stream.unused_data.lstrip(b"\0")
        while not rest:
            if not (data := self._packed.read(_IN)):
                return False
            rest = data.lstrip(b"\0")
        self._stream = _KINDS[self._kind]()
        self._rest = rest
        return True

    def _input(self) -> bytes:
        data, self._rest = self._rest or self._packed.read(_IN), b""
        return data
