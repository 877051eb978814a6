"""PDFs of known content at known places, drawn for the tests of the PDF reader."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.damage import Case, make_case
from benchmarks.damage.content import make_content
from benchmarks.damage.cosmetic import plain
from benchmarks.damage.sheet import Row, Sheet, build
from extractor.form import Form

FONT = "STSong-Light"
A4 = (595.0, 842.0)
EDGE = 50.0


class Paper:
    """A PDF that is drawn from the upper left corner, as it is read; ``rules`` says how lines are drawn."""

    def __init__(self, size: tuple[float, float] = A4, rules: str = "lines", **options: Any) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        from reportlab.pdfgen.canvas import Canvas

        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
        self.size, self.rules = size, rules
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=size, invariant=True, **options)

    def text(self, x: float, base: float, text: str, size: float = 9.0, font: str = FONT) -> None:
        """Text whose base line begins here."""
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, self.size[1] - base, text)

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A line as ``rules`` says: stroked, a thin filled area, or dashes; none at all where it is empty."""
        high = self.size[1]
        if self.rules == "thin":
            self.canvas.rect(min(x0, x1) - 0.25, high - max(y0, y1) - 0.25, abs(x1 - x0) + 0.5, abs(y1 - y0) + 0.5, stroke=0, fill=1)
        elif self.rules == "dashes":
            steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) / 4))
            for n in range(steps):
                a, b = n / steps, (n + 0.6) / steps
                self.canvas.line(x0 + (x1 - x0) * a, high - y0 - (y1 - y0) * a, x0 + (x1 - x0) * b, high - y0 - (y1 - y0) * b)
        elif self.rules:
            self.canvas.line(x0, high - y0, x1, high - y1)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """The four sides of a cell."""
        if self.rules == "rects":
            self.canvas.rect(x0, self.size[1] - y1, x1 - x0, y1 - y0)
            return
        for side in ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)):
            self.line(*side)

    def grid(self, xs: Sequence[float], ys: Sequence[float], rows: Sequence[Sequence[str]], size: float = 9.0) -> None:
        """A table without merged cells; the text of a cell may have several lines."""
        for y0, y1, row in zip(ys, ys[1:], rows, strict=False):
            for x0, x1, text in zip(xs, xs[1:], row, strict=False):
                self.box(x0, y0, x1, y1)
                self.cell(x0, y0, text, size)

    def cell(self, x: float, y: float, text: str, size: float = 9.0) -> None:
        """The lines of a cell whose corner is here."""
        for n, line in enumerate(text.split("\n")):
            self.text(x + 2, y + 1.3 * size * (n + 1) - 1, line, size)

    def page(self) -> None:
        """End the page."""
        self.canvas.showPage()

    def done(self) -> bytes:
        """The file."""
        self.canvas.save()
        return self.file.getvalue()


@dataclass(frozen=True)
class Printed:
    """A whole report as PDF, and what is true of it."""

    case: Case
    data: bytes


def report(form: Form, seed: int, rules: str = "lines", page_height: float = 842.0, marks: bool = True, heads: bool = False) -> Printed:
    """A generated report with ruled tables (``rules`` empty: none is ruled), broken over pages wherever one is full.

    ``marks``: with page numbers and a running head; ``heads``: a table's header is printed again on each of its pages.
    """
    case = make_case(form, seed, "html", "clean")
    content = make_content(form, Random(f"{seed}/html/clean/{form.id}"))
    sheets = {s.table: s for s in build(form, [plain(v) for v in content.values])}
    press = _Press(Paper((595.0, page_height), rules), f"{content.agency}政府信息公开工作年度报告" if marks else "")
    press.heads = heads
    press.say(f"{content.agency}{content.year}年{form.spec.title}")
    for paragraph in content.paragraphs["opening"]:
        press.say(paragraph)
    for number, spec in zip("一二三四五六七", form.spec.sections, strict=False):
        press.say(f"{number}、{spec.label}")
        if spec.table:
            press.table(sheets[spec.table])
    press.end()
    return Printed(case, press.paper.done())


class _Press:
    """Puts lines and tables one under another, with a page number on each page and a running head from the second on."""

    def __init__(self, paper: Paper, head: str) -> None:
        self.paper, self.head = paper, head
        self.heads = False
        self.y = EDGE
        self.number = 1

    def say(self, text: str) -> None:
        """A paragraph, broken into lines."""
        for at in range(0, len(text), 45):
            self.room(16)
            self.paper.text(EDGE, self.y + 12, text[at : at + 45], 10.5)
            self.y += 16

    def room(self, height: float) -> bool:
        """Begin a new page where this much does not fit; True where it did."""
        if self.y + height <= self.paper.size[1] - EDGE:
            return False
        self.end()
        self.paper.page()
        self.number += 1
        self.y = EDGE
        if self.head:
            self.paper.text(EDGE, 22, self.head)
        return True

    def end(self) -> None:
        """Number the page."""
        if self.head:
            self.paper.text(self.paper.size[0] / 2, self.paper.size[1] - 20, str(self.number))

    def table(self, sheet: Sheet) -> None:
        """A table; the part of a merged cell on a new page has lines of its own and no text."""
        rows = [r for r in sheet.rows if r.kind != "page"]
        labels = 0 if sheet.band else sheet.label_columns
        figures = sheet.width - labels
        label = 0.0 if not labels else {1: 110.0, 2: 75.0, 3: 62.0}.get(labels, 55.0)
        step = (self.paper.size[0] - 2 * EDGE - labels * label) / figures
        xs = [EDGE + min(n, labels) * label + max(n - labels, 0) * step for n in range(sheet.width + 1)]
        heights = [self._height(r, rows[n + 1 :], sheet, xs) for n, r in enumerate(rows)]
        open_: dict[int, tuple[float, float, float]] = {}
        for n, row in enumerate(rows):
            if self.y + heights[n] > self.paper.size[1] - EDGE:
                for x0, x1, top in open_.values():
                    self.paper.box(x0, top, x1, self.y)
                self.room(heights[n])
                if self.heads and row.kind == "body":
                    self._again([r for r in rows if r.kind == "head" and r.block == row.block], sheet, xs)
                open_ = {k: (x0, x1, self.y) for k, (x0, x1, _) in open_.items()}
            self._row(row, rows[n + 1 :], sheet, xs, heights[n], open_)
            self.y += heights[n]
        self.y += 6

    def _again(self, heads: Sequence[Row], sheet: Sheet, xs: Sequence[float]) -> None:
        """The header of a table once more."""
        open_: dict[int, tuple[float, float, float]] = {}
        for n, row in enumerate(heads):
            height = self._height(row, heads[n + 1 :], sheet, xs)
            self._row(row, heads[n + 1 :], sheet, xs, height, open_)
            self.y += height

    def _row(self, row: Row, below: Sequence[Row], sheet: Sheet, xs: Sequence[float], height: float, open_: dict[int, tuple[float, float, float]]) -> None:
        for cell, x0, x1 in _placed(row, sheet, xs):
            goes_on = any(c.owner is (cell.owner or cell) for c in below[0].cells) if below else False
            key = id(cell.owner or cell)
            if cell.role != "cover":
                self.paper.cell(x0, self.y, _wrapped(cell.text, x1 - x0), 8.0)
                open_[key] = (x0, x1, self.y)
            if not goes_on and key in open_:
                x0, x1, top = open_.pop(key)
                self.paper.box(x0, top, x1, self.y + height)

    def _height(self, row: Row, below: Sequence[Row], sheet: Sheet, xs: Sequence[float]) -> float:
        lines = [1]
        for cell, x0, x1 in _placed(row, sheet, xs):
            depth = 1
            while depth <= len(below) and any(c.owner is cell for c in below[depth - 1].cells):
                depth += 1
            lines.append(-(-(_wrapped(cell.text, x1 - x0).count("\n") + 1) // depth))
        return 10.4 * max(lines) + 5


def _placed(row: Row, sheet: Sheet, xs: Sequence[float]) -> list[tuple[Any, float, float]]:
    """The cells of a row with their left and right sides; the last one fills the row."""
    out = []
    at = 0
    for n, cell in enumerate(row.cells):
        end = len(xs) - 1 if n == len(row.cells) - 1 else at + cell.colspan
        out.append((cell, xs[at], xs[end]))
        at = end
    return out


def _wrapped(text: str, width: float, size: float = 8.0) -> str:
    """Text broken into lines that fit; a figure is never broken."""
    most = max(1, int((width - 4) / size))
    if text.isascii():
        return text
    return "\n".join(text[n : n + most] for n in range(0, len(text), most))


Draw = Callable[[Paper], None]


def drawn(draw: Draw, **options: Any) -> bytes:
    """A PDF with what ``draw`` puts on its first page."""
    paper = Paper(**options)
    draw(paper)
    return paper.done()
