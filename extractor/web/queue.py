"""What a person should look at next, for programs: the same order as on the page, by the planned pace and without a name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from extractor.store import Filter, NotFound
from extractor.web.answer import NO_NUL, Limit, ReportId, answer, described, plain
from extractor.web.examples import REPORT
from extractor.web.problem import problems
from extractor.web.review_shelf import Shelf
from extractor.web.state import State
from extractor.worklist import Pace, chances, items, ranked, report_score

_WAITING: dict[str, Any] = {"reports": [{**REPORT, "score": 0.0125}], "open_reports": 1, "open_cells": 3}
_ITEM: dict[str, Any] = {
    "field": "requests/new/total", "table": "requests", "score": 0.21, "wrong": 0.03, "why": "sum", "proves": ["requests/new/other_org"],
}  # fmt: skip


def worklist_router(state: State) -> APIRouter:
    """The routes of the worklist."""
    router = APIRouter(prefix="/v1", tags=["worklist"], default_response_class=Response)
    shelf = Shelf(state.store)

    @router.get("/worklist", responses={**described("Reports with cells that wait for a person, the most useful first.", _WAITING), **problems()})
    def worklist(
        limit: Limit = 100,
        form: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, examples=["disclosure-2021"])] = None,
        year: Annotated[int | None, Query(ge=1900, le=2999, examples=[2021])] = None,
        text: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="a part of the source's or the agency's name", examples=["社旗"])] = "",
    ) -> Response:
        """Reports by the cells expected to be wrong, divided by the seconds that all their open cells take."""
        by_id = {r.id: r for r in shelf.rows(Filter(form=form, year=year, open=True, text=text))}
        now = (state.store.report(i) for i in ranked(by_id.values(), Pace())[:limit])
        found = [{**plain(r), "score": report_score(r, Pace(), chances())} for r in now if r.open]
        return answer({"reports": found, "open_reports": len(by_id), "open_cells": sum(r.open for r in by_id.values())})

    @router.get("/reports/{id}/worklist", responses={**described("The cells of a report that wait for a person.", {"run": 1, "items": [_ITEM]}), **problems(404)})
    def of_report(report: ReportId) -> Response:
        """The cells that wait, the most useful answer first; `proves` are those that it would help to settle, `why` is the kind of reason."""
        row = state.store.report(report)
        form = next((f for f in state.store.forms if f.id == row.form), None)
        if form is None and row.cells:
            raise NotFound(f"form {row.form}: not known here; start with --forms DIR")
        waiting = items(form, state.store.cells(report), state.store.events(report)) if form else ()
        return answer({"run": row.run, "items": [plain(x) for x in waiting]})

    return router
