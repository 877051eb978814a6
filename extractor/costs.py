"""What an account of a table costs: counted, in units of −10·ln(probability), from ``schemas/costs.json``.

``benchmarks/costs.py`` writes the file. The margin is not counted but declared here, because it is a promise and no
fact about reports: how much dearer every other account must be before a reading is called the only one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from extractor.errors import GoujiError
from extractor.form import default_folder
from extractor.types import Candidate

_VERSION = 1
# The doubts that a row with several readings carries, the gravest first: one row counts for one.
DOUBTS = ("ROW_REPEATED", "DIGITS_GLUED", "COUNT_LONG", "COUNT_SHORT", "AMBIGUOUS_PLACE")
# e^-4.5: about 1 in 90, the Δ at which reconciliation.md §B3 measured margins. Below a misprint (about 6 in 5,000 figures), so
# that an account with a misprint more is ruled out; not below what only says which reading is usual (``other_reading``).
MARGIN = 45


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs in units of −10·ln(probability): ``misprint`` and ``other_reading`` are counted; margin and steps are declared here.

    ``misprint``: of one figure, or of one total line, that the report itself prints wrong. ``other_reading``: by doubt, what
    a reading of a row costs more than the reader's first one. ``margin``: how much dearer every other account must be before
    a reading is the only one left. ``steps``: how many accounts of one table are looked at in all, and
    ``steps_a_question`` for one reading at most; what is not settled within them stays open.
    """

    misprint: int = 67
    margin: int = MARGIN
    steps: int = 400
    steps_a_question: int = 40
    other_reading: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # What is merely usual must never be enough to rule a reading out: then ties stay ties.
        if not 0 < self.margin < self.misprint or any(not 0 <= c <= self.margin for c in self.other_reading.values()):
            raise ValueError("costs must be in this order: 0 ≤ another reading ≤ margin < misprint")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Costs:
        """Read what ``benchmarks/costs.py`` wrote; KeyError, TypeError or ValueError for anything else."""
        if data["version"] != _VERSION:
            raise ValueError(f"version {data['version']!r} is not {_VERSION}")
        other = {str(name): int(cost) for name, cost in data["costs"]["other_reading"].items()}
        return cls(misprint=int(data["costs"]["misprint"]), other_reading=other)


def cost_of(count: int, total: int) -> int:
    """−10·ln of the share ``count / total`` under Jeffreys' prior, as a whole number."""
    return round(-10 * math.log((count + 0.5) / (total + 1)))


def doubt_of(candidates: Iterable[Candidate]) -> str | None:
    """The gravest of ``DOUBTS`` among the codes of a row's candidates; None where there is none of them."""
    codes = {code for c in candidates for code in c.codes}
    return next((d for d in DOUBTS if d in codes), None)


@lru_cache(maxsize=4)
def load_costs(path: str | None = None) -> Costs:
    """The costs of the shipped file, or of one's own; GoujiError names a file that is missing or not of this version."""
    file = Path(path) if path else default_folder() / "costs.json"
    try:
        return Costs.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except OSError as exc:
        raise GoujiError(f"{file}: cannot be read ({exc.strerror or exc}); python -m benchmarks.costs writes it") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        said = f"{type(exc).__name__}: {exc}"
        raise GoujiError(f"{file}: not the costs of this version ({said}); run python -m benchmarks.costs") from exc
