"""Edit-rule expressions: Python syntax in, exact linear terms out.

Only sums, differences and integer multiples of names are allowed, with one comparison
(``==  <=  >=``). Nothing is evaluated as Python; anything else is refused at load time, and so is
whatever is larger than a rule that a person wrote.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any
from warnings import catch_warnings, simplefilter

from extractor.errors import FormError
from extractor.types import FAIL, NOT_ASSESSABLE, PASS, Number, Verdict

Values = Sequence[Number | None] | Mapping[int, Number | None]
Terms = tuple[tuple[int, int], ...]  # (coefficient, field index)

# Characters of an expression, names written in it, fields they stand for, and the largest factor or constant.
LONGEST = 2_000
MOST_NAMES = 100
MOST_TERMS = 1_000
LARGEST = 1_000_000

_OPERATORS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.LtE: "<=", ast.GtE: ">="}


@dataclass(frozen=True, slots=True)
class Linear:
    """``Σ coefficient·field + constant``."""

    terms: Terms
    constant: int = 0
    _added: Callable[[Any], Any] | None = field(init=False, repr=False, compare=False)
    """Takes all values that are added as they are, where there are several: nearly every side of a rule is a plain sum."""
    _others: Terms = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = [index for coefficient, index in self.terms if coefficient == 1]
        object.__setattr__(self, "_added", itemgetter(*plain) if len(plain) > 1 else None)
        object.__setattr__(self, "_others", tuple(t for t in self.terms if t[0] != 1) if len(plain) > 1 else self.terms)

    def value(self, values: Values) -> Number | None:
        """The exact value, or None where a participant has none."""
        total: Number = self.constant
        if self._added is not None:
            added = self._added(values)
            if None in added:
                return None
            total = sum(added, total)
        for coefficient, index in self._others:
            v = values[index]
            if v is None:
                return None
            total += v if coefficient == 1 else coefficient * v
        return total


@dataclass(frozen=True, slots=True)
class Relation:
    """``left OP right`` over fields."""

    left: Linear
    operator: str
    right: Linear
    fields: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The field indexes of both sides, in the order written."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(index for _, index in self.left.terms + self.right.terms))

    def verdict(self, values: Values) -> tuple[Verdict, Number | None, Number | None]:
        """The verdict with both sides; NOT_ASSESSABLE where a participant has no value."""
        left, right = self.left.value(values), self.right.value(values)
        if left is None or right is None:
            return NOT_ASSESSABLE, left, right
        holds = left == right if self.operator == "==" else left <= right if self.operator == "<=" else left >= right
        return (PASS if holds else FAIL), left, right

    def implied(self, values: Values, index: int) -> Number | None:
        """The value of field ``index`` that alone would make an equation hold, or None."""
        if self.operator != "==":
            return None
        rest: Number = self.left.constant - self.right.constant
        factor = 0
        for sign, side in ((1, self.left), (-1, self.right)):
            for coefficient, i in side.terms:
                if i == index:
                    factor += sign * coefficient
                    continue
                v = values[i]
                if v is None:
                    return None
                rest += sign * coefficient * v
        if factor == 0:
            return None
        if abs(factor) == 1:
            return -rest * factor
        return -rest // factor if rest % factor == 0 else None


Resolver = Callable[[str], tuple[int, ...]]


def parse(expression: str, resolve: Resolver, where: str) -> Relation:
    """Parse one rule expression.

    ``resolve`` turns a dotted name into the field indexes it stands for (several only inside
    ``sum(...)``). Raises FormError naming ``where`` for anything that is not linear, names no field or one
    twice, or is larger than any rule of a form (``LONGEST``, ``MOST_NAMES``, ``MOST_TERMS``, ``LARGEST``).
    """
    tree = _tree(expression, where)
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _OPERATORS:
        raise FormError(f"{where}: {_short(expression)!r} needs exactly one of == <= >=")
    left = _linear(tree.left, resolve, where)
    right = _linear(tree.comparators[0], resolve, where)
    relation = Relation(left, _OPERATORS[type(tree.ops[0])], right)
    fields = relation.fields
    if not fields:
        raise FormError(f"{where}: {_short(expression)!r} names no field")
    if len(set(fields)) != len(fields):
        raise FormError(f"{where}: {_short(expression)!r} names a field twice; every field stands once in a rule")
    if len(fields) > MOST_TERMS:
        raise FormError(f"{where}: {_short(expression)!r} is over {len(fields)} fields; at most {MOST_TERMS} can be in one rule")
    for number in (left.constant, right.constant, *(c for c, _ in left.terms + right.terms)):
        if abs(number) > LARGEST:
            raise FormError(f"{where}: {_short(expression)!r} has the number {_short(str(number))}; none may be above {LARGEST:,}")
    return relation


def _short(text: str) -> str:
    """A text for a message, its middle left out where it is long."""
    return text if len(text) <= 120 else f"{text[:80]} … {text[-20:]}"


def _tree(expression: str, where: str) -> ast.expr:
    tree = _parsed(expression)
    if isinstance(tree, str):
        raise FormError(f"{where}: {tree}")
    return tree


@lru_cache(maxsize=256)
def _parsed(expression: str) -> ast.expr | str:
    """The syntax tree of an expression, or what is wrong with it; one rule is parsed for each row of a table."""
    if len(expression) > LONGEST:
        return f"an expression of {len(expression):,} characters; at most {LONGEST:,} can be read"
    shown = _short(expression)
    with catch_warnings():
        simplefilter("error", SyntaxWarning)
        try:
            tree = ast.parse(expression.strip(), mode="eval").body
        except (SyntaxError, SyntaxWarning) as exc:
            return f"the expression {shown!r} is not valid: {getattr(exc, 'msg', exc)}"
        except (ValueError, RecursionError, MemoryError):
            return f"the expression {shown!r} cannot be read; write it plainly"
    if sum(1 for _ in ast.walk(tree)) > 8 * MOST_NAMES:
        return f"{shown!r} has too many parts; give the rows a group and write sum(group)"
    return tree


def _linear(node: ast.expr, resolve: Resolver, where: str) -> Linear:
    terms: list[tuple[int, int]] = []
    constant = _walk(node, 1, terms, resolve, where)
    return Linear(tuple(terms), constant)


def _walk(node: ast.expr, sign: int, terms: list[tuple[int, int]], resolve: Resolver, where: str) -> int:
    """Add the terms of ``node`` times ``sign`` to ``terms``; returns its constant part."""
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _walk(left, sign, terms, resolve, where) + _walk(right, sign, terms, resolve, where)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _walk(left, sign, terms, resolve, where) + _walk(right, -sign, terms, resolve, where)
        case ast.BinOp(left=ast.Constant(value=factor), op=ast.Mult(), right=right) if type(factor) is int and factor:
            return _walk(right, sign * factor, terms, resolve, where)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _walk(operand, -sign, terms, resolve, where)
        case ast.Constant(value=number) if type(number) is int:
            return sign * number
        case ast.Call(func=ast.Name(id="sum"), args=args, keywords=[]) if args:
            for arg in args:
                terms.extend((sign, i) for i in resolve(_name(arg, where)))
            return 0
        case ast.Name() | ast.Attribute():
            found = resolve(_name(node, where))
            if len(found) != 1:
                what = _shown(node)
                raise FormError(f"{where}: {what!r} stands for {len(found)} fields; write sum({what})")
            terms.append((sign, found[0]))
            return 0
    raise FormError(f"{where}: {_shown(node)!r} is not allowed; a rule is a sum of names")


def _shown(node: ast.expr) -> str:
    """A part of an expression for a message."""
    try:
        return _short(ast.unparse(node))
    except (RecursionError, ValueError):
        return "…"


def _name(node: ast.expr, where: str) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value, where)}.{node.attr}"
    raise FormError(f"{where}: {_shown(node)!r} is not a name")
