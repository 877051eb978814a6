"""``gouji check``: the problems of reports, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from extractor import batch
from extractor.commands.common import known_forms, read, tell
from extractor.problems import problems
from extractor.record import dumps


def run(paths: Sequence[Path], as_json: bool, forms: Path | None) -> None:
    """Print the problems; typer.Exit(1) where there are any."""
    known = known_forms(forms)
    files = batch.find(paths)
    counts: dict[str, int] = {}
    for path in files:
        extraction, form = read(path, known, batch.Options())
        for problem in problems(extraction, form):
            typer.echo(dumps(problem.data) if as_json else problem.text)
            weight = len(problem.data["cells"]) if problem.kind == "review" else 1
            counts[problem.kind] = counts.get(problem.kind, 0) + weight
    tell(_counted(counts, len(files)))
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
