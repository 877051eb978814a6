"""Units × years: which reports are there, accepted, waiting for a person, unreadable, there twice, or missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from extractor.across.archive import Archive, UnitYear, arrange
from extractor.across.lineage import Lineage
from extractor.across.member import Member

if TYPE_CHECKING:
    from rich.table import Table

_MOST_ROWS = 200


class Coverage(StrEnum):
    """How it stands with the report of one unit for one year."""

    ACCEPTED = "accepted"  # read, and no cell waits for a person
    REVIEW = "review"  # read, and some cell does
    UNREADABLE = "unreadable"  # there, and no cell could be read
    TWICE = "twice"  # two reports that are not the same file
    MISSING = "missing"  # none, though the unit should have one
    OUTSIDE = "outside"  # none, and none is expected


SIGNS = {
    Coverage.ACCEPTED: "✓", Coverage.REVIEW: "?", Coverage.UNREADABLE: "✗", Coverage.TWICE: "2", Coverage.MISSING: "–", Coverage.OUTSIDE: "",
}  # fmt: skip
_STYLES = {
    Coverage.ACCEPTED: "green", Coverage.REVIEW: "yellow", Coverage.UNREADABLE: "red", Coverage.TWICE: "magenta",
    Coverage.MISSING: "red", Coverage.OUTSIDE: "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """One unit and year: its state, the reports there, and how many of their cells wait for a person."""

    year: int
    state: Coverage
    reports: tuple[str, ...] = ()
    open: int = 0
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One unit with a place for each year of the table."""

    unit: str
    name: str
    years: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class CoverageTable:
    """Units × years. ``unplaced`` are reports of which the unit or the year is not known, with the reason."""

    years: tuple[int, ...]
    rows: tuple[Row, ...]
    unplaced: tuple[tuple[str, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many years of units are in each state."""
        counted = Counter(p.state for row in self.rows for p in row.years)
        return {state.value: counted[state] for state in Coverage}


def coverage(members: Iterable[Member], lineage: Lineage, errors: Sequence[tuple[str, str]] = ()) -> CoverageTable:
    """The table of every unit that has a report or stands in the units file.

    ``errors`` are files that gave no member at all, with the reason. A report is expected between the unit's first and last
    one, and where the units file says so.
    """
    archive = arrange(members, lineage)
    known = [y for years in archive.units.values() for y in years]
    years = tuple(range(min(known), max(known) + 1)) if known else ()
    rows = [_row(archive, unit, years) for unit in {**archive.units, **lineage.units}]
    lost = [(m.report, m.error or _unknown(m)) for m in archive.unplaced]
    return CoverageTable(years, tuple(sorted(rows, key=lambda r: (r.name, r.unit))), (*lost, *errors))


def _unknown(member: Member) -> str:
    return "no year in the text" if member.year is None else "no unit in the text"


def _row(archive: Archive, unit: str, years: Sequence[int]) -> Row:
    mine = archive.units.get(unit, {})
    known = archive.lineage.units.get(unit)
    name = known.name if known else mine[min(mine)].name
    first = known.since if known and known.since else min(mine, default=min(years, default=0))
    last = known.until if known and known.until else max(mine, default=max(years, default=0))
    if known and known.since and not known.until:
        last = max(years, default=0)  # it began then and did not end, so that a later report is expected
    return Row(unit, name, tuple(_standing(archive, unit, y, mine.get(y), first <= y <= last) for y in years))


def _standing(archive: Archive, unit: str, year: int, here: UnitYear | None, expected: bool) -> Standing:
    broken = archive.lineage.break_of(unit, year)
    kind = broken.kind if broken else ""
    if here is None:
        return Standing(year, Coverage.MISSING if expected else Coverage.OUTSIDE, broken=kind)
    reports = tuple(m.report for m in here.members)
    waiting = sum(m.open for m in here.versions)
    if len({m.sha256 or m.report for m in here.members}) > 1:
        state = Coverage.TWICE
    elif not here.versions:
        state = Coverage.UNREADABLE
    else:
        state = Coverage.REVIEW if waiting else Coverage.ACCEPTED
    return Standing(year, state, reports, waiting, kind)


def as_rows(table: CoverageTable) -> list[dict[str, Any]]:
    """One plain row for each unit and year that there is, or should be, a report of."""
    return [
        {"unit": row.name, "year": p.year, "state": p.state.value, "reports": list(p.reports), "open": p.open, "break": p.broken}
        for row in table.rows
        for p in row.years
        if p.state is not Coverage.OUTSIDE
    ]


def as_table(table: CoverageTable, most: int = _MOST_ROWS) -> Table:
    """The table drawn for a terminal, of many units those first that have a gap."""
    from rich.table import Table
    from rich.text import Text

    from extractor.record import visible

    drawn = Table(title="coverage", caption=_legend(table), title_justify="left", caption_justify="left")
    drawn.add_column("unit", overflow="fold")
    for year in table.years:
        drawn.add_column(str(year), justify="center")
    rows = sorted(table.rows, key=_whole) if len(table.rows) > most else list(table.rows)
    for row in rows[:most]:
        signs = [Text(SIGNS[p.state] + ("*" if p.broken else ""), style=_STYLES[p.state]) for p in row.years]
        drawn.add_row(Text(visible(row.name)), *signs)
    if len(rows) > most:
        drawn.add_row(f"… and {len(rows) - most} more")
    return drawn


def _whole(row: Row) -> bool:
    return all(p.state in (Coverage.ACCEPTED, Coverage.OUTSIDE) for p in row.years)


def _legend(table: CoverageTable) -> str:
    counts = table.counts
    said = [f"{SIGNS[s]} {s.value} {counts[s.value]}" for s in Coverage if s is not Coverage.OUTSIDE]
    lost = f"; {len(table.unplaced)} of unknown unit or year" if table.unplaced else ""
    broken = "; * break" if any(p.broken for row in table.rows for p in row.years) else ""
    return ", ".join(said) + lost + broken
