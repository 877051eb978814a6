"""Edit-rule expressions: what is written is what is evaluated, exactly."""

from __future__ import annotations

import pytest

from extractor.errors import FormError
from extractor.expr import LARGEST, Linear, parse
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


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a + b + sum(group)", "exactly one of =="),
        ("a == b == a", "exactly one of =="),
        ("a < b", "exactly one of =="),
        ("a + a == b", "names a field twice"),
        ("a >= a + 1", "names a field twice"),
        ("sum(group, group) == b", "names a field twice"),
        ("1 == 1", "names no field"),
        ("a * b == 1", "not allowed"),
        ("a * 2 == b", "not allowed"),
        ("a / 2 == b", "not allowed"),
        ("0 * a == b", "not allowed"),
        ("True * a == b", "not allowed"),
        ("1.5 * a == b", "not allowed"),
        ("max(a, b) == 1", "not allowed"),
        ("sum(a, start=b) == 1", "not allowed"),
        ("sum(a + b) == 1", "not a name"),
        ("__import__('os') == a", "not allowed"),
        ("group == a", "write sum(group)"),
        ("a == ", "not valid"),
        ("1is a", "not valid"),
        ("a == b\0", "a == b"),
        (f"{LARGEST + 1} * a == b", "none may be above 1,000,000"),
        ("1_000 * (2_000 * a) == b", "none may be above 1,000,000"),
        (f"a == {'9' * 500}", "none may be above 1,000,000"),
        (f"{'(' * 300}a{')' * 300} == b", "not valid"),
        (f"{'-' * 1500}a == b", "too many parts"),
        (f"a{' + 1' * 300} == b", "too many parts"),
        (f"a{'.b' * 600} == b", "too many parts"),
        (f"a == {'b + ' * 3000}a", "at most 2,000"),
    ],
    ids=lambda x: x[:24],
)
def test_what_is_no_rule_is_refused_where_it_stands(expression: str, words: str) -> None:
    with pytest.raises(FormError, match="^form.yaml:7: rule X: ") as caught:
        parse(expression, NAMES.__getitem__, "form.yaml:7: rule X")

    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_rule_over_more_fields_than_any_form_has_is_refused() -> None:
    with pytest.raises(FormError, match="over 1001 fields"):
        parse("sum(many) == 0", lambda name: tuple(range(1001)), "here")
