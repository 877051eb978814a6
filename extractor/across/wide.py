"""Rules over many reports at once: reports with the same figures, and a report that adds up those of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from extractor.across.archive import Archive, UnitYear
from extractor.across.book import Book, LevelSpec, RepeatSpec
from extractor.across.finding import PairFinding, Participant, blame_of, of_member, taking_part
from extractor.across.lineage import Unit
from extractor.across.member import Member
from extractor.types import Blame, Number, Status, Verdict

_MANY = 3  # sums that fail before the report as a whole is what does not fit


# Repetitions


def repeats(book: Book, archive: Archive) -> Iterator[PairFinding]:
    """Each report whose figures are all those of another report, against the first one with these figures."""
    spec = book.repeats
    if spec is None:
        return
    first: dict[int, list[tuple[UnitYear, Member]]] = {}
    for place in (p for years in archive.units.values() for p in years.values()):
        for member in place.versions:
            figures = _figures(member)
            if figures is None or len({v for _, v in figures}) < spec.least:
                continue
            same = first.setdefault(hash(figures), [])
            found = next((p for p in same if _other(archive, p[0], place) and _figures(p[1]) == figures), None)
            if found is None:
                same.append((place, member))
            else:
                yield _repeated(spec, place, member, *found)


def _figures(member: Member) -> tuple[tuple[str, Number], ...] | None:
    """The figures other than 0, with their fields; None where a cell is lost, so that it cannot be said."""
    if any(s.status is Status.LOST for s in member.held):
        return None
    return tuple((f, s.value) for f, s in zip(member.fields, member.held, strict=True) if s.value)


def _other(archive: Archive, a: UnitYear, b: UnitYear) -> bool:
    """Whether two reports should differ: not versions of one, and not an aggregate with what it adds up."""
    if a.unit == b.unit:
        return a.year != b.year
    units = archive.lineage.units
    return not any(x.unit in units and y.unit in units[x.unit].children for x, y in ((a, b), (b, a)))


def _repeated(spec: RepeatSpec, place: UnitYear, member: Member, of: UnitYear, original: Member) -> PairFinding:
    cells = [
        of_member(m, p.year, f, s)
        for p, m in ((of, original), (place, member))
        for f, s in zip(m.fields, m.held, strict=True)
        if s.value
    ]
    cause = "与本单位另一年度的报告相同" if of.unit == place.unit else f"与{of.name} {of.year} 年的报告相同"
    return PairFinding(
        spec.id, "report", spec.severity, place.name, (member.report, original.report), tuple(sorted({of.year, place.year})),
        Verdict.FAIL, Verdict.FAIL, "!=", None, None, tuple(cells), blame_of(cells), spec.says, cause,
    )  # fmt: skip


# Levels


def levels(book: Book, archive: Archive) -> Iterator[PairFinding]:
    """Every aggregate of the units file against the reports that it adds up, field by field, year by year."""
    spec = book.levels
    if spec is None:
        return
    for unit in archive.lineage.units.values():
        for year, place in archive.units.get(unit.key, {}).items() if unit.children else ():
            if place.form is not None:
                yield from _gathered(_sums(book, spec, archive, unit, place), place, year)


def _sums(book: Book, spec: LevelSpec, archive: Archive, unit: Unit, place: UnitYear) -> Iterator[PairFinding]:
    known = [archive.units.get(c, {}).get(place.year) for c in unit.children if _expected(archive, c, place.year)]
    absent = sum(p is None or not p.versions for p in known)
    there = [p for p in known if p is not None and p.versions]
    for field in place.versions[0].fields:
        parent = taking_part(place, field)
        if field in book.not_added or parent is None or not there:
            continue
        parts = [taking_part(p, field) for p in there]
        found = [p for p in parts if p is not None]
        why = _why(unit, absent, len(parts) - len(found))
        signed = book.field(str(place.form), field).kind == "signed"
        yield _sum(spec, place, parent, found, why, signed)


def _expected(archive: Archive, child: str, year: int) -> bool:
    """Whether a child reports for this year at all."""
    unit = archive.lineage.units.get(child)
    return unit is None or ((unit.since or year) <= year <= (unit.until or year))


def _why(unit: Unit, absent: int, without: int) -> str:
    """Why the sum is no more than a lower bound; empty where it is complete."""
    if absent:
        return f"{absent} of the units are missing or unreadable"
    if without:
        return f"{without} of the units have no such field"
    return "" if unit.complete else "the list of units is not said to be complete"


def _sum(spec: LevelSpec, place: UnitYear, parent: Participant, parts: Sequence[Participant], why: str, signed: bool) -> PairFinding:
    verdict, total, note = _verdict(parent, parts, why, signed, blanks=None)
    zero, as_zero, said = _verdict(parent, parts, why, signed, blanks=0)
    assessed = verdict is not Verdict.NOT_ASSESSABLE
    left = parent.held.value if assessed or parent.held.status is not Status.BLANK else 0
    cells = (parent, *parts)
    reports = (parent.report, *dict.fromkeys(p.report for p in parts))
    bound = (note if assessed else said) != ""
    return PairFinding(
        spec.id, parent.field, spec.severity, place.name, reports, (place.year,), verdict, zero, ">=" if bound else "==",
        left, total if assessed else as_zero, cells, blame_of(cells), spec.says,
        note=note or (said if not assessed else ""),
    )  # fmt: skip


def _verdict(
    parent: Participant, parts: Sequence[Participant], why: str, signed: bool, blanks: int | None
) -> tuple[Verdict, Number, str]:
    """The verdict, the sum of what is known, and why that is no more than a lower bound."""
    mine = _value(parent, blanks)
    values = [_value(p, blanks) for p in parts]
    known = [v for v in values if v is not None]
    total: Number = sum(known)
    note = why or ("a unit's cell has no figure" if len(known) < len(values) else "")
    if mine is None:
        return Verdict.NOT_ASSESSABLE, total, note or "the aggregate's cell has no figure"
    if not note:
        return (Verdict.PASS if mine == total else Verdict.FAIL), total, ""
    # Counts are never negative, so a part of them is never more than the whole.
    broken = mine < total and not signed
    return (Verdict.FAIL if broken else Verdict.NOT_ASSESSABLE), total, note


def _value(cell: Participant, blanks: int | None) -> Number | None:
    return blanks if cell.held.status is Status.BLANK else cell.held.value


def _gathered(sums: Iterator[PairFinding], place: UnitYear, year: int) -> Iterator[PairFinding]:
    """The sums of one report; one finding instead of many where most of what is not 0 does not fit."""
    found = list(sums)
    failing = [f for f in found if f.fails]
    telling = [f for f in found if f.left or f.right]
    if len(failing) < _MANY or 2 * len(failing) <= len(telling):
        yield from found
        return
    yield from (f for f in found if not f.fails)
    cause = f"{len(telling)} 个非零项中有 {len(failing)} 项不符：该报告可能不是这些单位的汇总，或单位名单有误"
    cells = tuple(f.cells[0] for f in failing)
    reports = tuple(dict.fromkeys(r for f in failing for r in f.reports))
    blame = Blame.READING if any(f.blame is Blame.READING for f in failing) else Blame.UNKNOWN
    yield replace(
        failing[0], instance="report", reports=reports, years=(year,), unit=place.name, left=None, right=None,
        cells=cells, blame=blame, cause=cause,
    )  # fmt: skip
