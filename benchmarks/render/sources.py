"""Where pages come from: reports that `benchmarks.damage` makes up, and the golden set's own labels in the official layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from benchmarks.damage import Case
from benchmarks.damage.case import draft_of, labelled
from benchmarks.damage.content import make_content
from benchmarks.damage.draft import Draft, Line, numeral
from benchmarks.damage.sheet import Cell, Row, Sheet, build
from benchmarks.render.page import Page, Table, Text, table_of
from extractor.form import Form
from extractor.golden import GoldenExtra, GoldenReport
from extractor.text import key, normalise

_PARAGRAPH = "有关情况如下表所示。"


def made_up(form: Form, seed: int, level: str) -> tuple[Page, Case]:
    """A generated report and its case, whose truth holds for every rendering; its ``data`` is only the page's plain text."""
    rng = Random(f"{seed}/page/{level}/{form.id}")
    draft = draft_of(make_content(form, rng), rng, "html", level)
    page = _page(draft)
    return page, labelled(draft, list(_lines(page)), f"{form.id}-page-{level}-{seed}")


def golden_page(form: Form, report: GoldenReport) -> Page:
    """The tables of a golden report as the official form lays them out: printed cells filled, blank ones empty, lost ones left out.

    The prose is ours. Raises ValueError where a lost cell stands before one that is not: no page can show that.
    """
    status = [c.status for c in report.cells]
    texts = ["" if c.status == "excluded" else c.printed for c in report.cells]
    sheets = {s.table: s for s in build(form, texts)}
    year = f"{report.year}年" if report.year else ""
    title = f"{report.agency or ''}{year}{form.spec.title}"
    parts: list[Text | Table] = [Text(title, 1)]
    for n, section in enumerate(form.spec.sections):
        sheet = sheets.get(section.table or "")
        if sheet is not None:
            sheet.rows = list(_kept(form, sheet, status, [e for e in report.extras if e.table == sheet.table]))
            if not sheet.rows:
                continue
        parts += [Text(f"{numeral(n + 1)}、{section.label}", 2), Text(_PARAGRAPH)]
        parts += [table_of(sheet)] if sheet is not None else []
    return Page(title, tuple(parts))


def _page(draft: Draft) -> Page:
    title = [t.translate(draft.glyphs) for t in draft.title if t]
    parts: list[Text | Table] = [Text(t, 0 if n else 1) for n, t in enumerate(title)]
    for section in draft.sections:
        lines = [Text(section.heading, 2), *map(Text, section.lines)]
        parts += [Text(t.text.translate(draft.glyphs), t.level) for t in lines if t.text]
        if section.sheet is not None:
            parts.append(table_of(section.sheet, draft.glyphs))
    return Page(title[0] if title else "", tuple(parts))


def _lines(page: Page) -> Iterator[Line]:
    for part in page.parts:
        if isinstance(part, Text):
            yield [(part.text, -1)]
        else:
            yield from ([(cell.text.strip(), cell.field) for cell in row] for row in part.rows)


# ---------------------------------------------------------------- what a golden report has left


def _kept(form: Form, sheet: Sheet, status: Sequence[str], extras: Sequence[GoldenExtra]) -> Iterator[Row]:
    """The rows without lost cells, and the report's extra rows where they stand in for a group that is lost."""
    waiting = list(extras)
    labels = _row_labels(form)
    gone: set[int] = set()  # the groups and corners whose first row is lost, by identity
    heads: list[Row] = []
    for row in sheet.rows:
        if row.kind == "head":
            heads = [*heads, row] if not heads or heads[-1].block == row.block else [row]
            continue
        held = [c for c in row.figures() if status[c.field] != "lost"]
        if held:
            yield from heads
            heads = []
            _cut(row, held)
            row.cells = [_instead(c, gone) for c in row.cells]
            yield row
            continue
        gone |= {id(c) for c in row.cells if c.role == "group"}
        found = next((e for e in waiting if key(normalise(e.label)) in labels[row.own[0]]), None)
        if found is not None:
            waiting.remove(found)
            yield _extra(sheet, row, found)
    for extra in waiting:
        yield _extra(sheet, None, extra)


def _row_labels(form: Form) -> list[list[str]]:
    """For each field the groups that its row stands under, compared as labels are."""
    headers = {i: h for t in form.tables for b in t.blocks for h, indexes in zip(b.rows, b.grid, strict=True) for i in indexes}
    return [[key(normalise(g)) for g in headers[f.index].group_labels] for f in form.fields]


def _cut(row: Row, held: Sequence[Cell]) -> None:
    figures = row.figures()
    if figures[: len(held)] != list(held):
        raise ValueError("a lost cell before a cell that is left: no page can show that")
    row.cut = len(held) < len(figures)
    row.cells = [c for c in row.cells if c.role != "figure" or any(c is h for h in held)]


def _instead(cell: Cell, gone: set[int]) -> Cell:
    """The group itself in place of its cover, in the first row that is left of it."""
    if cell.owner is not None and id(cell.owner) in gone:
        gone.discard(id(cell.owner))
        return cell.owner
    return cell


def _extra(sheet: Sheet, row: Row | None, extra: GoldenExtra) -> Row:
    """A row that the form does not have; under the groups that the lost row ``row`` stood under."""
    covers = [] if row is None else [c for c in row.cells if c.role == "cover"]
    label = Cell(extra.label, "label", colspan=max(1, sheet.label_columns - len(covers)))
    return Row("body", 0, [*covers, label, *(Cell(v, "figure") for v in extra.values)])
