"""Column names by rule: a field's name follows from its id alone, so that one field has one name in every edition and export.

Names are lower-case ASCII letters, digits and underscores, begin with a letter, and leave room for a suffix within the
32 characters that Stata allows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from extractor.errors import GoujiError
from extractor.form import Field, Form

LONGEST = 32
STATUS_SUFFIX = "_s"
RESERVED = frozenset(
    "_all _b byte _coef _cons double float if in int long _n _pi _pred _rc _skip strl using with "
    "if else repeat while function for next break true false null inf nan na".split()
) | {f"str{n}" for n in range(1, 2046)}
"""What Stata and R keep for themselves, in lower case."""

_TABLE, _ROW, _COLUMN = 3, 16, 9
_HASH = 4
assert _TABLE + _ROW + _COLUMN + 2 + len(STATUS_SUFFIX) <= LONGEST


def abbreviate(part: str, most: int) -> str:
    """``part`` within ``most`` characters: every word cut to the same length, the longest that fits."""
    if len(part) <= most:
        return part
    words = part.split("_")
    for length in range(most, 0, -1):
        short = "_".join(w[:length] for w in words)
        if len(short) <= most:
            return short.rstrip("_")
    return part[:most].rstrip("_")


def plain_name(field_id: str) -> str:
    """The name of ``table/row/column``: three letters of the table, then row and column, abbreviated where they are long."""
    table, row, column = (re.sub(r"[^a-z0-9_]", "_", part.lower()) for part in field_id.split("/"))
    name = f"{table[:_TABLE]}_{abbreviate(row, _ROW)}_{abbreviate(column, _COLUMN)}"
    return name if name[0].isalpha() else f"f{name}"[: LONGEST - len(STATUS_SUFFIX)]


def name_fields(forms: Iterable[Form], taken: Iterable[str] = ()) -> dict[tuple[str, str], str]:
    """The column of every field, by (form id, field id).

    Fields of one id share a column while their kind and unit agree. The first field to claim a name keeps it, forms in their
    order, so a further form never renames a column of a shipped one; a later claim gets a mark made of its own id.
    Raises GoujiError where even that is taken.
    """
    names: dict[tuple[str, str], str] = {}
    of_concept: dict[tuple[str, str, str], str] = {}
    used = set(RESERVED) | set(taken)
    for form in forms:
        for field in form.fields:
            concept = (field.id, field.kind, field.unit)
            if concept not in of_concept:
                name = of_concept[concept] = _free(field, form.id, used)
                used |= {name, name + STATUS_SUFFIX}
            names[form.id, field.id] = of_concept[concept]
    return names


def _free(field: Field, form: str, used: set[str]) -> str:
    name = plain_name(field.id)
    if used.isdisjoint({name, name + STATUS_SUFFIX}):
        return name
    mark = hashlib.sha256(f"{field.id}/{field.kind}/{field.unit}".encode()).hexdigest()[:_HASH]
    marked = f"{name[: LONGEST - len(STATUS_SUFFIX) - _HASH - 1].rstrip('_')}_{mark}"
    if not used.isdisjoint({marked, marked + STATUS_SUFFIX}):
        raise GoujiError(f"{form}: the field {field.id} would get the column {marked}, which another field has; change its row or column id")
    return marked
