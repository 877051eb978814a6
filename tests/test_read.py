"""The read stage: bytes of any kind become a Document, or a ReportUnreadable that says what to do."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from extractor.errors import GoujiError, ReportUnreadable
from extractor.read import discover, read_bytes, read_file
from extractor.text import INVISIBLE

TEXT = (
    "二、主动公开政府信息情况\n信息内容\t本年制发件数\t本年废止件数\t现行有效件数\n规章\t0\t0\t13\n"
    "行政规范性文件\t1\t0\t24\n三、收到和处理政府信息公开申请情况\n本年新收政府信息公开申请数量\t3\t0\n"
)
TABLE = (
    "<table><tr><td>规章</td><td>13</td><td>524</td></tr><tr><td>规范性文件</td><td>60</td><td>368</td></tr></table>"
)


def read(data: bytes | str) -> str:
    """Return the text read from ``data``."""
    return read_bytes(data.encode() if isinstance(data, str) else data, "x").text


def code_of(data: bytes) -> str:
    """Return the code of the error that reading ``data`` raises; its message must say something."""
    with pytest.raises(ReportUnreadable) as caught:
        read_bytes(data, "x")
    assert len(caught.value.message) > 20
    return caught.value.code


# Encodings


@pytest.mark.parametrize(
    ("data", "encoding", "notes"),
    [
        (TEXT.encode(), "utf-8", ()),
        (TEXT.encode("utf-8-sig"), "utf-8-sig", ()),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16", ()),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16", ()),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32", ()),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "utf-32", ()),
        (TEXT.encode("utf-16-le"), "utf-16-le", ("ENCODING_GUESSED",)),
        (TEXT.encode("utf-16-be"), "utf-16-be", ("ENCODING_GUESSED",)),
        (TEXT.encode("gb18030"), "gb18030", ()),
        (TEXT.encode("gbk"), "gb18030", ()),
    ],
)
def test_encodings(data: bytes, encoding: str, notes: tuple[str, ...], tmp_path: Path) -> None:
    """Each encoding gives the same text, and only a guess is noted."""
    path = tmp_path / "a.txt"
    path.write_bytes(data)

    document = read_file(path)

    assert (TEXT, encoding, notes) == (document.text, document.encoding, document.notes)
    assert (str(path), hashlib.sha256(data).hexdigest()) == (document.source, document.sha256)
    assert "text/plain" == document.media_type


def test_utf16_without_any_nul_is_recognised() -> None:
    """UTF-16 of Han alone holds no NUL byte, and is told by its everyday characters."""
    text = "政府信息公开工作年度报告根据中华人民共和国政府信息公开条例编制" * 3

    assert text == read(text.encode("utf-16-le"))


def test_big5_is_not_taken_for_gb18030() -> None:
    """Big5 bytes are nearly always valid GB18030 too: the wreckage is recognised as such."""
    text = "二、主動公開政府信息情況\n三、收到和處理政府信息公開申請情況\n行政許可 0\n行政處罰 0\n" * 3

    document = read_bytes(text.encode("big5hkscs"), "x")

    assert (text, ("ENCODING_GUESSED",)) == (document.text, document.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le"])
def test_cut_in_the_last_character(encoding: str) -> None:
    """A file that ends inside a character is read, and the loss is noted."""
    document = read_bytes((TEXT + "无").encode(encoding)[:-1], "x")

    assert TEXT == document.text
    assert "TRUNCATED_CHARACTER" in document.notes


def test_cut_in_the_first_character() -> None:
    """A file that begins inside a character is read, and the loss is noted."""
    document = read_bytes(("无" + TEXT).encode()[1:], "x")

    assert (TEXT, ("TRUNCATED_CHARACTER",)) == (document.text, document.notes)


def test_a_broken_byte_becomes_a_replacement_character() -> None:
    """One broken byte does not make a report unreadable, and is not hidden."""
    document = read_bytes(TEXT.encode().replace("规章".encode(), b"\xff\xff", 1), "x")

    assert TEXT.replace("规章", "\ufffd\ufffd") == document.text
    assert ("ENCODING_GUESSED", "REPLACEMENT_CHARACTERS") == document.notes


@pytest.mark.parametrize(
    "text",
    ["锟斤拷锟斤拷 3", TEXT.encode().decode("gb18030", "ignore"), TEXT.encode().decode("latin-1") * 2, "\ufffd" * 30],
)
def test_mojibake_is_noted(text: str) -> None:
    """Text that was destroyed before it reached us is noted."""
    assert "MOJIBAKE" in read_bytes(text.encode(), "x").notes


@pytest.mark.parametrize(
    "text", [TEXT, "二、主動公開政府資訊情況 行政許可 0 行政處罰 0 結轉下年度繼續辦理 本機關不掌握", "1 2 3"]
)
def test_sound_text_has_no_notes(text: str) -> None:
    """Simplified, Traditional and bare figures are not taken for damage."""
    assert () == read_bytes(text.encode(), "x").notes


def test_line_ends_and_invisible_characters() -> None:
    """Line ends become one kind, characters without width go, and two figures are never joined."""
    assert "规章\t13\n0\n3\n4\n" == read("规\u200b章\ufeff\t1\u00ad3\r\n0\r3\u20284\n")


def test_control_characters_become_spaces() -> None:
    """A Word cell mark separates cells, so it may not vanish; a form feed stays."""
    document = read_bytes("规章\x0713\x0724\n\x0c三\n".encode(), "x")

    assert ("规章 13 24\n\x0c三\n", ("CONTROL_CHARACTERS",)) == (document.text, document.notes)


# What cannot be read


@pytest.mark.parametrize(
    "data", [b"", b" \r\n\t ", "\ufeff\u3000\n".encode(), b"\xff\xfe", b"\0" * 50, b"<p> &nbsp;</p>"]
)
def test_empty(data: bytes) -> None:
    """A file without text is an error, not an empty report."""
    assert "EMPTY_FILE" == code_of(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"PK\x03\x04\x14\0\x06\0", "ZIP"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"SQLite format 3\0", "database"),
    ],
)
def test_recognised_formats(data: bytes, name: str) -> None:
    """A format that is not read is named, with the next step."""
    with pytest.raises(ReportUnreadable, match=name) as caught:
        read_bytes(data, "x")
    assert "FORMAT_UNSUPPORTED" == caught.value.code


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\0\x01\x02\x03" * 500, b"ab\0\0\0cd" * 90])
def test_binary(data: bytes) -> None:
    """Bytes that are no text in any encoding are refused."""
    assert "BINARY_FILE" == code_of(data)


def test_random_bytes_are_never_read() -> None:
    """High bytes without sense are refused, though some encoding would take them."""
    noise = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(64))

    assert code_of(noise) in {"BINARY_FILE", "ENCODING_UNKNOWN"}
    assert "ENCODING_UNKNOWN" == code_of(bytes(b | 0x80 for b in noise))


def test_too_large(tmp_path: Path) -> None:
    """A file over the limit is refused by its size, and a limit that fits lets it through."""
    path = tmp_path / "a.txt"
    path.write_text("规章 13\n" * 100, encoding="utf-8")

    with pytest.raises(ReportUnreadable) as caught:
        read_file(path, max_bytes=100)

    assert "FILE_TOO_LARGE" == caught.value.code
    assert 600 == len(read_file(path, max_bytes=path.stat().st_size).text)


def test_file_unreadable(tmp_path: Path) -> None:
    """A missing file, a folder and a pipe are errors of the one report, and the pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.txt", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ReportUnreadable) as caught:
            read_file(path)
        assert "FILE_UNREADABLE" == caught.value.code


# Plain text stays plain


@pytest.mark.parametrize(
    "text",
    [
        "《关于印发<中华人民共和国政府信息公开工作年度报告格式>的通知》\n规章\t3\n",
        "根据<条例>，3 < 4，a<b，<总计>\n",
        "# 标题\n\n| 规章 | 0 | a & b |\n|---|---|---|\n",
        "路径 C:\\new\\table 与 \\u4e2d\n",
        "   规章      0\n   总计      0\t\n",
    ],
)
def test_angle_brackets_do_not_make_html(text: str) -> None:
    """Quotation marks, comparisons, markdown and layout blanks are left exactly as they are."""
    document = read_bytes(text.encode(), "a.html")

    assert (text, "text/plain", ()) == (document.text, document.media_type, document.notes)


def test_remnants_of_html_in_plain_text() -> None:
    """A <br> in a pipe row is a blank, elsewhere a line end; a footnote mark does not become a digit."""
    document = read_bytes("| 本年新<br>制作数量 | &nbsp; | 3<sup>1</sup> |\n一<br/>二\n".encode(), "x")

    assert "| 本年新 制作数量 |   | 3 1  |\n一\n二\n" == document.text
    assert ("text/plain", ("HTML_REMNANTS",)) == (document.media_type, document.notes)


# HTML


def test_a_row_is_a_line_and_a_tab_a_border() -> None:
    """Cells are joined by one tab, and blank lines set the table apart."""
    document = read_bytes(f"<p>一</p>{TABLE}<p>二</p>".encode(), "a.txt")

    assert "一\n\n规章\t13\t524\n规范性文件\t60\t368\n\n二\n" == document.text
    assert ("text/html", ()) == (document.media_type, document.notes)


def test_spans_do_not_repeat_cells() -> None:
    """Whatever the spans say, each real cell is there once."""
    page = (
        "<table><tr><td rowspan=2 colspan='3'>申请</td><td colspan=0>自然人</td><td colspan=99999>总计</td></tr>"
        "<tr><td rowspan=-1>1</td><td colspan='x'>2</td></tr></table>"
    )

    assert "申请\t自然人\t总计\n1\t2\n" == read(page)


def test_empty_cells_are_kept() -> None:
    """An empty cell, first, last or between, is an empty string between its tabs."""
    page = "<table><tr><td></td><td>&nbsp;</td><td>3</td><td> \n </td></tr><tr><td>a</td><td/><td>4</table>"

    assert "\t\t3\t\na\t\t4\n" == read(page)


def test_breaks_inside_a_cell_become_blanks() -> None:
    """Lines inside a cell do not join their figures, and runs of one word are not torn apart."""
    page = (
        "<table><tr><td>本年新<br/>制作数量</td><td>3<br>4</td><td><p>5</p><p>6</p></td>"
        "<td><span>1</span><b>2</b></td><td>7&#8232;8</td></tr></table>"
    )

    assert "本年新 制作数量\t3 4\t5 6\t12\t7 8\n" == read(page)


def test_a_raised_figure_is_not_a_digit() -> None:
    """A footnote mark after a figure stays a mark."""
    assert "规章\t3¹\n" == read("<table><tr><td>规章<td>3<sup>1</sup></table>")


def test_unclosed_cells_and_a_page_cut_inside_a_table() -> None:
    """Missing end tags and a missing beginning do not shift cells."""
    assert "1\t2\n3\t4\n" == read("<table><tr><td>1<td>2<tr><td>3<td>4")
    assert "1\t2\n\n后\n" == read("<div><td>1</td><td>2</td></tr></div>后")
    assert "1\t2\n\n四\n\n3\t4\n" == read("<table><tr><td>1<td>2</tr></table><p>四<table><tr><td>3<td>4</table>")


def test_nested_tables_stand_alone() -> None:
    """A layout table disappears around the tables in it, whose order and rows stay."""
    page = f"<table><tr><td>菜单</td><td><p>二、标题</p>{TABLE}<p>三、标题</p>{TABLE}</td></tr></table>"
    rows = "规章\t13\t524\n规范性文件\t60\t368\n"

    assert f"菜单\n二、标题\n\n{rows}\n三、标题\n\n{rows}" == read(page)


def test_a_nested_table_of_one_cell_is_that_cell() -> None:
    """A wrapper around one figure does not break the row it stands in."""
    page = "<table><tr><td>总计</td><td><table><tr><td>3</td></tr></table></td><td>4</td></tr></table>"

    assert "总计\t3\t4\n" == read(page)


def test_a_wrapper_around_an_article_keeps_its_paragraphs() -> None:
    """A table of one cell is no table; a heading row of a real one is a row."""
    assert "一\n二\n" == read("<table><tr><td><p>一</p><p>二</p></td></tr></table>")
    assert "第一 项\n规章\t3\n" == read(
        "<table><tr><td colspan=2>第一<br>项</td></tr><tr><td>规章</td><td>3</td></tr></table>"
    )


@pytest.mark.parametrize(
    "page",
    [
        TABLE.replace("<td>", '<td style=\\"width:3px\\">').replace("</", "<\\/"),
        TABLE.replace("<", "\\u003c").replace(">", "\\u003E"),
        TABLE.replace("<", "\\x3c").replace("规章", "\\u89c4\\u7ae0"),
        TABLE.replace("<tr>", '\\n<tr class=\\\\\\"a\\\\\\">'),
        TABLE.replace("<", "&lt;").replace(">", "&gt;"),
        f'<html><body><div id=c></div><script>var t="{TABLE}";</script></body></html>'.replace(
            "<td>", '<td a=\\"b\\">'
        ),
    ],
)
def test_escaped_html(page: str) -> None:
    """A table inside a JavaScript or JSON string, or written in entities, is read like any other."""
    document = read_bytes(page.encode(), "x")

    assert "规章\t13\t524\n规范性文件\t60\t368\n" == document.text
    assert ("text/html", ("HTML_UNESCAPED",)) == (document.media_type, document.notes)


def test_word_export() -> None:
    """Namespaces, islands and conditional comments of Word leave nothing but the text."""
    page = (
        '<?xml version="1.0" encoding="gb2312"?><html xmlns:o="urn:x"><head><style>td{}</style>'
        "<!--[if gte mso 9]><xml><w:View>Normal</w:View></xml><![endif]--></head><body lang=ZH-CN>"
        "<p class=MsoNormal><![if !supportLists]>一、<![endif]>总体<span\nlang=EN-US>2021</span>年<o:p></o:p></p>"
        "<table class=MsoTable><tr style='mso-yfti-irow:0'><td><p>规章<o:p></o:p></p></td>"
        "<td><p><span>1</span><span>3</span><o:p>&nbsp;</o:p></p></td></tr></table></body></html>"
    )

    assert "一、总体2021年\n\n规章\t13\n" == read(page)


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8", "utf-16"])
def test_the_declared_charset_does_not_decide(encoding: str) -> None:
    """Bytes in another encoding than the page declares are read all the same."""
    page = f'<html><head><meta charset="gb2312"><title>年度报告</title></head><body>{TABLE}</body></html>'

    assert "年度报告\n\n规章\t13\t524\n规范性文件\t60\t368\n" == read(page.encode(encoding))


def test_saved_page() -> None:
    """Scripts, styles and navigation are dropped, entities and form inputs are read."""
    page = (
        "<!DOCTYPE html><html><head><script>if(a<b){}</script><style>p{}</style></head><body><nav>首页</nav>"
        "<p>1&lt;2&amp;&ldquo;3&rdquo;&#20108;</p><select><option>2020</select>"
        "<table><tr><td>规章</td><td><input value=4></td></tr></table></body></html>"
    )

    assert "1<2&“3”二\n\n规章\t4\n" == read(page)


def test_hidden_parts() -> None:
    """Hidden rows and cells are left out and noted, a folded container is read."""
    page = (
        "<div style='display:none'><table><tr><td>规章</td><td style='DISPLAY : none'>9</td><td>3</td></tr>"
        "<tr hidden><td>8</td><td>8</td></tr></table></div>"
    )

    document = read_bytes(page.encode(), "x")

    assert ("规章\t3\n", ("HTML_HIDDEN",)) == (document.text, document.notes)


def test_an_open_navigation_does_not_swallow_the_report() -> None:
    """Where dropping the navigation leaves no table, the page is read whole."""
    assert "首页\n\n规章\t13\t524\n规范性文件\t60\t368\n" == read(f"<body><nav>首页{TABLE}</body>")


def test_tables_inside_markdown_keep_the_lines_around_them() -> None:
    """Text recognition writes markdown with tables in HTML: its line ends and blanks are meant."""
    text = f"# 标题\n\n一、总体\n   规章   0\n{TABLE}\n三、情况\n无\n"

    assert "# 标题\n\n一、总体\n   规章   0\n\n规章\t13\t524\n规范性文件\t60\t368\n\n三、情况\n无\n" == read(
        text
    ).replace("\n\n\n", "\n\n")


def test_preformatted_text_is_plain_text() -> None:
    """A text file saved by a browser keeps its tabs, which border no cells."""
    document = read_bytes(b"<html><body><pre>a\t1\n\n  b\t2\n</pre></body></html>", "x")

    assert ("a\t1\n\n  b\t2\n", "text/plain") == (document.text, document.media_type)


BOMBS = {
    "deep": "<div>" * 10_000 + TABLE,
    "tables": "<table><tr><td>" * 10_000,
    "cells": "<table><tr>" + "<td>1</td>" * 700_000,
    "paragraphs": "<p>一</p>" * 500_000,
    "attribute": '<p a="' + "x" * 7_000_000 + f'">{TABLE}',
    "attributes": "<p " + " ".join(f"a{i}=1" for i in range(500_000)) + f">{TABLE}",
    "less": TABLE + "<" * 7_000_000,
    "comments": TABLE + "<!--" * 1_500_000,
    "scripts": TABLE + "<script " * 900_000,
    "backslashes": TABLE + "\\" * 7_000_000,
    "breaks": "<td>" + "<br>" * 1_500_000,
    "ampersands": "<td>1" + "&" * 7_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str) -> None:
    """A page made to exhaust the reader is read or refused with a clear code, soon."""
    data = BOMBS[name].encode()
    started = time.process_time()
    try:
        assert "1" in read_bytes(data, "x").text
    except ReportUnreadable as error:
        assert error.code in {"HTML_TOO_DEEP", "HTML_TOO_LARGE"}

    assert time.process_time() - started < 10  # of the processor, which others' work does not lengthen; about 1 s


def test_bombs_do_not_fill_memory() -> None:
    """Reading the heaviest pages adds less than 300 MB."""
    program = (
        "import resource\nfrom tests.test_read import BOMBS\nfrom extractor.read import read_bytes\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "for name in ('attributes', 'attribute', 'cells'):\n"
        "    try: read_bytes(BOMBS[name].encode(), 'x')\n"
        "    except Exception as error: assert error.code\n"
        "print((peak() - before) // 1024)\n"
    )
    root = Path(__file__).resolve().parent.parent
    out = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)

    assert int(out.stdout) < 300


# Invariants


@pytest.mark.parametrize("data", [TEXT.encode("gb18030"), TABLE.encode(), "㈠（１）\u3000國務院\u200b<br>".encode()])
def test_offsets_are_shared(data: bytes) -> None:
    """Normalised text has the length of the text, which holds nothing invisible and one kind of line end."""
    document = read_bytes(data, "x")

    assert len(document.text) == len(document.norm)
    assert not INVISIBLE.search(document.text)
    assert "\r" not in document.text


def test_heavy_imports_are_late() -> None:
    """Plain text is read without loading lxml or charset-normalizer."""
    program = (
        "import sys\nfrom extractor.read import read_bytes\n"
        f"read_bytes({TEXT.encode()!r}, 'x')\nread_bytes({TEXT.encode('gbk')!r}, 'x')\n"
        "assert not {'lxml', 'charset_normalizer', 'opencc'} & set(sys.modules), 'loaded'\n"
    )
    root = Path(__file__).resolve().parent.parent

    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)


# Discovery


def touch(root: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_discover_walks_folders_in_order(tmp_path: Path) -> None:
    """Folders are read by name, whatever the files are called, without hidden ones."""
    touch(tmp_path, "b.txt", "a/2.html", "a/1.pdf", "c", ".hidden", ".git/config", "a/.x/y")

    assert ["a/1.pdf", "a/2.html", "b.txt", "c"] == [str(p.relative_to(tmp_path)) for p in discover([tmp_path])]


def test_discover_yields_each_file_once(tmp_path: Path) -> None:
    """A file that is named and also lies in a named folder is read once; a hidden one only if named."""
    touch(tmp_path, "a/1", "a/2", "a/.h")

    found = discover([tmp_path / "a/2", tmp_path / "a/.h", tmp_path, tmp_path / "a/1", tmp_path / "a"])

    assert ["2", ".h", "1"] == [path.name for path in found]


def test_discover_is_safe_in_link_loops(tmp_path: Path) -> None:
    """A link to a folder above ends, and a broken link is yielded, to become a record."""
    touch(tmp_path, "a/1")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "a/broken").symlink_to(tmp_path / "nowhere")

    assert ["1", "broken"] == [path.name for path in discover([tmp_path])]


def test_discover_yields_a_folder_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without permission is not skipped: reading it gives the record that says so."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)

    assert [tmp_path] == list(discover([tmp_path]))


def test_discover_names_a_missing_path(tmp_path: Path) -> None:
    """A path that does not exist is an error at once, with its name."""
    with pytest.raises(GoujiError, match=r"nope\.txt.*check the spelling"):
        discover([tmp_path, tmp_path / "nope.txt"])


def test_every_note_of_reading_is_explained() -> None:
    """A note that a record may carry has its sentence in codes.py, and no sentence is left over."""
    from extractor.codes import NOTES

    source = "".join(p.read_text(encoding="utf-8") for p in Path("extractor/read").glob("*.py"))
    used = {note for note in re.findall(r'"([A-Z]+(?:_[A-Z]+)+|MOJIBAKE)"', source) if note in NOTES or note.startswith("HTML_")}
    errors = {"HTML_TOO"}

    assert set(NOTES) == {note for note in used if not any(note.startswith(e) for e in errors)}
