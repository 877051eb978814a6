"""Old Office documents, RTF and OpenDocument, by a converter of the system: LibreOffice, or antiword for DOC.

The converter is a program of its own with its own bugs, and the file is untrusted: it runs in a folder and with a profile that
live for one call, without macros, without links to other files, without a network where the system can take it away, and not
for longer than its time.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from extractor.errors import ReportUnreadable
from extractor.read.compose import Composer, Rendered
from extractor.read.sniff import Kind, sniff
from extractor.types import PLAIN

TIME_LIMIT = 60.0
"""Seconds for one conversion; one of a report takes about two."""
MAX_CONVERTED = 64_000_000

_INSTALL = "install LibreOffice (Debian: apt install libreoffice-writer-nogui libreoffice-calc-nogui)"
_BY_HAND = "save it as DOCX, XLSX or PDF in Word, Excel or WPS and give that file"
_OFF = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Office.Calc/Content/Update", "Link", "1"),
)
_ITEM = '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    + "".join(_ITEM.format(*off) for off in _OFF) + "</oor:items>"
)  # fmt: skip
# A stream's name stands in the directory of an old Office file in two bytes a letter.
_WORD, _BOOKS, _LOCKED = "WordDocument", ("Workbook", "Book"), ("EncryptedPackage", "EncryptionInfo")
_WORD_MAGIC, _WORD_LOCKED = b"\xec\xa5", 0x01  # of the header of a Word stream; the flag is in its twelfth byte
_FILEPASS = 0x2F
_RECORDS = 200  # of a workbook; the one that says that it is locked stands near the beginning


class _Source(NamedTuple):
    """What a file is: its media type, the ending that LibreOffice expects, and whether it is a workbook."""

    media_type: str
    ending: str
    is_book: bool


_DOC = _Source("application/msword", "doc", is_book=False)
_XLS = _Source("application/vnd.ms-excel", "xls", is_book=True)
_RTF = _Source("application/rtf", "rtf", is_book=False)
_ODT = _Source("application/vnd.oasis.opendocument.text", "odt", is_book=False)
_ODS = _Source("application/vnd.oasis.opendocument.spreadsheet", "ods", is_book=True)


def render(data: bytes) -> Rendered:
    """Return the text of an old document with the places of its cells, by way of DOCX or XLSX; antiword gives no places.

    Raises ReportUnreadable: READER_MISSING (no converter is installed), ENCRYPTED, CONVERTER_TIMEOUT, CONVERTER_FAILED,
    FORMAT_UNSUPPORTED (an old Office file that is no document and no workbook), and what reading DOCX and XLSX raises.
    """
    source = _source(data)
    if office := shutil.which("soffice") or shutil.which("libreoffice"):
        converted = _by_libreoffice(office, data, source)
        from extractor.read import docx, xlsx

        rendered = xlsx.render(converted) if source.is_book else docx.render(converted)
        return replace(rendered, media_type=source.media_type, notes=("CONVERTED_LIBREOFFICE", *rendered.notes))
    if source is _DOC and (antiword := shutil.which("antiword")):
        return _by_antiword(antiword, data)
    program = f"{_INSTALL}, or antiword" if source is _DOC else _INSTALL
    raise ReportUnreadable("READER_MISSING", f"the file is {sniff(data).value} and no converter is installed: {program}; or {_BY_HAND}")


def _source(data: bytes) -> _Source:
    kind = sniff(data)
    if kind is Kind.RTF:
        return _RTF
    return _open_document(data) if kind is Kind.ODF else _compound(data)


def _open_document(data: bytes) -> _Source:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            media_type = container.read("mimetype").decode("ascii", "replace").strip()
            manifest = container.open("META-INF/manifest.xml").read(MAX_CONVERTED) if "META-INF/manifest.xml" in container.namelist() else b""
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise _failed("the file is damaged") from error
    if b"encryption-data" in manifest:
        raise _encrypted()
    if "spreadsheet" in media_type:
        return _ODS
    if "text" in media_type:
        return _ODT
    raise ReportUnreadable("FORMAT_UNSUPPORTED", f"the file is an OpenDocument file of another kind ({media_type}): give the report as a document")


def _compound(data: bytes) -> _Source:
    """Tell what an old Office file holds from the streams in it, and whether it is locked."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            if any(container.exists(name) for name in _LOCKED):
                raise _encrypted()
            if container.exists(_WORD):
                head = container.openstream(_WORD).read(32)
                if head[:2] == _WORD_MAGIC and len(head) > 11 and head[11] & _WORD_LOCKED:
                    raise _encrypted()
                return _DOC
            for name in _BOOKS:
                if container.exists(name):
                    if _is_locked_book(container.openstream(name).read(65_536)):
                        raise _encrypted()
                    return _XLS
            if container.exists("CONTENTS") or container.exists("MatOST"):
                return _DOC  # Microsoft Works, which LibreOffice knows by its content
    except (OSError, ValueError, IndexError, TypeError, AttributeError, KeyError, RecursionError) as error:  # olefile on broken files
        raise _failed("the file is damaged") from error
    raise ReportUnreadable("FORMAT_UNSUPPORTED", f"the file is an old Office file without a document or a workbook: {_BY_HAND}")


def _is_locked_book(stream: bytes) -> bool:
    at = 0
    for _ in range(_RECORDS):
        kind = int.from_bytes(stream[at : at + 2], "little")
        if kind == _FILEPASS or len(stream) < at + 4:
            break
        at += 4 + int.from_bytes(stream[at + 2 : at + 4], "little")
    return len(stream) >= at + 4 and kind == _FILEPASS


def _by_libreoffice(office: str, data: bytes, source: _Source) -> bytes:
    target = "xlsx:Calc MS Excel 2007 XML" if source.is_book else "docx:MS Word 2007 XML"
    with tempfile.TemporaryDirectory(prefix="gouji-convert-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        profile, given = folder / "profile", folder / f"report.{source.ending}"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        given.write_bytes(data)
        command = [
            *_without_network(), office, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nologo", "--nolockcheck",
            "--convert-to", target, "--outdir", str(folder / "out"), str(given),
        ]  # fmt: skip
        said = _run(command, folder)
        made = folder / "out" / f"report.{target[:4]}"
        if not made.is_file():
            if "password" in said.lower():
                raise _encrypted()
            raise _failed("LibreOffice could not open the file")
        if made.stat().st_size > MAX_CONVERTED:
            raise _failed("LibreOffice made far more of the file than a report")
        return made.read_bytes()


def _by_antiword(antiword: str, data: bytes) -> Rendered:
    with tempfile.TemporaryDirectory(prefix="gouji-convert-", ignore_cleanup_errors=True) as name:
        given = Path(name) / "report.doc"
        given.write_bytes(data)
        said = _run([antiword, "-m", "UTF-8.txt", "-w", "0", str(given)], Path(name))
    if not said.strip():
        raise _failed("antiword found no text in the file")
    composer = Composer()
    composer.note("CONVERTED_ANTIWORD")
    composer.line(said.strip("\n"))
    return composer.finish(PLAIN)


def _run(command: Sequence[str], folder: Path) -> str:
    """What a converter prints; it and all that it started are ended when its time is up."""
    environment = {"HOME": str(folder), "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": str(folder)}
    process = subprocess.Popen(  # noqa: S603 - fixed words and paths of ours
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired as error:
        message = f"converting took longer than {TIME_LIMIT:.0f} seconds: {_BY_HAND}"
        raise ReportUnreadable("CONVERTER_TIMEOUT", message) from error
    finally:
        _end(process)
    return said.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and everything it started; LibreOffice starts another one and waits for it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.communicate()


@cache
def _without_network() -> tuple[str, ...]:
    """The words before a command that take the network away from it; none where the system does not let us."""
    unshare = shutil.which("unshare")
    words = (unshare or "", "--map-root-user", "--net")
    if not unshare:
        return ()
    done = subprocess.run([*words, "true"], capture_output=True, check=False, timeout=10)  # noqa: S603 - fixed words
    return words if done.returncode == 0 else ()


def _encrypted() -> ReportUnreadable:
    return ReportUnreadable("ENCRYPTED", "the file is locked with a password: save it without one and give that file")


def _failed(why: str) -> ReportUnreadable:
    return ReportUnreadable("CONVERTER_FAILED", f"{why}: {_BY_HAND}")
