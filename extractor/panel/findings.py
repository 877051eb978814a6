"""The findings shape: one row a finding, of one report or of a pair of reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from extractor.across import Lineage, PairFinding
from extractor.panel import cells, keys
from extractor.panel.entry import Entry
from extractor.panel.shape import Column, Row, Shape, Type, Value
from extractor.record import plain
from extractor.types import Number

_VERDICTS = (("pass", "the rule holds"), ("fail", "it does not"), ("not_assessable", "a cell it needs is blank or lost"))
_NO_SIDE = "the rule compares no such figure, or it is too long for the type (its text column has it)"

_REPORT, _BETWEEN = "report", "reports"
_OWN: tuple[Value, ...] = (_REPORT, None, None)

COLUMNS = (
    *keys.COLUMNS,
    Column("rule", Type.TEXT, "rule of the form"),
    Column("instance", Type.TEXT, "row, column or sentence it was applied to", "it is applied once"),
    Column("about", Type.TEXT, "what the rule holds together", values=((_REPORT, "cells of one report"), (_BETWEEN, "cells of several reports"))),
    Column("years", Type.TEXT, "of a finding between reports: the years, those of this report first, separated by spaces", "about one report"),
    Column("other_reports", Type.TEXT, "of a finding between reports: the sources of the others, separated by a semicolon and a space", "about one report"),
    Column("severity", Type.TEXT, "what the rule is", values=(("hard", "an identity of the form"), ("soft", "plausible, not certain"))),
    Column("verdict", Type.TEXT, "the rule on the figures as printed", values=_VERDICTS),
    Column("blank_as_zero", Type.TEXT, "the rule with blank cells counted as 0", values=_VERDICTS),
    Column("left_side", Type.DECIMAL, "left side", _NO_SIDE),
    Column("right_side", Type.DECIMAL, "right side", _NO_SIDE),
    Column("difference", Type.DECIMAL, "left side minus right side, exactly", _NO_SIDE),
    Column("left_figure", Type.TEXT, "the digits of the left side as text", "the rule compares no such figure"),
    Column("right_figure", Type.TEXT, "the digits of the right side as text", "the rule compares no such figure"),
    Column("blame", Type.TEXT, "whose fault it is", values=(("report", "the report misprints"), ("reading", "a reading is in doubt"), ("unknown", "it cannot be said"))),
    Column("fields", Type.TEXT, "fields that take part, separated by spaces; of a finding between reports year:field"),
    Column("suspects", Type.TEXT, "fields whose change, alone or with one other, would mend every failing sum, separated by spaces", "none stands out"),
    Column("implied", Type.TEXT, "what a field would have to be for the rule to hold: field=digits, separated by spaces", "nothing follows"),
    Column("cause", Type.TEXT, "likely cause, in Chinese", "no pattern is seen"),
    Column("message", Type.TEXT, "the finding in a sentence, in Chinese", "nothing to add"),
    Column("start", Type.INTEGER, "offset in the text as read where the sentence begins that the rule is about", "it is about no sentence"),
    Column("end", Type.INTEGER, "offset after its end", "it is about no sentence"),
)  # fmt: skip
_SIDE = next(c for c in COLUMNS if c.name == "left_side")
_EXACT = Context(prec=10_000)


def make(lineage: Lineage, pairs: Iterable[PairFinding]) -> Shape:
    """The findings shape; it is the same for all forms. A finding between reports stands once, with the first report it names."""
    waiting: dict[str, list[Mapping[str, Any]]] = {}
    for pair in pairs:
        waiting.setdefault(pair.reports[0], []).append(pair.data())

    def rows(entry: Entry) -> Iterator[Row]:
        own = [_values(f, _OWN, list(f["cells"])) for f in entry.record["findings"]]
        between = [_between(f) for f in waiting.pop(entry.record["source"], ())]
        head = keys.keys(entry, lineage) if own or between else []
        for values in (*own, *between):
            yield Row([*head, *values])

    return Shape("findings", COLUMNS, rows, freeze=0)


def _between(f: Mapping[str, Any]) -> list[Value]:
    about = [_BETWEEN, " ".join(str(y) for y in f["years"]), "; ".join(f["reports"][1:])]
    return _values(f, about, [f"{c['year']}:{c['cell']}" for c in f["cells"]])


def _values(f: Mapping[str, Any], about: Sequence[Value], fields: Sequence[str]) -> list[Value]:
    left, right = f["left"], f["right"]
    sides = [_held(left), _held(right), _held(_difference(left, right)), _digits(left), _digits(right)]
    implied = " ".join(f"{x['cell']}={plain(x['value'])}" for x in f.get("implied", ()))
    where = f.get("evidence") or {}
    return [
        f["rule"], f["instance"], *about, f.get("severity"), f["verdict"], f.get("blank_as_zero"), *sides, f["blame"],
        " ".join(fields), " ".join(f.get("suspects", ())), implied, f.get("cause"), f.get("message"), where.get("start"), where.get("end"),
    ]  # fmt: skip


def _held(value: Number | None) -> Number | None:
    return cells.held(value, _SIDE)[0]


def _digits(value: Number | None) -> Value:
    return None if value is None else plain(value)


def _difference(left: Number | None, right: Number | None) -> Number | None:
    if left is None or right is None:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return left - right
    return _EXACT.subtract(Decimal(left), Decimal(right))
