"""What comes next, and why: the order of cells and of reports, the audit sample, the pace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from extractor import worklist
from extractor.effective import Action, Event, Mode, State, effective
from extractor.form import load_forms
from extractor.pipeline import extract_path
from extractor.record import to_record
from extractor.worklist import Chances, Pace, audit_fields, audit_size, items, pace_of, ranked, report_score
from tests.page_support import form_of, report
from tests.store_support import case, read

FORM = form_of("disclosure-2021")


@dataclass(frozen=True)
class Row:
    """A report as the queue sees it."""

    id: int
    open: int = 0
    lost: int = 0
    accepted: int = 200
    sha256: str | None = "00"
    read_at: str = "2026-01-01T00:00:00+00:00"


def event(n: int, action: Action = Action.ACCEPT, field: str = "requests/new/total", seconds: float = 4, **more: object) -> Event:
    start = f"2026-01-01T08:{n:02}:00.000+00:00"
    end = f"2026-01-01T08:{n:02}:{seconds:06.3f}+00:00"
    plain = Event(n, f"k{n}", 1, 1, FORM.id, field, action, None, None, "li", Mode.REVIEW, start, end, end, "", None, "", None, -1, -1, "lost", None)
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Of a report that lost two rows of a table."""
    path = report(tmp_path_factory.mktemp("r"), "pipe-rows", "heavy", 2)
    return to_record(extract_path(path), FORM)


def test_every_open_cell_is_an_item_and_nothing_else(record: dict[str, object]) -> None:
    cells = effective(record, (), {})
    found = items(FORM, cells, ())

    assert sorted(x.field for x in found) == sorted(c.field for c in cells if c.state is State.OPEN)
    assert {x.why for x in found if x.field.startswith("requests/unavailable_needs_creation/")} == {"lost"}
    assert "sum" in {x.why for x in found}


def test_what_an_answer_would_help_to_settle_counts() -> None:
    """The two ends of a row in doubt bear on what stands between; once it is settled, or the doubt is another, they do not."""
    record, _, _ = read(case(50035, "pipe-ends"))
    form = next(f for f in load_forms() if f.id == record["form"])
    cells = effective(record, (), {})
    found = {x.field: x for x in items(form, cells, ())}
    row = next(f for f, x in found.items() if len(x.proves) > 3).rpartition("/")[0]
    printed = [c.field for c in cells if c.field.startswith(f"{row}/") and c.state is State.OPEN and c.status == "printed"]

    assert set(printed[1:-1]) <= set(found[printed[0]].proves) & set(found[printed[-1]].proves)
    assert set() == set(found[printed[1]].proves) & set(printed)
    assert found[printed[0]].score > found[printed[1]].score
    settled = [replace(c, state=State.SETTLED) if c.field in printed[1:-1] else c for c in cells]
    assert set() == set(printed[1:-1]) & set(next(x for x in items(form, settled, ()) if x.field == printed[0]).proves)
    other = [replace(c, codes=(*c.codes, "DIGITS_SPLIT")) if c.field in printed[1:-1] else c for c in cells]
    assert set() == set(printed[1:-1]) & set(next(x for x in items(form, other, ()) if x.field == printed[0]).proves)


def test_a_table_said_to_be_misread_is_keyed_whole_until_the_note_is_taken_back(record: dict[str, object]) -> None:
    cells = effective(record, (), {})
    note = event(1, Action.NOTE, "litigation/reconsideration/upheld", note=worklist.STRUCTURE_WRONG)
    whole = {x.field for x in items(FORM, cells, [note]) if x.why == "structure"}
    assert whole == {f.id for f in FORM.fields if f.table == "litigation"}
    undo = event(2, Action.UNDO, "litigation/reconsideration/upheld", cancels=1)

    assert not {x for x in items(FORM, cells, [note, undo]) if x.why == "structure"}


def test_reports_come_by_expected_value_and_the_oldest_first_among_equals() -> None:
    p = Chances(lost=0.5, other=0.1)
    rows = [Row(1, 10), Row(2, 10, lost=10), Row(3, 10, lost=10, read_at="2025-01-01T00:00:00+00:00"), Row(4), Row(5, 1)]

    assert ranked(rows, Pace(), p=p) == [3, 2, 1, 5]
    assert report_score(Row(1, 10, lost=10), Pace(), p) == pytest.approx(5 / 80)
    # One cell hardly pays for finding into a report, until cells take long.
    assert ranked([Row(1, 10), Row(2, 1)], Pace(report=0), p=p) == [1, 2]


def test_reports_that_hold_only_audits_are_mixed_in() -> None:
    rows = [*(Row(n, 5) for n in range(1, 11)), *(Row(n, sha256=f"{n}") for n in range(20, 24))]
    order = ranked(rows, Pace(), audits=lambda row: 3, p=Chances(0.5, 0.1))

    assert [n >= 20 for n in order] == [False] * 4 + [True] + [False] * 4 + [True] + [False] * 2 + [True] * 2
    assert sorted(order) == sorted(r.id for r in rows)


def test_the_audit_sample_is_the_share_given_and_the_same_for_everybody(record: dict[str, object]) -> None:
    sizes = [audit_size(f"{n:064x}", 180, 0.02) for n in range(2000)]
    assert sum(sizes) / (2000 * 180) == pytest.approx(0.02, rel=0.02)
    assert set(sizes) == {3, 4}
    cells = effective(record, (), {})
    drawn = audit_fields("ab", cells, 0.1)

    assert drawn == audit_fields("ab", cells, 0.1) != audit_fields("cd", cells, 0.1)
    assert set(drawn) <= {c.field for c in cells if c.state is State.ACCEPTED}
    # An answer does not change who is in the sample.
    answered = [replace(c, state=State.ANSWERED) if c.field == drawn[0] else c for c in cells]
    assert audit_fields("ab", answered, 0.1) == drawn
    assert audit_fields("ab", cells, 0) == ()


def test_the_pace_is_measured_once_there_is_enough_of_it_and_breaks_do_not_count() -> None:
    few = [event(n, seconds=2) for n in range(1, worklist.MEASURED_FROM)]
    assert pace_of(few) == Pace()
    lunch = event(50, decided_at="2026-01-01T10:00:00.000+00:00")
    notes = [event(n, Action.SKIP, seconds=50) for n in range(20, 40)]

    assert pace_of([*few, event(40, seconds=3), lunch, *notes]).cell == 2.0


def test_the_chances_are_those_that_were_counted() -> None:
    p = worklist.chances()

    assert 0 < p.other < p.lost < 1


def test_what_a_report_holds_is_ranked_the_same_in_every_form(tmp_path: Path) -> None:
    for form in load_forms():
        path = report(tmp_path, "pipe-rows", "heavy", 3, form=form.id)
        cells = effective(to_record(extract_path(path), form), (), {})
        found = items(form, cells, ())
        tables = [x.table for x in found]

        assert tables == sorted(tables, key=tables.index)  # one table after the other
