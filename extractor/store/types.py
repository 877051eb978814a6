"""What goes into the store and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from extractor.effective import Action, Event, Mode, Scope
from extractor.errors import GoujiError
from extractor.types import Document

DEFAULT_URL = "gouji.sqlite"


class NotFound(GoujiError):
    """The store holds no such report, run, text or event."""


class Refused(GoujiError):
    """An event that cannot be stored: it is about nothing the run has, or its value is no number."""


class Conflict(GoujiError):
    """Somebody decided about this cell since the person saw it; ``event`` is the newest one."""

    def __init__(self, event: Event) -> None:
        super().__init__(f"{event.field}: {event.reviewer} decided about this cell in the meantime ({event.action.value})")
        self.event = event


class NewRun(NamedTuple):
    """What a program read of one report: the record of contract.md, the text it was read from and the file's bytes, where there are any.

    ``line`` is the record as ``extract`` writes it, where it is at hand.
    """

    record: Mapping[str, Any]
    document: Document | None
    content: bytes | None
    line: str | None = None


class Saved(NamedTuple):
    """Where a record is kept; ``new`` is false where the same record was the report's newest run already."""

    report: int
    run: int
    new: bool


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report with the numbers of its newest run.

    ``open`` counts the cells that still wait for a person, ``answered`` those that a person answered, ``settled`` those that
    answers proved; ``last_event`` is the newest event about it, 0 where there is none; times are ISO 8601 in UTC.
    """

    id: int
    source: str
    sha256: str | None
    run: int
    form: str | None
    year: int | None
    agency: str | None
    decision: str
    cells: int
    accepted: int
    review: int
    blank: int
    lost: int
    deduced: int
    findings: int
    error: str | None
    message: str
    open: int
    answered: int
    settled: int
    last_event: int
    read_at: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of one report: what the program of ``stamp`` made of the bytes ``sha256`` at ``read_at``."""

    id: int
    report: int
    sha256: str | None
    stamp: dict[str, str]
    decision: str
    read_at: str


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it comes from a person (``extractor.effective.Event`` says what the parts mean).

    With ``scope`` row or table, lost or blank is said of every cell there that waits for a person and was read so.
    """

    key: str
    report: int
    run: int
    field: str
    action: Action
    reviewer: str
    value: str | None = None
    mode: Mode = Mode.REVIEW
    seen_at: str = ""
    decided_at: str = ""
    note: str = ""
    cancels: int | None = None
    scope: Scope = Scope.CELL


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reports are meant; what is None or empty does not restrict.

    ``decision`` is accept, review or unreadable; ``form`` an id; ``open`` those with, or without, open cells; ``text`` a part of
    source or agency.
    """

    decision: str | None = None
    form: str | None = None
    year: int | None = None
    open: bool | None = None
    text: str = ""
