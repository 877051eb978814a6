"""XLSX to text: what a sheet shows, row by row, with a TAB between real cells; places are squares such as D7.

A number is shown by its format, a formula by the value that was saved with it. Hidden sheets, rows and columns are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from extractor.read.compose import Composer, Rendered
from extractor.read.markup import LOWERED, RAISED
from extractor.read.numberformat import BUILT_IN, GENERAL, general, number, shown, shown_text
from extractor.read.package import Package, too_large
from extractor.read.sheetgrid import Line, Merge, Sheet, Square, lines
from extractor.types import SheetPlace

if TYPE_CHECKING:
    from lxml import etree

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_SQUARES = 200_000  # filled or framed, of the whole workbook
MAX_CELLS = 50_000
MAX_MERGES = 20_000
_ARTICLE = 300  # characters of a cell alone in its row that holds paragraphs
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
UNKNOWN = "####"  # what Excel shows where it cannot show a value: a formula without one is neither 0 nor blank

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def render(data: bytes) -> Rendered:
    """Return what the sheets of an XLSX show, with the places of the cells.

    Raises ReportUnreadable: EMPTY_FILE, ENCRYPTED, OFFICE_BROKEN, OFFICE_TOO_LARGE, OFFICE_TOO_DEEP.
    """
    book = _Book(Package(data))
    composer = Composer()
    printed = 0
    for name, part in book.sheets():
        for line in _without_gaps(lines(book.sheet(part))):
            printed += len(line.cells)
            if printed > MAX_CELLS:
                raise too_large(f"more than {MAX_CELLS:,} cells")
            cells = [(cell.text, SheetPlace(name, f"{_letters(cell.column)}{cell.row}")) for cell in line.cells]
            if line.is_row and (len(cells) > 1 or len(cells[0][0]) <= _ARTICLE):
                composer.row(cells)
            else:
                composer.line(*(cells[0] if cells else ("", None)))
    for code in book.notes:
        composer.note(code)
    return composer.finish(MEDIA_TYPE)


def _without_gaps(found: Iterable[Line]) -> list[Line]:
    out: list[Line] = []
    for line in found:
        if line.cells or (out and out[-1].cells):
            out.append(line)
    return out


class _Book:
    """A workbook: its strings, its styles and its sheets; ``notes`` say what was left out or could not be shown."""

    def __init__(self, package: Package) -> None:
        self.notes: dict[str, None] = {}
        self._package = package
        self._name = package.main("xl/workbook.xml")
        self._root = package.xml(self._name)
        strings = package.related(self._name, "sharedStrings")
        self._strings = [] if strings is None else [_string(item) for item in strings.iterchildren(f"{_S}si")]
        self._formats, self._framed = _styles(package.related(self._name, "styles"))
        properties, calculation = self._root.find(f"{_S}workbookPr"), self._root.find(f"{_S}calcPr")
        self._since_1904 = properties is not None and _on(properties.get("date1904"))
        self._stale = calculation is not None and _on(calculation.get("fullCalcOnLoad"))
        self._squares = 0

    def sheets(self) -> list[tuple[str, str]]:
        """The names and parts of the sheets that are shown, in their order."""
        relations = self._package.relations(self._name)
        out = []
        for sheet in self._root.iterfind(f"{_S}sheets/{_S}sheet"):
            kind, part = relations.get(sheet.get(_ID, ""), ("", ""))
            if sheet.get("state", "visible") != "visible":
                self.notes["OFFICE_HIDDEN"] = None
            elif kind == "worksheet":
                out.append((sheet.get("name", ""), part))
            else:
                self.notes["OFFICE_PICTURES"] = None  # a sheet that is one chart
        return out

    def sheet(self, part: str) -> Sheet:
        """The squares of one sheet."""
        root = self._package.xml(part)
        if root.find(f"{_S}drawing") is not None:
            self.notes["OFFICE_PICTURES"] = None
        sheet = Sheet({}, _merges(root), hidden_columns=_hidden_columns(root))
        usual = root.find(f"{_S}sheetFormatPr")
        sheet.others_hidden = usual is not None and _on(usual.get("zeroHeight"))
        row_number = 0
        for row in root.iterfind(f"{_S}sheetData/{_S}row"):
            row_number = int(said) if (said := row.get("r", "")).isdecimal() else row_number + 1
            if not 0 < row_number <= _LAST_ROW:
                continue
            squares = self._row(row)
            if squares:
                sheet.squares.setdefault(row_number, {}).update(squares)
            if _on(row.get("hidden")):
                sheet.hidden_rows.add(row_number)
        self._say_hidden(sheet)
        return sheet

    def _say_hidden(self, sheet: Sheet) -> None:
        for number_of_row, squares in sheet.squares.items():
            hidden = number_of_row in sheet.hidden_rows
            for column, square in squares.items():
                if square.text and (hidden or column in sheet.hidden_columns):
                    self.notes["OFFICE_HIDDEN"] = None

    def _row(self, row: etree._Element) -> dict[int, Square]:
        squares: dict[int, Square] = {}
        column = 0
        for cell in row.iterchildren(f"{_S}c"):
            found = _REFERENCE.fullmatch(cell.get("r", ""))
            column = _column(found[1]) if found else column + 1
            style = int(said) if (said := cell.get("s", "0")).isdecimal() else 0
            framed = style in self._framed
            text = self._text(cell, self._formats[style] if style < len(self._formats) else GENERAL)
            if (framed or text.strip()) and column <= _LAST_COLUMN:
                squares[column] = Square(text, framed)
        self._squares += len(squares)
        if self._squares > MAX_SQUARES:
            raise too_large(f"more than {MAX_SQUARES:,} filled or framed squares")
        return squares

    def _text(self, cell: etree._Element, code: str) -> str:
        kind = cell.get("t", "n")
        value = cell.findtext(f"{_S}v") or ""
        if kind == "inlineStr":
            inside = cell.find(f"{_S}is")
            return "" if inside is None else shown_text(_string(inside), code)
        if cell.find(f"{_S}f") is not None and kind != "str" and (not value or (self._stale and value == "0")):
            self.notes["OFFICE_UNCALCULATED"] = None
            return UNKNOWN
        if kind == "s":
            known = value.isdecimal() and int(value) < len(self._strings)
            return shown_text(self._strings[int(value)], code) if known else UNKNOWN
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind == "str":
            return shown_text(_unescaped(value), code)
        return value if kind != "n" or not value else self._number(value, code)

    def _number(self, value: str, code: str) -> str:
        figure = number(value)
        if figure is None:
            return value
        said = shown(figure, code, self._since_1904)
        if said is None:
            self.notes["OFFICE_FORMAT"] = None
            return general(figure)
        return said


def _string(item: etree._Element) -> str:
    """The text of a string with its runs; raised and lowered digits stay apart, readings of characters are no text."""
    out = []
    for part in item:
        if part.tag == f"{_S}t":
            out.append(part.text or "")
        elif part.tag == f"{_S}r":
            text = part.findtext(f"{_S}t") or ""
            shift = part.find(f"{_S}rPr/{_S}vertAlign")
            where = "" if shift is None else shift.get("val", "")
            out.append(text.translate(RAISED if where == "superscript" else LOWERED) if where in ("superscript", "subscript") else text)
    return _unescaped("".join(out))


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _styles(root: etree._Element | None) -> tuple[list[str], frozenset[int]]:
    """The number format of every cell style, and the styles that frame their cell."""
    if root is None:
        return [], frozenset()
    own = {f.get("numFmtId", ""): f.get("formatCode", GENERAL) for f in root.iterfind(f"{_S}numFmts/{_S}numFmt")}
    frames = [_frames(border) for border in root.iterfind(f"{_S}borders/{_S}border")]
    formats: list[str] = []
    framed = set()
    for n, style in enumerate(root.iterfind(f"{_S}cellXfs/{_S}xf")):
        name, border = style.get("numFmtId", "0"), style.get("borderId", "0")
        formats.append(own.get(name) or BUILT_IN.get(int(name) if name.isdecimal() else 0, GENERAL))
        if border.isdecimal() and int(border) < len(frames) and frames[int(border)]:
            framed.add(n)
    return formats, frozenset(framed)


def _frames(border: etree._Element) -> bool:
    """Whether a border makes its square a cell: a line at the left or the top alone may be the neighbour's."""
    sides = {side.tag.rpartition("}")[2] for side in border if side.get("style", "none") != "none"}
    return bool(sides & {"right", "bottom", "end"}) or {"left", "top"} <= sides


def _merges(root: etree._Element) -> list[Merge]:
    out: list[Merge] = []
    for merge in root.iterfind(f"{_S}mergeCells/{_S}mergeCell"):
        ends = [_REFERENCE.fullmatch(end) for end in merge.get("ref", "").split(":")]
        if len(ends) == 2 and ends[0] and ends[1]:
            (top, bottom), (left, right) = sorted(int(end[2]) for end in ends if end), sorted(_column(end[1]) for end in ends if end)
            out.append(Merge(top, left, bottom, min(right, _LAST_COLUMN)))
        if len(out) > MAX_MERGES:
            raise too_large(f"more than {MAX_MERGES:,} merged ranges")
    return out


def _hidden_columns(root: etree._Element) -> frozenset[int]:
    hidden = bytearray(_LAST_COLUMN + 1)
    for column in root.iterfind(f"{_S}cols/{_S}col"):
        first, last = column.get("min", ""), column.get("max", "")
        if _on(column.get("hidden")) and first.isdecimal() and last.isdecimal():
            begin, end = max(int(first), 1), min(int(last), _LAST_COLUMN) + 1
            hidden[begin:end] = b"\1" * max(end - begin, 0)
    return frozenset(n for n, said in enumerate(hidden) if said) if any(hidden) else frozenset()


def _on(said: str | None) -> bool:
    return said in ("1", "true", "on")


@cache
def _column(letters: str) -> int:
    number_of = 0
    for letter in letters.upper():
        number_of = number_of * 26 + ord(letter) - 64
    return number_of


@cache
def _letters(column: int) -> str:
    out = ""
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out
