"""The routes of the review page: what is next, one report as a task, what it looks like now. Events go to ``/v1/reports/{id}/events``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from extractor.effective import Mode
from extractor.form import Form
from extractor.numerals import read_number
from extractor.record import plain, visible
from extractor.store import Filter, NotFound, ReportRow
from extractor.text import normalise
from extractor.web.answer import NO_NUL, ReportId, answer
from extractor.web.keyed import key_sheet_text
from extractor.web.review_beside import Beside
from extractor.web.review_shelf import Shelf
from extractor.web.review_tally import Tally
from extractor.web.review_task import Given, blind_task, review_cells, review_task
from extractor.web.state import State
from extractor.web.zh import sentences
from extractor.worklist import Pace, audit_fields, audit_size, items, ranked

_SHOWN = 60  # reports of the queue that are listed
_ATTACHMENT = "application/octet-stream"

Reviewer = Annotated[str, Query(max_length=100, pattern=NO_NUL)]


class Wanted(NamedTuple):
    """Whose queue is asked for, which reports may be in it, and those that are not to be given again."""

    reviewer: str
    which: Filter
    left: frozenset[int]


def wanted(
    reviewer: Reviewer = "", text: Annotated[str, Query(max_length=200, pattern=NO_NUL)] = "", form: Annotated[str, Query(max_length=100, pattern=NO_NUL)] = "",
    year: Annotated[str, Query(pattern=r"^\d{0,4}$")] = "", left: Annotated[str, Query(max_length=4000, pattern=r"^[0-9,]*$")] = "",
) -> Wanted:  # fmt: skip
    """What the page's address says of the queue."""
    which = Filter(form=form or None, year=int(year) if year else None, text=text)
    return Wanted(reviewer, which, frozenset(int(x) for x in left.split(",") if x))


def review_router(state: State) -> APIRouter:
    """The routes; they describe what one page draws, and are no part of the service that other programs use."""
    router = APIRouter(prefix="/review", include_in_schema=False, default_response_class=Response)
    desk = Desk(state)

    @router.get("/config")
    def config() -> Response:
        return answer(desk.config())

    @router.get("/queue")
    def queue(wanted: Annotated[Wanted, Depends(wanted)]) -> Response:
        return answer(desk.queue(*wanted))

    @router.get("/open")
    def open_(wanted: Annotated[Wanted, Depends(wanted)]) -> Response:
        """The queue and the first report in it: one question where the page opens."""
        found = desk.queue(*wanted)
        first = found["reports"][0]["id"] if found["reports"] else None
        return answer({"queue": found, "task": desk.task(first, wanted.reviewer or state.settings.review.reviewer) if first else None})

    @router.get("/beside/{id}")
    def beside(report: ReportId) -> Response:
        return answer({"findings": [] if state.settings.review.blind else desk.beside.findings(state.store.report(report))})

    @router.get("/task/{id}")
    def task(report: ReportId, reviewer: Reviewer = "") -> Response:
        return answer(desk.task(report, reviewer))

    @router.get("/cells/{id}")
    def cells(report: ReportId) -> Response:
        return answer(desk.cells(report))

    @router.get("/numeral")
    def numeral(text: Annotated[str, Query(max_length=200)], kind: str, unit: str = "") -> Response:
        value, _ = read_number(normalise(text).strip(), kind, unit if kind == "amount" else None)
        return answer({"value": None if value is None else plain(value)})

    @router.get("/original/{id}")
    def original(report: ReportId) -> Response:
        """The file as it came, to be saved and never shown by the browser; the text as read where it was not kept."""
        row = state.store.report(report)
        if row.sha256 is None:
            raise NotFound(f"report {report}: nothing could be read, so nothing is kept")
        content = state.store.content(row.sha256)
        if content is None:
            return Response(state.store.text(row.sha256), media_type="text/plain")
        name = quote(visible(row.source).rsplit("/", 1)[-1])
        return Response(content, media_type=_ATTACHMENT, headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"})

    @router.get("/keys/{id}")
    def keys(report: ReportId, reviewer: Reviewer) -> Response:
        """What one person keyed blind, in the format of golden/KEYING.md."""
        row = state.store.report(report)
        sheet = key_sheet_text(row.source, desk.form(row.form), state.store.events(report), reviewer)
        return Response(sheet, media_type="text/plain", headers={"content-disposition": f'attachment; filename="{report}.yaml"'})

    return router


class Desk:
    """What the routes share: the store, the tally of answers, and the rows of the reports."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.options = state.settings.review
        self.tally = Tally(state.store)
        self.shelf = Shelf(state.store)
        self.beside = Beside(state, self.shelf)
        self._order: tuple[tuple[Filter, Pace, int], list[ReportRow], dict[str, Any]] | None = None

    def form(self, name: str | None) -> Form:
        """The form of a report; NotFound where it is not known here."""
        found = next((f for f in self.state.store.forms if f.id == name), None)
        if found is None:
            raise NotFound(f"form {name}: not known here; start with --forms DIR")
        return found

    def config(self) -> dict[str, Any]:
        """What the page is started with. ``store`` keeps what a browser remembers of two databases apart."""
        return {
            "store": sha256(str(self.state.store.url).encode()).hexdigest()[:12],
            "reviewer": self.options.reviewer,
            "blind": self.options.blind,
            "forms": [{"id": f.id, "title": f.spec.title} for f in self.state.store.forms],
            "zh": sentences(),
        }

    # The queue

    def queue(self, reviewer: str, which: Filter, left: Collection[int]) -> dict[str, Any]:
        """The reports with work, most useful first, and how far everything is."""
        self.refresh()
        pace, middle = self.tally.pace(reviewer)
        waiting, todo = self._ordered(reviewer, which, pace)
        modes = (Mode.BLIND,) if self.options.blind else (Mode.REVIEW, Mode.AUDIT)
        return {
            "reports": [self._listed(r, reviewer, pace) for r in islice((r for r in waiting if r.id not in left), _SHOWN)],
            "left_reports": len(waiting),
            **todo,
            "mine": self.tally.answers(reviewer, *modes),
            "all": self.tally.answers(None, *modes),
            "seconds": None if middle is None else f"{middle:.1f}",
            "now": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _ordered(self, reviewer: str, which: Filter, pace: Pace) -> tuple[list[ReportRow], dict[str, Any]]:
        """The reports in the order of the queue, and what is left to do; kept while no report has changed."""
        rows = self._reports(which)
        key = (which, pace, self.shelf.version)
        if self._order is not None and self._order[0] == key:
            return self._order[1], self._order[2]
        if self.options.blind:
            waiting = [r for r in rows if r.cells > len(self.tally.keyed(Mode.BLIND, r.id, reviewer))]
            left_cells = sum(r.cells - len(self.tally.keyed(Mode.BLIND, r.id, reviewer)) for r in waiting)
            return waiting, _todo(left_cells, waiting)
        by_id = {r.id: r for r in rows}
        waiting = [by_id[i] for i in ranked(rows, pace, self._to_audit)]
        todo = [r for r in rows if r.open]
        left = _todo(sum(r.open for r in todo), todo)
        if not self.options.audit:  # a sample keyed changes no row
            self._order = (key, waiting, left)
        return waiting, left

    def _reports(self, which: Filter) -> list[ReportRow]:
        only_open = not self.options.blind and not self.options.audit
        return self.shelf.rows(Filter(which.decision, which.form, which.year, True if only_open else None, which.text))

    def refresh(self) -> None:
        """Take in what reviewers did since the last call."""
        self.shelf.changed(self.tally.refresh())

    def _to_audit(self, row: Any) -> int:
        """Cells of the report's audit sample that nobody has keyed yet."""
        size = audit_size(row.sha256, row.accepted, self.options.audit)
        return max(0, size - len(self.tally.keyed(Mode.AUDIT, row.id))) if size else 0

    def _listed(self, row: ReportRow, reviewer: str, pace: Pace) -> dict[str, Any]:
        said = sentences()["report_reasons"]
        audits = self._to_audit(row)
        if self.options.blind:
            reason = said["blind"].format(n=row.cells, done=len(self.tally.keyed(Mode.BLIND, row.id, reviewer)))
        else:
            minutes = max(1, round((pace.report + pace.cell * row.open) / 60))
            parts = [said["open"].format(open=row.open, lost=min(row.open, row.lost), minutes=minutes)] if row.open else []
            reason = "".join(parts + ([said["audit"].format(n=audits)] if audits else []))
        return {**_head(row), "open": row.open, "reason": reason}

    # One report

    def task(self, report: int, reviewer: str) -> dict[str, Any]:
        """The report to check; to be keyed blind first where cells of its audit sample are still to be keyed."""
        self.refresh()
        row = self.state.store.report(report)
        head = {"report": _head(row), "run": row.run, "last_event": row.last_event}
        if not row.cells:
            return {**head, "mode": "none", "error": row.error, "message": visible(row.message)}
        given = self._given(row)
        if self.options.blind:
            done = self.tally.keyed(Mode.BLIND, report, reviewer)
            todo = [f.id for f in given.form.fields if f.id not in done]
            return {**head, **blind_task(given, todo, Mode.BLIND, reviewer)}
        sample = audit_fields(row.sha256, given.cells, self.options.audit)
        if sample and (todo := [f for f in sample if f not in self.tally.keyed(Mode.AUDIT, report)]):
            return {**head, **blind_task(given, todo, Mode.AUDIT, reviewer)}
        return {**head, **review_task(given, items(given.form, given.cells, given.events, self.tally.pace(reviewer)[0]))}

    def cells(self, report: int) -> dict[str, Any]:
        """How the cells of a report stand now, after an answer."""
        row = self.state.store.report(report)
        given = self._given(row, with_text=False)
        waiting = items(given.form, given.cells, given.events)
        return {
            "run": row.run, "last_event": row.last_event, "cells": review_cells(given),
            "items": [{"field": given.form.index[x.field], "why": x.why, "proves": len(x.proves)} for x in waiting],
        }  # fmt: skip

    def _given(self, row: ReportRow, with_text: bool = True) -> Given:
        store = self.state.store
        text = store.text(str(row.sha256)) if with_text else ""
        return Given(self.form(row.form), store.record(row.run), text, store.cells(row.id), store.events(row.id))


def _todo(cells: int, rows: Sequence[ReportRow]) -> dict[str, Any]:
    return {"left_cells": cells, "oldest": min((r.read_at for r in rows), default=None)}


def _head(row: ReportRow) -> dict[str, Any]:
    agency = visible(row.agency) if row.agency else ""
    return {"id": row.id, "source": visible(row.source), "form": row.form, "year": row.year, "agency": agency, "read_at": row.read_at}
