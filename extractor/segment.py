"""Which form, which stretch of the report is which table, the year and the agency, each with its evidence.

The form is decided by the labels printed, never by the year and never by the notice cited
(domain.md §1.4: a 2022 report prints the 2019 form; another cites one notice and prints the other).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from extractor.form import Form, HeaderSpec, Label
from extractor.layout.events import EMPTY, LABEL, NUMBER, TEXT, Event
from extractor.layout.labels import roles_of, tables_of
from extractor.text import key, normalise, squash
from extractor.types import Document, Located

# Running text longer than this between two cells is narrative, not a cell.
_PROSE = 40
_CHINESE_NUMBERS = frozenset("一二三四五六七八九十")
_NOT_KEY_SPLIT = r"[^0-9A-Za-z\u3400-\u9fff\uf900-\ufaff]*"


@dataclass(frozen=True, slots=True)
class FormChoice:
    """The form recognised (None where no label of any form is there) and what decided it."""

    form: Form | None
    evidence: tuple[Located, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """The events of one table of the form, in reading order; empty where the table is not in the text."""

    table: str
    events: tuple[Event, ...]
    start: int
    end: int
    titled: bool


def choose_form(document: Document, forms: Sequence[Form]) -> FormChoice:
    """Recognise the form by its own labels; two forms equally well supported stay undecided between them."""
    squashed = squash(document.norm[:200_000])
    scores = []
    for form in forms:
        seen = [d for d, k in _detectors(form) if k in squashed]
        scores.append((len(seen), form, seen))
    scores.sort(key=lambda s: -s[0])
    best, form, seen = scores[0]
    if best == 0:
        return _weak_choice(squashed, forms)
    tied = [f for n, f, _ in scores if n == best]
    mixed = [f for n, f, _ in scores[1:] if n]
    evidence = tuple(x for d in seen if (x := _locate(document, d)))
    if len(tied) > 1:
        return FormChoice(form, evidence, ("EDITION_UNCERTAIN",))
    return FormChoice(form, evidence, ("EDITION_MIXED",) if mixed and 2 * scores[1][0] >= best else ())


@lru_cache(maxsize=32)
def _detectors(form: Form) -> tuple[tuple[str, str], ...]:
    """The labels that no other form prints, each with its comparison form."""
    return tuple((d, key(normalise(d))) for d in form.spec.detect)


def _weak_choice(squashed: str, forms: Sequence[Form]) -> FormChoice:
    """No deciding label: the form whose other labels are there, as uncertain, or none at all."""
    ranked = []
    for form in forms:
        rows = {label.key for label in form.labels if label.role in ("row", "block", "corner") and not label.weak}
        ranked.append((sum(k in squashed for k in rows), form))
    ranked.sort(key=lambda r: -r[0])
    if ranked[0][0] < 3:
        return FormChoice(None, (), ("TABLE_NOT_FOUND",))
    return FormChoice(ranked[0][1], (), ("EDITION_UNCERTAIN",))


def _locate(document: Document, label: str) -> Located | None:
    m = _spread(label).search(document.norm)
    return Located(label, m.start(), m.end()) if m else None


@lru_cache(maxsize=512)
def _spread(label: str) -> re.Pattern[str]:
    """``label`` with anything between its characters that its comparison form leaves out."""
    return re.compile(_NOT_KEY_SPLIT.join(re.escape(c) for c in key(normalise(label))))


def segment(form: Form, events: Sequence[Event]) -> tuple[Segment, ...]:
    """Deal the events to the form's tables; a table printed in pieces is gathered from all of them."""
    streams: dict[str, list[Event]] = {t.id: [] for t in form.tables}
    titled: set[str] = set()
    current: str | None = None
    prose = False
    held: list[Event] = []  # weak labels and blanks that may be the head of the table about to start
    for previous, e in zip((None, *events), events, strict=False):
        kind = e.kind
        if kind == LABEL:
            role = e.labels[0].role
            if role in ("section", "title"):
                if role == "section" and (e.how == "exact" or not e.labels[0].table or _is_numbered(e, previous)):
                    current, prose, held = e.labels[0].table, False, []
                    if current:
                        titled.add(current)
                continue
            target = _table_of(e, current)
            if target is None:
                held.append(e)
                continue
            if target != current:
                streams[target] += [h for h in held if any(x.table == target for x in h.labels)]
            current, prose, held = target, False, []
            streams[target].append(e)
        elif kind == TEXT and len(e.key) > _PROSE:
            prose = True
            if current:
                streams[current].append(e)
        elif current and not prose:
            streams[current].append(e)
        elif kind in (NUMBER, EMPTY):
            held = []
    return tuple(_segment(t.id, streams[t.id], t.id in titled) for t in form.tables)


def _is_numbered(e: Event, previous: Event | None) -> bool:
    """A Chinese number stands right before the words, as before a section's title; prose that names the section has none."""
    return previous is not None and previous.kind == TEXT and previous.end == e.start and previous.key[-1:] in _CHINESE_NUMBERS


def _table_of(e: Event, current: str | None) -> str | None:
    """The table that a label speaks for; found inside a longer word it must be one that prose does not use."""
    if current in tables_of(e.labels):
        return current
    strong = {x.table for x in e.labels if x.table and not x.weak and (e.how != "inline" or _starts_a_table(x))}
    return strong.pop() if len(strong) == 1 else None


def _starts_a_table(label: Label) -> bool:
    return label.role in ("block", "corner") or len(label.key) >= (6 if label.role == "column" else 8)


def _segment(table: str, events: list[Event], titled: bool) -> Segment:
    while events and events[-1].kind == TEXT:
        events.pop()
    events = events[_prose_before(events) :]
    if not any(e.kind == LABEL for e in events):
        return Segment(table, (), -1, -1, titled)
    return Segment(table, tuple(events), events[0].start, events[-1].end, titled)


def _prose_before(events: Sequence[Event]) -> int:
    """How many events stand before the table's header and only name rows in passing, inside longer words, that come again."""
    head = next((n for n, e in enumerate(events) if e.kind == LABEL and any(x.role in ("column", "corner", "block") for x in e.labels)), 0)
    named = [e for e in events[:head] if e.kind == LABEL]
    if not named or any(e.how != "inline" for e in named):
        return 0
    later = {(x.table, x.block, x.position) for e in events[head:] if e.kind == LABEL for x in e.labels if x.role == "row"}
    again = all(any((x.table, x.block, x.position) in later for x in e.labels if x.role == "row") for e in named)
    return head if again else 0


_YEAR_PERIOD = re.compile(r"(?:统计期限|统计时限|期限|时间)[^。]{0,12}?(20\d\d)\s*年\s*1\s*月\s*1\s*日")
_YEAR_LINE = re.compile(r"^(?:#|[^\S\n])*(20\d\d)[^\S\n]*$", re.M)  # within the line: a text may have a million blank ones
_YEAR_TEXT = re.compile(r"(20\d\d)\s*年")
_ORGAN = (
    r"(?:人民政府办公室|人民政府办公厅|人民政府|街道办事处|管理委员会|管委会|委员会|办公室|办公厅|服务中心|管理中心|事务中心|中心"
    r"|监督管理局|管理局|统计局|分局|总局|局|法院|检察院|银行|大学|学院|馆|联合会|厅|街道|镇|乡)"
)
_AGENCY_LINE = re.compile(rf"^[ \t]*([\u3400-\u9fff]{{1,24}}?{_ORGAN})[ \t]*$", re.M)
_AGENCY_BODY = re.compile(r"(?:年以来,|公布|报告由|年,|年度)([\u3400-\u9fff]{2,20}?(?:人民政府|街道办事处|管理委员会|局|委员会))")
_HEAD = 2000  # characters: a line of nothing but blanks may be as long as the file
_OTHERS = re.compile(r"国务院|上级|中共|党中央|关于|我|^本|^全|各|等|公布|报告|根据|条例")


@lru_cache(maxsize=32)
def _title_patterns(subjects: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Expressions for a title about one of ``subjects``: its year, an agency before the year, an agency after it."""
    about = "(?:" + "|".join(re.escape(normalise(s)) for s in subjects) + ")"
    # No other year in between: a page's index number (2021-00012) may stand before the title in one line.
    year = rf"(20\d\d)年?度?\s*(?:(?!20\d\d)[^\n。,]){{0,20}}?{about}(?:工作)?(?:情况)?(?:的)?年?度?(?:工作)?(?:年度)?(?:报告|统计表)?"
    before = rf"([\u3400-\u9fff]{{1,24}}?(?:{_ORGAN}|街|区|县|市|政府))(?:关于)?\s*20\d\d\s*年?度?[^。,]{{0,6}}?(?:政府)?{about}"
    after = rf"20\d\d\s*年?度?\s*([\u3400-\u9fff]{{1,20}}?(?:{_ORGAN}|县|市|区))(?=(?:政府)?{about})"
    return re.compile(year), re.compile(before), re.compile(after)


def subjects_of(forms: Sequence[Form]) -> tuple[str, ...]:
    """What the titles of reports on these forms are about."""
    return tuple(dict.fromkeys(f.spec.subject or f.spec.title for f in forms))


def find_year(document: Document, subjects: tuple[str, ...]) -> Located | None:
    """The report year: from the title, else the statistics period, else the year the narrative counts in."""
    norm = document.norm
    for pattern in (_title_patterns(subjects)[0], _YEAR_PERIOD):
        if m := pattern.search(norm):
            return Located(m[1], m.start(1), m.end(1))
    years = list(_YEAR_TEXT.finditer(norm))
    if m := _YEAR_LINE.search(norm):
        return Located(m[1], m.start(1), m.end(1))
    if not years:
        return None
    counts = Counter(m[1] for m in years)
    best, n = counts.most_common(1)[0]
    # Plans for the next year come after the year reported on, so a tie goes to the one named first.
    tied = {y for y, c in counts.items() if c == n}
    first = next(m for m in years if m[1] in tied)
    best = first[1]
    return Located(best, first.start(1), first.end(1))


def find_agency(document: Document, subjects: tuple[str, ...]) -> Located | None:
    """The issuing body as printed: in the title, on a line of its own near it, else in the first paragraphs."""
    norm = document.norm
    head = norm[: _head_end(norm)]
    for pattern in (*_title_patterns(subjects)[1:], _AGENCY_LINE):
        for m in pattern.finditer(head):
            if not _OTHERS.search(m[1]):
                return _full_name(document, m.start(1), m.end(1))
    for m in _AGENCY_BODY.finditer(norm[:3000]):
        if not _OTHERS.search(m[1]):
            return Located(document.text[m.start(1) : m.end(1)], m.start(1), m.end(1))
    return None


def _head_end(norm: str) -> int:
    """Where the title lines end: the first line too long to be one."""
    at = 0
    for line in norm.split("\n"):
        if len(line.strip()) > 45:
            return at + 60
        at += len(line) + 1
        if at > 800:
            break
    return min(at, _HEAD)


def _full_name(document: Document, start: int, end: int) -> Located:
    """A title that says only 静乐县 is completed by 静乐县人民政府 where the text prints that name."""
    name = document.norm[start:end]
    if name[-1] in "县市区":
        full = document.norm.find(f"{name}人民政府")
        if full >= 0:
            start, end = full, full + len(name) + 4
    return Located(document.text[start:end], start, end)


# Fewer lines of cells than this prove nothing by being all different.
_ENOUGH_LINES = 20
_ENOUGH_FIGURES = 12


def lines_were_removed(form: Form, document: Document, events: Sequence[Event], segments: Sequence[Segment]) -> bool:
    """A cleaner dropped every repeated line (雄县 2019): nothing that the form prints several times stands twice."""
    expected = _printed_several_times(form)
    seen = Counter([e.key for e in events if e.kind == LABEL])
    repeated = [k for k in expected if seen[k]]
    if len(repeated) >= 3 and all(seen[k] == 1 for k in repeated):
        return True
    figures = [e for s in segments for e in s.events if e.kind == NUMBER]
    labels = [e.labels for s in segments for e in s.events if e.kind == LABEL]
    if len(figures) < len(labels):
        rows = len([x for x in labels if "row" in roles_of(x)])
        if rows >= _ENOUGH_FIGURES and _fewer_and_unlike(rows, document.norm, figures):
            return True  # fewer figures than rows, and no two alike
    return _no_line_twice(document, segments)


def _fewer_and_unlike(rows: int, norm: str, figures: Sequence[Event]) -> bool:
    return 0 < len(figures) < rows and len({norm[e.start : e.end] for e in figures}) == len(figures)


@lru_cache(maxsize=32)
def _printed_several_times(form: Form) -> tuple[str, ...]:
    """Comparison forms of the headings that the form prints more than once."""
    expected: Counter[str] = Counter()
    for table in form.spec.tables:
        for block in table.blocks:
            leaves = [k for k in (block.corner, *_leaf_labels(block.columns)) if k]
            times = _leaf_count(block.rows) if block.layout == "band" else 1
            expected.update({key(normalise(k)): times for k in leaves})
    return tuple(k for k, n in expected.items() if n > 1)


def _no_line_twice(document: Document, segments: Sequence[Segment]) -> bool:
    """One cell a line, many lines, and no line or no figure twice: a table of counts is never like that."""
    lines: list[str] = []
    for s in segments:
        if s.start >= 0:
            lines += [x.strip(" \t|") for x in document.norm[s.start : s.end].split("\n")]
    lines = [x for x in lines if x]
    if len(lines) < _ENOUGH_LINES:
        return False
    plain = [x for x in lines if x.isdecimal()]
    if len(set(plain)) < len(plain):
        return False  # nearly always, and soon said
    alone = [x for x in lines if len(x.split()) == 1 and "|" not in x]
    if len(alone) < 0.7 * len(lines):
        return False
    figures = [x for x in alone if x[-1].isdigit()]
    return len(set(lines)) == len(lines) or len(set(figures)) == len(figures) >= _ENOUGH_FIGURES


def _leaf_labels(headers: Sequence[HeaderSpec]) -> list[str]:
    return [x for h in headers for x in (_leaf_labels(h.children) if h.children else [h.label])]


def _leaf_count(headers: Sequence[HeaderSpec]) -> int:
    return len(_leaf_labels(headers))
