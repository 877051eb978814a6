"""PDF to text: ruled tables cell by cell, everything else line by line with its columns kept apart by blanks.

PDFium reads the pages (``pdfpage``); which glyphs are words, lines and cells is decided here, by their places on the page. What is a
picture needs OCR: without an engine the pages are named and the report is not taken for whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from extractor.errors import ReportUnreadable
from extractor.read import ocr
from extractor.read.compose import Composer, Rendered
from extractor.read.pdfjoin import goes_on, joined, page_marks
from extractor.read.pdflayout import in_order, measure, spread
from extractor.read.pdfpage import Box, Glyph, View, view
from extractor.read.pdftable import Content, Table, content, figures_apart
from extractor.read.pdfwords import Line
from extractor.types import PDF_GRID, PDF_LINES, PagePlace

MAX_PAGES = 400
MAX_GLYPHS = 600_000
MAX_SIDE = 14_400.0  # points; PDF's own limit
_TEXT = 40  # glyphs; a page with a large picture and fewer is a picture
_PICTURE = 0.15  # of the page: a picture that could hold a table
_OUTLINES = 150  # drawn shapes on a page without any text: letters drawn as outlines
_UNRULED = 3  # lines of figures in columns that make an unruled table

# PDFium is not made for threads.
_ONE_AT_A_TIME = Lock()


def render(data: bytes) -> Rendered:
    """The text of a PDF, with the place of every cell and word.

    Raises ReportUnreadable: ENCRYPTED, CORRUPT_FILE, NEEDS_OCR (all pages are pictures, or their fonts do not say which characters
    they print), PDF_TOO_LARGE, EMPTY_FILE, and what the OCR engine raises.
    """
    views = _views(data, ocr.engine())
    _refuse_unmapped(views)
    return _composed(views)


def _views(data: bytes, engine: ocr.Ocr | None) -> list[View]:
    import pypdfium2

    with _ONE_AT_A_TIME:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise _not_opened(error) from error
        try:
            pages = list(_read(document, pypdfium2.PdfiumError))
            pictures = [v for v in pages if _is_picture(v)]
            if engine is None:
                _refuse_pictures(pages, pictures)
                return pages
            for v in pictures:
                v.stand()
                v.glyphs = list(_recognised(ocr.picture_of(document[v.number - 1], v), v, engine))
                v.recognised = True
        finally:
            document.close()
    return pages


def _not_opened(error: Exception) -> ReportUnreadable:
    import pypdfium2.raw as c

    code = getattr(error, "err_code", None)
    if code == c.FPDF_ERR_PASSWORD:
        return ReportUnreadable("ENCRYPTED", "the PDF is locked with a password: open it with the password, print it to a new PDF and give that file")
    if code == c.FPDF_ERR_SECURITY:
        return ReportUnreadable("ENCRYPTED", "the PDF is protected in a way that is not supported: print it to a new PDF and give that file")
    return ReportUnreadable("CORRUPT_FILE", f"the PDF is broken and cannot be opened ({type(error).__name__}): fetch it again")


def _read(document: Any, library_error: type[Exception]) -> Iterator[View]:
    count = len(document)
    if count > MAX_PAGES:
        raise _too_large(f"{count:,} pages, the limit is {MAX_PAGES}")
    if not count:
        raise ReportUnreadable("CORRUPT_FILE", "the PDF has no pages: fetch it again")
    glyphs = 0
    for n in range(count):
        try:
            page = document[n]
            found = view(page, n + 1)
            page.close()
        except (library_error, ValueError, OverflowError, RecursionError) as error:
            message = f"page {n + 1} of the PDF is broken ({type(error).__name__}): fetch the file again, or print it to a new PDF"
            raise ReportUnreadable("CORRUPT_FILE", message) from error
        if not (0 < found.width <= MAX_SIDE and 0 < found.height <= MAX_SIDE):
            raise ReportUnreadable("CORRUPT_FILE", f"page {n + 1} of the PDF has no sensible size: print it to a new PDF and give that file")
        glyphs += len(found.glyphs)
        if glyphs > MAX_GLYPHS:
            raise _too_large(f"more than {MAX_GLYPHS:,} characters")
        yield found


def _too_large(what: str) -> ReportUnreadable:
    return ReportUnreadable("PDF_TOO_LARGE", f"the PDF holds {what}: give the report alone")


# ---------------------------------------------------------------- pictures and unreadable fonts


def _is_picture(v: View) -> bool:
    """Whether the page shows next to no text but a large picture, or letters drawn as outlines."""
    if len(v.glyphs) >= _TEXT:
        return False
    return v.covered() >= _PICTURE or (not v.glyphs and v.paths >= _OUTLINES)


def _holds_pictures(v: View) -> bool:
    """Whether part of a page of text is a picture large enough for a table, with no text over it."""
    area = v.width * v.height
    large = [b for b in v.pictures if (b.right - b.left) * (b.bottom - b.top) >= _PICTURE * area]
    return any(sum(b.left <= g.left and g.right <= b.right and b.top <= g.top and g.bottom <= b.bottom for g in v.glyphs) < _TEXT for b in large)


def _refuse_pictures(pages: Sequence[View], pictures: Sequence[View]) -> None:
    text = [v for v in pages if v.glyphs and not _is_picture(v)]
    if pictures and not text:
        raise ReportUnreadable("NEEDS_OCR", f"{len(pictures)} of {len(pages)} pages are pictures without text: {ocr.NEXT_STEP}")


def _refuse_unmapped(views: Sequence[View]) -> None:
    glyphs = sum(len(v.glyphs) for v in views)
    unmapped = sum(v.unmapped for v in views)
    if unmapped and unmapped * 2 > glyphs:
        message = f"the fonts of the PDF do not say which characters they print ({unmapped:,} of {glyphs:,}): {ocr.NEXT_STEP}"
        raise ReportUnreadable("NEEDS_OCR", message)


def _recognised(picture: bytes, v: View, engine: ocr.Ocr) -> Iterator[Glyph]:
    for word in engine.words(picture):
        box = word.box(v.width, v.height)
        yield Glyph(word.text, *box, box.bottom, box.bottom - box.top)


def picture_text(picture: bytes, engine: ocr.Ocr) -> Rendered:
    """The text of a picture, as a page of 1000 by 1000 points.

    Raises ReportUnreadable: EMPTY_FILE where the engine finds no text, and what the engine raises.
    """
    page = View(1, 1000.0, 1000.0, recognised=True)
    page.glyphs = list(_recognised(picture, page, engine))
    return _composed([page])


# ---------------------------------------------------------------- composing


def _composed(views: Sequence[View]) -> Rendered:
    composer = Composer()
    contents = [content(v) for v in views]
    marks = page_marks(views, contents)
    unruled = 0
    flow = _Flow(composer)
    for n, (v, page) in enumerate(zip(views, contents, strict=True)):
        _note(composer, v, page)
        kept = [x for x in page.lines if (n, x) not in marks]
        unruled += sum(figures_apart(x) > 1 for x in kept)
        flow.page(v, in_order(v, page.tables, kept))
    flow.end()
    if marks:
        composer.note("PDF_PAGE_MARKS")
    ruled = any(page.tables for page in contents)
    return composer.finish(PDF_GRID if ruled and unruled < _UNRULED else PDF_LINES)


def _note(composer: Composer, v: View, page: Content) -> None:
    said = {
        "PDF_NO_UNICODE": v.unmapped > 0,
        "PDF_OUTSIDE_PAGE": v.outside > 0,
        "PDF_HIDDEN": v.hidden > 0,
        "PDF_OCR_LAYER": v.layer > 0,
        "OCR_TEXT": v.layer > 0 or v.recognised,
        "PDF_PAGES_NEED_OCR": not v.recognised and not v.layer and (_is_picture(v) or _holds_pictures(v)),
        "PDF_PARTLY_RULED": page.partly,
        "PDF_CROWDED": v.crowded or page.too_many,
    }
    for code, holds in said.items():
        if holds:
            composer.note(code)


class _Flow:
    """Writes pages one after another; the last table of a page waits, for it may go on on the next."""

    def __init__(self, composer: Composer) -> None:
        self.composer = composer
        self.waiting: Table | None = None

    def page(self, v: View, items: Sequence[Table | Line]) -> None:
        """Write what a page holds."""
        margin, unit = measure(v)
        for n, item in enumerate(items):
            if isinstance(item, Line):
                self.end()
                self.composer.stretches((text, _place(v, word.box) if word else None) for text, word in spread(item, margin, unit))
                continue
            table = item
            if n == 0 and self.waiting and goes_on(self.waiting, table):
                self.waiting, table = joined(self.waiting, table)
            self.end()
            self.waiting = table

    def end(self) -> None:
        """Write the table that waits."""
        for row in self.waiting.rows if self.waiting else ():
            self.composer.row((f.text, _place(f.page, f.box)) for f in row)
        self.waiting = None


def _place(v: View, box: Box | None) -> PagePlace | None:
    """A box on its page, to a tenth of a point; None where there is nothing to show."""
    return PagePlace(v.number, *(round(x, 1) for x in v.as_seen(box))) if box else None
