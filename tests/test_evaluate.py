"""Scoring and rendering, against a form of five cells whose expected figures are counted by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from extractor.errors import GoujiError
from extractor.evaluate import FindingScore, Scorecard, evaluate, make_stamp
from extractor.form import Form, load_form
from extractor.golden import GoldenCell, GoldenFinding, GoldenReport, GoldenSource
from extractor.scorecard import LABELS, percent, render_html, render_terminal
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


def _report(form: Form, name: str = "r1", sources: int = 1, **changes: object) -> GoldenReport:
    cells = tuple(
        GoldenCell(i, form.fields[i].id, status, value, printed, "agreed", "")
        for i, (status, value, printed) in enumerate(TRUTH)
    )
    files = tuple(GoldenSource(Path(f"/{name}/source{n}.txt"), "flat", False) for n in range(sources))
    made = GoldenReport(name, "tiny", 2020, "某县", "dev", files, cells, (), ())
    return replace(made, **changes)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("name", "message"),
    [("model", "no model reader is configured"), ("both", "no model reader is configured"), ("x", "unknown reader")],
)
def test_readers_that_do_not_exist_are_refused(form: Form, name: str, message: str) -> None:
    """Only the rules read in this version."""
    with pytest.raises(GoujiError, match=message):
        evaluate([_report(form)], lambda _: _extraction(RIGHT), [form], readers=("rules", name))


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
    assert [] == re.findall(r"<script|<link|<img|https?://|\bon\w+=|url\(|@import", page)
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
