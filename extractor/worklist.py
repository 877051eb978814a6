"""What a person should look at next, and why: expected value a second, grouped by report (docs/review.md).

Pure: records, effective cells and summary rows in, order out. The chance that a cell is wrong is the counted one of its
class (``confidence``), never a model's own word; what one answer would help to settle elsewhere counts (``bearing``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from statistics import median
from typing import Protocol

from extractor.bearing import bearing
from extractor.effective import ANSWERS, AUDIT_DIFFERS, Action, Cell, Event, State, standing
from extractor.form import Form
from extractor.judge import REVIEW
from extractor.policy import load_policy
from extractor.types import Status

STRUCTURE_WRONG = "#structure"
"""How a note begins that says of its cell's whole table that rows and columns are misread: the table is keyed whole."""


class Summary(Protocol):
    """What of a report's summary row its place in the queue needs (``store.ReportRow`` has it)."""

    @property
    def id(self) -> int:
        """The report."""

    @property
    def sha256(self) -> str | None:
        """Of its file, None where that could not be read."""

    @property
    def accepted(self) -> int:
        """Cells that no person need see."""

    @property
    def lost(self) -> int:
        """Cells that the text no longer holds."""

    @property
    def open(self) -> int:
        """Cells that still wait for a person."""

    @property
    def read_at(self) -> str:
        """When it was read."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that a person needs: to find into a report, and for one cell.

    The defaults are the planning figures of docs/review.md; ``pace_of`` replaces the second by what was measured.
    """

    report: float = 20.0
    cell: float = 6.0


@dataclass(frozen=True, slots=True)
class Item:
    """One cell of the queue. ``why`` names the reason's sentence (``review.zh``), ``proves`` the cells that an answer would help to settle."""

    field: str
    table: str
    score: float
    wrong: float
    why: str
    proves: tuple[str, ...]


MEASURED_FROM = 10
"""Answers before a measured pace is believed."""
MIX = 5
"""Every so many-th report of the queue is one to audit, while there are both."""
_LONGEST_SECONDS = 600  # an answer after ten minutes measures a break


@dataclass(frozen=True, slots=True)
class Chances:
    """How often a cell that waits for a person is wrong, as counted: one that is lost, and any other."""

    lost: float
    other: float


@lru_cache(maxsize=1)
def chances() -> Chances:
    """The counted chances of the shipped policy (schemas/confidence.json)."""
    policy = load_policy()
    return Chances(1 - policy.confidence(Status.LOST.value, REVIEW), 1 - policy.confidence("", REVIEW))


def seconds(events: Iterable[Event]) -> list[float]:
    """How long each answer took, from seeing the cell to deciding; breaks are left out."""
    from datetime import datetime

    out = []
    for e in events:
        if e.action not in ANSWERS or not e.seen_at or not e.decided_at:
            continue
        took = (datetime.fromisoformat(e.decided_at) - datetime.fromisoformat(e.seen_at)).total_seconds()
        if 0 < took <= _LONGEST_SECONDS:
            out.append(took)
    return out


def pace_of(events: Iterable[Event]) -> Pace:
    """The pace measured in ``events``; the planning figure while there are too few of them."""
    took = seconds(events)
    return Pace(cell=median(took)) if len(took) >= MEASURED_FROM else Pace()


def report_score(row: Summary, pace: Pace, p: Chances) -> float:
    """What an average second spent on this report is worth: cells expected to be wrong, divided by the time for all its open ones."""
    lost = min(row.open, row.lost)
    return (lost * p.lost + (row.open - lost) * p.other) / (pace.report + pace.cell * row.open)


def ranked(rows: Iterable[Summary], pace: Pace, audits: Callable[[Summary], int] = lambda _: 0, p: Chances | None = None) -> list[int]:
    """The reports with work in the order of the queue, oldest first where the score is the same.

    ``audits`` says how many cells of a report are still to be audited; reports that hold nothing but audits come mixed in
    between, in an order that is theirs by hash.
    """
    p = p or chances()
    rows = list(rows)
    open_ = sorted((r for r in rows if r.open), key=lambda r: (-report_score(r, pace, p), r.read_at, r.id))
    only = sorted((r for r in rows if not r.open and audits(r)), key=lambda r: _unit(str(r.sha256)))
    out: list[int] = []
    waiting = iter(only)
    for n, row in enumerate(open_, 1):
        out.append(row.id)
        if n % (MIX - 1) == 0 and (audit := next(waiting, None)) is not None:
            out.append(audit.id)
    return [*out, *(r.id for r in waiting)]


def audit_size(digest: str | None, accepted: int, share: float) -> int:
    """How many accepted cells of this report are in the audit sample: ``share`` of them on average, decided by the report's hash."""
    return int(accepted * share + _unit(f"{digest}/audit")) if share > 0 else 0


def audit_fields(digest: str | None, cells: Sequence[Cell], share: float) -> tuple[str, ...]:
    """The audit sample of one report: drawn among the cells that the program accepted, the same in every process and for everybody."""
    accepted = [c.field for c in cells if c.machine["decision"] == "accept"]
    drawn = sorted(accepted, key=lambda f: _unit(f"{digest}/{f}"))[: audit_size(digest, len(accepted), share)]
    return tuple(f for f in accepted if f in set(drawn))


def _unit(text: str) -> float:
    """A number from 0 to 1 that only ``text`` decides."""
    return int.from_bytes(sha256(text.encode()).digest()[:7], "big") / (1 << 56)


def structure_wrong(events: Iterable[Event], form: Form) -> frozenset[str]:
    """The tables that somebody says are misread as a whole."""
    return frozenset(
        form.fields[form.index[e.field]].table
        for e in standing(events)
        if e.action is Action.NOTE and e.note.startswith(STRUCTURE_WRONG) and e.field in form.index
    )


def items(form: Form, cells: Sequence[Cell], events: Sequence[Event], pace: Pace | None = None) -> tuple[Item, ...]:
    """The cells of one report that wait for a person, table by table, the most useful answer first.

    Every cell of a table whose structure is wrong is among them until a person has answered it.
    """
    whole = structure_wrong(events, form)
    waiting = [i for i, c in enumerate(cells) if c.state is State.OPEN or (form.fields[i].table in whole and c.state is not State.ANSWERED)]
    took = (pace or Pace()).cell
    bears = bearing(form, cells, waiting)
    found = [_item(form, cells[i], i, bears.get(i, frozenset()), took, form.fields[i].table in whole) for i in waiting]
    best: dict[str, float] = {}
    for x in found:
        best[x.table] = max(best.get(x.table, 0.0), x.score)
    place = {f.id: f.index for f in form.fields}
    return tuple(sorted(found, key=lambda x: (-best[x.table], x.table, -x.score, place[x.field])))


def _item(form: Form, cell: Cell, i: int, bears: Iterable[int], took: float, whole: bool) -> Item:
    proves = tuple(form.fields[j].id for j in sorted(bears))
    wrong = 1 - float(cell.machine["confidence"])
    why = "structure" if whole else _why(cell)
    return Item(cell.field, form.fields[i].table, wrong * (1 + len(proves)) / took, wrong, why, proves)


def _why(cell: Cell) -> str:
    """The kind of reason; the codes of the cell say the rest."""
    codes = cell.codes
    if AUDIT_DIFFERS in codes:
        return "differs"
    if any(e.action in ANSWERS for e in standing(cell.history)):
        return "returned"
    if cell.status == "lost":
        return "lost"
    if "RULE_FAILED" in codes:
        return "sum"
    if cell.status == "deduced":
        return "deduced"
    if cell.status == "blank":
        return "blank"
    return "class" if "CLASS_NOT_CERTIFIED" in codes else "doubt"
