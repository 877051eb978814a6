"""TAR, member after member from the front: nothing is sought, nothing but one header is held."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator

from extractor.errors import ReportUnreadable
from extractor.read.containers.base import PIECE, Member, Stream
from extractor.read.containers.names import decoded

_HEADER = 65_536  # an extended header holds names and attributes; one that is larger, or half digits, is made to hurt
_DIGITS = re.compile(rb"[0-9]{200}")
_MOST_GLOBAL = 1_000
_ZEROS = bytes(tarfile.BLOCKSIZE)
_DAMAGE = (tarfile.TarError, OSError, EOFError, ValueError, IndexError, KeyError, OverflowError, RecursionError)
_KINDS = {
    tarfile.LNKTYPE: "a second name of another member (hard link)", tarfile.SYMTYPE: "a symbolic link", tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a pipe", tarfile.GNUTYPE_SPARSE: "a sparse file",
}  # fmt: skip


def members(stream: Stream) -> Iterator[Member]:
    """The members of a TAR archive, folders left out; the stream of each must be read, as far as wanted, before the next.

    Raises ReportUnreadable ARCHIVE_BROKEN where the archive is damaged or cut; so does reading a member.
    """
    forward = _Forward(stream)
    try:
        with tarfile.TarFile(fileobj=forward, mode="r", encoding="utf-8", errors="surrogateescape") as archive:
            while (entry := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep all
                if len(archive.pax_headers) > _MOST_GLOBAL:
                    raise tarfile.ReadError("too many global headers")
                if not entry.isdir():
                    yield _member(entry, forward)
                    forward.end = None
        _end(forward)
    except _DAMAGE as error:
        message = f"the archive is damaged or cut at byte {forward.tell():,} ({error}): fetch it again, or unpack it with tar"
        raise ReportUnreadable("ARCHIVE_BROKEN", message) from error


def _member(entry: tarfile.TarInfo, forward: _Forward) -> Member:
    name = decoded(entry.name.encode("utf-8", "surrogateescape"))
    if not entry.isreg() or entry.issparse():
        what = "a sparse file" if entry.issparse() else _KINDS.get(entry.type, "an entry of an unknown kind")
        return Member(name, None, ("MEMBER_NOT_A_FILE", f"the entry is {what}, not a report's own bytes: give the file itself"))
    forward.end = entry.offset_data + entry.size
    return Member(name, Stream(forward.content, size=entry.size))


def _end(forward: _Forward) -> None:
    """Nothing may stand behind the archive's end but zeros; and there must be an end: tarfile takes garbage and a cut for it."""
    if forward.last != _ZEROS:
        raise tarfile.ReadError("it has no end mark" if not forward.last else "what stands here is no header of a member")
    while data := forward.take(PIECE):
        if data.count(0) < len(data):
            raise tarfile.ReadError("more follows behind the end mark, as where archives were joined")


class _Forward(io.RawIOBase):
    """A stream as a file in which one can only go forward; headers of unreasonable size are refused."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._at = 0
        self.last = b""  # the last that was read
        self.end: int | None = None  # of the member whose content may be read

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self._at:
            raise tarfile.ReadError("a header leads backwards")
        while self._at < offset and self.take(min(PIECE, offset - self._at)):
            pass
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        wanted = self._at + size
        self.last = b"".join(iter(lambda: self.take(wanted - self._at), b""))
        if size > tarfile.BLOCKSIZE and _DIGITS.search(self.last):
            raise tarfile.ReadError("a header full of digits")
        return self.last

    def take(self, n: int) -> bytes:
        """At most ``n`` bytes of the archive, whatever they are."""
        piece = self._stream.read(n) if n else b""
        self._at += len(piece)
        return piece

    def content(self, n: int) -> bytes:
        """At most ``n`` bytes of the member in turn."""
        if self.end is None or not (most := min(n, PIECE, self.end - self._at)):
            return b""
        if not (piece := self.take(most)):
            raise ReportUnreadable("ARCHIVE_BROKEN", f"the archive ends at byte {self._at:,}, in the middle of this member: fetch it again")
        return piece
