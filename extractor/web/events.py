"""What people did with the cells of a report: read it, add to it. Nothing is ever changed or taken away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from extractor.effective import Action, Mode, Scope
from extractor.store import Conflict, NewEvent
from extractor.web.answer import MOST, NO_NUL, After, ReportId, answer, described, event
from extractor.web.examples import EVENT
from extractor.web.problem import Refused, problems
from extractor.web.state import State

_ID = Field(ge=0, le=MOST)
_Time = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC))]


class EventIn(BaseModel):
    """One thing that one person did with one cell.

    ``after`` is the newest event about this cell that the person could see, 0 for none: where another came since, nothing is stored.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "key": "5f0c7c1e-8d0b-4c1d-9a3e-0f6d3f1f2a11", "run": 1, "field": "requests/new/total", "action": "correct",
        "value": "12", "reviewer": "li", "mode": "review", "after": 0,
        "seen_at": "2026-11-21T08:00:00Z", "decided_at": "2026-11-21T08:00:03Z", "note": "", "cancels": None, "scope": "cell",
    }]})  # fmt: skip

    key: str = Field(min_length=8, max_length=100, pattern=r"^[!-~]+$", description="made by the client, once an event: sent twice, it is stored once")
    run: int = _ID
    field: str = Field(max_length=200, pattern=NO_NUL)
    action: Action
    value: str | None = Field(None, max_length=200, pattern=NO_NUL, description="what was typed, as it was typed")
    reviewer: str = Field(min_length=1, max_length=100, pattern=NO_NUL)
    mode: Mode = Mode.REVIEW
    after: int = Field(0, ge=0, le=MOST)
    seen_at: _Time | None = None
    decided_at: _Time | None = None
    note: str = Field("", max_length=2000, pattern=NO_NUL)
    cancels: int | None = Field(None, ge=1, le=MOST)
    scope: Scope = Field(Scope.CELL, description="row or table: the same is said of every cell there that waits for a person and was read so")

    def new(self, report: int) -> NewEvent:
        """The event as the store takes it."""
        return NewEvent(self.key, report, self.run, self.field, self.action, self.reviewer, self.value, self.mode,
                        _utc(self.seen_at), _utc(self.decided_at), self.note, self.cancels, self.scope)  # fmt: skip


def _utc(when: datetime | None) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds") if when else ""


def events_router(state: State) -> APIRouter:
    """The routes of the review events."""
    router = APIRouter(tags=["review"])

    @router.get("/v1/reports/{id}/events", response_class=Response, responses={**described("The events in their order.", {"events": [EVENT]}), **problems(404)})
    def events(report: ReportId, after: After = 0) -> Response:
        """What people did with the cells of a report."""
        state.store.report(report)
        return answer({"events": [event(e) for e in state.store.events(report) if e.id > after]})

    @router.post("/v1/reports/{id}/events", status_code=201, response_class=Response,
                 responses={**described("The event as it is kept.", EVENT, 201), **problems(400, 404, 409, 413)})  # fmt: skip
    def append(report: ReportId, sent: EventIn) -> Response:
        """Add one event. 409 where somebody else decided about this cell meanwhile: `event` says what is there."""
        state.store.report(report)
        try:
            return answer(event(state.store.append(sent.new(report), sent.after)), 201)
        except Conflict as exc:
            raise Refused(409, "CONFLICT", str(exc), more={"event": event(exc.event)}) from exc

    return router
