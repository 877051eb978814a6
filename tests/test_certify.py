"""What counted errors prove: the certificate, the command, the counting, and a simulation that the promise is kept."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks import calibrate
from benchmarks.calibrate import Counted, audit, golden, source_counts
from extractor import certify
from extractor.certify import certify_counts, certify_scorecard, line, percent, render
from extractor.commands import certify as command
from extractor.commands.certify import certify_command
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.golden import load_golden
from extractor.metrics import fixed_sequence, upper_bound
from extractor.policy import ClassCounts, Counts, PolicySpec, SourceCounts, StepCounts

ROOT = Path(__file__).resolve().parent.parent
SPEC = PolicySpec.model_validate({
    "ceiling": 0.005,
    "class_ceiling": 0.01,
    "confidence": 0.95,
    "certified_on": "generator",
    "sequence": [{"name": "one", "why": "", "classes": ["a|*"]}, {"name": "two", "why": "", "classes": ["b|*"]}],
})  # fmt: skip


def some_counts(first: tuple[int, int], second: tuple[int, int], real: tuple[int, int] | None = None) -> Counts:
    """Two steps of one class each, as (reports, wrong); and perhaps real reports."""
    strata = {"level heavy": (100, 1), "level clean": (first[0], 0), "form f1": first}
    steps = (StepCounts("one", *first, 10, 0, strata), StepCounts("two", *second, 20, 0, strata))
    classes = {"a|x": ClassCounts(10, 10, *first), "b|x": ClassCounts(10, 9, *second)}
    sources = {"generator": SourceCounts("made-up reports", 4000, 1000, classes, steps)}
    if real:
        its = (StepCounts("one", *real, 1, 0, {}), StepCounts("two", *real, 1, 0, {}))
        sources["golden"] = SourceCounts("real reports", 15, 3, {}, its)
    return Counts(SPEC.digest, sources)


def printed(made: certify.Certificate) -> str:
    out = StringIO()
    render(made, Console(file=out, width=200))
    return out.getvalue()


# from counts


def test_a_bound_says_how_many_reports_it_lacks() -> None:
    few, enough, wrong, often = (line("x", n, k, 0.01, 0.95) for n, k in ((100, 0), (299, 0), (300, 2), (100, 2)))

    assert (False, 299, "cannot certify: needs 299 reports without an error, has 100") == (few.certified, few.needed, few.note)
    assert (True, "certified") == (enough.certified, enough.note)
    assert "cannot certify: needs 628 reports with no more than 2 wrong, has 300" == wrong.note
    assert ("cannot certify: wrong too often", 628) == (often.note, often.needed)
    assert [upper_bound(0, 100), upper_bound(2, 300)] == [few.bound, wrong.bound]


def test_a_certificate_promises_the_ceiling_for_the_steps_in_use() -> None:
    made = certify_counts(SPEC, some_counts((3000, 1), (3500, 4), real=(12, 0)))

    assert made.certified
    assert ["certified", "certified"] == [x.note for x in made.steps]
    assert "95% confidence" in made.promised[0]
    assert "at most 0.50 % hold a silent error. Found: 4 in 3,500" in made.promised[0]
    assert any("golden" in x and "0 of 12" in x and "598" in x for x in made.not_promised)
    assert any("Worst: level heavy, 1 of 100" in x for x in made.not_promised)
    assert any("not counted. Counted: f1" in x for x in made.not_promised)


def test_a_class_line_says_why_it_is_not_accepted() -> None:
    """By its own number where that is the reason, and else by its step."""
    counts = some_counts((3000, 1), (3500, 400))
    rare = certify_counts(SPEC, some_counts((3000, 1), (3500, 4)), confidence=0.999999)

    assert ["certified", "cannot certify: wrong too often"] == [x.note for x in certify_counts(SPEC, counts).classes]
    assert "not accepted: its step is not certified" == rare.classes[0].note


def test_a_step_behind_a_failure_is_not_tested() -> None:
    made = certify_counts(SPEC, some_counts((500, 0), (9000, 0)))

    assert not made.certified
    assert ["cannot certify: needs 598 reports without an error, has 500", "not tested: a step before it failed"] == [
        x.note for x in made.steps
    ]
    assert [False, False] == [x.certified for x in made.steps]
    assert () == made.promised
    assert "Anything about real reports: none have been counted." in made.not_promised


def test_only_the_steps_in_use_have_to_keep_another_ceiling() -> None:
    """The second step keeps neither 0.5 % nor 0.2 %, so it is not in use and does not count against 0.2 %."""
    counts = some_counts((3000, 1), (3500, 30))

    assert [True, True, False] == [certify_counts(SPEC, counts, ceiling=c).certified for c in (0.005, 0.002, 0.001)]
    assert not certify_counts(SPEC, some_counts((3000, 1), (3500, 4)), ceiling=0.002).certified
    assert not certify_counts(SPEC, counts, 0.002, confidence=0.999).certified


def test_a_changed_order_and_a_missing_count_are_said() -> None:
    counts = some_counts((3000, 0), (3500, 0))
    stale, none = certify_counts(SPEC, Counts("other", counts.sources)), certify_counts(SPEC, Counts())

    assert (False, False) == (stale.certified, none.certified)
    assert {"cannot certify: the sequence was changed after the count"} == {x.note for x in stale.steps}
    assert "generator: nothing counted" == none.basis
    assert (None, None) == (none.risk, none.must_review)


def test_feasibility_is_told_from_the_share_of_inexact_reports() -> None:
    made = certify_counts(SPEC, some_counts((3000, 0), (3500, 0)))

    assert (0.25, pytest.approx((0.25 - 0.005) / 0.995)) == (made.risk, made.must_review)


def test_a_certificate_is_drawn_and_is_json() -> None:
    made = certify_counts(SPEC, some_counts((3000, 1), (200, 0), real=(12, 0)))
    text = printed(made)

    assert json.loads(json.dumps(made.to_dict()))["steps"][0]["errors"] == 1
    for part in ("certified: ceiling 0.50 %", "1 one", "a|x", "b|x", "Can be promised", "Cannot be promised", "- With 95%", "golden"):
        assert part in text
    assert "- nothing" in printed(certify_counts(SPEC, Counts()))


@pytest.mark.parametrize(("share", "text"), [(0.0, "0.00 %"), (0.005, "0.50 %"), (0.00025, "0.025 %"), (1.0, "100.00 %")])
def test_small_shares_keep_their_digits(share: float, text: str) -> None:
    assert text == percent(share)


# from a scorecard


def a_unit(report: str, split: str, silent: int = 0, accepted: int = 5, exact: bool = True) -> dict[str, Any]:
    return {"report": report, "split": split, "silent": silent, "accepted_judged": accepted, "exact": exact, "shape": "x"}


def test_a_scorecard_certifies_by_its_locked_reports_alone() -> None:
    """Three thousand dev reports prove nothing; 598 locked ones do, and two renderings are one report."""
    dev = [a_unit(f"d{n}", "dev") for n in range(3000)]
    few = [a_unit(f"l{n // 2}", "locked") for n in range(2 * 597)]
    enough = [*few, a_unit("last", "locked")]
    without, short, full = (
        certify_scorecard({"units": units}, "card.json", 0.005, 0.95) for units in (dev, dev + few, dev + enough)
    )

    assert [False, False, True] == [without.certified, short.certified, full.certified]
    assert {"all": 3598, "dev": 3000, "locked": 598} == {x.name: x.reports for x in full.reports}
    assert "Found: 0 in 598" in full.promised[0]
    assert "0 locked reports" in without.not_promised[0]


def test_a_scorecard_counts_reports_that_accept_something_and_those_that_are_inexact() -> None:
    units = [a_unit("a", "locked", silent=2), a_unit("a", "locked"), a_unit("b", "locked", accepted=0, exact=False)]
    made = certify_scorecard({"units": units}, "card.json", 0.01, 0.95)

    assert (1, 1, 1.0) == (made.reports[0].reports, made.reports[0].errors, made.reports[0].bound)
    assert 0.5 == made.risk
    assert certify_scorecard({"units": []}, "card.json", 0.01, 0.95).risk is None


# the command


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "read_spec", lambda: SPEC)
    monkeypatch.setattr(command, "read_counts", lambda: some_counts((3000, 1), (3500, 4)))


@pytest.mark.usefixtures("shipped")
def test_the_exit_code_says_whether_it_is_certified() -> None:
    out = Console(file=StringIO())

    assert (0, 1) == (certify_command(None, None, None, None, out), certify_command(None, 0.001, None, None, out))


@pytest.mark.usefixtures("shipped")
def test_json_goes_to_standard_output_or_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certify_command(None, None, None, tmp_path / "c.json", Console(file=StringIO()))
    certify_command(None, None, None, Path("-"), Console(file=StringIO()))

    assert json.loads((tmp_path / "c.json").read_text("utf-8")) == json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    ("source", "ceiling", "confidence", "said"),
    [
        (None, 1.0, None, "--ceiling"),
        (None, None, 0.2, "--confidence"),
        ("none.json", None, None, "cannot be read"),
        ("text.json", None, None, "not JSON"),
        ("list.json", None, None, "not a scorecard"),
    ],
)
def test_wrong_usage_names_the_option_or_the_file(
    tmp_path: Path, source: str | None, ceiling: float | None, confidence: float | None, said: str
) -> None:
    (tmp_path / "text.json").write_text("no", "utf-8")
    (tmp_path / "list.json").write_text("[1]", "utf-8")
    with pytest.raises(GoujiError, match=said):
        certify_command(tmp_path / source if source else None, ceiling, confidence, None, Console(file=StringIO()))


def test_a_certificate_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GoujiError, match="cannot be written"):
        certify_command(None, None, None, tmp_path / "no" / "c.json", Console(file=StringIO()))


def test_the_golden_set_certifies_nothing_yet() -> None:
    """Seven locked reports would bear no ceiling under a third."""
    out = StringIO()

    assert 1 == certify_command(ROOT / "golden", None, None, None, Console(file=out, width=200))
    assert "cannot certify: needs 598 reports" in out.getvalue()


# the counting


def test_reports_are_counted_once_in_a_class_and_once_in_a_step() -> None:
    reports = [
        Counted("r1", {"a|x": (5, 4), "b|x": (3, 3)}, {"a|x": (4, 1), "b|x": (3, 0)}, ("level clean",)),
        Counted("r2", {"a|x": (2, 2), "c|x": (1, 0)}, {"a|x": (2, 0)}, ("level clean",)),
        Counted("r3", {"b|x": (6, 4)}, {"b|x": (6, 2)}, ("level heavy",)),
    ]
    made = source_counts(reports, SPEC, "three")

    assert (3, 3) == (made.reports, made.inexact)
    assert {"a|x": ClassCounts(7, 6, 2, 1), "b|x": ClassCounts(9, 7, 2, 1), "c|x": ClassCounts(1, 0, 0, 0)} == made.classes
    assert [(2, 1, 6, 1), (3, 2, 15, 3)] == [(s.reports, s.wrong, s.cells, s.cells_wrong) for s in made.steps]
    assert {"level clean": [2, 1], "level heavy": [1, 1]} == made.steps[1].strata


def test_an_audit_sample_is_read_by_report(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    items = [("a|x", "r1", True), ("a|x", "r1", False), ("b|x", "r2", True)]
    lines = (json.dumps({"decision_class": c, "report": r, "right": ok}) for c, r, ok in items)
    path.write_text("\n".join(lines), "utf-8")

    assert [
        Counted("r1", {"a|x": (2, 1)}, {"a|x": (2, 1)}),
        Counted("r2", {"b|x": (1, 1)}, {"b|x": (1, 0)}),
    ] == audit(path)


@pytest.mark.parametrize("text", ["no", "{}", "[]", '{"decision_class": "a", "report": "r", "right": 1}'])
def test_an_audit_line_of_another_shape_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(GoujiError, match=r"audit\.jsonl:1:"):
        audit(path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "499:501"], "below 500 are for tuning"),
        (["--seeds", "9999:10001"], "locked"),
        (["--audit", "none.jsonl"], "no such file"),
    ],
)
def test_a_calibration_on_other_seeds_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports that rules were made on, and reports that nobody looks at, are not counted."""
    with pytest.raises(SystemExit, match="2"):
        calibrate.main(arguments)

    assert said in capsys.readouterr().err


def test_golden_reports_are_counted_cell_by_cell() -> None:
    """Every labelled cell of one dev report, its excluded and its deduced ones left out, none of them counted twice."""
    forms = load_forms()
    report = next(r for r in load_golden(ROOT / "golden", forms, "dev") if r.id == "real-007")
    (counted,) = golden([report], forms)

    assert "real-007" == counted.report
    assert 0 < sum(seen for seen, _ in counted.classes.values()) <= len(report.cells) * len(report.sources)
    assert all(wrong <= seen <= counted.classes[name][0] for name, (seen, wrong) in counted.eligible.items())
    assert all(name.count("|") >= 2 for name in counted.classes)


# the promise, simulated (reconciliation.md §C2)

CEILING, RUNS = 0.005, 1000
EDGES = np.linspace(0, 1, 62)


def true_risk(t: float) -> float:
    """The risk of accepting every score below ``t``, where a score s is wrong with probability s²/50."""
    return t * t / 150


def calibrations(n: int, seed: int) -> Any:
    """Accepted and wrong up to each of 61 thresholds, from the strictest, in each of ``RUNS`` calibrations."""
    rng = np.random.default_rng(seed)
    bins = rng.multinomial(n, np.diff(EDGES), size=RUNS)
    rate = np.diff(EDGES**3) / np.diff(EDGES) / 150
    return np.cumsum(bins, axis=1), np.cumsum(rng.binomial(bins, rate), axis=1)


def broken(chosen: Any) -> float:
    """The share of calibrations whose chosen threshold (0: none) has a true risk over the ceiling."""
    return float(np.mean([k > 0 and true_risk(EDGES[k]) > CEILING for k in chosen]))


def empirical(total: Any, wrong: Any) -> list[int]:
    """The laxest threshold whose observed risk keeps the ceiling: what looks right, and is not."""
    return [max((k + 1 for k in range(61) if n[k] and w[k] <= CEILING * n[k]), default=0) for n, w in zip(total, wrong, strict=True)]


def learn_then_test(total: Any, wrong: Any, start: int) -> list[int]:
    """Fixed sequence from threshold ``start`` on."""
    passed = (
        fixed_sequence(list(zip(w[start:].tolist(), n[start:].tolist(), strict=True)), CEILING)
        for n, w in zip(total, wrong, strict=True)
    )
    return [start + k if k else 0 for k in passed]


def test_learn_then_test_keeps_its_promise_where_the_observed_rate_does_not() -> None:
    """The threshold is chosen on the calibration data; at most one calibration in twenty may promise too much."""
    total, wrong = calibrations(6000, seed=1)
    chosen = learn_then_test(total, wrong, start=9)

    assert broken(empirical(total, wrong)) > 0.4
    assert broken(chosen) <= 0.05
    assert np.mean([k > 0 for k in chosen]) > 0.8


def test_learn_then_test_on_too_few_reports_certifies_nothing() -> None:
    """1,500 reports hold 250 under the first threshold, and 598 are needed; the observed rate answers all the same."""
    total, wrong = calibrations(1500, seed=2)

    assert {0} == set(learn_then_test(total, wrong, start=9))
    assert broken(empirical(total, wrong)) > 0.4
