"""A Scorecard as one HTML page that is safe to mail: no scripts, nothing loaded, every report text escaped.

Folding is ``<details>``, plots are inline SVG from ``plots``; each silent error is drawn in the grid it was read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from extractor import drawing, plots, sideview
from extractor.compare import Comparison
from extractor.compareview import Section, sections
from extractor.htmlpage import document
from extractor.metrics import Rate
from extractor.scorecard import (
    CLASSES,
    COLUMNS,
    LABELS,
    MATRIX,
    NOTE,
    STOPS,
    by_groups,
    class_row,
    drawn,
    matrix,
    outcome,
    percent,
    planted_rows,
    risk_line,
    shown,
    silent_line,
    stop_row,
    tally_row,
)  # fmt: skip
from extractor.scores import CellScore, FindingScore, Grid, GridCell, Scorecard, UnitScore

_OPEN = 20  # silent errors drawn open; the rest is folded

_CSS = """
.grid td,.grid th{border:1px solid var(--line);padding:.1rem .45rem;text-align:right;white-space:nowrap}
.grid th{font-weight:400}.grid th[colspan]{text-align:center}
.grid th:first-child{text-align:left;white-space:normal;min-width:18rem}
.grid .review{background:var(--soft)}.grid .lost,.grid .blank{color:var(--dim)}.grid .wrong{color:var(--bad)}
.grid td.here{outline:3px solid var(--bad);outline-offset:-2px;font-weight:600}
mark{background:var(--mark);color:inherit}.bad{color:var(--bad);font-weight:600}.dim{color:var(--dim)}
"""



def render_html(card: Scorecard, comparison: Comparison | None = None) -> str:
    """The whole scorecard as one HTML document, with the paired comparison where there is one."""
    body = "\n".join(_sections(card, plots.plots(card), comparison))
    return document("Gouji scorecard", body, _CSS)


def _sections(card: Scorecard, drawings: Mapping[str, str] | None, comparison: Comparison | None) -> Iterator[str]:
    yield "<h1>Gouji scorecard 评测</h1>"
    yield _table("Run stamp", (), [("readers", ", ".join(card.readers)), *card.stamp.items()])
    yield f'<p class="{"bad" if card.total.silent else ""}">{escape(silent_line(card))}.</p>'
    yield f'<p class="dim">{escape(NOTE)}</p>'
    if drawings is None:
        yield f'<p class="dim">Plots {escape(drawing.MISSING)}.</p>'
    yield from _overview(card)
    yield from _silent(card)
    beside = list(sideview.sections(card))
    if beside:
        yield "<h2>Readers side by side 并列</h2>"
        yield from map(_section, beside)
    if comparison:
        yield "<h2>Against the baseline 与基线比较</h2>"
        yield from map(_section, sections(comparison))
    yield from _strata(card, drawings or {})
    yield from _flags(card, drawings or {})
    yield from _confidence(card, drawings or {})
    yield from _planted(card)
    yield from _lists(card)


def _overview(card: Scorecard) -> Iterator[str]:
    yield "<h2>Outcome × truth 结果与真值</h2>"
    yield _table("cells; texts; reports, each as its worst text", MATRIX, matrix(card))
    yield "<h2>Headline 主要指标</h2>"
    rows = [(LABELS[k], f"{r.count}/{r.total}", percent(r.share), _interval(r)) for k, r in card.headline.items()]
    yield _table("", ("figure", "count", "share", "95 % interval"), rows)


def _strata(card: Scorecard, drawings: Mapping[str, str]) -> Iterator[str]:
    for n, (title, groups) in enumerate(by_groups(card)):
        yield f"<h2>{title}</h2>"
        yield _table("right / judged, worst first", COLUMNS, [tally_row(name, t) for name, t in groups.items()])
        yield _figure(drawings, "strata", "Outcomes by shape of text") if n == 1 else ""


def _flags(card: Scorecard, drawings: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Which code stopped which errors 拦截代码</h2>"
    useful = [stop_row(code, s) for code, s in card.stops.items() if s.wrong]
    costly = [stop_row(code, s) for code, s in card.stops.items() if not s.wrong]
    yield _table("flags and unanswered doubts that stood on wrong cells, of reviewed cells", STOPS, useful) if useful else "<p>none 无</p>"
    yield _table("those that only cost review here", STOPS, costly) if costly else ""
    yield _figure(drawings, "flags", "Reviewed cells by code")
    rows = [(code, str(a), str(b)) for code, (a, b) in card.codes.items()]
    yield _folded("all codes on reviewed cells, infos among them", _table("", STOPS[:3], rows))


def _confidence(card: Scorecard, drawings: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Calibration by class 分类校准</h2>"
    yield f"<p>{escape(risk_line(card))}.</p>"
    yield _figure(drawings, "risk", "Risk–coverage curve")
    yield _figure(drawings, "classes", "Stated and seen error share by class, largest first")
    caption = "judged cells; bound: one-sided 95 % Clopper–Pearson on reports with an error of the class"
    yield _table(caption, CLASSES, [class_row(*x) for x in card.classes.items()])


def _planted(card: Scorecard) -> Iterator[str]:
    yield "<h2>Planted errors 植入错误</h2>"
    if card.planted is None:
        yield "<p>not planted in this run: use --planted</p>"
        return
    yield _table("known errors put into golden texts", *planted_rows(card.planted))
    for e in card.planted.escapes:
        said = f"{e.outcome}: {e.kind} in {e.report}: {e.plant}: accepted {', '.join(e.accepted)}"
        yield f'<p class="bad">{escape(said)}</p>'


def _lists(card: Scorecard) -> Iterator[str]:
    yield "<h2>Findings 勾稽问题</h2>"
    blame = ", ".join(f"{k} {v}" for k, v in card.blame.items()) or "none"
    yield _table(f"blame: {blame}", ("text", "rule", "verdict", "blame", "sides"), [_finding(f) for f in card.findings])
    yield "<h2>Texts 文本</h2>"
    header = ("text", "shape", "split", "form", "year", "agency", "exact", "decision", "wrong", "silent", "failed")
    yield _table("", header, [_unit(u) for u in card.units])
    yield f"<h2>Wrong cells 错格 ({len(card.wrong)})</h2>"
    yield _cells(card.wrong)
    yield f"<h2>Accepted although undecidable 无法判定却被接受 ({len(card.undecidable_accepted)})</h2>"
    yield _cells(card.undecidable_accepted)


# Silent errors, each in its grid


def _silent(card: Scorecard) -> Iterator[str]:
    errors = drawn(card)
    yield f"<h2>Silent errors 静默错误 ({len(errors)})</h2>"
    if not errors:
        yield "<p>none 无</p>"
    for n, (cell, grid) in enumerate(errors):
        title = f"{cell.report}/{cell.source} · {cell.label} · {shown(cell.got, cell.value)}"
        title += f", truth {shown(cell.truth, cell.truth_value)}"
        yield _folded(title, _grid(grid) + _cells([cell]), opened=n < _OPEN)


def _folded(title: str, inside: str, opened: bool = False) -> str:
    return f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>{inside}</details>"


def _grid(g: Grid) -> str:
    groups = "".join(f'<th colspan="{n}">{escape(name)}</th>' for name, n in _spans(g))
    labels = "".join(f"<th>{escape(c.label)}</th>" for c in g.columns)
    head = f"<tr><th></th>{groups}</tr>" if any(c.groups for c in g.columns) else ""
    head += f"<tr><th></th>{labels}</tr>"
    body: list[str] = []
    for r, row in enumerate(g.rows):
        label = escape(" / ".join((*row.groups, row.label)))
        cells = (_square(x, (r, c) == (g.row, g.column)) for c, x in enumerate(row.cells))
        body.append(f"<tr><th>{label}</th>{''.join(cells)}</tr>")
    caption = escape(f"{g.table} {g.block}".rstrip()) + " — shaded: for review; ␣ blank, ? lost, [n] deduced"
    table = f'<table class="grid"><caption>{caption}</caption>{head}{"".join(body)}</table>'
    return f'<div class="wide">{table}</div>'


def _spans(g: Grid) -> list[tuple[str, int]]:
    """The headings above the columns, with how many columns each spans."""
    return [(name, len(list(cs))) for name, cs in groupby(g.columns, key=lambda c: " / ".join(c.groups))]


def _square(x: GridCell, here: bool) -> str:
    names = [x.status, *(["review"] if x.outcome != "accept" else []), *(["wrong"] if x.truth else [])]
    truth = f" ≠ {escape(x.truth)}" if x.truth else ""
    return f'<td class="{" ".join(names + ["here"] * here)}">{escape(x.shown)}{truth}</td>'


# Pieces


def _figure(drawings: Mapping[str, str], name: str, title: str) -> str:
    if name not in drawings:
        return ""
    return f'<figure role="img" aria-label="{escape(title)}"><figcaption class="dim">{escape(title)}</figcaption>{drawings[name]}</figure>'


def _section(s: Section) -> str:
    lines = f'<p class="{"bad" if s.bad else ""}">{"<br>".join(map(escape, s.lines))}</p>' if s.lines else ""
    return f"<h3>{escape(s.title)}</h3>{lines}{_table('', s.header, s.rows) if s.rows else ''}"


def _interval(r: Rate) -> str:
    return f"{100 * r.low:.2f}–{100 * r.high:.2f} %" if r.total else "–"


def _finding(f: FindingScore) -> tuple[str, ...]:
    sides = {None: "–", True: "right", False: "WRONG"}[f.sides_right]
    return f"{f.report}/{f.source}", f"{f.rule} {f.instance}", f.verdict, f.blame or "–", sides


def _unit(u: UnitScore) -> tuple[str, ...]:
    marks = ("✓" if flag else "✗" for flag in (u.form_right, u.year_right, u.agency_right, u.exact))
    return (u.name, u.shape, u.split, *marks, u.decision, str(u.wrong), str(u.silent), u.failed or "–")


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
