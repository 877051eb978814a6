"""The one stream of everything a run reads: what archives give, what they may not do, and what is said of each."""

from __future__ import annotations

import base64
import bz2
import copy
import gzip
import io
import json
import lzma
import os
import re
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor.errors import GoujiError
from extractor.read.containers import Limits, PassedOver, Run, Stream, reports
from extractor.read.inputs import Input, count, inputs
from tests.files_support import zipped

ROOT = Path(__file__).resolve().parent.parent
REPORT = "某县政府信息公开工作年度报告\n收到申请 3 件".encode()
PAGE = b"<html><body><table><tr><td>1</td></tr></table></body></html>"
MAX = 8_000_000


def tarred(files: dict[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A TAR archive, compressed as ``mode`` says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def lines(*values: object) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode()


def docx() -> bytes:
    """What tells a Word document: it is a ZIP container."""
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"})


def found(folder: Path, data: bytes, name: str = "a", most: int = MAX, passed: PassedOver | None = None) -> dict[str, bytes | str]:
    """What one file gives: by what follows its own name, the bytes or the error's code."""
    path = folder / name
    path.write_bytes(data)
    listed = list(inputs([path], most, passed))
    assert len(listed) == len({one.source for one in listed})
    assert all((one.data is None) == (one.error is not None) for one in listed)
    assert all(one.source.startswith(str(path)) and one.source.isprintable() for one in listed)
    return {one.source.removeprefix(str(path)): one.error[0] if one.error else one.data or b"" for one in listed}


def errors(folder: Path, data: bytes, most: int = MAX) -> list[tuple[str, str]]:
    """The errors that one file gives, with their messages."""
    (folder / "a").write_bytes(data)
    return [one.error for one in inputs([folder / "a"], most) if one.error]


# What is opened


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_gives_its_members_in_its_own_order(tmp_path: Path, method: int) -> None:
    data = zipped({"乙/b.txt": REPORT, "甲/": b"", "a.docx": docx(), "甲/c.html": PAGE}, method)

    assert {"!/乙/b.txt": REPORT, "!/a.docx": docx(), "!/甲/c.html": PAGE} == found(tmp_path, data, "a.txt")
    assert 3 == count([tmp_path / "a.txt"])


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_tar_gives_its_members_whatever_packs_it(tmp_path: Path, mode: str, form: int) -> None:
    long = "很长的文件夹/" * (8 if form == tarfile.USTAR_FORMAT else 11) + "b.txt"

    assert {"!/a.txt": REPORT, f"!/{long}": PAGE} == found(tmp_path, tarred({"a.txt": REPORT, long: PAGE}, mode, form))
    assert count([tmp_path / "a"]) is None


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_single_compressed_file_is_the_report_under_its_own_name(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert {"": PAGE} == found(tmp_path, pack(PAGE), "page.html.gz")
    assert {"": PAGE + REPORT} == found(tmp_path, pack(PAGE) + pack(REPORT)), "as the programs themselves have it"


def test_office_documents_are_reports_though_they_are_containers(tmp_path: Path) -> None:
    odt = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"})
    xlsx = zipped({"xl/workbook.xml": b"<x/>"})

    for data in (docx(), odt, xlsx):
        assert {"": data} == found(tmp_path, data, "a.zip")
        assert 1 == count([tmp_path / "a.zip"])
    for whole in (zipped({"_rels/.rels": b"", "xl/sheet.xml": b"1"}), zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}, 0), docx()):
        cut = whole[:-30]
        assert {"": cut} == found(tmp_path, cut), "for its reader to say what is wrong with it"
    damaged = bytearray(zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}, zipfile.ZIP_LZMA))
    damaged[47:60] = b"\xff" * 13
    assert {"!/mimetype": "MEMBER_BROKEN"} == found(tmp_path, bytes(damaged)), "what it is cannot be told"
    assert {"": "FILE_TOO_LARGE"} == found(tmp_path, docx(), most=50)
    assert REPORT == found(tmp_path, zipped({"word/a.txt": REPORT})[:-30])["!/word/a.txt"], "a folder of that name makes no document"


def test_archives_within_archives_are_opened_to_a_depth(tmp_path: Path) -> None:
    inner = tarred({"x.txt": REPORT}, "w:gz")
    data = zipped({"b.zip": zipped({"c": inner, "d.html.gz": gzip.compress(PAGE)}), "e.txt": REPORT})

    assert {"!/b.zip!/c!/x.txt": REPORT, "!/b.zip!/d.html.gz": PAGE, "!/e.txt": REPORT} == found(tmp_path, data)
    for _ in range(8):
        inner = zipped({"z": inner, "beside.docx": docx()})
    deep = found(tmp_path, inner)
    assert ["ARCHIVE_TOO_DEEP"] == [code for code in deep.values() if isinstance(code, str)]
    assert 5 == sum(data == docx() for data in deep.values())


def test_an_archive_larger_than_a_report_may_be_is_still_opened(tmp_path: Path) -> None:
    noise = os.urandom(3000)
    packed = {"zip": zipped({"a": noise, "b": noise}), "tar": tarred({"a": noise, "b": noise})}
    for data in packed.values():
        assert {"!/a": noise, "!/b": noise} == found(tmp_path, data, most=4000)
    outer = found(tmp_path, tarred(packed), most=4000)
    assert {"!/zip!/a", "!/zip!/b", "!/tar!/a", "!/tar!/b"} == set(outer)
    assert {noise} == set(outer.values())


def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(zipfile, "ZIP64_LIMIT", 10)
        patched.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
        data = zipped({"a.txt": REPORT, "b.txt": PAGE})
    assert b"PK\x06\x06" in data

    assert {"!/a.txt": REPORT, "!/b.txt": PAGE} == found(tmp_path, data)


# Names


def test_names_without_a_mark_are_what_a_chinese_windows_wrote(tmp_path: Path) -> None:
    gbk, utf8 = "社旗县/年报.txt".encode("gb18030"), "社旗县/年报.txt".encode()
    for raw in (gbk, utf8):
        data = zipped({"X" * len(raw): REPORT}).replace(b"X" * len(raw), raw)
        assert {"!/社旗县/年报.txt": REPORT} == found(tmp_path, data)
    # 联通 in GBK is also UTF-8 of something else; its neighbour tells.
    data = zipped({"XXXX": REPORT, "YYYYYY": REPORT}).replace(b"XXXX", "联通".encode("gb18030")).replace(b"YYYYYY", "社旗县".encode("gb18030"))
    assert {"!/联通", "!/社旗县"} == set(found(tmp_path, data))
    assert {"!/年/a.txt": REPORT} == found(tmp_path, zipped({"年\\a.txt": REPORT}))


def test_a_member_whose_own_header_spells_its_name_otherwise_is_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"年报.txt": REPORT}))
    data[7] &= ~8  # its own header does not say UTF-8, the directory does

    assert {"!/年报.txt": REPORT} == found(tmp_path, bytes(data))


def test_a_tar_of_a_chinese_windows_has_its_names(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="gb18030") as archive:
        archive.addfile(tarfile.TarInfo("社旗县.txt"))

    assert {"!/社旗县.txt": b""} == found(tmp_path, out.getvalue())


HOSTILE = ["../../x", "/etc/passwd", "a\x1b[31m\n.txt", "n" * 10_000, "\u202etxt.exe", "b.zip!/c", "", "a" * 500 + "1", "a" * 500 + "2"]


def test_hostile_names_are_labels_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = tarred({name: REPORT for name in HOSTILE if name}, form=tarfile.GNU_FORMAT)
    for packed in (data, zipped({name: REPORT for name in HOSTILE if name})):
        listed = found(folder, packed)
        assert len(HOSTILE) - 1 == len(listed)
        assert {REPORT} == set(listed.values())
        assert all(len(name) < 260 and name.count("!/") == 1 for name in listed)
    assert [folder] == list(tmp_path.iterdir())
    assert [folder / "a"] == list(folder.iterdir())


def test_sources_are_unique_whatever_an_archive_holds(tmp_path: Path) -> None:
    names = ["a", "a", "a#2", "a", "b.zip", "b.zip!/c"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n, name in enumerate(names):
            archive.NameToInfo.clear()  # it warns of a second member of the name
            archive.writestr(zipfile.ZipInfo(name), zipped({"c": REPORT}) if name == "b.zip" else b"%d" % n)
    listed = found(tmp_path, out.getvalue())

    assert {"!/a": b"0", "!/a#2": b"1", "!/a#2#2": b"2", "!/a#3": b"3", "!/b.zip!/c": REPORT, "!/b.zip!·/c": b"5"} == listed
    assert list(listed) == list(found(tmp_path, out.getvalue()))


# What is passed over


def test_what_no_person_put_there_is_passed_over_and_counted(tmp_path: Path) -> None:
    names = ["a.txt", ".DS_Store", "__MACOSX/._a.txt", "x/Thumbs.db", "x/.git/config", "x/desktop.ini", "x/~$a.docx", "x/b.txt"]
    for data in (zipped(dict.fromkeys(names, REPORT)), tarred(dict.fromkeys(names, REPORT))):
        passed = PassedOver()
        assert ["!/a.txt", "!/x/b.txt"] == list(found(tmp_path, data, passed=passed))
        assert (6, 0) == (passed.hidden, passed.companions)
    assert "6 hidden" in str(passed)
    assert not str(PassedOver())
    folder = tmp_path / "folder"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(REPORT)
    passed = PassedOver()
    assert ["a.txt", "b.txt"] == [Path(one.source).name for one in inputs([folder], MAX, passed)]
    assert 6 == passed.hidden
    assert [str(folder / "x/Thumbs.db")] == [one.source for one in inputs([folder / "x/Thumbs.db"], MAX)], "named, so read"


PARTS = ["网/页.html", "网/页_files/a.css", "网/页_files/img/b.png", "二.files/c.js", "二.htm", "孤_files/d.txt", "三.txt", "三_files/e.txt"]
KEPT = {"网/页.html", "二.htm", "孤_files/d.txt", "三.txt", "三_files/e.txt"}


def test_the_parts_of_a_saved_page_are_passed_over_and_counted(tmp_path: Path) -> None:
    files = {name: name.encode() for name in PARTS}
    for data in (zipped(files), tarred(files), tarred(dict(reversed(files.items())), "w:gz")):
        passed = PassedOver()
        assert {f"!/{name}": name.encode() for name in KEPT} == found(tmp_path, data, passed=passed)
        assert (0, 3) == (passed.hidden, passed.companions)
    assert len(KEPT) == count([_write(tmp_path / "z", zipped(files))])
    for name, data in files.items():
        _write(tmp_path / "folder" / name, data)
    passed = PassedOver()
    listed = {Path(one.source).relative_to(tmp_path / "folder").as_posix() for one in inputs([tmp_path / "folder"], MAX, passed)}
    assert (KEPT, 3) == (listed, passed.companions)
    assert 2 == len(list(inputs([tmp_path / "folder/网/页_files"], MAX))), "named, so read"


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_parts_that_wait_for_their_page_do_not_fill_the_memory(tmp_path: Path) -> None:
    part = os.urandom(7_000_000)
    files = {f"p_files/{n}": part for n in range(6)} | {"p.html": PAGE}
    passed = PassedOver()
    listed = found(tmp_path, tarred(files), passed=passed)

    assert [f"!/p_files/{n}" for n in range(5)] + ["!/p.html"] == list(listed), "given out when too much waited"
    assert 1 == passed.companions


# What cannot be read


def test_members_that_cannot_be_read_say_why_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": REPORT, "b.txt": REPORT, "c.txt": REPORT, "d.txt": REPORT}, zipfile.ZIP_STORED))
    own = [m.start() for m in re.finditer(b"PK\x03\x04", data)]
    listed = [m.start() for m in re.finditer(b"PK\x01\x02", data)]
    data[own[0] + 6] |= 1
    data[listed[0] + 8] |= 1  # locked
    data[own[1] + 8] = data[listed[1] + 10] = 97  # an unknown method
    data[own[2] + 40] ^= 1  # another checksum

    assert {"!/a.txt": "ENCRYPTED", "!/b.txt": "METHOD_UNSUPPORTED", "!/c.txt": "MEMBER_BROKEN", "!/d.txt": REPORT} == found(tmp_path, bytes(data))


def test_links_devices_and_sparse_files_are_never_followed(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"x{kind.decode()}")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        sparse = tarfile.TarInfo("sparse")
        sparse.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,5", "GNU.sparse.size": str(10**13)}
        sparse.size = 5
        archive.addfile(sparse, io.BytesIO(b"12345"))
        archive.addfile(tarfile.TarInfo("after"))
    listed = found(tmp_path, out.getvalue())
    assert b"" == listed.pop("!/after")
    assert (6, {"MEMBER_NOT_A_FILE"}) == (len(listed), set(listed.values()))

    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    zipped_link = io.BytesIO()
    with zipfile.ZipFile(zipped_link, "w") as packed:
        packed.writestr(link, "/etc/passwd")
    assert {"!/link": "MEMBER_NOT_A_FILE"} == found(tmp_path, zipped_link.getvalue())


NOISE = {f"{n}.txt": os.urandom(3000) for n in range(5)}


@pytest.mark.parametrize("data", [
    zipped(NOISE), zipped(NOISE, zipfile.ZIP_STORED), tarred(NOISE), tarred(NOISE, "w:gz"),
])  # fmt: skip
def test_of_a_cut_archive_what_stands_before_the_cut_is_read(tmp_path: Path, data: bytes) -> None:
    listed = found(tmp_path, data[:9000])
    assert "ARCHIVE_BROKEN" == listed.pop("")
    whole = {name: data for name, data in listed.items() if isinstance(data, bytes)}

    assert {f"!/{n}.txt": NOISE[f"{n}.txt"] for n in range(2)} == whole
    assert {"!/2.txt": "ARCHIVE_BROKEN"} == {name: code for name, code in listed.items() if isinstance(code, str)}
    assert "members found before: 3" in errors(tmp_path, data[:9000])[-1][1], "how far it was read"


def test_a_zip_without_its_directory_is_read_by_its_members_own_headers(tmp_path: Path) -> None:
    out = io.BytesIO()

    class Pipe(io.RawIOBase):
        """Cannot seek, so that lengths stand behind the content."""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            return out.write(data)

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (NOISE | {"empty": b"", "dir/": b"", "z": bytes(200_000)}).items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if name != "dir/" else zipfile.ZIP_STORED)
    listed = found(tmp_path, out.getvalue()[: out.getvalue().index(b"PK\x01\x02")])

    assert {f"!/{name}": data for name, data in NOISE.items()} | {"!/empty": b"", "": "ARCHIVE_BROKEN"} == {k: listed[k] for k in list(listed) if k != "!/z"}


def test_a_tar_that_ends_too_early_or_too_late_is_not_taken_for_whole(tmp_path: Path) -> None:
    data = tarred(NOISE)
    block = 512 + 3072
    for broken in (data[: 2 * block], data[: 2 * block] + b"x" * 512 + data[2 * block + 512 :]):
        listed = found(tmp_path, broken)
        assert "ARCHIVE_BROKEN" == listed.pop("")
        assert ["!/0.txt", "!/1.txt"] == list(listed)
    joined = found(tmp_path, data + tarred({"more": REPORT}))
    assert (6, "ARCHIVE_BROKEN") == (len(joined), joined[""])


def test_what_stands_behind_a_compressed_file_is_not_dropped(tmp_path: Path) -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert {"": "ARCHIVE_BROKEN"} == found(tmp_path, pack(REPORT) + b"more")
        assert {"": "ARCHIVE_BROKEN"} == found(tmp_path, pack(REPORT)[:-6])
    assert {"": REPORT} == found(tmp_path, gzip.compress(REPORT) + bytes(100)), "padding"


def test_an_empty_archive_has_an_outcome(tmp_path: Path) -> None:
    assert {"": "ARCHIVE_EMPTY"} == found(tmp_path, zipped({}))
    assert 1 == count([tmp_path / "a"])


# JSON lines


def test_each_line_gives_its_report_or_why_there_is_none(tmp_path: Path) -> None:
    coded = {"path": "a/b.docx", "content": base64.encodebytes(docx()).decode(), "encoding": "base64"}
    data = lines(
        coded, {"text": "正文", "html": "<p>", "meta": {"url": "http://x/y"}}, {"title": "无"}, [1], {"text": "", "id": 7},
        {"content": "!", "encoding": "base64", "name": "n"},
    ) + b'{"text": \n\n{"text": "\\ud800"}\n'  # fmt: skip

    assert {
        "!/1/a/b.docx": docx(), "!/2/http://x/y": b"<p>", "!/3/无": "JSONL_NO_TEXT", "!/4": "JSONL_BAD_LINE", "!/5/7": b"",
        "!/6/n": "JSONL_BAD_LINE", "!/7": "JSONL_BAD_LINE", "!/9": "\ufffd".encode(),
    } == found(tmp_path, data)  # fmt: skip
    assert count([tmp_path / "a"]) is None


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_and_a_single_object_are_read_too(tmp_path: Path, indent: int | None) -> None:
    one = {"name": "a.html", "content": "正文" * 40_000}

    assert {f"!/{n}/a.html": one["content"].encode() for n in (1, 2, 3)} == found(tmp_path, json.dumps([one] * 3, indent=indent).encode())
    assert {"!/1/a.html": one["content"].encode()} == found(tmp_path, json.dumps(one, indent=indent, ensure_ascii=False).encode("gb18030"))
    cut = found(tmp_path, json.dumps([one] * 3, indent=indent).encode()[:-100])
    assert ["!/1/a.html", "!/2/a.html", "!/3"] == list(cut)
    assert "JSONL_BAD_LINE" == cut["!/3"]


@pytest.mark.parametrize("text", [
    b'{"code": 200, "data": {"page": "<table>"}}', b'{\n "code": 200\n}', b"[1, 2]", b'{"a" is no JSON', b"[" * 100_000, b'{"a":' * 100_000,
])  # fmt: skip
def test_other_texts_that_look_like_json_stay_reports(tmp_path: Path, text: bytes) -> None:
    assert {"": text} == found(tmp_path, text)


def test_our_own_records_are_refused(tmp_path: Path) -> None:
    record = {"source": "a.txt", "sha256": None, "form": None, "decision": "unreadable", "cells": [], "error": None}

    assert [("JSONL_OWN_RECORDS", 1)] == [(code, 1) for code, _ in errors(tmp_path, lines(record, record))]
    assert {"!/1": b"x", "!/2/a.txt": "JSONL_OWN_RECORDS"} == found(tmp_path, lines({"text": "x"}, record))


def test_json_lines_are_read_out_of_archives_and_their_members_are_limited(tmp_path: Path) -> None:
    data = lines({"text": "短"}, {"text": "长" * 2000}, {"x": "y" * 2_000_000}, {"text": "后"})
    expected = {"!/1": "短".encode(), "!/2": "FILE_TOO_LARGE", "!/3": "FILE_TOO_LARGE", "!/4": "后".encode()}

    assert expected == found(tmp_path, gzip.compress(data), most=3000)
    assert {f"!/d.jsonl{place}": what for place, what in expected.items()} == found(tmp_path, zipped({"d.jsonl": data}), most=3000)


# Limits


def test_a_member_is_never_unpacked_beyond_the_limit(tmp_path: Path) -> None:
    zeros, report = bytes(10**7), {"ok": REPORT}
    for data in (zipped({"z": zeros} | report), zipped({"z": zeros} | report, zipfile.ZIP_BZIP2), tarred({"z": zeros} | report, "w:xz")):
        assert {"!/z": "FILE_TOO_LARGE", "!/ok": REPORT} == found(tmp_path, data, most=100_000)
    assert {"": "FILE_TOO_LARGE"} == found(tmp_path, gzip.compress(zeros), most=100_000)


def within(data: bytes, limits: Limits) -> list[Input]:
    """What a file on the disk gives within other limits."""
    return list(reports(Stream(io.BytesIO(data).read, io.BytesIO(data), len(data)), "a", Run(limits, len(data), PassedOver())))


def test_a_file_may_unpack_to_so_many_times_its_size_and_no_more() -> None:
    honest = zipped({f"{n}": os.urandom(500) * 4 for n in range(50)})
    assert all(one.data for one in within(honest, Limits(10_000, allowance=0, ratio=20)))
    bomb = zipped({f"{n}": bytes(5000) for n in range(50)})
    nested = zipped({f"{n}": zipped({"z": bytes(5000)}) for n in range(50)})
    for data in (bomb, nested, gzip.compress(tarred({f"{n}": bytes(5000) for n in range(500)}))):
        listed = within(data, Limits(10_000, allowance=0, ratio=10))
        assert ("a", "ARCHIVE_TOO_LARGE") == (listed[-1].source, (listed[-1].error or ("",))[0])
        assert len(listed) > 1, "what came before is read"
        assert 10 * len(data) >= sum(len(one.data or b"") for one in listed)
        assert ["ARCHIVE_TOO_LARGE"] == [one.error[0] for one in listed if one.error]


def test_a_zip_within_an_archive_is_held_within_a_limit() -> None:
    inner = zipped({"x": os.urandom(3000)})
    listed = within(tarred({"i.zip": inner, "after": REPORT}), Limits(10_000, held=2000))

    assert [("a!/i.zip", "ARCHIVE_TOO_LARGE"), ("a!/after", "")] == [(one.source, one.error[0] if one.error else "") for one in listed]


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", REPORT)
        for n in range(5):
            twin = copy.copy(archive.filelist[0])
            twin.filename = twin.orig_filename = f"b{n}"
            archive.filelist.append(twin)
        archive.writestr("c", REPORT)
    listed = found(tmp_path, out.getvalue())

    assert REPORT == listed.pop("!/c")
    assert 5 <= list(listed.values()).count("MEMBER_BROKEN")


def test_a_directory_that_would_fill_the_memory_is_not_read() -> None:
    data = zipped({f"{n}": b"" for n in range(100)})

    assert [("ARCHIVE_TOO_LARGE")] == [one.error[0] for one in within(data, Limits(10, directory=1000)) if one.error]


def test_headers_made_to_hurt_are_refused(tmp_path: Path) -> None:
    def header(kind: bytes, size: int) -> bytes:
        member = tarfile.TarInfo("x")
        member.type, member.size = kind, size
        return member.tobuf(tarfile.GNU_FORMAT)

    digits = header(tarfile.XHDTYPE, 60_000) + b"1" * 60_416
    chain = header(tarfile.GNUTYPE_LONGNAME, 1) + bytes(512)
    for hurting in (header(tarfile.GNUTYPE_LONGNAME, 8 * 10**9), header(tarfile.XHDTYPE, 8 * 10**9), digits, chain * 5000):
        assert "ARCHIVE_BROKEN" == found(tmp_path, tarred({"a": REPORT})[:1024] + hurting)[""]


CHILD = """
import json, resource, sys, time
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
from pathlib import Path
from extractor.read.inputs import inputs
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
codes = {}
for one in inputs([Path(sys.argv[1])], 8_000_000):
    code = one.error[0] if one.error else "read"
    codes[code] = codes.get(code, 0) + 1
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([codes, (peak - before) / 1024, time.monotonic() - began]))
"""


def child(path: Path, *room: str) -> tuple[dict[str, int], float, float]:
    """What a process of its own reads out of a file: outcomes, memory that it took in MB, seconds."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(path), *room], cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=120)
    codes, memory, seconds = json.loads(done.stdout)
    return codes, memory, seconds


def zeros_in_tar() -> bytes:
    """A member of 10 GB of zeros in a file of 1 MB."""
    member = tarfile.TarInfo("zeros")
    member.size = 10**10
    return gzip.compress(member.tobuf()) + gzip.compress(bytes(10**8)) * 10


def zips_in_zip() -> bytes:
    """As 42.zip: 16 archives of 16 members of 16 MB of zeros."""
    part = zipped({f"{n}": bytes(16 * 10**6) for n in range(16)})
    return zipped({f"{n}.zip": part for n in range(16)})


@pytest.mark.parametrize(("bomb", "expected"), [
    (zeros_in_tar, {"FILE_TOO_LARGE": 1, "ARCHIVE_TOO_LARGE": 1}),
    (zips_in_zip, {"FILE_TOO_LARGE": 64, "ARCHIVE_TOO_LARGE": 1}),
    (lambda: gzip.compress(bytes(10**8)) * 50, {"FILE_TOO_LARGE": 1}),
    (lambda: bz2.compress(bytes(10**8)) * 50, {"FILE_TOO_LARGE": 1}),
    (lambda: gzip.compress(b'{"text": "x"}\n' + b'{"' + bytes(10**8)) + gzip.compress(bytes(10**8)) * 20, {"read": 1, "ARCHIVE_TOO_LARGE": 1}),
])  # fmt: skip
def test_bombs_cost_little_memory_and_time(tmp_path: Path, bomb: Callable[[], bytes], expected: dict[str, int]) -> None:
    data = bomb()
    assert len(data) < 5_000_000
    (tmp_path / "bomb").write_bytes(data)
    codes, memory, seconds = child(tmp_path / "bomb")

    assert expected.keys() == codes.keys()
    assert expected.get("ARCHIVE_TOO_LARGE", 1) == codes.get("ARCHIVE_TOO_LARGE", 1)
    assert memory < 150
    assert seconds < 60


def test_a_member_that_asks_for_all_memory_is_refused_where_there_is_less(tmp_path: Path) -> None:
    data = bytearray(zipped({"a": REPORT, "b": REPORT}, zipfile.ZIP_LZMA))
    data[36:40] = b"\xff" * 4  # the dictionary's size, in the first member's own header
    (tmp_path / "a").write_bytes(data)
    codes, _, _ = child(tmp_path / "a", str(2 * 1024**3))

    assert {"MEMBER_BROKEN": 1, "read": 1} == codes


def test_a_hundred_thousand_lines_are_read_in_the_memory_of_one(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl").open("wb") as file:
        for n in range(100_000):
            file.write(b'{"id": %d, "text": "%s"}\n' % (n, b"12345 " * 150))
    assert (tmp_path / "a.jsonl").stat().st_size > 90_000_000
    codes, memory, _ = child(tmp_path / "a.jsonl")

    assert {"read": 100_000} == codes
    assert memory < 30


# Whatever the bytes


DAMAGED = [
    zipped({"a.txt": REPORT, "b.zip": zipped({"c": PAGE}), "p.html": PAGE, "p_files/x": REPORT}),
    zipped({"a.txt": REPORT, "b": PAGE * 20}, zipfile.ZIP_BZIP2), zipped({"a.txt": REPORT}, zipfile.ZIP_LZMA),
    tarred({"a.txt": REPORT, "长" * 60: PAGE}), tarred({"a.txt": REPORT, "长" * 60: PAGE}, form=tarfile.GNU_FORMAT),
    tarred({"a.txt": REPORT, "b.gz": gzip.compress(PAGE)}, "w:gz"), tarred({"a.txt": REPORT}, "w:xz"), bz2.compress(REPORT),
    lines({"text": "正文", "path": "a"}, {"text": "b"}), json.dumps([{"text": "a"}, {"html": "b"}], indent=1).encode(),
]  # fmt: skip
DOCUMENTED = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/archives.md").read_text(encoding="utf-8"), re.MULTILINE))
CHANGES = st.lists(st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=6)), max_size=4)


@settings(max_examples=400, deadline=5_000, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(DAMAGED), CHANGES, st.one_of(st.none(), st.integers(0, 20_000)), st.binary(max_size=30))
def test_whatever_happens_to_an_archive_every_outcome_is_documented(data: bytes, changes: list[tuple[int, bytes]], cut: int | None, more: bytes) -> None:
    damaged = bytearray(data)
    for place, new in changes:
        at = place % len(data)
        damaged[at : at + len(new)] = new
    broken = bytes(damaged[: None if cut is None else cut % len(data)]) + more
    listed = within(broken, Limits(100_000, allowance=10**6))

    assert len(listed) == len({one.source for one in listed})
    assert all(one.source.isprintable() and (one.data is None) == (one.error is not None) for one in listed)
    assert {one.error[0] for one in listed if one.error} <= DOCUMENTED
    assert listed == within(broken, Limits(100_000, allowance=10**6))
    file = io.BytesIO(broken)
    from extractor.read.containers import count as count_in

    number = count_in(Stream(file.read, file, len(broken)))
    assert number is None or number >= 0


@settings(max_examples=200, deadline=5_000)
@given(st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b'{"text": ', b'[{"text": ', b"ustar"]), st.binary(max_size=2000))
def test_any_bytes_behind_a_mark_have_an_outcome(mark: bytes, rest: bytes) -> None:
    data = bytes(257) + mark + rest if mark == b"ustar" else mark + rest
    listed = within(data, Limits(100_000, allowance=10**6))

    assert listed
    assert {one.error[0] for one in listed if one.error} <= DOCUMENTED


# Files on the disk


def test_files_and_folders_come_in_the_order_of_discover(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f/b.txt").write_bytes(REPORT)
    (tmp_path / "f/a.zip").write_bytes(zipped({"x": PAGE}))
    (tmp_path / "f/link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "f/pipe")
    listed = [(one.source, one.error and one.error[0]) for one in inputs([tmp_path / "f"], MAX)]
    folder = str(tmp_path / "f")

    assert [f"{folder}/a.zip!/x", f"{folder}/b.txt", f"{folder}/link", f"{folder}/pipe"] == [source for source, _ in listed]
    assert [None, None, "FILE_UNREADABLE", "FILE_UNREADABLE"] == [code for _, code in listed]
    assert 4 == count([tmp_path / "f"])
    with pytest.raises(GoujiError, match="no such file"):
        next(inputs([tmp_path / "none"], MAX))


def test_a_zip_of_more_members_than_an_ordinary_zip_can_say_is_counted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many", "w") as archive:
        for n in range(70_000):
            archive.writestr(f"{n}", b"")
    assert struct.unpack("<H", (tmp_path / "many").read_bytes()[-12:-10]) == (0xFFFF,)

    assert 70_000 == count([tmp_path / "many"])
