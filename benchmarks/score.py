"""One labelled case and what the reader made of it into counts; counts of many cases into one result with its stamp.

A cell is right when its status is one of the truth's and a printed value is the truth's value; a deduced one is right
by value alone. A silent error is a cell that is accepted and not right. Shared by all benchmarks, so that "right" has
one meaning.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.damage import Case, Truth
from benchmarks.determined import determined, forced, shown_values
from extractor.errors import ReportUnreadable
from extractor.form import Form
from extractor.judge import ACCEPT, NOT_CERTIFIED
from extractor.metrics import upper_bound
from extractor.pipeline import UNREADABLE, extract
from extractor.read import read_bytes
from extractor.types import Decision, Document, Extraction, Finding, Resolved, Status, Verdict

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
LOCKED_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What can be added up over cases. ``printed`` cells are those that the text still shows.

    ``equal_value``: accepted, in a text that no longer says which figure is whose, with the value of the original
    although the truth calls the cell lost; neither a silent error nor right. ``accepting`` cases have an accepted cell.
    ``determined`` cells are those that the text still determines (``benchmarks.determined``), ``determined_accepted`` of
    these accepted and right; ``determined_cases`` have such a cell, and in ``straight_determined`` of these all of them
    are accepted and nothing wrong is. ``lost_determined`` cells are lost, but the hard rules force their value.
    """

    cases: int = 0
    unreadable: int = 0
    form_wrong: int = 0
    straight: int = 0
    straight_wrong: int = 0
    accepting: int = 0
    silent_cases: int = 0
    cells: int = 0
    right: int = 0
    printed: int = 0
    printed_right: int = 0
    accepted: int = 0
    accepted_printed: int = 0
    silent: int = 0
    equal_value: int = 0
    review_right: int = 0
    review_wrong: int = 0
    lost: int = 0
    determined: int = 0
    determined_accepted: int = 0
    determined_cases: int = 0
    straight_determined: int = 0
    lost_determined: int = 0
    lost_determined_accepted: int = 0
    deduced_right: int = 0
    deduced_wrong: int = 0
    misprints_found: int = 0
    misprints_missed: int = 0
    found_blame_report: int = 0
    found_blame_reading: int = 0
    found_blame_unknown: int = 0
    false_findings: int = 0
    false_blame_report: int = 0
    false_blame_reading: int = 0
    false_blame_unknown: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Wrong:
    """One accepted cell that is not what the truth says, with all that is needed to look at it."""

    case: str
    field: str
    truth: str
    truth_printed: str | None
    statuses: tuple[str, ...]
    status: str
    value: str
    codes: tuple[str, ...]
    damages: tuple[str, ...]
    unplaceable: bool


@dataclass(frozen=True, slots=True)
class Score:
    """One case scored. ``codes`` gives (accepted, of these wrong, reviewed, of these wrong) for each reason code,
    ``classes`` (seen, of these right) for each class of decisions, ``eligible`` (seen, of these wrong) for each class over
    the cells that only the policy could still send to a person.
    """

    case: str
    shape: str
    level: str
    form: str
    counts: Counts
    silent: tuple[Wrong, ...]
    equal: tuple[Wrong, ...]
    missed: tuple[str, ...]
    false: tuple[str, ...]
    codes: Mapping[str, tuple[int, int, int, int]]
    classes: Mapping[str, tuple[int, int]]
    eligible: Mapping[str, tuple[int, int]]
    error: str = ""


def is_right(truth: Truth, got: Resolved) -> bool:
    """Whether a reading is what the text shows of the cell (module docstring)."""
    if got.status is Status.DEDUCED:
        return got.value == (truth.value if truth.value is not None else 0)
    if got.status.value not in truth.statuses:
        return False
    return got.status is not Status.PRINTED or got.value == truth.value


def is_equal_value(case: Case, truth: Truth, got: Resolved) -> bool:
    """The one exception: an unplaceable text, and a figure that the original has in this very cell."""
    lost = "printed" not in truth.statuses and truth.value is not None
    return case.unplaceable and lost and got.status is Status.PRINTED and got.value == truth.value


def score(case: Case, extraction: Extraction, form: Form, determine: bool = True) -> Score:
    """Hold ``extraction`` against the truth of ``case``, which was made of ``form``.

    Under another form nothing is right; where no form was recognised every cell counts as not accepted. Without
    ``determine`` the determined cells, which take longer to find than the report to read, are not counted.
    """
    tally: dict[str, int] = {"cases": 1, "cells": len(form.fields)}
    tally["printed"] = sum("printed" in t.statuses for t in case.truth)
    tally["lost"] = sum(t.statuses == {"lost"} for t in case.truth)
    silent: list[Wrong] = []
    equal: list[Wrong] = []
    codes: dict[str, tuple[int, int, int, int]] = {}
    classes: dict[str, tuple[int, int]] = {}
    eligible: dict[str, tuple[int, int]] = {}
    for name, truth, got, decision in _cells(case, extraction, form):
        right = truth is not None and is_right(truth, got)
        accepted = decision.outcome == ACCEPT
        exempt = truth is not None and not right and is_equal_value(case, truth, got)
        _count(tally, truth, got, accepted, right, accepted and exempt)
        _file(codes, classes, eligible, got, decision, accepted, right, exempt)
        if accepted and not right:
            (equal if exempt else silent).append(_wrong(case, name, truth, got, decision))
    findings, missed, false = _findings(case, extraction)
    tally |= findings | _report(case, extraction, bool(silent), tally.get("accepted", 0) > 0)
    if determine:
        tally |= _determined(case, extraction, form, bool(silent))
    error = "" if extraction.error is None else ": ".join(extraction.error)
    return Score(case.name, case.shape, case.level, form.id, Counts(**tally), tuple(silent), tuple(equal), missed, false,
                 codes, classes, eligible, error)  # fmt: skip


def _cells(
    case: Case, extraction: Extraction, form: Form
) -> Iterator[tuple[str, Truth | None, Resolved, Decision]]:
    same = extraction.form == form.id
    for n, (got, decision) in enumerate(zip(extraction.resolved, extraction.decisions, strict=True)):
        if same:
            yield form.fields[n].id, case.truth[n], got, decision
        else:
            yield f"{extraction.form}, field {n}", None, got, decision


def _count(
    tally: dict[str, int], truth: Truth | None, got: Resolved, accepted: bool, right: bool, exempt: bool
) -> None:
    printed = truth is not None and "printed" in truth.statuses
    outcomes = {
        "right": right,
        "printed_right": printed and right,
        "accepted": accepted,
        "accepted_printed": accepted and printed,
        "silent": accepted and not right and not exempt,
        "equal_value": exempt,
        "review_right": not accepted and right,
        "review_wrong": not accepted and not right,
        "deduced_right": got.status is Status.DEDUCED and right,
        "deduced_wrong": got.status is Status.DEDUCED and not right,
    }
    for name, holds in outcomes.items():
        if holds:
            tally[name] = tally.get(name, 0) + 1


def _file(
    codes: dict[str, tuple[int, int, int, int]],
    classes: dict[str, tuple[int, int]],
    eligible: dict[str, tuple[int, int]],
    got: Resolved,
    decision: Decision,
    accepted: bool,
    right: bool,
    exempt: bool,
) -> None:
    wrong = not right and not exempt
    for code in decision.codes:
        a, b, c, d = codes.get(code, (0, 0, 0, 0))
        codes[code] = (a + 1, b + wrong, c, d) if accepted else (a, b, c + 1, d + wrong)
    seen, good = classes.get(decision.decision_class, (0, 0))
    classes[decision.decision_class] = (seen + 1, good + right)
    if accepted or NOT_CERTIFIED in decision.codes:
        seen, bad = eligible.get(decision.decision_class, (0, 0))
        eligible[decision.decision_class] = (seen + 1, bad + wrong)


def _wrong(case: Case, name: str, truth: Truth | None, got: Resolved, decision: Decision) -> Wrong:
    return Wrong(
        case=case.name,
        field=name,
        truth="" if truth is None or truth.value is None else str(truth.value),
        truth_printed=truth.printed if truth else None,
        statuses=tuple(sorted(truth.statuses)) if truth else ("another form",),
        status=got.status.value,
        value="" if got.value is None else str(got.value),
        codes=decision.codes,
        damages=case.damages,
        unplaceable=case.unplaceable,
    )


def _report(case: Case, extraction: Extraction, silent: bool, accepting: bool) -> dict[str, int]:
    straight = extraction.decision == ACCEPT
    known = case.form_id is not None and extraction.form is not None
    return {
        "unreadable": int(extraction.decision == UNREADABLE),
        "form_wrong": int(known and extraction.form != case.form_id),
        "straight": int(straight),
        "straight_wrong": int(straight and silent),
        "accepting": int(accepting),
        "silent_cases": int(silent),
    }


def _determined(case: Case, extraction: Extraction, form: Form, silent: bool) -> dict[str, int]:
    """Of the cells that the text determines, and of the lost ones that the rules force, how many are accepted and right."""
    cells = determined(case, form)
    shown = shown_values(case)
    force = forced(form, {i: shown[i] for i in cells}) if cells else {}
    lost = {i for i, v in force.items() if "printed" not in case.truth[i].statuses and v == case.truth[i].value}
    good = {
        n
        for n, (_, truth, got, decision) in enumerate(_cells(case, extraction, form))
        if truth is not None and decision.outcome == ACCEPT and is_right(truth, got)
    }
    return {
        "determined": len(cells),
        "determined_accepted": len(cells & good),
        "determined_cases": int(bool(cells)),
        "straight_determined": int(bool(cells) and cells <= good and not silent),
        "lost_determined": len(lost),
        "lost_determined_accepted": len(lost & good),
    }


def hard_failures(findings: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    """The hard rules that fail on the print, by rule and instance."""
    return {(f.rule, f.instance): f for f in findings if f.severity == "hard" and f.verdict is Verdict.FAIL}


def _findings(case: Case, extraction: Extraction) -> tuple[dict[str, int], tuple[str, ...], tuple[str, ...]]:
    """Planted misprints found and missed; findings on a case whose every printed figure is consistent are false."""
    raised = hard_failures(extraction.findings)
    found = [raised[m] for m in case.misprints if m in raised]
    missed = tuple(f"{case.name}: {rule} {instance}" for rule, instance in case.misprints if (rule, instance) not in raised)
    # A planted misprint may raise more than `misprints` promises: nothing on such a case is called false.
    sound = not case.altered and not any(d.startswith("misprint") for d in case.damages)
    false = list(raised.values()) if sound else []
    out = {"misprints_found": len(found), "misprints_missed": len(missed), "false_findings": len(false)}
    for kind, its in (("found", found), ("false", false)):
        for blame in ("report", "reading", "unknown"):
            out[f"{kind}_blame_{blame}"] = sum(f.blame == blame for f in its)
    return out, missed, tuple(f"{case.name}: {f.rule} {f.instance} (blame: {f.blame})" for f in false)


def extract_case(case: Case, forms: Sequence[Form]) -> Extraction:
    """Read one case; one that cannot be read is an extraction that says so. A crash ends the run, with the case's name."""
    try:
        return extract(read_bytes(case.data, case.name), forms)
    except ReportUnreadable as exc:
        error = (exc.code, exc.message)
    except Exception as exc:
        exc.add_note(f"the reader crashed on {case.name}")
        raise
    return unread(case, error)


def unread(case: Case, error: tuple[str, str]) -> Extraction:
    """The record of a case that was not read: why, and nothing else."""
    document = Document(case.name, "", "", "", "", "", ())
    return Extraction(document, None, (), None, None, (), (), (), (), (), UNREADABLE, error)


# Many cases


def total(scores: Iterable[Score]) -> Counts:
    """The sum of the counts of all ``scores``."""
    return sum((s.counts for s in scores), Counts())


def grouped(scores: Iterable[Score], *attributes: str) -> dict[str, Counts]:
    """Counts by one or more attributes of the scores, joined by a blank; in the order of appearance."""
    out: dict[str, Counts] = {}
    for s in scores:
        name = " ".join(str(getattr(s, a)) for a in attributes)
        out[name] = out.get(name, Counts()) + s.counts
    return out


def by_code(scores: Iterable[Score]) -> dict[str, dict[str, int]]:
    """For each reason code how many accepted and reviewed cells carry it, and how many of these are wrong."""
    names = ("accepted", "accepted_wrong", "reviewed", "reviewed_wrong")
    out: dict[str, dict[str, int]] = {}
    for s in scores:
        for code, numbers in s.codes.items():
            mine = out.setdefault(code, dict.fromkeys(names, 0))
            for name, n in zip(names, numbers, strict=True):
                mine[name] += n
    return dict(sorted(out.items()))


def silent_rates(counts: Counts) -> dict[str, float | None]:
    """Silent errors per million accepted cells, and the one-sided 95 % Clopper–Pearson bound counted in reports."""
    per_million = 1e6 * counts.silent / counts.accepted if counts.accepted else None
    bound = upper_bound(counts.silent_cases, counts.accepting) if counts.accepting else None
    return {"silent_per_million_accepted": per_million, "reports_with_silent_error_bound": bound}


# What every result says of itself


def stamp(module: str, argv: Sequence[str]) -> dict[str, Any]:
    """The command, the commit with a flag for uncommitted changes, and the machine."""
    changed = [x for x in _git("status", "--porcelain").splitlines() if "benchmarks/results/" not in x]
    return {
        "command": " ".join(["python -m", module, *argv]),
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "dirty": bool(changed),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "python": python_name()},
    }


def python_name(version: str = sys.version) -> str:
    """An interpreter's version, with the day it was built and by what: builds of one version differ by a third in speed."""
    return " ".join(version.split())


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    except OSError:
        return ""
    return done.stdout.rstrip()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write_json(data: Mapping[str, Any], path: Path) -> None:
    """Write a result, in a form that shows changes line by line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}", file=sys.stderr)


def as_dict(item: Counts | Wrong) -> dict[str, Any]:
    """JSON-able data of a frozen record."""
    return asdict(item)
