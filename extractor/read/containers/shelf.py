"""Which members of an archive are no reports by custom: hidden ones, and the parts of a saved page in the folder beside it."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.read.containers.base import Input, PassedOver
from extractor.read.containers.names import companion_keys, in_hidden, page_key

_MOST = 32 * 1024**2  # bytes of members that may prove to be parts of a page


class Shelf:
    """Counts what is passed over.

    Where an archive has no directory, a page may stand behind the folder of its parts. What such a folder holds waits until
    the page comes; what waits becomes ready as it is where too much waits, or at the end.
    """

    def __init__(self, passed: PassedOver, pages: set[str] | None) -> None:
        self._passed = passed
        self._open = pages is None
        self._pages = set() if pages is None else pages
        self._waiting: list[tuple[list[str], Input]] = []
        self._size = 0

    def passes_over(self, name: str) -> bool:
        """Whether the next member is no report; where it is a page, so are the parts of it that wait."""
        if in_hidden(name):
            self._passed.hidden += 1
            return True
        if any(key in self._pages for key in companion_keys(name)):
            self._passed.companions += 1
            return True
        if self._open and (key := page_key(name)) is not None:
            self._pages.add(key)
            kept = [(keys, found) for keys, found in self._waiting if key not in keys]
            self._passed.companions += len(self._waiting) - len(kept)
            self._waiting = kept
        return False

    def ready(self, name: str, found: Input) -> Iterator[Input]:
        """What can be given out now that ``found`` has been found in the member ``name``."""
        keys = companion_keys(name) if self._open else []
        if not keys:
            yield found
            return
        self._waiting.append((keys, found))
        self._size += len(found.data or b"")
        if self._size > _MOST:
            yield from self.rest()

    def rest(self) -> Iterator[Input]:
        """All that waits, in its order."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        yield from (found for _, found in waiting)
