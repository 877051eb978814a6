"""What the tests of the model client share: a question, a server with its script, settings, and a way to ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks.server import Fault, ModelServer, Options
from extractor.model.budget import Budget
from extractor.model.limits import Limiter
from extractor.model.question import Answer, Message, Question
from extractor.model.replies import Replies
from extractor.model.settings import ModelSettings

KEY = "sk-test-5f2c8d1b9e7a4c60"
MODEL = "gpt-4.1-mini"


class Row(BaseModel):
    """The reply of the tests."""

    model_config = ConfigDict(extra="forbid")

    label: str
    figures: list[str]


def question(n: int = 0, **changes: Any) -> Question:
    """The n-th question; two to a report."""
    given: dict[str, Any] = {
        "report": f"{n // 2:064x}", "table": "requests", "part": "all rows", "prompt": "cells@1", "region": f"region {n}",
        "messages": (Message("system", "Copy the figures."), Message("user", f"row {n}\t{n} {n + 1}")), "reply": Row,
        "max_output_tokens": 200,
    }  # fmt: skip
    return Question(**given | changes)


def script(messages: list[dict[str, str]]) -> str:
    """The right answer."""
    label, _, figures = messages[-1]["content"].partition("\t")
    return json.dumps({"label": label, "figures": figures.split()})


def server(*kinds: Fault, share: float | None = None, **options: Any) -> ModelServer:
    """A server; with ``kinds`` every call meets one of them, unless ``share`` says how many do."""
    return ModelServer(Options(script, share=(1.0 if kinds else 0.0) if share is None else share, kinds=kinds, **options))


def first_only(*kinds: Fault, **options: Any) -> ModelServer:
    """A server whose first call meets a fault and whose second meets none, by the seed that does so."""
    from benchmarks.server.faults import draw

    token = f"gouji-{question().key(MODEL)[:40]}-"
    # A lost reply is asked for under the same token, any other under the next.
    second = [(token + "0", 2), (token + "1", 1)]
    seed = next(s for s in range(1000) if draw(s, 0.5, kinds, token + "0", 1) and not any(draw(s, 0.5, kinds, *x) for x in second))
    return ModelServer(Options(script, seed=seed, share=0.5, kinds=kinds, **options))


def settings(url: str, **changes: Any) -> ModelSettings:
    """Settings for a server: quick to time out, quick to try again."""
    given: dict[str, Any] = {"model": MODEL, "base_url": url, "api_key": KEY, "timeout": 2.0, "backoff": 0.01}
    return ModelSettings(**given | changes)


def ask(
    configured: ModelSettings,
    store: Path,
    asked: Sequence[Question],
    budget: Callable[[], Budget] = Budget,
    limiter: Callable[[], Limiter] | None = None,
) -> tuple[list[Answer], Any]:
    """The answers, and the client as it was left."""
    from extractor.model.client import ask_all, open_client

    async def work() -> tuple[list[Answer], Any]:
        with Replies(store) as replies:
            async with open_client(configured, replies, budget(), limiter() if limiter else None) as client:
                return await ask_all(client, asked), client

    return asyncio.run(work())


def ask_one(opened: AbstractContextManager[ModelServer], store: Path, **changes: Any) -> tuple[Answer, ModelServer]:
    """The answer of a server to the first question, and the server with its books."""
    with opened as running:
        (answer,), _ = ask(settings(running.url, **changes), store, [question()])
    return answer, running
