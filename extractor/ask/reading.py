"""A reply to candidates: every token is read again at the place that was cited, and what does not stand there is no candidate.

What becomes of an answer without a candidate is an outcome with a code (``extractor.codes.MODEL_CODES``): nothing that was
asked, and nothing that was answered, goes missing silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extractor.ask.asking import Asked
from extractor.ask.cite import Cell, read_rows
from extractor.ask.place import RowPlace, rows_of
from extractor.ask.region import Figure, Region
from extractor.ask.reply import LOST, RowReply, TableReply
from extractor.form import Form
from extractor.layout.events import LABEL
from extractor.numerals import read_number
from extractor.types import Candidate, Document, Status

MODEL = "model"
# Longer names first: 万元 holds 元.
_MONEY = ("亿元", "万元", "千元", "百元", "元")


class Outcome(NamedTuple):
    """What became of an answer that gave no candidate; ``field`` is -1 where it belongs to no cell of the form."""

    field: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ModelReading:
    """What one or several replies give: candidates that stand in the text, and an outcome for every other answer."""

    candidates: tuple[Candidate, ...]
    outcomes: tuple[Outcome, ...]


class _Row(NamedTuple):
    """A row as answered: its place in the form, and what each of its cells comes to."""

    place: RowPlace
    cells: tuple[Cell, ...]


def candidates(form: Form, document: Document, asked: Asked, reply: TableReply, producer: str = MODEL) -> ModelReading:
    """What ``reply`` reads of the cells that ``asked`` wants. Pure: no reader's finding and no sum of the form takes part.

    ``producer`` names the reader in each candidate. ``gather`` gives the answers to several questions options of their own.
    """
    rows, outcomes = _rows(asked, reply)
    found: list[Candidate] = []
    labelled = _labelled(asked.region, asked.table)
    for row in rows:
        codes = _place_codes(form, asked, row, labelled)
        for field, cell in zip(row.place.fields, row.cells, strict=True):
            if field not in asked.fields:
                continue
            if cell.code:
                outcomes.append(Outcome(field, cell.code, f"{form.fields[field].id}: {cell.message}"))
            else:
                found.append(_candidate(form, document, asked, field, cell, codes)._replace(producer=producer))
    mine = ModelReading(tuple(found), tuple(outcomes))
    return _apart(form, mine)


def gather(form: Form, parts: Sequence[tuple[Asked, ModelReading]]) -> ModelReading:
    """The readings of all questions about one report as one, first asked first.

    A figure that two cells claim is neither's. A cell is lost only where no window shows it. A figure that no cell claims,
    beside one that a cell does, may be that cell's: ``STRAY_FIGURE``.
    """
    seen = {c.field for _, r in parts for c in r.candidates if c.status is not Status.LOST}
    found = list(_told_apart(form, parts))
    kept = [c for c in found if c.status is not Status.LOST or c.field not in seen]
    held = {c.field for c in kept}
    outcomes = [o for _, r in parts for o in r.outcomes if not (o.code == "MODEL_OMITTED" and o.field in held)]
    whole = _apart(form, ModelReading(tuple(kept), tuple(dict.fromkeys(outcomes))))
    beside = set(_beside_strays(form, [a for a, _ in parts], whole.candidates))
    marked = tuple(c._replace(codes=(*c.codes, "STRAY_FIGURE")) if c.start in beside else c for c in whole.candidates)
    return ModelReading(marked, whole.outcomes)


def _told_apart(form: Form, parts: Sequence[tuple[Asked, ModelReading]]) -> Iterator[Candidate]:
    """The candidates of each question under an ``option`` of its own; a row that was read just so before is left out."""
    asked: Counter[str] = Counter()
    known: set[tuple[object, ...]] = set()
    for question, reading in parts:
        option = asked[question.table]
        asked[question.table] += 1
        rows: dict[tuple[str, str], list[Candidate]] = {}
        for c in reading.candidates:
            rows.setdefault(_row_of(form, c), []).append(c._replace(option=option))
        for row in rows.values():
            same = {(c.field, c.status, c.start, c.end, c.producer) for c in row}
            if not same <= known:
                known |= same
                yield from row


# ---------------------------------------------------------------- rows


def _rows(asked: Asked, reply: TableReply) -> tuple[list[_Row], list[Outcome]]:
    """The rows that were asked for and answered once with the right number of cells; an outcome for every other."""
    outcomes: list[Outcome] = []
    wanted = {r.number for r in asked.rows}
    counts = Counter(r.row for r in reply.rows)
    outcomes += [Outcome(-1, "MODEL_INVENTED", f"{asked.table}: row {n} was not asked for") for n in counts if n not in wanted]
    answers = {r.row: r for r in reply.rows}
    sound: list[RowPlace] = []
    for place in asked.rows:
        fault = _fault(place, counts[place.number], answers.get(place.number))
        if fault:
            outcomes += [Outcome(i, fault[0], f"{asked.table}: row {place.number} {fault[1]}") for i in place.fields if i in asked.fields]
        else:
            sound.append(place)
    cells = read_rows(asked.region, [answers[place.number] for place in sound])
    return [_Row(*row) for row in zip(sound, cells, strict=True)], outcomes


def _fault(place: RowPlace, times: int, answer: RowReply | None) -> tuple[str, str] | None:
    """Why a row's answer says nothing about its cells, or None."""
    if answer is None:
        return "MODEL_OMITTED", "was not answered"
    if times > 1:
        return "MODEL_REPEATED", f"was answered {times} times"
    given, wanted = len(answer.cells), len(place.fields)
    if given != wanted:
        code = "MODEL_OMITTED" if given < wanted else "MODEL_INVENTED"
        return code, f"was answered with {given} cells and has {wanted}, so which is which is not known"
    return None


# ---------------------------------------------------------------- cells


def _candidate(form: Form, document: Document, asked: Asked, field: int, cell: Cell, codes: tuple[str, ...]) -> Candidate:
    if cell.answer == LOST:
        return Candidate(field, Status.LOST, None, "", -1, -1)
    if cell.blank:
        printed = document.text[cell.start : cell.end] if cell.start >= 0 else ""
        return Candidate(field, Status.BLANK, None, printed, cell.start, cell.end, codes)
    kind = form.fields[field]
    unit = _unit(form, asked, field) if kind.kind == "amount" else None
    value, more = read_number(document.norm[cell.start : cell.end], kind.kind, unit)
    printed = document.text[cell.start : cell.end]
    return Candidate(field, Status.PRINTED, value, printed, cell.start, cell.end, codes + cell.codes + more)


def _unit(form: Form, asked: Asked, field: int) -> str | None:
    """The money unit that the text prints in the headers over this cell; None where there is none, or two."""
    place = next(r for r in asked.rows if field in r.fields)
    column = place.fields.index(field)
    said: set[str] = set()
    for e in asked.region.events:
        mine = e.kind == LABEL and any((x.table, x.block, x.role, x.position) == (asked.table, place.block, "column", column) for x in e.labels)
        if mine:
            words = "".join(asked.region.words(e).split())
            said.update([e.unit] if e.unit else [u for u in _MONEY if u in words][:1])
    return said.pop() if len(said) == 1 else None


def _place_codes(form: Form, asked: Asked, row: _Row, labelled: Mapping[int, frozenset[tuple[int, int]]]) -> tuple[str, ...]:
    """What speaks against the place of a whole row: cells that do not add up, another order, another row's label beside it."""
    found = [c for c in row.cells if not c.code and c.figure >= 0]
    codes = []
    if found and any(c.answer == LOST for c in row.cells):
        codes.append("COUNT_SHORT")
    if any(c.code == "MODEL_NOT_GROUNDED" or c.passed for c in row.cells):
        codes.append("MODEL_ROW_UNEVEN")
    starts = [c.start for c in found]
    if starts != sorted(starts) or _in_other_columns(form, asked, row):
        codes.append("MODEL_ORDER")
    beside = [labelled.get(asked.region.figures[c.figure].run) for c in found]
    if any(b and (row.place.block, row.place.position) not in b for b in beside):
        codes.append("MODEL_OTHER_ROW")
    return tuple(codes)


def _in_other_columns(form: Form, asked: Asked, row: _Row) -> bool:
    """Whether the run shows just the cells of the row, or of the whole band, and some figure was not taken from its own place."""
    block = form.table(asked.table).blocks[row.place.block]
    band = block.layout == "band"
    before = row.place.position * len(block.columns) if band else 0
    wanted = len(block.columns) * (len(block.rows) if band else 1)
    for column, cell in enumerate(row.cells):
        if not cell.code and cell.figure >= 0:
            first, count = _run_around(asked.region, cell.figure)
            if count == wanted and not cell.codes and cell.figure - first != before + column:
                return True
    return False


def _run_around(region: Region, figure: int) -> tuple[int, int]:
    """Where the run of a figure begins and how many cells it has; empty ones at its ends are no cells, for labels leave some."""
    run = region.figures[figure].run
    first = last = figure
    while first and region.figures[first - 1].run == run:
        first -= 1
    while last + 1 < len(region.figures) and region.figures[last + 1].run == run:
        last += 1
    while not region.figures[first].nth:
        first += 1
    while not region.figures[last].nth:
        last -= 1
    return first, last - first + 1


def _labelled(region: Region, table: str) -> dict[int, frozenset[tuple[int, int]]]:
    """For each run of figures behind exactly one row label of the table, the rows that this label names."""
    out: dict[int, frozenset[tuple[int, int]]] = {}
    named: list[frozenset[tuple[int, int]]] = []
    runs = {f.start: f.run for f in region.figures if f.nth}
    last = -1
    for e in region.events:
        if e.kind == LABEL:
            rows = frozenset((x.block, x.position) for x in e.labels if x.role == "row" and x.table == table)
            named += [rows] if rows else []
        elif e.start in runs and runs[e.start] != last:
            last = runs[e.start]
            if len(named) == 1:
                out[last] = named[0]
            named = []
    return out


def _apart(form: Form, reading: ModelReading) -> ModelReading:
    """Cells that claim the same characters give up their candidates: which of them is right is not known.

    Two readings of one row, under options of their own, may differ about its figures; they exclude each other anyway.
    """
    printed = sorted((c for c in reading.candidates if c.start >= 0), key=lambda c: (c.start, c.end))
    shared: set[int] = set()
    for n, c in enumerate(printed):
        for other in printed[n + 1 :]:
            if other.start >= c.end:
                break
            rivals = c.option != other.option and _row_of(form, c) == _row_of(form, other)
            if c.field != other.field and not rivals:
                shared |= {c.field, other.field}
    if not shared:
        return reading
    outcomes = [
        Outcome(c.field, "MODEL_TOKEN_SHARED", f"{form.fields[c.field].id}: {c.printed!r} at {c.start} was given for another cell as well")
        for c in printed
        if c.field in shared
    ]
    kept = tuple(c for c in reading.candidates if c.field not in shared or c.start < 0)
    return ModelReading(kept, reading.outcomes + tuple(dict.fromkeys(outcomes)))


def _row_of(form: Form, c: Candidate) -> tuple[str, str]:
    return form.fields[c.field].table, form.fields[c.field].row


def _beside_strays(form: Form, asked: Sequence[Asked], found: Sequence[Candidate]) -> Iterator[int]:
    """Where the cells begin that share run and line with a figure that no cell claims.

    Of a table of which not all rows were asked for, the other figures may be the other rows'.
    """
    taken = [False] * (max((c.end for c in found), default=0) + 1)
    for c in found:
        taken[max(c.start, 0) : max(c.end, 0)] = [True] * (c.end - c.start)
    rows: dict[str, set[int]] = {}
    for a in asked:
        rows.setdefault(a.table, set()).update(r.number for r in a.rows)
    for a in asked:
        if len(rows[a.table]) < len(rows_of(form.table(a.table))):
            continue
        lines: dict[tuple[int, int], list[Figure]] = {}
        for f in a.region.figures:
            if f.nth:
                lines.setdefault((f.run, f.line), []).append(f)
        for line in lines.values():
            if any(not any(taken[f.start : f.end]) for f in line):
                yield from (at for f in line for at in range(f.start, f.end))
