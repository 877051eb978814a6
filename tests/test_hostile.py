"""Files made to harm, names made to deceive and things that are no files: each has its record, and every other report keeps its own."""

from __future__ import annotations

import json
import os
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.damage import make_case
from cli import app
from extractor.archive.engine import MEMORY_LIMIT
from extractor.errors import ReportUnreadable
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.record import dumps, to_record
from tests.files_support import within_the_limit
from tests.hostile_support import FORMS, HARM, NAMES, READ, WORD, huge, listening, sound, with_part

ROOT = Path(__file__).resolve().parent.parent
DECEIVING = {c for c in map(chr, range(0x110000)) if not c.isprintable() and c not in "\n\u3000"}


def gouji(*args: object, seconds: float = 60, **more: Any) -> subprocess.CompletedProcess[bytes]:
    """One command as a person would give it."""
    command = [sys.executable, str(ROOT / "cli.py"), *(a if isinstance(a, bytes) else str(a) for a in args)]
    return subprocess.run(command, capture_output=True, check=False, timeout=seconds, **{"cwd": ROOT, **more})


def records(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def code(record: dict[str, Any]) -> str:
    return record["error"]["code"] if record["error"] else READ


def shown(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a person is shown."""
    return done.stderr.decode()


# Files made to harm


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that harms, with a sound report after every third of it."""
    folder = tmp_path_factory.mktemp("hostile")
    for n, (name, (make, _)) in enumerate(HARM.items()):
        (folder / f"{n:02}-{name}").write_bytes(make())
        if n % 3 == 0:
            (folder / f"{n:02}-sound.txt").write_bytes(sound(n))
    return folder


@pytest.fixture(scope="module")
def outcome(hostile: Path) -> tuple[list[dict[str, Any]], int]:
    """The records of one run over it, and the most memory that one of its processes held."""
    done = gouji("extract", hostile, "--jsonl", "-", "--workers", 2, seconds=300)
    assert done.returncode == 1, shown(done)
    return records(done), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def test_every_file_has_one_record_in_the_order_of_the_files(hostile: Path, outcome: tuple[list[dict[str, Any]], int]) -> None:
    found = outcome[0]

    files = [str(p) for p in sorted(hostile.iterdir())]
    assert files == list(dict.fromkeys(r["source"].partition("!/")[0] for r in found))
    assert len(found) == len({r["source"] for r in found})


@pytest.mark.parametrize("name", HARM)
def test_what_harms_is_refused_with_a_word(name: str, outcome: tuple[list[dict[str, Any]], int]) -> None:
    n = list(HARM).index(name)
    [record] = [r for r in outcome[0] if Path(r["source"].partition("!/")[0]).name == f"{n:02}-{name}"]

    assert code(record) in HARM[name][1], record["error"]
    if record["error"]:
        assert len(record["error"]["message"]) > 20


def test_the_reports_beside_keep_their_records(hostile: Path, outcome: tuple[list[dict[str, Any]], int]) -> None:
    beside = {Path(r["source"]).name: r for r in outcome[0] if "-sound." in r["source"]}
    alone = records(gouji("extract", *sorted(hostile.glob("*-sound.txt")), "--jsonl", "-"))

    assert len(alone) > 5
    assert {Path(r["source"]).name: r for r in alone} == beside
    assert {READ} == {code(r) for r in alone}


def test_harm_costs_little_memory(outcome: tuple[list[dict[str, Any]], int]) -> None:
    _, memory = outcome

    assert memory < MEMORY_LIMIT


HEADS = (
    b"", "政府信息公开".encode(), b"%PDF-1.4\n", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"BZh9", b'{"text": "', b'[{"text": "', b"ustar".rjust(262, b"\0"), b"{\\rtf1 ",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n", b"\x89PNG", b"<html><table>",
)  # fmt: skip
REFUSED = {"FILE_TOO_LARGE", "ARCHIVE_BROKEN", "ARCHIVE_EMPTY", "ARCHIVE_TOO_LARGE", "JSONL_BAD_LINE", "MEMBER_BROKEN"}


def test_files_of_ten_gigabytes_are_not_loaded(tmp_path: Path) -> None:
    for n, head in enumerate(HEADS):
        huge(tmp_path / f"{n:02}", head)
    (tmp_path / "sound.txt").write_bytes(sound())
    limit = 3_000_000_000

    done = gouji("extract", tmp_path, "--jsonl", "-", "--workers", 1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    *refused, read = records(done)
    last = {Path(r["source"].partition("!/")[0]).name: code(r) for r in refused}
    assert [f"{n:02}" for n in range(len(HEADS))] == list(last)
    assert REFUSED >= set(last.values()), last
    assert READ == code(read)


def test_a_refusal_quotes_little_of_the_file_and_nothing_that_steers_a_terminal() -> None:
    long = b"<" + b"n" * 50_000 + b"></x>"
    parts = [lambda _: long, lambda _: "<a>\u202e\x85</b\u202e\x85>".encode()]
    for change in parts:
        with pytest.raises(ReportUnreadable) as refused:
            read_bytes(with_part("docx", WORD, change), "a")

        assert len(refused.value.message) < 600
        assert not DECEIVING & set(refused.value.message)


# What is printed where figures stand


@pytest.mark.parametrize("printed", ["-999", "9" * 29, "9" * 101, "9" * 5000, "0." + "9" * 5000, "9," * 3000 + "9", "-" + "9" * 20, "9" * 30 + "万元"])
@pytest.mark.parametrize("shape", ["tab-rows", "flat"])
def test_a_figure_that_is_none_costs_its_cell_and_not_the_report(printed: str, shape: str) -> None:
    for form in FORMS:
        text = make_case(form, 71_001, shape, "clean").text
        for at in list(re.finditer(r"(?<=[\t ])\d+(?=[\t\n ])", text))[::25]:
            extraction = extract(read_bytes((text[: at.start()] + printed + text[at.end() :]).encode(), "a"))

            cells = json.loads(dumps(to_record(extraction, form)))["cells"]
            assert len(form.fields) == len(cells)


@pytest.mark.parametrize("filler", ["\n", " ", "2020 ", "#\n", "（一）予以公开\n", "三、收到和处理政府信息公开申请情况\n", "1\t", "-", "|", "（", "1."])
def test_a_long_text_takes_little_more_than_its_length(filler: str) -> None:
    """What grows with the square of a text would take minutes here."""
    text = sound().decode() + "\n某局\n2020" + filler * (150_000 // len(filler))
    with within_the_limit():
        extract(read_bytes(text.encode(), "a"))
        extract(read_bytes(("x" + filler * (150_000 // len(filler))).encode(), "a"))


def test_rows_that_lack_cells_are_not_each_held_against_all_others() -> None:
    """Found by fuzzing: a row with an empty cell too many asked every other row where figures begin."""
    rows = "（一）予以公开\t1\t\t2\t3\n（一）予以公开\t1\t2\t3\t4\t5\t6\t7\n"
    text = f"{sound().decode()}\n三、收到和处理政府信息公开申请情况\n{rows * (150_000 // len(rows))}"
    with within_the_limit():
        assert extract(read_bytes(text.encode(), "a")).form


# Names made to deceive


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files under hostile names: a report, and something that gets an error, in turn."""
    folder = tmp_path_factory.mktemp("named")
    for n, name in enumerate(NAMES):
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:  # noqa: PTH123 - Path takes no bytes
            file.write(sound() if n % 2 else b"\0" * 9)
    return folder


def test_hostile_names_have_their_records_and_are_shown_harmless(named: Path) -> None:
    done = gouji("extract", named, "--jsonl", "-", "--workers", 2)
    found = records(done)

    names = [os.fsencode(p.name).decode("utf-8", "replace") for p in sorted(named.iterdir())]
    assert names == [Path(r["source"]).name for r in found]
    assert not DECEIVING & set(shown(done)), sorted(DECEIVING & set(shown(done)))
    assert not (ROOT / "pwned").exists()


@pytest.mark.parametrize("command", [("extract",), ("check",)])
def test_a_table_of_hostile_names_is_shown_harmless(named: Path, command: tuple[str, ...]) -> None:
    done = gouji(*command, named)

    said = done.stdout.decode() + shown(done)
    assert not DECEIVING & set(said), sorted(DECEIVING & set(said))
    assert "red" in said
    assert "Traceback" not in said


def test_hostile_names_that_do_not_exist_are_said_harmless(tmp_path: Path) -> None:
    for name in NAMES:
        done = CliRunner().invoke(app, ["extract", "--", os.fsdecode(os.fsencode(tmp_path) + b"/none/" + name)])

        assert done.exit_code == 2
        assert not DECEIVING & set(done.stderr), (name, done.stderr)


def test_a_file_named_like_an_option_is_a_file(named: Path) -> None:
    found = records(gouji("extract", "--jsonl", "-", "--", "--jsonl", "--help", cwd=named))

    assert ["--jsonl", "--help"] == [r["source"] for r in found]


# What is no file


@pytest.fixture
def special(tmp_path: Path) -> Iterator[Path]:
    """A pipe, a socket, a device and links that lead nowhere, to themselves and to what never ends, beside two reports."""
    os.mkfifo(tmp_path / "b-pipe")
    s = listening(tmp_path / "c-socket")
    (tmp_path / "d-device").symlink_to("/dev/zero")
    (tmp_path / "e-nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "f-itself").symlink_to(tmp_path / "f-itself")
    (tmp_path / "g-folder").symlink_to(tmp_path)
    (tmp_path / "h-memory").symlink_to("/proc/self/mem")
    for name in ("a-sound.txt", "z-sound.txt"):
        (tmp_path / name).write_bytes(sound())
    yield tmp_path
    s.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_what_is_no_file_has_a_record_and_is_never_waited_for(special: Path) -> None:
    found = {Path(r["source"]).name: r for r in records(gouji("extract", special, "--jsonl", "-", seconds=30))}

    assert ["a-sound.txt", "b-pipe", "c-socket", "d-device", "e-nowhere", "f-itself", "h-memory", "z-sound.txt"] == list(found)
    odd = [r for name, r in found.items() if "sound" not in name]
    assert {"FILE_UNREADABLE"} == {code(r) for name, r in found.items() if "sound" not in name and name != "h-memory"}, odd
    assert code(found["h-memory"]) in {"FILE_UNREADABLE", "EMPTY_FILE"}
    assert READ == code(found["a-sound.txt"]) == code(found["z-sound.txt"])


_AS_NOBODY = """
import json, os, sys
from pathlib import Path
from extractor.archive.inputs import Archive
from extractor.archive.work import Options, prepare
prepare(Options())
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
print(json.dumps([[Path(i.source).name, (i.error or [""])[0]] for i in Archive([Path(sys.argv[1])], 1000000, frozenset())]))
"""


def test_what_may_not_be_read_has_a_record(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o055)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(sound())
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "c.txt").write_bytes(sound())
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        done = subprocess.run([sys.executable, "-c", _AS_NOBODY, str(tmp_path)], capture_output=True, cwd=ROOT, check=False, text=True)
    finally:
        (tmp_path / "closed").chmod(0o755)

    assert [["a.txt", "FILE_UNREADABLE"], ["b.txt", ""], ["closed", "FILE_UNREADABLE"]] == json.loads(done.stdout), done.stderr


def test_a_report_is_read_by_what_it_is_and_not_by_its_name() -> None:
    assert read_bytes(sound(), "a.pdf").text == read_bytes(sound(), "a.txt").text
