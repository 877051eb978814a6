"""``gouji extract``: many reports to many records, with a word to people about the run."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from extractor.commands.common import console, known_forms, tell, usage

if TYPE_CHECKING:
    from extractor.archive.asking import Askers, Setup
    from extractor.archive.engine import Engine
    from extractor.archive.inputs import Archive
    from extractor.archive.outputs import Output
    from extractor.archive.stored import StoreOutput
    from extractor.archive.talk import Tally
    from extractor.archive.work import Options
    from extractor.form import Form

_FEW = 8  # reports that one process has read before another has started


class Model(StrEnum):
    """When a language model reads as well."""

    none = "none"
    auto = "auto"
    always = "always"


class Outputs(NamedTuple):
    """Where the records go: JSON lines, a store, a Parquet dataset; ``resume`` goes on with what an earlier run left there."""

    jsonl: str | None = None
    db: str | None = None
    parquet: str | None = None
    resume: bool = True


class Asking(NamedTuple):
    """The options of a run that have to do with a model."""

    model: str | None = None
    then: str | None = None
    replies: Path | None = None
    replay: bool = False
    budget: str | None = None
    yes: bool = False


class Machines(NamedTuple):
    """Where the work is done: processes of this machine (0: one for each core), or a Dask cluster."""

    workers: int = 0
    engine: str = "local"


def run(paths: Sequence[Path], outputs: Outputs, asking: Asking, machines: Machines, options: Options) -> None:
    """Extract ``paths``; typer.Exit(1) where a report is unreadable."""
    from extractor.archive.inputs import Archive

    mode = mode_of(asking.model)
    forms = known_forms(Path(options.forms) if options.forms else None)  # a wrong form ends the run before it starts
    archive = Archive(paths, options.max_bytes, _ours(outputs))
    setup = _setup(mode, asking) if mode != Model.none else None
    if setup is not None:
        options = replace(options, mode=mode.value, models=setup.models)
    options = replace(options, keep=outputs.db is not None, tables=outputs.parquet is not None)
    with ExitStack() as stack:
        engine = open_engine(machines, options, archive.count)
        stack.callback(engine.close)
        if setup is not None and not asking.replay:
            _agree(archive, engine, setup, asking.yes)
        _Session(archive, engine, options, forms, outputs, setup, stack).run()


def open_engine(machines: Machines, options: Options, count: int | None) -> Engine:
    """The engine asked for; one report alone is not worth a process of its own."""
    from extractor.archive.engine import Inline, Processes
    from extractor.archive.work import prepare

    if machines.engine != "local":
        from extractor.archive.cluster import connect

        return connect(machines.engine, options)
    workers = machines.workers or os.cpu_count() or 1
    if count is not None:
        workers = min(workers, -(-count // _FEW))
    if workers > 1:
        return Processes(options, workers)
    if count is None or count > _FEW:
        prepare(options)
    return Inline(options)


@dataclass
class _Session:
    """One run from its inputs to its closing line."""

    archive: Archive
    engine: Engine
    options: Options
    forms: Sequence[Form]
    outputs: Outputs
    setup: Setup | None
    stack: ExitStack

    def run(self) -> None:
        """Do it; typer.Exit(1) where a report is unreadable."""
        from extractor.archive.asking import Askers
        from extractor.archive.talk import Tally

        tally, started = Tally(), time.monotonic()
        lines, store, dataset = self._jsonl(), self._store(), self._dataset()
        outs = [output for output in (lines, store, dataset) if output is not None]
        askers = Askers(self.setup) if self.setup is not None else None
        try:
            asyncio.run(self._read(outs, askers, tally))
        except KeyboardInterrupt:
            tell(f"gouji: stopped after {tally.reports.total():,} reports; the same command goes on from there")
            raise
        for output in outs:
            output.finish()
        if store is not None and askers is not None:
            store.keep_replies(askers.setup.settings.replies, askers.reports)
        err = console(stderr=True)
        if lines is None:
            tally.print_table(err)
        tally.print_errors(err)
        tell(tally.closing_line(time.monotonic() - started))
        if passed := str(self.archive.passed):
            tell(f"gouji: note: {passed}")
        if store is not None:
            tell(f"store: {store.new:,} new, {store.known:,} as before, in {store.name}")
        if askers is not None:
            _tell_model(askers, tally.counts["accepted"])
        if tally.reports["unreadable"]:
            raise typer.Exit(1)

    def _jsonl(self) -> Output | None:
        from extractor.archive.outputs import JsonLines, StandardOutput

        if self.outputs.jsonl is None or self.outputs.jsonl == "-":
            return StandardOutput() if self.outputs.jsonl else None
        lines = JsonLines(Path(self.outputs.jsonl), self._stamp(), self.outputs.resume)
        self.stack.callback(lines.close)
        if lines.why_fresh:
            tell(f"gouji: note: {lines.why_fresh}")
        return lines

    def _store(self) -> StoreOutput | None:
        if self.outputs.db is None:
            return None
        from extractor.archive.stored import StoreOutput

        # A model may answer today what it did not yesterday: what is recorded costs nothing to look at again.
        store = StoreOutput(self.outputs.db, self.forms, again=not self.outputs.resume or self.setup is not None)
        self.stack.callback(store.close)
        return store

    def _dataset(self) -> Output | None:
        if self.outputs.parquet is None:
            return None
        from extractor.archive.parquet import Dataset

        dataset = Dataset(self.outputs.parquet, self._stamp(), self.outputs.resume)
        self.stack.callback(dataset.close)
        return dataset

    def _stamp(self) -> dict[str, object]:
        """The program and the options that say what a report is read as."""
        from extractor.stamp import make_stamp

        o = self.options  # but not the budget: a report that it left unasked is not taken over
        return {**make_stamp(self.forms), "max_bytes": o.max_bytes, "mode": o.mode, "models": list(o.models)}

    async def _read(self, outs: Sequence[Output], askers: Askers | None, tally: Tally) -> None:
        """Every input to every output."""
        from extractor.archive.known import Known
        from extractor.archive.outputs import JsonLines
        from extractor.archive.run import Answering, Run
        from extractor.archive.talk import progress

        known = Known(next((o for o in outs if isinstance(o, JsonLines) and o.readable), None))
        async with AsyncExitStack() as stack:
            answering = None
            if askers is not None:
                await stack.enter_async_context(askers)
                answering = Answering(askers.ask, askers.cost, 2 * askers.setup.settings.concurrency)
            with progress(console(stderr=True), self.archive.count, askers.words if askers else None) as shown:
                async for done in Run(self.engine, outs, known, answering).results(self.archive):
                    tally.add(done)
                    if askers is not None and done.line is not None:
                        askers.count(done.line.text)
                    shown(tally)


def _ours(outputs: Outputs) -> frozenset[str]:
    """Absolute names of the files and folders that the run itself writes."""
    names = [n for n in (outputs.jsonl, outputs.db, outputs.parquet) if n and n != "-" and "://" not in n]
    names += [n.removeprefix("sqlite:///") for n in (outputs.db,) if n and n.startswith("sqlite:///")]
    return frozenset(os.path.abspath(f"{n}{end}") for n in names for end in ("", ".part", ".part.run", "-wal", "-shm"))


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


def _setup(mode: Model, asking: Asking) -> Setup:
    """How models take part; usage where none is named."""
    from extractor.archive.asking import Setup
    from extractor.model.settings import load_settings

    settings = load_settings()
    if not settings.configured:
        raise usage(f"--model {mode}: no model is named; set GOUJI_MODEL to its name, and GOUJI_BASE_URL and GOUJI_API_KEY; `gouji doctor` says what is missing")
    if asking.replies:
        settings = replace(settings, replies=asking.replies)
    if not asking.replay:
        _installed()
    return Setup(mode.value, settings, asking.then or "", asking.replay, asking.budget)


def _agree(archive: Archive, engine: Engine, setup: Setup, yes: bool) -> None:
    """Have the person know what it may cost; typer.Exit(1) where they would rather not."""
    from extractor.archive.asking import questions_of
    from extractor.model.ledger import estimate
    from extractor.model.prices import load_prices

    settings = setup.settings
    most = estimate(questions_of(archive, engine), settings.model, load_prices(settings.prices))
    tell(f"gouji: {settings.model}, --model {setup.mode}: if nothing is answered yet, {most.words()}; first questions only")
    if not yes and not _agreed():
        raise typer.Exit(1)


def _installed() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("openai", "instructor", "tenacity") if find_spec(name) is None]
    if missing:
        raise usage(f"{missing[0]} is not installed; pip install 'gouji[model]', or use --replay, or --model none")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise usage("a run that asks a model has to be agreed to: give --yes, or --budget and --yes")
    return typer.confirm("Ask?", err=True)


def _tell_model(askers: Askers, accepted: int) -> None:
    """What the model's part of a run came to."""
    paid, used = askers.paid.total(), askers.used.total()
    each = used.per(accepted)
    share = f"; {' + '.join(f'{amount:.6f} {currency}' for currency, amount in each.items())} an accepted cell" if each else ""
    tell(f"model: paid now: {paid.words()} · all answers, recorded ones too: {used.words()}{share}")
    for kind, (count, words) in askers.unanswered.items():
        tell(f"gouji: {count} question{'' if count == 1 else 's'} {kind.replace('_', ' ')}, so rules alone decide there; the first: {words}")
