"""The benchmarks: scoring against hand-made truths, and small runs of every program."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from benchmarks import (
    accuracy,
    across,
    alike,
    calibrate,
    costs,
    localise,
    memory,
    oracle,
    planted,
    programs,
    speed,
    throughput,
    tokens,
    ways,
)
from benchmarks.arguments import seed_range
from benchmarks.damage import LEVELS, Case, Truth, make_case
from benchmarks.score import (
    RESULTS,
    ROOT,
    Counts,
    Score,
    by_code,
    extract_case,
    grouped,
    score,
    silent_rates,
    total,
)
from extractor import pipeline
from extractor.form import Form, load_forms
from extractor.read import read_bytes
from extractor.types import Blame, Candidate, Decision, Document, Extraction, Finding, Number, Resolved, Status, Verdict

FORMS = load_forms()
FORM = FORMS[0]
OTHER = FORMS[1]
PRINTED, BLANK, LOST = frozenset({"printed"}), frozenset({"blank"}), frozenset({"lost"})

# What was read of one field: status, value, outcome.
Read = tuple[Status, Number | None, str]
ZERO: Read = (Status.PRINTED, 0, "accept")


def a_case(truths: Mapping[int, Truth] | None = None, **changes: Any) -> Case:
    """A case of ``FORM`` in which every field prints 0, but for ``truths``."""
    truth = tuple((truths or {}).get(f.index, Truth(0, "0", PRINTED)) for f in FORM.fields)
    made = Case("by-hand", FORM.id, 2020, "某县", b"", ".txt", "flat", "clean", truth, (), (), False, "")
    return replace(made, **changes)


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

    expected = Counts(cases=1, straight=1, accepting=1, cells=n, right=n, printed=n, printed_right=n, accepted=n, accepted_printed=n,
                      determined=n, determined_accepted=n, determined_cases=1, straight_determined=1)  # fmt: skip

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

    n = len(FORM.fields)
    assert Counts(cases=1, unreadable=1, cells=n, printed=n, determined=n, determined_cases=1) == c


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


def test_pairs_that_agree_give_no_finding_and_planted_ones_do() -> None:
    counts = across.run("clean", range(4), ["tab-rows", "html"])

    assert (4, 4, 4, 4) == (counts["pairs"], counts["paired"], counts["planted"], counts["found"])
    assert 0 == sum(n for name, n in counts.items() if name.startswith("false"))


@pytest.mark.parametrize("program", [accuracy, calibrate, costs, localise, ways])
def test_locked_seeds_are_refused(program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--seeds", "9999:10001"])

    assert "locked" in capsys.readouterr().err


def test_planted_errors_of_every_kind() -> None:
    """The kinds themselves, and how they are judged: tests/test_plant.py."""
    summary = planted.run(range(1))
    counts = planted.counts(summary)

    assert [*planted.KINDS, "all"] == list(counts)
    assert summary.tried == counts["all"]["tried"] == sum(by["tried"] for kind, by in counts.items() if kind != "all")
    assert all(by["tried"] == sum(n for outcome, n in by.items() if outcome != "tried") for by in counts.values())
    assert counts["all"]["escaped, silent"] == sum(e.outcome == "escaped, silent" for e in summary.escapes)


def test_planted_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    one = [b for b in planted.bases() if b.name.startswith("003")]
    monkeypatch.setattr(planted, "bases", lambda: tuple(one))
    code = planted.main(["--seeds", "0:1", "--processes", "1", "--json", str(tmp_path / "a")])
    data = json.loads((tmp_path / "a").read_text(encoding="utf-8"))

    assert {"command", "commit", "dirty", "machine", "seeds", "texts", "counts", "escapes"} == set(data)
    assert (["003/source.txt"], "0:1") == (data["texts"], data["seeds"])
    assert int(data["counts"]["all"]["escaped, silent"] > 0) == code
    assert all({"kind", "outcome", "report", "plant", "cells"} == set(e) for e in data["escapes"])
    assert "invisible by construction" in capsys.readouterr().out


# localisation and deduction, and the answers they are held against


def small(form: Form, **cells: int) -> list[Number | None]:
    """A report of zeros but for some cells of one litigation block, and one request that was granted."""
    values: list[Number | None] = [0] * len(form.fields)
    for name in ("new", "granted", "total"):
        for column in ("natural_person", "total"):
            values[form.index[f"requests/{name}/{column}"]] = 1
    for name, value in cells.items():
        values[form.index[f"litigation/reconsideration/{name}"]] = value
    return values


def test_brute_force_names_the_one_cell_or_all_that_could_be() -> None:
    """A cell in two sums of its own is one; in a block of one sum any cell could be wrong that need not go below 0."""
    values = small(FORM)
    granted = FORM.index["requests/granted/natural_person"]
    values[granted] = 4
    block = {FORM.index[f"litigation/reconsideration/{c}"] for c in ("upheld", "corrected", "other", "pending", "total")}

    assert {frozenset((granted,))} == oracle.least_explanations(FORM, values, 2)
    assert {frozenset((i,)) for i in block} == oracle.least_explanations(FORM, small(FORM, total=3), 1)
    assert {frozenset((FORM.index["litigation/reconsideration/total"],))} == {
        e for e in oracle.least_explanations(FORM, small(FORM, other=3), 1) if FORM.index["litigation/reconsideration/other"] not in e
    }


def test_brute_force_finds_pairs_and_their_mirror_images() -> None:
    index, values = FORM.index, small(FORM)
    cells = [index[f"requests/{r}/{c}"] for r, c in (("granted", "commercial"), ("partial", "research"))]
    other = [index[f"requests/{r}/{c}"] for r, c in (("granted", "research"), ("partial", "commercial"))]
    for i in cells:
        values[i] = 5

    assert {frozenset(cells)} == oracle.least_explanations(FORM, values, 2)
    for i in other:
        values[i] = 9
        values[index[FORM.fields[i].id.rsplit("/", 1)[0] + "/total"]] = 9
        values[index["requests/total/" + FORM.fields[i].column]] = 9
        values[index["requests/new/" + FORM.fields[i].column]] = 9
    for r, v in (("total", 19), ("new", 19), ("granted", 10)):
        values[index[f"requests/{r}/total"]] = v
    assert {frozenset(cells), frozenset(other)} == oracle.least_explanations(FORM, values, 2)


def test_what_the_rules_determine() -> None:
    """One unknown; unknowns that sum to nothing; and two that share a sum of something are open. Nothing from blanks."""
    values = small(FORM, upheld=2, other=1, total=3)
    index = FORM.index
    one, two, three = (index[f"litigation/reconsideration/{c}"] for c in ("upheld", "corrected", "pending"))

    assert {one: 2} == oracle.determined(FORM, values, [one], [])
    assert {two: 0, three: 0} == oracle.determined(FORM, values, [two, three], [])
    assert {} == oracle.determined(FORM, values, [one, two], [])
    assert {} == oracle.determined(FORM, values, [one], [two])
    column = [i for i in range(len(FORM.fields)) if FORM.fields[i].id.startswith("requests/") and FORM.fields[i].column == "total"]
    assert {i: values[i] for i in column} == oracle.determined(FORM, values, column, [])


def test_verdicts_of_a_localisation() -> None:
    values = small(FORM)
    granted, partial = (FORM.index[f"requests/{r}/natural_person"] for r in ("granted", "partial"))
    values[granted] = 4
    wrong = frozenset((granted,))
    block = frozenset(FORM.index[f"litigation/reconsideration/{c}"] for c in ("upheld", "corrected", "other", "pending", "total"))
    total_wrong, total_cell = small(FORM, total=3), frozenset((FORM.index["litigation/reconsideration/total"],))

    assert localise.EXACT == localise.verdict(FORM, values, wrong, wrong)
    assert localise.MISSED == localise.verdict(FORM, values, wrong, wrong | {partial})
    assert localise.MISSED == localise.verdict(FORM, values, wrong, frozenset())
    assert localise.SMALLER == localise.verdict(FORM, values, wrong | {partial}, wrong)
    assert localise.AMONG == localise.verdict(FORM, total_wrong, total_cell, block)
    assert localise.MISSED == localise.verdict(FORM, total_wrong, total_cell, block - total_cell)
    assert localise.UNSEEN == localise.verdict(FORM, small(FORM), wrong, frozenset())


def test_a_misread_figure_is_another_number_a_digit_away() -> None:
    seen = {localise.misread(Random(s), 120) for s in range(300)}

    assert {12, 20, 210, 102, 1200, 125} <= seen
    assert 120 not in seen


def test_localisation_in_small() -> None:
    result = localise.run(range(1), many=20)

    assert {"sums", "texts", "blame", "lost"} == set(result)
    assert all(row["exact of nameable"] == 1 for name, row in result["sums"].items() if "requests" in name)
    assert all(sum(row[o] for o in localise.OUTCOMES) == 20 * len(FORMS) for row in result["sums"].values())
    assert set(LEVELS) == set(result["blame"])
    assert not sum(row["misread report"] for level, row in result["blame"].items() if level in ("clean", "light"))
    assert any("deduced" in line or "lost" in line for line in localise.table(result))


def test_deductions_are_held_against_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that deduces 77 for every lost cell is found out, cell by cell."""
    found = next(
        (shape, seed)
        for shape in ("tab-rows", "html")
        for seed in range(40)
        if (c := localise.lost_case("medium", shape, seed, FORM)[0])["determined"] and not c["sound deduced wrong"]
    )

    def guess(case: Case, forms: list[Form]) -> Extraction:
        got = extract_case(case, forms)
        guessed = tuple(r._replace(status=Status.DEDUCED, value=77) if r.status in ("lost", "deduced") else r for r in got.resolved)
        return replace(got, resolved=guessed)

    monkeypatch.setattr(localise, "extract_case", guess)
    counts, wrong = localise.lost_case("medium", *found, FORM)

    assert counts["determined"] == counts["determined, deduced wrong"] > 0
    assert counts["sound deduced wrong"] == len(wrong) > 0


# the simpler ways


def a_candidate(field: int, value: Number | None, status: Status = Status.PRINTED, option: int = 0) -> Candidate:
    return Candidate(field, status, value, str(value), 0, 1, (), option)


def by_field(**cells: list[Candidate]) -> list[list[Candidate]]:
    """Candidates of a report of printed zeros, but for some cells of one litigation block."""
    out = [[a_candidate(f.index, 0)] for f in FORM.fields]
    for name, candidates in cells.items():
        i = FORM.index[f"litigation/reconsideration/{name}"]
        out[i] = [c._replace(field=i) for c in candidates]
    return out


def taken(way: str, cells: list[list[Candidate]]) -> dict[str, Number | str | None]:
    """What a way accepts in the block: a value, ``blank``, or None for a person."""
    got = {"no rules": ways.no_rules, "flag the sum": ways.flag_the_sum, "vote": ways.vote}[way](FORM, cells)
    names = ("upheld", "corrected", "other", "pending", "total")
    picked = {n: got[FORM.index[f"litigation/reconsideration/{n}"]] for n in names}
    return {n: None if c is None else "blank" if c.status is Status.BLANK else c.value for n, c in picked.items()}


def test_the_three_simpler_ways() -> None:
    two, three, lost = a_candidate(0, 2), a_candidate(0, 3, option=1), a_candidate(0, None, Status.LOST)
    cells = by_field(upheld=[two, three, three], corrected=[lost], pending=[a_candidate(0, None, Status.BLANK)], total=[three, two])
    wrong = by_field(upheld=[two], total=[three])

    assert {"upheld": 2, "corrected": None, "other": 0, "pending": "blank", "total": 3} == taken("no rules", cells)
    assert {"upheld": 3, "corrected": None, "other": 0, "pending": "blank", "total": None} == taken("vote", cells)
    assert {"upheld": 2, "corrected": 0, "other": 0, "pending": 0, "total": 3} == taken("no rules", wrong)
    assert dict.fromkeys(("upheld", "corrected", "other", "pending", "total")) == taken("flag the sum", wrong)
    assert taken("no rules", wrong) == taken("vote", wrong)
    assert 0 == sum(c is None for c in ways.no_rules(FORM, wrong))
    assert 5 == sum(c is None for c in ways.flag_the_sum(FORM, wrong))


def test_the_ways_start_from_the_candidates_of_the_pipeline() -> None:
    case, before = make_case(FORM, 1, "tab-cells", "clean"), dict(vars(pipeline))
    document = read_bytes(case.data, case.name)
    found = ways.candidates(document, FORMS)

    assert found is not None
    assert found[0] is FORM
    assert [t.value for t in case.truth] == [c[0].value for c in found[1]]
    assert before == vars(pipeline)
    assert ways.candidates(replace(document, text="nothing", norm="nothing"), FORMS) is None


def test_the_ways_side_by_side() -> None:
    result = ways.run(range(1), ("clean", "light"), ("tab-cells",))

    assert ["clean", "light", "all"] == list(result)
    assert all(list(ways.WAYS) == list(by) for by in result.values())
    for by in result.values():
        assert 1 == len({(r["cases"], r["cells"]) for r in by.values()})
        assert by["no rules"]["to_a_person"] <= by["flag the sum"]["to_a_person"]
        assert by["no rules"]["silent"] >= by["flag the sum"]["silent"] >= by["gouji"]["silent"]
        assert all(r["to_a_person"] + r["accepted"] == r["cells"] for r in by.values())
    assert 1 + 3 * 5 == len(list(ways.table(result)))


def test_throughput_runs_the_program_over_every_text_shape(tmp_path: Path) -> None:
    throughput.write_folder(tmp_path / "all", 28)
    names = [p.name for p in (tmp_path / "all").iterdir()]
    done = throughput.run(tmp_path / "all", tmp_path / "out.jsonl", 2)

    assert all(any(f"-{shape}-" in name for name in names) for shape in throughput.TEXT_SHAPES)
    assert (done.reports, done.workers, done.python) == (28, 2, programs.name_of(programs.Program()))
    assert 0 < done.rate == 28 / done.seconds
    assert done.workers_cpu > 0
    assert (done.bound() == "one process") == (done.parent_cpu is None)  # where the system does not tell them apart


def test_throughput_takes_no_failure_for_a_figure(tmp_path: Path) -> None:
    throughput.write_folder(tmp_path / "all", 1)
    (tmp_path / "all" / "empty.txt").write_text("")
    with pytest.raises(RuntimeError, match="exit 1"):
        throughput.run(tmp_path / "all", tmp_path / "out.jsonl", 1)


def interpreter(folder: Path, script: str) -> Path:
    """An interpreter that is a shell script."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


_SAME = f'exec "{sys.executable}" "$@"'
# Reads as this interpreter does, but makes the first 2021 of every line a 1021.
_OTHERWISE = f"""
"{sys.executable}" "$@" || exit
while [ $# -gt 1 ]; do [ "$1" = --jsonl ] && sed -i "s/2021/1021/" "$2"; shift; done
"""


def test_throughput_takes_no_program_that_reads_otherwise(tmp_path: Path) -> None:
    other = interpreter(tmp_path, _OTHERWISE)
    with pytest.raises(RuntimeError, match="read otherwise by"):
        throughput.main(f"--reports 2 --workers 1 --texts 0 --python={other}".split())


def test_alike_names_the_reports_that_a_program_reads_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "result.json"
    some = f"--seeds 0:1 --levels clean,heavy --shapes flat,html --json {result}".split()

    assert 0 == alike.main([*some, f"--python={interpreter(tmp_path, _SAME)}"])
    assert [] == json.loads(result.read_text())["different"]
    assert 1 == alike.main([*some, f"--python={interpreter(tmp_path, _OTHERWISE)}"])
    assert "disclosure-2021-html-clean-0.html" in json.loads(result.read_text())["different"]
    assert "  disclosure-2021-html-clean-0.html" in capsys.readouterr().out.splitlines()


def test_a_program_that_is_installed_must_be_of_this_commit(tmp_path: Path) -> None:
    """The interpreter runs this checkout although it is asked for what is installed; the second has other code."""
    here = interpreter(tmp_path, f'shift; cd "{ROOT}"; exec "{sys.executable}" "$@"')
    assert programs.name_of(programs.Program()) == programs.name_of(programs.Program(str(here), installed=True))

    (tmp_path / "old").mkdir()
    old = interpreter(tmp_path / "old", f"""shift; cd "{ROOT}"; "{sys.executable}" "$@" | sed 's/"code": "...../"code": "01234/'""")
    with pytest.raises(ValueError, match=r"another than this checkout \(different: code\)"):
        programs.name_of(programs.Program(str(old), installed=True))


def test_throughput_runs_the_program_by_each_interpreter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = interpreter(tmp_path, _SAME)
    result = tmp_path / "result.json"

    assert 0 == throughput.main(f"--reports 2 --workers 1 --texts 0 --python={other} --json {result}".split())
    data = json.loads(result.read_text())
    assert [programs.name_of(programs.Program())] * 2 == [r["python"] for r in data["runs"]] == [r["python"] for r in data["one_report"]]
    assert 2 == capsys.readouterr().out.count("\n" + platform.python_version())


@pytest.mark.interpreted
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


@pytest.mark.parametrize("program", [accuracy, across, alike, calibrate, costs, localise, memory, planted, speed, throughput, tokens, ways])
def test_help(program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        program.main(["--help"])

    assert "usage: python -m benchmarks." in capsys.readouterr().out


def test_no_result_names_a_folder_of_the_machine_that_made_it() -> None:
    absolute = re.compile(r"(?<![\w./:])/(?:home|root|work|tmp|opt|usr|var|Users)/")

    assert [] == [f.name for f in RESULTS.glob("*.json") if absolute.search(f.read_text("utf-8"))]


def test_every_result_is_that_of_the_command_beside_it() -> None:
    """The table of benchmarks/README.md names each result file and the command that wrote it."""
    page = (RESULTS.parent / "README.md").read_text("utf-8")
    commands = dict(re.findall(r"`(python -m benchmarks[^`]*)` \| `results/(\w+\.json)`", page))
    named = {file: command for command, file in commands.items()}

    assert {f.name for f in RESULTS.glob("*.json")} == set(named)
    for file, command in named.items():
        assert command == json.loads((RESULTS / file).read_text("utf-8"))["command"]
