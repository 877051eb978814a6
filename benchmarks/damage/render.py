"""The shapes of text that keep a row or a cell recognisable, each after a real report."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks.damage.draft import FLAT, PAGED, Draft, Line, Piece
from benchmarks.damage.layout import aligned, column_major, detached, plain_rows
from benchmarks.damage.markup import html
from benchmarks.damage.sheet import Cell, Row, Sheet

Renderer = Callable[[Draft, Sheet], list[Line]]


def render(draft: Draft) -> list[Line]:
    """The whole report as lines of pieces; joined with line feeds they are its text."""
    if draft.shape == "html":
        lines = html(draft)
    elif draft.shape in FLAT:
        lines = [_flat(draft)]
    else:
        lines = _report(draft, _RENDERERS[draft.shape])
    if draft.glyphs:
        lines = [[(t.translate(draft.glyphs), f) if f < 0 else (t, f) for t, f in line] for line in lines]
    return _join_feeds(lines)


def _report(draft: Draft, renderer: Renderer) -> list[Line]:
    out: list[Line] = [[(t, -1)] for t in draft.title]
    gap = draft.spaced or draft.shape == "markdown"
    for section in draft.sections:
        out += [[]] if gap else []
        if section.heading:
            out.append([(_heading(draft, section.heading), -1)])
        for text in section.lines:
            out += [[]] if gap else []
            out += [[(t, -1)] for t in (_wrapped(text, draft) if draft.shape in PAGED else (text,))]
        if section.sheet is not None:
            out += [[]] if gap or draft.shape == "tab-rows" else []
            out += renderer(draft, section.sheet)
            out += [[]] if gap or draft.shape == "tab-rows" else []
    return out


def _heading(draft: Draft, heading: str) -> str:
    return f"## {heading}" if draft.shape == "markdown" else heading


def _wrapped(text: str, draft: Draft) -> list[str]:
    """A paragraph broken into lines of a printed page."""
    width = 28
    if text.startswith(" " * 8):
        return [text]
    lines, at = [], 0
    while at < len(text):
        end = at + width
        while end < len(text) and text[end - 1].isdigit() and text[end].isdigit():
            end -= 1
        lines.append(text[at:end])
        at = end
    return [("   " if n else "     ") + t for n, t in enumerate(lines)] if draft.shape == "aligned" else lines


def _join_feeds(lines: list[Line]) -> list[Line]:
    """A form feed stands before the first character of its page, not on a line of its own."""
    out: list[Line] = []
    pending = False
    for line in lines:
        if line and len(line) == 1 and line[0][0] == "\f":
            pending = True
            continue
        out.append([("\f", -1), *line] if pending else line)
        pending = False
    return [*out, [("\f", -1)]] if pending else out


def page(row: Row) -> list[Line]:
    """The lines of a page mark."""
    return [[(t, -1)] if t else [] for t in row.cells[0].text.split("\n")]


def pieces(cell: Cell, broken: str = "\n") -> Line:
    """A cell's text with what stands around it; a label's line break becomes ``broken``."""
    out: Line = [(cell.before, -1)] if cell.before else []
    text = cell.text.replace("\n", broken) if cell.field < 0 else cell.text
    out.append((text, cell.field))
    if cell.after:
        out.append((cell.after, -1))
    return out


def _shown(row: Row) -> Iterable[Cell]:
    """The cells that exist in their own right."""
    return (c for c in row.cells if c.role != "cover")


def _with(parts: Iterable[Line], separator: str) -> Line:
    out: Line = []
    for n, part in enumerate(parts):
        if n and separator:
            out.append((separator, -1))
        out += part
    return out


def _tab_cells(draft: Draft, sheet: Sheet) -> list[Line]:
    """Reports 000, 001, 003: a cell a line after a tab, a blank line after each row."""
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        for cell in row.cells:
            tab = "\t\n" if cell.role == "block" and draft.variant % 4 == 1 else "\t"
            out.append([(tab, -1), *pieces(cell)])
        out.append([])
    if draft.variant % 5 == 0 and sheet.label_columns == 1:
        out += [[("\t", -1)] for _ in range(sheet.width)]
        out.append([])
    return out


def _tab_rows(draft: Draft, sheet: Sheet) -> list[Line]:
    """Reports 002, 004: a row a line; merged cells leave empty cells behind."""
    compact = draft.variant % 2 == 0 and sheet.label_columns > 2
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        cells: list[Line] = []
        lonely = sum(c.role in ("group", "label", "corner", "cover") and c.field < 0 for c in row.cells) == 1
        for cell in row.cells:
            cells.append(pieces(cell, " "))
            left = cell.role in ("label", "corner") or (cell.role == "cover" and cell.colspan > 1)
            span = min(cell.colspan, 2 if lonely or cell.role != "label" else 1) if compact and left else cell.colspan
            cells += [[]] * (span - 1)
        if not row.cut:
            cells += [[]] * (sheet.width - len(cells))
        out.append(_with(cells, "\t"))
    return out


def _pipe_rows(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-022, real-032, real-054: spans vanish, and every row is filled up with bars at its end."""
    led = draft.variant % 2 == 0
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        cells = [pieces(c, " ") for c in _shown(row)]
        line = _with(cells, " | ")
        fill = "|" * (sheet.width - len(cells))
        out.append([*([("| ", -1)] if led else []), *line, (" | " + fill + (" " if led and not fill else ""), -1)])
    return out


def _markdown(draft: Draft, sheet: Sheet) -> list[Line]:
    """A proper Markdown table: one bar at each side of every cell, a rule under the first row."""
    out: list[Line] = []
    ruled = False
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        cells: list[Line] = []
        for cell in row.cells:
            cells.append(pieces(cell, " "))
            cells += [[]] * (cell.colspan - 1)
        if not row.cut:
            cells += [[]] * (sheet.width - len(cells))
        out.append([("| ", -1), *_with(cells, " | "), (" |", -1)])
        if not ruled:
            out.append([("|" + " --- |" * sheet.width, -1)])
            ruled = True
    return out


def _pipe_lines(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-020: every bar on a line of its own, no end of a row."""
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        for cell in _shown(row):
            out += [pieces(cell), [("|", -1)]]
    return out


def _pipe_ends(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-016 (a cell and a bar a line) and real-050 (the same, indented, rows opened by a bar)."""
    opened = draft.variant % 2 == 0
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        cells = list(_shown(row))
        fill = "|" * (sheet.width - len(cells))
        if opened:
            out.append([("| ", -1)])
        for n, cell in enumerate(cells):
            last = fill if n == len(cells) - 1 else ""
            body = pieces(cell, " ")
            out.append(
                [(" ", -1), *body, ("  | " + last, -1)] if opened else [*body, (" | " + last if last else " |", -1)]
            )
    return out


def _bare_lines(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-041, real-052, real-029: each cell a line, perhaps with blank lines between."""
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += page(row)
            continue
        for cell in _shown(row):
            if cell.text:
                out.append(pieces(cell))
                out += [[]] if draft.spaced else []
            elif cell.field >= 0:
                out.append([("", cell.field)])
    return _without_traces(out)


def _without_traces(lines: list[Line]) -> list[Line]:
    """Empty figures leave no line behind, but stay known: they are put on the line before."""
    out: list[Line] = []
    for line in lines:
        if len(line) == 1 and line[0][0] == "" and line[0][1] >= 0 and out:
            out[-1].append(line[0])
        else:
            out.append(line)
    return out


def _flat(draft: Draft) -> Line:
    """real-037: the whole report on one line, cells between bars, blanks or nothing."""
    between = {"flat": " | ", "flat-spaces": " ", "glued": ""}[draft.shape]
    around: Piece = ("" if draft.shape == "glued" else " ", -1)
    out: Line = [(t + around[0], -1) for t in draft.title]
    for section in draft.sections:
        out += [(t + around[0], -1) for t in (section.heading, *section.lines) if t]
        if section.sheet is None:
            continue
        for row in section.sheet.rows:
            if row.kind == "page":
                mark = row.cells[0].text.strip("\f\n")
                out += [(mark + around[0], -1)] if mark else []
                continue
            for cell in _shown(row):
                part = pieces(cell, "" if draft.shape == "glued" else " ")
                out += part
                if cell.text:
                    out.append((between, -1))
    return out


_RENDERERS: dict[str, Renderer] = {
    "tab-cells": _tab_cells,
    "tab-rows": _tab_rows,
    "pipe-rows": _pipe_rows,
    "markdown": _markdown,
    "pipe-lines": _pipe_lines,
    "pipe-ends": _pipe_ends,
    "aligned": aligned,
    "plain-rows": plain_rows,
    "bare-lines": _bare_lines,
    "detached": detached,
    "column-major": column_major,
}
