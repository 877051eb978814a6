"""The codebook: every column of an export, and every word it can hold, as rows of text."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.panel import cells
from extractor.panel.names import STATUS_SUFFIX
from extractor.panel.shape import DECIMAL_DIGITS, DECIMAL_PLACES, Column, Shape, Type

HEADER = ("column", "value", "type", "unit", "forms", "field", "label", "meaning", "missing")

TYPES = {
    Type.TEXT: "text",
    Type.INTEGER: "whole number (64 bits)",
    Type.DECIMAL: f"decimal number ({DECIMAL_DIGITS} digits, {DECIMAL_PLACES} after the point)",
    Type.SHARE: "number from 0 to 1",
    Type.FLAG: "0 or 1",
}
_CONVENTIONS = (
    ("(missing)", "an empty place is a missing value; what is missing, each column says. 0 is a figure that is printed, never a missing one"),
    ("(text)", "control characters are replaced and line ends are spaces; nothing else of a text is changed"),
    (
        "(CSV)",
        "text that begins like a formula or with an apostrophe has one apostrophe more before it, to be taken off; figures are never touched",
    ),
    ("(Excel)", "figures of more than 15 digits, which Excel would round, are text; text is never a formula; colours are explained on the sheet legend"),
    ("(Parquet)", f"whole numbers are int64, decimals decimal128({DECIMAL_DIGITS}, {DECIMAL_PLACES}), exact; text is UTF-8"),
)


def codebook(shape: Shape) -> Iterator[tuple[str, ...]]:
    """The rows under ``HEADER``: conventions, then each column in its order, with a row for every value of a closed list."""
    for name, meaning in _CONVENTIONS:
        yield _row(column=name, meaning=meaning)
    for column in shape.columns:
        yield _column(column)
        for value, meaning in column.values:
            yield _row(column=column.name, value=value or "(empty)", meaning=meaning)
    if any(c.name.endswith(STATUS_SUFFIX) and c.sources for c in shape.columns):
        for value, meaning in cells.status_words():
            yield _row(column=f"*{STATUS_SUFFIX}", value=value, meaning=meaning)


def _column(column: Column) -> tuple[str, ...]:
    labels = {s.label for s in column.sources}
    label = labels.pop() if len(labels) == 1 else " | ".join(f"{s.form}: {s.label}" for s in column.sources)
    return _row(
        column=column.name,
        type=TYPES[column.type],
        unit=column.unit,
        forms=" ".join(s.form for s in column.sources),
        field=" ".join(dict.fromkeys(s.field for s in column.sources)),
        label=label,
        meaning=column.meaning,
        missing=column.missing or "never missing",
    )


def _row(**entries: str) -> tuple[str, ...]:
    return tuple(entries.get(name, "") for name in HEADER)
