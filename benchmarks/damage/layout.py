"""What becomes of a printed page: aligned columns, reading order, columns first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from benchmarks.damage.draft import Draft, Line
from benchmarks.damage.sheet import Cell, Row, Sheet

Spot = tuple[int, Line]
"""Where on a line some pieces start."""


def _wrap(text: str, width: int) -> list[str]:
    text = text.replace("\n", "")
    return [text[i : i + width] for i in range(0, len(text), width)] or [""]


def _page(row: Row) -> list[Line]:
    return [[(t, -1)] if t else [] for t in row.cells[0].text.split("\n")]


def _figure(cell: Cell) -> Line:
    out: Line = [(cell.before, -1)] if cell.before else []
    out.append((cell.text, cell.field))
    return [*out, (cell.after, -1)] if cell.after else out


def _figures(row: Row, separator: str) -> Line:
    """The figures of a row on one line; empty ones leave nothing between."""
    out: Line = []
    for cell in row.figures():
        if out and cell.text:
            out.append((separator, -1))
        out += _figure(cell)
    return out


def _levels(row: Row, sheet: Sheet) -> tuple[Cell | None, Cell | None, Cell | None, int]:
    """The outer group that begins here, the inner group that begins here, the label, and its depth."""
    depth = 0
    outer = inner = label = None
    for cell in row.cells:
        if cell.role == "figure" or (cell.role == "column"):
            break
        if cell.role == "label":
            label = cell
            break
        if cell.role == "group":
            outer, inner = (cell, inner) if depth == 0 else (outer, cell)
        depth += 1
    return outer, inner, label, depth


# ---------------------------------------------------------------- aligned columns


class _Canvas:
    """Lines with things at places."""

    def __init__(self) -> None:
        self.lines: list[list[Spot]] = []
        self.marks: set[int] = set()

    def add(self, spots: Sequence[Spot] = ()) -> int:
        self.lines.append(list(spots))
        return len(self.lines) - 1

    def put(self, line: int, x: int, text: str) -> None:
        """Place a label on the nearest line from ``line`` on that is no page mark."""
        while line in self.marks or (line < len(self.lines) and any(at == x for at, _ in self.lines[line])):
            line += 1
        while line >= len(self.lines):
            self.add()
        self.lines[line].append((x, [(text, -1)]))

    def out(self) -> list[Line]:
        return [_spread(spots) for spots in self.lines]


def _spread(spots: list[Spot]) -> Line:
    """One line: every spot at its place, or two blanks after the spot before it."""
    line: Line = []
    at = 0
    for x, part in sorted(spots, key=lambda s: s[0]):
        width = sum(len(t) for t, _ in part)
        if width:
            gap = max(x - at, 2 if at else 0)
            if gap:
                line.append((" " * gap, -1))
            at += gap + width
        line += part
    return line


def aligned(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-004-layout, real-005-layout, real-006-layout: figures at fixed columns, labels wrapped."""
    canvas = _Canvas()
    if sheet.band:
        _aligned_band(draft, sheet, canvas)
    elif sheet.label_columns > 1:
        _aligned_deep(draft, sheet, canvas)
    else:
        _aligned_plain(draft, sheet, canvas)
    return canvas.out()


def _mark(canvas: _Canvas, row: Row) -> None:
    for line in _page(row):
        canvas.marks.add(canvas.add([(0, line)] if line else []))


def _aligned_plain(draft: Draft, sheet: Sheet, canvas: _Canvas) -> None:
    left, step = 15 + draft.variant % 5, 11 + draft.variant % 4
    for row in sheet.rows:
        if row.kind == "page":
            _mark(canvas, row)
            continue
        spots: list[Spot] = []
        x = 0
        for n, cell in enumerate(row.cells):
            if cell.role == "block":
                spots.append((0 if draft.variant % 2 else 14, [(cell.text, -1)]))
                continue
            indent = 0 if n == 0 else (4 if cell.role == "figure" and draft.variant % 2 == 0 else 0)
            spots.append(
                (
                    x + indent,
                    _figure(cell) if cell.field >= 0 or cell.role == "figure" else [(cell.text.replace("\n", ""), -1)],
                )
            )
            x = left + n * step
        canvas.add(spots)
        for _ in range(1 + (draft.variant + len(row.cells)) % 2):
            canvas.add()


def _aligned_deep(draft: Draft, sheet: Sheet, canvas: _Canvas) -> None:
    v = draft.variant
    wrap_label, wrap_group, gap = 13 + v % 4, (4, 7)[v % 2], (0, 1, 0, 2)[v % 4]
    xb, xc = 5 + v % 2, 7 + v % 2 + wrap_group
    xf, step = xc + wrap_label + 4, 6 + v % 3
    heads = list(takewhile(lambda r: r.kind != "body", sheet.rows))
    spans: list[tuple[Cell, int, int, int]] = []
    _aligned_heads(canvas, [r for r in heads if r.kind == "head"], xf, step)
    started = False
    again: list[Row] = []
    for row in sheet.rows:
        if row.kind == "page":
            _mark(canvas, row)
            continue
        if row.kind == "head":
            again += [row] if started else []
            continue
        if again:
            before = len(canvas.lines)
            _aligned_heads(canvas, again, xf, step)
            canvas.marks |= set(range(before, len(canvas.lines)))
            again = []
        started = True
        outer, inner, label, depth = _levels(row, sheet)
        x = (0, xb, xc)[min(depth, 2)]
        first = _aligned_row(canvas, row, label, x, xf - 3 - x if depth else xf - 3, xf, step, between=v % 2 == 1)
        last = len(canvas.lines) - 1
        for _ in range(gap):
            canvas.add()
        owners = [c.owner for c in row.cells if c.role == "cover"]
        spans = [(c, x0, a, last if any(c is o for o in owners) else b) for c, x0, a, b in spans]
        spans += [(c, x0, first, last) for c, x0 in ((outer, 0), (inner, xb)) if c is not None]
    for cell, x0, a, b in spans:
        _aligned_group(canvas, cell, x0, a, b, 1 if x0 == 0 else wrap_group, one_line=v % 3 == 0)


def _aligned_row(
    canvas: _Canvas, row: Row, label: Cell | None, x: int, width: int, xf: int, step: int, between: bool
) -> int:
    """Put one row: its label's lines, and the figures on the middle one or between two."""
    lines = _wrap(label.text, max(8, width)) if label is not None else [""]
    figures: list[Spot] = [(xf + n * step, _figure(c)) for n, c in enumerate(row.figures())]
    alone = between and len(lines) > 1
    first = len(canvas.lines)
    for n, text in enumerate(lines):
        if alone and n == len(lines) - 1 and len(lines) == 2 and step % 2:
            canvas.add(figures)
            figures = []
        spots: list[Spot] = [(x, [(text, -1)])] if text else []
        canvas.add(spots + (figures if not alone and n == (len(lines) - 1) // 2 else []))
    if alone and figures:
        canvas.add(figures)
    return first


def _aligned_group(canvas: _Canvas, cell: Cell, x: int, first: int, last: int, wrap: int, one_line: bool) -> None:
    """A label that spans rows: in the middle of them, glyph by glyph or wrapped."""
    if wrap == 1 and one_line:
        canvas.put((first + last) // 2, 1, cell.text[:2] + " " + " ".join(cell.text[2:]))
        return
    parts = _wrap(cell.text, wrap)
    if wrap == 1 and len(parts) > 1:
        parts = [parts[0] + parts[1], *parts[2:]]
    pitch = 2 if last - first > 2 * len(parts) and wrap == 1 else 1
    start = max(first, (first + last + 1 - pitch * (len(parts) - 1)) // 2)
    for n, part in enumerate(parts):
        canvas.put(start + n * pitch, x, part)


def _aligned_heads(canvas: _Canvas, heads: Sequence[Row], xf: int, step: int) -> None:
    """The header of a deep table: the corner wrapped at the left, column labels wrapped over their figures."""
    corner = next((c for r in heads for c in r.cells if c.role == "corner"), None)
    wrapped = _wrap(corner.text, 20) if corner is not None else []
    wrapped += [""] * (3 - len(wrapped))
    over = [c for r in heads for c in r.cells if c.role in ("block", "head") and c.text]
    places = column_places(heads)
    columns = sorted(((places[id(c)], c) for r in heads for c in r.cells if c.role == "column"), key=lambda p: p[0])
    for n, cell in enumerate(over):
        canvas.add([(xf + step * (2 - n % 2), [(cell.text, -1)])])
        canvas.add([(0, [(wrapped.pop(0), -1)])] if wrapped else [])
    for text in wrapped:
        canvas.add([(0, [(text, -1)])] if text else [])
    stacks = [(n, _wrap(c.text, 2 if len(c.text) > 3 else 3)) for n, c in columns]
    height = max((len(s) for _, s in stacks), default=0)
    for line in range(height):
        spots: list[Spot] = []
        for n, stack in stacks:
            k = line - (height - len(stack)) // 2
            if 0 <= k < len(stack) and stack[k]:
                spots.append((xf + n * step, [(stack[k], -1)]))
        canvas.add(spots)
    canvas.add()


def column_places(heads: Sequence[Row]) -> dict[int, int]:
    """For each column label (by identity) the number of its column, wherever in the header it stands."""
    places: dict[int, int] = {}
    left: list[tuple[int, int]] = []
    for row in heads:
        x = 0
        for cell in row.cells:
            if cell.role == "column":
                places[id(cell)] = x
            if cell.role == "corner":
                left = [(0, cell.colspan)]
            x += cell.colspan
    offset = left[0][1] if left else 0
    return {k: x - offset for k, x in places.items()}


def _aligned_band(draft: Draft, sheet: Sheet, canvas: _Canvas) -> None:
    step = 5 + draft.variant % 3
    for row in sheet.rows:
        if row.kind == "page":
            _mark(canvas, row)
            continue
        if row.kind == "body":
            canvas.add()
            canvas.add([(n * step, _figure(c)) for n, c in enumerate(row.figures())])
            canvas.add()
            continue
        places, x = [], 0
        for cell in row.cells:
            places.append((x, cell))
            x += cell.colspan
        heads: list[Spot] = [(n * step + c.colspan, [(c.text, -1)]) for n, c in places if c.role == "head" and c.text]
        stacks = [(n * step, _wrap(c.text, 2)) for n, c in places if c.role == "column" and c.text]
        if heads:
            canvas.add(heads)
        for k in range(max((len(s) for _, s in stacks), default=0)):
            canvas.add([(at, [(s[k], -1)]) for at, s in stacks if k < len(s)])


# ---------------------------------------------------------------- rows of plain words


def plain_rows(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-006.txt, real-007, real-008: a label, then its figures after single blanks."""
    out: list[Line] = []
    for row in sheet.rows:
        if row.kind == "page":
            out += _page(row)
        elif row.kind == "head":
            out += _plain_head(row, sheet)
        elif sheet.band:
            out.append(_figures(row, " "))
        else:
            out += _plain_row(draft, row, sheet)
    return out


def _plain_head(row: Row, sheet: Sheet) -> list[Line]:
    """Header lines: in a simple table as printed, in a deep one glyph by glyph."""
    shown = [c for c in row.cells if c.role != "cover" and c.text]
    if not sheet.band and sheet.label_columns <= 1:
        return [[(" ".join(c.text.replace("\n", "") for c in shown), -1)]] if shown else []
    out: list[Line] = []
    for cell in shown:
        text = cell.text.replace("\n", "")
        width = 2 if cell.role == "column" and len(text) > 3 else 24
        out += [[(t, -1)] for t in _wrap(text, width)]
    return out


def _plain_row(draft: Draft, row: Row, sheet: Sheet) -> list[Line]:
    outer, inner, label, depth = _levels(row, sheet)
    out: list[Line] = []
    if outer is not None and depth:
        out += [[(t, -1)] for t in outer.text.replace("\n", "")]
    narrow = draft.variant % 2 == 1
    if inner is not None:
        out += [[(t, -1)] for t in (_split_group(inner.text) if narrow else [inner.text])]
    text = label.text if label is not None else ""
    lines = _wrap(text, 13 if narrow and depth > 1 else 22)
    figures = _figures(row, " ")
    if not any(t for t, _ in figures):
        out += [[(t, -1)] for t in lines if t]
        if out:
            out[-1] = out[-1] + figures
        return out or [figures]
    if len(lines) > 1 and not narrow:
        return [*out, *([(t, -1)] for t in lines), figures]
    out += [[(t, -1)] for t in lines[:-1]]
    return [*out, [(lines[-1] + " ", -1), *figures] if lines[-1] else figures]


def _split_group(text: str) -> list[str]:
    """（三）不予公开 as a narrow cell breaks it: （三） / 不予 / 公开."""
    head, tail = text[:3], text[3:]
    return [head, *_wrap(tail, 2)] if tail else [head]


# ---------------------------------------------------------------- order lost


def _spell(lines: Sequence[str]) -> list[Line]:
    out: list[Line] = []
    for t in lines:
        out += [[(t, -1)], []]
    return out


def _stack(row: Row) -> list[Line]:
    """The figures of a row, one a line."""
    out: list[Line] = []
    for cell in row.figures():
        if cell.text:
            out += [_figure(cell), []]
        elif out:
            out[-1].append(("", cell.field))
        else:
            out.append([("", cell.field)])
    return out


def _label_lines(row: Row, sheet: Sheet) -> list[str]:
    outer, inner, label, depth = _levels(row, sheet)
    out: list[str] = []
    if outer is not None:
        out += list(outer.text)
    if inner is not None:
        out += _wrap(inner.text, 4)
    if label is not None and label.text:
        out += _wrap(label.text, 18 if depth < 2 else 13)
    return out


def detached(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-004.txt: cells in reading order, but here and there several labels stand before or after their figures."""
    out: list[Line] = []
    rows = list(sheet.rows)
    while rows:
        row = rows.pop(0)
        if row.kind != "body" or sheet.label_columns <= 1:
            out += _detached_one(draft, row, sheet)
            continue
        run = [row]
        length = draft.rng.choice((1, 1, 2, 3, 4))
        while len(run) < length and rows and rows[0].kind == "body":
            run.append(rows.pop(0))
        labels = _spell([t for r in run for t in _label_lines(r, sheet)])
        figures = [line for r in run for line in _stack(r)]
        out += figures + labels if draft.rng.random() < 0.6 and len(run) > 1 else labels + figures
    return out


def _detached_one(draft: Draft, row: Row, sheet: Sheet) -> list[Line]:
    if row.kind == "page":
        return _page(row)
    if row.kind == "head":
        width = 2 if sheet.band or sheet.label_columns > 1 else 20
        lines: list[str] = []
        for cell in row.cells:
            if cell.role != "cover" and cell.text:
                lines += _wrap(cell.text, width if cell.role == "column" else 24)
        return _spell(lines)
    if sheet.band:
        return _detached_band(draft, row, sheet)
    return _spell(_label_lines(row, sheet)) + _stack(row)


def _detached_band(draft: Draft, row: Row, sheet: Sheet) -> list[Line]:
    """Table 四: in order, or as real-004.txt has it, the totals apart and the blocks in another order."""
    figures = row.figures()
    columns = next(iter(sheet.blocks.values())).columns
    width = len(columns)
    if draft.variant % 2 or len(figures) % width or len(figures) < 3 * width:
        return _stack(row)
    blocks = [figures[i : i + width] for i in range(0, len(figures), width)]
    first, rest = blocks[0], blocks[1:][::-1]
    out: list[Line] = []
    draft.damages.append("table in a band read block by block, totals apart")
    for block in (first, *rest):
        out += _stack(Row("body", 0, block[:-1]))
        out += [[(columns[-1].label, -1)], []]
        if block is not first:
            out += _stack(Row("body", 0, block[-1:]))
    return out + _stack(Row("body", 0, first[-1:]))


def column_major(draft: Draft, sheet: Sheet) -> list[Line]:
    """real-005.txt: the figures of several rows, one column after the other."""
    out: list[Line] = []
    rows = list(sheet.rows)
    while rows:
        row = rows.pop(0)
        if row.kind != "body" or sheet.band or sheet.label_columns <= 1:
            out += _detached_one(draft, row, sheet)
            continue
        run = [row]
        length = draft.rng.choice((1, 2, 4, 6, 10))
        while len(run) < length and rows and rows[0].kind == "body":
            run.append(rows.pop(0))
        labels: list[Line] = [[(t, -1)] for r in run for t in _label_lines(r, sheet)] + [[]]
        figures = _stack(run[0]) if len(run) == 1 else _columns(run)
        fields = tuple(tuple(c.field for c in r.figures()) for r in run)
        if len(run) > 1 and len(set(map(len, fields))) == 1 and all(i >= 0 for f in fields for i in f):
            draft.runs.append(fields)
        out += figures + labels if draft.rng.random() < 0.5 else labels + figures
    return out


def _columns(run: Sequence[Row]) -> list[Line]:
    out: list[Line] = []
    stacks = [r.figures() for r in run]
    for k in range(max(len(s) for s in stacks)):
        for cells in stacks:
            if k < len(cells):
                line = _figure(cells[k])
                if cells[k].text or not out:
                    out.append(line)
                else:
                    out[-1] = out[-1] + line
        out.append([])
    return out
