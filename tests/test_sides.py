"""Readers side by side from recorded replies. The replies are fixtures: scripted readers wrote them, no model was ever asked."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from benchmarks.damage import make_case
from cli import app
from extractor.ask import questions
from extractor.compare import baseline, compare, make_card, read_card
from extractor.errors import GoujiError
from extractor.evaluate import BOTH, MODEL, RULES, reader_names
from extractor.form import Form, load_form
from extractor.gate import gate, load_gate
from extractor.golden import GoldenCell
from extractor.model.prices import Prices
from extractor.model.replies import Replies
from extractor.modelerrors import KINDS, beside, fault, page_of, wanted
from extractor.pipeline import Draft, decide, draft, extract_path
from extractor.policy import Policy
from extractor.read import read_bytes
from extractor.recorded import choose_model, model_alone
from extractor.scorepage import render_html
from extractor.scores import Scorecard
from extractor.types import Candidate, Heard, Status
from tests.sides_support import CLEAN, FORMS, MISPRINTED, NAME, ROOT, golden_of, record, scored


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Two sound reports."""
    return golden_of(tmp_path / "golden", CLEAN)


# The readers


def test_a_perfect_reader_is_right_in_every_cell_and_costs_what_was_recorded(clean: Path, tmp_path: Path) -> None:
    card = scored(clean, record(tmp_path / "r.sqlite", CLEAN, "perfect"))
    sides = card.sides
    assert sides is not None
    rules, model, both = sides.readers
    cells = sum(len(c.truth) for c in CLEAN)
    assert (RULES, MODEL, BOTH) == card.readers == tuple(r.reader for r in sides.readers)
    assert (cells, cells, 0, 0) == (model.judged, model.right, model.silent, model.unanswered)
    assert (2, 2) == (model.reports_exact.count, model.reports_exact.total)
    assert both.right == rules.right
    assert dict.fromkeys(KINDS, 0) == sides.errors
    assert rules.spent is None
    assert model.spent is not None
    asked = model.spent.requests
    assert asked >= 6
    assert (1000 * asked, 100 * asked, 2) == (model.spent.input, model.spent.output, model.spent.reports)
    assert {"USD": asked * Decimal("0.00056")} == model.spent.money
    assert {"USD": asked * Decimal("0.00056") / cells} == model.spent.money_per_accepted
    assert 500 * asked == model.spent.input_per_report
    assert [(RULES, MODEL), (RULES, BOTH), (MODEL, BOTH)] == [(p.base, p.new) for p in sides.pairs]
    assert (2, 0, 0) == (sides.pairs[0].exact.both, sides.pairs[0].exact.lost, sides.pairs[0].exact.won)


@pytest.mark.parametrize(("reader", "kind"), [("hallucinating", "invented"), ("shifting", "shifted"), ("swapping", "shifted")])
def test_a_vice_is_classed_as_what_it_is(reader: str, kind: str, clean: Path, tmp_path: Path) -> None:
    """Where two rows claim one figure neither keeps it: what is lost by that, and was right, is omitted."""
    sides = scored(clean, record(tmp_path / "r.sqlite", CLEAN, reader), (MODEL,)).sides
    assert sides is not None
    assert sides.errors is not None
    assert sides.errors[kind] == sum(c.kind != "omitted" for c in sides.cases) > 10
    assert all(c.given == c.truth_value for c in sides.cases if c.kind == "omitted")
    assert sum(sides.errors.values()) == len(sides.cases) == sides.readers[0].wrong


def test_a_reader_that_makes_the_sums_hold_balances(tmp_path: Path) -> None:
    """Its figures are what the sums want, where the report misprints; the rules' decisions stand against it."""
    case = make_case(FORMS[0], MISPRINTED, "tab-rows", "clean")
    assert case.misprints
    card = scored(golden_of(tmp_path / "golden", [case]), record(tmp_path / "r.sqlite", [case], "balancing"))
    assert card.sides is not None
    assert card.sides.errors is not None
    assert card.sides.errors["balanced"] == len(card.sides.cases) > 0
    assert 0 == card.others[BOTH].total.silent == card.total.silent


# What is not recorded


def without(store: Path, table: str, report: str = "%") -> int:
    """Take the replies about one table out of a store, of one report or of all; how many there were."""
    import sqlite3

    with sqlite3.connect(store) as db:
        return db.execute('DELETE FROM attempt WHERE "table" = ? AND report LIKE ?', (table, report)).rowcount


def test_a_text_with_a_question_without_reply_is_unanswered_and_in_no_rate(clean: Path, tmp_path: Path) -> None:
    store = record(tmp_path / "r.sqlite", CLEAN[:1], "perfect")
    card = scored(clean, store)
    assert card.sides is not None
    rules, model, both = card.sides.readers
    assert (0, 0) == (rules.unanswered, rules.unanswered_texts)
    for line in (model, both):
        assert (len(CLEAN[1].truth), 1) == (line.unanswered, line.unanswered_texts)
        assert (len(CLEAN[0].truth), 0, 0) == (line.judged, line.wrong, line.missing)
        assert (1, 1) == (line.reports_exact.count, line.reports_exact.total)
    assert {str(clean / CLEAN[1].name / f"source{CLEAN[1].suffix}")} == {q.text for q in card.sides.unrecorded}
    assert {t.id for t in FORMS[1].tables} == {q.table for q in card.sides.unrecorded}
    assert [1, 1, 1] == [p.reports for p in card.sides.pairs]
    marks = card.others[MODEL].marks[f"{CLEAN[1].name}/source{CLEAN[1].suffix}"]
    assert {"u"} == set("".join(marks.values()))
    assert "1 texts of the new card lack recorded replies and are not paired" in compare(
        make_card(card.to_dict(), "a").of(RULES), make_card(card.others[MODEL].to_dict(), "b")
    ).notes


def test_one_missing_reply_is_enough(clean: Path, tmp_path: Path) -> None:
    store = record(tmp_path / "r.sqlite", CLEAN, "perfect")
    gone = without(store, FORMS[0].tables[0].id)
    assert gone
    card = scored(clean, store, (MODEL,))
    assert card.sides is not None
    assert gone == len(card.sides.unrecorded)
    assert card.total.judged + card.total.unanswered == card.total.cells


def test_the_store_must_hold_replies_and_say_whose(tmp_path: Path) -> None:
    case = CLEAN[:1]
    with Replies(tmp_path / "empty.sqlite") as empty, pytest.raises(GoujiError, match="there are no recorded replies in it; record some"):
        choose_model(empty, "")
    record(tmp_path / "r.sqlite", case, "perfect")
    with Replies(tmp_path / "r.sqlite") as one:
        assert NAME == choose_model(one, "") == choose_model(one, NAME)
        with pytest.raises(GoujiError, match=f"no reply of GOUJI_MODEL=other; it holds replies of {NAME}"):
            choose_model(one, "other")
    record(tmp_path / "r.sqlite", case, "perfect", model="second")
    with Replies(tmp_path / "r.sqlite") as two:
        assert "second" == choose_model(two, "second")
        with pytest.raises(GoujiError, match="replies of 2 models: gpt-4.1-mini, second; say in GOUJI_MODEL"):
            choose_model(two, "")


# What it cost


def test_a_price_or_a_count_that_is_not_known_is_not_0(clean: Path, tmp_path: Path) -> None:
    unpriced = scored(clean, record(tmp_path / "r.sqlite", CLEAN, "perfect"), (MODEL,), Prices([])).sides
    uncounted = scored(clean, record(tmp_path / "s.sqlite", CLEAN, "perfect", usage=None), (MODEL,)).sides
    assert unpriced is not None
    assert uncounted is not None
    (a,), (b,) = unpriced.readers, uncounted.readers
    assert a.spent is not None
    assert b.spent is not None
    assert (None, None, None, (NAME,)) == (a.spent.money, a.spent.money_per_report, a.spent.money_per_accepted, a.spent.unpriced)
    assert a.spent.input_per_report == a.spent.input / 2 > 0
    assert (None, None, None) == (b.spent.money, b.spent.input_per_report, b.spent.output_per_report)
    assert b.spent.uncounted == b.spent.requests > 0


def test_a_report_that_stands_twice_was_paid_for_once(tmp_path: Path) -> None:
    folder = golden_of(tmp_path / "golden", CLEAN[:1])
    store = record(tmp_path / "r.sqlite", CLEAN[:1], "perfect")
    once = scored(folder, store, (MODEL,)).sides
    meta = folder / CLEAN[0].name / "meta.yaml"
    data = yaml.safe_load(meta.read_text("utf-8"))
    (folder / CLEAN[0].name / "again.txt").write_bytes(CLEAN[0].data)
    data["sources"].append({"file": "again.txt", "shape": "tab-rows", "cut": False})
    meta.write_text(yaml.safe_dump(data), "utf-8")
    twice = scored(folder, store, (MODEL,)).sides
    assert once is not None
    assert twice is not None
    (a,), (b,) = once.readers, twice.readers
    assert a.spent is not None
    assert b.spent is not None
    assert (a.spent.requests, a.spent.money) == (b.spent.requests, b.spent.money)
    assert 2 * a.judged == b.judged


def test_a_text_that_breaks_the_reader_or_cannot_be_read_is_omitted_and_stays_in_the_count(
    clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One text is a PDF, in the other the program crashes: every golden cell is wrong, and nothing was asked."""
    store = record(tmp_path / "r.sqlite", CLEAN, "perfect")
    (clean / CLEAN[0].name / f"source{CLEAN[0].suffix}").write_bytes(b"%PDF-1.7 x")

    def crash(*_: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setattr("extractor.recorded.consult", crash)
    card = scored(clean, store, (MODEL, BOTH))
    assert card.sides is not None
    cells = sum(len(c.truth) for c in CLEAN)
    assert {**dict.fromkeys(KINDS, 0), "omitted": cells} == card.sides.errors
    assert ["unreadable", "failed"] == [u.decision for u in card.units]
    spent = card.sides.readers[0].spent
    assert spent is not None
    assert (0, {}) == (spent.requests, spent.money)
    assert [cells, cells] == [r.missing for r in card.sides.readers]


# The model by itself


def test_a_cell_takes_the_one_answer_of_the_model_and_no_other() -> None:
    begun = draft(read_bytes(CLEAN[0].data, CLEAN[0].name), FORMS)
    assert isinstance(begun, Draft)
    rules = decide(begun)
    found = (
        Candidate(0, Status.PRINTED, 7, "7", 3, 4, ("STRAY_FIGURE",)), Candidate(0, Status.PRINTED, 7, "7", 3, 4, (), 1),
        Candidate(1, Status.PRINTED, 7, "7", 3, 4), Candidate(1, Status.PRINTED, 8, "8", 5, 6, (), 1),
        Candidate(2, Status.BLANK, None, "", -1, -1), Candidate(3, Status.LOST, None, "", -1, -1),
    )  # fmt: skip
    heard = Heard((), 1, 1, (), ((4, "MODEL_OMITTED", "x"),))
    got = model_alone(type(rules)(**{f: getattr(rules, f) for f in rules.__slots__} | {"model": found, "heard": heard}))
    first = [(r.status, r.value, d.outcome) for r, d in zip(got.resolved[:5], got.decisions, strict=False)]
    assert [
        ("printed", 7, "accept"), ("lost", None, "review"), ("blank", None, "accept"), ("lost", None, "review"), ("lost", None, "review"),
    ] == first  # fmt: skip
    assert (("STRAY_FIGURE",), ("MODEL_OMITTED",)) == (got.decisions[0].codes, got.decisions[4].codes)
    assert ("review", (), ()) == (got.decision, got.findings, got.extras)


# The kinds of error, by hand

TINY = """
form: tiny
title: 小表
authority: 测试
detect: [甲行]
tables:
  - id: t
    label: 表一
    unit: 件
    blocks:
      - columns: [{id: x, label: 子列}, {id: y, label: 丑列}, {id: z, label: 合计}]
        rows: [{id: r, label: 甲行}, {id: s, label: 乙行}, {id: u, label: 丙行}]
rules:
  - {id: SUM, each: row of t, expr: x + y == z, severity: hard, says: 相等, source: 测试}
"""
# 甲行 misprints its total: 7 + 0 is not 9. 乙行 has a blank and a lost cell. 丙行 stands apart with 40.
VALUES: tuple[tuple[str, int | None], ...] = (
    ("printed", 7), ("printed", 0), ("printed", 9), ("printed", 2), ("blank", None), ("lost", None), ("printed", 40), ("printed", 5), ("printed", 45),
)  # fmt: skip


@pytest.fixture
def tiny(tmp_path: Path) -> Form:
    """Three rows of two cells and their total."""
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    return load_form(tmp_path / "tiny.yaml")


@pytest.mark.parametrize(
    ("field", "standing", "loose", "expected"),
    [
        (0, (), (), ("omitted", "nothing")),
        (0, (), (7,), ("omitted", "7")),
        (4, (), (None,), ("omitted", "blank")),
        (2, (), (7,), ("balanced", "7")),
        (5, (), (2,), ("balanced", "2")),
        (2, (7,), (), ("misread", "7")),
        (0, (2,), (), ("shifted", "2")),
        (0, (), (2,), ("shifted", "2")),
        (3, (40,), (), ("shifted", "40")),
        (8, (5,), (), ("shifted", "5")),
        (5, (40,), (), ("invented", "40")),
        (4, (0,), (), ("shifted", "0")),
        (4, (40,), (), ("invented", "40")),
        (5, (None,), (), ("invented", "blank")),
        (0, (), (77,), ("invented", "77")),
        (0, (), (40,), ("misread", "40")),
        (0, (), (2020,), ("misread", "2020")),
        (0, (40,), (), ("misread", "40")),
        (0, (None,), (), ("misread", "blank")),
        (0, (7, 40), (), ("misread", "40")),
        (6, (), (-40,), ("misread", "-40")),
    ],
)
def test_each_kind_of_error_and_their_order(
    tiny: Form, field: int, standing: tuple[int | None, ...], loose: tuple[int | None, ...], expected: tuple[str, str]
) -> None:
    """A balanced figure may be a neighbour's too, where it stands nowhere it was cited; one that stands there was taken, not made."""
    cells = [GoldenCell(i, tiny.fields[i].id, status, value, "", "agreed", "") for i, (status, value) in enumerate(VALUES)]
    page = page_of(tiny, cells, "2020 年 甲行 7 0 9 乙行 2 丙行 40 5 45")
    assert expected == fault(page, field, standing, loose)


def test_sums_and_neighbours_by_hand(tiny: Form) -> None:
    """Blank counts as 0 in a sum; a sum with another lost cell wants nothing."""
    cells = [GoldenCell(i, tiny.fields[i].id, status, value, "", "agreed", "") for i, (status, value) in enumerate(VALUES)]
    page = page_of(tiny, cells, "7")
    assert [{9}, {2}, {7}, set(), set(), {2}] == [wanted(page, i) for i in range(6)]
    assert [{0, 2}, {7, 40}, {0, 2, 5}] == [beside(page, i) for i in (0, 3, 4)]


# Cards of several readers held against others


def cards(clean: Path, tmp_path: Path) -> Scorecard:
    return scored(clean, record(tmp_path / "r.sqlite", CLEAN, "shifting"))


def test_the_gate_takes_the_reader_that_both_cards_have(clean: Path, tmp_path: Path) -> None:
    """A baseline of the rules alone is compared with the rules, not with a model that is mostly wrong."""
    whole = make_card(cards(clean, tmp_path).to_dict(), "whole")
    rules = whole.of(RULES)
    comparison = compare(rules, whole)
    assert ((RULES,), (), ()) == (comparison.new.readers, comparison.changes, comparison.new_silent)
    assert not any("readers" in note for note in comparison.notes)
    assert "readers" not in {c.name for c in gate(comparison, load_gate())}
    assert (MODEL,) == compare(whole.of(MODEL), whole).base.readers
    none = compare(rules, whole.of(MODEL))
    assert "different readers: rules → model" in none.notes
    assert ["no reader in common: rules and model; evaluate with --readers rules"] == [c.says for c in gate(none, load_gate()) if c.name == "readers"]


def test_a_text_that_becomes_unanswered_closes_the_gate(clean: Path, tmp_path: Path) -> None:
    store = record(tmp_path / "r.sqlite", CLEAN, "perfect")
    before = make_card(scored(clean, store, (BOTH,)).to_dict(), "before")
    without(store, FORMS[1].tables[0].id)
    after = make_card(scored(clean, store, (BOTH,)).to_dict(), "after")
    comparison = compare(before, after)
    assert 1 <= len(comparison.only_base)
    assert "texts missing" in {c.name for c in gate(comparison, load_gate()) if c.closed}


def test_what_an_unanswered_text_took_is_in_no_share(clean: Path, tmp_path: Path) -> None:
    """Cost and quality are of the same texts."""
    store = record(tmp_path / "r.sqlite", CLEAN, "perfect")
    alone = scored(golden_of(tmp_path / "alone", CLEAN[:1]), store, (MODEL,)).sides
    with Replies(store) as replies:
        begun = draft(read_bytes(CLEAN[1].data, CLEAN[1].name), FORMS)
        assert isinstance(begun, Draft)
        mine = questions(begun.form, begun.document, begun.events, begun.segments)[0].question.report
        kept = {a.table for a in replies.every() if a.report == mine}
    assert len(kept) > 1
    without(store, FORMS[1].tables[-1].id, mine)
    part = scored(clean, store, (MODEL,)).sides
    assert alone is not None
    assert part is not None
    assert alone.readers[0].spent == part.readers[0].spent


def test_a_baseline_keeps_every_reader_and_reads_back(clean: Path, tmp_path: Path) -> None:
    whole = make_card(cards(clean, tmp_path).to_dict(), "whole")
    (tmp_path / "b.json").write_text(baseline(whole, "why"), "utf-8")
    again = read_card(tmp_path / "b.json")
    assert (whole.readers, {MODEL, BOTH}) == (again.readers, set(again.others))
    data = json.loads((tmp_path / "b.json").read_text("utf-8"))
    del data["others"]["both"]
    with pytest.raises(GoujiError, match="others: no card of the reader both"):
        make_card(data, "cut")


# The command


def gouji(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args], obj=ROOT)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model and no store in the environment."""
    for name in ("GOUJI_MODEL", "GOUJI_REPLIES", "GOUJI_PRICES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("plain")
def test_evaluate_shows_three_readers_and_a_wrong_model_does_not_set_the_exit_code(clean: Path, tmp_path: Path) -> None:
    store = record(tmp_path / "r.sqlite", CLEAN, "shifting")
    page = tmp_path / "page.html"
    result = gouji("evaluate", clean, "--readers", "rules,model,both", "--replies", store, "--json", tmp_path / "card.json", "--html", page)
    assert 0 == result.exit_code, result.output
    for word in ("Each reader over the same cells", "Errors of the model alone", "shifted", "Cost of the recorded replies", "exact McNemar"):
        assert word in result.output
        assert word in page.read_text("utf-8")
    data: dict[str, Any] = json.loads((tmp_path / "card.json").read_text("utf-8"))
    assert ["rules", "model", "both"] == data["readers"] == [r["reader"] for r in data["sides"]["readers"]]
    assert data["sides"]["readers"][1]["silent"] > 0
    assert (0, 0) == (data["total"]["silent"], data["others"]["both"]["total"]["silent"])
    alone = gouji("evaluate", clean, "--readers", "model", "--replies", store)
    assert 0 == alone.exit_code, alone.output


class Open(Policy):
    """Accepts every class, whatever has been counted."""

    def accepts(self, decision_class: str) -> bool:
        """Always."""
        return True


@pytest.mark.usefixtures("plain")
def test_a_wrong_cell_that_both_accepts_sets_the_exit_code(clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One label is turned into another figure, so that what everybody reads is wrong."""
    monkeypatch.setattr("extractor.pipeline.load_policy", Open)
    store = record(tmp_path / "r.sqlite", CLEAN, "perfect")
    labels = clean / CLEAN[0].name / "cells.csv"
    rows = labels.read_text("utf-8").splitlines()
    decided = extract_path(clean / CLEAN[0].name / f"source{CLEAN[0].suffix}", FORMS).decisions
    n = next(n for n, row in enumerate(rows[1:], 1) if ",printed,0,0," in row and decided[n - 1].outcome == "accept")
    rows[n] = rows[n].replace(",printed,0,0,", ",printed,999,999,")
    labels.write_text("\n".join(rows) + "\n", "utf-8")
    assert 1 == gouji("evaluate", clean, "--replies", store).exit_code == gouji("evaluate", clean, "--readers", "both", "--replies", store).exit_code
    result = gouji("evaluate", clean, "--readers", "model,both", "--replies", store)
    assert 1 == result.exit_code
    assert "Silent errors of both" in result.output
    assert 0 == gouji("evaluate", clean, "--readers", "model", "--replies", store).exit_code


@pytest.mark.usefixtures("plain")
def test_questions_without_reply_are_named_with_the_next_step(clean: Path, tmp_path: Path) -> None:
    store = record(tmp_path / "r.sqlite", CLEAN[:1], "perfect")
    result = gouji("evaluate", clean, "--readers", "rules,both", "--replies", store)
    assert 0 == result.exit_code
    assert f"questions about 1 texts have no recorded reply from {NAME} in {store}" in result.stderr
    assert "gouji replies import" in result.stderr
    assert "Questions without a recorded reply" in result.output


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--readers", "model", "--replies", "{tmp}/none.sqlite"), "none.sqlite: there are no recorded replies; record some with a live run"),
        (("--readers", "rules,voter"), "--readers voter: unknown reader; readers are rules, model, both"),
        (("--readers", "rules,rules"), "rules is named twice"),
        (("--readers", "both", "--planted"), "add rules to --readers"),
    ],
)
def test_what_cannot_be_scored_is_refused(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = gouji("evaluate", ROOT / "golden", *(a.replace("{tmp}", str(tmp_path)) for a in args))
    assert (2, "") == (result.exit_code, result.stdout)
    assert message in result.stderr


def test_reader_names_keep_their_order() -> None:
    assert (BOTH, RULES) == reader_names("both, rules")


@pytest.mark.parametrize(("readers", "loaded"), [("rules", set()), ("both", {"sqlite3", "extractor.model.replies", "extractor.consult"})])
def test_only_readers_that_need_it_load_model_code_and_none_a_client(readers: str, loaded: set[str], clean: Path, tmp_path: Path) -> None:
    """Rules open no store; a replay needs neither openai nor instructor."""
    store = record(tmp_path / "r.sqlite", CLEAN, "perfect") if loaded else tmp_path / "none.sqlite"
    code = (
        "import sys, cli\n"
        f"sys.argv = ['gouji', 'evaluate', {str(clean)!r}, '--readers', {readers!r}, '--replies', {str(store)!r}]\n"
        "try:\n    cli.app()\nexcept SystemExit as exc:\n    code = exc.code\n"
        "print('MODULES', code, *sorted(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    words = done.stdout.partition("MODULES ")[2].split()
    assert "0" == words[0]
    model = {"sqlite3", "extractor.consult", "extractor.recorded", "openai", "instructor", "httpx", "httpx2", *(w for w in words if w.startswith("extractor.model"))}
    assert loaded == loaded & set(words)
    assert not {"openai", "instructor", "httpx", "httpx2"} & set(words)
    assert loaded or not model & set(words)
    assert bool(loaded) == store.exists()


def test_the_page_escapes_what_a_reply_names(clean: Path, tmp_path: Path) -> None:
    page = render_html(scored(clean, record(tmp_path / "r.sqlite", CLEAN, "perfect", model="<b>m</b>"), (MODEL,)))
    assert "&lt;b&gt;m&lt;/b&gt;" in page
    assert "<b>m" not in page
