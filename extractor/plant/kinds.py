"""The kinds of error by name. The names stay: results of two versions are compared by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

from extractor.plant import figures, moves, structure
from extractor.plant.text import Base, Plant

Kind = Callable[[Base, Random], Plant | None]

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "two digits swapped": figures.swap_digits,
        "digit dropped": figures.drop_digit,
        "digit added": figures.add_digit,
        "0 read as 8": figures.zero_to_eight,
        "full-width digits": figures.full_width,
        "blank printed as 0": figures.blank_to_zero,
        "0 printed as blank": figures.zero_to_blank,
        "0 printed as a dash": figures.zero_to_dash,
        "figure erased": figures.erase,
        "row shifted by a column": moves.shift_columns,
        "table shifted by a column": moves.shift_table,
        "rows shifted by one": moves.shift_rows,
        "rows slipped, last gone": moves.slip_last_gone,
        "rows slipped, first gone": moves.slip_first_gone,
        "figures of rows swapped": moves.swap_rows,
        "rows of equal total swapped": moves.swap_equal_rows,
        "figures of columns swapped": moves.swap_columns,
        "neighbouring figures exchanged": moves.swap_cells,
        "总计 copied into 其他": moves.total_as_other,
        "其他 read as 总计": moves.other_as_total,
        "row of totals copied": moves.total_row_copied,
        "last year's column taken": moves.last_years_column,
        "two compensating errors": moves.compensating,
        "two errors that cancel in a column": moves.cancel_in_column,
        "four errors that cancel": moves.four_that_cancel,
        "two figures glued": structure.glue,
        "figure split": structure.split,
        "digit split into its own cell": structure.split_cell,
        "row printed twice": structure.row_twice,
        "row printed twice, once wrong": structure.row_twice_wrong,
        "last column gone": structure.last_column_gone,
        "last year's column beside": structure.column_added,
        "labels of two rows swapped": structure.swap_labels,
        "headings swapped": structure.swap_headings,
        "headings merged": structure.merge_headings,
    }
)
