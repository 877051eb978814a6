"""``gouji export``: the panel, out of the store or a file of records."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from extractor.commands.common import known_forms, tell, usage
from extractor.panel import from_jsonl, from_store, shape_of, write_panel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractor.panel import Entry

_TELL_EVERY = 1_000


class Choice(NamedTuple):
    """What is written: the shape, whether values that wait for a person are left out, whether CSV begins with a byte order mark."""

    shape: str
    only_sure: bool
    bom: bool


def run(records: Path | None, db: str | None, out: Path, choice: Choice, forms: Path | None) -> None:
    """Write the panel and its codebook and say what came of it."""
    if choice.bom and out.suffix.lower() != ".csv":
        raise usage("--bom is for .csv; the other formats say themselves that they are UTF-8")
    shape = shape_of(choice.shape, known_forms(forms), choice.only_sure)
    with _entries(records, db) as entries:
        written = write_panel(out, shape, entries, choice.bom, _told)
    less = f"; {written.rowless:,} reports gave no row" if written.rowless else ""
    tell(f"{out}: {written.rows:,} rows, {len(shape.columns)} columns, of {written.reports:,} reports{less}; codebook: {written.codebook}")


@contextmanager
def _entries(records: Path | None, db: str | None) -> Iterator[Iterable[Entry]]:
    if records:
        yield from_jsonl(records)
        return
    from extractor.store import DEFAULT_URL, open_store

    with open_store(db or DEFAULT_URL, create=False) as store:
        yield from_store(store)


def _told(reports: int) -> None:
    if reports % _TELL_EVERY == 0 and sys.stderr.isatty():
        tell(f"{reports:,} reports …")
