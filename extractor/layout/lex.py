"""Normalised text to words with their place: line, printed row and cell.

One pass for every shape. Tabs and pipes delimit cells, so an empty cell between two of them is a
fact (``EMPTY``); in text without delimiters an empty cell leaves no trace and none is invented.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from extractor.numerals import DASH, NUMERAL, is_lookalike

WORD, NUMBER, DASHES, EMPTY, GLUED = "word", "number", "dash", "empty", "glued"

_TOKEN = re.compile(r"\n|\t|\||\f|[^\s|]+")
_PAGE_LINE = re.compile(
    r"^[ \f]*(?:[-·]+ ?\d{1,3} ?[-·]+|第 ?\d{1,3} ?页(?:[ ,/]*共 ?\d{1,3} ?页)?|[Pp]age ?\d{1,3}(?: ?(?:/|of) ?\d{1,3})?|\d{1,3} ?/ ?\d{1,3})[ \f]*$",
    re.M,
)
_RULE_LINE = re.compile(r"^[ ]*\|?(?:[ ]*:?-{2,}:?[ ]*\|)+(?:[ ]*:?-{2,}:?[ ]*)?[ ]*$", re.M)
_DIGITS_MAY_FOLLOW = frozenset("0123456789+-OoQ〇○零lI减增净SBZ!")


class Token(NamedTuple):
    """A word, figure or empty cell.

    ``row`` numbers printed rows where the text marks them (``hard`` says so), else lines; ``cell``
    numbers delimited cells within the row; ``split`` marks a second figure inside the same cell.
    """

    kind: str
    start: int
    end: int
    line: int
    row: int
    cell: int
    hard: bool
    split: bool = False


def page_marks(norm: str) -> list[tuple[int, int]]:
    """Stretches that are page numbers on a line of their own, or markdown rules: no part of a table."""
    found = [m.span() for m in _PAGE_LINE.finditer(norm)] if any(c in norm for c in "-·页/Pp") else []
    if "--" in norm:
        found += [m.span() for m in _RULE_LINE.finditer(norm)]
    return sorted(found)


def lex(norm: str, html: bool = False) -> list[Token]:
    """Cut normalised text into tokens; ``html`` says that every tab divides two real cells."""
    return _Lexer(norm, html).run()


class _Lexer:
    """The state of one pass: where the last delimiter stood and whether anything came since."""

    def __init__(self, norm: str, html: bool) -> None:
        self.norm = norm
        self.html = html
        self.out: list[Token] = []
        self.line = self.row = self.cell = 0
        self.delimiter = ""  # kind of the last delimiter
        self.delimiter_line = -1
        self.content = True  # something stood since the last delimiter
        self.words_since = 0  # words that are no figures since the last delimiter
        self.line_start = 0
        self.line_tabs = self._tabs(0)
        self.cell_lines = False  # inside one-cell-a-line rows
        self.blank_line = False

    def _tabs(self, start: int) -> int:
        """0 no tab, 1 one leading tab (a cell on a line of its own), 2 a tab-delimited line."""
        end = self.norm.find("\n", start)
        end = len(self.norm) if end < 0 else end
        first = self.norm.find("\t", start, end)
        if first < 0:
            return 0
        alone = self.norm.find("\t", first + 1, end) < 0 and not self.norm[start:first].strip()
        return 1 if alone and not self.html else 2

    def _empty(self, position: int) -> None:
        self.out.append(Token(EMPTY, position, position, self.line, self.row, self.cell, True))

    def run(self) -> list[Token]:
        skip = page_marks(self.norm)
        skip_at = 0
        for m in _TOKEN.finditer(self.norm):
            start, end = m.span()
            c = self.norm[start]
            if c == "\n":
                self._newline(start)
            elif c == "\t":
                self._tab(start)
            elif c == "|":
                self._pipe(start)
            elif c != "\f":
                while skip_at < len(skip) and skip[skip_at][1] <= start:
                    skip_at += 1
                if skip_at < len(skip) and skip[skip_at][0] <= start:
                    continue
                self._word(c, start, end)
        self._newline(len(self.norm))
        return self.out

    def _newline(self, position: int) -> None:
        if self.line_tabs == 2 and self.delimiter == "tab" and self.delimiter_line == self.line and not self.content:
            self._empty(position)
        if self.line_tabs == 1 and not self.content and self.norm[position + 1 : position + 2] in ("\t", "\n", ""):
            self._empty(position)
            self.content = True
        was_blank = not self.norm[self.line_start : position].strip("\f ") and self.line_tabs == 0
        ended_row = self.line_tabs == 2 or (self.delimiter == "pipe" and self.delimiter_line == self.line)
        self.line += 1
        self.line_start = position + 1
        self.line_tabs = self._tabs(position + 1) if position < len(self.norm) else 0
        if self.line_tabs != 1:
            self.cell_lines = self.cell_lines and self.line_tabs == 0
        if (was_blank and self.line_tabs == 1) or self.line_tabs == 2 or (ended_row and self.line_tabs != 1):
            self.row += 1
            self.cell = 0

    def _tab(self, position: int) -> None:
        if self.line_tabs == 1:
            if not self.cell_lines:
                self.row += 1
            self.cell_lines = True
        elif self.delimiter_line != self.line:
            if not self.norm[self.line_start : position].strip():
                self._empty(position)
        elif not self.content:
            self._empty(position)
        self._delimit("tab")

    def _pipe(self, position: int) -> None:
        leading = not self.norm[self.line_start : position].strip()
        if self.delimiter == "pipe" and not self.content:
            line_end = self.norm.find("\n", position)
            rest = self.norm[position + 1 : line_end if line_end >= 0 else len(self.norm)].strip()
            if self.delimiter_line == self.line or (leading and not rest):
                self._empty(position)
        self._delimit("pipe")

    def _delimit(self, kind: str) -> None:
        self.delimiter, self.delimiter_line = kind, self.line
        self.content = False
        self.words_since = 0
        self.cell += 1

    def _word(self, first: str, start: int, end: int) -> None:
        kind = WORD
        if first in _DIGITS_MAY_FOLLOW:
            word = self.norm[start:end]
            if NUMERAL.fullmatch(word) or is_lookalike(word):
                kind = NUMBER
        if kind is WORD and end - start <= 6 and DASH.fullmatch(self.norm, start, end):
            kind = DASHES
        hard = self.line_tabs > 0 or (self.delimiter == "pipe" and self.delimiter_line == self.line)
        split = kind is NUMBER and self.words_since == 0 and self.content and bool(self.delimiter) and self._same_cell()
        self.out.append(Token(kind, start, end, self.line, self.row, self.cell, hard, split))
        if kind is WORD:
            self.words_since += 1
        self.content = True

    def _same_cell(self) -> bool:
        """The figure before stands in the same cell and on the same line."""
        last = self.out[-1] if self.out else None
        return last is not None and last.kind == NUMBER and last.line == self.line and last.cell == self.cell
