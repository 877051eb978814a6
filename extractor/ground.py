"""Re-read every reading at its evidence: what stands there must be what was read.

A reading that does not re-read is not a reading; it becomes an open question and goes to a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractor.types import LOST, PRINTED, Document, Resolved


def ground(document: Document, resolved: Sequence[Resolved]) -> tuple[Resolved, ...]:
    """Every printed value re-read from the text; one that fails loses its value and is sent to a person.

    Two fields never share a figure: where they would, both are in doubt.
    """
    text = document.text
    wrong = {field for field, status, _, printed, start, end, _, _, _ in resolved if (text[start:end] != printed if start >= 0 else status is PRINTED)}
    wrong |= _shared(resolved)
    return tuple([_withdraw(r) if r.field in wrong else r for r in resolved] if wrong else resolved)


def _shared(resolved: Sequence[Resolved]) -> set[int]:
    """Fields whose figure is that of another field as well."""
    starts = [r.start for r in resolved if r.status is PRINTED and r.start >= 0]
    if len(set(starts)) == len(starts):
        return set()
    owners: dict[int, int] = {}
    shared: set[int] = set()
    for r in resolved:
        if r.start >= 0 and r.status is PRINTED and owners.setdefault(r.start, r.field) != r.field:
            shared |= {owners[r.start], r.field}
    return shared


def _withdraw(r: Resolved) -> Resolved:
    codes = tuple(dict.fromkeys(("FIELD_LOST", "AMBIGUOUS_PLACE", *r.codes)))
    return r._replace(status=LOST, value=None, printed=None, start=-1, end=-1, codes=codes)
