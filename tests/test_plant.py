"""Planted errors: each does what it says to the text, and what becomes of it is judged rightly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from extractor.form import load_forms
from extractor.golden import load_golden
from extractor.judge import ACCEPT
from extractor.plant import KINDS, OUTCOMES, Base, Plant, PlantedSummary, bases_of, changed_text, run, run_planted, text
from extractor.plant.text import invisible, truth_after
from extractor.types import Extraction

ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()
GOLDEN = load_golden(ROOT / "golden", FORMS, "dev")
BASES = {b.name: b for b in bases_of(GOLDEN, FORMS)}
CITY = BASES["real-007/source.txt"]
COUNTY = BASES["003/source.txt"]
DIGITS = ("two digits swapped", "digit dropped", "digit added", "0 read as 8")
# A label without figures, all sums intact: the one thing that a text can hide from its sums (benchmarks/README.md).
HIDDEN = {"rows slipped, last gone", "rows slipped, first gone"}

Change = Callable[[Extraction], Extraction]


def field(base: Base, name: str) -> int:
    return base.form.index[name]


def row_of(base: Base, name: str) -> tuple[int, ...]:
    return next(r for r in base.rows if base.form.fields[r[0]].row == name)


def drawn(kind: str, base: Base, seeds: int = 40) -> list[Plant]:
    """Different plants of a kind in a text."""
    return list(dict.fromkeys(p for s in range(seeds) if (p := KINDS[kind](base, Random(s)))))


@pytest.fixture(scope="module")
def summary() -> PlantedSummary:
    return run_planted(GOLDEN, FORMS, range(2))


# The texts


def test_a_base_knows_where_its_figures_stand() -> None:
    i = field(CITY, "requests/new/natural_person")

    assert ("3402", 3402) == (CITY.printed(i), CITY.truth[i])
    assert "一、本年新收政府信息公开申请数量" == CITY.text[slice(*CITY.labels[CITY.rows.index(row_of(CITY, "new"))])]
    assert {"自然人", "其他", "总计"} <= {CITY.text[slice(*s)] for s in CITY.headings["requests"].columns.values()}
    assert all(len(r) > 2 for b in BASES.values() for r in b.rows)


def test_locked_reports_are_left_alone() -> None:
    names = {n.partition("/")[0] for n in BASES}

    assert {"000", "001", "003", "real-007"} <= names
    assert not names & {"real-004", "real-005", "real-006", "real-016", "real-020", "real-032"}


def test_a_changed_figure_is_changed_in_the_text_and_nowhere_else() -> None:
    plant = Plant(figures=((field(CITY, "requests/new/natural_person"), "3420"),))

    assert CITY.text.replace("3402", "3420", 1) == changed_text(CITY, plant)
    assert not invisible(CITY, plant)
    assert ("caught", ()) == run.judge_plant(CITY, plant, FORMS)


# What each kind does


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_some_text_and_is_always_the_same(kind: str) -> None:
    found = [(b, p) for b in BASES.values() for p in drawn(kind, b, 6)]

    assert found
    assert all(changed_text(b, p) != b.text and p.cells for b, p in found)
    assert [(b.name, p) for b, p in found] == [(b.name, p) for b in BASES.values() for p in drawn(kind, b, 6)]
    assert KINDS[kind].__doc__


@pytest.mark.parametrize("kind", DIGITS)
def test_a_digit_changes_one_figure_to_another_value(kind: str) -> None:
    for plant in drawn(kind, CITY):
        ((i, new),) = plant.figures
        old = CITY.printed(i)

        assert int(new) != CITY.truth[i]
        assert {"two digits swapped": 0, "digit dropped": -1, "digit added": 1, "0 read as 8": 0}[kind] == len(new) - len(old)
        assert kind != "two digits swapped" or sorted(new) == sorted(old)


def test_full_width_digits_keep_their_value() -> None:
    for plant in drawn("full-width digits", CITY):
        ((i, new),) = plant.figures

        assert int(new) == CITY.truth[i]
        assert not new.isascii()
        assert run.judge_plant(CITY, plant, FORMS)[0] in ("recovered", "sent")


@pytest.mark.parametrize(("kind", "blank"), [("0 printed as blank", {""}), ("0 printed as a dash", set("-—/无"))])
def test_a_zero_that_is_gone_may_not_be_accepted_as_printed(kind: str, blank: set[str]) -> None:
    for plant in drawn(kind, COUNTY):
        ((i, new),) = plant.figures

        assert new in blank
        assert (0, None) == (COUNTY.truth[i], truth_after(COUNTY, plant)[i])


@pytest.mark.parametrize("kind", ["two compensating errors", "two errors that cancel in a column", "four errors that cancel"])
def test_errors_that_cancel_leave_the_sum_of_their_line(kind: str) -> None:
    for plant in drawn(kind, CITY):
        change = {i: int(new) - CITY.value(i) for i, new in plant.figures}
        fields = [CITY.form.fields[i] for i in change]

        assert 0 == sum(change.values())
        assert 0 not in change.values()
        assert all(int(new) >= 0 for _, new in plant.figures)
        assert {"two compensating errors": 1, "four errors that cancel": 2}.get(kind, 2) == len({f.row for f in fields})
        assert {"two errors that cancel in a column": 1}.get(kind, 2) == len({f.column for f in fields})


def test_shifted_rows_show_the_figures_of_the_row_before() -> None:
    plant = next(p for p in drawn("rows slipped, last gone", CITY) if len(p.affected) == 7)
    shown = dict(plant.figures)
    rows = [r for r in CITY.rows if set(r) & set(shown)]

    for row in rows:
        above = CITY.rows[CITY.rows.index(row) - 1]
        assert [shown.get(i, CITY.printed(i)) for i in row] == [CITY.printed(i) for i in above]


def test_exchanged_labels_stand_in_each_others_place() -> None:
    for plant in drawn("labels of two rows swapped", CITY):
        (a, b, new), (c, d, other) = plant.edits

        assert (CITY.text[c:d], CITY.text[a:b]) == (new, other)
        rows = {CITY.form.fields[i].row for i, _ in plant.says}
        assert 2 == len(rows)


def test_exchanged_and_merged_headings() -> None:
    swapped, merged = drawn("headings swapped", CITY), drawn("headings merged", CITY)

    assert all(len({CITY.form.fields[i].column for i, _ in p.says}) == 2 for p in swapped)
    assert all(not CITY.text[slice(*p.edits[0][:2])].strip() for p in merged)
    assert {"sent", "caught"} >= {run.judge_plant(CITY, p, FORMS)[0] for p in swapped if not invisible(CITY, p)}


def test_a_row_printed_twice_stands_twice() -> None:
    for plant in drawn("row printed twice", COUNTY):
        ((at, _, copy),) = plant.edits

        assert COUNTY.text[:at].endswith(copy)


def test_the_last_column_gone_leaves_one_figure_less_in_each_row() -> None:
    plant = next(p for p in drawn("last column gone", COUNTY) if len(p.affected) > 3)
    after = changed_text(COUNTY, plant)

    assert {"total"} == {COUNTY.form.fields[i].column for i in plant.affected}
    assert len(COUNTY.text) - len(after) == sum(end - start for start, end, _ in plant.edits)


# What is invisible


def test_figures_of_two_parts_of_one_sum_exchanged_are_invisible() -> None:
    granted, partial, total = (row_of(CITY, r) for r in ("granted", "partial", "total"))

    def exchanged(one: tuple[int, ...], two: tuple[int, ...]) -> Plant:
        return Plant(figures=tuple((a, CITY.printed(b)) for x, y in ((one, two), (two, one)) for a, b in zip(x, y, strict=True)))

    assert invisible(CITY, exchanged(granted, partial))
    assert not invisible(CITY, exchanged(granted, total))
    assert not invisible(CITY, replace(exchanged(granted, partial), broken=True))


def test_a_zero_for_a_blank_is_invisible_and_an_eight_for_a_zero_is_not() -> None:
    i = field(COUNTY, "requests/partial/commercial")

    assert invisible(COUNTY, Plant(figures=((i, ""),)))
    assert not invisible(COUNTY, Plant(figures=((i, "8"),)))


# How it is judged


def judged(monkeypatch: pytest.MonkeyPatch, plant: Plant, change: Change) -> tuple[str, tuple[run.EscapedCell, ...]]:
    """The outcome where the reader's answer is changed before it is judged."""
    monkeypatch.setattr(run, "read_text", lambda *given: change(text.read_text(*given)))
    return run.judge_plant(COUNTY, plant, FORMS)


def accepting(got: Extraction) -> Extraction:
    """A reader that accepts everything."""
    return replace(got, decisions=tuple(d._replace(outcome=ACCEPT, codes=("X",)) for d in got.decisions))


def silent(got: Extraction) -> Extraction:
    """A reader that accepts everything and has no rules."""
    return replace(accepting(got), findings=())


@pytest.mark.parametrize(("reader", "outcome"), [(accepting, "escaped, flagged"), (silent, "escaped, silent")])
def test_an_accepted_error_is_an_escape(monkeypatch: pytest.MonkeyPatch, reader: Change, outcome: str) -> None:
    """It is one whatever the rules say; they only make the difference between flagged and silent."""
    i = field(COUNTY, "requests/partial/commercial")

    got, cells = judged(monkeypatch, Plant(figures=((i, "8"),)), reader)

    assert outcome == got
    assert ("requests/partial/commercial", "8", ("X",)) in {(c.field, c.value, c.codes) for c in cells}


def test_an_error_anywhere_else_is_an_escape_too(monkeypatch: pytest.MonkeyPatch) -> None:
    i, other = field(COUNTY, "requests/partial/commercial"), field(COUNTY, "litigation/direct_lawsuit/corrected")

    def misreads(got: Extraction) -> Extraction:
        wrong = tuple(r._replace(value=5) if r.field == other else r for r in got.resolved)
        return replace(got, resolved=wrong)

    outcome, cells = judged(monkeypatch, Plant(figures=((i, "8"),)), misreads)

    assert ("escaped, flagged", ["litigation/direct_lawsuit/corrected"]) == (outcome, [c.field for c in cells])


def test_an_accepted_invisible_error_is_no_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    i = field(COUNTY, "requests/partial/commercial")

    assert ("invisible, accepted", ()) == judged(monkeypatch, Plant(figures=((i, ""),)), silent)


def test_the_right_value_under_changed_surroundings_is_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    (plant, *_) = drawn("row printed twice", COUNTY)

    assert "recovered" == judged(monkeypatch, plant, silent)[0]


# All of it


def test_every_kind_is_tried_and_every_outcome_counted(summary: PlantedSummary) -> None:
    assert set(KINDS) == set(summary.counts)
    assert all(set(OUTCOMES) == set(by) for by in summary.counts.values())
    assert [] == [kind for kind, by in summary.counts.items() if not sum(by.values())]
    assert summary.tried == sum(sum(by.values()) for by in summary.counts.values())
    assert len(summary.escapes) == summary.silent + summary.outcome("escaped, flagged")
    assert all(e.escaped and all(c.codes for c in e.escaped) and e.plant for e in summary.escapes)
    assert set(BASES) == set(summary.texts)


def test_no_wrong_digit_is_ever_accepted(summary: PlantedSummary) -> None:
    assert [] == [e for e in summary.escapes if e.kind in DIGITS]


def test_nothing_escapes_in_silence_that_a_sum_or_an_anchor_shows(summary: PlantedSummary) -> None:
    assert [] == [e for e in summary.escapes if e.outcome == "escaped, silent" and e.kind not in HIDDEN]


def test_two_runs_are_one(summary: PlantedSummary) -> None:
    some = [g for g in GOLDEN if g.id == "003"]

    assert run_planted(some, FORMS, range(1)) == run_planted(some, FORMS, range(1))
