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
    ends = _ends(digits)
    ways = _ways(ends, n)
    if ways[n][0] > _MOST_WAYS:
        return Cuts([], True)
    half = n // 2
    heads = _runs(ends, ways, 0, half, n - half)
    tails = {at: _runs(ends, ways, at, n - half, 0) for at in {head[-1][1] for head in heads}}
    holding = _holding(digits, heads, tails, row_sum, most) if row_sum else []
    kept = holding[:most]
    held = set(kept)
    for head in heads:
        if len(kept) >= most:
            break
        kept += [cut for tail in tails[head[-1][1]] if (cut := head + tail) not in held]
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


def _runs(ends: Sequence[Sequence[int]], ways: Sequence[Sequence[int]], at: int, size: int, behind: int) -> list[Cut]:
    """Every run of ``size`` numerals from ``at`` on behind which ``behind`` more fit, the shorter ones first."""
    runs: list[Cut] = [((0, at),)]
    for left in range(size + behind - 1, behind - 1, -1):
        fits = ways[left]
        runs = [(*run, (start, end)) for run in runs for start in (run[-1][1],) for end in ends[start] if fits[end]]
    return [run[1:] for run in runs]


def _holding(digits: str, heads: Sequence[Cut], tails: Mapping[int, Sequence[Cut]], row_sum: RowSum, most: int) -> list[Cut]:
    """The ways under which the row's sum holds, in order: one more than ``most`` at the most."""
    half = len(heads[0]) if heads else 0
    pieces = {piece for cuts in (heads, *tails.values()) for cut in cuts for piece in cut}
    figures = {(a, b): int(digits[a:b].replace(",", "")) for a, b in pieces}
    by_sum: dict[int, dict[int, list[Cut]]] = {}
    for at, runs in tails.items():
        sums = by_sum.setdefault(at, {})
        for tail in runs:
            sums.setdefault(_sum(figures, tail, row_sum.weights[half:]), []).append(tail)
    out: list[Cut] = []
    for head in heads:
        wanted = -row_sum.constant - _sum(figures, head, row_sum.weights)
        out += [head + tail for tail in by_sum[head[-1][1]].get(wanted, ())]
        if len(out) > most:
            return out[: most + 1]
    return out


def _sum(figures: Mapping[tuple[int, int], int], cut: Cut, weights: Sequence[int]) -> int:
    return sum([weight * figures[piece] for weight, piece in zip(weights, cut, strict=False)])
