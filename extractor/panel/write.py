"""A shape written to a file, row by row, so that memory does not grow with the archive; the file appears when it is whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from extractor.errors import GoujiError
from extractor.panel.codebook import HEADER, codebook
from extractor.panel.csvfile import CsvSink, write_texts
from extractor.panel.entry import Entry
from extractor.panel.excelfile import ExcelSink
from extractor.panel.parquetfile import ParquetSink
from extractor.panel.shape import Row, Shape

FORMATS = (".csv", ".parquet", ".xlsx")
CODEBOOK_SUFFIX = ".codebook.csv"
_SPACES = re.compile("[\t\n\r\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Sink(Protocol):
    """Something rows are written to, in their order."""

    def row(self, row: Row) -> None:
        """Write one row; its texts are clean, its figures fit."""

    def finish(self) -> None:
        """Write what is still to be written, and close."""

    def close(self) -> None:
        """Close the file, whole or not; again is no harm."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an export came to: reports read, those of them that gave no row, rows, and the codebook beside the file."""

    reports: int
    rowless: int
    rows: int
    codebook: Path


def write_panel(path: Path, shape: Shape, entries: Iterable[Entry], bom: bool = False, told: Callable[[int], None] = lambda reports: None) -> Written:
    """Write the shape to ``path``, in the format of its suffix, and its codebook to the same name with ``.codebook.csv``.

    ``told`` hears the number of reports after each. Both files are written under another name and put in place when they
    are whole; on any error what stood there before stays. Raises GoujiError for another suffix, a format that is not
    installed, a file that cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise GoujiError(f"{path}: the ending tells the format: give one of {', '.join(FORMATS)}")
    book = path.with_name(path.name + CODEBOOK_SUFFIX)
    try:
        with ExitStack() as parts:
            part, book_part = (parts.enter_context(_Part(p)) for p in (path, book))
            write_texts(book_part.path, [HEADER, *codebook(shape)], bom)
            with closing(_sink(part.path, path, shape, bom)) as sink:
                reports, rowless, rows = _write(sink, shape, entries, told)
            part.keep()
            book_part.keep()
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be written: {exc.strerror or exc}") from exc
    return Written(reports, rowless, rows, book)


def _sink(part: Path, path: Path, shape: Shape, bom: bool) -> Sink:
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            return CsvSink(part, shape, bom)
        return ParquetSink(part, shape) if suffix == ".parquet" else ExcelSink(part, shape)
    except ModuleNotFoundError as exc:
        raise GoujiError(f"{path}: {suffix} needs {exc.name}: pip install 'gouji[panel]', or export to .csv") from exc


def _write(sink: Sink, shape: Shape, entries: Iterable[Entry], told: Callable[[int], None]) -> tuple[int, int, int]:
    reports = rowless = rows = 0
    for entry in entries:
        before = rows
        for values, marks in shape.rows(entry):
            sink.row(Row([clean(v) if isinstance(v, str) else v for v in values], marks))
            rows += 1
        reports += 1
        rowless += rows == before
        told(reports)
    sink.finish()
    return reports, rowless, rows


class _Part:
    """A file under a temporary name beside its own; leaving without ``keep`` removes it."""

    def __init__(self, final: Path) -> None:
        self._final = final
        self.path = final.with_name(f"{final.name}.part")

    def __enter__(self) -> Self:
        return self

    def keep(self) -> None:
        """Put the file in its place."""
        self.path.replace(self._final)

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)


def clean(text: str) -> str | None:
    """Text that every format can hold: line ends as spaces, other controls as U+FFFD; empty is missing."""
    return _CONTROLS.sub("\ufffd", _SPACES.sub(" ", text)) or None
