"""What kind of error a model made in a cell, from what it gave, what is true, and what the text prints.

A cell may fit several kinds; the first that holds, in the order of ``KINDS``, is its kind:

* *omitted*: it gave nothing for the cell, or only the right answer in a way that cannot be used.
* *balanced*: the figure does not stand where it was cited, and is what one of the form's hard sums wants of the other cells
  as they are printed.
* *shifted*: the figure is that of the cell above, below, left or right in the same table.
* *invented*: the cell holds no figure (it is blank, or the text lost it), or the text prints such a figure nowhere.
* *misread*: the cell holds a figure, and another one of the text, or an empty cell, was given for it.

Of several answers the first that is wrong counts. Golden labels decide what is printed; no reader's finding takes part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from extractor.form import Form
from extractor.golden import GoldenCell
from extractor.numerals import read_number
from extractor.types import Number

OMITTED, BALANCED, SHIFTED, INVENTED, MISREAD = KINDS = ("omitted", "balanced", "shifted", "invented", "misread")
_FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


class Page(NamedTuple):
    """What is true of one text: the golden value of every field (None: none printed), which are blank, the figures printed in it without sign."""

    form: Form
    values: tuple[Number | None, ...]
    blank: frozenset[int]
    figures: frozenset[Number]


class Fault(NamedTuple):
    """The kind of an error, and what was given: a figure, ``blank``, or ``nothing``."""

    kind: str
    given: str


def page_of(form: Form, cells: Sequence[GoldenCell], norm: str) -> Page:
    """The truth of a text whose normalised characters are ``norm``."""
    values: list[Number | None] = [None] * len(form.fields)
    for c in cells:
        values[c.field] = c.value
    figures = (read_number(m[0], "count")[0] for m in _FIGURE.finditer(norm))
    return Page(form, tuple(values), frozenset(c.field for c in cells if c.status == "blank"), frozenset(f for f in figures if f is not None))


def fault(page: Page, field: int, standing: Sequence[Number | None], loose: Sequence[Number | None]) -> Fault:
    """The kind of error in a cell that is wrong. ``standing`` were given and stand in the text where cited, ``loose`` do not.

    In both, None is an empty cell. A text that is read in another form than the golden one has none of the two.
    """
    given = standing or loose
    wrong = [x for x in given if not _true(page, field, x)]
    if not wrong:
        return Fault(OMITTED, _said(given[0]) if given else "nothing")
    return Fault(_kind(page, field, wrong[0], bool(standing)), _said(wrong[0]))


def _said(given: Number | None) -> str:
    return "blank" if given is None else str(given)


def _true(page: Page, field: int, given: Number | None) -> bool:
    return field in page.blank if given is None else given == page.values[field]


def _kind(page: Page, field: int, given: Number | None, stands: bool) -> str:
    if given is None:
        return INVENTED if page.values[field] is None else MISREAD
    if not stands and given in wanted(page, field):
        return BALANCED
    if given in beside(page, field):
        return SHIFTED
    if page.values[field] is None or not (stands or abs(given) in page.figures):
        return INVENTED
    return MISREAD


def wanted(page: Page, field: int) -> frozenset[Number]:
    """What the hard sums of a field want there, of the other cells as they are printed; blank ones count as 0."""
    values = [0 if i in page.blank else v for i, v in enumerate(page.values)]
    rules = (page.form.rules[n] for n in page.form.rules_of[field])
    implied = (rule.relation.implied(values, field) for rule in rules)
    return frozenset(v for v in implied if v is not None)


def beside(page: Page, field: int) -> frozenset[Number]:
    """The golden figures of the cells above, below, left and right of a field in its table, whose blocks follow each other."""
    rows, row, column = _places(page.form)[field]
    around = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    inside = (rows[r][c] for r, c in around if 0 <= r < len(rows) and 0 <= c < len(rows[r]))
    return frozenset(v for i in inside if (v := page.values[i]) is not None)


@lru_cache(maxsize=32)
def _places(form: Form) -> Mapping[int, tuple[tuple[tuple[int, ...], ...], int, int]]:
    """Of every field all rows of its table, and which row and column of them it is."""
    tables = (tuple(line for b in t.blocks for line in b.grid) for t in form.tables)
    return {i: (rows, r, c) for rows in tables for r, line in enumerate(rows) for c, i in enumerate(line)}
