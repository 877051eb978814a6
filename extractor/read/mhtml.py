"""MHTML, a page saved with everything in it: its page is read like any other, and those of its frames after it."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message

from extractor.errors import ReportUnreadable
from extractor.read.compose import Rendered
from extractor.read.decode import decode, empty
from extractor.read.html import render as render_page
from extractor.types import PLAIN, GridPlace, Placed

MEDIA_TYPE = "multipart/related"
MAX_PARTS = 5_000  # pictures and styles too
MAX_PAGES = 50
_MAX_BOUNDARIES = 50  # every one is a level that parts may be nested deeper
_BOUNDARY = re.compile(rb"boundary\s{0,9}=", re.IGNORECASE)
_PART = re.compile(rb"^Content-Type\s{0,9}:", re.IGNORECASE | re.MULTILINE)
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_SAVE_AGAIN = "save the page again as HTML and give that file"


def render(data: bytes) -> Rendered:
    """Return the text of the page and its frames, with the places of their table cells.

    Raises ReportUnreadable: EMPTY_FILE, MHTML_BROKEN, MHTML_TOO_LARGE, and what reading a web page raises.
    """
    if len(_BOUNDARY.findall(data)) > _MAX_BOUNDARIES or len(_PART.findall(data)) > MAX_PARTS:
        raise _too_large()
    try:
        message = message_from_bytes(data)
    except (MessageError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _broken() from error
    if not message.is_multipart():
        raise _broken()
    pages = _pages(message)
    if len(pages) > MAX_PAGES:
        raise _too_large()
    return _joined([shown for page in pages if (shown := _shown(page)) is not None])


def _pages(message: Message) -> list[Message]:
    """The web pages among the parts, the one that the archive is of first."""
    pages = [part for part in message.walk() if part.get_content_type() in _PAGES and not part.is_multipart()]
    start, location = str(message.get_param("start", "")), str(message.get("Snapshot-Content-Location", ""))
    return sorted(pages, key=lambda page: not _is_root(page, start, location))


def _is_root(page: Message, start: str, location: str) -> bool:
    if start:
        return str(page.get("Content-ID", "")).strip() == start.strip()
    return bool(location) and str(page.get("Content-Location", "")).strip() == location.strip()


def _shown(page: Message) -> Rendered | None:
    """One page as text; None where a frame shows nothing."""
    try:
        payload = page.get_payload(decode=True)
    except (MessageError, ValueError, LookupError, TypeError) as error:
        raise _broken() from error
    if not isinstance(payload, bytes):
        return None
    try:
        decoded = decode(payload)
        text, media_type, notes, places = render_page(decoded.text)
    except ReportUnreadable as error:
        if error.code == "EMPTY_FILE":
            return None
        raise
    if media_type == PLAIN:  # preformatted text: its tabs border no cells
        text = text.replace("\t", "    ")
    return Rendered(text, media_type, decoded.encoding, (*decoded.notes, *notes), places)


def _joined(pages: list[Rendered]) -> Rendered:
    if not pages:
        raise empty()
    text, tables = "", 0
    places: list[Placed] = []
    for page in pages:
        text += "\n" if text else ""
        places += (
            Placed(p.start + len(text), p.end + len(text), p.place._replace(table=p.place.table + tables))
            for p in page.places
            if isinstance(p.place, GridPlace)
        )
        tables = max((p.place.table for p in places if isinstance(p.place, GridPlace)), default=0)
        text += page.text
    notes = dict.fromkeys(note for page in pages for note in page.notes)
    return Rendered(text, MEDIA_TYPE, pages[0].encoding, tuple(notes), tuple(places))


def _broken() -> ReportUnreadable:
    return ReportUnreadable("MHTML_BROKEN", f"the web archive has no parts that can be read: {_SAVE_AGAIN}")


def _too_large() -> ReportUnreadable:
    return ReportUnreadable("MHTML_TOO_LARGE", f"the web archive has too many parts: {_SAVE_AGAIN}")
