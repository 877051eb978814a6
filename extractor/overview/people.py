"""What people did: answers by person and how long they took, and what the audit found. Pure functions over events and cells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from extractor.effective import ANSWERS, Action, Cell, Event, Mode, carries, said, standing
from extractor.metrics import upper_bound
from extractor.worklist import MEASURED_FROM, Pace, seconds

if TYPE_CHECKING:
    from extractor.store.totals import Part


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One person: cells whose answer stands, answers taken back, cells skipped, cells keyed blind for the audit and for golden labels.

    ``seconds`` is the median time of one answer, None where no time was measured; one answer about a row or a table counts once
    there, and as many times as it has cells in ``answers``.
    """

    name: str
    answers: int
    undone: int
    skipped: int
    audited: int
    blind: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Audit:
    """Accepted cells that people keyed without seeing the machine's reading.

    ``keyed`` = ``agreed`` + ``cleared`` (differed, and who saw both agreed with the machine) + ``wrong`` (who saw both did not) +
    ``undecided`` (differed, and nobody has looked since). ``outdated`` are keyings of a reading that a later run replaced; they
    count nowhere else. ``reports`` have a keyed cell, ``reports_wrong`` one that is wrong or undecided.
    """

    keyed: int = 0
    agreed: int = 0
    cleared: int = 0
    wrong: int = 0
    undecided: int = 0
    outdated: int = 0
    reports: int = 0
    reports_wrong: int = 0

    @property
    def bound(self) -> float | None:
        """What the share of reports with a wrong cell in their sample is below, one-sided at 95 %; None before any is keyed.

        Counted by report, because the cells of one report are not independent; undecided ones count as wrong.
        """
        return upper_bound(self.reports_wrong, self.reports) if self.reports else None


def audit(parts: Iterable[Part]) -> Audit:
    """The audit's results out of the audited cells of every report."""
    counts: Counter[str] = Counter()
    for part in parts:
        found = Counter(outcome for cell in part.cells if (outcome := _outcome(part, cell)))
        counts += found
        keyed = found.total() - found["outdated"]
        counts["keyed"] += keyed
        counts["reports"] += keyed > 0
        counts["reports_wrong"] += found["wrong"] + found["undecided"] > 0
    return Audit(**counts)


def _outcome(part: Part, cell: Cell) -> str:
    """The name of the count of ``Audit`` that a cell belongs to; empty where every keying was taken back."""
    keyed = [e for e in standing(cell.history) if e.mode is Mode.AUDIT and e.action in ANSWERS]
    if not keyed:
        return ""
    alive = [e for e in keyed if carries(e, part.record, cell.machine)]
    if not alive or cell.machine["decision"] != "accept":
        return "outdated"
    read = cell.machine["value"], cell.machine["status"]
    if said(max(alive, key=lambda e: e.id)) == read:
        return "agreed"
    if cell.answer is None:
        return "undecided"
    return "cleared" if said(cell.answer) == read else "wrong"


@dataclass(slots=True)
class _Tally:
    answers: int = 0
    undone: int = 0
    skipped: int = 0
    audited: int = 0
    blind: int = 0
    took: list[float] = field(default_factory=list)


_COUNTED = {Mode.REVIEW: "answers", Mode.AUDIT: "audited", Mode.BLIND: "blind"}


def reviewers(events: Iterable[Event]) -> tuple[tuple[Reviewer, ...], list[float]]:
    """Everybody who did something, by name, and the seconds of every answer in review; events come oldest first."""
    by: defaultdict[str, _Tally] = defaultdict(_Tally)
    places: dict[int, str] = {}
    took: list[float] = []
    for e in events:
        mine = by[e.reviewer]
        if e.action in ANSWERS or e.action is Action.SKIP:
            places[e.id] = name = "skipped" if e.action is Action.SKIP else _COUNTED[e.mode]
            setattr(mine, name, getattr(mine, name) + 1)
            if e.part_of is None and e.mode is Mode.REVIEW:
                mine.took += seconds([e])
        elif e.action is Action.UNDO and e.cancels is not None and (name := places.get(e.cancels, "")):
            setattr(mine, name, getattr(mine, name) - 1)
            mine.undone += name != "skipped"
    found = []
    for name, t in sorted(by.items()):
        took += t.took
        found.append(Reviewer(name, t.answers, t.undone, t.skipped, t.audited, t.blind, median(t.took) if t.took else None))
    return tuple(found), took


def pace(took: list[float]) -> tuple[Pace, int]:
    """The pace that was measured, on how many answers; the planning figure of docs/review.md, and 0, while they are too few."""
    return (Pace(cell=median(took)), len(took)) if len(took) >= MEASURED_FROM else (Pace(), 0)
