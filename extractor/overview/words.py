"""The status in words and rows, shared by the terminal and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from extractor.across.coverage import Coverage, CoverageTable, Row
from extractor.overview.people import Audit
from extractor.overview.status import Backlog, FindingKind, Group, Status
from extractor.overview.sums import LeftOut, YearlyTotal
from extractor.record import plain, visible
from extractor.types import Number

Rows = Sequence[tuple[str, ...]]

GROUPS = ("form", "year", "reports", "accept", "review", "unreadable", "cells", "straight-through", "open cells")
FINDINGS = ("rule", "what it says", "severity", "findings", "in reports", "fault: report", "reading", "unknown")
REVIEWERS = ("person", "answers", "undone", "skipped", "audited blind", "golden blind", "median seconds")
UNREADABLE = ("reason", "reports", "for example")
TOTALS = ("year", "sum", "reports in it", "of", "blank", "lost", "waiting", "versions differ")


def share(count: int, total: int) -> str:
    """A share in percent, never rounded up to all of it or down to nothing."""
    if not total:
        return "–"
    percent = min(99.9, max(0.1, 100 * count / total)) if 0 < count < total else 100 * count / total
    return f"{percent:.1f} %"


def number(value: Number | None) -> str:
    """A figure with its digits in groups of three; a dash where there is none."""
    if value is None:
        return "–"
    whole, dot, rest = plain(value).partition(".")
    return f"{int(whole):,}{dot}{rest}" if not (whole.startswith("-0") and rest) else f"{whole}{dot}{rest}"


def headline(s: Status) -> list[tuple[str, str, str]]:
    """Name, figure and what stands behind it, the most important first."""
    r, c = s.reports, s.cells
    return [
        ("reports", f"{r.total:,}", f"{r.readable:,} readable, {r.total - r.readable:,} not"),
        ("cells straight through", share(c.straight, c.total), f"{c.straight:,} of {c.total:,}"),
        ("reports straight through", share(r.straight, r.readable), f"{r.straight:,} of {r.readable:,} readable"),
        ("reports finished", share(r.finished, r.readable), f"{r.finished:,} of {r.readable:,} readable: nothing open"),
        ("open cells", f"{c.open:,}", f"in {s.backlog.reports:,} reports"),
        ("work left", hours(s.backlog.hours), "at the measured pace" if s.backlog.measured else "at the planning pace"),
    ]


def hours(n: float) -> str:
    """Hours, in minutes where it is less than one."""
    if n >= 1:
        return f"{n:,.1f} h"
    return f"{max(1, round(60 * n))} min" if n else "none"


def moment(at: str) -> str:
    """A time in UTC, to the minute."""
    return f"{at[:16].replace('T', ' ')} UTC"


def cells_line(s: Status) -> str:
    """How the cells stand."""
    c = s.cells
    return (
        f"{c.total:,} cells now: {c.accepted:,} accepted, {c.settled:,} settled by answers elsewhere, {c.answered:,} answered, {c.open:,} open. "
        f"Read as: {c.blank:,} blank, {c.lost:,} lost, {c.deduced:,} deduced"
    )


def backlog_line(b: Backlog) -> str:
    """What waits and how long it takes."""
    if not b.cells:
        return "nothing waits for a person"
    pace = f"the median of {b.measured:,} answers" if b.measured else "the planning figure, as too few answers are measured"
    return (
        f"{b.cells:,} open cells in {b.reports:,} reports, about {hours(b.hours)}: {b.cell_seconds:.1f} s a cell ({pace}) "
        f"and {b.report_seconds:.0f} s a report. The oldest, {visible(b.oldest_source or '')}, was read {moment(b.oldest or '')}"
    )


def audit_line(a: Audit) -> str:
    """What the audit found and what it proves."""
    old = f"; {a.outdated:,} keyed of readings since replaced" if a.outdated else ""
    if a.bound is None:
        return f"no accepted cell has been keyed blind yet, so nothing is known of wrong accepted cells{old}"
    return (
        f"{a.keyed:,} accepted cells keyed blind in {a.reports:,} reports: {a.agreed:,} agreed, {a.keyed - a.agreed:,} differed "
        f"({a.cleared:,} the machine was right, {a.wrong:,} it was wrong, {a.undecided:,} undecided){old}. "
        f"With 95 % confidence fewer than {100 * a.bound:.2f} % of reports have a wrong accepted cell in such a sample"
    )


def group_rows(groups: Iterable[Group]) -> Rows:
    """Reports by form and year, with their decisions side by side."""
    by: dict[tuple[str, str], Counter[str]] = {}
    for g in groups:
        n = by.setdefault((g.form or "unknown", str(g.year or "unknown")), Counter())
        n.update({g.decision: g.reports, "reports": g.reports, "cells": g.cells, "straight": g.straight, "open": g.open})
    return [
        (*key, *(f"{n[k]:,}" for k in ("reports", "accept", "review", "unreadable", "cells")), share(n["straight"], n["cells"]), f"{n['open']:,}")
        for key, n in by.items()
    ]


def finding_rows(kinds: Iterable[FindingKind]) -> Rows:
    """Findings by rule."""
    return [
        (f.rule, f.says, f.severity, *(f"{n:,}" for n in (f.findings, f.reports, f.report, f.reading, f.unknown))) for f in kinds
    ]


def reviewer_rows(s: Status) -> Rows:
    """What everybody did, who did most first."""
    order = sorted(s.reviewers, key=lambda r: (-r.answers - r.audited - r.blind, r.name))
    return [
        (visible(r.name), *(f"{n:,}" for n in (r.answers, r.undone, r.skipped, r.audited, r.blind)), "–" if r.seconds is None else f"{r.seconds:.1f}")
        for r in order
    ]


def unreadable_rows(s: Status) -> Rows:
    """Reports without cells by reason, the most frequent first, with one of each."""
    counts = Counter(u.code for u in s.unreadable)
    first = {u.code: u for u in reversed(s.unreadable)}
    return [(code, f"{n:,}", visible(f"{first[code].source}: {first[code].message}")) for code, n in counts.most_common()]


def total_row(t: YearlyTotal) -> tuple[str, ...]:
    """One year of one series; the unit stands in the caption."""
    return str(t.year), number(t.value), *(f"{n:,}" for n in (t.counted, t.of, t.blank, t.lost, t.waiting, t.differing))


def left_out_line(x: LeftOut) -> str:
    """What no sum holds."""
    return (
        "Each sum is of figures that are accepted, settled or answered; blank, lost and waiting cells are not in it and are never counted as 0. "
        f"In no sum are reports that are missing ({x.missing:,}), unreadable ({x.unreadable:,}), of unknown unit or year ({x.unplaced:,}), or that add "
        f"up those of other units ({x.aggregates:,})"
    )


def coverage_line(table: CoverageTable) -> str:
    """The counts of the coverage table."""
    counts = table.counts
    said = ", ".join(f"{counts[s]:,} {s.value}" for s in Coverage if s is not Coverage.OUTSIDE)
    return f"{len(table.rows):,} units, {len(table.years)} years: {said}. Reports of unknown unit or year: {len(table.unplaced):,}"


def newest(table: CoverageTable, years: int) -> CoverageTable:
    """The table with no more than its newest ``years``."""
    return replace(table, years=table.years[-years:], rows=tuple(replace(row, years=row.years[-years:]) for row in table.rows))


def most_gaps(table: CoverageTable, most: int) -> list[Row]:
    """Units by name; where there are more than ``most``, the ones of which most is missing, unreadable, there twice, then open."""
    return list(table.rows) if len(table.rows) <= most else sorted(table.rows, key=_gaps)[:most]


def _gaps(row: Row) -> tuple[int, int]:
    n = Counter(p.state for p in row.years)
    return -(n[Coverage.MISSING] + n[Coverage.UNREADABLE] + n[Coverage.TWICE]), -n[Coverage.REVIEW]
