"""Grids of strings to the cells of a form: one plain mapper for every tool that gives grids.

It is told the form. A row belongs to the row label of the form that one of its cells equals, blanks and punctuation removed (the variants of
labels that the form knows included). What stands right of the label are its figures, taken

1. in order, where there are as many cells as the form has columns: cells that are there, else cells with something in them, else figures in them;
2. else by the column labels last seen above, where all of them were seen right of the row label.

Rows side by side in one line of figures (a *band*) are taken in order from the first line with figures below their labels. Everything else is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from extractor.form import Form
from extractor.text import key, normalise

Row = Sequence[str | None]
_FIGURE = re.compile(r"[+-]?[0-9][0-9,.]*")
_BLANK = re.compile(r"[-/]+")


class _Wanted(NamedTuple):
    """The labels of a form: of matrix rows their place, of a band's rows its block, of columns their block and number."""

    rows: Mapping[str, tuple[tuple[str, int], tuple[int, ...]]]
    bands: Mapping[str, tuple[int, ...]]
    columns: Mapping[str, tuple[tuple[tuple[str, int], int], ...]]


@lru_cache(maxsize=8)
def _wanted(form: Form) -> _Wanted:
    rows: dict[str, tuple[tuple[str, int], tuple[int, ...]]] = {}
    bands: dict[str, tuple[int, ...]] = {}
    columns: dict[str, tuple[tuple[tuple[str, int], int], ...]] = {}
    for label in form.labels:
        if label.table is None or label.role not in ("row", "column"):
            continue
        block, where = form.table(label.table).blocks[label.block], (label.table, label.block)
        if label.role == "column":
            columns[label.key] = (*columns.get(label.key, ()), (where, label.position))
        elif block.layout == "band":
            bands[label.key] = tuple(i for fields in block.grid for i in fields)
        else:
            rows[label.key] = (where, block.grid[label.position])
    return _Wanted(rows, bands, columns)


def cells(form: Form, grids: Sequence[Sequence[Row]]) -> dict[int, str]:
    """What the grids of one report, in their order, show of each field; the first place of a field counts."""
    wanted = _wanted(form)
    given: dict[int, str] = {}
    heads: dict[tuple[str, int], dict[int, int]] = {}
    band: tuple[int, ...] = ()
    for row in (row for grid in grids for row in grid):
        keys = [key(normalise(c)) if c else "" for c in row]
        at = max((n for n, k in enumerate(keys) if k in wanted.rows), default=-1)
        if at >= 0:
            where, fields = wanted.rows[keys[at]]
            found, band = _figures(row, at + 1, len(fields), heads.get(where, {})), ()
        elif band and any(c and _FIGURE.fullmatch(c.strip()) for t in row for c in (t or "").split()):
            fields, found, band = band, _figures(row, 0, len(band), {}), ()
        else:
            band = next((wanted.bands[k] for k in keys if k in wanted.bands), band)
            _note(wanted, keys, heads)
            continue
        for n, text in found:
            given.setdefault(fields[n], text)
    return given


def _note(wanted: _Wanted, keys: Sequence[str], heads: dict[tuple[str, int], dict[int, int]]) -> None:
    """Remember where column labels stand: the first of equal ones, and a new row in place of an old."""
    seen = {k: n for n, k in reversed(list(enumerate(keys))) if k in wanted.columns}
    for k, n in seen.items():
        for where, column in wanted.columns[k]:
            heads.setdefault(where, {})[column] = n


def _figures(row: Row, begin: int, count: int, heads: Mapping[int, int]) -> Iterator[tuple[int, str]]:
    """Column and text of each cell of a row whose figures begin at ``begin``; nothing where it cannot be told which is which."""
    there = [c for c in row[begin:] if c is not None]
    full = [c for c in there if c.strip()]
    words = [w for c in full for w in c.split()]
    if not all(_FIGURE.fullmatch(w) or _BLANK.fullmatch(w) for w in words):
        words = []
    for found in (there, full, words):
        if len(found) == count:
            yield from enumerate(found)
            return
    if len(heads) == count and all(begin <= n < len(row) for n in heads.values()):
        yield from ((column, row[n] or "") for column, n in sorted(heads.items()))
