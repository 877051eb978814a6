"""``gouji extract``: many reports to many records, with a word to people about the run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from extractor import batch
from extractor.commands.common import console, known_forms, tell, usage

if TYPE_CHECKING:
    from extractor.batch import Line
    from extractor.keep import Keeper
    from extractor.modelrun import Run
    from extractor.record import Summary

_MANY = 20  # more files than this get a progress bar


class Model(StrEnum):
    """When a language model reads as well."""

    none = "none"
    auto = "auto"
    always = "always"


class Outputs(NamedTuple):
    """Where the records go: JSON lines, a store, both or neither."""

    jsonl: str | None = None
    db: str | None = None


class Asking(NamedTuple):
    """The options of a run that have to do with a model."""

    model: str | None = None
    then: str | None = None
    replies: Path | None = None
    replay: bool = False
    budget: str | None = None
    yes: bool = False


def run(paths: Sequence[Path], outputs: Outputs, asking: Asking, workers: int, options: batch.Options) -> None:
    """Extract ``paths``; typer.Exit(1) where a report is unreadable."""
    mode = mode_of(asking.model)
    jsonl, options = outputs.jsonl, replace(options, keep=outputs.db is not None)
    known_forms(Path(options.forms) if options.forms else None)  # a wrong form ends the run before it starts
    files = batch.find(paths)
    for ours in filter(None, (jsonl if jsonl != "-" else None, outputs.db)):
        files = _without_output(files, Path(ours))
    asked = None if mode == Model.none else _with_model(files, mode, asking, options)
    started = time.monotonic()
    summaries = []
    with batch.sink(jsonl) as write, _keeper(outputs.db, options) as keeper:
        for line in _with_progress(batch.run(files, options, workers) if asked is None else iter(asked), len(files)):
            if keeper:
                keeper.keep(line)
            write(line.text)
            summaries.append(line.summary)
        if keeper:
            keeper.flush()
        if keeper and asked is not None:
            keeper.keep_replies(asked.setup.settings.replies)
    _tell(summaries, time.monotonic() - started, table=jsonl is None)
    if keeper:
        tell(f"store: {keeper.new:,} new, {keeper.known:,} as before, in {keeper.name}")
    if asked is not None:
        _tell_model(asked, sum(s.accepted for s in summaries))
    if any(s.error for s in summaries):
        raise typer.Exit(1)


@contextmanager
def _keeper(db: str | None, options: batch.Options) -> Iterator[Keeper | None]:
    """What puts each line into the store as it comes; None without a store."""
    if db is None:
        yield None
        return
    from extractor.keep import Keeper

    with Keeper(db, known_forms(Path(options.forms) if options.forms else None)) as keeper:
        yield keeper


def mode_of(model: str | None) -> Model:
    """The mode that was asked for; without one ``auto`` where a model is configured, else ``none`` (contract.md).

    GOUJI_MODEL names the model, and is by the rule for all options also the variable of ``--model``: a mode in it is one.
    """
    if model in list(Model):
        return Model(model)
    named = os.environ.get("GOUJI_MODEL", "").strip()
    if model is not None and model.strip() != named:
        raise usage(f"--model {model}: not one of none, auto, always; the model itself is named by GOUJI_MODEL")
    return Model.auto if named else Model.none


def _with_model(files: Sequence[Path], mode: Model, asking: Asking, options: batch.Options) -> Run:
    """A run that asks a model, once the person knows what it may cost; typer.Exit(1) where they would rather not."""
    from extractor.model.settings import load_settings
    from extractor.modelrun import Run, Setup, estimated

    settings = load_settings()
    if not settings.configured:
        raise usage(f"--model {mode}: no model is named; set GOUJI_MODEL to its name, and GOUJI_BASE_URL and GOUJI_API_KEY; `gouji doctor` says what is missing")
    if asking.replies:
        settings = replace(settings, replies=asking.replies)
    setup = Setup(mode, settings, asking.then or "", asking.replay, asking.budget)
    if not asking.replay:
        _installed()
        tell(f"gouji: {settings.model}, --model {mode}: if nothing is answered yet, {estimated(files, options, setup).words()}; first questions only")
        if not asking.yes and not _agreed():
            raise typer.Exit(1)
    return Run(files, options, setup)


def _installed() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("openai", "instructor", "tenacity") if find_spec(name) is None]
    if missing:
        raise usage(f"{missing[0]} is not installed; pip install 'gouji[model]', or use --replay, or --model none")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise usage("a run that asks a model has to be agreed to: give --yes, or --budget and --yes")
    return typer.confirm("Ask?", err=True)


def _tell_model(asked: Run, accepted: int) -> None:
    """What the model's part of a run came to."""
    tally = asked.tally
    each = tally.used.per(accepted)
    share = f"; {' + '.join(f'{amount:.6f} {currency}' for currency, amount in each.items())} an accepted cell" if each else ""
    tell(f"model: paid now: {tally.paid.words()} · all answers, recorded ones too: {tally.used.words()}{share}")
    for kind, (count, words) in tally.unanswered.items():
        tell(f"gouji: {count} question{'' if count == 1 else 's'} {kind.replace('_', ' ')}, so rules alone decide there; the first: {words}")


def _tell(summaries: Sequence[Summary], seconds: float, table: bool) -> None:
    """What a run says to people."""
    err = console(stderr=True)
    if table:
        batch.print_table(err, summaries)
    batch.print_errors(err, summaries)
    tell(batch.closing_line(summaries, seconds))


def _without_output(files: list[Path], target: Path) -> list[Path]:
    """The files without the record of an earlier run that lies among them."""
    ours = {os.path.abspath(target), os.path.abspath(f"{target}.part")}
    kept = [f for f in files if os.path.abspath(f) not in ours]
    if len(kept) < len(files):
        tell(f"gouji: note: {target} lies among the reports and is not read; it is the output")
    return kept


def _with_progress(lines: Iterator[Line], total: int) -> Iterator[Line]:
    if total <= _MANY or not sys.stderr.isatty():
        yield from lines
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reports"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        yield from bar.track(lines, total=total)
