"""Counts into rates with intervals, and two keyings into a figure of agreement: pure functions, exact bounds.

The base install has no scipy: the Clopper–Pearson bound is the root of the exact binomial tail, found by bisection.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` of ``total`` with its two-sided 95 % Wilson interval; ``share`` is None where total is 0."""

    count: int
    total: int
    share: float | None
    low: float
    high: float


def rate(count: int, total: int) -> Rate:
    """The share ``count / total`` with its Wilson interval."""
    low, high = wilson(count, total)
    return Rate(count, total, count / total if total else None, low, high)


def wilson(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided Wilson score interval of a proportion; (0, 1) where nothing was counted."""
    _check(count, total)
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = count / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return (0.0 if count == 0 else middle - half), (1.0 if count == total else middle + half)


def upper_bound(count: int, total: int, confidence: float = 0.95) -> float:
    """One-sided Clopper–Pearson upper bound: the largest p under which ``count`` or fewer is not yet too unlikely."""
    _check(count, total)
    if count == total:
        return 1.0
    low, high = count / total, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(count, total, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(count: int, total: int, p: float) -> float:
    """P(X <= count) for X ~ Binomial(total, p), 0 < p < 1, in logarithms so that a large ``total`` cannot underflow."""
    if p in (0.0, 1.0):
        return 1.0 - p
    log_p, log_q, n = math.log(p), math.log1p(-p), math.lgamma(total + 1)
    return math.fsum(
        math.exp(n - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * log_p + (total - k) * log_q)
        for k in range(count + 1)
    )


def _check(count: int, total: int) -> None:
    if not 0 <= count <= total:
        raise ValueError(f"count {count} is not between 0 and total {total}")


def observed_agreement(pairs: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Share of pairs that are equal."""
    if not pairs:
        raise ValueError("no pairs: agreement is undefined")
    return sum(a == b for a, b in pairs) / len(pairs)


def krippendorff_alpha(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Krippendorff's alpha for two coders and nominal categories; None where only one category was ever used."""
    observed = 1 - observed_agreement(pairs)
    counts = Counter(x for pair in pairs for x in pair)
    n = 2 * len(pairs)
    expected = 1 - sum(c * (c - 1) for c in counts.values()) / (n * (n - 1))
    return 1 - observed / expected if expected else None


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa for two coders; None where chance alone would agree always."""
    n = len(pairs)
    share = observed_agreement(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[c] * second[c] for c in first) / (n * n)
    return (share - chance) / (1 - chance) if chance < 1 else None
