"""What a person said of cells, put into what was read: their rows lose the readings that say otherwise (docs/decision.md §6b)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from extractor.codes import PERSON
from extractor.form import Form
from extractor.reconcile.rows import frame
from extractor.types import Candidate, Resolved, Status, TableReading

# Doubts about the row that a line of figures belongs to, about what the columns are, and about the places between two ends.
OF_THE_ROW = frozenset({"LABEL_FUZZY", "LABEL_TRUNCATED", "NEXT_LABEL_LOST", "ROW_EMPTIED", "ROWS_MAY_BE_SLIPPED", "LABELS_DETACHED"})
OF_THE_COLUMN = frozenset({"HEADER_NOT_SEEN", "HEADER_PATH_WRONG", "HEADER_ORDER", "HEADER_PARTIAL", "HEADER_INCOMPLETE"})
BETWEEN = frozenset({"COUNT_SHORT", "ROWS_DRIFT", "ROWS_RAGGED", "PLACED_BY_COUNT", "COLUMN_MAJOR", "LABELS_INTERLEAVED", "OFF_LINE", "HEADER_PARTIAL", "HEADER_INCOMPLETE"})
# What says that the row shows other figures than those of its cells.
_MORE = frozenset({"COUNT_LONG", "EQUAL_READINGS", "STRAY_FIGURE", "FIGURE_GARBLED", "DIGITS_GLUED", "DIGITS_SPLIT", "ROW_REPEATED"})


def narrow(form: Form, readings: tuple[TableReading, ...], answers: Sequence[Candidate]) -> tuple[tuple[TableReading, ...], frozenset[int]]:
    """``readings`` without those that contradict an answer, and the fields of rows that had several and now have one.

    A row none of whose readings says what the person says keeps them all: the row was misread in a way that nobody thought of.
    """
    if not answers:
        return readings, frozenset()
    said = {a.field: _unseen(a) if a.status is Status.DEDUCED else a for a in answers}
    told: set[int] = set()
    out = []
    for table, reading in zip(form.tables, readings, strict=True):
        candidates = reading.candidates
        for row in frame(form, table).rows:
            mine = {i: said[i] for i in row if i in said}
            if mine:
                candidates, one = _row(candidates, frozenset(row), mine)
                told |= set(row) if one else set()
        out.append(replace(reading, candidates=candidates))
    return tuple(out), frozenset(told)


def _unseen(answer: Candidate) -> Candidate:
    """A deduced cell that a person agrees to is still not in the text."""
    return answer._replace(status=Status.LOST, value=None)


def _row(candidates: tuple[Candidate, ...], row: frozenset[int], said: Mapping[int, Candidate]) -> tuple[tuple[Candidate, ...], bool]:
    """The candidates of a table with one row narrowed, and whether that left one reading of several."""
    options = {c.option for c in candidates if c.field in row}
    against = {c.option for c in candidates if c.field in said and (c.status, c.value) != (said[c.field].status, said[c.field].value)}
    silent = {o for o in options if any(not any(c.option == o and c.field == i for c in candidates) for i in said)}
    kept = options - against - silent
    one = len(options) > 1 and len(kept) == 1
    kept = kept or options
    rest = [c for c in candidates if c.field not in row or (c.option in kept and c.field not in said)]
    rest += [a._replace(option=o) for o in sorted(kept or {0}) for a in said.values()]
    return tuple(rest), one


def fix(form: Form, resolved: tuple[Resolved, ...], answers: Sequence[Candidate]) -> tuple[Resolved, ...]:
    """``resolved`` with the answered cells as the person says, and the others without the doubts that this answers.

    Who agrees to a figure at its place says which row its line is and which column it stands in. So nobody need ask again to which
    row the other figures of the line belong, nor what its column is in other rows; and between two figures so agreed to there is one
    way to place as many figures as there are columns between them.
    """
    if not answers:
        return resolved
    out = list(resolved)
    for a in answers:
        out[a.field] = Resolved(a.field, a.status, a.value, a.printed, a.start, a.end, (PERSON,))
    seen = {a.field for a in answers if a.start >= 0 and a.status is Status.PRINTED}
    for table in form.tables:
        for block in table.blocks:
            _place(block.grid, out, seen)
    return tuple(out)


def _place(grid: Sequence[Sequence[int]], out: list[Resolved], seen: set[int]) -> None:
    """Take from the cells of one block the doubts that cells ``seen`` at their place answer."""
    columns = {c for row in grid for c, i in enumerate(row) if i in seen}
    for row in grid:
        known = [c for c, i in enumerate(row) if i in seen]
        # A row that holds more figures than cells may have those of a neighbour with it.
        own = not any("EQUAL_READINGS" in out[i].codes or "COUNT_LONG" in out[i].codes for i in row)
        of_the_row = OF_THE_ROW if known and own else frozenset()
        between = _between([out[i] for i in row], known)
        for c, i in enumerate(row):
            mine = of_the_row | (OF_THE_COLUMN if c in columns else frozenset()) | (BETWEEN if c in between else frozenset())
            if mine and not mine.isdisjoint(out[i].codes):
                out[i] = out[i]._replace(codes=tuple(x for x in out[i].codes if x not in mine))


def _between(row: Sequence[Resolved], known: Sequence[int]) -> set[int]:
    """Columns between two known ones with a figure in each, in the order of the columns, and no other figure among them."""
    out: set[int] = set()
    for first, last in pairwise(known):
        cells = row[first : last + 1]
        starts = [r.start for r in cells]
        if all(r.status is Status.PRINTED and r.start >= 0 and _MORE.isdisjoint(r.codes) for r in cells) and starts == sorted(set(starts)):
            out |= set(range(first, last + 1))
    return out
