"""A golden text with the place of every figure, row label and column heading, and one error written into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from extractor.errors import ReportUnreadable
from extractor.form import Form
from extractor.golden import GoldenReport
from extractor.judge import ACCEPT
from extractor.layout.events import LABEL, Event, events_of
from extractor.layout.labels import LabelIndex
from extractor.layout.lex import lex
from extractor.pipeline import extract
from extractor.read import read_bytes, read_file
from extractor.types import Document, Extraction, Number, Resolved, Status, Verdict, has_grid

Span = tuple[int, int]
# Shapes in which an emptied cell leaves its mark.
_MARKED = frozenset({"tab-cells", "tab-rows", "pipe-rows", "pipe-ends", "pipe-lines", "markdown", "html"})
# What stands in a cell in place of a figure.
_NO_FIGURE = frozenset({"", "-", "—", "/", "无"})


@dataclass(frozen=True, slots=True)
class Header:
    """The column headings of a table, by column id, and how far down they hold: a header may be printed again."""

    columns: Mapping[str, Span]
    until: int


@dataclass(frozen=True, slots=True)
class Base:
    """A golden text as the reader reads it: where each figure stands, and the rows of figures in form order.

    ``truth`` is the golden value, None where nothing is printed; ``deduced`` what the reader deduces of a lost cell
    from the sound text. ``spans`` holds the figures that are read right.
    ``labels`` are the row labels by number in ``rows``, ``headings`` the column headings of a table.
    ``failing`` hard rules fail on the golden values, ``raised`` in the reading; ``wrong`` cells are accepted
    wrongly already, and are no escape.
    """

    name: str
    shape: str
    text: str
    form: Form
    truth: tuple[Number | None, ...]
    deduced: Mapping[int, Number]
    spans: Mapping[int, Span]
    rows: tuple[tuple[int, ...], ...]
    labels: Mapping[int, Span]
    headings: Mapping[str, Header]
    failing: frozenset[int]
    raised: frozenset[tuple[str, str]]
    wrong: frozenset[int]

    @property
    def marked(self) -> bool:
        """Whether an empty cell leaves a mark in this text."""
        return self.shape in _MARKED

    def printed(self, field: int) -> str:
        """The characters of one figure."""
        start, end = self.spans[field]
        return self.text[start:end]

    def plain(self, field: int) -> bool:
        """Whether the figure stands in plain digits, without sign, separator or unit."""
        text = self.printed(field)
        return text.isascii() and text.isdigit()

    def value(self, field: int) -> int:
        """The golden value as a whole number; nothing printed is 0."""
        return int(self.truth[field] or 0)

    def columns(self, row: Sequence[int]) -> tuple[str, ...]:
        """The columns that a row of figures has."""
        return tuple(f"{self.form.fields[i].table}/{self.form.fields[i].column}" for i in row)

    def stretches(self) -> list[tuple[int, ...]]:
        """Numbers in ``rows`` of neighbouring rows of the same columns, two or more."""
        out: list[list[int]] = []
        for n, row in enumerate(self.rows):
            if out and self.columns(self.rows[out[-1][-1]]) == self.columns(row):
                out[-1].append(n)
            else:
                out.append([n])
        return [tuple(x) for x in out if len(x) > 1]


@dataclass(frozen=True, slots=True)
class Plant:
    """One error. ``figures`` are the new characters of single figures, empty or a dash where none is left.

    ``edits`` is any other change of the text (start, end, new), ``affected`` the cells that it concerns. ``broken``:
    the text shows that a row is not whole. ``same``: every figure is still that of the original, and only its
    surroundings changed. ``says`` are values that the changed labels now give to cells.
    """

    figures: tuple[tuple[int, str], ...] = ()
    edits: tuple[tuple[int, int, str], ...] = ()
    affected: tuple[int, ...] = ()
    broken: bool = False
    same: bool = False
    says: tuple[tuple[int, int], ...] = ()

    @property
    def cells(self) -> tuple[int, ...]:
        """Every cell that the error concerns."""
        return tuple(dict.fromkeys((*(i for i, _ in self.figures), *self.affected, *(i for i, _ in self.says))))


def changed_text(base: Base, plant: Plant) -> str:
    """The text with the error in it."""
    edits = [(*base.spans[i], new) for i, new in plant.figures] + list(plant.edits)
    text = base.text
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def truth_after(base: Base, plant: Plant) -> list[Number | None]:
    """The values that may be accepted: the golden one, or what was deduced; none in a cell that holds no figure now."""
    emptied = {i for i, new in plant.figures if new in _NO_FIGURE}
    values = [base.deduced.get(i) if v is None else v for i, v in enumerate(base.truth)]
    return [None if i in emptied else v for i, v in enumerate(values)]


def invisible(base: Base, plant: Plant) -> bool:
    """Whether the grid is intact and no hard rule fails on the figures as changed that held before.

    The text is then a consistent other report: nothing that reads only the text could see the error.
    """
    if plant.broken or plant.same:
        return False
    values = list(base.truth)
    for field, new in plant.figures:
        values[field] = 0 if new in _NO_FIGURE else int(new)
    for field in plant.affected:
        values[field] = 0  # the reader takes an empty cell for nothing in a sum
    for field, says in plant.says:
        values[field] = says
    return failing(base.form, values) <= base.failing


def failing(form: Form, values: Sequence[Number | None]) -> frozenset[int]:
    """The hard rules, by number, that fail on ``values``."""
    hard = (n for n, r in enumerate(form.rules) if r.severity == "hard")
    return frozenset(n for n in hard if form.rules[n].relation.verdict(values)[0] is Verdict.FAIL)


# A golden text as a base


def bases_of(reports: Sequence[GoldenReport], forms: Sequence[Form]) -> tuple[Base, ...]:
    """Every text of ``reports`` that has figures to change."""
    by_id = {f.id: f for f in forms}
    found = [_base(r, s.file, s.shape, by_id[r.form_id], forms) for r in reports if r.form_id for s in r.sources]
    return tuple(b for b in found if b.rows)


def _base(report: GoldenReport, path: Path, shape: str, form: Form, forms: Sequence[Form]) -> Base:
    document = read_file(path)
    name = f"{report.id}/{path.name}"
    got = read_text(document.text, name, forms)
    same = got.form == form.id
    truth = tuple(c.value if c.status == "printed" else None for c in report.cells)
    spans = {
        r.field: (r.start, r.end)
        for r in got.resolved
        if same and r.status is Status.PRINTED and r.start >= 0 and r.value == truth[r.field]
    }
    deduced = {r.field: r.value for r in got.resolved if same and r.status is Status.DEDUCED and r.value is not None}
    rows = _rows(form, spans)
    labels = [e for e in _events(document, form) if e.kind == LABEL]
    return Base(
        name, shape, document.text, form, truth, deduced, spans, rows, _row_labels(form, rows, spans, labels),
        _headings(form, rows, spans, labels), failing(form, truth), raised(got),
        accepted_wrong(got, form, truth) if same else frozenset(),
    )  # fmt: skip


def _rows(form: Form, spans: Mapping[int, Span]) -> tuple[tuple[int, ...], ...]:
    """Rows of at least three figures of a hard rule that stand one behind the other in the text."""
    ruled = {form.fields[i].table for i, rules in enumerate(form.rules_of) if rules}
    grids = (b.grid for t in form.tables if t.id in ruled for b in t.blocks)
    rows = [tuple(i for i in row if i in spans) for grid in grids for row in grid]
    return tuple(r for r in rows if len(r) > 2 and all(spans[a][1] <= spans[b][0] for a, b in pairwise(r)))


@lru_cache(maxsize=8)
def _index(form: Form) -> LabelIndex:
    return LabelIndex(form)


def _events(document: Document, form: Form) -> list[Event]:
    return events_of(document.norm, lex(document.norm, has_grid(document.media_type)), _index(form))


def _row_labels(
    form: Form, rows: Sequence[Sequence[int]], spans: Mapping[int, Span], labels: Sequence[Event]
) -> dict[int, Span]:
    """The last label of each row that stands before its figures and behind those of the row before."""
    out: dict[int, Span] = {}
    for n, row in enumerate(rows):
        first = form.fields[row[0]]
        after = spans[rows[n - 1][-1]][1] if n else 0
        here = [e for e in labels if after <= e.start and e.end <= spans[row[0]][0]]
        mine = [e for e in here if any((x.role, x.table, x.ref) == ("row", first.table, first.row) for x in e.labels)]
        if mine:
            out[n] = mine[-1].start, mine[-1].end
    return out


def _headings(
    form: Form, rows: Sequence[Sequence[int]], spans: Mapping[int, Span], labels: Sequence[Event]
) -> dict[str, Header]:
    """The headings of each matrix that stand before its first figure; one that stands twice is left out."""
    out: dict[str, Header] = {}
    for table in form.tables:
        mine = [i for r in rows for i in r if form.fields[i].table == table.id]
        if len(table.blocks) > 1 or table.blocks[0].layout == "band" or not mine:
            continue
        first = min(spans[i][0] for i in mine)
        seen: dict[str, list[Span]] = {}
        for e in labels:
            for x in e.labels:
                if x.role == "column" and x.table == table.id:
                    seen.setdefault(x.ref, []).append((e.start, e.end))
        before = {column: [p for p in places if p[1] <= first] for column, places in seen.items()}
        again = [p[0] for column in seen for p in seen[column] if p[0] > first and not _is_row(labels, p, table.id)]
        columns = {column: places[0] for column, places in before.items() if len(places) == 1}
        out[table.id] = Header(columns, min(again, default=spans[mine[-1]][1]))
    return out


def _is_row(labels: Sequence[Event], place: Span, table: str) -> bool:
    """Whether the words at ``place`` may as well be a row label of the table (其他, 总计)."""
    event = next(e for e in labels if (e.start, e.end) == place)
    return any(x.role == "row" and x.table == table for x in event.labels)


# What the reader makes of a text


def read_text(text: str, name: str, forms: Sequence[Form]) -> Extraction:
    """The reader's answer; AssertionError where it finds a changed text unreadable, which it never may."""
    try:
        return extract(read_bytes(text.encode(), name), forms)
    except ReportUnreadable as exc:
        raise AssertionError(f"{name}: a changed text is always readable, and this is not: {exc}") from exc


def raised(got: Extraction) -> frozenset[tuple[str, str]]:
    """The hard rules that fail on the print, or once empty cells count as none."""
    failed = (f for f in got.findings if f.severity == "hard" and Verdict.FAIL in (f.verdict, f.blank_as_zero))
    return frozenset((f.rule, f.instance) for f in failed)


def accepted_wrong(got: Extraction, form: Form, truth: Sequence[Number | None]) -> frozenset[int]:
    """Accepted cells with another value than the original; under another form, every accepted cell.

    A cell accepted as empty is wrong only where the original prints a figure other than 0.
    """
    same = got.form == form.id
    pairs = zip(got.resolved, got.decisions, strict=True)
    return frozenset(r.field for r, d in pairs if d.outcome == ACCEPT and not (same and _holds(r, truth[r.field])))


def _holds(got: Resolved, truth: Number | None) -> bool:
    return not truth if got.status is Status.BLANK else got.value == truth
