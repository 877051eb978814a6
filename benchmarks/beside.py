"""A reader that needs nothing but the question: it copies the figures that stand behind each row's label.

``read`` is a script for ``benchmarks.server``. It answers first questions, halves and repairs alike, and the same question always
alike; it is no measure of any model, for where labels and figures are apart it reads wrongly or not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile, takewhile
from typing import NamedTuple

_TABLE = re.compile(r'Table "([^"]+)"')
_ROW = re.compile(r"(\d+) (.+)")
_SHOWN = re.compile(r"(\d+):(.*)")
_FIGURE = re.compile(r"(?<!\d)\d+(?:\.\d+)?")
_CELLS = "Cells of each row: "
_LOST = "x"


class Row(NamedTuple):
    """A row that is asked for: its number, its label, how many cells it has."""

    number: int
    label: str
    cells: int


def read(messages: list[dict[str, str]]) -> str:
    """The reply to a question, as JSON text."""
    lines = messages[-1]["content"].splitlines()
    found = _TABLE.search(lines[0])
    assert found, f"no question about a table: {lines[0]}"
    asked = takewhile(lambda line: line not in ("Text:", "Look with care:"), lines)
    text = [m.groups() for line in dropwhile(lambda line: line != "Text:", lines) if (m := _SHOWN.fullmatch(line))]
    return json.dumps({"table": found[1], "rows": [_copied(row, text) for row in rows(asked)]}, ensure_ascii=False)


def rows(asked: Iterator[str]) -> Iterator[Row]:
    """The rows that the first part of a question lists."""
    cells = 0
    for line in asked:
        if line.startswith(_CELLS):
            cells = line.count(";") + 1
        elif m := _ROW.fullmatch(line):
            yield Row(int(m[1]), m[2], cells)


def _copied(row: Row, text: Sequence[tuple[str, ...]]) -> dict[str, object]:
    """The figures behind the first place of the label; lost where it has none."""
    for number, line in text:
        before, label, behind = line.partition(row.label)
        figures = _FIGURE.findall(behind)[: row.cells] if label else []
        if figures:
            nth = len(_FIGURE.findall(before + label)) + 1
            return {"row": row.number, "at": number if nth == 1 else f"{number}.{nth}", "cells": figures + [_LOST] * (row.cells - len(figures))}
    return {"row": row.number, "at": "", "cells": [_LOST] * row.cells}
