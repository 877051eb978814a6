"""``gouji show``: one report as a grid, one cell with what is behind it, or the text."""

from __future__ import annotations

import sys
from pathlib import Path

from extractor import batch
from extractor.archive.inputs import one
from extractor.commands.common import console, known_forms, usage
from extractor.read import DEFAULT_MAX_BYTES
from extractor.show import field_of, print_field, print_report


def run(report: Path, field: str | None, text: bool, forms: Path | None, debug: bool) -> None:
    """Draw ``report``; exit 2 where there is nothing to draw."""
    known = known_forms(forms)
    extraction = batch.extract_input(one(str(report), DEFAULT_MAX_BYTES), known, debug)
    form = next((f for f in known if f.id == extraction.form), None)
    if text and extraction.document.text:
        sys.stdout.write(extraction.document.text)
    elif form is None:
        code, message = extraction.error or ("FORM_NOT_RECOGNISED", "no form was recognised")
        raise usage(f"{extraction.document.source}: {code}: {message}")
    elif field is None:
        print_report(console(), extraction, form)
    else:
        print_field(console(), extraction, form, field_of(form, field))
