"""Word documents, old Office files, web archives and the places of cells: what is printed is read, and stands where it says."""

from __future__ import annotations

import base64
import io
import quopri
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from benchmarks.damage import make_case
from extractor.errors import ReportUnreadable
from extractor.form import load_forms
from extractor.pipeline import extract
from extractor.read import legacy, read_bytes
from extractor.read.docx import render as render_word
from extractor.types import Document, GridPlace
from tests.files_support import code_of, read_damaged, within_the_limit
from tests.officefiles import blocks, body, book_report, part_of, repacked, saved, word, word_report

FORMS = load_forms()
OFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
needs_antiword = pytest.mark.skipif(shutil.which("antiword") is None, reason="antiword is not installed")


def text_of(data: bytes) -> str:
    return read_bytes(data, "x").text


def values(given: bytes | Document) -> list[tuple[Any, ...]]:
    """What is decided of every field."""
    read = extract(read_bytes(given, "x") if isinstance(given, bytes) else given, FORMS)
    return [(r.status, r.value, r.printed, d.outcome) for r, d in zip(read.resolved, read.decisions, strict=True)]


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*inside: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(i if i.startswith('<') else run(i) for i in inside)}</w:p>"


def cell(*inside: str, properties: str = "") -> str:
    content = "".join(i if i.startswith(("<w:p>", "<w:tbl>", "<w:sdt>")) else paragraph(i) for i in inside) or paragraph()
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(c if c.startswith('<') else cell(c) for c in cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


# Whole reports


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
@pytest.mark.parametrize("seed", [71_001, 71_002])
def test_a_report_in_word_is_read_as_its_page_is(form: Any, seed: int) -> None:
    case = make_case(form, seed, "html", "clean")
    document = read_bytes(word_report(case.text), "x")

    assert values(case.data) == values(word_report(case.text))
    assert document.media_type.endswith("wordprocessingml.document")


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_every_cell_of_a_word_document_stands_where_its_place_says(form: Any) -> None:
    data = word_report(make_case(form, 71_003, "html", "light").text)
    document = read_bytes(data, "x")
    tables = [[list(row.cells) for row in table.rows] for table in docx.Document(io.BytesIO(data)).tables]

    assert len(document.places) > 100
    for start, end, place in document.places:
        assert isinstance(place, GridPlace)
        there = tables[place.table - 1][place.row - 1][place.column - 1].text
        assert document.text[start:end] == " ".join(there.split("\n")).strip()


def test_reading_word_needs_nothing_but_the_base_install() -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom extractor.read import read_bytes\nread_bytes(sys.stdin.buffer.read(), 'x')\n"
        "assert not {'docx', 'openpyxl', 'olefile'} & set(sys.modules), 'loaded'\n"
    )
    root = Path(__file__).resolve().parent.parent

    subprocess.run([sys.executable, "-c", program], cwd=root, input=body(paragraph("一")), check=True)


# What Word prints


def test_merged_cells_are_one_cell_at_their_first_square() -> None:
    down, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    data = body(
        table(
            row(cell("申请", properties=down + '<w:gridSpan w:val="2"/>'), "甲", cell("乙", properties='<w:gridSpan w:val="2"/>')),
            row(cell("藏", properties=on + '<w:gridSpan w:val="2"/>'), "1", "", "3"),
            row(cell("新", properties=on), "5", "6", "7", "8", properties='<w:gridBefore w:val="1"/>'),
        )
    )
    document = read_bytes(data, "x")

    # The last row begins one square further right, where nothing above goes on: its merge begins there.
    assert "申请\t甲\t乙\n1\t\t3\n新\t5\t6\t7\t8\n" == document.text
    assert [(1, 1), (1, 3), (1, 4), (2, 3), (2, 5), (3, 2), (3, 3), (3, 4), (3, 5), (3, 6)] == [p.place[1:] for p in document.places]
    assert ("OFFICE_HIDDEN",) == document.notes


def test_a_merge_that_goes_on_from_nothing_is_a_cell() -> None:
    assert "甲\t1\n" == text_of(body(table(row(cell("甲", properties="<w:vMerge/>"), "1"))))


def test_blank_cells_breaks_and_tabs() -> None:
    inside = "<w:p><w:r><w:t>本年新</w:t><w:br/><w:t>制作</w:t><w:tab/><w:t>数量</w:t></w:r></w:p>"
    data = body(inside, table(row(cell(inside), "", "3"), row("", "", "")))

    assert "本年新\n制作    数量\n\n本年新 制作 数量\t\t3\n\t\t\n" == text_of(data)


def test_content_controls_changes_and_fields() -> None:
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>=SUM(ABOVE) 99</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>12</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    data = body(
        "<w:sdt><w:sdtPr/><w:sdtContent>" + paragraph("一、总体") + table(row("规章", f"<w:sdt><w:sdtContent>{cell('7')}</w:sdtContent></w:sdt>"))
        + "</w:sdtContent></w:sdt>",
        paragraph('<w:del w:id="1" w:author="x"><w:r><w:delText>旧</w:delText></w:r></w:del>', f'<w:ins w:id="2" w:author="x">{run("新")}</w:ins>', "件"),
        paragraph("共", field, f'<w:hyperlink>{run("件")}</w:hyperlink>', f'<w:fldSimple w:instr="PAGE">{run("3")}</w:fldSimple>'),
        paragraph("12", properties='<w:rPr><w:del w:id="3" w:author="x"/></w:rPr>'),
        paragraph("34"),
    )
    document = read_bytes(data, "x")

    assert "一、总体\n\n规章\t7\n\n新件\n共12件3\n1234\n" == document.text
    assert ("OFFICE_DELETED",) == document.notes


def test_a_field_that_never_ends_does_not_swallow_what_follows() -> None:
    begun = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'

    assert "共\n\n规章\t3\n" == text_of(body(paragraph("共", begun), table(row("规章", "3"))))


def test_deleted_and_hidden_rows_and_words_are_left_out() -> None:
    data = body(
        table(
            row("甲", "1"),
            row("乙", "2", properties='<w:del w:id="1" w:author="x"/>'),
            row("丙", "3", properties="<w:hidden/>"),
            row("丁", cell(paragraph(run("9", "<w:vanish/>"), run("4", '<w:vanish w:val="0"/>')))),
        )
    )
    document = read_bytes(data, "x")

    assert "甲\t1\n丁\t4\n" == document.text
    assert {"OFFICE_DELETED", "OFFICE_HIDDEN"} == set(document.notes)
    assert GridPlace(1, 4, 2) == document.places[-1].place  # rows are counted as they stand in the file


def test_raised_figures_and_footnote_marks_are_no_digits() -> None:
    note = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    raised = run("1", '<w:vertAlign w:val="superscript"/>')
    document = read_bytes(body(table(row("规章", cell(paragraph("3", raised)), cell(paragraph("5", note))))), "x")

    assert ("规章\t3¹\t5¹\n", ("OFFICE_FOOTNOTES",)) == (document.text, document.notes)


def test_styles_hide_raise_and_number() -> None:
    def fill(document: WordDocument) -> None:
        styles = document.styles.element
        styles.append(parse_xml(f'<w:style {nsdecls("w")} w:type="character" w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>'))
        styles.append(parse_xml(f'<w:style {nsdecls("w")} w:type="character" w:styleId="U"><w:rPr><w:vertAlign w:val="subscript"/></w:rPr></w:style>'))
        styles.append(parse_xml(f'<w:style {nsdecls("w")} w:type="character" w:styleId="V"><w:basedOn w:val="U"/></w:style>'))
        line = document.add_paragraph("3")
        for style in ("H", "V"):
            line._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:rPr><w:rStyle w:val="{style}"/></w:rPr><w:t>7</w:t></w:r>'))

    document = read_bytes(word(fill), "x")

    assert ("3₇\n", ("OFFICE_HIDDEN",)) == (document.text, document.notes)


def numbered(*levels: tuple[str, str], suffix: str = "") -> WordDocument:
    """A document with a list of these levels: how numbers are written, and the text around them."""
    document = docx.Document()
    numbering = document.part.numbering_part.element
    described = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{way}"/>{suffix}<w:lvlText w:val="{text}"/></w:lvl>'
        for n, (way, text) in enumerate(levels)
    )
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="900">{described}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="900"><w:abstractNumId w:val="900"/></w:num>'))
    return document


def item(document: WordDocument, text: str, level: int = 0, number: int = 900) -> None:
    line = document.add_paragraph(text)
    line._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')
    )


def test_automatic_numbers_are_printed() -> None:
    document = numbered(("chineseCounting", "%1、"), ("japaneseCounting", "（%2）"), ("decimal", "%1.%3"), suffix='<w:suff w:val="nothing"/>')
    for _ in range(9):
        item(document, "章")
    for level in (1, 1, 2, 0, 1, 0, 0):
        item(document, "节", level)

    lines = text_of(saved(document)).split("\n")

    assert ["一、章", "二、章"] == lines[:2]
    # A third level that names the first takes the first one's way of writing, as Word does.
    assert ["九、章", "（一）节", "（二）节", "九.1节", "十、节", "（一）节", "十一、节", "十二、节"] == lines[8:16]


def test_a_number_does_not_run_into_the_figure_after_it() -> None:
    document = numbered(("decimal", "%1."))
    item(document, "5 件")

    assert "1. 5 件\n" == text_of(saved(document))


@pytest.mark.parametrize(("way", "expected"), [("upperRoman", "IV"), ("lowerLetter", "d"), ("decimalFullWidth", "４"), ("bullet", "")])
def test_ways_of_writing_numbers(way: str, expected: str) -> None:
    document = numbered((way, "%1"), suffix='<w:suff w:val="nothing"/>')
    for _ in range(4):
        item(document, "条")

    assert f"{expected}条" == text_of(saved(document)).split("\n")[3]


def test_a_number_of_an_unknown_kind_is_left_out_with_a_note() -> None:
    document = numbered(("hebrew1", "%1、"))
    item(document, "章")
    item(document, "无", number=0)
    read = read_bytes(saved(document), "x")

    assert ("章\n无\n", ("OFFICE_NUMBERING",)) == (read.text, read.notes)


def test_a_number_made_to_fill_memory_is_left_out() -> None:
    document = numbered(("decimal", "x" * 5000 + "%1"))
    item(document, "章")

    assert "章\n" == text_of(saved(document))


def test_a_restarted_list_begins_again() -> None:
    document = numbered(("decimal", "%1、"))
    document.part.numbering_part.element.append(
        parse_xml(
            f'<w:num {nsdecls("w")} w:numId="901"><w:abstractNumId w:val="900"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
            "</w:lvlOverride></w:num>"
        )
    )
    for number in (900, 900, 901, 901):
        item(document, "条", number=number)

    assert ["1、 条", "2、 条", "1、 条", "2、 条"] == text_of(saved(document)).split("\n")[:4]


def test_a_text_box_follows_its_paragraph_and_is_read_once() -> None:
    box = "<w:txbxContent>" + paragraph("框内") + "</w:txbxContent>"
    drawn = f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>{box}</w:drawing></mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>'
    old = f"<w:r><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></w:r>"

    assert "正文\n框内\n" == text_of(body(paragraph("正文", drawn)))
    assert "正文\n框内\n" == text_of(body(paragraph("正文", old)))


def test_mathematics_is_text() -> None:
    assert "12\n" == text_of(body("<w:p><m:oMath><m:r><m:t>12</m:t></m:r></m:oMath></w:p>"))


def test_a_picture_in_a_cell_is_not_a_blank_cell() -> None:
    picture = '<w:r><w:drawing><a:blip r:embed="x"/></w:drawing></w:r>'
    document = read_bytes(body(table(row("规章", cell(paragraph(picture)), "3"))), "x")

    assert ("规章\t\ufffc\t3\n", ("OFFICE_PICTURES",)) == (document.text, document.notes)
    assert "规章\t\ufffc\n" == text_of(body(table(row("规章", cell(paragraph("<w:r><w:drawing/></w:r>"))))))


def test_headers_and_footers_are_left_out() -> None:
    def fill(document: WordDocument) -> None:
        document.sections[0].header.paragraphs[0].text = "页眉 5"
        document.sections[0].footer.paragraphs[0].text = "第 1 页"
        document.add_paragraph("正文")

    assert "正文\n" == text_of(word(fill))


def test_layout_tables_disappear_around_what_they_hold() -> None:
    inner = table(row("规章", "13"), row("总计", "24"))
    layout = table(row(cell("菜单"), cell("二、标题", inner, paragraph())))
    frame = table(row(cell("标题", inner, paragraph("后"))))
    single = table(row("总计", cell(table(row("3")), paragraph()), "4"))
    document = read_bytes(body(layout, frame, single), "x")

    assert "菜单\n二、标题\n\n规章\t13\n总计\t24\n\n标题\n\n规章\t13\n总计\t24\n\n后\n\n总计\t3\t4\n" == document.text
    assert {1, 2, 3} == {p.place.table for p in document.places if isinstance(p.place, GridPlace)}


def test_strict_files_are_read_too() -> None:
    data = body(paragraph("一"), table(row("规章", "3")))
    strict = part_of(data, "word/document.xml").replace(
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main", b"http://purl.oclc.org/ooxml/wordprocessingml/main"
    )

    assert "一\n\n规章\t3\n" == text_of(repacked(data, {"word/document.xml": strict}))


# Bad containers


def nested_tables(depth: int) -> bytes:
    inner = "<w:p/>"
    for _ in range(depth):
        inner = f"<w:tbl><w:tr><w:tc>{inner}<w:p/></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    return f'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{inner}<w:p><w:r><w:t>1</w:t></w:r></w:p></w:body></w:document>'.encode()


LAUGHS = '<!DOCTYPE x [<!ENTITY a "hahahahaha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)  # fmt: skip
OUTSIDE = f'<!DOCTYPE x [<!ENTITY i SYSTEM "{Path(__file__).as_uri()}">'
BODY = ']><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:body></w:document>'


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (None, "CORRUPT_FILE"),
        (b"<w:document", "CORRUPT_FILE"),
        ((LAUGHS + BODY).encode(), "CORRUPT_FILE"),
        ((OUTSIDE + BODY).encode(), "CORRUPT_FILE"),
        (('<?xml version="1.0" encoding="UTF-16"?>' + OUTSIDE + BODY).encode("utf-16"), "CORRUPT_FILE"),
        (nested_tables(100), "OFFICE_TOO_DEEP"),
        (b"<a>" + b"0" * 30_000_000 + b"</a>", "OFFICE_TOO_LARGE"),
        (b"<a>" + bytes(range(33, 59)) * 420_000 + b"</a>", "OFFICE_TOO_LARGE"),
        (b"<a>" + b"<b/>" * 1_600_000 + b"</a>", "OFFICE_TOO_LARGE"),
    ],
    ids=["missing", "cut", "laughs", "outside", "outside in UTF-16", "deep", "ratio", "one text", "tags"],
)
def test_parts_made_to_harm(part: bytes | None, code: str) -> None:
    data = repacked(body(paragraph("一")), {"word/document.xml": part, "word/x.xml": b"<x/>"})
    with within_the_limit(), pytest.raises(ReportUnreadable) as caught:
        render_word(data)

    assert code == caught.value.code


def test_tables_nested_as_deep_as_the_parser_lets_them_are_read() -> None:
    assert "1" in text_of(repacked(body(paragraph("一")), {"word/document.xml": nested_tables(80)}))


def test_sizes_are_looked_at_before_anything_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    data = repacked(body(paragraph("一")), {f"word/media/{n}.bmp": b"\0" * 30_000_000 for n in range(9)})
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("inflated"))

    with pytest.raises(ReportUnreadable) as caught:
        render_word(data)

    assert "OFFICE_TOO_LARGE" == caught.value.code


def test_a_locked_part_and_a_cut_container() -> None:
    data = body(paragraph("一"))
    locked = bytearray(data)
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = locked.find(mark)
        while at >= 0:
            locked[at + offset] |= 1
            at = locked.find(mark, at + 4)

    for broken, code in ((bytes(locked), "ENCRYPTED"), (data[:-200], "CORRUPT_FILE"), (data[: len(data) // 2], "CORRUPT_FILE")):
        with pytest.raises(ReportUnreadable) as caught:
            render_word(broken)
        assert code == caught.value.code


def test_damaged_bytes_never_crash() -> None:
    read_damaged(word_report(make_case(FORMS[0], 71_004, "html", "clean").text))


def test_a_document_of_pictures_says_so() -> None:
    picture = '<w:p><w:r><w:drawing><a:blip r:embed="x"/></w:drawing></w:r></w:p>'

    with pytest.raises(ReportUnreadable, match="OCR") as caught:
        read_bytes(body(picture), "x")

    assert "NEEDS_OCR" == caught.value.code
    assert "EMPTY_FILE" == code_of(word(lambda document: None))


# Old documents


def converted(data: bytes, suffix: str, to: str, folder: Path) -> bytes:
    """The file in another format, as LibreOffice writes it."""
    (folder / f"a.{suffix}").write_bytes(data)
    command = [str(OFFICE), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", to, "--outdir", str(folder), str(folder / f"a.{suffix}")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return (folder / f"a.{to}").read_bytes()


@needs_office
@pytest.mark.parametrize(("to", "media_type"), [("doc", "application/msword"), ("rtf", "application/rtf"), ("odt", "application/vnd.oasis.opendocument.text")])
def test_a_report_in_an_old_document(to: str, media_type: str, tmp_path: Path) -> None:
    case = make_case(FORMS[1], 71_005, "html", "clean")
    document = read_bytes(converted(word_report(case.text), "docx", to, tmp_path), "x")

    assert (media_type, "CONVERTED_LIBREOFFICE") == (document.media_type, document.notes[0])
    assert values(case.data) == values(document)
    assert len(document.places) > 100


@needs_office
@pytest.mark.parametrize(("to", "media_type"), [("xls", "application/vnd.ms-excel"), ("ods", "application/vnd.oasis.opendocument.spreadsheet")])
def test_a_report_in_an_old_workbook(to: str, media_type: str, tmp_path: Path) -> None:
    case = make_case(FORMS[0], 71_005, "html", "clean")
    document = read_bytes(converted(book_report(case.text), "xlsx", to, tmp_path), "x")

    assert media_type == document.media_type
    assert values(case.data) == values(document)


@needs_office
@needs_antiword
def test_antiword_reads_word_where_there_is_nothing_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case(FORMS[1], 71_006, "html", "clean")
    old = converted(word_report(case.text), "docx", "doc", tmp_path)
    without(monkeypatch, "soffice", "libreoffice")
    document = read_bytes(old, "x")

    assert ("text/plain", ("CONVERTED_ANTIWORD",), ()) == (document.media_type, document.notes, document.places)
    pairs = list(zip(values(case.data), values(old), strict=True))
    # It wraps the words of narrow cells, so that most rows of a wide table are not found; what is accepted is right all the same.
    assert [] == [(page, word) for page, word in pairs if word[3] == "accept" and word[:2] != page[:2]]
    assert any(word[3] == "accept" for _, word in pairs)


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(legacy.shutil, "which", lambda name, which=shutil.which: None if name in names else which(name))


def test_without_a_converter_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "soffice", "libreoffice", "antiword")

    with pytest.raises(ReportUnreadable, match="apt install libreoffice") as caught:
        read_bytes(b"{\\rtf1\\ansi 3}", "x")

    assert "READER_MISSING" == caught.value.code


def pretended(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A converter that does what the script says."""
    program = folder / "soffice"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(legacy.shutil, "which", lambda name: str(program) if name == "soffice" else None)


def test_a_converter_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = tmp_path / "alive"
    pretended(tmp_path, f"(sleep 3; touch {alive}) & sleep 600", monkeypatch)
    monkeypatch.setattr(legacy, "TIME_LIMIT", 0.5)

    assert "CONVERTER_TIMEOUT" == code_of(b"{\\rtf1\\ansi 3}")
    time.sleep(3.2)
    assert not alive.exists()


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "echo nonsense >&2"])
def test_a_converter_that_makes_nothing_has_failed(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended(tmp_path, script, monkeypatch)

    assert "CONVERTER_FAILED" == code_of(b"{\\rtf1\\ansi 3}")


def test_a_conversion_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy.tempfile, "tempdir", str(tmp_path / "work"))
    (tmp_path / "work").mkdir()
    pretended(tmp_path, "exit 1", monkeypatch)
    code_of(b"{\\rtf1\\ansi 3}")

    assert [] == list((tmp_path / "work").iterdir())


def test_files_that_only_look_old() -> None:
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    for data in (magic, magic + b"\0" * 600, magic + b"\xff" * 2000):
        assert "CORRUPT_FILE" == code_of(data)


@needs_office
def test_a_locked_document(tmp_path: Path) -> None:
    """What says that an OpenDocument file is locked is its manifest."""
    plain = converted(book_report(make_case(FORMS[0], 71_005, "html", "clean").text), "xlsx", "ods", tmp_path)
    manifest = part_of(plain, "META-INF/manifest.xml").replace(
        b'manifest:full-path="content.xml"', b'manifest:full-path="content.xml"><manifest:encryption-data/><x'
    )

    assert "ENCRYPTED" == code_of(repacked(plain, {"META-INF/manifest.xml": manifest}))


def utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


@needs_office
def test_locked_old_files_are_told_before_a_converter_sees_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word says it in the header of its stream, Excel in a record, a locked DOCX or XLSX is an old container of its own."""
    old = bytearray(converted(word_report("<p>一</p>"), "docx", "doc", tmp_path))
    books = bytearray(converted(book_report("<p>一</p>"), "xlsx", "xls", tmp_path))
    monkeypatch.setattr(legacy, "_by_libreoffice", lambda *_: pytest.fail("converted"))
    word_stream, book_stream = old.find(b"\xec\xa5"), books.find(b"\x09\x08\x10\x00")
    package = bytearray(old)
    entry = package.find(utf16("WordDocument"))
    package[entry : entry + 66] = utf16("EncryptedPackage").ljust(64, b"\0") + (2 * 17).to_bytes(2, "little")
    old[word_stream + 11] |= 1
    books[book_stream + 20 : book_stream + 22] = b"\x2f\x00"

    assert ["ENCRYPTED"] * 3 == [code_of(bytes(data)) for data in (old, books, package)]


# Places of web pages


def test_every_cell_of_a_page_stands_where_its_place_says() -> None:
    page = (
        "<p>一</p><table><tr><td rowspan=2 colspan='2'>申请</td><td>甲</td><td colspan=2>乙\u200b</td></tr><tr style='display:none'><td>x</td></tr>"
        "<tr><td>1</td><td></td><td>3</td></tr></table><table><tr><td>框<table><tr><td>a</td><td> b </td></tr></table></td></tr></table>"
        "<table><tr><td rowspan=0>下</td><td>5</td></tr><tr><td>6</td></tr></table>"
    )
    document = read_bytes(page.encode(), "x")

    found = [(document.text[p.start : p.end], *p.place) for p in document.places]

    assert [
        ("申请", 1, 1, 1), ("甲", 1, 1, 3), ("乙", 1, 1, 4), ("1", 1, 3, 1), ("3", 1, 3, 3), ("a", 2, 1, 1), ("b", 2, 1, 2),
        ("下", 3, 1, 1), ("5", 3, 1, 2), ("6", 3, 2, 2),
    ] == found  # fmt: skip


@pytest.mark.parametrize("level", ["clean", "light", "medium", "heavy"])
def test_places_of_a_damaged_page_are_cells_of_it(level: str) -> None:
    for seed in range(71_010, 71_016):
        case = make_case(FORMS[seed % 2], seed, "html", level)
        document = read_bytes(case.data, "x")
        rows: dict[int, set[int]] = {}
        last = 0
        for start, end, place in document.places:
            assert isinstance(place, GridPlace)
            assert start >= last
            assert document.text[start:end].strip() == document.text[start:end] != ""
            assert place.column not in rows.setdefault(place.table * 1000 + place.row, set())
            rows[place.table * 1000 + place.row].add(place.column)
            last = end
        figures = sum(cell.strip() != "" for line in document.text.split("\n") if "\t" in line for cell in line.split("\t"))
        assert len(document.places) >= figures > 50


# Web archives


def archive(*parts: tuple[str, str, bytes], start: str = "", location: str = "") -> bytes:
    """An MHTML file of parts: headers, transfer encoding, payload."""
    head = f"From: <Saved>\r\nSnapshot-Content-Location: {location}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; type=\"text/html\";{f' start={chr(34)}{start}{chr(34)};' if start else ''} boundary=\"XX\"\r\n\r\n"
    written = b""
    for headers, encoding, payload in parts:
        coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring, "8bit": bytes}[encoding](payload)
        written += f"--XX\r\n{headers}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + coded + b"\r\n"
    return head.encode() + written + b"--XX--\r\n"


PAGE = "<html><body><p>一、总体</p><table><tr><td>规章</td><td>13</td></tr><tr><td>总计</td><td></td></tr></table></body></html>"
FRAME_PAGE = "<html><body><table><tr><td>附</td><td>7</td></tr></table></body></html>"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_a_saved_page(encoding: str, charset: str) -> None:
    data = archive((f"Content-Type: text/html; charset={charset}", encoding, PAGE.encode(charset)), ("Content-Type: image/png", "base64", b"\x89PNG"))
    document = read_bytes(data, "x")

    assert ("一、总体\n\n规章\t13\n总计\t\n", "multipart/related", charset) == (document.text, document.media_type, document.encoding)
    assert GridPlace(1, 1, 2) == document.places[1].place


@pytest.mark.parametrize(("start", "location"), [("<root>", ""), ("", "http://x.gov.cn/a")])
def test_the_root_page_comes_first_and_its_frames_follow(start: str, location: str) -> None:
    frame = ("Content-Type: text/html\r\nContent-ID: <f>\r\nContent-Location: http://x.gov.cn/f", "8bit", FRAME_PAGE.encode())
    root = ("Content-Type: text/html\r\nContent-ID: <root>\r\nContent-Location: http://x.gov.cn/a", "8bit", PAGE.encode())
    document = read_bytes(archive(frame, root, ("Content-Type: text/html", "8bit", b"<p></p>"), start=start, location=location), "x")

    assert "一、总体\n\n规章\t13\n总计\t\n\n附\t7\n" == document.text
    assert [(1, "规章"), (1, "13"), (1, "总计"), (2, "附"), (2, "7")] == [(p.place[0], document.text[p.start : p.end]) for p in document.places]


def test_a_whole_report_in_a_saved_page() -> None:
    case = make_case(FORMS[0], 71_007, "html", "clean")
    page = case.text.encode()

    assert values(page) == values(archive(("Content-Type: text/html", "quoted-printable", page)))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\r\n<html>", "CORRUPT_FILE"),
        (archive(("Content-Type: image/png", "base64", b"\x89PNG")), "EMPTY_FILE"),
        (archive(*[("Content-Type: text/html", "8bit", b"<p>1</p>")] * 60), "MHTML_TOO_LARGE"),
        (archive(*[("Content-Type: text/css", "8bit", b"")] * 6000), "MHTML_TOO_LARGE"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=a\r\n\r\n" + b"".join(b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(3000)), "MHTML_TOO_LARGE"),
    ],
    ids=["no parts", "no page", "pages", "parts", "deep"],
)
def test_web_archives_made_to_harm(data: bytes, code: str) -> None:
    with within_the_limit():
        assert code == code_of(data)


def test_lattice_columns_agree_with_a_browserlike_grid() -> None:
    case = make_case(FORMS[0], 71_008, "html", "clean")
    document = read_bytes(case.data, "x")
    expected = {
        (n, c.row + 1, c.column + 1): " ".join(c.text.split())
        for n, grid in enumerate((b for b in blocks(case.text) if not isinstance(b, str)), 1) for c in grid if c.text
    }  # fmt: skip

    assert expected == {tuple(p.place): " ".join(document.text[p.start : p.end].split()) for p in document.places}
