"""Lines outside of tables: the order in which they are read, and their columns kept apart by blanks.

Blanks stand for distance on the page, so that columns without rules stay under each other in the text; nothing here is a border.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from unicodedata import east_asian_width

from extractor.read.pdfpage import View
from extractor.read.pdftable import FIGURE, Table, wide_gaps
from extractor.read.pdfwords import Line, Word

_WIDEST = 400  # columns of a line of text
_MOST_NARROW = 3.0  # points; a column of text is no narrower
_LEAST_LINES = 6  # of a page in two columns, on either side
_FULL = 0.6  # of a column of print, which most of its lines fill
_MIDDLE = (0.35, 0.65)  # of the page's width: here the gutter of a page in two columns is


def in_order(page: View, tables: Sequence[Table], lines: Sequence[Line]) -> list[Table | Line]:
    """Tables and lines of a page as they are read: from above, and in two columns one after the other."""
    if not tables:
        return list(_by_columns(page, lines))
    items: list[tuple[float, Table | Line]] = [(t.grid.ys[0], t) for t in tables]
    items += [((x.box.top + x.box.bottom) / 2, x) for x in lines]
    return [item for _, item in sorted(items, key=lambda x: x[0])]


def _by_columns(page: View, lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, and where the page is printed in two columns first those of the left one."""
    gutter = _gutter(page, lines)
    if gutter is None:
        yield from lines
        return
    right: list[Line] = []
    for line in lines:
        parts = _halves(line, gutter)
        if parts is None:  # a title over both columns
            yield from right
            right = []
            yield line
            continue
        if parts[0]:
            yield Line(line.base, parts[0])
        if parts[1]:
            right.append(Line(line.base, parts[1]))
    yield from right


def _gutter(page: View, lines: Sequence[Line]) -> float | None:
    """Where the gap between two columns of print is; None where the page has one column, or its columns are those of a table.

    Print fills its columns with words; the columns of a table hold figures, or short texts.
    """
    middle = [page.width * share for share in _MIDDLE]
    starts = [b.box.left for x in lines for b, wide in zip(x.words, wide_gaps(x), strict=True) if wide and middle[0] <= b.box.left <= middle[1]]
    if len(starts) < _LEAST_LINES:
        return None
    gutter = median(starts) - 1.0
    halves = [h for x in lines if (h := _halves(x, gutter))]
    for side in (0, 1):
        mine = [Line(0.0, h[side]) for h in halves if h[side]]
        if len(mine) < _LEAST_LINES:
            return None
        edges = [x.box.left for x in mine], [x.box.right for x in mine]
        width = max(edges[1]) - min(edges[0])
        full = sum(x.box.right - x.box.left >= _FULL * width for x in mine)
        words = sum(not any(wide_gaps(x)) and not FIGURE.fullmatch(x.text) for x in mine)
        if full * 2 < len(mine) or words * 10 < len(mine) * 9:
            return None
    return gutter if len(halves) * 10 >= len(lines) * 6 else None


def _halves(line: Line, gutter: float) -> tuple[tuple[Word, ...], tuple[Word, ...]] | None:
    """The words of a line on either side of the gutter; None where one stands across."""
    if any(w.box.left < gutter < w.box.right for w in line.words):
        return None
    left = tuple(w for w in line.words if w.box.right <= gutter)
    return left, line.words[len(left) :]


def measure(page: View) -> tuple[float, float]:
    """Where the text of a page begins at the left, and how wide a column of its text is: half a Chinese character."""
    if not page.glyphs:
        return 0.0, _MOST_NARROW
    widths = [(g.right - g.left) / max(_columns(g.text), 1) for g in page.glyphs]
    return min(g.left for g in page.glyphs), max(median(widths), _MOST_NARROW, page.width / _WIDEST)


def spread(line: Line, margin: float, unit: float) -> Iterator[tuple[str, Word | None]]:
    """The words of a line with the blanks before them, each at the column where it stands on the page."""
    at = 0
    for word, wide in zip(line.words, wide_gaps(line), strict=True):
        least = at + (2 if wide else 1) if at else 0
        column = max(round((word.box.left - margin) / unit), least) if wide or not at else least
        if column > at:
            yield " " * (column - at), None
        yield word.text, word
        at = column + _columns(word.text)


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
