"""The tables (docs/store.md). Runs and all that belongs to them, events and replies are only ever added; ``standing`` is derived."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite numbers rows by INTEGER alone; elsewhere a table may outgrow it.
_ID = BigInteger().with_variant(Integer, "sqlite")

document = Table(
    "document", metadata,
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),  # zlib
    Column("content", LargeBinary),  # zlib; the file's bytes, where they were given
)  # fmt: skip

report = Table(
    "report", metadata,
    Column("id", _ID, primary_key=True),
    Column("source", Text, nullable=False, unique=True),
    Column("first_seen", Text, nullable=False),
)  # fmt: skip

run = Table(
    "run", metadata,
    Column("id", _ID, primary_key=True),
    Column("report", _ID, ForeignKey("report.id"), nullable=False),
    Column("sha256", Text),
    Column("stamp", Text, nullable=False),  # JSON
    Column("record", LargeBinary, nullable=False),  # zlib; the record of contract.md, byte for byte as extract writes it
    Column("digest", Text, nullable=False),
    Column("form", Text),
    Column("year", Integer),
    Column("agency", Text),
    Column("decision", Text, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("review", Integer, nullable=False),
    Column("blank", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("deduced", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("error", Text),
    Column("message", Text, nullable=False),
    Column("read_at", Text, nullable=False),
    Index("run_report", "report", "id"),
)  # fmt: skip

field = Table(
    "field", metadata,
    Column("id", Integer, primary_key=True),
    Column("form", Text, nullable=False),
    Column("field", Text, nullable=False),
    UniqueConstraint("form", "field"),
)  # fmt: skip

decision = Table(
    "decision", metadata,
    Column("run", _ID, ForeignKey("run.id"), primary_key=True),
    Column("field", Integer, ForeignKey("field.id"), primary_key=True),
    Column("value", Text),  # exact digits
    Column("status", Text, nullable=False),
    Column("printed", Text),
    Column("start_at", Integer),
    Column("end_at", Integer),
    Column("outcome", Text, nullable=False),
    Column("codes", Text, nullable=False),
    Column("confidence", Float),
    sqlite_with_rowid=False,
)  # fmt: skip

candidate = Table(
    "candidate", metadata,
    Column("run", _ID, ForeignKey("run.id"), primary_key=True),
    Column("field", Integer, ForeignKey("field.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # 0 is the reading chosen
    Column("producer", Text, nullable=False),
    Column("value", Text),
    Column("status", Text, nullable=False),
    Column("printed", Text),
    Column("start_at", Integer),
    Column("end_at", Integer),
    Column("codes", Text, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

finding = Table(
    "finding", metadata,
    Column("run", _ID, ForeignKey("run.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("blame", Text, nullable=False),
    Column("left_side", Text),
    Column("right_side", Text),
    Column("cells", Text, nullable=False),
    Column("message", Text, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

reply = Table(
    "reply", metadata,
    Column("id", _ID, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("question", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the report asked about
    Column("line", LargeBinary, nullable=False),  # zlib; the attempt as docs/replies.md has it
    Index("reply_sha256", "sha256"),
)  # fmt: skip

event = Table(
    "event", metadata,
    Column("id", _ID, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("report", _ID, ForeignKey("report.id"), nullable=False),
    Column("run", _ID, ForeignKey("run.id"), nullable=False),
    Column("form", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("value", Text),
    Column("figure", Text),
    Column("reviewer", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("decided_at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("cancels", _ID, ForeignKey("event.id"), unique=True),
    Column("sha256", Text, nullable=False),
    Column("printed", Text),
    Column("start_at", Integer, nullable=False),
    Column("end_at", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("shown", Text),
    Column("part_of", _ID, ForeignKey("event.id")),
    Index("event_report", "report", "id"),
    Index("event_reviewer", "reviewer", "id"),
    # A number is never given twice, so that `last_event` of a report only grows.
    sqlite_autoincrement=True,
)  # fmt: skip

standing = Table(
    "standing", metadata,
    Column("report", _ID, ForeignKey("report.id"), primary_key=True),
    Column("run", _ID, ForeignKey("run.id"), nullable=False),
    Column("last_event", _ID, nullable=False),
    Column("open", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("settled", Integer, nullable=False),
    Column("cells", Text, nullable=False),  # JSON: what answers prove of other cells
    Index("standing_open", "open", "report"),
)  # fmt: skip

APPEND_ONLY = (run, decision, candidate, finding, reply, event)
