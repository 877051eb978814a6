"""What every command needs: its usual arguments, its errors, its console, and writing a file.

This is imported before any command runs, so it imports nothing heavy.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from extractor.form import Form

_WIDE = 140  # columns of what is written to a file or a pipe
STYLE: dict[str, Any] = {"no_args_is_help": True, "rich_markup_mode": None}

Report = Annotated[Path, typer.Argument(metavar="REPORT", help="One report.", show_default=False)]
Forms = Annotated[
    Path | None,
    typer.Option("--forms", metavar="DIR", envvar="GOUJI_FORMS", help="A folder of further forms (*.yaml)."),
]
Db = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", envvar="GOUJI_DB", help="The store: a file, sqlite:///FILE or postgresql://…"),
]
Golden = Annotated[
    Path | None,
    typer.Argument(metavar="[GOLDEN]", envvar="GOUJI_GOLDEN", help="The golden set.", show_default=False),
]


def usage(message: str) -> typer.Exit:
    """Say what is wrong with the command in one line; raise what is returned."""
    tell(f"gouji: error: {message}")
    return typer.Exit(2)


def tell(line: str) -> None:
    """A line for people; what a name in it holds must not steer their terminal."""
    if not line.isprintable():
        from extractor.record import visible

        line = "\n".join(map(visible, line.split("\n")))
    typer.echo(line, err=True)


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, and wide where there is none."""
    from rich.console import Console

    class Plain(Console):
        """A console that leaves a closed pipe to ``cli``, like every other output."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or "COLUMNS" in os.environ
    return Plain(stderr=stderr, highlight=False, width=None if known else _WIDE)


def write(path: Path, text: str) -> bool:
    """Write a file, ``-`` being standard output; true where it was that, so that people are told on stderr."""
    if str(path) == "-":
        sys.stdout.write(text)
        return True
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise usage(f"{path}: cannot be written: {exc.strerror or exc}") from exc
    return False


def golden_folder(given: Path | None, option: str, home: Path) -> Path:
    """The golden set given, else that of the checkout at ``home``; a wheel carries none."""
    if given:
        return given
    here = home / "golden"
    if not (here / "splits.yaml").is_file():
        raise usage(f"no golden set beside this installation; give its folder as {option}")
    return here


def known_forms(folder: Path | None) -> tuple[Form, ...]:
    """The shipped forms, and those of ``folder``."""
    from extractor.form import load_forms

    return load_forms(str(folder) if folder else None)
