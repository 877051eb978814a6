"""Heavy damage: rows, columns and labels lost or moved against each other.

As in ``harm.py`` each damage changes the draft and returns what it did, or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from benchmarks.damage.content import failing
from benchmarks.damage.draft import MARKED, ROW_ENDS, Draft
from benchmarks.damage.harm import EXCHANGED, GATHERED, SLIPPED, Damage, body_range, deep_table, field_cells, lose
from benchmarks.damage.layout import column_places
from benchmarks.damage.sheet import Cell, Row, Sheet
from extractor.types import Number

# Shapes that fill a short row up with bars, so that lost figures look like empty cells.
_FILLED = frozenset({"pipe-rows", "pipe-ends"})


def columns_lost(draft: Draft) -> str | None:
    """Two columns of applicants gone, header and all."""
    sheet = deep_table(draft)
    if sheet is None or not sheet.body():
        return None
    width = max(len(field_cells(r)) for r in sheet.body())
    if width < 5:
        return None
    gone = sorted(draft.rng.sample(range(1, width - 1), 2))
    heads = [r for r in sheet.rows if r.kind == "head"]
    _lose_heads(heads, gone)
    for row in sheet.body():
        real = field_cells(row)
        if len(real) == width:
            lose(draft, row, [real[g] for g in gone])
    if not heads:
        draft.unplaceable = True
    return "two columns lost"


def _lose_heads(heads: list[Row], gone: list[int]) -> None:
    places = column_places(heads)
    left = next((c.colspan for r in heads for c in r.cells if c.role == "corner"), 0)
    lost = [c for r in heads for c in r.cells if places.get(id(c)) in gone]
    for row in heads:
        x = -left
        kept: list[Cell] = []
        for c in row.cells:
            inside = [g for g in gone if x <= g < x + c.colspan]
            x += c.colspan
            if any(c is g or c.owner is g for g in lost):
                continue
            c.colspan = max(1, c.colspan - len(inside)) if c.role in ("block", "head") else c.colspan
            kept.append(c)
        row.cells[:] = kept
        row.cut = True


def several_cuts(draft: Draft) -> str | None:
    """Columns cut off at the right in two or three stretches of rows."""
    sheet = deep_table(draft)
    done = 0
    for _ in range(draft.rng.choice((2, 3)) if sheet else 0):
        assert sheet is not None
        rows = body_range(draft, sheet, 2)[:8]
        by = draft.rng.randint(1, 3)
        for n in rows:
            real = field_cells(sheet.rows[n])
            if len(real) > by + 2:
                lose(draft, sheet.rows[n], real[-by:])
                done += 1
    return "columns cut in several places" if done else None


def row_figures_lost(draft: Draft) -> str | None:
    """All figures of one to three rows gone, their labels left."""
    rows = [r for s in draft.sheets() for r in s.body() if field_cells(r)]
    if len(rows) < 4:
        return None
    for row in draft.rng.sample(rows, draft.rng.randint(1, 3)):
        gone = [c for c in row.cells if c.role == "figure"]
        row.cells[:] = [c for c in row.cells if c.role != "figure"]
        row.cut = True
        if draft.shape not in ROW_ENDS:
            draft.loose |= {c.field for c in gone if c.field >= 0}
    draft.unplaceable |= draft.shape in GATHERED
    return "figures of rows lost"


def label_lost(draft: Draft) -> str | None:
    """One or two row labels gone, their figures left."""
    labels = [c for s in draft.sheets() for r in s.body() for c in r.cells if c.role == "label" and field_cells(r)]
    if len(labels) < 4:
        return None
    for c in draft.rng.sample(labels, draft.rng.randint(1, 2)):
        c.text = ""
    return "labels of rows lost"


def rows_swapped(draft: Draft) -> str | None:
    """Two neighbouring rows in the other order, labels and figures together."""
    pairs: list[tuple[Row, Row]] = []
    for sheet in draft.sheets():
        for a, b in pairwise(sheet.rows):
            if a.kind == b.kind == "body" and a.block == b.block and not any(c.role == "group" for c in b.cells):
                owned = [c.owner for c in b.cells if c.role == "cover"]
                same = len(a.labels()) + sum(c.role == "cover" for c in a.cells) == len(owned) + 1
                if same and field_cells(a) and field_cells(b) and len(b.labels()) == 1:
                    pairs.append((a, b))
    if not pairs:
        return None
    a, b = draft.rng.choice(pairs)
    cut_a, cut_b = _label_at(a), _label_at(b)
    a.cells[cut_a:], b.cells[cut_b:] = b.cells[cut_b:], a.cells[cut_a:]
    a.cut, b.cut = b.cut, a.cut
    a.own, b.own = b.own, a.own
    return "two rows in the other order"


def _label_at(row: Row) -> int:
    return next(n for n, c in enumerate(row.cells) if c.role == "label")


def heads_lost(draft: Draft) -> str | None:
    """The column labels of a table gone."""
    able = [s for s in draft.sheets() if any(r.kind == "head" for r in s.rows)]
    if not able:
        return None
    sheet = draft.rng.choice(able)
    sheet.rows[:] = [r for r in sheet.rows if r.kind != "head"]
    return "column headers lost"


# ---------------------------------------------------------------- rows and columns moved


def rows_slipped(draft: Draft) -> str | None:
    """The figures of a stretch of rows one row up or down against the labels, as the text of a PDF has them.

    The label at one end is left without figures. At the other end one row has the figures of two, or a row of figures
    has no label, or the figures are gone. Every figure keeps its field: what the text shows beside a label is then
    the truth of another row.
    """
    sheet = deep_table(draft)
    if sheet is None or draft.shape in GATHERED:
        return None
    rows = _uneven_stretch(draft, sheet)
    if not rows:
        return None
    down = draft.rng.random() < 0.5
    ends = ["gone", "without a label"] + ([] if draft.shape in MARKED else ["at the last" if down else "at the first"])
    end = draft.rng.choice(ends)
    rows = rows if down else rows[::-1]
    loads = [field_cells(r) for r in rows]
    if end == "gone" and not _slip_shows(draft, loads):
        if draft.shape in _FILLED:
            end = "without a label"  # with bars for the missing cells it would be a consistent other report
        else:
            draft.unplaceable = True
    _slip(rows, loads)
    if end == "gone":
        gone = _lost_of(loads)
        draft.loose |= gone if draft.shape not in ROW_ENDS else set()
    elif end == "without a label":
        _alone(sheet, rows[-1], loads[-1], below=down)
    else:
        at = len(rows[-1].cells) if down else len(rows[-1].cells) - len(loads[-2])
        rows[-1].cells[at:at] = loads[-1]
    return f"figures of {len(rows)} {SLIPPED} {'down' if down else 'up'}, the last {end}"


def _uneven_stretch(draft: Draft, sheet: Sheet) -> list[Row]:
    """Consecutive rows of equally many figures, not all the same; none where a few tries find none."""
    for _ in range(6):
        rows = [sheet.rows[n] for n in body_range(draft, sheet, 2)]
        shown = [[c.text for c in r.figures()] for r in rows]
        whole = all(len(field_cells(r)) == len(r.figures()) and r.labels() for r in rows)
        if rows and whole and len({len(s) for s in shown}) == 1 and any(a != b for a, b in pairwise(shown)):
            return rows
    return []


def _slip_shows(draft: Draft, loads: Sequence[Sequence[Cell]]) -> bool:
    """Whether a hard rule fails that held, once each row has the figures before its own and the first has none."""
    before = draft.content.values
    after: list[Number] = list(before)
    for cells, source in zip(loads, [None, *loads[:-1]], strict=True):
        for n, c in enumerate(cells):
            after[c.field] = before[source[n].field] if source else 0
    return not set(failing(draft.form, after)) <= set(failing(draft.form, before))


def _slip(rows: Sequence[Row], loads: Sequence[Sequence[Cell]]) -> None:
    """Give each row the figures of the row before it; the first is left with none."""
    for row, load in zip(rows, [(), *loads[:-1]], strict=True):
        row.cells[:] = [*(c for c in row.cells if c.field < 0), *load]
    cuts = [r.cut for r in rows]
    for row, cut in zip(rows, [True, *cuts[:-1]], strict=True):
        row.cut = cut


def _lost_of(loads: Sequence[Sequence[Cell]]) -> set[int]:
    """The fields that are gone, once each figure is laid to the row it stands in where it could be that row's.

    Where the last rows of a column are equal nobody can say whose figure is gone: the first of them is taken, so that
    a figure is called moved only where the move can be seen.
    """
    gone: set[int] = set()
    texts = [[c.text for c in load] for load in loads]
    fields = [[c.field for c in load] for load in loads]
    for column in range(len(fields[0])):
        last = len(loads) - 1
        while last and texts[last - 1][column] == texts[last][column]:
            loads[last - 1][column].field = fields[last][column]
            last -= 1
        gone.add(fields[last][column])
    return gone


def _alone(sheet: Sheet, row: Row, load: Sequence[Cell], *, below: bool) -> None:
    """A row of figures without a label, below or above ``row``."""
    at = next(n for n, r in enumerate(sheet.rows) if r is row)
    heads = [c for c in row.cells if c.role in ("cover", "group", "label")]
    covers = [c for c in heads if c.role == "cover" or (below and c.role == "group")]
    depth = sum(c.colspan for c in heads if c not in covers)
    kept = [Cell("", "cover", owner=c.owner or c) for c in covers]
    sheet.rows.insert(at + below, Row("body", row.block, [*kept, Cell("", "label", colspan=depth), *load]))


def stray_column(draft: Draft) -> str | None:
    """One column of figures more on a page: a copy of its neighbour, or the numbers of the rows."""
    sheet = deep_table(draft)
    if sheet is None or draft.shape in GATHERED or draft.shape == "glued":
        return None
    rows = [sheet.rows[n] for n in body_range(draft, sheet, 4)]
    width = max((len(r.figures()) for r in rows), default=0)
    rows = [r for r in rows if width == len(r.figures()) == len(field_cells(r))]
    if not rows:
        return None
    numbered = draft.rng.random() < 0.3
    place = 0 if numbered else draft.rng.randrange(width)
    start = draft.rng.randint(1, 20)
    for n, row in enumerate(rows):
        shown = row.figures()[place]
        at = next(i for i, c in enumerate(row.cells) if c is shown)
        row.cells.insert(at, Cell(str(start + n) if numbered else shown.text, "figure"))
    return f"a column of {'row numbers' if numbered else 'copied figures'} more in {len(rows)} rows"


def columns_exchanged(draft: Draft) -> str | None:
    """Two neighbouring columns in the other order, header and figures together; rare."""
    sheet = deep_table(draft)
    if sheet is None or draft.rng.random() < 0.6:
        return None
    body = sheet.body()
    width = max((len(field_cells(r)) for r in body), default=0)
    heads = [r for r in sheet.rows if r.kind == "head"]
    places = column_places(heads)
    pairs = {
        places[id(a)]: None
        for r in heads
        for a, b in pairwise(r.cells)
        if a.role == b.role == "column" and places[id(b)] == places[id(a)] + 1
    }
    if not pairs or any(len(r.figures()) != len(field_cells(r)) or len(r.figures()) not in (0, width) for r in body):
        return None
    place = draft.rng.choice(list(pairs))
    for row in heads:
        _exchange(row, [c for c in row.cells if places.get(id(c)) in (place, place + 1)])
    for row in body:
        _exchange(row, field_cells(row)[place : place + 2])
    return EXCHANGED


def _exchange(row: Row, pair: Sequence[Cell]) -> None:
    if len(pair) == 2:
        a, b = (next(n for n, c in enumerate(row.cells) if c is x) for x in pair)
        row.cells[a], row.cells[b] = row.cells[b], row.cells[a]


HEAVY: tuple[Damage, ...] = (
    columns_lost, several_cuts, row_figures_lost, label_lost, rows_swapped, heads_lost,
    rows_slipped, stray_column, columns_exchanged,
)  # fmt: skip
