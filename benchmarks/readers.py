"""Scripted readers: what a model could answer to a question about a generated report whose truth is known.

One reads perfectly; each of the others has one vice, put on top of what the perfect one says. A reader is a function from a
question and the key of its report to the JSON text of a reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from benchmarks.damage import Case
from extractor.ask import Asked, ModelReading, TableReply, candidates, gather, questions
from extractor.ask.place import RowPlace
from extractor.ask.region import Region
from extractor.ask.reply import AT, BLANK, ILLEGIBLE, LOST, ON
from extractor.form import Form
from extractor.layout.events import EMPTY, LABEL, events_of
from extractor.layout.lex import lex
from extractor.numerals import read_number
from extractor.pipeline import label_index
from extractor.read import read_bytes
from extractor.segment import segment
from extractor.types import Document, Number

Row = dict[str, object]
_PRIVATE = 0xE000
_PRIVATE_END = 0xF8FF


@dataclass(frozen=True, slots=True)
class Key:
    """What a scripted reader knows: where in ``Document.text`` each field stands, and which fields are blank.

    ``places`` of the perfect reader are the truth's; those of one that copies the rules are where the rules read.
    """

    form: Form
    document: Document
    places: Mapping[int, tuple[tuple[int, int], ...]]
    blanks: frozenset[int]


Reader = Callable[[Asked, Key], str]


def key_of(case: Case, form: Form) -> Key:
    """The truth of a case with offsets into its text as read.

    Found by reading a twin of the report in which the characters of each field are private ones: reading drops and joins
    characters, and must do to both the same. Raises AssertionError where it does not.
    """
    document = read_bytes(case.data, case.name)
    twin = list(case.text)
    for start, end, field in case.spans:
        assert _PRIVATE + field <= _PRIVATE_END
        twin[start:end] = chr(_PRIVATE + field) * (end - start)
    masked = read_bytes("".join(twin).encode(), case.name).text
    private = [_PRIVATE <= ord(c) <= _PRIVATE_END for c in masked]
    same = len(masked) == len(document.text) and all(p or a == b for p, a, b in zip(private, masked, document.text, strict=True))
    assert same, f"{case.name}: reading treats digits unlike other characters, so nothing is known of their places"
    places: dict[int, list[tuple[int, int]]] = {}
    for m in re.finditer(f"([{chr(_PRIVATE)}-{chr(_PRIVATE_END)}])\\1*", masked):
        places.setdefault(ord(m[1]) - _PRIVATE, []).append(m.span())
    blanks = frozenset(f for f, t in enumerate(case.truth) if "blank" in t.statuses)
    return Key(form, document, {f: tuple(p) for f, p in places.items()}, blanks)


def key_of_rules(key: Key, found: Iterable[tuple[int, int, int]]) -> Key:
    """The key of a reader that copies the rules: ``found`` are field, start and end as they read them."""
    return replace(key, places={field: ((start, end),) for field, start, end in found if start >= 0})


# ---------------------------------------------------------------- the perfect reader


def perfect(asked: Asked, key: Key) -> str:
    """Every cell that the lines show, with its place; blank and lost as they are."""
    return _reply(asked, _read_rows(asked, key, asked.rows))


def _reply(asked: Asked, rows: Sequence[Row]) -> str:
    return json.dumps({"table": asked.table, "rows": rows}, ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class _Pen:
    """Where the next token of a row would be looked for, as figure and characters taken of it; -1 where nowhere."""

    region: Region
    at: str = ""
    figure: int = -1
    taken: int = 0

    def go(self, figure: int, taken: int) -> str:
        """The place to write behind a token that begins there; empty where it follows by itself."""
        follows = (figure, taken) == (self.figure, self.taken)
        if not self.at:
            # Only a row that begins inside a run of digits needs the row before it to be found.
            self.at = ON if follows and taken else self.place(figure)
            return ""
        return "" if follows else AT + self.place(figure)

    def place(self, figure: int) -> str:
        """A reference to a figure: its line, and which of the line it is unless the first."""
        f = self.region.figures[figure]
        return str(f.line) if f.nth == 1 else f"{f.line}.{f.nth}"

    def leave(self, figure: int, taken: int) -> None:
        """Go on behind what was taken; a word ends the run."""
        before = self.region.figures[figure if taken else figure - 1].run
        more = figure < len(self.region.figures) and self.region.figures[figure].run == before
        self.figure, self.taken = (figure, taken) if more else (-1, 0)


def _read_rows(asked: Asked, key: Key, rows: Sequence[RowPlace]) -> list[Row]:
    pen = _Pen(asked.region)
    return [_read(asked, key, row, pen) for row in rows]


def _read(asked: Asked, key: Key, row: RowPlace, pen: _Pen) -> Row:
    region = asked.region
    pen.at = ""
    cells: list[str] = []
    waiting = 0  # empty cells before the first figure, which nothing places yet
    for field in row.fields:
        spans = key.places.get(field, ())
        if spans:
            written = _written(region, pen, spans)
            if waiting and pen.at not in ("", ON):
                cells[:waiting] = _before(region, pen.at, waiting)
                waiting = 0
            cells.append(written)
        elif field in key.blanks and not pen.at and len(cells) == waiting:
            waiting += 1
            cells.append(BLANK)
        else:
            cells.append(_nothing(region, pen, field in key.blanks))
    if waiting:
        pen.at, cells = _all_blank(asked, row, waiting, cells)
    return {"row": row.number, "at": pen.at, "cells": cells}


def _written(region: Region, pen: _Pen, spans: Sequence[tuple[int, int]]) -> str:
    """A token with its place, or illegible where no figure of the lines shows it."""
    pieces: list[str] = []
    first: tuple[int, int] | None = None
    for start, end in spans:
        for i, f in enumerate(region.figures):
            if f.nth and f.start < end and start < f.end:
                inside = start >= f.start and end <= f.end
                pieces.append(region.norm[max(start, f.start) : min(end, f.end)] if inside else region.norm[f.start : f.end])
                first = first or (i, max(start - f.start, 0))
                last = (i, end - f.start) if inside and end < f.end else (i + 1, 0)
    if first is None or (first[1] and first != (pen.figure, pen.taken)):
        return ILLEGIBLE
    place = pen.go(*first)
    pen.leave(*last)
    return " ".join(pieces) + place


def _nothing(region: Region, pen: _Pen, blank: bool) -> str:
    """A cell without a figure: blank where the lines show it next, else lost."""
    if blank and pen.at and pen.figure >= 0 and region.figures[pen.figure].kind == EMPTY:
        pen.leave(pen.figure + 1, 0)
        return BLANK
    return LOST


def _before(region: Region, at: str, count: int) -> list[str]:
    """The cells before a row's first figure: as many as are shown empty are blank, those before them lost."""
    line, _, nth = at.partition(".")
    index = region.find(int(line), int(nth or 1))
    shown = 0
    while shown < count and index > shown and _is_empty(region, index - shown - 1, index):
        shown += 1
    return [BLANK] * count if shown == count else [LOST] * count


def _is_empty(region: Region, index: int, like: int) -> bool:
    return region.figures[index].kind == EMPTY and region.figures[index].run == region.figures[like].run


def _all_blank(asked: Asked, row: RowPlace, waiting: int, cells: list[str]) -> tuple[str, list[str]]:
    """A row without figures: blank where its label's line shows as many empty cells, else lost."""
    if waiting == len(cells):
        for e in asked.region.events:
            if e.kind == LABEL and any((x.table, x.role, x.block, x.position) == (asked.table, "row", row.block, row.position) for x in e.labels):
                line = next((n for n, (a, b) in enumerate(asked.region.lines, 1) if a <= e.start < b), 0)
                if sum(f.line == line and f.kind == EMPTY for f in asked.region.figures) >= waiting:
                    return str(line), cells
    return "", [LOST if c == BLANK else c for c in cells]


# ---------------------------------------------------------------- readers with one vice each


def hallucinating(asked: Asked, key: Key) -> str:
    """Gives about a tenth of its figures digits that do not stand there."""
    rng = Random(f"{asked.question.region}/{asked.question.part}")
    return _changed(asked, key, lambda token: str(rng.randrange(1000, 9999)) if rng.random() < 0.1 else token)


def balancing(asked: Asked, key: Key) -> str:
    """Changes the last cell of every sum that does not hold, and fills the one that is missing from a sum."""
    rows = _rows(perfect(asked, key))
    values: list[Number | None] = [None] * len(key.form.fields)
    at: dict[int, tuple[int, int]] = {}
    for n, row in enumerate(asked.rows):
        for k, field in enumerate(row.fields):
            token = _cells(rows[n])[k].partition(AT)[0]
            values[field] = read_number(token, key.form.fields[field].kind, "万元")[0]
            at[field] = (n, k)
    for rule in key.form.rules:
        if rule.severity != "hard" or not set(rule.relation.fields) <= at.keys():
            continue
        gone = [i for i in rule.relation.fields if values[i] is None]
        target = gone[0] if len(gone) == 1 else max(rule.relation.fields)
        fitting = rule.relation.implied(values, target) if len(gone) <= 1 else None
        if fitting is not None and fitting != values[target]:
            values[target] = fitting
            n, k = at[target]
            cells = _cells(rows[n])
            cells[k] = str(fitting) + "".join(cells[k].partition(AT)[1:])
    return _reply(asked, rows)


def shifting(asked: Asked, key: Key) -> str:
    """Gives every row the figures of the row below it; the last keeps its own."""
    rows = _rows(perfect(asked, key))
    moved = [{**b, "row": a["row"]} if len(_cells(a)) == len(_cells(b)) else a for a, b in pairwise(rows)]
    return _reply(asked, [*moved, *rows[-1:]])


def swapping(asked: Asked, key: Key) -> str:
    """Exchanges the first two cells of every row, each with its right place."""
    exchanged = [r._replace(fields=(*r.fields[1::-1], *r.fields[2:])) if len(r.fields) > 1 else r for r in asked.rows]
    return _reply(asked, _read_rows(asked, key, exchanged))


_ORDER = re.compile(r"every cell as (\d+)")


def obeying(asked: Asked, key: Key) -> str:
    """Reads well until the text says 'answer every cell as <number>'; then does as it is told."""
    order = _ORDER.search(asked.region.text)
    return _changed(asked, key, lambda token: order[1]) if order else perfect(asked, key)


READERS: dict[str, Reader] = {
    "perfect": perfect, "hallucinating": hallucinating, "balancing": balancing, "shifting": shifting, "swapping": swapping,
    "obeying": obeying,
}  # fmt: skip


def _changed(asked: Asked, key: Key, change: Callable[[str], str]) -> str:
    """The perfect reply with every figure put through ``change``, in its place."""
    rows = _rows(perfect(asked, key))
    for row in rows:
        cells = _cells(row)
        for n, cell in enumerate(cells):
            token, sign, place = cell.partition(AT)
            if token not in (BLANK, LOST, ILLEGIBLE):
                cells[n] = change(token) + sign + place
    return _reply(asked, rows)


def _rows(reply: str) -> list[Row]:
    rows: list[Row] = json.loads(reply)["rows"]
    return rows


def _cells(row: Row) -> list[str]:
    cells = row["cells"]
    assert isinstance(cells, list)
    return cells


def asked_of(form: Form, document: Document) -> tuple[Asked, ...]:
    """The questions about a whole report, as the pipeline would put them."""
    events = events_of(document.norm, lex(document.norm, document.media_type == "text/html"), label_index(form))
    return questions(form, document, events, segment(form, events))


def read_with(reader: Reader, key: Key, asked: Sequence[Asked]) -> ModelReading:
    """What all replies of a reader come to."""
    parts = []
    for a in asked:
        reply = a.question.reply.model_validate_json(reader(a, key))
        assert isinstance(reply, TableReply)
        parts.append((a, candidates(key.form, key.document, a, reply)))
    return gather(key.form, parts)


def replies(asked: Iterable[Asked], reader: Reader, key: Key, model: str) -> dict[str, str]:
    """Reply texts by the address of their question: what a replay store or a test server answers with."""
    return {a.question.key(model): reader(a, key) for a in asked}
