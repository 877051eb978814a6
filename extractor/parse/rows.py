"""The figures of one printed row to the n cells of the form's row.

The count of figures is an anchor of its own: n figures for n columns is a reading, anything else is
several, and only what all of them agree on is given as a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

from extractor.layout.events import DASHES, EMPTY, GLUED, NUMBER, Event
from extractor.parse.cuts import RowSum, cut_apart

NUMBER_CELL, BLANK_CELL, LOST_CELL, UNKNOWN_CELL = "number", "blank", "lost", "unknown"
# So many readings of glued digits are kept, those under which the row's own sum holds first.
_MOST_KEPT = 60


class Square(NamedTuple):
    """One cell of a row reading: where it is printed, or that it is blank, lost or undecided."""

    kind: str
    start: int = -1
    end: int = -1
    codes: tuple[str, ...] = ()


_square = partial(tuple.__new__, Square)  # of all four parts; half the time, as in ``types``


class RowReading(NamedTuple):
    """``exact`` where count and place leave one reading; ``alternatives`` are the others in doubt."""

    squares: tuple[Square, ...]
    exact: bool
    codes: tuple[str, ...]
    alternatives: tuple[tuple[Square, ...], ...] = ()
    strays: tuple[Event, ...] = ()


def square(e: Event) -> Square:
    """The cell that one token is: a figure, or an empty or dashed cell."""
    if e.kind == EMPTY or e.kind == DASHES:
        return Square(BLANK_CELL, e.start if e.kind == DASHES else -1, e.end if e.kind == DASHES else -1)
    return Square(NUMBER_CELL, e.start, e.end)


def read_row(
    tokens: Sequence[Event], n: int, own_row: int | None, norm: str, html: bool = False, column: int | None = None, tight: bool = False,
    row_sum: RowSum | None = None,
) -> RowReading:  # fmt: skip
    """Read the tokens after a row label as the row's ``n`` cells.

    ``own_row`` is the printed row of the label where the text marks rows: tokens of other rows are
    strays then. In unmarked text the line that holds exactly n figures wins. ``column`` is the cell
    where the table's figures begin, where its undamaged rows agree on one; ``tight`` says that in all
    of them the figures begin right behind the label. ``row_sum`` is the row's own sum: where glued
    digits can be cut in more ways than can be kept, it says which are kept.
    """
    if len(tokens) == n and _whole(tokens, own_row):
        return RowReading(tuple([_square((NUMBER_CELL, t.start, t.end, ())) for t in tokens]), True, ())
    if GLUED in [t.kind for t in tokens]:
        return _glued(tokens, n, norm, row_sum)
    tokens, strays = _own_line(_without_page_mark(tokens, n), n, own_row)
    reading = _place(_merge_split(tokens), n, html, norm, loose=not html and not any(t.hard for t in tokens))
    if not reading.exact and column is not None:
        reading = _at_column(tokens, n, column) or reading
    if not reading.exact and tight and len(tokens) >= n and all(t.kind == EMPTY for t in tokens[n:]):
        squares = tuple(_merge_split(tokens[:n]))
        # A row that marks its blanks with dashes does not end in blanks without one: its end was cut.
        cut = tokens[n - 1].kind == EMPTY and any(t.kind == DASHES for t in tokens)
        reading = RowReading(squares, True, ()) if len(squares) == n and not cut else reading
    return reading._replace(strays=tuple(strays), codes=reading.codes + (("STRAY_FIGURE",) if strays else ()))


def _whole(tokens: Sequence[Event], own_row: int | None) -> bool:
    """Figures and nothing else, in the label's own row where rows are marked: the usual case."""
    for t in tokens:  # noqa: SIM110 - a generator would cost more than what it looks at
        if t.kind != NUMBER or t.split or (own_row is not None and t.row != own_row):
            return False
    return True


def _at_column(tokens: Sequence[Event], n: int, column: int) -> RowReading | None:
    """The n cells from the table's own first figure column on, where nothing printed stands outside them."""
    inside = [t for t in tokens if column <= t.cell < column + n]
    if [t.cell for t in inside] != list(range(column, column + n)):
        return None
    if any(t.kind != EMPTY for t in tokens if not column <= t.cell < column + n):
        return None
    return RowReading(tuple(square(t) for t in inside), True, ())


def _without_page_mark(tokens: Sequence[Event], n: int) -> Sequence[Event]:
    """A page number between dashes behind a whole row, where a text on one line keeps it between the cells."""
    kinds = [t.kind for t in tokens[-3:]]
    if len(tokens) == n + 3 and kinds == [DASHES, NUMBER, DASHES] and not any(t.hard for t in tokens[-3:]):
        return tokens[:-3]
    return tokens


def _own_line(tokens: Sequence[Event], n: int, own_row: int | None) -> tuple[list[Event], list[Event]]:
    """The tokens that stand with the label, and figures that stand elsewhere."""
    if own_row is not None and any(t.hard and t.row == own_row for t in tokens):
        own = [t for t in tokens if t.row == own_row]
        return own, [t for t in tokens if t.row != own_row and t.kind != EMPTY]
    if own_row is not None and any(t.hard for t in tokens):
        # Nothing stands in the label's own printed row: what follows may be its rest or another row's.
        return list(tokens), [t for t in tokens if t.kind != EMPTY]
    figures = [t for t in tokens if t.kind != EMPTY]
    if len(figures) <= n:
        return list(tokens), []
    lines: dict[int, int] = {}
    for t in figures:
        lines[t.line] = lines.get(t.line, 0) + 1
    full = [line for line, count in lines.items() if count == n]
    if n > 1 and len(full) == 1:
        return [t for t in tokens if t.line == full[0]], [t for t in figures if t.line != full[0]]
    if n == 1 and lines.get(figures[0].line) == 1:
        return [figures[0]], figures[1:]
    return list(tokens), []


def _merge_split(tokens: Sequence[Event]) -> list[Square]:
    out: list[Square] = []
    for t in tokens:
        if t.split and out and out[-1].kind == NUMBER_CELL:
            out[-1] = Square(NUMBER_CELL, out[-1].start, t.end, ("DIGITS_SPLIT",))
        else:
            out.append(square(t))
    return out


def _printed(s: Square) -> bool:
    return s.start >= 0


def _place(cells: Sequence[Square], n: int, html: bool, norm: str, loose: bool) -> RowReading:
    """Fit delimited or ``loose`` cells, between which nothing but blanks stands, into n columns.

    Outside HTML an empty cell at either end may be a merged label's square or padding, so it never
    counts as a cell of the row by itself.
    """
    printed = [i for i, s in enumerate(cells) if _printed(s)]
    if not printed:
        if len(cells) >= n:
            return RowReading((Square(BLANK_CELL),) * n, True, ())
        return RowReading((Square(LOST_CELL),) * n, False, ("FIELD_LOST",))
    core = cells[printed[0] : printed[-1] + 1]
    if html and len(cells) > n and not (len(core) == n == len(printed) and printed[0] == 0):
        return _long(cells, n, norm)
    if len(core) == n:
        return RowReading(tuple(core), True, ())
    if html and len(cells) == n:
        return RowReading(tuple(cells), True, ())
    if len(core) > n:
        return _long(core, n, norm)
    short = _short(core, n, norm, loose, html)
    if len(cells) < n:
        return short
    windows = _windows(cells, printed, n)
    if printed[0] == 0:
        return _agree([*windows, short.squares], ("AMBIGUOUS_PLACE",))  # which nothing proves, so the likely readings will do
    # The empty cells may be no cells of the row, so whatever is a reading without them is still one: what is proven is proven against all.
    return _agree([short.squares, *windows, *short.alternatives], short.codes)


def _windows(cells: Sequence[Square], printed: Sequence[int], n: int) -> list[tuple[Square, ...]]:
    """Every run of n cells that holds all that is printed."""
    low = max(0, printed[-1] - n + 1)
    high = min(printed[0], len(cells) - n)
    return [tuple(cells[k : k + n]) for k in range(low, high + 1)]


def _long(core: Sequence[Square], n: int, norm: str) -> RowReading:
    """More figures than columns: one is stray, or one figure was cut in two."""
    extra = len(core) - n
    # Zeros read the same wherever the stray one is; other digits might be one figure cut in two.
    if all(_printed(c) and norm[c.start : c.end] == "0" for c in core):
        return RowReading(tuple(core[:n]), True, ("EQUAL_READINGS",))
    if extra > 3:
        return RowReading((Square(UNKNOWN_CELL),) * n, False, ("COUNT_LONG", "AMBIGUOUS_PLACE"))
    options = [tuple(c for i, c in enumerate(core) if i not in drop) for drop in combinations(range(len(core)), extra)]
    if extra == 1:
        for i in range(len(core) - 1):
            a, b = core[i], core[i + 1]
            if a.kind == b.kind == NUMBER_CELL and norm[a.start] != "0":
                joined = Square(NUMBER_CELL, a.start, b.end, ("DIGITS_SPLIT",))
                options.append((*core[:i], joined, *core[i + 2 :]))
    return _agree(options, ("COUNT_LONG",))


def _short(core: Sequence[Square], n: int, norm: str, loose: bool, html: bool) -> RowReading:
    """Fewer figures than columns: the edge was cut, cells inside are gone without a trace, or what divided two of them is.

    Where only blanks divide them, two figures that lost theirs are readings of their own; where a tab or a line end does, that is rare
    enough not to be read so, and still no other reading is the only one.
    """
    k = len(core)
    options: list[tuple[Square, ...]] = []
    for kept in combinations(range(n), k):
        row = [Square(LOST_CELL)] * n
        for at, c in zip(kept, core, strict=True):
            row[at] = c
        options.append(tuple(row))
    glued = [(*core[:i], *two, *core[i + 1 :]) for i, c in enumerate(core) for two in _halves(c, norm)] if k == n - 1 and not html else []
    codes = ("COUNT_SHORT", "READINGS_CUT") if glued and not loose else ("COUNT_SHORT",)
    options += glued if loose else []
    left = options[0]
    return RowReading(left, False, codes, tuple(options[1:]))


def _halves(c: Square, norm: str) -> list[tuple[Square, Square]]:
    """Every way to read the digits of one figure as two figures that lost the blank between them."""
    if c.kind != NUMBER_CELL or not norm[c.start : c.end].isdecimal():
        return []
    cuts = (at for at in range(c.start + 1, c.end) if norm[at] != "0" or at == c.end - 1)
    return [(Square(NUMBER_CELL, c.start, at, ("DIGITS_GLUED",)), Square(NUMBER_CELL, at, c.end, ("DIGITS_GLUED",))) for at in cuts]


def _agree(options: Sequence[tuple[Square, ...]], codes: tuple[str, ...]) -> RowReading:
    return RowReading(options[0], False, codes, tuple(options[1:]))


def _glued(tokens: Sequence[Event], n: int, norm: str, row_sum: RowSum | None) -> RowReading:
    """Digits without any space between them: every way to cut them into n figures without leading zeros."""
    parts = [t for t in tokens if t.kind != EMPTY]
    whole = [norm[t.start : t.end] for t in parts]
    if len(parts) == n and not any(t.split for t in parts):
        return RowReading(tuple(Square(NUMBER_CELL, t.start, t.end) for t in parts), True, ())
    if len(parts) != 1:
        return RowReading((Square(UNKNOWN_CELL),) * n, False, ("DIGITS_GLUED", "AMBIGUOUS_PLACE"))
    if parts[0].split:
        return RowReading((Square(UNKNOWN_CELL),) * n, False, ("DIGITS_GLUED", "AMBIGUOUS_PLACE"))
    start, digits = parts[0].start, whole[0]
    if len(digits) == n and not digits.strip("0"):
        return RowReading(tuple(Square(NUMBER_CELL, start + i, start + i + 1) for i in range(n)), True, ())
    # Of the readings left out, those whose own sum fails are no loss: the search would rule them out.
    cuts = cut_apart(digits, n, _MOST_KEPT, row_sum)
    if not cuts.kept:
        return RowReading((Square(UNKNOWN_CELL),) * n, False, ("DIGITS_GLUED", "AMBIGUOUS_PLACE"))
    squares = {place: Square(NUMBER_CELL, start + place[0], start + place[1], ("DIGITS_GLUED",)) for place in {p for cut in cuts.kept for p in cut}}
    options = [tuple([squares[place] for place in cut]) for cut in cuts.kept]
    if not cuts.complete:
        return _agree(options, ("DIGITS_GLUED", "READINGS_CUT"))
    return _agree(options, ("DIGITS_GLUED", "ONE_CUT") if len(options) == 1 else ("DIGITS_GLUED",))
