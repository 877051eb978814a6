"""What answers prove of other cells, and what they never do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor import pipeline
from extractor.effective import Action, Cell, Event, Mode, State, answers, effective, field_of
from extractor.form import load_forms
from extractor.read import read_bytes
from extractor.record import to_record
from extractor.settle import Reread, reread, settle
from tests.store_support import case, read

FORM = load_forms()[1]
COLUMNS = "natural_person commercial research public_welfare legal_service other_org total".split()
ROWS = [r.id for t in FORM.tables if t.id == "requests" for b in t.blocks for r in b.rows]
LABELS = [r.label for t in FORM.tables if t.id == "requests" for b in t.blocks for r in b.rows]


def table(rows: dict[str, list[str]], labels: dict[str, str] | None = None, header: bool = True) -> str:
    """Table three of the form of 2021 in tabs: rows of zeros but for those given."""
    lines = ["三、收到和处理政府信息公开申请情况"]
    if header:
        lines.append("申请人情况\t自然人\t商业企业\t科研机构\t社会公益组织\t法律服务机构\t其他\t总计")
    for row, label in zip(ROWS, LABELS, strict=True):
        lines.append("\t".join([(labels or {}).get(row, label), *rows.get(row, ["0"] * 7)]))
    return "\n".join(lines) + "\n"


def litigation(*reconsideration: str) -> str:
    """Table four with its first five figures."""
    head = "四、政府信息公开行政复议、行政诉讼情况\n行政复议\t行政诉讼\n未经复议直接起诉\t复议后起诉\n"
    return head + "\t".join(["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"] * 3) + "\n" + "\t".join([*reconsideration, *["0"] * 10]) + "\n"


def begin(text: str) -> tuple[dict[str, Any], Reread]:
    """A report's record and the report read again."""
    document = read_bytes(text.encode(), "r.txt")
    extraction = pipeline.extract(document)
    form = next(f for f in load_forms() if f.id == extraction.form)
    record = to_record(extraction, form)
    again = reread(document, load_forms(), record)
    assert again is not None
    return record, again


def answer(record: dict[str, Any], field: str, action: Action, figure: int | None = None, n: int = 1) -> Event:
    """An answer about one cell as it stands in the record."""
    cell = next(c for c in record["cells"] if field_of(c) == field)
    span = cell["evidence"] or {"start": -1, "end": -1}
    return Event(n, str(n), 1, 1, record["form"], field, action, None if figure is None else str(figure), figure, "甲", Mode.REVIEW, "", "", "", "",
                 None, record["sha256"], cell["printed"], span["start"], span["end"], cell["status"], cell["value"])  # fmt: skip


def after(record: dict[str, Any], again: Reread, events: Iterable[Event]) -> dict[str, Cell]:
    """The cells as they hold with the answers."""
    events = [replace(e, id=n, key=str(n)) for n, e in enumerate(events, 1)]
    return {c.field: c for c in effective(record, events, settle(again, answers(record, events)))}


def test_a_correction_that_mends_the_sums_settles_the_other_suspects() -> None:
    """Printed 9 where the row adds up to 5: any of the row may be at fault until somebody says which."""
    rows = {"new": ["3", "1", "0", "0", "0", "1", "9"], "granted": ["3", "1", "0", "0", "0", "1", "5"], "total": ["3", "1", "0", "0", "0", "1", "5"]}
    record, again = begin(table(rows))
    cells = after(record, again, [])
    suspects = {f for f, c in cells.items() if c.state is State.OPEN and f.startswith("requests/") and c.status == "printed"}
    assert "requests/new/total" in suspects
    cells = after(record, again, [answer(record, "requests/new/total", Action.CORRECT, 5)])
    assert (cells["requests/new/total"].value, cells["requests/new/total"].origin) == (5, "person")
    left = {f for f in suspects if cells[f].state is State.OPEN}
    assert set() == left


def test_as_printed_leaves_the_figure_and_clears_only_itself_of_suspicion() -> None:
    """One sum alone: when its total is confirmed, any of its parts may still be misread."""
    record, again = begin(table({}) + litigation("1", "0", "0", "0", "3"))
    cells = after(record, again, [])
    suspects = {f for f, c in cells.items() if f.startswith("litigation/reconsideration/") and c.state is State.OPEN}
    assert {"litigation/reconsideration/total", "litigation/reconsideration/upheld"} <= suspects
    cells = after(record, again, [answer(record, "litigation/reconsideration/total", Action.AS_PRINTED)])
    assert (cells["litigation/reconsideration/total"].value, cells["litigation/reconsideration/total"].origin) == (3, "printed")
    assert suspects - {"litigation/reconsideration/total"} == {f for f in suspects if cells[f].state is State.OPEN}


def test_an_answer_that_breaks_a_sum_brings_accepted_cells_back() -> None:
    """With one sum alone nobody can say whether the answer or one of the figures beside it is wrong."""
    record, again = begin(table({}) + litigation("1", "0", "0", "0", "1"))
    fields = [f"litigation/reconsideration/{c}" for c in ("corrected", "other", "pending", "total")]
    assert {State.ACCEPTED} == {after(record, again, [])[f].state for f in fields}
    cells = after(record, again, [answer(record, "litigation/reconsideration/upheld", Action.CORRECT, 7)])
    assert State.OPEN is cells["litigation/reconsideration/total"].state
    assert [0, 0, 0, 1] == [cells[f].value for f in fields]


def place_doubt() -> tuple[dict[str, Any], Reread, list[str]]:
    """A report with a row in doubt as a whole, and the open cells of that row."""
    record, document, _ = read(case(50035, "pipe-ends"))
    again = reread(document, load_forms(), record)
    assert again is not None
    by_row: dict[str, list[str]] = {}
    for f, c in after(record, again, []).items():
        if c.state is State.OPEN and c.status == "printed" and "COUNT_SHORT" in c.codes:
            by_row.setdefault(f.rpartition("/")[0], []).append(f)
    return record, again, next(fields for fields in by_row.values() if len(fields) > 3)


def test_two_figures_agreed_to_at_their_places_settle_those_between() -> None:
    record, again, row = place_doubt()
    one = after(record, again, [answer(record, row[0], Action.ACCEPT)])
    assert {State.OPEN} == {one[f].state for f in row[1:]}
    both = after(record, again, [answer(record, f, Action.ACCEPT) for f in (row[0], row[-1])])
    assert {State.SETTLED} == {both[f].state for f in row[1:-1]}
    assert all("PERSON_PROVES" in both[f].codes for f in row[1:-1])
    assert [c["value"] for c in record["cells"] if field_of(c) in row] == [both[f].value for f in row]


def test_a_typed_figure_says_nothing_of_places() -> None:
    """Even where it is the one that was read: who types it has not said where it stands."""
    record, again, row = place_doubt()
    value = {field_of(c): c["value"] for c in record["cells"]}
    cells = after(record, again, [answer(record, f, Action.CORRECT, value[f]) for f in (row[0], row[-1])])
    assert {State.OPEN} == {cells[f].state for f in row[1:-1]}


def test_nothing_is_proven_of_a_report_that_is_read_otherwise_today() -> None:
    record, document, _ = read(case(50035, "pipe-ends"))
    changed = {**record, "cells": [{**c, "decision": "review"} for c in record["cells"]]}
    assert reread(document, load_forms(), changed) is None
    assert reread(document, load_forms(), {**record, "form": "another"}) is None


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_answers_that_only_agree_change_no_value_and_open_nothing(data: st.DataObject) -> None:
    """Whoever agrees, wherever, never changes the value or status of an accepted cell, nor, by agreeing to what is printed, takes acceptance away.

    Of a lost or deduced cell nothing is in the text. Who agrees to that rules out the row's readings that show something there,
    and what only these proved is open again: it goes to a person.
    """
    seed = data.draw(st.integers(300, 330))
    record, document, _ = read(case(seed, data.draw(st.sampled_from(["pipe-ends", "plain-rows", "tab-rows", "glued"]))))
    again = reread(document, load_forms(), record)
    if again is None or not record["cells"]:
        return
    fields = data.draw(st.lists(st.sampled_from([field_of(c) for c in record["cells"]]), max_size=6, unique=True))
    unseen = {field_of(c) for c in record["cells"] if c["status"] in ("lost", "deduced")}
    kept = {State.ACCEPTED, State.OPEN} if unseen & set(fields) else {State.ACCEPTED}
    before = after(record, again, [])
    now = after(record, again, [answer(record, f, Action.ACCEPT) for f in fields])
    for f, was in before.items():
        if f in fields:
            assert (now[f].value, now[f].status, now[f].state) == (was.value, was.status, State.ANSWERED)
        elif was.state is State.ACCEPTED:
            assert (now[f].value, now[f].status) == (was.value, was.status)
            assert now[f].state in kept
        elif was.status == "printed" and now[f].status == "printed":
            assert now[f].state in (State.OPEN, State.SETTLED)


@pytest.mark.parametrize("action", [Action.SKIP, Action.NOTE])
def test_what_is_no_answer_proves_nothing(action: Action) -> None:
    record, again, row = place_doubt()
    assert {State.OPEN} == {after(record, again, [answer(record, row[0], action), answer(record, row[-1], action)])[f].state for f in row}
