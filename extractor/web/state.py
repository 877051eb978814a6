"""What the routes of one app share."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.store import open_store
from extractor.web.measure import Measures
from extractor.web.pool import Readers
from extractor.web.settings import Settings

if TYPE_CHECKING:
    from extractor.store import Store


@dataclass(frozen=True, slots=True)
class State:
    """The settings, the store, the processes that read reports, and the counts of one app.

    ``page_token`` is new with every start and stands only in the page served: what cannot read the page cannot write.
    """

    settings: Settings
    store: Store
    readers: Readers
    measures: Measures
    stack: ExitStack
    stamp: dict[str, str]
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def close(self) -> None:
        """End the processes and close the store."""
        self.stack.close()


def opened(settings: Settings) -> State:
    """The state of a new app; GoujiError where the database cannot be used."""
    with ExitStack() as stack:
        store = stack.enter_context(open_store(settings.db))
        readers = stack.enter_context(Readers(settings))
        return State(settings, store, readers, Measures(), stack.pop_all())
