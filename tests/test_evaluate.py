"""Scoring and rendering, against a form of five cells whose expected figures are counted by hand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from extractor import drawing, plots
from extractor.compare import Card, make_card
from extractor.compare import compare as compare_cards
from extractor.evaluate import FindingScore, Scorecard, evaluate, make_stamp
from extractor.figures import NO_FLAG, UNCLASSED, classes, risk_curve, stops
from extractor.form import Form, load_form
from extractor.golden import GoldenCell, GoldenFinding, GoldenReport, GoldenSource
from extractor.scorecard import LABELS, percent, render_terminal
from extractor.scorepage import render_html
from extractor.scores import CellScore, ClassScore, Planted, PlantedEscape, RiskPoint, Stop
from extractor.types import (
    Blame,
    Decision,
    Document,
    Extraction,
    Finding,
    Located,
    Number,
    Resolved,
    Status,
    Verdict,
)

FORM = """
form: tiny
title: 小表
authority: 测试
detect: [甲行]
tables:
  - id: t
    label: 表一
    unit: 件
    blocks:
      - columns: [{id: x, label: 子列}, {id: y, label: 丑列}]
        rows: [{id: r, label: 甲行}, {id: s, label: 乙行}]
  - id: u
    label: 表二
    unit: 件
    blocks:
      - columns: [{id: x, label: 寅列}]
        rows: [{id: r, label: 丙行}]
rules:
  - {id: SUM, each: row of t, expr: x == y, severity: hard, says: 相等, source: 测试}
"""
TEXT = "甲行 7 <b>0</b> 乙行 空 丙行 3"
# The labels: a figure, a zero, a blank, a lost cell, an excluded one.
TRUTH = (("printed", 7, "7"), ("printed", 0, "0"), ("blank", None, ""), ("lost", None, ""), ("excluded", None, ""))
# One reading: status, value, start, end, outcome, codes.
Reading = tuple[str, Number | None, int, int, str, tuple[str, ...]]
RIGHT: tuple[Reading, ...] = (
    ("printed", 7, 3, 4, "accept", ("AGREED",)),
    ("printed", 0, 8, 9, "accept", ("AGREED",)),
    ("blank", None, -1, -1, "accept", ()),
    ("lost", None, -1, -1, "review", ("CELL_LOST",)),
    ("lost", None, -1, -1, "review", ("CELL_LOST",)),
)


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """The form of five cells."""
    path = tmp_path / "tiny.yaml"
    path.write_text(FORM, "utf-8")
    return load_form(path)


def _report(form: Form, name: str = "r1", sources: int = 1, **changes: Any) -> GoldenReport:
    cells = tuple(
        GoldenCell(i, form.fields[i].id, status, value, printed, "agreed", "")
        for i, (status, value, printed) in enumerate(TRUTH)
    )
    files = tuple(GoldenSource(Path(f"/{name}/source{n}.txt"), "flat", False) for n in range(sources))
    made = GoldenReport(name, "tiny", 2020, "某县", "dev", files, cells, (), ())
    return replace(made, **changes)


def _extraction(
    readings: tuple[Reading, ...], form: str | None = "tiny", findings: tuple[Finding, ...] = ()
) -> Extraction:
    resolved = tuple(
        Resolved(i, Status(s), v, TEXT[a:b] if a >= 0 else None, a, b, c)
        for i, (s, v, a, b, _, c) in enumerate(readings)
    )
    decisions = tuple(Decision(i, o, c, 0.5) for i, (*_, o, c) in enumerate(readings))
    return Extraction(
        Document("s", "0", TEXT, TEXT, "utf-8", "text/plain"), form, (), Located("2020", 0, 0), Located("某县", 0, 0),
        resolved, decisions, findings, (), (), "accept" if all(d.outcome == "accept" for d in decisions) else "review",
    )  # fmt: skip


def _changed(position: int, reading: Reading) -> tuple[Reading, ...]:
    return (*RIGHT[:position], reading, *RIGHT[position + 1 :])


def _run(form: Form, reading: Extraction | Callable[[Path], Extraction], *reports: GoldenReport) -> Scorecard:
    extract = reading if callable(reading) else lambda _: reading
    return evaluate(reports or [_report(form)], extract, [form])


def _counts(card: Scorecard, *names: str) -> list[tuple[int, int]]:
    return [(card.headline[n].count, card.headline[n].total) for n in names]


def test_a_right_reading_is_right_everywhere(form: Form) -> None:
    """Four judged cells right, the excluded one left out, each kind counted apart."""
    card = _run(form, _extraction(RIGHT))

    assert [(4, 4), (1, 1), (1, 1), (1, 1), (1, 1)] == _counts(
        card, "cells_right", "nonzero_right", "zeros_right", "blanks_right", "lost_left_lost"
    )
    assert [(2, 2), (1, 1), (0, 1)] == _counts(card, "tables_exact", "reports_exact", "reports_accepted")
    assert [(3, 5), (0, 3), (1, 1)] == _counts(card, "cells_accepted", "silent_errors", "reviewed_needlessly")
    assert [(1, 1)] * 3 == _counts(card, "form_right", "year_right", "agency_right")
    assert ((), ()) == (card.wrong, card.undecidable_accepted)


def test_an_accepted_wrong_figure_is_a_silent_error(form: Form) -> None:
    """One silent error in three accepted cells; its report counts in the bound, its context is kept."""
    card = _run(form, _extraction(_changed(0, ("printed", 3, 3, 4, "accept", ("AGREED",)))))

    assert [(3, 4), (1, 3), (1, 1)] == _counts(card, "cells_right", "silent_errors", "reports_with_silent_error")
    assert pytest.approx(333_333.33) == card.silent_per_million
    assert 1.0 == card.silent_report_bound
    (wrong,) = card.wrong
    assert ("甲行 · 子列", "7", "3", True) == (wrong.label, wrong.truth_value, wrong.value, wrong.silent)
    assert ("甲行 ", "7", " <b>0</b> 乙行 空 丙行 3") == wrong.context


@pytest.mark.parametrize(
    ("position", "reading"),
    [
        (1, ("blank", None, -1, -1, "review", ())),
        (1, ("lost", None, -1, -1, "review", ())),
        (2, ("printed", 0, 8, 9, "review", ())),
        (2, ("lost", None, -1, -1, "review", ())),
        (0, ("deduced", 7, -1, -1, "review", ())),
        (3, ("blank", None, -1, -1, "review", ())),
    ],
)
def test_zero_blank_and_lost_are_different_answers(form: Form, position: int, reading: Reading) -> None:
    """No credit for a near miss: status and value must both be equal."""
    assert [(3, 4)] == _counts(_run(form, _extraction(_changed(position, reading))), "cells_right")


def test_an_exact_decimal_equals_its_integer(form: Form) -> None:
    """7 and 7.0 are one value; 7.00001 is another."""
    same = _run(form, _extraction(_changed(0, ("printed", Decimal("7.0"), 3, 4, "accept", ()))))
    other = _run(form, _extraction(_changed(0, ("printed", Decimal("7.00001"), 3, 4, "accept", ()))))

    assert [(4, 4), (3, 4)] == _counts(same, "cells_right") + _counts(other, "cells_right")


def test_a_deduced_lost_cell_is_counted_apart(form: Form) -> None:
    """It has no golden value: neither right nor wrong, not even when accepted."""
    card = _run(form, _extraction(_changed(3, ("deduced", 4, -1, -1, "accept", ("DEDUCED",)))))

    assert [(3, 3), (1, 1), (0, 1), (0, 3)] == _counts(
        card, "cells_right", "lost_deduced", "lost_left_lost", "silent_errors"
    )


def test_a_figure_for_a_lost_cell_is_wrong(form: Form) -> None:
    """A reader that prints what the text does not hold made it up."""
    card = _run(form, _extraction(_changed(3, ("printed", 4, 3, 4, "accept", ()))))

    assert (1, 1, 0) == (card.total.lost_but_printed, card.total.silent, card.total.lost_left_lost)


def test_an_accepted_undecidable_figure_is_listed(form: Form) -> None:
    """It stays out of the rates and is shown as a candidate for a silent error."""
    card = _run(form, _extraction(_changed(4, ("printed", 3, 22, 23, "accept", ()))))

    assert [(4, 4), (0, 3)] == _counts(card, "cells_right", "silent_errors")
    assert ["u/r/x"] == [c.field for c in card.undecidable_accepted]


def test_a_crash_is_a_failed_text_and_never_dropped(form: Form) -> None:
    """All its cells are missing and wrong, none accepted, and the reason is kept."""

    def crash(_: Path) -> Extraction:
        raise RuntimeError("no luck")

    card = _run(form, crash)

    assert [(0, 4), (1, 1), (0, 0), (0, 1)] == _counts(
        card, "cells_right", "texts_failed", "silent_errors", "form_right"
    )
    assert ("RuntimeError: no luck", 4) == (card.units[0].failed, card.total.missing)


def test_an_unaligned_extraction_is_a_failure(form: Form) -> None:
    """Readings that do not line up with the form cannot be scored cell by cell."""
    card = _run(form, _extraction(RIGHT[:4]))

    assert "ValueError: 4 readings and 4 decisions for 5 fields" == card.units[0].failed


def test_no_form_leaves_every_cell_missing(form: Form) -> None:
    """A report whose form was not recognised counts in the denominators."""
    card = _run(form, _extraction((), form=None))

    assert [(0, 4), (0, 1), (0, 1)] == _counts(card, "cells_right", "form_right", "reports_exact")
    assert 4 == card.total.missing


def test_no_form_is_right_where_the_text_has_none(form: Form) -> None:
    """A report without tables is exact when the reader says so."""
    card = _run(form, _extraction((), form=None), _report(form, form_id=None, cells=()))

    assert [(0, 0), (1, 1), (1, 1)] == _counts(card, "cells_right", "form_right", "reports_exact")


def test_figures_invented_for_a_text_without_tables_are_wrong(form: Form) -> None:
    """Every printed reading of an absent form is an error, an accepted one a silent error."""
    card = _run(form, _extraction(RIGHT), _report(form, form_id=None, cells=()))

    assert [(0, 2), (2, 2), (0, 1)] == _counts(card, "cells_right", "silent_errors", "reports_exact")
    assert ["absent", "absent"] == [c.truth for c in card.wrong]


def test_nothing_is_right_under_the_wrong_form(form: Form, tmp_path: Path) -> None:
    """A field belongs to a form: the same figure under another form is another statement."""
    path = tmp_path / "other.yaml"
    path.write_text(FORM.replace("form: tiny", "form: other"), "utf-8")
    other = load_form(path)
    card = evaluate([_report(form)], lambda _: _extraction(RIGHT, form="other"), [form, other])

    assert [(0, 4), (3, 3), (0, 1)] == _counts(card, "cells_right", "silent_errors", "form_right")
    assert 0 == card.total.lost_left_lost


def test_renderings_are_units_of_one_report(form: Form) -> None:
    """Two texts of one report with one error: two units, one report with a silent error, none exact."""
    bad = _extraction(_changed(0, ("printed", 3, 3, 4, "accept", ())))
    card = _run(form, lambda p: bad if p.name == "source1.txt" else _extraction(RIGHT), _report(form, sources=2))

    assert [(1, 2), (0, 1), (1, 1)] == _counts(card, "texts_exact", "reports_exact", "reports_with_silent_error")


def test_the_bound_counts_reports(form: Form) -> None:
    """Three clean reports leave at most 1 - 0.05^(1/3) = 63.16 % of reports."""
    card = _run(form, _extraction(RIGHT), *(_report(form, name) for name in ("r1", "r2", "r3")))

    assert pytest.approx(0.6316, abs=1e-4) == card.silent_report_bound


def _finding(instance: str, left: int = 7, severity: str = "hard", blame: Blame = Blame.REPORT) -> Finding:
    return Finding("SUM", instance, severity, Verdict.FAIL, Verdict.FAIL, left, 0, (0, 1), blame=blame)


def test_findings_are_found_missing_or_false(form: Form) -> None:
    """Expected r and s, raised r and a false one; soft and passed rules do not count."""
    due = (GoldenFinding("SUM", "r", 7, 0), GoldenFinding("SUM", "s", 1, 0))
    raised = (
        _finding("r"),
        _finding("q", blame=Blame.UNKNOWN),
        _finding("p", severity="soft"),
        replace(_finding("o"), verdict=Verdict.PASS),
    )
    card = _run(form, _extraction(RIGHT, findings=raised), _report(form, findings=due))

    assert (
        FindingScore("r1", "source0.txt", "SUM", "r", "found", "report", True),
        FindingScore("r1", "source0.txt", "SUM", "s", "missing", "", None),
        FindingScore("r1", "source0.txt", "SUM", "q", "false", "unknown", None),
    ) == card.findings
    assert [(1, 2), (1, 2), (1, 1)] == _counts(card, "findings_found", "findings_false", "findings_blamed_on_report")
    assert {"report": 1, "unknown": 1} == card.blame


def test_a_finding_with_wrong_sides_is_told(form: Form) -> None:
    """The right rule with the wrong sum is found, and marked."""
    due = (GoldenFinding("SUM", "r", 7, 0),)
    card = _run(form, _extraction(RIGHT, findings=(_finding("r", left=6),)), _report(form, findings=due))

    assert [False] == [f.sides_right for f in card.findings]


def test_codes_of_reviewed_cells_are_counted_with_their_yield(form: Form) -> None:
    """CELL_LOST stood on two reviewed cells, none wrong; SUM_FAILED on one, which was."""
    card = _run(form, _extraction(_changed(0, ("printed", 3, 3, 4, "review", ("SUM_FAILED", "SUM_FAILED")))))

    assert {"CELL_LOST": (2, 0), "SUM_FAILED": (1, 1)} == card.codes
    assert (1, 1) == (card.total.reviewed_right, card.total.reviewed_wrong)


def test_year_and_agency_are_compared_with_null(form: Form) -> None:
    """A year where the text names none is wrong, and so is none where it names one."""
    card = _run(form, _extraction(RIGHT), _report(form, year=None, agency="某市"))

    assert [(0, 1), (0, 1)] == _counts(card, "year_right", "agency_right")


def test_the_scorecard_is_json(form: Form) -> None:
    """to_dict survives JSON and keeps counts beside shares."""
    data = json.loads(json.dumps(_run(form, _extraction(RIGHT)).to_dict()))

    assert {"count": 4, "total": 4, "share": 1.0, "low": pytest.approx(0.5101, abs=1e-4), "high": 1.0} == data[
        "headline"
    ]["cells_right"]
    assert {"t", "u"} == set(data["by_table"])


def test_the_stamp_changes_with_the_labels(form: Form, tmp_path: Path) -> None:
    """Golden hash and form hash say what was scored; keyings and notes to people do not change it."""
    folder = tmp_path / "g"
    (folder / "r" / "keys").mkdir(parents=True)
    (folder / "r" / "cells.csv").write_text("1")
    first = make_stamp(folder, [form], "1.0", "2026-01-01")
    (folder / "README.md").write_text("x")
    (folder / "r" / "keys" / "a.yaml").write_text("x")
    same = make_stamp(folder, [form], "1.0", "2026-01-01")
    (folder / "r" / "cells.csv").write_text("2")
    other = make_stamp(folder, [form], "1.0", "2026-01-01")

    assert {"version", "date", "golden", "form tiny"} == set(first)
    assert first == same
    assert first["golden"] != other["golden"]


def test_a_baseline_beside_the_labels_does_not_change_the_stamp(form: Form, tmp_path: Path) -> None:
    """It is made from a scorecard; were it counted, no scorecard would ever have the hash of its own baseline."""
    (tmp_path / "splits.yaml").write_text("1")
    before = make_stamp(tmp_path, [form], "1.0", "2026-01-01")
    (tmp_path / "baseline.json").write_text("{}")

    assert before == make_stamp(tmp_path, [form], "1.0", "2026-01-01")


# Outcome × truth, marks, grids


def test_outcome_and_truth_are_crossed_by_cell_text_and_report(form: Form) -> None:
    """Two texts of one report, one with a silent error; a report is as bad as its worst text."""
    bad = _extraction(_changed(0, ("printed", 3, 3, 4, "accept", ())))
    card = _run(form, lambda p: bad if p.name == "source1.txt" else _extraction(RIGHT), _report(form, sources=2))

    assert {"right": 5, "wrong": 1, "unjudged": 0} == card.outcomes["cells"]["accept"]
    assert {"right": 2, "wrong": 0, "unjudged": 2} == card.outcomes["cells"]["review"]
    assert {"right": 1, "wrong": 1} == card.outcomes["texts"]["review"]
    assert {"right": 0, "wrong": 1} == card.outcomes["reports"]["review"]


def test_a_report_that_fails_in_one_text_has_failed(form: Form) -> None:
    """Not the better of its texts, and a report that is read nowhere is not one for review."""

    def crash(path: Path) -> Extraction:
        if path.name == "source1.txt":
            raise RuntimeError("no luck")
        return replace(_extraction((), form=None), decision="unreadable")

    card = _run(form, crash, _report(form, sources=2), _report(form, "r2"))

    assert {"right": 0, "wrong": 1} == card.outcomes["reports"]["failed"]
    assert {"right": 0, "wrong": 1} == card.outcomes["reports"]["unreadable"]
    assert 0 == sum(card.outcomes["reports"]["review"].values())


def test_every_cell_has_a_mark_in_the_order_of_the_layout(form: Form) -> None:
    """Accepted, silent, accepted; lost in review; excluded without truth."""
    card = _run(form, _extraction(_changed(1, ("printed", 3, 8, 9, "accept", ()))))

    assert {"tiny": {"t/r": "x y", "t/s": "x y", "u/r": "x"}} == card.layout
    assert {"r1/source0.txt": {"t/r": "AS", "t/s": "AR", "u/r": "r"}} == card.marks


def test_coverage_counts_what_the_text_holds(form: Form) -> None:
    """Three cells of two tables stand in the text; one that was not found is missing from both."""
    whole = _run(form, _extraction(RIGHT))
    less = _run(form, _extraction(_changed(1, ("lost", None, -1, -1, "review", ()))))

    assert [(3, 3), (1, 1)] == _counts(whole, "fields_filled", "tables_found")
    assert [(2, 3), (1, 1)] == _counts(less, "fields_filled", "tables_found")
    assert [(0, 3), (0, 1)] == _counts(_run(form, _extraction((), form=None)), "fields_filled", "tables_found")


def test_a_silent_error_is_kept_with_the_block_around_it(form: Form) -> None:
    """What was read in every cell of the block, the place of the error, and the truth of what is wrong."""
    (grid,) = _bad_card(form).grids

    assert ("t/r/y", "表一", 0, 1) == (grid.field, grid.table, grid.row, grid.column)
    assert ["子列", "丑列"] == [c.label for c in grid.columns]
    assert [("甲行", ["7", "3"]), ("乙行", ["␣", "?"])] == [(r.label, [c.shown for c in r.cells]) for r in grid.rows]
    assert [["", "0"], ["", ""]] == [[c.truth for c in r.cells] for r in grid.rows]


# Confidence and codes


def _cell(confidence: float | None = 0.5, right: bool | None = True, outcome: str = "review", codes: str = "", **more: str) -> CellScore:
    """A scored cell of which only the decision matters."""
    report, got, name = more.get("report", "r1"), more.get("got", "printed"), more.get("decision_class", "")
    text = ("", "", "")
    return CellScore(report, "s", "", "", "t", "t/r/x", "", "printed", "1", "1", got, "1", "1", outcome, right, tuple(codes.split()), text, name, confidence)


def test_the_risk_coverage_curve_by_hand() -> None:
    """Right at 0.9, wrong at 0.8, one of two wrong at 0.5; what has no truth or no confidence is left out."""
    cells = [_cell(0.5), _cell(0.8, False), _cell(0.9), _cell(0.5, False), _cell(0.99, None), _cell(None, False)]
    curve = risk_curve(cells)

    assert (RiskPoint(0.9, 1, 0), RiskPoint(0.8, 2, 1), RiskPoint(0.5, 4, 2)) == curve.points
    assert pytest.approx((0 + (1 - math.log(2)) + 1) / 4) == curve.aurc
    assert 3.5 / 16 == curve.augrc


def test_one_confidence_for_all_is_one_point_whose_area_is_the_error_rate() -> None:
    """The order of equal cells must not matter."""
    curve = risk_curve([_cell(0.7, n > 0) for n in range(4)])

    assert (1, 0.25, 0.125) == (len(curve.points), curve.aurc, curve.augrc)
    assert (None, None) == (risk_curve([]).aurc, risk_curve([]).augrc)


def test_classes_are_bounded_by_reports_and_not_by_cells() -> None:
    """Four cells of two reports, one wrong: one report of two, so the bound is that of 1 in 2."""
    cells = [_cell(0.8, n > 0, "accept", report=f"r{n % 2}", decision_class="a") for n in range(4)]
    got = classes([*cells, _cell(0.6), _cell(0.6, None, decision_class="a")])

    assert ClassScore(4, 1, 4, 2, 1, pytest.approx(0.97468, abs=1e-5), pytest.approx(0.8)) == got["a"]
    assert (1, 0, 0) == (got[UNCLASSED].cells, got[UNCLASSED].wrong, got[UNCLASSED].accepted)


def test_a_code_is_credited_with_what_it_stopped_alone() -> None:
    """Of two errors one was stopped by LABELS_INTERLEAVED alone; infos and answered doubts send nobody."""
    got = stops([
        _cell(right=False, codes="LABELS_INTERLEAVED RULE_PASSED"),
        _cell(right=False, codes="LABELS_INTERLEAVED TYPE_INVALID"),
        _cell(right=True, codes="TYPE_INVALID"),
        _cell(right=None, codes="FIELD_LOST"),
        _cell(right=True, codes="ROW_UNMARKED"),
        _cell(right=True, codes="COUNT_SHORT PROVEN OF_ANOTHER_VERSION"),
        _cell(right=False, outcome="accept", codes="TYPE_INVALID"),
    ])  # fmt: skip

    assert Stop(2, 2, 1, 0) == got["LABELS_INTERLEAVED"]
    assert Stop(2, 1, 0, 1) == got["TYPE_INVALID"]
    assert {"FIELD_LOST", NO_FLAG, "OF_ANOTHER_VERSION"} == {k for k, s in got.items() if s == Stop(1, 0, 0, 1)}
    assert ["LABELS_INTERLEAVED", "TYPE_INVALID"] == list(got)[:2]


# Rendering


def _bad_card(form: Form) -> Scorecard:
    return _run(form, _extraction(_changed(1, ("printed", 3, 8, 9, "accept", ("AGREED",)))))


def test_every_headline_figure_has_a_label(form: Form) -> None:
    """A figure without a label would break the page."""
    assert set(LABELS) == set(_run(form, _extraction(RIGHT)).headline)


def test_the_page_is_self_contained_and_escapes_report_text(form: Form) -> None:
    """No script, no address, report text escaped, the evidence marked, light and dark."""
    page = render_html(_bad_card(form))

    assert "甲行 7 &lt;b&gt;<mark>0</mark>&lt;/b&gt; 乙行 空" in page
    assert "<b>" not in page
    assert "甲行 · 丑列" in page
    assert "prefers-color-scheme:dark" in page
    assert [] == re.findall(r"<script|<link|<img|https?://|\bon\w+=|url\((?!#)|@import", page)
    assert "SILENT ERROR" in page


def test_the_page_of_a_failed_run_escapes_the_message(form: Form) -> None:
    """An exception text may hold anything."""

    def crash(_: Path) -> Extraction:
        raise RuntimeError("<script>alert(1)</script>")

    page = render_html(_run(form, crash))

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_terminal_summary_is_short_and_names_the_wrong_cell(form: Form) -> None:
    """Headline, strata and wrong cells; brackets of report text are not markup."""
    out = StringIO()
    render_terminal(_bad_card(form), Console(file=out, width=160, color_system=None))
    text = out.getvalue()

    assert "1 silent errors in 3 accepted cells (333,333 per million)" in text
    assert "3/4 = 75.00 %" in text
    assert re.search(r"r1/source0\.txt\s+t/r/y\s+0 \(printed\)\s+3 \(printed\)\s+SILENT ERROR", text)


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (0.0, "0.00 %"), (1.0, "100.00 %"), (0.99999, ">99.99 %"), (0.00001, "<0.01 %"), (0.5, "50.00 %")],
)
def test_a_percentage_never_rounds_to_certainty(share: float | None, text: str) -> None:
    """100 % and 0 % are only printed when exact."""
    assert text == percent(share)


def test_the_page_draws_each_silent_error_in_its_grid(form: Form) -> None:
    """The cell is outlined, with its truth beside it."""
    page = render_html(_bad_card(form))

    assert '<td class="printed wrong here">3 ≠ 0</td>' in page
    assert '<td class="lost review">?</td>' in page
    assert 1 == page.count(' here">')


def test_the_terminal_draws_the_rows_around_a_silent_error(form: Form) -> None:
    """The cell in double brackets, cells for review with a star."""
    out = StringIO()
    render_terminal(_bad_card(form), Console(file=out, width=160, color_system=None))

    assert re.search(r"甲行\s+7\s+⟦3⟧\s+乙行\s+␣\s+\?\*", out.getvalue())


def test_plots_are_part_of_the_page_and_the_same_at_every_run(form: Form) -> None:
    """Inline SVG in the page's ink, ids of its own for each plot; the same bytes twice."""
    card = _bad_card(form)
    page = render_html(card)
    ids = re.findall(r' id="([^"]+)"', page)

    assert 4 == page.count("<svg") == len(plots.plots(card) or ())
    assert "currentColor" in page
    assert page == render_html(card)
    assert len(set(ids)) == len(ids)


def test_without_matplotlib_the_page_says_what_is_missing(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install has none; everything else is there."""
    monkeypatch.setattr(drawing, "find_spec", lambda name: None)
    page = render_html(_bad_card(form))

    assert "Plots left out: they need matplotlib, which `pip install &#x27;gouji[evaluate]&#x27;` brings" in page
    assert "<svg" not in page
    assert "SILENT ERROR" in page


def test_planted_errors_are_counted_and_escapes_listed(form: Form) -> None:
    """Kinds with their outcomes in a table, each escape by itself; without planting the page says how."""
    escape = PlantedEscape("digit <added>", "escaped, silent", "r1", "x 1→11", ("t/r/x=11",))
    planted = Planted(1, (0, 1), {"digit <added>": {"caught": 3, "escaped, silent": 1}}, ("escaped, silent",), (escape,))
    card = replace(_run(form, _extraction(RIGHT)), planted=planted)
    out = StringIO()
    render_terminal(card, Console(file=out, width=200, color_system=None))

    assert "escaped, silent: digit &lt;added&gt; in r1: x 1→11: accepted t/r/x=11" in render_html(card)
    assert "4 in 1 texts, 1 kinds: 3 caught, 1 escaped, silent. Escaped in silence: digit <added> 1" in out.getvalue()
    assert "use --planted" in render_html(_run(form, _extraction(RIGHT)))


def test_the_page_holds_the_comparison_with_a_baseline(form: Form) -> None:
    """The broken cell with both readings, and the statistics."""
    base, new = (_stored(_run(form, _extraction(RIGHT))), _bad_card(form))
    page = render_html(new, compare_cards(base, _stored(new)))

    assert "Against the baseline" in page
    assert "New silent errors 新的静默错误 (1)" in page
    assert "<td>0 (printed) [accept right]</td>" in page.replace(' class="n"', "")
    assert "Reports exact: 1 → 0 of 1: 0 won, 1 lost; exact McNemar p = 1" in page


def _stored(card: Scorecard) -> Card:
    return make_card(card.to_dict(), "test")
