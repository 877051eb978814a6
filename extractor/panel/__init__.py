"""The panel: reports as tables that statistics programs read (docs/panel.md).

``entry`` brings one report with its cells, from the store or from a file of records; ``shape`` says which columns a shape has and
``rows`` fills them; ``names`` makes the column names, ``divisions`` finds administrative codes, ``codebook`` explains every column,
and ``write`` writes CSV, Parquet or Excel, row by row.
"""

from __future__ import annotations

from extractor.panel.codebook import codebook
from extractor.panel.entry import Entry, from_jsonl, from_store
from extractor.panel.shape import SHAPES, Column, Mark, Row, Shape, Type, shape_of
from extractor.panel.write import FORMATS, write_panel

__all__ = [
    "FORMATS", "SHAPES", "Column", "Entry", "Mark", "Row", "Shape", "Type", "codebook", "from_jsonl", "from_store", "shape_of", "write_panel",
]  # fmt: skip
