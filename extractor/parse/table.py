"""One table of the form: walk its events, read its rows, fall back on counting, and name every doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from extractor.form import Block, Field, Form, Table
from extractor.layout.events import EMPTY, GLUED, LABEL, Event
from extractor.layout.labels import LabelIndex
from extractor.numerals import read_number
from extractor.parse import positional
from extractor.parse.across import Beginnings, Rows, blank_inside, is_hard
from extractor.parse.cuts import RowSum
from extractor.parse.heading import stacked
from extractor.parse.rows import BLANK_CELL, NUMBER_CELL, UNKNOWN_CELL, RowReading, Square, read_row, square
from extractor.parse.walk import FIGURES, Owner, Walk, Walker
from extractor.types import (
    BLANK,
    LOST,
    PRINTED,
    RULES,
    Candidate,
    Document,
    ExtraRow,
    TableReading,
    candidate_of,
    has_grid,
)

# At most this many readings of one printed row are kept beside the first.
_MOST_OPTIONS = 60
# So many parts of a Candidate, from its field to its codes, stand before the number of its reading.
_UNNUMBERED = 7
# With these about a row, an empty cell in it need not be the form's.
_BLANKS_UNSEEN = frozenset({"WIDTH_VARIES", "HEADER_PARTIAL", "HEADER_BINDS"})


def parse_table(document: Document, form: Form, table: Table, events: Sequence[Event], index: LabelIndex, doubt: tuple[str, ...] = ()) -> TableReading:
    """Read one table; ``doubt`` are codes that hold for the whole text (lines lost, edition uncertain).

    Returns a candidate for every field that the text shows or leaves blank; fields without one are lost.
    """
    if not events:
        return TableReading(table.id, False, -1, -1, (), (), ("TABLE_NOT_FOUND",))
    reader = _Reader(document, form, table, index, doubt)
    candidates, extras = reader.read(events)
    return TableReading(table.id, True, events[0].start, events[-1].end, tuple(candidates), tuple(extras))


class _Reader:
    def __init__(self, document: Document, form: Form, table: Table, index: LabelIndex, doubt: tuple[str, ...]) -> None:
        self.document = document
        self.text, self.norm = document.text, document.norm
        self.form = form
        self.table = table
        self.index = index
        self.doubt = doubt
        self.html = has_grid(document.media_type)
        self.start = 0
        self.headers: dict[tuple[object, ...], tuple[str, ...]] = {}  # what was said of the headers met so far
        self.rows_marked = False
        self.blank_habit = False  # zeros may be left empty in this table: empty cells stand between figures in two rows
        self.on_line: dict[int, bool] = {}  # of the rows asked for, by where their label starts

    def read(self, events: Sequence[Event]) -> tuple[list[Candidate], list[ExtraRow]]:
        self.start = events[0].start
        if len(self.table.blocks) == 1 and self.table.blocks[0].layout == "band":
            return self._read_band(self.table.blocks[0], events), []
        walk = Walker(self.table, self.index, self.document.norm).run(events)
        return self._read_matrix(walk)

    # --- matrices ----------------------------------------------------------------------------

    def _read_matrix(self, walk: Walk) -> tuple[list[Candidate], list[ExtraRow]]:
        self._read_stacked_header(walk)
        readings = self._readings(walk)
        chosen = self._choose_owners(walk, readings)
        placed, counted = positional.place(self.table, walk, readings, chosen)
        doubts = self._table_doubts(walk, readings, chosen, bool(placed))
        whole_blank = not walk.figures
        candidates: list[Candidate] = []
        for (b, r), i in chosen.items():
            if (b, r) in placed:
                continue
            owner, reading = walk.owners[i], readings[i]
            if not owner.tokens:
                if not whole_blank:
                    continue
                reading = RowReading((Square(BLANK_CELL),) * len(self.table.blocks[b].columns), True, ())
            codes = self._row_codes(walk, i, chosen) + reading.codes + doubts
            found = self._candidates(self.table.blocks[b], r, reading, codes, owner.header_unit)
            candidates += self._in_place(found, owner) if "HEADER_ORDER" in codes else found
        order = ("HEADER_ORDER",) if placed and any("HEADER_ORDER" in self._header_codes(o) for o in walk.owners if o.kind == "row") else ()
        for (b, r), (reading, unit) in placed.items():
            candidates += self._candidates(self.table.blocks[b], r, reading, reading.codes + order, unit)
        candidates += self._repeated(walk, readings, chosen)
        extras = [x for i, owner in enumerate(walk.owners) if owner.kind != "row" and i not in counted and (x := self._extra(owner))]
        return candidates, extras

    def _read_stacked_header(self, walk: Walk) -> None:
        """Headings that were not recognised word by word, read by their places: they name the columns of every row below."""
        block = self.table.blocks[0]
        rows = [o for o in walk.owners if o.kind == "row"]
        if len(self.table.blocks) > 1 or self.html or not rows or len(rows[0].headers) == len(block.columns):
            return
        labels = [x for x in self.index.columns if x.table == self.table.id and x.block == block.number]
        found = stacked(self.document.norm, self.start, rows[0].start, labels)
        if len(found) > len(rows[0].headers):
            for o in rows:
                o.headers, o.header_seen = found, True

    def _table_doubts(self, walk: Walk, readings: dict[int, RowReading], chosen: dict[tuple[int, int], int], placed: bool) -> tuple[str, ...]:
        """Doubts about every row that its label places: an emptied row anywhere, the others where the text marks no rows."""
        out: list[str] = []
        if (self._row_emptied(walk, readings, chosen) or positional.row_is_gone(self.table, walk)) and not placed:
            out.append("ROW_EMPTIED")
        if positional.may_be_slipped(self.table, walk) and not placed:
            out.append("ROWS_MAY_BE_SLIPPED")
        named = [at for _, at in sorted((walk.owners[i].start, at) for at, i in chosen.items())]
        if named != sorted(named):
            out.append("ROWS_REORDERED")
        if self.rows_marked or len(self.table.blocks) > 1:
            return tuple(out)
        n = len(self.table.blocks[0].columns)
        counts = [walk.owners[i].figures for i in chosen.values()]
        empty, long = counts.count(0) >= 3, any(c > n for c in counts)
        if not empty and not long:
            return tuple(out)
        on_lines = sum(1 for i in chosen.values() if _on_one_line(walk.owners[i], n))
        apart = on_lines < len(chosen) / 2
        if empty and (apart or any(c >= 2 * n for c in counts)) and not placed:
            out.append("LABELS_DETACHED")
        if apart and long and any(0 < c < n for c in counts):
            out.append("ROWS_RAGGED")
        return tuple(out)

    def _row_emptied(self, walk: Walk, readings: dict[int, RowReading], chosen: dict[tuple[int, int], int]) -> bool:
        """A label without figures between rows with figures: the figures of some rows may belong one row up or down.

        Empty cells behind the label are no better, unless the report leaves so many zeros empty that a whole row is to be expected.
        """
        mine = [walk.owners[i] for i in chosen.values()]
        if all(o.figures for o in mine):
            return False
        usual = self._empty_by_habit(readings, chosen)
        last = max((o.start for o in mine if o.figures), default=-1)
        emptied = any(not o.figures and (not usual or (not o.tokens and o.start < last)) for o in mine)
        return emptied and any(self.document.norm[t.start : t.end].strip("0") for t in walk.figures if t.kind in FIGURES)

    def _empty_by_habit(self, readings: dict[int, RowReading], chosen: dict[tuple[int, int], int]) -> bool:
        """A row of nothing but empty cells is to be expected, as often as this table leaves a zero empty: one such row in twenty tables.

        With b zeros left empty and z printed in its rows with figures, that is (b ÷ (b + z)) to the number of columns, for each row.
        """
        shown = [s for i in chosen.values() if (r := readings[i]).exact and any(s.kind == NUMBER_CELL for s in r.squares) for s in r.squares]
        empty = sum(s.kind == BLANK_CELL for s in shown)
        zeros = sum(s.kind == NUMBER_CELL and not self.document.norm[s.start : s.end].strip("0") for s in shown)
        width = max(len(b.columns) for b in self.table.blocks)
        return self.blank_habit and 20 * len(chosen) * empty**width >= (empty + zeros) ** width

    def _readings(self, walk: Walk) -> dict[int, RowReading]:
        rows = [(i, o) for i, o in enumerate(walk.owners) if o.kind == "row"]
        self.rows_marked = len({o.row for _, o in rows}) == len(rows) and all(is_hard(o) for _, o in rows if o.tokens)
        self.blank_habit = sum(blank_inside(o) for _, o in rows) > 1
        together = Rows(self.table, self.document.norm, self.html, self.rows_marked, self.blank_habit, rows)
        out = {i: self._read_owner(o, None) for i, o in rows}
        doubtful = [(i, o) for i, o in rows if not out[i].exact and any(t.kind == EMPTY for t in o.tokens)]
        if doubtful and not self.html:
            beginnings = Beginnings(rows, out)
            for i, o in doubtful:
                out[i] = together.under_header(o) or self._read_owner(o, beginnings.column(o), beginnings.tight(o))
                beginnings.add(o, out[i])
        together.mark_cut_edges(out)
        together.bind_to_header(out)
        if together.marked:
            together.mark_drift(out)
        together.mark_width(out)
        together.mark_left_out(out)
        return out

    def _read_owner(self, owner: Owner, column: int | None, tight: bool = False) -> RowReading:
        row_sum = self._own_sum(owner) if GLUED in [t.kind for t in owner.tokens] else None
        own_row = owner.row if self.rows_marked and (owner.hard or is_hard(owner)) else None
        return read_row(owner.tokens, len(self.table.blocks[owner.block].columns), own_row, self.document.norm, self.html, column, tight, row_sum)

    def _own_sum(self, owner: Owner) -> RowSum | None:
        """The equation that the form prints within this row, where it has one over all of its cells."""
        return _row_sum(self.form, self.table.blocks[owner.block].grid[owner.position])

    def _choose_owners(self, walk: Walk, readings: dict[int, RowReading]) -> dict[tuple[int, int], int]:
        """For each form row the owner that reads best: exact figures before none, intact label before damaged."""
        best: dict[tuple[int, int], int] = {}
        for i, owner in enumerate(walk.owners):
            if owner.kind != "row":
                continue
            at = (owner.block, owner.position)
            if at not in best or _rank(owner, readings[i]) < _rank(walk.owners[best[at]], readings[best[at]]):
                best[at] = i
        return best

    def _repeated(self, walk: Walk, readings: dict[int, RowReading], chosen: dict[tuple[int, int], int]) -> Iterable[Candidate]:
        """A row that stands twice with different figures: the other reading is an alternative of its own."""
        for i, owner in enumerate(walk.owners):
            at = (owner.block, owner.position)
            if owner.kind != "row" or chosen.get(at) == i or not owner.figures:
                continue
            mine = self._values(readings[chosen[at]])
            if mine != self._values(readings[i]):
                block = self.table.blocks[owner.block]
                reading = readings[i]._replace(alternatives=())
                yield from self._candidates(block, owner.position, reading, ("ROW_REPEATED", *reading.codes), owner.header_unit, _MOST_OPTIONS + i)

    def _values(self, reading: RowReading) -> list[str]:
        return [self.document.norm[s.start : s.end] if s.start >= 0 else s.kind for s in reading.squares]

    def _row_codes(self, walk: Walk, i: int, chosen: dict[tuple[int, int], int]) -> tuple[str, ...]:
        owner = walk.owners[i]
        codes: list[str] = []
        if owner.how in ("fuzzy", "truncated") and not (owner.how == "truncated" and owner.continued):
            settled = self._neighbours_settle(walk, i)
            codes.append("LABEL_BY_NEIGHBOURS" if settled else f"LABEL_{owner.how.upper()}")
        codes += self._header_codes(owner)
        if owner.garbled:
            codes.append("FIGURE_GARBLED")
        if self._off_line(walk, owner):
            codes.append("OFF_LINE")
        if not self.rows_marked and not self.html:
            codes.append("ROW_UNMARKED")
        if not self.rows_marked and self._next_label_lost(walk, i):
            codes.append("NEXT_LABEL_LOST")
        return tuple(codes)

    def _off_line(self, walk: Walk, owner: Owner) -> bool:
        """A few figures below their label where the other rows have theirs beside it: a page number looks the same."""
        if len(self.table.blocks[owner.block].columns) >= positional.LINE_OF_FIGURES or self._beside(owner):
            return False
        others = [self._beside(o) for o in walk.owners if o.kind == "row" and o.figures and o is not owner]
        return len(others) >= 3 and sum(others) > len(others) / 2

    def _beside(self, owner: Owner) -> bool:
        """All figures of the row stand on the line on which its label ends."""
        if owner.start not in self.on_line:
            last = max([t.start for t in owner.tokens if t.kind in FIGURES], default=owner.end)
            self.on_line[owner.start] = "\n" not in self.norm[owner.end : last]
        return self.on_line[owner.start]

    def _next_label_lost(self, walk: Walk, i: int) -> bool:
        """In text that marks no rows, figures after a label may be those of a next row whose label is gone."""
        owner = walk.owners[i]
        rows = self.table.blocks[owner.block].rows
        if owner.position + 1 >= len(rows) or i + 1 >= len(walk.owners):
            return False  # no later row can follow here
        following = walk.owners[i + 1]
        figures = [t for t in owner.tokens if t.kind in FIGURES]
        norm = self.document.norm
        if figures and "\n" not in norm[owner.end : figures[-1].start] and "\n" in norm[figures[-1].end : following.start]:
            return False  # the label, its figures and nothing else on one line
        if following.kind == "group":
            return following.ref not in rows[owner.position + 1].groups
        if following.kind != "row":
            following = next((o for o in walk.owners[i + 2 :] if o.kind == "row"), following)
        return (following.block, following.position) != (owner.block, owner.position + 1)

    def _neighbours_settle(self, walk: Walk, i: int) -> bool:
        """The intact labels around a run of damaged ones leave exactly these rows between them, in this order."""
        rows = [o for o in walk.owners if o.kind == "row"]
        order = [(b.number, r) for b in self.table.blocks for r in range(len(b.rows))]
        at = [order.index((o.block, o.position)) for o in rows]
        k = next(n for n, o in enumerate(rows) if o is walk.owners[i])
        low, high = k, k
        while low > 0 and not _intact(rows[low - 1]):
            low -= 1
        while high < len(rows) - 1 and not _intact(rows[high + 1]):
            high += 1
        first = at[low - 1] + 1 if low > 0 else 0
        last = at[high + 1] - 1 if high < len(rows) - 1 else len(order) - 1
        if at[low : high + 1] != list(range(first, last + 1)):
            return False
        start = rows[low - 1].start if low > 0 else -1
        end = rows[high + 1].start if high < len(rows) - 1 else rows[high].end
        return not any(o.kind != "row" and start < o.start < end for o in walk.owners)

    def _header_codes(self, owner: Owner) -> tuple[str, ...]:
        over = (owner.block, owner.headers, owner.header_seen, owner.misplaced)
        if over not in self.headers:
            self.headers[over] = self._doubts_of_header(owner)
        return self.headers[over]

    def _doubts_of_header(self, owner: Owner) -> tuple[str, ...]:
        expected = [c.id for c in self.table.blocks[owner.block].columns]
        if not owner.header_seen and not owner.headers:
            return ("HEADER_NOT_SEEN",)
        if not owner.headers:
            return ("HEADER_PATH_WRONG",)
        # Columns under a group heading stand on a line below the others, so each kind is compared with itself.
        columns = self.table.blocks[owner.block].columns
        inner = [c.id for c in columns if c.groups]
        outer = [c for c in expected if c not in inner]
        seen = [c for c in owner.headers if c in inner]
        out_of_order = [c for c in owner.headers if c in outer] != [c for c in outer if c in owner.headers]
        if out_of_order or seen != [c for c in inner if c in seen] or owner.misplaced:
            return ("HEADER_ORDER",)
        return ()

    def _in_place(self, candidates: Iterable[Candidate], owner: Owner) -> Iterable[Candidate]:
        """Candidates of columns that the header names in the form's place, where it names all of them: only the others are in doubt."""
        columns = self.table.blocks[owner.block].columns
        standing: set[str] = set()
        for kind in (True, False):
            expected = [c.id for c in columns if bool(c.groups) is kind]
            seen = [c for c in owner.headers if c in expected]
            if len(seen) == len(expected):
                standing |= {a for a, b in zip(seen, expected, strict=True) if a == b}
        for c in candidates:
            kept = self.form.fields[c.field].column in standing
            yield c._replace(codes=tuple(x for x in c.codes if x != "HEADER_ORDER")) if kept else c

    # --- bands -------------------------------------------------------------------------------

    def _read_band(self, block: Block, events: Sequence[Event]) -> list[Candidate]:
        """A band has no row label: its only run of rows × columns figures is its anchor (domain.md §4)."""
        figures = [e for e in events if e.kind in FIGURES]
        n = len(block.rows) * len(block.columns)
        if not figures:
            empties = [e for e in events if e.kind == EMPTY]
            last = max((e.row for e in empties), default=-1)
            tokens = [e for e in empties if e.row == last]
            if len(tokens) < n:
                return []
            return self._band_candidates(block, read_row(tokens, n, None, self.document.norm, self.html), ())
        tokens = [e for e in events if e.start >= figures[0].start or (e.kind == EMPTY and e.row == figures[0].row)]
        best = self._fullest_row(tokens, n)
        interleaved = any(e.kind == LABEL for e in events if figures[0].start < e.start < figures[min(n, len(figures)) - 1].start)
        cells = [e for e in best if e.kind in FIGURES or e.kind == EMPTY]
        reading = self._under_band_header(events, cells, n) or read_row(cells, n, None, self.document.norm, self.html)
        header = {x.ref for e in events if e.kind == LABEL for x in e.labels if x.table == self.table.id}
        codes = reading.codes + (("LABELS_INTERLEAVED",) if interleaved else ())
        if not self.html and not all(c.hard for c in cells):
            codes += ("ROW_UNMARKED",)
        if not header & {r.id for r in block.rows}:
            codes += ("HEADER_NOT_SEEN",)
        # A group heading stands before its first row: 行政诉讼 and its parts may not precede 行政复议.
        headings = list(dict.fromkeys(x for r in block.rows for x in (*r.groups, r.id)))
        columns = [c.id for c in block.columns]
        if not (self._in_order(events, ("row", "group"), headings) and self._in_order(events, ("column",), columns)):
            codes += ("HEADER_ORDER",)
        return self._band_candidates(block, reading, codes)

    def _under_band_header(self, events: Sequence[Event], cells: Sequence[Event], n: int) -> RowReading | None:
        """The band cell by cell: a printed row of just n cells, or one under a row of n column headings that ends in the same cell."""
        if not cells or len({c.row for c in cells}) > 1 or not all(c.hard for c in cells) or any(c.split or c.kind == GLUED for c in cells):
            return None
        rows: dict[int, list[int]] = {}
        for e in events:
            if e.kind == LABEL and e.hard and any(x.table == self.table.id and x.role == "column" for x in e.labels):
                rows.setdefault(e.row, []).append(e.cell)
        mine = [c.cell for c in cells]
        whole = len(cells) == n and mine == list(range(n))
        if not whole and mine not in (heads for heads in rows.values() if len(heads) == n):
            return None
        return RowReading(tuple(square(c) for c in cells), True, ())

    def _in_order(self, events: Sequence[Event], roles: tuple[str, ...], expected: Sequence[str]) -> bool:
        """The headings of a band, each where it is first seen, stand in the form's order."""
        seen: list[str] = []
        for e in events:
            for x in e.labels:
                if x.table == self.table.id and x.role in roles and x.ref not in seen:
                    seen.append(x.ref)
        return seen == [r for r in expected if r in seen]

    def _fullest_row(self, tokens: Sequence[Event], n: int) -> Sequence[Event]:
        """The printed row that holds the band where the text marks rows or lines; else everything."""
        cells = [t for t in tokens if t.kind in FIGURES or t.kind == EMPTY]
        rows: dict[int, list[Event]] = {}
        for t in cells:
            if t.hard:
                rows.setdefault(t.row, []).append(t)
        if full := _only_full(rows.values(), n):
            return full
        lines: dict[int, list[Event]] = {}
        for t in cells:
            lines.setdefault(t.line, []).append(t)
        if full := _only_full(lines.values(), n):
            return full
        best = max(rows.values(), key=len, default=[])
        return best if len(best) >= n else tokens

    def _band_candidates(self, block: Block, reading: RowReading, codes: tuple[str, ...]) -> list[Candidate]:
        width = len(block.columns)
        fields = [self.form.fields[block.grid[k // width][k % width]] for k in range(len(block.rows) * width)]
        return self._of_fields(fields, reading, codes, None, 0)

    # --- candidates --------------------------------------------------------------------------

    def _candidates(self, block: Block, row: int, reading: RowReading, codes: tuple[str, ...], unit: str | None, option: int = 0) -> list[Candidate]:
        fields = [self.form.fields[i] for i in block.grid[row]]
        return self._of_fields(fields, reading, codes, unit, option)

    def _of_fields(self, fields: Sequence[Field], reading: RowReading, codes: tuple[str, ...], unit: str | None, option: int) -> list[Candidate]:
        if len(reading.alternatives) > _MOST_OPTIONS:
            codes = (*codes, "READINGS_CUT")
        filled = NUMBER_CELL in [s.kind for s in reading.squares] or self.blank_habit
        if reading.exact and filled and _BLANKS_UNSEEN.isdisjoint(codes):
            blanks = (*codes, "BLANK_SEEN")
        else:
            blanks = codes
        norm, text, doubt = self.norm, self.text, self.doubt
        out: list[Candidate] = []
        for f, s in zip(fields, reading.squares, strict=True):
            kind, start, end, more = s
            if kind == NUMBER_CELL and not doubt:  # ``_candidate`` for the usual case
                value, said = read_number(norm[start:end], f.kind, unit)
                if more or said:
                    said = codes + more + said
                out.append(candidate_of((f.index, PRINTED, value, text[start:end], start, end, said or codes, option, RULES)))
            else:
                out.append(self._candidate(f, s, blanks if kind == BLANK_CELL else codes, unit, option))
        # The other readings are many, and what a field shows in them is mostly what it shows in one before.
        known: list[dict[Square, Candidate]] = [{} for _ in fields] if reading.alternatives else []
        for at, squares in enumerate(reading.alternatives[:_MOST_OPTIONS], option + 1):
            numbered = (at, RULES)
            for f, s, seen in zip(fields, squares, known, strict=True):
                if (c := seen.get(s)) is None:
                    c = seen[s] = self._candidate(f, s, blanks if s.kind == BLANK_CELL else codes, unit, at)
                out.append(candidate_of(c[:_UNNUMBERED] + numbered))
        return out

    def _candidate(self, f: Field, s: Square, codes: tuple[str, ...], unit: str | None, option: int) -> Candidate:
        if s.codes or self.doubt:
            codes = (*codes, *s.codes, *self.doubt)
            if "LINES_DEDUPLICATED" in self.doubt:
                # A figure equal to an earlier line is gone, so what is left may belong to any cell before it.
                return Candidate(f.index, LOST, None, "", -1, -1, (*codes, "AMBIGUOUS_PLACE"), option)
        if s.kind == NUMBER_CELL:
            value, more = read_number(self.norm[s.start : s.end], f.kind, unit)
            return Candidate(f.index, PRINTED, value, self.text[s.start : s.end], s.start, s.end, codes + more if more else codes, option)
        if s.kind == BLANK_CELL:
            printed = self.document.text[s.start : s.end] if s.start >= 0 else ""
            return Candidate(f.index, BLANK, None, printed, s.start, s.end, codes, option)
        if s.kind == UNKNOWN_CELL:
            return Candidate(f.index, LOST, None, "", -1, -1, (*codes, "AMBIGUOUS_PLACE"), option)
        return Candidate(f.index, LOST, None, "", -1, -1, codes, option)

    def _extra(self, owner: Owner) -> ExtraRow | None:
        values = tuple(self.document.text[t.start : t.end] for t in owner.tokens if t.kind in FIGURES)
        if not values:
            return None
        label = " ".join(self.document.text[owner.start : owner.end].split())
        end = max([owner.end, *(t.end for t in owner.tokens)])
        return ExtraRow(self.table.id, label, values, owner.start, end)


@lru_cache(maxsize=1024)
def _row_sum(form: Form, fields: tuple[int, ...]) -> RowSum | None:
    relation = next((r.relation for r in form.row_rules if r.relation.operator == "==" and set(r.relation.fields) == set(fields)), None)
    if relation is None:
        return None
    weight = {i: c for c, i in relation.left.terms} | {i: -c for c, i in relation.right.terms}
    return RowSum(tuple(weight[i] for i in fields), relation.left.constant - relation.right.constant)


def _only_full(stretches: Iterable[list[Event]], n: int) -> list[Event]:
    """The one stretch with n figures; empty where there is none or another."""
    full = [s for s in stretches if sum([t.kind in FIGURES for t in s]) == n]
    return full[0] if len(full) == 1 else []


def _on_one_line(owner: Owner, n: int) -> bool:
    """The row's figures stand together on one line, so that no figure of another row can be among them."""
    lines = {t.line for t in owner.tokens if t.kind in FIGURES}
    return len(lines) == 1 and n > 1


def _intact(owner: Owner) -> bool:
    """The label is there whole: in one piece, or with its rest found after the figures."""
    return owner.how in ("exact", "inline") or (owner.how == "truncated" and owner.continued)


def _rank(owner: Owner, reading: RowReading) -> tuple[int, int]:
    has = owner.figures > 0
    damage = {"exact": 0, "inline": 0, "truncated": 1, "fuzzy": 2}.get(owner.how, 3)
    return (0 if reading.exact and has else 1 if has else 2, damage)
