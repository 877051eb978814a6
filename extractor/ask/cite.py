"""From the answers of rows to places in the text: tokens are taken from the cited figure on and read again character by character."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extractor.ask.region import Figure, Region
from extractor.ask.reply import AT, BLANK, ILLEGIBLE, LOST, ON, RowReply
from extractor.layout.events import DASHES, EMPTY
from extractor.text import normalise

_PLACE = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,6}))?")


class Cell(NamedTuple):
    """What an answer comes to: a stretch of the text, a blank or lost cell, or a ``code`` with its ``message``.

    ``figure`` is the index of its first figure in the region, -1 without one; ``passed`` says that empty cells stand
    between it and the answer before, and were not answered.
    """

    answer: str
    start: int = -1
    end: int = -1
    figure: int = -1
    passed: bool = False
    blank: bool = False
    codes: tuple[str, ...] = ()
    code: str = ""
    message: str = ""


class _At(NamedTuple):
    """Where reading goes on: a figure, and how many of its characters are taken already."""

    figure: int
    taken: int


@dataclass(slots=True)
class _Cursor:
    """The state along one row: where reading goes on (None: not known), and in which run of figures."""

    at: _At | None
    run: int


def read_rows(region: Region, rows: Sequence[RowReply]) -> list[tuple[Cell, ...]]:
    """The cells of each row, in order; a figure that was cut up counts only where its pieces are all used."""
    cursor = _Cursor(None, -1)
    read = [_row(region, cursor, row) for row in rows]
    return _cut_up(region, read)


def _row(region: Region, cursor: _Cursor, row: RowReply) -> list[Cell]:
    """The cells of one row; ``cursor`` is left where the next row may go on."""
    if row.at.strip() != ON:
        index = _find(region, row.at)
        cursor.at, cursor.run = (_At(index, 0), region.figures[index].run) if index >= 0 else (None, -1)
    answers = [parted(a) for a in row.cells]
    leading = _leading(answers)
    if leading == len(answers) and leading:
        return _all_empty(region, row.at, leading)
    index = cursor.at.figure if cursor.at is not None else -1
    cells = [_empty_before(region, index, leading - n) for n in range(leading)]
    return cells + [_one(region, cursor, token, place) for token, place in answers[leading:]]


def parted(answer: str) -> tuple[str, str]:
    """An answer as token and place; the place is empty where it has none, and an empty token is an empty cell."""
    token, _, place = answer.partition(AT)
    return normalise(token).strip() or BLANK, place.strip()


def _leading(answers: list[tuple[str, str]]) -> int:
    """How many empty cells stand before the row's first figure."""
    return next((n for n, (token, place) in enumerate(answers) if token != BLANK or place), len(answers))


def _find(region: Region, place: str) -> int:
    """The index of the figure that a reference names; -1 where there is none."""
    m = _PLACE.fullmatch(place.strip())
    return region.find(int(m[1]), int(m[2] or 1)) if m else -1


def _one(region: Region, cursor: _Cursor, token: str, place: str) -> Cell:
    if token == LOST:
        return Cell(LOST)
    if place:
        index = _find(region, place)
        cursor.at = _At(index, 0) if index >= 0 else None
        cursor.run = region.figures[index].run if index >= 0 else -1
    if token == ILLEGIBLE:
        _pass_over(region, cursor)
        return Cell(token, code="MODEL_ILLEGIBLE", message="something stands there that the model could not read")
    if token == BLANK:
        return _empty_next(region, cursor)
    return _figure(region, cursor, token)


def _figure(region: Region, cursor: _Cursor, token: str) -> Cell:
    """A figure or dash, held against the characters where reading goes on."""
    before, at = cursor.at, _skip_empty(region, cursor)
    if at is None:
        return _not_there(token, "no such place in the lines shown")
    got = _match(region, at, token, cursor.run)
    if got is None:
        found = region.figures[at.figure]
        shown = region.norm[found.start + at.taken : found.end]
        # One misread figure does not take the rest of its row along, unless the figure itself was being cut up.
        cursor.at = _next(region, at.figure, cursor.run) if not at.taken else None
        return _not_there(token, f"{shown!r} stands there (line {found.line}, figure {found.nth})")
    first, last = region.figures[at.figure], region.figures[got.figure if got.taken else got.figure - 1]
    start = first.start + at.taken
    end = region.figures[got.figure].start + got.taken if got.taken else last.end
    codes = ("DIGITS_SPLIT",) if last is not first else ()
    cursor.at = got if got.taken else _next(region, got.figure - 1, first.run)
    return Cell(token, start, end, at.figure, at != before, first.kind == DASHES, codes)


def _match(region: Region, at: _At, token: str, run: int) -> _At | None:
    """Where reading goes on after ``token``, None where the text does not say it; blanks in it part figures that follow each other."""
    figure, taken = at
    pieces = token.split()
    for piece in pieces:
        if figure >= len(region.figures) or region.figures[figure].run != run:
            return None
        shown = _characters(region, region.figures[figure])
        if not shown.startswith(piece, taken) or (len(pieces) > 1 and piece != shown):
            return None
        taken += len(piece)
        if taken == len(shown):
            figure, taken = figure + 1, 0
    return _At(figure, taken)


def _characters(region: Region, figure: Figure) -> str:
    return region.norm[figure.start : figure.end]


def _cut_up(region: Region, rows: Sequence[Sequence[Cell]]) -> list[tuple[Cell, ...]]:
    """Cells that share one run of digits say so; where they leave some of it over, none of them is what the text shows."""
    whole = {(f.start, f.end) for f in region.figures if f.nth}
    used: dict[int, int] = {}
    starts = [f.start for f in region.figures]
    for cell in (c for row in rows for c in row if not c.code and c.start >= 0):
        if not cell.codes and (cell.start, cell.end) not in whole:
            figure = bisect_right(starts, cell.start) - 1
            used[figure] = used.get(figure, 0) + cell.end - cell.start
    return [tuple(_piece(region, starts, used, c) for c in row) for row in rows]


def _piece(region: Region, starts: Sequence[int], used: Mapping[int, int], cell: Cell) -> Cell:
    """``cell`` as it is, or as one of the pieces of a figure that was cut up, or as no figure at all."""
    number = bisect_right(starts, cell.start) - 1
    if cell.code or cell.start < 0 or number not in used:
        return cell
    figure = region.figures[number]
    if used[number] == figure.end - figure.start:
        return cell._replace(codes=(*cell.codes, "DIGITS_GLUED"))
    return _not_there(cell.answer, f"it is a part of {_characters(region, figure)!r} (line {figure.line}, figure {figure.nth})")


def _not_there(token: str, why: str) -> Cell:
    return Cell(token, code="MODEL_NOT_GROUNDED", message=f"{token!r} does not stand at the place given: {why}")


# ---------------------------------------------------------------- empty cells


def _next(region: Region, figure: int, run: int) -> _At | None:
    """The figure after ``figure`` in its run; None at the end of the run, for what follows a word needs a place of its own."""
    after = figure + 1
    return _At(after, 0) if after < len(region.figures) and region.figures[after].run == run else None


def _skip_empty(region: Region, cursor: _Cursor) -> _At | None:
    at = cursor.at
    while at is not None and region.figures[at.figure].kind == EMPTY:
        at = _next(region, at.figure, cursor.run)
    return at


def _pass_over(region: Region, cursor: _Cursor) -> None:
    if cursor.at is not None:
        cursor.at = _next(region, cursor.at.figure, cursor.run)


def _empty_next(region: Region, cursor: _Cursor) -> Cell:
    at = cursor.at
    if at is None or region.figures[at.figure].kind != EMPTY:
        return Cell(BLANK, code="MODEL_NOT_GROUNDED", message="the text does not show an empty cell there")
    cursor.at = _next(region, at.figure, cursor.run)
    return Cell(BLANK, blank=True)


def _empty_before(region: Region, index: int, back: int) -> Cell:
    """The empty cell ``back`` places before the row's first figure."""
    at = index - back
    if index < 0 or at < 0 or region.figures[at].kind != EMPTY or region.figures[at].run != region.figures[index].run:
        return Cell(BLANK, code="MODEL_NOT_GROUNDED", message="the text does not show an empty cell there")
    return Cell(BLANK, blank=True)


def _all_empty(region: Region, place: str, count: int) -> list[Cell]:
    """A row of nothing but empty cells: its line must show as many."""
    m = _PLACE.fullmatch(place.strip())
    shown = sum(f.line == int(m[1]) and f.kind == EMPTY for f in region.figures) if m else 0
    if shown >= count:
        return [Cell(BLANK, blank=True)] * count
    return [Cell(BLANK, code="MODEL_NOT_GROUNDED", message=f"the line given shows {shown} empty cells and the row has {count}")] * count
