"""Files as they are sent, and out of ZIP archives: unpacked in memory, within limits, never onto the disk.

The names in an archive are labels and nothing else. An archive inside an archive is not opened: the reader says of it
what it says of every file that is no report.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from typing import IO

from extractor.read.containers.names import in_hidden
from extractor.read.containers.zipped import DAMAGE, entries
from extractor.read.sniff import Kind, zip_kind
from extractor.record import visible
from extractor.web.problem import Refused
from extractor.web.settings import Limits

_PIECE = 65_536
_SMALL = 4_096  # a member smaller than this in the archive is measured as if it were this large
_TAIL = 65_557  # the end record of an archive, and its longest comment
_END = b"PK\x05\x06"
_ENTRY = 46 + 1_024  # bytes of the directory's entry of one member, and a long name


def label(name: str | None, most: int) -> str:
    """A file's name as it is kept: a label for people, that no path is ever made of."""
    shown = visible((name or "report").encode("utf-8", "replace").decode())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def unpacked(uploads: Iterable[tuple[str | None, IO[bytes]]], limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Every file of the uploads with its label, no label twice; Refused as soon as a limit is passed."""
    seen: set[str] = set()
    total = 0
    for given, data in _files(uploads, limits):
        total += len(data)
        if total > limits.job:
            raise Refused(413, "TOO_LARGE", f"the files come to more than {limits.job:,} bytes; send them in several jobs")
        if len(seen) == limits.job_files:
            raise Refused(413, "TOO_MANY", f"more than {limits.job_files:,} files; send them in several jobs")
        name = _only(label(given, limits.name), seen)
        seen.add(name)
        yield name, data


def _files(uploads: Iterable[tuple[str | None, IO[bytes]]], limits: Limits) -> Iterator[tuple[str | None, bytes]]:
    for name, file in uploads:
        if _is_archive(file, limits):
            yield from _members(name, file, limits)
        else:
            file.seek(0)
            yield name, _within(file, limits)


def _is_archive(file: IO[bytes], limits: Limits) -> bool:
    """Whether it is a ZIP of reports; a Word document or a workbook is a ZIP too, and one report."""
    if file.read(4) not in (b"PK\x03\x04", _END):
        return False
    _small_directory(file, limits)
    file.seek(0)
    return zip_kind(file) is Kind.ZIP


def _within(file: IO[bytes], limits: Limits) -> bytes:
    """The file, or the part of it by which the reader sees that it is too large."""
    return file.read(limits.report + 1)


def _members(name: str | None, file: IO[bytes], limits: Limits) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in entries(archive):
                if not in_hidden(entry.name):
                    yield entry.name, _content(archive, entry.info, limits)
    except DAMAGE as exc:
        raise Refused(422, "ARCHIVE", f"{label(name, 60)}: cannot be unpacked ({visible(str(exc))[:100]}); send an ordinary ZIP archive without a password") from exc


def _small_directory(file: IO[bytes], limits: Limits) -> None:
    """Refuse a directory too large to be honest before it is read: every entry of it would become an object in memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    at = len(tail) - 22 if tail[-22:-18] == _END and tail[-2:] == b"\0\0" else tail.rfind(_END)
    end = tail[at : at + 22]
    if at < 0 or len(end) < 22:
        raise Refused(422, "ARCHIVE", "the archive has no end: it was cut short; send it again")
    if int.from_bytes(end[10:12], "little") > limits.job_files or int.from_bytes(end[12:16], "little") > limits.job_files * _ENTRY:
        raise Refused(413, "TOO_MANY", f"the archive holds more than {limits.job_files:,} files; send them in several jobs")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> bytes:
    most = limits.zip_ratio * max(member.compress_size, _SMALL)
    out = bytearray()
    with archive.open(member) as file:
        while len(out) <= limits.report and (piece := file.read(_PIECE)):
            out += piece
            if len(out) > most:
                raise Refused(413, "ZIP_BOMB", f"a file of the archive unpacks to more than {limits.zip_ratio} times its size; such archives are not taken")
    return bytes(out[: limits.report + 1])


def _only(name: str, seen: set[str]) -> str:
    """The name, or with a number where another file of the job has it."""
    n, out = 1, name
    while out in seen:
        n += 1
        out = f"{name} ({n})"
    return out
