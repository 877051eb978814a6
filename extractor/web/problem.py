"""Errors as the service says them: problem details (RFC 9457), one shape for all, without a trace."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from extractor.errors import GoujiError
from extractor.store import NotFound
from extractor.store import Refused as NotStorable

log = logging.getLogger("gouji.errors")

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong with a request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "type": "about:blank", "title": "Not Found", "status": 404, "code": "NOT_FOUND",
        "detail": "report 7: no such report", "request_id": "8f14e45fceea167a",
    }]})  # fmt: skip

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="stable, for programs")
    detail: str = Field(description="what is wrong and what to do, for people")
    request_id: str = Field(description="also the header X-Request-Id, and in the service's log")


class Refused(HTTPException):
    """A request that is not answered; ``code`` is stable, ``detail`` says what to do."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.more = more or {}


def problem(request_id: str, refused: Refused) -> Response:
    """The answer that says what is wrong."""
    body = Problem(title=HTTPStatus(refused.status_code).phrase, status=refused.status_code, code=refused.code, detail=refused.detail, request_id=request_id)
    content = json.dumps(body.model_dump() | refused.more, ensure_ascii=False)
    return Response(content, refused.status_code, refused.headers, MEDIA_TYPE)


def request_id(scope: Any) -> str:
    """The id of a request, as the guard gave it."""
    return str(scope.get("gouji.request", "-"))


def install(app: FastAPI) -> None:
    """Every error that a route raises on purpose as problem details."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, exc: HTTPException) -> Response:
        if not isinstance(exc, Refused):
            name = HTTPStatus(exc.status_code).name
            headers = dict(exc.headers or {})
            if exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
                headers["Allow"] = ", ".join(methods)
            exc = Refused(exc.status_code, name, str(exc.detail), headers)
        return problem(request_id(request.scope), exc)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, exc: RequestValidationError) -> Response:
        # What was sent is not repeated: only where it is wrong, and how.
        places = [{"place": [str(x) for x in e["loc"]], "message": e["msg"]} for e in exc.errors()]
        said = "; ".join(f"{'.'.join(p['place'])}: {p['message']}" for p in places[:5])
        return problem(request_id(request.scope), Refused(422, "INVALID", said, more={"errors": places}))

    @app.exception_handler(GoujiError)
    async def _known(request: Request, exc: GoujiError) -> Response:
        return problem(request_id(request.scope), _of(exc, request_id(request.scope)))


def _methods(request: Request) -> list[str]:
    """What can be asked of an address: all routes that it leads to, of which the framework names only the first."""
    paths = request.app.openapi()["paths"].items()
    return sorted(m.upper() for path, methods in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.url.path) for m in methods)


def _of(exc: GoujiError, name: str) -> Refused:
    """What an error of the package is to a client; the database's own words are for the log alone."""
    if isinstance(exc, NotFound):
        return Refused(404, "NOT_FOUND", f"{str(exc).partition(':')[0]}: not in the store")
    if isinstance(exc, NotStorable):
        return Refused(422, "NOT_STORABLE", str(exc))
    log.error("%s %s", name, exc)
    return Refused(503, "UNAVAILABLE", "the database does not do its part; the log of the service says why", {"Retry-After": "5"})



def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These problems as the description of a route lists them."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in (*statuses, *_ANYWHERE)}


# What may be said of any request.
_ANYWHERE = (401, 403, 421, 422, 503)
