"""Every edit rule of one report, exactly, three-valued, and a second time with blanks as zero."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from extractor.check.localise import Explanation, localise
from extractor.codes import unanswered
from extractor.form import Form, Rule
from extractor.types import (
    BLANK,
    FAIL,
    NOT_ASSESSABLE,
    PASS,
    PRINTED,
    Blame,
    CheckResult,
    Finding,
    Located,
    Number,
    Resolved,
    Verdict,
)

# Codes of rows whose figures may be cut or counted wrongly although each is sure by itself.
_SHAKY = frozenset({"WIDTH_VARIES", "DIGITS_GLUED"})


def check_rules(form: Form, resolved: Sequence[Resolved], year: Located | None, agency: Located | None, sure: frozenset[int] = frozenset()) -> CheckResult:
    """Evaluate the form's rules on what is printed; deduced values take no part. ``sure`` fields a person has read: they are no suspects."""
    printed: list[Number | None] = [r.value if r.status is PRINTED else None for r in resolved]
    blanks = [r.field for r in resolved if r.status is BLANK]
    as_zero = printed
    if blanks:
        as_zero = list(printed)
        for i in blanks:
            as_zero[i] = 0
    findings: list[Finding] = []
    hard: list[tuple[Verdict, Verdict]] = []
    nonzero: list[bool] = []
    assessed: list[Verdict] = []
    failing: list[int] = []
    for number, rule in enumerate(form.rules):
        if (rule.when is not None or rule.unless_agency is not None) and not _applies(rule, as_zero, agency):
            hard.append((NOT_ASSESSABLE, NOT_ASSESSABLE))
            nonzero.append(False)
            continue
        verdict, left, right = rule.relation.verdict(printed)
        zero_verdict = verdict
        if verdict is NOT_ASSESSABLE and blanks:
            zero_verdict, left, right = rule.relation.verdict(as_zero)
        hard.append((verdict, zero_verdict))
        nonzero.append(bool(left) or bool(right))
        assessed.append(verdict)
        if verdict is FAIL or zero_verdict is FAIL:
            findings.append(_finding(rule, verdict, zero_verdict, left, right, resolved, as_zero))
            if verdict is FAIL and rule.severity == "hard":
                failing.append(number)
    explanation = localise(form, failing, printed, sure) if failing else Explanation(frozenset(), (), ())
    findings = [_explain(f, explanation) if f.severity == "hard" else f for f in findings]
    findings += _type_findings(form, resolved)
    findings += _presentation(form, resolved)
    findings += _form_and_year(form, year)
    supported = tuple(any(printed[i] is not None for i in rule.relation.fields) for rule in form.rules) if blanks else (True,) * len(form.rules)
    misprinted = _misprinted(findings) - _beside_a_gap(form, hard)
    return CheckResult(tuple(findings), tuple(hard), supported, tuple(nonzero), explanation.suspects, misprinted,
                       tuple(sorted((v.value, n) for v, n in Counter(assessed).items())), misprinted & explanation.unfilled)  # fmt: skip


def _misprinted(findings: Sequence[Finding]) -> frozenset[int]:
    """Cells of failing sums of which every participant is surely read: it is the report that does not add up."""
    failing = [f for f in findings if f.severity == "hard" and f.verdict is FAIL]
    doubtful = {i for f in failing if f.blame is not Blame.REPORT for i in f.fields}
    return frozenset(i for f in failing for i in f.fields if i not in doubtful)


def _beside_a_gap(form: Form, hard: Sequence[tuple[Verdict, Verdict]]) -> frozenset[int]:
    """Cells of rows whose own sum fails with their empty cells as none: a figure may be gone, and the others shifted."""
    return frozenset(i for n in form.row_rule_numbers if hard[n] == (NOT_ASSESSABLE, FAIL) for i in form.rules[n].relation.fields)


def _applies(rule: Rule, values: Sequence[Number | None], agency: Located | None) -> bool:
    if rule.when is not None and rule.when.verdict(values)[0] is not PASS:
        return False
    return rule.unless_agency is None or (agency is not None and not re.search(rule.unless_agency, agency.value))


def _finding(
    rule: Rule,
    verdict: Verdict,
    zero_verdict: Verdict,
    left: Number | None,
    right: Number | None,
    resolved: Sequence[Resolved],
    values: Sequence[Number | None],
) -> Finding:
    fields = rule.relation.fields
    implied = tuple((i, v) for i in fields if (v := rule.relation.implied(values, i)) is not None) if rule.severity == "hard" else ()
    # In a table whose rows vary in width a row may be misread although nothing is wrong with it by itself.
    # Glued digits of which one is lost or doubled can be cut in one way as well: that a sum fails is their first suspect.
    if any(not _SHAKY.isdisjoint(codes := resolved[i].codes) or unanswered(codes) for i in fields):
        blame = Blame.READING
    elif verdict is FAIL:
        blame = Blame.REPORT
    else:
        blame = Blame.UNKNOWN
    return Finding(rule.id, rule.instance, rule.severity, verdict, zero_verdict, left, right, fields, implied, blame, message=rule.says)


def _explain(finding: Finding, explanation: Explanation) -> Finding:
    mine = tuple(i for i in finding.fields if i in explanation.suspects)
    return replace(finding, suspects=mine, cause=explanation.cause_of(mine) if finding.verdict is FAIL else "")


def _type_findings(form: Form, resolved: Sequence[Resolved]) -> list[Finding]:
    """Counts are whole and not negative; only a change has a sign, only money has decimals."""
    if not any("TYPE_INVALID" in codes for codes in {r.codes for r in resolved}):
        return []
    says = {"count": "件数应为非负整数", "signed": "增减数应为整数", "amount": "金额应为一个数"}
    return [
        Finding("TYPE", form.fields[r.field].id, "hard", FAIL, FAIL, r.value, None, (r.field,),
                blame=Blame.REPORT if set(unanswered(r.codes)) <= {"TYPE_INVALID"} else Blame.READING,
                suspects=(r.field,), message=says[form.fields[r.field].kind], start=r.start, end=r.end)
        for r in resolved if r.status is PRINTED and "TYPE_INVALID" in r.codes
    ]  # fmt: skip


def _presentation(form: Form, resolved: Sequence[Resolved]) -> list[Finding]:
    """Blank cells beside printed zeros in one table: a presentation defect that evaluators mark (domain.md §2.2)."""
    out: list[Finding] = []
    if not any(r.status is BLANK for r in resolved):
        return out
    for table in form.tables:
        mine = [r for r in resolved if form.fields[r.field].table == table.id]
        blank = tuple(r.field for r in mine if r.status is BLANK)
        zeros = sum(1 for r in mine if r.status is PRINTED and r.value == 0)
        if blank and zeros:
            out.append(Finding("BLANK-AND-ZERO", table.id, "soft", FAIL, FAIL, None, None, blank,
                               blame=Blame.REPORT, message=f"同一张表里 {len(blank)} 格空白、{zeros} 格填 0，无法区分「没有」与「未填」"))  # fmt: skip
    return out


def _form_and_year(form: Form, year: Located | None) -> list[Finding]:
    if year is None or form.spec.since is None:
        return []
    first, last = form.spec.since, form.spec.until or 9999
    if first <= int(year.value) <= last:
        return []
    return [Finding("FORM-YEAR", "report", "soft", FAIL, FAIL, int(year.value), first, (), blame=Blame.REPORT,
                    message=f"{year.value} 年的报告使用了 {form.spec.authority} 的表式", start=year.start, end=year.end)]  # fmt: skip
