"""The records of a run put into the store as they come, with what models replied about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from extractor.batch import Line
from extractor.form import Form
from extractor.stamp import make_stamp
from extractor.store import open_store
from extractor.store.rows import load_record
from extractor.store.types import NewRun

_TOGETHER = 32


class Keeper:
    """Keeps lines in the store ``name``; ``new`` and ``known`` count them."""

    def __init__(self, name: str, forms: Sequence[Form]) -> None:
        self.store = open_store(name, forms)
        self.name = self.store.url.render_as_string()  # without its password
        self.stamp = make_stamp(forms)
        self.new = self.known = 0
        self.waiting: list[NewRun] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.flush()
        finally:
            self.store.close()

    def keep(self, line: Line, content: bytes | None) -> None:
        """Keep one record with the file's bytes; it is committed with the next ones, at the latest at the end. A killed run reads those few again."""
        record = load_record(line.text)
        self.waiting.append(NewRun(record, line.document, content, line.text))
        if len(self.waiting) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Commit what waits."""
        for saved in self.store.save_all(self.waiting, self.stamp):
            self.new += saved.new
            self.known += not saved.new
        self.waiting.clear()

    def keep_replies(self, path: Path, reports: set[str]) -> None:
        """Keep what models replied about these reports, out of the store of replies at ``path``."""
        from extractor.model.exchange import export_lines
        from extractor.model.replies import Replies

        with Replies(path, create=False) as replies:
            self.store.keep_replies(export_lines(replies, reports))
