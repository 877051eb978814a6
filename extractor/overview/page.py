"""The status as one HTML page that is safe to mail: no script, nothing loaded, every report text escaped, a table beside every picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from extractor import drawing
from extractor.across.coverage import SIGNS, Coverage, CoverageTable, Row
from extractor.htmlpage import document
from extractor.overview import words
from extractor.overview.pictures import RULES, UNITS, YEARS, pictures
from extractor.overview.status import Status
from extractor.overview.sums import YearlyTotal
from extractor.overview.words import Rows
from extractor.record import visible

_ROWS = 50  # rows of any other table
_TABLE_UNITS = 200  # units of the coverage table
_NUMERIC = re.compile(r"[–\d-][\d,.%– ]*(?: h)?")
_MEANS = {
    Coverage.ACCEPTED: "read, nothing open", Coverage.REVIEW: "read, cells open", Coverage.UNREADABLE: "there, unreadable",
    Coverage.TWICE: "there twice, as files that differ", Coverage.MISSING: "expected, not there",
}  # fmt: skip
_CSS = """
body{margin:1.2rem auto;font-size:14px;line-height:1.45}h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:1.8rem 0 .3rem;
border-bottom:1px solid var(--line);padding-bottom:.2rem}h3{font-size:1rem;margin:1rem 0 .2rem}p{margin:.3rem 0 .6rem;max-width:62rem}
svg text{font-family:inherit!important}figcaption,caption{color:var(--dim);font-size:.93em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.6rem;margin:1rem 0}
.tiles div{border:1px solid var(--line);border-radius:6px;padding:.5rem .7rem}.tiles dt{color:var(--dim)}
.tiles dd{margin:0}.tiles .figure{font-size:1.6rem;line-height:1.2;font-variant-numeric:tabular-nums}.tiles .behind{color:var(--dim);font-size:.9em}
th{font-weight:600}tbody th{font-weight:400}thead th{vertical-align:bottom}th.n{text-align:right}td:first-child{white-space:normal}
table{margin:.3rem 0 1rem}td.c{text-align:center;padding:.1rem .4rem}.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.missing,.unreadable{color:var(--bad)}small{color:var(--dim)}.note{color:var(--dim)}
"""


def render_html(s: Status) -> str:
    """The whole status as one HTML document."""
    return document("Gouji overview 总览", "<main>" + "\n".join(_sections(s, pictures(s))) + "</main>", _CSS)


def _sections(s: Status, drawn: Mapping[str, str] | None) -> Iterator[str]:
    name = s.store.rpartition("/")[2]  # a page that is mailed names no folder and no server
    yield f'<h1>Gouji overview 总览</h1><p class="note">{_text(name)} · {words.moment(s.made_at)}</p>'
    yield _tiles(s)
    if drawn is None:
        yield f'<p class="note">Pictures {escape(drawing.MISSING)}.</p>'
    yield from _coverage(s, drawn or {})
    yield from _work(s, drawn or {})
    yield from _findings(s, drawn or {})
    yield from _totals(s, drawn or {})
    yield from _people(s)
    yield from _unreadable(s)


def _tiles(s: Status) -> str:
    tiles = (
        f'<div><dt>{escape(name)}</dt><dd class="figure">{escape(figure)}</dd><dd class="behind">{escape(behind)}</dd></div>'
        for name, figure, behind in words.headline(s)
    )
    return f'<dl class="tiles">{"".join(tiles)}</dl>'


def _coverage(s: Status, drawn: Mapping[str, str]) -> Iterator[str]:
    table = s.coverage
    yield "<h2>Coverage 覆盖</h2>"
    yield f"<p>{_text(words.coverage_line(table))}.</p>"
    if not table.rows:
        return
    if len(table.years) > YEARS:
        yield _note(f"Pictures and tables show the newest {YEARS} of {len(table.years)} years")
        table = words.newest(table, YEARS)
    yield _figure(drawn, "years", "Units by year and state 各年单位", "coverage-years")
    yield _figure(drawn, "map", f"Units × years 单位×年度{_of(UNITS, len(table.rows), 'units')}", "coverage-units")
    yield f'<p class="note">{" · ".join(f"{SIGNS[k]} {escape(v)}" for k, v in _MEANS.items())} · * first year after a break</p>'
    yield _folded("Units by year as a table", _table("coverage-years", "units by year and state", *_states(table)))
    shown = words.most_gaps(table, _TABLE_UNITS)
    title = f"Units × years as a table{_of(_TABLE_UNITS, len(table.rows), 'units')}"
    yield _folded(title, _map("coverage-units", [str(y) for y in table.years], shown))
    if table.unplaced:
        rows = [(visible(source), visible(reason)) for source, reason in table.unplaced]
        yield _folded(f"Reports of unknown unit or year ({len(rows):,})", _bounded("unplaced", "", ("report", "reason"), rows))


def _states(table: CoverageTable) -> tuple[Sequence[str], Rows]:
    counts = [Counter(row.years[at].state for row in table.rows) for at in range(len(table.years))]
    rows = [(str(year), *(f"{n[state]:,}" for state in _MEANS)) for year, n in zip(table.years, counts, strict=True)]
    return ("year", *(state.value for state in _MEANS)), rows


def _map(name: str, years: Sequence[str], rows: Sequence[Row]) -> str:
    body = []
    for row in rows:
        cells = (
            f'<td class="c {p.state.value}"><span aria-hidden="true">{SIGNS[p.state]}{"*" if p.broken else ""}</span>'
            f'<span class="sr">{p.state.value}{" after a break" if p.broken else ""}</span></td>'
            for p in row.years
        )
        body.append(f'<tr><th scope="row">{_text(row.name)}</th>{"".join(cells)}</tr>')
    return _framed(name, "coverage of units × years", ("unit", *years), body)


def _work(s: Status, drawn: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Straight-through and backlog 直通率与待办</h2>"
    yield f"<p>{_text(words.cells_line(s))}.</p><p>{_text(words.backlog_line(s.backlog))}.</p>"
    yield _figure(drawn, "cells", "Cells by year: accepted by the program, settled by people, open 各年数据格", "groups")
    if s.groups:
        yield _bounded("groups", "reports by form and year", words.GROUPS, words.group_rows(s.groups))


def _findings(s: Status, drawn: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Findings by kind 勾稽问题</h2>"
    if not s.findings:
        yield "<p>none 无</p>"
        return
    yield _figure(drawn, "findings", f"Findings by rule and fault 问题分类{_of(RULES, len(s.findings), 'rules')}", "kinds")
    yield _bounded("kinds", "findings of the newest runs by rule, and whose fault they are", words.FINDINGS, words.finding_rows(s.findings))


def _totals(s: Status, drawn: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Yearly totals 年度合计</h2>"
    yield f"<p>{_text(words.left_out_line(s.left_out))}. A sum of fewer reports is smaller for that alone.</p>"
    if not s.totals:
        return
    yield _figure(drawn, "totals", "Sums over units by year; under each year the share of the reports that is in the sum 各年合计", "totals-all")
    yield _matrix(s.totals)
    for series, found in groupby(s.totals, key=lambda t: t.series):
        title = f"{series.name} {series.says} [{series.unit}]"
        yield _folded(title, _bounded(f"total-{series.field.replace('/', '-')}", "", words.TOTALS, [words.total_row(t) for t in found]))


def _matrix(totals: Sequence[YearlyTotal]) -> str:
    """Series × years: each sum with the number of reports in it."""
    years = sorted({t.year for t in totals})[-YEARS:]  # all of them stand in the tables below
    body = []
    for series, found in groupby(totals, key=lambda t: t.series):
        by = {t.year: t for t in found}
        cells = "".join(f'<td class="n">{_sum(by.get(y))}</td>' for y in years)
        name = f"{_text(series.name)} {_text(series.says)} <small>{_text(series.unit)}</small>"
        body.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return _framed("totals-all", "sum, and in how many of the reports with this field it is", ("field", *map(str, years)), body)


def _sum(t: YearlyTotal | None) -> str:
    return f"{words.number(t.value)}<br><small>{t.counted:,} of {t.of:,}</small>" if t else ""


def _people(s: Status) -> Iterator[str]:
    yield "<h2>Audit and people 抽检与人员</h2>"
    yield f"<p>{_text(words.audit_line(s.audit))}.</p>"
    if s.reviewers:
        yield _bounded("people", "what every person did", words.REVIEWERS, words.reviewer_rows(s))


def _unreadable(s: Status) -> Iterator[str]:
    if not s.unreadable:
        return
    yield f"<h2>Unreadable reports 无法读取 ({len(s.unreadable):,})</h2>"
    yield _bounded("reasons", "by reason", words.UNREADABLE, words.unreadable_rows(s))
    rows = [(visible(u.source), u.code, visible(u.message)) for u in s.unreadable]
    yield _folded("all of them", _bounded("unreadable", "", ("report", "reason", "message"), rows))


# Pieces


def _text(text: str) -> str:
    return escape(visible(text))


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}.</p>'


def _of(most: int, total: int, what: str) -> str:
    return f", the {most} of {total:,} {what} with the most" + (" gaps" if what == "units" else " findings") if total > most else ""


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{_text(title)}</summary>{inside}</details>"


def _figure(drawn: Mapping[str, str], name: str, title: str, table: str) -> str:
    """A picture with its title; the table with the id ``table`` says the same in words."""
    if name not in drawn:
        return ""
    image = f'<div role="img" aria-labelledby="caption-{name}" aria-describedby="{table}">{drawn[name]}</div>'
    return f'<figure><figcaption id="caption-{name}">{_text(title)}</figcaption>{image}</figure>'


def _bounded(name: str, caption: str, header: Sequence[str], rows: Rows) -> str:
    """A table of at most so many rows, with a word about the rest."""
    more = _note(f"{len(rows) - _ROWS:,} more rows are left out here: `gouji status --json` has them") if len(rows) > _ROWS else ""
    return _table(name, caption, header, rows[:_ROWS]) + more


def _table(name: str, caption: str, header: Sequence[str], rows: Rows) -> str:
    numeric = [all(_NUMERIC.fullmatch(row[i]) for row in rows) for i in range(len(header))]
    body = []
    for first, *rest in rows:
        cells = (f'<td{" class=n" if n else ""}>{escape(x)}</td>' for x, n in zip(rest, numeric[1:], strict=True))
        body.append(f'<tr><th scope="row">{escape(first)}</th>{"".join(cells)}</tr>')
    return _framed(name, caption, header, body, numeric)


def _framed(name: str, caption: str, header: Sequence[str], body: Sequence[str], numeric: Sequence[bool] = ()) -> str:
    right = [*numeric, *[True] * len(header)] if not numeric else list(numeric)
    head = "".join(f'<th scope="col"{" class=n" if i and n else ""}>{_text(h)}</th>' for i, (h, n) in enumerate(zip(header, right, strict=False)))
    title = f"<caption>{_text(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table id="{name}">{title}<thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
