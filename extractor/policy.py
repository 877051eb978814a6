"""How often a class of decisions has been wrong: counts from a committed measurement, never typed by hand.

``schemas/confidence.json`` is written by ``benchmarks/calibrate.py`` from generated reports whose truth is
known; the confidence of a cell is (right + ½) / (n + 1) of its class (Jeffreys).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from extractor.form import default_folder
from extractor.types import Status

# Codes that mark no difference in how sure a reading is.
_IGNORED = frozenset({"ANCHORED", "NUMERAL_NORMALISED", "EDITION_MIXED", "FORM_DRAFT"})


def decision_class(status: Status, outcome: str, codes: Sequence[str]) -> str:
    """The class a decision is counted in: outcome, status and its leading reason."""
    reasons = sorted(c for c in codes if c not in _IGNORED)
    return f"{outcome}|{status.value}|{'+'.join(reasons[:3])}"


@dataclass(frozen=True)
class Policy:
    """Measured counts by class: (decisions seen, of these right)."""

    counts: dict[str, tuple[int, int]]

    def confidence(self, status: Status, outcome: str, codes: Sequence[str]) -> float:
        """The measured share of right decisions in this cell's class, or in its outcome where the class is new."""
        seen, right = self.counts.get(decision_class(status, outcome, codes)) or self.counts.get(outcome, (0, 0))
        return round((right + 0.5) / (seen + 1), 6)


@lru_cache(maxsize=2)
def load_policy(path: str | None = None) -> Policy:
    """The shipped counts, or those of ``path``; without a file every class is unknown (0.5)."""
    file = Path(path) if path else default_folder() / "confidence.json"
    if not file.is_file():
        return Policy({})
    data = json.loads(file.read_text(encoding="utf-8"))
    return Policy({k: (v[0], v[1]) for k, v in data["classes"].items()})
