"""The tables of the jobs: unlike what was read and decided, a job is done one day, and its rows change until then."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

_ID = BigInteger().with_variant(Integer, "sqlite")
_metadata = MetaData()

job = Table(
    "job", _metadata,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("ready", Boolean, nullable=False),  # every file is there
    Column("cancelled", Boolean, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip

job_file = Table(
    "job_file", _metadata,
    Column("job", _ID, ForeignKey("job.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary),  # zlib; nothing once the file is read
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("lease", Float),  # Unix time until which the owner may take
    Column("attempts", Integer, nullable=False),
    Column("report", _ID),
    Column("run", _ID),
    Column("decision", Text),
    Column("error", Text),
    Index("job_file_state", "state", "n", "job"),
)  # fmt: skip


def create(connection: Connection) -> None:
    """Make the tables."""
    _metadata.create_all(connection, checkfirst=False)
