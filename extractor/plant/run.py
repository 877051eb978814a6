"""Plant every kind in every text, judge what became of it, and count.

An error *escapes* when any cell of the report is accepted with a value that the original does not print there:
``flagged`` where a hard rule fails that held before, so that a person sees the report and the rule but is pointed
to other cells; ``silent`` where nothing says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from extractor.form import Form
from extractor.golden import GoldenReport
from extractor.judge import ACCEPT
from extractor.plant.kinds import KINDS
from extractor.plant.text import (
    Base,
    Plant,
    accepted_wrong,
    bases_of,
    changed_text,
    invisible,
    raised,
    read_text,
    truth_after,
)
from extractor.types import Extraction

CAUGHT, SENT, RECOVERED = "caught", "sent", "recovered"
FLAGGED, SILENT = "escaped, flagged", "escaped, silent"
UNSEEN_SENT, UNSEEN_ACCEPTED = "invisible, sent", "invisible, accepted"
OUTCOMES = (CAUGHT, SENT, RECOVERED, FLAGGED, SILENT, UNSEEN_SENT, UNSEEN_ACCEPTED)
# Enough for every kind to meet every text, and a matter of seconds.
DEFAULT_SEEDS = range(4)


@dataclass(frozen=True, slots=True)
class EscapedCell:
    """One cell that was accepted wrongly: its field, what was accepted (empty for a blank), and why."""

    field: str
    value: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one plant; ``plant`` says in words what was changed, ``escaped`` which cells were accepted wrongly, with all that one needs to look at them."""

    kind: str
    report: str
    plant: str
    outcome: str
    escaped: tuple[EscapedCell, ...]


@dataclass(frozen=True, slots=True)
class PlantedSummary:
    """Kind → outcome → count, over ``texts`` and ``seeds``; silent escapes first among ``escapes``."""

    texts: tuple[str, ...]
    seeds: tuple[int, ...]
    counts: Mapping[str, Mapping[str, int]]
    escapes: tuple[Result, ...]

    def outcome(self, name: str) -> int:
        """How many errors of all kinds came out as ``name``."""
        return sum(by[name] for by in self.counts.values())

    @property
    def tried(self) -> int:
        """How many errors were planted."""
        return sum(map(self.outcome, OUTCOMES))

    @property
    def silent(self) -> int:
        """How many escaped without a word."""
        return self.outcome(SILENT)


def run_planted(
    reports: Sequence[GoldenReport], forms: Sequence[Form], seeds: Sequence[int] = DEFAULT_SEEDS
) -> PlantedSummary:
    """Plant every kind in every text of ``reports``, once for each seed, and judge what the reader makes of it."""
    bases = bases_of(reports, forms)
    results = [r for base in bases for kind in KINDS for r in plant_kind(base, kind, seeds, forms)]
    return summarise(results, [b.name for b in bases], seeds)


def plant_kind(base: Base, kind: str, seeds: Sequence[int], forms: Sequence[Form]) -> list[Result]:
    """One kind of error in one text, once for each seed; the same change is tried once."""
    plants = [KINDS[kind](base, Random(f"{seed}/{base.name}/{kind}")) for seed in seeds]
    out: list[Result] = []
    for plant in dict.fromkeys(p for p in plants if p is not None):
        outcome, escaped = judge_plant(base, plant, forms)
        out.append(Result(kind, base.name, describe(base, plant), outcome, escaped))
    return out


def summarise(results: Sequence[Result], texts: Sequence[str], seeds: Sequence[int]) -> PlantedSummary:
    """Results counted; a kind that met no text has zeros."""
    counts: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        n = Counter(r.outcome for r in results if r.kind == kind)
        counts[kind] = {o: n[o] for o in OUTCOMES}
    escapes = [r for outcome in (SILENT, FLAGGED) for r in results if r.outcome == outcome]
    return PlantedSummary(tuple(texts), tuple(seeds), counts, tuple(escapes))


def judge_plant(base: Base, plant: Plant, forms: Sequence[Form]) -> tuple[str, tuple[EscapedCell, ...]]:
    """The outcome of one error, and the cells that were accepted wrongly.

    caught: a hard rule fails that held before, and nothing wrong is accepted; sent: a cell in question goes to a
    person; recovered: all of them are accepted, with the value of the original.
    """
    got = read_text(changed_text(base, plant), base.name, forms)
    if invisible(base, plant):
        return (UNSEEN_ACCEPTED if any(_accepted(got, plant)) else UNSEEN_SENT), ()
    wrong = accepted_wrong(got, base.form, truth_after(base, plant)) - base.wrong
    # A form that is not recognised has no rule that could fail.
    flagged = bool(raised(got) - base.raised)
    if wrong:
        return (FLAGGED if flagged else SILENT), tuple(_cell(base, got, i) for i in sorted(wrong))
    if flagged:
        return CAUGHT, ()
    return (RECOVERED if all(_accepted(got, plant)) else SENT), ()


def _accepted(got: Extraction, plant: Plant) -> list[bool]:
    """Of each cell in question, whether it was accepted."""
    return [bool(got.decisions) and got.decisions[i].outcome == ACCEPT for i in plant.cells]


def _cell(base: Base, got: Extraction, field: int) -> EscapedCell:
    value = got.resolved[field].value
    name = base.form.fields[field].id if got.form == base.form.id else f"{got.form}, field {field}"
    return EscapedCell(name, "" if value is None else str(value), got.decisions[field].codes)


def describe(base: Base, plant: Plant) -> str:
    """What was changed, in a line."""
    parts = [f"{base.form.fields[i].id} {base.printed(i)}→{new or 'empty'}" for i, new in plant.figures]
    parts += [f"at {start}: {base.text[start:end]!r}→{new!r}" for start, end, new in plant.edits]
    return "; ".join(parts[:4]) + (f"; and {len(parts) - 4} more" if len(parts) > 4 else "")
