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
    """One-sided Clopper–Pearson upper bound: the largest p under which ``count`` or fewer is not yet too unlikely.

    The same number as ``scipy.stats.beta.ppf(confidence, count + 1, total - count)``, which the tests hold it against.
    """
    _check(count, total)
    if count == total:
        return 1.0
    low, high = count / total, 1.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(count, total, middle) > 1 - confidence else (low, middle)
    return high


def at_most(count: int, total: int, p: float) -> float:
    """P(X <= count) for X ~ Binomial(total, p), in logarithms so that a large ``total`` cannot underflow.

    The shorter tail is summed. ValueError where ``count`` is not between 0 and ``total``.
    """
    _check(count, total)
    if count == total or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    log_p, log_q, n = math.log(p), math.log1p(-p), math.lgamma(total + 1)
    short = count + 1 <= total - count
    tail = range(count + 1) if short else range(count + 1, total + 1)
    mass = math.fsum(
        math.exp(n - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * log_p + (total - k) * log_q) for k in tail
    )
    return min(1.0, mass) if short else max(0.0, 1.0 - mass)


def jeffreys(right: int, total: int) -> float:
    """The share of right ones under Jeffreys' prior, (right + ½) / (total + 1): never 0 or 1, ½ where nothing was seen."""
    _check(right, total)
    return (right + 0.5) / (total + 1)


# What counted errors prove (reconciliation.md §C2)


def is_below(errors: int, total: int, ceiling: float, confidence: float = 0.95) -> bool:
    """Whether ``errors`` of ``total`` prove that the rate is not above ``ceiling``.

    The exact binomial test of "the rate is above the ceiling"; the same as ``upper_bound(…) <= ceiling``, and quicker.
    ``confidence`` is at least ½.
    """
    _check(errors, total)
    if errors >= total * ceiling:
        return False  # the median of a binomial lies at its mean: such a count is not even unlikely
    return at_most(errors, total, ceiling) <= 1 - confidence


def reports_needed(ceiling: float, confidence: float = 0.95, errors: int = 0) -> int:
    """The smallest number of trials with which ``errors`` errors still prove that the rate is not above ``ceiling``."""
    if not 0 < ceiling < 1:
        raise ValueError(f"ceiling {ceiling} is not between 0 and 1")
    low = high = errors + 1
    while not is_below(errors, high, ceiling, confidence):
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_below(errors, middle, ceiling, confidence) else (middle + 1, high)
    return high


def fixed_sequence(counts: Sequence[tuple[int, int]], ceiling: float, confidence: float = 0.95) -> int:
    """How many of the leading (errors, total) are proven to lie below ``ceiling``, all of them at once.

    Learn-then-Test with a fixed sequence (Angelopoulos et al. 2021): each hypothesis "the risk is above the ceiling" is
    tested at the whole of 1 - ``confidence``, and the first that stands ends the walk. The chance that any policy passed
    is above the ceiling is then at most 1 - ``confidence``, *if the order was fixed before anything was counted*.
    """
    for n, (errors, total) in enumerate(counts):
        if not is_below(errors, total, ceiling, confidence):
            return n
    return len(counts)


def must_abstain(risk: float, ceiling: float) -> float:
    """The least share that any rule has to send away so that at most ``ceiling`` of the rest is wrong.

    (risk - ceiling) / (1 - ceiling), where ``risk`` of all is wrong (arXiv 2606.29054): what a rule would need that sends
    away nothing but wrong ones. 0 where accepting everything is good enough.
    """
    return max(0.0, (risk - ceiling) / (1 - ceiling))


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
