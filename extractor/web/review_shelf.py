"""The summary rows of all reports, kept in memory so that the queue need not read ten thousand of them for every page."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import GoujiError
from extractor.store import Filter, ReportRow

if TYPE_CHECKING:
    from extractor.store.store import Store

_EVERY = 1_000_000  # reports that are ranked
_FRESH = 10.0  # seconds after which it is looked whether there are new runs, while the old rows still serve
_FILTERS = 4  # filters whose rows are kept


class _Kept(NamedTuple):
    """The rows of one filter: when it was last looked whether there are new ones, the newest run then, and the rows by report."""

    looked: float
    newest: int
    rows: dict[int, ReportRow]


class Shelf:
    """Rows by filter. What reviewers do is taken in at once (``changed``), what ``extract`` adds within some seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._kept: dict[Filter, _Kept] = {}
        self._reading: set[Filter] = set()
        self.version = 0
        """Grows whenever a row may have changed."""

    def rows(self, which: Filter) -> list[ReportRow]:
        """The reports that ``which`` lets through and that have cells."""
        with self._lock:
            found = self._kept.get(which)
            stale = found is not None and monotonic() - found.looked > _FRESH and which not in self._reading
            if stale:
                self._reading.add(which)
        if found is None:
            return list(self._read(which).values())
        if stale:
            Thread(target=self._again, args=(which,), daemon=True).start()
        return list(found.rows.values())

    def changed(self, reports: Iterable[int]) -> None:
        """Read the rows of these reports again."""
        for number in reports:
            row = self._store.report(number)
            with self._lock:
                self.version += 1
                for kept in self._kept.values():
                    if number in kept.rows:
                        kept.rows[number] = row

    def _again(self, which: Filter) -> None:
        try:
            newest = self._store.newest_run()
            with self._lock:
                found = self._kept.get(which)
                same = found is not None and found.newest == newest
                if found is not None and same:
                    self._kept[which] = _Kept(monotonic(), newest, found.rows)
            if not same:
                self._read(which)
        except GoujiError:  # the store is gone; whoever asks for a report is told so
            return
        finally:
            self._reading.discard(which)

    def _read(self, which: Filter) -> dict[int, ReportRow]:
        newest = self._store.newest_run()
        rows = {r.id: r for r in self._store.reports(which, limit=_EVERY) if r.cells}
        with self._lock:
            self.version += 1
            self._kept.pop(which, None)
            while len(self._kept) >= _FILTERS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[which] = _Kept(monotonic(), newest, rows)
        return rows
