"""The deterministic reader: the events of one table to candidates for its fields."""

from extractor.parse.table import parse_table

__all__ = ["parse_table"]
