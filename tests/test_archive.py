"""Whole archives: a run may be killed anywhere and gone on with, duplicates are read once, and every way of working gives the same lines."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.damage import SHAPES, make_case
from cli import app
from extractor.archive import work as working
from extractor.archive.engine import Inline, Processes
from extractor.archive.inputs import Archive
from extractor.archive.known import Known
from extractor.archive.outputs import JsonLines
from extractor.archive.run import Done, Run
from extractor.archive.work import Options, Task, work
from extractor.batch import unread_line
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.read.inputs import Input

MANY = 130
ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()


def gouji(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def fill(folder: Path, reports: int, seed: int = 71_000) -> Path:
    """A folder of clean reports of every shape."""
    folder.mkdir(parents=True)
    for n in range(reports):
        case = make_case(FORMS[n % 2], seed + n, SHAPES[n % len(SHAPES)], "clean")
        (folder / f"{n:03}{case.suffix}").write_bytes(case.data)
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More reports than are in flight at a time."""
    return fill(tmp_path_factory.mktemp("many") / "reports", MANY)


@pytest.fixture(scope="module")
def undisturbed(archive: Path) -> list[str]:
    """The lines of one run without interruption."""
    return gouji("extract", archive, "--jsonl", "-", "--workers", 1).stdout.splitlines()


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve reports; they are read in one process where a test does not ask for more."""
    monkeypatch.setenv("GOUJI_WORKERS", "1")
    return fill(tmp_path / "few", 12)


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def start(*args: object) -> subprocess.Popen[str]:
    """The program as a person would start it."""
    command = [sys.executable, "cli.py", "extract", *(str(a) for a in args)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def killed(process: subprocess.Popen[str], enough: Callable[[], bool]) -> None:
    """Kill a run and its processes as soon as enough is done; it must not have ended by itself."""
    until = time.monotonic() + 60
    while not enough() and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert -signal.SIGKILL == process.returncode


def collect(run: Run, inputs: Archive) -> list[Done]:
    """Everything that a run gives."""

    async def all_of() -> list[Done]:
        return [done async for done in run.results(inputs)]

    return asyncio.run(all_of())


# Resuming


def test_a_run_killed_three_times_gives_what_an_undisturbed_one_gives(archive: Path, undisturbed: list[str], tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    part = tmp_path / "out.jsonl.part"
    for least in (1, 25, 50):
        killed(start(archive, "--jsonl", target, "--workers", 2), lambda least=least: part.exists() and part.read_bytes().count(b"\n") >= least)  # type: ignore[misc]
        assert not target.exists()
    part.write_bytes(part.read_bytes()[:-7])  # as a disk leaves a line that was being written
    done = gouji("extract", archive, "--jsonl", target)

    assert 0 == done.exit_code, done.stderr
    assert lines(target) == undisturbed
    assert [target] == list(tmp_path.iterdir())
    said = int(done.stderr.split(" read by an earlier run")[0].split(" · ")[-1])
    assert 49 <= said < MANY


def test_a_file_that_changed_between_the_runs_is_read_again_and_all_after_it(few: Path, tmp_path: Path) -> None:
    target, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    gouji("extract", few, "--jsonl", target)
    whole = lines(target)
    target.rename(part)
    (tmp_path / "out.jsonl.part.run").write_text(note_of(few, tmp_path), "utf-8")
    shutil.copy(few / "000.txt", few / "007.txt")
    (few / "003b.txt").write_bytes(b"")
    done = gouji("extract", few, "--jsonl", target)
    anew = gouji("extract", few, "--jsonl", "-")

    assert lines(target) == anew.stdout.splitlines()
    assert lines(target)[:4] == whole[:4]
    assert "4 read by an earlier run and not again" in done.stderr


def note_of(folder: Path, tmp_path: Path) -> str:
    """What a run with the usual options writes beside its lines: taken from one that is killed."""
    target = tmp_path / "other.jsonl"
    note = tmp_path / "other.jsonl.part.run"
    killed(start(folder, "--jsonl", target, "--workers", 1), lambda: note.exists() and note.stat().st_size > 0)
    said = note.read_text("utf-8")
    (tmp_path / "other.jsonl.part").unlink()
    note.unlink()
    return said


def test_fresh_and_other_options_read_everything_anew(few: Path, tmp_path: Path) -> None:
    target, part, note = (tmp_path / f"out.jsonl{end}" for end in ("", ".part", ".part.run"))

    def interrupted() -> None:
        gouji("extract", few, "--jsonl", target)
        note.write_text(note_of(few, tmp_path), "utf-8")
        target.rename(part)

    interrupted()
    assert "12 read by an earlier run" in gouji("extract", few, "--jsonl", target).stderr
    interrupted()
    assert "read by an earlier run" not in gouji("extract", few, "--jsonl", target, "--fresh").stderr
    interrupted()
    other = gouji("extract", few, "--jsonl", target, "--max-bytes", 7_000_000)
    assert "read by an earlier run" not in other.stderr
    assert "begun by another version or with other options" in other.stderr


def test_two_runs_never_write_one_file(few: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    first = JsonLines(target, {}, resume=True)
    given = Input("a.txt", b"a")
    first.write(given, unread_line("a.txt", given.sha256, "EMPTY_FILE", "nothing in it"), None)
    begun = (tmp_path / "out.jsonl.part").read_bytes()
    for how in ("--resume", "--fresh"):
        second = gouji("extract", few, "--jsonl", target, how)

        assert (2, True) == (second.exit_code, "another run is writing it" in second.stderr)
        assert begun == (tmp_path / "out.jsonl.part").read_bytes()
    first.close()
    assert 0 == gouji("extract", few, "--jsonl", target).exit_code


def test_a_store_is_gone_on_with_and_sees_what_changed(few: Path, tmp_path: Path) -> None:
    store = tmp_path / "gouji.sqlite"
    first = gouji("extract", few, "--db", store)
    again = gouji("extract", few, "--db", store)
    shutil.copy(few / "000.txt", few / "001.txt")
    changed = gouji("extract", few, "--db", store)
    fresh = gouji("extract", few, "--db", store, "--fresh")

    assert "12 new, 0 as before" in first.stderr
    assert "12 read by an earlier run and not again" in again.stderr
    assert "0 new, 12 as before" in again.stderr
    assert "1 new, 11 as before" in changed.stderr
    assert "0 new, 12 as before" in fresh.stderr
    assert "read by an earlier run" not in fresh.stderr


def test_a_killed_run_into_a_store_loses_and_doubles_nothing(archive: Path, undisturbed: list[str], tmp_path: Path) -> None:
    store = tmp_path / "gouji.sqlite"

    def saved() -> int:
        if not store.exists():
            return 0
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as c:
            try:
                return int(c.execute("select count(*) from run").fetchone()[0])
            except sqlite3.OperationalError:
                return 0

    killed(start(archive, "--db", store, "--workers", 2), lambda: saved() >= 32)
    before = saved()
    done = gouji("extract", archive, "--db", store)

    assert f"{before:,} read by an earlier run" in done.stderr
    assert MANY == saved()
    from extractor.store import open_store

    with open_store(str(store)) as kept:
        assert sorted(undisturbed) == sorted(kept.line(r.run) for r in kept.reports(limit=1000))


def test_an_output_that_lacks_a_report_gets_it_while_the_other_keeps_its_own(few: Path, tmp_path: Path) -> None:
    store = tmp_path / "gouji.sqlite"
    gouji("extract", few, "--db", store)
    both = gouji("extract", few, "--db", store, "--jsonl", tmp_path / "out.jsonl")

    assert 12 == len(lines(tmp_path / "out.jsonl"))
    assert "0 new, 12 as before" in both.stderr


# Duplicates


@pytest.mark.interpreted
def test_what_is_found_twice_is_read_once_and_recorded_twice(few: Path, tmp_path: Path) -> None:
    shutil.copy(few / "000.txt", few / "000-again.txt")  # right behind it: still being read
    shutil.copytree(few, few / "zz")  # long after it: done
    given = Archive([few], 8_000_000, frozenset())
    read: list[str] = []

    def counting(options: Options, tasks: Sequence[Task]) -> list[working.Result]:
        read.extend(t.source for t in tasks)
        return work(options, tasks)

    output = JsonLines(tmp_path / "out.jsonl", {}, resume=True)
    for known in (Known(), Known(output)):
        read.clear()
        outs = [output] if known is not None and known._output else []
        got = collect(Run(Inline(Options(), counting), outs, known), given)

        assert (26, 12) == (len(got), len(read))
        assert [str(p) for p in sorted(few.glob("*.*"))] + [str(p) for p in sorted((few / "zz").glob("*.*"))] == [d.given.source for d in got]
        assert 14 == sum(d.twin for d in got)
        alone = [json.loads(d.line.text) for d in got if d.line]
        assert all(r["source"] == d.given.source and r["sha256"] == d.given.sha256 for r, d in zip(alone, got, strict=True))
        by_hash = {r["sha256"]: {**r, "source": ""} for r in alone}
        assert all(by_hash[r["sha256"]] == {**r, "source": ""} for r in alone)
    output.close()


def test_twins_change_no_byte_of_the_output(few: Path, tmp_path: Path) -> None:
    shutil.copytree(few, few / "zz")
    together = gouji("extract", few, "--jsonl", "-", "--workers", 2)
    apart = [gouji("extract", f, "--jsonl", "-").stdout for f in [*sorted(few.glob("*.*")), *sorted((few / "zz").glob("*.*"))]]

    assert together.stdout == "".join(apart)
    assert "12 the same bytes as another, read once" in together.stderr


# Processes that fail


def deadly(options: Options, tasks: Sequence[Task]) -> list[working.Result]:
    """The work of a process that dies on one report, hangs on another, and takes all memory for a third."""
    for task in tasks:
        name = Path(task.source).name
        if name.startswith("003"):
            os._exit(9)
        if name.startswith("005"):
            time.sleep(60)
        if name.startswith("007"):
            bytearray(5_000_000_000)
        if name.startswith("009"):
            raise ZeroDivisionError
    return work(options, tasks)


def test_a_process_that_fails_costs_one_record_and_no_report(few: Path) -> None:
    engine = Processes(Options(), 2, deadly, limit=2.0)
    try:
        got = collect(Run(engine, [], Known(), limit=2.0), Archive([few], 8_000_000, frozenset()))
    finally:
        engine.close()

    assert [str(p) for p in sorted(few.iterdir())] == [d.line.summary.source for d in got if d.line]
    errors = {Path(d.given.source).name[:3]: d.line.summary.error for d in got if d.line and d.line.summary.error}
    assert {"003": "WORKER_DIED", "005": "TOOK_TOO_LONG", "007": "WORKER_DIED", "009": "INTERNAL_ERROR"} == errors


def slow(options: Options, tasks: Sequence[Task]) -> list[working.Result]:
    """Work that never ends in Python."""
    while any(Path(t.source).name.startswith("005") for t in tasks):
        pass
    return work(options, tasks)


@pytest.mark.interpreted
@pytest.mark.parametrize("models", [(), ("a-model",)])
def test_without_a_process_of_its_own_a_report_has_a_time_limit_too(few: Path, models: tuple[str, ...]) -> None:
    """In the main thread by a signal, in another between two steps of Python."""
    engine = Inline(Options(models=models), lambda o, t: slow(Options(), t), limit=1.0)
    got = collect(Run(engine, [], Known(), limit=1.0), Archive([few], 8_000_000, frozenset()))
    engine.close()

    assert {"005": "TOOK_TOO_LONG"} == {Path(d.given.source).name[:3]: d.line.summary.error for d in got if d.line and d.line.summary.error}


def deaf(options: Options, tasks: Sequence[Task]) -> list[working.Result]:
    """Work that never ends and hears no signal, as compiled code does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    return slow(options, tasks)


def test_compiled_code_which_hears_no_signal_has_a_process_of_its_own_and_a_time_limit(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extractor.archive.engine.compiled", lambda: True)
    engine = Inline(Options(), deaf, limit=1.0)
    try:
        got = collect(Run(engine, [], Known(), limit=1.0), Archive([few], 8_000_000, frozenset()))
    finally:
        engine.close()

    assert {"005": "TOOK_TOO_LONG"} == {Path(d.given.source).name[:3]: d.line.summary.error for d in got if d.line and d.line.summary.error}


def test_a_process_may_not_take_more_than_its_memory() -> None:
    code = "from extractor.archive.engine import limit_memory; limit_memory(100_000_000)\ntry:\n bytearray(300_000_000)\nexcept MemoryError: print('refused')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "refused" == done.stdout.strip()


# Outputs that fail


def limited() -> None:
    """No file of more than 200 kB, as on a full disk: writing on gives an error and not a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_a_full_disk_stops_the_run_with_a_word_and_keeps_what_is_written(few: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    command = [sys.executable, "cli.py", "extract", str(few), "--jsonl", str(target), "--workers", "1"]
    full = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limited)

    assert 2 == full.returncode
    assert f"{target}.part: cannot be written: File too large; what is written stays" in full.stderr
    assert "Traceback" not in full.stderr
    done = gouji("extract", few, "--jsonl", target)
    assert lines(target) == gouji("extract", few, "--jsonl", "-").stdout.splitlines()
    assert "read by an earlier run" in done.stderr


@pytest.mark.parametrize(("target", "said"), [("/dev/full", "No space left on device"), ("/proc/out.jsonl", "cannot be written")])
def test_a_place_that_takes_nothing_is_named(few: Path, target: str, said: str) -> None:
    done = gouji("extract", few, "--jsonl", target)

    assert 2 == done.exit_code
    assert target in done.stderr
    assert said in done.stderr


def test_a_locked_database_stops_the_run_with_a_word(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "gouji.sqlite"
    gouji("extract", few / "000.txt", "--db", store)
    monkeypatch.setattr("extractor.store.engine._BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(store, isolation_level=None)
    holder.execute("begin immediate")
    locked = gouji("extract", few, "--db", store)
    holder.close()

    assert 2 == locked.exit_code
    assert "database is locked" in locked.stderr
    assert "11 new, 1 as before" in gouji("extract", few, "--db", store).stderr


# Parquet


def tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The dataset as pandas or anybody reads it."""
    from pyarrow import dataset

    return {name: dataset.dataset(folder / name, format="parquet").to_table().to_pylist() for name in ("reports", "cells", "findings")}


def test_a_dataset_holds_what_the_records_hold(few: Path, tmp_path: Path) -> None:
    gouji("extract", few, "--parquet", tmp_path / "set", "--jsonl", tmp_path / "out.jsonl")
    held, records = tables(tmp_path / "set"), [json.loads(x) for x in lines(tmp_path / "out.jsonl")]

    assert lines(tmp_path / "out.jsonl") == [r["record"] for r in held["reports"]]
    assert [c["value"] for r in records for c in r["cells"]] == [None if c["figure"] is None else float(c["figure"]) for c in held["cells"]]
    assert all(c["value"] is None or str(c["value"].normalize()) == str(type(c["value"])(c["figure"]).normalize()) for c in held["cells"])
    assert [(c["status"], c["printed"], c["decision"], " ".join(c["codes"])) for r in records for c in r["cells"]] == [
        (c["status"], c["printed"], c["decision"], c["codes"]) for c in held["cells"]
    ]
    assert [f["rule"] for r in records for f in r["findings"]] == [f["rule"] for f in held["findings"]]


def test_a_dataset_is_gone_on_with_from_its_last_whole_part(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from extractor.archive import parquet

    monkeypatch.setattr(parquet, "_PART", 5)
    whole, part = tmp_path / "whole", tmp_path / "part"
    gouji("extract", few, "--parquet", whole)
    gouji("extract", few, "--parquet", part)
    (part / "reports" / "part-000001.parquet").unlink()  # a run that was killed before it wrote the last file of a part
    (part / "reports" / "part-000002.parquet").unlink()
    again = gouji("extract", few, "--parquet", part)

    assert "5 read by an earlier run and not again" in again.stderr
    assert tables(whole) == tables(part)
    shutil.copy(few / "000.txt", few / "001.txt")
    changed = gouji("extract", few, "--parquet", part)
    assert "11 read by an earlier run and not again" in changed.stderr
    assert Counter(r["source"] for r in tables(part)["reports"]) == Counter(str(p) for p in few.iterdir())
    assert all(r["form"] for r in tables(part)["cells"])


def test_a_dataset_in_the_folder_that_is_read_is_no_report(few: Path) -> None:
    for _ in range(2):
        done = gouji("extract", few, "--parquet", few / "set")

        assert (0, True) == (done.exit_code, "12 reports" in done.stderr), done.stderr
    assert "3 files that this run writes" in done.stderr


def test_a_dataset_of_another_program_is_not_added_to(few: Path, tmp_path: Path) -> None:
    gouji("extract", few, "--parquet", tmp_path / "set")
    other = gouji("extract", few, "--parquet", tmp_path / "set", "--max-bytes", 7_000_000)
    fresh = gouji("extract", few, "--parquet", tmp_path / "set", "--max-bytes", 7_000_000, "--fresh")

    assert (2, True) == (other.exit_code, "written by another version" in other.stderr)
    assert 0 == fresh.exit_code
    assert 12 == len(tables(tmp_path / "set")["reports"])


def test_a_dataset_may_be_wherever_fsspec_writes(few: Path) -> None:
    import fsspec
    from pyarrow import parquet

    done = gouji("extract", few, "--parquet", "memory://sets/a")
    memory = fsspec.filesystem("memory")
    with memory.open("/sets/a/reports/part-000000.parquet") as file:
        held = parquet.read_table(file)

    assert 0 == done.exit_code, done.stderr
    assert 12 == held.num_rows
    nowhere = gouji("extract", few, "--parquet", "nowhere://a")
    assert (2, True) == (nowhere.exit_code, "nowhere" in nowhere.stderr)


# The rest


def test_what_is_no_engine_is_said(few: Path) -> None:
    for engine, said in (("spark", "give local, dask"), ("tcp://127.0.0.1:9", "no Dask scheduler answers there")):
        done = gouji("extract", few, "--engine", engine)
        assert (2, True) == (done.exit_code, said in done.stderr), done.stderr


def test_a_run_that_has_nothing_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = gouji("extract", tmp_path / "empty", "--jsonl", tmp_path / "out.jsonl")

    assert 2 == done.exit_code
    assert [tmp_path / "empty"] == list(tmp_path.iterdir())


def test_known_lines_come_back_as_they_were() -> None:
    known = Known()
    known.put("ab" * 32, "一行\ud800", None)
    assert ("一行\ud800", None) == (known.get("ab" * 32), known.get("cd" * 32))
    known.close()


def test_a_folder_is_no_file_to_write() -> None:
    with pytest.raises(GoujiError, match="is a folder"):
        JsonLines(ROOT, {}, resume=True)


def endless_pdf() -> bytes:
    """A form that draws itself twice keeps PDFium busy for ever, out of reach of any signal."""
    again = b"q 1 0 0 1 0 0 cm /F Do Q q 1 0 0 1 0 0 cm /F Do Q"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(again), again),
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /F 5 0 R >> >> /Length %d >>\nstream\n%s\nendstream" % (len(again), again),
    ]
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, part) for n, part in enumerate(parts, 1))
    return body + b"trailer << /Root 1 0 R /Size 6 >>\n%%EOF\n"


def test_a_pdf_that_never_comes_back_is_stopped_even_when_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / "loop.pdf").write_bytes(endless_pdf())
    engine = Inline(Options(), limit=4.0)
    try:
        (done,) = collect(Run(engine, [], Known(), limit=4.0), Archive([tmp_path], 8_000_000, frozenset()))
    finally:
        engine.close()

    assert done.line is not None
    assert "TOOK_TOO_LONG" == done.line.summary.error
