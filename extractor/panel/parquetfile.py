"""Parquet: every column with its type, whole numbers and decimals exact, its meaning in the column's metadata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from extractor.panel.shape import DECIMAL_DIGITS, DECIMAL_PLACES, Column, Row, Shape, Type, Value

_VALUES_A_GROUP = 1_000_000
_AS: dict[Type, Callable[[Any], Any]] = {Type.INTEGER: int, Type.FLAG: int, Type.SHARE: float}


class ParquetSink:
    """Parquet, compressed; a row group is written whenever enough values have come together.

    Raises ModuleNotFoundError where pyarrow is not installed.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        import pyarrow
        from pyarrow import parquet

        self._arrow = pyarrow
        self._convert = [_AS.get(c.type) for c in shape.columns]
        self._schema = pyarrow.schema([pyarrow.field(c.name, self._type(c), metadata=_described(c)) for c in shape.columns])
        self._writer = parquet.ParquetWriter(str(path), self._schema, compression="zstd")
        self._most = max(1, _VALUES_A_GROUP // len(shape.columns))
        self._waiting: list[Sequence[Value]] = []

    def row(self, row: Row) -> None:
        """Keep the row until its group is full."""
        self._waiting.append(row.values)
        if len(self._waiting) >= self._most:
            self._flush()

    def finish(self) -> None:
        """Write the last group and the footer."""
        self._flush()
        self.close()

    def close(self) -> None:
        """Close the file, whole or not."""
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            columns = zip(*self._waiting, strict=True)
            arrays = [self._array(*column) for column in zip(columns, self._convert, self._schema.types, strict=True)]
            self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
            self._waiting = []

    def _array(self, values: Sequence[Value], convert: Callable[[Any], Any] | None, kind: Any) -> Any:
        held = [v if v is None else convert(v) for v in values] if convert else list(values)
        return self._arrow.array(held, kind)

    def _type(self, column: Column) -> Any:
        arrow = self._arrow
        types = {
            Type.TEXT: arrow.string(),
            Type.INTEGER: arrow.int64(),
            Type.DECIMAL: arrow.decimal128(DECIMAL_DIGITS, DECIMAL_PLACES),
            Type.SHARE: arrow.float64(),
            Type.FLAG: arrow.int8(),
        }
        return types[column.type]


def _described(column: Column) -> dict[str, str]:
    fields = " | ".join(f"{s.form}: {s.field}: {s.label}" for s in column.sources)
    return {k: v for k, v in (("meaning", column.meaning), ("unit", column.unit), ("fields", fields)) if v}
