"""A ZIP archive whose directory is lost, as where it was cut: its members from the front, each by its own header."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from extractor.errors import ReportUnreadable
from extractor.read.containers.base import PIECE, Member, Run, Stream
from extractor.read.containers.names import decoded
from extractor.read.containers.zipped import LOCKED, UTF8, locked, unknown_method

_HEADER = struct.Struct("<4sHHHHHLLLHH")
_MEMBER = b"PK\x03\x04"
_BEHIND = b"PK\x07\x08"  # length and checksum stand behind the content
_LATER = 0x8
_ZIP64 = 0xFFFFFFFF


class _Local(NamedTuple):
    """What a member says of itself in its own header."""

    name: str
    flags: int
    method: int
    checksum: int
    size: int


def members(file: IO[bytes], run: Run) -> Iterator[Member]:
    """What can be read from the front; always ends with ReportUnreadable ARCHIVE_BROKEN, for the directory is lost."""
    file.seek(0)
    while True:
        at = file.tell()
        local = _local(file)
        if local is None:
            raise _damaged(at, "what stands here is no member")
        start = file.tell()
        unknown = bool(local.flags & _LATER) or local.size == _ZIP64
        error = locked() if local.flags & LOCKED else None
        if local.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            error = error or unknown_method(local.method)
        if error or local.method == zipfile.ZIP_STORED:
            if unknown:
                raise _damaged(at, "the length of this member is lost")
            yield from _stored(file, local, start, error, run)
        else:
            content = _Deflated(file, local, run)
            if not _is_folder(local):
                yield Member(local.name, Stream(content.read))
            while content.read(PIECE):
                pass
            content.leave()


def _local(file: IO[bytes]) -> _Local | None:
    fixed = file.read(_HEADER.size)
    if len(fixed) < _HEADER.size or fixed[:4] != _MEMBER:
        return None
    _, _, flags, method, _, _, checksum, size, _, name_length, extra_length = _HEADER.unpack(fixed)
    raw = file.read(name_length)
    file.seek(extra_length, 1)
    name = raw.decode("utf-8", "replace") if flags & UTF8 else decoded(raw)
    return _Local(name, flags, method, checksum, size)


def _stored(file: IO[bytes], local: _Local, start: int, error: tuple[str, str] | None, run: Run) -> Iterator[Member]:
    end = start + local.size
    if error:
        yield Member(local.name, None, error)
    elif not _is_folder(local):
        content = _Stored(file, local, end, run)
        yield Member(local.name, Stream(content.read))
        while content.read(PIECE):
            pass
    file.seek(end)


def _is_folder(local: _Local) -> bool:
    return local.name.endswith("/")


class _Stored:
    """The content of a member that was not packed."""

    def __init__(self, file: IO[bytes], local: _Local, end: int, run: Run) -> None:
        self._file, self._local, self._end, self._run = file, local, end, run
        self._checksum = 0

    def read(self, n: int) -> bytes:
        left = self._end - self._file.tell()
        piece = self._file.read(min(n, PIECE, left))
        if left and not piece:
            raise _damaged(self._file.tell(), "it ends in the middle of a member")
        self._run.spend(len(piece))
        self._checksum = zlib.crc32(piece, self._checksum)
        if left and self._file.tell() == self._end and self._checksum != self._local.checksum:
            raise _other()
        return piece


class _Deflated:
    """The content of a packed member, the end of which the packing itself tells."""

    def __init__(self, file: IO[bytes], local: _Local, run: Run) -> None:
        self._file, self._local, self._run = file, local, run
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._checksum = 0
        self._ended = False

    def read(self, n: int) -> bytes:
        piece = b""
        while not piece and not self._ended:
            data = self._inflate.unconsumed_tail or self._file.read(PIECE // 4)
            if not data:
                raise _damaged(self._file.tell(), "it ends in the middle of a member")
            try:
                piece = self._inflate.decompress(data, min(n, PIECE))
            except zlib.error as error:
                raise _damaged(self._file.tell(), str(error)) from error
            self._ended = self._inflate.eof
            self._run.spend(len(piece))
            self._checksum = zlib.crc32(piece, self._checksum)
            if self._ended:
                self._check()
        return piece

    def _check(self) -> None:
        """Compare the checksum, and stand in the file where the content ends."""
        self._file.seek(-len(self._inflate.unused_data), 1)
        said = self._local.checksum
        if self._local.flags & _LATER:
            behind = self._file.read(8)
            said = int.from_bytes(behind[4:8] if behind.startswith(_BEHIND) else behind[:4], "little")
            self._file.seek(-len(behind), 1)
        if said != self._checksum:
            raise _other()

    def leave(self) -> None:
        """Go to the next member, behind what stands behind the content."""
        if self._local.flags & _LATER:
            at = self._file.tell()
            skipped = self._file.read(32).find(b"PK", 4)
            self._file.seek(at + max(0, skipped))


def _damaged(at: int, why: str) -> ReportUnreadable:
    message = f"the archive is damaged or cut: its directory is lost, and it could be read as far as byte {at:,} only ({why}): fetch it again"
    return ReportUnreadable("ARCHIVE_BROKEN", message)


def _other() -> ReportUnreadable:
    return ReportUnreadable("MEMBER_BROKEN", "its content has another checksum than it should: fetch the archive again")
