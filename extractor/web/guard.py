"""Around every request: an id, who may come in, limits of size, time and number, safe headers, a line in the log.

The outermost loop over requests: a bug of ours becomes a problem with an id, and the service goes on.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from time import perf_counter
from typing import Any

from extractor.record import visible
from extractor.web import doorman
from extractor.web.problem import Refused, problem
from extractor.web.state import State

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

access = logging.getLogger("gouji.access")
errors = logging.getLogger("gouji.errors")

_HEAD = 16_384  # bytes of all headers of a request
UPLOADS = frozenset({"/v1/jobs"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


class Guard:
    """The middleware around the app."""

    def __init__(self, app: App, state: State) -> None:
        self.app = app
        self.state = state
        self.in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await _Exchange(self, scope, receive, send).run()
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self.guard, self.scope, self._receive, self._send = guard, scope, receive, send
        self.state = guard.state
        self.limits = guard.state.settings.limits
        self.id = scope["gouji.request"] = secrets.token_hex(8)
        self.begun = perf_counter()
        self.status = 0
        self.taken = 0
        self.most = self.limits.report
        self.ended = False  # the whole body has been received
        self.finished = False  # the whole answer has been handed over
        self.deadline: asyncio.Timeout | None = None

    async def run(self) -> None:
        self.guard.in_work += 1
        self.state.measures.in_work.set(self.guard.in_work)
        try:
            async with asyncio.timeout(self.limits.body_time + self.limits.answer_time) as self.deadline:
                await self._answer()
        except TimeoutError:
            await self._refuse(Refused(503, "TOO_SLOW", "the answer took too long; try again, or with less", {"Retry-After": "5"}))
        except Exception as exc:  # the outermost loop over requests
            errors.error("%s %s at %s", self.id, type(exc).__name__, _place(exc))
            await self._refuse(Refused(500, "INTERNAL_ERROR", "a bug in gouji; the log of the service names the place under this request_id"))
        finally:
            self.guard.in_work -= 1
            self._note()

    async def _answer(self) -> None:
        try:
            self._admit()
            await self.guard.app(self.scope, self.receive, self.send)
        except Refused as refused:  # what a route raises becomes a problem there; this is ours
            await self._refuse(refused)

    def _admit(self) -> None:
        if sum(len(name) + len(value) for name, value in self.scope["headers"]) > _HEAD:
            raise Refused(431, "HEAD_TOO_LARGE", f"the head of the request has more than {_HEAD:,} bytes")
        headers: dict[str, str] = {}
        for raw, value in self.scope["headers"]:
            name, text = raw.decode("latin-1"), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        scope, state = self.scope, self.state
        doorman.admit(scope["method"], scope["path"], scope["scheme"], headers, state.settings, state.page_token)
        if self.guard.in_work > self.limits.requests and scope["path"] not in doorman.OPEN:
            raise Refused(503, "BUSY", "too many requests at a time; come again", {"Retry-After": "1"})
        if scope["path"] in UPLOADS:
            self.most = self.limits.body
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.most:
            raise self._too_large()
        self.ended = length == "0" and "transfer-encoding" not in headers

    def _too_large(self) -> Refused:
        more = "" if self.most == self.limits.body else "; several files go to /v1/jobs"
        return Refused(413, "TOO_LARGE", f"more than {self.most:,} bytes{more}")

    async def receive(self) -> Message:
        """The next part of the body, within its time and size."""
        left = self.begun + self.limits.body_time - perf_counter()
        try:
            message = await (self._receive() if self.ended else asyncio.wait_for(self._receive(), max(left, 0)))
        except TimeoutError:
            raise Refused(408, "TOO_SLOW", f"the request did not arrive within {self.limits.body_time:g} s") from None
        if message["type"] == "http.request":
            self.taken += len(message.get("body", b""))
            if self.taken > self.most:
                raise self._too_large()
            self.ended = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Hand over a part of the answer, with our headers; a client that takes nothing is let go."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            names = {name.lower() for name, _ in message["headers"]}
            ours = {**HEADERS, "x-request-id": self.id, **({} if self.ended else {"connection": "close"})}
            message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in ours.items() if k.encode() not in names)]
        if self.deadline is not None and not self.deadline.expired():
            self.deadline.reschedule(asyncio.get_running_loop().time() + self.limits.send_time)
        await self._send(message)
        self.finished = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def _refuse(self, refused: Refused) -> None:
        """Say what is wrong; where an answer has begun the connection is cut, so that none takes it for whole."""
        if self.status:
            if not self.finished:
                raise ConnectionAbortedError("an answer was cut short")
            return
        await problem(self.id, refused)(self.scope, self._receive, self.send)

    def _note(self) -> None:
        """Count the request and write its line: never the query, a header or the body."""
        seconds = perf_counter() - self.begun
        measures, method = self.state.measures, self.scope["method"]
        route = getattr(self.scope.get("route"), "path", "other")
        measures.in_work.set(self.guard.in_work)
        measures.requests.labels(method if method in _METHODS else "other", route, self.status).inc()
        measures.seconds.labels(route).observe(seconds)
        client = (self.scope.get("client") or ("-",))[0]
        access.info("%s %s %s %s %d %.1f ms", self.id, client, method[:10], visible(self.scope["path"])[:200], self.status, 1000 * seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _place(exc: BaseException) -> str:
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "?"
