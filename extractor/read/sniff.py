"""What a file is, told from its bytes alone; its name says nothing that its bytes do not say better."""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from enum import Enum
from typing import IO

_MHTML = re.compile(rb"\A\s*(?:From|MIME-Version|Subject|Date|Snapshot-Content-Location|Content-Type):[^\n]{0,400}\n", re.IGNORECASE)
_TAR_MARK = 257  # where a tar header says so
_HEAD = 1024


class Kind(Enum):
    """A format; the value is what a person calls it."""

    TEXT = "a text or a web page"
    PDF = "a PDF"
    DOCX = "a Word document (DOCX)"
    XLSX = "an Excel workbook (XLSX)"
    OLD_OFFICE = "an old Office document (DOC, XLS or WPS)"
    RTF = "an RTF document"
    ODF = "an OpenDocument file (ODT or ODS)"
    MHTML = "a web archive (MHTML)"
    PICTURE = "a picture"
    ZIP = "a ZIP archive"
    TAR = "a TAR archive"
    GZIP = "a gzip file"
    BZIP2 = "a bzip2 file"
    XZ = "an xz file"
    RAR = "a RAR archive"
    SEVEN_ZIP = "a 7-Zip archive"
    OFD = "an OFD document"
    DATABASE = "a database"
    PROGRAM = "a program"


ARCHIVES = frozenset({Kind.ZIP, Kind.TAR, Kind.GZIP, Kind.BZIP2, Kind.XZ})
"""Formats that hold files of their own, which are the reports."""

_MAGIC = (
    (b"%PDF", Kind.PDF), (b"PK\x05\x06", Kind.ZIP), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLD_OFFICE), (b"{\\rtf", Kind.RTF),
    (b"\x89PNG", Kind.PICTURE), (b"\xff\xd8\xff", Kind.PICTURE), (b"GIF8", Kind.PICTURE), (b"II*\x00", Kind.PICTURE),
    (b"MM\x00*", Kind.PICTURE), (b"BM", Kind.PICTURE), (b"Rar!\x1a", Kind.RAR), (b"7z\xbc\xaf", Kind.SEVEN_ZIP), (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZIP2), (b"\xfd7zXZ\x00", Kind.XZ), (b"SQLite format 3\x00", Kind.DATABASE), (b"\x7fELF", Kind.PROGRAM),
)  # fmt: skip
_MARKS = tuple(magic for magic, _ in _MAGIC)
_PARTS = (
    ("word/document.xml", Kind.DOCX), ("xl/workbook.xml", Kind.XLSX), ("OFD.xml", Kind.OFD),
)  # fmt: skip
_OFFICE = (b"[Content_Types].xml", b"_rels/.rels", b"docProps/")  # what one of them begins with
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, MemoryError,
)  # fmt: skip
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


def sniff(data: bytes) -> Kind:
    """What ``data`` is; TEXT where nothing speaks for another format."""
    head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PK\x03\x04"):
        return zip_kind(io.BytesIO(data))
    for magic, kind in _MAGIC if head.startswith(_MARKS) else ():  # most files are text
        if head.startswith(magic) and (magic != b"BM" or _is_bitmap(data)):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.PICTURE
    if data[_TAR_MARK : _TAR_MARK + 5] == b"ustar":
        return Kind.TAR
    if b"%PDF-" in data[:_HEAD] and b"\0" in data[:65_536]:  # junk before the mark is allowed
        return Kind.PDF
    if _MHTML.match(data[:_HEAD]) and b"multipart/related" in data[:4096].lower():
        return Kind.MHTML
    return Kind.TEXT


def _is_bitmap(data: bytes) -> bool:
    """A text may begin with BM as well; a bitmap's header says how long it is."""
    return int.from_bytes(data[14:18], "little") in _BITMAP_HEADERS


def zip_kind(file: IO[bytes]) -> Kind:
    """What a ZIP container is: Office documents are those that hold a part of a known name."""
    try:
        with zipfile.ZipFile(file) as container:
            names = set(container.namelist())
            kind = next((k for part, k in _PARTS if part in names), None)
            if kind is None and "mimetype" in names and container.getinfo("mimetype").file_size < _HEAD:
                kind = Kind.ODF if b"opendocument" in container.read("mimetype") else None
    except _DAMAGE:
        file.seek(0)
        kind = _first_part(file.read(_HEAD * _HEAD))
    return kind or Kind.ZIP


def _first_part(data: bytes) -> Kind | None:
    """The document whose container has lost its directory: every program writes its own part first."""
    name = data[30 : 30 + int.from_bytes(data[26:28], "little")]
    if name == b"mimetype":
        return Kind.ODF if b"opendocument" in data[: len(name) + 128] else None
    parts = [(part.encode(), kind) for part, kind in _PARTS]
    if name.startswith(_OFFICE):
        return next((kind for part, kind in parts if part.partition(b"/")[0] + b"/" in data), None)
    return next((kind for part, kind in parts if name == part), None)
