"""Words to events in reading order: labels, figures, empty cells and text that is none of these."""

from __future__ import annotations

import re

from extractor.form import Label
from extractor.layout.labels import NUMBERING, LabelIndex, Piece
from extractor.layout.lex import DASHES, EMPTY, GLUED, NUMBER, WORD, Event, event_of
from extractor.text import key

LABEL, TEXT = "label", "text"
# From this length on a word is searched for labels inside it (shorter ones only where they hold digits).
_SCAN_FROM = 10
_MAX_JOIN = 24
# A word with a full stop inside is narrative and holds no cells, unless it is so long that it is a whole page.
_SENTENCE = re.compile("[。;!?]|,.*,.*,")
_WHOLE_PAGE = 400
# 「none」 written out in a cell: a mark for an empty cell like a dash, and no figure.
_NONE = "无"
# Glyphs that stand for digits in damaged text (丨 is a Han character and no pipe).
_LIKE_DIGITS = tuple("丨lIiOoQ〇○SsBZ")
# A money unit printed as a word of its own behind its column header.
_UNIT = re.compile("(?:单位)?(亿元|万元|千元|百元|元)(?:保留.*)?")


def events_of(norm: str, tokens: list[Event], index: LabelIndex) -> list[Event]:
    """Recognise labels by maximal munch over consecutive words; unrecognised words join to TEXT runs."""
    out: list[Event] = []
    pending: list[Event] = []
    exact, prefixes = index.exact, index.prefixes
    i, n = 0, len(tokens)
    while i < n:
        t = tokens[i]
        if t.kind is not WORD:
            if pending:
                _flush(norm, pending, index, out)
            out.append(t)
            i += 1
            continue
        word = key(norm[t.start : t.end]) if t.end - t.start <= 80 else ""
        found = exact.get(word)
        last = i
        if word in prefixes:
            found, last = _munch(norm, tokens, i, word, found, index)
        if found:
            if pending:
                _flush(norm, pending, index, out)
            out.append(event_of((LABEL, t.start, tokens[last].end, t.line, t.row, t.cell, t.hard, False, found, "exact", word, None)))
            i = last + 1
            continue
        if word == _NONE:
            if pending:
                _flush(norm, pending, index, out)
            out.append(Event(DASHES, t.start, t.end, t.line, t.row, t.cell, t.hard))
        else:
            pending.append(t)
        i += 1
    if pending:
        _flush(norm, pending, index, out)
    return out


def _munch(
    norm: str, tokens: list[Event], i: int, joined: str, found: tuple[Label, ...] | None, index: LabelIndex
) -> tuple[tuple[Label, ...] | None, int]:
    """The longest label that the words from ``i`` on spell, and the last word it takes."""
    last = i
    for j in range(i + 1, min(i + _MAX_JOIN, len(tokens))):
        t = tokens[j]
        if t.kind is EMPTY:
            continue
        if t.kind is not WORD or t.end - t.start > 80:
            break
        joined += key(norm[t.start : t.end])
        hit = index.exact.get(joined)
        if hit:
            found, last = hit, j
        if joined not in index.prefixes:
            break
    return found, last


def _flush(norm: str, pending: list[Event], index: LabelIndex, out: list[Event]) -> None:
    """Turn unrecognised words into TEXT events, cutting out the labels glued inside long words."""
    run: list[Event] = []
    for t in pending:
        text = norm[t.start : t.end]
        if "元" in text and len(text) < 40 and (unit := index.header_with_unit(key(text))):
            _text(norm, run, out)
            run = []
            out.append(Event(LABEL, t.start, t.end, t.line, t.row, t.cell, t.hard, False, unit.labels, "exact", key(text), unit.unit))
            continue
        if not run and out and (said := _UNIT.fullmatch(key(text))) and out[-1].kind == LABEL and out[-1].labels[0].role == "column":
            out[-1] = out[-1]._replace(end=t.end, unit=said[1])
            continue
        scanned = len(text) >= _SCAN_FROM or (not text.isalpha() and any(c.isdigit() for c in text))
        sentence = _SENTENCE.search(text) if scanned and len(text) <= _WHOLE_PAGE else None
        if sentence:
            pieces = _before_prose(index.pieces(text[: sentence.start()]), len(text))
        else:
            pieces = index.pieces(text) if scanned else ()
        if not pieces:
            run.append(t)
            continue
        _text(norm, run, out)
        run = []
        if title := _section_title(pieces):
            out.append(Event(LABEL, t.start, t.end, t.line, t.row, t.cell, t.hard, False, title, "exact", key(text)))
            continue
        words_at = {q.start: text[q.start : q.end] for q in pieces if not q.labels}
        for p in pieces:
            place = (t.start + p.start, t.start + p.end, t.line, t.row, t.cell, t.hard)
            if p.labels:
                out.append(Event(LABEL, *place, False, p.labels, "inline", key(text[p.start : p.end])))
            elif p.digits:
                # Digits after other text in the same gap: the figure is not whole.
                rest = words_at.get(p.end, "")
                broken = (any(c.isdigit() for c in rest) and not NUMBERING.fullmatch(rest)) or rest[:1] in _LIKE_DIGITS
                out.append(Event(GLUED, *place, split=broken))
            else:
                out.append(Event(TEXT, *place, key=key(text[p.start : p.end])))
    _text(norm, run, out)
    pending.clear()


def _before_prose(pieces: tuple[Piece, ...], end: int) -> tuple[Piece, ...]:
    """Of the pieces before the end of a word's first sentence: those to the title of its section; none in a word of prose alone."""
    titles = [n for n, p in enumerate(pieces) if p.labels and p.labels[0].role == "section"]
    if not titles:
        return ()
    last = pieces[titles[-1]]
    return (*pieces[: titles[-1] + 1], Piece(last.end, end, (), False))


def _section_title(pieces: tuple[Piece, ...]) -> tuple[Label, ...]:
    """The section whose title this word is, with nothing but its number beside it."""
    sections = [p.labels for p in pieces if p.labels and p.labels[0].role == "section"]
    beside = sum(p.end - p.start for p in pieces if not p.labels)
    return sections[0] if len(sections) == 1 and beside <= 4 and sum(1 for p in pieces if p.labels) == 1 else ()


def _text(norm: str, run: list[Event], out: list[Event]) -> None:
    if run:
        first, last = run[0], run[-1]
        joined = "".join(key(norm[t.start : t.end]) for t in run)
        if joined:
            out.append(Event(TEXT, first.start, last.end, first.line, first.row, first.cell, first.hard, key=joined))


__all__ = ["DASHES", "EMPTY", "GLUED", "LABEL", "NUMBER", "TEXT", "Event", "events_of"]
