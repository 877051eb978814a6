"""Statistics of two runs over the same reports: exact McNemar for reports, a cluster bootstrap for shares of cells.

Cells of one report are not independent, so cells are never tested as such: reports are drawn with all their cells
(reconciliation.md C3). scipy is an extra of the install; without it the counts are there and the tests are None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from extractor.metrics import upper_bound

MISSING = "left out: they need scipy, which `pip install 'gouji[evaluate]'` brings"
SEED = 20240601
RESAMPLES = 9_999
Counts = tuple[int, int]  # of one report: cells in question, and cells they are a share of


@dataclass(frozen=True, slots=True)
class McNemar:
    """One yes-or-no property of reports in two runs; ``p`` is two-sided and exact, None without scipy.

    ``lost`` had it in the base alone, ``won`` in the new run alone: only these can tell the runs apart.
    """

    both: int
    lost: int
    won: int
    neither: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A share of cells in two runs, new minus base, with a 95 % interval where ``method`` gives one.

    ``bound`` is set instead where neither run has a case: the one-sided 95 % Clopper–Pearson bound on the share of
    reports that hold one.
    """

    base: Counts
    new: Counts
    reports: int
    difference: float | None
    low: float | None
    high: float | None
    bound: float | None
    method: str


def available() -> bool:
    """Whether there can be p-values and intervals."""
    return find_spec("scipy") is not None


def mcnemar(pairs: Sequence[tuple[bool, bool]]) -> McNemar:
    """Exact McNemar over (base, new): the discordant pairs as a fair coin."""
    n = {(a, b): sum(pair == (a, b) for pair in pairs) for a in (True, False) for b in (True, False)}
    lost, won = n[True, False], n[False, True]
    return McNemar(n[True, True], lost, won, n[False, False], _coin(lost, won))


def _coin(lost: int, won: int) -> float | None:
    """The two-sided binomial test of ``lost`` against ``won``; 1 where nothing differs."""
    stats = _stats()
    if stats is None:
        return None
    return float(stats.binomtest(lost, lost + won, 0.5).pvalue) if lost + won else 1.0


def difference(base: Sequence[Counts], new: Sequence[Counts]) -> Difference:
    """The change of a share of cells; ``base[i]`` and ``new[i]`` are the counts of one report."""
    kept = [(b, n) for b, n in zip(base, new, strict=True) if b[1] and n[1]]
    before, after = _sum([b for b, _ in kept]), _sum([n for _, n in kept])
    if not kept:
        return Difference(before, after, 0, None, None, None, None, "no report has such cells in both")
    change = after[0] / after[1] - before[0] / before[1]
    if not before[0] and not after[0]:
        bound = upper_bound(0, len(kept))
        return Difference(before, after, len(kept), change, None, None, bound, "none in either: Clopper–Pearson over reports")
    if all(b == n for b, n in kept):
        return Difference(before, after, len(kept), change, None, None, None, "the same in every report: nothing to estimate")
    if len(kept) < 2:
        return Difference(before, after, 1, change, None, None, None, "one report: no interval")
    low, high, method = _bootstrap(kept)
    return Difference(before, after, len(kept), change, low, high, None, method)


def _sum(counts: Sequence[Counts]) -> Counts:
    return sum(c[0] for c in counts), sum(c[1] for c in counts)


def _bootstrap(kept: Sequence[tuple[Counts, Counts]]) -> tuple[float | None, float | None, str]:
    """Reports drawn with replacement, both runs of a report together; percentile interval, fixed seed."""
    stats = _stats()
    if stats is None:
        return None, None, f"intervals {MISSING}"

    def change(b: Any, cells_b: Any, n: Any, cells_n: Any, axis: int = -1) -> Any:
        return n.sum(axis=axis) / cells_n.sum(axis=axis) - b.sum(axis=axis) / cells_b.sum(axis=axis)

    columns = tuple(zip(*((*b, *n) for b, n in kept), strict=True))
    done = stats.bootstrap(
        columns, change, paired=True, vectorized=True, n_resamples=RESAMPLES, method="percentile", rng=SEED
    )
    interval = done.confidence_interval
    return float(interval.low), float(interval.high), f"cluster bootstrap over {len(kept)} reports, {RESAMPLES} draws"


def _stats() -> Any:
    """scipy.stats, or None where it is not installed."""
    if not available():
        return None
    from scipy import stats  # type: ignore[import-untyped]

    return stats
