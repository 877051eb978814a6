"""``gouji batch``: the provider's batch endpoint, for archives that can wait a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractor.commands.common import STYLE, tell, usage

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    from extractor.model.settings import ModelSettings

    T = TypeVar("T")

app = typer.Typer(help="The provider's batch endpoint: cheaper, and done within a day.", **STYLE)

RepliesFile = Annotated[
    Path | None, typer.Option("--replies", metavar="FILE", envvar="GOUJI_REPLIES", help="The store of replies.")
]


@app.command("submit")
def submit(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Reports, or folders of them.", show_default=False)],
    replies: RepliesFile = None,
    budget: Annotated[
        str | None, typer.Option(metavar="AMOUNT", envvar="GOUJI_BUDGET", help="The most it may cost: 5usd or 200000tok.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", envvar="GOUJI_YES", help="Do not ask before it is submitted.")] = False,
    model: Annotated[
        str | None, typer.Option(metavar="auto|always", envvar="GOUJI_MODEL", help="Ask where rules leave something open (auto), or everywhere.", show_default=False)
    ] = None,
) -> None:
    """Submit what is neither answered nor waiting. Exit 0; 1 where the provider or the budget refuses; 2 usage."""
    from extractor.archive.asking import questions_of
    from extractor.archive.engine import Inline
    from extractor.archive.inputs import Archive
    from extractor.archive.work import Options
    from extractor.commands.extract import Model, mode_of
    from extractor.model import batches
    from extractor.model.budget import Budget
    from extractor.model.ledger import estimate
    from extractor.model.prices import load_prices
    from extractor.model.replies import Replies

    mode = mode_of(model)
    if mode == Model.none:
        raise usage("a batch asks a model: give --model auto or --model always, and name the model by GOUJI_MODEL")
    settings = _settings(replies)
    prices = load_prices(settings.prices)
    limit = Budget.parse(budget, settings.model, prices.of(settings.model))
    options = Options(mode=mode.value, models=(settings.model,))
    engine = Inline(options)
    questions = list(questions_of(Archive(paths, options.max_bytes, frozenset()), engine))
    engine.close()
    tell(f"if nothing is answered yet: {estimate(questions, settings.model, prices, batch=True).words()}")
    if not yes and not typer.confirm("Submit?", err=True):
        raise typer.Exit(1)
    with Replies(settings.replies) as store:
        done = _run(batches.submit(questions, settings, store, limit))
    typer.echo(f"{done.requests} submitted in {len(done.batches)} batches; {done.answered} answered before, {done.waiting} waiting")
    if done.over_budget:
        tell(f"{done.over_budget} questions did not fit into the budget of {budget} and were not submitted")
        raise typer.Exit(1)


@app.command("status")
def status(replies: RepliesFile = None) -> None:
    """One line a batch: our name, the provider's, requests, how it stands. Exit 0; 1 where the provider cannot be asked."""
    from extractor.model import batches
    from extractor.model.replies import Replies

    settings = _settings(replies)
    with Replies(settings.replies, create=False) as store:
        for line in _run(batches.status(settings, store)):
            typer.echo(f"{line.name}  {line.id or '-':<32} {line.requests:>6}  {line.state}")


@app.command("collect")
def collect(replies: RepliesFile = None) -> None:
    """Bring the replies of ended batches into the store. Exit 0; 1 where requests failed (the next submit repeats them)."""
    from extractor.model import batches
    from extractor.model.ledger import Ledger
    from extractor.model.prices import load_prices
    from extractor.model.replies import Replies

    settings = _settings(replies)
    with Replies(settings.replies, create=False) as store:
        done = _run(batches.collect(settings, store))
        collected = {c.name for c in done}
        entries = (entry for name in collected for entry in store.entries(name))
        total = Ledger(load_prices(settings.prices), entries).total()
        waiting = sum(s.state not in (batches.COLLECTED, batches.ABANDONED) for s in batches.standings(store))
    for c in done:
        for token, said in c.failures:
            tell(f"{c.name}: {token}: {said}")
        typer.echo(f"{c.name}: {c.replies} replies, {len(c.failures)} failed")
    tell(f"{len(done)} batches collected, {waiting} not ended; {total.words()}")
    if any(c.failures for c in done):
        tell("failed requests are open again: give `gouji batch submit` once more")
        raise typer.Exit(1)


def _settings(replies: Path | None) -> ModelSettings:
    from dataclasses import replace

    from extractor.model.settings import load_settings

    settings = load_settings()
    if not settings.configured:
        raise usage("no model is configured: set GOUJI_MODEL, and GOUJI_BASE_URL and GOUJI_API_KEY; `gouji doctor` says what is missing")
    return replace(settings, replies=replies) if replies else settings


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; exit 1 where the provider does not do its part."""
    import asyncio

    from extractor.errors import EndpointError

    try:
        return asyncio.run(work)
    except EndpointError as exc:
        tell(f"gouji: {exc}")
        raise typer.Exit(1) from exc
    except ModuleNotFoundError as exc:
        work.close()
        raise usage(f"{exc.name} is not installed; pip install 'gouji[model]'") from exc
