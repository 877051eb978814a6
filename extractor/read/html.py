r"""HTML to text: blocks become lines, a table row becomes one line with a TAB between its real cells.

Every ``td``/``th`` in the source gives exactly one cell, whatever its spans say, so the n figures
after a row label are the n cells of that row. lxml only tokenises (``HTMLParser(target=…)``): no tree
is built, nothing recurses, and a bomb is stopped while it is being read. Where a cell stands on its table's lattice is
counted on the way, and turned into offsets when the text is finished.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from extractor.errors import ReportUnreadable
from extractor.read.decode import cleaned, empty, tidy
from extractor.read.markup import LOWERED, RAISED, is_html, keeps_lines, unwrapped, without_remnants
from extractor.types import GridPlace, Placed

MAX_DEPTH = 2_000
MAX_EVENTS = 300_000
MAX_CELLS = 50_000
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none", re.IGNORECASE)
_WHITE = re.compile("[ \t\n\r\f\x0b\x85\u2028\u2029]+")

_DROP = frozenset(
    {"script", "style", "xml", "select", "datalist", "button", "iframe", "object", "svg", "canvas", "rt", "rp"}
)
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset({
    "p", "div", "br", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "dl", "dt", "dd", "section", "article",
    "main", "header", "footer", "aside", "form", "fieldset", "legend", "blockquote", "center", "hr", "address",
    "figure", "figcaption", "pre", "title", "caption", "body",
})  # fmt: skip
# A hidden container may be a folded half of the report: it is read. A hidden row, cell or run is not.
_CONTAINERS = frozenset({"html", "body", "div", "section", "article", "main", "form", "table", "center"})
# Blanks, tabs and line ends of preformatted text, protected until the lines are put together.
_PROTECT = str.maketrans({" ": "\x01", "\t": "\x02", "\n": "\x03\n"})

_Pieces = list[str | tuple[str, ...]]  # text with "\n" for a break, and nested tables as finished lines
_DIGITS = re.compile(r"\s{0,9}[0-9]{1,9}")
_MAX_SPAN = 1_000  # as browsers have it


class _Row(str):
    """The line of a table row, with the table (by opening), the row and the column of each of its cells."""

    __slots__ = ("places",)
    places: list[tuple[int, int, int]]


def render(text: str) -> tuple[str, str, tuple[str, ...], tuple[Placed, ...]]:
    """Return the rendered text, its media type, the reason codes of what had to be done, and the places of its cells.

    Text with stray tags only (``<br>`` in a pipe table, ``&nbsp;``) stays ``text/plain``. Raises
    ReportUnreadable: EMPTY_FILE where no text is shown, HTML_TOO_DEEP, HTML_TOO_LARGE.
    """
    if text.count("<") > 2 * MAX_EVENTS:
        raise _too_large()
    if not is_html(text):
        rendered = without_remnants(text)
        if not rendered.strip():
            raise empty()
        return rendered, "text/plain", ("HTML_REMNANTS",), ()
    source, notes = unwrapped(text)
    page = _parse(source, everything=False)
    if not page.tables and (page.skipped or not page.text()):
        whole = _parse(source, everything=True)
        page = whole if whole.tables or not page.text() else page
    rendered, more = tidy(page.text())
    if not rendered.strip():
        raise empty()
    notes += ("HTML_HIDDEN",) if "hidden" in page.skipped else ()
    # Without any table the tabs are those of preformatted text, and border no cells.
    media_type = "text/html" if page.tables or "\t" not in rendered else "text/plain"
    return rendered, media_type, notes + more, tuple(page.places()) if page.tables else ()


def _too_large() -> ReportUnreadable:
    message = f"more than {MAX_CELLS:,} table cells or {MAX_EVENTS:,} tags: give the report's own page"
    return ReportUnreadable("HTML_TOO_LARGE", message)


def _parse(source: str, everything: bool) -> _Page:
    from lxml import etree

    page = _Page(keep_lines=keeps_lines(source), everything=everything)
    target: Any = page  # the stubs ask for methods that lxml does not
    parser = etree.HTMLParser(target=target, huge_tree=True)
    try:
        for start in range(0, len(source), 65_536):
            parser.feed(source[start : start + 65_536])
        parser.close()
    except etree.LxmlError:
        page.close()  # nothing but comments, or an end that the parser gives up on: keep what was read
    return page


@dataclass(slots=True)
class _Frame:
    """One open table: ``row`` and ``cell`` are None where none is open."""

    depth: int
    lines: list[str] = field(default_factory=list)
    loose: _Pieces = field(default_factory=list)
    row: list[_Pieces] | None = None
    row_depth: int = 0
    cell: _Pieces | None = None
    cell_depth: int = 0
    cells: int = 0
    first: _Pieces | None = None
    first_places: list[tuple[int, int, int]] = field(default_factory=list)
    number: int = 0  # among the tables in the order in which they open
    rows: int = 0
    column: int = 1  # the first square of the row that no cell has taken
    taken: dict[int, int] = field(default_factory=dict)  # column: for how many more rows a cell above reaches down
    places: list[tuple[int, int, int]] = field(default_factory=list)

    def next_row(self) -> None:
        """Step to the next row of the lattice: cells above that reach down take their squares of it."""
        self.rows += 1
        self.column = 1
        self.places = []
        if self.taken:
            self.taken = {column: left - 1 for column, left in self.taken.items() if left > 0}

    def take(self, attributes: dict[str, str]) -> None:
        """Give the next free square to a cell with these spans."""
        taken, column = self.taken, self.column
        while taken and column in taken:
            column += 1
        self.places.append((self.number, self.rows, column))
        wide = _span(attributes["colspan"]) if "colspan" in attributes else 1
        if "rowspan" in attributes and (deep := _span(attributes["rowspan"], to_the_end=_MAX_SPAN)) > 1:
            for square in range(column, column + wide):
                taken[square] = deep - 1
        self.column = column + wide

    def close_cell(self) -> None:
        """End the open cell, if any."""
        if self.cell is not None and self.row is not None:
            self.row.append(self.cell)
            self.cell = None

    def close_row(self) -> None:
        """End the open row; a first row of one cell waits, for it may be a wrapper around the page."""
        self.close_cell()
        row, self.row = self.row or [], None
        if self.cells == 1 and row:
            self.lines += _flow(self.loose)
            self.loose, self.first, self.first_places = [], row[0], self.places
        else:
            self.lines += _row_lines(row, self.places)

    def settle(self) -> None:
        """Put the waiting first row and the text between the rows where they belong: another row follows."""
        if self.first is not None:
            self.lines += _row_lines([self.first], self.first_places)
            self.first = None
        self.lines += _flow(self.loose)
        self.loose = []

    def close(self) -> _Pieces:
        """Return what the enclosing text gets: a table, or the content of the only cell of a wrapper."""
        self.close_row()
        if self.first is not None:
            caption = [f"{line}\n" for line in self.lines]
            return ["\n", *caption, *self.first, "\n", *self.loose, "\n"]
        self.settle()
        return [tuple(self.lines)]


class _Page:
    """The parser's target: receives tags and text, keeps the lines."""

    def __init__(self, keep_lines: bool, everything: bool) -> None:
        self.keep_lines, self.everything = keep_lines, everything
        self.pieces: _Pieces = []
        self.frames: list[_Frame] = []
        self.sink = self.pieces
        self.depth = self.events = self.cells = self.tables = self.opened = 0
        self.skip = self.pre = 0
        self.raised = self.lowered = 0
        self.skipping = ""
        self.skipped: set[str] = set()  # why shown text was left out: "nav", "hidden"

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        self.depth += 1
        self._count()
        if self.skip:
            return
        if reason := self._unwanted(tag, attributes):
            self.skip, self.skipping = self.depth, reason
            if tag == "tr" and self.frames and self.frames[-1].row is None:
                self.frames[-1].next_row()  # a hidden row still counts
        elif tag in _CELLS:
            self._start_cell(attributes)
        elif tag == "tr":
            self._start_row(self.depth)
        elif tag == "table":
            self._start_table()
        elif tag in _BLOCKS:
            self.sink.append("\n")
            self.pre = self.pre or (self.depth if tag == "pre" else 0)
        elif tag == "input" and attributes.get("type", "text").lower() in ("text", "number"):
            self.data(attributes.get("value", ""))
        elif tag in ("sup", "sub"):
            self.raised, self.lowered = (self.depth, self.lowered) if tag == "sup" else (self.raised, self.depth)

    def end(self, tag: str) -> None:
        """Close the innermost element."""
        depth = self.depth
        self.depth -= 1
        if self.skip:
            self.skip = 0 if self.skip == depth else self.skip
            return
        if tag in _BLOCKS:
            self.sink.append("\n")
        self.pre = 0 if self.pre >= depth else self.pre
        self.raised = 0 if self.raised >= depth else self.raised
        self.lowered = 0 if self.lowered >= depth else self.lowered
        while self.frames and self.frames[-1].depth >= depth:
            self._end_table()
        if self.frames:
            frame = self.frames[-1]
            if frame.cell is not None and frame.cell_depth >= depth:
                frame.close_cell()
            if frame.row is not None and frame.row_depth >= depth:
                frame.close_row()
            self._aim()

    def data(self, data: str) -> None:
        """Take a stretch of text."""
        self._count()
        if self.skip:
            if self.skipping != "code" and not data.isspace():
                self.skipped.add(self.skipping)
            return
        if self.raised or self.lowered:  # a footnote mark must not become a digit of the figure before it
            data = data.translate(RAISED if self.raised else LOWERED)
        if self.pre or (self.keep_lines and not self.frames):
            self.sink.append(data.translate(_PROTECT))
            return
        data = _WHITE.sub(" ", data)
        last = self.sink[-1] if self.sink else "\n"
        if data[:1] == " " and isinstance(last, str) and last[-1:] in ("", " ", "\n"):
            data = data[1:]
        if data:
            self.sink.append(data)

    def close(self) -> None:
        """End what the page left open."""
        while self.frames:
            self._end_table()

    def text(self) -> str:
        """Return the whole text, each line ended by a line end."""
        self.lines = _flow(self.pieces)
        text = self._unprotected("\n".join(self.lines).strip("\n"))
        return text + "\n" if text else ""

    def places(self) -> Iterator[Placed]:
        """Where the cells of the tables stand in what ``text`` returned, once that is tidy."""
        numbers = {table for line in self.lines if isinstance(line, _Row) for table, _, _ in line.places[:1]}
        number_of = {table: n for n, table in enumerate(sorted(numbers), 1)}
        at = 0
        for line in itertools.dropwhile(lambda line: not line, self.lines):
            if not isinstance(line, _Row):
                at += len(self._final(line)) + 1
                continue
            for cell, (table, row, column) in zip(self._final(line).split("\t"), line.places, strict=True):
                shown = cell.strip()
                if shown:
                    start = at + cell.index(shown)
                    yield Placed(start, start + len(shown), GridPlace(number_of[table], row, column))
                at += len(cell) + 1

    def _final(self, line: str) -> str:
        return cleaned(self._unprotected(line))[0]

    def _unprotected(self, text: str) -> str:
        return text.replace("\x01", " ").replace("\x02", "    " if self.tables else "\t").replace("\x03", "")

    def _count(self) -> None:
        self.events += 1
        if self.depth > MAX_DEPTH:
            message = f"elements are nested more than {MAX_DEPTH:,} deep: save the page again, or give its text"
            raise ReportUnreadable("HTML_TOO_DEEP", message)
        if self.events > MAX_EVENTS or self.cells > MAX_CELLS:
            raise _too_large()

    def _unwanted(self, tag: str, attributes: dict[str, str]) -> str:
        if tag in _DROP:
            return "code"
        if self.everything or tag in _CONTAINERS:
            return ""
        if "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")):
            return "hidden"
        return "nav" if tag == "nav" else ""

    def _start_table(self) -> None:
        while self.frames and self.frames[-1].cell is None:  # a table cannot be between cells: the last has ended
            self._end_table()
        self._open(self.depth)
        self._aim()

    def _open(self, depth: int) -> None:
        self.opened += 1
        self.frames.append(_Frame(depth, number=self.opened))

    def _start_row(self, depth: int) -> None:
        if not self.frames:  # a page cut in the middle of a table
            self._open(self.depth - 1)
        frame = self.frames[-1]
        frame.close_row()
        frame.next_row()
        frame.row, frame.row_depth = [], depth
        self._aim()

    def _start_cell(self, attributes: dict[str, str]) -> None:
        if not self.frames or self.frames[-1].row is None:
            self._start_row(self.depth - 1)
        frame = self.frames[-1]
        frame.close_cell()
        if not frame.row:
            frame.settle()
        frame.cell, frame.cell_depth = [], self.depth
        frame.take(attributes)
        frame.cells += 1
        self.cells += 1
        self._aim()

    def _end_table(self) -> None:
        frame = self.frames.pop()
        self._aim()
        self.tables += frame.cells > 1
        self.sink += frame.close()

    def _aim(self) -> None:
        """Point ``sink`` to where text belongs now."""
        if not self.frames:
            self.sink = self.pieces
        else:
            frame = self.frames[-1]
            self.sink = frame.loose if frame.cell is None else frame.cell


def _flow(pieces: _Pieces) -> list[str]:
    """Return the lines of running text; a nested table stands between blank lines."""
    lines: list[str] = []
    text: list[str] = []
    for piece in [*pieces, ()]:
        if isinstance(piece, str):
            text.append(piece)
            continue
        lines += [line for line in map(str.strip, "".join(text).split("\n")) if line]
        text = []
        if piece:
            lines += ["", *piece, ""] if not lines or lines[-1] else [*piece, ""]
    return lines


def _row_lines(row: list[_Pieces], places: list[tuple[int, int, int]]) -> list[str]:
    """Return the one line of a row, or the lines of all its cells where it only lays out the page."""
    if any(_is_layout(cell) for cell in row):
        return [line for cell in row for line in _flow(cell)]
    line = _Row("\t".join(_one_line(cell) for cell in row))
    line.places = places
    return [line] if line else []


def _one_line(cell: _Pieces) -> str:
    return " ".join(_flow(cell)).translate({2: " ", 3: None})


def _span(said: str, to_the_end: int = 1) -> int:
    """The number of squares that a span says; 0 means all that are left, and nonsense means one."""
    digits = _DIGITS.match(said)
    return min(int(digits[0]), _MAX_SPAN) or to_the_end if digits else 1


def _is_layout(cell: _Pieces) -> bool:
    """Whether a cell is a part of the page's layout: it holds a table, or an article of several paragraphs."""
    if any(isinstance(piece, tuple) for piece in cell):
        return True
    return len(cell) > 4 and sum(map(len, cell)) > 300 and cell.count("\n") > 3
