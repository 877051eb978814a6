"""The store: what was read of every report, run by run, and what people said of it (docs/store.md).

SQLAlchemy is imported only when a store is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from extractor.errors import GoujiError
from extractor.store.types import DEFAULT_URL, Conflict, Filter, NewEvent, NotFound, Refused, ReportRow, RunRow, Saved

if TYPE_CHECKING:
    from extractor.form import Form
    from extractor.store.store import Store

__all__ = ["DEFAULT_URL", "Conflict", "Filter", "NewEvent", "NotFound", "Refused", "ReportRow", "RunRow", "Saved", "open_store"]


def open_store(name: str = DEFAULT_URL, forms: Sequence[Form] | None = None, create: bool = True) -> Store:
    """The store ``name``: a file, ``sqlite:///FILE`` or ``postgresql://…``; made, and brought to the present tables, where need be.

    GoujiError where it cannot be used, is not there (without ``create``), or the extra ``store`` is not installed.
    """
    from importlib.util import find_spec

    if find_spec("sqlalchemy") is None:
        raise GoujiError("the store needs SQLAlchemy; pip install 'gouji[store]'")
    from extractor.store.store import Store

    return Store(name, forms, create)
