"""PDF files: turned pages, print in columns, fonts, pictures and OCR, and files that mean harm."""

from __future__ import annotations

import io
import os
import re
import shutil
import zlib
from pathlib import Path

import pytest

from extractor.codes import unanswered
from extractor.errors import ReportUnreadable
from extractor.form import load_forms
from extractor.pipeline import extract
from extractor.read import pdf, read_bytes
from extractor.types import Document, PagePlace, Status
from tests.files_support import code_of, within_the_limit
from tests.pdf_support import Paper, drawn, report

pytest.importorskip("pypdfium2")
FORMS = load_forms()
TABLE = [["甲", "12", ""], ["乙", "3", "40"]]


def read(data: bytes) -> Document:
    return read_bytes(data, "x.pdf")


def table(p: Paper) -> None:
    p.grid([100, 200, 300, 400], [100, 120, 140], TABLE)


# ---------------------------------------------------------------- how the page lies


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("said", [True, False])
def test_a_turned_page_is_read_upright(turn: int, said: bool) -> None:
    """The page says that it is shown turned, or only its text runs that way; places are those of the page as shown."""
    pdfplumber = pytest.importorskip("pdfplumber")
    p = Paper()
    c = p.canvas
    # The library gives a page that is shown lying a sheet that lies.
    wide, high = p.size[::-1] if said and turn % 180 else p.size
    p.size = (0, high if turn % 180 == 0 else wide)
    c.translate(*{0: (0, 0), 90: (wide, 0), 180: (wide, high), 270: (0, high)}[turn])
    c.rotate(turn)
    table(p)
    if said:
        c.setPageRotation(turn)
    data = p.done()
    document = read(data)
    place = next(x.place for x in document.places if document.text[x.start : x.end] == "40")

    assert "甲\t12\t\n乙\t3\t40\n" == document.text
    assert isinstance(place, PagePlace)
    if said or not turn:
        assert (302, 140) > (place.left, place.top) > (301, 120)
    with pdfplumber.open(io.BytesIO(data)) as file:
        assert {"4", "0"} == {x["text"] for x in file.pages[0].crop(place[1:]).chars}


def test_two_columns_of_print_are_read_one_after_the_other() -> None:
    def draw(p: Paper) -> None:
        p.text(200, 60, "某县政府信息公开工作年度报告", 14)
        for n in range(10):
            p.text(50, 100 + 15 * n, f"左{'一二三四五六七八九十'[n]}" + "公开政府信息工作情况报告" * 2, 9)
            p.text(310, 100 + 15 * n, f"右{'一二三四五六七八九十'[n]}" + "依申请公开政府信息的情况" * 2, 9)

    sides = re.findall("[左右]", read(drawn(draw)).text)

    assert ["左"] * 10 + ["右"] * 10 == sides


def test_columns_of_a_table_are_not_read_one_after_the_other() -> None:
    def draw(p: Paper) -> None:
        for n in range(12):
            p.text(50, 100 + 15 * n, "属于国家秘密不予公开的情形" + "一二三四五六七八九十甲乙"[n])
            p.text(310, 100 + 15 * n, str(n))
            p.text(400, 100 + 15 * n, str(n + 100))

    assert [str(n) for n in range(12)] == [line.split()[1] for line in read(drawn(draw)).text.splitlines()]


def test_unruled_columns_stand_under_each_other() -> None:
    def draw(p: Paper) -> None:
        for n, figures in enumerate((("1", "2", "3"), ("", "5", ""), ("100", "200", "300"))):
            p.text(50, 100 + 15 * n, "规章" * (n + 1))
            for x, figure in zip((200, 300, 400), figures, strict=True):
                p.text(x, 100 + 15 * n + 1.5 * (n % 2), figure)  # not quite on one base line

    lines = read(drawn(draw)).text.splitlines()
    wide = [sum(2 if c > "\u2e80" else 1 for c in line[: line.index(figure)]) for line, figure in zip(lines, ("2", "5", "200"), strict=True)]

    assert 3 == len(lines)
    assert max(wide) - min(wide) <= 1


# ---------------------------------------------------------------- glyphs


def test_a_word_drawn_several_times_counts_once() -> None:
    def draw(p: Paper) -> None:
        for shift in (0, 0.2, 0.4, 0.6):
            p.text(100 + shift, 100, "总计")
            p.text(200 + shift, 100, "1122")

    assert ["总计", "1122"] == read(drawn(draw)).text.split()


def test_a_raised_mark_is_no_digit_of_its_figure() -> None:
    def draw(p: Paper) -> None:
        p.grid([100, 200, 300], [100, 120], [["甲", ""]])
        p.text(202, 115, "35", 10)
        p.text(212.2, 111, "12", 5)
        p.text(100, 200, "规章", 10)
        p.text(120.2, 195.5, "3", 6)

    assert ["甲\t35¹²", "规章³"] == [x.strip() for x in read(drawn(draw)).text.splitlines()]


def mute(known: str) -> bytes:
    """A page with the text ``known`` and six glyphs of an embedded font that maps none of its glyphs to a character."""
    import reportlab

    program = (Path(reportlab.__file__).parent / "fonts" / "Vera.ttf").read_bytes()
    # Its table of characters under another name: glyphs can be drawn by number, and no program can say what they are.
    program = program.replace(b"cmap", b"cmaq", 1)
    content = f"BT /F 12 Tf 100 700 Td ({known}) Tj ET BT /G 12 Tf 300 700 Td <001400150016001700180019> Tj ET".encode()
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>/G 5 0 R>>>>>>"
    return objects(
        CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+V/Encoding/Identity-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+V/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 600/CIDToGIDMap/Identity/FontDescriptor 7 0 R>>",
        b"<</Type/FontDescriptor/FontName/AAAAAA+V/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 900/Descent -200/CapHeight 700/StemV 80/FontFile2 8 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(program), program),
    )  # fmt: skip


def test_glyphs_that_no_font_explains_are_never_dropped() -> None:
    """No figure becomes another one because a digit of it is unknown."""
    document = read(mute("government information 12 "))

    assert ["government", "information", "12", "\ufffd" * 6] == document.text.split()
    assert {"PDF_NO_UNICODE", "REPLACEMENT_CHARACTERS"} == set(document.notes)


def test_a_file_whose_fonts_explain_next_to_nothing_needs_ocr() -> None:
    assert "NEEDS_OCR" == code_of(mute("12"))


def test_text_outside_the_page_and_hidden_text_are_left_out_and_noted() -> None:
    def draw(p: Paper) -> None:
        p.canvas.setCropBox((0, 400, 595, 842))
        p.text(100, 100, "页内")
        p.text(100, 600, "页外")
        hidden = p.canvas.beginText(200, 742)
        hidden.setFont("Helvetica", 9)
        hidden.setTextRenderMode(3)
        hidden.textOut("999")
        p.canvas.drawText(hidden)

    document = read(drawn(draw))

    assert "页内" == document.text.strip()
    assert {"PDF_OUTSIDE_PAGE", "PDF_HIDDEN"} == set(document.notes)


def test_a_watermark_is_left_out() -> None:
    def draw(p: Paper) -> None:
        table(p)
        p.canvas.translate(120, 600)
        p.canvas.rotate(40)
        p.canvas.setFont("STSong-Light", 30)
        p.canvas.drawString(0, 0, "内部资料 2020")

    document = read(drawn(draw))

    assert "甲\t12\t\n乙\t3\t40\n" == document.text
    assert ("PDF_SLANTED",) == document.notes


def test_a_dash_at_the_end_of_a_line_stays_a_dash() -> None:
    assert "规章\t-\n数量\t3\n" == read(drawn(lambda p: p.grid([100, 200, 300], [100, 120, 140], [["规章", "-"], ["数量", "3"]]))).text
    assert ["规章-", "数量"] == read(drawn(lambda p: (p.text(100, 100, "规章-"), p.text(100, 115, "数量"), None)[-1])).text.split()


# ---------------------------------------------------------------- pictures and OCR


def picture(text: str = "", size: tuple[int, int] = (1000, 1400), kind: str = "PNG") -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", size, 255)
    if text:
        import matplotlib as mpl

        font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 48)
        ImageDraw.Draw(image).multiline_text((80, 80), text, font=font, fill=0, spacing=30)
    out = io.BytesIO()
    image.save(out, kind, dpi=(120, 120))
    return out.getvalue()


def put_picture(p: Paper, data: bytes, box: tuple[float, float, float, float] = (0, 0, 595, 842)) -> None:
    from reportlab.lib.utils import ImageReader

    x0, y0, x1, y1 = box
    p.canvas.drawImage(ImageReader(io.BytesIO(data)), x0, p.size[1] - y1, x1 - x0, y1 - y0)


@pytest.fixture(autouse=True)
def _without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOUJI_OCR", raising=False)


def test_pages_that_are_all_pictures_need_ocr() -> None:
    p = Paper()
    for n in range(3):
        put_picture(p, picture("2020"))
        p.text(290, 830, str(n + 1))
        p.page()
    with pytest.raises(ReportUnreadable, match=r"3 of 3 pages .*GOUJI_OCR=tesseract") as caught:
        read(p.done())
    assert "NEEDS_OCR" == caught.value.code


def test_a_picture_among_pages_of_text_is_noted_and_its_cells_go_to_a_person() -> None:
    """Whatever table stood in the picture: its cells are lost, and nothing lost is accepted."""
    form = FORMS[0]
    whole = report(form, 71_050, page_height=500.0)
    import pypdfium2

    document = pypdfium2.PdfDocument(whole.data)
    with_picture = Paper((595, 500))
    put_picture(with_picture, picture("12"), (0, 0, 595, 500))
    other = pypdfium2.PdfDocument(with_picture.done())
    del document[1]
    document.import_pages(other, index=1)
    out = io.BytesIO()
    document.save(out)
    got = extract(read(out.getvalue()))
    lost = [d for r, d in zip(got.resolved, got.decisions, strict=True) if r.status is Status.LOST]

    assert "PDF_PAGES_NEED_OCR" in got.document.notes
    assert lost
    assert {"review"} == {d.outcome for d in lost}


def test_a_picture_in_the_text_is_noted_and_a_logo_is_not() -> None:
    def draw(p: Paper, box: tuple[float, float, float, float]) -> None:
        p.text(50, 60, "收到和处理政府信息公开申请情况如下，统计期限自一月一日起至十二月三十一日止，电子版在政府网站下载。")
        put_picture(p, picture("12"), box)

    assert ("PDF_PAGES_NEED_OCR",) == read(drawn(lambda p: draw(p, (50, 100, 500, 400)))).notes
    assert () == read(drawn(lambda p: draw(p, (50, 100, 130, 180)))).notes


def test_a_cell_that_shows_a_picture_or_a_drawing_is_not_blank() -> None:
    def draw(p: Paper) -> None:
        p.grid([100, 200, 300, 400, 500], [100, 120, 140], [["甲", "12", "", ""], ["乙", "3", "", ""]])
        put_picture(p, picture("7"), (310, 102, 330, 118))
        p.canvas.circle(350, 842 - 130, 5, stroke=0, fill=1)
        p.canvas.setFillGray(0.9)
        p.canvas.rect(401, 842 - 139, 98, 18, stroke=0, fill=1)  # a coloured background

    assert "甲\t12\t\ufffc\t\n乙\t3\t\ufffc\t\n" == read(drawn(draw)).text


def layered(figure: str) -> bytes:
    """A scan with the invisible text of an OCR program over it."""
    p = Paper()
    put_picture(p, picture("12"))
    for n, words in enumerate((("规章", figure), ("政府信息公开工作年度报告", ""))):
        for x, word in zip((100, 300), words, strict=True):
            layer = p.canvas.beginText(x, 700 - 20 * n)
            layer.setFont("STSong-Light", 10)
            layer.setTextRenderMode(3)
            layer.textOut(word)
            p.canvas.drawText(layer)
    return p.done()


def test_the_text_layer_of_a_scan_is_read_and_noted() -> None:
    document = read(layered("12"))

    assert ["规章", "12", "政府信息公开工作年度报告"] == document.text.split()
    assert {"PDF_OCR_LAYER", "OCR_TEXT"} == set(document.notes)


def test_nothing_that_ocr_read_is_accepted() -> None:
    """A report with figures that fit each other in every sum, with a layer over a scan as its text."""
    import pypdfium2
    import pypdfium2.raw as c

    printed = report(FORMS[1], 71_001)
    assert "accept" == extract(read(printed.data)).decision
    document = pypdfium2.PdfDocument(printed.data)
    for page in document:
        for item in page.get_objects():
            if item.type == c.FPDF_PAGEOBJ_TEXT:
                c.FPDFTextObj_SetTextRenderMode(item.raw, 3)
        scan = pypdfium2.PdfImage.new(document)
        bitmap = pypdfium2.PdfBitmap.new_native(10, 10, c.FPDFBitmap_Gray)
        scan.set_bitmap(bitmap)
        scan.set_matrix(pypdfium2.PdfMatrix().scale(595, 842))
        page.insert_obj(scan)
        page.gen_content()
    out = io.BytesIO()
    document.save(out)
    got = extract(read(out.getvalue()))

    assert "OCR_TEXT" in got.document.notes
    assert all(t.value == r.value for t, r in zip(printed.case.truth, got.resolved, strict=True))
    assert {"review"} == {d.outcome for d in got.decisions}
    assert all("OCR_TEXT" in unanswered(d.codes) for d in got.decisions)


TSV = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "1\t1\t0\t0\t0\t0\t0\t0\t1000\t2000\t-1\t\n"
    "4\t1\t1\t1\t1\t0\t100\t200\t460\t42\t-1\t\n"
    "5\t1\t1\t1\t1\t1\t100\t200\t80\t40\t96.5\t规\n"
    "5\t1\t1\t1\t1\t2\t182\t200\t80\t40\t91.0\t章\n"
    "5\t1\t1\t1\t1\t3\t500\t202\t60\t38\t88.1\t12\n"
)


def engine(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program called tesseract."""
    program = folder / "tesseract"
    program.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("GOUJI_OCR", "tesseract")


def test_an_engine_reads_what_is_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is given a grey picture of the page on its standard input, and its boxes become places on the page."""
    (tmp_path / "out.tsv").write_text(TSV, encoding="utf-8")
    engine(tmp_path, monkeypatch, f"head -c 2 > {tmp_path}/in; cat > /dev/null; cat {tmp_path}/out.tsv")
    p = Paper((500, 1000))
    put_picture(p, picture("12"), (0, 0, 500, 1000))
    document = read(p.done())
    place = next(x.place for x in document.places if document.text[x.start : x.end] == "12")

    assert b"P5" == (tmp_path / "in").read_bytes()
    assert ["规章", "12"] == document.text.split()
    assert ("OCR_TEXT",) == document.notes
    assert PagePlace(1, 250.0, 101.0, 280.0, 120.0) == place
    assert ["规章", "12"] == read(picture("12")).text.split()


def test_a_picture_of_several_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = "".join(line.replace("\t1\t", "\t2\t", 1) + "\n" for line in TSV.replace("12\n", "34\n").splitlines()[1:])
    (tmp_path / "out.tsv").write_text(TSV + second, encoding="utf-8")
    engine(tmp_path, monkeypatch, f"cat > /dev/null; cat {tmp_path}/out.tsv")
    document = read(picture("12", kind="TIFF"))

    assert ["规章", "12", "规章", "34"] == document.text.split()
    assert [1, 1, 2, 2] == [x.place.page for x in document.places if isinstance(x.place, PagePlace)]


@pytest.mark.parametrize(("script", "code"), [("echo no data >&2; exit 1", "OCR_FAILED"), ("sleep 5", "OCR_FAILED"), ("cat > /dev/null; echo nonsense", "EMPTY_FILE")])
def test_an_engine_that_fails(script: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from extractor.read import ocr

    monkeypatch.setattr(ocr, "_SECONDS", 0.5)
    engine(tmp_path, monkeypatch, script)

    assert code == code_of(picture("12"))


def test_an_engine_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOUJI_OCR", "tesseract")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "READER_MISSING" == code_of(picture("12"))

    monkeypatch.setenv("GOUJI_OCR", "eyes")
    assert "READER_MISSING" == code_of(picture("12"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP"])
def test_a_picture_needs_ocr(kind: str) -> None:
    assert "NEEDS_OCR" == code_of(picture("12", kind=kind))


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_tesseract_reads_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOUJI_OCR", "tesseract")

    assert {"1470", "2023"} <= set(re.findall(r"\d+", read(picture("2023    1470")).text))


# ---------------------------------------------------------------- files that mean harm, or are broken


def locked(password: str) -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption

    p = Paper(encrypt=StandardEncryption(password, ownerPassword="owner", canPrint=0))
    table(p)
    return p.done()


def test_a_locked_file_and_one_that_only_forbids_printing() -> None:
    assert "ENCRYPTED" == code_of(locked("secret"))
    assert "甲\t12\t\n乙\t3\t40\n" == read(locked("")).text


def objects(*bodies: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    at = []
    for n, body in enumerate(bodies, 1):
        at.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % x for x in at)
    return bytes(out + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, root, start))


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


def one_page(content: bytes, page: bytes = b"/MediaBox[0 0 595 842]", *more: bytes) -> bytes:
    """A PDF with one page that draws ``content``; ``more`` are objects from 5 on."""
    body = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</X 5 0 R>>>>" + page + b">>"
    return objects(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", body, b"<</Length %d>>stream\n%s\nendstream" % (len(content), content), *more)


SAYS = b"BT /F 12 Tf 100 700 Td (row 12) Tj ET"


def test_the_file_of_these_tests_is_read() -> None:
    assert "row 12" == read(one_page(SAYS)).text.strip()


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.95])
def test_a_file_cut_off_is_recovered_or_said_to_be_broken(cut: float) -> None:
    data = drawn(table)
    try:
        assert "甲\t12\t\n乙\t3\t40\n" == read(data[: int(len(data) * cut)]).text
    except ReportUnreadable as error:
        assert error.code in {"CORRUPT_FILE", "EMPTY_FILE"}


def test_a_wrong_table_of_objects_is_made_good() -> None:
    data = drawn(table)

    assert "甲\t12\t\n乙\t3\t40\n" == read(re.sub(rb"startxref\n\d+", b"startxref\n7", data)).text


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n" + b"\x00\xff" * 400,
        objects(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"),
        objects(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Nothing>>"),
        objects(CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
        objects(b"<</Type/Catalog/Pages 1 0 R>>"),
    ],
)  # fmt: skip
def test_a_file_without_pages_is_broken(data: bytes) -> None:
    assert code_of(data) in {"CORRUPT_FILE", "EMPTY_FILE"}


def test_more_pages_than_any_report(monkeypatch: pytest.MonkeyPatch) -> None:
    kids = b" ".join([b"3 0 R"] * (pdf.MAX_PAGES + 1))
    data = objects(CATALOG, b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pdf.MAX_PAGES + 1), b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")

    assert "PDF_TOO_LARGE" == code_of(data)


@pytest.mark.parametrize("box", [b"[0 0 1e9 1e9]", b"[0 0 0 0]", b"[0 0 -5 x]", b"[0 0 99999999999999999999 1]"])
def test_a_page_without_sensible_size(box: bytes) -> None:
    """Whatever the page says of its size, an outcome comes of it."""
    try:
        assert "row 12" == read(one_page(SAYS, b"/MediaBox" + box)).text.strip()
    except ReportUnreadable as error:
        assert error.code in {"CORRUPT_FILE", "EMPTY_FILE"}


@pytest.mark.parametrize(
    "content",
    [
        b"/X Do " + SAYS,  # a form that draws itself
        b"q " * 20_000 + SAYS,
        b"[" * 50_000 + SAYS,
        b"1e400 0 0 1 0 0 cm " + SAYS,
        b"BT /F 1e30 Tf 1 0 0 1 1e30 1e30 Tm (9) Tj ET",
        b"0 0 m nan nan l S " + SAYS,
    ],
    ids=["form in itself", "states", "lists", "endless scale", "far away", "no numbers"],
)  # fmt: skip
def test_contents_that_mean_harm(content: bytes) -> None:
    again = b"/X Do"
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>/Length %d>>stream\n%s\nendstream" % (len(again), again)
    with within_the_limit():
        try:
            read(one_page(content, b"/MediaBox[0 0 595 842]", form))
        except ReportUnreadable as error:
            assert error.code in {"CORRUPT_FILE", "EMPTY_FILE"}


def test_more_lines_than_can_be_looked_at() -> None:
    """A page full of small boxes is read by its blanks, and that is noted."""
    squares = b"".join(b"%d %d 4 4 re S " % (x, y) for x in range(0, 590, 5) for y in range(0, 840, 5))
    with within_the_limit():
        document = read(one_page(squares + SAYS))

    assert ("PDF_CROWDED",) == document.notes
    assert "row 12" == document.text.strip()


def test_a_page_of_more_objects_than_are_looked_at() -> None:
    with within_the_limit():
        document = read(one_page(b"0 0 m 9 9 l S " * 80_000 + SAYS))

    assert ("PDF_CROWDED",) == document.notes


def test_text_hidden_behind_many_objects_stays_hidden() -> None:
    hidden = b"BT 3 Tr /F 12 Tf 200 700 Td (999) Tj ET"

    assert "row 12" == read(one_page(b"0 0 m 9 9 l S " * 40_000 + SAYS + hidden)).text.strip()


@pytest.mark.parametrize("content", [
    b"BT /F 5 Tf " + b"1 0 0 1 100 700 Tm (1) Tj " * 1_500 + b"/F 12 Tf " + b"1 0 0 1 100 698 Tm (2) Tj " * 1_500 + b"ET",
    b"".join(b"BT /F 9 Tf %d %d Td (%d) Tj ET " % (n % 97 * 6, n % 89 * 9, n) for n in range(6_000)),
], ids=["marks", "heap"])  # fmt: skip
def test_text_in_heaps_takes_no_longer_for_it(content: bytes) -> None:
    with within_the_limit():
        assert read(one_page(content)).text


def test_a_stream_that_unfolds_without_end() -> None:
    bomb = zlib.compress(b" " * 200_000_000 + SAYS, 9)
    body = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>"
    data = objects(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", body, b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(bomb), bomb))
    with within_the_limit():
        try:
            read(data)
        except ReportUnreadable as error:
            assert error.code in {"CORRUPT_FILE", "EMPTY_FILE"}
