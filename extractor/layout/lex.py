"""Normalised text to words with their place: line, printed row and cell.

One pass for every shape. Tabs and pipes delimit cells, so an empty cell between two of them is a
fact (``EMPTY``); in text without delimiters an empty cell leaves no trace and none is invented.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import NamedTuple

from extractor.form import Label
from extractor.numerals import DASH, IRREGULAR, NUMERAL, is_lookalike

WORD, NUMBER, DASHES, EMPTY, GLUED = "word", "number", "dash", "empty", "glued"

_PAGE_LINE = re.compile(
    r"^[ \f]*(?:[-·]+ ?\d{1,3} ?[-·]+|第 ?\d{1,3} ?页(?:[ ,/]*共 ?\d{1,3} ?页)?|[Pp]age ?\d{1,3}(?: ?(?:/|of) ?\d{1,3})?|\d{1,3} ?/ ?\d{1,3})[ \f]*$",
    re.M,
)
_RULE_LINE = re.compile(r"^[ ]*\|?(?:[ ]*:?-{2,}:?[ ]*\|)+(?:[ ]*:?-{2,}:?[ ]*)?[ ]*$", re.M)
# The head of a figure whose digits were parted at a separator (9, 487): a figure, though no whole one.
_BROKEN = re.compile(r"[+-]?\d{1,3}(?:,\d{3})*,")
_DIGITS_MAY_FOLLOW = frozenset("0123456789+-OoQ〇○零lI丨减增净SBZ!")


class Event(NamedTuple):
    """One thing on the page: a token (a word, figure or empty cell), or what words turn out to be (``events``): a label, other text.

    ``row`` numbers printed rows where the text marks them (``hard`` says so), else lines; ``cell``
    numbers delimited cells within the row; ``split`` marks a second figure inside the same cell. ``how`` says how a label
    was matched, ``key`` is the comparison form of a label or of other text.
    """

    kind: str
    start: int
    end: int
    line: int
    row: int
    cell: int
    hard: bool
    split: bool = False
    labels: tuple[Label, ...] = ()
    how: str = ""
    key: str = ""
    unit: str | None = None


# Tokens are written out whole, down to the parts that no token has: an Event made of one tuple takes half the time of one made by
# its class, and a report has some hundreds.
event_of = partial(tuple.__new__, Event)


def page_marks(norm: str) -> list[tuple[int, int]]:
    """Stretches that are page numbers on a line of their own, or markdown rules: no part of a table."""
    found = [m.span() for m in _PAGE_LINE.finditer(norm)] if any(c in norm for c in "-·页/Pp") else []
    if "--" in norm:
        found += [m.span() for m in _RULE_LINE.finditer(norm)]
    return sorted(found)


def lex(norm: str, html: bool = False) -> list[Event]:
    """Cut normalised text into tokens; ``html`` says that every tab divides two real cells."""
    lexer = _Lexer(norm, html, _rows_by_pipes(norm))
    marks = page_marks(norm)
    start = 0
    for line in norm.split("\n"):
        end = start + len(line)
        if marks and marks[0][1] <= start:
            marks = [m for m in marks if m[1] > start]
        if not (marks and marks[0][0] <= start and end <= marks[0][1] and line.strip()):
            lexer.take(line, start, end)
        lexer.line += 1
        start = end + 1
    lexer.finish()
    return lexer.out


def _rows_by_pipes(norm: str) -> bool:
    """Most lines with pipes hold several cells, filled or not, so a line of pipes with one filled cell is a row as well."""
    if "|" not in norm:
        return False
    lines = [line.split("|") for line in norm.split("\n") if "|" in line]
    filled = [(len([c for c in cells if c and not c.isspace()]), len(cells)) for cells in lines]
    return 2 * sum(n > 1 or (n > 0 and size > 3) for n, size in filled) >= sum(n > 0 for n, _ in filled)


def _kind_of(word: str) -> str:
    """Whether a word is a figure, a dash that stands for one, or neither."""
    if word[0] in _DIGITS_MAY_FOLLOW:
        if word.isdecimal() or NUMERAL.fullmatch(word) or is_lookalike(word) or _BROKEN.fullmatch(word) or IRREGULAR.fullmatch(word):
            return NUMBER
    return DASHES if DASH.fullmatch(word) else WORD


# The words of tables, which come again in every report; those of prose are not worth remembering.
_SHORT = 24
_kind = lru_cache(maxsize=65536)(_kind_of)


class _Lexer:
    """The state carried from line to line: the open cell, the open row, the last delimiter."""

    def __init__(self, norm: str, html: bool, rows_by_pipes: bool = False) -> None:
        self.rows_by_pipes = rows_by_pipes
        self.pipes = norm.count("|") > norm.count("\n") / 3
        self.norm = norm
        self.html = html
        self.out: list[Event] = []
        self.line = self.row = self.cell = 0
        self.cell_row = False  # inside a row whose cells stand one a line behind a tab
        self.open_cell = -1  # where a cell line without content began: empty unless more follows
        self.blank = False  # the line before was blank
        self.piped = False  # a pipe was the last thing seen
        self.figures_since = 0  # figures since the last pipe; -1 once a word came

    def take(self, line: str, start: int, end: int) -> None:
        """One line: blank, a cell behind its tab, delimited cells, or loose words."""
        if self.cell_row and not self.blank and line[1:].isdecimal() and line[0] == "\t":
            # A figure behind its tab, in a row that is open: by far the most frequent line there is.
            if self.open_cell >= 0:
                self._close_cell()
            self.cell += 1
            self.out.append(event_of((NUMBER, start + 1, end, self.line, self.row, self.cell, True, False, (), "", "", None)))
            return
        if self.open_cell < 0 and not self.html and not self.pipes and line.isdecimal() and line.isascii():
            self._figure(start, end, self.cell_row and not self.blank)
            self.blank = False
            return
        if not line or line.isspace():
            self._blank_line(line, start)
            return
        if line[0] == "\t" and not self.html and line.find("\t", 1) < 0 and "|" not in line:
            self._cell_line(start, end)
        elif "\t" in line:
            self._close_cell()
            self._new_row()
            self._cells(line, start, "\t", 0)
        elif "|" in line:
            self._close_cell()
            self._piped_line(line, start)
        else:
            if self.open_cell >= 0 and line.strip().isdecimal():
                self._close_cell()  # a number alone below an empty cell is as likely a page number
            self.open_cell = -1
            if self.html:
                self._new_row()  # every row of a grid has its border, so a line without one is no part of the row above
            before = len(self.out)
            if line.isdecimal() and line.isascii():
                self._figure(start, end, self.cell_row and not self.blank)
            else:
                self._words(start, end, hard=self.cell_row and not self.blank)
            if self.pipes and line.strip().isdecimal() and not self.norm[end:].lstrip().startswith("|"):
                # Where every cell has its border, a number without one is no cell: a page number, most likely.
                self.out[before:] = [t._replace(kind=WORD) for t in self.out[before:]]
        self.blank = False

    def finish(self) -> None:
        self._close_cell()

    def _new_row(self) -> None:
        self.row += 1
        self.cell = 0
        self.cell_row = False

    def _blank_line(self, line: str, start: int) -> None:
        if "\t" in line and line.count("\t") == 1 and not self.html:
            self._cell_line(start, start + len(line))
            self.blank = False
            return
        if "\t" in line:
            self._close_cell()
            self._new_row()
            self._cells(line, start, "\t", 0)
            return
        self.blank = True

    def _cell_line(self, start: int, end: int) -> None:
        """A cell on a line of its own; a blank line before it began a new row."""
        self._close_cell()
        if self.blank or not self.cell_row:
            self._new_row()
        self.cell_row = True
        self.blank = False
        self.cell += 1
        body = self.norm[start + 1 : end]
        text = body.strip(" \f")
        if text.isdecimal():
            at = start + 1 + body.index(text)
            self.out.append(event_of((NUMBER, at, at + len(text), self.line, self.row, self.cell, True, False, (), "", "", None)))
        elif text:
            self._words(start + 1, end, hard=True, alone=True)
        else:
            self.open_cell = start + 1

    def _close_cell(self) -> None:
        """A cell line that nothing followed was an empty cell."""
        if self.open_cell >= 0:
            self.out.append(Event(EMPTY, self.open_cell, self.open_cell, self.line, self.row, self.cell, True))
            self.open_cell = -1

    def _cells(self, line: str, start: int, delimiter: str, first: int) -> None:
        at, out, printed, row = start, self.out, self.line, self.row
        for number, cell in enumerate(line.split(delimiter), first):
            self.cell = number
            if cell.isdecimal() and cell.isascii():
                out.append(event_of((NUMBER, at, at + len(cell), printed, row, number, True, False, (), "", "", None)))
            elif cell.isspace() or not cell:
                out.append(event_of((EMPTY, at, at, printed, row, number, True, False, (), "", "", None)))
            else:
                self._words(at, at + len(cell), hard=True, alone=True)
            at += len(cell) + 1
        self.figures_since = -1

    def _piped_line(self, line: str, start: int) -> None:
        """A pipe line: a whole row, one cell with its border, or a border alone (domain.md §4, 15 and 16)."""
        body = line.strip()
        if body == "|":
            if self.piped:
                self.out.append(Event(EMPTY, start, start, self.line, self.row, self.cell, False))
            self.piped, self.figures_since = True, 0
            self.cell += 1
            return
        cells = line.split("|")
        leading = body[0] == "|"
        texts = [c.strip() for c in cells]
        filled = len(texts) - texts.count("")
        # A whole row on one line; else one cell with its border, and nothing marks where its row ends.
        whole = filled > 1 or (leading and len(cells) > 4) or (self.rows_by_pipes and len(cells) > 2)
        if whole:
            self._new_row()
        at, first, out, printed, row = start, self.cell, self.out, self.line, self.row
        last = len(cells) - 1
        for number, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            self.cell = first + number
            if text.isdecimal() and text.isascii():
                begin = at + cell.index(text)
                out.append(event_of((NUMBER, begin, begin + len(text), printed, row, self.cell, whole, False, (), "", "", None)))
            elif text:
                self._words(at, at + len(cell), hard=whole, alone=True)
            elif (number and number < last) or (number == 0 and not leading):
                out.append(event_of((EMPTY, at, at, printed, row, self.cell, whole, False, (), "", "", None)))
            at += len(cell) + 1
        self.piped, self.figures_since = body[-1] == "|", 0 if body[-1] == "|" else -1

    def _figure(self, start: int, end: int, hard: bool) -> None:
        """A figure on a line of its own: ``_words`` for the usual case."""
        figures = self.figures_since if self.piped or self.figures_since > 0 else -1
        self.out.append(event_of((NUMBER, start, end, self.line, self.row, self.cell, hard, figures > 0, (), "", "", None)))
        self.figures_since, self.piped = figures + 1 if figures >= 0 else -1, False

    def _page_mark(self, a: int, b: int) -> bool:
        """The dash just taken ends a page number between dashes, - 4 -, that stands in one stretch with other cells."""
        if len(self.out) < 3:
            return False
        first, number, last = self.out[-3:]
        if (first.kind, number.kind) != (DASHES, NUMBER) or first.line != last.line or first.cell != last.cell:
            return False
        close = number.start - first.end <= 1 and last.start - number.end <= 1
        return close and number.end - number.start <= 3 and self.norm[number.start : number.end].isdecimal()

    def _words(self, start: int, end: int, hard: bool, alone: bool = False) -> None:
        """Words of one cell or loose line; ``alone`` says that the stretch is one cell."""
        norm, out, line, row, cell = self.norm, self.out, self.line, self.row, self.cell
        figures = 0 if alone else (self.figures_since if self.piped or self.figures_since > 0 else -1)
        b = start
        for word in norm[start:end].replace("|", " ").split():
            a = norm.index(word, b)  # nothing but blanks and pipes stands before it
            b = a + len(word)
            kind = _kind(word) if b - a <= _SHORT else _kind_of(word)
            out.append(event_of((kind, a, b, line, row, cell, hard, kind is NUMBER and figures > 0, (), "", "", None)))
            if kind is WORD:
                figures = -1
            elif kind is NUMBER:
                figures = figures + 1 if figures >= 0 else -1
            elif self._page_mark(a, b):
                del out[-3:]
        if not alone:
            self.figures_since, self.piped = figures, False
