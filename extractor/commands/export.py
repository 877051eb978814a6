"""``gouji export``: the panel, out of the store or a file of records."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from extractor import across
from extractor.commands.common import known_forms, tell, usage
from extractor.panel import from_jsonl, from_store, shape_of, write_panel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from extractor.form import Form
    from extractor.panel import Entry

_TELL_EVERY = 1_000


class Choice(NamedTuple):
    """What is written: the shape, whether values that wait for a person are left out, whether CSV begins with a byte order mark."""

    shape: str
    only_sure: bool
    bom: bool


class Places(NamedTuple):
    """Where things are read from: a file of records, else the store; further forms; what is known of the units."""

    records: Path | None
    db: str | None
    forms: Path | None
    units: Path | None


def run(places: Places, out: Path, choice: Choice) -> None:
    """Write the panel and its codebook and say what came of it."""
    if choice.bom and out.suffix.lower() != ".csv":
        raise usage("--bom is for .csv; the other formats say themselves that they are UTF-8")
    forms = known_forms(places.forms)
    lineage = across.load_lineage(places.units) if places.units else across.NO_LINEAGE
    pairs = _between(places, forms, lineage) if choice.shape == "findings" else []
    shape = shape_of(choice.shape, forms, choice.only_sure, lineage, pairs)
    with _entries(places, forms) as entries:
        written = write_panel(out, shape, entries, choice.bom, _told)
    less = f"; {written.rowless:,} reports gave no row" if written.rowless else ""
    tell(f"{out}: {written.rows:,} rows, {len(shape.columns)} columns, of {written.reports:,} reports{less}; codebook: {written.codebook}")


def _between(places: Places, forms: Sequence[Form], lineage: across.Lineage) -> list[across.PairFinding]:
    """The findings between reports. They need every report at once, so the reports are gone through once before."""
    book = across.load_book(tuple(forms), str(places.forms) if places.forms else None)
    with _entries(places, forms) as entries:
        return across.findings_of((across.of_cells(e.record, e.cells) for e in entries), book, lineage)


@contextmanager
def _entries(places: Places, forms: Sequence[Form]) -> Iterator[Iterable[Entry]]:
    if places.records:
        yield from_jsonl(places.records)
        return
    from extractor.store import DEFAULT_URL, open_store

    with open_store(places.db or DEFAULT_URL, forms, create=False) as store:
        yield from_store(store)


def _told(reports: int) -> None:
    if reports % _TELL_EVERY == 0 and sys.stderr.isatty():
        tell(f"{reports:,} reports …")
