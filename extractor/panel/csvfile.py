"""CSV: exact digits, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from extractor.panel.shape import Row, Shape, Value
from extractor.record import plain

# What spreadsheets take for the beginning of a formula, also full-width, unless the whole is a number or dashes.
_FORMULA = re.compile(r"[=+\-@＝＋－＠']")
_NUMBER = re.compile(r"(?:[+-]?[\d,.]+|[-－]+)\Z", re.ASCII)


def harmless(text: str) -> str:
    """Text for CSV that no spreadsheet takes for a formula: an apostrophe before what begins like one, or with an apostrophe."""
    bare = text.lstrip(" \u3000\u00a0")
    return f"'{text}" if _FORMULA.match(bare) and not _NUMBER.match(bare) else text


def digits(value: Value) -> str:
    """A value as CSV shows it: exact digits, nothing where it is missing."""
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else str(value) if isinstance(value, float) else plain(value)


class CsvSink:
    """UTF-8 with commas, one header line; ``bom`` puts the mark before it that Excel needs to see UTF-8."""

    def __init__(self, path: Path, shape: Shape, bom: bool) -> None:
        self._file = _opened(path, bom)
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(c.name for c in shape.columns)

    def row(self, row: Row) -> None:
        """Write one line."""
        self._rows.writerow([digits(v) for v in row.values])

    def finish(self) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file, whole or not."""
        self._file.close()


def write_texts(path: Path, rows: Iterable[Iterable[str]], bom: bool) -> None:
    """Write rows of text."""
    with _opened(path, bom) as file:
        csv.writer(file, lineterminator="\n").writerows([harmless(text) for text in row] for row in rows)


def _opened(path: Path, bom: bool) -> IO[str]:
    return path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="")
