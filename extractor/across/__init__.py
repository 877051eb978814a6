"""Rules between reports: one unit through the years, one report against another, a government against its units (docs/across.md).

Pure functions over ``Member``s: nothing here opens a file but ``load_lineage`` and ``load_book``. One finding names every
report that takes part, and never says which of them is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from extractor.across.archive import Archive, UnitYear, arrange
from extractor.across.book import Book, load_book
from extractor.across.finding import PairFinding, Participant
from extractor.across.lineage import Lineage, load_lineage
from extractor.across.member import Held, Member, of_cells, of_record
from extractor.across.names import unit_key
from extractor.across.wide import levels, repeats
from extractor.across.years import jumps, relations, versions

__all__ = [
    "Archive", "Book", "Held", "Lineage", "Member", "PairFinding", "Participant", "UnitYear", "arrange", "assess", "findings_of",
    "load_book", "load_lineage", "of_cells", "of_record", "unit_key",
]  # fmt: skip

NO_LINEAGE = Lineage()


def assess(members: Iterable[Member], book: Book, lineage: Lineage = NO_LINEAGE) -> Iterator[PairFinding]:
    """Every rule between reports put to the test, whatever came of it."""
    archive = arrange(members, lineage)
    return chain(
        versions(book, archive), relations(book, archive), jumps(book, archive), repeats(book, archive), levels(book, archive)
    )


def findings_of(members: Iterable[Member], book: Book, lineage: Lineage = NO_LINEAGE) -> list[PairFinding]:
    """The rules between reports that do not hold, be it only with blanks counted as zero; unit by unit and year by year."""
    found = [f for f in assess(members, book, lineage) if f.fails]
    return sorted(found, key=lambda f: (f.unit, f.years[-1]))
