"""``gouji form``: the forms that are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from extractor.commands.common import STYLE, Forms, console, known_forms

app = typer.Typer(help="The forms that are known: list, check, compare.", **STYLE)


@app.command("list")
def list_(forms: Forms = None) -> None:
    """List the forms: id, title, authority, size, file."""
    from extractor.formview import print_list

    print_list(console(), known_forms(forms))


@app.command("check")
def check(
    form: Annotated[str, typer.Argument(metavar="FILE|ID", help="A form file, or the id of a known form.")],
    forms: Forms = None,
) -> None:
    """Load and check one form, and say what its equations cannot see. Exit 0 good, 2 not."""
    from extractor.formview import check as check_form
    from extractor.formview import find_form

    _print_lines(check_form(find_form(form, str(forms) if forms else None)))


@app.command("diff")
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A form file or id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    forms: Forms = None,
) -> None:
    """Print what only A has (-), what only B has (+), and what changed (~)."""
    from extractor.formview import difference, find_form

    folder = str(forms) if forms else None
    _print_lines(difference(find_form(a, folder), find_form(b, folder)))


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a form file."""
    from extractor.formview import schema

    typer.echo(schema())


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
