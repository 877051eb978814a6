"""A report on its way to bytes: sections, grids, and what has been done to them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from benchmarks.damage.content import Content
from benchmarks.damage.sheet import Sheet
from extractor.form import Form

Piece = tuple[str, int]
"""Some text and the field it prints, -1 where it prints none."""
Line = list[Piece]

# Shapes whose every cell leaves a mark, so that an empty cell is seen to be there.
MARKED = frozenset({"tab-cells", "tab-rows", "pipe-rows", "markdown", "html"})
# Shapes in which a row that misses cells is seen to be short.
ROW_ENDS = frozenset({"tab-cells", "tab-rows", "markdown", "html"})
# Shapes in which each cell stands on a line of its own.
CELL_LINES = frozenset({"tab-cells", "pipe-lines", "pipe-ends", "bare-lines", "detached", "column-major"})
# Shapes that are laid out on pages.
PAGED = frozenset({"aligned", "plain-rows", "detached", "column-major"})
# Shapes that are one single line.
FLAT = frozenset({"flat", "flat-spaces", "glued"})


@dataclass(slots=True)
class Section:
    """One section: its heading, its prose, and perhaps a table."""

    number: int
    label: str
    lines: list[str]
    sheet: Sheet | None = None
    heading: str = ""


@dataclass(slots=True)
class Draft:
    """Everything a renderer and a damage may read and change."""

    form: Form
    content: Content
    rng: Random
    shape: str
    level: str
    title: list[str]
    sections: list[Section]
    damages: list[str] = field(default_factory=list)
    blanks: set[int] = field(default_factory=set)
    dashes: set[int] = field(default_factory=set)
    loose: set[int] = field(default_factory=set)
    unplaceable: bool = False
    spaced: bool = False
    variant: int = 0
    glyphs: dict[int, str] = field(default_factory=dict)
    runs: list[tuple[tuple[int, ...], ...]] = field(default_factory=list)
    encoding: str = "utf-8"
    note: str = ""

    def sheets(self) -> list[Sheet]:
        """The tables that are still there."""
        return [s.sheet for s in self.sections if s.sheet is not None]


_NUMERALS = "一二三四五六七八九十"


def numeral(n: int) -> str:
    """一, 二, … for the small numbers that sections have."""
    return _NUMERALS[n - 1] if 1 <= n <= len(_NUMERALS) else str(n)
