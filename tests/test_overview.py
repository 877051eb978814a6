"""How an archive stands: numbers of small stores counted by hand, on SQLite and on PostgreSQL."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from extractor.across import Held, Lineage, Member, load_lineage
from extractor.batch import nothing_read
from extractor.effective import Action, Mode, Scope, State, field_of
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.metrics import upper_bound
from extractor.overview import Series, Status, load_series, of_store
from extractor.overview.people import Reviewer
from extractor.overview.status import backlog
from extractor.overview.sums import yearly_totals
from extractor.overview.words import hours, number, share
from extractor.record import to_record
from extractor.store import ReportRow, open_store, tables, totals
from extractor.store.engine import reading, writing
from extractor.store.store import Store
from extractor.types import Status as CellStatus
from tests.databases import emptied
from tests.store_support import STAMP, case, event, read

RECEIVED = Series("requests/new/total", "requests received", "本年新收申请", "件")
FORM_2021 = 1  # of the shipped forms


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new store in a database of either kind."""
    sqlite = request.param == "sqlite"
    with open_store(f"sqlite:///{tmp_path}/store.sqlite" if sqlite else emptied(request.getfixturevalue("postgres_server"))) as opened:
        yield opened


def put(store: Store, source: str, agency: str | None, year: int | None, level: str = "clean", seed: int = 2, sha: str = "", **cells: Any) -> ReportRow:
    """A generated report under another name, with cells changed: ``{"requests/new/total": {"value": 7}}``."""
    record, document, _ = read(case(seed, level=level, form=FORM_2021))
    record = copy.deepcopy(record) | {"source": source, "agency": agency, "year": year, "sha256": sha or f"{source:0>64}"[-64:]}
    for cell in record["cells"]:
        cell.update(cells.get("cells", {}).get(field_of(cell), {}))
    saved = store.save(record, replace(document, sha256=record["sha256"]), None, STAMP)
    return store.report(saved.report)


def put_unreadable(store: Store, source: str, code: str = "FILE_UNREADABLE", message: str = "no such file") -> None:
    store.save(to_record(nothing_read(source, "", code, message), None), None, None, STAMP)


def received(value: int | None, **more: Any) -> dict[str, Any]:
    return {RECEIVED.field: {"value": value} | more}


def status(store: Store, lineage: Lineage | None = None) -> Status:
    return of_store(store, [RECEIVED], lineage or Lineage())


def accepted(store: Store, row: ReportRow) -> list[str]:
    return [c.field for c in store.cells(row.id) if c.state is State.ACCEPTED and c.value is not None]


def open_fields(store: Store, row: ReportRow) -> list[str]:
    return [c.field for c in store.cells(row.id) if c.state is State.OPEN]


# What was read


def test_an_empty_store_has_a_status(store: Store) -> None:
    s = status(store)
    assert (0, 0, 0, 0.0) == (s.reports.total, s.cells.total, s.backlog.cells, s.backlog.hours)
    assert ((), (), (), (), None) == (s.groups, s.findings, s.totals, s.coverage.rows, s.audit.bound)


def test_reports_and_cells_are_counted_as_the_records_have_them(store: Store) -> None:
    rows = [put(store, "a.txt", "甲县统计局", 2021), put(store, "b.txt", "乙县统计局", 2021, "medium", 5)]
    put_unreadable(store, "c.txt")
    records = [store.record(r.run) for r in rows]
    cells = [c for r in records for c in r["cells"]]
    s = status(store)

    assert ["accept", "review"] == [r["decision"] for r in records]
    assert (3, 2, 1, 1) == (s.reports.total, s.reports.readable, s.reports.straight, s.reports.finished)
    statuses, outcomes = Counter(c["status"] for c in cells), Counter(c["decision"] for c in cells)
    assert (len(cells), outcomes["accept"], outcomes["review"]) == (s.cells.total, s.cells.straight, s.cells.open)
    assert (statuses["blank"], statuses["lost"], statuses["deduced"]) == (s.cells.blank, s.cells.lost, s.cells.deduced)
    assert (s.cells.accepted, 0, 0) == (s.cells.straight, s.cells.settled, s.cells.answered)
    assert {("accept", 2021): 1, ("review", 2021): 1, ("unreadable", None): 1} == {(g.decision, g.year): g.reports for g in s.groups}
    assert [("c.txt", "FILE_UNREADABLE", "no such file")] == [(u.source, u.code, u.message) for u in s.unreadable]
    assert (outcomes["review"], 1, "b.txt", rows[1].read_at) == (s.backlog.cells, s.backlog.reports, s.backlog.oldest_source, s.backlog.oldest)
    assert pytest.approx((outcomes["review"] * 6 + 20) / 3600) == s.backlog.hours


def test_findings_are_counted_by_rule_and_blame_of_the_newest_runs(store: Store) -> None:
    rows = [put(store, f"{seed}.txt", "甲县统计局", 2015 + seed, "heavy", seed) for seed in range(6)]
    again = store.record(rows[0].run) | {"findings": []}
    store.save(again, None, None, {"version": "next"})
    expected = Counter((f["rule"], f["blame"]) for r in rows[1:] for f in store.record(r.run)["findings"])
    found = {(f.rule, blame): n for f in status(store).findings for blame in ("report", "reading", "unknown") if (n := getattr(f, blame))}

    assert len(expected) > 1
    assert expected == found
    for kind in status(store).findings:
        assert kind.findings == kind.report + kind.reading + kind.unknown
        assert kind.reports == sum(any(f["rule"] == kind.rule for f in store.record(r.run)["findings"]) for r in rows[1:])


# Coverage and sums


def test_the_status_places_every_report_and_adds_up_only_what_holds(store: Store) -> None:
    waiting = {"decision": "review", "codes": ["DOUBT"]}
    put(store, "a20", "甲县统计局", 2020, cells=received(10))
    put(store, "a21", "甲县统计局", 2021, cells=received(5))
    put(store, "b20", "乙县统计局", 2020, cells=received(7, **waiting))
    put(store, "b21", "乙县统计局", 2021, cells=received(None, status="blank"))
    put(store, "c20", "丙县统计局", 2020, cells=received(3))
    put(store, "c20b", "丙县统计局", 2020, cells=received(4))
    put(store, "c21", "丙县统计局", 2021, sha="5" * 64, cells=received(2))
    put(store, "c21b", "丙县统计局", 2021, sha="5" * 64, cells=received(2))
    put(store, "d20", "丁县统计局", 2020, cells=received(0))
    put(store, "d22", "丁县统计局", 2022, cells=received(None, status="lost", **waiting))
    put(store, "nobody", None, 2020, cells=received(50))
    put_unreadable(store, "e.txt")
    s = status(store)

    assert [
        # 2020: 10 and 0; B waits, and the two versions of C differ. 2021: 5 and 2, the same bytes once. 2022: nothing holds.
        (2020, 10, 2, 0, 0, 1, 1, 4), (2021, 7, 2, 1, 0, 0, 0, 3), (2022, None, 0, 0, 0, 1, 0, 1),
    ] == [(t.year, t.value, t.counted, t.blank, t.lost, t.waiting, t.differing, t.of) for t in s.totals]  # fmt: skip
    assert (2, 0, 0, 1) == (s.left_out.unplaced, s.left_out.aggregates, s.left_out.unreadable, s.left_out.missing)
    states = {row.name: [p.state.value for p in row.years] for row in s.coverage.rows}
    assert {
        "甲县统计局": ["accepted", "accepted", "outside"], "乙县统计局": ["review", "accepted", "outside"],
        "丙县统计局": ["twice", "accepted", "outside"], "丁县统计局": ["accepted", "missing", "review"],
    } == states  # fmt: skip
    assert {"nobody", "e.txt"} == {source for source, _ in s.coverage.unplaced}


def test_answers_change_what_is_added_up(store: Store) -> None:
    waiting = {"decision": "review", "codes": ["DOUBT"]}
    rows = [put(store, name, f"{name}县统计局", 2021, cells=received(v, **waiting)) for name, v in (("甲", 7), ("乙", 8), ("丙", 9), ("丁", 1))]
    for row, action, value in zip(rows, (Action.CORRECT, Action.ACCEPT, Action.LOST), ("100", None, None), strict=False):
        store.append(event(row, RECEIVED.field, action, value=value))
    (total,) = status(store).totals

    assert (108, 2, 0, 1, 1) == (total.value, total.counted, total.blank, total.lost, total.waiting)


def test_a_report_that_adds_up_others_is_in_no_sum(store: Store, tmp_path: Path) -> None:
    units = tmp_path / "units.yaml"
    units.write_text("units:\n  - name: 甲县人民政府\n    children: [甲县统计局]\n  - name: 甲县统计局\n    names: [甲县统计处]\n", encoding="utf-8")
    put(store, "whole", "甲县人民政府", 2021, cells=received(100))
    put(store, "part", "甲县统计处", 2021, cells=received(30))
    s = status(store, load_lineage(units))

    assert [(30, 1, 1)] == [(t.value, t.counted, t.of) for t in s.totals]
    assert 1 == s.left_out.aggregates


def test_sums_are_exact_and_nothing_is_no_zero() -> None:
    fees = Series("t/fees/amount", "fees", "", "万元")

    def one(unit: str, value: Decimal | int | None, status: CellStatus = CellStatus.PRINTED) -> Member:
        return Member(unit, "f", 2021, unit, unit, {fees.field: 0}, (Held(value, status, True, ""),))

    figures = [Decimal("0.10"), Decimal("0.20"), Decimal("12345678901234567890123456789012"), -1]
    (total,) = yearly_totals([one(f"第{n}局", v) for n, v in enumerate(figures)], [fees], Lineage())
    assert "12345678901234567890123456789011.30" == str(total.value)
    (none,) = yearly_totals([one("甲局", None, CellStatus.BLANK)], [fees], Lineage())
    assert (None, 0, 1, 1) == (none.value, none.counted, none.blank, none.of)
    assert () == yearly_totals([one("甲局", 1)], [replace(fees, field="t/other/amount")], Lineage())


def test_some_fields_hold_what_the_whole_report_says_of_them(store: Store) -> None:
    rows = [put(store, f"{seed}.txt", "甲县统计局", 2015 + seed, "medium", seed) for seed in range(6)]
    answered = next(r for r in rows if r.open)
    for field in open_fields(store, answered)[:3]:
        store.append(event(answered, field, Action.ACCEPT))
    store.append(event(answered, accepted(store, answered)[0], Action.CORRECT, value="987654", mode=Mode.AUDIT))
    fields = [f.id for f in load_forms()[FORM_2021].fields][::3]
    with reading(store.engine) as c:
        parts = list(totals.parts(c, fields))

    assert [r.id for r in rows] == [p.report for p in parts]
    for part in parts:
        whole = [x for x in store.cells(part.report) if x.field in fields]
        assert [(x.field, x.value, x.status, x.origin, x.state, x.codes, x.answer) for x in whole] == [
            (x.field, x.value, x.status, x.origin, x.state, x.codes, x.answer) for x in part.cells
        ]


# What people did


def test_everybody_is_counted_by_what_stands_and_timed_by_the_answer(store: Store) -> None:
    row = put(store, "b.txt", "乙县统计局", 2021, "heavy", 3)
    first, second, third, *_ = open_fields(store, row)
    sure = accepted(store, row)[0]

    def at(second: int) -> str:
        return f"2026-01-01T00:00:{second:02}+00:00"

    said = store.append(event(row, first, Action.ILLEGIBLE, seen_at=at(0), decided_at=at(4)))
    store.append(event(row, second, Action.ILLEGIBLE, seen_at=at(10), decided_at=at(18)))
    store.append(event(row, first, Action.UNDO, cancels=said.id))
    store.append(event(row, third, Action.SKIP, reviewer="乙"))
    store.append(event(row, sure, Action.CORRECT, value="1", mode=Mode.AUDIT, reviewer="乙", seen_at=at(0), decided_at=at(50)))
    store.append(event(row, sure, Action.CORRECT, value="1", mode=Mode.BLIND, reviewer="乙"))
    s = status(store)

    assert (Reviewer("乙", 0, 0, 1, 1, 1, None), Reviewer("甲", 1, 1, 0, 0, 0, 6.0)) == s.reviewers
    states = Counter(c.state for c in store.cells(row.id))
    assert (states[State.ACCEPTED], states[State.SETTLED], states[State.ANSWERED], states[State.OPEN]) == (
        s.cells.accepted, s.cells.settled, s.cells.answered, s.cells.open
    )  # fmt: skip
    assert 1 == s.cells.answered
    assert s.cells.total == s.cells.accepted + s.cells.settled + s.cells.answered + s.cells.open


def test_one_answer_about_a_row_counts_all_its_cells_and_is_timed_once(store: Store) -> None:
    row = put(store, "b.txt", "乙县统计局", 2021, "heavy", 3)
    lost = [c.field for c in store.cells(row.id) if c.state is State.OPEN and c.status == "lost"]
    place, together = Counter(f.rpartition("/")[0] for f in lost).most_common(1)[0]
    assert together > 1
    field = next(f for f in lost if f.startswith(f"{place}/"))
    said = store.append(event(row, field, Action.LOST, scope=Scope.ROW, seen_at="2026-01-01T00:00:00+00:00", decided_at="2026-01-01T00:00:03+00:00"))
    assert ((Reviewer("甲", together, 0, 0, 0, 0, 3.0),), 0) == (status(store).reviewers, status(store).backlog.measured)
    store.append(event(row, field, Action.UNDO, cancels=said.id))
    assert (Reviewer("甲", 0, together, 0, 0, 0, 3.0),) == status(store).reviewers


def test_the_backlog_goes_by_the_measured_pace_once_there_are_enough_answers(store: Store) -> None:
    rows = [put(store, "b.txt", "乙县统计局", 2021, "medium", 5)]
    n = rows[0].open
    few, enough = backlog(rows, [3.0] * 9), backlog(rows, [3.0] * 10)
    assert (0, 6.0, pytest.approx((20 + 6 * n) / 3600)) == (few.measured, few.cell_seconds, few.hours)
    assert (10, 3.0, pytest.approx((20 + 3 * n) / 3600)) == (enough.measured, enough.cell_seconds, enough.hours)
    at_the_planned_pace = backlog(rows, [6.0] * 12)
    assert (12, 6.0) == (at_the_planned_pace.measured, at_the_planned_pace.cell_seconds)


def test_the_audit_is_counted_by_what_came_of_each_keyed_cell(store: Store) -> None:
    a, b = put(store, "a.txt", "甲县统计局", 2021), put(store, "b.txt", "乙县统计局", 2021, seed=4)
    put(store, "c.txt", "丙县统计局", 2021, seed=3)
    fields = accepted(store, a)[:5]
    values = {c.field: c.value for c in store.cells(a.id)}

    def key(row: ReportRow, field: str, value: object) -> int:
        return store.append(event(row, field, Action.CORRECT, value=str(value), mode=Mode.AUDIT)).id

    key(a, fields[0], values[fields[0]])
    for field in fields[1:4]:
        key(a, field, 987654)
    store.append(event(a, fields[1], Action.ACCEPT))
    store.append(event(a, fields[2], Action.CORRECT, value="987654"))
    store.append(event(a, fields[4], Action.UNDO, cancels=key(a, fields[4], 987654)))
    shown = {c.field: c.value for c in store.cells(b.id)}
    key(b, accepted(store, b)[0], shown[accepted(store, b)[0]])
    audit = status(store).audit

    assert (5, 2, 1, 1, 1, 0) == (audit.keyed, audit.agreed, audit.cleared, audit.wrong, audit.undecided, audit.outdated)
    assert (2, 1, upper_bound(1, 2)) == (audit.reports, audit.reports_wrong, audit.bound)


def test_an_audit_of_a_reading_that_was_replaced_counts_for_nothing(store: Store) -> None:
    row = put(store, "a.txt", "甲县统计局", 2021)
    field = accepted(store, row)[0]
    store.append(event(row, field, Action.CORRECT, value="987654", mode=Mode.AUDIT))
    assert 1 == status(store).audit.undecided
    record = store.record(row.run)
    for cell in record["cells"]:
        if field_of(cell) == field:
            cell["evidence"] = {"start": 0, "end": 1}
    store.save(record, None, None, {"version": "next"})
    audit = status(store).audit
    assert (0, 1, 0, None) == (audit.keyed, audit.outdated, audit.reports, audit.bound)


def test_what_a_killed_process_left_undone_is_made_up_first(store: Store) -> None:
    row = put(store, "b.txt", "乙县统计局", 2021, "medium", 5)
    store.append(event(row, open_fields(store, row)[0], Action.ILLEGIBLE))
    before = status(store)
    with writing(store.engine) as c:
        c.execute(update(tables.standing).values(last_event=0, open=row.open, answered=0, settled=0, cells="{}"))
    after = status(store)
    assert 1 == after.cells.answered
    assert (before.cells, before.backlog) == (after.cells, after.backlog)


# Files and words


def test_the_shipped_series_are_fields_of_the_shipped_forms_and_a_folder_adds_its_own(tmp_path: Path) -> None:
    forms = load_forms()
    shipped = load_series(forms)
    assert RECEIVED in shipped
    assert all(any(s.field in f.index for f in forms) for s in shipped)
    own = tmp_path / "overview.yaml"
    own.write_text("totals:\n  - {name: fees, field: proactive.fees.amount}\n", encoding="utf-8")
    assert (*shipped, Series("proactive/fees/amount", "fees", "", "万元")) == load_series(forms, str(tmp_path))
    for bad, said in (("totals:\n  - {name: x, field: a.b.c}\n", "overview.yaml:2: no form has the field a.b.c"), ("total: []\n", "docs/overview.md")):
        own.write_text(bad, encoding="utf-8")
        with pytest.raises(GoujiError, match=said):
            load_series(forms, str(tmp_path))


@pytest.mark.parametrize(
    ("count", "total", "said"), [(0, 0, "–"), (0, 5, "0.0 %"), (5, 5, "100.0 %"), (99_999, 100_000, "99.9 %"), (1, 100_000, "0.1 %"), (1, 3, "33.3 %")]
)
def test_a_share_is_never_rounded_to_all_or_nothing(count: int, total: int, said: str) -> None:
    assert said == share(count, total)


def test_figures_and_hours_in_words() -> None:
    assert ["–", "0", "1,234,567", "-12", "1,234.50", "-0.50"] == [
        number(x) for x in (None, 0, 1234567, -12, Decimal("1234.50"), Decimal("-0.50"))
    ]
    assert ["none", "1 min", "30 min", "1,234.5 h"] == [hours(x) for x in (0.0, 0.001, 0.5, 1234.5)]
