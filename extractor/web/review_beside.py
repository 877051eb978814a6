"""What the reports of one unit, and others, say of a report: the findings between reports (``extractor.across``) for the page."""

from __future__ import annotations

from typing import Any

from extractor.across import Member, PairFinding, findings_of, load_book, of_cells, unit_key
from extractor.record import plain, visible
from extractor.store import Filter, ReportRow
from extractor.types import Number
from extractor.web.review_shelf import Shelf
from extractor.web.state import State

_MOST = 12  # reports of one unit that are looked at, the nearest years first


class Beside:
    """Finds the other reports of a report's unit among the rows on the shelf, and holds them against it."""

    def __init__(self, state: State, shelf: Shelf) -> None:
        self._store, self._shelf = state.store, shelf
        self._book = load_book(state.store.forms, state.settings.forms)
        self._keys: dict[str, str | None] = {}

    def findings(self, row: ReportRow) -> list[dict[str, Any]]:
        """The findings that name this report, in the order of their years."""
        unit = self._key(row.agency)
        if unit is None:
            return []
        of_unit = [r for r in self._shelf.rows(Filter()) if r.id == row.id or self._key(r.agency) == unit]
        nearest = sorted(of_unit, key=lambda r: (r.id != row.id, abs((r.year or 0) - (row.year or 0)), r.id))[:_MOST]
        numbers = {r.source: r.id for r in nearest}
        found = findings_of((self._member(r) for r in nearest), self._book)
        return [self._shown(f, row, numbers) for f in found if row.source in f.reports]

    def _key(self, agency: str | None) -> str | None:
        if agency is None:
            return None
        if agency not in self._keys:
            self._keys[agency] = unit_key(agency)
        return self._keys[agency]

    def _member(self, row: ReportRow) -> Member:
        return of_cells(self._store.record(row.run), self._store.cells(row.id))

    def _shown(self, f: PairFinding, row: ReportRow, numbers: dict[str, int]) -> dict[str, Any]:
        form = next(x for x in self._store.forms if x.id == row.form)
        mine = [form.index[c.field] for c in f.cells if c.report == row.source and c.field in form.index]
        others = [{"id": numbers.get(c.report), "year": c.year, "field": c.field, "value": _digits(c.held.value)} for c in f.cells if c.report != row.source]
        return {
            "rule": f.rule, "blame": f.blame.value, "severity": f.severity, "cause": visible(f.cause), "message": visible(f.says), "note": f.note,
            "years": list(f.years), "left": _digits(f.left), "right": _digits(f.right), "fields": mine, "others": others,
            "reports": [{"id": numbers.get(s), "source": visible(s)} for s in f.reports if s != row.source],
        }  # fmt: skip


def _digits(value: Number | None) -> str | None:
    return None if value is None else plain(value)
