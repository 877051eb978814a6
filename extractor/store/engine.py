"""A database from its URL: SQLite with a write-ahead log, or PostgreSQL through psycopg."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from extractor.errors import GoujiError

_BUSY_SECONDS = 30
_WRITING = "gouji_writing"


def url_of(name: str) -> URL:
    """The URL that ``name`` stands for: itself, or SQLite where it is a path. GoujiError for what no store can be."""
    try:
        url = make_url(name) if "://" in name else URL.create("sqlite", database=name)
    except ArgumentError as exc:
        raise GoujiError(f"--db {name}: not a database URL; give sqlite:///FILE, postgresql://USER@HOST/NAME or a file") from exc
    backend = url.get_backend_name()
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise GoujiError("--db: a store is a file; give sqlite:///FILE")
        return url.set(drivername="sqlite")
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    raise GoujiError(f"--db {url.render_as_string()}: neither SQLite nor PostgreSQL")


def connect(url: URL, create: bool) -> Engine:
    """An engine for ``url``; GoujiError where the file is not there (unless ``create``) or a driver is missing."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, create)
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as exc:
        raise GoujiError("PostgreSQL needs psycopg; pip install 'gouji[postgres]'") from exc


def _sqlite(url: URL, create: bool) -> Engine:
    path = Path(url.database or "")
    if not create and not path.is_file():
        raise GoujiError(f"{path}: there is no store; `gouji extract PATH --db {path}` makes one")
    if not path.parent.is_dir():
        raise GoujiError(f"{path}: its folder does not exist")
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    """WAL keeps every commit through a killed process, and lets people read while somebody writes."""
    connection.isolation_level = None  # transactions are begun below, not guessed at by the driver
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """A transaction that will write takes its turn at the start: one that becomes a writer later may be refused."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database; GoujiError where the database fails."""
    with _plain_errors(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it is kept, or nothing; GoujiError where the database fails."""
    with _plain_errors(engine), engine.connect() as plain:
        connection = plain.execution_options(**{_WRITING: True})
        with connection.begin():
            yield connection


@contextmanager
def _plain_errors(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as exc:
        cause = str(getattr(exc, "orig", None) or exc).strip().splitlines()
        raise GoujiError(f"{engine.url.render_as_string()}: {cause[0] if cause else type(exc).__name__}; check the database, --db or GOUJI_DB") from exc
