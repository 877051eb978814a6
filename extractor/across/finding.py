"""A relation between reports that was put to the test: the reports, the cells, both sides, and who may be at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extractor.across.archive import UnitYear
from extractor.across.member import Held, Member
from extractor.expr import Relation
from extractor.types import Blame, Number, Status, Verdict


@dataclass(frozen=True, slots=True)
class Participant:
    """One cell that takes part: of which report, form and year, and what holds of it."""

    report: str
    form: str | None
    year: int
    field: str
    held: Held


@dataclass(frozen=True, slots=True)
class PairFinding:
    """The result of one rule between reports on one instance of it.

    ``reports`` name the reports compared, the one to look at first; ``years`` are theirs. ``left`` and ``right`` are the sides as
    written in the rule, None where a side has no figure; ``operator`` is what should stand between them. ``note`` says why a
    rule could not be assessed. ``blame`` is ``reading`` where a cell still waits for a person, else ``unknown``: nothing
    here says which of two reports is wrong.
    """

    rule: str
    instance: str
    severity: str
    unit: str
    reports: tuple[str, ...]
    years: tuple[int, ...]
    verdict: Verdict
    blank_as_zero: Verdict
    operator: str
    left: Number | None
    right: Number | None
    cells: tuple[Participant, ...]
    blame: Blame
    says: str
    cause: str = ""
    note: str = ""

    @property
    def fails(self) -> bool:
        """Whether something is wrong, be it only with blanks counted as zero."""
        return Verdict.FAIL in (self.verdict, self.blank_as_zero)

    @property
    def difference(self) -> Number | None:
        """Left minus right, None where a side has no figure."""
        return None if self.left is None or self.right is None else self.left - self.right

    def data(self) -> dict[str, Any]:
        """The same for machines (docs/across.md)."""
        return {
            "source": self.reports[0],
            "problem": "across",
            "rule": self.rule,
            "instance": self.instance,
            "unit": self.unit,
            "reports": list(self.reports),
            "years": list(self.years),
            "verdict": self.verdict.value,
            "blank_as_zero": self.blank_as_zero.value,
            "severity": self.severity,
            "left": self.left,
            "right": self.right,
            "difference": self.difference,
            "cells": [_cell(c) for c in self.cells],
            "blame": self.blame.value,
            "cause": self.cause,
            "message": self.says,
            "note": self.note,
        }


def _cell(c: Participant) -> dict[str, Any]:
    s = c.held
    return {
        "report": c.report, "year": c.year, "cell": c.field, "value": s.value, "status": s.status.value, "sure": s.sure, "origin": s.origin,
    }  # fmt: skip


def taking_part(place: UnitYear, field: str) -> Participant | None:
    """The cell of a field in a unit's report for a year; None where there is none, or its versions differ."""
    found = place.pick(field)
    return Participant(found[0].report, found[0].form, place.year, field, found[1]) if found else None


def of_member(member: Member, year: int, field: str, held: Held) -> Participant:
    """The cell of a field in one version of a report."""
    return Participant(member.report, member.form, year, field, held)


def blame_of(cells: Sequence[Participant]) -> Blame:
    """``reading`` while any of the cells waits for a person."""
    return Blame.UNKNOWN if all(c.held.sure for c in cells) else Blame.READING


def verdicts(relation: Relation, cells: Mapping[int, Participant]) -> tuple[Verdict, Verdict, Number | None, Number | None]:
    """The verdict on what is printed, that with blanks as zero, and the sides of the one that could be assessed."""
    printed = {n: c.held.value for n, c in cells.items()}
    verdict, left, right = relation.verdict(printed)
    blanks = {n: 0 for n, c in cells.items() if c.held.status is Status.BLANK}
    if verdict is not Verdict.NOT_ASSESSABLE or not blanks:
        return verdict, verdict, left, right
    zero, left, right = relation.verdict({**printed, **blanks})
    return verdict, zero, left, right
