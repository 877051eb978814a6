"""Re-read every reading at its evidence: what stands there must be what was read.

A reading that does not re-read is not a reading; it becomes an open question and goes to a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractor.types import Document, Resolved, Status


def ground(document: Document, resolved: Sequence[Resolved]) -> tuple[Resolved, ...]:
    """Every printed value re-read from the text; one that fails loses its value and is sent to a person.

    Two fields never share a figure: where they would, both are in doubt.
    """
    owners: dict[int, int] = {}
    shared: set[int] = set()
    for r in resolved:
        if r.start >= 0 and r.status is Status.PRINTED and owners.setdefault(r.start, r.field) != r.field:
            shared |= {owners[r.start], r.field}
    text = document.text
    return tuple(
        [
            r if (text[r.start : r.end] == r.printed if r.start >= 0 else r.status is not Status.PRINTED) and r.field not in shared else _withdraw(r)
            for r in resolved
        ]
    )


def _withdraw(r: Resolved) -> Resolved:
    codes = tuple(dict.fromkeys(("FIELD_LOST", "AMBIGUOUS_PLACE", *r.codes)))
    return r._replace(status=Status.LOST, value=None, printed=None, start=-1, end=-1, codes=codes)
