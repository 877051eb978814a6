"""The app: routes, the review page's files, and the guard around all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response

from extractor.web import problem
from extractor.web.events import events_router
from extractor.web.extract import extract_router
from extractor.web.guard import App, Guard
from extractor.web.health import health_router
from extractor.web.jobs import jobs_router
from extractor.web.queue import worklist_router
from extractor.web.reports import reports_router
from extractor.web.review import review_router
from extractor.web.settings import Settings, checked
from extractor.web.state import State, opened
from extractor.web.work import Workers

PAGE = Path(__file__).with_name("page")
_KINDS = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
_TITLE = "Gouji"
_ABOUT = "Reads the statistics tables of Chinese government disclosure reports, proves every figure, and says which ones a person must look at."


def create_app(settings: Settings) -> FastAPI:
    """The app of one database; GoujiError where it may not be started so, or the database cannot be used."""
    state = opened(checked(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        workers = Workers(state)
        workers.start()
        try:
            yield
        finally:
            await workers.stop()
            state.close()

    # No page of documentation: the usual ones fetch their scripts from elsewhere. The description itself is at /openapi.json.
    app = FastAPI(title=_TITLE, description=_ABOUT, version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.gouji = state
    problem.install(app)
    for router in (extract_router(state), jobs_router(state), reports_router(state), worklist_router(state), events_router(state), health_router(state)):
        app.include_router(router)
    app.include_router(review_router(state))
    _serve_page(app, state)
    app.add_middleware(Guard, state=state)
    return app


def _serve_page(app: FastAPI, state: State) -> None:
    """The page at ``/``, the page's token put into it; its other files under ``/page/``, out of memory: there are few, and all are wanted at once."""
    files = {p.name: (p.read_bytes(), _KINDS[p.suffix]) for p in PAGE.iterdir() if p.suffix in _KINDS}
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    index_page = html.replace("<head>", f'<head><meta name="gouji-token" content="{state.page_token}">', 1)

    @app.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(index_page)

    @app.get("/page/{name}", include_in_schema=False)
    async def page_file(name: str) -> Response:
        if name not in files:
            raise problem.Refused(404, "NOT_FOUND", "the page has no such file")
        content, kind = files[name]
        return Response(content, media_type=kind)


def asgi(app: FastAPI) -> App:
    """The app as a server calls it."""
    return cast(App, app)
