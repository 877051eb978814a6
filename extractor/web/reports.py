"""The reports of the store: what was read, and what holds of it now."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from extractor.store import Filter, NotFound
from extractor.web.answer import MOST, NO_NUL, After, Limit, ReportId, answer, cell, described, plain
from extractor.web.examples import EFFECTIVE, FINDING, RECORD, REPORT, RUN, TEXT
from extractor.web.problem import problems
from extractor.web.state import State

_TEXT: dict[int | str, dict[str, Any]] = {200: {"description": "The text as read, into which all evidence points.", "content": {"text/plain": {"schema": {"type": "string"}, "example": TEXT}}}}


def reports_router(state: State) -> APIRouter:
    """The routes of the reports."""
    router = APIRouter(prefix="/v1/reports", tags=["reports"], default_response_class=Response)

    @router.get("", responses={**described("Reports in the order of their numbers; `next` goes into `after`.", {"reports": [REPORT], "next": None}), **problems()})
    def reports(
        after: After = 0,
        limit: Limit = 100,
        decision: Annotated[Literal["accept", "review", "unreadable"] | None, Query(examples=["review"])] = None,
        form: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, examples=["disclosure-2021"])] = None,
        year: Annotated[int | None, Query(ge=1900, le=2999, examples=[2021])] = None,
        open: Annotated[bool | None, Query(description="with, or without, cells that wait for a person", examples=[True])] = None,  # noqa: A002
        text: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="a part of the source's or the agency's name", examples=["社旗"])] = "",
    ) -> Response:
        """Reports, each with the numbers of its newest run."""
        rows = state.store.reports(Filter(decision, form, year, open, text), after=after, limit=limit + 1)
        more = rows[limit - 1].id if len(rows) > limit else None
        return answer({"reports": [plain(r) for r in rows[:limit]], "next": more})

    @router.get("/{id}", responses={**described("The report.", REPORT), **problems(404)})
    def report(report: ReportId) -> Response:
        """One report with the numbers of its newest run."""
        return answer(plain(state.store.report(report)))

    @router.get("/{id}/record", responses={**described("The record.", RECORD), **problems(404)})
    def record(report: ReportId, run: Annotated[int | None, Query(ge=1, le=MOST, description="another than the newest", examples=[1])] = None) -> Response:
        """The record that `gouji extract` wrote of the newest run, or of another."""
        return Response(state.store.line(_run(state, report, run)), media_type="application/json")

    @router.get("/{id}/cells", responses={**described("Every field of the form, in its order.", {"report": 1, "run": 1, "last_event": 1, "cells": [EFFECTIVE]}), **problems(404)})
    def cells(report: ReportId) -> Response:
        """The values that hold now: the newest run's, with the answers of people applied."""
        row = state.store.report(report)
        found = [cell(c) for c in state.store.cells(report)]
        return answer({"report": row.id, "run": row.run, "last_event": row.last_event, "cells": found})

    @router.get("/{id}/findings", responses={**described("What does not hold.", {"run": 1, "findings": [FINDING]}), **problems(404)})
    def findings(report: ReportId) -> Response:
        """The sums and statements of the newest run that do not hold."""
        run = state.store.report(report).run
        return answer({"run": run, "findings": state.store.record(run)["findings"]})

    @router.get("/{id}/text", responses={**_TEXT, **problems(404)})
    def text(report: ReportId) -> Response:
        """The text as read, as plain text: the source's own markup is never shown as such."""
        sha256 = state.store.report(report).sha256
        if sha256 is None:
            raise NotFound(f"report {report}: nothing could be read, so there is no text")
        return Response(state.store.text(sha256), media_type="text/plain")

    @router.get("/{id}/runs", responses={**described("The runs, oldest first.", {"runs": [RUN]}), **problems(404)})
    def runs(report: ReportId) -> Response:
        """Every run of a report."""
        state.store.report(report)
        return answer({"runs": [plain(r) for r in state.store.runs(report)]})

    return router


def _run(state: State, report: int, run: int | None) -> int:
    """The newest run of a report, or the one named, if it is the report's."""
    newest = state.store.report(report).run
    if run is None or run == newest:
        return newest
    if run not in {r.id for r in state.store.runs(report)}:
        raise NotFound(f"report {report}: has no run {run}")
    return run
