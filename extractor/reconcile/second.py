"""The second reader beside the first: what both say, what one alone says, and what a model may never decide (docs/decision.md §6a).

Agreement proves nothing, since damage in the text misleads both in the same way. So a cell that the rules read keeps its value, whatever
a model says of it: a model can only put it in doubt. A figure that the model alone finds fills a cell that would be lost, under a
doubt of its own, which only sums over the other cells answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from extractor.codes import is_flag
from extractor.types import Candidate, Resolved, Status

AGREED, DISAGREES, DOUBTED, ONLY = "AGREED", "MODEL_DISAGREES", "MODEL_DOUBTED", "MODEL_ONLY"
# Codes of a cell that its text does not hold; of one that the second reader found they are no longer true.
_OF_THE_LOST = frozenset({"FIELD_LOST", "TABLE_NOT_FOUND"})


def second(
    resolved: Sequence[Resolved], deduced: Sequence[Resolved], found: Sequence[Candidate], doubt: tuple[str, ...] = (), kept: Collection[int] = ()
) -> tuple[Resolved, ...]:
    """``resolved``, one a field, with the candidates of a model beside it; ``deduced`` is the same with what the sums leave for lost cells.

    ``found`` are grounded candidates, several for a field where it was asked about more than once; ``doubt`` are codes of the whole text.
    ``kept`` fields were accepted without a model: a deduced one of them stays so, and takes no figure from the model.
    """
    mine: dict[int, list[Candidate]] = {}
    for c in found:
        if c.status is not Status.LOST:
            mine.setdefault(c.field, []).append(c)
    taken = {at for r in resolved if r.start >= 0 for at in range(r.start, r.end)}
    return tuple(
        _beside(r, d, mine[r.field], taken, doubt, r.field in kept) if r.field in mine else r for r, d in zip(resolved, deduced, strict=True)
    )


def _beside(r: Resolved, deduced: Resolved, found: Sequence[Candidate], taken: set[int], doubt: tuple[str, ...], kept: bool) -> Resolved:
    """One cell and what the model says of it, once or several times."""
    c = found[0]
    one = len({(x.status, x.value) for x in found}) == 1
    if one and ((c.status, c.value) == (r.status, r.value) or (kept and c.value is not None and c.value == deduced.value)):
        return r._replace(codes=(*r.codes, AGREED))
    against = r.status is not Status.LOST or (deduced.status is Status.DEDUCED and c.value != deduced.value)
    if not against and one and c.status is Status.PRINTED and taken.isdisjoint(range(c.start, c.end)):
        still = tuple(x for x in r.codes if x not in _OF_THE_LOST)
        codes = tuple(dict.fromkeys((*still, *c.codes, *doubt, ONLY)))
        return r._replace(status=Status.PRINTED, value=c.value, printed=c.printed, start=c.start, end=c.end, codes=codes)
    # Against a reading counts only an answer that nothing speaks against: of the model's two answers neither does.
    sure = against and one and not any(is_flag(x) for x in c.codes)
    return r._replace(codes=(*r.codes, DISAGREES if sure else DOUBTED), alternatives=(*r.alternatives, *found))
