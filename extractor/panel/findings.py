"""The findings shape: one row a finding, of one report or of a pair of reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from extractor.form import Form
from extractor.panel import cells, keys
from extractor.panel.entry import Entry
from extractor.panel.shape import Column, Row, Shape, Type, Value
from extractor.record import plain
from extractor.types import Number

_VERDICTS = (("pass", "the rule holds"), ("fail", "it does not"), ("not_assessable", "a cell it needs is blank or lost"))
_NO_SIDE = "the rule compares no such figure, or it is too long for the type (its text column has it)"

COLUMNS = (
    *keys.COLUMNS,
    Column("rule", Type.TEXT, "rule of the form"),
    Column("instance", Type.TEXT, "row, column or sentence it was applied to", "it is applied once"),
    Column("severity", Type.TEXT, "what the rule is", values=(("hard", "an identity of the form"), ("soft", "plausible, not certain"))),
    Column("verdict", Type.TEXT, "the rule on the figures as printed", values=_VERDICTS),
    Column("blank_as_zero", Type.TEXT, "the rule with blank cells counted as 0", values=_VERDICTS),
    Column("left_side", Type.DECIMAL, "left side", _NO_SIDE),
    Column("right_side", Type.DECIMAL, "right side", _NO_SIDE),
    Column("difference", Type.DECIMAL, "left side minus right side, exactly", _NO_SIDE),
    Column("left_figure", Type.TEXT, "the digits of the left side as text", "the rule compares no such figure"),
    Column("right_figure", Type.TEXT, "the digits of the right side as text", "the rule compares no such figure"),
    Column("blame", Type.TEXT, "whose fault it is", values=(("report", "the report misprints"), ("reading", "a reading is in doubt"), ("unknown", "it cannot be said"))),
    Column("fields", Type.TEXT, "fields that take part, separated by spaces"),
    Column("suspects", Type.TEXT, "fields whose change, alone or with one other, would mend every failing sum, separated by spaces", "none stands out"),
    Column("implied", Type.TEXT, "what a field would have to be for the rule to hold: field=digits, separated by spaces", "nothing follows"),
    Column("cause", Type.TEXT, "likely cause, in Chinese", "no pattern is seen"),
    Column("message", Type.TEXT, "the finding in a sentence, in Chinese", "nothing to add"),
    Column("start", Type.INTEGER, "offset in the text as read where the sentence begins that the rule is about", "it is about no sentence"),
    Column("end", Type.INTEGER, "offset after its end", "it is about no sentence"),
)  # fmt: skip
_SIDE = next(c for c in COLUMNS if c.name == "left_side")
_EXACT = Context(prec=10_000)


def make(forms: Sequence[Form], only_sure: bool) -> Shape:
    """The findings shape; the same for all forms, and whatever ``only_sure`` says: a finding shows cells that wait for a person."""

    def rows(entry: Entry) -> Iterator[Row]:
        findings = entry.record["findings"]
        head = keys.keys(entry) if findings else []
        for finding in findings:
            yield Row([*head, *_values(finding)])

    return Shape("findings", COLUMNS, rows, freeze=0)


def _values(f: Mapping[str, Any]) -> list[Value]:
    left, right = f["left"], f["right"]
    sides = [_held(left), _held(right), _held(_difference(left, right)), _digits(left), _digits(right)]
    implied = " ".join(f"{x['cell']}={plain(x['value'])}" for x in f.get("implied", ()))
    where = f.get("evidence") or {}
    return [
        f["rule"], f["instance"], f.get("severity"), f["verdict"], f.get("blank_as_zero"), *sides, f["blame"],
        " ".join(f["cells"]), " ".join(f.get("suspects", ())), implied, f.get("cause"), f.get("message"), where.get("start"), where.get("end"),
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
