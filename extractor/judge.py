"""Readings, rules and policy to decisions: accepted without a person, or sent to one, and why.

The order is that of docs/decision.md: flags of place and figure first, then arithmetic. Any flag sends
the cell to a person. A passing rule never clears a flag: the equations are blind to place.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractor.codes import is_flag
from extractor.form import Form
from extractor.policy import Policy
from extractor.types import CheckResult, Decision, Resolved, Status, Verdict

ACCEPT, REVIEW = "accept", "review"


def judge(form: Form, resolved: Sequence[Resolved], checked: CheckResult, policy: Policy) -> tuple[Decision, ...]:
    """One decision per field, in the form's order."""
    rules_of, suspects = form.rules_of, checked.suspects
    draft = ("FORM_DRAFT",) if form.spec.draft else ()
    known: dict[tuple[Status, tuple[str, ...]], tuple[str, tuple[str, ...], float]] = {}
    out: list[Decision] = []
    for r in resolved:
        codes = r.codes + draft
        if r.status is Status.PRINTED:
            codes += ("RULE_FAILED",) if r.field in suspects else _arithmetic(r, rules_of[r.field], checked, form.row_rule_numbers)
        elif r.status is Status.BLANK:
            codes += _blank(rules_of[r.field], checked)
        same = (r.status, codes)
        if same not in known:
            known[same] = _decide(r.status, codes, policy)
        outcome, codes, confidence = known[same]
        out.append(Decision(r.field, outcome, codes, confidence))
    return tuple(out)


def _decide(status: Status, codes: tuple[str, ...], policy: Policy) -> tuple[str, tuple[str, ...], float]:
    """Any flag means a person; without one, a printed or blank cell is anchored and accepted."""
    codes = tuple(dict.fromkeys(codes))
    outcome = REVIEW if any(is_flag(c) for c in codes) else ACCEPT
    if outcome == ACCEPT:
        codes = ("ANCHORED", *codes)
    return outcome, codes, policy.confidence(status, outcome, codes)


def _arithmetic(r: Resolved, rules: Sequence[int], checked: CheckResult, row_rules: frozenset[int]) -> tuple[str, ...]:
    if not rules:
        return ("NO_RULE_COVERS", "HEADER_INCOMPLETE") if "HEADER_PARTIAL" in r.codes else ("NO_RULE_COVERS",)
    hard = checked.hard
    passed = 0
    failed = False
    for n in rules:
        verdict, as_zero = hard[n]
        if verdict is Verdict.FAIL:
            failed = True
            # Where rows are unmarked or damaged, a row whose own sum fails may be cut or counted wrongly as a whole.
            if n in row_rules and ("ROW_UNMARKED" in r.codes or "WIDTH_VARIES" in r.codes):
                return ("RULE_FAILED",)
        passed += as_zero is Verdict.PASS
    if "HEADER_PARTIAL" in r.codes and not any(n in row_rules and hard[n][0] is Verdict.PASS and checked.nonzero[n] for n in rules):
        return ("HEADER_INCOMPLETE",)
    if passed < len(rules) and "GLUED_PROVEN" in r.codes:
        return ("DIGITS_GLUED",)
    if failed:
        return ("RULE_FAILED_ELSEWHERE",)
    return ("RULE_PASSED",) if passed else ("UNSUPPORTED",)


def _blank(rules: Sequence[int], checked: CheckResult) -> tuple[str, ...]:
    """An empty cell is settled only where every sum it belongs to could be checked and holds with it as none."""
    if rules and all(checked.hard[n][1] is Verdict.PASS for n in rules) and any(checked.supported[n] for n in rules):
        return ("BLANK_AS_ZERO_HOLDS",)
    return ("BLANK_OR_ZERO",)
