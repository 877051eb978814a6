"""The command line: parse arguments, call, print, choose the exit code (contract.md).

Data goes to stdout, everything for people to stderr. Nothing heavy is imported here, only inside the command
bodies, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.console import Console

    from extractor.batch import Line, Options
    from extractor.form import Form
    from extractor.record import Summary
    from extractor.types import Extraction

_MANY = 20  # more files than this get a progress bar
_WIDE = 140  # columns of what is written to a file or a pipe


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
                raise _usage(str(exc)) from exc
            raise


_STYLE: dict[str, Any] = {"no_args_is_help": True, "rich_markup_mode": None}
app = typer.Typer(cls=_Group, add_completion=False, pretty_exceptions_enable=False, **_STYLE)
form_app = typer.Typer(help="The forms that are known: list, check, compare.", **_STYLE)
golden_app = typer.Typer(help="The golden set: what is keyed, new key sheets, settling.", **_STYLE)
app.add_typer(form_app, name="form")
app.add_typer(golden_app, name="golden")


class Model(StrEnum):
    """When a language model reads as well."""

    none = "none"
    auto = "auto"
    always = "always"


class Split(StrEnum):
    """A part of the golden set."""

    dev = "dev"
    locked = "locked"
    all = "all"


Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH", help="Reports, or folders of reports.", show_default=False)
]
Report = Annotated[Path, typer.Argument(metavar="REPORT", help="One report.", show_default=False)]
Forms = Annotated[
    Path | None,
    typer.Option("--forms", metavar="DIR", envvar="GOUJI_FORMS", help="A folder of further forms (*.yaml)."),
]


def _usage(message: str) -> typer.Exit:
    print(f"gouji: error: {message}", file=sys.stderr)
    return typer.Exit(2)


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    class Plain(Console):
        """A console that leaves a closed pipe to ``_Group``, like every other output."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or "COLUMNS" in os.environ
    return Plain(stderr=stderr, highlight=False, width=None if known else _WIDE)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gouji {_installed_version()}")
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
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Gouji reads the tables of government disclosure reports, checks every sum, and shows where each figure stands."""


# extract


@app.command()
def extract(
    paths: Paths,
    jsonl: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-", envvar="GOUJI_JSONL", help="Write one JSON record a report; - is standard output."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(metavar="none|auto|always", envvar="GOUJI_MODEL", help="Whether a language model reads too."),
    ] = Model.none.value,
    workers: Annotated[
        int, typer.Option(min=0, envvar="GOUJI_WORKERS", help="Processes to read with; 0 is one for each core.")
    ] = 1,
    forms: Forms = None,
    max_bytes: Annotated[
        int, typer.Option(min=1, envvar="GOUJI_MAX_BYTES", help="Larger files are not read.")
    ] = 8_000_000,
    debug: Annotated[bool, typer.Option("--debug", envvar="GOUJI_DEBUG", help="Print tracebacks of bugs.")] = False,
) -> None:
    """Extract reports: one record each. Exit 0 all read, 1 some report unreadable, 2 usage."""
    _refuse_model(model)
    from extractor import batch
    from extractor.form import load_forms

    folder = str(forms) if forms else None
    load_forms(folder)  # a wrong form ends the run before it starts
    files = batch.find(paths)
    if jsonl and jsonl != "-":
        files = _without_output(files, Path(jsonl))
    started = time.monotonic()
    lines = batch.run(files, batch.Options(folder, max_bytes, debug), workers)
    summaries = []
    with batch.sink(jsonl) as write:
        for line in _with_progress(lines, len(files)):
            write(line.text)
            summaries.append(line.summary)
    _tell(summaries, time.monotonic() - started, table=jsonl is None)
    if any(s.error for s in summaries):
        raise typer.Exit(1)


def _refuse_model(model: str) -> None:
    """Only ``none`` exists yet. GOUJI_MODEL may hold a mode, or name a model that another version would ask."""
    if model in (Model.auto, Model.always):
        raise _usage(f"--model {model}: this version has no model reader; use --model none")
    if model == Model.none:
        return
    if model != os.environ.get("GOUJI_MODEL"):
        raise _usage(f"--model {model}: not one of none, auto, always")
    print(f"gouji: note: GOUJI_MODEL={model}: this version has no model reader and reads by rules alone", file=sys.stderr)


def _tell(summaries: Sequence[Summary], seconds: float, table: bool) -> None:
    """What a run says to people."""
    from extractor import batch

    err = _console(stderr=True)
    if table:
        batch.print_table(err, summaries)
    batch.print_errors(err, summaries)
    print(batch.closing_line(summaries, seconds), file=sys.stderr)


def _without_output(files: list[Path], target: Path) -> list[Path]:
    """The files without the record of an earlier run that lies among them."""
    ours = {os.path.abspath(target), os.path.abspath(f"{target}.part")}
    kept = [f for f in files if os.path.abspath(f) not in ours]
    if len(kept) < len(files):
        print(f"gouji: note: {target} lies among the reports and is not read; it is the output", file=sys.stderr)
    return kept


def _with_progress(lines: Iterator[Line], total: int) -> Iterator[Line]:
    if total <= _MANY or not sys.stderr.isatty():
        yield from lines
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reports"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console(stderr=True), transient=True) as bar:
        yield from bar.track(lines, total=total)


# check and show


@app.command()
def check(
    paths: Paths,
    as_json: Annotated[
        bool, typer.Option("--json", envvar="GOUJI_CHECK_JSON", help="Print each problem as one line of JSON.")
    ] = False,
    forms: Forms = None,
) -> None:
    """List the problems of reports, one line each. Exit 0 none, 1 problems, 2 usage."""
    from extractor import batch
    from extractor.form import load_forms
    from extractor.problems import problems
    from extractor.record import dumps

    known = load_forms(str(forms) if forms else None)
    files = batch.find(paths)
    counts: dict[str, int] = {}
    for path in files:
        extraction, form = _read(path, known, batch.Options())
        for problem in problems(extraction, form):
            print(dumps(problem.data) if as_json else problem.text, flush=True)
            weight = len(problem.data["cells"]) if problem.kind == "review" else 1
            counts[problem.kind] = counts.get(problem.kind, 0) + weight
    print(_counted(counts, len(files)), file=sys.stderr)
    if counts:
        raise typer.Exit(1)


def _counted(counts: dict[str, int], reports: int) -> str:
    said = f"{reports} report{'' if reports == 1 else 's'}: "
    if not counts:
        return said + "no problems"
    findings, cells = counts.get("finding", 0), counts.get("review", 0)
    return (
        f"{said}{findings} finding{'' if findings == 1 else 's'}, {cells:,} cell{'' if cells == 1 else 's'} for review, "
        f"{counts.get('unreadable', 0)} unreadable"
    )


def _read(path: Path, forms: Sequence[Form], options: Options) -> tuple[Extraction, Form | None]:
    from extractor.batch import extract_safely

    extraction = extract_safely(path, forms, options)
    return extraction, next((f for f in forms if f.id == extraction.form), None)


@app.command()
def show(
    report: Report,
    field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", envvar="GOUJI_FIELD", help="One cell, such as requests/new/total."),
    ] = None,
    text: Annotated[bool, typer.Option("--text", envvar="GOUJI_TEXT", help="Print the text as read.")] = False,
    forms: Forms = None,
    debug: Annotated[bool, typer.Option("--debug", envvar="GOUJI_DEBUG", help="Print tracebacks of bugs.")] = False,
) -> None:
    """Draw one report as a grid, or one cell with its evidence and rules. Exit 0, or 2 where there is nothing to show."""
    from extractor import batch
    from extractor.form import load_forms

    known = load_forms(str(forms) if forms else None)
    (path,) = batch.find([report]) if not report.is_dir() else (None,)
    if path is None:
        raise _usage(f"{report}: is a folder; show draws one report")
    extraction, form = _read(path, known, batch.Options(debug=debug))
    if text and extraction.document.text:
        sys.stdout.write(extraction.document.text)
        return
    if form is None:
        code, message = extraction.error or ("FORM_NOT_RECOGNISED", "no form was recognised")
        raise _usage(f"{extraction.document.source}: {code}: {message}")
    from extractor.show import field_of, print_field, print_report

    if field is None:
        print_report(_console(), extraction, form)
    else:
        print_field(_console(), extraction, form, field_of(form, field))


# evaluate


def _golden_folder(given: Path | None, option: str) -> Path:
    """The folder given, else that of the checkout; a wheel carries no golden set."""
    if given:
        return given
    here = Path(__file__).resolve().parent / "golden"
    if not (here / "splits.yaml").is_file():
        raise _usage(f"no golden set beside this installation; give its folder as {option}")
    return here


@app.command()
def evaluate(
    golden: Annotated[
        Path | None,
        typer.Argument(metavar="[GOLDEN]", envvar="GOUJI_GOLDEN", help="The golden set.", show_default=False),
    ] = None,
    readers: Annotated[str, typer.Option(envvar="GOUJI_READERS", help="Readers to score, by comma.")] = "rules",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE|-", envvar="GOUJI_EVALUATE_JSON", help="Write the scorecard.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", envvar="GOUJI_HTML", help="Write one page for people.")
    ] = None,
    split: Annotated[Split, typer.Option(envvar="GOUJI_SPLIT", help="The part to score.")] = Split.all,
    forms: Forms = None,
) -> None:
    """Score the readers against the golden set. Exit 0, 1 where a wrong cell was accepted, 2 usage."""
    from extractor import pipeline
    from extractor.evaluate import evaluate as score
    from extractor.evaluate import make_stamp
    from extractor.form import load_forms
    from extractor.golden import load_golden
    from extractor.record import dumps
    from extractor.scorecard import render_html, render_terminal

    folder = _golden_folder(golden, "the argument GOLDEN")
    known = load_forms(str(forms) if forms else None)
    reports = load_golden(folder, known, None if split is Split.all else split.value)
    stamp = make_stamp(folder, known, _installed_version(), time.strftime("%Y-%m-%d"))
    names = [r.strip() for r in readers.split(",")]
    card = score(reports, lambda path: pipeline.extract_path(path, known), known, names, stamp)
    to_stdout = json_file is not None and str(json_file) == "-"
    if json_file:
        _write(None if to_stdout else json_file, dumps(card.to_dict()) + "\n")
    if html_file:
        _write(html_file, render_html(card))
    render_terminal(card, _console(stderr=to_stdout))
    if card.total.silent:
        raise typer.Exit(1)


def _write(path: Path | None, text: str) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise _usage(f"{path}: cannot be written: {exc.strerror or exc}") from exc


# form


@form_app.command("list")
def form_list(forms: Forms = None) -> None:
    """List the forms: id, title, authority, size, file."""
    from extractor.form import load_forms
    from extractor.formview import print_list

    print_list(_console(), load_forms(str(forms) if forms else None))


@form_app.command("check")
def form_check(
    form: Annotated[str, typer.Argument(metavar="FILE|ID", help="A form file, or the id of a known form.")],
    forms: Forms = None,
) -> None:
    """Load and check one form, and say what its equations cannot see. Exit 0 good, 2 not."""
    from extractor.formview import check as check_form
    from extractor.formview import find_form

    _print_lines(check_form(find_form(form, str(forms) if forms else None)))


@form_app.command("diff")
def form_diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A form file or id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    forms: Forms = None,
) -> None:
    """Print what only A has (-), what only B has (+), and what changed (~)."""
    from extractor.formview import difference, find_form

    folder = str(forms) if forms else None
    _print_lines(difference(find_form(a, folder), find_form(b, folder)))


@form_app.command("schema")
def form_schema() -> None:
    """Print the JSON Schema of a form file."""
    from extractor.formview import schema

    print(schema())


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        print(line)


# golden

GoldenDir = Annotated[
    Path | None, typer.Option("--golden", metavar="DIR", envvar="GOUJI_GOLDEN", help="The golden set; default golden/.")
]


@golden_app.command("status")
def golden_status(
    golden: Annotated[
        Path | None,
        typer.Argument(metavar="[GOLDEN]", envvar="GOUJI_GOLDEN", help="The golden set.", show_default=False),
    ] = None,
) -> None:
    """One line a report: form, keyers, open mismatches, excluded cells, split. Exit 1 where work is open."""
    from extractor.golden import status

    rows = status(_golden_folder(golden, "the argument GOLDEN"))
    print(f"{'report':<12} {'form':<16} {'keyers':<8} {'open':>10} {'excluded':>8}  split")
    for r in rows:
        state = "unfinished" if r.open is None else str(r.open)
        print(f"{r.id:<12} {r.form or '-':<16} {','.join(r.keyers) or '-':<8} {state:>10} {r.excluded:>8}  {r.split}")
    if any(r.open != 0 for r in rows):
        raise typer.Exit(1)


@golden_app.command("key")
def golden_key(
    report: Report,
    form: Annotated[str, typer.Option(metavar="ID", envvar="GOUJI_FORM", help="The form it is keyed on.")],
    keyer: Annotated[str, typer.Option(metavar="NAME", envvar="GOUJI_KEYER", help="Who keys, such as a or b.")],
    golden: GoldenDir = None,
) -> None:
    """Make an empty key sheet for one report; two people key it without seeing each other's."""
    from extractor.formview import find_form
    from extractor.golden import key_sheet

    folder = _golden_folder(golden, "--golden DIR") / report.stem
    print(key_sheet(report, find_form(form), keyer, folder))


@golden_app.command("resolve")
def golden_resolve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of one keyed report.")],
) -> None:
    """Settle one report from its two keyings. Exit 1 where they differ and nobody has decided."""
    from extractor.golden import resolve

    still_open = resolve(folder)
    for m in still_open:
        print(f"{folder}: {m.field}: {m.a} / {m.b}: not settled; decide under `settled` in meta.yaml")
    if still_open:
        raise typer.Exit(1)
    print(f"{folder}: settled", file=sys.stderr)


if __name__ == "__main__":
    app()
