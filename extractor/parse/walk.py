"""Events of one table to owners: each row label with the figures that follow it.

A row label opens an owner; figures go to the open owner; headers close it; text that is the rest of
the open label, or a piece of a group heading, is passed over; other text with figures is an extra row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from extractor.form import Label, Table
from extractor.layout.events import DASHES, EMPTY, GLUED, LABEL, NUMBER, TEXT, Event
from extractor.layout.labels import LabelIndex, of_table

FIGURES = (NUMBER, DASHES, GLUED)
_PROSE = 40
# Text this short with a digit in it is a damaged figure rather than words.
_SHORT_TEXT = 4
_NUMBERING = re.compile(r"\d{1,2}\s*[.、)](?!\d)")
_PAGE_MARK = re.compile(r"\s*(?:[-—–~·]+\s*\d{1,3}\s*[-—–~·]+|第\s*\d{1,3}\s*页(?:\s*[,，/]?\s*共\s*\d{1,3}\s*页)?)\s*")


@dataclass(slots=True)
class Owner:
    """Whatever the figures that follow belong to: a row, a group heading, or unknown text."""

    kind: str  # row | group | text
    block: int
    position: int
    ref: str
    start: int
    end: int
    row: int
    cell: int
    hard: bool
    how: str
    label_keys: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    header_unit: str | None = None
    header_seen: bool = False
    header_cells: tuple[int, ...] = ()  # of the columns, where one printed row shows them all in cells of their own
    misplaced: bool = False  # a heading that was not recognised stands where no column is missing
    tokens: list[Event] = field(default_factory=list)
    figures: int = 0
    continued: bool = False
    garbled: bool = False  # something that may be one of its figures was not read as one


@dataclass(slots=True)
class Walk:
    """What walking one table gave."""

    owners: list[Owner]
    orphans: list[Event]  # figures before the first row label
    figures: list[Event]


class Walker:
    """One pass over the events of one table of matrices."""

    def __init__(self, table: Table, index: LabelIndex, norm: str) -> None:
        self.table = table
        self.index = index
        self.norm = norm
        self.owner: Owner | None = None
        self.out = Walk([], [], [])
        self.columns: list[Event] = []
        self.unit: str | None = None
        self.empties: list[Event] = []
        self.previous = ""
        self.group = ""  # the group heading seen last
        self.last = (-1, -1)  # block and position of the row opened last
        self.row_groups = index.row_groups[table.id]
        self.group_keys, self.row_keys = index.group_keys.get(table.id, ""), index.row_keys.get(table.id, {})
        self.over: dict[tuple[int, int, int], tuple[tuple[str, ...], str | None, tuple[int, ...], bool]] = {}

    def run(self, events: Sequence[Event]) -> Walk:
        """Walk all events of the table once."""
        for i, e in enumerate(events):
            kind = e.kind
            if kind == EMPTY:
                self._empty(e)
                continue
            if kind == LABEL:
                self._label(e, events, i)
            elif kind == TEXT:
                self._text(e, events, i)
            else:
                self._figure(e)
            self.previous = kind
        self._settle_empties(None)
        return self.out

    # --- figures and empty cells -------------------------------------------------------------

    def _empty(self, e: Event) -> None:
        if self.empties and self.empties[-1].row != e.row:
            self._settle_empties(None)
        self.empties.append(e)

    def _settle_empties(self, following: Event | None) -> None:
        """Empty cells go to the open owner, unless a label follows in their row: then they were its merged cells."""
        if self.empties and self.owner is not None:
            row = self.empties[0].row
            before_label = following is not None and following.kind != NUMBER and following.row == row
            if not before_label and (not self.owner.hard or row == self.owner.row):
                self.owner.tokens += self.empties
        self.empties = []

    def _figure(self, e: Event) -> None:
        if self.empties:
            self._settle_empties(None)
        self.out.figures.append(e)
        owner = self.owner
        if owner is None:
            self.out.orphans.append(e)
        else:
            owner.tokens.append(e)
            owner.figures += 1

    # --- labels ------------------------------------------------------------------------------

    def _label(self, e: Event, events: Sequence[Event], i: int) -> None:
        mine, roles = of_table(e.labels, self.table.id)
        if not mine:
            return
        if "row" in roles and ("column" not in roles or self._is_row(events, i)):
            self._settle_empties(e)
            self._open_row(self._row_meant([x for x in mine if x.role == "row"]), e, e.how, weak="column" in roles)
        elif "group" in roles and any(x.role == "group" and x.ref in self.row_groups for x in mine):
            self._settle_empties(e)
            self._group(next(x for x in mine if x.role == "group"), e, events, i)
        else:
            self._settle_empties(e)
            self._header(mine, roles, e)

    def _row_meant(self, candidates: list[Label]) -> Label:
        """Of rows with the same label the one under the group heading seen last, else the next one down."""
        if len(candidates) == 1:
            return candidates[0]
        under = [x for x in candidates if self.group in self.table.blocks[x.block].rows[x.position].groups]
        below = [x for x in under or candidates if (x.block, x.position) > self.last]
        return (below or under or candidates)[0]

    def _is_row(self, events: Sequence[Event], i: int) -> bool:
        """A label that names a column and a row (总计, 其他) is a row where a figure follows and no header stands before."""
        after = next((x for x in events[i + 1 : i + 4] if x.kind != EMPTY), None)
        return after is not None and after.kind in FIGURES and not (self.columns and self.owner is None) and bool(self.out.owners)

    def _open_row(self, label: Label, e: Event, how: str, weak: bool = False) -> None:
        keys = self.row_keys.get((label.block, label.position), ())
        over = (len(self.columns), self.columns[0].start if self.columns else -1, label.block)
        if over not in self.over:
            named = self._named(label.block)
            self.over[over] = (tuple(named), self._unit(label.block), self._header_cells(label.block), self._misplaced(label.block, named))
        headers, unit, cells, misplaced = self.over[over]
        self.owner = Owner(
            "row", label.block, label.position, label.ref, e.start, e.end, e.row, e.cell, e.hard, "fuzzy" if weak else how, keys,
            headers, unit, bool(self.columns), cells, misplaced,
        )  # fmt: skip
        self.out.owners.append(self.owner)
        self.last = (label.block, label.position)

    def _header_cells(self, block: int) -> tuple[int, ...]:
        """The cell of each column of the block in the printed row of its header; empty unless one row shows all of them in order."""
        refs = [c.id for c in self.table.blocks[block].columns]
        found: dict[str, Event] = {}
        for e in self.columns:
            for x in e.labels:
                if e.hard and x.table == self.table.id and x.block == block and x.role == "column":
                    found.setdefault(x.ref, e)
                    break
        if list(found) != refs or len({e.row for e in found.values()}) > 1:
            return ()
        cells = tuple(e.cell for e in found.values())
        return cells if list(cells) == list(range(cells[0], cells[0] + len(refs))) else ()

    def _misplaced(self, block: int, named: Mapping[str, Event]) -> bool:
        """The header lacks columns, and among those it shows stands a heading that is none of these.

        It may be one of the columns that are missing, but only where the form has one between the headings on either side of it.
        """
        columns = self.table.blocks[block].columns
        inner = [c.id for c in columns if c.groups] or [c.id for c in columns]
        seen = {inner.index(ref): e for ref, e in named.items() if ref in inner}
        missing = set(range(len(inner))) - set(seen)
        if not seen or not missing:
            return False
        for e in self.columns:
            if e.kind != TEXT:
                continue
            before = max((at for at, x in seen.items() if x.start < e.start), key=lambda at: seen[at].start, default=-1)
            after = min((at for at, x in seen.items() if x.start > e.start), key=lambda at: seen[at].start, default=len(inner))
            # Before the first heading and behind the last stands much else, but hardly in the same row.
            within = before >= 0 and after < len(inner)
            if (within or any(_beside(e, seen[at]) for at in (before, after) if at in seen)) and not any(before < m < after for m in missing):
                return True
        return False

    def _named(self, block: int) -> dict[str, Event]:
        """The column headings of the block over the next row, each where it stands first."""
        found: dict[str, Event] = {}
        for e in self.columns:
            ref = next((x.ref for x in e.labels if x.table == self.table.id and x.block == block and x.role == "column"), None)
            if ref is not None:
                found.setdefault(ref, e)
        return found

    def _unit(self, block: int) -> str | None:
        """The money unit printed in the column headers over this row."""
        for e in self.columns:
            if e.unit:
                return e.unit
            if any(x.block == block for x in e.labels):
                stretch = self.norm[e.start : e.end]
                for unit in ("亿元", "万元", "千元", "元"):
                    if unit in stretch:
                        return unit
        return None

    def _group(self, label: Label, e: Event, events: Sequence[Event], i: int) -> None:
        """A group heading: with figures of its own on its line it is a row of its own, kept as an extra."""
        self.group = label.ref
        after = next((events[k] for k in range(i + 1, len(events)) if events[k].kind != EMPTY), None)  # a slice would copy the rest of a long text
        if after is None or after.kind not in FIGURES:
            return
        waiting = self.owner is not None and self.owner.kind == "row" and not self.owner.figures
        if waiting and (after.line != e.line or not after.hard):
            return
        self.owner = Owner("group", label.block, -1, label.ref, e.start, e.end, e.row, e.cell, e.hard, e.how)
        self.out.owners.append(self.owner)

    def _header(self, mine: Sequence[Label], roles: Collection[str], e: Event) -> None:
        """A block or corner label begins a new header; so does a column label that follows figures of a row."""
        if "column" in roles:
            if self.owner is not None and self.previous in FIGURES:
                self.columns = []
            self.columns.append(e)
            self.owner = None
        elif mine[0].role in ("block", "corner"):
            self.columns = []
            self.owner = None

    # --- text --------------------------------------------------------------------------------

    def _text(self, e: Event, events: Sequence[Event], i: int) -> None:
        if self.owner is not None and self.owner.kind == "row" and self._may_be_a_figure(e):
            self.owner.garbled = True
        if self._rest_of_label(e.key):
            self._settle_empties(e)
            return
        self._settle_empties(e)
        if len(e.key) > _PROSE + self.index.longest:
            self.owner = None
            return
        run = self._strip_known(e.key)
        match = self.index.truncated(run, self.table.id) or self.index.fuzzy(run, self.table.id)
        if match and match.labels[0].role == "row":
            self._open_row(match.labels[0], e, match.how)
            return
        if match or len(run) <= 1 or run in self.group_keys:
            return
        after = next((events[k] for k in range(i + 1, len(events)) if events[k].kind != EMPTY), None)  # a slice would copy the rest of a long text
        if after is not None and after.kind in FIGURES:
            self.owner = Owner("text", -1, -1, "", e.start, e.end, e.row, e.cell, e.hard, "text")
            self.out.owners.append(self.owner)
        elif self.owner is None and self.columns and self._may_be_a_column(run):
            self.columns.append(e)

    def _may_be_a_column(self, run: str) -> bool:
        """Words about as long as a column heading, and no piece of one: its pieces may stand anywhere in a broken header."""
        keys = [x.key for x in self.index.columns if x.table == self.table.id]
        return len(run) <= max(map(len, keys), default=0) and not any(c.isdigit() for c in run) and not any(run in k for k in keys)

    def _may_be_a_figure(self, e: Event) -> bool:
        """Text with digits that is too short for words, or stands on the line of the open row's figures."""
        text = _PAGE_MARK.sub("", self.norm[e.start : e.end])
        if not any(c.isdigit() for c in _NUMBERING.sub("", text)):
            return False
        near = self.owner.tokens[-1].line if self.owner is not None and self.owner.tokens else -1
        return len(e.key) <= _SHORT_TEXT or e.line == near

    def _rest_of_label(self, run: str) -> bool:
        """``run`` is a later piece of the open row's label: figures may stand between its two halves."""
        owner = self.owner
        if owner is None or owner.kind != "row":
            return False
        seen = self._seen_of(owner)
        for k in owner.label_keys:
            if run in k and (len(run) > 1 or k.endswith(run) or run in self.group_keys):
                if k.endswith(run) or owner.how != "truncated" or run in k[seen:]:
                    owner.continued = owner.continued or k.endswith(run)
                    return True
        return False

    def _seen_of(self, owner: Owner) -> int:
        """How much of a truncated label has surely been seen: its characters may be spaced out."""
        return max(1, (owner.end - owner.start) // 2)

    def _strip_known(self, run: str) -> str:
        """``run`` without the end of the label before it and without the start of a group heading."""
        if self.owner is not None and self.owner.kind == "row":
            for k in self.owner.label_keys:
                for size in range(min(len(run) - 4, len(k)), 1, -1):
                    if k.endswith(run[:size]):
                        self.owner.continued = True
                        return run[size:]
        return run


def _beside(a: Event, b: Event) -> bool:
    """Two headings stand in one printed row, or on one line."""
    return (a.hard and b.hard and a.row == b.row) or a.line == b.line
