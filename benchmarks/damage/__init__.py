"""Whole reports of known content in every shape and at every level of damage (docs: ``python -m benchmarks.damage --help``)."""

from __future__ import annotations

from benchmarks.damage.case import LEVELS, SHAPES, Case, Truth, case_of, cases, make_case

__all__ = ["LEVELS", "SHAPES", "Case", "Truth", "case_of", "cases", "make_case"]
