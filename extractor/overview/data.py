"""The status for machines: plain data, figures exact."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from extractor.across.coverage import as_rows
from extractor.overview.status import Status


def as_data(s: Status) -> dict[str, Any]:
    """The status as the JSON of ``gouji status --json`` has it (docs/overview.md); keys are added and never change their meaning."""
    data = asdict(s)
    data["audit"]["bound"] = s.audit.bound
    data["coverage"] = {
        "years": list(s.coverage.years), "counts": s.coverage.counts, "units": as_rows(s.coverage),
        "unplaced": [{"source": source, "reason": reason} for source, reason in s.coverage.unplaced],
    }  # fmt: skip
    data["totals"] = [{**asdict(t.series), "year": t.year, "value": t.value, "reports": t.of, **_counts(t)} for t in s.totals]
    return data


def _counts(t: Any) -> dict[str, int]:
    return {name: getattr(t, name) for name in ("counted", "blank", "lost", "waiting", "differing")}
