"""``gouji check``: the problems of reports, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from extractor import across, batch
from extractor.across.line import line
from extractor.archive.inputs import Archive
from extractor.commands.common import known_forms, tell
from extractor.form import Form
from extractor.problems import problems
from extractor.read import DEFAULT_MAX_BYTES
from extractor.read.inputs import Input
from extractor.record import dumps, to_record


def run(paths: Sequence[Path], as_json: bool, forms: Path | None, units: Path | None) -> None:
    """Print the problems of each report, then those between reports; typer.Exit(1) where there are any."""
    known = known_forms(forms)
    book = across.load_book(known, str(forms) if forms else None)
    lineage = across.load_lineage(units) if units else across.NO_LINEAGE
    archive = Archive(paths, DEFAULT_MAX_BYTES, frozenset())
    counts: dict[str, int] = {}
    members: list[across.Member] = []
    reports = 0
    for given in archive:
        reports += 1
        for kind, weight, text in _of_report(given, known, members, as_json):
            typer.echo(text)
            counts[kind] = counts.get(kind, 0) + weight
    for finding in across.findings_of(members, book, lineage):
        typer.echo(dumps(finding.data()) if as_json else line(finding, book))
        counts["across"] = counts.get("across", 0) + 1
    tell(_counted(counts, reports))
    if passed := str(archive.passed):
        tell(f"gouji: note: {passed}")
    if counts:
        raise typer.Exit(1)


def _of_report(given: Input, known: Sequence[Form], members: list[across.Member], as_json: bool) -> Iterator[tuple[str, int, str]]:
    """Kind, weight and line of each problem of one report, of which only the light member is kept."""
    extraction = batch.extract_input(given, known)
    form = next((f for f in known if f.id == extraction.form), None)
    members.append(across.of_record(to_record(extraction, form)))
    for problem in problems(extraction, form):
        weight = len(problem.data["cells"]) if problem.kind == "review" else 1
        yield problem.kind, weight, dumps(problem.data) if as_json else problem.text


def _counted(counts: dict[str, int], reports: int) -> str:
    said = f"{reports} report{'' if reports == 1 else 's'}: "
    if not counts:
        return said + "no problems"
    findings, cells, between = counts.get("finding", 0), counts.get("review", 0), counts.get("across", 0)
    return (
        f"{said}{findings} finding{'' if findings == 1 else 's'}, {cells:,} cell{'' if cells == 1 else 's'} for review, "
        f"{counts.get('unreadable', 0)} unreadable" + (f", {between} between reports" if between else "")
    )
