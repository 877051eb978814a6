"""Words that every match of an expression holds (``check/needed``)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.check.narrative import _expression, _may_match
from extractor.check.needed import needed
from extractor.form import load_forms

_SHIPPED = sorted({p for form in load_forms() for rule in form.narrative for p in rule.patterns})
_OTHERS = ["(?:ab|c)*d?x", "a{2}|b+", "(?i:ab)c", "(?<!ab)cd", "(?=[ab])[a-c]d", "(?:ab)?", "", "a|", "(?:ab|cd)+(?:e|fgh)", "ab.cde", "(ab)\\1", "^ab$", "(?>ab)c", "[ab]{3}"]


@pytest.mark.parametrize("expression", [*map(_expression, _SHIPPED), *_OTHERS])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_match_holds_one_of_the_words(expression: str, data: st.DataObject) -> None:
    matched = re.search(expression, data.draw(st.from_regex(expression)))
    words = needed(expression)
    assert matched is not None
    assert not words or any(w in matched[0] for w in words)


def test_the_longest_part_and_of_that_the_fewest_words() -> None:
    assert needed("(?:收到|受理)(?:的)*政府信息[件条]") == {"政府信息"}
    assert needed("(?:办结|答复)了?") == {"办结", "答复"}


@pytest.mark.parametrize("expression", ["(?i)ab", "(?i:ab)", "(?:ab)?", "a|", "[ab]"])
def test_nothing_where_a_match_may_hold_none(expression: str) -> None:
    assert needed(expression) == frozenset()


def test_a_rule_of_which_one_expression_is_not_known_is_always_tried() -> None:
    assert _may_match(("[ab]", "cd"), "b")
    assert not _may_match(("ab", "cd"), "b")
