"""Errors inside single figures: digits, blanks, dashes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from extractor.plant.text import Base, Plant

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _one(base: Base, rng: Random, wanted: Callable[[str], bool], change: Callable[[str], str]) -> Plant | None:
    """One plain figure that is ``wanted``, changed; None where there is none or its value stays."""
    able = [i for row in base.rows for i in row if base.plain(i) and wanted(base.printed(i))]
    if not able:
        return None
    field = rng.choice(able)
    new = change(base.printed(field))
    return Plant(figures=((field, new),)) if int(new) != base.truth[field] else None


def swap_digits(base: Base, rng: Random) -> Plant | None:
    """Two neighbouring digits of a figure in the other order. Never invisible: every figure here stands in a sum."""

    def change(text: str) -> str:
        at = rng.choice([n for n in range(len(text) - 1) if text[n] != text[n + 1]])
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    return _one(base, rng, lambda t: len(set(t)) > 1, change)


def drop_digit(base: Base, rng: Random) -> Plant | None:
    """One digit of a figure gone. Never invisible, but where a sum of the cell already failed and now holds."""

    def change(text: str) -> str:
        at = rng.randrange(len(text))
        return text[:at] + text[at + 1 :]

    return _one(base, rng, lambda t: len(t) > 1, change)


def add_digit(base: Base, rng: Random) -> Plant | None:
    """One digit more, at any place of a figure. Invisible as ``drop_digit`` is."""

    def change(text: str) -> str:
        at = rng.randrange(len(text) + 1)
        return text[:at] + rng.choice("0123456789") + text[at:]

    return _one(base, rng, lambda t: True, change)


def zero_to_eight(base: Base, rng: Random) -> Plant | None:
    """A 0 read as an 8, the commonest confusion of text recognition. Invisible as ``drop_digit`` is."""

    def change(text: str) -> str:
        at = rng.choice([n for n, c in enumerate(text) if c == "0"])
        return text[:at] + "8" + text[at + 1 :]

    return _one(base, rng, lambda t: "0" in t, change)


def full_width(base: Base, rng: Random) -> Plant | None:
    """A figure in full-width digits: no error of the report; to be read with its value, or sent to a person."""
    able = [i for row in base.rows for i in row if base.plain(i)]
    field = rng.choice(able) if able else -1
    return Plant(figures=((field, base.printed(field).translate(_FULL_WIDTH)),), same=True) if able else None


def blank_to_zero(base: Base, rng: Random) -> Plant | None:
    """A row of empty cells, one of which shows a 0; only where an empty cell leaves its mark.

    Always invisible: a 0 adds to no sum.
    """
    able = [r for r in base.rows if base.marked and not any(base.truth[i] for i in r)]
    if not able:
        return None
    row = rng.choice(able)
    kept = rng.choice(row)
    return Plant(figures=tuple((i, "0" if i == kept else "") for i in row))


def zero_to_blank(base: Base, rng: Random) -> Plant | None:
    """A printed 0 gone from a cell that stays; only where an empty cell leaves its mark.

    Always invisible, and harmless where the cell is called blank: accepting a 0 that is not printed is the error.
    """
    able = [i for row in base.rows for i in row if base.marked and base.truth[i] == 0]
    return Plant(figures=((rng.choice(able), ""),)) if able else None


def zero_to_dash(base: Base, rng: Random) -> Plant | None:
    """A dash, a slash or 无 in place of a printed 0. Invisible and harmless as ``zero_to_blank`` is."""
    able = [i for row in base.rows for i in row if base.truth[i] == 0]
    return Plant(figures=((rng.choice(able), rng.choice("-—/无")),)) if able else None


def erase(base: Base, rng: Random) -> Plant | None:
    """A figure gone, in a text in which an empty cell may leave no mark; other than 0 where it does. Never invisible."""
    able = [i for row in base.rows for i in row if not base.marked or base.truth[i]]
    if not able:
        return None
    field = rng.choice(able)
    return Plant(edits=((*base.spans[field], ""),), affected=(field,), broken=True)
