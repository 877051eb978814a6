r"""HTML to text: blocks become lines, a table row becomes one line with a TAB between its real cells.

Every ``td``/``th`` in the source gives exactly one cell, whatever its spans say, so the n figures
after a row label are the n cells of that row. lxml only tokenises (``HTMLParser(target=…)``): no tree
is built, nothing recurses, and a bomb is stopped while it is being read.

HTML is recognised by its tags, never by the file name: Chinese texts hold ``<…条例>`` as quotation marks.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from extractor.errors import ReportUnreadable
from extractor.read.decode import empty, tidy

MAX_DEPTH = 2_000
MAX_EVENTS = 300_000
MAX_CELLS = 50_000

_BACKSLASHES = r"(?<!\\)\\{1,8}"  # looked for at the start of a run only, or a long run takes for ever
_LT = rf"(?:<|&lt;|{_BACKSLASHES}(?:u003c|x3c))"
_STRUCTURE = re.compile(_LT + r"(?:!doctype\s+html|(?:html|body|table|tbody|tr|td|th)(?=[\s>/\\&]))", re.IGNORECASE)
_BLOCK_CLOSED = re.compile(_LT + r"\\{0,8}/(?:p|div|h[1-6]|li|section|article)\s{0,9}(?:>|&gt;|\\)", re.IGNORECASE)
_REMNANT = re.compile(r"</?(br|b|strong|i|em|u|span|font|center|sup|sub)\b[^<>\n]{0,200}>|&nbsp;", re.IGNORECASE)
_CELL = re.compile(r"<(?:table|tr|td|th)(?=[\s>/\\])", re.IGNORECASE)
_ENTITY_CELL = re.compile(r"&lt;(?:table|tr|td|th)(?=[\s/&])", re.IGNORECASE)
_ESCAPED = re.compile(rf"=\\{{1,8}}[\"']|<\\{{1,8}}/|{_BACKSLASHES}(?:u003c|x3c)", re.IGNORECASE)
_ESCAPE = re.compile(_BACKSLASHES + r"(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([\"'/nrtbf]))", re.IGNORECASE)
_SCRIPT = re.compile(r"<(?:script\b|(\\{0,8}/)script\s{0,9}>)", re.IGNORECASE)
_OUTER = re.compile(r"<(?:(/?)table\b|(!doctype|html|body)\b|(?:p|div|br|li|h[1-6])(?=[\s/>]))", re.IGNORECASE)
_PIPE_ROW = re.compile(r"^[ \t]{0,9}\|.*\|[ \t]*$", re.MULTILINE)
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>", re.IGNORECASE)
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
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# Blanks, tabs and line ends of preformatted text, protected until the lines are put together.
_PROTECT = str.maketrans({" ": "\x01", "\t": "\x02", "\n": "\x03\n"})

_Pieces = list[str | tuple[str, ...]]  # text with "\n" for a break, and nested tables as finished lines


def looks_marked(text: str) -> bool:
    """Whether :func:`render` has anything to do: a cheap question that most texts answer with no."""
    if "<" in text or "&" in text or "\\" in text:
        return _is_html(text) or _REMNANT.search(text) is not None
    return False


def render(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the rendered text, its media type and the reason codes of what had to be done.

    Text with stray tags only (``<br>`` in a pipe table, ``&nbsp;``) stays ``text/plain``. Raises
    ReportUnreadable: EMPTY_FILE where no text is shown, HTML_TOO_DEEP, HTML_TOO_LARGE.
    """
    if not _is_html(text):
        return _without_remnants(text), "text/plain", ("HTML_REMNANTS",)
    source, notes = _unwrapped(text)
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
    return rendered, media_type, notes + more


def _is_html(text: str) -> bool:
    return _STRUCTURE.search(text) is not None or _BLOCK_CLOSED.search(text) is not None


def _without_remnants(text: str) -> str:
    return "\n".join(_line_without_remnants(line) for line in text.split("\n"))


def _line_without_remnants(line: str) -> str:
    in_row = "|" in line or "\t" in line

    def plain(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        if name == "br":
            return " " if in_row else "\n"
        return " " if name in ("", "sup", "sub") else ""  # 3<sup>1</sup> is not 31

    return _REMNANT.sub(plain, line)


def _unwrapped(text: str) -> tuple[str, tuple[str, ...]]:
    """Undo what hides HTML: backslash escapes, entities, and scripts that write the only tables."""
    source = _XML_DECLARATION.sub("", text, count=1) if _XML_DECLARATION.match(text) else text
    source, scripts = _scripts(source)
    undone = False
    if not _CELL.search(source) and (marked := [script for script in scripts if _is_html(script)]):
        # A saved page whose script writes the tables: the markup in it is read as part of the page.
        source += "".join(f"\n<div>{_unescaped(script)}</div>" for script in marked)
        undone = True
    if _ESCAPED.search(source):
        source, undone = _unescaped(source), True
    if not _CELL.search(source) and _ENTITY_CELL.search(source):
        source, undone = html.unescape(source), True
    return source, ("HTML_UNESCAPED",) if undone else ()


def _scripts(source: str) -> tuple[str, list[str]]:
    """Return ``source`` without its scripts, and the markup inside each script (first ``<`` to last ``>``)."""
    kept: list[str] = []
    scripts: list[str] = []
    start, opened = 0, -1
    for match in _SCRIPT.finditer(source):
        if not match[1] and opened < 0:
            kept.append(source[start : match.start()])
            start = opened = match.end()
        elif match[1] and opened >= 0:
            scripts.append(_markup(source[opened : match.start()].partition(">")[2]))
            start, opened = match.end(), -1
    rest = source[start:]
    return "".join(kept) + rest, scripts


def _markup(code: str) -> str:
    first = min((code.find(mark) for mark in ("<", "\\") if mark in code), default=0)
    last = max(code.rfind(">"), code.rfind("\\u003e") + 5, code.rfind("\\u003E") + 5)
    return code[first : last + 1]


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return (
            chr(int(code, 16)) if code else {"n": "\n", "r": " ", "t": " ", "b": "", "f": " "}.get(match[3], match[3])
        )

    text = _ESCAPE.sub(character, text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # pairs written as two escapes


def _keeps_lines(source: str) -> bool:
    """Whether line ends outside tables count: text or markdown with tables in HTML, as OCR tools write it."""
    depth, blocks = 0, False
    for match in _OUTER.finditer(source):
        if match[2]:
            return False
        if match[0].lower().endswith("table"):
            depth = max(0, depth - 1) if match[1] else depth + 1
        elif depth == 0:
            blocks = True
    if not blocks or len(_PIPE_ROW.findall(source)) > 1:
        return True
    lines = [line for line in source.split("\n") if line.strip()]
    return sum("<" in line for line in lines) * 5 < len(lines)


def _parse(source: str, everything: bool) -> _Page:
    from lxml import etree

    page = _Page(keep_lines=_keeps_lines(source), everything=everything)
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
            self.loose, self.first = [], row[0]
        else:
            self.lines += _row_lines(row)

    def settle(self) -> None:
        """Put the waiting first row and the text between the rows where they belong: another row follows."""
        if self.first is not None:
            self.lines += _row_lines([self.first])
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
        self.depth = self.events = self.cells = self.tables = 0
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
        elif tag in _CELLS:
            self._start_cell()
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
            data = data.translate(_RAISED if self.raised else _LOWERED)
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
        text = "\n".join(_flow(self.pieces)).strip("\n")
        text = text.replace("\x01", " ").replace("\x02", "    " if self.tables else "\t").replace("\x03", "")
        return text + "\n" if text else ""

    def _count(self) -> None:
        self.events += 1
        if self.depth > MAX_DEPTH:
            message = f"elements are nested more than {MAX_DEPTH:,} deep: save the page again, or give its text"
            raise ReportUnreadable("HTML_TOO_DEEP", message)
        if self.events > MAX_EVENTS or self.cells > MAX_CELLS:
            message = f"more than {MAX_CELLS:,} table cells or {MAX_EVENTS:,} tags: give the report's own page"
            raise ReportUnreadable("HTML_TOO_LARGE", message)

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
        self.frames.append(_Frame(self.depth))
        self._aim()

    def _start_row(self, depth: int) -> None:
        if not self.frames:  # a page cut in the middle of a table
            self.frames.append(_Frame(self.depth - 1))
        frame = self.frames[-1]
        frame.close_row()
        frame.row, frame.row_depth = [], depth
        self._aim()

    def _start_cell(self) -> None:
        if not self.frames or self.frames[-1].row is None:
            self._start_row(self.depth - 1)
        frame = self.frames[-1]
        frame.close_cell()
        if not frame.row:
            frame.settle()
        frame.cell, frame.cell_depth = [], self.depth
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


def _row_lines(row: list[_Pieces]) -> list[str]:
    """Return the one line of a row, or the lines of all its cells where it only lays out the page."""
    if any(_is_layout(cell) for cell in row):
        return [line for cell in row for line in _flow(cell)]
    line = "\t".join(_one_line(cell) for cell in row)
    return [line] if line else []


def _one_line(cell: _Pieces) -> str:
    return " ".join(_flow(cell)).translate({2: " ", 3: None})


def _is_layout(cell: _Pieces) -> bool:
    """Whether a cell is a part of the page's layout: it holds a table, or an article of several paragraphs."""
    if any(isinstance(piece, tuple) for piece in cell):
        return True
    return len(cell) > 4 and sum(map(len, cell)) > 300 and cell.count("\n") > 3
