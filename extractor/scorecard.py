"""A Scorecard for people: a short terminal summary, and one self-contained HTML page that is safe to mail.

The page has no scripts, loads nothing, and escapes every text that came from a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from extractor.evaluate import CellScore, FindingScore, Scorecard, Tally, UnitScore
from extractor.metrics import Rate

if TYPE_CHECKING:
    from rich.console import Console

LABELS = {
    "cells_right": "Cells right 格正确",
    "nonzero_right": "… printed, not 0 非零",
    "zeros_right": "… printed 0 零",
    "blanks_right": "… blank 空白",
    "lost_left_lost": "… lost, left lost 缺失",
    "lost_deduced": "Lost cells deduced 推得（not judged）",
    "tables_exact": "Tables exact 表全对",
    "texts_exact": "Texts exact 文本全对",
    "reports_exact": "Reports exact 报告全对",
    "cells_accepted": "Straight through: cells 直通格",
    "tables_accepted": "Straight through: tables 直通表",
    "texts_accepted": "Straight through: texts 直通文本",
    "reports_accepted": "Straight through: reports 直通报告",
    "silent_errors": "Silent errors among accepted cells 静默错误",
    "reports_with_silent_error": "Reports with a silent error 含静默错误的报告",
    "wrong_not_accepted": "Wrong cells kept from acceptance 错格被拦下",
    "reviewed_needlessly": "Reviewed cells that were right 多余复核",
    "findings_found": "Expected findings raised 应报问题",
    "findings_false": "Raised findings that are false 误报",
    "findings_blamed_on_report": "Found, blamed on the report 归责报告",
    "form_right": "Form right 表式",
    "year_right": "Year right 年度",
    "agency_right": "Agency right 机关",
    "texts_failed": "Texts the reader crashed on 失败",
}
_COLUMNS = ("", "cells", "right", "≠0", "0", "blank", "lost", "deduced", "accepted", "silent", "review: right",
            "review: wrong", "missing", "excluded")  # fmt: skip
_NOTE = (
    "Intervals are two-sided 95 % Wilson and take cells as independent, which cells of one report are not: "
    "judge by the report figures. The bound is one-sided 95 % Clopper–Pearson over reports."
)


def percent(share: float | None) -> str:
    """A share as a percentage that never rounds to 0 % or 100 % unless it is."""
    if share is None:
        return "–"
    text = f"{100 * share:.2f}"
    if text == "100.00" and share < 1:
        return ">99.99 %"
    return "<0.01 %" if text == "0.00" and share > 0 else f"{text} %"


def describe(r: Rate) -> str:
    """``count/total = share [interval]``."""
    if not r.total:
        return f"{r.count}/0 –"
    return f"{r.count}/{r.total} = {percent(r.share)} [{100 * r.low:.1f}–{100 * r.high:.1f}]"


def silent_line(card: Scorecard) -> str:
    """The silent-error figure as one sentence, with the bound the evidence supports."""
    million = "–" if card.silent_per_million is None else f"{card.silent_per_million:,.0f}"
    r = card.headline["reports_with_silent_error"]
    return (
        f"{card.total.silent} silent errors in {card.total.accepted} accepted cells ({million} per million); "
        f"{r.count} of {r.total} reports hold one, so at most {percent(card.silent_report_bound)} of reports do "
        f"(one-sided 95 %); {len(card.undecidable_accepted)} accepted although undecidable"
    )


def matrix(card: Scorecard) -> tuple[tuple[str, ...], ...]:
    """Outcome × truth: for cells, then for texts; a text is accepted when all its cells are."""
    t, us = card.total, card.units

    def texts(accepted: bool, exact: bool) -> str:
        return str(sum(u.accepted is accepted and u.exact is exact and u.failed is None for u in us))

    return (
        ("accepted 接受", str(t.accepted - t.silent), str(t.silent), texts(True, True), texts(True, False)),
        ("review 复核", str(t.reviewed_right), str(t.reviewed_wrong), texts(False, True), texts(False, False)),
        ("missing / failed 缺失", "–", str(t.missing), "–", str(sum(u.failed is not None for u in us))),
    )


def tally_row(name: str, t: Tally) -> tuple[str, ...]:
    """One line of the tables by table, shape, form or split."""
    parts = (
        f"{t.right}/{t.judged}", f"{t.nonzero_right}/{t.nonzero}", f"{t.zero_right}/{t.zero}",
        f"{t.blank_right}/{t.blank}", f"{t.lost_left_lost}/{t.lost}",
    )  # fmt: skip
    rest = (t.lost_deduced, t.accepted_all, t.silent, t.reviewed_right, t.reviewed_wrong, t.missing, t.excluded)
    return (name, str(t.cells), *parts, *map(str, rest))


def by_groups(card: Scorecard) -> tuple[tuple[str, Mapping[str, Tally]], ...]:
    """The stratified tables with their titles."""
    return (
        ("By table 按表", card.by_table),
        ("By shape 按文本形态", card.by_shape),
        ("By form 按表式", card.by_form),
        ("By split 按分组", card.by_split),
    )


# Terminal


def render_terminal(card: Scorecard, console: Console | None = None, limit: int = 40) -> None:
    """Print headline figures, the strata and the first ``limit`` wrong cells, silent errors first."""
    from rich.console import Console as RichConsole
    from rich.markup import escape as plain
    from rich.table import Table

    out = console or RichConsole(stderr=True)

    def grid(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for n, name in enumerate(header):
            table.add_column(name, justify="right" if n and len(header) > 3 else "left")
        for row in rows:
            table.add_row(*map(plain, row))
        out.print(table)

    stamp = "  ".join(f"{k} {v}" for k, v in card.stamp.items())
    out.print(plain(f"readers: {', '.join(card.readers)}  {stamp}"))
    out.print(plain(silent_line(card)), style="bold red" if card.total.silent else "bold green")
    grid("", ("figure", "count/total = share [95 %]"), ((LABELS[k], describe(r)) for k, r in card.headline.items()))
    for title, groups in by_groups(card)[:2]:
        grid(title, _COLUMNS, (tally_row(name, t) for name, t in groups.items()))
    if card.wrong:
        rows = (
            (f"{c.report}/{c.source}", c.field, shown(c.truth, c.truth_value), shown(c.got, c.value), outcome(c))
            for c in card.wrong[:limit]
        )
        grid(f"Wrong cells ({len(card.wrong)}) 错格", ("text", "field", "truth", "got", "outcome"), rows)
    if len(card.wrong) > limit:
        out.print(f"… and {len(card.wrong) - limit} more: use --html or --json")


def shown(status: str, value: str) -> str:
    """A status with its value, for one table cell."""
    return f"{value} ({status})" if value else status


def outcome(cell: CellScore) -> str:
    """The outcome of a cell, silent errors named."""
    return "SILENT ERROR 静默错误" if cell.silent else cell.outcome


# HTML

_CSS = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--line:#d5d5d5;--dim:#666;--bad:#b3261e;--mark:#ffe08a}
@media (prefers-color-scheme:dark){
:root{--ink:#e6e6e6;--paper:#161616;--line:#3a3a3a;--dim:#9a9a9a;--bad:#ff8a80;--mark:#6b5200}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--paper);margin:2rem auto;max-width:76rem;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}.wide{overflow-x:auto}
caption{text-align:left;color:var(--dim)}
th,td{border-bottom:1px solid var(--line);padding:.2rem .7rem .2rem 0;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code,.snip{font-family:ui-monospace,"Noto Sans Mono CJK SC",monospace;font-size:.9em;overflow-wrap:anywhere}
mark{background:var(--mark);color:inherit}.bad{color:var(--bad);font-weight:600}.dim{color:var(--dim)}
"""


def render_html(card: Scorecard) -> str:
    """The whole scorecard as one HTML document."""
    body = "\n".join(_sections(card))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Gouji scorecard</title><style>{_CSS}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _sections(card: Scorecard) -> Iterator[str]:
    yield "<h1>Gouji scorecard 评测</h1>"
    yield _table("Run stamp", (), [("readers", ", ".join(card.readers)), *card.stamp.items()])
    yield f'<p class="{"bad" if card.total.silent else ""}">{escape(silent_line(card))}.</p>'
    yield f'<p class="dim">{escape(_NOTE)}</p>'
    yield "<h2>Headline 主要指标</h2>"
    rows = [(LABELS[k], f"{r.count}/{r.total}", percent(r.share), _interval(r)) for k, r in card.headline.items()]
    yield _table("", ("figure", "count", "share", "95 % interval"), rows)
    yield "<h2>Outcome × truth 结果与真值</h2>"
    yield _table("judged cells; texts", ("", "cells right", "wrong", "texts exact", "not exact"), matrix(card))
    for title, groups in by_groups(card):
        yield f"<h2>{title}</h2>"
        yield _table("right / judged", _COLUMNS, [tally_row(n, t) for n, t in groups.items()])
    yield "<h2>Codes on reviewed cells 复核代码</h2>"
    yield _table("", ("code", "reviewed", "of these wrong"), [(k, str(a), str(b)) for k, (a, b) in card.codes.items()])
    yield "<h2>Findings 勾稽问题</h2>"
    blame = ", ".join(f"{k} {v}" for k, v in card.blame.items()) or "none"
    yield _table(f"blame: {blame}", ("text", "rule", "verdict", "blame", "sides"), [_finding(f) for f in card.findings])
    yield "<h2>Texts 文本</h2>"
    header = ("text", "shape", "split", "form", "year", "agency", "exact", "accepted", "silent", "failed")
    yield _table("", header, [_unit(u) for u in card.units])
    yield f"<h2>Wrong cells 错格 ({len(card.wrong)})</h2>"
    yield _cells(card.wrong)
    yield f"<h2>Accepted although undecidable 无法判定却被接受 ({len(card.undecidable_accepted)})</h2>"
    yield _cells(card.undecidable_accepted)


def _interval(r: Rate) -> str:
    return f"{100 * r.low:.2f}–{100 * r.high:.2f} %" if r.total else "–"


def _finding(f: FindingScore) -> tuple[str, ...]:
    sides = {None: "–", True: "right", False: "WRONG"}[f.sides_right]
    return f"{f.report}/{f.source}", f"{f.rule} {f.instance}", f.verdict, f.blame or "–", sides


def _unit(u: UnitScore) -> tuple[str, ...]:
    flags = (u.form_right, u.year_right, u.agency_right, u.exact, u.accepted)
    marks = ("✓" if flag else "✗" for flag in flags)
    return (f"{u.report}/{u.source}", u.shape, u.split, *marks, str(u.silent), u.failed or "–")


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    numeric = "0123456789–<>"
    parts = ['<div class="wide"><table>']
    parts += [f"<caption>{escape(caption)}</caption>"] if caption else []
    parts += ["<tr>" + "".join(f"<th>{escape(h)}</th>" for h in header) + "</tr>"] if header else []
    for row in rows:
        tags = ('<td class="n">' if i and x and x[0] in numeric and header else "<td>" for i, x in enumerate(row))
        parts.append("<tr>" + "".join(f"{tag}{escape(x)}</td>" for tag, x in zip(tags, row, strict=True)) + "</tr>")
    return "".join([*parts, "</table></div>"])


def _cells(cells: Sequence[CellScore]) -> str:
    if not cells:
        return "<p>none 无</p>"
    head = "".join(f"<th>{h}</th>" for h in ("text", "field", "truth", "got", "outcome", "codes", "in the text"))
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(map(_cell, cells))}</table></div>'


def _cell(c: CellScore) -> str:
    before, at, after = (escape(x).replace("\n", "⏎").replace("\t", "⇥") for x in c.context)
    snippet = f"{before}<mark>{at}</mark>{after}" if at else '<span class="dim">nothing printed</span>'
    columns = (
        escape(f"{c.report}/{c.source}"),
        f"{escape(c.label)}<br><code>{escape(c.field)}</code>",
        f"{escape(shown(c.truth, c.truth_value))}<br><code>{escape(c.truth_printed)}</code>",
        f"{escape(shown(c.got, c.value))}<br><code>{escape(c.printed)}</code>",
        f'<span class="{"bad" if c.silent else ""}">{escape(outcome(c))}</span>',
        f"<code>{escape(' '.join(c.codes))}</code>",
        f'<span class="snip">{snippet}</span>',
    )
    return "<tr>" + "".join(f"<td>{x}</td>" for x in columns) + "</tr>"
