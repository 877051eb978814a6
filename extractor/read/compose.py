"""Lines and table rows put together to one text, with the place of every cell in its file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from extractor.read.decode import cleaned, damage, empty
from extractor.types import Place, Placed


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of a file before it is normalised; ``encoding`` is empty where the format fixes it."""

    text: str
    media_type: str
    encoding: str = ""
    notes: tuple[str, ...] = ()
    places: tuple[Placed, ...] = ()


class Composer:
    """Collects a text line by line.

    A row's cells are parted by TAB, and no cell holds a TAB or a line end of its own. Each cell, and each line that has a
    place, is entered in ``places`` without the blanks around it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._places: list[Placed] = []
        self._notes: dict[str, None] = {}
        self._at = 0

    def note(self, code: str) -> None:
        """Say something about the whole file, once."""
        self._notes[code] = None

    def line(self, text: str, place: Place | None = None) -> None:
        """Running text; line ends in it make several lines."""
        for part in self._tidy(text).replace("\t", "    ").split("\n"):
            self._placed(part, self._at, place)
            self._end(part)

    def row(self, cells: Iterable[tuple[str, Place | None]]) -> None:
        """One table row of its real cells in their order; a row without cells leaves nothing."""
        texts = []
        at = self._at
        for text, place in cells:
            flat = " ".join(self._tidy(text).replace("\t", " ").split("\n")).strip(" ")
            self._placed(flat, at, place)
            texts.append(flat)
            at += len(flat) + 1
        if texts:
            self._end("\t".join(texts))

    def stretches(self, parts: Iterable[tuple[str, Place | None]]) -> None:
        """One line made of stretches that have places of their own, such as words set apart by blanks."""
        whole = []
        at = self._at
        for text, place in parts:
            flat = self._tidy(text).replace("\t", " ").replace("\n", " ")
            self._placed(flat, at, place)
            whole.append(flat)
            at += len(flat)
        self._end("".join(whole))

    def finish(self, media_type: str, encoding: str = "") -> Rendered:
        """The whole text; ReportUnreadable EMPTY_FILE where it shows nothing."""
        text = "\n".join(self._lines)
        if not text.strip():
            raise empty()
        for code in damage(text):
            self.note(code)
        return Rendered(text + "\n", media_type, encoding, tuple(self._notes), tuple(self._places))

    def _tidy(self, text: str) -> str:
        tidied, controls = cleaned(text)
        if controls:
            self.note("CONTROL_CHARACTERS")
        return tidied

    def _placed(self, text: str, at: int, place: Place | None) -> None:
        if place is None:
            return
        shown = text.strip()
        if shown:
            start = at + text.index(shown)
            self._places.append(Placed(start, start + len(shown), place))

    def _end(self, line: str) -> None:
        self._lines.append(line)
        self._at += len(line) + 1

