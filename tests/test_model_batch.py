"""The batch endpoint over real HTTP: submitted once, collected whole, the error file read, a killed submit taken up again."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Fault, ModelServer
from cli import app
from extractor.errors import EndpointError
from extractor.model import batches
from extractor.model.budget import Budget
from extractor.model.ledger import Ledger, worst_case
from extractor.model.prices import load_prices
from extractor.model.question import Answer, AnswerKind, Question
from extractor.model.replay import Replay
from extractor.model.replies import Replies
from tests.model_support import KEY, MODEL, ask, question, server, settings

ASKED = [question(n) for n in range(6)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where replies go."""
    return tmp_path / "replies.sqlite"


def submit(url: str, store: Path, asked: list[Question] = ASKED, budget: Budget | None = None, **changes: Any) -> batches.Submitted:
    """Submit, as one run."""
    with Replies(store) as replies:
        return asyncio.run(batches.submit(asked, settings(url, **changes), replies, budget))


def collect(url: str, store: Path, looks: int = 3, **changes: Any) -> list[batches.Collected]:
    """Look so many times; what was collected in all."""
    found = []
    with Replies(store) as replies:
        for _ in range(looks):
            found += asyncio.run(batches.collect(settings(url, **changes), replies))
    return found


def answers(store: Path, asked: list[Question] = ASKED) -> list[Answer]:
    """What the store says."""

    async def work(replies: Replies) -> list[Answer]:
        return [await Replay(replies, MODEL).ask(q) for q in asked]

    with Replies(store) as replies:
        return asyncio.run(work(replies))


def lines(running: ModelServer) -> list[list[dict[str, Any]]]:
    """The lines of every file that was uploaded as input."""
    inputs = [b["input_file_id"] for b in running.desk.batches.values()]
    return [[json.loads(x) for x in running.desk.files[f].decode().splitlines()] for f in inputs]


def test_a_batch_goes_out_comes_back_and_answers(store: Path) -> None:
    with server() as running:
        done = submit(running.url, store)
        assert [] == collect(running.url, store, looks=1)
        (got,) = collect(running.url, store)
        known = answers(store)
        live, _ = ask(settings(running.url), store, ASKED)

    assert (1, 6, 0, 0) == (len(done.batches), done.requests, done.answered, done.waiting)
    assert (done.batches[0], 6, ()) == (got.name, got.replies, got.failures)
    assert [AnswerKind.ANSWERED] * 6 == [a.kind for a in known]
    assert [a.reply for a in known] == [a.reply for a in live]
    assert 6 == running.books.answered  # the live run asked nothing


def test_lines_name_report_and_table_and_carry_the_strict_schema(store: Path) -> None:
    with server() as running:
        submit(running.url, store)
    (sent,) = lines(running)
    ids = [line["custom_id"] for line in sent]

    assert 6 == len(set(ids))
    assert all(i.startswith(f"{q.report[:12]}.{q.table}.{q.key(MODEL)[:40]}") for i, q in zip(ids, ASKED, strict=True))
    assert all(line["body"]["response_format"]["json_schema"]["strict"] for line in sent)
    assert {("POST", "/v1/chat/completions")} == {(line["method"], line["url"]) for line in sent}
    assert KEY not in json.dumps(sent)


def test_nothing_is_submitted_twice_and_replies_mix(store: Path) -> None:
    with server() as running:
        ask(settings(running.url), store, ASKED[:2])
        first = submit(running.url, store, [*ASKED, *ASKED])
        second = submit(running.url, store, [*ASKED, question(9)])
        collect(running.url, store)
        third = submit(running.url, store)

    assert (4, 2, 0) == (first.requests, first.answered, first.waiting)
    assert (1, 2, 4) == (second.requests, second.answered, second.waiting)
    assert (0, 6, ()) == (third.requests, third.answered, third.batches)
    assert 2 == len(running.desk.batches)


def test_usage_is_counted_at_the_price_of_batches(store: Path) -> None:
    prices = load_prices()
    with server() as running:
        submit(running.url, store)
        collect(running.url, store)
    with Replies(store) as replies:
        total = Ledger(prices, replies.entries()).total()
    price = prices.of(MODEL)

    assert price is not None
    assert (6, running.books.usage["input"], running.books.usage["output"]) == (total.usage.requests, total.usage.input, total.usage.output)
    assert price.cost(total.usage) / 2 == total.cost["USD"] > 0


def test_the_error_file_is_read_and_failed_ones_go_out_again(store: Path) -> None:
    with server(Fault.BROKEN, share=0.5, seed=1) as running:
        submit(running.url, store)
        (sent,) = lines(running)
        running.desk.expired, running.desk.lost = {sent[0]["custom_id"]}, {sent[1]["custom_id"]}
        (got,) = collect(running.url, store)
        said = dict(got.failures)
        again = submit(running.url, store)
        for _ in range(6):
            collect(running.url, store)
            submit(running.url, store)

    broken = running.books.faults["500"]
    assert "Not done in time." == said[sent[0]["custom_id"]]
    assert "in neither result file" in said[sent[1]["custom_id"]]
    assert any(s == "status 500: Something broke." for s in said.values())
    assert broken
    assert (got.replies, len(said)) == (6 - len(said), again.requests)
    assert [AnswerKind.ANSWERED] * 6 == [a.kind for a in answers(store)]


def test_replies_that_cannot_be_used_are_kept_like_any_other(store: Path) -> None:
    with server(Fault.NOT_JSON) as running:
        submit(running.url, store, ASKED[:1], tries=1)
        collect(running.url, store)
        again = submit(running.url, store, ASKED[:1], tries=1)

    assert (AnswerKind.UNUSABLE, 0, 1) == (answers(store, ASKED[:1])[0].kind, again.requests, again.answered)


def test_a_batch_that_fails_as_a_whole_says_why(store: Path) -> None:
    with server() as running:
        running.desk.fail_next = "The file is malformed."
        submit(running.url, store)
        (got,) = collect(running.url, store)
        again = submit(running.url, store)

    assert (0, 6) == (got.replies, again.requests)
    assert all("The file is malformed." in said for _, said in got.failures)


@pytest.mark.parametrize("reached", [True, False])
def test_a_submit_killed_half_way_is_taken_up(store: Path, reached: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the provider took the batch, or before: it is found again by our name, or goes out anew."""

    class Killed(BaseException):
        """What a signal would be."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with server() as running:
        with monkeypatch.context() as patched:
            if reached:
                patched.setattr(Replies, "set_batch", killed)
            else:
                patched.setattr("openai.resources.files.AsyncFiles.create", killed)
            with pytest.raises(Killed):
                submit(running.url, store)
        again = submit(running.url, store)
        collect(running.url, store)

    assert (0, 6) == (again.requests, again.waiting) if reached else (6, 0) == (again.requests, again.waiting)
    assert 1 == len(running.desk.batches)
    assert [AnswerKind.ANSWERED] * 6 == [a.kind for a in answers(store)]


def test_a_dialect_that_was_refused_is_not_tried_again(store: Path) -> None:
    with server(strict=False) as running:
        submit(running.url, store)
        (got,) = collect(running.url, store)
        submit(running.url, store)
        collect(running.url, store)

    assert 6 == len(got.failures)
    assert [{"json_schema"}, {"json_object"}] == [{line["body"]["response_format"]["type"] for line in sent} for sent in lines(running)]
    assert [AnswerKind.ANSWERED] * 6 == [a.kind for a in answers(store)]


def test_a_budget_holds_for_batches(store: Path) -> None:
    worst = worst_case(ASKED[0])
    with server() as running:
        done = submit(running.url, store, budget=Budget(Decimal(2 * (worst.input + worst.output))))

    assert (2, 4) == (done.requests, done.over_budget)


def test_large_batches_are_split(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_MOST_REQUESTS", 4)
    with server() as running:
        done = submit(running.url, store)
        got = collect(running.url, store)

    assert [4, 2] == [len(sent) for sent in lines(running)]
    assert (2, 6) == (len(done.batches), sum(c.replies for c in got))


def test_a_provider_that_cannot_be_asked_is_said(store: Path) -> None:
    with pytest.raises(EndpointError, match="GOUJI_BASE_URL"):
        submit("http://127.0.0.1:9/v1", store)
    with server() as running:
        assert 6 == submit(running.url, store).requests  # another endpoint: the first batch stays as it is


# The commands


def gouji(*args: object) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture
def configured(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in the environment, and questions in the place of the model reader's."""
    monkeypatch.setattr("extractor.archive.asking.questions_of", lambda *_: ASKED)
    for name, value in {"MODEL": MODEL, "API_KEY": KEY, "REPLIES": str(store)}.items():
        monkeypatch.setenv(f"GOUJI_{name}", value)
    return store


def test_the_commands_in_turn(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as running:
        monkeypatch.setenv("GOUJI_BASE_URL", running.url)
        sent = gouji("batch", "submit", __file__, "--yes")
        first = gouji("batch", "status")
        second = gouji("batch", "status")
        got = gouji("batch", "collect")
        none = gouji("batch", "collect")

    assert [0] * 5 == [r.exit_code for r in (sent, first, second, got, none)], sent.output
    assert "6 submitted in 1 batches" in sent.stdout
    assert "6 requests, about" in sent.stderr
    assert ("in_progress" in first.stdout, "completed" in second.stdout) == (True, True)
    assert "6 replies, 0 failed" in got.stdout
    assert "USD" in got.stderr
    assert "" == none.stdout
    assert [AnswerKind.ANSWERED] * 6 == [a.kind for a in answers(configured)]


def test_what_the_commands_refuse(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOUJI_BASE_URL", "http://127.0.0.1:9/v1")
    assert (2, 1) == (gouji("batch", "status").exit_code, gouji("batch", "submit", __file__, "--yes").exit_code)
    assert 1 == gouji("batch", "submit", __file__).exit_code  # nobody said yes
    assert 2 == gouji("batch", "submit", __file__, "--budget", "much").exit_code
    with server() as running:
        monkeypatch.setenv("GOUJI_BASE_URL", running.url)
        over = gouji("batch", "submit", __file__, "--yes", "--budget", "1tok")
        assert (1, True) == (over.exit_code, "did not fit" in over.stderr)
        failing = gouji("batch", "submit", __file__, "--yes")
        running.desk.lost = {line["custom_id"] for line in lines(running)[-1]}
        assert [0, 0, 1] == [failing.exit_code, gouji("batch", "collect").exit_code, gouji("batch", "collect").exit_code]
    monkeypatch.delenv("GOUJI_MODEL")
    unset = gouji("batch", "status")
    assert (2, True) == (unset.exit_code, "GOUJI_MODEL" in unset.stderr)
