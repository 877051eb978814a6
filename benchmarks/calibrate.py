"""Labelled reports into ``schemas/confidence.json``: how often each class of decisions was right, source by source.

``python -m benchmarks.calibrate``. Generated reports certify; the ``dev`` half of the golden set, and an audit sample
where there is one, are counted apart and can only take acceptance away (docs/adr/0006). Every case has a content and a
damage of its own, so cases are independent. A value that stands in an accepted cell of a text which no longer says
whose it is (``equal_value``) is counted as not right in the confidence.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy import run
from benchmarks.arguments import seed_range
from benchmarks.damage import LEVELS, SHAPES
from benchmarks.score import LOCKED_FROM, ROOT, Score, stamp, write_json
from extractor.errors import GoujiError
from extractor.form import Form, load_forms
from extractor.golden import GoldenCell, GoldenReport, load_golden
from extractor.judge import ACCEPT, NOT_CERTIFIED
from extractor.pipeline import extract_path
from extractor.policy import ClassCounts, Counts, PolicySpec, SourceCounts, StepCounts, read_spec, verdicts
from extractor.types import Decision, Resolved, Status

TARGET = ROOT / "schemas" / "confidence.json"
# Seeds below are those on which rules are tuned: a rule fits them better than it fits a report it has not seen.
FRESH_FROM = 500


@dataclass(frozen=True, slots=True)
class Counted:
    """One report. ``classes`` gives (cells, right), ``eligible`` (cells, wrong); ``strata`` are the parts it belongs to."""

    report: str
    classes: Mapping[str, tuple[int, int]]
    eligible: Mapping[str, tuple[int, int]]
    strata: tuple[str, ...] = ()


def source_counts(reports: Sequence[Counted], spec: PolicySpec, about: str) -> SourceCounts:
    """One source as in ``confidence.json``: by class, and by step of the sequence with all before it."""
    inexact = sum(any(right < seen for seen, right in r.classes.values()) for r in reports)
    steps = tuple(_step(n, spec, reports) for n in range(len(spec.sequence)))
    return SourceCounts(about, len(reports), inexact, _by_class(reports), steps)


def _by_class(reports: Iterable[Counted]) -> dict[str, ClassCounts]:
    found: dict[str, list[int]] = {}
    for r in reports:
        for name, (seen, right) in r.classes.items():
            _, wrong = r.eligible.get(name, (0, 0))
            counted = (seen, right, name in r.eligible, wrong > 0)
            found[name] = [a + b for a, b in zip(found.get(name, (0, 0, 0, 0)), counted, strict=True)]
    return {name: ClassCounts(*c) for name, c in sorted(found.items())}


def _step(n: int, spec: PolicySpec, reports: Iterable[Counted]) -> StepCounts:
    holding, wrong_reports, cells, cells_wrong = 0, 0, 0, 0
    strata: dict[str, list[int]] = {}
    for r in reports:
        mine = [c for name, c in r.eligible.items() if (at := spec.step_of(name)) is not None and at <= n]
        if not mine:
            continue
        wrong = sum(w for _, w in mine)
        holding, wrong_reports = holding + 1, wrong_reports + (wrong > 0)
        cells, cells_wrong = cells + sum(seen for seen, _ in mine), cells_wrong + wrong
        for name in r.strata:
            part = strata.setdefault(name, [0, 0])
            part[0] += 1
            part[1] += wrong > 0
    return StepCounts(spec.sequence[n].name, holding, wrong_reports, cells, cells_wrong, strata)


def generated(scores: Iterable[Score]) -> list[Counted]:
    """Scored cases as reports."""
    return [Counted(s.case, s.classes, s.eligible, (f"level {s.level}", f"form {s.form}", f"shape {s.shape}")) for s in scores]


# Golden reports


def golden(reports: Iterable[GoldenReport], forms: Sequence[Form]) -> list[Counted]:
    """Golden reports read and counted; the renderings of one report together. Cells without a golden value are left out."""
    out: list[Counted] = []
    for report in reports:
        classes: dict[str, tuple[int, int]] = {}
        eligible: dict[str, tuple[int, int]] = {}
        for source in report.sources:
            for truth, got, decision in _cells(report, source.file, forms):
                right = truth is not None and (got.status.value, got.value) == (truth.status, truth.value)
                _add(classes, decision.decision_class, right)
                if is_eligible(decision):
                    _add(eligible, decision.decision_class, not right)
        out.append(Counted(report.id, classes, eligible))
    return out


def _cells(
    report: GoldenReport, file: Path, forms: Sequence[Form]
) -> Iterator[tuple[GoldenCell | None, Resolved, Decision]]:
    """Readings with their labels; None, so never right, for what is printed under a form that the report does not have."""
    extraction = extract_path(file, forms)
    same = extraction.form == report.form_id
    for n, (got, decision) in enumerate(zip(extraction.resolved, extraction.decisions, strict=True)):
        truth = report.cells[n] if same else None
        unlabelled = truth is not None and truth.status == "excluded"
        unknowable = truth is not None and truth.status == "lost" and got.status is Status.DEDUCED
        if not unlabelled and not unknowable and (truth or got.status is Status.PRINTED):
            yield truth, got, decision


def is_eligible(decision: Decision) -> bool:
    """Accepted, or kept from it by nothing but its class."""
    return decision.outcome == ACCEPT or NOT_CERTIFIED in decision.codes


def _add(counts: dict[str, tuple[int, int]], name: str, hit: bool) -> None:
    seen, hits = counts.get(name, (0, 0))
    counts[name] = seen + 1, hits + hit


# An audit sample


def audit(path: Path) -> list[Counted]:
    """Lines of JSON ``{"decision_class", "report", "right"}``, each an accepted cell that a person looked at.

    GoujiError names the line that is not of this shape.
    """
    found: dict[str, tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]] = {}
    for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            item = json.loads(text)
            name, report, right = item["decision_class"], item["report"], item["right"]
        except (ValueError, KeyError, TypeError) as exc:
            raise GoujiError(f"{path}:{n}: write {{decision_class, report, right}} as JSON") from exc
        if not isinstance(right, bool) or not isinstance(name, str) or not isinstance(report, str):
            raise GoujiError(f"{path}:{n}: decision_class and report are strings, right is true or false")
        classes, eligible = found.setdefault(report, ({}, {}))
        _add(classes, name, right)
        _add(eligible, name, not right)
    return [Counted(report, *of) for report, of in found.items()]


# The command


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrate", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default=range(FRESH_FROM, FRESH_FROM + 100), metavar="A:B",
                        help=f"default {FRESH_FROM}:{FRESH_FROM + 100}")  # fmt: skip
    parser.add_argument("--golden", type=Path, default=ROOT / "golden", metavar="DIR", help="only its dev half is read")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="accepted cells that a person checked, as JSON lines")
    parser.add_argument("--output", type=Path, default=TARGET, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    if given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked: a confidence is never measured on them")
    if given.seeds.start < FRESH_FROM:
        parser.error(f"seeds below {FRESH_FROM} are for tuning: a rule is not measured on the reports it was made on")
    if given.audit and not given.audit.is_file():
        parser.error(f"{given.audit}: no such file")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    given = _arguments(argv)
    spec, forms = read_spec(), load_forms()
    scores = run(given.seeds, LEVELS, SHAPES, given.processes, determine=False)
    about = f"generated reports of {', '.join(LEVELS)} damage in equal parts"
    sources = {
        "generator": source_counts(generated(scores), spec, about),
        "golden": source_counts(golden(load_golden(given.golden, forms, "dev"), forms), spec, "real reports, dev half"),
    }
    if given.audit:
        sources["audit"] = source_counts(audit(given.audit), spec, "accepted cells of real reports, checked by a person")
    made = stamp("benchmarks.calibrate", argv)
    measured = {
        "command": made["command"],
        "seeds": f"{given.seeds.start}:{given.seeds.stop}",
        "levels": list(LEVELS),
        "commit": made["commit"],
        "dirty": made["dirty"],
        "equal_value": sum(s.counts.equal_value for s in scores),
    }
    counts = Counts(spec.digest, sources, measured)
    write_json(counts.to_dict(), given.output)
    eligible = verdicts(spec, counts).classes
    print(f"{sum(not c.reason for c in eligible)} of {len(eligible)} eligible classes accepted; `gouji certify` says why")
    return 0


if __name__ == "__main__":
    sys.exit(main())
