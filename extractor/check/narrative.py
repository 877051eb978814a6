"""Numbers in the narrative against the tables: soft findings that never touch a value.

Patterns come from the form file. The narrative is read without its blanks and line ends (PDF text
breaks 「答\\n复 3050 件」), with a map back to the report's own offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache

from extractor.form import Form, NarrativeRule
from extractor.numerals import chinese_number
from extractor.types import BLANK, FAIL, PASS, PRINTED, Blame, Document, Finding, Located, Number, Resolved

_NUMERAL = r"(?P<n>\d[\d,]*|[零〇一二两三四五六七八九十百千万]+)"
_GAP = r"[^。;；\d]{0,12}?"
_PART = re.compile(r"(\d[\d,]*)[条件篇]")
_LONGEST = 12_000
_DIGITS = 24  # of a figure and its percentage: what Decimal rounds exactly, and more than any report prints


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("{n}", _NUMERAL).replace("{gap}", _GAP))


def check_narrative(
    form: Form, document: Document, resolved: Sequence[Resolved], stretches: Sequence[tuple[int, int]], year: Located | None, agency: Located | None
) -> tuple[Finding, ...]:
    """Compare every sentence that repeats a figure; ``stretches`` are the parts of the text that are no table."""
    values: list[Number | None] = [
        r.value if r.status is PRINTED else 0 if r.status is BLANK else None for r in resolved
    ]
    out: list[Finding] = []
    for start, end in stretches:
        at = _Squeezed(document.norm, start, min(end, start + _LONGEST))
        squeezed = at.text
        if not squeezed:
            continue
        for rule in form.narrative:
            out += _CHECKS[rule.kind](rule, squeezed, at, values, year, agency)
    return tuple(_unique(out))


class _Squeezed:
    """A stretch of the report without blanks, and where each of its characters stands: few reports ask that."""

    def __init__(self, norm: str, start: int, end: int) -> None:
        self.start = start
        self.stretch = norm[start:end]
        self.text = "".join(self.stretch.split())

    @cached_property
    def offsets(self) -> list[int]:
        return [self.start + m.start() for m in re.finditer(r"\S", self.stretch)]

    def span(self, m: re.Match[str]) -> tuple[int, int]:
        """Where a match in ``text`` stands in the report."""
        return self.offsets[m.start()], self.offsets[m.end() - 1] + 1


def _matches(rule: NarrativeRule, text: str) -> Iterator[re.Match[str]]:
    taken: list[tuple[int, int]] = []
    for pattern in rule.patterns:
        for m in _compiled(pattern).finditer(text):
            if not any(a < m.end() and m.start() < b for a, b in taken):
                taken.append(m.span())
                yield m


def _finding(rule: NarrativeRule, m: re.Match[str], at: _Squeezed, left: Number | None, right: Number | None) -> Finding:
    fields = tuple(dict.fromkeys(i for e in rule.equals for _, i in e.terms))
    start, end = at.span(m)
    return Finding(rule.id, "narrative", "soft", FAIL, FAIL, left, right, fields, blame=Blame.UNKNOWN,
                   message=rule.says, start=start, end=end)  # fmt: skip


def _equals(
    rule: NarrativeRule, text: str, at: _Squeezed, values: Sequence[Number | None], year: Located | None, agency: Located | None
) -> Iterator[Finding]:
    """The sentence's number must equal one of the meanings the form file lists; a missing cell leaves it open."""
    for m in _matches(rule, text):
        said = rule.value if rule.value is not None else chinese_number(m["n"])
        meanings = [e.value(values) for e in rule.equals]
        if said is None or any(v is None for v in meanings) or said in meanings:
            continue
        yield _finding(rule, m, at, said, meanings[0])


def _percent(
    rule: NarrativeRule, text: str, at: _Squeezed, values: Sequence[Number | None], year: Located | None, agency: Located | None
) -> Iterator[Finding]:
    for m in _matches(rule, text):
        if len(m["n"]) + len(m["p"]) > _DIGITS:
            continue
        part, share = int(m["n"]), Decimal(m["p"])
        bases = [e.value(values) for e in rule.equals]
        if any(b is None for b in bases):
            continue
        digits = -int(share.as_tuple().exponent)
        possible = [round(Decimal(100) * part / Decimal(b), digits) for b in bases if b]
        if possible and share not in possible:
            yield _finding(rule, m, at, share, possible[0])


def _enumeration(
    rule: NarrativeRule, text: str, at: _Squeezed, values: Sequence[Number | None], year: Located | None, agency: Located | None
) -> Iterator[Finding]:
    """A total followed by its parts in the same sentence: the parts must sum to it."""
    for m in _matches(rule, text):
        total = chinese_number(m["n"])
        sentence = re.split(r"[。;]", text[m.end() :], maxsplit=1)[0]
        parts = [chinese_number(p) for p in _PART.findall(sentence)]
        known = [p for p in parts if p is not None]
        if total is not None and len(known) == len(parts) >= 2 and sum(known) != total:
            yield _finding(rule, m, at, total, sum(known))


def _year(
    rule: NarrativeRule, text: str, at: _Squeezed, values: Sequence[Number | None], year: Located | None, agency: Located | None
) -> Iterator[Finding]:
    for m in _matches(rule, text):
        if year is not None and m["year"] != year.value:
            yield _finding(rule, m, at, int(m["year"]), int(year.value))


def _agency(
    rule: NarrativeRule, text: str, at: _Squeezed, values: Sequence[Number | None], year: Located | None, agency: Located | None
) -> Iterator[Finding]:
    """「我局」 in the report of a 镇: text copied from another body."""
    for m in _matches(rule, text):
        if agency is not None and m["kind"] not in agency.value:
            yield _finding(rule, m, at, None, None)
            return


def _mention(
    rule: NarrativeRule, text: str, at: _Squeezed, values: Sequence[Number | None], year: Located | None, agency: Located | None
) -> Iterator[Finding]:
    """Mentions are judged over the whole narrative by ``missing_mentions``; nothing to do in one stretch."""
    return iter(())


def missing_mentions(
    form: Form, document: Document, resolved: Sequence[Resolved], stretches: Sequence[tuple[int, int]]
) -> tuple[Finding, ...]:
    """A subject that the narrative must mention when the tables say so, and does not."""
    values: list[Number | None] = [r.value if r.status is PRINTED else None for r in resolved]
    out = []
    if not stretches or not document.norm[slice(*stretches[-1])].strip():
        return ()  # the text ends with the tables: what the last sections say is not known
    for rule in form.narrative:
        if rule.kind != "mention" or rule.when is None or rule.when.verdict(values)[0] is not PASS:
            continue
        if not any(re.search(p, document.norm[a:b]) for p in rule.patterns for a, b in stretches):
            out.append(Finding(rule.id, "narrative", "soft", FAIL, FAIL, None, None, rule.when.fields,
                               blame=Blame.REPORT, message=rule.says))  # fmt: skip
    return tuple(out)


_CHECKS = {"equals": _equals, "percent": _percent, "enumeration": _enumeration, "year": _year, "agency": _agency, "mention": _mention}


def _unique(findings: Sequence[Finding]) -> Iterator[Finding]:
    seen: set[tuple[object, ...]] = set()
    for f in findings:
        mark = (f.rule, f.left, f.right)
        if mark not in seen:
            seen.add(mark)
            yield f
