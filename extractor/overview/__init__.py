"""How an archive stands: counts, backlog, people, audit, coverage and yearly totals (docs/overview.md).

``Status`` is the whole of it as plain numbers; ``of_store`` takes it from a store.
"""

from __future__ import annotations

from extractor.overview.series import Series, load_series
from extractor.overview.status import Status, of_store

__all__ = ["Series", "Status", "load_series", "of_store"]
