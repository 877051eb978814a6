"""What is counted: of the figures that a report prints, how many a tool gives right, wrong and not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from benchmarks.damage import Truth
from benchmarks.others.sample import Report
from extractor.form import Field
from extractor.numerals import read_number
from extractor.text import normalise
from extractor.types import Number


@dataclass(frozen=True, slots=True)
class Counts:
    """``figures`` are those that the reports print: ``right`` + ``wrong`` + ``missing``. ``invented``: a figure where none is printed;
    ``equal_value``: the original's figure where an unplaceable text no longer shows whose it is (benchmarks/README.md), neither right nor wrong.

    The rest is Gouji's alone: ``cells`` are all cells of the forms, each ``accepted`` or ``to_person``; ``accepted_wrong`` of the
    accepted ones give another figure than the printed one, none where one is printed, or one where none is.
    """

    reports: int = 0
    failed: int = 0
    figures: int = 0
    right: int = 0
    wrong: int = 0
    missing: int = 0
    invented: int = 0
    equal_value: int = 0
    cells: int = 0
    accepted: int = 0
    accepted_wrong: int = 0
    to_person: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def counted(report: Report, given: Mapping[int, Number], failed: bool = False, accepted: frozenset[int] | None = None) -> Counts:
    """Hold the figures given for the fields of one report against what it prints; ``accepted`` fields need no person."""
    n = dict.fromkeys(("right", "wrong", "missing", "invented", "equal_value"), 0)
    accepted_wrong = 0
    for field, truth in zip(report.form.fields, report.truth, strict=True):
        outcome = _outcome(field, truth, given.get(field.index), report.unplaceable)
        if outcome:
            n[outcome] += 1
        if accepted and field.index in accepted and outcome in ("wrong", "missing", "invented"):
            accepted_wrong += 1
    figures, cells = n["right"] + n["wrong"] + n["missing"], len(report.form.fields)
    counts = Counts(1, int(failed), figures, **n)
    if accepted is None:
        return counts
    return counts + Counts(cells=cells, accepted=len(accepted), accepted_wrong=accepted_wrong, to_person=cells - len(accepted))


def _outcome(field: Field, truth: Truth, got: Number | None, unplaceable: bool) -> str:
    """What became of one field; empty where nothing is printed and nothing given, and where the golden set leaves the field out."""
    if truth.statuses == {"excluded"}:
        return ""
    if "printed" not in truth.statuses or truth.value is None:
        if got is None:
            return ""
        return "equal_value" if unplaceable and got == truth.value else "invented"
    if got is None:
        return "missing"
    return "right" if got in (truth.value, number(field, truth.printed or "")) else "wrong"


def numbers(report: Report, texts: Mapping[int, str]) -> dict[int, Number]:
    """The figures among the texts of cells, read as Gouji reads numerals, so that no tool is set back by a separator."""
    read = {i: number(report.form.fields[i], text) for i, text in texts.items()}
    return {i: value for i, value in read.items() if value is not None}


def number(field: Field, text: str) -> Number | None:
    """The number that a cell's text is, None where it is none."""
    return read_number(normalise(text).strip(), field.kind, field.unit if field.kind == "amount" else None)[0] if text else None
