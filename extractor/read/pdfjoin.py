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

Furniture = set[tuple[int, Line]]


def page_marks(views: Sequence[View], pages: Sequence[Content]) -> Furniture:
    """Page numbers and running heads, each with the index of its page; a running head on the first page stays in the text."""
    out: Furniture = set()
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


def without_covered(above: Table, below: Table) -> Table:
    """The lower part without the empty squares under a merged cell that begins in the upper part."""
    over = _reaching_down(above)
    first = tuple(f for f in below.rows[0] if f.lines or not any(_is_under(f, a) for a in over))
    return replace(below, rows=(first, *below.rows[1:]))


def _reaching_down(table: Table) -> list[Filled]:
    last = len(table.rows)
    return [f for row in table.rows for f in row if f.cell.row + f.cell.rows == last]


def _is_under(f: Filled, above: Filled) -> bool:
    """One cell of several rows, begun on the page before."""
    return bool(above.lines) and _same_column(f, above) and (f.cell.rows > 1 or above.cell.rows > 1)


def _same_column(a: Filled, b: Filled) -> bool:
    return abs(a.cell.box.left - b.cell.box.left) <= _SAME and abs(a.cell.box.right - b.cell.box.right) <= _SAME


def cut_row(above: Table, below: Table) -> list[tuple[Filled, Filled]] | None:
    """The two halves of every cell of a row that the page break cut; None where the print does not show that it did.

    It shows where the lower half has no label and just the figures that the upper half lacks, or where no line stands between the two
    on either page and no figure stands in both.
    """
    upper, lower = above.rows[-1], below.rows[0]
    if len(upper) != len(lower) or not upper or not all(_same_column(a, b) for a, b in zip(upper, lower, strict=True)):
        return None
    if any(f.cell.rows > 1 for f in lower):
        return None
    pairs = list(zip(upper, lower, strict=True))
    label, cells = pairs[0], pairs[1:]
    if not cells or not any(b.lines for _, b in pairs) or any(a.lines and b.lines for a, b in cells):
        return None
    continued = label[0].lines and not label[1].lines and not any(a.lines for a, _ in cells)
    open_between = above.grid.open_bottom and below.grid.open_top
    return pairs if continued or open_between else None
