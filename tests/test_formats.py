"""Reports rendered as HTML, DOCX, XLSX and PDF read the same as their text: values, statuses, and evidence in the file's own coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from benchmarks.render import FORMATS, golden_page, made_up, office, render
from extractor.form import Form
from extractor.golden import GoldenReport
from extractor.types import Number
from tests.formats_support import (
    BY_ID,
    GOLDEN,
    WHOLE,
    accepted_in_texts,
    expected_places,
    form_of,
    implied,
    is_in,
    labels_of_first_and_last_row,
    looker,
    pages_of,
    record_of,
    rows_left,
)

EVERY_WAY = [(format_, variant) for format_, variants in FORMATS.items() for variant in variants]
SEEDS = range(71_000, 71_020)

Cells = Sequence[Mapping[str, Any] | None]
"""The cells of a record in the form's order, None for one that is not to be judged."""


def ids(value: object) -> str:
    return value if isinstance(value, str) else "-".join(value) if isinstance(value, tuple) else str(value)


# ---------------------------------------------------------------- what must hold of a reading


def wrong(form: Form, report: GoldenReport, cells: Cells, also: str = "") -> Iterator[str]:
    """Every cell that is read otherwise than its label says.

    ``also`` is a status that an unprinted cell may have too, because this file cannot show the difference.
    """
    accepted = accepted_in_texts(report.id)
    values: list[Number | None] = [c["value"] if c else None for c in cells]
    for label, cell in zip(report.cells, cells, strict=True):
        if label.status == "excluded" or cell is None:
            continue
        got, may_differ = (cell["status"], cell["value"]), label.status != "printed" and cell["status"] == also
        if label.status == "lost" and cell["status"] == "deduced":
            right = implied(form, label.field, values) == {cell["value"]}
        else:
            right = may_differ or (got == (label.status, label.value) and (label.status != "printed" or cell["printed"] == label.printed))
        if not right:
            yield f"{label.id}: {cell['status']} {cell['printed']!r} {cell['value']}, not {label.status} {label.printed!r}"
        if got != accepted.get(label.field, got) and not may_differ:
            yield f"{label.id}: {got}, and in the text {accepted[label.field]}"


def misplaced(cells: Cells, data: bytes, format_: str, places: Mapping[int, Mapping[str, Any]]) -> Iterator[str]:
    """Every printed cell whose place is missing, is not where the file has the cell, or does not show what was printed."""
    look = looker(data, format_)
    for i, cell in enumerate(cells):
        if cell is None or cell["status"] != "printed":
            continue
        name, place = f"{cell['table']}/{cell['row']}/{cell['column']}", cell.get("place")
        if place is None:
            yield f"{name}: no place"
        elif places and not is_in(place, places[i]):
            yield f"{name}: at {place}, not {places[i]}"
        elif look(place).strip() != cell["printed"].strip():
            yield f"{name}: {cell['printed']!r}, but {look(place)!r} at {place}"


def withheld(report: GoldenReport, variant: str) -> bool:
    """Whether nothing in the file says which column a figure stands in but blanks: then only what is accepted has to be right."""
    return variant == "unruled" and {"blank", "printed"} <= {c.status for c in report.cells if c.id.startswith("requests/")}


# ---------------------------------------------------------------- the golden set


@cache
def golden_read(name: str, format_: str, variant: str) -> tuple[bytes, Mapping[str, Any]]:
    """The file of a golden report, and what the program says of it."""
    data = render(golden_page(form_of(GOLDEN[name]), GOLDEN[name]), format_, variant)
    return data, record_of(data, name)


@pytest.mark.parametrize("way", EVERY_WAY, ids=ids)
@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_report_reads_the_same_in_every_format(name: str, way: tuple[str, str]) -> None:
    report, (format_, variant) = GOLDEN[name], way
    form = form_of(report)
    page = golden_page(form, report)
    data, record = golden_read(name, format_, variant)

    assert (record["form"], record["error"]) == (report.form_id, None)
    seen = [c if c["decision"] == "accept" or not withheld(report, variant) else None for c in record["cells"]]
    assert [] == list(wrong(form, report, seen, also="lost" if variant == "unruled" else ""))
    assert [] == list(misplaced(seen, data, format_, expected_places(page, format_, variant)))


@pytest.mark.parametrize("variant", FORMATS["pdf"])
@pytest.mark.parametrize("name", [name for name, report in GOLDEN.items() if len(rows_left(report)) > 1])
def test_the_longest_table_of_every_pdf_stands_on_two_pages(name: str, variant: str) -> None:
    page = golden_page(form_of(GOLDEN[name]), GOLDEN[name])
    data, record = golden_read(name, "pdf", variant)
    longest = max(page.tables(), key=lambda t: len(t.rows))
    first, last = pages_of(data, labels_of_first_and_last_row(longest))

    assert last == {max(first) + 1}
    shown = {c["place"]["page"] for c in record["cells"] if c["table"] == longest.id and c["status"] == "printed"}
    assert shown <= first | last


@pytest.mark.parametrize("name", WHOLE)
def test_the_requests_table_of_a_whole_report_is_the_one_on_two_pages(name: str) -> None:
    cells = golden_read(name, "pdf", FORMATS["pdf"][0])[1]["cells"]
    assert {c["place"]["page"] for c in cells if c["table"] == "requests" and c["status"] == "printed"} == {1, 2}


# ---------------------------------------------------------------- what office programs write


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    """The whole reports as Word documents."""
    if not office.available():
        pytest.skip("LibreOffice is not installed")
    return {name: render(golden_page(form_of(GOLDEN[name]), GOLDEN[name]), "docx") for name in WHOLE}


def test_a_whole_report_reads_the_same_from_a_pdf_that_an_office_program_wrote(documents: dict[str, bytes]) -> None:
    for name, data in office.converted(documents, "docx", "pdf").items():
        cells = record_of(data, name)["cells"]

        assert (name, []) == (name, list(wrong(form_of(GOLDEN[name]), GOLDEN[name], cells)))
        assert (name, []) == (name, list(misplaced(cells, data, "pdf", {})))
        assert 1 < len({c["place"]["page"] for c in cells if c["table"] == "requests" and c["status"] == "printed"})


@pytest.mark.slow
@pytest.mark.parametrize("target", ["doc", "rtf", "odt"])
def test_a_whole_report_reads_the_same_from_an_older_document(target: str, documents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its places are those of the tables as LibreOffice reads them; where it writes short rows, it fills them with empty cells.

    LibreOffice is started once for all the reports; that the program starts it for each is for tests/test_office.py.
    """
    files = office.converted(documents, "docx", target)
    again = office.converted(files, target, "docx")
    made_of = {data: again[name] for name, data in files.items()}
    monkeypatch.setattr("extractor.read.legacy._by_libreoffice", lambda _office, data, _source: made_of[data])
    for name, data in files.items():
        cells = record_of(data, name)["cells"]

        assert (name, []) == (name, list(wrong(form_of(GOLDEN[name]), GOLDEN[name], cells, also="blank")))
        assert (name, []) == (name, list(misplaced(cells, again[name], "docx", {})))


# ---------------------------------------------------------------- generated reports


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("form_id", BY_ID)
def test_generated_reports_read_as_they_were_made(form_id: str, format_: str) -> None:
    form, variants = BY_ID[form_id], FORMATS[format_]
    for seed in SEEDS:
        page, case = made_up(form, seed, "clean")
        variant = variants[seed % len(variants)]
        data = render(page, format_, variant)

        cells = record_of(data, case.name)["cells"]

        made = [(t.printed, t.value) for t in case.truth]
        assert (case.name, variant, made) == (case.name, variant, [(c["printed"], c["value"]) for c in cells])
        assert (case.name, variant, []) == (case.name, variant, list(misplaced(cells, data, format_, expected_places(page, format_, variant))))
