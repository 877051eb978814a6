"""A finding between reports as a linter says it: one line, Chinese labels in an English sentence (``extractor.problems``)."""

from __future__ import annotations

from extractor.across.book import Book
from extractor.across.finding import PairFinding, Participant
from extractor.problems import FAULT, row_name
from extractor.record import plain, visible
from extractor.types import Status, Verdict

_FAILS = {"==": "≠", ">=": "<", "<=": ">", "~": "against"}
_MOST_CELLS = 4
_MOST_REPORTS = 3


def line(f: PairFinding, book: Book) -> str:
    """Which report and unit, rule, both sides, the cells with their reports, likely cause, whose fault, the sentence."""
    said = [f"{visible(f.reports[0])}: {visible(f.unit)} {'→'.join(map(str, f.years))}: {f.rule} ({f.severity}){_sides(f)}"]
    if others := f.reports[1:]:
        more = f" and {len(others) - _MOST_REPORTS} more" if len(others) > _MOST_REPORTS else ""
        said.append(f"beside {'、'.join(map(visible, others[:_MOST_REPORTS]))}{more}")
    if f.cause:
        said.append(f"likely cause: {visible(f.cause)}")
    said.append(f"fault: {FAULT[f.blame]}")
    return f"{', '.join(said)}; {f.says}{_cells(f, book)}"


def _sides(f: PairFinding) -> str:
    if f.left is None or f.right is None or f.difference is None:
        return ""
    blank = ", blanks counted as zero" if f.verdict is Verdict.NOT_ASSESSABLE else ""
    bound = f", {f.note}" if f.note else ""
    return f": {plain(f.left)} {_FAILS[f.operator]} {plain(f.right)} (difference {plain(f.difference)}{blank}{bound})"


def _cells(f: PairFinding, book: Book) -> str:
    """The first cells with what they show, in the order of the rule."""
    if not f.cells:
        return ""
    more = f" … ({len(f.cells)} cells)" if len(f.cells) > _MOST_CELLS else ""
    return f" [{'; '.join(_cell(c, f, book) for c in f.cells[:_MOST_CELLS])}{more}]"


def _cell(c: Participant, f: PairFinding, book: Book) -> str:
    where = str(c.year) if len(f.years) > 1 else visible(c.report)
    shown = plain(c.held.value) if c.held.value is not None else {Status.BLANK: "空白"}.get(c.held.status, "缺失")
    if c.form not in book.forms or c.field not in book.forms[c.form].index:
        return f"{where} {c.field} {shown}"
    field = book.field(c.form, c.field)
    return f"{where} {row_name(book.forms[c.form], field)} · {field.column_label} {shown}"
