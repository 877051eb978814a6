"""What each reader is given: files made from generated reports, and the damage that suits their format."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from itertools import cycle, islice, product

from benchmarks.damage import LEVELS, SHAPES, make_case
from benchmarks.fuzz.mutate import Mutation, markup, plain, several, xml
from benchmarks.fuzz.shapes import in_members, in_parts, in_streams, json_lines, tar_header, zip_header
from benchmarks.render import FORMATS, made_up, render
from benchmarks.render.office import available, converted
from extractor.form import load_forms

FIRST_SEED = 71_000  # of generated reports: apart from all others

Files = list[bytes]


@dataclass(frozen=True, slots=True)
class Reader:
    """The files that a reader's damage starts from, and the damage; ``container`` files hold reports of their own."""

    files: Callable[[], Files]
    mutate: Mutation
    container: bool = False


def _texts(wanted: int, marked: bool = False) -> Files:
    """Reports in plain text, in all shapes and degrees of damage, or as web pages."""
    forms = load_forms()
    shapes = ("html",) if marked else tuple(s for s in SHAPES if s != "html")
    chosen = islice(product(LEVELS[:3], shapes, forms), wanted)
    return [make_case(form, FIRST_SEED + n, shape, level).data for n, (level, shape, form) in enumerate(chosen)]


def _rendered(format_: str, wanted: int = 8) -> Files:
    made = islice(product(LEVELS[1:3], load_forms(), FORMATS[format_]), wanted)
    return [render(made_up(form, FIRST_SEED + n, level)[0], format_, variant) for n, (level, form, variant) in enumerate(made)]


def _encoded() -> Files:
    texts = [t.decode("utf-8", "replace") for t in _texts(6)]
    other = [t.encode(codec, "replace") for t, codec in zip(texts, ("gb18030", "utf-16", "utf-8-sig", "big5hkscs", "utf-16-be", "gbk"), strict=True)]
    return _texts(20) + other


def _webpages() -> Files:
    return _texts(8, marked=True) + _rendered("html", 4)


def _archived_pages() -> Files:
    return [_mhtml(page.decode("utf-8", "replace"), cte) for page, cte in zip(_webpages(), cycle(("base64", "quoted-printable", "8bit")), strict=False)]


def _mhtml(page: str, encoding: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Snapshot-Content-Location"] = "http://www.example.gov.cn/report.html"
    message["Subject"] = "政府信息公开工作年度报告"
    message.set_content(page, "html", cte=encoding)
    message["Content-Location"] = "http://www.example.gov.cn/report.html"
    message.make_related()
    message.add_related(b"\x89PNG\r\n", "image", "png", cid="<one@example>")
    return message.as_bytes().replace(b"multipart/related;", b'multipart/related; type="text/html";', 1)


def _rtf() -> Files:
    """Rich text by hand: what a converter makes of it is its own affair."""
    return [b"{\\rtf1\\ansi\\ansicpg936\\deff0 " + _escaped(t.decode("utf-8", "replace")) + b"}" for t in _texts(4)]


def _escaped(text: str) -> bytes:
    rows = []
    for line in text.split("\n")[:120]:
        cells = line.split("\t")
        said = ["".join(c if " " <= c < "\x7f" and c not in "\\{}" else f"\\u{ord(c) - (65536 if ord(c) > 32767 else 0)}?" for c in cell) for cell in cells]
        if len(said) > 1:
            edges = "".join(f"\\cellx{(n + 1) * 900}" for n in range(len(said)))
            rows.append("\\trowd" + edges + "\\intbl " + "".join(f"{s}\\cell " for s in said) + "\\row")
        else:
            rows.append(f"{said[0]}\\par")
    return "\n".join(rows).encode("ascii")


def _old() -> Files:
    """DOC and XLS as LibreOffice writes them; where it is missing an empty compound file, which says what it is and no more."""
    if not available():
        return [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + b"\x3e\0\x03\0\xfe\xff\x09\0" + bytes(2016)]
    words = {f"w{n}": data for n, data in enumerate(_rendered("docx", 2))}
    sheets = {f"s{n}": data for n, data in enumerate(_rendered("xlsx", 1))}
    return [*converted(words, "docx", "doc").values(), *converted(sheets, "xlsx", "xls").values()]


def _members() -> list[tuple[str, bytes]]:
    named = [(f"某省/某市/{n}年报.txt", data) for n, data in enumerate(_texts(3))]
    return [*named, ("页/report.html", _webpages()[0]), ("页/report_files/a.png", b"\x89PNG"), ("a.docx", _rendered("docx", 1)[0]), (".hidden", b"x"), ("空.txt", b"")]


def _zip(members: Sequence[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2021, 3, 1, 0, 0, 0)), data)
    return out.getvalue()


def _tar(members: Sequence[tuple[str, bytes]], format_: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mtime = 1_600_000_000
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "../../etc/passwd"
        archive.addfile(link)
    return out.getvalue()


def _zips() -> Files:
    members = _members()
    gbk = _zip(members[:2]).replace("某省".encode(), "某省".encode("gbk") + b"  ")
    return [_zip(members), _zip(members[:2]), _zip([("内.zip", _zip(members[:1])), ("a.tar", _tar(members[:1], tarfile.USTAR_FORMAT))]), gbk]


def _tars() -> Files:
    members = _members()
    long = [("长" * 80 + "/" + "名" * 80 + ".txt", members[0][1])]
    whole = [_tar(members[:3] + long, f) for f in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)] + [_tar(members[:3], tarfile.USTAR_FORMAT)]
    return [*whole, gzip.compress(whole[2], mtime=0), _tar([("内.zip", _zip(members[:1]))], tarfile.GNU_FORMAT)]


def _jsonl() -> Files:
    texts = [t.decode("utf-8", "replace") for t in _texts(3)]
    rows = [{"path": f"某市/{n}.txt", "content": t, "meta": {"year": 2021}} for n, t in enumerate(texts)]
    lines = "\n".join(json.dumps(r, ensure_ascii=n % 2 == 0) for n, r in enumerate(rows)).encode()
    return [lines, json.dumps(rows, indent=1).encode(), b'{"url": "http://a", "html": "<table><tr><td>1</table>"}\n' + lines.split(b"\n")[0]]


_SPANS = (b"rowspan", b"colspan", b"style", b"class", b"width", b"hidden", b"x:num", b"charset", b"align")
_TAGS = (
    *(b"<" + t + b">" for t in b"table tr td th /td /tr /table tbody thead p div br span /span script /script style textarea select option pre plaintext svg math template noscript title head frameset !-- -- ![CDATA[ sup sub del input base form iframe".split()), b"<!--", b"-->", b"]]>", b"<!DOCTYPE html>", b"&nbsp;", b"&#0;", b"&#x10ffff;", b"&#xd800;", b"&#99999999999;", b"&lt;td&gt;", b"<meta charset=gb2312>", b'<td style="display:none">', b"<?xml?>", b"\\u003ctd\\u003e", b"&amp;lt;table&amp;gt;")  # fmt: skip
_XML = (b"&amp;", b"<![CDATA[<]]>", b"<!-- -->", b"<?pi ?>", b'<a xmlns="u:u"/>', b"1,234", b"0", " ３ ".encode(), b"&#x1f600;", b"&#xa0;", b"&#x202e;", b"&#x2028;", b"&#9;", b"&#13;", b"&#x85;")
_WORD = (
    *_XML, b'<w:vMerge w:val="restart"/>', b"<w:vMerge/>", b'<w:gridSpan w:val="999999999"/>', b'<w:gridBefore w:val="70000"/>', b'<w:gridAfter w:val="-1"/>', b'<w:hMerge w:val="continue"/>', b"<w:vanish/>", b"<w:tab/>",
    b"<w:br/>", b"<w:cr/>", b"<w:noBreakHyphen/>", b"<w:t>0</w:t>", b"<w:tc/>", b"<w:tr/>", b"<w:tbl/>", b"<w:p/>", b'<w:sym w:char="F030"/>', b'<w:sym w:char="zz"/>', b'<w:pStyle w:val="Heading1"/>', b"<w:footnoteReference/>",
    b'<w:pPr><w:numPr><w:ilvl w:val="9"/><w:numId w:val="1"/></w:numPr></w:pPr>', b'<w:fldChar w:fldCharType="begin"/>', b'<w:fldChar w:fldCharType="separate"/>', b'<w:fldChar w:fldCharType="end"/>', b"<w:instrText>PAGE</w:instrText>",
    b"<w:tbl><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc></w:tr></w:tbl>", b'<w:rPr><w:del/><w:vertAlign w:val="superscript"/></w:rPr>', b"<w:trPr><w:hidden/><w:del/></w:trPr>",
)  # fmt: skip
_WORD_NAMES = (*(b"w:" + n for n in b"del ins sdt sdtContent txbxContent moveFrom moveTo hyperlink smartTag customXml fldSimple r p tc tr tbl body pPr rPr tcPr ruby rt numPr abstractNum lvl style".split()), b"mc:AlternateContent", b"mc:Choice", b"mc:Fallback", b"m:oMath", b"a")
_SHEET = (
    *_XML, b'<mergeCell ref="A1:XFD1048576"/>', b'<mergeCell ref="B2:A1"/>', b'<mergeCell ref="A:A"/>', b'<mergeCell ref="A1"/>', b'<c r="XFD1048576"><v>1</v></c>', b'<c r="A0"/>', b'<c r="AAAA1"><v>1</v></c>', b"<c><v>2</v></c>", b'<c t="s"><v>99999999</v></c>',
    b'<c t="s"><v>-1</v></c>', b'<c t="s"><v>x</v></c>', b'<c t="e"><v>#REF!</v></c>', b'<c t="b"><v>1</v></c>', b'<c t="inlineStr"><is><t>1</t></is></c>', b'<c t="d"><v>2020-01-01</v></c>', b'<c s="99999"><v>1</v></c>', b'<row r="1048576"/>',
    b'<row r="0"/>', b'<row r="-5"><c><v>3</v></c></row>', b"<v>1e400</v>", b"<v>1E-400</v>", b"<v>NaN</v>", b"<v>-0</v>", b"<v>0.30000000000000004</v>", b"<v>1e308</v>", b"<f>1+1</f>", b'<col min="1" max="16384" hidden="1"/>', b'<xf numFmtId="164" applyNumberFormat="1"/>',
    b'<numFmt numFmtId="164" formatCode="0.00E+00;[Red]-#,##0.00%;@"/>', b'<numFmt numFmtId="164" formatCode="[DBNum2]General"/>', b'<numFmt numFmtId="165" formatCode="yyyy-mm-dd"/>', b'<sheet name="" sheetId="1"/>', b"<si><t>1</t><rPh><t>x</t></rPh></si>",
)  # fmt: skip
_SHEET_NAMES = tuple(b"c v is t r row sheetData si sst f mergeCells cols worksheet xf cellXfs numFmts a".split())
_VALS = (b"w:val", b"w:w", b"w:type", b"w:styleId", b"w:numId", b"w:ilvl", b"r:id", b"Id", b"Target", b"TargetMode", b"xml:space", b"xmlns", b"xmlns:w")
_SQUARES = (b"r", b"s", b"t", b"ref", b"min", b"max", b"hidden", b"count", b"uniqueCount", b"spans", b"numFmtId", b"formatCode", b"sheetId", b"r:id", b"name", b"Target", b"dxfId", b"ht")
_PDF = tuple(b" " + w + b" " for w in (
    b"obj endobj stream endstream xref trailer startxref %%EOF << >> [ ] /Length /Type /Page /Pages /Kids /Count /Parent /MediaBox /Rotate /Contents /Resources /Font /XObject /Subtype /Form /Filter /FlateDecode /ASCIIHexDecode /LZWDecode /Predictor /Columns "
    b"/Encrypt /ObjStm /XRef /W /Index /Prev /ToUnicode /Encoding /Identity-H /CIDFont /Matrix /BBox /UserUnit null true R 0 1 -1 1e38 -1e38 99999999999 BT ET Tf Tm Td TD T* Tj TJ ' Tr Ts Tw Tc Tz cm q Q re m l c h f S B n W Do gs rg RG BI ID EI BX EX /F1 beginbfchar "
    b"endbfchar beginbfrange endbfrange begincmap usecmap BDC EMC"
).split())  # fmt: skip
_RTF = (*(b"\\" + w + b" " for w in b"par row cell trowd intbl cellx99999999 cellx-1 u-10000? uc9999 bin999999 'ff * fonttbl pict objdata field fldinst ansicpg65001 ansicpg0 nestcell v deleted upr".split()), b"{", b"}", b"{" * 5000)
_MAIL = (
    b"Content-Type: text/html; charset=", b'Content-Type: multipart/related; boundary="', b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"charset=utf-7", b"charset=idna", b'charset="hex"', b"charset=base64",
    b"charset=gb2312", b"charset=unknown", b"Content-Type: message/rfc822\r\n\r\n", b"Content-Location: ", b"=?utf-8?q?=00?=", b"=?gbk?b?/////?=", b"=3D", b"=", b"--", b"----", b"\r\n\r\n", b"\n\n", b"boundary*0=", b"boundary=", b"Content-Disposition: attachment; filename*=utf-7''",
)  # fmt: skip
_OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xec\xa5", b"\xfe\xff\xff\xff", b"\xff\xff\xff\xff", b"\xfd\xff\xff\xff", "WordDocument".encode("utf-16-le"), "1Table".encode("utf-16-le"), "Workbook".encode("utf-16-le"), b"\x07", b"\x0d", b"\x13", b"\x14")
_PAX = (b"30 path=\xff\xfe", b"20 size=99999999999\n", b"18 path=../../../a\n", b"9999 path=a\n", b"0 =\n", b"28 GNU.sparse.realsize=9999\n", b"22 GNU.sparse.major=1\n", b"22 hdrcharset=BINARY\n", b"13 mtime=nan\n", b"-5 size=-1\n", b"ustar  \0", b"\0" * 512)
_JSON = (b'{"text": "', b'"}', b"[", b"]", b",", b":", b"{", b"}", b"\\u0000", b"\\ud800", b"\\", b'"', b"null", b"NaN", b"-Infinity", b"1e99999", b"\n", b"\n\n", b"\xef\xbb\xbf", b"[" * 3000, b'{"a":' * 3000)
_ZIPPED = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08", b"PK\x03\x04" + bytes(26), b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x01\0", b"../", b"/", b"\\", b"!/", b"mimetype", b"[Content_Types].xml", b"word/document.xml", b"xl/workbook.xml")
_OFFICE_NAMES = ("word/document.xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "word/styles.xml", "word/numbering.xml", "_rels/.rels", "word/_rels/document.xml.rels", "[Content_Types].xml", "x/../word/document.xml", "/word/document.xml")
_NAMES = ("a.txt", "../../a.txt", "/etc/passwd", "C:\\a.txt", "a\nb.txt", "a\x1b[31m.txt", "名" * 300, "a" * 5000, "a/", "", ".", "..", "./", "__MACOSX/._a", "a!/b.txt", "页/report_files/b.js", "内.zip", "a.gz", "con.txt", "\u202etxt.exe")

_zipwise = several((plain(_ZIPPED), zip_header, zip_header))
_web = markup(_TAGS, _SPANS)
_office = plain(_ZIPPED)

READERS: dict[str, Reader] = {
    "text": Reader(_encoded, plain((*_TAGS, b"|", b"| --- |", b"\t"))),
    "html": Reader(_webpages, _web),
    "mhtml": Reader(_archived_pages, several((plain(_MAIL), plain(_MAIL), _web), 3)),
    "docx": Reader(lambda: _rendered("docx", 4), in_parts(xml(_WORD, _VALS, _WORD_NAMES), re.compile("document|styles|numbering|rels$"), _OFFICE_NAMES, _zipwise)),
    "xlsx": Reader(lambda: _rendered("xlsx", 6), in_parts(xml(_SHEET, _SQUARES, _SHEET_NAMES), re.compile("sheet|workbook|Strings|styles"), _OFFICE_NAMES, _zipwise)),
    "pdf": Reader(lambda: _rendered("pdf", 6), in_streams(plain(_PDF), plain(_PDF))),
    "doc": Reader(_old, plain(_OLE)),
    "rtf": Reader(_rtf, plain(_RTF)),
    "zip": Reader(_zips, in_parts(_office, re.compile("zip|txt"), _NAMES, _zipwise), container=True),
    "tar": Reader(_tars, several((tar_header, tar_header, in_members(plain(_PAX)), plain(_PAX))), container=True),
    "jsonl": Reader(_jsonl, json_lines(plain(_JSON)), container=True),
}

