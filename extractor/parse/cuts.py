"""Digits that lost the blanks between them: every way to cut them into as many figures as the row has cells.

The ways are never all written out: the row is cut in two halves, and of each half every way is. A sum that the form
prints within the row is then looked up, half against half, instead of being tried way by way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Cut = tuple[tuple[int, int], ...]
"""Figures side by side, each by its first and its last offset, half open."""

_Run = tuple[Cut, int, int]
"""Figures side by side, where they end, and what they come to, each by its weight."""

# More ways than this to cut glued digits apart are not worth showing to anybody.
_MOST_WAYS = 6000
# More digits a figure than this are no row of a report.
_MOST_DIGITS = 20
_PLAIN = re.compile(r"0|[1-9]\d*")
_GROUPED = re.compile(r"0|[1-9]\d{0,2}(?:,\d{3})*")


class RowSum(NamedTuple):
    """The equation of one printed row: ``Σ weight·figure + constant = 0``, a weight for each of its cells."""

    weights: tuple[int, ...]
    constant: int


class Cuts(NamedTuple):
    """The ways that are kept, those first under which the row's sum holds; ``complete`` where none was left out that it would not rule out."""

    kept: list[Cut]
    complete: bool


def cut_apart(digits: str, n: int, most: int, row_sum: RowSum | None) -> Cuts:
    """At most ``most`` ways to cut ``digits`` into n numerals without leading zeros; none where there are too many to say.

    Where thousands are separated in this row, they are in every figure of it.
    """
    if len(digits) > _MOST_DIGITS * n:
        return Cuts([], True)
    if len(digits) == n and digits.isdecimal() and digits.isascii():  # a row of single digits: the most frequent one
        return Cuts([tuple([(at, at + 1) for at in range(n)])], True)
    ends = _ends(digits)
    ways = _ways(ends, n)
    if not 0 < ways[n][0] <= _MOST_WAYS:
        return Cuts([], True)
    weights, constant = row_sum or ((0,) * n, 0)  # without a sum every way holds
    half = n // 2
    heads = _runs(digits, ends, ways, 0, weights[:half], n - half)
    tails = {at: _runs(digits, ends, ways, at, weights[half:], 0) for at in {end for _, end, _ in heads}}
    holding = _holding(heads, tails, -constant, most)
    kept = holding[:most]
    for head, end, total in heads:
        if len(kept) >= most:
            break
        kept += [head + tail for tail, _, rest in tails[end] if total + rest != -constant]
    return Cuts(kept[:most], ways[n][0] <= most or (row_sum is not None and len(holding) <= most))


def _ends(digits: str) -> list[Sequence[int]]:
    """For each offset where a numeral that begins there can end."""
    size = len(digits)
    if not (digits.isascii() and digits.isdecimal()):  # a separator, a sign, a unit
        numeral = _GROUPED if "," in digits else _PLAIN
        return [[end for end in range(at + 1, size + 1) if numeral.fullmatch(digits, at, end)] for at in range(size)] + [()]
    return [range(at + 1, at + 2 if digits[at] == "0" else size + 1) for at in range(size)] + [()]


def _ways(ends: Sequence[Sequence[int]], n: int) -> list[list[int]]:
    """In how many ways the digits from each offset on can be cut into 0, 1 … n numerals."""
    ways = [[0] * (len(ends) - 1) + [1]]
    for _ in range(n):
        fewer = ways[-1]
        ways.append([sum([fewer[end] for end in there]) for there in ends])
    return ways


def _runs(digits: str, ends: Sequence[Sequence[int]], ways: Sequence[Sequence[int]], at: int, weights: Sequence[int], behind: int) -> list[_Run]:
    """Every run of numerals from ``at`` on, one for each weight, behind which ``behind`` more fit, the shorter ones first."""
    runs: list[_Run] = [((), at, 0)]
    for placed, weight in enumerate(weights, 1):
        fits = ways[len(weights) - placed + behind]
        runs = [
            ((*cut, (start, end)), end, total + weight * int(digits[start:end].replace(",", "")))
            for cut, start, total in runs
            for end in ends[start]
            if fits[end]
        ]
    return runs


def _holding(heads: Sequence[_Run], tails: Mapping[int, Sequence[_Run]], wanted: int, most: int) -> list[Cut]:
    """The ways whose figures come to ``wanted``, in order: one more than ``most`` at the most."""
    by_total: dict[int, dict[int, list[Cut]]] = {}
    for at, runs in tails.items():
        totals = by_total.setdefault(at, {})
        for tail, _, total in runs:
            totals.setdefault(total, []).append(tail)
    out: list[Cut] = []
    for head, end, total in heads:
        out += [head + tail for tail in by_total[end].get(wanted - total, ())]
        if len(out) > most:
            return out[: most + 1]
    return out
