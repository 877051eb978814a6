"""What may be accepted: the policy file, the counts, and what follows from the two together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from extractor import policy
from extractor.errors import GoujiError
from extractor.policy import (
    ClassCounts,
    Counts,
    Policy,
    PolicySpec,
    SourceCounts,
    StepCounts,
    load_policy,
    make_policy,
    read_counts,
    read_spec,
    verdicts,
)

SPEC: dict[str, Any] = {
    "ceiling": 0.005,
    "class_ceiling": 0.01,
    "confidence": 0.95,
    "certified_on": "generator",
    "sequence": [
        {"name": "intact", "why": "first", "classes": ["printed|*|anchored|passed|sound"]},
        {"name": "blank", "why": "second", "classes": ["blank|*"]},
        {"name": "doubted", "why": "last", "classes": ["printed|*|doubt:*|proven|*"]},
    ],
}
INTACT, BLANK, DOUBTED = "printed|single|anchored|passed|sound", "blank|single|anchored|settled|sound", "printed|single|doubt:count|proven|damaged"


def a_spec(**changes: Any) -> PolicySpec:
    return PolicySpec.model_validate({**SPEC, **changes})


def a_source(
    steps: list[tuple[int, int]], classes: Mapping[str, tuple[int, int]], spec: PolicySpec | None = None
) -> SourceCounts:
    """Steps and classes as (reports, wrong); ten cells a report, one of them wrong in a wrong report."""
    spec = spec or a_spec()
    by_class = {name: ClassCounts(10 * n, 10 * n - w, n, w) for name, (n, w) in classes.items()}
    by_step = tuple(StepCounts(s.name, n, w, 10 * n, w, {}) for s, (n, w) in zip(spec.sequence, steps, strict=True))
    return SourceCounts("made up", max((n for n, _ in steps), default=0), 0, by_class, by_step)


def some_counts(
    steps: list[tuple[int, int]], classes: Mapping[str, tuple[int, int]], **real: SourceCounts
) -> Counts:
    return Counts(a_spec().digest, {"generator": a_source(steps, classes), **real})


ALL_GOOD = {INTACT: (3000, 0), BLANK: (400, 0), DOUBTED: (1000, 1)}
STEPS_GOOD = [(3000, 0), (3100, 0), (3500, 1)]


def reasons(counts: Counts, spec: PolicySpec | None = None) -> dict[str, str]:
    return {c.name: c.reason for c in verdicts(spec or a_spec(), counts).classes}


# which classes are accepted


def test_classes_of_certified_steps_are_accepted() -> None:
    made = make_policy(a_spec(), some_counts(STEPS_GOOD, ALL_GOOD))

    assert frozenset({INTACT, BLANK, DOUBTED}) == made.accepted
    assert (True, False) == (made.accepts(INTACT), made.accepts("printed|single|anchored|passed|never seen"))


def test_the_first_step_that_fails_ends_the_walk() -> None:
    """Although the third step by itself would pass: otherwise each step would be one more chance to be lucky."""
    found = verdicts(a_spec(), some_counts([(3000, 0), (3100, 15), (9000, 20)], ALL_GOOD))

    assert [(True, True), (True, False), (False, False)] == [(s.tested, s.certified) for s in found.steps]
    assert {INTACT: "", BLANK: policy.STEP_NOT_CERTIFIED, DOUBTED: policy.STEP_NOT_CERTIFIED} == {
        c.name: c.reason for c in found.classes
    }


def test_too_few_reports_certify_nothing() -> None:
    """597 reports without an error do not prove a half per cent, 598 do."""
    few, enough = ([(n, 0), (n, 0), (n, 0)] for n in (597, 598))

    assert not make_policy(a_spec(), some_counts(few, ALL_GOOD)).accepted
    assert INTACT in make_policy(a_spec(), some_counts(enough, ALL_GOOD)).accepted


@pytest.mark.parametrize(
    ("reports", "wrong", "reason"),
    [
        (299, 0, ""),
        (298, 0, policy.CLASS_TOO_RARE),
        (400, 1, policy.CLASS_TOO_RARE),
        (400, 5, policy.CLASS_TOO_WRONG),
        (5000, 5, ""),
    ],
)
def test_a_class_is_accepted_only_under_its_own_ceiling(reports: int, wrong: int, reason: str) -> None:
    """However well the step does that it is part of: a rare bad class would hide among the many good ones."""
    assert reason == reasons(some_counts(STEPS_GOOD, {**ALL_GOOD, BLANK: (reports, wrong)}))[BLANK]


def test_a_class_in_no_step_is_not_accepted() -> None:
    lost = "deduced|single|lost|proven|damaged"

    assert policy.NO_STEP == reasons(some_counts(STEPS_GOOD, {**ALL_GOOD, lost: (5000, 0)}))[lost]


@pytest.mark.parametrize(("reports", "wrong", "reason"), [(15, 0, ""), (15, 1, policy.REAL_ERROR), (5000, 9, "")])
def test_an_error_on_real_reports_withdraws_the_class(reports: int, wrong: int, reason: str) -> None:
    """Generated reports are many and alike; real ones overrule them until they bear the ceiling by themselves."""
    real = a_source([(reports, wrong)] * 3, {BLANK: (reports, wrong)})

    assert {INTACT: "", BLANK: reason, DOUBTED: ""} == reasons(some_counts(STEPS_GOOD, ALL_GOOD, golden=real))


def test_another_order_than_the_counted_one_certifies_nothing() -> None:
    """Who may choose the order after the count may choose a lucky one."""
    turned = a_spec(sequence=SPEC["sequence"][::-1])
    found = verdicts(turned, some_counts(STEPS_GOOD, ALL_GOOD))

    assert found.stale
    assert not any(s.certified for s in found.steps)
    assert not make_policy(turned, some_counts(STEPS_GOOD, ALL_GOOD)).accepted


def test_another_ceiling_or_comment_is_not_another_order() -> None:
    said = [{**s, "why": "said otherwise"} for s in SPEC["sequence"]]

    assert a_spec().digest == a_spec(ceiling=0.1, sequence=said).digest


def test_steps_are_tried_in_order_and_patterns_know_no_case_folding() -> None:
    spec = a_spec(sequence=[*SPEC["sequence"], {"name": "rest", "why": "", "classes": ["*"]}])

    assert [0, 1, 2, 3, 3] == [spec.step_of(x) for x in (INTACT, BLANK, DOUBTED, "lost|x", INTACT.upper())]
    assert a_spec().step_of("lost|x") is None


def test_patterns_mean_what_they_mean_to_a_shell() -> None:
    """All names and patterns of up to four of three signs."""
    words = ["".join(w) for n in range(5) for w in product("a|*", repeat=n)]
    names = [w for w in words if "*" not in w]

    assert [] == [(n, p) for p in words for n in names if fnmatchcase(n, p) != policy._matches(n, p)]


def test_without_counts_nothing_is_certified() -> None:
    found = verdicts(a_spec(), Counts())

    assert (False, ()) == (found.stale, found.classes)
    assert ([True, False, False], [False] * 3) == ([s.tested for s in found.steps], [s.certified for s in found.steps])


# confidence


def test_confidence_is_the_measured_share_of_the_class_and_else_of_a_coarser_one() -> None:
    made = make_policy(a_spec(), some_counts(STEPS_GOOD, ALL_GOOD))

    assert round((9999 + 0.5) / 10001, 6) == made.confidence(DOUBTED, "accept")
    assert round((29999 + 9999 + 1.5) / 40001, 6) == pytest.approx(made.confidence("printed|single|new", "accept"), abs=1e-4)
    assert made.confidence("printed|other|new", "review") == made.confidence("printed", "review")


def test_confidence_of_an_unknown_class_is_that_of_its_outcome_and_else_one_half() -> None:
    rejected = "lost|single|lost|none|damaged"
    made = make_policy(a_spec(), some_counts(STEPS_GOOD, {**ALL_GOOD, rejected: (100, 50)}))

    assert round((950 + 0.5) / 1001, 6) == made.confidence("quite|new", "review") == made.confidence(rejected, "review")
    assert made.confidence("quite|new", "accept") > 0.999
    assert 0.5 == Policy().confidence("quite|new", "accept")


# the files


def test_the_shipped_policy_and_counts_belong_together() -> None:
    """The counts were made for this order, and every step of it takes classes that were counted."""
    spec, counts = read_spec(), read_counts()
    taken = {spec.step_of(name) for name, c in counts.sources["generator"].classes.items() if c.reports}

    assert not verdicts(spec, counts).stale
    assert set(range(len(spec.sequence))) <= taken
    assert load_policy().accepted


def test_the_shipped_counts_leave_locked_seeds_and_reports_alone() -> None:
    counts = read_counts()
    first, _, last = counts.measured["seeds"].partition(":")

    assert 500 <= int(first) < int(last) <= 10_000
    assert counts.sources["golden"].reports <= 15


def test_counts_are_written_as_they_are_read(tmp_path: Path) -> None:
    counts = some_counts(STEPS_GOOD, ALL_GOOD)
    path = tmp_path / "confidence.json"
    path.write_text(json.dumps(counts.to_dict()), "utf-8")

    assert counts == read_counts(str(path))


def test_no_counts_file_is_no_count(tmp_path: Path) -> None:
    assert Counts() == read_counts(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"measured": {}, "classes": {"accept": [3, 3]}}',
        '{"version": 2, "sequence": "", "sources": {}, "measured": {}}',
        '{"version": 1, "sequence": "", "measured": {}, "sources": {"generator": {"about": "", "reports": 2, "inexact": 3, "classes": {}, "steps": []}}}',
    ],
)
def test_counts_that_cannot_be_used_name_the_file_and_the_next_step(tmp_path: Path, text: str) -> None:
    path = tmp_path / "confidence.json"
    path.write_text(text, "utf-8")
    with pytest.raises(GoujiError, match=r"confidence\.json: not the counts.*run python -m benchmarks\.calibrate"):
        read_counts(str(path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ceiling": 5}, "ceiling: .*less than 1"),
        ({"confidence": 0.05}, "confidence: .*0.5"),
        ({"sequence": []}, "sequence: .*at least 1"),
        ({"sequence": SPEC["sequence"][:1] * 2}, ".*two steps have the same name"),
        ({"celing": 0.1}, "celing: .*not permitted"),
    ],
)
def test_a_policy_that_cannot_be_used_names_file_and_entry(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump({**SPEC, **change}), "utf-8")
    with pytest.raises(GoujiError, match=rf"policy\.yaml: {said}"):
        read_spec(str(path))


@pytest.mark.parametrize(("content", "said"), [(b"a: [", "not YAML"), (b"\xff", "not YAML"), (None, "cannot be read")])
def test_a_policy_file_that_is_none(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "policy.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GoujiError, match=rf"policy\.yaml: {said}"):
        read_spec(str(path))


# steps that only real reports certify


def real_spec() -> PolicySpec:
    sequence = [dict(s) for s in SPEC["sequence"]]
    sequence[-1]["evidence"] = "real"
    return a_spec(sequence=sequence)


def real_counts(made: tuple[int, int], golden: tuple[int, int]) -> Counts:
    spec = real_spec()
    steps = [*STEPS_GOOD[:2], made]
    return Counts(spec.digest, {
        "generator": a_source(steps, ALL_GOOD | {DOUBTED: made}, spec),
        "golden": a_source([(golden[0], 0), (golden[0], 0), golden], {DOUBTED: golden}, spec),
    })  # fmt: skip


def test_made_up_reports_never_certify_what_only_real_ones_can_tell() -> None:
    clean = verdicts(real_spec(), real_counts((50_000, 0), (298, 0)))

    assert {INTACT: "", BLANK: "", DOUBTED: "too few real reports"} == {c.name: c.reason for c in clean.classes}
    assert [True, True, False] == [s.tested for s in clean.steps]


def test_enough_real_reports_do_whatever_made_up_ones_say() -> None:
    made = make_policy(real_spec(), real_counts((1000, 500), (299, 0)))

    assert (True, True) == (made.accepts(DOUBTED), made.accepts(INTACT))


def test_a_step_for_real_reports_stands_at_the_end() -> None:
    sequence = [SPEC["sequence"][0] | {"evidence": "real"}, *SPEC["sequence"][1:]]

    with pytest.raises(ValueError, match="put it at the end"):
        a_spec(sequence=sequence)
