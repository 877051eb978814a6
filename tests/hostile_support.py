"""Files made to harm their reader, each with the codes that may come of it."""

from __future__ import annotations

import gzip
import io
import os
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from msoffcrypto.format.ooxml import OOXMLFile
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from benchmarks.damage import make_case
from benchmarks.render import made_up, render
from extractor.form import load_forms
from tests.files_support import zipped

FORMS = load_forms()
HUGE = 10 * 1024**3
MEGABYTE = 1024**2
WORD, SHEET = "word/document.xml", "xl/worksheets/sheet1.xml"
READ = ""
"""Stands for no error: such a file may also be read."""


def sound(n: int = 0) -> bytes:
    """A report without any fault, another for each number."""
    return make_case(FORMS[n % 2], 71_500 + n, "tab-rows", "clean").data


def office(format_: str) -> bytes:
    """A sound report as DOCX, XLSX or PDF."""
    return render(made_up(FORMS[0], 71_600, "clean")[0], format_)


def locked_office(format_: str) -> bytes:
    """A document that Word or Excel has locked with a password."""
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(office(format_))).encrypt("秘密", out)
    return out.getvalue()


def locked_pdf() -> bytes:
    """A PDF that opens with a password alone."""
    out = io.BytesIO()
    page = Canvas(out, encrypt=StandardEncryption("secret", strength=128))
    page.drawString(100, 700, "1 2 3")
    page.showPage()
    page.save()
    return out.getvalue()


def locked_zip() -> bytes:
    """A ZIP whose one member says that it is locked."""
    data = bytearray(zipped({"a.txt": sound()}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    return bytes(data)


def with_part(format_: str, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A sound document with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(office(format_))) as archive:
        return zipped({n: change(archive.read(n)) if n == part else archive.read(n) for n in archive.namelist()})


def laughing(xml: bytes) -> bytes:
    """The same XML with entities that unfold to 10^10 letters, one of them in its first text."""
    layers = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    start = xml.index(b"<", xml.index(b"?>"))
    inner = xml.index(b"</w:t>") if b"</w:t>" in xml else xml.rindex(b"</")
    return xml[:start] + b'<!DOCTYPE x [<!ENTITY l0 "l">' + layers + b"]>" + xml[start:inner] + b"&l9;" + xml[inner:]


def nested(xml: bytes) -> bytes:
    """The same XML with 200,000 elements each in the one before."""
    end = xml.rindex(b"</")
    name = b"w:p" if b"<w:p" in xml else b"row"
    return xml[:end] + b"<%s>" % name * 200_000 + b"</%s>" % name * 200_000 + xml[end:]


def swollen(xml: bytes) -> bytes:
    """The same XML with 100 MB of nothing in it."""
    end = xml.rindex(b"</")
    return xml[:end] + b" " * 100_000_000 + xml[end:]


def deflated(size: int) -> bytes:
    """So many megabytes of blanks, packed a thousandfold; one of them is packed, and said again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(b" " * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * size + packer.flush()


def pdf_bomb() -> bytes:
    """A PDF of one page whose content is a gigabyte of blanks."""
    content = b"\x78\xda" + deflated(1024) + bytes(4)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
    ]  # fmt: skip
    return b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % (n, part) for n, part in enumerate(parts, 1)) + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF"


def pdf_loop() -> bytes:
    """A PDF whose pages hold each other."""
    parts = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 3 0 R]/Count 99999/Parent 3 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 99999/Parent 2 0 R>>"]
    return b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % (n, part) for n, part in enumerate(parts, 1)) + b"trailer<</Root 1 0 R/Size 4>>\n%%EOF"


def gzip_bomb() -> bytes:
    """A gigabyte of blanks in a megabyte of gzip, with a sum at its end that is not looked at so soon."""
    return b"\x1f\x8b\x08" + bytes(7) + deflated(1024) + bytes(8)


def zips(deep: int) -> bytes:
    """A report in so many ZIPs, one in the other."""
    data = sound()
    for n in range(deep):
        data = zipped({f"{n}.zip" if n else "a.txt": data})
    return data


def wide_merge(xml: bytes) -> bytes:
    """The same sheet with one merged range of all its squares."""
    return xml.replace(b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>', 1)


HARM: dict[str, tuple[Callable[[], bytes], frozenset[str]]] = {
    "locked.docx": (lambda: locked_office("docx"), frozenset({"ENCRYPTED"})),
    "locked.xlsx": (lambda: locked_office("xlsx"), frozenset({"ENCRYPTED"})),
    "locked.pdf": (locked_pdf, frozenset({"ENCRYPTED"})),
    "locked.zip": (locked_zip, frozenset({"ENCRYPTED"})),
    "cut.docx": (lambda: office("docx")[:-3000], frozenset({"CORRUPT_FILE"})),
    "cut.xlsx": (lambda: office("xlsx")[:-600], frozenset({"CORRUPT_FILE"})),
    "cut.pdf": (lambda: office("pdf")[:1000], frozenset({"CORRUPT_FILE", "EMPTY_FILE"})),
    "cut.gz": (lambda: gzip.compress(sound(), mtime=0)[:500], frozenset({"ARCHIVE_BROKEN"})),
    "empty.docx": (bytes, frozenset({"EMPTY_FILE"})),
    "nulls.pdf": (lambda: bytes(5000), frozenset({"EMPTY_FILE"})),
    "noise.bin": (lambda: bytes(range(256)) * 40, frozenset({"BINARY_FILE"})),
    "only-the-mark.pdf": (lambda: b"%PDF-1.7", frozenset({"CORRUPT_FILE"})),
    "only-the-mark.zip": (lambda: b"PK\x03\x04", frozenset({"ARCHIVE_BROKEN"})),
    "deep.html": (lambda: b"<html><body>" + b"<div>" * 300_000 + b"x", frozenset({"HTML_TOO_DEEP"})),
    "deep-tables.html": (lambda: b"<table><tr><td>" * 20_000 + b"x", frozenset({"HTML_TOO_DEEP"})),
    "deep.json": (lambda: b'{"text": ' + b"[" * 1_000_000, frozenset({"JSONL_BAD_LINE", "FORM_NOT_RECOGNISED"})),
    "deep.docx": (lambda: with_part("docx", WORD, nested), frozenset({"OFFICE_TOO_DEEP", "OFFICE_TOO_LARGE"})),
    "deep.xlsx": (lambda: with_part("xlsx", SHEET, nested), frozenset({"OFFICE_TOO_DEEP", "OFFICE_TOO_LARGE"})),
    "deep.zip": (lambda: zips(12), frozenset({"ARCHIVE_TOO_DEEP"})),
    "laughs.docx": (lambda: with_part("docx", WORD, laughing), frozenset({"CORRUPT_FILE"})),
    "laughs.xlsx": (lambda: with_part("xlsx", SHEET, laughing), frozenset({"CORRUPT_FILE"})),
    "laughs-strings.xlsx": (lambda: with_part("xlsx", "xl/sharedStrings.xml", laughing), frozenset({"CORRUPT_FILE"})),
    "bomb.docx": (lambda: with_part("docx", WORD, swollen), frozenset({"OFFICE_TOO_LARGE"})),
    "bomb.xlsx": (lambda: with_part("xlsx", SHEET, swollen), frozenset({"OFFICE_TOO_LARGE"})),
    "bomb.pdf": (pdf_bomb, frozenset({"EMPTY_FILE", "PDF_TOO_LARGE", "OUT_OF_MEMORY", "CORRUPT_FILE", "WORKER_DIED"})),
    "bomb.gz": (gzip_bomb, frozenset({"FILE_TOO_LARGE", "ARCHIVE_TOO_LARGE"})),
    "loop.pdf": (pdf_loop, frozenset({"CORRUPT_FILE", "PDF_TOO_LARGE", "EMPTY_FILE"})),
    "wide.xlsx": (lambda: with_part("xlsx", SHEET, wide_merge), frozenset({READ})),
    "wide.html": (lambda: b"<table>" + b"<tr><td rowspan=65534 colspan=1000>1" * 1000 + b"</table>", frozenset({"HTML_TOO_LARGE"})),
    "wider.html": (lambda: b"<table><tr>" + b"<td rowspan=2 colspan=1000>1" * 45_000, frozenset({"HTML_TOO_LARGE"})),
}
"""By name: what makes the file, and the codes that its record may have."""

NAMES = (
    b"a\nb.txt", b"a\rb.txt", b"a\tb.txt", b"\x1b[2J\x1b]0;owned\x07\x1b[31mred.txt", "\u202etxt.exe".encode(), "\u2066x\u2069\u200b.txt".encode(), "\u2028line.txt".encode(),
    b"\x9b31m.txt", b"\xff\xfe\x80.txt", "\x85next.txt".encode(), b"n" * 251 + b".txt", "名".encode() * 83 + b".txt", b"--jsonl", b"--help", b"-", b" .txt", b"$(touch pwned).txt", b"`id`;rm -rf *.txt",
    b"[red]markup[bold].txt", b"%s%n{0}.txt", b"a..txt", b"con.txt", b"a!b.zip!.txt", "ﬁ①.txt".encode(), "e\u0301.txt".encode(),
)  # fmt: skip
"""Names of files that a file system takes and a person should not be shown as they are."""


def huge(path: Path, head: bytes) -> None:
    """A file that begins like ``head`` and says that it has 10 GB; it takes no place on the disk."""
    path.write_bytes(head)
    os.truncate(path, HUGE)


def listening(path: Path) -> socket.socket:
    """A socket under this name; a name too long for one is reached from its own folder."""
    s = socket.socket(socket.AF_UNIX)
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        s.bind(path.name)
    finally:
        os.chdir(before)
    return s
