"""The gate of ``gouji compare --gate``: what a change must not do, against thresholds in ``schemas/gate.yaml``.

It rests on counts and needs no scipy. A change of baseline is a commit with a reason; the gate never moves by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.compare import Comparison
from extractor.errors import GoujiError
from extractor.form import default_folder


class GateSpec(BaseModel):
    """The thresholds; a gate closes where one is exceeded, not where it is reached. Shares lie between 0 and 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    new_silent_errors: int = Field(0, ge=0)
    """Cells accepted and wrong now that were not so in the base, in any text."""
    silent_bound: float = Field(0.2, ge=0, le=1)
    """The one-sided 95 % bound on reports with a silent error."""
    straight_through_drop: float = Field(0.02, ge=0, le=1)
    """By how much the share of reports accepted whole may fall."""
    coverage_drop: float = Field(0.0, ge=0, le=1)
    """By how much the share of the texts' cells that are found may fall."""
    texts_missing: int = Field(0, ge=0)
    """Texts of the base that the new card does not have."""
    planted_more: int = Field(0, ge=0)
    """Planted errors that escape beyond those of the base, of each way to escape."""
    failed: float = Field(0.01, ge=0, le=1)
    """The share of reports that the reader may crash on."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of the gate: what was measured, and whether it closes."""

    name: str
    closed: bool
    says: str


def load_gate(path: Path | None = None) -> GateSpec:
    """The thresholds of ``path``, by default the shipped ones; GoujiError where they are not well formed."""
    file = path or default_folder() / "gate.yaml"
    try:
        return GateSpec.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise GoujiError(f"{file}: cannot be read: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        raise GoujiError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from exc


def gate(c: Comparison, spec: GateSpec) -> tuple[Check, ...]:
    """Every condition, open or closed."""
    return tuple(_checks(c, spec))


def _checks(c: Comparison, spec: GateSpec) -> Iterator[Check]:
    readers = c.base.readers, c.new.readers
    if readers[0] != readers[1]:
        yield Check("readers", True, f"no reader in common: {readers[0][0]} and {readers[1][0]}; evaluate with --readers {readers[0][0]}")
    n = len(c.new_silent)
    yield Check("new silent errors", n > spec.new_silent_errors, f"{n}, at most {spec.new_silent_errors}")
    bound, limit = c.new.silent_report_bound, spec.silent_bound
    yield Check("silent bound", bound > limit, f"{bound:.2%} of reports, at most {limit:.2%}")
    reports = c.straight.both + c.straight.lost + c.straight.won + c.straight.neither
    fall = c.straight.lost - c.straight.won
    said = f"{c.straight.both + c.straight.lost} → {c.straight.both + c.straight.won} of {reports} reports"
    limit = spec.straight_through_drop
    yield Check("straight-through", fall > limit * reports, f"{said}, may fall by {limit:.2%}")
    yield _coverage(c, spec)
    missing = len(c.only_base)
    yield Check("texts missing", missing > spec.texts_missing or not c.pairs, f"{missing}, {len(c.pairs)} paired")
    yield from _planted(c, spec)
    failed, all_reports = {u.report for u in c.new.units if u.failed}, {u.report for u in c.new.units}
    share = len(failed) > spec.failed * len(all_reports)
    yield Check("failed reports", share, f"{len(failed)} of {len(all_reports)}, at most {spec.failed:.2%}")


def _coverage(c: Comparison, spec: GateSpec) -> Check:
    """Found cells of the cells that the paired texts hold."""
    filled = [sum(p[side].filled for p in c.pairs) for side in (0, 1)]
    held = [sum(p[side].held for p in c.pairs) for side in (0, 1)]
    fall = filled[0] * held[1] - filled[1] * held[0]
    closed = fall > spec.coverage_drop * held[0] * held[1]
    said = f"{filled[0]}/{held[0]} → {filled[1]}/{held[1]} cells found"
    return Check("coverage", closed, f"{said}, may fall by {spec.coverage_drop:.2%}")


def _planted(c: Comparison, spec: GateSpec) -> Iterator[Check]:
    """Each way to escape, over all kinds. What can be planted depends on the reader, so the number tried is said."""
    base, new = c.base.planted, c.new.planted
    if base is None or new is None:
        return
    for outcome in new.escaped:
        before, after = base.outcome(outcome), new.outcome(outcome)
        says = f"{before} of {base.tried} → {after} of {new.tried}, at most {spec.planted_more} more"
        says += "" if base.seeds == new.seeds else "; other seeds, so not comparable"
        yield Check(f"planted: {outcome}", after - before > spec.planted_more or base.seeds != new.seeds, says)
