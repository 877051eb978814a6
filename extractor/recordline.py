"""An Extraction straight to the line of JSON that ``record.dumps(record.to_record(…))`` would give, byte for byte.

An archive is some two hundred cells a report, nearly all of them alike: making a dictionary of each, and JSON of that, took
longer than reading the table they came from. So a usual cell is written from a template here; what is not usual (places
in the file, money, bounds, what a model read) is left to ``record``, which alone says what a record is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from extractor.form import Form
from extractor.record import Summary, cell_of, dumps, one_line, record_of, summary_of, to_record
from extractor.types import DEDUCED, PRINTED, Candidate, Extraction, Resolved, Status

_WHOLE = frozenset({int, type(None)})
_NO_CELLS = '"cells":[]'  # no string of a report can hold it: its quotes would be escaped


def written(extraction: Extraction, form: Form | None) -> tuple[str, Summary]:
    """The line of one report and its counts; ``form`` is the form it was read with, None where none was recognised."""
    return line_of(extraction, form), summary_of(extraction)


def line_of(extraction: Extraction, form: Form | None) -> str:
    """The record of one report as one line of JSON."""
    if form is None or extraction.document.places or extraction.model is not None:
        return dumps(to_record(extraction, form))
    rest = dumps(record_of(extraction, form, []))
    return rest.replace(_NO_CELLS, f'"cells":[{",".join(_cells(extraction, form))}]', 1)


@lru_cache(maxsize=32)
def _starts(form: Form) -> tuple[str, ...]:
    """How the JSON of each field's cell begins, up to its value."""
    return tuple(f'{{"table":{_text(f.table)},"row":{_text(f.row)},"column":{_text(f.column)},"value":' for f in form.fields)


def _cells(extraction: Extraction, form: Form) -> list[str]:
    """The JSON of each cell."""
    out = []
    before: tuple[object, ...] = ()
    decided = ""
    for field, start, r, d in zip(form.fields, _starts(form), extraction.resolved, extraction.decisions, strict=True):
        _, status, value, printed, begin, end, _, alternatives, interval = r
        said = d[1:4]  # outcome, codes and confidence: those of the cells of a row are mostly the same
        if said != before:
            before, decided = said, _decided(d.confidence, d.outcome, d.codes)
        if status is PRINTED and type(value) is int and printed is not None and begin >= 0 and not alternatives and interval is None:
            digits = str(value)
            text = f'"{digits}"' if printed == digits else _text(printed)
            shown = f'{digits},"status":"printed","printed":{text},"evidence":{{"start":{begin},"end":{end}}}'
            out.append(f'{start}{shown},{decided},"readings":{{"rules":{digits}}}}}')
        elif interval is not None or not _is_plain(r):
            out.append(dumps(cell_of(field, r, d, None)))
        else:
            out.append(_unusual(start, r, decided))
    return out


def _unusual(start: str, r: Resolved, decided: str) -> str:
    """A cell that prints no figure, or has other readings."""
    value = "null" if r.value is None else str(r.value)
    shown = value if r.status is PRINTED or r.status is DEDUCED else "null"
    read = value if r.status is PRINTED else "null"
    others = f',"alternatives":[{",".join(_alternatives(r.alternatives))}]' if r.alternatives else ""
    return f'{start}{shown},{_printed(r.status, r.printed, r.start, r.end)},{decided},"readings":{{"rules":{read}}}{others}}}'


def _is_plain(r: Resolved) -> bool:
    """Every figure is a whole number, so that its digits are those that Python writes."""
    return {type(r.value), *[type(c.value) for c in r.alternatives]} <= _WHOLE


def _alternatives(candidates: Sequence[Candidate]) -> list[str]:
    """The JSON of each; glued figures have hundreds, most of which differ from one before in nothing but the reading they are part of."""
    known: dict[tuple[object, ...], str] = {}
    out = []
    for c in candidates:
        said = c[1:7], c.producer  # all of it that is written
        if (text := known.get(said)) is None:
            text = known[said] = _alternative(c)
        out.append(text)
    return out


def _alternative(c: Candidate) -> str:
    _, status, value, printed, start, end, codes, _, producer = c
    shown = value if status is PRINTED and value is not None else "null"
    return f'{{"value":{shown},{_printed(status, printed, start, end)},{_said(codes, producer)}}}'


@lru_cache(maxsize=4096)
def _said(codes: tuple[str, ...], producer: str) -> str:
    return f'"codes":{dumps(codes)},"producer":{_text(producer)}'


def _printed(status: Status, printed: str | None, start: int, end: int) -> str:
    if start < 0:
        return f'"status":"{status._value_}","printed":null,"evidence":null'
    text = "null" if printed is None else _text(printed)
    return f'"status":"{status._value_}","printed":{text},"evidence":{{"start":{start},"end":{end}}}'


def _text(printed: str) -> str:
    return quoted(printed) if printed.isascii() else one_line(quoted(printed))


@lru_cache(maxsize=4096)
def _decided(confidence: float, outcome: str, codes: tuple[str, ...]) -> str:
    """What is the same in all cells of a report that were decided alike."""
    return f'"confidence":{dumps(confidence)},"decision":{quoted(outcome)},"codes":{dumps(tuple(dict.fromkeys(codes)))}'
