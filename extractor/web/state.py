"""What the routes of one app share."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.batch import Line
from extractor.form import load_forms
from extractor.stamp import make_stamp
from extractor.store import Saved, open_store
from extractor.store.jobs import Jobs
from extractor.store.rows import load_record
from extractor.web.measure import Measures
from extractor.web.pool import Readers
from extractor.web.settings import Settings

if TYPE_CHECKING:
    from extractor.store.store import Store


@dataclass(frozen=True, slots=True)
class State:
    """The settings, the store, the processes that read reports, and the counts of one app.

    ``page_token`` is new with every start and stands only in the page served: what cannot read the page cannot write.
    """

    settings: Settings
    store: Store
    readers: Readers
    measures: Measures
    stamp: dict[str, str]
    jobs: Jobs
    stack: ExitStack
    work: asyncio.Event = field(default_factory=asyncio.Event)  # set when there may be a file to read
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def keep(self, line: Line, data: bytes) -> Saved:
        """Keep what was read in the store, with the report's bytes."""
        return self.store.save(load_record(line.text), line.document, data, self.stamp)

    def close(self) -> None:
        """End the processes and close the store."""
        self.stack.close()


def opened(settings: Settings) -> State:
    """The state of a new app; GoujiError where the database cannot be used."""
    with ExitStack() as stack:
        forms = load_forms(settings.forms)
        store = stack.enter_context(open_store(settings.db, forms))
        readers = stack.enter_context(Readers(settings))
        return State(settings, store, readers, Measures(store), make_stamp(forms), Jobs(store.engine), stack.pop_all())
