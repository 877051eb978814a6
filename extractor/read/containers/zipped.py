"""ZIP: the members that its directory lists, and what can be saved of one whose directory is lost."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple, cast

from extractor.errors import ReportUnreadable
from extractor.read.containers.base import Member, Run, Stream
from extractor.read.containers.names import decoded

LOCKED, UTF8 = 0x1, 0x800  # flags of a member
_UNIX = 3
_FIXED = 30  # bytes of a member's own header before its name
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, struct.error, OverflowError,
    MemoryError,  # an LZMA member may ask for 4 GB
)  # fmt: skip


class Entry(NamedTuple):
    """One entry of the directory under its name as it was meant; ``shared`` where its bytes are another entry's too."""

    name: str
    info: zipfile.ZipInfo
    shared: bool


class Guarded:
    """A file whose directory may not be larger than ``most`` bytes; zipfile reads it at once, and makes an object of each entry."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, n: int = -1) -> bytes:
        """As a file does; ReportUnreadable ARCHIVE_TOO_LARGE where it is too much at once."""
        if n > self._most:
            message = f"the archive's directory has {n:,} bytes, the limit is {self._most:,}: unpack it and give the folder"
            raise ReportUnreadable("ARCHIVE_TOO_LARGE", message)
        return self._file.read(n)


def entries(archive: zipfile.ZipFile) -> list[Entry]:
    """What the archive holds, in the order of its directory; folders are left out."""
    infos = archive.infolist()
    shared = _sharing(infos, archive.start_dir)
    encoding = _encoding(infos)
    found = (Entry(_name(info, encoding), info, info.header_offset in shared) for info in infos)
    return [entry for entry in found if entry.info.file_size or not entry.name.endswith("/")]


def members(archive: zipfile.ZipFile, listed: list[Entry], run: Run) -> Iterator[Member]:
    """The members in turn; reading one raises ReportUnreadable MEMBER_BROKEN where it is damaged."""
    for entry in listed:
        error = _refusal(entry)
        if error is None:
            try:
                with _opened(archive, entry.info) as file:
                    yield Member(entry.name, Stream(_Reader(file, run)))
                continue
            except DAMAGE as damage:
                error = _broken(damage)
        yield Member(entry.name, None, error)


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """The member's content. Its own header may spell its name in another encoding than the directory, which zipfile refuses."""
    try:
        return archive.open(info)
    except zipfile.BadZipFile:
        file = cast("IO[bytes]", archive.fp)
        file.seek(info.header_offset)
        header = file.read(_FIXED)
        name = file.read(int.from_bytes(header[26:28], "little"))
        info.orig_filename = name.decode("utf-8" if int.from_bytes(header[6:8], "little") & UTF8 else "cp437")
        return archive.open(info)


def _sharing(infos: list[zipfile.ZipInfo], directory: int) -> set[int]:
    """Where members begin whose bytes reach into the next: a bomb made of many members that are the same bytes."""
    starts = sorted((info.header_offset, _FIXED + len(info.orig_filename) + info.compress_size) for info in infos)
    following = [*(start for start, _ in starts), directory][1:]
    return {start for (start, size), after in zip(starts, following, strict=True) if start + size > after}


def _encoding(infos: list[zipfile.ZipInfo]) -> str | None:
    """The encoding of the names that do not say theirs: one program wrote them all. None where they do not agree on one."""
    raw = {info.orig_filename.encode("cp437", "replace") for info in infos if not info.flag_bits & UTF8}
    for encoding in ("utf-8", "gb18030"):
        try:
            for name in raw:
                name.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _name(info: zipfile.ZipInfo, encoding: str | None) -> str:
    name = info.orig_filename
    if not info.flag_bits & UTF8:
        raw = name.encode("cp437", "replace")
        name = raw.decode(encoding) if encoding else decoded(raw)
    return name if "/" in name else name.replace("\\", "/")  # some programs of Windows write its own separator


def _refusal(entry: Entry) -> tuple[str, str] | None:
    info = entry.info
    if info.flag_bits & LOCKED:
        return locked()
    if info.compress_type not in _METHODS:
        return unknown_method(info.compress_type)
    if info.create_system == _UNIX and (mode := info.external_attr >> 16) and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "MEMBER_NOT_A_FILE", "the entry is a link or a device, not a report's own bytes: give the file itself"
    if entry.shared:
        return "MEMBER_BROKEN", "its bytes are also those of other members, as no honest archive has it: pack the archive anew"
    return None


def locked() -> tuple[str, str]:
    """The error of a member with a password."""
    return "ENCRYPTED", "locked with a password: unpack the archive with its password and give the folder"


def unknown_method(method: int) -> tuple[str, str]:
    """The error of a member packed in a way that cannot be read."""
    return "METHOD_UNSUPPORTED", f"packed by a method that is not read (number {method}): pack it anew as an ordinary ZIP, or give the folder"


class _Reader:
    """Reads a member: what it gives is counted, and what is wrong with it is said in our words; once damaged, it stays so."""

    def __init__(self, file: IO[bytes], run: Run) -> None:
        self._file, self._run = file, run
        self._damage: ReportUnreadable | None = None

    def __call__(self, n: int) -> bytes:
        if self._damage is not None:
            raise self._damage
        try:
            piece = self._file.read(n)
        except DAMAGE as damage:
            self._damage = ReportUnreadable(*_broken(damage))
            raise self._damage from damage
        self._run.spend(len(piece))
        return piece


def _broken(damage: BaseException) -> tuple[str, str]:
    reason = str(damage)[:100] or type(damage).__name__
    return "MEMBER_BROKEN", f"cannot be unpacked ({reason}): fetch the archive again, or give this file alone"
