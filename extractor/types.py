"""The types that flow through the pipeline: frozen, slotted, without behaviour.

A figure is an ``int`` or a ``Decimal``, never a float, and the printed text is never thrown away.
Offsets are always character offsets into ``Document.text``, half open. Types made once a cell are
NamedTuples (as immutable as a frozen dataclass, and a third of the time to make); the others are dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

Number = int | Decimal


class Status(StrEnum):
    """What the text shows of one cell (contract.md): 0, blank and lost are three things."""

    PRINTED = "printed"
    BLANK = "blank"
    LOST = "lost"
    DEDUCED = "deduced"

    __hash__ = str.__hash__  # Enum's own is written in Python, and every cell is looked up by its status


# Naming a member by its class takes nine times as long (Python 3.11), and every cell is asked for its status several times.
PRINTED: Final = Status.PRINTED
BLANK: Final = Status.BLANK
LOST: Final = Status.LOST
DEDUCED: Final = Status.DEDUCED


class Verdict(StrEnum):
    """Three-valued result of an edit rule."""

    PASS = "pass"
    FAIL = "fail"
    NOT_ASSESSABLE = "not_assessable"

    __hash__ = str.__hash__


PASS: Final = Verdict.PASS
FAIL: Final = Verdict.FAIL
NOT_ASSESSABLE: Final = Verdict.NOT_ASSESSABLE


class Blame(StrEnum):
    """Who is at fault where a rule fails: the report, our reading of it, or nobody can say."""

    REPORT = "report"
    READING = "reading"
    UNKNOWN = "unknown"


class GridPlace(NamedTuple):
    """A cell of a table in a web page or a Word document: the how manieth table, row and column, from 1, spans counted."""

    table: int
    row: int
    column: int


class SheetPlace(NamedTuple):
    """A cell of a workbook as a person would name it: 「Sheet1」, D7."""

    sheet: str
    cell: str


class PagePlace(NamedTuple):
    """A box on a page (the first is 1), in points from the page's upper left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


Place = GridPlace | SheetPlace | PagePlace


class Placed(NamedTuple):
    """A stretch of the text and where it stands in the file that it was read from."""

    start: int
    end: int
    place: Place


PLAIN = "text/plain"
PDF_GRID = "application/pdf"
PDF_LINES = "application/pdf; grid=none"
"""A PDF with a table that no rules divide: its columns are kept apart by blanks."""


def has_grid(media_type: str) -> bool:
    """Whether every TAB in a text of this type is the border of two real cells of one table row."""
    return media_type not in (PLAIN, PDF_LINES)


@dataclass(frozen=True, slots=True)
class Document:
    """One report as read.

    ``text`` is what evidence offsets point into; ``norm`` has the same length, character for
    character (full-width, brackets, spaces and Traditional glyphs unified), so that an offset in
    one is an offset in the other: the offset map is the identity by construction. ``places`` are sorted and do not
    overlap; empty where the format has no coordinates but the text's own.
    """

    source: str
    sha256: str
    text: str
    norm: str
    encoding: str
    media_type: str
    notes: tuple[str, ...] = ()
    places: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Located:
    """A fact about the report with the stretch of text that decided it."""

    value: str
    start: int
    end: int


RULES = "rules"
"""The producer of what the rules read."""


class Candidate(NamedTuple):
    """One reading of one field, with the place it was read from.

    ``codes`` are the anchors: what speaks for or against this place and this figure. ``option``
    numbers the readings of one printed row: candidates of one row and option stand or fall together.
    ``start`` is -1 where nothing is printed (an empty cell, a lost one).
    """

    field: int
    status: Status
    value: Number | None
    printed: str
    start: int
    end: int
    codes: tuple[str, ...] = ()
    option: int = 0
    producer: str = RULES


# Makers of what a report has by the hundred, from a tuple of all its parts, none of them left out: the class itself takes twice as long.
candidate_of = partial(tuple.__new__, Candidate)


@dataclass(frozen=True, slots=True)
class ExtraRow:
    """A row with figures that the form does not have: kept, never forced into a field."""

    table: str
    label: str
    values: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TableReading:
    """What the deterministic reader found of one table of the form."""

    table: str
    found: bool
    start: int
    end: int
    candidates: tuple[Candidate, ...]
    extras: tuple[ExtraRow, ...]
    codes: tuple[str, ...] = ()


class Resolved(NamedTuple):
    """The reading chosen for one field, and the alternatives that were not.

    ``interval`` bounds a lost cell that the equations do not determine: (least, most), None where nothing bounds it.
    """

    field: int
    status: Status
    value: Number | None
    printed: str | None
    start: int
    end: int
    codes: tuple[str, ...]
    alternatives: tuple[Candidate, ...] = ()
    interval: tuple[Number, Number | None] | None = None


resolved_of = partial(tuple.__new__, Resolved)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one edit rule on one instance (a column, a row, a sentence)."""

    rule: str
    instance: str
    severity: str
    verdict: Verdict
    blank_as_zero: Verdict
    left: Number | None
    right: Number | None
    fields: tuple[int, ...]
    implied: tuple[tuple[int, Number], ...] = ()
    blame: Blame = Blame.UNKNOWN
    cause: str = ""
    suspects: tuple[int, ...] = ()
    message: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Findings worth showing, how every rule instance went, and which cells could be at fault.

    ``hard`` holds, for each rule of the form, the verdict on the print and with blanks as zero;
    ``supported`` says that at least one participant is printed, ``nonzero`` that a side is not zero, so
    that a holding sum could have failed. ``misprinted`` are the cells whose failing rules are all the report's fault,
    ``unfilled`` those of them that stand in a row left at 0.
    """

    findings: tuple[Finding, ...]
    hard: tuple[tuple[Verdict, Verdict], ...]
    supported: tuple[bool, ...]
    nonzero: tuple[bool, ...]
    suspects: frozenset[int]
    misprinted: frozenset[int]
    assessed: tuple[tuple[str, int], ...]
    unfilled: frozenset[int] = frozenset()


class Decision(NamedTuple):
    """The outcome for one field: accepted without a person, or sent to one, and why.

    ``decision_class`` is the class that this decision's errors are counted in (docs/decision.md §5).
    """

    field: int
    outcome: str
    codes: tuple[str, ...]
    confidence: float
    decision_class: str = ""


decision_of = partial(tuple.__new__, Decision)


class Usage(NamedTuple):
    """Tokens as the server counted them; ``cached`` are part of ``input``, ``reasoning`` part of ``output``."""

    requests: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0

    def __add__(self, other: object) -> Usage:
        if not isinstance(other, Usage):
            return NotImplemented
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))


NO_USAGE = Usage()

NOT_RECORDED = "not_recorded"
"""The kind of an ``Unanswered`` question that was put to recorded replies and is not among them."""


class Unanswered(NamedTuple):
    """A question to a model that gave nothing to read: about which table and rows, what became of it, and in words why."""

    table: str
    part: str
    kind: str
    message: str


class Heard(NamedTuple):
    """What came of asking models about one report: their names as reported, questions asked and answered, and what gave no candidate.

    ``outcomes`` are (field, code, words) of answers that are no candidate; field -1 where they belong to no cell.
    """

    models: tuple[str, ...]
    asked: int
    answered: int
    unanswered: tuple[Unanswered, ...]
    outcomes: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything known about one report after one run.

    ``model`` holds what a model found, None where none was asked; ``usage`` what that took, and ``cost`` its price in
    US dollars, None where the price is not known.
    """

    document: Document
    form: str | None
    form_evidence: tuple[Located, ...]
    year: Located | None
    agency: Located | None
    resolved: tuple[Resolved, ...]
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    extras: tuple[ExtraRow, ...]
    codes: tuple[str, ...]
    decision: str
    error: tuple[str, str] | None = None
    rules_assessed: tuple[tuple[str, int], ...] = ()
    model: tuple[Candidate, ...] | None = None
    heard: Heard | None = None
    usage: Usage = NO_USAGE
    cost: Decimal | None = Decimal(0)
