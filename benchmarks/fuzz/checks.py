"""What must hold of whatever a reader makes of a file."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from extractor import pipeline
from extractor.errors import ReportUnreadable
from extractor.form import load_forms
from extractor.read import DEFAULT_MAX_BYTES, read_bytes
from extractor.read.inputs import PassedOver, count, inputs
from extractor.record import dumps, to_record
from extractor.recordline import written
from extractor.types import Document, GridPlace, PagePlace, Place, SheetPlace, has_grid

MOST_INPUTS = 200_000  # of a container of at most a few megabytes: more is no finite list
_READ = 4  # reports of a container that are read as well
_WORDS = Path(pipeline.__file__).parent / "web" / "zh.yaml"
_CONTROL = re.compile("[\x00-\x08\x0b\x0d-\x1f\x7f-\x9f]")
_SQUARE = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")

Outcome = tuple[str, tuple[Any, ...]]
"""A word for what became of a file, and what tells it from others of that word: notes, sizes."""


class Broken(AssertionError):
    """Something does not hold that must; the first argument is its name, which stays the same from file to file."""


@lru_cache(maxsize=1)
def known_codes() -> frozenset[str]:
    """Every code that the review page has words for: one that it does not know would be shown bare to a person."""
    words = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return frozenset(words["errors"])


def read(data: bytes, whole: bool) -> Outcome:
    """Read one report and hold the outcome against what is promised; ``whole`` has the pipeline follow. Broken, or a bug's own exception."""
    try:
        document = read_bytes(data, "fuzz")
    except ReportUnreadable as error:
        return refused(error.code, error.message), (_shape(error.message),)
    check_document(document)
    if whole:
        check_record(document)
    return "read", (document.media_type, document.notes, size(len(document.text)), size(document.text.count("\t")), size(len(document.places)))


def unpack(path: Path, whole: bool) -> Outcome:
    """Everything in a container: a list that ends, each entry bytes or a reason; the first reports are read too."""
    expected = count([path])
    must(expected is None or expected >= 0, "count is negative")
    said: dict[str, int] = {}
    found = 0
    passed = PassedOver()
    for given in islice(inputs([path], DEFAULT_MAX_BYTES, passed), MOST_INPUTS + 1):
        found += 1
        must(bool(given.source) and not _CONTROL.search(given.source) and "\n" not in given.source, "source is not a printable name", given.source[:200])
        given.source.encode("utf-8")
        must((given.data is None) != (given.error is None), "an input has neither or both of data and error", given.source[:200])
        if given.error is not None:
            word = refused(*given.error)
        elif given.data is not None:
            must(len(given.data) <= DEFAULT_MAX_BYTES, "data is larger than the limit")
            word = read(given.data, whole)[0] if found <= _READ else "bytes"
        said[word] = said.get(word, 0) + 1
    must(bool(found or str(passed)), "a file has no input at all, and nothing was passed over")
    must(found <= MOST_INPUTS, "the list of inputs does not end")
    words = tuple(sorted((w, size(n)) for w, n in said.items()))
    word = next(iter(said)) if len(said) == 1 else "mixed" if said else "passed over"
    return word, (expected is None, words)


def refused(code: str, message: str) -> str:
    """The code of a refusal, which must be known and explained."""
    must(code in known_codes(), "a code that the review page has no words for", code)
    must(bool(message.strip()), "a refusal without words", code)
    must(len(message) < 2_000, "a refusal that quotes the file at length", code)
    (code + message).encode("utf-8")
    return code


def check_document(d: Document) -> None:
    """The promises of Document."""
    must(bool(d.text.strip()), "the text is blank")
    must(len(d.norm) == len(d.text), "norm and text differ in length", f"{len(d.norm)} {len(d.text)}")
    if found := _CONTROL.search(d.text):
        raise Broken("a control character in the text", f"{found[0]!r} at {found.start()}")
    try:
        d.text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Broken("half of a surrogate pair in the text", str(error)[:100]) from error
    must(len(d.sha256) == 64, "no hash")
    must(not d.places or has_grid(d.media_type) or d.media_type != "text/plain", "places in a plain text")
    end = 0
    for place in d.places:
        must(end <= place.start < place.end <= len(d.text), "places overlap, are empty, out of order or outside the text", str(place))
        stretch = d.text[place.start : place.end]
        must("\n" not in stretch and "\t" not in stretch, "a place goes over a cell's border", str(place))
        must(_is_place(place.place), "a place that no file has", str(place))
        end = place.end


def _is_place(place: Place) -> bool:
    match place:
        case GridPlace():
            return min(place) >= 1
        case SheetPlace():
            return bool(place.sheet.strip()) and bool(_SQUARE.fullmatch(place.cell))
        case PagePlace():
            numbers = all(math.isfinite(x) for x in place)
            return numbers and place.page >= 1 and place.left <= place.right and place.top <= place.bottom
    raise Broken("a place of an unknown kind", repr(place))


def check_record(document: Document) -> None:
    """The whole way to a record: every field has one cell, and what is printed stands where the record says."""
    forms = load_forms()
    extraction = pipeline.extract(document, forms)
    form = next((f for f in forms if f.id == extraction.form), None)
    line, _ = written(extraction, form)
    line.encode("utf-8")
    must("\n" not in line, "a record of several lines")
    record = json.loads(line, parse_constant=_no_constant)
    must(len(record["cells"]) == (len(form.fields) if form else 0), "not one cell for each field")
    for cell in record["cells"]:
        if evidence := cell["evidence"]:
            stands = document.text[evidence["start"] : evidence["end"]]
            must(stands == cell["printed"], "a printed cell does not stand where the record says", f"{stands!r} {cell['printed']!r}")
    must(line == dumps(to_record(extraction, form)), "a line that is not that of its record")


def _no_constant(name: str) -> None:
    raise Broken("a record that is no JSON", name)


def must(holds: bool, name: str, detail: str = "") -> None:
    """Raise Broken unless something holds."""
    if not holds:
        raise Broken(name, detail)


def size(n: int) -> int:
    """A number to the next power of two: what makes a file new is not one character more."""
    return n.bit_length()


def _shape(message: str) -> str:
    return re.sub(r"[\d,.]+", "0", message)[:60]
