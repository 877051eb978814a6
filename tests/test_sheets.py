"""Workbooks: what a sheet shows is read, table by table, and every cell stands where its place says."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet

from benchmarks.damage import make_case
from extractor.errors import ReportUnreadable
from extractor.form import load_forms
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.read.numberformat import BUILT_IN, general, number, shown, shown_text
from extractor.types import SheetPlace
from tests.files_support import read_damaged, within_the_limit
from tests.officefiles import FRAME, blocks, book_report, part_of, put_cell, repacked, saved

FORMS = load_forms()
SHEET = "xl/worksheets/sheet1.xml"


def book(fill: Callable[[Worksheet], object]) -> bytes:
    made = openpyxl.Workbook()
    fill(made.active)
    return saved(made)


def rows(*lines: list[Any], framed: bool = False, top: int = 1) -> Callable[[Worksheet], None]:
    """Write lines of values from a row on; every square is framed, or none."""

    def fill(sheet: Worksheet) -> None:
        for n, line in enumerate(lines):
            for m, value in enumerate(line):
                square = sheet.cell(top + n, 1 + m, value)
                if framed:
                    square.border = FRAME

    return fill


def text_of(data: bytes) -> str:
    return read_bytes(data, "x").text


def values(data: bytes) -> list[tuple[Any, ...]]:
    read = extract(read_bytes(data, "x"), FORMS)
    return [(r.status, r.value, r.printed, d.outcome) for r, d in zip(read.resolved, read.decisions, strict=True)]


# Whole reports


@pytest.mark.parametrize("framed", [True, False], ids=["framed", "bare"])
@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_a_report_on_one_sheet_is_read_as_its_page_is(form: Any, framed: bool) -> None:
    for seed in (71_001, 71_002, 71_003):
        case = make_case(form, seed, "html", "clean")

        assert values(case.data) == values(book_report(case.text, framed))


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_a_report_with_a_sheet_for_every_table(form: Any) -> None:
    case = make_case(form, 71_004, "html", "clean")
    made = openpyxl.Workbook()
    sheet, top = made.active, 1
    for block in blocks(case.text):
        if isinstance(block, str):
            sheet.cell(top, 1, block)
            top += 1
            continue
        for cell in block:
            put_cell(sheet, cell, top, framed=True)
        sheet, top = made.create_sheet(), 1

    assert values(case.data) == values(saved(made))


def test_every_cell_stands_where_its_place_says() -> None:
    data = book_report(make_case(FORMS[0], 71_005, "html", "light").text)
    document = read_bytes(data, "x")
    sheets = openpyxl.load_workbook(io.BytesIO(data))

    assert len(document.places) > 100
    for start, end, place in document.places:
        assert isinstance(place, SheetPlace)
        there = str(sheets[place.sheet][place.cell].value)
        assert " ".join(document.text[start:end].split()) in " ".join(there.split())
    assert document.media_type.endswith("spreadsheetml.sheet")


# Which squares are cells


def test_a_frame_says_where_a_row_ends() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["规章", 1, 2, None], ["总计", None, None, None], framed=True)(sheet)
        rows(["甲", 3], ["乙", None], framed=True, top=4)(sheet)
        sheet["H9"] = None

    assert "规章\t1\t2\t\n总计\t\t\t\n\n甲\t3\n乙\t\n" == text_of(book(fill))


def test_without_frames_the_rows_around_say_where_a_row_ends() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["标题"], ["规章", "制定", "现行"], ["甲", 1], ["乙"], ["丙", 2, 3], ["注：无"])(sheet)
        rows(["丁", 3], ["戊", 4], top=8)(sheet)

    assert "标题\n\n规章\t制定\t现行\n甲\t1\t\n乙\t\t\n丙\t2\t3\n\n注：无\n\n丁\t3\n戊\t4\n" == text_of(book(fill))


def test_a_title_between_two_tables_is_no_row_of_them() -> None:
    lines = (["规章", 1], ["总计", 2], ["三、收到和处理情况"], ["甲", 3], ["乙", 4])

    assert "规章\t1\n总计\t2\n\n三、收到和处理情况\n\n甲\t3\n乙\t4\n" == text_of(book(rows(*lines)))


def test_tables_of_different_width_one_under_the_other() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["甲", 1, None, 3], ["乙", None, None, None], framed=True)(sheet)
        rows(["丙", 5], ["丁", None], framed=True, top=3)(sheet)

    assert "甲\t1\t\t3\n乙\t\t\t\n丙\t5\n丁\t\n" == text_of(book(fill))


def test_a_line_at_the_left_or_the_top_alone_may_be_the_neighbours() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["甲", 1, None], ["乙", 2, None], framed=True)(sheet)
        sheet["D1"].border = openpyxl.styles.Border(left=FRAME.left)
        sheet["A3"].border = openpyxl.styles.Border(top=FRAME.top)
        sheet["B3"].border = openpyxl.styles.Border(top=FRAME.top)

    assert "甲\t1\t\n乙\t2\t\n" == text_of(book(fill))


def test_merged_ranges_are_one_cell() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["标题"], ["申请", None, "甲", "总计"], [None, None, 1, None], ["新收", None, 2, 3])(sheet)
        for merged in ("A1:XFD1", "A2:B3", "D2:D3", "A4:B4"):
            sheet.merge_cells(merged) if "XFD" not in merged else None
            sheet.merged_cells.add(merged) if "XFD" in merged else None

    document = read_bytes(book(fill), "x")

    assert "标题\n\n申请\t甲\t总计\n1\n新收\t2\t3\n" == document.text
    assert ["A1", "A2", "C2", "D2", "C3", "A4", "C4", "D4"] == [p.place[1] for p in document.places]


def test_empty_framed_rows_at_the_end_of_a_form_are_no_rows() -> None:
    assert "甲\t1\n\t\n乙\t2\n" == text_of(book(rows([None, None], ["甲", 1], [None, None], ["乙", 2], *[[None, None]] * 50, framed=True)))


def test_paragraphs_in_one_square_are_lines() -> None:
    assert "一、总体\n本年 5 件\n\n甲 乙\t3\n丙\t4\n" == text_of(book(rows(["一、总体\n本年 5 件"], [None], ["甲\n乙", 3], ["丙", 4])))


# What is hidden


def test_hidden_sheets_rows_and_columns_are_left_out() -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    rows(["甲", 9, 1], ["乙", 9, 2], ["丙", 9, 3], framed=True)(sheet)
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["B"].hidden = True
    for state in ("hidden", "veryHidden"):
        other = made.create_sheet()
        other["A1"] = "藏"
        other.sheet_state = state
    document = read_bytes(saved(made), "x")

    assert ("甲\t1\n丙\t3\n", ("OFFICE_HIDDEN",)) == (document.text, document.notes)


def test_a_merged_cell_that_begins_in_a_hidden_row_is_still_shown() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["甲", 1], [None, 2], [None, 3], framed=True)(sheet)
        sheet.merge_cells("A1:A3")
        sheet.row_dimensions[1].hidden = True

    document = read_bytes(book(fill), "x")

    assert "甲\t2\n3\n" == document.text
    assert SheetPlace("Sheet", "A1") == document.places[0].place


# What a square shows


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("3.0", "General", "3"), ("1234567.891", "#,##0.00", "1,234,567.89"), ("0.125", "0.00", "0.13"), ("-0.125", "0.00", "-0.13"),
        ("1.005", "0.00", "1.01"), ("0.5", "0%", "50%"), ("0.12345", "0.00%", "12.35%"), ("0", BUILT_IN[43], "-"), ("1234.5", BUILT_IN[43], "1,234.50"),
        ("-1234.5", BUILT_IN[43], "-1,234.50"), ("0", "#", ""), ("5", "00", "05"), ("5", "000,000", "000,005"), ("7", ";;;", ""), ("0", "0;-0;;@", ""),
        ("44561", 'yyyy"年"m"月"d"日"', "2021年12月31日"), ("44561.5", "yyyy/m/d h:mm", "2021/12/31 12:00"), ("12000", '0.0,"千"', "12.0千"),
        ("7", '0"件"', "7件"), ("7", "[Red]0", "7"), ("-12", "0_);(0)", "(12)"), ("3", "@", "3"), ("3", "[$¥-804]#,##0", "¥3"),
        ("0.30000000000000004", "General", "0.3"), ("123456789012", "General", "123456789012"), ("1E-7", "General", "0.0000001"),
        ("7", "G/通用格式", "7"), ("7", '[=1]"是";0', None), ("3", "[DBNum1]0", None), ("1234", "0.00E+00", None), ("0.5", "# ?/?", None),
    ],
)  # fmt: skip
def test_a_number_is_shown_by_its_format(value: str, code: str, expected: str | None) -> None:
    figure = number(value)
    assert figure is not None
    said = shown(figure, code)

    assert expected == (said if said is None else said.strip())


@pytest.mark.parametrize("value", ["0", "7", "-7", "1234", "1234567.5", "0.005", "99.995", "-0.4"])
@pytest.mark.parametrize("code", ["0", "0.0", "0.00", "#,##0", "#,##0.00", "0%", "0.0%"])
def test_formats_agree_with_pythons_own(value: str, code: str) -> None:
    figure = Decimal(value)
    places = len(code.partition(".")[2].rstrip("%"))
    scaled = figure * 100 if code.endswith("%") else figure
    rounded = scaled.quantize(Decimal(1).scaleb(-places), "ROUND_HALF_UP")
    expected = f"{abs(rounded):{',' if ',' in code else ''}f}" + ("%" if code.endswith("%") else "")

    assert ("-" if figure < 0 else "") + expected == shown(figure, code)


def test_texts_follow_formats_too() -> None:
    assert ["文", "", "文", "约文"] == [shown_text("文", code).strip() for code in (BUILT_IN[43], ";;;", "0.00", '0;0;0;"约"@')]
    assert ["0.3", "100000000000000000000"] == [general(Decimal(text)) for text in ("0.30000000000000004", "1E+20")]


@pytest.mark.parametrize("text", ["1e999999999", "nan", "inf", "x", "", "1e5000"])
def test_what_is_no_number_is_no_number(text: str) -> None:
    assert number(text) is None


def test_values_of_every_kind() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        sheet = made.add_worksheet("表一")
        percent, money = made.add_format({"num_format": "0.0%"}), made.add_format({"num_format": "#,##0.00"})
        small = made.add_format({"font_script": 1})
        sheet.write_row(0, 0, ["规章", 3.0, "007", True])
        sheet.write_number(0, 4, 0.255, percent)
        sheet.write_number(0, 5, 1155.1, money)
        sheet.write_rich_string(0, 6, "3", small, "1", "件")
        sheet.write_formula(0, 7, "=SUM(B1:B1)", None, 3)
        sheet.write_formula(0, 8, "=A9/0", None, "#DIV/0!")
        sheet.write_string(0, 9, "a_x000D_b")
        sheet.write_string(0, 11, "末")
    document = read_bytes(out.getvalue(), "x")

    assert "规章\t3\t007\tTRUE\t25.5%\t1,155.10\t3¹件\t3\t#DIV/0!\ta_x000D_b\t末\n" == document.text
    assert SheetPlace("表一", "L1") == document.places[-1].place


def test_a_formula_whose_value_was_not_saved_is_neither_zero_nor_blank() -> None:
    """openpyxl saves none; XlsxWriter saves 0 and asks for everything to be calculated when the file is opened."""
    document = read_bytes(book(rows(["甲", 1, "=B1+1"], ["乙", 2, 3])), "x")
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["甲", 5])
        sheet.write_formula(0, 2, "=B1")

    assert ("甲\t1\t####\n乙\t2\t3\n", ("OFFICE_UNCALCULATED",)) == (document.text, document.notes)
    assert "甲\t5\t####\n" == text_of(out.getvalue())


def test_a_figure_lost_in_a_formula_is_never_accepted_as_blank() -> None:
    case = make_case(FORMS[0], 71_001, "html", "clean")
    data = book_report(case.text)
    sheet = part_of(data, SHEET)
    figures = list(re.finditer(rb'<c r="[B-K]\d+" s="\d+" t="n"><v>\d+</v></c>', sheet))
    assert len(figures) > 30
    truth = values(case.data)
    for figure in figures[::8]:
        gone = figure[0].replace(b' t="n"', b"").replace(b"<v>", b"<f>B1</f><v>").split(b"<v>")[0] + b"</c>"
        changed = repacked(data, {SHEET: sheet[: figure.start()] + gone + sheet[figure.end() :]})

        assert [] == [(a, b) for a, b in zip(truth, values(changed), strict=True) if b[3] == "accept" and a[:2] != b[:2]]


def test_a_formula_whose_value_is_an_empty_text_is_blank() -> None:
    row = '<row r="3"><c r="A3" t="str"><f>A1</f><v>丙</v></c><c r="B3" t="str"><f>""</f><v></v></c><c r="C3"><v>5</v></c></row>'.encode()

    assert "甲\t1\t\n乙\t2\t\n丙\t\t5\n" == text_of(changed(inside=row))


def test_an_unknown_format_is_said() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = "甲"
        sheet["B1"] = 1234
        sheet["B1"].number_format = "0.00E+00"

    document = read_bytes(book(fill), "x")

    assert ("甲\t1234\n", ("OFFICE_FORMAT",)) == (document.text, document.notes)


# Files made to harm


def changed(**places: bytes) -> bytes:
    """A small workbook with things put into its sheet: before its data, in it, after it."""
    data = book(rows(["甲", 1], ["乙", 2]))
    sheet = part_of(data, SHEET)
    sheet = sheet.replace(b"<sheetData>", places.get("before", b"") + b"<sheetData>")
    sheet = sheet.replace(b"</sheetData>", places.get("inside", b"") + b"</sheetData>" + places.get("after", b""))
    return repacked(data, {SHEET: sheet}, zipfile.ZIP_STORED)


def merges(*ranges: str) -> bytes:
    return b"<mergeCells>" + b"".join(f'<mergeCell ref="{r}"/>'.encode() for r in ranges) + b"</mergeCells>"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (changed(after=merges("A4:XFD1048576")), ""),
        (changed(after=merges("C1:XFD1048576")), ""),
        (changed(inside=b'<row r="1048576"><c r="XFD1048576"><v>3</v></c></row>'), ""),
        (changed(inside=b'<row r="9"><c r="A9" t="s"><v>99999999</v></c><c r="ZZZ9"><v>1</v></c><c r="?"><v>4</v></c></row>'), ""),
        (changed(inside=b'<row r="9"><c s="%b" t="s"><v>%b</v></c></row><row r="%b"/>' % ((b"9" * 9000,) * 3)), ""),
        (changed(inside=b'<row r="99999999"><c r="A99999999"><v>1</v></c></row><row r="x"><c><v>5</v></c></row>'), ""),
        (changed(before=b"<cols>" + b'<col min="5" max="16384" hidden="1"/>' * 50_000 + b"</cols>"), ""),
        (changed(after=merges(*[f"A{n}:XFD{n}" for n in range(3, 15_000)])), ""),
        (changed(after=merges(*["A1:B2"] * 30_000)), "OFFICE_TOO_LARGE"),
        (changed(inside=b"".join(b'<row r="%d"><c><v>1</v></c><c><v>2</v></c></row>' % n for n in range(3, 60_000))), "OFFICE_TOO_LARGE"),
        (changed(inside=b"".join(b'<row r="%d"><c t="str"><v>\xe7\x94\xb2</v></c></row>' % n for n in range(3, 40_000))), ""),
        (changed(inside=b'<row r="3">' + b"<c><v>1</v></c>" * 250_000 + b"</row>"), ""),
    ],
    ids=["all merged", "rest merged", "last square", "references", "long numbers", "rows", "columns", "merged rows", "merges", "cells", "labels", "one row"],
)  # fmt: skip
def test_sheets_made_to_harm(data: bytes, code: str) -> None:
    with within_the_limit():
        try:
            assert "甲" in text_of(data)
            assert not code
        except ReportUnreadable as error:
            assert code == error.code


def test_damaged_bytes_never_crash() -> None:
    read_damaged(book_report(make_case(FORMS[1], 71_007, "html", "clean").text))


def test_one_long_string_in_every_cell() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        for n in range(1000):
            sheet.write_string(n, 0, "公" * 30_000)

    with pytest.raises(ReportUnreadable) as caught:
        read_bytes(out.getvalue(), "x")

    assert "OFFICE_TOO_LARGE" == caught.value.code


def test_names_of_parts_in_another_case() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        made.add_worksheet().write_row(0, 0, ["甲", 1])
    strings = part_of(out.getvalue(), "xl/sharedStrings.xml")

    assert "甲\t1\n" == text_of(repacked(out.getvalue(), {"xl/sharedStrings.xml": None, "xl/SharedStrings.xml": strings}))


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET, "xl/styles.xml", "xl/sharedStrings.xml"])
def test_a_part_that_is_no_xml(part: str) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        made.add_worksheet().write_row(0, 0, ["甲", 1])
    data = repacked(out.getvalue(), {part: b"<a"})

    with pytest.raises(ReportUnreadable) as caught:
        read_bytes(data, "x")

    assert "CORRUPT_FILE" == caught.value.code


def test_missing_styles_are_not_missed() -> None:
    assert "甲\t1\n" == text_of(repacked(book(rows(["甲", 1])), {"xl/styles.xml": None}))
