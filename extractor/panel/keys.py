"""The columns that every row begins with: which report, of which unit and year, read with which form, in which run."""

from __future__ import annotations

import re

from extractor.across import Lineage, of_cells, unit_key
from extractor.panel.divisions import NOTES, division_of
from extractor.panel.entry import Entry
from extractor.panel.shape import Column, Type, Value

# Read from the end of the name, the first that fits: a name ends with what the unit is.
_SCOPES = (
    ("township", r"(?:镇|乡|苏木|街道|街道办|街道办事处|[^街]街|乡镇)$"),
    ("zone", r"(?:管理委员会|管委会|开发区|高新区|新区|示范区|园区|景区|保税区|试验区)$"),
    ("village", r"(?:村|社区|村民委员会|居民委员会|村委会|居委会)$"),
    ("county", r"(?:县|自治县|旗|自治旗|林区|特区|区)$"),
    ("prefecture", r"(?:州|盟|地区|行政公署|行署)$"),
    ("province", r"(?:省|自治区)$"),
    ("city", r"市$"),
    ("department", r"(?:局|委|委员会|厅|办|办公室|办事处|中心|队|总队|支队|大队|站|院|所|处|署|部|会|校|学|学校|公司|集团|行|社|馆|台|园|库|厂|场)$"),
)
_GOVERNMENT = re.compile(r"(?:人民)?政府$")

SCOPES = {
    "province": "a province or autonomous region; a municipality under the State Council where its code says so",
    "prefecture": "a prefecture, prefecture-level city, league",
    "county": "a county, county-level city, district of a city, banner",
    "township": "a township, town or subdistrict",
    "village": "a village or community",
    "zone": "a development zone or the like",
    "department": "a department, office, school or company",
    "city": "a 市 whose level its name does not tell and no code does",
    "": "the name does not say",
}
"""What ``scope`` can be."""

COLUMNS = (
    Column("report", Type.INTEGER, "number of the report in the store; of a file of records, its line"),
    Column("year", Type.INTEGER, "year the report is about, as it says", "the report does not show its year"),
    Column("unit", Type.TEXT, "name of the unit, normalised, so that its reports of several years meet", "the report shows no name"),
    Column("agency", Type.TEXT, "name of the unit as printed", "the report shows no name"),
    Column("form", Type.TEXT, "form and edition the report was read with", "no form was recognised"),
    Column("scope", Type.TEXT, "level of the unit, by rule from its name", "the name does not say", values=tuple(SCOPES.items())),
    Column("division_code", Type.TEXT, "GB/T 2260 code of the division the unit belongs to, six digits", "none is certain: see division_note"),
    Column("division_note", Type.TEXT, "why there is no code, or what to know of it", "nothing to say", values=tuple(NOTES.items())),
    Column("division_table", Type.TEXT, "table the code is from, with its version and last year", "no table is installed"),
    Column("source", Type.TEXT, "file the report was read from"),
    Column("sha256", Type.TEXT, "SHA-256 of that file, in hexadecimal", "the file could not be read"),
    Column("run", Type.INTEGER, "number of the run in the store", "exported from a file of records"),
    Column("read_at", Type.TEXT, "when that run read the report, ISO 8601, UTC", "exported from a file of records"),
    Column("stamp", Type.TEXT, "the program and forms of that run, as name=value", "exported from a file of records"),
    Column(
        "report_decision", Type.TEXT, "whether the program sent the report to a person; people's answers do not change it",
        values=(("accept", "no cell of it"), ("review", "some cell of it, or all"), ("unreadable", "the report could not be read: error says why")),
    ),
)  # fmt: skip
"""The columns of ``keys``, in its order."""


def scope_of(unit: str | None, code: str) -> str:
    """The level of a unit, a key of ``SCOPES``; the code of its division decides what 市 alone leaves open."""
    name = _GOVERNMENT.sub("", unit or "")
    scope = next((scope for scope, pattern in _SCOPES if re.search(pattern, name)), "")
    if scope != "city" or not code:
        return scope
    return "province" if code.endswith("0000") else "prefecture" if code.endswith("00") else "county"


def keys(entry: Entry, lineage: Lineage) -> list[Value]:
    """The values of ``COLUMNS`` for one report."""
    record = entry.record
    unit = lineage.unit_of(of_cells(record, ()))
    division = division_of(_whole_name(unit, lineage), record["year"])
    return [
        entry.report,
        record["year"],
        unit,
        record["agency"],
        record["form"],
        scope_of(unit, division.code),
        division.code,
        division.note,
        division.table,
        record["source"],
        record["sha256"],
        entry.run,
        entry.read_at,
        " ".join(f"{name}={value}" for name, value in sorted(entry.stamp.items())),
        record["decision"],
    ]


def _whole_name(unit: str | None, lineage: Lineage) -> str | None:
    """The unit's name with the places before it that a units file says all units lie in."""
    if not unit or not lineage.within:
        return unit
    place = "".join(lineage.within)
    return place if unit == unit_key(lineage.within[-1]) else place + unit
