"""The automatic numbers of a Word document: ``一、`` and ``（三）`` that are printed before a paragraph and stand in no text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VAL = f"{W}val"
_PLACEHOLDER = re.compile(r"%([1-9])")
_LEVELS = 9
_HAN = "零一二三四五六七八九"
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_BETWEEN = {"nothing": "", "space": " ", "tab": " "}


def _counted(n: int) -> str | None:
    if not 0 < n < 100:
        return None
    tens, ones = divmod(n, 10)
    return ("" if tens < 2 else _HAN[tens]) + ("十" if tens else "") + (_HAN[ones] if ones else "")


def _letters(n: int) -> str | None:
    return chr(96 + (n - 1) % 26 + 1) * ((n - 1) // 26 + 1) if 0 < n < 200 else None


def _roman(n: int) -> str | None:
    if not 0 < n < 200:
        return None
    out = ""
    for value, sign in _ROMAN:
        count, n = divmod(n, value)
        out += sign * count
    return out


def _upper(lower: Callable[[int], str | None]) -> Callable[[int], str | None]:
    return lambda n: said.upper() if (said := lower(n)) else None


def _wide(n: int) -> str:
    return str(n).translate({0x30 + i: 0xFF10 + i for i in range(10)})


# How Word writes a number; a way that is not here is left out, with a note.
_WAYS: dict[str, Callable[[int], str | None]] = {
    "decimal": str,
    "decimalZero": "{:02}".format,
    "decimalFullWidth": _wide,
    "decimalFullWidth2": _wide,
    "chineseCounting": _counted,
    "chineseCountingThousand": _counted,
    "japaneseCounting": _counted,
    "taiwaneseCounting": _counted,
    "taiwaneseCountingThousand": _counted,
    "ideographDigital": lambda n: "".join(_HAN[int(digit)] for digit in str(n)).replace("零", "〇"),
    "decimalEnclosedCircle": lambda n: chr(0x2460 + n - 1) if 0 < n <= 20 else None,
    "decimalEnclosedCircleChinese": lambda n: chr(0x2460 + n - 1) if 0 < n <= 20 else None,
    "lowerLetter": _letters,
    "upperLetter": _upper(_letters),
    "lowerRoman": _roman,
    "upperRoman": _upper(_roman),
    "bullet": lambda _: "",
    "none": lambda _: "",
}


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a list; ``way`` is None where it is written in a way that is not known."""

    way: Callable[[int], str | None] | None
    pattern: str
    between: str
    start: int
    restarts: bool
    bullet: bool


class Numbering:
    """Counts the numbered paragraphs of a document in their order; ``definitions`` is its numbering part."""

    def __init__(self, definitions: etree._Element | None) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._of: dict[str, str] = {}
        self._own: dict[str, dict[int, _Level]] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._counts: dict[str, list[int | None]] = {}
        if definitions is not None:
            self._read(definitions)

    def label(self, number: str, level: int) -> str | None:
        """What is printed before the next paragraph of this list and level; None where it cannot be told."""
        abstract = self._of.get(number)
        levels = {**self._abstract.get(abstract or "", {}), **self._own.get(number, {})}
        if abstract is None or level not in levels:
            return None
        counts = self._counts.setdefault(abstract, [None] * _LEVELS)
        begin = self._starts.pop((number, level), None)
        before = counts[level] if begin is None else begin - 1
        counts[level] = (levels[level].start - 1 if before is None else before) + 1
        for deeper in range(level + 1, _LEVELS):
            if deeper not in levels or levels[deeper].restarts:
                counts[deeper] = None
        return self._written(levels, counts, level)

    def _written(self, levels: dict[int, _Level], counts: list[int | None], level: int) -> str | None:
        here = levels[level]
        if here.bullet:
            return ""
        out, at = "", 0
        for match in _PLACEHOLDER.finditer(here.pattern):
            named = levels.get(int(match[1]) - 1)
            if named is None or named.way is None:
                return None
            count = counts[int(match[1]) - 1]
            said = named.way(named.start if count is None else count)
            if said is None:
                return None
            out += here.pattern[at : match.start()] + said
            at = match.end()
        out += here.pattern[at:]
        return out + here.between if out else ""

    def _read(self, definitions: etree._Element) -> None:
        for abstract in definitions.iterchildren(f"{W}abstractNum"):
            self._abstract[abstract.get(f"{W}abstractNumId", "")] = dict(map(_level, abstract.iterchildren(f"{W}lvl")))
        for number in definitions.iterchildren(f"{W}num"):
            name = number.get(f"{W}numId", "")
            to = number.find(f"{W}abstractNumId")
            if to is not None:
                self._of[name] = to.get(VAL, "")
            for override in number.iterchildren(f"{W}lvlOverride"):
                level = integer(override.get(f"{W}ilvl"))
                self._own.setdefault(name, {}).update(map(_level, override.iterchildren(f"{W}lvl")))
                start = override.find(f"{W}startOverride")
                if start is not None:
                    self._starts[name, level] = integer(start.get(VAL), 1)


def _level(lvl: etree._Element) -> tuple[int, _Level]:
    def said(name: str, default: str) -> str:
        found = lvl.find(f"{W}{name}")
        return default if found is None else found.get(VAL, default)

    # A level that does not say how it is written is decimal; one that says it in an extension is not known.
    way = said("numFmt", "decimal" if all(child.tag.startswith(W) for child in lvl) else "")
    level = _Level(
        _WAYS.get(way), said("lvlText", ""), _BETWEEN.get(said("suff", "tab"), " "),
        integer(said("start", "1"), 1), said("lvlRestart", "") != "0", way == "bullet",
    )  # fmt: skip
    return integer(lvl.get(f"{W}ilvl")), level


def integer(said: str | None, default: int = 0, most: int = 100_000) -> int:
    """The whole number that an attribute says, kept between 0 and ``most``."""
    try:
        return min(max(int(said), 0), most) if said else default
    except ValueError:
        return default
