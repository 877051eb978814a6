"""The benchmarks: scoring against hand-made truths, and small runs of every program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import accuracy, calibrate, memory, planted, speed
from benchmarks.damage import LEVELS, Case, Truth, make_case
from benchmarks.score import Counts, Score, by_code, extract_case, grouped, score, seed_range, silent_rates, total
from extractor import pipeline
from extractor.form import Form, load_forms
from extractor.policy import load_policy
from extractor.types import Blame, Decision, Document, Extraction, Finding, Number, Resolved, Status, Verdict

FORMS = load_forms()
FORM = FORMS[0]
OTHER = FORMS[1]
PRINTED, BLANK, LOST = frozenset({"printed"}), frozenset({"blank"}), frozenset({"lost"})

# What was read of one field: status, value, outcome.
Read = tuple[Status, Number | None, str]
ZERO: Read = (Status.PRINTED, 0, "accept")


def a_case(truths: Mapping[int, Truth] | None = None, **changes: object) -> Case:
    """A case of ``FORM`` in which every field prints 0, but for ``truths``."""
    truth = tuple((truths or {}).get(f.index, Truth(0, "0", PRINTED)) for f in FORM.fields)
    made = Case("by-hand", FORM.id, 2020, "某县", b"", ".txt", "flat", "clean", truth, (), (), False, "")
    return replace(made, **changes)  # type: ignore[arg-type]


def an_extraction(
    reads: Mapping[int, Read] | None = None, findings: tuple[Finding, ...] = (), form: Form | None = FORM
) -> Extraction:
    """An extraction in which every field was accepted as 0, but for ``reads``."""
    fields = form.fields if form else ()
    got = [(reads or {}).get(f.index, ZERO) for f in fields]
    resolved = tuple(Resolved(n, status, value, str(value), 0, 1, ()) for n, (status, value, _) in enumerate(got))
    decisions = tuple(Decision(n, outcome, ("RULE_PASSED",), 0.5) for n, (_, _, outcome) in enumerate(got))
    decision = "unreadable" if form is None else "accept" if all(o == "accept" for _, _, o in got) else "review"
    document = Document("by-hand", "", "", "", "utf-8", "text/plain")
    return Extraction(document, form.id if form else None, (), None, None, resolved, decisions, findings, (), (), decision)


def a_finding(rule: str, instance: str, blame: Blame, severity: str = "hard") -> Finding:
    """A failed rule."""
    return Finding(rule, instance, severity, Verdict.FAIL, Verdict.FAIL, 1, 2, (0,), blame=blame)


def counted(case: Case, extraction: Extraction) -> Counts:
    """The counts of one case of ``FORM``."""
    return score(case, extraction, FORM).counts


# scoring


def test_everything_right_and_accepted() -> None:
    n = len(FORM.fields)

    expected = Counts(cases=1, straight=1, accepting=1, cells=n, right=n, printed=n, printed_right=n, accepted=n, accepted_printed=n)

    assert expected == counted(a_case(), an_extraction())


@pytest.mark.parametrize(
    ("truth", "read", "right"),
    [
        (Truth(3, "3", PRINTED), (Status.PRINTED, 3, "accept"), True),
        (Truth(3, "3", PRINTED), (Status.PRINTED, 8, "accept"), False),
        (Truth(0, "0", PRINTED), (Status.BLANK, None, "accept"), False),
        (Truth(None, None, BLANK), (Status.BLANK, None, "accept"), True),
        (Truth(None, None, BLANK), (Status.PRINTED, 0, "accept"), False),
        (Truth(None, None, BLANK | LOST), (Status.LOST, None, "review"), True),
        (Truth(5, None, LOST), (Status.BLANK, None, "accept"), False),
        (Truth(5, None, LOST), (Status.DEDUCED, 5, "review"), True),
        (Truth(5, None, LOST), (Status.DEDUCED, 4, "review"), False),
        (Truth(None, None, BLANK), (Status.DEDUCED, 0, "review"), True),
    ],
)
def test_one_cell(truth: Truth, read: Read, right: bool) -> None:
    result = score(a_case({4: truth}), an_extraction({4: read}), FORM)
    others, c = len(FORM.fields) - 1, result.counts
    accepted, deduced = read[2] == "accept", read[0] is Status.DEDUCED

    assert others + right == c.right
    assert int(accepted and not right) == c.silent == c.silent_cases == len(result.silent)
    assert (int(not accepted and right), int(not accepted and not right)) == (c.review_right, c.review_wrong)
    assert (int(deduced and right), int(deduced and not right)) == (c.deduced_right, c.deduced_wrong)
    assert int(accepted and not right) == c.straight_wrong
    assert all(w.field == FORM.fields[4].id for w in result.silent)


def test_equal_value_is_neither_silent_nor_right() -> None:
    """Only in an unplaceable text, only for a cell that is lost, only with the value of the original."""
    lost, read = {4: Truth(5, None, LOST)}, {4: (Status.PRINTED, 5, "accept")}
    n = len(FORM.fields)

    apart = counted(a_case(lost, unplaceable=True), an_extraction(read))
    placed = counted(a_case(lost), an_extraction(read))
    other = counted(a_case(lost, unplaceable=True), an_extraction({4: (Status.PRINTED, 6, "accept")}))
    printed = counted(a_case({4: Truth(5, "5", PRINTED)}, unplaceable=True), an_extraction({4: (Status.PRINTED, 6, "accept")}))

    assert (1, 0, n - 1) == (apart.equal_value, apart.silent, apart.right)
    assert [(0, 1)] * 3 == [(c.equal_value, c.silent) for c in (placed, other, printed)]


def test_nothing_is_right_under_another_form() -> None:
    extraction = an_extraction(form=OTHER)

    known, unknown = counted(a_case(), extraction), counted(a_case(form_id=None), extraction)

    assert (1, 0) == (known.form_wrong, unknown.form_wrong)
    assert {len(OTHER.fields)} == {known.silent, unknown.silent}
    assert (0, len(FORM.fields)) == (known.right, known.printed)


def test_an_unreadable_text_stays_in_the_denominators() -> None:
    c = counted(a_case(), an_extraction(form=None))

    assert Counts(cases=1, unreadable=1, cells=len(FORM.fields), printed=len(FORM.fields)) == c


def test_findings_are_found_missed_or_false() -> None:
    findings = (
        a_finding("A", "one", Blame.REPORT),
        a_finding("A", "two", Blame.READING),
        a_finding("B", "one", Blame.REPORT, "soft"),
    )
    extraction = an_extraction(findings=findings)

    planted_ = counted(a_case(misprints=(("A", "one"), ("A", "three")), damages=("misprint: x",)), extraction)
    sound = score(a_case(), extraction, FORM)
    altered = counted(a_case(altered=(3,)), extraction)

    assert (1, 1, 0) == (planted_.misprints_found, planted_.misprints_missed, planted_.false_findings)
    assert (1, 0) == (planted_.found_blame_report, planted_.found_blame_reading)
    assert (2, 1, 1) == (sound.counts.false_findings, sound.counts.false_blame_report, sound.counts.false_blame_reading)
    assert ("by-hand: A one (blame: report)", "by-hand: A two (blame: reading)") == sound.false
    assert 0 == altered.false_findings


def test_sums_groups_and_codes() -> None:
    right = score(a_case(), an_extraction(), FORM)
    wrong = score(a_case(shape="html"), an_extraction({0: (Status.PRINTED, 7, "accept"), 1: (Status.PRINTED, 0, "review")}), FORM)
    both, n = [right, wrong], len(FORM.fields)

    assert (2, 1, 2 * n - 1) == (total(both).cases, total(both).silent, total(both).accepted)
    assert {"clean flat": 0, "clean html": 1} == {k: c.silent for k, c in grouped(both, "level", "shape").items()}
    assert {"accepted": 2 * n - 1, "accepted_wrong": 1, "reviewed": 1, "reviewed_wrong": 0} == by_code(both)["RULE_PASSED"]
    rates = silent_rates(total(both))
    assert rates["silent_per_million_accepted"] == pytest.approx(1e6 / (2 * n - 1))
    assert rates["reports_with_silent_error_bound"] == pytest.approx(0.9747, abs=1e-4)
    assert {"silent_per_million_accepted": None, "reports_with_silent_error_bound": None} == silent_rates(Counts())


def test_a_crash_names_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("benchmarks.score.extract", crash)
    case = make_case(FORM, 1, "flat", "clean")
    with pytest.raises(ZeroDivisionError, match="planted") as caught:
        extract_case(case, FORMS)

    assert case.name in caught.value.__notes__[0]


def test_a_file_that_cannot_be_read_is_scored() -> None:
    case = a_case(data=b"")
    result = score(case, extract_case(case, FORMS), FORM)

    assert (1, 0) == (result.counts.unreadable, result.counts.accepted)
    assert result.error.startswith("EMPTY_FILE")


@pytest.mark.parametrize("text", ["5", "5:", "b:9", "7:7", "9:3", "-1:4"])
def test_seed_ranges_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="A:B"):
        seed_range(text)


# the programs


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    return accuracy.run(range(2), LEVELS, ("tab-cells", "glued"))


def test_accuracy_scores_every_case_once(scores: list[Score]) -> None:
    assert 2 * 2 * len(LEVELS) * len(FORMS) == len({s.case for s in scores}) == len(scores)
    assert all(s.counts.cells == len(next(f for f in FORMS if f.id == s.form).fields) for s in scores)


def test_accuracy_counts_add_up(scores: list[Score]) -> None:
    c = total(scores)

    assert c.accepted == c.right - c.review_right + c.silent + c.equal_value
    assert c.accepted_printed <= c.printed <= c.cells
    assert sum(n for s in scores for n, _ in s.classes.values()) == c.accepted + c.review_right + c.review_wrong


def test_accuracy_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result names its command, seeds, commit and machine, and two runs differ in nothing."""
    for name in "ab":
        accuracy.main(["--seeds", "3:4", "--levels", "clean,heavy", "--shapes", "html,flat", "--processes", "1",
                       "--json", str(tmp_path / name)])  # fmt: skip
    first, second = (json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in "ab")

    assert {"command", "commit", "dirty", "machine", "seeds", "levels", "total", "by_code", "silent_errors"} <= set(first)
    assert ("3:4", 8) == (first["seeds"], first["total"]["cases"])
    assert {"cpu", "cores", "python"} == set(first["machine"])
    assert first | {"command": ""} == second | {"command": ""}
    assert "heavy" in capsys.readouterr().out


@pytest.mark.parametrize("program", [accuracy, calibrate])
def test_locked_seeds_are_refused(program: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--seeds", "9999:10001"])  # type: ignore[attr-defined]

    assert "locked" in capsys.readouterr().err


def test_calibration_is_read_by_the_policy(tmp_path: Path, scores: list[Score]) -> None:
    target = tmp_path / "confidence.json"
    assert 0 == calibrate.main(["--seeds", "0:1", "--output", str(target), "--processes", "1"])
    data = json.loads(target.read_text(encoding="utf-8"))
    policy = load_policy(str(target))
    seen, right = data["classes"]["accept|printed|RULE_PASSED"]

    assert {"command", "seeds", "levels", "commit"} <= set(data["measured"])
    assert round((right + 0.5) / (seen + 1), 6) == policy.confidence(Status.PRINTED, "accept", ("ANCHORED", "RULE_PASSED"))
    for outcome in ("accept", "review"):
        parts = [v for k, v in data["classes"].items() if k.startswith(f"{outcome}|")]
        assert [sum(p[0] for p in parts), sum(p[1] for p in parts)] == data["classes"][outcome]
    assert total(scores).accepted == calibrate.classes(scores)["accept"][0]


def test_planted_errors_of_every_kind() -> None:
    results = planted.run(range(2))
    counts = planted.counts(results)

    assert len(results) == counts["all"]["tried"] == len({(r.kind, r.report, r.plant) for r in results})
    assert not [kind for kind in planted.KINDS if kind != "rows of equal total swapped" and not counts[kind]["tried"]]
    assert all(bool(r.escapes) == r.outcome.startswith("escaped") for r in results)


def test_planted_bases_are_of_the_development_split() -> None:
    names = {b.name.partition("/")[0] for b in planted.bases()}

    assert {"000", "001", "003", "real-007"} <= names
    assert not names & {"real-004", "real-005", "real-006", "real-016", "real-020", "real-032"}


def test_a_changed_figure_is_changed_in_the_text_and_nowhere_else() -> None:
    base = next(b for b in planted.bases() if b.name.startswith("real-007"))
    field = base.form.index["requests/new/natural_person"]
    plant = planted.Plant(figures=((field, "3420"),))

    assert base.text.replace("3402", "3420", 1) == planted.changed_text(base, plant)
    assert not planted.invisible(base, plant)
    assert (planted.CAUGHT, frozenset()) == planted.judge_plant(base, plant)


def test_figures_of_two_rows_of_one_sum_are_invisible() -> None:
    base = next(b for b in planted.bases() if b.name.startswith("real-007"))
    index, columns = base.form.index, [c.id for c in base.form.table("requests").blocks[0].columns]
    rows = [[index[f"requests/{r}/{c}"] for c in columns] for r in ("granted", "partial")]
    figures = tuple((a, base.printed(b)) for x, y in (rows, rows[::-1]) for a, b in zip(x, y, strict=True))

    assert planted.invisible(base, planted.Plant(figures=figures))


def test_speed_measures_every_stage_and_leaves_the_pipeline_alone() -> None:
    before = dict(vars(pipeline))
    timing = speed.measure("clean", speed.texts("clean", "tab-rows", 2), 6)

    assert before == vars(pipeline)
    assert {"read", "segment", "reconcile", "check_rules", "judge", "other"} <= set(timing.stages)
    assert 0 < timing.median <= timing.p95
    assert (2, 6) == (timing.texts, timing.repetitions)


def test_memory_samples_and_slope() -> None:
    result = memory.run(6, 4)

    assert [0, 4, 6] == [n for n, _ in result.samples]
    assert 0 < result.start <= result.peak
    assert pytest.approx(1024) == memory.slope([(0, 10.0), (500, 10.5), (1000, 11.0)])
    assert 0.0 == memory.slope([(5, 1.0)])


@pytest.mark.parametrize("program", [accuracy, calibrate, memory, planted, speed])
def test_help(program: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        program.main(["--help"])  # type: ignore[attr-defined]

    assert "usage: python -m benchmarks." in capsys.readouterr().out
