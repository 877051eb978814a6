"""Medium damage, what all damage shares: what conversion, page edges and scanning do to the grid of a report.

Each damage changes the draft and returns what it did, or returns None where it does not apply.
What a cell's truth becomes follows from the text that is left (``case.py``); here only what the
text cannot show is noted: ``loose`` fields (blank or lost, nobody can say) and ``unplaceable``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.damage import names
from benchmarks.damage.content import plan
from benchmarks.damage.cosmetic import add_page, cells, figures, page_text
from benchmarks.damage.draft import FLAT, MARKED, PAGED, ROW_ENDS, Draft, numeral
from benchmarks.damage.sheet import Cell, Row, Sheet

Damage = Callable[[Draft], str | None]

# The damage that only the column labels tell of.
EXCHANGED = "two columns exchanged"
# Damages after which labels and figures no longer pair off; a slip beside one of them could be any other slip.
SLIPPED = "rows slipped"
UNEVEN = frozenset({"figures of rows lost", "labels of rows lost", "empty cells without a trace"})
# Shapes in which the figures that are left of a short row keep their places.
PLACED = ROW_ENDS | {"pipe-rows", "pipe-ends", "aligned"}
# Shapes in which the figures of several rows stand together, away from their labels.
GATHERED = frozenset({"detached", "column-major"})


def apply(draft: Draft, damages: tuple[Damage, ...], wanted: int) -> int:
    """Apply ``wanted`` of ``damages`` in random order; returns how many applied."""
    pool = list(damages)
    draft.rng.shuffle(pool)
    done = 0
    for damage in pool:
        if done >= wanted:
            break
        name = damage(draft)
        if name:
            draft.damages.append(name)
            done += 1
    return done


def settle(draft: Draft) -> None:
    """See which damages together have left figures that nobody could place."""
    for sheet in draft.sheets():
        before: Row | None = None
        for row in sheet.rows:
            if row.kind == "page" and row.cells[0].text.isdigit() and before is not None and draft.shape not in PLACED:
                draft.unplaceable |= before.cut or any(not c.text for c in before.figures())
            if row.kind != "body":
                continue
            before = row
            real = field_cells(row)
            extra = [c for c in row.figures() if c.field < 0 and real]
            blank = any(c.field in draft.blanks for c in real)
            if extra and (row.cut or (blank and (extra[0].text or len({c.text for c in real}) > 1))):
                draft.unplaceable = True
    headless = any(s.label_columns > 1 and all(r.kind != "head" for r in s.rows) for s in draft.sheets())
    draft.unplaceable |= headless and not {"two columns lost", EXCHANGED}.isdisjoint(draft.damages)
    slipped = any(SLIPPED in d for d in draft.damages)
    draft.unplaceable |= slipped and not UNEVEN.isdisjoint(draft.damages)


def deep_table(draft: Draft) -> Sheet | None:
    """The table with nested row labels (三), if it is still there."""
    return next((s for s in draft.sheets() if s.label_columns > 1), None)


def field_cells(row: Row) -> list[Cell]:
    """The cells of a row that print a field, in the order shown."""
    return [c for c in row.cells if c.field >= 0]


def lose(draft: Draft, row: Row, gone: list[Cell]) -> None:
    """Take figures out of a row, so that not even their cells are left."""
    left = [c for c in row.cells if not any(c is g for g in gone)]
    row.cells[:] = left
    row.cut = True
    if draft.shape not in ROW_ENDS:
        draft.loose |= {c.field for c in gone}
    rest = {c.text for c in left if c.field >= 0}
    if draft.shape not in PLACED and len(rest) > 1:
        draft.unplaceable = True


def body_range(draft: Draft, sheet: Sheet, least: int) -> list[int]:
    """Positions of a stretch of consecutive body rows."""
    at = [n for n, r in enumerate(sheet.rows) if r.kind == "body" and field_cells(r)]
    if len(at) < least + 1:
        return []
    start = draft.rng.randrange(0, len(at) - least)
    return at[start : start + draft.rng.randint(least, len(at) - start)]


# ---------------------------------------------------------------- medium


def drift(draft: Draft) -> str | None:
    """Report 002: from a page break on, rows carry one cell more, and labels move to the left."""
    sheet = deep_table(draft)
    if sheet is None or draft.shape in ("column-major", "glued"):
        return None
    rows = body_range(draft, sheet, 3)
    if not rows:
        return None
    text = draft.rng.choice(("0", "0", "")) if draft.shape in MARKED else "0"
    front = draft.rng.random() < 0.5
    for n in rows:
        row = sheet.rows[n]
        extra = Cell(text, "figure")
        first = next(i for i, c in enumerate(row.cells) if c.role == "figure")
        row.cells.insert(first if front else len(row.cells), extra)
        if row.cells[0].role == "cover" and draft.shape != "html" and draft.rng.random() < 0.9:
            row.cells.pop(0)
    if draft.shape not in ("html", *FLAT):
        add_page(draft, sheet, rows[0], "" if draft.shape in ("tab-rows", "markdown") else page_text(draft, 3))
    return f"one {'figure' if text else 'empty cell'} more in {len(rows)} rows"


def split_label(draft: Draft) -> str | None:
    """Report 002: 7. 属于行政执法案 at the page end, 卷 on a row of its own after the break."""
    sheet = deep_table(draft)
    if sheet is None or draft.shape in ("html", "column-major"):
        return None
    able = [
        n
        for n, r in enumerate(sheet.rows)
        if r.kind == "body" and any(c.role == "label" and len(c.text) > 6 for c in r.cells)
    ]
    if not able:
        return None
    n = draft.rng.choice(able)
    row = sheet.rows[n]
    label = next(c for c in row.cells if c.role == "label")
    cut = draft.rng.randint(1, 3)
    rest = replace(label, text=label.text[-cut:])
    label.text = label.text[:-cut]
    covers = [Cell("", "cover", owner=c.owner or c) for c in row.cells if c.role in ("cover", "group")]
    sheet.rows.insert(n + 1, Row("body", row.block, [*covers, rest]))
    add_page(draft, sheet, n + 1, "" if draft.shape not in PAGED else page_text(draft, 4))
    return "label split over a page"


def short_row(draft: Draft) -> str | None:
    """One row's last figures cut off at the edge of the page."""
    sheet = deep_table(draft)
    rows = [r for r in sheet.body() if len(field_cells(r)) > 3] if sheet else []
    if not rows:
        return None
    row = draft.rng.choice(rows)
    gone = field_cells(row)[-draft.rng.randint(1, 2) :]
    lose(draft, row, gone)
    return f"row short by {len(gone)}"


def total_cut(draft: Draft) -> str | None:
    """Report 004: the first page lacks its last column, and deeper rows two."""
    sheet = deep_table(draft)
    body = [n for n, r in enumerate(sheet.rows) if r.kind == "body" and len(field_cells(r)) > 3] if sheet else []
    if sheet is None or len(body) < 6:
        return None
    end = body[draft.rng.randrange(3, len(body) - 1)]
    deeper = draft.rng.random() < 0.5
    for row in sheet.rows[:end]:
        if row.kind == "body" and len(field_cells(row)) > 3:
            deep = deeper and sum(c.role in ("cover", "group", "label") for c in row.cells) > 2
            lose(draft, row, field_cells(row)[-2 if deep else -1 :])
    _cut_heads(sheet.rows[:end])
    if draft.shape not in PAGED and draft.shape not in ("html", *FLAT):
        add_page(draft, sheet, end, "")
    return "last column cut off on a page"


def _cut_heads(rows: list[Row]) -> None:
    """Take the last column out of header rows."""
    gone: list[Cell] = []
    for row in rows:
        if row.kind != "head" or not row.cells:
            continue
        last = row.cells[-1]
        if last.role == "column" or any(last.owner is g for g in gone):
            gone.append(row.cells.pop())
        elif last.colspan > 1:
            last.colspan -= 1
        row.cut = True


def number_split(draft: Draft) -> str | None:
    """14205 printed as 14 205, or 2 0."""
    if draft.shape == "glued":
        return None
    for least in (3, 2):
        able = [c for c in figures(draft) if len(c.text) >= least and c.text.isascii() and c.text.isdigit()]
        if able:
            for c in draft.rng.sample(able, min(len(able), draft.rng.choice((1, 1, 2)))):
                at = draft.rng.randrange(1, len(c.text))
                c.text = c.text[:at] + " " + c.text[at:]
                if draft.shape in ("plain-rows", "flat-spaces") and c.field not in plan(draft.form).covered:
                    draft.unplaceable = True
            return "a number with a blank inside"
    return None


def misspell(draft: Draft) -> str | None:
    """One or two labels with one or two characters mistaken or missing."""
    able = [c for c in cells(draft) if c.role in ("label", "column", "group") and len(c.text.replace("\n", "")) >= 4]
    if not able:
        return None
    for c in draft.rng.sample(able, min(len(able), draft.rng.choice((1, 1, 2)))):
        for _ in range(draft.rng.choice((1, 1, 2))):
            at = draft.rng.choice([i for i, x in enumerate(c.text) if x != "\n"])
            new = names.LOOKALIKE.get(c.text[at], "") if draft.rng.random() < 0.8 else ""
            c.text = c.text[:at] + new + c.text[at + 1 :]
    return "misspelt label"


def look_alike(draft: Draft) -> str | None:
    """O for 0, l for 1."""
    able = [c for c in figures(draft) if set(c.text) & set(names.GLYPHS)]
    if not able:
        return None
    for c in draft.rng.sample(able, min(len(able), draft.rng.randint(1, 3))):
        at = draft.rng.choice([i for i, x in enumerate(c.text) if x in names.GLYPHS])
        c.text = c.text[:at] + draft.rng.choice(names.GLYPHS[c.text[at]]) + c.text[at + 1 :]
    return "look-alike characters for digits"


def table_missing(draft: Draft) -> str | None:
    """A whole table gone, often with its heading left."""
    able = [s for s in draft.sections if s.sheet is not None]
    if len(able) < 2:
        return None
    section = draft.rng.choice(able)
    section.sheet = None
    if draft.rng.random() < 0.4:
        section.heading, section.lines = "", []
    return f"table missing: {section.label}"


def other_order(draft: Draft) -> str | None:
    """The tables in another order, each under its own heading."""
    at = [n for n, s in enumerate(draft.sections) if s.sheet is not None]
    if len(at) < 2:
        return None
    moved = [draft.sections[n] for n in at]
    moved = moved[1:] + moved[:1] if draft.rng.random() < 0.5 else moved[::-1]
    for n, section in zip(at, moved, strict=True):
        draft.sections[n] = section
    return "tables in another order"


def restart(draft: Draft) -> str | None:
    """Section numbers restarted or shifted by one."""
    start = draft.rng.randrange(0, 3)
    by = draft.rng.choice((-1, 1)) if start == 0 else -start
    for n, s in enumerate(draft.sections):
        if s.heading and n >= start and s.number + 1 + by > 0:
            s.heading = s.heading.replace(f"{numeral(s.number + 1)}、", f"{numeral(s.number + 1 + by)}、", 1)
    return "section numbers restarted"


def no_title(draft: Draft) -> str | None:
    """Report 002: # 2021 for a title, or none at all."""
    draft.title[:] = [f"# {draft.content.year}"] if draft.rng.random() < 0.5 else []
    return "title gone"


def blank_rows(draft: Draft) -> str | None:
    """Zeros left empty in a shape whose empty cells leave nothing behind (螅镇 2022)."""
    if draft.shape in MARKED or draft.content.misprints:
        return None
    partial = draft.rng.random() < 0.3
    share = draft.rng.choice((0.2, 0.5, 1.0))
    done = 0
    for sheet in draft.sheets():
        for row in sheet.body():
            real = field_cells(row)
            if not real or draft.rng.random() >= share:
                continue
            zeros = [c for c in real if c.text == "0"]
            if not partial and len(zeros) < len(real):
                continue
            for c in zeros:
                c.text = ""
                c.before = c.after = ""
                draft.blanks.add(c.field)
                done += 1
            if zeros and draft.shape != "aligned" and (len(zeros) < len(real) or draft.shape in GATHERED):
                draft.unplaceable = True
    return "empty cells without a trace" if done else None


def stray_number(draft: Draft) -> str | None:
    """A page number without dashes, or a footnote's number, on a line of its own between figures."""
    if draft.shape in ("html", "glued"):
        return None
    sheet = draft.rng.choice(draft.sheets())
    body = [n for n, r in enumerate(sheet.rows) if r.kind == "body"]
    if not body:
        return None
    add_page(draft, sheet, draft.rng.choice(body) + 1, str(draft.rng.randint(1, 9)))
    return "stray number on its own line"


MEDIUM: tuple[Damage, ...] = (
    drift, split_label, short_row, total_cut, number_split, misspell, look_alike, table_missing, other_order,
    restart, blank_rows, stray_number, no_title,
)  # fmt: skip
