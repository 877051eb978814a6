"""The store of replies: nothing is lost to a kill, nothing is asked twice, and what was recorded answers offline."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Fault, ModelServer, Options
from benchmarks.standin import questions, read_lines
from cli import app
from extractor.errors import GoujiError
from extractor.model.exchange import export_lines, import_file
from extractor.model.question import Answer, AnswerKind
from extractor.model.replay import Replay
from extractor.model.replies import Replies
from tests.model_support import KEY, MODEL, ask, question, server, settings

ROOT = Path(__file__).resolve().parent.parent
REPORTS = 60
# Faults after which a question is put again, and both kinds of final replies.
FAULTS = tuple(f for f in Fault if f is not Fault.STALLED)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where replies go."""
    return tmp_path / "replies.sqlite"


def gouji(*args: object) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, [str(a) for a in args])


def replay(store: Path, model: str = MODEL) -> tuple[list[Answer], Replay]:
    """What the store says to two questions."""

    async def work(replies: Replies) -> tuple[list[Answer], Replay]:
        asker = Replay(replies, model)
        return [await asker.ask(question(n)) for n in (0, 1)], asker

    with Replies(store, create=False) as replies:
        return asyncio.run(work(replies))


# Killing


def worker(url: str, store: Path) -> subprocess.Popen[str]:
    """A process that asks everything."""
    command = [sys.executable, "-m", "benchmarks.standin", "--url", url, "--store", str(store), "--reports", str(REPORTS)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a process said that was left to end."""
    out, _ = process.communicate(timeout=60)
    said: dict[str, Any] = json.loads(out)
    return said


def killed_once_it_has_asked(running: ModelServer, store: Path, more: int) -> None:
    """Start, and kill -9 when the server has had so many more requests."""
    until = running.books.requests + more
    with worker(running.url, store) as process:
        deadline = time.monotonic() + 30
        while running.books.requests < until and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.001)
        assert process.poll() is None, "the worker ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert -signal.SIGKILL == process.returncode


def test_three_kills_cost_nothing(tmp_path: Path) -> None:
    """With 30 % of calls faulty: the same number of answered calls as undisturbed, and the ledger is the server's own count."""
    options = Options(read_lines, seed=7, share=0.3, kinds=FAULTS, latency=0.01)
    draw = Random(20)
    with ModelServer(options) as calm:
        undisturbed = finished(worker(calm.url, tmp_path / "calm.sqlite"))
    with ModelServer(options) as running:
        for _ in range(3):
            killed_once_it_has_asked(running, tmp_path / "killed.sqlite", draw.randrange(15, 45))
        last = finished(worker(running.url, tmp_path / "killed.sqlite"))

    assert len(questions(REPORTS)) == sum(last["outcomes"].values())
    assert undisturbed["outcomes"] == last["outcomes"]
    assert {"answered", "refused", "truncated"} <= set(last["outcomes"])
    assert "unreachable" not in last["outcomes"]
    assert 0 == undisturbed["wrong"] == last["wrong"] == last["unknown"] == last["uncounted"]
    assert calm.books.answered == running.books.answered
    for books, said in ((calm.books, undisturbed), (running.books, last)):
        assert {n: books.usage[n] for n in ("input", "cached", "output", "reasoning")} == {n: said["stored"][n] for n in said["stored"] if n != "requests"}
    assert last["used"]["input"] < last["stored"]["input"]


def test_a_server_that_forgets_charges_a_lost_reply_again_and_that_is_said(store: Path) -> None:
    with server(Fault.DROPPED_MIDWAY, idempotent=False) as running:
        ask(settings(running.url, attempts=2), store, [question()])
        with Replies(store) as replies:
            assert (2, 1, 0) == (running.books.answered, replies.unknown_outcomes(), replies.repeated())
    with server() as running:
        ask(settings(running.url), store, [question()])
    with Replies(store) as replies:
        assert (0, 2) == (replies.unknown_outcomes(), replies.repeated())


# The file


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "a.txt", tmp_path / "b.sqlite"
    text.write_text("not a database, but long enough to be looked at as one" * 20, encoding="utf-8")
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE something (x)")
    db.close()

    for path in (text, other):
        with pytest.raises(GoujiError, match="GOUJI_REPLIES"):
            Replies(path)
    with pytest.raises(GoujiError, match="gouji replies import"):
        Replies(tmp_path / "none.sqlite", create=False)


def test_a_transaction_that_fails_leaves_nothing(store: Path) -> None:
    with Replies(store) as replies:
        with pytest.raises(sqlite3.IntegrityError), replies.writing():
            replies.begin(question(), MODEL, str(replies.begin(question(), MODEL, "{}", "t")), None)  # type: ignore[arg-type]
        assert [] == list(replies.every())


def test_two_processes_may_write_to_one_store(store: Path) -> None:
    """Every writer waits its turn; none is refused."""
    code = (
        "import sys; from pathlib import Path; from extractor.model.replies import Replies; from tests.model_support import question\n"
        "with Replies(Path(sys.argv[1])) as r:\n"
        "    for n in range(150): r.finish(r.begin(question(n), 'm', '{}', f'{sys.argv[2]}-{n}'), 200, '{}')"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(store), str(n)], cwd=ROOT) for n in range(3)]

    assert [0, 0, 0] == [w.wait(60) for w in writers]
    with Replies(store) as replies:
        assert 450 == replies.count()


# Replay


def test_recorded_replies_answer_offline_and_what_is_missing_is_named(store: Path) -> None:
    with server() as running:
        live, _ = ask(settings(running.url), store, [question()])
    (known, missing), asker = replay(store)

    assert (live[0].reply, live[0].usage, True) == (known.reply, known.usage, known.recorded)
    assert AnswerKind.NOT_RECORDED is missing.kind
    assert [question(1)] == list(asker.missing.values())
    for word in (question(1).report[:12], "table requests", "all rows", "gouji replies import"):
        assert word in missing.message


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.REFUSED, Fault.NOT_JSON])
def test_a_replay_ends_as_the_live_run_did(fault: Fault, store: Path) -> None:
    with server(fault) as running:
        (live,), _ = ask(settings(running.url), store, [question()])
    (known, _), _ = replay(store)

    assert (live.kind, live.usage, live.message, live.raw) == (known.kind, known.usage, known.message, known.raw)


def test_attempts_without_a_reply_are_no_recording(store: Path) -> None:
    ask(settings("http://127.0.0.1:9/v1", attempts=1), store, [question()])
    (first, _), _ = replay(store)

    assert (AnswerKind.NOT_RECORDED, True) == (first.kind, "only attempts without a reply" in first.message)


# Import and export


def test_what_is_exported_can_be_imported_and_answers_the_same(store: Path, tmp_path: Path) -> None:
    lines, other = tmp_path / "lines.jsonl", tmp_path / "other.sqlite"
    with server(Fault.NOT_JSON, Fault.BROKEN, share=0.5) as running:
        ask(settings(running.url), store, [question(n) for n in range(6)])
    exported = gouji("replies", "export", lines, "--replies", store)
    imported = gouji("replies", "import", lines, "--replies", other)
    again = gouji("replies", "import", lines, "--replies", other)
    back = gouji("replies", "import", lines, "--replies", store)
    count = len(lines.read_text("utf-8").splitlines())

    assert count >= 6
    assert [0] * 4 == [r.exit_code for r in (exported, imported, again, back)]
    assert f"{count} new, 0 known before" in imported.stdout.replace("\n", " ")
    assert f"0 new, {count} known before" in again.stdout == back.stdout
    assert [a.reply for a in replay(store)[0]] == [a.reply for a in replay(other)[0]]
    assert KEY not in lines.read_text("utf-8")
    with Replies(other) as replies, Replies(store) as original:
        assert list(export_lines(original)) == list(export_lines(replies))
        assert [] == list(replies.entries())  # others paid
        assert [] == list(export_lines(replies, model="another model"))


def test_a_line_holds_what_the_documentation_says(store: Path) -> None:
    with server() as running:
        ask(settings(running.url), store, [question()])
    with Replies(store) as replies:
        (line,) = map(json.loads, export_lines(replies))
    documented = (ROOT / "docs" / "replies.md").read_text("utf-8")

    assert {"request_hash", "request", "reply", "model", "usage"} <= set(line)
    assert [] == [name for name in line if f"`{name}`" not in documented]
    assert question().key(MODEL) == line["request_hash"]
    assert "row 0\t0 1" == line["request"]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "line 2"), ('{"request_hash": "x"}', "request_hash"), ("[]", "line 2"), ('{"model": "m", "key": "sk"}', "line 2")],
)
def test_a_wrong_line_is_named_and_nothing_is_taken(text: str, said: str, store: Path, tmp_path: Path) -> None:
    with server() as running:
        ask(settings(running.url), tmp_path / "good.sqlite", [question()])
    lines = tmp_path / "lines.jsonl"
    gouji("replies", "export", lines, "--replies", tmp_path / "good.sqlite")
    lines.write_text(lines.read_text("utf-8") + text + "\n", encoding="utf-8")
    done = gouji("replies", "import", lines, "--replies", store)

    assert (2, True, True) == (done.exit_code, said in done.stderr, "docs/replies.md" in done.stderr)
    with Replies(store) as replies:
        assert 0 == replies.count()


def test_files_that_cannot_be_read_or_written_are_named(store: Path, tmp_path: Path) -> None:
    binary = tmp_path / "x.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    with Replies(store) as replies:
        for path in (tmp_path / "none.jsonl", binary):
            with pytest.raises(GoujiError, match=path.name):
                import_file(replies, path)

    assert 2 == gouji("replies", "export", tmp_path / "no" / "x.jsonl", "--replies", store).exit_code
    assert 2 == gouji("replies", "export", "-", "--replies", tmp_path / "none.sqlite").exit_code
    assert "" == gouji("replies", "export", "-", "--replies", store).stdout
