"""Finding a form's labels among the words: exact first, in pieces next, approximate last.

Labels break over lines and pages, lose their number, glue to figures and get misspelt; the index
answers every such question for one form and remembers the answers, since archives repeat their damage.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Indel, LCSseq

from extractor.form import Form, Label
from extractor.text import key, normalise

# Approximate matching: share of the label that must be there, and the lead over the next best label.
_FUZZY_SHARE = 0.72
_FUZZY_LEAD = 0.18
_FUZZY_LIKENESS = 0.5
_LONG_LABEL = 12
_FUZZY_SHORTEST = 4
_PREFIX_SHORTEST = 4
# What may stand between the characters of a label; no label's comparison form has any of it.
_SKIPPED = re.compile(r"[\s|.,、:;()\[\]<>\"'/-]+")


@lru_cache(maxsize=4096)
def tables_of(labels: tuple[Label, ...]) -> frozenset[str]:
    """The tables that print one of ``labels``."""
    return frozenset(label.table for label in labels if label.table)


@lru_cache(maxsize=4096)
def roles_of(labels: tuple[Label, ...]) -> frozenset[str]:
    """What seeing ``labels`` may mean."""
    return frozenset(label.role for label in labels)


@lru_cache(maxsize=4096)
def of_table(labels: tuple[Label, ...], table: str) -> tuple[tuple[Label, ...], frozenset[str]]:
    """Those of ``labels`` that one table prints, and what seeing them there may mean."""
    mine = tuple(label for label in labels if label.table == table)
    return mine, roles_of(mine)


class Match(NamedTuple):
    """A label recognised in a run of text; ``how`` is exact, inline, truncated or fuzzy."""

    labels: tuple[Label, ...]
    how: str
    unit: str | None = None


class Piece(NamedTuple):
    """A stretch of a long word: a label, a run of digits or other text (offsets within the word)."""

    start: int
    end: int
    labels: tuple[Label, ...]
    digits: bool


class LabelIndex:
    """Every label of one form, by comparison key, by prefix and as one scanning expression."""

    def __init__(self, form: Form) -> None:
        by_key: dict[str, list[Label]] = {}
        for label in form.labels:
            by_key.setdefault(label.key, []).append(label)
        self.exact: dict[str, tuple[Label, ...]] = {k: tuple(v) for k, v in by_key.items()}
        self.prefixes = frozenset(k[:n] for k in by_key for n in range(1, len(k)))
        self.longest = max(map(len, by_key))
        rows = [label for label in form.labels if label.role in ("row", "group")]
        self.rows: dict[str, tuple[Label, ...]] = {}
        for label in rows:
            self.rows.setdefault(label.table or "", ())
            self.rows[label.table or ""] += (label,)
        self.group_keys = {t: "|".join(x.key for x in mine if x.role == "group") for t, mine in self.rows.items()}
        self.row_keys = {t: _keys_of_rows(mine) for t, mine in self.rows.items()}
        self.row_groups = {t.id: frozenset(g for b in t.blocks for r in b.rows for g in r.groups) for t in form.tables}
        self.columns = tuple(label for label in form.labels if label.role == "column")
        self.scan = re.compile(_any_of({key(normalise(label.text)): None for label in form.labels}))
        self.fuzzy = lru_cache(maxsize=8192)(self._fuzzy)
        self.truncated = lru_cache(maxsize=8192)(self._truncated)

    def pieces(self, word: str) -> tuple[Piece, ...]:
        """Cut a long word at the labels inside it; empty where it holds none."""
        bare = _SKIPPED.sub("", word)
        found = [(m.start(), m.end(), self.exact.get(m.group(), ())) for m in self.scan.finditer(bare)]
        found = [f for f in found if f[2]]
        if not found:
            return ()
        if len(bare) < len(word):
            place = _places(word)
            found = [(place(start), place(end - 1) + 1, labels) for start, end, labels in found]
        out: list[Piece] = []
        at = 0
        for start, end, labels in [*found, (len(word), len(word), ())]:
            out += _gap(word, at, start, bool(out))
            if labels:
                out.append(Piece(start, end, labels, False))
            at = end
        return tuple(out)

    def _truncated(self, run: str, table: str) -> Match | None:
        """The row label of ``table`` that the end of ``run`` begins, where only one row's does."""
        for at in range(max(0, len(run) - self.longest), len(run) - _PREFIX_SHORTEST + 1):
            tail = run[at:]
            hits = {(r.block, r.position, r.ref): r for r in self.rows.get(table, ()) if r.key.startswith(tail) and r.key != tail}
            if len(hits) == 1:
                return Match(tuple(hits.values()), "truncated")
            if hits:
                return None
        return None

    def _fuzzy(self, run: str, table: str) -> Match | None:
        """The row or group label most like ``run`` where it is clearly the most like it."""
        if len(run) < _FUZZY_SHORTEST:
            return None
        best: dict[str, tuple[float, Label]] = {}
        for label in self.rows.get(table, ()):
            if len(label.key) < _FUZZY_SHORTEST or abs(len(label.key) - len(run)) > 1.2 * len(run) + 4:
                continue
            common = LCSseq.similarity(run, label.key)
            # A long label may have lost its end; a short one must be there nearly whole.
            whole = len(label.key) if len(label.key) < _LONG_LABEL or 2 * len(run) <= len(label.key) else min(len(run), len(label.key))
            share = common / whole
            likeness = Indel.normalized_similarity(run, label.key)
            score = 0.7 * share + 0.3 * likeness
            if share >= _FUZZY_SHARE and likeness >= _FUZZY_LIKENESS and score > best.get(label.ref, (0.0, label))[0]:
                best[label.ref] = (score, label)
        if not best:
            return None
        ranked = sorted(best.values(), key=lambda x: -x[0])
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _FUZZY_LEAD:
            return None
        return Match((ranked[0][1],), "fuzzy")

    def header_with_unit(self, word_key: str) -> Match | None:
        """A money column header that prints a unit the form does not list, such as （单位：元）."""
        match = re.fullmatch(r"(.+?)(?:单位)?(亿元|万元|千元|百元|元)(?:保留.*)?", word_key)
        if match is None:
            return None
        labels = tuple(label for label in self.columns if label.key == match[1])
        return Match(labels, "exact", match[2]) if labels else None


def _places(word: str) -> Callable[[int], int]:
    """Where a character of ``word`` without what is skipped stands in ``word`` itself."""
    behind, skipped = [], [0]  # the characters left before each stretch that is skipped, and all that is skipped so far
    for m in _SKIPPED.finditer(word):
        behind.append(m.start() - skipped[-1])
        skipped.append(skipped[-1] + m.end() - m.start())
    return lambda at: at + skipped[bisect_right(behind, at)]


def _keys_of_rows(labels: Iterable[Label]) -> dict[tuple[int, int], tuple[str, ...]]:
    """The comparison forms of each row, by its block and its position there."""
    out: dict[tuple[int, int], tuple[str, ...]] = {}
    for label in labels:
        if label.role == "row":
            at = (label.block, label.position)
            out[at] = (*out.get(at, ()), label.key)
    return out


# The number of a label whose words stand behind a blank.
NUMBERING = re.compile(r"\d[.、)]")
_NUMBER_OF_NEXT = re.compile(r"([\d,]*\d)\d[.、)]")


Tree = dict[str, "Tree"]
"""Words by their characters, one after the other; an empty one where a word ends."""


def _any_of(words: Iterable[str]) -> str:
    """An expression for the longest of ``words`` that stands at a place.

    Their common beginnings are tried once: side by side, hundreds of labels would be tried at every place of a text.
    """
    tree: Tree = {}
    for word in words:
        at = tree
        for character in word:
            at = at.setdefault(character, {})
        at[""] = {}
    return _branches(tree)


def _branches(tree: Tree) -> str:
    ways = [re.escape(character) + _rest(further) for character, further in tree.items() if character]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _rest(tree: Tree) -> str:
    if tree.keys() == {""}:
        return ""
    rest = _branches(tree)
    return f"(?:{rest})?" if "" in tree else rest


def _gap(word: str, start: int, end: int, after_label: bool) -> list[Piece]:
    """Text between two labels: digits straight after a label are figures, the rest is text."""
    if start >= end:
        return []
    text = word[start:end]
    if NUMBERING.fullmatch(text):
        return [Piece(start, end, (), False)]
    # The end of the label (a closing bracket or quote) may stand between it and its figures.
    if after_label and (m := re.match(r"[)\]>\"':]*([+-]?\d[\d,.+-]*(?:万元|亿元|元)?)", text)) and m[1].strip(",.-+"):
        rest = start + m.end()
        # A word that ends in 12. holds a figure and the number of the label in the next word.
        if end == len(word) and (numbered := _NUMBER_OF_NEXT.fullmatch(word, start + m.start(1), end)):
            rest = start + m.start(1) + len(numbered[1])
        return [Piece(start + m.start(1), rest, (), True), *([Piece(rest, end, (), False)] if rest < end else [])]
    return [Piece(start, end, (), False)]
