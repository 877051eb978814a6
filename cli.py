"""The command line: the verbs with their arguments; ``extractor.commands`` has what they do (contract.md).

Data goes to stdout, everything for people to stderr. Nothing heavy is imported here, only inside the command
bodies, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from extractor.commands import batch as batch_commands
from extractor.commands import forms as form_commands
from extractor.commands import golden as golden_commands
from extractor.commands import replies as replies_commands
from extractor.commands.common import STYLE, Db, Forms, Golden, Report, golden_folder, usage


class _Group(TyperGroup):
    """Where every command ends: the user's errors in one line with exit code 2, a closed pipe without a word."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors=errors)
        return super().main(*args, **kwargs)

    def invoke(self, ctx: Any) -> None:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit complains
            raise typer.Exit(141) from None  # what a shell reports for a program ended by a closed pipe
        except Exception as exc:
            errors = sys.modules.get("extractor.errors")  # not imported for it: `extract --help` needs no package
            if errors and isinstance(exc, errors.GoujiError):
                raise usage(str(exc)) from exc
            raise


app = typer.Typer(cls=_Group, add_completion=False, pretty_exceptions_enable=False, **STYLE)


class Split(StrEnum):
    """A part of the golden set."""

    dev = "dev"
    locked = "locked"
    all = "all"


class PanelShape(StrEnum):
    """How the panel is laid out."""

    wide = "wide"
    long = "long"
    findings = "findings"


Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH", help="Reports, or folders of reports.", show_default=False)
]
Units = Annotated[
    Path | None,
    typer.Option(metavar="FILE", envvar="GOUJI_UNITS", help="Names, breaks and children of units (YAML; docs/across.md).", show_default=False),
]
Debug = Annotated[bool, typer.Option("--debug", envvar="GOUJI_DEBUG", help="Print tracebacks of bugs.")]


def _version(wanted: bool) -> None:
    if wanted:
        from extractor.build import compiled

        typer.echo(f"gouji {_installed_version()}{' (compiled)' if compiled() else ''}")
        raise typer.Exit


def _installed_version() -> str:
    """The version installed, or that of the checkout this file lies in."""
    from importlib.metadata import PackageNotFoundError, version

    project = Path(__file__).with_name("pyproject.toml")
    if project.is_file():
        import tomllib

        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    try:
        return version("gouji")
    except PackageNotFoundError:
        return "unknown"


@app.callback()
def main(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Gouji reads the tables of government disclosure reports, checks every sum, and shows where each figure stands."""
    ctx.obj = Path(__file__).resolve().parent  # where a checkout has its golden set


@app.command()
def extract(
    paths: Paths,
    jsonl: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-", envvar="GOUJI_JSONL", help="Write one JSON record a report; - is standard output."
        ),
    ] = None,
    db: Db = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="none|auto|always", envvar="GOUJI_MODEL",
            help="Whether a language model reads too: nowhere, where rules leave something open, everywhere. auto where a model is configured, else none.",
            show_default=False,
        ),
    ] = None,
    then: Annotated[
        str | None, typer.Option("--then", metavar="NAME", envvar="GOUJI_THEN", help="A second model, for what is still open.")
    ] = None,
    replies: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="GOUJI_REPLIES", help="The store of replies.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", envvar="GOUJI_REPLAY", help="Answer from stored replies alone; no connection, no key.")
    ] = False,
    budget: Annotated[
        str | None, typer.Option(metavar="AMOUNT", envvar="GOUJI_BUDGET", help="The most it may cost: 5usd or 200000tok.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", envvar="GOUJI_YES", help="Do not ask before a model is.")] = False,
    parquet: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", envvar="GOUJI_PARQUET", help="A Parquet dataset: a folder, or a URL that fsspec knows (s3://…).", show_default=False),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", envvar="GOUJI_RESUME", help="Go on with what an earlier run of the same command left, or read everything anew.")
    ] = True,
    workers: Annotated[
        int, typer.Option(min=0, envvar="GOUJI_WORKERS", help="Processes to read with; 0 is one for each core.")
    ] = 0,
    engine: Annotated[
        str, typer.Option(metavar="local|dask|ADDRESS", envvar="GOUJI_ENGINE", help="Read on this machine, or on the Dask cluster configured or at ADDRESS.")
    ] = "local",
    forms: Forms = None,
    max_bytes: Annotated[
        int, typer.Option(min=1, envvar="GOUJI_MAX_BYTES", help="Larger files are not read.")
    ] = 8_000_000,
    debug: Debug = False,
) -> None:
    """Extract reports: one record each. Exit 0 all read, 1 some report unreadable, 2 usage."""
    from extractor.archive.work import Options
    from extractor.commands.extract import Asking, Machines, Outputs, run

    asking = Asking(model, then, replies, replay, budget, yes)
    outputs, machines = Outputs(jsonl, db, parquet, resume), Machines(workers, engine)
    run(paths, outputs, asking, machines, Options(str(forms) if forms else None, max_bytes, debug))


@app.command()
def check(
    paths: Paths,
    as_json: Annotated[
        bool, typer.Option("--json", envvar="GOUJI_CHECK_JSON", help="Print each problem as one line of JSON.")
    ] = False,
    forms: Forms = None,
    units: Units = None,
) -> None:
    """List the problems of reports and between them, one line each. Exit 0 none, 1 problems, 2 usage."""
    from extractor.commands.check import run

    run(paths, as_json, forms, units)


@app.command()
def show(
    report: Report,
    field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", envvar="GOUJI_FIELD", help="One cell, such as requests/new/total."),
    ] = None,
    text: Annotated[bool, typer.Option("--text", envvar="GOUJI_TEXT", help="Print the text as read.")] = False,
    forms: Forms = None,
    debug: Debug = False,
) -> None:
    """Draw one report as a grid, or one cell with its evidence and rules. Exit 0, or 2 where there is nothing to show."""
    from extractor.commands.show import run

    run(report, field, text, forms, debug)


@app.command()
def evaluate(
    ctx: typer.Context,
    golden: Golden = None,
    readers: Annotated[
        str, typer.Option(envvar="GOUJI_READERS", help="Readers to score, by comma: rules, model, both; the first is the main one.")
    ] = "rules",
    replies: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="GOUJI_REPLIES", help="Recorded replies for model and both; default replies.sqlite.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE|-", envvar="GOUJI_EVALUATE_JSON", help="Write the scorecard.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", envvar="GOUJI_HTML", help="Write one page for people.")
    ] = None,
    split: Annotated[Split, typer.Option(envvar="GOUJI_SPLIT", help="The part to score.")] = Split.all,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="GOUJI_BASELINE", help="A scorecard to compare with.")
    ] = None,
    planted: Annotated[
        bool, typer.Option("--planted", envvar="GOUJI_PLANTED", help="Plant known errors into the texts as well.")
    ] = False,
    forms: Forms = None,
) -> None:
    """Score the readers against the golden set. Exit 0, 1 where a wrong cell was accepted, 2 usage."""
    from extractor.commands.evaluate import Asked, Outputs, run

    folder = golden_folder(golden, "the argument GOLDEN", ctx.obj)
    part = None if split is Split.all else split.value
    asked = Asked(readers, replies, planted)
    run(folder, asked, part, forms, Outputs(json_file, html_file), baseline, _installed_version(), ctx.obj)


@app.command()
def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="A scorecard or baseline.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The scorecard held against it.", show_default=False)],
    gate: Annotated[bool, typer.Option("--gate", envvar="GOUJI_GATE", help="Exit 1 where the gate is closed.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE|-", envvar="GOUJI_COMPARE_JSON", help="Write every change.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE|-", envvar="GOUJI_MARKDOWN", help="Write it for a pull request.")
    ] = None,
    new_baseline: Annotated[
        str | None, typer.Option(metavar="REASON", envvar="GOUJI_NEW_BASELINE", help="Make NEW the baseline at BASE.")
    ] = None,
) -> None:
    """Hold two scorecards side by side, cell by cell. Exit 0, 1 where --gate finds it closed, 2 usage."""
    from extractor.commands.compare import Outputs, run

    run(base, new, gate, Outputs(json_file, markdown), new_baseline)


@app.command()
def certify(
    source: Annotated[
        Path | None, typer.Argument(metavar="[SCORECARD|GOLDEN]", help="A scorecard, or a golden set; else the shipped counts.", show_default=False),
    ] = None,
    ceiling: Annotated[
        float | None, typer.Option(metavar="SHARE", envvar="GOUJI_CEILING", help="The share of wrong reports to stay under.")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(metavar="SHARE", envvar="GOUJI_CONFIDENCE", help="How sure to be of it.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE|-", envvar="GOUJI_CERTIFY_JSON", help="Write the certificate.")
    ] = None,
) -> None:
    """State the silent-error bound that the evidence supports. Exit 0 certified, 1 cannot certify, 2 usage."""
    from extractor.commands.certify import certify_command
    from extractor.commands.common import console

    code = certify_command(source, ceiling, confidence, json_file, console(stderr=str(json_file) == "-"))
    if code:
        raise typer.Exit(code)


@app.command()
def export(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", envvar="GOUJI_OUT", help="The file: .csv, .parquet or .xlsx.", show_default=False)
    ],
    records: Annotated[
        Path | None, typer.Argument(metavar="[RECORDS]", help="A file of records (extract --jsonl) instead of the store.", show_default=False)
    ] = None,
    shape: Annotated[
        PanelShape, typer.Option(envvar="GOUJI_SHAPE", help="One row a report, a cell or a finding.")
    ] = PanelShape.wide,
    db: Db = None,
    only_sure: Annotated[
        bool, typer.Option("--only-sure", envvar="GOUJI_ONLY_SURE", help="Leave out values that wait for a person.")
    ] = False,
    bom: Annotated[bool, typer.Option("--bom", envvar="GOUJI_BOM", help="Begin CSV with a byte order mark, for Excel.")] = False,
    forms: Forms = None,
    units: Units = None,
) -> None:
    """Write the panel as a table, with a codebook beside it. Exit 0, or 2 where it cannot be written."""
    from extractor.commands.export import Choice, Places, run

    run(Places(records, db, forms, units), out, Choice(shape.value, only_sure, bom))


@app.command()
def status(
    db: Db = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", envvar="GOUJI_STATUS_HTML", help="Write one page for people.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE|-", envvar="GOUJI_STATUS_JSON", help="Write every number.")
    ] = None,
    units: Units = None,
    forms: Forms = None,
) -> None:
    """Say how an archive stands: coverage, straight-through, backlog, people, audit, totals. Exit 0, 2 where there is no store."""
    from extractor.commands.status import Outputs, run

    run(db, Outputs(json_file, html_file), units, forms)


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="GOUJI_HOST", help="The address to listen at; another than this machine's own needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, envvar="GOUJI_PORT", help="The port; 0 is any that is free.")] = 8765,
    db: Db = None,
    token: Annotated[
        str | None, typer.Option(envvar="GOUJI_TOKEN", help="What clients have to give; rather set the variable, which other users cannot see.", show_default=False)
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", metavar="NAME", envvar="GOUJI_ALLOW_HOST", help="A further name to be called by.")
    ] = None,
    forms: Forms = None,
    workers: Annotated[int, typer.Option(min=1, max=64, envvar="GOUJI_WORKERS", help="Processes to read reports with.")] = 2,
    max_bytes: Annotated[int, typer.Option(min=1, envvar="GOUJI_MAX_BYTES", help="Larger reports are not read.")] = 8_000_000,
) -> None:
    """Serve extraction, reports and review over HTTP (docs/service.md). Exit 0 when told to stop, 2 usage."""
    from extractor.commands.serve import run
    from extractor.store import DEFAULT_URL
    from extractor.web.settings import Limits, Settings

    limits = Limits(report=max_bytes)
    run(Settings(host, port, db or DEFAULT_URL, token, tuple(allow_host or ()), str(forms) if forms else None, workers, limits))


@app.command()
def review(
    port: Annotated[int, typer.Option(min=0, max=65535, envvar="GOUJI_PORT", help="The port; 0 is any that is free.")] = 8765,
    db: Db = None,
    reviewer: Annotated[str, typer.Option(metavar="NAME", envvar="GOUJI_REVIEWER", help="Who reviews; the page asks where nobody is named.")] = "",
    blind: Annotated[bool, typer.Option("--blind", envvar="GOUJI_BLIND", help="Key every cell without seeing a reading, for golden labels.")] = False,
    audit: Annotated[float, typer.Option(metavar="SHARE", envvar="GOUJI_AUDIT", help="The share of accepted cells to key blind, such as 0.02.")] = 0.0,
    forms: Forms = None,
) -> None:
    """Serve the review page on this machine (docs/review.md). Exit 0 when told to stop, 2 usage."""
    from extractor.commands.review import run
    from extractor.web.settings import Reviewing

    run(db or "gouji.sqlite", port, Reviewing(reviewer, blind, audit), str(forms) if forms else None)


@app.command()
def doctor(
    ask: Annotated[bool, typer.Option("--ask", envvar="GOUJI_ASK", help="Ask the model one tiny question.")] = False,
    reports: Annotated[int, typer.Option(min=0, envvar="GOUJI_REPORTS", help="Price a run of so many reports.")] = 0,
    tokens_in: Annotated[int, typer.Option(min=0, envvar="GOUJI_TOKENS_IN", help="Tokens in that one report takes.")] = 4_000,
    tokens_out: Annotated[int, typer.Option(min=0, envvar="GOUJI_TOKENS_OUT", help="Tokens out that one takes.")] = 1_500,
) -> None:
    """Say what is configured of a model, whether it answers, and what a run would cost. Exit 0, 1 where something fails."""
    from extractor.commands.doctor import run

    run(ask, reports, tokens_in, tokens_out)


app.add_typer(form_commands.app, name="form")
app.add_typer(golden_commands.app, name="golden")
app.add_typer(batch_commands.app, name="batch")
app.add_typer(replies_commands.app, name="replies")

if __name__ == "__main__":
    app()
