"""Glued digits cut apart: the same ways, in the same order, as writing all of them out and trying each."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.parse.cuts import Cut, RowSum, cut_apart


def every_way(digits: str, n: int) -> list[Cut]:
    """All ways, by recursion, the plainest program that finds them."""
    numeral = re.compile(r"0|[1-9]\d{0,2}(?:,\d{3})*" if "," in digits else r"0|[1-9]\d*")

    def ways(at: int, left: int) -> list[Cut]:
        if left == 0:
            return [()] if at == len(digits) else []
        ends = [end for end in range(at + 1, len(digits) + 1) if numeral.fullmatch(digits, at, end)]
        return [((at, end), *rest) for end in ends for rest in ways(end, left - 1)]

    return ways(0, n)


def holds(digits: str, cut: Cut, row_sum: RowSum) -> bool:
    return row_sum.constant + sum(w * int(digits[a:b].replace(",", "")) for w, (a, b) in zip(row_sum.weights, cut, strict=True)) == 0


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text("0123456789", min_size=2, max_size=12), st.text("01234,", min_size=2, max_size=12)),
    st.integers(2, 6),
    st.integers(1, 8),
    st.integers(-3, 3),
)
def test_the_same_ways_as_trying_all_of_them(digits: str, n: int, most: int, constant: int) -> None:
    row_sum = RowSum((*(1,) * (n - 1), -1), constant)
    ways = every_way(digits, n)
    sorted_ways = sorted(ways, key=lambda cut: not holds(digits, cut, row_sum))

    assert cut_apart(digits, n, most, None) == (ways[:most], len(ways) <= most)
    kept, complete = cut_apart(digits, n, most, row_sum)
    assert kept == sorted_ways[:most]
    assert complete == (len(ways) <= most or not holds(digits, sorted_ways[most], row_sum))


@pytest.mark.parametrize("digits", ["+12", "1.5", "12万元", "٣٤", ",", "1,2,3"])
def test_what_is_no_row_of_numerals_is_not_cut(digits: str) -> None:
    assert cut_apart(digits, 2, 60, None).kept == every_way(digits, 2)


def test_too_many_ways_are_none() -> None:
    assert cut_apart("1" * 40, 7, 60, None) == ([], True)


def test_a_page_of_digits_is_refused_at_once() -> None:
    assert cut_apart("1" * 1_000_000, 7, 60, RowSum((1, 1, 1, 1, 1, 1, -1), 0)) == ([], True)
