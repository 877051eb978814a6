"""Readings, rules and policy to decisions: accepted without a person, or sent to one, and why.

The order is that of docs/decision.md: flags of place and figure first, then arithmetic. Any flag sends
the cell to a person. A passing rule never clears a flag: the equations are blind to place.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractor.check.rules import CheckResult
from extractor.codes import is_flag
from extractor.form import Form
from extractor.policy import Policy
from extractor.types import Decision, Resolved, Status, Verdict

ACCEPT, REVIEW = "accept", "review"


def judge(form: Form, resolved: Sequence[Resolved], checked: CheckResult, policy: Policy) -> tuple[Decision, ...]:
    """One decision per field, in the form's order."""
    draft = ("FORM_DRAFT",) if form.spec.draft else ()
    return tuple(_decide(form, r, checked, policy, draft) for r in resolved)


def _decide(form: Form, r: Resolved, checked: CheckResult, policy: Policy, draft: tuple[str, ...]) -> Decision:
    rules = form.rules_of[r.field]
    codes = r.codes + draft
    if r.status is Status.PRINTED:
        codes += _arithmetic(r, rules, checked)
    elif r.status is Status.BLANK:
        codes += _blank(r, rules, checked)
    flagged = any(is_flag(c) for c in codes)
    if not flagged and r.status in (Status.PRINTED, Status.BLANK):
        codes = ("ANCHORED", *codes)
    outcome = REVIEW if flagged else ACCEPT
    return Decision(r.field, outcome, codes, policy.confidence(r.status, outcome, codes))


def _arithmetic(r: Resolved, rules: Sequence[int], checked: CheckResult) -> tuple[str, ...]:
    if r.field in checked.suspects:
        return ("RULE_FAILED",)
    if not rules:
        return ("NO_RULE_COVERS",)
    if any(checked.hard[n][0] is Verdict.FAIL for n in rules):
        return ("RULE_FAILED_ELSEWHERE",)
    if "GLUED_PROVEN" in r.codes and not all(checked.hard[n][1] is Verdict.PASS for n in rules):
        return ("DIGITS_GLUED",)
    if any(checked.hard[n][1] is Verdict.PASS for n in rules):
        return ("RULE_PASSED",)
    return ("UNSUPPORTED",)


def _blank(r: Resolved, rules: Sequence[int], checked: CheckResult) -> tuple[str, ...]:
    """An empty cell is settled only where every sum it belongs to could be checked and holds with it as none."""
    if rules and all(checked.hard[n][1] is Verdict.PASS for n in rules) and any(checked.supported[n] for n in rules):
        return ("BLANK_AS_ZERO_HOLDS",)
    return ("BLANK_OR_ZERO",)
