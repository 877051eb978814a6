"""A stretch of a report as a model sees it: numbered lines of cells, and for each figure in them its place in the text.

The lines are made from the page's events, so that a reference is short (line 14, third figure) and leads to offsets that
are exact in every shape of text. What the events leave out is still shown; only the form's printed sums are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from extractor.form import Form
from extractor.layout.events import DASHES, EMPTY, GLUED, LABEL, NUMBER, TEXT, Event
from extractor.layout.lex import page_marks
from extractor.text import key, normalise
from extractor.types import Document

CELL, BREAK, LEFT_OUT = "|", "¶", "…"
_VISIBLE = frozenset({NUMBER, DASHES, GLUED})
_FIGURES = _VISIBLE | {EMPTY}
# In text that has one cell a line, so many figures share a numbered line: a person can still count to it.
_MOST_FIGURES = 10
# Words are no longer added to a line beyond this; a row with its label is rarely longer.
_LONG_LINE = 80
_WORD = re.compile(r"[^\s|]+")
_RULE = re.compile(r"[-:=_]+")
_BETWEEN = r"[^0-9A-Za-z\u3400-\u9fff\uf900-\ufaff]*"
# A piece of a printed sum that a page broke over lines; shorter pieces say nothing.
_FRAGMENT = 4


class Figure(NamedTuple):
    """A figure, dash or empty cell: where it stands in the text, and as which of its numbered line (``nth`` from 1, 0 if empty).

    Figures of one ``run`` have no word between them.
    """

    kind: str
    start: int
    end: int
    line: int
    nth: int
    run: int


@dataclass(frozen=True, slots=True)
class Region:
    """What is shown of ``start`` to ``end``: ``text`` with numbered lines, whose stretches are ``lines``, and all ``figures``.

    ``norm`` is the whole report, normalised, that offsets point into.
    """

    start: int
    end: int
    text: str
    norm: str
    lines: tuple[tuple[int, int], ...]
    figures: tuple[Figure, ...]
    events: tuple[Event, ...]

    def find(self, line: int, nth: int) -> int:
        """The index in ``figures`` of the ``nth`` figure or dash of a numbered line; -1 where there is none."""
        return next((i for i, f in enumerate(self.figures) if f.line == line and f.nth == nth), -1) if nth else -1

    def words(self, event: Event) -> str:
        """What an event shows."""
        return self.norm[event.start : event.end]


@dataclass(slots=True)
class _Line:
    """One line being put together."""

    start: int
    end: int = -1
    text: str = ""
    figures: int = 0
    filled: bool = False


class _Writer:
    """Turns events into numbered lines; the state is the open line and the number of the run of figures."""

    def __init__(self, form: Form, document: Document, events: Sequence[Event]) -> None:
        self.text, self.norm = document.text, document.norm
        self.hidden = _hidden(form, document.norm, events[0].start, events[-1].end) if events else []
        self.lines: list[_Line] = []
        self.figures: list[Figure] = []
        self.run = 0
        self.by_rows = _written_by_rows(events)
        self.spaced = _blank_lines_mean_something(self.norm, events)

    def write(self, events: Sequence[Event]) -> None:
        before: Event | None = None
        for e in events:
            gap = self.norm[before.end : e.start] if before is not None else ""
            if before is None or self._breaks(before, e, gap):
                self.lines.append(_Line(e.start, text=self._indent(e)))
                gap = ""
            line = self.lines[-1]
            line.text += _between(gap)
            self._put(line, e)
            before = e

    def _put(self, line: _Line, e: Event) -> None:
        line.end = max(line.end, e.end)
        if e.kind not in _FIGURES:
            self.run += bool(self.figures) and self.figures[-1].run == self.run
            line.text += self._shown(e)
            line.filled = True
            return
        nth = 0
        if e.kind in _VISIBLE:
            line.figures += 1
            nth = line.figures
        line.text += self.text[e.start : e.end]
        self.figures.append(Figure(e.kind, e.start, e.end, len(self.lines), nth, self.run))

    def _breaks(self, a: Event, b: Event, gap: str) -> bool:
        """Whether ``b`` begins a new numbered line after ``a``."""
        line = self.lines[-1]
        word = b.kind not in _FIGURES
        if line.figures and (b.kind == LABEL or (word and b.key)):
            return True
        if b.kind == LABEL and b.labels[0].role in ("section", "title"):
            return True
        if a.hard or b.hard:
            return a.row != b.row or (a.hard != b.hard and "\n" in gap)
        if "\n" in gap and (self.by_rows or (word and len(line.text) > _LONG_LINE)):
            return True
        if b.kind not in _VISIBLE:
            return False
        paragraph = self.spaced and line.figures > 0 and gap.count("\n") > 1
        return paragraph or line.figures >= _MOST_FIGURES

    def _indent(self, e: Event) -> str:
        """The blanks before the first thing of a line laid out in columns: what stands over what is read from them."""
        if e.hard or not self.by_rows:
            return ""
        before = self.norm[self.norm.rfind("\n", 0, e.start) + 1 : e.start]
        return " " * len(before) if before.isspace() and "\t" not in before else ""

    def _shown(self, e: Event) -> str:
        """The words of an event; a label without the breaks inside it, and no printed sum."""
        parts = []
        at = e.start
        for a, b in self.hidden:
            if a < e.end and b > at:
                parts += [self._words(e, at, max(a, at)), LEFT_OUT]
                at = min(b, e.end)
        return "".join([*parts, self._words(e, at, e.end)])

    def _words(self, e: Event, start: int, end: int) -> str:
        shown = self.text[start:end]
        if e.kind == LABEL:
            return re.sub(r"[\s|]+", "", shown)
        shown = re.sub(r"[\s|]*[\t|][\s|]*", CELL, shown)
        return re.sub(r"[^\S\n]*\n\s*", BREAK, shown).replace("\f", " ")


def make_region(form: Form, document: Document, events: Sequence[Event], start: int, end: int) -> Region:
    """The stretch ``start`` to ``end`` of a report as numbered lines; ``events`` are those of the whole report."""
    inside = tuple(_with_the_rest(document.norm, list(_clipped(document.norm, events, start, end)), start, end))
    writer = _Writer(form, document, inside)
    writer.write(inside)
    lines = [x for x in writer.lines if x.filled or x.figures]
    number = {id(x): n for n, x in enumerate(lines, 1)}
    renumber = {n: number.get(id(x), 0) for n, x in enumerate(writer.lines, 1)}
    figures = tuple(f._replace(line=renumber[f.line]) for f in writer.figures if renumber[f.line])
    text = "\n".join(f"{n}:{_tidy(x.text)}" for n, x in enumerate(lines, 1))
    return Region(start, end, text, document.norm, tuple((x.start, x.end) for x in lines), figures, inside)


def windows(region: Region, most: int, overlap: int) -> list[tuple[int, int]]:
    """Stretches of at most about ``most`` characters that cover the region's lines and share about ``overlap`` of them."""
    out: list[tuple[int, int]] = []
    first = 0
    sizes = [len(x) + 1 for x in region.text.split("\n")]
    while first < len(region.lines):
        last, size = first, sizes[first]
        while last + 1 < len(sizes) and size + sizes[last + 1] <= most:
            last += 1
            size += sizes[last]
        out.append((region.lines[first][0], max(b for _, b in region.lines[first : last + 1])))
        if last + 1 == len(sizes):
            break
        back, shared = last + 1, 0
        while back - 1 > first and shared + sizes[back - 1] <= overlap:
            back -= 1
            shared += sizes[back]
        first = back
    return out


def _between(gap: str) -> str:
    """What divides two things of one line: a cell border, a line break or blanks."""
    if CELL in gap or "\t" in gap:
        return CELL
    return BREAK if "\n" in gap else gap.replace("\f", " ")


def _tidy(text: str) -> str:
    """No line end can stand inside a numbered line, so that no text can begin one of its own."""
    return re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text).rstrip()


def _clipped(norm: str, events: Sequence[Event], start: int, end: int) -> Iterator[Event]:
    """The events inside the stretch; running text is cut at its edges and into lines, since a whole chapter may be one event."""
    for e in events:
        if e.end < start or e.start >= end or (e.kind != EMPTY and e.end == start):
            continue
        if e.kind != TEXT:
            if start <= e.start and e.end <= end:
                yield e
            continue
        a, b = max(e.start, start), min(e.end, end)
        for n, m in enumerate(re.finditer(r"[^\n]*[^\s|][^\n]*", norm[a:b])):
            stretch = m.group()
            left = len(stretch) - len(stretch.lstrip(" \t|\f"))
            right = len(stretch.rstrip(" \t|\f"))
            yield e._replace(start=a + m.start() + left, end=a + m.start() + right, hard=e.hard and n == 0)


def _with_the_rest(norm: str, events: Sequence[Event], start: int, end: int) -> Iterator[Event]:
    """The events, and as text between them what no event covers: a cell that holds ■ is neither empty nor no cell.

    Page numbers and the rules of a drawn table are no part of it.
    """
    marks = page_marks(norm)
    at = start
    for n, e in enumerate([*events, None]):
        gap_end = e.start if e is not None else end
        for m in _WORD.finditer(norm, at, max(at, gap_end)):
            if _RULE.fullmatch(m.group()) or any(x <= m.start() < y for x, y in marks):
                continue
            beside = e if e is not None and "\n" not in norm[m.end() : e.start] else events[n - 1] if n else e
            if beside is not None:
                yield beside._replace(kind=TEXT, start=m.start(), end=m.end(), labels=(), how="", key="", unit=None)
        if e is not None:
            yield e
            at = max(at, e.end)


def _written_by_rows(events: Sequence[Event]) -> bool:
    """Whether the lines of the text that hold figures mostly hold several: then a line is a row, as far as there are rows."""
    counts: dict[int, int] = {}
    for e in events:
        if e.kind in _VISIBLE and not e.hard:
            counts[e.line] = counts.get(e.line, 0) + 1
    return 2 * sum(n > 1 for n in counts.values()) >= max(1, len(counts))


def _blank_lines_mean_something(norm: str, events: Sequence[Event]) -> bool:
    """Whether some figures on lines of their own are divided by blank lines and others are not: paragraphs of figures."""
    seen = set()
    for a, b in pairwise(events):
        if a.kind in _VISIBLE and b.kind in _VISIBLE and a.line != b.line and not (a.hard or b.hard):
            seen.add(norm[a.end : b.start].count("\n") > 1)
    return len(seen) == 2


# ---------------------------------------------------------------- the form's printed sums are not shown


@lru_cache(maxsize=32)
def _sentences(form: Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the form says of its sums: whole sentences, and those that it prints in a corner and a page may break."""
    says = tuple({key(normalise(r.says)) for r in form.rules if len(key(normalise(r.says))) > _FRAGMENT})
    corners = {x.key for x in form.labels if x.role == "corner"}
    return says, tuple(c for c in corners if any(c in s or s in c for s in says))


def _hidden(form: Form, norm: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches in which the form's own sums are printed: a reader that knows them may balance what it copies."""
    says, corners = _sentences(form)
    found: list[tuple[int, int]] = []
    for sentence in says:
        for m in re.finditer(_BETWEEN.join(map(re.escape, sentence)), norm[start:end]):
            found.append((start + m.start(), start + m.end()))
    others = {x.key for x in form.labels if x.role != "corner"}
    for m in _WORD.finditer(norm, start, end):
        k = key(m.group()) if m.end() - m.start() <= _LONG_LINE else ""
        if len(k) >= _FRAGMENT and k not in others and any(k in c for c in corners):
            found.append(m.span())
    return sorted(found)
