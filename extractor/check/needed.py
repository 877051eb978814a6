"""Words that every match of an expression holds: to look for these first is faster than to try the expression."""

from __future__ import annotations

import re

# Not part of the language, but the only thing that knows for certain what an expression is made of (``re`` itself compiles from it).
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Words = frozenset[str]
_NOTHING: Words = frozenset()
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def needed(expression: str) -> Words:
    """Words one of which at least stands in whatever ``expression`` matches; none where nothing is known."""
    parsed = _parser.parse(expression)
    return _NOTHING if parsed.state.flags & re.IGNORECASE else _of_sequence(parsed)


def _of_sequence(items: Any) -> Words:
    """Of all that must stand one after the other, what is the longest, and of that the fewest words."""
    found: list[Words] = []
    run = ""
    for name, what in items:
        if name.name == "LITERAL":
            run += chr(what)
            continue
        found += [frozenset({run}), _of_part(name.name, what)]
        run = ""
    return max((f for f in (*found, frozenset({run})) if f and "" not in f), key=lambda f: (min(map(len, f)), -len(f)), default=_NOTHING)


def _of_part(name: str, what: Any) -> Words:
    if name in _REPEATS and what[0] > 0:
        return _of_sequence(what[2])
    if name == "SUBPATTERN" and not what[1] & re.IGNORECASE:
        return _of_sequence(what[3])
    if name == "BRANCH":
        ways = [_of_sequence(way) for way in what[1]]
        return frozenset().union(*ways) if all(ways) else _NOTHING
    return _NOTHING
