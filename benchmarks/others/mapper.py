"""Grids of strings to the cells of a form: one plain mapper for every tool that gives grids.

It is told the form. A row belongs to the row label of the form that one of its cells equals, blanks and punctuation removed (the variants of
labels that the form knows included). What stands right of the label are its figures, taken

1. in order, where there are as many cells as the form has columns: cells that are there, else cells with a figure or a dash in them, else figures;
2. else by the column labels last seen above, where all of them were seen right of the row label.

Rows side by side in one line of figures (a *band*) are taken in order from the first line with figures below their labels. Everything else is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
        fields, found = _matrix_row(wanted, row, keys, heads)
        if not found and band and any(_FIGURE.fullmatch(w) for c in row for w in (c or "").split()):
            fields, found = band, _figures(row, 0, len(band), {})
        if found:
            band = ()
        else:
            band = next((wanted.bands[k] for k in keys if k in wanted.bands), band)
            _note(wanted, keys, heads)
        for n, text in found:
            given.setdefault(fields[n], text)
    return given


def _matrix_row(wanted: _Wanted, row: Row, keys: Sequence[str], heads: Mapping[tuple[str, int], Mapping[int, int]]) -> tuple[tuple[int, ...], list[tuple[int, str]]]:
    """The fields and the figures of a row that has a row label; a column label may be written as one too, and has no figures beside it."""
    at = max((n for n, k in enumerate(keys) if k in wanted.rows), default=-1)
    if at < 0:
        return (), []
    where, fields = wanted.rows[keys[at]]
    return fields, _figures(row, at + 1, len(fields), heads.get(where, {}))


def _note(wanted: _Wanted, keys: Sequence[str], heads: dict[tuple[str, int], dict[int, int]]) -> None:
    """Remember where column labels stand: the first of equal ones, and a new row in place of an old."""
    seen = {k: n for n, k in reversed(list(enumerate(keys))) if k in wanted.columns}
    for k, n in seen.items():
        for where, column in wanted.columns[k]:
            heads.setdefault(where, {})[column] = n


def _figures(row: Row, begin: int, count: int, heads: Mapping[int, int]) -> list[tuple[int, str]]:
    """Column and text of each cell of a row whose figures begin at ``begin``; nothing where it cannot be told which is which."""
    there = [c for c in row[begin:] if c is not None]
    full = [c for c in there if re.search("[0-9]", normalise(c)) or _BLANK.fullmatch(c.strip())]
    words = [w for c in full for w in c.split()]
    if not all(_FIGURE.fullmatch(w) or _BLANK.fullmatch(w) for w in words):
        words = []
    for found in (there, full, words):
        if len(found) == count:
            return list(enumerate(found))
    if len(heads) == count and all(begin <= n < len(row) for n in heads.values()):
        return [(column, row[n] or "") for column, n in sorted(heads.items())]
    return []
