"""The client against a server that speaks real HTTP: the wire, every fault, every outcome, and that nothing is asked twice."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from benchmarks.server import Fault
from benchmarks.server.faults import CHARGED
from extractor.model.failures import is_passing, outcome_of, retry_after
from extractor.model.question import AnswerKind, Message
from extractor.model.replies import LOST, UNSENT, Replies
from extractor.model.settings import ModelSettings
from extractor.model.wire import Dialect, adapt, request_body
from extractor.types import Usage
from tests.model_support import KEY, MODEL, Row, ask, ask_one, first_only, question, server, settings

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where replies go."""
    return tmp_path / "replies.sqlite"


# The wire


def test_the_schema_on_the_wire_is_strict_and_the_body_is_ours(store: Path) -> None:
    answer, running = ask_one(server(), store)
    (seen,) = running.seen
    sent = seen.json["response_format"]

    assert AnswerKind.ANSWERED is answer.kind
    assert Row(label="row 0", figures=["0", "1"]) == answer.reply
    assert ("json_schema", True) == (sent["type"], sent["json_schema"]["strict"])
    assert False is sent["json_schema"]["schema"]["additionalProperties"]
    assert ["label", "figures"] == sent["json_schema"]["schema"]["required"]
    assert request_body(question(), MODEL, Dialect()) == seen.json
    assert f"Bearer {KEY}" == seen.headers["authorization"]


def test_text_goes_over_the_wire_as_it_is(store: Path) -> None:
    """Braces, blank lines and spaces at the end are data: a template engine on the way would eat them."""
    text = "  {{x}} {% if %} {# #}\n\n\t第一项\t１２ \n\n"
    with server() as running:
        ask(settings(running.url), store, [question(messages=(Message("user", text),))])

    assert [{"role": "user", "content": text}] == running.seen[0].json["messages"]


def test_only_the_first_asking_is_drawn_at_temperature_0() -> None:
    assert 0 == request_body(question(), MODEL, Dialect())["temperature"]
    assert "temperature" not in request_body(question(repeat=1), MODEL, Dialect())


# Faults and outcomes


FINAL = {Fault.TRUNCATED: AnswerKind.TRUNCATED, Fault.REFUSED: AnswerKind.REFUSED}
UNUSABLE = {Fault.NOT_JSON, Fault.WRONG_SCHEMA, Fault.EXTRA_FIELD, Fault.NO_CHOICES}


@pytest.mark.parametrize("fault", Fault)
def test_one_fault_is_outlived_or_is_the_outcome(fault: Fault, store: Path) -> None:
    answer, running = ask_one(first_only(fault, stall=5.0), store, timeout=0.4)

    assert FINAL.get(fault, AnswerKind.ANSWERED) == answer.kind
    single = fault in FINAL or fault is Fault.DRIPPED
    assert (1 if single else 2) == running.books.requests
    # What was charged, no more and no less: a reply that was lost on the way is charged and counted once.
    charged = 2 if fault in UNUSABLE else 1
    assert charged == running.books.answered
    assert running.books.usage["input"] == answer.usage.input
    assert running.books.usage["output"] == answer.usage.output
    assert running.books.usage["cached"] == answer.usage.cached > 0
    assert running.books.usage["reasoning"] == answer.usage.reasoning


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.DRIPPED])
def test_a_lasting_fault_ends_with_its_outcome(fault: Fault, store: Path) -> None:
    answer, running = ask_one(server(fault, stall=5.0, idempotent=False), store, timeout=0.2, attempts=3, tries=2)
    kind = FINAL.get(fault, AnswerKind.UNUSABLE if fault in UNUSABLE else AnswerKind.UNREACHABLE)

    assert kind == answer.kind
    assert answer.message
    assert answer.reply is None
    assert {AnswerKind.UNUSABLE: 2, AnswerKind.UNREACHABLE: 3}.get(kind, 1) == running.books.requests
    assert (fault in CHARGED) == bool(running.books.answered)


def test_a_reply_that_drips_past_the_timeout_is_no_reply(store: Path) -> None:
    """The timeout is of the whole: a byte now and then does not keep a call alive."""
    answer, _ = ask_one(server(Fault.DRIPPED, drip=0.2, idempotent=False), store, timeout=0.4, attempts=1)

    assert (AnswerKind.UNREACHABLE, True) == (answer.kind, "GOUJI_TIMEOUT" in answer.message)


def test_every_message_is_a_fresh_conversation(store: Path) -> None:
    _, running = ask_one(server(Fault.NOT_JSON), store, tries=3)

    assert 3 == running.books.requests
    assert 1 == len({seen.body for seen in running.seen})


def test_an_unusable_reply_is_final_after_so_many_and_not_asked_again(store: Path) -> None:
    with server(Fault.WRONG_SCHEMA) as running:
        first = ask(settings(running.url, tries=2), store, [question()])[0][0]
        again = ask(settings(running.url, tries=2), store, [question()])[0][0]
        more = ask(settings(running.url, tries=3), store, [question()])[0][0]

    assert [AnswerKind.UNUSABLE] * 3 == [first.kind, again.kind, more.kind]
    assert [False, True, False] == [first.recorded, again.recorded, more.recorded]
    assert 3 == running.books.answered == more.usage.requests
    assert "label: Field required" in first.message


def test_no_answer_at_all_names_the_next_step(store: Path) -> None:
    (answer,), _ = ask(settings("http://127.0.0.1:9/v1", attempts=2), store, [question()])

    assert (AnswerKind.UNREACHABLE, True) == (answer.kind, "GOUJI_BASE_URL" in answer.message)
    with Replies(store) as replies:
        assert [UNSENT] * 2 == [a.state for a in replies.every()]
        assert 0 == replies.unknown_outcomes()


def test_what_cannot_pass_is_not_tried_again(store: Path) -> None:
    answer, running = ask_one(server(key="another"), store)

    assert (AnswerKind.UNREACHABLE, True) == (answer.kind, "GOUJI_API_KEY" in answer.message)
    assert 1 == len(running.seen)
    assert KEY not in answer.message


# Waiting


def status_error(status: int, headers: dict[str, str] | None = None, **body: str) -> openai.APIStatusError:
    response = httpx2.Response(status, headers=headers, request=httpx2.Request("POST", "http://127.0.0.1/"))
    return openai.APIStatusError("no", response=response, body=body)


def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    assert 1.5 == retry_after(status_error(429, {"retry-after": "1.5"}))
    assert 85 < (retry_after(status_error(429, {"retry-after": date})) or 0) <= 90
    assert 0 == retry_after(status_error(503, {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}))
    assert None is retry_after(status_error(429, {"retry-after": "soon"}))
    assert None is retry_after(status_error(429))
    assert None is retry_after(ValueError())


@pytest.mark.parametrize("fault", [Fault.LIMITED_SECONDS, Fault.LIMITED_DATE])
def test_retry_after_is_kept_to(fault: Fault, store: Path) -> None:
    started = time.monotonic()
    answer, _ = ask_one(first_only(fault, retry_after=1.6), store)

    assert AnswerKind.ANSWERED is answer.kind
    # A date has whole seconds: up to one of the 1.6 is lost in writing it.
    assert time.monotonic() - started >= (1.6 if fault is Fault.LIMITED_SECONDS else 0.5)


def test_a_wait_that_is_too_long_is_not_waited(store: Path) -> None:
    answer, running = ask_one(server(Fault.LIMITED_SECONDS, retry_after=400.0), store)

    assert (AnswerKind.UNREACHABLE, 1) == (answer.kind, running.books.requests)


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (status_error(429), True), (status_error(500), True), (status_error(503), True), (status_error(408), True),
        (status_error(400), False), (status_error(401), False), (status_error(404), False), (TimeoutError(), True),
        (status_error(429, code="insufficient_quota"), False), (KeyError(), False), (httpx2.ReadError("x"), True),
    ],
)  # fmt: skip
def test_what_is_tried_again(error: BaseException, passing: bool) -> None:
    assert passing is is_passing(error, 60)


def test_outcomes_in_plain_words() -> None:
    filtered = outcome_of(status_error(400, code="content_filter", message="no"))
    poor = outcome_of(status_error(429, code="insufficient_quota", message="pay"))
    quoted = outcome_of(status_error(401, message="Incorrect API key provided: sk-abcd1234efgh5678. See elsewhere."))

    assert (AnswerKind.REFUSED, AnswerKind.UNREACHABLE) == (filtered.kind, poor.kind)
    assert "credit" in poor.message
    assert "sk-" not in quoted.message


# Servers without strict schemas


@pytest.mark.parametrize("speaks", [{"strict": False}, {"length": "max_completion_tokens"}, {"temperature": False}])
def test_a_server_is_asked_in_the_dialect_that_it_wants(speaks: dict[str, Any], store: Path) -> None:
    with server(**speaks) as running:
        answers, client = ask(settings(running.url, concurrency=1), store, [question(n) for n in range(3)])
        replayed, _ = ask(settings("http://127.0.0.1:9/v1"), store, [question(n) for n in range(3)])

    assert [AnswerKind.ANSWERED] * 3 == [a.kind for a in answers]
    assert 4 == running.books.requests  # the refusal is met once
    assert client.dialect != Dialect()
    assert [a.reply for a in answers] == [a.reply for a in replayed]


def test_json_mode_puts_the_schema_into_the_prompt_and_validates_the_same(store: Path) -> None:
    _, running = ask_one(server(Fault.EXTRA_FIELD, strict=False), store, schema="json")
    body = running.seen[0].json

    assert {"type": "json_object"} == body["response_format"]
    assert '"figures"' in body["messages"][0]["content"]
    assert body["messages"][0]["content"].startswith("Copy the figures.")
    assert 3 == running.books.answered  # an extra field is unusable here too


def test_a_strict_setting_does_not_give_way(store: Path) -> None:
    answer, running = ask_one(server(strict=False), store, schema="strict")

    assert (AnswerKind.UNREACHABLE, 1) == (answer.kind, running.books.requests)
    assert "json_schema" in answer.message


def test_a_schema_that_a_server_calls_invalid_is_our_error() -> None:
    assert None is adapt(Dialect(), "auto", "Invalid schema for response_format 'Row'")
    assert None is adapt(Dialect(), "auto", "context length exceeded")


# Nothing is asked twice


def test_a_question_under_way_is_asked_once(store: Path) -> None:
    with server(latency=0.1) as running:
        answers, client = ask(settings(running.url), store, [question()] * 5 + [question(1)])

    assert 2 == running.books.requests
    assert [False, True, True, True, True, False] == [a.recorded for a in answers]
    assert all(a.reply == answers[0].reply for a in answers[:5])
    assert Usage(2, running.books.usage["input"]) == client.ledger.total().usage._replace(cached=0, output=0, reasoning=0)


def test_an_answered_question_is_never_asked_again(store: Path) -> None:
    asked = [question(n) for n in range(4)]
    with server() as running:
        first, _ = ask(settings(running.url), store, asked[:2])
        second, client = ask(settings(running.url), store, asked)

    assert 4 == running.books.requests
    assert [True, True, False, False] == [a.recorded for a in second]
    assert [a.usage for a in first] == [a.usage for a in second[:2]]
    assert 2 == client.ledger.total().usage.requests


def test_what_could_not_be_reached_is_asked_again_by_the_next_run(store: Path) -> None:
    ask(settings("http://127.0.0.1:9/v1", attempts=1), store, [question()])
    answer, _ = ask_one(server(), store)

    assert AnswerKind.ANSWERED is answer.kind


def test_a_stopped_run_leaves_its_requests_as_unknown(store: Path) -> None:
    from extractor.model.client import open_client

    async def stopped(url: str) -> None:
        with Replies(store) as replies:
            async with open_client(settings(url), replies) as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await client.ask(question())
                # `ask` was cancelled, the request was not: others may wait for it. It ends with the loop.

    with server(Fault.STALLED, stall=5.0) as running:
        asyncio.run(stopped(running.url))
    with Replies(store) as replies:
        assert ([LOST], 1) == ([a.state for a in replies.every()], replies.unknown_outcomes())


# What is not seen


def test_the_key_is_nowhere(store: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.INFO)
    with server(Fault.BROKEN, Fault.NOT_JSON, Fault.REFUSED, Fault.DROPPED, share=0.6) as running:
        configured = settings(running.url, attempts=3)
        answers, _ = ask(configured, store, [question(n) for n in range(12)])
    refused, _ = ask_one(server(key="sk-another"), store.with_name("other.sqlite"))
    printed = "".join(capfd.readouterr())
    files = b"".join(p.read_bytes() for p in store.parent.iterdir())

    assert refused.message
    assert b"row 0" in files
    for text in (repr(configured), caplog.text, printed, files.decode("latin-1"), *(f"{a}" for a in [*answers, refused])):
        assert KEY not in text
    assert "API call failed" not in printed + caplog.text


@pytest.mark.parametrize("module", ["settings", "replies", "replay", "reading", "exchange", "ledger", "budget", "limits", "batches", "doctor"])
def test_only_the_client_loads_the_model_libraries(module: str) -> None:
    heavy = "openai instructor tenacity httpx2".split()
    code = f"import sys, extractor.model.{module}; print(sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_without_a_model_nothing_of_it_is_loaded() -> None:
    report = str(ROOT / "golden" / "001" / "source.txt")
    code = (
        f"import sys, cli\ntry:\n    cli.app(['extract', {report!r}, '--model', 'none'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([m for m in ('openai', 'instructor', 'tenacity', 'httpx2', 'extractor.model.client') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.splitlines()[-1]


def test_instructor_and_our_own_reading_agree(tmp_path: Path) -> None:
    """Recorded replies are read without instructor: what it accepts of a live reply must be what we accept, and no more."""
    import instructor
    from openai.types.chat import ChatCompletion

    from extractor.model.reading import read_reply

    def body(content: str | None, **choice: Any) -> dict[str, Any]:
        message = {"role": "assistant", "content": content, "refusal": choice.pop("refusal", None)}
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice]}

    good = '{"label": "a", "figures": ["1"]}'
    cases = [
        body(good), body(good + " "), body('{"label": "a"}'), body('{"label": "a", "figures": [1]}'), body(good[:-4]), body(None), body(""),
        body('{"label": 1, "figures": []}'), body(good, finish_reason="length"), body("", refusal="no"), body("[]"), body("null"),
        body('{"label": "a", "figures": ["1"], "more": 1}'), body(good) | {"choices": []},
    ]  # fmt: skip

    async def by_instructor(data: dict[str, Any]) -> Any:
        async def create(**_: Any) -> ChatCompletion:
            return ChatCompletion.construct(**json.loads(json.dumps(data))) if not data["choices"] else ChatCompletion.model_validate(data)

        patched: Any = instructor.patch(create=create, mode=instructor.Mode.JSON_SCHEMA)
        try:
            return (await patched(response_model=Row, max_retries=0, strict=True, messages=[])).model_dump()
        except Exception as exc:  # noqa: BLE001 - whatever instructor raises is a no
            return type(exc).__name__ and None

    ours = [read_reply(Row, json.dumps(data)) for data in cases]
    assert [r.reply.model_dump() if r.reply else None for r in ours] == [asyncio.run(by_instructor(d)) for d in cases]
    assert [AnswerKind.ANSWERED] * 2 == [r.kind for r in ours[:2]]
    assert {AnswerKind.ANSWERED} == {read_reply(Row, json.dumps(body(f"```json\n{good}\n```"))).kind}


def test_settings_know_no_key_in_words() -> None:
    shown = ModelSettings("m", f"http://user:{KEY}@127.0.0.1:8000/v1?key={KEY}", KEY)

    assert "http://127.0.0.1:8000/v1" == shown.shown_url
