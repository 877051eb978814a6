"""The questions about one report: for each table its rows and cells in the form's words, and the text to read them from.

Nothing of what the rules found is said, and none of the form's sums. A question knows the region that its answer refers to
(``Asked``), so that an answer can be read without the reader's help.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from extractor.ask.place import Place, RowPlace, rows_of, stretches
from extractor.ask.region import Region, make_region, windows
from extractor.ask.reply import BLANK, ILLEGIBLE, LOST, reply_model
from extractor.errors import PromptError
from extractor.form import Block, Form, Table
from extractor.layout.events import Event
from extractor.model.question import Message, Question
from extractor.prompts import Prompt, fence, load_prompt
from extractor.types import Document

# A region longer than this is asked in several windows, which share some lines so that no row is cut.
MOST_SHOWN = 6000
_SHARED = 600
# The replies that a prompt file may name.
_REPLIES = {"rows": reply_model}
# The size of a reply, with room to spare: every cell with a place of its own, and a row around its cells.
_TOKENS_A_REPLY, _TOKENS_A_ROW, _TOKENS_A_CELL = 60, 24, 12


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that its answer refers to.

    ``rows`` are the rows asked for, ``fields`` the cells that are wanted of them; ``window`` numbers the stretches in which
    one table was asked for, of ``windows`` in all.
    """

    question: Question
    table: str
    rows: tuple[RowPlace, ...]
    fields: frozenset[int]
    region: Region
    window: int = 1
    windows: int = 1
    why: tuple[tuple[int, str], ...] = ()


def questions(
    form: Form, document: Document, events: Sequence[Event], places: Sequence[Place],
    fields: frozenset[int] | None = None, repeat: int = 0,
) -> tuple[Asked, ...]:  # fmt: skip
    """One question a table and window, for the rows that hold any of ``fields`` (all of them where it is None).

    ``events`` and ``places`` are those of the whole report, as ``layout.events`` and ``segment`` make them. A stretch without
    a figure, a dash or an empty cell gives no question: nothing in it could be cited.
    """
    out: list[Asked] = []
    for table, (start, end) in zip(form.tables, stretches(document, form.tables, events, places), strict=True):
        rows = tuple(r for r in rows_of(table) if fields is None or fields & set(r.fields))
        if rows:
            wanted = frozenset(i for r in rows for i in r.fields if fields is None or i in fields)
            out += _of_table(form, document, events, table, (start, end), Asked(_NO_QUESTION, table.id, rows, wanted, _NO_REGION), repeat)
    return tuple(out)


def repair(
    form: Form, document: Document, events: Sequence[Event], places: Sequence[Place], why: Mapping[int, Sequence[str]], repeat: int = 0
) -> tuple[Asked, ...]:
    """Questions in new conversations for cells that are still open; ``why`` gives the codes of each.

    Only reasons of place count (those that ``prompts/repair.md`` lists): where a failing sum is all that speaks against a
    cell, asking again would teach the reader to balance, and it is not asked for.
    """
    known = load_prompt("repair").listed("reasons")
    reasons = {i: tuple(c for c in known if c in codes) for i, codes in why.items()}
    open_fields = frozenset(i for i, codes in reasons.items() if codes)
    out: list[Asked] = []
    for table, (start, end) in zip(form.tables, stretches(document, form.tables, events, places), strict=True):
        rows = tuple(r for r in rows_of(table) if open_fields & set(r.fields))
        said = tuple((r.number, known[c]) for r in rows for c in known if any(c in reasons.get(i, ()) for i in r.fields))
        if rows:
            wanted = frozenset(i for r in rows for i in r.fields if i in open_fields)
            draft = Asked(_NO_QUESTION, table.id, rows, wanted, _NO_REGION, why=tuple(dict.fromkeys(said)))
            out += _of_table(form, document, events, table, (start, end), draft, repeat)
    return tuple(out)


def halves(form: Form, asked: Asked) -> tuple[Asked, ...]:
    """The same question about each half of its rows, for a reply that was cut off; nothing where there is one row left."""
    if len(asked.rows) < 2:
        return ()
    middle = len(asked.rows) // 2
    return tuple(_with_rows(form, asked, rows) for rows in (asked.rows[:middle], asked.rows[middle:]))


def _with_rows(form: Form, asked: Asked, rows: tuple[RowPlace, ...]) -> Asked:
    numbers = {r.number for r in rows}
    part = Asked(
        asked.question, asked.table, rows, asked.fields & {i for r in rows for i in r.fields}, asked.region,
        asked.window, asked.windows, tuple(w for w in asked.why if w[0] in numbers),
    )  # fmt: skip
    return _asking(form, part, asked.question.report, asked.question.repeat)


_NO_REGION = Region(0, 0, "", "", (), (), ())
_NO_QUESTION = Question("", "", "", "", "", (), reply_model("", ""), 0)


def _of_table(
    form: Form, document: Document, events: Sequence[Event], table: Table, stretch: tuple[int, int], draft: Asked, repeat: int
) -> Iterator[Asked]:
    """The questions about one table: one, or one for each window of a long stretch."""
    region = make_region(form, document, events, *stretch)
    parts = [region]
    if len(region.text) > MOST_SHOWN:
        parts = [make_region(form, document, events, a, b) for a, b in windows(region, MOST_SHOWN, _SHARED)]
    parts = [part for part in parts if part.figures]
    for n, part in enumerate(parts, 1):
        mine = Asked(draft.question, table.id, draft.rows, draft.fields, part, n, len(parts), draft.why)
        yield _asking(form, mine, document.sha256, repeat)


def _asking(form: Form, asked: Asked, report: str, repeat: int) -> Asked:
    """``asked`` with the question that its rows and region make."""
    prompt = load_prompt("repair" if asked.why else "cells")
    if prompt.head.reply not in _REPLIES:
        raise PromptError(f"{prompt.path}: reply: there is no reply named {prompt.head.reply!r}; write one of {', '.join(_REPLIES)}")
    table = form.table(asked.table)
    marks = fence(asked.region.text)
    values: dict[str, object] = {
        "table": table.id, "label": table.label, "rows": "\n".join(_listed(prompt, table, asked.rows)),
        "first": marks.first, "text": asked.region.text, "last": marks.last,
    }  # fmt: skip
    if asked.why:
        values["why"] = "\n".join(prompt.fill("reason", row=row, sentence=sentence) for row, sentence in asked.why)
    messages = (
        Message("system", prompt.fill("system", blank=BLANK, lost=LOST, illegible=ILLEGIBLE)),
        Message("user", prompt.fill("user", **values)),
    )
    cells = sum(len(r.fields) for r in asked.rows)
    most = _TOKENS_A_REPLY + _TOKENS_A_ROW * len(asked.rows) + _TOKENS_A_CELL * cells
    region = hashlib.sha256(asked.region.text.encode()).hexdigest()
    question = Question(report, table.id, _part(asked), prompt.address, region, messages, _REPLIES[prompt.head.reply](form.id, table.id), most, repeat)
    return Asked(question, asked.table, asked.rows, asked.fields, asked.region, asked.window, asked.windows, asked.why)


def _part(asked: Asked) -> str:
    """Which rows in which window, in words: 'rows 1-25' or 'rows 3, 7, window 2 of 3'."""
    numbers = [r.number for r in asked.rows]
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    said = "rows " + ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)
    return f"{said}, window {asked.window} of {asked.windows}" if asked.windows > 1 else said


def _listed(prompt: Prompt, table: Table, rows: Sequence[RowPlace]) -> Iterator[str]:
    """The rows asked for, block by block: the names of their cells, then number and label of each under its headings."""
    for block in table.blocks:
        mine = [r for r in rows if r.block == block.number]
        if not mine:
            continue
        if block.label:
            yield f"[{block.label}]"
        yield prompt.fill("block", columns="; ".join(_headed(block)))
        if block.layout == "band":
            yield prompt.fill("band")
        above: tuple[str, ...] = ()
        for row in mine:
            header = block.rows[row.position]
            kept = next((n for n, group in enumerate(header.groups) if above[n : n + 1] != (group,)), len(header.groups))
            yield from (f"{label}:" for label in header.group_labels[kept:])
            above = header.groups
            yield f"{row.number} {header.label}"


def _headed(block: Block) -> Iterator[str]:
    """The columns of a block; the first of a group brings the group's heading."""
    above: tuple[str, ...] = ()
    for column in block.columns:
        new = column.group_labels if column.group_labels != above else ()
        above = column.group_labels
        yield " › ".join((*new, column.label))
