"""Reports rendered as HTML, DOCX, XLSX and PDF, the same bytes for the same report in every process.

A page (``benchmarks.render.page``) comes from ``made_up`` or ``golden_page``; ``render`` makes the file of it, and ``rendered_case`` a whole
labelled case. ``benchmarks.render.office`` converts a DOCX further with LibreOffice, which is slow and so kept for tests.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.damage import Case
from benchmarks.damage.case import BLANK, UNSEEN
from benchmarks.render import docx, html, pdf, xlsx
from benchmarks.render.page import Cell, Page, Table, Text
from benchmarks.render.sources import golden_page, made_up
from extractor.form import Form

_MAKERS = {"html": html.html, "docx": docx.docx, "xlsx": xlsx.xlsx, "pdf": pdf.pdf}

FORMATS: dict[str, tuple[str, ...]] = {
    "html": html.VARIANTS,
    "docx": docx.VARIANTS,
    "xlsx": xlsx.VARIANTS,
    "pdf": pdf.VARIANTS,
}
"""Every format with its variants; each module says what they mean."""


def render(page: Page, format_: str, variant: str | None = None) -> bytes:
    """The page as a file of this format; ``variant`` is the format's first where none is named.

    Raises ValueError for a format or a variant that does not exist.
    """
    variants = FORMATS.get(format_, ())
    chosen = variant if variant is not None else variants[0] if variants else ""
    if chosen not in variants:
        raise ValueError(f"no format {format_!r} with a variant {chosen!r}; formats are {FORMATS}")
    return _MAKERS[format_](page, chosen)


def rendered_case(form: Form, seed: int, level: str, format_: str, variant: str | None = None) -> Case:
    """A generated report in this format with the truth of every field; its ``shape`` is ``format/variant``.

    Where nothing is drawn around cells an empty one leaves no trace, so that it is blank or lost. Raises ValueError as ``render`` does.
    """
    page, made = made_up(form, seed, level)
    chosen = variant or FORMATS.get(format_, ("",))[0]
    data = render(page, format_, chosen)
    truth = made.truth
    if (format_, chosen) == ("pdf", "unruled"):
        truth = tuple(replace(t, statuses=UNSEEN) if t.statuses == BLANK else t for t in truth)
    shape = f"{format_}/{chosen}"
    return replace(made, name=f"{form.id}-{shape}-{level}-{seed}", data=data, suffix=f".{format_}", shape=shape, truth=truth, spans=())


__all__ = ["FORMATS", "Cell", "Page", "Table", "Text", "golden_page", "made_up", "render", "rendered_case"]
