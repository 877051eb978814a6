"""Glyphs to lines and words, by their places alone: the order in which a file draws them says nothing.

A word drawn several times over itself (bold by repetition) counts once, and digits raised beside a figure are footnote marks, which
never become digits of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from extractor.read.markup import LOWERED, RAISED
from extractor.read.pdfpage import Box, Glyph

_SAME_LINE = 0.35  # of the font's height: base lines no further apart are one line
_GAP = 0.25  # of the font's height: a blank stands between glyphs further apart
_TWICE = 0.3  # of its width: a glyph no further from its like is the same glyph, drawn again
_SMALL = 0.8  # of the font's height beside it: a glyph no larger may be a footnote mark
_LIFT = 0.12  # of the font's height: by so much such a mark is raised at least
_MARKS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")
_JOINS = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f\u2018-\u201d\u2026\u2014]")


class Word(NamedTuple):
    """Glyphs of one line with no gap between them."""

    text: str
    box: Box
    size: float


class Line(NamedTuple):
    """The words that stand on one base line, from left to right."""

    base: float
    words: tuple[Word, ...]

    @property
    def box(self) -> Box:
        """What the words cover."""
        return around(w.box for w in self.words)

    @property
    def text(self) -> str:
        """The words with a blank between them."""
        return " ".join(w.text for w in self.words)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds ``boxes``."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def lines(glyphs: Iterable[Glyph]) -> list[Line]:
    """The lines that the glyphs form, from above."""
    rows = _with_raised(_rows(glyphs))
    return [Line(base, tuple(_words(row))) for base, row in rows]


def one_text(rows: Sequence[Line]) -> str:
    """The text of a cell printed in several lines.

    Chinese runs on without a blank. Between anything else a blank stays: whether the digits of two lines are one figure broken by the
    edge of its cell, or two figures, is not for the reader to say (the parser takes them for one and doubts it: DIGITS_SPLIT).
    """
    out = ""
    for row in rows:
        text = row.text
        joins = not out or _JOINS.match(text) or _JOINS.match(out[-1])
        out += text if joins else f" {text}"
    return out


def _rows(glyphs: Iterable[Glyph]) -> list[tuple[float, list[Glyph]]]:
    """Glyphs with one base line, from above, and from left to right."""
    out: list[tuple[float, list[Glyph]]] = []
    first: Glyph | None = None
    for g in sorted(glyphs, key=lambda g: (g.base, g.left)):
        if first is None or g.base - first.base > _SAME_LINE * min(g.size, first.size):
            first = g
            out.append((g.base, []))
        out[-1][1].append(g)
    for _, row in out:
        row.sort(key=lambda g: g.left)
    return out


def _with_raised(rows: list[tuple[float, list[Glyph]]]) -> list[tuple[float, list[Glyph]]]:
    """Rows of footnote marks put into the row that they stand over or under."""
    out: list[tuple[float, list[Glyph]]] = []
    for n, (base, row) in enumerate(rows):
        for other, marks in ((n + 1, RAISED), (n - 1, LOWERED)):
            if 0 <= other < len(rows) and _are_marks(row, rows[other][1]):
                rows[other][1].extend(g._replace(text=g.text.translate(marks)) for g in row)
                rows[other][1].sort(key=lambda g: g.left)
                break
        else:
            out.append((base, _with_marks(row)))
    return out


def _are_marks(row: Sequence[Glyph], beside: Sequence[Glyph]) -> bool:
    """Whether every glyph is small and stands right behind a larger one of the other row, or behind another mark, within its height."""
    before: Glyph | None = None
    for g in row:
        behind_mark = before is not None and _behind(g, before)
        if not behind_mark and not any(_small(g, o) and g.top < o.bottom and o.top < g.bottom and _behind(g, o) for o in beside):
            return False
        before = g
    return True


def _with_marks(row: list[Glyph]) -> list[Glyph]:
    """The row with digits raised a little, on nearly the same base line, as footnote marks."""
    for n in range(1, len(row)):
        g, before = row[n], row[n - 1]
        marked = before.text[-1:] in _MARKS and _behind(g, before) and abs(g.base - before.base) < 0.05 * g.size and not _small(before, g)
        if g.text.isdigit() and _behind(g, before) and (marked or (_small(g, before) and before.base - g.base > _LIFT * before.size)):
            row[n] = g._replace(text=g.text.translate(RAISED))
    return row


def _small(g: Glyph, beside: Glyph) -> bool:
    return g.size <= _SMALL * beside.size


def _behind(g: Glyph, before: Glyph) -> bool:
    return -0.2 * before.size < g.left - before.right < 0.5 * before.size


def _words(row: Sequence[Glyph]) -> Iterable[Word]:
    kept: list[Glyph] = []
    for g in row:
        if any(k.text == g.text and g.left - k.left < _TWICE * (k.right - k.left) for k in kept[-4:]):
            continue
        if kept and g.left - kept[-1].right > _GAP * max(g.size, kept[-1].size):
            yield _word(kept)
            kept = []
        kept.append(g)
    if kept:
        yield _word(kept)


def _word(glyphs: Sequence[Glyph]) -> Word:
    box = Box(glyphs[0].left, min(g.top for g in glyphs), max(g.right for g in glyphs), max(g.bottom for g in glyphs))
    return Word("".join(g.text for g in glyphs), box, max(g.size for g in glyphs))
