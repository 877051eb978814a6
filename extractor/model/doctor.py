"""What is configured, reachable and supported, and what a run would cost: each in a plain sentence with the next step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from extractor.errors import GoujiError
from extractor.model.prices import Prices, load_prices
from extractor.model.question import AnswerKind, Message, Question
from extractor.model.replies import Replies
from extractor.model.settings import ModelSettings
from extractor.types import Usage

EXTRAS = {"model": ("openai", "instructor", "tenacity", "httpx2"), "evaluate": ("scipy", "matplotlib")}
_PROBE_SECONDS = 15.0


class Sign(NamedTuple):
    """One line of the doctor; ``well`` is None where there is nothing to be well or ill."""

    well: bool | None
    text: str


class Run(NamedTuple):
    """A run to be priced: so many reports, and the tokens that one takes."""

    reports: int
    tokens_in: int
    tokens_out: int


class _Echo(BaseModel):
    """The reply to the tiny question."""

    model_config = ConfigDict(extra="forbid")

    figure: str


async def examine(settings: ModelSettings, ask: bool = False, run: Run | None = None) -> list[Sign]:
    """All signs. Opens a connection only where a model is configured, and asks it only with ``ask``."""
    signs = list(_installed(settings))
    if not settings.configured:
        signs.append(Sign(None, "no model is configured (GOUJI_MODEL is not set): reports are read by rules alone, and no connection is opened"))
        return signs
    signs += _configured(settings)
    if all(find_spec(name) for name in EXTRAS["model"]):
        reached = await _reached(settings)
        signs.append(reached)
        if ask and reached.well is not False:
            signs.append(await _asked(settings))
        elif not ask:
            signs.append(Sign(None, "strict schemas: not tried; `gouji doctor --ask` asks one tiny question"))
    signs += _limits(settings)
    signs += _cost(settings, load_prices(settings.prices), run)
    return signs


def _installed(settings: ModelSettings) -> Iterator[Sign]:
    for extra, names in EXTRAS.items():
        missing = [n for n in names if find_spec(n) is None]
        if missing:
            needed = extra == "model" and settings.configured
            yield Sign(False if needed else None, f"extra {extra}: {', '.join(missing)} not installed; pip install 'gouji[{extra}]'")
        else:
            yield Sign(True, f"extra {extra}: {', '.join(f'{n} {_version(n)}' for n in names)}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "of unknown version"


def _configured(settings: ModelSettings) -> Iterator[Sign]:
    yield Sign(True, f"model: {settings.model} at {settings.shown_url}")
    yield Sign(None, "key: present" if settings.api_key else "key: none (GOUJI_API_KEY is not set); local servers need none")
    yield _store(settings.replies)


def _store(path: Path) -> Sign:
    if not path.is_file():
        return Sign(None, f"replies: {path} (GOUJI_REPLIES) will be made by the first live run")
    try:
        with Replies(path, create=False) as replies:
            lost = f"{replies.repeated():,} requests got theirs when repeated, {replies.unknown_outcomes():,} never"
            return Sign(True, f"replies: {path} holds {replies.count():,}; {lost}")
    except GoujiError as exc:
        return Sign(False, str(exc))


async def _reached(settings: ModelSettings) -> Sign:
    """Whether the endpoint answers; the list of models is the one thing that every server gives for nothing."""
    from openai import APIStatusError, NotFoundError, OpenAIError

    from extractor.model.endpoint import open_openai
    from extractor.model.failures import outcome_of

    async with open_openai(replace(settings, timeout=min(settings.timeout, _PROBE_SECONDS))) as client:
        try:
            names = [m.id async for m in client.models.list()]
        except NotFoundError:
            return Sign(True, "endpoint: answers, and has no list of models")
        except (OpenAIError, ValueError) as exc:
            word = "answers, but refuses" if isinstance(exc, APIStatusError) else "cannot be reached"
            return Sign(False, f"endpoint: {word}: {outcome_of(exc).message}")
    if settings.model in names:
        return Sign(True, f"endpoint: answers, and knows {settings.model}")
    return Sign(None, f"endpoint: answers; {settings.model} is not in its list of {len(names)} models, which may be incomplete")


async def _asked(settings: ModelSettings) -> Sign:
    """One tiny question, whose reply is not kept."""
    from extractor.model.client import open_client

    told = (Message("system", "Copy the figure that you are given."), Message("user", "The figure is 17."))
    question = Question("doctor", "doctor", "one figure", "doctor@1", "doctor", told, _Echo, 200)
    tiny = replace(settings, attempts=2, tries=1, timeout=min(settings.timeout, 60.0))
    with tempfile.TemporaryDirectory() as folder, Replies(Path(folder) / "doctor.sqlite") as replies:
        async with open_client(tiny, replies) as client:
            answer = await client.ask(question)
            strict = client.dialect.strict
            used = client.ledger.total().words()
    if answer.kind is not AnswerKind.ANSWERED:
        return Sign(False, f"a tiny question was not answered ({answer.kind}): {answer.message}; {used}")
    how = "strict schemas are accepted" if strict else "strict schemas are refused: JSON mode is used, and every reply is validated the same"
    return Sign(True, f"a tiny question was answered by {answer.model}; {how}; {used}")


def _limits(settings: ModelSettings) -> Iterator[Sign]:
    requests = f"{settings.requests_per_minute:,}" if settings.requests_per_minute else "no limit"
    tokens = f"{settings.tokens_per_minute:,}" if settings.tokens_per_minute else "no limit"
    yield Sign(
        None,
        f"limits: {requests} requests a minute (GOUJI_RPM), {tokens} tokens a minute (GOUJI_TPM), "
        f"{settings.concurrency} at a time (GOUJI_CONCURRENCY), {settings.timeout:g} s for one (GOUJI_TIMEOUT)",
    )


def _cost(settings: ModelSettings, prices: Prices, run: Run | None) -> Iterator[Sign]:
    price = prices.of(settings.model)
    if price is None:
        yield Sign(None, f"price: unknown of {settings.model}; enter it in a file named by GOUJI_PRICES, in the form of schemas/prices.yaml")
    else:
        yield Sign(
            True,
            f"price of {price.model}: {price.input} in, {price.output} out a million tokens in {price.currency}, looked up on {price.date} ({price.source})",
        )
    if run is None:
        return
    usage = Usage(0, run.tokens_in * run.reports, 0, run.tokens_out * run.reports)
    told = f"a run of {run.reports:,} reports at {run.tokens_in:,} tokens in and {run.tokens_out:,} out each"
    if price is None:
        yield Sign(None, f"{told}: {usage.input:,} in, {usage.output:,} out; its cost is unknown")
    else:
        live, batch = price.cost(usage), price.cost(usage, batch=True)
        yield Sign(None, f"{told}: {live:.2f} {price.currency}, by the batch endpoint {batch:.2f} {price.currency}")
