"""An archive read with a model, over real HTTP: the same records live and from the store, nothing asked twice, nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from benchmarks.damage import make_case
from benchmarks.readers import READERS, key_of
from benchmarks.server import ModelServer, Options
from cli import app
from extractor.commands.extract import Model, mode_of
from extractor.consult import ALWAYS, first_questions, load_cascade
from extractor.form import load_forms
from extractor.pipeline import Draft, draft
from extractor.read import read_bytes

ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()
MODEL, KEY = "scripted-1", "sk-of-this-test"
CASES = [("tab-rows", "clean", 1), ("pipe-rows", "heavy", 3), ("aligned", "medium", 2), ("html", "light", 4)]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Four reports, and a file that is none."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for shape, level, seed in CASES:
        case = make_case(FORMS[1], seed, shape, level)
        (folder / case.name).write_bytes(case.data)
    (folder / "zz-empty.txt").write_bytes(b"")
    return folder


def perfect(archive: Path) -> dict[str, str]:
    """What the perfect scripted reader replies to each first question, by the words that it is asked with."""
    out = {}
    for shape, level, seed in CASES:
        case = make_case(FORMS[1], seed, shape, level)
        begun = draft(read_bytes((archive / case.name).read_bytes(), case.name), FORMS)
        assert isinstance(begun, Draft)
        key = key_of(case, begun.form)
        out |= {a.question.messages[-1].content: READERS["perfect"](a, key) for a in first_questions(begun, ALWAYS, load_cascade())}
    return out


@pytest.fixture
def running(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """The perfect reader behind HTTP; it has nothing to say to any other question."""
    known = perfect(archive)

    def script(messages: list[dict[str, str]]) -> str:
        asked = messages[-1]["content"]
        tables = [t.id for t in FORMS[1].tables if f'"{t.id}"' in asked]
        return known.get(asked) or json.dumps({"table": tables[0], "rows": []})

    with ModelServer(Options(script)) as server:
        for name, value in {"MODEL": MODEL, "BASE_URL": server.url, "API_KEY": KEY, "REPLIES": str(tmp_path / "r.sqlite")}.items():
            monkeypatch.setenv(f"GOUJI_{name}", value)
        yield server


def gouji(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_live_then_again_then_offline(running: ModelServer, archive: Path) -> None:
    live = gouji("extract", archive, "--jsonl", "-", "--model", "always", "--yes")
    books = running.books.to_dict()
    again = gouji("extract", archive, "--jsonl", "-", "--model", "always", "--yes")
    asked_again = running.books.to_dict()
    replayed = gouji("extract", archive, "--jsonl", "-", "--model", "always", "--replay")

    assert [1] * 3 == [r.exit_code for r in (live, again, replayed)], live.stderr  # one file is no report
    assert live.stdout == again.stdout == replayed.stdout
    assert books == asked_again
    got = records(live)
    assert [5, 4] == [len(got), sum(r["form"] is not None for r in got)]
    usage = [r["usage"] for r in got]
    assert books["answered"] == sum(u["requests"] for u in usage)
    assert books["input"] == sum(u["input_tokens"] for u in usage)
    assert books["output"] == sum(u["output_tokens"] for u in usage)
    assert all("AGREED" in c["codes"] for c in got[-2]["cells"] if c["status"] == "printed" and c["decision"] == "accept")
    assert all(c["readings"].get("model") == c["readings"]["rules"] for r in got for c in r["cells"] if "AGREED" in c["codes"])
    assert "paid now: 0 requests" in again.stderr
    assert KEY not in live.stdout + live.stderr


def test_auto_asks_less_and_accepts_the_same(running: ModelServer, archive: Path) -> None:
    alone = records(gouji("extract", archive, "--jsonl", "-", "--model", "none"))
    auto = records(gouji("extract", archive, "--jsonl", "-", "--yes"))
    asked = running.books.answered
    assert 0 < asked
    gouji("extract", archive, "--jsonl", "-", "--model", "always", "--yes")
    assert asked < running.books.answered
    for before, after in zip(alone, auto, strict=True):
        accepted = [c["decision"] == "accept" for c in before["cells"]]
        assert accepted >= [c["decision"] == "accept" for c in after["cells"]]
        if before["decision"] == "accept":
            assert before == after


def test_a_budget_ends_the_asking_and_not_the_run(running: ModelServer, archive: Path) -> None:
    got = gouji("extract", archive, "--jsonl", "-", "--model", "always", "--yes", "--budget", "20tok")
    assert 0 == running.books.answered
    assert {"over_budget"} == {u["kind"] for r in records(got) if "model" in r for u in r["model"]["unanswered"]}
    assert 1 == got.exit_code
    assert [r["decision"] for r in records(got)] == [r["decision"] for r in records(gouji("extract", archive, "--jsonl", "-", "--model", "none"))]
    refused = gouji("extract", archive, "--model", "always", "--yes", "--budget", "much")
    assert (2, True) == (refused.exit_code, "5usd or 200000tok" in refused.stderr)


def test_with_more_budget_what_was_not_asked_is_asked_and_put_in_its_place(running: ModelServer, archive: Path, tmp_path: Path) -> None:
    asking = ("extract", archive, "--model", "always", "--yes", "--parquet", tmp_path / "set")
    poor = gouji(*asking, "--budget", "20tok")
    rich = gouji(*asking, "--jsonl", "-")
    again = gouji(*asking)

    held = pyarrow.parquet.read_table(tmp_path / "set" / "reports", partitioning=None)["record"].to_pylist()
    assert [1] * 3 == [r.exit_code for r in (poor, rich, again)], rich.stderr
    assert 0 < running.books.answered
    assert sorted(rich.stdout.splitlines()) == sorted(held)
    assert "5 read by an earlier run and not again" in again.stderr


def test_a_replay_says_what_is_not_recorded(running: ModelServer, archive: Path) -> None:
    one = next(archive.glob("*clean*"))
    gouji("extract", one, "--model", "always", "--yes")
    before = running.books.to_dict()
    got = gouji("extract", archive, "--jsonl", "-", "--model", "always", "--replay")
    assert "questions not recorded, so rules alone decide there" in got.stderr
    assert "record it with a live run" in got.stderr
    assert {"not_recorded"} == {u["kind"] for r in records(got) if "model" in r for u in r["model"]["unanswered"]}
    assert running.books.to_dict() == before


def test_nobody_is_asked_unless_somebody_agreed(running: ModelServer, archive: Path) -> None:
    got = gouji("extract", archive, "--model", "always")
    assert (2, 0) == (got.exit_code, running.books.answered)
    assert "--yes" in got.stderr
    assert "requests, about" in got.stderr


def test_batch_submit_makes_the_questions_of_the_reports(running: ModelServer, archive: Path) -> None:
    sent = gouji("batch", "submit", archive, "--yes", "--model", "always")
    assert 0 == sent.exit_code, sent.stderr
    gouji("batch", "status")
    gouji("batch", "status")
    assert 0 == gouji("batch", "collect").exit_code
    before = running.books.answered
    got = gouji("extract", archive, "--jsonl", "-", "--model", "always", "--replay")
    assert running.books.answered == before
    assert all(r["model"]["answered"] for r in records(got) if r["form"] is not None)


@pytest.mark.parametrize(
    ("given", "named", "mode"),
    [(None, "", Model.none), (None, "m-1", Model.auto), ("m-1", "m-1", Model.auto), ("auto", "auto", Model.auto), ("none", "m-1", Model.none),
     ("always", "m-1", Model.always)],
)  # fmt: skip
def test_the_mode_is_that_of_the_option_else_auto_where_a_model_is_named(given: str | None, named: str, mode: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOUJI_MODEL", named)
    assert mode is mode_of(given)


def test_rules_alone_load_no_library_of_models(archive: Path) -> None:
    code = f"import sys; from cli import app; app(['extract', {str(archive)!r}, '--model', 'none'], standalone_mode=False)"
    code += "; print(sorted({'openai', 'instructor', 'tenacity', 'httpx2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code.replace("app([", "\ntry:\n app([").replace("; print", "\nexcept BaseException: pass\nprint")],
                          cwd=ROOT, capture_output=True, text=True, check=True)  # fmt: skip
    assert "[]" == done.stdout.strip().splitlines()[-1]
