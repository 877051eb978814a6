"""Readings, rules and policy to decisions: accepted without a person, or sent to one, and why.

The order is that of docs/decision.md: doubts of place and figure first, then arithmetic, then what the policy has
counted of cells like this one. A flag, or a doubt that nothing answers, sends the cell to a person; so does a class of
cells of which too few have been counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from extractor.codes import CODES, INFO, unanswered
from extractor.form import Form
from extractor.policy import Policy
from extractor.types import (
    BLANK,
    DEDUCED,
    FAIL,
    LOST,
    PASS,
    PRINTED,
    CheckResult,
    Decision,
    Resolved,
    Status,
    decision_of,
)

ACCEPT, REVIEW = "accept", "review"
# A Decision without its field: the outcome, its codes, the confidence and the class.
Decided = tuple[str, tuple[str, ...], float, str]
# What a model's reading adds to a cell that the rules read.
_SAID = frozenset({"AGREED", "MODEL_DISAGREES", "MODEL_DOUBTED"})
NOT_CERTIFIED = "CLASS_NOT_CERTIFIED"

# Codes that say something is wrong with the text around a cell, though not with the cell.
_DAMAGE = frozenset({"LABEL_BY_NEIGHBOURS", "WIDTH_VARIES", "EDGE_CUT", "HEADER_PARTIAL", "HEADER_BINDS", "EQUAL_READINGS", "CHOSEN_BY_SUM", "GLUED_PROVEN", "ROWS_REORDERED"})
# What a doubt, or damage that left the cell readable, is about, the gravest first; a class names the gravest.
_ABOUT = {
    "place": "ROW_EMPTIED ROWS_MAY_BE_SLIPPED NEXT_LABEL_LOST LABELS_DETACHED ROWS_RAGGED LABEL_FUZZY LABEL_TRUNCATED PLACED_BY_COUNT COLUMN_MAJOR HEADER_NOT_SEEN MODEL_ONLY",
    "count": "COUNT_SHORT COUNT_LONG AMBIGUOUS_PLACE ROWS_DRIFT STRAY_FIGURE HEADER_INCOMPLETE",
    "glued": "DIGITS_GLUED GLUED_PROVEN",
    "figure": "DIGITS_SPLIT LOOKALIKE_DIGIT GROUPING_IRREGULAR FIGURE_GARBLED",
    "table": "HEADER_PARTIAL HEADER_BINDS WIDTH_VARIES EQUAL_READINGS EDGE_CUT ROWS_REORDERED",
    "unmarked": "ROW_UNMARKED",
}
_KIND = {code: kind for kind, codes in _ABOUT.items() for code in codes.split()}


def judge(form: Form, resolved: Sequence[Resolved], checked: CheckResult, policy: Policy, second: bool = False, harmed: bool = False) -> tuple[Decision, ...]:
    """One decision per field, in the form's order; ``second`` says that figures of a model take part.

    ``harmed``: the text is damaged, whatever a person has made good of it since.
    """
    draft = ("FORM_DRAFT",) if form.spec.draft else ()
    damage = "damaged" if harmed or damaged(resolved) else "sound"
    failing = {form.fields[r.relation.fields[0]].table for r, (v, _) in zip(form.rules, checked.hard, strict=True) if r.severity == "hard" and v is FAIL}
    plain = _plain(form, checked)
    usual = {codes: (*codes, *draft, "RULE_PASSED") for codes in {r.codes for r in resolved} if "HEADER_PARTIAL" not in codes}
    known: dict[tuple[Status, tuple[str, ...]], Decided] = {}
    out: list[Decision] = []
    before: tuple[str, ...] | None = None  # the codes of the last plain cell: those of a row share theirs, and what follows from them
    decided: Decided
    for r in resolved:
        field, status, own = r.field, r.status, r.codes
        is_plain = status is PRINTED and field in plain
        if not is_plain or own is not before:
            if is_plain and own in usual:
                codes, before = usual[own], own
            else:
                codes, before = _with_arithmetic(form, r, checked, own + draft, failing), None
            same = (status, codes)
            if same not in known:
                known[same] = _decide(status, codes, damage, policy, second)
            decided = known[same]
        out.append(decision_of((field, *decided)))
    return tuple(out)


def _with_arithmetic(form: Form, r: Resolved, checked: CheckResult, codes: tuple[str, ...], failing: Collection[str]) -> tuple[str, ...]:
    """``codes`` of a cell with what the sums say of it; ``failing`` are the tables of which a hard rule fails."""
    rules = form.rules_of[r.field]
    if r.status is PRINTED:
        return codes + (_suspect(r, checked) if r.field in checked.suspects else _arithmetic(r, rules, checked, form.row_rule_numbers))
    if r.status is BLANK:
        codes += _blank(rules, checked)
        if any(checked.hard[n][1] is FAIL for n in rules):
            codes = tuple(c for c in codes if c != "BLANK_SEEN")
    elif r.status is DEDUCED and form.fields[r.field].table in failing:
        codes += ("RULE_FAILED_ELSEWHERE",)
    return codes


def _plain(form: Form, checked: CheckResult) -> set[int]:
    """The fields that rules cover all of which hold on the print, as nearly all do: their cells need no closer look."""
    hold = (PASS, PASS)
    out = set(form.covered)
    for number, verdicts in enumerate(checked.hard):
        if verdicts != hold and form.rules[number].severity == "hard":
            out.difference_update(form.rules[number].relation.fields)
    return out - checked.suspects


def hold(rules: Sequence[Resolved], alone: Sequence[Decision], resolved: Sequence[Resolved], both: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions that rules alone accept stay, unless the model reads another figure; all others are those with the model.

    ``rules`` and ``alone`` are cells and decisions without the model, ``resolved`` and ``both`` those with it.

    So no answer of a model can make the program accept a cell that the rules alone would have sent to a person,
    except as a class of its own (``decision_class``), which is counted by itself.
    """
    return tuple(
        _held(a, b, r) if (was.status, was.value, was.start) == (r.status, r.value, r.start) else b
        for was, a, r, b in zip(rules, alone, resolved, both, strict=True)
    )


def _held(alone: Decision, both: Decision, r: Resolved) -> Decision:
    if alone.outcome != ACCEPT:
        return both
    said = tuple(c for c in r.codes if c in _SAID)
    if "MODEL_DISAGREES" in said:
        return alone._replace(outcome=REVIEW, codes=(*(c for c in alone.codes if c != "ANCHORED"), *said), confidence=both.confidence)
    return alone._replace(codes=(*alone.codes, *said))


def damaged(resolved: Sequence[Resolved]) -> bool:
    """Anything at all in this report was lost, deduced, in doubt or repaired."""
    if not {LOST, DEDUCED}.isdisjoint([r.status for r in resolved]):
        return True
    return any(CODES[c].kind != INFO or c in _DAMAGE for c in set().union(*{r.codes for r in resolved}))


def _decide(status: Status, codes: tuple[str, ...], damage: str, policy: Policy, second: bool) -> Decided:
    """No open doubt, and a class that the policy accepts: no person. ``lost`` always goes to a person."""
    codes, name, open_ = _anchors(status, codes, damage, second)
    if not open_ and status is not LOST and not policy.accepts(name):
        codes = (*codes, NOT_CERTIFIED)
        open_ = (NOT_CERTIFIED,)
    outcome = REVIEW if open_ or status is LOST else ACCEPT
    if outcome == ACCEPT:
        codes = ("ANCHORED", *codes)
    return outcome, codes, policy.confidence(name, outcome), name


@lru_cache(maxsize=4096)
def _anchors(status: Status, codes: tuple[str, ...], damage: str, second: bool) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Every code once, the class of the decision, and the codes that send the cell to a person."""
    codes = tuple(dict.fromkeys(codes))
    open_ = tuple(c for c in unanswered(codes) if not (c == "FIELD_LOST" and status is DEDUCED))
    return codes, decision_class(status, codes, damage, second), open_


def decision_class(status: Status, codes: Sequence[str], damage: str, second: bool = False) -> str:
    """The class whose errors are counted together: status | readers | what was in doubt | what proves it | the report's state.

    The readers are ``single``, the rules by themselves; ``model``, which alone found this figure; ``both``, the rules in a table to which
    a model added. A blank is as sure in unmarked text, where only its dash can show it.
    """
    reader = "model" if "MODEL_ONLY" in codes else "both" if second else "single"
    kinds = {_KIND[c] for c in codes if c in _KIND}
    if status is BLANK:
        kinds.discard("unmarked")
    place = next((kind for kind in _ABOUT if kind in kinds), "anchored")
    return "|".join((status.value, reader, place, _proof(status, codes), damage))


_PROOFS = {
    PRINTED: ("LINE_UNFILLED", "MISPRINT", "RULE_FAILED", "RULE_FAILED_ELSEWHERE", "PROVEN", "RULE_PASSED", "NO_RULE_COVERS", "UNSUPPORTED"),
    DEDUCED: ("RULE_FAILED_ELSEWHERE", "CONFIRMED"),
}


def _proof(status: Status, codes: Sequence[str]) -> str:
    if status is BLANK and not {"BLANK_SEEN", "BLANK_AS_ZERO_HOLDS"}.isdisjoint(codes):
        return "blank_sure"
    return next((c.lower() for c in _PROOFS.get(status, ()) if c in codes), "none")


def _suspect(r: Resolved, checked: CheckResult) -> tuple[str, ...]:
    if r.field not in checked.misprinted:
        return ("RULE_FAILED",)
    return ("RULE_FAILED", "MISPRINT", "LINE_UNFILLED") if r.field in checked.unfilled else ("RULE_FAILED", "MISPRINT")


def _arithmetic(r: Resolved, rules: Sequence[int], checked: CheckResult, row_rules: frozenset[int]) -> tuple[str, ...]:
    if not rules:
        return ("NO_RULE_COVERS", "HEADER_INCOMPLETE") if "HEADER_PARTIAL" in r.codes else ("NO_RULE_COVERS",)
    hard = checked.hard
    passed = 0
    failed = False
    for n in rules:
        verdict, as_zero = hard[n]
        if verdict is FAIL:
            failed = True
            # Where rows are unmarked or damaged, a row whose own sum fails may be cut or counted wrongly as a whole.
            if n in row_rules and ("ROW_UNMARKED" in r.codes or "WIDTH_VARIES" in r.codes):
                return _suspect(r, checked)
        passed += as_zero is PASS
    if "HEADER_PARTIAL" in r.codes and not any(n in row_rules and hard[n][0] is PASS and checked.nonzero[n] for n in rules):
        return ("HEADER_INCOMPLETE",)
    if failed:
        return ("RULE_FAILED_ELSEWHERE",)
    if passed:
        return ("RULE_PASSED",)
    # With the empty cells beside it as none a sum fails, and no other speaks for the cell: its row may be shifted.
    return ("RULE_FAILED",) if any(hard[n][1] is FAIL for n in rules) else ("UNSUPPORTED",)


def _blank(rules: Sequence[int], checked: CheckResult) -> tuple[str, ...]:
    """An empty cell is settled where every sum it belongs to could be checked and holds with it as none."""
    if rules and all(checked.hard[n][1] is PASS for n in rules) and any(checked.supported[n] for n in rules):
        return ("BLANK_AS_ZERO_HOLDS",)
    return ("BLANK_OR_ZERO",)
