"""Reports put in order: unit by unit, year by year, with every version that there is of one report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from extractor.across.lineage import Break, Lineage
from extractor.across.member import Held, Member
from extractor.types import Status

SHOWN = frozenset({Status.PRINTED, Status.BLANK})
"""The statuses that say what a text shows, so that two texts can differ in it."""


@dataclass(frozen=True, slots=True)
class UnitYear:
    """What there is of one unit for one year; ``versions`` are the reports with cells, each text once."""

    unit: str
    name: str
    year: int
    versions: tuple[Member, ...]
    members: tuple[Member, ...]

    @property
    def form(self) -> str | None:
        """The form of the report; None where versions differ in it, or there are none."""
        forms = {m.form for m in self.versions}
        return forms.pop() if len(forms) == 1 else None

    def pick(self, field: str) -> tuple[Member, Held] | None:
        """What holds of a field, and the report it is of: the surest. None without such a field, or where versions differ."""
        found = [(m, s) for m in self.versions if (s := m.at(field)) is not None]
        if len(found) == 1:
            return found[0]
        sure = any(s.sure for _, s in found)
        shown = {(s.value, s.status) for _, s in found if s.status in SHOWN and s.sure == sure}
        if not found or len(shown) > 1:
            return None
        return min(found, key=lambda x: (x[1].sure != sure, x[1].status not in SHOWN))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two years of one unit that follow each other, and what broke the unit between them."""

    earlier: UnitYear
    later: UnitYear
    broken: Break | None


@dataclass(frozen=True, slots=True)
class Archive:
    """Every report that belongs to a unit and a year, and those that do not (``unplaced``)."""

    lineage: Lineage
    units: dict[str, dict[int, UnitYear]]
    unplaced: tuple[Member, ...]

    def pairs(self) -> Iterator[Pair]:
        """Every pair of years that follow each other, unit by unit."""
        for unit, years in self.units.items():
            for year in sorted(years):
                if year + 1 in years:
                    yield Pair(years[year], years[year + 1], self.lineage.break_of(unit, year + 1))


def arrange(members: Iterable[Member], lineage: Lineage) -> Archive:
    """Put reports in order; two of the same bytes are one version."""
    found: dict[str, dict[int, list[Member]]] = {}
    unplaced: list[Member] = []
    for member in members:
        unit = lineage.unit_of(member)
        if unit is None or member.year is None:
            unplaced.append(member)
        else:
            found.setdefault(unit, {}).setdefault(member.year, []).append(member)
    units = {}
    for unit in sorted(found):
        name = _name(unit, found[unit], lineage)
        units[unit] = {y: UnitYear(unit, name, y, _versions(ms), tuple(ms)) for y, ms in sorted(found[unit].items())}
    return Archive(lineage, units, tuple(unplaced))


def _versions(members: Sequence[Member]) -> tuple[Member, ...]:
    different = {m.sha256 or m.report: m for m in reversed(members) if m.readable}
    return tuple(reversed(different.values()))


def _name(unit: str, years: dict[int, list[Member]], lineage: Lineage) -> str:
    """The name of the units file, else the one printed last."""
    if unit in lineage.units:
        return lineage.units[unit].name
    printed = [m.agency for y in sorted(years) for m in years[y] if m.agency]
    return printed[-1] if printed else unit
