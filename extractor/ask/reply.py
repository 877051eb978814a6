"""What a reply looks like: rows of literal tokens with the place of the first, and answers for cells without a figure.

The models are small and shallow, every field is required and nothing is a number that could be rounded; one model a table,
which says its table's id, so that an answer to another question does not fit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

BLANK, LOST, ILLEGIBLE = "b", "x", "?"
"""Answers of their own; none of them can be mistaken for a figure or a dash."""
AT = "@"
"""Between a token and its own place, where it does not follow on the token before."""
ON = "+"
"""The place of a row that goes on right behind the row before it, in the middle of one run of digits too."""


class RowReply(BaseModel):
    """A row: its number, the place of its first figure, an answer for each of its cells."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    row: int
    at: str
    cells: list[str]


class TableReply(BaseModel):
    """The rows of one table; ``reply_model`` says which table it has to be."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    table: str
    rows: list[RowReply]


@lru_cache(maxsize=64)
def reply_model(form: str, table: str) -> type[TableReply]:
    """The model of replies about one table of one form; all questions about it share the same."""
    name = "".join(c if c.isalnum() else "_" for c in f"rows_{form}_{table}")
    of_this_table: Any = Literal[table]  # a type that only exists at run time
    return create_model(name, __base__=TableReply, __doc__="The rows of one table.", table=(of_this_table, ...))
