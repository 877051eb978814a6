"""What all reviewers have done so far, kept in memory and brought up to date by the events that came since."""

from __future__ import annotations

from collections import Counter, deque
from statistics import median
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from extractor.effective import ANSWERS, Action, Event, Mode
from extractor.worklist import MEASURED_FROM, Pace, seconds

if TYPE_CHECKING:
    from extractor.store.store import Store

_PAGE = 5_000
_LAST = 200  # answers that the pace is measured on


class _Answer(NamedTuple):
    reviewer: str
    report: int
    field: str
    mode: Mode


class Tally:
    """Standing answers by person and by report, and how long they took."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._after = 0
        self._answers: dict[int, _Answer] = {}
        self._keyed: dict[tuple[Mode, int, str], set[int]] = {}
        self._by: Counter[tuple[str, Mode]] = Counter()
        self._took: dict[str, deque[float]] = {}

    def refresh(self) -> set[int]:
        """Take in the events stored since the last call; the reports that they are about."""
        touched: set[int] = set()
        with self._lock:
            while page := self._store.all_events(self._after, _PAGE):
                for e in page:
                    self._take(e)
                    touched.add(e.report)
                self._after = page[-1].id
        return touched

    def _take(self, e: Event) -> None:
        if e.action in ANSWERS:
            answer = _Answer(e.reviewer, e.report, e.field, e.mode)
            self._answers[e.id] = answer
            self._keyed.setdefault(self._place(answer), set()).add(e.id)
            self._by[e.reviewer, e.mode] += 1
            self._took.setdefault(e.reviewer, deque(maxlen=_LAST)).extend(seconds([e]))
        elif e.action is Action.UNDO and e.cancels is not None and (undone := self._answers.pop(e.cancels, None)):
            self._keyed[self._place(undone)].discard(e.cancels)
            self._by[undone.reviewer, undone.mode] -= 1

    def _place(self, a: _Answer) -> tuple[Mode, int, str]:
        """Blind keyings count for each person apart, audits for everybody."""
        return a.mode, a.report, a.reviewer if a.mode is Mode.BLIND else ""

    def keyed(self, mode: Mode, report: int, reviewer: str = "") -> set[str]:
        """The fields of a report that are keyed in ``mode``; of blind keyings those of ``reviewer``."""
        with self._lock:
            return {self._answers[i].field for i in self._keyed.get((mode, report, reviewer), ())}

    def answers(self, reviewer: str | None, *modes: Mode) -> int:
        """Standing answers, of one person or of all."""
        with self._lock:
            return sum(n for (who, mode), n in self._by.items() if mode in modes and reviewer in (None, who))

    def pace(self, reviewer: str) -> tuple[Pace, float | None]:
        """The pace of one person, the planning figure while too little is measured, and the median in seconds."""
        with self._lock:
            took = list(self._took.get(reviewer, ()))
        middle = median(took) if took else None
        return (Pace(cell=middle) if middle is not None and len(took) >= MEASURED_FROM else Pace()), middle
