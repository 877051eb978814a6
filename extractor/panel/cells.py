"""What the shapes tell of a cell: the words of its status column, its marks, the findings it takes part in, whether its figure fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from extractor.effective import Cell, State
from extractor.errors import GoujiError
from extractor.form import Field, Form
from extractor.panel.entry import Entry
from extractor.panel.shape import Column, Mark, Source, Type, fits
from extractor.record import plain
from extractor.types import Number, Status

ABSENT = "absent"
UNFIT = "unfit"
PERSON = "person"
TYPES = {"count": Type.INTEGER, "signed": Type.INTEGER, "amount": Type.DECIMAL}

_STATUS = {
    Status.PRINTED: "the report prints the figure",
    Status.BLANK: "the cell is there and is empty, a dash or a slash; no figure, and not 0",
    Status.LOST: "the text no longer holds the cell, or not legibly; no figure",
    Status.DEDUCED: "the text no longer holds the cell, and the printed cells and hard sums leave this one value",
}
_STATE = {
    State.ACCEPTED: "accepted by the program",
    State.OPEN: "waits for a person, so it may be wrong",
    State.SETTLED: "people's answers about other cells prove it",
    State.ANSWERED: "a person said so",
}
STATUSES = tuple((s.value, said) for s, said in _STATUS.items())
STATES = tuple((s.value, said) for s, said in _STATE.items())
ORIGINS = (
    ("printed", "the program read it in the text"),
    ("deduced", "the program deduced it from other cells"),
    (PERSON, "a person typed it"),
    ("", "there is no value"),
)


def status_word(cell: Cell, unfit: bool = False) -> str:
    """Status, origin and state in one word, such as ``printed``, ``deduced_open``, ``printed_person_answered``.

    The status comes first; ``person`` follows where a person typed the value; then the state, except that of an accepted cell; then
    ``unfit`` where the column cannot hold the figure.
    """
    words = [cell.status]
    words += [PERSON] * (cell.origin == PERSON)
    words += [cell.state.value] * (cell.state is not State.ACCEPTED)
    words += [UNFIT] * unfit
    return "_".join(words)


def status_words() -> Iterator[tuple[str, str]]:
    """Every word a status column can hold, with its meaning; each may be followed by ``_unfit``."""
    yield ABSENT, "the report has no such cell: its form lacks the field, or no form was recognised or the report could not be read"
    for status, state in product(_STATUS, _STATE):
        for person in (False, True):
            if person and not (state is State.ANSWERED and status is Status.PRINTED):
                continue
            word = "_".join([status.value, *[PERSON] * person, *[state.value] * (state is not State.ACCEPTED)])
            yield word, f"{_STATUS[status]}; {_STATE[state]}{', and typed the value' if person else ''}"
    yield f"…_{UNFIT}", f"as the word before it says, but the column's type cannot hold the figure: it stands in the column {UNFIT} or figure"


class Found(NamedTuple):
    """The failing findings a cell takes part in: rules with their instances, and whether it is a suspect of one."""

    rules: tuple[str, ...] = ()
    suspect: bool = False


def findings_by_cell(record: Mapping[str, Any]) -> dict[str, Found]:
    """What the findings of a record say of each cell, by field id."""
    found: dict[str, Found] = {}
    for finding in record["findings"]:
        rule = f"{finding['rule']}({finding['instance']})" if finding["instance"] else finding["rule"]
        suspects = set(finding.get("suspects", ()))
        for cell in dict.fromkeys([*finding["cells"], *suspects]):
            before = found.get(cell, Found())
            found[cell] = Found((*before.rules, rule), before.suspect or cell in suspects)
    return found


def mark_of(cell: Cell, found: Found | None, unfit: bool) -> Mark | None:
    """The colour of a cell in Excel: the first that holds, in the order of ``Mark``."""
    if cell.state is State.OPEN:
        return Mark.OPEN
    if found is not None:
        return Mark.FINDING
    if cell.status == Status.LOST:
        return Mark.LOST
    if cell.status == Status.DEDUCED:
        return Mark.DEDUCED
    if cell.state is not State.ACCEPTED:
        return Mark.PERSON
    return Mark.UNFIT if unfit else None


def shown(cell: Cell, only_sure: bool) -> Number | None:
    """The value to export."""
    return None if only_sure and cell.state is State.OPEN else cell.value


def held(value: Number | None, column: Column) -> tuple[Number | None, str]:
    """The value if the column holds it exactly, else nothing; and the digits of a value it does not hold."""
    if value is None or fits(value, column.type):
        return value, ""
    return None, plain(value)


def label_of(form: Form, field: Field) -> str:
    """The Chinese labels that lead to a field: table, group, row, column."""
    return " · ".join(x for x in (form.table(field.table).label, field.row_group, field.row_label, field.column_label) if x)


def sources(form: Form) -> dict[str, Source]:
    """Where the figures of each field of a form come from, by field id."""
    return {f.id: Source(form.id, f.id, label_of(form, f)) for f in form.fields}


def form_of(entry: Entry, forms: Sequence[Form]) -> Form | None:
    """The form a report was read with, None where it has no cells; GoujiError where it is not among ``forms``."""
    name = entry.record["form"]
    if name is None or not entry.cells:
        return None
    form = next((f for f in forms if f.id == name), None)
    if form is None:
        raise GoujiError(f"{entry.record['source']}: was read with the form {name!r}, which is not known here; give its folder with --forms")
    return form
