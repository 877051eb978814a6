"""Every attempt at a question, raw, in one SQLite file: committed before anything is made of it, so that nothing is paid twice.

A request is entered before it is sent and its reply before it is read. A process that is killed leaves requests without a
reply: whether a provider charged those is not known, so they are counted apart. WAL with ``synchronous=NORMAL`` keeps
every commit through a killed process; a power failure may lose the last ones, never damage the file.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from extractor.errors import GoujiError
from extractor.model.ledger import Entry
from extractor.model.question import Question
from extractor.types import Usage

_VERSION = 1
_BUSY_SECONDS = 30
# What became of an attempt: entered and not heard of again; a reply of any status; sent, and no reply came; never sent.
SENT, REPLIED, LOST, UNSENT = "sent", "replied", "lost", "unsent"

_TABLES = """
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, token TEXT NOT NULL, via TEXT NOT NULL, batch TEXT,
  model TEXT NOT NULL, report TEXT NOT NULL, "table" TEXT NOT NULL, part TEXT NOT NULL, prompt TEXT NOT NULL,
  region TEXT NOT NULL, repeat INTEGER NOT NULL, request TEXT NOT NULL,
  state TEXT NOT NULL, status INTEGER, reply TEXT, error TEXT, reported TEXT,
  input INTEGER, cached INTEGER, output INTEGER, reasoning INTEGER, sent_at REAL NOT NULL, done_at REAL
);
CREATE INDEX attempt_key ON attempt (key);
CREATE INDEX attempt_token ON attempt (token);
CREATE TABLE batch (
  name TEXT PRIMARY KEY, id TEXT, model TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  requests INTEGER NOT NULL, submitted_at REAL NOT NULL, collected_at REAL
);
"""
_COLUMNS = (
    'id, key, token, via, batch, model, report, "table", part, prompt, region, repeat, request, state, status, reply, error, '
    "reported, input, cached, output, reasoning, sent_at, done_at"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as stored. ``token`` names the request to the server (its idempotency key, or the custom id in a batch)."""

    id: int
    key: str
    token: str
    via: str
    batch: str | None
    model: str
    report: str
    table: str
    part: str
    prompt: str
    region: str
    repeat: int
    request: str
    state: str
    status: int | None
    reply: str | None
    error: str | None
    reported: str | None
    usage: Usage | None
    sent_at: float
    done_at: float | None

    @property
    def answered(self) -> bool:
        """Whether the server gave a completion, usable or not."""
        return self.state == REPLIED and self.status is not None and 200 <= self.status < 300


def body_of(reply: str) -> dict[str, Any] | None:
    """A reply's JSON object; None where it is something else."""
    try:
        body = json.loads(reply)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def usage_of(status: int, reply: str) -> tuple[Usage | None, str]:
    """What a reply says that it used, and which model it says it is; None where it does not say. Errors use no tokens."""
    if not 200 <= status < 300:
        return Usage(1), ""
    body = body_of(reply)
    if body is None:
        return None, ""
    name = body.get("model")
    said = body.get("usage")
    if not isinstance(said, dict) or not isinstance(said.get("prompt_tokens"), int):
        return None, str(name or "")
    usage = Usage(
        1, _count(said, "prompt_tokens"), _count(said, "prompt_tokens_details", "cached_tokens"),
        _count(said, "completion_tokens"), _count(said, "completion_tokens_details", "reasoning_tokens"),
    )  # fmt: skip
    return usage, str(name or "")


def _count(data: Any, *path: str) -> int:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, int) and data > 0 else 0


class Replies:
    """The store. One object for each process; several processes may use one file."""

    def __init__(self, path: Path, create: bool = True) -> None:
        if not create and not path.is_file():
            raise GoujiError(f"{path}: there are no recorded replies; record some with a live run, or `gouji replies import`")
        self.path = path
        try:
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._prepare()
        except sqlite3.Error as exc:
            raise GoujiError(f"{path}: cannot be used as a store of replies ({exc}); GOUJI_REPLIES names another file") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self.writing():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise GoujiError(f"{self.path}: not a store of replies of this version; GOUJI_REPLIES names another file")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is kept, or nothing. Not to be nested."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Attempts

    def begin(
        self, question: Question, model: str, request: str, token: str, via: str = "live", batch: str | None = None
    ) -> int:
        """Enter a request that is about to be sent; its number."""
        q = question
        row = (q.key(model), token, via, batch, model, q.report, q.table, q.part, q.prompt, q.region, q.repeat, request, SENT, time.time())
        done = self._db.execute(
            'INSERT INTO attempt (key, token, via, batch, model, report, "table", part, prompt, region, repeat, request, state, sent_at) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        assert done.lastrowid is not None
        return done.lastrowid

    def finish(self, number: int, status: int, reply: str) -> Usage | None:
        """Keep a reply as it came; what it says that it used."""
        usage, reported = usage_of(status, reply)
        tokens = usage[1:] if usage is not None else (None,) * 4
        self._db.execute(
            "UPDATE attempt SET state = ?, status = ?, reply = ?, reported = ?, input = ?, cached = ?, output = ?, reasoning = ?, "
            "done_at = ? WHERE id = ?",
            (REPLIED, status, reply, reported, *tokens, time.time(), number),
        )
        return usage

    def fail(self, number: int, error: str, sent: bool, reply: str | None = None) -> None:
        """No whole reply came; ``sent`` says whether the server may have worked on it all the same, ``reply`` what did come."""
        row = (LOST if sent else UNSENT, error, reply, time.time(), number)
        self._db.execute("UPDATE attempt SET state = ?, error = ?, reply = ?, done_at = ? WHERE id = ?", row)

    def insert(self, attempt: Attempt) -> None:
        """Keep an attempt that was recorded elsewhere; its number is given anew."""
        a = attempt
        tokens = a.usage[1:] if a.usage is not None else (None,) * 4
        values = (
            a.key, a.token, a.via, a.batch, a.model, a.report, a.table, a.part, a.prompt, a.region, a.repeat, a.request, a.state,
            a.status, a.reply, a.error, a.reported, *tokens, a.sent_at, a.done_at,
        )  # fmt: skip
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO attempt ({_COLUMNS.removeprefix('id, ')}) VALUES ({marks})", values)  # noqa: S608 - constants

    def attempts(self, key: str) -> list[Attempt]:
        """All attempts at a question, in the order in which they were entered."""
        return self._select("WHERE key = ?", key)

    def of_batch(self, name: str) -> list[Attempt]:
        """All requests of a batch."""
        return self._select("WHERE batch = ?", name)

    def every(self) -> Iterator[Attempt]:
        """All attempts, in the order in which they were entered."""
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM attempt ORDER BY id"):  # noqa: S608 - constants
            yield _attempt(row)

    def _select(self, where: str, *values: object) -> list[Attempt]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM attempt {where} ORDER BY id", values)  # noqa: S608 - constants
        return [_attempt(r) for r in rows]

    def entries(self, batch: str | None = None) -> Iterator[Entry]:
        """Every reply that was paid for here (of one batch), for the ledger."""
        query = "SELECT report, model, via, input, cached, output, reasoning FROM attempt WHERE state = ? AND via != 'import'"
        query += " AND batch = ?" if batch else ""
        for report, model, via, *tokens in self._db.execute(query, (REPLIED, batch) if batch else (REPLIED,)):
            usage = None if tokens[0] is None else Usage(1, *tokens)
            yield Entry(report, model, usage, via == "batch")

    def count(self) -> int:
        """How many replies there are."""
        return int(self._db.execute("SELECT count(*) FROM attempt WHERE state = ?", (REPLIED,)).fetchone()[0])

    def models(self) -> list[str]:
        """The models that there are replies of, by name."""
        query = "SELECT DISTINCT model FROM attempt WHERE state = ? ORDER BY model"
        return [str(name) for (name,) in self._db.execute(query, (REPLIED,))]

    def unknown_outcomes(self) -> int:
        """Requests that were sent, and no reply to them ever came: a provider may have charged them."""
        query = (
            "SELECT count(DISTINCT token) FROM attempt WHERE state IN (?, ?) AND via = 'live' "
            "AND token NOT IN (SELECT token FROM attempt WHERE state = ?)"
        )
        return int(self._db.execute(query, (SENT, LOST, REPLIED)).fetchone()[0])

    def repeated(self) -> int:
        """Requests without a reply that were put again under the same token: charged twice where a server does not heed it."""
        query = (
            "SELECT count(*) FROM attempt WHERE state IN (?, ?) AND via = 'live' "
            "AND token IN (SELECT token FROM attempt WHERE state = ?)"
        )
        return int(self._db.execute(query, (SENT, LOST, REPLIED)).fetchone()[0])

    # Batches; extractor.model.batches says what their states mean

    def add_batch(self, name: str, model: str, endpoint: str, state: str, requests: int) -> None:
        """Enter a batch that is about to be submitted."""
        row = (name, model, endpoint, state, requests, time.time())
        self._db.execute("INSERT INTO batch (name, model, endpoint, state, requests, submitted_at) VALUES (?, ?, ?, ?, ?, ?)", row)

    def set_batch(self, name: str, identity: str | None, state: str, collected: bool = False) -> None:
        """What the provider calls a batch, and how it stands."""
        row = (identity, state, time.time() if collected else None, name)
        self._db.execute("UPDATE batch SET id = ?, state = ?, collected_at = ? WHERE name = ?", row)

    def batches(self) -> Sequence[tuple[str, str | None, str, str, str, int]]:
        """Name, id, model, endpoint, state and number of requests of every batch, oldest first."""
        return self._db.execute("SELECT name, id, model, endpoint, state, requests FROM batch ORDER BY submitted_at, name").fetchall()


def _attempt(row: Sequence[Any]) -> Attempt:
    """A row of ``_COLUMNS``."""
    tokens = row[-6:-2]
    usage = None if tokens[0] is None else Usage(1, *tokens)
    return Attempt(*[*row[:-6], usage, *row[-2:]])
