"""What holds of a report now: the readings of a run with the answers of people applied. Derived, never stored by hand.

A ``Run`` is what the program read, once and for all; an ``Event`` is one thing that one person did; both are never
changed. ``effective`` puts them together. An answer is carried over to a later run of the same text only while its
field, the characters printed and the evidence are the same; else the cell comes back, with its history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extractor.types import Number


class Action(StrEnum):
    """What a person can do with a cell (docs/review.md)."""

    ACCEPT = "accept"  # the cell is read rightly, as shown
    AS_PRINTED = "as_printed"  # it is, and the report itself breaks the sum
    CORRECT = "correct"  # the text shows another figure: ``value``
    BLANK = "blank"  # the cell is there and empty
    DASH = "dash"  # the cell is there and shows a dash or a slash
    ILLEGIBLE = "illegible"  # something stands there that cannot be read
    LOST = "lost"  # the text no longer holds the cell
    SKIP = "skip"  # not decided; later
    NOTE = "note"  # a remark, which decides nothing
    UNDO = "undo"  # takes back one's own event ``cancels``


ANSWERS = frozenset(Action) - {Action.SKIP, Action.NOTE, Action.UNDO}
"""The actions that say what a cell is."""


class Mode(StrEnum):
    """How a cell was put to a person."""

    REVIEW = "review"  # with the machine's reading in sight
    AUDIT = "audit"  # an accepted cell, keyed blind
    BLIND = "blind"  # a golden label, keyed blind: never touches an effective value


class State(StrEnum):
    """How it stands with a cell."""

    ACCEPTED = "accepted"  # by the program, no person needed
    OPEN = "open"  # waits for a person
    SETTLED = "settled"  # a person's answers about other cells prove it
    ANSWERED = "answered"  # a person said what it is


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one person did. Times are ISO 8601 in UTC; ``value`` is what was typed, as it was typed.

    ``key`` is made by the page, once an event: an event that is sent twice is stored once. ``printed``, ``start``, ``end``,
    ``status`` and ``shown`` say what the cell was in the run ``run`` when the person saw it (``start`` -1: nothing printed).
    """

    id: int
    key: str
    report: int
    run: int
    form: str
    field: str
    action: Action
    value: str | None
    reviewer: str
    mode: Mode
    seen_at: str
    decided_at: str
    recorded_at: str
    note: str
    cancels: int | None
    sha256: str
    printed: str | None
    start: int
    end: int
    status: str
    shown: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a report as it holds now.

    ``origin`` is who the value comes from: ``printed`` and ``deduced`` are the program's, ``person`` a person's; empty where there is
    no value. ``status`` is that of contract.md; a person's ``illegible`` is ``lost`` with ``answer`` saying so. ``machine`` is the
    cell of the record. ``history`` are the events about this field that no longer decide it (undone, overruled, or of another reading).
    """

    field: str
    value: Number | None
    status: str
    origin: str
    state: State
    machine: Mapping[str, Any]
    answer: Event | None = None
    history: tuple[Event, ...] = ()
    codes: tuple[str, ...] = ()
