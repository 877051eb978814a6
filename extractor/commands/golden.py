"""``gouji golden``: the golden set: what is keyed, new key sheets, settling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extractor.commands.common import STYLE, Golden, Report, golden_folder, tell

app = typer.Typer(help="The golden set: what is keyed, new key sheets, settling.", **STYLE)

GoldenDir = Annotated[
    Path | None, typer.Option("--golden", metavar="DIR", envvar="GOUJI_GOLDEN", help="The golden set; default golden/.")
]


@app.command("status")
def status(ctx: typer.Context, golden: Golden = None) -> None:
    """One line a report: form, keyers, open mismatches, excluded cells, split. Exit 1 where work is open."""
    from extractor import golden as golden_set

    rows = golden_set.status(golden_folder(golden, "the argument GOLDEN", ctx.obj))
    typer.echo(f"{'report':<12} {'form':<16} {'keyers':<8} {'open':>10} {'excluded':>8}  split")
    for r in rows:
        state = "unfinished" if r.open is None else str(r.open)
        keyers = ",".join(r.keyers) or "-"
        typer.echo(f"{r.id:<12} {r.form or '-':<16} {keyers:<8} {state:>10} {r.excluded:>8}  {r.split}")
    if any(r.open != 0 for r in rows):
        raise typer.Exit(1)


@app.command("key")
def key(
    ctx: typer.Context,
    report: Report,
    form: Annotated[str, typer.Option(metavar="ID", envvar="GOUJI_FORM", help="The form it is keyed on.")],
    keyer: Annotated[str, typer.Option(metavar="NAME", envvar="GOUJI_KEYER", help="Who keys, such as a or b.")],
    golden: GoldenDir = None,
) -> None:
    """Make an empty key sheet for one report; two people key it without seeing each other's."""
    from extractor.formview import find_form
    from extractor.golden import key_sheet

    folder = golden_folder(golden, "--golden DIR", ctx.obj) / report.stem
    typer.echo(key_sheet(report, find_form(form), keyer, folder))


@app.command("resolve")
def resolve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of one keyed report.")],
) -> None:
    """Settle one report from its two keyings. Exit 1 where they differ and nobody has decided."""
    from extractor import golden as golden_set

    still_open = golden_set.resolve(folder)
    for m in still_open:
        typer.echo(f"{folder}: {m.field}: {m.a} / {m.b}: not settled; decide under `settled` in meta.yaml")
    if still_open:
        raise typer.Exit(1)
    tell(f"{folder}: settled")
