"""What is said of a whole store at once: findings by kind, some fields of every report, the audited cells. SQL, without the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, distinct, func, select

from extractor.effective import Cell, Event, Mode, effective
from extractor.store import rows
from extractor.store.tables import decision, event, field, finding, run, standing
from extractor.types import Blame


class Kind(NamedTuple):
    """The findings of the newest runs under one rule: how many, in how many reports, and how many of them by blame."""

    rule: str
    severity: str
    findings: int
    reports: int
    report: int
    reading: int
    unknown: int


class Part(NamedTuple):
    """Some cells of one report as they hold now; ``record`` is that of its newest run with no cells but these."""

    report: int
    record: Mapping[str, Any]
    cells: list[Cell]


def findings(c: Connection) -> list[Kind]:
    """The findings of the newest runs by rule, the most frequent first."""
    t = finding.c
    number = func.count().label("number")
    blames = (func.count(case((t.blame == blame.value, 1))) for blame in (Blame.REPORT, Blame.READING, Blame.UNKNOWN))
    query = (
        select(t.rule, t.severity, number, func.count(distinct(t.run)), *blames)
        .join_from(standing, finding, t.run == standing.c.run)
        .group_by(t.rule, t.severity)
        .order_by(number.desc(), t.rule)
    )
    return [Kind(*row) for row in c.execute(query)]


def behind(c: Connection) -> list[int]:
    """The reports for which events were stored and what follows from them was not: ``Store.cells`` brings them up to date."""
    newest = select(event.c.report, func.max(event.c.id).label("id")).group_by(event.c.report).subquery()
    query = select(standing.c.report).join(newest, newest.c.report == standing.c.report).where(newest.c.id > standing.c.last_event)
    return list(c.scalars(query.order_by(standing.c.report)))


def parts(c: Connection, fields: Sequence[str]) -> Iterator[Part]:
    """The cells of these fields (their ids) of every report that has some of them, report by report."""
    numbers = list(c.scalars(select(field.c.id).where(field.c.field.in_(fields))))
    events = select(event).where(event.c.field.in_(fields)).order_by(event.c.id)
    query = _cells().join(decision, decision.c.run == standing.c.run).join(field, field.c.id == decision.c.field)
    yield from _put_together(c, query.where(decision.c.field.in_(numbers)), _by_report(c, events))


def audited(c: Connection) -> Iterator[Part]:
    """The cells that somebody keyed for an audit, report by report."""
    places = select(event.c.report, event.c.field).where(event.c.mode == Mode.AUDIT.value).distinct().subquery()
    events = select(event).where(event.c.report.in_(select(places.c.report))).order_by(event.c.id)
    query = (
        _cells()
        .join(places, places.c.report == standing.c.report)
        .join(field, (field.c.form == run.c.form) & (field.c.field == places.c.field))
        .join(decision, (decision.c.run == standing.c.run) & (decision.c.field == field.c.id))
    )
    yield from _put_together(c, query, _by_report(c, events))


def _cells() -> Select[Any]:
    return (
        select(standing.c.report, run.c.form, run.c.sha256, field.c.field, *(c for c in decision.c if c.name not in ("run", "field")))
        .join_from(standing, run, run.c.id == standing.c.run)
        .order_by(standing.c.report, decision.c.field)
    )


def _by_report(c: Connection, query: Select[Any]) -> dict[int, list[Event]]:
    found: defaultdict[int, list[Event]] = defaultdict(list)
    for row in c.execute(query).mappings():
        found[row["report"]].append(rows.event_of(row))
    return found


def _put_together(c: Connection, query: Select[Any], events: Mapping[int, Sequence[Event]]) -> Iterator[Part]:
    proven = {r.report: r.cells for r in c.execute(select(standing.c.report, standing.c.cells).where(standing.c.cells != "{}"))}
    for report, found in groupby(c.execute(query), attrgetter("report")):
        group = list(found)
        record = {"form": group[0].form, "sha256": group[0].sha256, "cells": [_cell(r) for r in group]}
        settled = rows.settled_of(proven[report]) if report in proven else {}
        yield Part(report, record, effective(record, events.get(report, ()), settled))


def _cell(r: Any) -> dict[str, Any]:
    """A row of ``decision`` as the record has it."""
    table, row, column = r.field.split("/")
    evidence = None if r.start_at is None else {"start": r.start_at, "end": r.end_at}
    return {
        "table": table, "row": row, "column": column, "value": rows.number(r.value), "status": r.status, "printed": r.printed,
        "evidence": evidence, "decision": r.outcome, "codes": r.codes.split(), "confidence": r.confidence,
    }  # fmt: skip
