"""One report to its record, whatever happens.

This is the one place where a bug of ours is caught: it becomes a record that says so, and the run goes on.
"""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from extractor import pipeline
from extractor.errors import GoujiError, ReportUnreadable
from extractor.form import Form
from extractor.read import DEFAULT_MAX_BYTES, discover, read_file
from extractor.record import Summary, dumps, summarise, to_record
from extractor.types import Document, Extraction


@dataclass(frozen=True, slots=True)
class Options:
    """What a report is read with."""

    forms: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    debug: bool = False


class Line(NamedTuple):
    """One record as it is written, with its counts; ``document`` only where it is wanted, for a store."""

    text: str
    summary: Summary
    document: Document | None = None


def find(paths: Sequence[Path]) -> list[Path]:
    """The files to read; GoujiError where a path does not exist or a folder holds no file at all."""
    files = list(discover(paths))
    for path in paths:
        if path.is_dir() and next(iter(discover([path])), None) is None:
            raise GoujiError(f"{path}: no file in this folder; give the folder that holds the reports")
    return files


def extract_safely(path: Path, forms: Sequence[Form], options: Options) -> Extraction:
    """Extract one file; whatever happens, there is a result."""
    source = os.fsencode(path).decode("utf-8", "replace")
    try:
        return pipeline.extract(read_file(path, options.max_bytes), forms)
    except ReportUnreadable as exc:
        return nothing_read(source, _digest(path, options.max_bytes), exc.code, exc.message)
    except Exception as exc:  # the outermost loop over reports: a bug of ours costs one record, not the run
        return bug_record(source, _digest(path, options.max_bytes), exc, options.debug)


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
    record = to_record(extraction, form)
    return Line(dumps(record), summarise(record))


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


def _digest(path: Path, max_bytes: int) -> str:
    """The hash of a regular file that is not too large, else nothing: the file's identity even where it is no report."""
    try:
        if not path.is_file() or path.stat().st_size > max_bytes:
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
