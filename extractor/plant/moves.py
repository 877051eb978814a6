"""Errors of place, and errors that hide each other: figures that stand in another cell, or are wrong by pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from extractor.plant.text import Base, Plant

Row = tuple[int, ...]


def moved(base: Base, targets: Sequence[int], sources: Sequence[int]) -> Plant | None:
    """Each target shows the figure of its source; None where this changes nothing or a figure is not plain."""
    pairs = [(t, s) for t, s in zip(targets, sources, strict=True) if base.truth[t] != base.truth[s]]
    if not pairs or not all(base.plain(s) for _, s in pairs):
        return None
    return Plant(figures=tuple((t, base.printed(s)) for t, s in pairs))


def _stretch(base: Base, rng: Random) -> tuple[Row, ...]:
    """Two or more neighbouring rows out of one stretch; none where the text has no two."""
    found = base.stretches()
    if not found:
        return ()
    rows = rng.choice(found)
    start = rng.randrange(len(rows) - 1)
    return tuple(base.rows[n] for n in rows[start : rng.randint(start + 1, len(rows) - 1) + 1])


def _flat(rows: Sequence[Row]) -> list[int]:
    return [i for row in rows for i in row]


def _rotated(cells: Sequence[int], by: int) -> list[int]:
    return [cells[(n - by) % len(cells)] for n in range(len(cells))]


# Shifts


def shift_columns(base: Base, rng: Random) -> Plant | None:
    """The figures of a row one column on, the last at the front; with or without the total taking part.

    Invisible where the row has one sum only and the total stays: its parts may stand in any order.
    """
    row = rng.choice([r for r in base.rows if len({base.truth[i] for i in r}) > 1] or base.rows)
    cells = row if rng.random() < 0.5 else row[:-1]
    return moved(base, cells, _rotated(cells, rng.choice((1, -1))))


def shift_table(base: Base, rng: Random) -> Plant | None:
    """Every row of a table one column on, the last figure at the front; with or without the total taking part.

    Invisible where the total stays: the applicant columns exchange their figures, and every sum holds as before.
    """
    found = base.stretches()
    if not found:
        return None
    rows = [base.rows[n] for n in rng.choice(found)]
    last = None if rng.random() < 0.5 else -1
    by = rng.choice((1, -1))
    return moved(base, _flat([r[:last] for r in rows]), [i for r in rows for i in _rotated(r[:last], by)])


def shift_rows(base: Base, rng: Random) -> Plant | None:
    """Figures one row on against their labels, over a stretch of rows; the last row's figures at its head.

    Invisible where all these rows are parts of the same sums.
    """
    rows = _stretch(base, rng)
    return moved(base, _flat(rows), _flat([rows[n - 1] for n in range(len(rows))]))


def slip_last_gone(base: Base, rng: Random) -> Plant | None:
    """The first row of a stretch without figures, each further row with those of the row before; the last are gone.

    Invisible where cells leave a mark and what is gone was nothing, or the row before the stretch's sums says so.
    """
    rows = _stretch(base, rng)
    return _slip(base, rows[1:], rows[:-1], rows[0]) if rows else None


def slip_first_gone(base: Base, rng: Random) -> Plant | None:
    """The last row of a stretch without figures, each row before it with those of the next; the first are gone.

    Invisible as ``slip_last_gone`` is.
    """
    rows = _stretch(base, rng)
    return _slip(base, rows[:-1], rows[1:], rows[-1]) if rows else None


def _slip(base: Base, targets: Sequence[Row], sources: Sequence[Row], emptied: Row) -> Plant | None:
    found = moved(base, _flat(targets), _flat(sources))
    gap = base.spans[emptied[0]][0], base.spans[emptied[-1]][1], ""
    return Plant(found.figures, (gap,), affected=emptied, broken=not base.marked) if found else None


# Exchanges


def _pair(base: Base, rng: Random, wanted: Callable[[Row, Row], bool]) -> Plant | None:
    pairs = [(base.rows[a], base.rows[b]) for s in base.stretches() for n, a in enumerate(s) for b in s[n + 1 :]]
    pairs = [(a, b) for a, b in pairs if wanted(a, b) and [base.truth[i] for i in a] != [base.truth[i] for i in b]]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    return moved(base, (*a, *b), (*b, *a))


def swap_rows(base: Base, rng: Random) -> Plant | None:
    """The figures of two rows exchanged, the labels left. Invisible where both are parts of the same sums."""
    return _pair(base, rng, lambda a, b: base.truth[a[-1]] != base.truth[b[-1]])


def swap_equal_rows(base: Base, rng: Random) -> Plant | None:
    """The same of two rows that have one total and differ inside. Invisible as ``swap_rows`` is."""
    return _pair(base, rng, lambda a, b: base.truth[a[-1]] == base.truth[b[-1]])


def swap_columns(base: Base, rng: Random) -> Plant | None:
    """The figures of two columns exchanged over a table, the headings left. Invisible unless one is the total."""
    found = base.stretches()
    if not found:
        return None
    rows = [base.rows[n] for n in rng.choice(found)]
    a, b = rng.sample(range(len(rows[0])), 2)
    first, second = [r[a] for r in rows], [r[b] for r in rows]
    return moved(base, first + second, second + first)


def swap_cells(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring figures of a row exchanged. Invisible where the row has one sum only and neither is its total."""
    able = [(a, b) for row in base.rows for a, b in zip(row, row[1:], strict=False) if base.truth[a] != base.truth[b]]
    if not able:
        return None
    a, b = rng.choice(able)
    return moved(base, (a, b), (b, a))


# Copies


def total_as_other(base: Base, rng: Random) -> Plant | None:
    """The total of a row copied into the column before it (总计 into 其他). Never invisible."""
    able = [(row[-2], row[-1]) for row in base.rows if base.truth[row[-2]] != base.truth[row[-1]]]
    return moved(base, *zip(rng.choice(able), strict=True)) if able else None


def other_as_total(base: Base, rng: Random) -> Plant | None:
    """The last column before the total read as the total. Never invisible."""
    able = [(row[-1], row[-2]) for row in base.rows if base.truth[row[-2]] != base.truth[row[-1]]]
    return moved(base, *zip(rng.choice(able), strict=True)) if able else None


def total_row_copied(base: Base, rng: Random) -> Plant | None:
    """A row of totals copied over the row before or behind it. Invisible only where that row held the same figures."""
    able: list[tuple[Row, Row]] = []
    for stretch in base.stretches():
        for a, b in zip(stretch, stretch[1:], strict=False):
            able += [(base.rows[x], base.rows[y]) for x, y in ((a, b), (b, a)) if _totals(base, base.rows[y])]
    return moved(base, *rng.choice(able)) if able else None


def _totals(base: Base, row: Row) -> bool:
    """Whether the first figure of a row is the sum of others of its column: alone on its side of a rule."""
    form, mine = base.form, row[0]
    for n in form.rules_of[mine]:
        relation = form.rules[n].relation
        alone = any(len(side.terms) == 1 and side.terms[0][1] == mine for side in (relation.left, relation.right))
        if alone and len({form.fields[i].column for i in relation.fields}) == 1:
            return True
    return False


def last_years_column(base: Base, rng: Random) -> Plant | None:
    """A column shows other figures that add up among themselves, as last year's would: all of them twice as high.

    Invisible nowhere: the sum of each row says otherwise. Where all columns were last year's, nothing would.
    """
    able = []
    for stretch in base.stretches():
        for column in zip(*(base.rows[n] for n in stretch), strict=True):
            figures = [i for i in column if base.truth[i]]
            able += [figures] if figures and all(base.plain(i) for i in figures) else []
    if not able:
        return None
    return Plant(figures=tuple((i, str(2 * base.value(i))) for i in rng.choice(able)))


# Errors that hide each other


def compensating(base: Base, rng: Random) -> Plant | None:
    """Two figures of one row wrong by the same amount, in opposite directions; the total is not one of them.

    Invisible where the row has one sum only; else the columns show it.
    """
    return _cancel(base, rng, [row[:-1] for row in base.rows])


def cancel_in_column(base: Base, rng: Random) -> Plant | None:
    """The same of two figures of one column. Never invisible where each row has its own sum."""
    columns = [c for s in base.stretches() for c in zip(*(base.rows[n] for n in s), strict=True)]
    return _cancel(base, rng, columns)


def _cancel(base: Base, rng: Random, lines: Sequence[Row]) -> Plant | None:
    able = [(line, i) for line in lines for i in line if base.truth[i] and base.plain(i) and len(line) > 1]
    if not able:
        return None
    line, source = rng.choice(able)
    target = rng.choice([i for i in line if i != source])
    by = rng.randint(1, base.value(source))
    return Plant(figures=((source, str(base.value(source) - by)), (target, str(base.value(target) + by))))


def four_that_cancel(base: Base, rng: Random) -> Plant | None:
    """A rectangle of four figures wrong by one amount, up and down in turn, so that each row and column adds up.

    Invisible wherever both rows are parts of the same sums: the blind spot of every table of sums.
    """
    corners = [
        (base.rows[a], base.rows[b], c)
        for s in base.stretches()
        for a in s
        for b in s
        for c in range(len(base.rows[a]) - 1)
        if a != b and base.truth[base.rows[a][c]] and base.plain(base.rows[a][c])
    ]
    if not corners:
        return None
    one, two, c = rng.choice(corners)
    able = [d for d in range(len(one) - 1) if d != c and base.truth[two[d]]]
    if not able:
        return None
    d = rng.choice(able)
    by = rng.randint(1, min(base.value(one[c]), base.value(two[d])))
    changes = ((one[c], -by), (one[d], by), (two[c], by), (two[d], -by))
    return Plant(figures=tuple((i, str(base.value(i) + x)) for i, x in changes))
