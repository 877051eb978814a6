"""How an archive stands, as numbers: taken from summary columns of the store, without opening any record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from extractor.across import NO_LINEAGE, Held, Lineage, Member
from extractor.across.coverage import CoverageTable, coverage
from extractor.across.member import SURE, places_of
from extractor.effective import Cell, Event
from extractor.overview.people import Audit, Reviewer, audit, pace, reviewers
from extractor.overview.series import Series
from extractor.overview.sums import LeftOut, YearlyTotal, left_out, yearly_totals
from extractor.store import ReportRow
from extractor.types import Status as CellStatus

if TYPE_CHECKING:
    from extractor.store.store import Store

_PAGE = 2_000
_WAITING, _SURE = (Held(None, CellStatus.LOST, sure, "") for sure in (False, True))


@dataclass(frozen=True, slots=True)
class Group:
    """The reports of one form, year and decision: how many, and their cells, as ``Cells`` counts them."""

    form: str | None
    year: int | None
    decision: str
    reports: int
    cells: int
    straight: int
    accepted: int
    open: int


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of all reports. ``straight`` were accepted by the program (straight-through).

    How they stand now is ``accepted`` + ``settled`` + ``answered`` + ``open`` = ``total``: a cell that the program accepted may
    have come back from an audit. ``blank``, ``lost`` and ``deduced`` are what the program read.
    """

    total: int = 0
    straight: int = 0
    accepted: int = 0
    settled: int = 0
    answered: int = 0
    open: int = 0
    blank: int = 0
    lost: int = 0
    deduced: int = 0


@dataclass(frozen=True, slots=True)
class Reports:
    """All reports: ``readable`` have cells, of which ``straight`` are accepted whole by the program and ``finished`` have no open cell."""

    total: int = 0
    readable: int = 0
    straight: int = 0
    finished: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for a person. ``oldest`` is when the report that waits longest was read (ISO 8601, UTC).

    ``hours`` is an estimate: ``report_seconds`` for each report and ``cell_seconds`` for each cell, the latter the median of
    ``measured`` answers, or the planning figure where ``measured`` is 0.
    """

    cells: int
    reports: int
    oldest: str | None
    oldest_source: str | None
    report_seconds: float
    cell_seconds: float
    measured: int
    hours: float


@dataclass(frozen=True, slots=True)
class FindingKind:
    """The findings under one rule: what it says, how many there are, in how many reports, and how many by blame."""

    rule: str
    says: str
    severity: str
    findings: int
    reports: int
    report: int
    reading: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A report that gave no cells, and why."""

    source: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """How an archive stands. ``store`` names it without a password; ``made_at`` is ISO 8601 in UTC."""

    store: str
    made_at: str
    reports: Reports
    groups: tuple[Group, ...]
    cells: Cells
    backlog: Backlog
    reviewers: tuple[Reviewer, ...]
    audit: Audit
    findings: tuple[FindingKind, ...]
    unreadable: tuple[Unread, ...]
    coverage: CoverageTable
    totals: tuple[YearlyTotal, ...]
    left_out: LeftOut


def of_store(store: Store, series: Sequence[Series] = (), lineage: Lineage = NO_LINEAGE) -> Status:
    """The status of a store now; ``series`` are added up by year, ``lineage`` says which reports are of one unit."""
    from extractor.store import totals
    from extractor.store.engine import reading

    with reading(store.engine) as c:
        behind = totals.behind(c)
    for report in behind:
        store.cells(report)
    rows = list(_rows(store))
    by_id = {row.id: row for row in rows}
    known = {row.id: member(row, ()) for row in rows}
    with reading(store.engine) as c:
        kinds = totals.findings(c)
        for part in totals.parts(c, [s.field for s in series]):
            if part.report in by_id:  # else it came after the rows were read
                known[part.report] = member(by_id[part.report], part.cells)
        audited = audit(totals.audited(c))
    people, took = reviewers(_events(store))
    members = list(known.values())
    says = {r.id: r.says for f in store.forms for r in f.rules} | {r.id: r.says for f in store.forms for r in f.narrative}
    table = coverage(members, lineage)
    return Status(
        store=store.url.render_as_string(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        reports=count_reports(rows),
        groups=group(rows),
        cells=count_cells(rows),
        backlog=backlog(rows, took),
        reviewers=people,
        audit=audited,
        findings=tuple(FindingKind(says=says.get(k.rule, ""), **k._asdict()) for k in kinds),
        unreadable=tuple(Unread(r.source, r.error or "", r.message) for r in rows if not r.cells),
        coverage=table,
        totals=yearly_totals(members, series, lineage),
        left_out=left_out(table, lineage),
    )


def _rows(store: Store) -> Iterator[ReportRow]:
    after = 0
    while page := store.reports(after=after, limit=_PAGE):
        yield from page
        after = page[-1].id


def _events(store: Store) -> Iterator[Event]:
    after = 0
    while page := store.all_events(after, _PAGE):
        yield from page
        after = page[-1].id


def member(row: ReportRow, cells: Sequence[Cell]) -> Member:
    """A report among others with what holds of some of its ``cells``; of the rest only whether a person must look."""
    fields = places_of(tuple(c.field for c in cells))
    held = tuple(Held(c.value, CellStatus(c.status), c.state in SURE, c.origin) for c in cells)
    waiting = max(0, row.open - sum(not h.sure for h in held))
    rest = (_WAITING,) * waiting or ((_SURE,) if row.cells else ())
    error = f"{row.error}: {row.message}" if row.error else None
    return Member(row.source, row.form, row.year, row.agency, row.sha256, fields, held + rest, error)


def count_reports(rows: Sequence[ReportRow]) -> Reports:
    """How many reports are read, accepted and finished."""
    readable = [r for r in rows if r.cells]
    return Reports(len(rows), len(readable), sum(r.decision == "accept" for r in readable), sum(not r.open for r in readable))


def count_cells(rows: Iterable[ReportRow]) -> Cells:
    """All cells by how they stand."""
    n: Counter[str] = Counter()
    for r in rows:
        n.update(
            total=r.cells, straight=r.accepted, settled=r.settled, answered=r.answered, open=r.open, blank=r.blank, lost=r.lost,
            deduced=r.deduced, accepted=_accepted(r),
        )  # fmt: skip
    return Cells(**n)


def _accepted(r: ReportRow) -> int:
    return r.cells - r.settled - r.answered - r.open


def group(rows: Iterable[ReportRow]) -> tuple[Group, ...]:
    """Reports by form, year and decision; those without a form or a year last."""
    found: dict[tuple[str | None, int | None, str], Counter[str]] = {}
    for r in rows:
        n = found.setdefault((r.form, r.year, r.decision), Counter())
        n.update(reports=1, cells=r.cells, straight=r.accepted, accepted=_accepted(r), open=r.open)
    order = sorted(found, key=lambda k: (k[0] is None, k[0] or "", k[1] is None, k[1] or 0, k[2]))
    return tuple(Group(*k, n["reports"], n["cells"], n["straight"], n["accepted"], n["open"]) for k in order for n in [found[k]])


def backlog(rows: Iterable[ReportRow], took: list[float]) -> Backlog:
    """What waits, and for how long at the pace of answers that took ``took`` seconds."""
    waiting = [r for r in rows if r.open]
    cells = sum(r.open for r in waiting)
    oldest = min(waiting, key=lambda r: (r.read_at, r.id), default=None)
    speed, measured = pace(took)
    hours = (len(waiting) * speed.report + cells * speed.cell) / 3600
    at, source = (oldest.read_at, oldest.source) if oldest else (None, None)
    return Backlog(cells, len(waiting), at, source, speed.report, speed.cell, measured, hours)
