"""Column headings set in several lines, one under another, in text that keeps its columns by blanks: read by their places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from unicodedata import east_asian_width

from extractor.form import Label
from extractor.text import key

_WORD = re.compile(r"\S+")


def stacked(norm: str, start: int, end: int, columns: Sequence[Label]) -> tuple[str, ...]:
    """The columns (their ids) from left to right that the words between two offsets spell, read downwards where they overlap.

    Empty where cells are delimited, or where a pile of words that could be a heading spells none.
    """
    region = norm[start:end]
    if "\t" in region or "|" in region:
        return ()
    names = {label.key: label.ref for label in columns}
    # Some converters count a Chinese character as one column, some as two.
    return _piled(region, names, 1) or _piled(region, names, 2)


def _piled(region: str, names: Mapping[str, str], han: int) -> tuple[str, ...]:
    piles: list[tuple[int, int, str]] = []
    for line in region.split("\n"):
        for left, right, word in _words(line, han):
            if not any(word in name for name in names):
                continue
            over = [p for p in piles if p[0] < right and left < p[1] and p[2] not in names]
            if len(over) > 1:
                return ()
            if over:
                piles.remove(over[0])
                piles.append((min(left, over[0][0]), max(right, over[0][1]), over[0][2] + word))
            else:
                piles.append((left, right, word))
    piles.sort()
    refs = [names.get(text) for _, _, text in piles]
    found = tuple(r for r in refs if r is not None)
    return found if len(found) == len(refs) and len(set(found)) == len(found) else ()


def _words(line: str, han: int) -> list[tuple[int, int, str]]:
    """The words of a line with the columns they cover, where a Chinese character covers ``han``."""
    out = []
    for m in _WORD.finditer(line):
        left = _width(line[: m.start()], han)
        if text := key(m.group()):
            out.append((left, left + _width(m.group(), han), text))
    return out


def _width(text: str, han: int) -> int:
    return len(text) + (han - 1) * sum([east_asian_width(c) in "WF" for c in text]) if han > 1 else len(text)
