"""Yearly totals over units: the sum of what holds now, and beside it how much of every kind is not in it.

A sum is of figures that are accepted, settled or answered. Blank, lost and waiting cells are counted, never added as 0; a year
without any figure has no sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, localcontext

from extractor.across import Lineage, Member, UnitYear, arrange
from extractor.across.coverage import Coverage, CoverageTable
from extractor.overview.series import Series
from extractor.types import Number, Status

_DIGITS = 400  # more than any sum of printed figures has, so that none is rounded


@dataclass(frozen=True, slots=True)
class YearlyTotal:
    """One series in one year. ``value`` is the sum of ``counted`` figures, None where there is none.

    ``of`` reports have the field: ``counted``, ``blank`` (the cell prints nothing), ``lost`` (the text no longer holds it),
    ``waiting`` (for a person) and ``differing`` (versions of the report print different figures).
    """

    series: Series
    year: int
    value: Number | None
    counted: int
    blank: int
    lost: int
    waiting: int
    differing: int

    @property
    def of(self) -> int:
        """How many reports have the field."""
        return self.counted + self.missing

    @property
    def missing(self) -> int:
        """How many of them are not in the sum."""
        return self.blank + self.lost + self.waiting + self.differing


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What no sum has a figure of: reports of unknown unit or year, reports that add up those of other units, years of units that are
    unreadable or missing."""

    unplaced: int
    aggregates: int
    unreadable: int
    missing: int


def yearly_totals(members: Iterable[Member], series: Sequence[Series], lineage: Lineage) -> tuple[YearlyTotal, ...]:
    """Every series in every year of which some report has the field, series by series.

    Each unit counts once a year, in however many versions its report is there; a government's report that adds up those of its
    units (the units file says so) is not added to them.
    """
    archive = arrange(members, lineage)
    years: dict[int, list[UnitYear]] = {}
    for unit, own in archive.units.items():
        if not _adds_up(lineage, unit):
            for year, here in own.items():
                years.setdefault(year, []).append(here)
    return tuple(t for s in series for year in sorted(years) if (t := _total(s, year, years[year])).of)


def left_out(table: CoverageTable, lineage: Lineage) -> LeftOut:
    """What the sums leave out as a whole."""
    added = [row for row in table.rows if not _adds_up(lineage, row.unit)]
    states = Counter(p.state for row in added for p in row.years)
    aggregates = sum(bool(p.reports) for row in table.rows if _adds_up(lineage, row.unit) for p in row.years)
    return LeftOut(len(table.unplaced), aggregates, states[Coverage.UNREADABLE], states[Coverage.MISSING])


def _adds_up(lineage: Lineage, unit: str) -> bool:
    return unit in lineage.units and bool(lineage.units[unit].children)


def _total(series: Series, year: int, units: Iterable[UnitYear]) -> YearlyTotal:
    found: Counter[str] = Counter()
    figures: list[Number] = []
    for here in units:
        if kind := _kind(here, series.field, figures):
            found[kind] += 1
    with localcontext(Context(prec=_DIGITS)):
        value = sum(figures[1:], figures[0]) if figures else None
    return YearlyTotal(series, year, value, len(figures), found["blank"], found["lost"], found["waiting"], found["differing"])


def _kind(here: UnitYear, field: str, figures: list[Number]) -> str:
    """What the report of a unit has of a field; a figure that holds is put to ``figures``. Empty where its form has no such field."""
    if all(m.at(field) is None for m in here.versions):
        return ""
    picked = here.pick(field)
    if picked is None:
        return "differing"
    held = picked[1]
    if not held.sure:
        return "waiting"
    if held.value is not None:
        figures.append(held.value)
        return "counted"
    return "blank" if held.status is Status.BLANK else "lost"
