"""A page as an Excel workbook with merged ranges and borders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

from benchmarks.render.page import Cell, Page, Table, Text

VARIANTS = ("sheet", "sheets", "formatted")

_FORMATS = ((re.compile("0|-?[1-9][0-9]*"), "General"), (re.compile(r"-?(?:0|[1-9][0-9]*)\.([0-9]+)"), "0."))
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.([0-9]+))?")
_EXACT = 15  # significant digits that a workbook's numbers keep


def xlsx(page: Page, variant: str) -> bytes:
    """The workbook: everything on one sheet, or in the variant ``sheets`` each table on its own.

    Plain figures are numbers. In the variant ``formatted`` those with a thousands separator are too, shown so by their number format.
    """
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": datetime(2022, 1, 31)})  # noqa: DTZ001 - a workbook's dates have no zone
    styles: dict[str, Any] = {}
    sheets: dict[str, Any] = {}
    for name, top, part in _laid_out(page, variant):
        if name not in sheets:
            sheets[name] = book.add_worksheet(name)
            sheets[name].set_column(0, 2, 22)
        if isinstance(part, Text):
            sheets[name].write_string(top, 0, part.text)
        else:
            for cell in part.cells():
                _write(book, sheets[name], styles, top, cell, variant == "formatted")
    book.close()
    return out.getvalue()


def places(page: Page, variant: str) -> dict[int, tuple[str, str]]:
    """For each field shown the sheet and the cell that it is written to."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return {
        cell.field: (name, xl_rowcol_to_cell(top + cell.row, cell.column))
        for name, top, part in _laid_out(page, variant)
        if isinstance(part, Table)
        for cell in part.cells()
        if cell.field >= 0
    }


def _laid_out(page: Page, variant: str) -> Iterator[tuple[str, int, Text | Table]]:
    """Every part with its sheet and its first row; with several sheets a table takes the heading before it along."""
    apart = variant == "sheets"
    used = {"年报": 0}
    for n, part in enumerate(page.parts):
        ahead = next((p for p in page.parts[n:] if isinstance(p, Table)), None)
        leads = page.parts[n + 1 : n + 2] == (ahead,)
        name = f"表{page.tables().index(ahead) + 1}" if apart and ahead and (part is ahead or leads) else "年报"
        top = used.setdefault(name, 0)
        yield name, top, part
        used[name] = top + (1 if isinstance(part, Text) else len(part.rows) + 1)


def _write(book: Any, sheet: Any, styles: dict[str, Any], top: int, cell: Cell, formatted: bool) -> None:
    number = _number_format(cell.text, formatted) if cell.field >= 0 else None
    style = styles.get(number or "")
    if style is None:
        look: dict[str, Any] = {"border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
        style = styles[number or ""] = book.add_format(look | ({"num_format": number} if number else {}))
    row, column = top + cell.row, cell.column
    if cell.rows > 1 or cell.columns > 1:
        sheet.merge_range(row, column, row + cell.rows - 1, column + cell.columns - 1, "", style)
    if number:
        sheet.write_number(row, column, float(cell.text.replace(",", "")), style)
    elif cell.text:
        sheet.write_string(row, column, cell.text, style)
    else:
        sheet.write_blank(row, column, None, style)


def _number_format(text: str, formatted: bool) -> str | None:
    """The number format that shows exactly ``text``, None where it has to be written as text."""
    if sum(c.isdigit() for c in text) > _EXACT or not text.isascii():
        return None
    for pattern, shown in _FORMATS:
        if found := pattern.fullmatch(text):
            return shown + "0" * len(found[1]) if found.groups() else shown
    found = _THOUSANDS.fullmatch(text) if formatted else None
    if found is None:
        return None
    return "#,##0" + ("." + "0" * len(found[1]) if found[1] else "")
