"""The store as an output of a run."""

from __future__ import annotations

from extractor.archive.outputs import Held
from extractor.archive.work import Result
from extractor.batch import Line
from extractor.keep import Keeper
from extractor.read.inputs import Input


class StoreOutput:
    """Lines into the store as they come, some in one transaction; ``again`` says that reports it holds are to be read again."""

    def __init__(self, keeper: Keeper, again: bool) -> None:
        self._keeper = keeper
        self._look = not again and keeper.store.newest_run() > 0

    def has(self, given: Input) -> Held | None:
        """The decision of the newest run over a report of this name, if it read these bytes by this program."""
        if not self._look or not given.sha256:
            return None
        decision = self._keeper.store.read_before(given.source, given.sha256, self._keeper.stamp)
        if decision is None:
            return None
        self._keeper.known += 1
        return Held(decision)

    def write(self, given: Input, line: Line, result: Result | None) -> None:
        """Keep one line, with the text as read and the file's bytes."""
        self._keeper.keep(line, given.data)

    def finish(self) -> None:
        """Commit what waits."""
        self._keeper.flush()

    def close(self) -> None:
        """Commit what waits: it was read and need not be read again."""
        self._keeper.flush()
