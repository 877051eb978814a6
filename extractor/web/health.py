"""Whether the service lives and can work, and its counts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from extractor.errors import GoujiError
from extractor.store import Filter
from extractor.web.answer import answer, described
from extractor.web.problem import Refused, problems
from extractor.web.state import State

_METRICS: dict[int | str, dict[str, Any]] = {200: {"description": "Counts.", "content": {"text/plain": {"schema": {"type": "string"}, "example": "gouji_requests_in_work 1.0\n"}}}}


def health_router(state: State) -> APIRouter:
    """The routes for those who watch the service."""
    router = APIRouter(tags=["service"], default_response_class=Response)

    @router.get("/health/live", responses=described("It runs.", {"status": "ok"}))
    async def live() -> Response:
        """Whether the process answers. Needs no token."""
        return answer({"status": "ok"})

    @router.get("/health", responses={**described("It can work.", {"status": "ok", "database": "ok"}), **problems()})
    def ready() -> Response:
        """Whether the service can work: it reaches its database."""
        try:
            state.store.reports(Filter(), limit=1)
        except GoujiError as exc:
            raise Refused(503, "DATABASE", "the database does not answer; the log of the service says why") from exc
        return answer({"status": "ok", "database": "ok"})

    @router.get("/metrics", responses=_METRICS)
    def metrics() -> Response:
        """Requests, durations, reports by decision, open cells and jobs, as Prometheus reads them."""
        return Response(generate_latest(state.measures.registry), media_type=CONTENT_TYPE_LATEST)

    return router
