"""A picture of a report: read by an OCR engine where one is switched on, else an outcome that says so."""

from __future__ import annotations

from extractor.errors import ReportUnreadable
from extractor.read import ocr
from extractor.read.compose import Rendered
from extractor.read.pdf import picture_text


def render(data: bytes) -> Rendered:
    """The text of a picture; its places are those of a page of 1000 by 1000 points, whatever its size.

    Raises ReportUnreadable: NEEDS_OCR where no engine is switched on, and what the engine raises.
    """
    engine = ocr.engine()
    if engine is None:
        raise ReportUnreadable("NEEDS_OCR", f"the file is a picture: {ocr.NEXT_STEP}")
    return picture_text(data, engine)
