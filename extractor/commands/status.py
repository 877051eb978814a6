"""``gouji status``: how an archive stands, in the terminal, as data and as one page."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from extractor import across, drawing
from extractor.commands.common import console, known_forms, tell, write
from extractor.overview import load_series, of_store
from extractor.overview.data import as_data
from extractor.overview.page import render_html
from extractor.overview.terminal import render
from extractor.record import dumps
from extractor.store import DEFAULT_URL, open_store


class Outputs(NamedTuple):
    """Where the status goes besides the terminal."""

    json: Path | None
    html: Path | None


def run(db: str | None, outputs: Outputs, units: Path | None, forms: Path | None) -> None:
    """Count, write, print."""
    known = known_forms(forms)
    series = load_series(known, str(forms) if forms else None)
    lineage = across.load_lineage(units) if units else across.NO_LINEAGE
    with open_store(db or DEFAULT_URL, known, create=False) as store:
        status = of_store(store, series, lineage)
    to_stdout = outputs.json is not None and write(outputs.json, dumps(as_data(status)) + "\n")
    if outputs.html:
        to_stdout |= write(outputs.html, render_html(status))
        if not drawing.available():
            tell(f"gouji: note: pictures {drawing.MISSING}")
    render(status, console(stderr=to_stdout))
    if not status.reports.total:
        tell(f"gouji: note: no report is in {status.store} yet; `gouji extract PATH --db {status.store}` puts some in")
