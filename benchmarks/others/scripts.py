"""The two obvious scripts over plain text, as a user would write them in an afternoon; standard library alone.

Both are told the form (its *outline*), as such a script has it written into it:
``{"sections": [[title, …], …], "tables": [{"section": n, "fields": […], "rows": [{"labels": […], "fields": […]}, …], "bands": [[…], …]}]}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FIGURE = r"-?\d[\d,]*(?:\.\d+)?"
_BETWEEN = r"[\s|]+"


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, else in GB 18030."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def count_figures(text: str, outline: dict[str, Any]) -> dict[int, str]:
    """Fill the fields of a table by order, where its section has just as many words that are figures; else leave them all."""
    given: dict[int, str] = {}
    for table, part in _sections(text, outline):
        figures = [word for word in re.split(_BETWEEN, part) if re.fullmatch(_FIGURE, word)]
        if len(figures) == len(table["fields"]):
            given.update(zip(table["fields"], figures, strict=True))
    return given


def regular_expressions(text: str, outline: dict[str, Any]) -> dict[int, str]:
    """For each row the first place where its label is followed by just as many figures as it has; blanks and signs in a label do not matter."""
    given: dict[int, str] = {}
    for table, part in _sections(text, outline):
        for row in table["rows"]:
            for label in row["labels"]:
                if figures := _after(label, len(row["fields"]), part):
                    given.update(zip(row["fields"], figures, strict=True))
                    break
        for fields in table["bands"]:
            if figures := _after("", len(fields), part):
                given.update(zip(fields, figures, strict=True))
    return given


def _after(label: str, count: int, text: str) -> list[str]:
    letters = r"[^\w]*".join(map(re.escape, label))
    # The number before the next label ("2.…") is not a figure: a blank or a pipe stands behind one.
    end = rf"(?![\d,.]|{_BETWEEN}{_FIGURE}(?:{_BETWEEN}|$))"
    found = re.search(rf"(?<!\d){letters}[)）”]*((?:{_BETWEEN}{_FIGURE}){{{count}}}){end}", text)
    return re.findall(_FIGURE, found[1]) if found else []


def _sections(text: str, outline: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each table with the text between its section's title and the next title that is there."""
    starts: list[int] = []
    at = 0
    for titles in outline["sections"]:
        place, title = min(((p, t) for t in titles if (p := text.find(t, at)) >= 0), default=(-1, ""))
        starts.append(place + len(title) if place >= 0 else -1)
        at = max(at, starts[-1])
    for table in outline["tables"]:
        n = table["section"]
        if starts[n] >= 0:
            yield table, text[starts[n] : next((s for s in starts[n + 1 :] if s >= 0), len(text))]
