"""The doctor and the settings that it explains."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Fault
from cli import app
from extractor.errors import GoujiError
from extractor.model.replies import Replies
from extractor.model.settings import DEFAULT_BASE_URL, load_settings
from tests.model_support import KEY, MODEL, server


def doctor(monkeypatch: pytest.MonkeyPatch, *args: str, **variables: str) -> Result:
    """``gouji doctor`` with these settings."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(app, ["doctor", *args])


def test_without_a_model_it_opens_no_socket_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    done = doctor(monkeypatch, "--ask")

    assert 0 == done.exit_code
    assert "no model is configured" in done.stdout
    assert "no connection is opened" in done.stdout


def test_what_is_configured_and_reachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Replies(tmp_path / "r.sqlite"), server(key=KEY) as running:
        done = doctor(
            monkeypatch, "--reports", "1000", "--tokens-in", "3000", "--tokens-out", "1000",
            GOUJI_MODEL=MODEL, GOUJI_BASE_URL=running.url, GOUJI_API_KEY=KEY, GOUJI_RPM="500", GOUJI_REPLIES=str(tmp_path / "r.sqlite"),
        )  # fmt: skip

    assert 0 == done.exit_code, done.output
    for part in (f"model: {MODEL} at {running.url}", "key: present", "endpoint: answers", "not tried", "500 requests a minute", "2.80 USD", "1.40 USD", "looked up on", "holds 0"):
        assert part in done.stdout
    assert KEY not in done.output
    assert 0 == running.books.requests


@pytest.mark.parametrize(("strict", "said"), [(True, "strict schemas are accepted"), (False, "JSON mode is used")])
def test_one_tiny_question_says_whether_strict_schemas_are_supported(strict: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.server import ModelServer, Options

    with ModelServer(Options(lambda _: '{"figure": "17"}', strict=strict)) as running:
        done = doctor(monkeypatch, "--ask", GOUJI_MODEL="local", GOUJI_BASE_URL=running.url)

    assert (0, True) == (done.exit_code, said in done.stdout), done.output
    assert "price: unknown of local" in done.stdout
    assert "knows local" in done.stdout
    assert (1 if strict else 2) == running.books.requests


def test_what_fails_is_said_with_the_next_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = tmp_path / "bad.sqlite"
    bad.write_text("no store " * 100, encoding="utf-8")
    with server(key="another") as running:
        refused = doctor(monkeypatch, GOUJI_MODEL=MODEL, GOUJI_BASE_URL=running.url, GOUJI_API_KEY=KEY)
    gone = doctor(monkeypatch, GOUJI_BASE_URL="http://127.0.0.1:9/v1", GOUJI_REPLIES=str(bad))
    with server(Fault.BROKEN) as running:
        silent = doctor(monkeypatch, "--ask", GOUJI_BASE_URL=running.url, GOUJI_REPLIES=str(tmp_path / "new.sqlite"), GOUJI_BACKOFF="0.01")

    assert [1, 1, 1] == [r.exit_code for r in (refused, gone, silent)], silent.output
    assert "answers, but refuses: status 401" in refused.stdout
    assert "cannot be reached" in gone.stdout
    assert "cannot be used as a store" in gone.stdout
    assert "was not answered (unreachable)" in silent.stdout
    assert KEY not in refused.output + gone.output + silent.output


def test_a_missing_extra_is_a_failure_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extractor.model.doctor.find_spec", lambda _: None)
    idle = doctor(monkeypatch)
    needed = doctor(monkeypatch, GOUJI_MODEL=MODEL)

    assert (0, 1) == (idle.exit_code, needed.exit_code)
    assert "pip install 'gouji[model]'" in needed.stdout
    assert "endpoint" not in needed.stdout


# Settings


def test_settings_fall_back_on_those_of_openai() -> None:
    both = load_settings({"OPENAI_BASE_URL": "http://a/v1", "OPENAI_API_KEY": "k1", "GOUJI_BASE_URL": "http://b/v1"})
    none = load_settings({})

    assert ("http://b/v1", "k1") == (both.base_url, both.api_key)
    assert (DEFAULT_BASE_URL, "", False) == (none.base_url, none.api_key, none.configured)
    assert not load_settings({"GOUJI_MODEL": "auto"}).configured
    assert "k1" not in repr(both)


def test_every_setting_is_read() -> None:
    given = {
        "GOUJI_MODEL": "m", "GOUJI_RPM": "1_000", "GOUJI_TPM": "5", "GOUJI_CONCURRENCY": "3", "GOUJI_TIMEOUT": "2.5", "GOUJI_ATTEMPTS": "4",
        "GOUJI_TRIES": "2", "GOUJI_MAX_WAIT": "9", "GOUJI_BACKOFF": "0.5", "GOUJI_SCHEMA": "json", "GOUJI_REPLIES": "x", "GOUJI_PRICES": "y",
    }  # fmt: skip
    s = load_settings(given)

    assert (1000, 5, 3, 2.5, 4, 2, 9.0, 0.5) == (
        s.requests_per_minute, s.tokens_per_minute, s.concurrency, s.timeout, s.attempts, s.tries, s.max_wait, s.backoff,
    )  # fmt: skip
    assert ("json", Path("x"), Path("y"), True) == (s.schema, s.replies, s.prices, s.configured)


@pytest.mark.parametrize(("name", "value"), [("GOUJI_RPM", "many"), ("GOUJI_TIMEOUT", "-1"), ("GOUJI_TPM", "1.5"), ("GOUJI_SCHEMA", "loose"), ("GOUJI_TIMEOUT", "inf")])
def test_a_wrong_setting_names_its_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GoujiError, match=name):
        load_settings({name: value})
    assert 2 == doctor(monkeypatch, **{name: value}).exit_code
