"""``gouji replies``: recorded replies as JSON lines, in and out of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extractor.commands.common import STYLE, tell, usage

app = typer.Typer(help="Recorded replies of models: import, export.", **STYLE)

Store = Annotated[
    Path | None, typer.Option("--replies", metavar="FILE", envvar="GOUJI_REPLIES", help="The store; default replies.sqlite.")
]


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of JSON lines (docs/replies.md).", show_default=False)],
    replies: Store = None,
) -> None:
    """Take recorded replies into the store; those that are there already are left out. Exit 0, or 2 for a wrong line."""
    from extractor.model.exchange import import_file
    from extractor.model.replies import Replies
    from extractor.model.settings import load_settings

    with Replies(replies or load_settings().replies) as store:
        for file in files:
            new, known = import_file(store, file)
            typer.echo(f"{file}: {new} new, {known} known before")


@app.command("export")
def export(
    output: Annotated[Path, typer.Argument(metavar="FILE|-", help="Where the lines go; - is standard output.")],
    replies: Store = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", envvar="GOUJI_OF_MODEL", help="Of this model only.")] = None,
) -> None:
    """Write every recorded reply as a line of JSON. Exit 0, or 2 where there is no store."""
    import sys

    from extractor.model.exchange import export_lines
    from extractor.model.replies import Replies
    from extractor.model.settings import load_settings

    count = 0
    with Replies(replies or load_settings().replies, create=False) as store:
        try:
            sink = sys.stdout if str(output) == "-" else output.open("w", encoding="utf-8")
        except OSError as exc:
            raise usage(f"{output}: cannot be written: {exc.strerror or exc}") from exc
        try:
            for line in export_lines(store, model=model):
                sink.write(line + "\n")
                count += 1
        finally:
            if sink is not sys.stdout:
                sink.close()
    tell(f"{count} replies written")
