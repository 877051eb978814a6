"""Which doubtful cells are proven: every other way to read the text gives them the same value or breaks the sums.

A doubt names the other readings that must be ruled out. Doubts within a row (a stray, lost, split or glued
figure) are answered by the readings of the row that are left, or by the rest of the table, which leaves one value for
every doubtful cell at once. Doubts about rows (figures slipped against their labels) are answered by slipping
them: what no slip changes, or what every slip breaks, is proven. The sums are blind to the order of columns and of
outcome rows, so no proof answers a doubt about these; with no header seen they can only tell the total column from its parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from extractor.codes import is_doubt, unanswered
from extractor.form import Form, Table
from extractor.reconcile.choose import Settled
from extractor.reconcile.search import propagate, residual
from extractor.reconcile.slips import CLEARLY_WORSE, Order, count, moves, slipped, stories
from extractor.types import BLANK, DEDUCED, PRINTED, Number, Resolved

# Doubts whose other readings are the reader's own options for the row.
_OPTIONS = frozenset({"COUNT_SHORT", "COUNT_LONG", "DIGITS_GLUED"})
# Doubts about figures of one row that the rest of the table may settle. Where cells are missing it settles values,
# but not which of two equal cells is the one that is printed.
_DERIVED = frozenset({"MODEL_ONLY", "COUNT_LONG", "DIGITS_GLUED", "ROWS_DRIFT", "STRAY_FIGURE", "FIGURE_GARBLED", "DIGITS_SPLIT", "LOOKALIKE_DIGIT", "GROUPING_IRREGULAR"})
# Of these, doubts about the digits of a figure alone, not about which cells of its row are there.
_DIGITS = frozenset({"FIGURE_GARBLED", "DIGITS_SPLIT", "LOOKALIKE_DIGIT", "GROUPING_IRREGULAR"})
# Doubts within a row.
_WITHIN = _OPTIONS | _DERIVED
# Doubts about which row the figures of a line belong to.
_SLIPPED = frozenset({"ROW_EMPTIED"})
# All figures of the block were placed by counting: another order of reading breaks the sums.
_COUNTED = frozenset({"PLACED_BY_COUNT", "COLUMN_MAJOR"})
# No header stands over the row: its figures are as many as the columns, and the sums say which is the total.
_HEADER = frozenset({"HEADER_NOT_SEEN"})
PROVEN = "PROVEN"
# The share of a table's sums that must have every figure before a slip that breaks one is ruled out.
_MOST_SUMS = 0.8


def prove(form: Form, resolved: tuple[Resolved, ...], settled: Sequence[Settled]) -> tuple[Resolved, ...]:
    """Mark as ``PROVEN`` every printed cell all of whose doubts are answered; values are never touched."""
    out = list(resolved)
    for table, s in zip(form.tables, settled, strict=True):
        if not s.frame.equations or s.undecided:
            continue
        doubts = {i: d for row in s.frame.rows for i in row if (d := _doubts(resolved[i].codes))}
        printed = {i for i in doubts if resolved[i].status is PRINTED and i in s.frame.local}
        if printed:
            for i in _Table(form, table, s, resolved, doubts).proven(printed):
                codes = ("GLUED_PROVEN" if c == "DIGITS_GLUED" else c for c in out[i].codes)
                out[i] = out[i]._replace(codes=(*codes, PROVEN))
        for i in [i for i in s.frame.variables if out[i].status is DEDUCED]:
            if any(unanswered(out[j].codes) for j in s.frame.beside[i] if out[j].status is PRINTED):
                out[i] = out[i]._replace(codes=(*out[i].codes, "RESTS_ON_DOUBT"))
    return tuple(out)


@lru_cache(maxsize=4096)
def _doubts(codes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(c for c in codes if is_doubt(c))


class _Table:
    """The proofs of one table, each made once and only where a cell asks for it."""

    def __init__(self, form: Form, table: Table, s: Settled, resolved: Sequence[Resolved], doubts: dict[int, frozenset[str]]) -> None:
        self.form, self.table, self.s, self.frame, self.resolved, self.doubts = form, table, s, s.frame, resolved, doubts
        self.values = [resolved[i].value if resolved[i].status is PRINTED else None for i in self.frame.variables]
        self.broken, known = count(self.frame, self.values)
        self.fewest = self.broken  # sums that the best story of the rows breaks
        # As it is read the table is consistent, and few of its sums lack a figure that could hide a misprint.
        self.sound = not self.broken and known >= _MOST_SUMS * len(self.frame.equations)
        self.row_of = {i: n for n, row in enumerate(self.frame.rows) for i in row}

    def proven(self, asked: set[int]) -> Iterator[int]:
        """The fields among ``asked`` whose doubts are all answered, with no figure called misprinted beside them."""
        every = frozenset(d for i in asked for d in self.doubts[i])
        failing = self._failing()
        settled = self._settled() if every & _OPTIONS else set()
        derived = self._derived() if every & _WITHIN else set()
        unslipped = self._unslipped() if every & _SLIPPED else set()
        counted = bool(every & _COUNTED) and self._counted()
        header = bool(every & _HEADER) and self._header()
        for i in asked:
            mine = self.doubts[i]
            # Whose row a figure is may be sure although a sum beside it fails; what stands in the row may not.
            if not mine <= _SLIPPED and (i in failing or self._beside_misprint(i)):
                continue
            if "MODEL_ONLY" in mine and self._beside_doubt(i):
                continue
            within = mine & _WITHIN
            left = mine - _WITHIN
            told = i in derived and within <= (_DIGITS if self._blanks_beside(i) else _DERIVED)
            if within and not told and not (within <= _OPTIONS and i in settled):
                continue
            if left & _SLIPPED and i not in unslipped:
                continue
            left -= _SLIPPED
            left -= _COUNTED if counted else frozenset()
            left -= _HEADER if header or self._all_equal(i) else frozenset()
            if not left:
                yield i

    def _failing(self) -> set[int]:
        """Fields of equations that do not hold as the table is read: nothing is proven beside a broken sum."""
        out: set[int] = set()
        for e in self.frame.equations:
            if residual(e, self.values):
                out |= {self.frame.variables[v] for _, v in e.terms}
        return out

    def _blanks_beside(self, i: int) -> bool:
        """An empty cell in the row: the sums cannot tell it from a zero, so not which of them is which."""
        return any(self.resolved[j].status is BLANK for j in self.frame.rows[self.row_of[i]])

    def _beside_misprint(self, i: int) -> bool:
        return not self.s.misprints.isdisjoint(self.frame.beside[i])

    def _beside_doubt(self, i: int) -> bool:
        """A cell of its sums is in doubt for another reason than that a model alone found it."""
        return any(set(unanswered(self.resolved[j].codes)) - {"MODEL_ONLY"} for j in self.frame.beside[i] if self.resolved[j].status is PRINTED)

    def _settled(self) -> set[int]:
        """Fields of rows with several readings on which all readings left agree."""
        out: set[int] = set()
        for n in self.s.searched:
            left = [self.s.readings[n][k] for k in self.s.left[n]]
            if any("READINGS_CUT" in c.codes for c in left[0].values()):
                continue
            for i in self.frame.rows[n]:
                shown = {(c.status, c.value) if (c := r.get(i)) is not None else None for r in left}
                if len(shown) == 1 and None not in shown:
                    out.add(i)
        return out

    def _derived(self) -> set[int]:
        """Doubtful fields whose value the rest of the table leaves, all of them unknown at once, as it was read."""
        doubtful = {self.frame.local[i] for i, d in self.doubts.items() if d & _WITHIN and i in self.frame.local}
        values = [None if v in doubtful else x for v, x in enumerate(self.values)]
        if propagate(self.frame.equations, values, self.frame.signed) is not None:
            return set()
        return {self.frame.variables[v] for v in doubtful if values[v] is not None and values[v] == self.values[v]}

    # --- rows against their labels -------------------------------------------------------------

    def _unslipped(self) -> set[int]:
        """Fields on which every story of the rows agrees with what was read: no slip changes them, unless it breaks the sums."""
        if self.broken:
            return set()
        safe = {i for i, d in self.doubts.items() if d & _SLIPPED}
        for block in self.table.blocks:
            found = stories(self.frame, block.number, self.resolved)
            if found is None:
                return set()
            rows, orders = found
            counts = {order: count(self.frame, slipped(self.frame, rows, order, self.values))[0] for order in orders}
            self.fewest = min([self.fewest, *counts.values()])
            for order in orders:
                if not self._ruled_out(rows, order, counts[order]):
                    safe -= self._changed(rows, order)
        return safe

    def _ruled_out(self, rows: Sequence[int], order: Order, broken: int) -> bool:
        """A slip contradicts the sums of a sound table; of one that is not, it breaks clearly more than another story."""
        if broken >= self.fewest + CLEARLY_WORSE:
            return True
        after = slipped(self.frame, rows, order, self.values)
        return self.sound and propagate(self.frame.equations, after, self.frame.signed) is not None

    def _changed(self, rows: Sequence[int], order: Order) -> set[int]:
        """Fields that a slip gives another figure, or another status; of a row at the edge whose figures would be lost, all."""
        f = self.frame
        after = slipped(f, rows, order, self.values)
        propagate(f.equations, after, f.signed)
        at_edge = order[-1] in (0, len(rows) - 1)
        out: set[int] = set()
        for i, source in moves(f, rows, order):
            if source is None:
                other = at_edge
            else:
                other = self.resolved[i].status is not self.resolved[source].status
            if other or i not in f.local or after[f.local[i]] != self._figure(i):
                out.add(i)
        return out

    def _figure(self, i: int) -> Number | None:
        return self.values[self.frame.local[i]] if i in self.frame.local else None

    # --- counting and headers ------------------------------------------------------------------

    def _counted(self) -> bool:
        """Every figure is there, every sum of the table holds, and those of two rows at least add up what is not 0; or all is 0."""
        if any(x is None for x in self.values) or self._failing():
            return False
        if not any(self.values):
            return True
        return len({self.form.fields[i].row for i in self._told()}) > 1

    def _told(self) -> Iterable[int]:
        """Fields of equations within a row that hold and add up at least two figures that are not 0."""
        for row in self.frame.rows:
            mine = set(row)
            for i in row:
                if i not in self.frame.local:
                    continue
                for e in self.frame.equations_of[self.frame.local[i]]:
                    own = [v for _, v in e.terms]
                    if {self.frame.variables[v] for v in own} <= mine and sum(bool(self.values[v]) for v in own) > 2 and all(self.values[v] is not None for v in own):
                        yield i

    def _all_equal(self, i: int) -> bool:
        """Every figure of the row is the same, so that no order of columns changes any."""
        figures = {self._figure(x) for x in self.frame.rows[self.row_of[i]]}
        return len(figures) == 1 and None not in figures

    def _header(self) -> bool:
        """A row adds up figures of two columns or more, so that its last one is the total and the others are its parts."""
        return next(iter(self._told()), None) is not None
