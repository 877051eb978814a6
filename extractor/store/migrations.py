"""From an empty or older database to the present tables: numbered steps, each in one transaction with its own entry.

A step that is published is never changed; what is to change is a further step.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, inspect, select, text

from extractor.errors import GoujiError
from extractor.store import jobtables, tables

_LOCK = 7_038_231  # any number, the same in every process: who holds it migrates

_ledger = Table("migration", MetaData(), Column("number", Integer, primary_key=True), Column("name", Text, nullable=False), Column("applied_at", Text, nullable=False))


def _first(connection: Connection) -> None:
    """Reports, runs, events."""
    tables.metadata.create_all(connection, checkfirst=False)
    for table in tables.APPEND_ONLY:
        _append_only(connection, table.name)


def _append_only(connection: Connection, table: str) -> None:
    """Let the database itself refuse to change or delete what was decided."""
    if connection.dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            connection.execute(text(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
            ))  # fmt: skip
        return
    connection.execute(text(
        f"CREATE FUNCTION {table}_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is only ever added to'; END $$"
    ))  # fmt: skip
    connection.execute(text(
        f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION {table}_only_added()"
    ))  # fmt: skip


STEPS: tuple[tuple[int, str, Callable[[Connection], None]], ...] = ((1, "reports, runs, events", _first), (2, "jobs", jobtables.create))


def migrate(connection: Connection) -> None:
    """Bring the database to the newest step, inside the caller's transaction; GoujiError where it is newer than this program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
    names = inspect(connection).get_table_names()
    if _ledger.name not in names:
        if names:
            raise GoujiError(f"{connection.engine.url.render_as_string()}: holds tables that are not gouji's ({', '.join(sorted(names)[:3])}); name another database")
        _ledger.create(connection)
    done = set(connection.scalars(select(_ledger.c.number)))
    if unknown := done - {number for number, _, _ in STEPS}:
        raise GoujiError(f"{connection.engine.url.render_as_string()}: was made by a newer gouji (step {max(unknown)}); update the program")
    for number, name, step in STEPS:
        if number not in done:
            step(connection)
            connection.execute(insert(_ledger).values(number=number, name=name, applied_at=datetime.now(UTC).isoformat(timespec="seconds")))
