"""``gouji extract``: many reports to many records, with a word to people about the run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from extractor import batch
from extractor.commands.common import console, known_forms, tell, usage

if TYPE_CHECKING:
    from extractor.batch import Line
    from extractor.record import Summary

_MANY = 20  # more files than this get a progress bar


class Model(StrEnum):
    """When a language model reads as well."""

    none = "none"
    auto = "auto"
    always = "always"


def run(paths: Sequence[Path], jsonl: str | None, model: str, workers: int, options: batch.Options) -> None:
    """Extract ``paths``; typer.Exit(1) where a report is unreadable."""
    _refuse_model(model)
    known_forms(Path(options.forms) if options.forms else None)  # a wrong form ends the run before it starts
    files = batch.find(paths)
    if jsonl and jsonl != "-":
        files = _without_output(files, Path(jsonl))
    started = time.monotonic()
    summaries = []
    with batch.sink(jsonl) as write:
        for line in _with_progress(batch.run(files, options, workers), len(files)):
            write(line.text)
            summaries.append(line.summary)
    _tell(summaries, time.monotonic() - started, table=jsonl is None)
    if any(s.error for s in summaries):
        raise typer.Exit(1)


def _refuse_model(model: str) -> None:
    """Only ``none`` exists yet. GOUJI_MODEL may hold a mode, or name a model that another version would ask."""
    if model in (Model.auto, Model.always):
        raise usage(f"--model {model}: this version has no model reader; use --model none")
    if model == Model.none:
        return
    if model != os.environ.get("GOUJI_MODEL"):
        raise usage(f"--model {model}: not one of none, auto, always")
    tell(f"gouji: note: GOUJI_MODEL={model}: this version has no model reader and reads by rules alone")


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
