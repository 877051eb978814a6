"""One store: saving runs, appending events, and reading both with what follows from them.

Every method is a transaction of its own. Several processes and threads may use one database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Select, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from extractor.effective import Cell, Event, Settled, State, answers, effective, field_of
from extractor.form import Form, load_forms
from extractor.settle import Reread, reread, settle
from extractor.store import events as event_book
from extractor.store import rows, tables
from extractor.store.engine import connect, reading, url_of, writing
from extractor.store.migrations import migrate
from extractor.store.types import Filter, NewEvent, NewRun, NotFound, ReportRow, RunRow, Saved
from extractor.text import normalise
from extractor.types import Document

_PAGE = 500
_REREAD = 16  # reports kept as read, for the next answer about them


class Store:
    """See ``extractor.store.open_store``."""

    def __init__(self, name: str, forms: Sequence[Form] | None = None, create: bool = True) -> None:
        self.url = url_of(name)
        self.forms = tuple(forms or load_forms())
        self.engine = connect(self.url, create)
        self._again: dict[int, Reread | None] = {}
        self._numbers: dict[str, dict[str, int]] = {}
        try:
            with writing(self.engine) as connection:
                migrate(connection)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    # Runs

    def save(self, record: Mapping[str, Any], document: Document | None, content: bytes | None, stamp: Mapping[str, str]) -> Saved:
        """Keep a record as the newest run of its report, with the text it was read from and the file's bytes, where there are any.

        A record that the newest run has already, from a program of the same ``stamp``, is not kept twice.
        """
        return self.save_all([NewRun(record, document, content)], stamp)[0]

    def save_all(self, new: Sequence[NewRun], stamp: Mapping[str, str]) -> list[Saved]:
        """Keep several records in one transaction, which is much quicker than one each; see ``save``."""
        prepared = [(x, rows.run_values(x, stamp)) for x in new]
        try:
            with writing(self.engine) as c:
                done = [self._save(c, x, values) for x, values in prepared]
        except BaseException:
            self._numbers.clear()  # they may have been rolled back
            raise
        for saved, again in done:
            if again:
                self._restand(saved.report)
        return [saved for saved, _ in done]

    def _save(self, c: Connection, new: NewRun, values: dict[str, Any]) -> tuple[Saved, bool]:
        """Where the record is, and whether it is a further run of a report that was there before."""
        record, t = new.record, tables.run
        report = self._report(c, str(rows.clean(record["source"])))
        newest = c.execute(select(t.c.id, t.c.digest, t.c.stamp).where(t.c.report == report).order_by(t.c.id.desc()).limit(1)).first()
        if newest is not None and (newest.digest, newest.stamp) == (values["digest"], values["stamp"]):
            return Saved(report, newest.id, False), False
        if new.document is not None and new.document.sha256:
            self._document(c, new.document, new.content)
        run = _new_id(c.execute(insert(t).values(report=report, **values)))
        if record["cells"]:
            numbers = self._fields(c, record)
            c.execute(insert(tables.decision), rows.decision_rows(record, run, numbers))
            _insert_all(c, tables.candidate, list(rows.candidate_rows(record, run, numbers)))
        _insert_all(c, tables.finding, rows.finding_rows(record, run))
        _upsert(c, {"report": report, "run": run, "last_event": 0, "open": record_open(record), "answered": 0, "settled": 0, "cells": "{}"})
        return Saved(report, run, True), newest is not None

    def _report(self, c: Connection, source: str) -> int:
        _insert_new(c, tables.report, [{"source": source, "first_seen": rows.now()}])
        return int(c.scalar(select(tables.report.c.id).where(tables.report.c.source == source)) or 0)

    def _document(self, c: Connection, document: Document, content: bytes | None) -> None:
        known = c.execute(select(tables.document.c.content.is_(None).label("bare")).where(tables.document.c.sha256 == document.sha256)).first()
        packed = None if content is None else rows.pack(content)
        if known is None:
            row = {"sha256": document.sha256, "media_type": document.media_type, "encoding": document.encoding,
                   "text": rows.pack(document.text.encode("utf-8", "surrogatepass")), "content": packed}  # fmt: skip
            _insert_new(c, tables.document, [row])
        elif known.bare and packed is not None:
            c.execute(update(tables.document).where(tables.document.c.sha256 == document.sha256).values(content=packed))

    def _fields(self, c: Connection, record: Mapping[str, Any]) -> dict[str, int]:
        form, table = record["form"], tables.field
        if (at_hand := self._numbers.get(form)) is not None:
            return at_hand
        query = select(table.c.field, table.c.id).where(table.c.form == form)
        known = {x.field: x.id for x in c.execute(query)}
        wanted = [field_of(x) for x in record["cells"]]
        if not known.keys() >= set(wanted):
            _insert_new(c, table, [{"form": form, "field": f} for f in wanted if f not in known])
            known = {x.field: x.id for x in c.execute(query)}
        self._numbers[form] = known
        return known

    def keep_replies(self, lines: Iterable[str]) -> int:
        """Keep what models replied, as lines of docs/replies.md; how many were new."""
        new = 0
        with writing(self.engine) as c:
            for line in lines:
                data = json.loads(line)
                row = {"digest": rows.digest(line.encode()), "question": data["request_hash"], "model": data["model"], "sha256": data["report"], "line": rows.pack(line.encode())}
                new += _insert_new(c, tables.reply, [row])
        return new

    def replies(self, sha256: str) -> list[str]:
        """What models replied about the report with these bytes, in the order in which it was kept."""
        t = tables.reply
        with reading(self.engine) as c:
            return [rows.unpack(x).decode() for x in c.scalars(select(t.c.line).where(t.c.sha256 == sha256).order_by(t.c.id))]

    def runs(self, report: int) -> list[RunRow]:
        """The runs of a report, oldest first."""
        t = tables.run
        with reading(self.engine) as c:
            found = c.execute(select(t.c.id, t.c.report, t.c.sha256, t.c.stamp, t.c.decision, t.c.read_at).where(t.c.report == report).order_by(t.c.id)).all()
        return [RunRow(x.id, x.report, x.sha256, json.loads(x.stamp), x.decision, x.read_at) for x in found]

    def read_before(self, source: str, sha256: str, stamp: Mapping[str, str]) -> str | None:
        """The decision of the newest run over the report ``source``, where it read these bytes and its program had this stamp."""
        t, r = tables.run, tables.report
        query = select(t.c.sha256, t.c.stamp, t.c.decision).join_from(t, r, r.c.id == t.c.report)
        with reading(self.engine) as c:
            found = c.execute(query.where(r.c.source == rows.clean(source)).order_by(t.c.id.desc()).limit(1)).first()
        if found is None or found.sha256 != sha256 or json.loads(found.stamp) != dict(stamp):
            return None
        return str(found.decision)

    def newest_run(self) -> int:
        """The newest run of any report, 0 where there is none: while it stays, nothing new was read."""
        with reading(self.engine) as c:
            return int(c.scalar(select(func.max(tables.run.c.id))) or 0)

    def record(self, run: int) -> dict[str, Any]:
        """The record of one run, figures exact; NotFound."""
        return rows.load_record(self.line(run))

    def line(self, run: int) -> str:
        """The record of one run as the line of JSON that ``extract`` writes; NotFound."""
        with reading(self.engine) as c:
            packed = c.scalar(select(tables.run.c.record).where(tables.run.c.id == run))
        if packed is None:
            raise NotFound(f"run {run}: not in {self.url.render_as_string()}")
        return rows.unpack(packed).decode()

    def document(self, sha256: str) -> Document:
        """The text that was read from the bytes ``sha256``; its source is empty. NotFound."""
        t = tables.document
        with reading(self.engine) as c:
            found = c.execute(select(t.c.text, t.c.encoding, t.c.media_type).where(t.c.sha256 == sha256)).first()
        if found is None:
            raise NotFound(f"text {sha256}: not in {self.url.render_as_string()}")
        text = rows.unpack(found.text).decode("utf-8", "surrogatepass")
        return Document("", sha256, text, normalise(text), found.encoding, found.media_type)

    def text(self, sha256: str) -> str:
        """The text that evidence points into; NotFound."""
        return self.document(sha256).text

    def content(self, sha256: str) -> bytes | None:
        """The file's bytes, None where they were not kept; NotFound."""
        t = tables.document
        with reading(self.engine) as c:
            found = c.execute(select(t.c.content).where(t.c.sha256 == sha256)).first()
        if found is None:
            raise NotFound(f"file {sha256}: not in {self.url.render_as_string()}")
        return None if found.content is None else rows.unpack(found.content)

    # Reports

    def reports(self, which: Filter | None = None, after: int = 0, limit: int = 100) -> list[ReportRow]:
        """Reports with the numbers of their newest runs, by id, those beyond the id ``after``."""
        query = _filtered(_reports(), which or Filter()).where(tables.report.c.id > after).order_by(tables.report.c.id).limit(limit)
        with reading(self.engine) as c:
            return [rows.report_of(r) for r in c.execute(query).mappings()]

    def count(self, which: Filter | None = None) -> int:
        """How many reports there are."""
        with reading(self.engine) as c:
            return int(c.scalar(select(func.count()).select_from(_filtered(_reports(), which or Filter()).subquery())) or 0)

    def report(self, report: int) -> ReportRow:
        """One report; NotFound."""
        with reading(self.engine) as c:
            found = c.execute(_reports().where(tables.report.c.id == report)).mappings().first()
        if found is None:
            raise NotFound(f"report {report}: not in {self.url.render_as_string()}")
        return rows.report_of(found)

    def report_of(self, source: str) -> ReportRow | None:
        """The report with this source, None where there is none."""
        with reading(self.engine) as c:
            found = c.execute(_reports().where(tables.report.c.source == rows.clean(source))).mappings().first()
        return None if found is None else rows.report_of(found)

    def current(self, which: Filter | None = None) -> Iterator[tuple[ReportRow, dict[str, Any], list[Cell]]]:
        """Every report with the record of its newest run and its cells as they hold now, a few at a time."""
        after = 0
        while page := self.reports(which, after, _PAGE):
            for row in page:
                record = self.record(row.run)
                yield row, record, self._cells(record, row.id, row.last_event)
            after = page[-1].id

    # People

    def append(self, new: NewEvent, after: int | None = None) -> Event:
        """Keep what a person did; the event as stored, which is the earlier one where it was sent before.

        ``after`` is the newest event about this cell that the person had seen, 0 for none, None not to compare.
        Raises Conflict where there is a newer one, Refused for an event that is about nothing, NotFound.
        """
        with writing(self.engine) as c:
            event = event_book.append(c, new, after, self.forms)
        self._restand(event.report)
        return event

    def events(self, report: int) -> list[Event]:
        """All events about a report, oldest first."""
        with reading(self.engine) as c:
            return event_book.of_report(c, report)

    def events_of(self, reviewer: str, limit: int = 10) -> list[Event]:
        """The newest events of one person, newest first."""
        with reading(self.engine) as c:
            return event_book.of_reviewer(c, reviewer, limit)

    def all_events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events beyond ``after``, oldest first."""
        with reading(self.engine) as c:
            return event_book.beyond(c, after, limit)

    def cells(self, report: int) -> list[Cell]:
        """The cells of a report's newest run as they hold now, in the form's order; NotFound."""
        row = self.report(report)
        return self._cells(self.record(row.run), report, row.last_event)

    def _cells(self, record: Mapping[str, Any], report: int, last_event: int) -> list[Cell]:
        if not last_event:
            return effective(record, (), {})
        events = self.events(report)
        with reading(self.engine) as c:
            stands = c.execute(select(tables.standing).where(tables.standing.c.report == report)).first()
        # Killed between an event and what follows from it: follow it now.
        if stands is None or stands.last_event != events[-1].id:
            return effective(record, events, self._restand(report))
        return effective(record, events, rows.settled_of(stands.cells))

    def _restand(self, report: int) -> dict[str, Settled]:
        """What the answers about a report prove, and how it stands: computed anew and kept."""
        run, events = self._newest(report)
        if not events:
            return {}
        record = self.record(run)
        decided = answers(record, events)
        again = self._reread(run, record) if decided else None
        settled = settle(again, decided) if again else {}
        states = [x.state for x in effective(record, events, settled)]
        row = {"report": report, "run": run, "last_event": events[-1].id, "open": states.count(State.OPEN), "answered": states.count(State.ANSWERED),
               "settled": states.count(State.SETTLED), "cells": rows.settled_text(settled)}  # fmt: skip
        t = tables.standing
        with writing(self.engine) as c:
            # Who was slower writes nothing: the newer state is there already, or will be.
            c.execute(update(t).where(t.c.report == report, t.c.run <= run, t.c.last_event <= events[-1].id).values(**row))
        return settled

    def _reread(self, run: int, record: Mapping[str, Any]) -> Reread | None:
        """The report of a run read again, once for the answers that follow each other."""
        if run not in self._again:
            if len(self._again) >= _REREAD:
                self._again.pop(next(iter(self._again)), None)
            self._again[run] = reread(self.document(str(record["sha256"])), self.forms, record)
        return self._again[run]

    def _newest(self, report: int) -> tuple[int, list[Event]]:
        with reading(self.engine) as c:
            run = c.scalar(select(func.max(tables.run.c.id)).where(tables.run.c.report == report))
            return int(run or 0), event_book.of_report(c, report)


def record_open(record: Mapping[str, Any]) -> int:
    """How many cells of a record wait for a person, before anybody has looked."""
    return sum(1 for c in record["cells"] if c["decision"] != "accept")


@lru_cache(maxsize=1)
def _reports() -> Select[Any]:
    """Every report with its newest run and how it stands."""
    report, run, standing = tables.report.c, tables.run.c, tables.standing.c
    last = select(func.coalesce(func.max(tables.event.c.id), 0)).where(tables.event.c.report == report.id).scalar_subquery()
    named = (run.sha256, run.form, run.year, run.agency, run.decision, run.cells, run.accepted, run.review, run.blank, run.lost, run.deduced, run.findings, run.error, run.message)
    return (
        select(report.id, report.source, run.id.label("run"), *named, standing.open, standing.answered, standing.settled, last.label("last_event"), run.read_at)
        .join_from(tables.report, tables.standing, standing.report == report.id)
        .join(tables.run, run.id == standing.run)
    )


def _filtered(query: Select[Any], f: Filter) -> Select[Any]:
    run = tables.run.c
    for column, wanted in ((run.decision, f.decision), (run.form, f.form), (run.year, f.year)):
        if wanted is not None:
            query = query.where(column == wanted)
    if f.open is not None:
        query = query.where(tables.standing.c.open > 0 if f.open else tables.standing.c.open == 0)
    if f.text:
        query = query.where(or_(tables.report.c.source.contains(f.text, autoescape=True), run.agency.contains(f.text, autoescape=True)))
    return query


def _insert_all(c: Connection, table: Any, values: list[dict[str, Any]]) -> None:
    if values:
        c.execute(insert(table), values)


def _insert_new(c: Connection, table: Any, values: list[dict[str, Any]]) -> int:
    """Insert what is not there yet; how many rows were new."""
    dialect = postgresql if c.dialect.name == "postgresql" else sqlite
    key = next(iter(table.primary_key))
    return sum(len(c.execute(dialect.insert(table).values(v).on_conflict_do_nothing().returning(key)).all()) for v in values)


def _upsert(c: Connection, values: dict[str, Any]) -> None:
    """The one row of a report in ``standing``."""
    dialect = postgresql if c.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(tables.standing).values(values)
    c.execute(statement.on_conflict_do_update(index_elements=["report"], set_={k: v for k, v in values.items() if k != "report"}))


def _new_id(result: Any) -> int:
    return int(result.inserted_primary_key[0])
