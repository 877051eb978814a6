"""Rules between two years of one unit: the relations of the form, jumps, and two versions of one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from extractor.across.archive import SHOWN, Archive, Pair, UnitYear
from extractor.across.book import Book, JumpSpec, PairRule, VersionSpec
from extractor.across.finding import PairFinding, Participant, blame_of, of_member, taking_part, verdicts
from extractor.across.member import Member
from extractor.types import Blame, Number, Verdict

_NA = Verdict.NOT_ASSESSABLE
_FEWEST = 2  # versions, or years, that there is something to compare between


def relations(book: Book, archive: Archive) -> Iterator[PairFinding]:
    """Every year rule on every pair of years that follow each other."""
    for pair in archive.pairs():
        forms = (pair.earlier.form, pair.later.form)
        if forms[0] is None or forms[1] is None:
            continue
        for rule in book.pairs.get((forms[0], forms[1]), ()):
            yield _related(rule, pair)


def _related(rule: PairRule, pair: Pair) -> PairFinding:
    sides = {"earlier": pair.earlier, "later": pair.later}
    found = [taking_part(sides[side], field) for side, field in rule.terms]
    cells = {n: c for n, c in enumerate(found) if c is not None}
    mine = tuple(cells.values())
    verdict, zero, left, right, note = _NA, _NA, None, None, ""
    if pair.broken:
        note = f"break {pair.broken.year}: {pair.broken.kind}"
    elif len(mine) < len(found):
        note = "the versions of a report differ here"
    else:
        verdict, zero, left, right = verdicts(rule.relation, cells)
        note = "a cell has no figure" if verdict is zero is _NA else ""
    return PairFinding(
        rule.id, rule.instance, rule.severity, pair.later.name, _reports(pair, mine), (pair.earlier.year, pair.later.year),
        verdict, zero, rule.relation.operator, left, right, mine, blame_of(mine), rule.says, note=note,
    )  # fmt: skip


def _reports(pair: Pair, cells: Sequence[Participant]) -> tuple[str, ...]:
    """The reports that the cells are of, the later one first."""
    found = {side.year: next((c.report for c in cells if c.year == side.year), side.versions[0].report) for side in (pair.earlier, pair.later)}
    return found[pair.later.year], found[pair.earlier.year]


# Jumps


def jumps(book: Book, archive: Archive) -> Iterator[PairFinding]:
    """Figures out of all proportion to the year before, once for a year that departs from both its neighbours."""
    for years in archive.units.values():
        for span in _spans(archive, years):
            for spec, fields in book.jumps:
                for field in fields:
                    yield from _jumps(spec, field, span)


def _spans(archive: Archive, years: dict[int, UnitYear]) -> Iterator[list[UnitYear]]:
    """Stretches of at least two years without a gap and without a break."""
    span: list[UnitYear] = []
    for year in sorted(years):
        here = years[year]
        if span and (span[-1].year != year - 1 or archive.lineage.break_of(here.unit, year)):
            if len(span) >= _FEWEST:
                yield span
            span = []
        span.append(here)
    if len(span) >= _FEWEST:
        yield span


def _jumps(spec: JumpSpec, field: str, span: Sequence[UnitYear]) -> Iterator[PairFinding]:
    cells = [taking_part(place, field) for place in span]
    back = False  # the last jump came back from the one before it: one figure stands out, and was named
    for n, (earlier, later) in enumerate(pairwise(cells)):
        if earlier is None or later is None:
            back = False
            continue
        way = 0 if back else _way(spec, earlier.held.value, later.held.value)
        after = cells[n + 2] if n + 2 < len(cells) else None
        returns = way and after is not None and _way(spec, later.held.value, after.held.value) == -way
        mine = (earlier, later, after) if returns and after is not None else (earlier, later)
        back = len(mine) > _FEWEST
        yield _jump(spec, span[n + 1].name, field, mine, way)


def _way(spec: JumpSpec, earlier: Number | None, later: Number | None) -> int | None:
    """1 where the later figure is far larger, -1 where it is far smaller, 0 where neither, None where that cannot be said."""
    if earlier is None or later is None:
        return None
    small, large = (earlier, later) if earlier <= later else (later, earlier)
    if small < spec.least or large < spec.ratio * small or (spec.below is not None and large > spec.below * small):
        return 0
    return 1 if later > earlier else -1


def _jump(spec: JumpSpec, name: str, field: str, cells: tuple[Participant, ...], way: int | None) -> PairFinding:
    verdict = _NA if way is None else Verdict.FAIL if way else Verdict.PASS
    earlier, later = cells[0], cells[1]
    cause = spec.cause if way else ""
    if way and len(cells) > _FEWEST:
        cause += f"；{later.year} 年与前后两年都不相称"
    return PairFinding(
        spec.id, field, spec.severity, name, (later.report, earlier.report, *(c.report for c in cells[2:])),
        tuple(sorted(c.year for c in cells)), verdict, verdict, "~", later.held.value, earlier.held.value,
        cells, blame_of(cells), spec.says, cause, "a cell has no figure" if way is None else "",
    )  # fmt: skip


# Versions


def versions(book: Book, archive: Archive) -> Iterator[PairFinding]:
    """Each further version of a report against the first, in the cells that are sure in both."""
    if book.versions is None:
        return
    for years in archive.units.values():
        for place in years.values():
            for other in place.versions[1:]:
                yield _revised(book.versions, place, place.versions[0], other)


def _revised(spec: VersionSpec, place: UnitYear, first: Member, other: Member) -> PairFinding:
    cells: list[Participant] = []
    compared = 0
    for field in first.fields:
        a, b = first.at(field), other.at(field)
        if a is None or b is None or not (a.sure and b.sure and a.status in SHOWN and b.status in SHOWN):
            continue
        compared += 1
        if (a.value, a.status) != (b.value, b.status):
            cells += [of_member(first, place.year, field, a), of_member(other, place.year, field, b)]
    differ = bool(cells) or first.form != other.form
    verdict = Verdict.FAIL if differ else Verdict.PASS if compared else _NA
    cause = f"两份报告的表式不同：{first.form}、{other.form}" if first.form != other.form else ""
    return PairFinding(
        spec.id, "report", spec.severity, place.name, (other.report, first.report), (place.year,), verdict, verdict, "==",
        None, None, tuple(cells), Blame.UNKNOWN, spec.says, cause, "" if compared or differ else "no cell is sure in both",
    )  # fmt: skip
