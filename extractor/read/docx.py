"""DOCX to text: paragraphs become lines, a table row becomes one line with a TAB between its real cells.

What Word prints is read: accepted changes, automatic numbers, text boxes, content controls. A merged cell is one cell at its
first square. A table that only lays out the page disappears around what it holds, as in web pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from extractor.errors import ReportUnreadable
from extractor.read.compose import Composer, Rendered
from extractor.read.markup import LOWERED, RAISED
from extractor.read.numbering import VAL, Numbering, W
from extractor.read.package import Package, integer, too_large
from extractor.read.wordstyles import ParagraphLook, Styles, is_on
from extractor.types import GridPlace

if TYPE_CHECKING:
    from lxml import etree

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_CELLS = 50_000
_MAX_SPAN = 1_000
_ARTICLE = 300  # characters of a cell that is a part of the page and not of a table

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_P, _TBL, _TR, _TC, _R = f"{W}p", f"{W}tbl", f"{W}tr", f"{W}tc", f"{W}r"
_TCPR, _SPAN, _DOWN, _ACROSS, _CELL_DELETED = f"{W}tcPr", f"{W}gridSpan", f"{W}vMerge", f"{W}hMerge", f"{W}cellDel"
_GONE = frozenset({f"{W}del", f"{W}moveFrom"})
_ALTERNATIVES = f"{_MC}AlternateContent"
_SAID = {
    f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-",
    f"{W}softHyphen": "", f"{W}sym": "\ufffd",
}  # fmt: skip
_NOTE_MARKS = frozenset({f"{W}footnoteReference", f"{W}endnoteReference"})
_PICTURES = ("{http://schemas.openxmlformats.org/drawingml/2006/main}blip", "{urn:schemas-microsoft-com:vml}imagedata")
_DRAWING = "\ufffc"  # stands for a picture or a chart that is all a cell holds: the cell is not blank
_DRAWN = frozenset({f"{W}drawing", f"{W}pict", f"{W}object"})
# Properties, instructions of fields and readings of ruby text: nothing of it is printed where it stands.
_SILENT = frozenset({
    f"{W}{name}" for name in ("pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr", "instrText", "delText", "rt", "rubyPr")
}) | {f"{_MATH}{name}" for name in ("rPr", "ctrlPr", "sSupPr", "sSubPr", "fPr", "dPr", "naryPr", "radPr")}  # fmt: skip


def render(data: bytes) -> Rendered:
    """Return the text of a DOCX with the places of its table cells.

    Raises ReportUnreadable: EMPTY_FILE, NEEDS_OCR, ENCRYPTED, CORRUPT_FILE, OFFICE_TOO_LARGE, OFFICE_TOO_DEEP.
    """
    package = Package(data)
    name = package.main("word/document.xml")
    styles = Styles(package.related(name, "styles"))
    story = _Story(styles, Numbering(package.related(name, "numbering")))
    body = package.xml(name).find(f"{W}body")
    return _composed(story.blocks(body) if body is not None else [], story.notes)


@dataclass(slots=True)
class _Cell:
    """A real cell: its content, row and column."""

    blocks: list[str | _Table]
    row: int
    column: int

    def is_layout(self) -> bool:
        """Whether it is a part of the page's layout: it holds a table, or an article of several paragraphs."""
        if any(isinstance(block, _Table) for block in self.blocks):
            return True
        return len(self.blocks) > 3 and sum(len(block) for block in self.blocks if isinstance(block, str)) > _ARTICLE

    def text(self) -> str:
        """Its words, where it holds no table."""
        return "\n".join(block for block in self.blocks if isinstance(block, str))


@dataclass(slots=True)
class _Table:
    """A table; ``number`` is its place in the order in which tables open."""

    number: int
    rows: list[list[_Cell]] = field(default_factory=list)


_Blocks = list[str | _Table]


class _Story:
    """Walks through a body in reading order; ``notes`` say what was left out."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self.notes: dict[str, None] = {}
        self._styles, self._numbering = styles, numbering
        self._opened = self._cells = self._marks = 0
        self._fields: list[bool] = []  # of every open field: whether its instruction is being read

    def blocks(self, container: etree._Element) -> _Blocks:
        """The paragraphs and tables of a body, a cell or a text box."""
        out: _Blocks = []
        carried = ""  # what a deleted paragraph mark joins to the next paragraph
        for block in self._members(container, (_P, _TBL)):
            if block.tag == _TBL:
                out += [carried] if carried.strip() else []
                carried = ""
                out += self._table(block)
                continue
            boxes: list[etree._Element] = []
            look = self._styles.of_paragraph(block)
            carried += self._paragraph(block, look, boxes)
            if not look.joins_next:
                out += [carried] if carried.strip() else []
                carried = ""
            for box in boxes:
                out += self.blocks(box)
        out += [carried] if carried.strip() else []
        return out

    def _members(self, container: etree._Element, wanted: tuple[str, ...]) -> Iterator[etree._Element]:
        """Children of these kinds, also inside content controls and insertions."""
        for child in container:
            if child.tag in wanted:
                yield child
            elif child.tag in _GONE:
                self._left("OFFICE_DELETED", child)
            elif child.tag == _ALTERNATIVES:
                yield from self._members(_chosen(child), wanted)
            elif child.tag == f"{W}altChunk":
                self.notes["OFFICE_EMBEDDED"] = None
            elif child.tag not in _SILENT:
                yield from self._members(child, wanted)

    def _left(self, code: str, element: etree._Element) -> None:
        if any(text.text for text in element.iter(f"{W}t", f"{W}delText")):
            self.notes[code] = None

    # ---------------------------------------------------------------- paragraphs

    def _paragraph(self, paragraph: etree._Element, look: ParagraphLook, boxes: list[etree._Element]) -> str:
        line: list[str] = []
        # An instruction ends with its paragraph at the latest: one that was never closed must not swallow the report.
        self._fields = [False] * len(self._fields)
        for child in paragraph:
            if child.tag == _R:
                self._run(child, line, boxes, look.hidden)
            elif child.tag not in _SILENT:
                self._inline(child, line, boxes, look.hidden)
        text = "".join(line)
        if look.number is None or look.joins_next or (look.hidden and not text.strip()):
            return text
        label = self._numbering.label(*look.number)
        if label is None:
            self.notes["OFFICE_NUMBERING"] = None
        return (label or "") + text

    def _inline(self, element: etree._Element, line: list[str], boxes: list[etree._Element], hidden: bool) -> None:
        tag = element.tag
        if tag == _R:
            self._run(element, line, boxes, hidden)
        elif tag in _GONE:
            self._left("OFFICE_DELETED", element)
            self._field_marks(element)
        elif tag == f"{_MATH}t":
            line.append(element.text or "")
        elif tag in (f"{_MATH}sup", f"{_MATH}sub"):
            inner: list[str] = []
            for child in element:
                self._inline(child, inner, boxes, hidden)
            line.append("".join(inner).translate(RAISED if tag.endswith("sup") else LOWERED))
        elif tag == _ALTERNATIVES:
            self._inline(_chosen(element), line, boxes, hidden)
        elif tag not in _SILENT:
            for child in element:
                self._inline(child, line, boxes, hidden)

    def _run(self, run: etree._Element, line: list[str], boxes: list[etree._Element], hidden: bool) -> None:
        look = self._styles.of_run(run, hidden)
        if look.hidden:
            self._left("OFFICE_HIDDEN", run)
            self._field_marks(run)
            return
        for child in run:
            tag = child.tag
            if tag == f"{W}fldChar":
                self._field(child)
            elif tag == f"{W}t":
                if not any(self._fields):
                    text = child.text or ""
                    line.append(text.translate(look.digits) if look.digits else text)
            elif tag in _SAID:
                line.append("" if any(self._fields) else _SAID[tag])
            elif tag in _NOTE_MARKS:
                self._mark(child, line)
            elif tag in _DRAWN or tag == _ALTERNATIVES:
                self._drawn(_chosen(child) if tag == _ALTERNATIVES else child, boxes)
            elif tag not in _SILENT:
                self._inline(child, line, boxes, hidden)

    def _mark(self, mark: etree._Element, line: list[str]) -> None:
        """The sign of a footnote, raised: it must not become a digit of the figure before it."""
        self.notes["OFFICE_FOOTNOTES"] = None
        if not is_on(mark.get(f"{W}customMarkFollows", "0")):
            self._marks += 1
            line.append(str(self._marks).translate(RAISED))

    def _drawn(self, drawing: etree._Element, boxes: list[etree._Element]) -> None:
        inside = [box for box in drawing.iter(f"{W}txbxContent") if not _inside(box, f"{W}txbxContent", drawing)]  # else it is read with that one
        boxes += [box for box in inside if not _inside(box, f"{_MC}Fallback", drawing)]
        if not inside or next(drawing.iter(*_PICTURES), None) is not None:
            self.notes["OFFICE_PICTURES"] = None

    def _field(self, mark: etree._Element) -> None:
        """Follow a field: its instruction is not printed, its result is."""
        kind = mark.get(f"{W}fldCharType")
        if kind == "begin":
            self._fields.append(True)
        elif self._fields and kind == "separate":
            self._fields[-1] = False
        elif self._fields and kind == "end":
            self._fields.pop()

    def _field_marks(self, element: etree._Element) -> None:
        for mark in element.iter(f"{W}fldChar"):
            self._field(mark)

    # ---------------------------------------------------------------- tables

    def _table(self, element: etree._Element) -> _Blocks:
        """The table, or what its only cell holds: a frame around something is no table."""
        self._opened += 1
        table = _Table(self._opened)
        merged: set[int] = set()  # the columns in which a cell of the row above may reach down
        for number, row in enumerate(self._members(element, (_TR,)), 1):
            properties = row.find(f"{W}trPr")
            if properties is not None and (gone := _gone(properties)):
                self._left(gone, row)
                continue
            cells, merged = self._row(row, number, properties, merged)
            if cells:
                table.rows.append(cells)
        only = [cell for row in table.rows[:2] for cell in row]
        return list(only[0].blocks) if len(only) == 1 else [table]

    def _row(self, row: etree._Element, number: int, properties: etree._Element | None, above: set[int]) -> tuple[list[_Cell], set[int]]:
        before = None if properties is None else properties.find(f"{W}gridBefore")
        column = 1 if before is None else 1 + integer(before.get(VAL), 0, _MAX_SPAN)
        cells: list[_Cell] = []
        merged: set[int] = set()
        for cell in self._members(row, (_TC,)):
            properties = cell.find(_TCPR)
            said = {} if properties is None else {child.tag: child.get(VAL) for child in properties}
            if _CELL_DELETED in said:
                self._left("OFFICE_DELETED", cell)
                continue
            wide = max(1, integer(said[_SPAN], 1, _MAX_SPAN)) if _SPAN in said else 1
            # A merge that does not say "restart" goes on; one that has nothing to go on with begins.
            covered = _DOWN in said and said[_DOWN] != "restart" and column in above
            covered |= _ACROSS in said and said[_ACROSS] != "restart" and bool(cells)
            if _DOWN in said:
                merged.add(column)
            if covered:
                self._left("OFFICE_HIDDEN", cell)
            else:
                self._cells += 1
                if self._cells > MAX_CELLS:
                    raise too_large(f"more than {MAX_CELLS:,} table cells")
                blocks = self.blocks(cell)
                cells.append(_Cell(blocks if blocks or next(cell.iter(*_DRAWN), None) is None else [_DRAWING], number, column))
            column += wide
        return cells, merged


def _gone(row: etree._Element) -> str:
    """Why a row is not printed; empty where it is."""
    if row.find(f"{W}del") is not None:
        return "OFFICE_DELETED"
    hidden = row.find(f"{W}hidden")
    return "OFFICE_HIDDEN" if hidden is not None and is_on(hidden.get(VAL, "1")) else ""


def _chosen(alternatives: etree._Element) -> etree._Element:
    """Of several ways to say one thing, the first, which newer programs write; the others say it for older ones."""
    return next(iter(alternatives), alternatives)


def _inside(box: etree._Element, tag: str, drawing: etree._Element) -> bool:
    """Whether a text box lies in an element of this kind within the same drawing."""
    above = takewhile(lambda a: a is not drawing, box.iterancestors())
    return any(a.tag == tag for a in above)


# ---------------------------------------------------------------- lines


def _composed(blocks: _Blocks, notes: dict[str, None]) -> Rendered:
    lines: list[str | tuple[int, list[_Cell]]] = []
    _lay_out(blocks, lines)
    shown = sorted({line[0] for line in lines if not isinstance(line, str)})
    number_of = {table: n for n, table in enumerate(shown, 1)}
    composer = Composer()
    for code in notes:
        composer.note(code)
    while lines and lines[-1] == "":
        lines.pop()
    for line in lines:
        if isinstance(line, str):
            composer.line(line)
        else:
            table, row = line
            composer.row((cell.text(), GridPlace(number_of[table], cell.row, cell.column)) for cell in row)
    if not lines and "OFFICE_PICTURES" in notes:
        message = "the document holds pictures and no text: read them with a text recognition program (OCR) and give its text"
        raise ReportUnreadable("NEEDS_OCR", message)
    return composer.finish(MEDIA_TYPE)


def _lay_out(blocks: _Blocks, lines: list[str | tuple[int, list[_Cell]]]) -> None:
    """Put the lines of running text and the rows of tables in order; a table stands between blank lines."""
    for block in blocks:
        if isinstance(block, str):
            lines += [part for part in map(str.strip, block.split("\n")) if part]
            continue
        if lines and lines[-1] != "":
            lines.append("")
        for row in block.rows:
            if any(cell.is_layout() for cell in row):
                for cell in row:
                    _lay_out(cell.blocks, lines)
            elif len(row) > 1 or row[0].blocks:
                lines.append((block.number, row))
        if lines and lines[-1] != "":
            lines.append("")
