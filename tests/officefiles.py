"""Word documents, workbooks and containers for the tests of the readers, made by the libraries that people make them with."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

import docx
import openpyxl
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from lxml import html as lxml_html
from openpyxl.styles import Border, Side

_THIN = Side(style="thin")
FRAME = Border(_THIN, _THIN, _THIN, _THIN)


class Cell(NamedTuple):
    """A cell of a page's table on its lattice, from 0."""

    text: str
    row: int
    column: int
    deep: int
    wide: int


Table = list[Cell]


def blocks(page: str) -> Iterator[str | Table]:
    """The paragraphs and tables of a page, none inside the other."""
    tree = lxml_html.fromstring(page.replace('\\"', '"') if "<body" in page else f"<div>{page}</div>".replace('\\"', '"'))
    for element in tree.iter("p", "table"):
        if element.tag == "table":
            yield list(_cells(element))
        elif not any(above.tag == "table" for above in element.iterancestors()):
            yield element.text_content()


def _cells(table: lxml_html.HtmlElement) -> Iterator[Cell]:
    taken: set[tuple[int, int]] = set()
    for row, line in enumerate(table.iter("tr")):
        column = 0
        for cell in line.iter("td"):
            while (row, column) in taken:
                column += 1
            deep, wide = int(cell.get("rowspan", 1)), int(cell.get("colspan", 1))
            taken |= {(row + a, column + b) for a in range(deep) for b in range(wide)}
            yield Cell(cell.text_content().strip(), row, column, deep, wide)


def word(fill: Callable[[WordDocument], object]) -> bytes:
    """The bytes of a document that ``fill`` writes."""
    document = docx.Document()
    fill(document)
    return saved(document)


def saved(document: WordDocument | openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def word_report(page: str) -> bytes:
    """A page's report as a Word document."""

    def fill(document: WordDocument) -> None:
        for block in blocks(page):
            if isinstance(block, str):
                document.add_paragraph(block)
                continue
            table = document.add_table(max(c.row + c.deep for c in block), max(c.column + c.wide for c in block))
            for cell in block:
                square = table.cell(cell.row, cell.column)
                if cell.deep > 1 or cell.wide > 1:
                    square = square.merge(table.cell(cell.row + cell.deep - 1, cell.column + cell.wide - 1))
                square.text = cell.text
        document.add_paragraph("完")  # Word itself ends every document with a paragraph

    return word(fill)


def book_report(page: str, framed: bool = True) -> bytes:
    """A page's report on one sheet; without frames an empty row parts a table from what follows."""
    book = openpyxl.Workbook()
    sheet = book.active
    top = 1
    for block in blocks(page):
        if isinstance(block, str):
            sheet.cell(top, 1, block)
            top += 1
            continue
        for cell in block:
            put_cell(sheet, cell, top, framed)
        top += max(c.row + c.deep for c in block) + (not framed)
    return saved(book)


def put_cell(sheet: openpyxl.worksheet.worksheet.Worksheet, cell: Cell, top: int, framed: bool) -> None:
    """Write a cell, merge its squares and frame them; whole numbers are numbers."""
    row, column = top + cell.row, 1 + cell.column
    sheet.cell(row, column, int(cell.text) if re.fullmatch("0|[1-9][0-9]*", cell.text) else cell.text or None)
    for a in range(row, row + cell.deep):
        for b in range(column, column + cell.wide):
            sheet.cell(a, b).border = FRAME if framed else Border()
    if cell.deep > 1 or cell.wide > 1:
        sheet.merge_cells(start_row=row, end_row=row + cell.deep - 1, start_column=column, end_column=column + cell.wide - 1)


def body(*xml: str) -> bytes:
    """A document whose body is this WordprocessingML."""

    def fill(document: WordDocument) -> None:
        for n, element in enumerate(xml):
            document.element.body.insert(n, parse_xml(re.sub(r"^<([\w:]+)", rf"<\1 {nsdecls('w', 'wp', 'a', 'pic', 'r', 'm')}"
                                                             ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
                                                             ' xmlns:v="urn:schemas-microsoft-com:vml"', element)))  # fmt: skip

    return word(fill)


def repacked(data: bytes, change: dict[str, bytes | None]) -> bytes:
    """A container with some parts put in, replaced, or (None) taken out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in change:
                new.writestr(name, old.read(name))
        for name, part in change.items():
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


def part_of(data: bytes, name: str) -> bytes:
    """One part of a container."""
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        return container.read(name)
