"""PDF files: what is printed in them, and where.

The files are drawn here at known places. What the reader says of a place is read back with pdfplumber, another program.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from extractor.codes import unanswered
from extractor.form import load_forms
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.record import to_record
from extractor.types import Document, PagePlace, Status
from tests.pdf_support import EDGE, Paper, Printed, drawn, report

pytest.importorskip("pypdfium2")
FORMS = load_forms()
SOFFICE = shutil.which("soffice")


def read(data: bytes) -> Document:
    return read_bytes(data, "x.pdf")


def rows(data: bytes) -> list[list[str]]:
    """The lines of a document, cut at tabs."""
    return [line.split("\t") for line in read(data).text.splitlines()]


def shown(text: str) -> str:
    return re.sub(r"\s+", "", text)


def wrong(printed: Printed, document: Document) -> list[tuple[str, object]]:
    """The fields that were not read as they are printed."""
    form = next(f for f in FORMS if f.id == printed.case.form_id)
    got = extract(document)
    assert got.form == form.id
    pairs = zip(form.fields, printed.case.truth, got.resolved, strict=True)
    return [(f.id, r) for f, t, r in pairs if (r.status, r.value, r.printed) != (Status.PRINTED, t.value, t.printed)]


# ---------------------------------------------------------------- whole reports


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
@pytest.mark.parametrize("rules", ["lines", "rects", "thin", "dashes"])
def test_a_ruled_report_is_read_as_printed(form: Any, rules: str) -> None:
    """Table 三 goes over two pages; every cell has its value, and no header, page number or running head is one."""
    printed = report(form, 71_000, rules)
    document = read(printed.data)

    assert "application/pdf" == document.media_type
    assert [] == wrong(printed, document)
    assert "PDF_PAGE_MARKS" in document.notes


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
@pytest.mark.parametrize("seed", [71_010, 71_011])
def test_an_unruled_report_is_read_as_printed(form: Any, seed: int) -> None:
    """Without a line there is no tab: the columns stand apart by blanks."""
    printed = report(form, seed, "")
    document = read(printed.data)

    assert "\t" not in document.text
    assert "application/pdf; grid=none" == document.media_type
    assert [] == wrong(printed, document)


@pytest.mark.parametrize("height", [380, 455, 530, 605, 690, 765])
@pytest.mark.parametrize("rules", ["lines", ""])
def test_a_page_may_end_anywhere(height: int, rules: str) -> None:
    printed = report(FORMS[height // 5 % len(FORMS)], 71_020 + height, rules, float(height))

    assert [] == wrong(printed, read(printed.data))


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
@pytest.mark.parametrize("height", [455, 842])
def test_a_header_printed_again_on_the_next_page_stays(form: Any, height: int) -> None:
    printed = report(form, 71_030, "lines", float(height), heads=True)

    assert [] == wrong(printed, read(printed.data))


@pytest.mark.parametrize("rules", ["lines", ""])
def test_every_printed_cell_is_shown_at_its_place(rules: str) -> None:
    """The box cut out of its page by another program shows the figure and nothing else."""
    pdfplumber = pytest.importorskip("pdfplumber")
    printed = report(FORMS[0], 71_040, rules)
    document = read(printed.data)
    form = next(f for f in FORMS if f.id == printed.case.form_id)
    record = to_record(extract(document), form)
    places = {(c["table"], c["row"], c["column"]): (c["printed"], c["place"]) for c in record["cells"]}

    assert len(form.fields) == len(places)
    with pdfplumber.open(io.BytesIO(printed.data)) as pdf:
        for figure, at in places.values():
            page = pdf.pages[at["page"] - 1]
            box = (at["left"] - 0.1, at["top"] - 0.1, at["right"] + 0.1, at["bottom"] + 0.1)
            assert figure == page.crop(box).extract_text()


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
def test_what_an_office_program_prints(tmp_path: Path) -> None:
    """A report laid out by LibreOffice, whose rows and merged cells break over the page as it likes."""
    from benchmarks.damage import make_case

    for seed in range(71_000, 71_030):
        case = make_case(FORMS[0], seed, "html", "clean")
        if case.text.startswith("<!DOCTYPE"):
            break
    style = "@page{size:42cm 20cm} table{border-collapse:collapse} td{border:1px solid black}"
    text = re.sub(r'border="\d"', 'border="1"', case.text).replace("td{border:1px}", style)
    (tmp_path / "a.html").write_text(re.sub("gb2312|utf-16", "utf-8", text), encoding="utf-8")
    command = [str(SOFFICE), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--infilter=HTML (StarWriter)"]
    subprocess.run([*command, "--convert-to", "pdf:writer_pdf_Export", "--outdir", str(tmp_path), str(tmp_path / "a.html")], check=True, capture_output=True, timeout=120)

    assert [] == wrong(Printed(case, b""), read((tmp_path / "a.pdf").read_bytes()))


# ---------------------------------------------------------------- tables at exact places


def test_merged_cells_stand_once_and_empty_ones_are_kept() -> None:
    def draw(p: Paper) -> None:
        p.box(100, 100, 300, 120)  # over both columns
        p.box(100, 120, 200, 160)  # over both rows
        p.box(200, 120, 300, 140)
        p.box(200, 140, 300, 160)
        p.cell(100, 100, "表头")
        p.cell(100, 120, "标签")
        p.cell(200, 120, "12")

    document = read(drawn(draw))
    place = next(x.place for x in document.places if document.text[x.start : x.end] == "12")

    assert "表头\n标签\t12\n\n" == document.text
    assert isinstance(place, PagePlace)
    assert (1, 202.0) == (place.page, place.left)
    assert 120 < place.top < place.bottom < 140


def test_a_cell_row_covered_from_the_left_is_written_once() -> None:
    assert [["甲", "", "3"], ["乙", "4", ""]] == rows(drawn(lambda p: p.grid([100, 200, 300, 400], [100, 120, 140], [["甲", "", "3"], ["乙", "4", ""]])))


@pytest.mark.parametrize("sides", ["left and right", "bottom"])
def test_open_sides_make_no_cells(sides: str) -> None:
    """A table without its outer lines has the cells that its inner lines divide, and no more."""

    def draw(p: Paper) -> None:
        ends = (50, 450)
        for y in (100, 120, 140, 160)[: 4 if sides != "bottom" else 3]:
            p.line(ends[0], y, ends[1], y)
        for x in (200, 300) if sides != "bottom" else (50, 200, 300, 450):
            p.line(x, 100, x, 160)
        for n, label in enumerate(("甲", "乙", "丙")):
            for k, text in enumerate((label, str(n), str(n + 5))):
                p.cell((50, 200, 300)[k], 100 + 20 * n, text)

    assert [["甲", "0", "5"], ["乙", "1", "6"], ["丙", "2", "7"]] == rows(drawn(draw))


def test_text_around_tables_is_in_reading_order_and_not_repeated() -> None:
    def draw(p: Paper) -> None:  # drawn in the wrong order
        p.text(100, 300, "下")
        p.grid([100, 200, 300], [200, 220], [["甲", "2"]])
        p.grid([100, 200, 300], [120, 140], [["乙", "1"]])
        p.text(100, 100, "上")
        p.text(100, 180, "中")

    assert [["上"], ["乙", "1"], ["中"], ["甲", "2"], ["下"]] == [[c.strip() for c in row] for row in rows(drawn(draw))]


def test_neighbouring_figures_that_touch_their_borders_stay_apart() -> None:
    def draw(p: Paper) -> None:
        p.grid([100, 150, 159, 168], [100, 120], [["甲", "", ""]])
        p.text(150, 115, "12", 9)  # as wide as the cell
        p.text(159, 115, "34", 9)

    assert [["甲", "12", "34"]] == rows(drawn(draw))


@pytest.mark.parametrize(("text", "flat"), [("96,1\n71.6", "96,1 71.6"), ("12\n34", "12 34"), ("采购\n金额", "采购金额"), ("1591\n万元", "1591万元")])
def test_lines_of_a_cell(text: str, flat: str) -> None:
    """Chinese runs on; digits of two lines are neither joined nor taken for two cells."""
    assert [["甲", flat, "5"]] == rows(drawn(lambda p: p.grid([100, 150, 200, 250], [100, 130], [["甲", text, "5"]])))


def test_a_broken_figure_is_never_accepted_unproven() -> None:
    """A purchase of 96,171.6 that the edge of its cell breaks is read as such, with the doubt that its digits stand apart."""
    form = next(f for f in FORMS if any(x.kind == "amount" for x in f.fields))
    field = next(x for x in form.fields if x.kind == "amount")
    printed = report(form, 71_000)
    before = extract(read(printed.data)).resolved[field.index]
    assert before.printed is not None
    text = read(printed.data)
    assert text.text[before.start : before.end] == before.printed

    broken = Document(text.source, text.sha256, text.text[: before.start] + "96,1 71.6" + text.text[before.end :], text.norm[: before.start] + "96,1 71.6" + text.norm[before.end :], "", text.media_type)
    got = extract(broken)

    assert "96,1 71.6" == got.resolved[field.index].printed
    assert "DIGITS_SPLIT" in unanswered(got.decisions[field.index].codes)
    assert "review" == got.decisions[field.index].outcome


@pytest.mark.parametrize("what", ["columns", "rows"])
def test_a_table_that_its_lines_do_not_divide_is_read_by_its_blanks(what: str) -> None:
    """Lines between the rows alone, or between the columns alone: there is no border between figures, so no tab."""

    def draw(p: Paper) -> None:
        table = [["甲", "1", "2"], ["乙", "3", "4"], ["丙", "5", "6"]]
        xs, ys = ([100, 200, 500], [100, 120, 140, 160]) if what == "columns" else ([100, 200, 300, 500], [100, 160])
        p.grid(xs, ys, [[""] * 3] * 3)
        for n, row in enumerate(table):
            for x, text in zip((100, 200, 300), row, strict=True):
                p.cell(x, 100 + 20 * n, text)

    document = read(drawn(draw))

    assert "\t" not in document.text
    assert [["甲", "1", "2"], ["乙", "3", "4"], ["丙", "5", "6"]] == [line.split() for line in document.text.splitlines()]
    assert ("PDF_PARTLY_RULED",) == document.notes
    assert "application/pdf; grid=none" == document.media_type


def test_a_frame_and_underlines_are_no_table() -> None:
    def draw(p: Paper) -> None:
        p.box(20, 20, 575, 822)
        p.text(100, 100, "本年收到申请")
        p.line(160, 102, 200, 102)
        p.text(170, 100, "26")

    assert "\t" not in read(drawn(draw)).text


# ---------------------------------------------------------------- page breaks


def broken(lower: list[str], closed: bool = True, upper: list[str] | None = None, xs: tuple[float, ...] = (100, 200, 300, 400)) -> list[list[str]]:
    """A table of two rows, the second broken over the page: its halves, and whether lines close it there."""
    p = Paper()
    p.grid([100, 200, 300, 400], [700, 740], [["甲", "1", "2"]])
    for x in (100, 200, 300, 400):
        p.line(x, 740, x, 800)
    if closed:
        p.line(100, 800, 400, 800)
    for x, text in zip((100, 200, 300), upper or ["属于行政执法案", "", ""], strict=True):
        p.cell(x, 740, text)
    p.page()
    for x in xs:
        p.line(x, 50, x, 80)
    if closed:
        p.line(xs[0], 50, xs[-1], 50)
    for x, text in zip(xs, lower, strict=False):
        p.cell(x, 50, text)
    p.grid(xs, [80, 100], [["丁", "7", "8"]])
    return rows(p.done())


def test_figures_left_on_the_next_page_join_their_label() -> None:
    assert [["甲", "1", "2"], ["属于行政执法案", "3", "4"], ["丁", "7", "8"]] == broken(["", "3", "4"])


def test_a_row_with_no_line_at_the_break_is_one_row() -> None:
    assert [["甲", "1", "2"], ["属于行政执法案卷", "3", "4"], ["丁", "7", "8"]] == broken(["卷", "", ""], False, ["属于行政执法案", "3", "4"])
    assert [["甲", "1", "2"], ["属于行政执法案卷", "3", "4"], ["丁", "7", "8"]] == broken(["卷", "3", "4"], False)


@pytest.mark.parametrize(("lower", "upper"), [(["卷", "3", "4"], ["属于行政执法案", "5", "6"]), (["卷", "", ""], ["属于行政执法案", "5", "6"])])
def test_rows_that_lines_close_stay_two(lower: list[str], upper: list[str]) -> None:
    assert [["甲", "1", "2"], upper, lower, ["丁", "7", "8"]] == broken(lower, True, upper)


def test_figures_on_both_sides_of_an_open_break_stay_two_rows() -> None:
    assert 4 == len(broken(["卷", "3", "4"], False, ["属于行政执法案", "5", "6"]))


def test_another_table_on_the_next_page_is_another_table() -> None:
    assert [["甲", "1", "2"], ["属于行政执法案", "", ""], ["", "3", "4"], ["丁", "7", "8"]] == broken(["", "3", "4"], xs=(150, 250, 350, 450))


def test_page_numbers_and_running_heads_stand_in_no_table() -> None:
    p = Paper()
    for n in range(3):
        p.text(EDGE, 25, "某县人民政府年度报告")
        p.grid([100, 200, 300], [50, 400, 790], [["甲", str(n)], ["乙", str(n)]])
        p.text(300, 825, str(n + 4))
        p.page()
    document = read(p.done())

    assert ["某县人民政府年度报告", "甲\t0", "乙\t0", "甲\t1", "乙\t1", "甲\t2", "乙\t2"] == [x.strip(" ") for x in document.text.splitlines()]
    assert ("PDF_PAGE_MARKS",) == document.notes


def test_a_number_at_the_foot_that_counts_no_pages_stays() -> None:
    p = Paper()
    for figure in ("17", "4", "29"):
        p.grid([100, 200, 300], [50, 400], [["甲", "0"]])
        p.text(300, 825, figure)
        p.page()

    assert [["17"], ["4"], ["29"]] == [[x.strip() for x in row] for row in rows(p.done()) if len(row) == 1]
