"""Known errors put into texts whose figures are known, and what the reader makes of them: the test of the gate itself.

No model and no network; a few seeds over the development texts take seconds. Why: evaluation.md §2 (6).
"""

from extractor.plant.kinds import KINDS
from extractor.plant.run import (
    DEFAULT_SEEDS,
    OUTCOMES,
    EscapedCell,
    PlantedSummary,
    Result,
    plant_kind,
    run_planted,
    summarise,
)
from extractor.plant.text import Base, Plant, bases_of, changed_text

__all__ = [
    "DEFAULT_SEEDS", "KINDS", "OUTCOMES", "Base", "EscapedCell", "Plant", "PlantedSummary", "Result",
    "bases_of", "changed_text", "plant_kind", "run_planted", "summarise",
]  # fmt: skip
