"""Edit-rule expressions: what is written is what is evaluated, exactly."""

from __future__ import annotations

import pytest

from extractor.expr import Linear, parse
from extractor.types import Verdict

NAMES = {"a": (0,), "b": (1,), "group": (2, 3)}


def test_a_factor_multiplies_names_and_constants_once() -> None:
    """``2 * 3`` is six, and ``3 * a`` is three times a."""
    relation = parse("3 * a + 2 * 3 == b", NAMES.__getitem__, "here")

    assert Linear(((3, 0),), 6) == relation.left
    assert (Verdict.PASS, 12, 12) == relation.verdict([2, 12])


@pytest.mark.parametrize(("index", "expected"), [(0, 4), (1, 6), (2, 5)])
def test_the_implied_value_makes_the_equation_hold(index: int, expected: int) -> None:
    """Nine is not one and two and three: each cell is given the value that alone would mend it."""
    relation = parse("b == a + sum(group)", NAMES.__getitem__, "here")
    values = [1, 9, 2, 3]

    assert expected == relation.implied(values, index)
