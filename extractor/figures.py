"""Scored cells and texts into the figures of a scorecard: tallies, rates, outcome × truth, classes, risk, codes.

Pure counting. Intervals and bounds come from ``metrics``; what the figures mean stands at the types in ``scores``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from extractor.codes import CODES, unanswered
from extractor.metrics import Rate, rate, upper_bound
from extractor.scores import CellScore, ClassScore, FindingScore, RiskCurve, RiskPoint, Stop, Tally, UnitScore

UNCLASSED = "unclassed"
UNANSWERED = "unanswered"
NO_FLAG = "NO_FLAG"
_LOST = {
    "lost": "lost_left_lost",
    "deduced": "lost_deduced",
    "printed": "lost_but_printed",
    "blank": "lost_but_blank",
}
_TRUTH = {True: "right", False: "wrong", None: "unjudged"}


# Tallies


def tally(cells: Iterable[CellScore]) -> Tally:
    """Count a group of cells."""
    n: Counter[str] = Counter()
    for c in cells:
        n["cells"] += 1
        if c.outcome == UNANSWERED:
            n["unanswered"] += 1
            continue
        n["accepted_all"] += c.outcome == "accept"
        kind = _kind(c)
        n[kind] += kind in Tally.__slots__
        if c.truth == "lost" and (c.right is not False or c.got in ("printed", "blank")):
            n[_LOST[c.got]] += 1
        if c.right is None:
            continue
        n["judged"] += 1
        n["right"] += c.right
        n[f"{kind}_right"] += c.right
        n["accepted"] += c.outcome == "accept"
        n["silent"] += c.silent
        n["reviewed_right"] += c.outcome == "review" and c.right
        n["reviewed_wrong"] += c.outcome == "review" and not c.right
        n["missing"] += c.outcome == "missing"
    return Tally(**{name: n[name] for name in Tally.__slots__})


def _kind(cell: CellScore) -> str:
    if cell.truth != "printed":
        return cell.truth
    return "zero" if Decimal(cell.truth_value) == 0 else "nonzero"


def grouped(cells: Iterable[CellScore], key: Callable[[CellScore], str]) -> dict[str, list[CellScore]]:
    """The cells by ``key``, groups in the order of their first cell."""
    out: dict[str, list[CellScore]] = {}
    for c in cells:
        out.setdefault(key(c), []).append(c)
    return out


def tallies(cells: Iterable[CellScore], key: Callable[[CellScore], str]) -> dict[str, Tally]:
    """A tally by ``key``, in order of name."""
    return {name: tally(group) for name, group in sorted(grouped(cells, key).items())}


def codes(cells: Iterable[CellScore]) -> dict[str, tuple[int, int]]:
    """Of each code: the reviewed cells it stood on, and the wrong among them; most first."""
    reviewed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for c in cells:
        if c.outcome == "review":
            for code in dict.fromkeys(c.codes):
                reviewed[code] += 1
                wrong[code] += c.right is False
    return {code: (reviewed[code], wrong[code]) for code in sorted(reviewed, key=lambda k: (-reviewed[k], k))}


def stops(cells: Iterable[CellScore]) -> dict[str, Stop]:
    """Which code stopped which errors, best first: ``NO_FLAG`` where none did."""
    n: dict[str, Counter[str]] = {}
    for c in cells:
        if c.outcome != "review":
            continue
        sending = _sending(c) or [NO_FLAG]
        for code in sending:
            mine = n.setdefault(code, Counter())
            mine["reviewed"] += 1
            mine["wrong"] += c.right is False
            mine["wrong_alone"] += c.right is False and len(sending) == 1
            mine["right_alone"] += c.right is not False and len(sending) == 1
    made = {code: Stop(x["reviewed"], x["wrong"], x["wrong_alone"], x["right_alone"]) for code, x in n.items()}
    return dict(sorted(made.items(), key=lambda x: (-x[1].wrong_alone, -x[1].wrong, -x[1].reviewed, x[0])))


def _sending(c: CellScore) -> list[str]:
    """The codes that sent a cell to a person; one that this version does not know counts as well."""
    known = unanswered(k for k in c.codes if k in CODES)
    sending = [k for k in dict.fromkeys(c.codes) if k not in CODES or k in known]
    # A deduced cell is lost by definition: that alone sends nobody (docs/decision.md §4).
    return [k for k in sending if not (k == "FIELD_LOST" and c.got == "deduced")]


# Rates


def cell_rates(t: Tally) -> dict[str, Rate]:
    """The headline figures that count cells."""
    reviewed = t.reviewed_right + t.reviewed_wrong
    return {
        "cells_right": rate(t.right, t.judged),
        "nonzero_right": rate(t.nonzero_right, t.nonzero),
        "zeros_right": rate(t.zero_right, t.zero),
        "blanks_right": rate(t.blank_right, t.blank),
        "lost_left_lost": rate(t.lost_left_lost, t.lost),
        "lost_deduced": rate(t.lost_deduced, t.lost),
        "cells_accepted": rate(t.accepted_all, t.cells - t.unanswered),
        "silent_errors": rate(t.silent, t.accepted),
        "wrong_not_accepted": rate(t.judged - t.right - t.silent, t.judged - t.right),
        "reviewed_needlessly": rate(t.reviewed_right, reviewed),
    }


def by_report(units: Iterable[UnitScore]) -> dict[str, list[UnitScore]]:
    """The texts of each report."""
    out: dict[str, list[UnitScore]] = {}
    for u in units:
        out.setdefault(u.report, []).append(u)
    return out


def unit_rates(units: Sequence[UnitScore]) -> dict[str, Rate]:
    """The headline figures that count tables, texts and reports."""
    reports = by_report(units)
    tables = [t for u in units for t in u.tables]
    held = [t for t in tables if t.held]
    n, r = len(units), len(reports)
    accepting = [us for us in reports.values() if any(u.accepted_judged for u in us)]
    return {
        "tables_found": rate(sum(t.filled > 0 for t in held), len(held)),
        "fields_filled": rate(sum(u.filled for u in units), sum(u.held for u in units)),
        "tables_exact": rate(sum(t.exact for t in tables), len(tables)),
        "tables_accepted": rate(sum(t.accepted for t in tables), len(tables)),
        "texts_exact": rate(sum(u.exact for u in units), n),
        "texts_accepted": rate(sum(u.accepted for u in units), n),
        "reports_exact": rate(sum(all(u.exact for u in us) for us in reports.values()), r),
        "reports_accepted": rate(sum(all(u.accepted for u in us) for us in reports.values()), r),
        "reports_with_silent_error": rate(sum(any(u.silent for u in us) for us in accepting), len(accepting)),
        "form_right": rate(sum(u.form_right for u in units), n),
        "year_right": rate(sum(u.year_right for u in units), n),
        "agency_right": rate(sum(u.agency_right for u in units), n),
        "texts_failed": rate(sum(u.failed is not None for u in units), n),
    }


def finding_rates(findings: Sequence[FindingScore]) -> dict[str, Rate]:
    """The headline figures that count hard findings."""
    n = Counter(f.verdict for f in findings)
    blamed = sum(f.verdict == "found" and f.blame == "report" for f in findings)
    return {
        "findings_found": rate(n["found"], n["found"] + n["missing"]),
        "findings_false": rate(n["false"], n["found"] + n["false"]),
        "findings_blamed_on_report": rate(blamed, n["found"]),
    }


# Outcome and truth


def outcomes(cells: Iterable[CellScore], units: Sequence[UnitScore]) -> dict[str, dict[str, dict[str, int]]]:
    """Outcome × truth of cells, texts and reports.

    A text is right where it is exact. A report is as bad as its worst text: failed, unreadable, for review, accepted;
    and right where all its texts are.
    """
    of_cells = [(c.outcome, c.right) for c in cells]
    of_texts: list[tuple[str, bool | None]] = [(u.decision, u.exact) for u in units]
    order = ("failed", "unreadable", "review", "accept")
    of_reports: list[tuple[str, bool | None]] = [
        (min((u.decision for u in us), key=order.index), all(u.exact for u in us)) for us in by_report(units).values()
    ]
    return {
        "cells": _crossed(of_cells, ("accept", "review", "missing"), (True, False, None)),
        "texts": _crossed(of_texts, order[::-1], (True, False)),
        "reports": _crossed(of_reports, order[::-1], (True, False)),
    }


def _crossed(
    pairs: Sequence[tuple[str, bool | None]], rows: Sequence[str], columns: Sequence[bool | None]
) -> dict[str, dict[str, int]]:
    n = Counter(pairs)
    return {row: {_TRUTH[column]: n[row, column] for column in columns} for row in rows}


# Confidence


def classes(cells: Iterable[CellScore]) -> dict[str, ClassScore]:
    """How often each class of decisions was wrong, of judged cells; largest class first."""
    decided = (c for c in cells if c.right is not None and c.confidence is not None)
    groups = grouped(decided, lambda c: c.decision_class or UNCLASSED)
    made = {name: _class(group) for name, group in groups.items()}
    return dict(sorted(made.items(), key=lambda x: (-x[1].cells, x[0])))


def _class(cells: Sequence[CellScore]) -> ClassScore:
    reports = {c.report for c in cells}
    bad = {c.report for c in cells if c.right is False}
    return ClassScore(
        cells=len(cells),
        wrong=sum(c.right is False for c in cells),
        accepted=sum(c.outcome == "accept" for c in cells),
        reports=len(reports),
        reports_wrong=len(bad),
        bound=upper_bound(len(bad), len(reports)),
        confidence=math.fsum(c.confidence or 0.0 for c in cells) / len(cells),
    )


def risk_curve(cells: Iterable[CellScore]) -> RiskCurve:
    """Judged cells from the most to the least confident: the share of wrong ones among those covered so far.

    AURC and AUGRC: reconciliation.md C1 (Traub 2024). Cells without a decision have no confidence and are left out.
    """
    seen: Counter[float] = Counter()
    wrong: Counter[float] = Counter()
    for c in cells:
        if c.right is not None and c.confidence is not None:
            seen[c.confidence] += 1
            wrong[c.confidence] += c.right is False
    points: list[RiskPoint] = []
    covered = bad = 0
    for confidence in sorted(seen, reverse=True):
        covered, bad = covered + seen[confidence], bad + wrong[confidence]
        points.append(RiskPoint(confidence, covered, bad))
    if not covered:
        return RiskCurve((), None, None)
    steps = list(zip([RiskPoint(1.0, 0, 0), *points], points, strict=False))
    aurc = math.fsum(_risk_between(a, b) for a, b in steps) / covered
    augrc = sum(((a.wrong + b.wrong) * Fraction(b.covered - a.covered, 2) for a, b in steps), Fraction(0))
    return RiskCurve(tuple(points), aurc, float(augrc / covered**2))


def _risk_between(a: RiskPoint, b: RiskPoint) -> float:
    """The integral of wrong ÷ covered from point to point, errors spread evenly in between."""
    slope = (b.wrong - a.wrong) / (b.covered - a.covered)
    if not a.covered:
        return float(b.wrong)
    return slope * (b.covered - a.covered) + (a.wrong - slope * a.covered) * math.log(b.covered / a.covered)


# Marks


def layout(fields: Iterable[str]) -> dict[str, str]:
    """The columns of each row, from the ids of a form's fields."""
    out: dict[str, str] = {}
    for field in fields:
        row, _, column = field.rpartition("/")
        out[row] = f"{out[row]} {column}" if row in out else column
    return out


def marks(cells: Iterable[CellScore], rows: Mapping[str, str]) -> dict[str, str]:
    """The letters of one text, a string a row in the order of ``rows``; cells the golden form lacks have none."""
    letters = {c.field: c.mark for c in cells if c.truth != "absent"}
    if not letters:
        return {}
    return {row: "".join(letters[f"{row}/{c}"] for c in columns.split()) for row, columns in rows.items()}
