"""Archive jobs over HTTP: many files in, their records when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from extractor.store.jobs import FileState, Job
from extractor.web.answer import MOST, After, Limit, answer, described, plain
from extractor.web.archive import label, unpacked
from extractor.web.examples import JOB, JOB_FILE, RECORD
from extractor.web.problem import Refused, problems
from extractor.web.state import State

_BODY: dict[str, Any] = {"required": True, "content": {"multipart/form-data": {"schema": {
    "type": "object", "required": ["files"], "additionalProperties": False,
    "properties": {"files": {"type": "array", "minItems": 1, "items": {"type": "string", "contentMediaType": "application/octet-stream"}}},
}}}}  # fmt: skip
_LINES: dict[int | str, dict[str, Any]] = {200: {
    "description": "One record a line, in the order of the files.",
    "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": str(RECORD)}},
}}  # fmt: skip

JobId = Annotated[int, Path(alias="id", ge=1, le=MOST, description="the number of the job", examples=[1])]


def jobs_router(state: State) -> APIRouter:
    """The routes of the jobs."""
    router = APIRouter(prefix="/v1/jobs", tags=["jobs"], default_response_class=Response)

    @router.post("", status_code=202, openapi_extra={"requestBody": _BODY}, responses={**described("The job, begun.", JOB, 202), **problems(400, 408, 413, 415)})
    async def submit(request: Request) -> Response:
        """Read many files: several in one form, ZIP archives among them. The files are kept in the database until they are read."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
            raise Refused(415, "MEDIA_TYPE", "send the files as multipart/form-data, each named files")
        async with request.form(max_files=state.settings.limits.job_files, max_fields=0) as form:
            job = await run_in_threadpool(_add, state, form)
        state.work.set()
        return answer(_plain(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    @router.get("", responses={**described("Jobs in the order of their numbers; `next` goes into `after`.", {"jobs": [JOB], "next": None}), **problems()})
    def jobs(after: After = 0, limit: Limit = 100) -> Response:
        """The jobs, each with its progress."""
        found = state.jobs.jobs(after, limit + 1)
        return answer({"jobs": [_plain(j) for j in found[:limit]], "next": found[limit - 1].id if len(found) > limit else None})

    @router.get("/{id}", responses={**described("The job.", JOB), **problems(404)})
    def job(job: JobId) -> Response:
        """How far a job is, and what its files came to."""
        return answer(_plain(state.jobs.job(job)))

    @router.get("/{id}/files", responses={**described("The files in their order; `next` goes into `after`.", {"files": [JOB_FILE], "next": None}), **problems(404)})
    def files(job: JobId, after: After = 0, limit: Limit = 100) -> Response:
        """What each file of a job came to."""
        state.jobs.job(job)
        found = state.jobs.files(job, after, limit + 1)
        return answer({"files": [plain(f) for f in found[:limit]], "next": found[limit - 1].n if len(found) > limit else None})

    @router.get("/{id}/records", responses={**_LINES, **problems(404)})
    def records(job: JobId) -> Response:
        """The records of the files that are read by now, one a line: of a job that is done, all of them."""
        state.jobs.job(job)
        headers = {"Content-Disposition": f'attachment; filename="job-{job}.jsonl"'}
        return StreamingResponse(_lines(state, job), media_type="application/x-ndjson", headers=headers)

    @router.post("/{id}/cancel", responses={**described("The job as it is now.", JOB), **problems(404)})
    def cancel(job: JobId) -> Response:
        """Begin no further file of a job; what is read stays."""
        return answer(_plain(state.jobs.cancel(job)))

    return router


def _plain(job: Job) -> dict[str, Any]:
    return {**plain(job), "state": job.state}


def _add(state: State, form: FormData) -> Job:
    files = [file for name, file in form.multi_items() if name in ("files", "file") and isinstance(file, UploadFile)]
    if not files:
        raise Refused(422, "INVALID", "files: the form has no file of that name")
    limits = state.settings.limits
    name = label(files[0].filename, limits.name)
    return state.jobs.job(state.jobs.add(name, unpacked(((f.filename, f.file) for f in files), limits)))


def _lines(state: State, job: int) -> Iterator[str]:
    after = 0
    while page := state.jobs.files(job, after):
        for file in page:
            if file.state == FileState.DONE and file.run is not None:
                yield state.store.line(file.run) + "\n"
        after = page[-1].n
