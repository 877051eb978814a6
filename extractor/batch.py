"""One report to its record, whatever happens.

This is the one place where a bug of ours is caught: it becomes a record that says so, and the run goes on.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from extractor import pipeline
from extractor.errors import ReportUnreadable
from extractor.form import Form
from extractor.read import read_bytes
from extractor.read.inputs import Input
from extractor.record import Summary
from extractor.recordline import written
from extractor.types import Document, Extraction

T = TypeVar("T")


class Line(NamedTuple):
    """One record as it is written, with its counts; ``document`` only where it is wanted, for a store.

    ``data`` is the line in UTF-8, since it goes from one process to another and then into a file: as text it would be
    encoded and decoded again on each way. A lone surrogate, which no file can hold, is a question mark.
    """

    data: bytes
    summary: Summary
    document: Document | None = None

    @classmethod
    def of(cls, text: str, summary: Summary) -> Line:
        """The line of a record's text."""
        return cls(text.encode("utf-8", "replace"), summary)

    @property
    def text(self) -> str:
        """The line as text."""
        return self.data.decode("utf-8")


def extract_input(given: Input, forms: Sequence[Form], debug: bool = False) -> Extraction:
    """Extract one input, a file or a member of an archive; whatever happens, there is a result."""
    if given.data is None:
        code, message = given.error or ("FILE_UNREADABLE", "nothing of it could be read")
        return nothing_read(given.source, "", code, message)
    data = given.data
    return safely(given.source, lambda: given.sha256, debug, lambda: pipeline.extract(read_bytes(data, given.source), forms))


def safely(source: str, digest: Callable[[], str], debug: bool, extract: Callable[[], T]) -> T | Extraction:
    """What ``extract`` gives, or the result for a report that cannot be read or on which the program failed."""
    try:
        return extract()
    except ReportUnreadable as exc:
        return nothing_read(source, digest(), exc.code, exc.message)
    except MemoryError:
        message = "reading it takes more memory than one report may have: give its text, or a simpler copy"
        return nothing_read(source, digest(), "OUT_OF_MEMORY", message)
    except Exception as exc:  # the outermost loop over reports: a bug of ours costs one record, not the run
        return bug_record(source, digest(), exc, debug)


def line_of(extraction: Extraction, forms: Sequence[Form], debug: bool = False) -> Line:
    """The record of one report as it is written."""
    document = extraction.document
    try:
        return _line(extraction, next((f for f in forms if f.id == extraction.form), None))
    except Exception as exc:  # as above: a record that cannot be written is a bug of ours too
        return _line(bug_record(document.source, document.sha256, exc, debug), None)


def unread_line(source: str, sha256: str, code: str, message: str) -> Line:
    """The record of what could not be read, as it is written."""
    return _line(nothing_read(source, sha256, code, message), None)


def _line(extraction: Extraction, form: Form | None) -> Line:
    return Line.of(*written(extraction, form))


def bug_record(source: str, sha256: str, exc: Exception, debug: bool) -> Extraction:
    """The result for a report on which the program failed."""
    if debug:
        traceback.print_exception(exc, file=sys.stderr)
    frames = traceback.extract_tb(exc.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "?"
    message = (
        f"{type(exc).__name__} at {place}: {str(exc)[:200]}; a bug in gouji: run this file with --debug, report it"
    )
    return nothing_read(source, sha256, "INTERNAL_ERROR", message)


def nothing_read(source: str, sha256: str, code: str, message: str) -> Extraction:
    """The result for what could not be read, whatever it came from."""
    document = Document(source, sha256, "", "", "", "", ())
    return Extraction(document, None, (), None, None, (), (), (), (), (), pipeline.UNREADABLE, (code, message))
