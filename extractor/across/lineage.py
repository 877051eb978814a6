"""The units file: names of one unit through the years, breaks, and whose reports a government's report adds up.

Nobody but a person knows these things, so nothing here is guessed: without a file, reports belong to one unit only
where their printed names have one key (``names.unit_key``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.across.member import Member
from extractor.across.names import unit_key
from extractor.errors import GoujiError
from extractor.form.file import Lines, read

_TIMES = 40  # a units file may be so many times as large as a form
_EARLIEST, _LATEST = 2000, 2100


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BreakSpec(_Strict):
    """From the report of ``year`` on, the unit is not the one that it was: years are not compared across it."""

    year: int = Field(ge=_EARLIEST, le=_LATEST)
    kind: Literal["merged", "split", "renamed", "reorganised"]
    note: str = ""


class UnitSpec(_Strict):
    """One unit. ``names`` are further names it printed, ``reports`` patterns of paths for reports that print none.

    ``since`` and ``until`` are the first and last year a report is expected of. ``children`` are the units whose reports
    this unit's report adds up; ``complete`` says that the list leaves none out.
    """

    name: str = Field(min_length=1)
    names: list[str] = []
    reports: list[str] = []
    since: int | None = Field(default=None, ge=_EARLIEST, le=_LATEST)
    until: int | None = Field(default=None, ge=_EARLIEST, le=_LATEST)
    breaks: list[BreakSpec] = []
    children: list[str] = []
    complete: bool = False


class UnitsSpec(_Strict):
    """A units file. ``within`` names the places that all units lie in, largest first."""

    within: list[str] = []
    units: list[UnitSpec] = []


@dataclass(frozen=True, slots=True)
class Break:
    """What happened before the report of ``year``."""

    year: int
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the file, children as keys."""

    key: str
    name: str
    since: int | None
    until: int | None
    breaks: tuple[Break, ...]
    children: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which unit a report is of. ``Lineage()`` knows none, and goes by names alone."""

    within: tuple[str, ...] = ()
    units: dict[str, Unit] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    reports: tuple[tuple[str, str], ...] = ()

    def unit_of(self, member: Member) -> str | None:
        """The key of the unit of a report; None where it names none and no pattern of the file matches it."""
        source = member.report.replace("\\", "/")
        for pattern, unit in self.reports:
            if fnmatchcase(source, pattern) or fnmatchcase(source, f"*/{pattern}"):
                return unit
        return self.key_of(member.agency) if member.agency else None

    def key_of(self, name: str) -> str | None:
        """The key of the unit with this name."""
        mine = unit_key(name, self.within)
        return self.names.get(mine, mine) or None

    def break_of(self, unit: str, year: int) -> Break | None:
        """The break before the report of ``year``, None where there is none."""
        known = self.units.get(unit)
        return next((b for b in known.breaks if b.year == year), None) if known else None


def load_lineage(path: Path) -> Lineage:
    """Read a units file; GoujiError names the file, the line and the next step."""
    data, lines = read(path, _TIMES)
    try:
        spec = UnitsSpec.model_validate(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        entry = ".".join(map(str, first["loc"])) or "a units file is a mapping with `units:`"
        raise GoujiError(f"{lines.place(*first['loc'])}: {entry}: {first['msg']}; see docs/across.md") from exc
    return _compiled(spec, lines)


def _compiled(spec: UnitsSpec, lines: Lines) -> Lineage:
    within = tuple(spec.within)
    if any(not unit_key(place) for place in within):
        raise GoujiError(f"{lines.place('within')}: a place without a name; name it as reports do, or delete it")
    names = _names(spec, within, lines)
    units: dict[str, Unit] = {}
    for n, u in enumerate(spec.units):
        key = names[unit_key(u.name, within)]
        if u.since and u.until and u.since > u.until:
            raise GoujiError(f"{lines.place('units', n, 'until')}: {u.name} ends in {u.until}, before it begins in {u.since}")
        if u.complete and not u.children:
            raise GoujiError(f"{lines.place('units', n, 'complete')}: {u.name} is complete without `children`; list them")
        breaks = tuple(Break(b.year, b.kind, b.note) for b in u.breaks)
        if len({b.year for b in breaks}) < len(breaks):
            raise GoujiError(f"{lines.place('units', n, 'breaks')}: {u.name} has two breaks in one year; write one")
        children = tuple(names.get(k, k) for k in (unit_key(c, within) for c in u.children))
        if "" in children or len(set(children)) < len(children):
            raise GoujiError(f"{lines.place('units', n, 'children')}: {u.name} has a child twice or without a name; delete it")
        units[key] = Unit(key, u.name, u.since, u.until, breaks, children, u.complete)
    for n, u in enumerate(spec.units):
        if _returns(units, names[unit_key(u.name, within)]):
            raise GoujiError(f"{lines.place('units', n, 'children')}: {u.name} is among its own children; a report cannot add itself up")
    patterns = tuple((p, names[unit_key(u.name, within)]) for u in spec.units for p in u.reports)
    return Lineage(within, units, names, patterns)


def _names(spec: UnitsSpec, within: tuple[str, ...], lines: Lines) -> dict[str, str]:
    """The unit's key for the key of each of its names."""
    owners: dict[str, int] = {}
    for n, u in enumerate(spec.units):
        for name in (u.name, *u.names):
            mine = unit_key(name, within)
            if not mine:
                raise GoujiError(f"{lines.place('units', n)}: {name!r} is no name; write it as reports print it")
            if owners.setdefault(mine, n) != n:
                other = spec.units[owners[mine]].name
                raise GoujiError(f"{lines.place('units', n)}: the name {name} is already one of {other}; a name belongs to one unit")
    return {mine: unit_key(spec.units[n].name, within) for mine, n in owners.items()}


def _returns(units: dict[str, Unit], start: str) -> bool:
    """Whether a unit is below itself."""
    below, seen = list(units[start].children), set()
    while below:
        key = below.pop()
        if key == start:
            return True
        if key in units and key not in seen:
            seen.add(key)
            below += units[key].children
    return False
