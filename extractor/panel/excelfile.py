"""Excel: figures with formats, a frozen header, coloured cells, the codebook and a legend as sheets; text is never a formula."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from extractor.errors import GoujiError
from extractor.panel.codebook import HEADER, codebook
from extractor.panel.shape import Column, Mark, Row, Shape, Type, Value
from extractor.record import plain
from extractor.types import Number

ROWS_A_SHEET = 1_048_576
LONGEST_TEXT = 32_767
EXACT_DIGITS = 15
"""A spreadsheet's numbers are floats: so many digits are exact."""

_COLOURS = {
    Mark.OPEN: ("#FFEB9C", "waits for a person"),
    Mark.FINDING: ("#F8CBAD", "takes part in a rule that fails (shape findings)"),
    Mark.LOST: ("#D9D9D9", "the text no longer holds the cell"),
    Mark.DEDUCED: ("#BDD7EE", "deduced from other cells"),
    Mark.PERSON: ("#C6EFCE", "a person answered, or answers about other cells prove it"),
    Mark.UNFIT: ("#E4DFEC", "a figure that the column cannot hold: see the column unfit or figure"),
}
_AS_TEXT = "a figure of more digits than a spreadsheet keeps, written as text so that none is lost"
_WIDE = Context(prec=10_000)
_PLAIN_NUMBERS = frozenset({"report", "run", "year", "start", "end"})


class ExcelSink:
    """An Excel workbook, written row by row; a sheet that is full is followed by another of the same columns.

    Raises ModuleNotFoundError where XlsxWriter is not installed.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        import xlsxwriter

        literal = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, **literal})
        self._shape = shape
        self._formats: dict[tuple[str, Mark | None], Any] = {}
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._sheets = 0
        self._closed = False
        self._sheet: Any = None
        self._next = ROWS_A_SHEET

    def row(self, row: Row) -> None:
        """Write one row; GoujiError for a text longer than Excel holds."""
        if self._next >= ROWS_A_SHEET:
            self._new_sheet()
        for at, (column, value) in enumerate(zip(self._shape.columns, row.values, strict=True)):
            self._write(at, column, value, row.marks.get(at))
        self._next += 1

    def finish(self) -> None:
        """Write codebook and legend, and the file."""
        if not self._sheets:
            self._new_sheet()
        self._texts("codebook", HEADER, codebook(self._shape), (24, 22, 24, 8, 30, 40, 60, 60, 50))
        self._legend()
        self.close()

    def close(self) -> None:
        """Close the file, whole or not; its temporary files go."""
        from xlsxwriter.exceptions import XlsxWriterException

        if self._closed:
            return
        self._closed = True
        try:
            self._book.close()
        except XlsxWriterException as exc:
            raise OSError(str(exc)) from exc

    def _new_sheet(self) -> None:
        self._sheets += 1
        name = self._shape.name if self._sheets == 1 else f"{self._shape.name} {self._sheets}"
        self._sheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, self._shape.freeze)
        for at, column in enumerate(self._shape.columns):
            self._sheet.set_column(at, at, 18 if column.type is Type.TEXT else 12)
        for at, column in enumerate(self._shape.columns):
            self._sheet.write_string(0, at, column.name, self._bold)
        self._next = 1

    def _write(self, at: int, column: Column, value: Value, mark: Mark | None) -> None:
        line = self._next
        if value is None:
            if mark:
                self._sheet.write_blank(line, at, None, self._format("", mark))
        elif isinstance(value, str):
            self._text(at, column, value, mark)
        elif isinstance(value, float) or is_exact(value):
            self._sheet.write_number(line, at, float(value), self._format(number_format(column, value), mark))
        else:
            self._text(at, column, plain(value), mark)

    def _text(self, at: int, column: Column, value: str, mark: Mark | None) -> None:
        if len(value.encode("utf-16-le")) // 2 > LONGEST_TEXT:
            raise GoujiError(f"{column.name}: a text of {len(value):,} characters, and Excel holds {LONGEST_TEXT:,}; export to .csv or .parquet")
        self._sheet.write_string(self._next, at, value, self._format("", mark) if mark else None)

    def _format(self, number: str, mark: Mark | None) -> Any:
        if (number, mark) not in self._formats:
            shown = {"num_format": number} if number else {}
            colour = {"bg_color": _COLOURS[mark][0]} if mark else {}
            self._formats[number, mark] = self._book.add_format({**shown, **colour})
        return self._formats[number, mark]

    def _texts(self, name: str, header: Iterable[str], rows: Iterable[Iterable[str]], widths: Iterable[int]) -> None:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        for at, text in enumerate(header):
            sheet.write_string(0, at, text, self._bold)
        for line, row in enumerate(rows, 1):
            for at, text in enumerate(row):
                if text:
                    sheet.write_string(line, at, text)

    def _legend(self) -> None:
        sheet = self._book.add_worksheet("legend")
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, "colour", self._bold)
        sheet.write_string(0, 1, "of a figure; where several hold, the first of the list shows", self._bold)
        for line, (mark, (_, meaning)) in enumerate(_COLOURS.items(), 1):
            sheet.write_string(line, 0, mark.value, self._format("", mark))
            sheet.write_string(line, 1, meaning)
        sheet.write_string(len(_COLOURS) + 1, 0, "text")
        sheet.write_string(len(_COLOURS) + 1, 1, _AS_TEXT)


def is_exact(value: Number) -> bool:
    """Whether a spreadsheet's number shows every digit of the figure."""
    return len(Decimal(value).normalize(_WIDE).as_tuple().digits) <= EXACT_DIGITS


def number_format(column: Column, value: float | Decimal) -> str:
    """How Excel shows a figure: every decimal it has, thousands apart; identifiers and years as they are."""
    if column.type is Type.SHARE or column.name in _PLAIN_NUMBERS:
        return ""
    decimals = max(0, -int(Decimal(value).as_tuple().exponent)) if isinstance(value, Decimal) else 0
    return "#,##0" + ("." + "0" * min(decimals, 30) if decimals else "")
