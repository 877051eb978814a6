"""The store, on SQLite and on a real PostgreSQL server: the same tests, the same answers."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, text, update

from extractor.effective import Action, Mode, Scope, State
from extractor.errors import GoujiError
from extractor.record import dumps
from extractor.store import Conflict, Filter, NotFound, Refused, ReportRow, open_store, tables
from extractor.store.engine import connect, reading, url_of, writing
from extractor.store.store import Store
from extractor.types import Number
from tests.databases import emptied
from tests.store_support import STAMP, case, event, read

WRITER = Path(__file__).with_name("store_writer.py")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.sqlite"
    return emptied(request.getfixturevalue("postgres_server"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def flagged(store: Store, seed: int = 5, shape: str = "tab-rows", level: str = "medium") -> ReportRow:
    """A report with open cells, in the store."""
    record, document, content = read(case(seed, shape, level))
    assert record["decision"] == "review"
    return store.report(store.save(record, document, content, STAMP).report)


def open_field(store: Store, row: ReportRow, n: int = 0) -> str:
    return [c.field for c in store.cells(row.id) if c.state is State.OPEN][n]


def test_a_record_comes_back_as_it_went_in(store: Store) -> None:
    record, document, content = read(case(1, level="clean"))
    saved = store.save(record, document, content, STAMP)
    assert dumps(record) == store.line(saved.run) == dumps(store.record(saved.run))
    assert store.text(document.sha256) == document.text
    assert store.document(document.sha256).norm == document.norm
    assert store.content(document.sha256) == content
    row = store.report(saved.report)
    assert (row.source, row.form, row.year, row.agency, row.decision) == tuple(record[k] for k in ("source", "form", "year", "agency", "decision"))
    with reading(store.engine) as c:
        shown = c.execute(text("SELECT value, status, printed FROM decision ORDER BY field")).all()
    assert [(x["status"], x["printed"]) for x in record["cells"]] == [(s, p) for _, s, p in shown]
    assert [x["value"] for x in record["cells"]] == [None if v is None else Decimal(v) for v, _, _ in shown]


def test_a_file_that_cannot_be_read_is_kept_too(store: Store) -> None:
    from extractor.batch import nothing_read
    from extractor.record import to_record

    record = to_record(nothing_read("nowhere.txt", "", "FILE_UNREADABLE", "no such file"), None)
    saved = store.save(record, None, None, STAMP)
    row = store.report(saved.report)
    assert (row.decision, row.error, row.message, row.cells, row.open) == ("unreadable", "FILE_UNREADABLE", "no such file", 0, 0)
    assert [] == store.cells(saved.report)


def test_the_same_record_is_kept_once_and_another_run_beside_it(store: Store) -> None:
    record, document, content = read(case(1))
    first = store.save(record, document, content, STAMP)
    assert store.save(record, document, content, STAMP) == (first.report, first.run, False)
    second = store.save(record, document, content, {"version": "next"})
    assert second.new
    assert second.report == first.report
    assert [r.id for r in store.runs(first.report)] == [first.run, second.run]
    assert [r.stamp for r in store.runs(first.report)] == [STAMP, {"version": "next"}]
    assert store.report(first.report).run == second.run


def test_bytes_that_come_later_are_added(store: Store) -> None:
    record, document, content = read(case(1))
    store.save(record, document, None, STAMP)
    assert store.content(document.sha256) is None
    store.save({**record, "source": "elsewhere.txt"}, document, content, STAMP)
    assert store.content(document.sha256) == content


def test_reports_are_paged_and_filtered(store: Store) -> None:
    for seed in range(4):
        record, document, content = read(case(seed, level="clean"), f"folder/{seed}_%.txt")
        store.save(record, document, content, STAMP)
    row = flagged(store)
    first = store.reports(limit=2)
    assert 2 == len(first)
    assert [r.id for r in store.reports(after=first[-1].id)] == [r.id for r in store.reports()][2:]
    waiting = [r.id for r in store.reports(Filter(open=True))]
    assert row.id in waiting
    assert {r.id for r in store.reports(Filter(open=False))} == {r.id for r in store.reports()} - set(waiting)
    assert {r.id: r.open for r in store.reports()} == {r.id: sum(c.state is State.OPEN for c in store.cells(r.id)) for r in store.reports()}
    assert 4 == store.count(Filter(text="folder/"))
    assert 1 == store.count(Filter(text="2_%"))
    assert 0 == store.count(Filter(text="_%_"))
    assert {r.year for r in store.reports(Filter(year=first[0].year))} == {first[0].year}
    assert store.count(Filter(decision="accept")) == sum(r.decision == "accept" for r in store.reports())
    assert 5 == sum(1 for _ in store.current())


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    for ask in (lambda: store.report(7), lambda: store.record(7), lambda: store.text("00"), lambda: store.content("00")):
        with pytest.raises(NotFound, match="not in"):
            ask()
    assert store.report_of("nowhere") is None


# What people say


@pytest.mark.parametrize(
    ("action", "value", "figure", "status", "origin"),
    [
        (Action.CORRECT, "１，２３４", 1234, "printed", "person"),
        (Action.CORRECT, "0", 0, "printed", "person"),
        (Action.CORRECT, "-5", -5, "printed", "person"),
        (Action.CORRECT, "1.50", Decimal("1.50"), "printed", "person"),
        (Action.BLANK, None, None, "blank", ""),
        (Action.DASH, None, None, "blank", ""),
        (Action.ILLEGIBLE, None, None, "lost", ""),
        (Action.LOST, None, None, "lost", ""),
    ],
)
def test_an_answer_is_what_the_cell_is(store: Store, action: Action, value: str | None, figure: Number | None, status: str, origin: str) -> None:
    row = flagged(store)
    field = open_field(store, row)
    stored = store.append(event(row, field, action, value=value), after=0)
    cell = next(c for c in store.cells(row.id) if c.field == field)
    assert (cell.value, cell.status, cell.origin, cell.state, cell.answer) == (figure, status, origin, State.ANSWERED, stored)
    after = store.report(row.id)
    assert (after.answered, after.last_event) == (1, stored.id)
    assert after.open < row.open


def test_agreeing_keeps_value_status_and_origin(store: Store) -> None:
    row = flagged(store)
    before = [c for c in store.cells(row.id) if c.state is State.OPEN]
    for cell, action in zip(before[:2], (Action.ACCEPT, Action.AS_PRINTED), strict=False):
        store.append(event(row, cell.field, action))
        now = next(c for c in store.cells(row.id) if c.field == cell.field)
        assert (now.value, now.status, now.origin, now.state) == (cell.value, cell.status, cell.origin, State.ANSWERED)


def test_an_event_is_stored_once_however_often_it_is_sent(store: Store) -> None:
    row = flagged(store)
    sent = event(row, open_field(store, row), Action.CORRECT, value="5")
    first = store.append(sent, after=0)
    assert [store.append(sent, after=0) for _ in range(3)] == [first] * 3
    assert [first] == store.events(row.id)


def test_who_comes_second_is_told_and_may_decide_all_the_same(store: Store) -> None:
    row = flagged(store)
    field = open_field(store, row)
    first = store.append(event(row, field, Action.CORRECT, value="5"), after=0)
    with pytest.raises(Conflict) as told:
        store.append(event(row, field, Action.BLANK, reviewer="乙"), after=0)
    assert told.value.event == first
    second = store.append(event(row, field, Action.BLANK, reviewer="乙"), after=first.id)
    cell = next(c for c in store.cells(row.id) if c.field == field)
    assert (cell.answer, cell.history) == (second, (first,))


def test_undo_takes_back_one_after_the_other_and_only_ones_own(store: Store) -> None:
    row = flagged(store)
    field = open_field(store, row)
    five = store.append(event(row, field, Action.CORRECT, value="5"))
    six = store.append(event(row, field, Action.CORRECT, value="6"))
    value = lambda: next(c for c in store.cells(row.id) if c.field == field).value  # noqa: E731
    assert 6 == value()
    store.append(event(row, field, Action.UNDO, cancels=six.id))
    assert 5 == value()
    store.append(event(row, field, Action.UNDO, cancels=five.id))
    assert store.report(row.id).open == row.open
    for wrong, why in (
        (event(row, field, Action.UNDO, cancels=six.id), "before"),
        (event(row, field, Action.UNDO, cancels=six.id + 1), "decide anew"),
        (event(row, open_field(store, row, 1), Action.UNDO, cancels=five.id), "another cell"),
    ):
        with pytest.raises(Refused, match=why):
            store.append(wrong)
    mine = store.append(event(row, field, Action.SKIP))
    with pytest.raises(Refused, match="only they"):
        store.append(event(row, field, Action.UNDO, cancels=mine.id, reviewer="乙"))
    assert 5 == len(store.events(row.id))


def test_skips_and_notes_decide_nothing(store: Store) -> None:
    row = flagged(store)
    field = open_field(store, row)
    store.append(event(row, field, Action.SKIP))
    store.append(event(row, field, Action.NOTE, note="看不清"))
    cell = next(c for c in store.cells(row.id) if c.field == field)
    assert (cell.state, [e.action for e in cell.history]) == (State.OPEN, [Action.SKIP, Action.NOTE])


@pytest.mark.parametrize(
    ("action", "more", "why"),
    [
        (Action.CORRECT, {"value": "about 5"}, "not one number"),
        (Action.CORRECT, {"value": "5 6 7 and 8"}, "not one number"),
        (Action.CORRECT, {}, "value belongs to correct"),
        (Action.BLANK, {"value": "5"}, "value belongs to correct"),
        (Action.UNDO, {}, "cancels belongs to undo"),
        (Action.NOTE, {}, "empty"),
        (Action.BLANK, {"reviewer": " "}, "name of the person"),
        (Action.BLANK, {"key": ""}, "key of its own"),
                (Action.ACCEPT, {"scope": Scope.TABLE}, "one can only say"),
        (Action.CORRECT, {"value": "5", "scope": Scope.ROW}, "one can only say"),
        (Action.NOTE, {"note": "x" * 2001}, "at most"),
    ],
)
def test_an_event_about_nothing_is_refused_and_leaves_no_trace(store: Store, action: Action, more: dict[str, object], why: str) -> None:
    row = flagged(store)
    with pytest.raises(Refused, match=why):
        store.append(event(row, "requests/new/natural_person", action, **more))
    assert [] == store.events(row.id)
    with pytest.raises(Refused, match="no such field"):
        store.append(event(row, "requests/new/nobody", Action.BLANK))
    with pytest.raises(NotFound):
        store.append(event(replace(row, run=row.run + 9), "requests/new/natural_person", Action.BLANK))
    with pytest.raises(NotFound):
        store.append(event(replace(row, id=row.id + 9), "requests/new/natural_person", Action.BLANK))


def test_one_answer_about_a_table_that_is_gone_is_an_event_a_cell_and_undone_as_one(store: Store) -> None:
    from extractor import pipeline
    from extractor.form import load_forms
    from extractor.read import read_bytes
    from extractor.record import to_record

    c = case(1, "tab-rows", "clean")
    data = c.data[: c.data.index("行政复议、行政诉讼情况".encode())]
    document = read_bytes(data, "cut.txt")
    extraction = pipeline.extract(document)
    form = next(f for f in load_forms() if f.id == extraction.form)
    saved = store.save(to_record(extraction, form), document, data, STAMP)
    row = store.report(saved.report)
    lost = [x.field for x in store.cells(row.id) if x.status == "lost" and x.field.startswith("litigation/")]
    assert 15 == len(lost)
    first = store.append(event(row, lost[3], Action.LOST, scope=Scope.TABLE), after=0)
    assert {x.field for x in store.cells(row.id) if x.state is State.ANSWERED} == set(lost)
    assert {e.part_of for e in store.events(row.id)} == {None, first.id}
    # Undone at any of its cells.
    member = store.events(row.id)[-1]
    store.append(event(row, member.field, Action.UNDO, cancels=member.id))
    assert store.report(row.id).open == row.open
    assert 30 == len(store.events(row.id))


# Runs and answers


def test_an_answer_is_carried_to_a_new_run_of_the_same_reading_only(store: Store) -> None:
    record, document, content = read(case(5))
    row = flagged(store)
    cells = [c for c in store.cells(row.id) if c.machine["evidence"] and c.status == "printed"]
    kept, moved = cells[0].field, cells[1].field
    mine = store.append(event(row, kept, Action.CORRECT, value="77"))
    other = store.append(event(row, moved, Action.CORRECT, value="88"))
    again = copy.deepcopy(record)
    for c in again["cells"]:
        c["confidence"] = 0.5
        if f"{c['table']}/{c['row']}/{c['column']}" == moved:
            c["evidence"]["start"] -= 1
    saved = store.save(again, document, content, {"version": "next"})
    assert saved.new
    now = {c.field: c for c in store.cells(row.id)}
    assert (now[kept].value, now[kept].state, now[kept].answer) == (77, State.ANSWERED, mine)
    assert (now[moved].answer, now[moved].history) == (None, (other,))
    assert 1 == store.report(row.id).answered


def test_agreement_is_not_carried_to_another_value(store: Store) -> None:
    record, document, content = read(case(5))
    row = flagged(store)
    field = next(c.field for c in store.cells(row.id) if c.value is not None)
    store.append(event(row, field, Action.ACCEPT))
    again = copy.deepcopy(record)
    for c in again["cells"]:
        if f"{c['table']}/{c['row']}/{c['column']}" == field:
            c["value"] += 1
    store.save(again, document, content, {"version": "next"})
    now = next(c for c in store.cells(row.id) if c.field == field)
    assert (now.answer, len(now.history)) == (None, 1)


def test_another_version_of_the_file_starts_anew(store: Store) -> None:
    row = flagged(store)
    field = open_field(store, row)
    store.append(event(row, field, Action.CORRECT, value="77"))
    c = case(5)
    record, document, content = read(replace(c, data=c.data + b"\n\n"), c.name)
    assert store.save(record, document, content, STAMP).report == row.id
    cell = next(c for c in store.cells(row.id) if c.field == field)
    assert (cell.state, len(cell.history)) == (State.OPEN, 1)


def test_what_answers_prove_is_caught_up_after_a_kill(store: Store) -> None:
    row = flagged(store, 50035, "pipe-ends")
    rows: dict[str, list[str]] = {}
    for c in store.cells(row.id):
        if c.state is State.OPEN and c.status == "printed":
            rows.setdefault(c.field.rpartition("/")[0], []).append(c.field)
    wide = next(r for r in rows.values() if len(r) > 3)
    for field in (wide[0], wide[-1]):
        store.append(event(row, field, Action.ACCEPT))
    settled = [c.field for c in store.cells(row.id) if c.state is State.SETTLED]
    assert set(settled) >= set(wide[1:-1])
    # As if the process had been killed right after it stored the second event.
    with writing(store.engine) as c:
        c.execute(update(tables.standing).values(last_event=0, open=row.open, settled=0, cells="{}"))
    assert settled == [c.field for c in store.cells(row.id) if c.state is State.SETTLED]
    assert store.report(row.id).settled == len(settled)


def test_an_audit_that_differs_brings_the_cell_back(store: Store) -> None:
    row = flagged(store)
    cells = [c for c in store.cells(row.id) if c.state is State.ACCEPTED and c.value is not None]
    same, other = cells[0], cells[1]
    store.append(event(row, same.field, Action.CORRECT, value=str(same.value), mode=Mode.AUDIT))
    store.append(event(row, other.field, Action.CORRECT, value="987654", mode=Mode.AUDIT))
    now = {c.field: c for c in store.cells(row.id)}
    assert (now[same.field].state, now[other.field].state) == (State.ACCEPTED, State.OPEN)
    assert "AUDIT_DIFFERS" in now[other.field].codes
    store.append(event(row, other.field, Action.ACCEPT))
    assert State.ANSWERED is next(c.state for c in store.cells(row.id) if c.field == other.field)


def test_blind_keyings_touch_nothing_and_do_not_meet(store: Store) -> None:
    row = flagged(store)
    field = open_field(store, row)
    for name in ("甲", "乙"):
        store.append(event(row, field, Action.CORRECT, value="9", mode=Mode.BLIND, reviewer=name), after=0)
    assert State.OPEN is next(c.state for c in store.cells(row.id) if c.field == field)
    store.append(event(row, field, Action.CORRECT, value="8"), after=0)


# The database itself


@pytest.mark.parametrize("table", [t.name for t in tables.APPEND_ONLY if t.name != "reply"])
def test_the_database_refuses_to_change_what_was_decided(store: Store, table: str) -> None:
    row = flagged(store, 50035, "pipe-ends")
    store.append(event(row, open_field(store, row), Action.SKIP))
    record, document, content = next(r for n in range(60) if (r := read(case(n, level="clean")))[0]["findings"])
    store.save(record, document, content, STAMP)
    column = "id" if table == "run" else "run"
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):  # noqa: S608 - names of tables
        with pytest.raises(GoujiError, match="only ever added to"), writing(store.engine) as c:
            c.execute(text(statement))


def test_replies_are_kept_once(store: Store) -> None:
    lines = [json.dumps({"request_hash": "q", "model": "m", "report": "aa", "n": n}) for n in range(3)]
    assert (3, 0) == (store.keep_replies(lines), store.keep_replies(lines))
    assert (lines, []) == (store.replies("aa"), store.replies("bb"))


def test_two_writers_at_once_lose_nothing(store: Store, url: str) -> None:
    row = flagged(store)
    run = [sys.executable, "-m", "tests.store_writer", url, str(row.id), str(row.run)]
    root = WRITER.parent.parent
    writers = [subprocess.Popen([*run, name, "40"], stdout=subprocess.PIPE, text=True, cwd=root) for name in ("甲", "乙")]
    for w in writers:
        assert 0 == w.wait(timeout=120)
    said = [line for w in writers if w.stdout for line in w.stdout.read().split()]
    for w in writers:
        if w.stdout:
            w.stdout.close()
    assert 80 == len(said)
    stored = store.events(row.id)
    assert sorted(said) == sorted(e.key for e in stored)
    assert [e.id for e in stored] == sorted({e.id for e in stored})
    assert store.report(row.id).last_event == stored[-1].id
    assert store.report(row.id).open == sum(c.state is State.OPEN for c in store.cells(row.id))


def test_a_killed_writer_loses_nothing_that_it_was_told_is_stored(store: Store, url: str) -> None:
    row = flagged(store)
    run = [sys.executable, "-m", "tests.store_writer", url, str(row.id), str(row.run), "丙", "10000"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True, cwd=WRITER.parent.parent) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline().strip() for _ in range(25)]
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.read().split("\n")[:-1]
    keys = [e.key for e in store.events(row.id)]
    assert set(said) <= set(keys)
    assert len(keys) <= len(said) + 1
    assert store.append(event(row, open_field(store, row), Action.SKIP)).id > 0


def test_a_new_database_may_be_opened_by_several_at_once(url: str) -> None:
    failed: list[GoujiError] = []

    def open_it() -> None:
        try:
            open_store(url).close()
        except GoujiError as exc:
            failed.append(exc)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [] == failed
    with open_store(url) as store:
        assert [] == store.reports()


def test_a_database_of_something_else_or_of_a_newer_program_is_left_alone(url: str) -> None:
    with open_store(url) as store, writing(store.engine) as c:
        c.execute(text("INSERT INTO migration VALUES (999, 'from the future', 'now')"))
    with pytest.raises(GoujiError, match="newer gouji"):
        open_store(url)
    with open_store_engine(url) as c:
        c.execute(text("DROP TABLE migration"))
    with pytest.raises(GoujiError, match="not gouji's"):
        open_store(url)


@contextmanager
def open_store_engine(url: str) -> Iterator[Connection]:
    """A writing connection that does not look at the tables first."""
    engine = connect(url_of(url), True)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mysql://x/y", "neither SQLite nor PostgreSQL"),
        ("sqlite://", "a store is a file"),
        ("nowhere/at/all.sqlite", "folder does not exist"),
        ("postgresql://gouji:secret@127.0.0.1:1/none", "check the database"),
        ("://", "not a database URL"),
    ],
)
def test_a_store_that_cannot_be_is_said_so_without_its_password(name: str, why: str) -> None:
    with pytest.raises(GoujiError, match=why) as told:
        open_store(name)
    assert "secret" not in str(told.value)


def test_a_store_is_only_made_where_that_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(GoujiError, match="there is no store"):
        open_store(str(tmp_path / "none.sqlite"), create=False)
    (tmp_path / "text.sqlite").write_text("no database at all, only some text " * 50)
    with pytest.raises(GoujiError, match="not a database"):
        open_store(str(tmp_path / "text.sqlite"))


def test_characters_that_a_database_cannot_hold_stay_in_the_record(store: Store) -> None:
    record, document, content = read(case(1, level="clean"))
    record["agency"], record["source"] = "某\0县", "a\0b.txt"
    saved = store.save(record, document, content, STAMP)
    assert "某\0县" == store.record(saved.run)["agency"]
    assert (saved.report, "a�b.txt") == ((found := store.report_of("a\0b.txt")) and found.id, found and found.source)


@pytest.mark.parametrize("command", ["extract golden/000/source.txt --db x.sqlite", "export -o x.csv", "status"])
def test_without_the_extra_it_is_named(command: str, tmp_path: Path) -> None:
    root = WRITER.parent.parent
    arguments = [str(root / a) if a.startswith("golden/") else a for a in command.split()]
    program = f"import sys, runpy; sys.modules['sqlalchemy'] = None; sys.argv = ['gouji', *{arguments}]; runpy.run_path({str(root / 'cli.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(root)})
    assert (done.returncode, done.stderr) == (2, "gouji: error: the store needs SQLAlchemy; pip install 'gouji[store]'\n")
