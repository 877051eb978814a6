"""What a scorecard is made of: plain frozen types, from one cell's score to the whole card, and the card as JSON.

A *mark* is one letter a cell, so that a card can name every cell in a line a row and two cards can be held side by
side: ``A`` accepted and right, ``S`` accepted and wrong (silent), ``R`` reviewed and right, ``W`` reviewed and wrong,
``M`` missing, in lower case what has no golden value to be judged by, and ``u`` unanswered: its text was put to recorded
replies that do not answer every question.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from extractor.metrics import Rate
from extractor.paired import Difference, McNemar

_MARKS = {
    ("accept", True): "A", ("accept", False): "S", ("accept", None): "a",
    ("review", True): "R", ("review", False): "W", ("review", None): "r",
    ("missing", False): "M", ("missing", None): "m", ("unanswered", None): "u",
}  # fmt: skip
OF_MARK: Mapping[str, tuple[str, bool | None]] = {mark: meaning for meaning, mark in _MARKS.items()}


@dataclass(frozen=True, slots=True)
class CellScore:
    """One cell of one unit. ``right`` is None where the cell cannot be judged.

    ``truth`` is the golden status, ``absent`` for a cell of a form the text does not hold; ``got`` and
    ``outcome`` are ``missing`` where there is no reading, ``unanswered`` where recorded replies do not answer. ``context`` is text before, at and after the evidence.
    ``confidence`` is None where nothing was decided; ``decision_class`` is the class it was counted in.
    """

    report: str
    source: str
    shape: str
    form: str
    table: str
    field: str
    label: str
    truth: str
    truth_value: str
    truth_printed: str
    got: str
    value: str
    printed: str
    outcome: str
    right: bool | None
    codes: tuple[str, ...]
    context: tuple[str, str, str]
    decision_class: str = ""
    confidence: float | None = None

    @property
    def silent(self) -> bool:
        """Accepted and wrong."""
        return self.outcome == "accept" and self.right is False

    @property
    def held(self) -> bool:
        """Whether the text holds the cell: a figure is printed, or the place is there and empty."""
        return self.truth in ("printed", "blank")

    @property
    def filled(self) -> bool:
        """Held by the text, and found by the reader."""
        return self.held and self.got in ("printed", "blank")

    @property
    def mark(self) -> str:
        """The letter of this cell."""
        return _MARKS[self.outcome, self.right]


@dataclass(frozen=True, slots=True)
class FindingScore:
    """A hard finding of one unit: ``found``, ``missing`` or ``false``; ``sides_right`` only where found."""

    report: str
    source: str
    rule: str
    instance: str
    verdict: str
    blame: str
    sides_right: bool | None


@dataclass(frozen=True, slots=True)
class TableScore:
    """One table of one unit: every judged cell right; every cell accepted; any silent error; cells held and filled."""

    table: str
    exact: bool
    accepted: bool
    silent: int
    held: int
    filled: int


@dataclass(frozen=True, slots=True)
class UnitScore:
    """One golden text: what was right of it as a whole. ``failed`` says why, where the reader crashed.

    ``decision`` is ``accept``, ``review``, ``unreadable``, ``failed`` or ``unanswered``; the counts are of cells.
    ``unanswered`` counts the questions without a recorded reply: such a text is in no rate.
    """

    report: str
    source: str
    shape: str
    form: str
    split: str
    failed: str | None
    form_right: bool
    year_right: bool
    agency_right: bool
    exact: bool
    accepted: bool
    silent: int
    accepted_judged: int
    tables: tuple[TableScore, ...]
    decision: str
    judged: int
    wrong: int
    held: int
    filled: int
    unanswered: int = 0

    @property
    def name(self) -> str:
        """``report/source``, which no other unit has."""
        return f"{self.report}/{self.source}"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of cells. ``accepted`` and ``reviewed_*`` are of judged cells, ``accepted_all`` of all.

    Cells that are ``unanswered`` are counted in ``cells`` and nowhere else.
    """

    cells: int
    judged: int
    right: int
    nonzero: int
    nonzero_right: int
    zero: int
    zero_right: int
    blank: int
    blank_right: int
    lost: int
    lost_left_lost: int
    lost_deduced: int
    lost_but_printed: int
    lost_but_blank: int
    excluded: int
    accepted_all: int
    accepted: int
    silent: int
    reviewed_right: int
    reviewed_wrong: int
    missing: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Stop:
    """What one code that sends cells to a person did: those it stood on, the wrong among them, and what it did alone.

    ``wrong_alone`` are errors that no other code would have stopped, ``right_alone`` right or unjudged cells that a
    person sees because of this code and no other.
    """

    reviewed: int
    wrong: int
    wrong_alone: int
    right_alone: int


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of decisions, of judged cells.

    ``confidence`` is the mean of what was stated; ``bound`` the one-sided 95 % Clopper–Pearson bound on the share of
    reports in which the class is wrong, since cells of one report are not independent.
    """

    cells: int
    wrong: int
    accepted: int
    reports: int
    reports_wrong: int
    bound: float
    confidence: float


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Covering every judged cell stated with at least ``confidence``: how many those are, and the wrong among them."""

    confidence: float
    covered: int
    wrong: int


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """The risk–coverage curve; equal confidences are one point.

    ``aurc`` is the mean risk over all coverages, ``augrc`` the mean joint risk (wrong among all cells), both None
    without cells; lower is better. Within one point errors count as spread evenly.
    """

    points: tuple[RiskPoint, ...]
    aurc: float | None
    augrc: float | None


@dataclass(frozen=True, slots=True)
class GridCell:
    """One square of a drawn block; ``truth`` is set only where the reading is wrong."""

    shown: str
    status: str
    outcome: str
    truth: str


@dataclass(frozen=True, slots=True)
class GridColumn:
    """The heading of one column of a drawn block under its group headings."""

    groups: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of a drawn block under its group headings."""

    groups: tuple[str, ...]
    label: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The block of the form around one silent error, as it was read; the error stands at ``row``, ``column``."""

    report: str
    source: str
    field: str
    table: str
    block: str
    columns: tuple[GridColumn, ...]
    rows: tuple[GridRow, ...]
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class PlantedEscape:
    """A planted error after which cells were ``accepted`` wrongly, each as ``field=value``."""

    kind: str
    outcome: str
    report: str
    plant: str
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """Known errors put into ``texts`` golden texts: counts by kind and outcome, and every escape.

    ``escaped`` are the outcomes that mean an escape, the silent one first.
    """

    texts: int
    seeds: tuple[int, ...]
    counts: Mapping[str, Mapping[str, int]]
    escaped: tuple[str, ...]
    escapes: tuple[PlantedEscape, ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one reader's answers took when they were recorded: ``requests``, and tokens as the server counted them.

    Replies about texts that are not answered in full are left out, as those texts are of every other figure.
    ``uncounted`` replies did not say what they used; where there are any, the tokens are at least these and every share
    of them is None. ``money`` is an amount by currency, None where a price is not known (``unpriced`` names the models) or
    a reply is uncounted. Shares are of the ``reports`` answered in full and of the ``accepted`` cells, None without any.
    """

    requests: int
    input: int
    cached: int
    output: int
    reasoning: int
    uncounted: int
    unpriced: tuple[str, ...]
    reports: int
    accepted: int
    money: Mapping[str, Decimal] | None
    input_per_report: float | None
    output_per_report: float | None
    money_per_report: Mapping[str, Decimal] | None
    money_per_accepted: Mapping[str, Decimal] | None


@dataclass(frozen=True, slots=True)
class ReaderScore:
    """One reader's line. ``judged`` to ``missing`` count judged cells; ``review`` are those sent to a person.

    ``unanswered`` cells stand in ``unanswered_texts``: recorded replies do not answer every question about them, and they
    are in no other figure. ``spent`` is None for a reader that asks nobody.
    """

    reader: str
    judged: int
    right: int
    wrong: int
    accepted: int
    silent: int
    review: int
    missing: int
    unanswered: int
    unanswered_texts: int
    reports_exact: Rate
    reports_accepted: Rate
    spent: Spent | None


@dataclass(frozen=True, slots=True)
class ReaderPair:
    """Two readers over the same texts, paired by report, ``new`` against ``base``; ``reports`` that both answer."""

    base: str
    new: str
    reports: int
    exact: McNemar
    straight: McNemar
    wrong: Difference
    silent: Difference


@dataclass(frozen=True, slots=True)
class ModelError:
    """A judged cell that the model by itself has wrong, its class (``modelerrors.KINDS``), and what it gave, in words."""

    report: str
    source: str
    field: str
    label: str
    kind: str
    truth: str
    truth_value: str
    given: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A question without a recorded reply: of which file, about which table and rows, under which address."""

    text: str
    table: str
    part: str
    key: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The readers beside each other. ``model`` is whose replies were read, as asked; ``replies`` the store they lie in.

    ``errors`` counts the model's own errors by class, None where it was not scored by itself; ``cases`` lists them.
    """

    model: str
    replies: str
    readers: tuple[ReaderScore, ...]
    pairs: tuple[ReaderPair, ...]
    errors: Mapping[str, int] | None
    cases: tuple[ModelError, ...]
    unrecorded: tuple[Unrecorded, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The whole result.

    ``codes`` gives for each reason code the reviewed cells it stood on and how many were wrong, ``stops`` the same of
    those that sent it to a person, with what they did alone. ``outcomes`` is outcome × truth of cells, texts and reports. ``layout`` names the
    columns of each row of a form, in the order of the letters in ``marks``. ``planted`` is None where nothing was planted.

    All this is of the first of ``readers``. ``others`` are the cards of the further ones by name, without drawings, and ``sides`` holds
    them side by side; it is None where the rules were scored alone.
    """

    stamp: Mapping[str, str]
    readers: tuple[str, ...]
    headline: Mapping[str, Rate]
    silent_per_million: float | None
    silent_report_bound: float
    total: Tally
    by_table: Mapping[str, Tally]
    by_shape: Mapping[str, Tally]
    by_form: Mapping[str, Tally]
    by_split: Mapping[str, Tally]
    codes: Mapping[str, tuple[int, int]]
    blame: Mapping[str, int]
    findings: tuple[FindingScore, ...]
    units: tuple[UnitScore, ...]
    wrong: tuple[CellScore, ...]
    undecidable_accepted: tuple[CellScore, ...]
    outcomes: Mapping[str, Mapping[str, Mapping[str, int]]]
    stops: Mapping[str, Stop]
    classes: Mapping[str, ClassScore]
    risk: RiskCurve
    grids: tuple[Grid, ...]
    layout: Mapping[str, Mapping[str, str]]
    marks: Mapping[str, Mapping[str, str]]
    planted: Planted | None = None
    others: Mapping[str, Scorecard] = field(default_factory=dict)
    sides: SideBySide | None = None

    def to_dict(self) -> dict[str, Any]:
        """The scorecard as JSON-able data, in a fixed order."""
        out: dict[str, Any] = _plain(self)
        return out


def _plain(x: Any) -> Any:
    if dataclasses.is_dataclass(x):
        return {f.name: _plain(getattr(x, f.name)) for f in dataclasses.fields(x)}
    if isinstance(x, Mapping):
        return {str(k): _plain(v) for k, v in x.items()}
    return [_plain(v) for v in x] if isinstance(x, (tuple, list)) else x
