"""A file to a Document: decode the bytes, render HTML to text, normalise.

``Document.text`` is the text as read, which every evidence offset points into. In a ``text/html``
document a TAB is always the border of two real cells of one table row; in ``text/plain`` it is
whatever the file holds.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from extractor.errors import ReportUnreadable
from extractor.read.decode import decode
from extractor.read.discover import discover
from extractor.read.html import render
from extractor.read.markup import looks_marked
from extractor.text import normalise
from extractor.types import Document

__all__ = ["DEFAULT_MAX_BYTES", "discover", "read_bytes", "read_file"]

DEFAULT_MAX_BYTES = 8_000_000


def read_bytes(data: bytes, source: str, max_bytes: int = DEFAULT_MAX_BYTES) -> Document:
    """Return the document that ``data`` holds; ``source`` is only the name it is known by.

    Raises ReportUnreadable with FILE_TOO_LARGE, EMPTY_FILE, FORMAT_UNSUPPORTED, BINARY_FILE,
    ENCODING_UNKNOWN, HTML_TOO_DEEP or HTML_TOO_LARGE.
    """
    if len(data) > max_bytes:
        raise _too_large(len(data), max_bytes)
    decoded = decode(data)
    text, media_type, notes = decoded.text, "text/plain", decoded.notes
    if looks_marked(text):
        text, media_type, more = render(text)
        notes = tuple(dict.fromkeys(notes + more))
    digest = hashlib.sha256(data).hexdigest()
    return Document(source, digest, text, normalise(text), decoded.encoding, media_type, notes)


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
