"""The fuzzing itself: what it makes is damaged and always the same, what it checks can fail, and a child that hangs or dies is told of."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.fuzz import __main__ as program
from benchmarks.fuzz import checks
from benchmarks.fuzz import watch as watching
from benchmarks.fuzz.child import Bench, _damage
from benchmarks.fuzz.mutate import markup
from benchmarks.fuzz.seeds import READERS
from benchmarks.fuzz.watch import Watch
from extractor.read import read_bytes
from extractor.record import dumps
from extractor.types import Document, GridPlace, PagePlace, Placed, SheetPlace

SLOW_SEEDS = {"doc"}  # LibreOffice makes them


@pytest.mark.parametrize("name", sorted(READERS.keys() - SLOW_SEEDS))
def test_the_same_seed_damages_alike_and_not_too_much(name: str) -> None:
    reader = READERS[name]
    files = reader.files()
    first = [_damage(reader, files)(files[0], Random(n)) for n in range(12)]

    assert first == [_damage(reader, files)(files[0], Random(n)) for n in range(12)]
    assert len(set(first)) > 6
    assert max(map(len, first)) < 7_000_000


def test_most_damage_to_a_document_is_inside_its_parts() -> None:
    from extractor.read.sniff import Kind, sniff

    reader = READERS["docx"]
    files = reader.files()
    kinds = [sniff(reader.mutate(files[0], Random(n))) for n in range(40)]

    assert kinds.count(Kind.DOCX) > 25


def test_damage_takes_any_bytes() -> None:
    for reader in READERS.values():
        for data in (b"", b"<", b"PK\x03\x04", b"%PDF", b"{}", b"\n"):
            for n in range(6):
                assert isinstance(reader.mutate(data, Random(n)), bytes)


def a_document(**changes: Any) -> Document:
    fields = {"source": "a", "sha256": "0" * 64, "text": "甲\t1\n", "norm": "甲\t1\n", "encoding": "", "media_type": "text/html", "places": ()}
    return Document(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"text": " \n", "norm": " \n"},
        {"norm": "甲"},
        {"text": "甲\x07\n\n", "norm": "甲\t1\n"},
        {"text": "甲\ud800\n\n"},
        {"places": (Placed(0, 1, GridPlace(1, 1, 1)), Placed(0, 1, GridPlace(1, 1, 2)))},
        {"places": (Placed(2, 9, GridPlace(1, 1, 1)),)},
        {"places": (Placed(1, 1, GridPlace(1, 1, 1)),)},
        {"places": (Placed(0, 3, GridPlace(1, 1, 1)),)},
        {"places": (Placed(0, 1, GridPlace(1, 0, 1)),)},
        {"places": (Placed(0, 1, SheetPlace("", "A1")),)},
        {"places": (Placed(0, 1, SheetPlace("a", "A0")),)},
        {"places": (Placed(0, 1, PagePlace(0, 0, 0, 1, 1)),)},
        {"places": (Placed(0, 1, PagePlace(1, 2, 0, 1, 1)),)},
        {"places": (Placed(0, 1, PagePlace(1, float("nan"), 0, 1, 1)),)},
    ],
)
def test_a_document_that_breaks_a_promise_is_found(changes: dict[str, Any]) -> None:
    checks.check_document(a_document())

    with pytest.raises(checks.Broken):
        checks.check_document(a_document(**changes))


def test_a_code_that_nobody_knows_and_a_refusal_without_words_are_found() -> None:
    assert checks.refused("EMPTY_FILE", "the file is empty") == "EMPTY_FILE"
    for code, message in (("NEVER_HEARD_OF", "a word"), ("EMPTY_FILE", " "), ("EMPTY_FILE", "x" * 5000)):
        with pytest.raises(checks.Broken):
            checks.refused(code, message)


@pytest.mark.parametrize(("changed", "said"), [(lambda r: {**r, "cells": r["cells"][1:]}, "one cell"), (lambda r: {**r, "year": 1}, "not that of its record")])
def test_a_wrong_line_is_found(changed: Callable[[dict[str, Any]], dict[str, Any]], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = read_bytes(READERS["text"].files()[0], "a")
    checks.check_record(document)
    real = checks.written
    monkeypatch.setattr(checks, "written", lambda e, f: (dumps(changed(json.loads(real(e, f)[0]))), None))

    with pytest.raises(checks.Broken, match=said):
        checks.check_record(document)


class Told:
    """The pipe to the parent."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def write(self, line: str) -> None:
        """One message."""
        self.said.append(json.loads(line))

    def flush(self) -> None:
        """Nothing waits."""


def test_a_fault_is_told_with_its_place_and_a_smaller_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(data: bytes, whole: bool) -> checks.Outcome:
        if b"!" in data:
            raise KeyError("oh")
        return "read", ()

    monkeypatch.setattr(checks, "read", faulty)
    told: Any = Told()
    bench = Bench(READERS["text"], tmp_path, told)
    bench.run(b"fine")
    bench.run(b"a" * 500 + b"!" + b"b" * 500)

    failure = next(s for s in told.said if "failure" in s)
    assert failure["failure"]["kind"] == "KeyError"
    assert bytes.fromhex(failure["small"]) == b"!"
    assert ["read", "failed"] == [s["end"] for s in told.said if "end" in s]


@pytest.mark.parametrize(("deed", "expected"), [("while True: pass", "took too long"), ("bytearray(10**13)", "out of memory")])
def test_a_file_that_takes_all_is_told(deed: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.fuzz import child

    monkeypatch.setattr(child, "SECONDS", 0.3)
    monkeypatch.setattr(checks, "read", lambda data, whole: exec(deed))  # noqa: S102 - two words of ours
    before = signal.signal(signal.SIGPROF, child._ring)
    told: Any = Told()
    try:
        Bench(READERS["text"], tmp_path, told).run(b"x")
    finally:
        signal.signal(signal.SIGPROF, before)

    assert [expected] == [s["failure"]["kind"] for s in told.said if "failure" in s]


_CHILD = """
import json, os, sys, time
from pathlib import Path
Path(sys.argv[1], "current").write_bytes(b"deadly")
print(json.dumps({"begin": 1}), flush=True)
time.sleep(0.2)
DEED
"""
_READ = 'print(json.dumps({"end": "read", "seconds": 0, "bytes": 6, "data": None, "memory": 1}), flush=True)'


@pytest.mark.parametrize(("deed", "kind"), [("os.kill(os.getpid(), 9)", "died"), ("while True: pass", "hung"), ("time.sleep(600)", "hung"), ("os._exit(3)", "died")])
def test_a_child_that_is_lost_costs_one_file_and_the_next_goes_on(deed: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_HANGS", 0.3)
    monkeypatch.setattr(watching, "_WAITS", 0.6)
    watch = Watch("jsonl", 3, tmp_path)
    scripts = iter([_CHILD.replace("DEED", deed)])
    monkeypatch.setattr(watch, "_command", lambda: [sys.executable, "-c", next(scripts, _CHILD.replace("DEED", _READ)), str(watch._folder)])

    report = watch.run(300, lambda r: None, files=1)

    [failure] = report.failures.values()
    assert (kind, 1) == (failure["kind"], failure["count"])
    assert Path(failure["files"][0]).read_bytes() == b"deadly"
    assert report.inputs > 0
    assert report.children > 1


def test_a_failure_is_told_without_the_folder_of_the_machine(tmp_path: Path) -> None:
    watch = Watch("jsonl", 3, tmp_path)
    trace = f'File "{watching.ROOT}/extractor/pipeline.py", line 1, in extract'
    watch.failed({"kind": "x", "signature": "x", "detail": "", "trace": trace}, b"data", None)

    [failure] = watch.report.failures.values()
    assert 'File "extractor/pipeline.py", line 1, in extract' == failure["trace"]


def test_the_report_says_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.os, "nice", lambda n: 0)
    target = tmp_path / "report.json"

    code = program.main(["--reader", "jsonl", "--seconds", "300", "--files", "3", "--keep", str(tmp_path / "kept"), "--json", str(target)])

    [report] = json.loads(target.read_text("utf-8"))["readers"]
    assert (0 if not report["failures"] else 1) == code
    assert report["inputs"] == sum(report["outcomes"].values())
    assert report["inputs"] > 2
    assert "jsonl: " in capsys.readouterr().out


def test_markup_is_damaged_in_its_tags() -> None:
    page = b"<table><tr><td>1</td><td>2</td></tr></table>"
    made = [markup((b"<p>",), (b"rowspan",))(page, Random(n)) for n in range(60)]

    assert any(b"rowspan" in m for m in made)
    assert max(m.count(b"<table>") for m in made) > 1
