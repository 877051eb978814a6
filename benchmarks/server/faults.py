"""What goes wrong, drawn by seed: the same request with the same number of askings always meets the same fault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum


class Fault(StrEnum):
    """One way for a call to go wrong."""

    LIMITED = "429"
    LIMITED_SECONDS = "429 with Retry-After in seconds"
    LIMITED_DATE = "429 with Retry-After as a date"
    BROKEN = "500"
    BUSY = "503"
    DROPPED = "connection dropped"
    DROPPED_MIDWAY = "connection dropped within the reply"
    STALLED = "no reply"
    DRIPPED = "reply drips"
    TRUNCATED = "cut off at its length"
    NOT_JSON = "answer is not JSON"
    HALF_BODY = "reply is half JSON"
    WRONG_SCHEMA = "wrong schema"
    EXTRA_FIELD = "extra field"
    REFUSED = "refusal"
    NO_CHOICES = "no choices"


# After these the server has done its work, and charges for it.
CHARGED = frozenset({
    Fault.DROPPED_MIDWAY, Fault.DRIPPED, Fault.TRUNCATED, Fault.NOT_JSON, Fault.HALF_BODY, Fault.WRONG_SCHEMA, Fault.EXTRA_FIELD,
    Fault.REFUSED, Fault.NO_CHOICES,
})  # fmt: skip


def draw(seed: int, share: float, kinds: Sequence[Fault], request: str, asked: int) -> Fault | None:
    """The fault of the ``asked``-th asking of a request; None in all but ``share`` of cases."""
    digest = hashlib.sha256(f"{seed}:{request}:{asked}".encode()).digest()
    if int.from_bytes(digest[:8]) >= share * 2**64 or not kinds:
        return None
    return kinds[int.from_bytes(digest[8:16]) % len(kinds)]
