"""The store as an output of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from extractor.archive.outputs import Held
from extractor.archive.work import Result
from extractor.batch import Line
from extractor.form import Form
from extractor.read.inputs import Input
from extractor.stamp import make_stamp
from extractor.store import open_store
from extractor.store.rows import load_record
from extractor.store.types import NewRun

_TOGETHER = 32


class StoreOutput:
    """Lines into the store ``name`` as they come, some in one transaction, with the texts as read and the files' bytes.

    ``new`` and ``known`` count them. ``again`` says that reports that the store holds are to be read again.
    """

    def __init__(self, name: str, forms: Sequence[Form], again: bool) -> None:
        self._store = open_store(name, forms)
        self.name = self._store.url.render_as_string()  # without its password
        self._stamp = make_stamp(forms)
        self._look = not again and self._store.newest_run() > 0
        self._waiting: list[NewRun] = []
        self.new = self.known = 0

    def has(self, given: Input) -> Held | None:
        """The decision of the newest run over a report of this name, if it read these bytes by this program."""
        if not self._look or not given.sha256:
            return None
        decision = self._store.read_before(given.source, given.sha256, self._stamp)
        if decision is None:
            return None
        self.known += 1
        return Held(decision)

    def write(self, given: Input, line: Line, result: Result | None) -> None:
        """Keep one line; it is committed with the next ones, at the latest at the end. A killed run reads those few again."""
        self._waiting.append(NewRun(load_record(line.text), line.document, given.data, line.text))
        if len(self._waiting) >= _TOGETHER:
            self.finish()

    def finish(self) -> None:
        """Commit what waits."""
        waiting, self._waiting = self._waiting, []
        for saved in self._store.save_all(waiting, self._stamp):
            self.new += saved.new
            self.known += not saved.new

    def keep_replies(self, path: Path, reports: set[str]) -> None:
        """Keep what models replied about these reports, out of the store of replies at ``path``."""
        from extractor.model.exchange import export_lines
        from extractor.model.replies import Replies

        with Replies(path, create=False) as replies:
            self._store.keep_replies(export_lines(replies, reports))

    def close(self) -> None:
        """Commit what waits, since it was read and need not be read again, and close the store."""
        try:
            self.finish()
        finally:
            self._store.close()
