"""What the styles of a Word document say of a paragraph or a run: hidden, raised, numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from extractor.read.markup import LOWERED, RAISED
from extractor.read.numbering import VAL, W, integer

if TYPE_CHECKING:
    from lxml import etree

_SHIFTS = {"superscript": RAISED, "subscript": LOWERED}
_DEEPEST = 20  # of styles that are based on each other; a ring of them ends here


class ParagraphLook(NamedTuple):
    """Whether a paragraph's runs are hidden, the list and level that it is numbered in, and whether a tracked change took away
    its end, so that the next paragraph goes on in its line.
    """

    hidden: bool = False
    number: tuple[str, int] | None = None
    joins_next: bool = False


class RunLook(NamedTuple):
    """Whether a run is hidden, and what becomes of its digits where it is raised or lowered."""

    hidden: bool = False
    digits: dict[int, int] | None = None


class _Style(NamedTuple):
    """What one style says; None where it says nothing."""

    based_on: str = ""
    hidden: bool | None = None
    shift: str | None = None
    number: str | None = None
    level: int | None = None


_PPR, _RPR, _PSTYLE, _RSTYLE, _NUMPR = f"{W}pPr", f"{W}rPr", f"{W}pStyle", f"{W}rStyle", f"{W}numPr"
_OF_RUNS = frozenset({_RSTYLE, f"{W}vanish", f"{W}vertAlign"})
_ORDINARY = RunLook()
_UNSEEN = RunLook(hidden=True)


class Styles:
    """The styles part of a document, which may be missing."""

    def __init__(self, part: etree._Element | None) -> None:
        self._elements: dict[str, etree._Element] = {}
        self._usual = ""
        for style in part.iterchildren(f"{W}style") if part is not None else ():
            name = style.get(f"{W}styleId", "")
            self._elements[name] = style
            if style.get(f"{W}type") == "paragraph" and is_on(style.get(f"{W}default", "0")):
                self._usual = name
        self._resolved: dict[str, _Style] = {}
        self._looks: dict[str, ParagraphLook] = {}

    def of_paragraph(self, paragraph: etree._Element) -> ParagraphLook:
        """How a paragraph looks, by itself and by its style."""
        properties = paragraph.find(_PPR)
        said = {} if properties is None else {child.tag: child for child in properties}
        name = said[_PSTYLE].get(VAL, "") if _PSTYLE in said else self._usual
        if name not in self._looks:
            self._looks[name] = _look(self._style(name), None, None)
        look = self._looks[name]
        if _NUMPR in said:
            look = _look(self._style(name), *_numbered(said[_NUMPR]))
        return look._replace(joins_next=True) if _RPR in said and _mark_is_gone(said[_RPR]) else look

    def of_run(self, run: etree._Element, hidden: bool) -> RunLook:
        """How a run looks; ``hidden`` is what its paragraph says."""
        properties = run.find(_RPR)
        if properties is None:
            return _UNSEEN if hidden else _ORDINARY
        said = {child.tag: child for child in properties}
        if said.keys().isdisjoint(_OF_RUNS):
            return _UNSEEN if hidden else _ORDINARY
        here, shift = _character(properties)
        style = self._style(said[_RSTYLE].get(VAL, "")) if _RSTYLE in said else _Style()
        unseen = next((x for x in (here, style.hidden) if x is not None), hidden)
        return RunLook(unseen, _SHIFTS.get(shift or style.shift or ""))

    def _style(self, name: str) -> _Style:
        """A style with all that it takes over from those it is based on."""
        if name in self._resolved:
            return self._resolved[name]
        chain: list[_Style] = []
        at = name
        while at in self._elements and len(chain) < _DEEPEST:
            chain.append(_style(self._elements[at]))
            at = chain[-1].based_on
        fields = (next((value for value in values if value is not None), None) for values in zip(*(s[1:] for s in chain), strict=True))
        resolved = _Style("", *fields) if chain else _Style()
        self._resolved[name] = resolved
        return resolved


def is_on(said: str) -> bool:
    """What a switch says."""
    return said not in ("0", "false", "off", "none")


def _look(style: _Style, number: str | None, level: int | None) -> ParagraphLook:
    number = style.number if number is None else number
    level = style.level if level is None else level
    return ParagraphLook(bool(style.hidden), None if number in (None, "", "0") else (number or "", level or 0))


def _mark_is_gone(mark: etree._Element) -> bool:
    return any(mark.find(f"{W}{name}") is not None for name in ("del", "moveFrom"))


def _style(style: etree._Element) -> _Style:
    based_on, characters = style.find(f"{W}basedOn"), style.find(f"{W}rPr")
    numbered = style.find(f"{W}pPr/{W}numPr")
    hidden, shift = _character(characters) if characters is not None else (None, None)
    return _Style(
        "" if based_on is None else based_on.get(VAL, ""), hidden, shift,
        *(_numbered(numbered) if numbered is not None else (None, None)),
    )  # fmt: skip


def _character(properties: etree._Element) -> tuple[bool | None, str | None]:
    vanish, shift = properties.find(f"{W}vanish"), properties.find(f"{W}vertAlign")
    return None if vanish is None else is_on(vanish.get(VAL, "1")), None if shift is None else shift.get(VAL)


def _numbered(properties: etree._Element) -> tuple[str | None, int | None]:
    number, level = properties.find(f"{W}numId"), properties.find(f"{W}ilvl")
    return None if number is None else number.get(VAL), None if level is None else integer(level.get(VAL), most=8)
