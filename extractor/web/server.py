"""The app on a socket: uvicorn, with a limit on how long a client may take to send the head of a request."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from extractor.web.app import asgi, create_app
from extractor.web.settings import Settings

_HEAD = 16_384  # bytes of the head of a request
_CONNECTIONS = 512
_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Patient(H11Protocol):
    """HTTP that waits for the head of a request, but not for ever: uvicorn itself limits only what comes between two requests."""

    def __init__(self, *args: Any, header_time: float, **named: Any) -> None:
        super().__init__(*args, **named)
        self._header_time = header_time
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; while a head is not whole, its time goes on."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._unwatch()

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._unwatch()
        elif self._late is None:
            self._late = self.loop.call_later(self._header_time, self._too_late)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.write(_LATE)
            self.transport.close()


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Answer until told to stop (SIGTERM, SIGINT); requests in work are finished first. ``ready`` is told the address.

    GoujiError where the settings do not fit together, or the database or the address cannot be used.
    """
    _log()
    app = create_app(settings)
    config = uvicorn.Config(
        asgi(app), settings.host, settings.port, log_config=None, access_log=False, ws="none", lifespan="on",
        http=partial(Patient, header_time=settings.limits.header_time),  # type: ignore[arg-type]
        server_header=False, proxy_headers=False, h11_max_incomplete_event_size=_HEAD,
        limit_concurrency=_CONNECTIONS, timeout_keep_alive=15, timeout_graceful_shutdown=20,
    )  # fmt: skip
    for name in (signal.SIGTERM, signal.SIGINT):  # uvicorn ends in order, then raises the signal again
        signal.signal(name, lambda *_: sys.exit(0))
    _Server(config, ready).run()


class _Server(uvicorn.Server):
    """uvicorn, saying where it listens once it does."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            self._ready(f"http://{host}:{port}/")


class _WithoutTraces(logging.Formatter):
    """Lines for people: a trace shows what was in memory, which may be a report or a token."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        return f"{ei[0].__name__}" if ei and ei[0] else ""


def _log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutTraces("%(asctime)s %(name)s %(message)s"))
    for name, level in (("gouji", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
