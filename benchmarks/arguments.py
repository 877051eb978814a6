"""The arguments that the benchmarks share: which generated reports, and where the result goes."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from benchmarks.damage import LEVELS, SHAPES


def case_parser(program: str, about: str | None) -> argparse.ArgumentParser:
    """A parser for a program that reads one case for each seed, level, shape and form."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=about)
    parser.add_argument("--seeds", type=seed_range, default=range(20), metavar="A:B", help="A up to, not including, B")
    parser.add_argument("--levels", type=partial(names, known=LEVELS), default=LEVELS, metavar="L,…")
    parser.add_argument("--shapes", type=partial(names, known=SHAPES), default=SHAPES, metavar="S,…")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    return parser


def names(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names with a comma between them; ArgumentTypeError where one is not known."""
    given = tuple(text.split(","))
    if unknown := [n for n in given if n not in known]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: known are {', '.join(known)}")
    return given


def seed_range(text: str) -> range:
    """``A:B`` as range(A, B); ValueError for anything else."""
    first, sign, last = text.partition(":")
    if not sign or not first.isdigit() or not last.isdigit() or int(first) >= int(last):
        raise ValueError(f"seeds {text!r}: write A:B, where A is smaller than B")
    return range(int(first), int(last))
