"""Two scorecards side by side: hand-made cards with known answers, the gate, and the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli import app
from extractor import compareview, paired
from extractor.compare import (
    BROKEN,
    DIFFERENT,
    FIXED,
    MOVED,
    Card,
    Comparison,
    baseline,
    canonical,
    compare,
    make_card,
    read_card,
)
from extractor.errors import GoujiError
from extractor.gate import GateSpec, gate, load_gate
from extractor.paired import Difference, McNemar, difference, mcnemar

ROOT = Path(__file__).resolve().parent.parent
ROWS = {"t/r": "x y z", "t/s": "x y"}


def wrong_cell(unit: str, field: str, mark: str, **changes: object) -> dict[str, object]:
    """A wrong cell as a scorecard file has it: 3 was read where 7 is printed."""
    report, _, source = unit.partition("/")
    outcome = {"S": "accept", "W": "review", "M": "missing"}[mark]
    read = {"got": "missing", "value": "", "printed": ""} if mark == "M" else {"got": "printed", "value": "3", "printed": "3"}
    made = {
        "report": report, "source": source, "field": field, "label": "甲行 · 子列", "truth": "printed", "truth_value": "7",
        "truth_printed": "7", "outcome": outcome, "codes": ["RULE_PASSED"], "context": ["前 ", "3", " 后"], **read,
    }  # fmt: skip
    return {**made, **changes}


def unit(name: str, rows: Mapping[str, str], **changes: object) -> dict[str, object]:
    """One text as a scorecard file has it, counted from its marks."""
    marks = "".join(rows.values())
    n = {m: marks.count(m) for m in "ARSWMarm"}
    made = {
        "report": name.partition("/")[0], "source": name.partition("/")[2], "form": "f", "failed": None,
        "exact": not n["S"] + n["W"] + n["M"], "accepted": set(marks) <= {"A", "S", "a"}, "silent": n["S"],
        "accepted_judged": n["A"] + n["S"], "judged": sum(n[m] for m in "ARSWM"), "wrong": n["S"] + n["W"] + n["M"],
        "held": len(marks), "filled": len(marks) - n["M"],
    }  # fmt: skip
    return {**made, **changes}


def data(texts: Mapping[str, str | Mapping[str, str]], *changed: Mapping[str, object], **more: object) -> dict[str, Any]:
    """A scorecard file: marks of each text, ``AAA RR`` standing for the two rows; ``changed`` are wrong cells."""
    marks = {u: dict(zip(ROWS, m.split(), strict=True)) if isinstance(m, str) else dict(m) for u, m in texts.items()}
    given = {(c["report"], c["source"], c["field"]) for c in changed}
    wrong = list(changed)
    for name, rows in marks.items():
        for row, letters in rows.items():
            for column, mark in zip(ROWS[row].split(), letters, strict=True):
                field = f"{row}/{column}"
                if mark in "SWM" and (*name.split("/"), field) not in given:
                    wrong.append(wrong_cell(name, field, mark))
    made = {
        "stamp": {"golden": "g", "form f": "h", "date": "d"}, "readers": ["rules"], "silent_report_bound": 0.1,
        "units": [unit(u, rows) for u, rows in marks.items()], "wrong": wrong, "layout": {"f": ROWS}, "marks": marks,
    }  # fmt: skip
    return {**made, **more}


def card(texts: Mapping[str, str | Mapping[str, str]], *changed: Mapping[str, object], **more: object) -> Card:
    """The same, read."""
    return make_card(data(texts, *changed, **more), "test")


def closed(comparison: Comparison, **thresholds: Any) -> list[str]:
    """The conditions that close the gate."""
    return [c.name for c in gate(comparison, GateSpec(**thresholds)) if c.closed]


GOOD = {"a/1": "AAA RA", "b/1": "AAA AA"}


# Statistics


@pytest.mark.parametrize(("lost", "won", "p"), [(5, 0, 0.0625), (0, 5, 0.0625), (1, 6, 0.125), (3, 3, 1.0), (0, 0, 1.0)])
def test_exact_mcnemar_by_hand(lost: int, won: int, p: float) -> None:
    """5 against 0: 2 · (1/2)^5; 1 against 6: 2 · (1 + 7) / 2^7. What agrees has no say."""
    pairs = [(True, False)] * lost + [(False, True)] * won + [(True, True)] * 9 + [(False, False)] * 2

    assert McNemar(9, lost, won, 2, pytest.approx(p)) == mcnemar(pairs)


def test_the_cluster_bootstrap_of_two_reports_by_hand() -> None:
    """Two reports of ten cells, one all wrong now: a draw gives 0, 1/2 or 1 with chances 1/4, 1/2, 1/4."""
    got = difference([(0, 10), (0, 10)], [(0, 10), (10, 10)])

    assert (0.5, 0.0, 1.0) == (got.difference, got.low, got.high)
    assert "cluster bootstrap over 2 reports" in got.method


def test_the_bootstrap_keeps_both_runs_of_a_report_together() -> None:
    """Each report gains the same: the difference is certain however much the reports differ. Pairs apart, it were not."""
    got = difference([(0, 10), (5, 10), (9, 10)], [(1, 10), (6, 10), (10, 10)])

    assert pytest.approx([0.1] * 3) == [got.difference, got.low, got.high]


def test_the_bootstrap_is_the_same_at_every_run() -> None:
    base, new = [(n % 3, 10) for n in range(12)], [(n % 4, 10 + n) for n in range(12)]

    assert difference(base, new) == difference(base, new)


def test_without_a_single_error_there_is_a_bound_and_no_interval() -> None:
    """A bootstrap of zeros gives [0, 0], which is not true: 1 - 0.05^(1/10) of reports is."""
    got = difference([(0, 10)] * 10, [(0, 10)] * 10)

    assert (0.0, None, None) == (got.difference, got.low, got.high)
    assert pytest.approx(1 - 0.05**0.1) == got.bound
    assert "Clopper–Pearson" in got.method


def test_what_does_not_differ_or_cannot_be_estimated_says_so() -> None:
    """The same errors in every report; one report; no cells at all."""
    same, one, none = difference([(1, 9)] * 3, [(1, 9)] * 3), difference([(0, 9)], [(1, 9)]), difference([(0, 0)], [(0, 0)])

    assert ["nothing to estimate", "one report: no interval", "no report has such cells in both"] == [
        d.method.rpartition("same in every report: ")[2] for d in (same, one, none)
    ]
    assert [None] * 6 == [x for d in (same, one, none) for x in (d.low, d.bound)]
    assert Difference((0, 0), (0, 0), 0, None, None, None, None, none.method) == none


def test_without_scipy_the_counts_stay_and_the_tests_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install has none."""
    monkeypatch.setattr(paired, "find_spec", lambda name: None)
    got = difference([(0, 10), (0, 10)], [(0, 10), (1, 10)])

    assert McNemar(0, 5, 0, 0, None) == mcnemar([(True, False)] * 5)
    assert (0.05, None, "intervals left out: they need scipy, which `pip install 'gouji[evaluate]'` brings") == (
        got.difference,
        got.low,
        got.method,
    )


# Pairing


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("A", "S", BROKEN), ("A", "W", BROKEN), ("R", "M", BROKEN), ("a", "S", BROKEN), ("r", "W", BROKEN),
        ("S", "A", FIXED), ("W", "R", FIXED), ("M", "A", FIXED),
        ("S", "M", DIFFERENT), ("M", "W", DIFFERENT),
        ("A", "R", MOVED), ("R", "A", MOVED), ("W", "S", MOVED), ("S", "W", MOVED), ("W", "r", MOVED), ("a", "A", MOVED),
        ("A", "A", None), ("S", "S", None), ("r", "r", None),
    ],
)  # fmt: skip
def test_every_change_has_one_kind(before: str, after: str, kind: str | None) -> None:
    """One cell of two cards; a wrong cell of both was read as the same 3."""
    got = compare(card({"a/1": f"{before}AA AA"}), card({"a/1": f"{after}AA AA"}))

    assert ([kind] if kind else []) == [c.kind for c in got.changes]
    assert all((c.unit, c.field, c.before, c.after) == ("a/1", "t/r/x", before, after) for c in got.changes)


def test_still_wrong_with_another_value_is_told() -> None:
    """3 before, 4 now."""
    now = wrong_cell("a/1", "t/r/x", "W", value="4")
    (change,) = compare(card({"a/1": "WAA AA"}), card({"a/1": "WAA AA"}, now)).changes

    assert (DIFFERENT, "3", "4") == (change.kind, change.base and change.base.value, change.new and change.new.value)


def test_a_new_silent_error_is_one_that_was_not_silent_before() -> None:
    """Broken or accepted by now; the old one and the one that went to review are none."""
    got = compare(card({"a/1": "SAW SA"}), card({"a/1": "SSS WA"}))

    assert ["t/r/y", "t/r/z"] == [c.field for c in got.new_silent]


def test_texts_that_only_one_card_has_are_listed_and_their_errors_count() -> None:
    """Nothing is dropped: not the text that is gone, and not the silent error in the one that came."""
    got = compare(card({"a/1": "AAA AA", "gone/1": "AAA AA"}), card({"a/1": "AAA AA", "came/1": "ASA AA"}))
    text = compareview.markdown(list(compareview.sections(got)))

    assert (("gone/1",), ("came/1",)) == (got.only_base, got.only_new)
    assert ["came"] == [c.report for c in got.new_silent]
    for line in ("only in the base: gone/1", "only in the new card: came/1", "1 texts of 1 reports in both"):
        assert f"- {line}\n" in text
    assert ["new silent errors", "texts missing"] == closed(got)


def test_figures_invented_for_a_text_without_tables_are_broken() -> None:
    """The golden form has no such cell, so no mark; the wrong cell itself says that it is there."""
    invented = wrong_cell("a/1", "other/r/x", "S", truth="absent", truth_value="")
    empty: dict[str, str | Mapping[str, str]] = {"a/1": {}}
    (change,) = compare(card(empty), card(empty, invented)).changes
    (back,) = compare(card(empty, invented), card(empty)).changes

    assert (BROKEN, "·", "S", FIXED) == (change.kind, change.before, change.after, back.kind)


def test_fields_that_only_one_form_has_are_noted_and_not_paired() -> None:
    """A column was added to the form: the rest is compared all the same."""
    wider = {"t/r": "x y z", "t/s": "x y w"}
    new = data({"a/1": "SAA AA"}, stamp={"golden": "g", "form f": "other"}, layout={"f": wider})
    new["marks"]["a/1"]["t/s"] = "AAA"
    got = compare(card({"a/1": "AAA AA"}), make_card(new, "new"))

    assert ["t/r/x"] == [c.field for c in got.changes]
    assert ("different form f (h → other)", "fields of f that only the new card has, unpaired: t/s/w") == got.notes


def test_unequal_cards_are_told_plainly() -> None:
    """Labels, readers, policy; the date is no difference."""
    stamp = {"golden": "other", "form f": "h", "date": "later", "policy": "p"}
    got = compare(card(GOOD), card(GOOD, stamp=stamp, readers=["model"]))

    assert (
        "different readers: rules → model",
        "different golden sets: labels or texts changed, paired over what both have (g → other)",
        "different policy (none → p)",
    ) == got.notes


def test_a_right_reading_is_the_truth_only_under_the_same_labels() -> None:
    """Where a label changed, nobody knows what the base read."""
    new = {"a/1": "SAA AA"}
    same = compare(card({"a/1": "AAA AA"}), card(new))
    other = compare(card({"a/1": "AAA AA"}), card(new, stamp={"golden": "x", "form f": "h"}))

    assert ["7 (printed) [accept right]", "[accept right]"] == [
        next(s for s in compareview.sections(c) if s.header).rows[0][3] for c in (same, other)
    ]


def test_reports_are_tested_and_not_their_texts() -> None:
    """Two texts of one report, one broken: one report lost, none won."""
    got = compare(card({"a/1": "AAA AA", "a/2": "AAA AA", "b/1": "WAA AA"}), card({"a/1": "AAA AA", "a/2": "WAA AA", "b/1": "WAA AA"}))

    assert (0, 1, 0, 1) == (got.exact.both, got.exact.lost, got.exact.won, got.exact.neither)
    assert (1, 15, 2, 15) == (*got.wrong.base, *got.wrong.new)


def test_moves_between_outcomes_are_counted() -> None:
    """From and to, most first."""
    got = compare(card({"a/1": "AAA RA"}), card({"a/1": "RRA AA"}))

    assert {"accept right → review right": 2, "review right → accept right": 1} == got.moves()


# The gate


def test_nothing_changed_leaves_the_gate_open() -> None:
    """Old silent errors do not close it; only new ones do."""
    assert [] == closed(compare(card(GOOD), card(GOOD)))
    assert [] == closed(compare(card({"a/1": "SAA AA"}), card({"a/1": "SAA AA"})))


def test_one_new_silent_error_closes_the_gate() -> None:
    assert ["new silent errors"] == closed(compare(card(GOOD), card({**GOOD, "a/1": "SAA RA"})))
    assert ["new silent errors"] == closed(compare(card({**GOOD, "a/1": "WAA RA"}), card({**GOOD, "a/1": "SAA RA"})))


def test_the_silent_bound_closes_above_the_threshold() -> None:
    new = card(GOOD, silent_report_bound=0.2)

    assert [] == closed(compare(card(GOOD), new), silent_bound=0.2)
    assert ["silent bound"] == closed(compare(card(GOOD), new), silent_bound=0.19)


def test_straight_through_may_fall_by_two_points_and_not_more() -> None:
    """Of 100 reports, two may go to review; a report that comes through now makes up for one that does not."""
    all_ = {f"r{n}/1": "AAA AA" for n in range(100)}

    def fewer(n: int) -> dict[str, str]:
        return {**all_, **{f"r{i}/1": "AAA AR" for i in range(n)}}

    assert [] == closed(compare(card(all_), card(fewer(2))))
    assert ["straight-through"] == closed(compare(card(all_), card(fewer(3))))
    assert [] == closed(compare(card(fewer(1)), card({**fewer(4), "r0/1": "AAA AA"})))


def test_a_cell_that_is_no_longer_found_closes_the_gate() -> None:
    """Coverage: cells that the text holds and the reader finds."""
    assert "coverage" in closed(compare(card(GOOD), card({**GOOD, "a/1": "AAA MA"})))
    assert [] == closed(compare(card({**GOOD, "a/1": "AAA MA"}), card(GOOD)))


def test_more_than_one_report_in_a_hundred_that_fails_closes_the_gate() -> None:
    """One of 100 is borne, one of 99 is not."""

    def failing(n: int) -> Card:
        made = data({f"r{i}/1": "AAA AA" for i in range(n)})
        made["units"][0]["failed"] = "KeyError: x"
        return make_card(made, "test")

    base = card({f"r{i}/1": "AAA AA" for i in range(99)})
    assert ["failed reports"] == closed(compare(base, failing(99)))
    assert [] == closed(compare(base, failing(100)))


def planted(escaped: int, caught: int = 9, seeds: tuple[int, ...] = (0, 1)) -> dict[str, object]:
    """A result of planting one kind."""
    return {"counts": {"k": {"caught": caught, "escaped, silent": escaped}}, "escaped": ["escaped, silent"], "seeds": seeds}


def test_planted_errors_that_escape_more_than_before_close_the_gate() -> None:
    """Only where both cards have them; under other seeds nobody can say."""
    base, same, more = (card(GOOD, planted=planted(n)) for n in (1, 1, 2))

    assert [] == closed(compare(base, same))
    assert ["planted: escaped, silent"] == closed(compare(base, more))
    assert [] == closed(compare(base, more), planted_more=1)
    assert ["planted: escaped, silent"] == closed(compare(base, card(GOOD, planted=planted(1, seeds=(5,)))))
    without = compare(base, card(GOOD))
    assert [] == closed(without)
    assert ("planted errors only in the base: not compared",) == without.notes


def test_nothing_in_common_closes_the_gate() -> None:
    """Else the comparison with an empty card would pass."""
    assert "texts missing" in closed(compare(card({}), card(GOOD)))


def test_the_shipped_thresholds_are_those_of_the_evaluation(tmp_path: Path) -> None:
    """No new silent error, two points, no loss of coverage, 1 %; every key is known, and a wrong one is refused."""
    spec = load_gate()

    assert (0, 0.02, 0, 0, 0.01) == (
        spec.new_silent_errors,
        spec.straight_through_drop,
        spec.coverage_drop,
        spec.planted_more,
        spec.failed,
    )
    assert set(yaml.safe_load((ROOT / "schemas" / "gate.yaml").read_text())) == set(GateSpec.model_fields)
    (tmp_path / "gate.yaml").write_text("failed: 2\n")
    with pytest.raises(GoujiError, match=r"gate.yaml: failed: Input should be less than or equal to 1"):
        load_gate(tmp_path / "gate.yaml")


# Files


def test_a_baseline_holds_what_a_comparison_needs_in_lines(tmp_path: Path) -> None:
    """Written and read back it compares as the card itself, and a changed cell is a changed line."""
    new = card({**GOOD, "a/1": "SAA RA"}, planted=planted(1))
    path = tmp_path / "baseline.json"
    path.write_text(baseline(new, "because"), encoding="utf-8")
    again = read_card(path)

    assert ("because", new) == (again.reason, again.model_copy(update={"reason": ""}))
    lines, other = path.read_text(encoding="utf-8").splitlines(), baseline(card(GOOD, planted=planted(1)), "because").splitlines()
    assert ['  "a/1":{"t/r":"SAA","t/s":"RA"},', '  "a/1":{"t/r":"AAA","t/s":"RA"},'] == [
        next(x for x in side if x.startswith('  "a/1"')) for side in (lines, other)
    ]


def test_canonical_json_is_the_same_data_in_lines() -> None:
    """No line is long unless its content is."""
    made = data({f"r{n}/1": "SAA RA" for n in range(9)})
    text = canonical(made)

    assert made == json.loads(text)
    assert max(map(len, text.splitlines())) <= 170


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "card.json:1: not JSON"),
        ("[]", "card.json: the whole: Input should be a valid dictionary"),
        ('{"stamp": {}}', "card.json: readers: Field required; no scorecard of this version"),
        (json.dumps(data({"a/1": "AAA AA"}, layout={"f": {"t/r": "x y", "t/s": "x y"}})), "marks do not fit the layout"),
    ],
)
def test_what_is_no_scorecard_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """With the file and the key at fault."""
    path = tmp_path / "card.json"
    path.write_text(text)

    with pytest.raises(GoujiError, match=message):
        read_card(path)


def test_the_shipped_baseline_has_a_reason_and_every_golden_text() -> None:
    """Or the gate of CI would look at something else."""
    card_ = read_card(ROOT / "golden" / "baseline.json")
    splits = yaml.safe_load((ROOT / "golden" / "splits.yaml").read_text(encoding="utf-8"))

    assert card_.reason
    assert {r for issuer in splits["issuers"] for r in issuer["reports"]} == {u.report for u in card_.units}
    assert card_.planted is not None


def test_ci_runs_the_gate_against_the_shipped_baseline() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "evaluate golden --planted" in script
    assert "compare golden/baseline.json" in script
    assert "--gate" in script


# The command


def gouji(*args: object) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A base, the same again, and one with a new silent error whose text is full of marks."""
    evil = wrong_cell("a/1", "t/r/x", "S", context=["|[red]<b>", "3", "`\n*"])
    made = (data(GOOD), data(GOOD), data({**GOOD, "a/1": "SAA RA"}, evil))
    paths = tuple(tmp_path / f"{name}.json" for name in ("base", "same", "bad"))
    for path, content in zip(paths, made, strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return paths[0], paths[1], paths[2]


def test_compare_exits_0_where_the_gate_is_open_and_1_where_it_is_closed(files: tuple[Path, Path, Path]) -> None:
    """Without --gate it only tells."""
    base, same, bad = files

    assert [0, 0, 0, 1] == [
        gouji("compare", *args).exit_code for args in ((base, same), (base, same, "--gate"), (base, bad), (base, bad, "--gate"))
    ]


def test_compare_shows_each_new_silent_error_with_both_sides(files: tuple[Path, Path, Path]) -> None:
    """Text of a report is neither markup nor a new line."""
    result = gouji("compare", files[0], files[2], "--gate")

    assert "Gate CLOSED 门禁关闭: 1 of 6 conditions" in result.stdout
    for line in (
        "  a/1 t/r/x: truth 7 (printed)",
        "    base 7 (printed) [accept right]",
        "    new  3 (printed) [accept wrong]  RULE_PASSED",
        "    text |[red]<b>⟦3⟧` *",
    ):
        assert line in result.stdout.splitlines()


def test_compare_writes_json_and_markdown(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """JSON with every change; Markdown whose cells report text cannot break."""
    target = tmp_path / "pr.md"
    result = gouji("compare", files[0], files[2], "--json", "-", "--markdown", target)
    got = json.loads(result.stdout)

    assert [("a/1", "t/r/x", "broken", "A", "S")] == [(c["text"], c["field"], c["kind"], c["before"], c["after"]) for c in got["changes"]]
    assert (True, 1, "7") == (got["closed"], len(got["new_silent"]), got["new_silent"][0]["truth_value"])
    assert "New silent errors" in result.stderr
    (row,) = [x for x in target.read_text(encoding="utf-8").splitlines() if x.startswith("| a/1 | t/r/x ")]
    assert r"\|\[red\]\<b\>⟦3⟧\` \*" in row


def test_a_new_baseline_needs_a_reason_and_keeps_it(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """The first one is made from nothing; a later one is compared before it replaces the old one."""
    base, target = files[0], tmp_path / "baseline.json"

    assert 2 == gouji("compare", target, base).exit_code
    assert 2 == gouji("compare", target, base, "--new-baseline", " ").exit_code
    assert 2 == gouji("compare", target, base, "--new-baseline", "x", "--gate").exit_code
    assert 0 == gouji("compare", target, base, "--new-baseline", "the first").exit_code
    assert 1 == gouji("compare", target, files[2], "--gate").exit_code
    result = gouji("compare", target, files[2], "--new-baseline", "the label was wrong")
    assert (0, True) == (result.exit_code, "New silent errors 新的静默错误 (1)" in result.stdout)
    assert "the label was wrong" == read_card(target).reason
    assert 0 == gouji("compare", target, files[2], "--gate").exit_code


@pytest.mark.parametrize(("name", "message"), [("nowhere.json", "cannot be read"), ("base.json", "not JSON")])
def test_compare_of_what_is_no_scorecard_exits_2(tmp_path: Path, name: str, message: str) -> None:
    """One line on stderr, nothing on stdout."""
    (tmp_path / "base.json").write_text("no")
    result = gouji("compare", tmp_path / name, tmp_path / "base.json")

    assert (2, "") == (result.exit_code, result.stdout)
    assert message in result.stderr


def test_compare_without_scipy_says_what_is_missing(files: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate does not need it."""
    monkeypatch.setattr(paired, "find_spec", lambda name: None)
    result = gouji("compare", files[0], files[2], "--gate")

    assert 1 == result.exit_code
    assert "note: p-values and intervals left out: they need scipy, which `pip install 'gouji[evaluate]'` brings" in result.stderr
    assert "0 won, 1 lost; p-values left out" in result.stdout
