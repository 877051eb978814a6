"""The status for a terminal: short tables, what is left out of them said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from extractor.across.coverage import SIGNS, Coverage, CoverageTable, as_table
from extractor.overview import words
from extractor.overview.status import Status
from extractor.overview.words import Rows
from extractor.record import visible

_MOST = 20  # rows of one table
_UNITS = 40  # rows of the coverage table
_YEARS = 10  # columns of years
_WORDS = {"rule", "what it says", "severity", "form", "person", "reason", "for example"}


def render(s: Status, out: Console) -> None:
    """Print the status."""
    for name, figure, behind in words.headline(s):
        out.print(Text(f"{name:26} {figure:>10}   {behind}"))
    out.print()
    for title, line in (("cells", words.cells_line(s)), ("backlog", words.backlog_line(s.backlog)), ("audit", words.audit_line(s.audit))):
        out.print(Text(f"{title}: {line}.\n"))
    for title, header, rows in _tables(s):
        out.print(_table(title, header, rows))
    if s.coverage.rows or s.coverage.unplaced:
        _coverage(s.coverage, out)
    if s.totals:
        out.print(_totals(s))
        out.print(Text(f"{words.left_out_line(s.left_out)}."))


def _tables(s: Status) -> Iterator[tuple[str, Sequence[str], Rows]]:
    yield "reports by form and year", words.GROUPS, words.group_rows(s.groups)
    if s.findings:
        yield "findings by rule and blame", words.FINDINGS, words.finding_rows(s.findings)
    if s.unreadable:
        yield "unreadable", words.UNREADABLE, words.unreadable_rows(s)
    if s.reviewers:
        yield "people", words.REVIEWERS, words.reviewer_rows(s)


def _table(title: str, header: Sequence[str], rows: Rows) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    for name in header:
        table.add_column(name, justify="left" if name in _WORDS else "right", overflow="fold")
    for row in rows[:_MOST]:
        table.add_row(*map(Text, row))
    if len(rows) > _MOST:
        table.caption = f"{len(rows) - _MOST:,} more rows: see --json"
    return table


def _coverage(table: CoverageTable, out: Console) -> None:
    """Units × years: those with the most gaps where there are many."""
    out.print(Text(f"coverage: {words.coverage_line(table)}"))
    shown = words.newest(table, _YEARS)
    rows = words.most_gaps(shown, _UNITS)
    if table.rows:
        drawn = as_table(replace(shown, rows=tuple(rows)))
        drawn.caption = ", ".join(f"{SIGNS[k]} {k.value}" for k in Coverage if SIGNS[k])  # its own counts only what is shown
        out.print(drawn)
    if len(rows) < len(table.rows):
        out.print(Text(f"{len(table.rows) - len(rows):,} more units, with fewer gaps: see --json"))
    if len(table.years) > _YEARS:
        out.print(Text(f"the newest {_YEARS} of {len(table.years)} years: see --json"))
    out.print()


def _totals(s: Status) -> Table:
    """Series by year: the sum, and how many reports it is of."""
    years = sorted({t.year for t in s.totals})
    older = f"; {len(years) - _YEARS} earlier years: see --json" if len(years) > _YEARS else ""
    years = years[-_YEARS:]
    table = Table(title=f"yearly totals: sum, and share of the reports that is in it{older}", title_justify="left")
    table.add_column("field", overflow="fold")
    for year in years:
        table.add_column(str(year), justify="right")
    for series, found in groupby(s.totals, key=lambda t: t.series):
        by = {t.year: f"{words.number(t.value)}\n{100 * t.counted // t.of} %" for t in found}
        table.add_row(Text(visible(f"{series.name} [{series.unit}]")), *(by.get(y, "") for y in years))
    return table
