"""``POST /v1/extract``: one report in, its record out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import UploadFile

from extractor.batch import Line
from extractor.web.archive import label
from extractor.web.examples import RECORD, TEXT
from extractor.web.problem import Refused, problems
from extractor.web.state import State

_RAW = ("text/plain", "text/html", "application/octet-stream")


class ReportIn(BaseModel):
    """One report as text."""

    model_config = ConfigDict(extra="forbid")

    text: str
    name: str = "report"


_BODY: dict[str, Any] = {"required": True, "content": {
    "text/plain": {"schema": {"type": "string"}, "example": TEXT},
    "text/html": {"schema": {"type": "string"}, "example": f"<pre>{TEXT}</pre>"},
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    "application/json": {"schema": ReportIn.model_json_schema(), "example": {"text": TEXT, "name": "a.txt"}},
    "multipart/form-data": {"schema": {
        "type": "object", "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}, "required": ["file"], "additionalProperties": False,
    }},
}}  # fmt: skip


def extract_router(state: State) -> APIRouter:
    """The route that reads one report."""
    router = APIRouter(tags=["extract"])

    @router.post(
        "/v1/extract", openapi_extra={"requestBody": _BODY}, response_class=Response,
        responses={200: {"description": "The record of the report; `decision` is `unreadable` where it cannot be read.",
                         "content": {"application/json": {"schema": {"type": "object"}, "example": RECORD}}},
                   **problems(400, 408, 413, 415)},
    )  # fmt: skip
    async def extract(
        request: Request,
        name: Annotated[str | None, Query(max_length=1000, description="what the report is called, for a body that does not say", examples=["a.txt"])] = None,
        store: Annotated[bool, Query(description="keep report and record in the database", examples=[False])] = False,
    ) -> Response:
        """Read one report by rules. The record is that of `gouji extract --jsonl`; every figure has its exact digits."""
        data, named = await _sent(request)
        line = await state.readers.read(data, label(named or name, state.settings.limits.name))
        state.measures.read.labels(line.summary.decision).inc()
        headers = await run_in_threadpool(_keep, state, line, data) if store else {}
        return Response(line.text, media_type="application/json", headers=headers)

    return router


def _keep(state: State, line: Line, data: bytes) -> dict[str, str]:
    saved = state.keep(line, data)
    return {"Location": f"/v1/reports/{saved.report}", "X-Gouji-Run": str(saved.run)}


async def _sent(request: Request) -> tuple[bytes, str | None]:
    """The bytes of the report in a request, and its name where the body says one."""
    kind = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind in _RAW:
        return await request.body(), None
    if kind == "application/json":
        return _from_json(await request.body())
    if kind == "multipart/form-data":
        return await _from_form(request)
    raise Refused(415, "MEDIA_TYPE", f"send one of {', '.join(_RAW)}, application/json or multipart/form-data")


def _from_json(body: bytes) -> tuple[bytes, str]:
    try:
        sent = ReportIn.model_validate_json(body)
        return sent.text.encode(), sent.name
    except ValidationError as exc:
        said = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in exc.errors()[:5])
        raise Refused(422, "INVALID", said) from exc
    except UnicodeEncodeError as exc:
        raise Refused(422, "INVALID", f"text: half a surrogate pair at character {exc.start}") from exc


async def _from_form(request: Request) -> tuple[bytes, str | None]:
    async with request.form(max_files=1, max_fields=0) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refused(422, "INVALID", "file: the form has no file of that name")
        return await file.read(), file.filename
