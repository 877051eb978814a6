"""What the rows of one table say of each other: where their figures begin, which are cut, long or drifting, what the header binds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from extractor.form import Block, Table
from extractor.layout.events import EMPTY, GLUED
from extractor.numerals import LONGEST
from extractor.parse.rows import BLANK_CELL, LOST_CELL, RowReading, Square, square
from extractor.parse.walk import FIGURES, Owner

# So many undamaged rows show how a table is laid out.
_FEW_ROWS = 3


@dataclass(frozen=True)
class Rows:
    """The labelled rows of a table, by the number of their owner.

    ``rows_marked``: the text marks where a printed row ends; ``html``: in cells. ``blank_habit``: zeros may be left empty
    in this table, since empty cells stand between figures in two rows.
    """

    table: Table
    norm: str
    html: bool
    rows_marked: bool
    blank_habit: bool
    rows: Sequence[tuple[int, Owner]]

    @property
    def marked(self) -> bool:
        """An empty cell leaves a mark."""
        return self.rows_marked or self.html

    def mark_width(self, readings: dict[int, RowReading]) -> None:
        """Rows of a table in which others lack cells or have too many: no damage is confined to the rows that show it."""
        damaged = {o.block for i, o in self.rows if o.tokens and {"COUNT_LONG", "COUNT_SHORT", "EDGE_CUT", "EQUAL_READINGS"} & set(readings[i].codes)}
        for i, o in self.rows:
            if o.block in damaged and readings[i].exact:
                # Where zeros are left empty too, no sum tells a shifted row from one that is in its place.
                blank = self.blank_habit and any(s.kind == BLANK_CELL for s in readings[i].squares) and "ROWS_DRIFT" not in readings[i].codes
                readings[i] = readings[i]._replace(codes=(*readings[i].codes, *(("ROWS_DRIFT",) if blank else ()), "WIDTH_VARIES"))

    def mark_left_out(self, readings: dict[int, RowReading]) -> None:
        """Glued digits in a table of which a row has too few for its columns: cells leave no trace here, so the row may hold fewer figures than columns."""
        if not any(self._too_few(o) for _, o in self.rows):
            return
        for i, o in self.rows:
            if "DIGITS_GLUED" in readings[i].codes and len(self.table.blocks[o.block].columns) > 1:
                codes = dict.fromkeys((*readings[i].codes, "READINGS_CUT"))
                readings[i] = readings[i]._replace(codes=tuple([c for c in codes if c != "ONE_CUT"]))

    def _too_few(self, owner: Owner) -> bool:
        """A digit for each column is the least that a row without a gap can show."""
        parts = [t for t in owner.tokens if t.kind != EMPTY]
        return len(parts) == 1 and parts[0].kind == GLUED and not parts[0].split and parts[0].end - parts[0].start < len(self.table.blocks[owner.block].columns)

    def mark_drift(self, readings: dict[int, RowReading]) -> None:
        """In a table whose width drifts a row that fits is in doubt where blanks could hide a stray cell, or between long rows."""
        long = [i for i, _ in self.rows if {"COUNT_LONG", "EQUAL_READINGS"} & set(readings[i].codes)]
        # Cells too many and cells too few in one table: together they make a row that fits.
        short = any({"COUNT_SHORT", "EDGE_CUT"} & set(readings[i].codes) for i, _ in self.rows)
        widths: dict[int, list[int]] = {}
        for _, o in self.rows:
            widths.setdefault(o.cell, []).append(len(o.tokens))
        usual = {cell: max(set(lengths), key=lengths.count) for cell, lengths in widths.items()}
        order = [i for i, _ in self.rows]
        for k, (i, o) in enumerate(self.rows):
            if not readings[i].exact or i in long:
                continue
            n = len(self.table.blocks[o.block].columns)
            blank = any(s.kind == BLANK_CELL for s in readings[i].squares)
            spare = bool(long) and len(o.tokens) > n and (self.html or not self._uniform(o))
            between = 0 < k < len(order) - 1 and order[k - 1] in long and order[k + 1] in long
            wider = not self.html and len(o.tokens) > usual[o.cell]
            if spare or between or (blank and (long or wider)) or (long and short):
                readings[i] = readings[i]._replace(codes=(*readings[i].codes, "ROWS_DRIFT"))

    def _uniform(self, owner: Owner) -> bool:
        """The cells that are not empty all show the same."""
        return len({self.norm[t.start : t.end] for t in owner.tokens if t.kind != EMPTY}) == 1

    def bind_to_header(self, readings: dict[int, RowReading]) -> None:
        """Rows under a header that lacks columns: bound by it where they hold as many figures as it shows, else in doubt.

        A header cut at the edge of a page binds the rows down to the first whole one; any other only where no row is
        whole. A row that has all its figures is left to its own sum, unless all of them are equal, which no lost or
        stray cell can change; where few rows are whole under a header that is not merely cut, they are in doubt too.
        """
        for block in self.table.blocks:
            mine = [(i, o) for i, o in self.rows if o.block == block.number]
            seen = [c.id for c in block.columns if any(c.id in o.headers for _, o in mine)]
            if not seen or len(seen) == len(block.columns):
                continue
            full = {i for i, _ in mine if readings[i].exact and all(s.start >= 0 for s in readings[i].squares)}
            cut = seen == [c.id for c in block.columns][: len(seen)]
            under = self._under_cut_header(mine, full) if cut else [] if full else mine
            counts = [o.figures for _, o in under if o.figures]
            fit = counts.count(len(seen))
            long = any("COUNT_LONG" in readings[i].codes for i, _ in mine)
            binds = fit >= _FEW_ROWS and not long and not self.blank_habit and max(counts) == len(seen) and (fit == len(counts) or (self.marked and (cut or 3 * fit >= 2 * len(counts))))
            for i, o in mine:
                readings[i] = self._under_partial_header(readings[i], o, block, seen, i in full, cut or 2 * len(full) >= len(mine), binds and (i, o) in under)

    def _under_cut_header(self, mine: Sequence[tuple[int, Owner]], full: set[int]) -> list[tuple[int, Owner]]:
        """The rows down to the first whole one: those of the page whose edge was cut off together with the header's."""
        out: list[tuple[int, Owner]] = []
        for i, o in mine:
            if i in full:
                break
            out.append((i, o))
        return out

    def _under_partial_header(self, reading: RowReading, owner: Owner, block: Block, seen: Sequence[str], full: bool, trusted: bool, bound: bool) -> RowReading:
        """One row under a header that lacks columns."""
        if full and trusted:
            varied = len({self.norm[s.start : s.end] for s in reading.squares}) > 1
            return reading._replace(codes=(*reading.codes, "HEADER_PARTIAL")) if varied else reading
        if bound and (under := self._bound(owner, block, seen)):
            return under
        if bound and "EDGE_CUT" in reading.codes and owner.figures < len(seen):
            return reading
        return reading._replace(codes=(*reading.codes, "HEADER_INCOMPLETE"))

    def _bound(self, owner: Owner, block: Block, seen: Sequence[str]) -> RowReading | None:
        """The row's figures in the columns that the header shows, where it has as many."""
        if owner.figures != len(seen) or any(t.kind == GLUED or t.split for t in owner.tokens):
            return None
        figures = iter([square(t) for t in owner.tokens if t.kind in FIGURES])
        squares = tuple(next(figures) if c.id in seen else Square(LOST_CELL) for c in block.columns)
        return RowReading(squares, True, ("HEADER_BINDS",))

    def under_header(self, owner: Owner) -> RowReading | None:
        """The row cell by cell under its header, where header and row are printed rows that end in the same cell."""
        cells = [t.cell for t in owner.tokens]
        if not owner.header_cells or tuple(cells) != owner.header_cells or any(t.row != owner.row or t.split for t in owner.tokens):
            return None
        return RowReading(tuple(square(t) for t in owner.tokens), True, ())

    def mark_cut_edges(self, readings: dict[int, RowReading]) -> None:
        """Two or more rows in a run that end early, in text that marks rows: the page edge took their last cells."""
        if not any(_ends_early(readings[i]) for i, _ in self.rows):
            return
        trusted = self.marked and not self.blank_habit and not any("COUNT_LONG" in readings[i].codes for i, _ in self.rows)
        # A table of several blocks has no sums to speak against it, and rows of two cells say too little.
        trusted = trusted and len(self.table.blocks) == 1 and self._left_edge_shown(readings)
        for (i, a), (j, b) in zip(self.rows, self.rows[1:], strict=False):
            if all(_ends_early(readings[k]) and is_hard(o) for k, o in ((i, a), (j, b))):
                for k, o in ((i, a), (j, b)):
                    # Under a header that names them from the left without a gap the figures left keep their places.
                    columns = [c.id for c in self.table.blocks[o.block].columns]
                    whole = trusted and bool(o.headers) and set(o.headers) == set(columns[: len(set(o.headers))])
                    readings[k] = readings[k]._replace(codes=("EDGE_CUT",) if whole else ("COUNT_SHORT", "EDGE_CUT"))
        for k, reading in readings.items():
            if "EDGE_CUT" in reading.codes:
                readings[k] = reading._replace(alternatives=())

    def _left_edge_shown(self, readings: dict[int, RowReading]) -> bool:
        """Rows cut at their left edge look the same; a whole row elsewhere, or figures that cannot end in their total, rule that out."""
        whole = any(readings[i].exact and o.figures and all(s.start >= 0 for s in readings[i].squares) for i, o in self.rows)
        return whole or sum(self._ends_in_no_total(readings[i]) for i, _ in self.rows if _ends_early(readings[i])) > 1

    def _ends_in_no_total(self, reading: RowReading) -> bool:
        """The figures before the last one of the row add up to more than the last."""
        figures = [self.norm[s.start : s.end] for s in reading.squares if s.start >= 0]
        numbers = [int(x) for x in figures if x.isascii() and x.isdigit() and len(x) <= LONGEST]
        return len(numbers) == len(figures) > 1 and sum(numbers[:-1]) > numbers[-1]


@dataclass(slots=True)
class _Shown:
    """Of some undamaged rows: how many they are, how many have something between label and figures, and the cells in which the figures begin."""

    rows: int = 0
    loose: int = 0
    cells: set[int] = field(default_factory=set)


class Beginnings:
    """Where figures begin, as the undamaged rows show it, by block and by the cell of the label. A row that is made out later is added."""

    def __init__(self, rows: Iterable[tuple[int, Owner]], readings: Mapping[int, RowReading]) -> None:
        self._of_label: dict[tuple[int, int], _Shown] = defaultdict(_Shown)
        self._of_block: dict[int, _Shown] = defaultdict(_Shown)
        self._depths: dict[int, set[int]] = defaultdict(set)
        for i, owner in rows:
            self.add(owner, readings[i])

    def add(self, owner: Owner, reading: RowReading) -> None:
        """Take in a row, if it is undamaged."""
        start = reading.squares[0].start
        if not reading.exact or start < 0 or not is_hard(owner):
            return
        cell = next(t.cell for t in owner.tokens if t.start == start)
        self._depths[owner.block].add(owner.cell)
        for shown in (self._of_label[owner.block, owner.cell], self._of_block[owner.block]):
            shown.rows += 1
            shown.loose += owner.tokens[0].kind not in FIGURES
            shown.cells.add(cell)

    def tight(self, owner: Owner) -> bool:
        """In all undamaged rows of this label depth the figures begin right behind the label; three such rows are wanted.

        Where this depth has fewer, twice as many of all depths will do.
        """
        same, mine = self._of_label[owner.block, owner.cell], self._of_block[owner.block]
        if same.rows >= _FEW_ROWS:
            return not same.loose
        return mine.rows >= 2 * _FEW_ROWS and not mine.loose

    def column(self, owner: Owner) -> int | None:
        """The cell where the figures of this row begin.

        Labels stand in different cells by their depth; where the figures begin may depend on that, unless
        rows of two depths agree.
        """
        same, mine = self._of_label[owner.block, owner.cell], self._of_block[owner.block]
        shown = mine if len(self._depths[owner.block]) > 1 and mine.rows >= _FEW_ROWS and len(mine.cells) == 1 else same
        return next(iter(shown.cells)) if shown.rows >= _FEW_ROWS and len(shown.cells) == 1 else None


def blank_inside(owner: Owner) -> bool:
    """An empty cell stands between two figures of the row, so that in this text zeros may be left empty."""
    if owner.figures == len(owner.tokens):
        return False
    own = [t for t in owner.tokens if t.row == owner.row]
    printed = [n for n, t in enumerate(own) if t.kind in FIGURES]
    return bool(printed) and any(t.kind == EMPTY for t in own[printed[0] : printed[-1]])


def _ends_early(reading: RowReading) -> bool:
    return reading.codes[:1] == ("COUNT_SHORT",) and reading.squares[0].start >= 0 and reading.squares[-1].start < 0


def is_hard(owner: Owner) -> bool:
    """A delimited cell stands in the label's own printed row."""
    return any(t.hard and t.row == owner.row for t in owner.tokens)
