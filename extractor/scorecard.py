"""A Scorecard in words and tables, and printed in the terminal: what the page (``scorepage``) says too, in short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from extractor.metrics import Rate
from extractor.record import visible
from extractor.scores import CellScore, ClassScore, Grid, GridRow, Planted, Scorecard, Stop, Tally

if TYPE_CHECKING:
    from rich.console import Console

LABELS = {
    "cells_right": "Cells right 格正确",
    "nonzero_right": "… printed, not 0 非零",
    "zeros_right": "… printed 0 零",
    "blanks_right": "… blank 空白",
    "lost_left_lost": "… lost, left lost 缺失",
    "lost_deduced": "Lost cells deduced 推得（not judged）",
    "tables_found": "Tables found 表已找到",
    "fields_filled": "Cells of the text found 格已读到",
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
COLUMNS = ("", "cells", "right", "≠0", "0", "blank", "lost", "deduced", "accepted", "silent", "review: right",
           "review: wrong", "missing", "excluded")  # fmt: skip
NOTE = (
    "Intervals are two-sided 95 % Wilson and take cells as independent, which cells of one report are not: "
    "judge by the report figures. The bound is one-sided 95 % Clopper–Pearson over reports."
)
MATRIX = ("", "cells right", "wrong", "no truth", "texts exact", "not exact", "reports exact", "not exact")
STOPS = ("code", "reviewed", "of these wrong", "wrong, stopped alone", "right, sent alone")
CLASSES = ("class", "cells", "wrong", "reports with an error", "bound", "stated", "accepted")
_OUTCOMES = {
    "accept": "accepted 接受",
    "review": "review 复核",
    "missing": "missing 缺失",
    "unreadable": "unreadable 不可读",
    "failed": "failed 失败",
}
_ROWS_AROUND = 2


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


def matrix(card: Scorecard) -> Iterator[tuple[str, ...]]:
    """Outcome × truth under ``MATRIX``: for cells, texts and reports; a text is accepted when all its cells are."""
    for outcome, name in _OUTCOMES.items():
        line = [name]
        for level, truths in (("cells", ("right", "wrong", "unjudged")), ("texts", _RIGHT), ("reports", _RIGHT)):
            n = card.outcomes[level].get(outcome)
            line += [str(n[t]) if n else "–" for t in truths]
        yield tuple(line)


_RIGHT = ("right", "wrong")


def tally_row(name: str, t: Tally) -> tuple[str, ...]:
    """One line of the tables by table, shape, form or split, under ``COLUMNS``."""
    parts = (
        f"{t.right}/{t.judged}", f"{t.nonzero_right}/{t.nonzero}", f"{t.zero_right}/{t.zero}",
        f"{t.blank_right}/{t.blank}", f"{t.lost_left_lost}/{t.lost}",
    )  # fmt: skip
    rest = (t.lost_deduced, t.accepted_all, t.silent, t.reviewed_right, t.reviewed_wrong, t.missing, t.excluded)
    return (name, str(t.cells), *parts, *map(str, rest))


def by_groups(card: Scorecard) -> tuple[tuple[str, Mapping[str, Tally]], ...]:
    """The stratified tables with their titles, the worst group of each first."""
    groups = (
        ("By table 按表", card.by_table),
        ("By shape 按文本形态", card.by_shape),
        ("By form 按表式", card.by_form),
        ("By split 按分组", card.by_split),
    )
    return tuple((title, dict(sorted(g.items(), key=lambda x: _badness(x[1])))) for title, g in groups)


def _badness(t: Tally) -> tuple[float, float, float]:
    share = (t.judged - t.right) / t.judged if t.judged else 0.0
    return -t.silent, -share, t.accepted_all / t.cells if t.cells else 1.0


def stop_row(code: str, s: Stop) -> tuple[str, ...]:
    """One code under ``STOPS``."""
    return (code, str(s.reviewed), str(s.wrong), str(s.wrong_alone), str(s.right_alone))


def class_row(name: str, c: ClassScore) -> tuple[str, ...]:
    """One class of decisions under ``CLASSES``."""
    accepted = {0: "no", c.cells: "yes"}.get(c.accepted, f"{c.accepted} of {c.cells}")
    reports = f"{c.reports_wrong}/{c.reports}"
    return (name, str(c.cells), str(c.wrong), reports, percent(c.bound), f"{c.confidence:.6f}", accepted)


def risk_line(card: Scorecard) -> str:
    """The area under the risk–coverage curve, as a sentence."""
    r = card.risk
    if r.aurc is None or r.augrc is None:
        return "no judged cell has a confidence"
    n, wrong = r.points[-1].covered, r.points[-1].wrong
    return (
        f"AURC {r.aurc:.6f}, AUGRC {r.augrc:.6f} over {n} judged cells, {wrong} of them wrong, "
        f"in {len(r.points)} steps of confidence (lower is better)"
    )


def planted_rows(planted: Planted) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of the planted errors by kind."""
    outcomes = list(dict.fromkeys(o for n in planted.counts.values() for o in n))
    rows = [(kind, *(str(n.get(o, 0)) for o in outcomes)) for kind, n in planted.counts.items()]
    return ("kind", *outcomes), rows


def planted_silent(planted: Planted) -> dict[str, int]:
    """How many planted errors escaped without a word, by kind."""
    silent = planted.escaped[0]
    return {kind: n[silent] for kind, n in planted.counts.items() if n.get(silent)}


def planted_line(planted: Planted) -> str:
    """All planted errors in a sentence."""
    _, *outcomes = planted_rows(planted)[0]
    total = {o: sum(n.get(o, 0) for n in planted.counts.values()) for o in outcomes}
    said = ", ".join(f"{n} {o}" for o, n in total.items() if n)
    kinds = "; ".join(f"{kind} {n}" for kind, n in planted_silent(planted).items())
    where = f"{sum(total.values())} in {planted.texts} texts, {len(planted.counts)} kinds"
    return f"Planted errors 植入错误: {where}: {said}. Escaped in silence: {kinds or 'none'}"


def shown(status: str, value: str) -> str:
    """A status with its value, for one table cell."""
    return f"{value} ({status})" if value else status


def outcome(cell: CellScore) -> str:
    """The outcome of a cell, silent errors named."""
    return "SILENT ERROR 静默错误" if cell.silent else cell.outcome


# Terminal


def terminal_table(out: Console, title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One table of plain text; brackets in it are not markup."""
    from rich.markup import escape as plain
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for n, name in enumerate(header):
        table.add_column(plain(name), justify="right" if n and len(header) > 3 else "left")
    for row in rows:
        table.add_row(*map(plain, row))
    out.print(table)


def render_terminal(card: Scorecard, console: Console | None = None, limit: int = 40) -> None:
    """Print headline figures, silent errors drawn, strata, codes, and the first ``limit`` wrong cells."""
    from rich.console import Console as RichConsole
    from rich.markup import escape as plain

    out = console or RichConsole(stderr=True)
    stamp = "  ".join(f"{k} {v}" for k, v in card.stamp.items())
    out.print(plain(f"readers: {', '.join(card.readers)}  {stamp}"))
    out.print(plain(silent_line(card)), style="bold red" if card.total.silent else "bold green")
    terminal_table(
        out, "", ("figure", "count/total = share [95 %]"), ((LABELS[k], describe(r)) for k, r in card.headline.items())
    )
    terminal_table(out, "Outcome × truth 结果与真值", MATRIX, matrix(card))
    for error, grid in drawn(card)[:limit]:
        _draw(out, error, grid)
    for title, groups in by_groups(card)[:2]:
        terminal_table(out, title, COLUMNS, (tally_row(name, t) for name, t in groups.items()))
    _stops(out, card)
    out.print(plain(f"Confidence: {risk_line(card)}"))
    if card.planted:
        out.print(plain(planted_line(card.planted)), style="bold red" if planted_silent(card.planted) else "")
    if card.wrong:
        rows = (
            (f"{c.report}/{c.source}", c.field, shown(c.truth, c.truth_value), shown(c.got, c.value), outcome(c))
            for c in card.wrong[:limit]
        )
        terminal_table(
            out, f"Wrong cells ({len(card.wrong)}) 错格", ("text", "field", "truth", "got", "outcome"), rows
        )
    if len(card.wrong) > limit:
        out.print(f"… and {len(card.wrong) - limit} more: use --html or --json")


def drawn(card: Scorecard) -> list[tuple[CellScore, Grid]]:
    """Every silent error with its grid."""
    grids = {(g.report, g.source, g.field): g for g in card.grids}
    return [(c, grids[c.report, c.source, c.field]) for c in card.wrong if c.silent]


def _stops(out: Console, card: Scorecard) -> None:
    """Codes that stopped an error, then the names of those that only cost review."""
    useful = [(code, s) for code, s in card.stops.items() if s.wrong]
    costly = [f"{code} {s.reviewed}" for code, s in card.stops.items() if not s.wrong]
    if useful:
        terminal_table(out, "Which code stopped which errors 拦截代码", STOPS, (stop_row(*x) for x in useful))
    if costly:
        out.print(f"Codes that stopped no error here, with the cells they stood on: {', '.join(costly)}")


def _draw(out: Console, c: CellScore, grid: Grid) -> None:
    """One silent error: what it is, the rows around it, the text around its evidence."""
    from rich.markup import escape as plain

    got, truth = shown(c.got, c.value), shown(c.truth, c.truth_value)
    out.print(plain(f"SILENT ERROR {c.report}/{c.source} {c.field} ({c.label}): {got}, truth {truth}"), style="bold red")
    out.print(plain(f"  codes {' '.join(c.codes) or 'none'}; confidence {c.confidence}; {c.decision_class}"))
    first = max(0, grid.row - _ROWS_AROUND)
    rows = grid.rows[first : grid.row + _ROWS_AROUND + 1]
    lines = (_grid_line(row, grid.column if first + n == grid.row else -1) for n, row in enumerate(rows))
    terminal_table(out, f"  {grid.table} {grid.block}".rstrip(), ("", *(c.label for c in grid.columns)), lines)
    before, at, after = (visible(x.replace("\n", "⏎")) for x in c.context)
    out.print(plain(f"  text: {before}⟦{at}⟧{after}" if at else "  text: nothing is printed for this cell"))


def _grid_line(row: GridRow, marked: int) -> tuple[str, ...]:
    label = "  " * len(row.groups) + row.label
    cells = (x.shown + ("" if x.outcome == "accept" else "*") for x in row.cells)
    return (label, *(f"⟦{x}⟧" if n == marked else x for n, x in enumerate(cells)))
