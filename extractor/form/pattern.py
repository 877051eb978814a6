"""Regular expressions of a form file: they must compile, and must not take exponential time on any text.

Checked on the parsed pattern, without running it: a repeat inside a repeat, or a repeat of alternatives of which one
is made of others (``(公开|申请|公开申请)*``), can match the same characters in exponentially many ways; several open
repeats in a row take a power of the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from warnings import catch_warnings, simplefilter

from extractor.errors import FormError

LONGEST = 2_000
# Repeats that may be longer than this count as open.
SHORT = 12
# Open repeats one after the other.
MOST_OPEN = 4
NUMERAL = r"(?P<n>\d[\d,]*)"
GAP = r"[^。]{0,12}?"

_parser: Any = getattr(re, "_parser")  # noqa: B009 - the module is there in every version, but mypy does not know it
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})


def check_pattern(pattern: str, where: str) -> None:
    """FormError naming ``where`` for a pattern that does not compile, or that could run away.

    ``{n}`` and ``{gap}`` stand for a numeral and a short stretch, as the narrative check fills them in.
    """
    if len(pattern) > LONGEST:
        raise FormError(f"{where}: a pattern of {len(pattern):,} characters; at most {LONGEST:,} can be checked")
    problem = _checked(pattern)
    if problem:
        shown = pattern if len(pattern) <= 120 else pattern[:120] + "…"
        raise FormError(f"{where}: the pattern {shown!r} {problem}")


@lru_cache(maxsize=512)
def _checked(pattern: str) -> str | None:
    """What is wrong with a pattern; the editions of one form share most of theirs."""
    filled = _filled(pattern)
    with catch_warnings():
        simplefilter("error")
        try:
            re.compile(filled)
            return _problem(_parser.parse(filled))
        except (re.error, OverflowError, RecursionError, Warning) as exc:
            return f"is not a regular expression: {exc}"


def groups_of(pattern: str) -> set[str]:
    """The names of the groups of a pattern that has been checked."""
    return set(re.compile(_filled(pattern)).groupindex)


def _filled(pattern: str) -> str:
    return pattern.replace("{n}", NUMERAL).replace("{gap}", GAP)


def _problem(tree: Iterable[Any]) -> str | None:
    if _nested(tree, inside=False):
        return "has a repeat inside a repeat, which can take exponential time; write the inner one without * or +"
    if word := _made_of_others(tree):
        return f"repeats alternatives of which {word!r} is made of others, which can take exponential time; delete it"
    if _open_repeats(tree) > MOST_OPEN:
        return f"has more than {MOST_OPEN} open repeats (*, +) in a row, which can take very long; bound them: {{0,{SHORT}}}"
    return None


def _parts(argument: Any) -> Iterable[Sequence[Any]]:
    """The sub-patterns among the arguments of a parsed operation."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for a in argument:
            yield from _parts(a)


def _open(operation: Any, argument: Any) -> bool:
    return str(operation) in _REPEATS and int(argument[1]) > SHORT


def _nested(tree: Iterable[Any], *, inside: bool) -> bool:
    """Whether a repeat that may repeat often stands in an open one."""
    for operation, argument in tree:
        repeats = str(operation) in _REPEATS and int(argument[1]) > 1
        if inside and repeats and argument[0] != argument[1]:
            return True
        within = inside or _open(operation, argument)
        if any(_nested(part, inside=within) for part in _parts(argument)):
            return True
    return False


def _open_repeats(tree: Iterable[Any]) -> int:
    """The most open repeats that one way through the pattern meets."""
    total = 0
    for operation, argument in tree:
        counts = [_open_repeats(part) for part in _parts(argument)]
        inner = max(counts, default=0) if str(operation) == "BRANCH" else sum(counts)
        total += inner + _open(operation, argument)
    return total


def _made_of_others(tree: Iterable[Any]) -> str | None:
    """A literal alternative of an open repeat that others of them put together make too."""
    for operation, argument in tree:
        if _open(operation, argument):
            words = {w for w in _words(argument[2]) if w}
            found = next((w for w in sorted(words) if _split(w, words - {w})), None)
            if found:
                return found
        for part in _parts(argument):
            found = _made_of_others(part)
            if found:
                return found
    return None


def _words(tree: Sequence[Any]) -> list[str]:
    """The alternatives of a body that are plain words; the body itself where it has no alternatives."""
    out = [""]
    for operation, argument in tree:
        name = str(operation)
        if name == "LITERAL":
            out = [w + chr(argument) for w in out]
        elif name == "SUBPATTERN":
            out = [w + x for w in out for x in _words(argument[3])]
        elif name == "BRANCH":
            out = [w + x for w in out for branch in argument[1] for x in _words(branch)]
        elif name == "IN" and all(str(o) == "LITERAL" for o, _ in argument):
            out = [w + chr(c) for w in out for _, c in argument]
        elif name in _REPEATS and argument[:2] == (0, 1):
            out += [w + x for w in out for x in _words(argument[2])]
        else:
            return []
        if len(out) > 500:
            return []
    return out


def _split(word: str, words: set[str]) -> bool:
    """Whether a word is made of others."""
    reached = {0}
    for start in range(len(word)):
        if start in reached:
            reached |= {start + len(w) for w in words if word.startswith(w, start)}
    return len(word) in reached


