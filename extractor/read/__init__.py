"""A file to a Document: tell its format, render it to text, normalise.

``Document.text`` is the text as read, which every evidence offset points into. In every media type but ``text/plain`` a TAB
is the border of two real cells of one table row (``extractor.types.has_grid``); in ``text/plain`` it is whatever the file holds.
"""

from __future__ import annotations

import hashlib
import os
import stat
from importlib import import_module
from pathlib import Path

from extractor.errors import ReportUnreadable
from extractor.read.compose import Rendered
from extractor.read.decode import decode
from extractor.read.discover import discover
from extractor.read.html import render
from extractor.read.markup import looks_marked
from extractor.read.sniff import ARCHIVES, Kind, sniff
from extractor.text import normalise
from extractor.types import PLAIN, Document

__all__ = ["DEFAULT_MAX_BYTES", "discover", "read_bytes", "read_file"]

DEFAULT_MAX_BYTES = 8_000_000

# The module of each further format; its ``render`` takes bytes and gives a Rendered. Loaded where such a file comes by.
_READERS = {
    Kind.DOCX: "docx",
    Kind.XLSX: "xlsx",
    Kind.PDF: "pdf",
    Kind.OLD_OFFICE: "legacy",
    Kind.RTF: "legacy",
    Kind.ODF: "legacy",
    Kind.MHTML: "mhtml",
    Kind.PICTURE: "picture",
}
_CONVERT = "convert it to plain text, HTML, DOCX or PDF first and give that file"


def read_bytes(data: bytes, source: str, max_bytes: int = DEFAULT_MAX_BYTES) -> Document:
    """Return the document that ``data`` holds; ``source`` is only the name it is known by.

    Raises ReportUnreadable with FILE_TOO_LARGE, EMPTY_FILE, FORMAT_UNSUPPORTED, BINARY_FILE, ENCODING_UNKNOWN, HTML_TOO_DEEP,
    HTML_TOO_LARGE, READER_MISSING (an extra or a program is not installed) and the codes of the formats' own readers.
    """
    if len(data) > max_bytes:
        raise _too_large(len(data), max_bytes)
    rendered = _rendered(data)
    digest = hashlib.sha256(data).hexdigest()
    norm = normalise(rendered.text)
    return Document(source, digest, rendered.text, norm, rendered.encoding, rendered.media_type, rendered.notes, rendered.places)


def _rendered(data: bytes) -> Rendered:
    kind = sniff(data)
    if kind is Kind.TEXT:
        return _text(data)
    if kind in ARCHIVES:
        raise ReportUnreadable("FORMAT_UNSUPPORTED", f"the file is {kind.value}, not a report: `gouji extract` opens archives; or unpack it")
    if kind not in _READERS:
        raise ReportUnreadable("FORMAT_UNSUPPORTED", f"the file is {kind.value}: {_CONVERT}")
    try:
        reader = import_module(f"extractor.read.{_READERS[kind]}")
        rendered: Rendered = reader.render(data)
    except ModuleNotFoundError as error:
        message = f"the file is {kind.value}, and {error.name} is not installed: pip install 'gouji[documents]', or {_CONVERT}"
        raise ReportUnreadable("READER_MISSING", message) from error
    return rendered


def _text(data: bytes) -> Rendered:
    decoded = decode(data)
    if not looks_marked(decoded.text):
        return Rendered(decoded.text, PLAIN, decoded.encoding, decoded.notes)
    text, media_type, more, places = render(decoded.text)
    return Rendered(text, media_type, decoded.encoding, tuple(dict.fromkeys(decoded.notes + more)), places)


def read_file(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> Document:
    """Return the document in the file ``path``, never loading more than ``max_bytes``.

    Raises ReportUnreadable: FILE_UNREADABLE where the file cannot be opened or is not a regular
    file, and everything that :func:`read_bytes` raises.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise ReportUnreadable("FILE_UNREADABLE", "not a regular file: give the report's own file")
        if status.st_size > max_bytes:
            raise _too_large(status.st_size, max_bytes)
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ReportUnreadable("FILE_UNREADABLE", f"{reason}: check that the file exists and may be read") from error
    return read_bytes(data, os.fsencode(path).decode("utf-8", "replace"), max_bytes)


def _too_large(size: int, limit: int) -> ReportUnreadable:
    message = f"{size:,} bytes or more, the limit is {limit:,}: give the report alone, or raise the limit (--max-bytes)"
    return ReportUnreadable("FILE_TOO_LARGE", message)
