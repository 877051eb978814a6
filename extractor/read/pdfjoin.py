"""What the pages of one document have to do with each other: page marks, and tables that go on over the page.

A line in the margin that counts the pages, or that comes again on other pages, is no part of the text between which it stands. A
table's row that a page break cut in two is one row only where the print shows it; otherwise both parts stay rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from extractor.read.pdfpage import View
from extractor.read.pdftable import Content, Filled, Table
from extractor.read.pdfwords import Line

_MARGIN = 0.12  # of the page's height, at either end
_SAME = 4.0  # points; edges no further apart are the same column's
_ASIDE = 0.8  # of the font's height: so far a running head stands from the text
_MARK = re.compile(
    r"[-—–·.~\s]*(?:[-—–·~]\s*\d{1,4}\s*[-—–·~]|第\s*\d{1,4}\s*页(?:[\s,，/]*共\s*\d{1,4}\s*页)?|[Pp]age\s*\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?|\d{1,4}\s*/\s*\d{1,4})[-—–·.~\s]*"
)
_NUMBER = re.compile(r"\d{1,4}")


def page_marks(views: Sequence[View], pages: Sequence[Content]) -> set[tuple[int, Line]]:
    """Page numbers and running heads, each with the index of its page; a running head on the first page stays in the text."""
    out: set[tuple[int, Line]] = set()
    numbers: dict[int, list[tuple[int, Line]]] = defaultdict(list)
    repeated: dict[tuple[str, bool], list[tuple[int, Line]]] = defaultdict(list)
    for n, (view, page) in enumerate(zip(views, pages, strict=True)):
        for line, top in _in_margin(view, page):
            text = line.text.strip()
            if _MARK.fullmatch(text):
                out.add((n, line))
            elif _NUMBER.fullmatch(text):
                numbers[int(text) - n].append((n, line))
            elif _stands_aside(line, page, top):
                repeated[_NUMBER.sub("#", text), top].append((n, line))
    for shift, found in numbers.items():
        if len(found) > 1 or (len(pages) == 1 and shift == 1):
            out.update(found)
    for found in repeated.values():
        out.update(x for x in found if x[0] > 0 and any(_level(x, other) for other in found))
    return out


def _in_margin(view: View, page: Content) -> Iterator[tuple[Line, bool]]:
    """Lines beyond everything else at either end of the page, and whether that is the upper one."""
    first = min((t.grid.box.top for t in page.tables), default=view.height)
    last = max((t.grid.box.bottom for t in page.tables), default=0.0)
    for line in page.lines:
        box = line.box
        if box.bottom <= min(_MARGIN * view.height, first):
            yield line, True
        elif box.top >= max((1 - _MARGIN) * view.height, last):
            yield line, False


def _stands_aside(line: Line, page: Content, top: bool) -> bool:
    """More than a line's distance is between the line and the text of the page."""
    box, size = line.box, line.words[0].size
    others = [x.box for x in page.lines if x is not line] + [t.grid.box for t in page.tables]
    gaps = [o.top - box.bottom if top else box.top - o.bottom for o in others]
    return min((g for g in gaps if g > -size), default=size) > _ASIDE * size


def _level(a: tuple[int, Line], b: tuple[int, Line]) -> bool:
    return a[0] != b[0] and abs(a[1].base - b[1].base) <= _SAME


# ---------------------------------------------------------------- tables over a page break


def goes_on(above: Table, below: Table) -> bool:
    """Whether a table at the top of a page has the outer edges of the one that ends the page before."""
    a, b = above.grid.xs, below.grid.xs
    return abs(a[0] - b[0]) <= _SAME and abs(a[-1] - b[-1]) <= _SAME


def joined(above: Table, below: Table) -> tuple[Table, Table]:
    """Both parts of a table over a page break: a merged cell is in the upper part alone, and so is a row that the break cut in two.

    That a row was cut is shown by a lower half without a label that has just the figures which the upper half lacks; by one that has
    nothing but the rest of a merged cell's text; or where no line stands between the halves on either page and no figure in both.
    """
    over = [f for row in above.rows for f in row if f.cell.row + f.cell.rows == len(above.rows)]
    first = [(next((a for a in over if _same_column(a, f)), None), f) for f in below.rows[0]]
    if _is_rest(above, below, first):
        rest = {id(a): b for a, b in first if a is not None}
        rows = tuple(tuple(f.with_rest(rest[id(f)]) if id(f) in rest else f for f in row) for row in above.rows)
        return replace(above, rows=rows), replace(below, rows=((), *below.rows[1:]))
    kept = tuple(f for a, f in first if f.lines or a is None or not _is_merged(a, f))
    return above, replace(below, rows=(kept, *below.rows[1:]))


def _is_rest(above: Table, below: Table, first: Sequence[tuple[Filled | None, Filled]]) -> bool:
    """Whether the first row below is the lower half of the last row above."""
    pairs = [(a, b) for a, b in first if a is not None]
    if len(pairs) < len(first) or not any(b.lines for _, b in pairs):
        return False
    merged = [(a, b) for a, b in pairs if _is_merged(a, b)]
    own = [x for x in pairs if x not in merged]
    if len(own) < 2:
        return False
    label, cells = own[0], own[1:]
    if not any(b.lines for _, b in own):
        return bool(label[0].lines)
    if any(b.lines for _, b in merged) or any(a.lines and b.lines for a, b in cells):
        return False
    lacking = label[0].lines and not label[1].lines and not any(a.lines for a, _ in cells)
    return bool(lacking) or (above.grid.open_bottom and below.grid.open_top)


def _is_merged(above: Filled, below: Filled) -> bool:
    """One cell of several rows, on both sides of the page break."""
    return bool(above.lines) and (below.cell.rows > 1 or above.cell.rows > 1)


def _same_column(a: Filled, b: Filled) -> bool:
    return abs(a.cell.box.left - b.cell.box.left) <= _SAME and abs(a.cell.box.right - b.cell.box.right) <= _SAME
