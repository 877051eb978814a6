"""One page of a PDF as its glyphs, its ruled lines and its pictures, upright and measured from the upper left corner.

PDFium does the reading. Nothing is decided here about words or tables; what a reader of the printed page would not see (text that
is invisible or outside the page) is counted and left out, except where it is the text layer of a scan.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MAX_OBJECTS = 60_000  # objects of one page that are looked at, those of its embedded forms among them
MAX_DEPTH = 12  # forms within forms
MAX_GLYPHS = 60_000  # of one page
_THIN = 3.0  # points; a filled area no thicker than this is a line
_SHORTEST = 1.0  # points; shorter pieces are dots
_LEVEL = 0.02  # a line is level where it rises no more than this share of its length
_SCAN = 0.5  # a picture over this share of the page is a scan, and invisible text over it its text layer
_INVISIBLE = (3, 7)  # text render modes: neither filled nor stroked; clip only
_SAMPLE = 60  # glyphs that say which way the page's text runs
UNKNOWN = "\ufffd"
_UNMAPPED = frozenset({0, 0xFFFD, 0xFFFE, 0xFFFF})

Point = tuple[float, float]
Turn = Callable[[float, float], Point]


class Box(NamedTuple):
    """A rectangle in points from the page's upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Glyph(NamedTuple):
    """A character, or a word that an OCR engine read: its box, the height of its base line and the height of its font."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    base: float
    size: float


class Rule(NamedTuple):
    """A printed line, level or upright: where it stands across its direction, and from where to where it runs along it."""

    level: bool
    at: float
    low: float
    high: float


@dataclass(slots=True)
class View:
    """What is on a page. ``paths`` counts drawn shapes, which may be outlines of letters; ``turn`` quarter turns of its text.

    ``unmapped`` counts glyphs whose font does not say which characters they are, ``outside`` those beyond the page's edges, ``hidden``
    those that are not to be seen, ``layer`` those of a scan's text layer. ``crowded``: not all of its objects were looked at; ``recognised``: its glyphs come from an OCR engine.
    """

    number: int
    width: float
    height: float
    turn: int = 0
    glyphs: list[Glyph] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    paths: int = 0
    unmapped: int = 0
    outside: int = 0
    hidden: int = 0
    layer: int = 0
    crowded: bool = False
    recognised: bool = False

    def covered(self) -> float:
        """The share of the page under its largest picture."""
        area = max(self.width * self.height, 1.0)
        return max(((b.right - b.left) * (b.bottom - b.top) / area for b in self.pictures), default=0.0)

    def stand(self) -> None:
        """Take the page as it is shown, without its lines: what an OCR engine is given."""
        if self.turn % 2:
            self.width, self.height = self.height, self.width
        self.turn, self.rules = 0, []

    def as_seen(self, box: Box) -> Box:
        """A box of a page that was turned for reading, as it stands on the page as it is shown."""
        for _ in range(self.turn):
            # A quarter turn back: the reading's width is the page's height.
            width = self.width if self.turn % 2 == 0 else self.height
            box = Box(box.top, width - box.right, box.bottom, width - box.left)
        return box


def view(page: Any, number: int) -> View:
    """The page of pypdfium2 as it is read; ``number`` counts from 1."""
    import pypdfium2.raw as c

    bounds = c.FS_RECTF()
    c.FPDF_GetPageBoundingBox(page, bounds)
    rotation = c.FPDFPage_GetRotation(page) % 4
    text = page.get_textpage()
    try:
        extra = _running(c, text.raw, rotation)
        turn = _turn(bounds, (rotation + extra) % 4)
        sides = (bounds.right - bounds.left, bounds.top - bounds.bottom)
        width, height = sides if (rotation + extra) % 2 == 0 else sides[::-1]
        out = View(number, width, height, (4 - extra) % 4)
        invisible = _Objects(c, out, turn).take(page.raw)
        _glyphs(c, text.raw, out, turn, invisible)
    finally:
        text.close()
    return out


def _turn(b: Any, rotation: int) -> Turn:
    """Page coordinates, upwards from the lower left, to those of the page turned clockwise by quarters."""
    left, bottom, right, top = b.left, b.bottom, b.right, b.top
    turns: tuple[Turn, ...] = (
        lambda x, y: (x - left, top - y),
        lambda x, y: (y - bottom, x - left),
        lambda x, y: (right - x, y - bottom),
        lambda x, y: (top - y, right - x),
    )
    return turns[rotation]


def _running(c: Any, text: Any, rotation: int) -> int:
    """How many quarter turns clockwise make most of the text upright, beyond the page's own rotation."""
    n = c.FPDFText_CountChars(text)
    votes = [0, 0, 0, 0]
    for i in range(0, n, max(1, n // _SAMPLE)):
        if not c.FPDFText_IsGenerated(text, i):
            votes[round(c.FPDFText_GetCharAngle(text, i) / (math.pi / 2)) % 4] += 1
    # PDFium gives the angle counted clockwise; a page that is rotated has its text turned back by as much.
    upright = max(range(4), key=lambda k: (votes[k], k == (-rotation) % 4)) if any(votes) else (-rotation) % 4
    return (-upright - rotation) % 4 if votes[upright] * 10 >= sum(votes) * 8 else 0


# ---------------------------------------------------------------- glyphs


def _glyphs(c: Any, text: Any, out: View, turn: Turn, invisible: bool) -> None:
    n = min(c.FPDFText_CountChars(text), MAX_GLYPHS)
    out.crowded = out.crowded or n == MAX_GLYPHS
    scan = out.covered() >= _SCAN
    box, x, y = c.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    unicode, loose, origin, generated = c.FPDFText_GetUnicode, c.FPDFText_GetLooseCharBox, c.FPDFText_GetCharOrigin, c.FPDFText_IsGenerated
    for i in range(n):
        code = unicode(text, i)
        if code <= 32 and (code == 32 or generated(text, i)):
            continue
        if generated(text, i):
            continue
        if invisible and c.FPDFTextObj_GetTextRenderMode(c.FPDFText_GetTextObject(text, i)) in _INVISIBLE:
            if not scan:
                out.hidden += 1
                continue
            out.layer += 1
        loose(text, i, at_box)
        origin(text, i, at_x, at_y)
        (x0, y0), (x1, y1) = turn(box.left, box.top), turn(box.right, box.bottom)
        left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        if not (0 <= left + right <= 2 * out.width and 0 <= top + bottom <= 2 * out.height):
            out.outside += 1
            continue
        shown = _character(c, text, i, code, out)
        out.glyphs.append(Glyph(shown, left, top, right, bottom, turn(x.value, y.value)[1], bottom - top))


def _character(c: Any, text: Any, i: int, code: int, out: View) -> str:
    if code == 2 or (code in _UNMAPPED and c.FPDFText_IsHyphen(text, i) == 1):
        return "-"  # what PDFium makes of a hyphen at the end of a line
    if 32 < code < 0x7F or 0x4E00 <= code < 0xA000:
        return chr(code)
    if code in _UNMAPPED or code < 32 or 0xE000 <= code < 0xF900 or 0xD800 <= code < 0xE000 or c.FPDFText_HasUnicodeMapError(text, i) == 1:
        out.unmapped += 1
        return UNKNOWN
    return chr(code)


# ---------------------------------------------------------------- lines and pictures


class _Objects:
    """Goes through the objects of a page: ruled lines, pictures, and whether any text is invisible."""

    def __init__(self, c: Any, out: View, turn: Turn) -> None:
        self.c, self.out, self.turn = c, out, turn
        self.left = MAX_OBJECTS
        self.invisible = False
        self.sides = [ctypes.c_float() for _ in range(4)]

    def take(self, page: Any) -> bool:
        """Enter what the page draws; True where it holds invisible text."""
        c = self.c
        unmoved = c.FS_MATRIX(1, 0, 0, 1, 0, 0)
        for n in range(c.FPDFPage_CountObjects(page)):
            self._object(c.FPDFPage_GetObject(page, n), unmoved, 0)
        return self.invisible

    def _object(self, item: Any, moved: Any, depth: int) -> None:
        c = self.c
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            self.out.crowded = True
            return
        kind = c.FPDFPageObj_GetType(item)
        if kind == c.FPDF_PAGEOBJ_TEXT:
            self.invisible = self.invisible or c.FPDFTextObj_GetTextRenderMode(item) in _INVISIBLE
        elif kind == c.FPDF_PAGEOBJ_PATH:
            self.out.paths += 1
            self._path(item, moved)
        elif kind == c.FPDF_PAGEOBJ_IMAGE:
            box = self._box(item, moved)
            if not self._as_line(box):
                self.out.pictures.append(box)
        elif kind == c.FPDF_PAGEOBJ_FORM:
            own = c.FS_MATRIX()
            c.FPDFPageObj_GetMatrix(item, own)
            inner = _times(c, own, moved)
            for n in range(c.FPDFFormObj_CountObjects(item)):
                self._object(c.FPDFFormObj_GetObject(item, n), inner, depth + 1)

    def _box(self, item: Any, moved: Any) -> Box:
        a, b, c, d = self.sides
        self.c.FPDFPageObj_GetBounds(item, a, b, c, d)
        points = [self.turn(*_move(moved, x, y)) for x in (a.value, c.value) for y in (b.value, d.value)]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        width, height = self.out.width, self.out.height
        return Box(max(min(xs), 0.0), max(min(ys), 0.0), min(max(xs), width), min(max(ys), height))

    def _as_line(self, box: Box) -> bool:
        """Enter an area that is no thicker than a line as one."""
        if not min(box.right - box.left, box.bottom - box.top) <= _THIN:
            return False
        self._line(box)
        return True

    def _line(self, box: Box) -> None:
        """Enter a line by the area that it takes, as far as it is on the page."""
        width, height = self.out.width, self.out.height
        if not (box.left <= width and box.right >= 0 and box.top <= height and box.bottom >= 0):
            return  # NaN, which a broken file can hold, ends here as well
        left, right, top, bottom = max(box.left, 0.0), min(box.right, width), max(box.top, 0.0), min(box.bottom, height)
        if right - left > bottom - top:
            self.out.rules.append(Rule(True, (top + bottom) / 2, left, right))
        elif bottom > top:
            self.out.rules.append(Rule(False, (left + right) / 2, top, bottom))

    def _path(self, item: Any, moved: Any) -> None:
        c = self.c
        fill, stroke = ctypes.c_int(), c.FPDF_BOOL()
        c.FPDFPath_GetDrawMode(item, fill, stroke)
        if not (stroke.value and self._inked(item, c.FPDFPageObj_GetStrokeColor)):
            if fill.value and self._inked(item, c.FPDFPageObj_GetFillColor):
                self._filled(item, moved)
            return
        for (x0, y0), (x1, y1) in self._segments(item, moved):
            wide, high = abs(x1 - x0), abs(y1 - y0)
            if min(wide, high) <= max(_LEVEL * max(wide, high), 0.2) and max(wide, high) >= _SHORTEST:
                self._line(Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))

    def _filled(self, item: Any, moved: Any) -> None:
        """Areas of one path: each that is thin is a line; one that is not is a background."""
        for points in self._parts(item, moved):
            xs, ys = [p[0] for p in points], [p[1] for p in points]
            self._as_line(Box(min(xs), min(ys), max(xs), max(ys)))

    def _inked(self, item: Any, colour: Any) -> bool:
        """Whether a line of this colour is to be seen: not white and not transparent."""
        r, g, b, a = (ctypes.c_uint() for _ in range(4))
        return not colour(item, r, g, b, a) or (a.value > 0 and min(r.value, g.value, b.value) < 250)

    def _segments(self, item: Any, moved: Any) -> Iterator[tuple[Point, Point]]:
        for points in self._parts(item, moved):
            yield from zip(points, points[1:], strict=False)

    def _parts(self, item: Any, moved: Any) -> Iterator[list[Point]]:
        """The parts of a path, each as its points; curves are left out, and a part that is closed ends where it began."""
        c = self.c
        own = c.FS_MATRIX()
        c.FPDFPageObj_GetMatrix(item, own)
        whole = _times(c, own, moved)
        x, y = ctypes.c_float(), ctypes.c_float()
        points: list[Point] = []
        count = c.FPDFPath_CountSegments(item)
        self.left -= count // 4
        for n in range(min(count, max(self.left, 0) * 4)):
            piece = c.FPDFPath_GetPathSegment(item, n)
            kind = c.FPDFPathSegment_GetType(piece)
            c.FPDFPathSegment_GetPoint(piece, x, y)
            point = self.turn(*_move(whole, x.value, y.value))
            if kind != c.FPDF_SEGMENT_LINETO:
                if len(points) > 1:
                    yield points
                points = []
            points.append(point)
            if c.FPDFPathSegment_GetClose(piece) and len(points) > 1:
                yield [*points, points[0]]
                points = [points[0]]
        if len(points) > 1:
            yield points


def _move(m: Any, x: float, y: float) -> Point:
    return m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f


def _times(c: Any, first: Any, then: Any) -> Any:
    """The matrix that does ``first`` and then ``then``."""
    return c.FS_MATRIX(
        first.a * then.a + first.b * then.c, first.a * then.b + first.b * then.d,
        first.c * then.a + first.d * then.c, first.c * then.b + first.d * then.d,
        first.e * then.a + first.f * then.c + then.e, first.e * then.b + first.f * then.d + then.f,
    )  # fmt: skip
