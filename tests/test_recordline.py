"""The line written from templates is the line of the record, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.damage import LEVELS, SHAPES, make_case
from extractor.form import load_forms
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.ready import ready
from extractor.record import dumps, summarise, to_record
from extractor.recordline import line_of, written
from extractor.types import Candidate, Decision, Extraction, Resolved, Status

FORMS = load_forms()
FORM = FORMS[0]


def same(extraction: Extraction) -> None:
    form = next((f for f in FORMS if f.id == extraction.form), None)
    record = to_record(extraction, form)
    assert written(extraction, form) == (dumps(record), summarise(record))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("level", LEVELS)
def test_reports_of_every_shape_and_level(shape: str, level: str) -> None:
    case = make_case(FORMS[len(shape) % 2], 71_000, shape, level)
    same(extract(read_bytes(case.data, 'a "b"\\\u2028.txt'), FORMS))


def test_a_text_without_a_form() -> None:
    same(extract(read_bytes("公开的政府信息。".encode(), "none.txt"), FORMS))


@cache
def sound() -> Extraction:
    return extract(read_bytes(make_case(FORM, 71_002, "tab-rows", "clean").data, "a.txt"), FORMS)


figures = st.one_of(st.none(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False, places=2))
words = st.text(max_size=6) | st.sampled_from(["1,470", "\x85", "\u2028", "\u2029", '"', "\\", "\x00", "\ud800", "１２"])
codes = st.lists(st.sampled_from(["DIGITS_GLUED", "PROVEN", "ROW_UNMARKED"]), max_size=3).map(tuple)
statuses = st.sampled_from(list(Status))
offsets = st.sampled_from([-1, 0, 5])
candidates = st.builds(Candidate, st.just(0), statuses, figures, words, offsets, st.just(9), codes, st.just(0), words)
cells = st.builds(
    Resolved, st.just(0), statuses, figures, st.none() | words, offsets, st.just(9), codes, st.lists(candidates, max_size=2).map(tuple),
    st.none() | st.just((0, None)) | st.just((1, Decimal("2.50"))),
)  # fmt: skip
decisions = st.builds(Decision, st.just(0), st.sampled_from(["accept", "review"]), codes, st.floats(0, 1), words)


@settings(max_examples=200, deadline=None)
@given(cells, decisions)
def test_any_cell_at_all(cell: Resolved, decision: Decision) -> None:
    plain = sound()
    same(replace(plain, resolved=(cell, *plain.resolved[1:]), decisions=(decision, *plain.decisions[1:])))


def test_what_a_model_read_is_in_the_line() -> None:
    asked = replace(sound(), model=(Candidate(0, Status.PRINTED, 7, "7", 0, 1, (), 0, "model"),))

    assert '"model":7' in line_of(asked, FORM)
    same(asked)


def test_a_process_made_ready_reads_the_same() -> None:
    import gc

    data = make_case(FORM, 71_004, "glued", "clean").data
    before = line_of(extract(read_bytes(data, "a.txt"), FORMS), FORM)
    thresholds = gc.get_threshold()
    try:
        ready(FORMS)
        assert line_of(extract(read_bytes(data, "a.txt"), FORMS), FORM) == before
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
