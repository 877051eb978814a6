"""HTTP/1.1 on loopback, by hand: only so can a reply drip, stop half way, or never come."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from benchmarks.server.answer import Answerer, Options, Reply, error
from benchmarks.server.batches import BatchDesk
from benchmarks.server.books import Books
from benchmarks.server.faults import Fault

_KEPT = 2_000
_DRIPS = 8
_CHAT = "/v1/chat/completions"


class Seen(NamedTuple):
    """One request as it came over the wire; the headers' names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class ModelServer:
    """The server in a thread of its own: ``with ModelServer(options) as server``. ``seen`` holds the latest requests."""

    def __init__(self, options: Options, port: int = 0) -> None:
        self.options = options
        self.books = Books(options.window)
        self.answerer = Answerer(options, self.books)
        self.desk = BatchDesk(self.answerer)
        self.seen: deque[Seen] = deque(maxlen=_KEPT)
        self.port = port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base URL that a client is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (seen := await _read(reader)) is not None and await self._handle(seen, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the server is being stopped
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _handle(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False where the connection ends with it."""
        self.seen.append(seen)
        path = urlsplit(seen.path).path
        if self.options.key and path != "/books" and seen.headers.get("authorization") != f"Bearer {self.options.key}":
            return await _send(writer, error(401, f"Incorrect API key provided: {seen.headers.get('authorization', '')[7:]}.", "invalid_api_key"), 0)
        if path != _CHAT:
            return await _send(writer, self._other(seen, path), 0)
        arrived = self.books.arrive()
        try:
            reply = self.answerer.answer(seen.json, seen.headers.get("idempotency-key"), arrived)
            if self.options.latency:
                await asyncio.sleep(self.options.latency)
            if reply.fault is Fault.STALLED:
                await asyncio.sleep(self.options.stall)
            return await _send(writer, reply, self.options.drip)
        finally:
            self.books.flying -= 1

    def _other(self, seen: Seen, path: str) -> Reply:
        match seen.method, path.strip("/").split("/"):
            case "GET", ["books"]:
                return Reply(200, json.dumps(self.books.to_dict("log" in seen.path)).encode())
            case "GET", ["v1", "models"]:
                return Reply(200, json.dumps({"object": "list", "data": [{"id": "local", "object": "model", "created": 1, "owned_by": "test"}]}).encode())
            case "POST", ["v1", "files"]:
                return self.desk.upload(seen.headers["content-type"], seen.body)
            case "GET", ["v1", "files", identity, "content"]:
                return self.desk.content(identity)
            case "POST", ["v1", "batches"]:
                return self.desk.create(seen.json)
            case "GET", ["v1", "batches"]:
                return self.desk.listing()
            case "GET", ["v1", "batches", identity]:
                return self.desk.look(identity)
        return error(404, f"Unknown path {path}")


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    """The next request of a connection; None where it has ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines if x)}
    if headers.get("transfer-encoding") == "chunked":
        return Seen(method, path, headers, await _chunks(reader))
    return Seen(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """A body that comes in pieces."""
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return body


async def _send(writer: asyncio.StreamWriter, reply: Reply, drip: float) -> bool:
    """Send a reply in the manner of its fault; whether the connection is still good."""
    if reply.status is None:
        return False
    body = reply.body[: len(reply.body) // 2] if reply.fault is Fault.HALF_BODY else reply.body
    headers = {"content-type": "application/json", "content-length": str(len(body)), **dict(reply.headers)}
    head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items()) + "\r\n"
    writer.write(head.encode("latin-1"))
    if reply.fault is Fault.DROPPED_MIDWAY:
        writer.write(body[: len(body) // 2])
        await writer.drain()
        return False
    if reply.fault is Fault.DRIPPED:
        size = len(body) // _DRIPS + 1
        for at in range(0, len(body), size):
            writer.write(body[at : at + size])
            await writer.drain()
            await asyncio.sleep(drip)
    else:
        writer.write(body)
    await writer.drain()
    return True
