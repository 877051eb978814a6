"""A rendered report read back twice: by the program, and at the places it names by libraries that it does not use for that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree, html

from benchmarks.render import Page, Table, pdf, xlsx
from extractor.form import Form, load_forms
from extractor.golden import GoldenReport, load_golden
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.record import to_record
from extractor.types import Number

ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()
BY_ID = {form.id: form for form in FORMS}
GOLDEN = {report.id: report for report in load_golden(ROOT / "golden", FORMS) if report.form_id}
WHOLE = ("000", "001", "002", "003", "004")

Place = Mapping[str, Any]


def form_of(report: GoldenReport) -> Form:
    """The form that the labels of a report are of."""
    assert report.form_id is not None
    return BY_ID[report.form_id]


def record_of(data: bytes, name: str) -> dict[str, Any]:
    """What the program says of a file."""
    extraction = extract(read_bytes(data, name), FORMS)
    return to_record(extraction, BY_ID.get(extraction.form or ""))


@cache
def accepted_in_texts(report: str) -> dict[int, tuple[str, Number | None]]:
    """Status and value of every cell that the program accepts in each of the report's own texts in which it accepts the cell."""
    found: dict[int, set[tuple[str, Number | None]]] = {}
    for source in GOLDEN[report].sources:
        for i, cell in enumerate(record_of(source.file.read_bytes(), source.file.name)["cells"]):
            if cell["decision"] == "accept":
                found.setdefault(i, set()).add((cell["status"], cell["value"]))
    return {i: next(iter(readings)) for i, readings in found.items() if len(readings) == 1}


def implied(form: Form, field: int, values: list[Number | None]) -> set[Number | None]:
    """What each hard rule says ``field`` must be where every other cell of the rule is known."""
    without = [None if i == field else v for i, v in enumerate(values)]
    return {form.rules[n].relation.implied(without, field) for n in form.rules_of[field]} - {None}


def rows_left(report: GoldenReport) -> set[tuple[str, str]]:
    """The rows of the form of which the report's text has kept anything."""
    fields = form_of(report).fields
    return {(fields[c.field].table, fields[c.field].row) for c in report.cells if c.status != "lost"}


# ---------------------------------------------------------------- at a place, by another library


Look = Callable[[Place], str]


def looker(data: bytes, media: str) -> Look:
    """A function that tells what stands at a place of the file."""
    return {"html": _in_html, "docx": _in_docx, "xlsx": _in_xlsx, "pdf": _in_pdf}[media](data)


def _in_html(data: bytes) -> Look:
    tables = [_lattice(table) for table in html.document_fromstring(data).iter("table")]
    return lambda place: tables[place["table"] - 1][place["row"] - 1, place["column"] - 1]


def _lattice(table: etree._Element) -> dict[tuple[int, int], str]:
    """The text of the cell that covers each square, as the HTML standard places cells."""
    squares: dict[tuple[int, int], str] = {}
    for r, row in enumerate(table.iter("tr")):
        c = 0
        for cell in row.iter("td", "th"):
            while (r, c) in squares:
                c += 1
            down, along = int(cell.get("rowspan", "1")), int(cell.get("colspan", "1"))
            text = "".join(str(t) for t in cell.itertext())
            squares |= {(r + i, c + j): text for i in range(down) for j in range(along)}
    return squares


def _in_docx(data: bytes) -> Look:
    from docx import Document

    tables = [[row.cells for row in table.rows] for table in Document(BytesIO(data)).tables]
    return lambda place: tables[place["table"] - 1][place["row"] - 1][place["column"] - 1].text


def _in_xlsx(data: bytes) -> Look:
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(data))
    return lambda place: _as_shown(book[place["sheet"]][place["cell"]])


def _as_shown(cell: Any) -> str:
    """A number as its format shows it; the formats are those of ``benchmarks.render.xlsx``."""
    if not isinstance(cell.value, int | float) or cell.number_format == "General":
        return "" if cell.value is None else str(cell.value)
    decimals = len(cell.number_format.partition(".")[2])
    return format(cell.value, f"{',' if ',' in cell.number_format else ''}.{decimals}f")


def _in_pdf(data: bytes) -> Look:
    """The characters whose middle lies in the box; pdfplumber's own crop takes a second for the cells of a report."""
    pages = [[((c["x0"] + c["x1"]) / 2, (c["top"] + c["bottom"]) / 2, c["text"]) for c in page.chars] for page in opened(data).pages]

    def look(place: Place) -> str:
        letters = pages[place["page"] - 1]
        return "".join(t for x, y, t in letters if place["left"] <= x <= place["right"] and place["top"] <= y <= place["bottom"])

    return look


def opened(data: bytes) -> Any:
    """The file as pdfplumber opens it."""
    import pdfplumber

    return pdfplumber.open(BytesIO(data))


def pages_of(data: bytes, texts: tuple[str, ...]) -> list[set[int]]:
    """For each text the pages, from 1, that print it, blanks and line breaks aside."""
    printed = ["".join(page.extract_text().split()) for page in opened(data).pages]
    return [{n for n, page in enumerate(printed, 1) if text in page} for text in texts]


# ---------------------------------------------------------------- where the page model says that a cell stands


def expected_places(page: Page, media: str, variant: str) -> dict[int, Place]:
    """For each field the cell that shows it, in the file's own coordinates."""
    if media == "xlsx":
        return {i: {"sheet": sheet, "cell": cell} for i, (sheet, cell) in xlsx.places(page, variant).items()}
    if media == "pdf":
        return {i: dict(zip(("page", "left", "top", "right", "bottom"), box, strict=True)) for i, box in pdf.places(page, variant).items()}
    return {
        cell.field: {"table": n, "row": cell.row + 1, "column": cell.column + 1}
        for n, table in enumerate(page.tables(), 1)
        for cell in table.cells()
        if cell.field >= 0
    }


def is_in(place: Place, cell: Place) -> bool:
    """Whether a place is the cell; on a page, whether it lies in the cell's box, give or take a point."""
    if "page" not in cell:
        return place == cell
    return (
        place["page"] == cell["page"]
        and min(place["left"] - cell["left"], place["top"] - cell["top"]) > -1
        and min(cell["right"] - place["right"], cell["bottom"] - place["bottom"]) > -1
    )


def labels_of_first_and_last_row(table: Table) -> tuple[str, str]:
    """The labels beside the first and the last figures of a table."""
    rows = [row for row in table.rows if any(c.field >= 0 for c in row)]
    labels = [next(c.text for c in reversed(row) if c.field < 0) for row in (rows[0], rows[-1])]
    return labels[0], labels[1]
