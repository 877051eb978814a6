"""A Parquet dataset as an output: parts of some thousand reports, on this machine's disk or on whatever storage fsspec knows.

``reports/part-N.parquet`` is written last of the three files of a part, so its being there says that the part is whole. A part that a killed
run left without it is written again under the same number.
"""

from __future__ import annotations

import json
import posixpath
import re
import sqlite3
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from extractor.archive.columns import CELLS, FINDINGS, REPORTS, read_tables, schema, tables_of
from extractor.archive.outputs import UNANSWERED, Held
from extractor.archive.work import Result
from extractor.batch import Line
from extractor.errors import GoujiError
from extractor.read.inputs import Input

if TYPE_CHECKING:
    import pyarrow

_PART = 2_000  # reports
_PART_BYTES = 64_000_000  # of their tables as they wait in memory
_NUMBER = re.compile(r"part-(\d{6})\.parquet")
_KEY = b"gouji"


class Dataset:
    """Writes parts; the reports of earlier parts, by the same program with the same options, are not written again.

    Raises GoujiError where pyarrow or fsspec is missing, where the storage fails, and where the folder holds something else.
    """

    def __init__(self, url: str, run: Mapping[str, object], resume: bool) -> None:
        try:
            import pyarrow.parquet  # noqa: F401
            from fsspec.core import url_to_fs
        except ModuleNotFoundError as exc:
            raise GoujiError(f"--parquet: {exc.name} is not installed; pip install 'gouji[parquet]'") from exc
        self._url, self._run = url, json.dumps(run, sort_keys=True).encode()
        try:
            self._fs, self._root = url_to_fs(url)
        except (ImportError, ValueError) as exc:
            raise GoujiError(f"--parquet {url}: {exc}; give a folder, or install what this storage needs") from exc
        # An empty name is a temporary database of SQLite's own, which goes to disk when it grows.
        self._held = sqlite3.connect("", isolation_level=None)
        self._held.execute("create table held (source text primary key, sha256 text, decision text, open integer, part integer) without rowid")
        self._waiting: list[bytes] = []
        self._size = 0
        self._replaced: dict[int, set[str]] = {}
        self._next = self._begin(resume)

    def _begin(self, resume: bool) -> int:
        """Take in what is there; the number of the next part."""
        parts = self._parts()
        if not resume:
            for table in (REPORTS, CELLS, FINDINGS):
                self._remove(table, 0)
            return 0
        for number in parts:
            self._take_in(number)
        following = max(parts, default=-1) + 1
        for table in (CELLS, FINDINGS):
            self._remove(table, following)
        return following

    def _take_in(self, number: int) -> None:
        from pyarrow import compute, parquet

        path = self._path(REPORTS, number)
        with self._plain_errors(path), self._fs.open(path, "rb") as file, parquet.ParquetFile(file) as part:
            if (part.schema_arrow.metadata or {}).get(_KEY) != self._run:
                raise GoujiError(f"{path}: written by another version of the program, or with other options; give another folder, or --fresh to write this one anew")
            rows = part.read(["source", "sha256", "decision", "record"])
        asked = compute.match_substring(rows["record"], UNANSWERED)
        columns = [*rows.drop_columns("record").to_pydict().values(), asked.to_pylist()]
        self._held.executemany("insert or replace into held values (?, ?, ?, ?, ?)", [(*row, number) for row in zip(*columns, strict=True)])

    def has(self, given: Input) -> Held | None:
        """Whether an earlier part has this report; one that has changed since, or of which a question is open, is marked to be taken out of its part."""
        source = given.source.encode("utf-8", "replace").decode()
        found = self._held.execute("select sha256, decision, open, part from held where source = ?", (source,)).fetchone()
        if found is None:
            return None
        sha256, decision, is_open, part = found
        if (sha256 or "") == given.sha256 and not is_open:
            return Held(decision)
        self._replaced.setdefault(part, set()).add(source)
        return None

    def write(self, given: Input, line: Line, result: Result | None) -> None:
        """Keep the tables of one report until enough have come together for a part."""
        tables = (result.tables if result else b"") or tables_of([line.text])
        self._waiting.append(tables)
        self._size += len(tables)
        if len(self._waiting) >= _PART or self._size >= _PART_BYTES:
            self._flush()

    def finish(self) -> None:
        """Write the last part, and take what was read again out of the parts that have it from before."""
        self._flush()
        for number, sources in self._replaced.items():
            for table in (CELLS, FINDINGS, REPORTS):
                self._take_out(table, number, sources)
        self._replaced = {}

    def close(self) -> None:
        """Write what waits: it was read and need not be read again."""
        self._flush()
        self._held.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        parts = [read_tables(t) for t in self._waiting]
        for table in (CELLS, FINDINGS, REPORTS):
            self._store(table, self._next, pa.concat_tables([p[table] for p in parts]).combine_chunks())
        self._waiting, self._size = [], 0
        self._next += 1

    def _store(self, table: str, number: int, rows: pyarrow.Table) -> None:
        """Write one file under another name first, so that its own name says that it is whole."""
        from pyarrow import parquet

        path = self._path(table, number)
        whole = rows.cast(schema(table)).replace_schema_metadata({_KEY: self._run})
        with self._plain_errors(path):
            self._fs.makedirs(posixpath.dirname(path), exist_ok=True)
            with self._fs.open(f"{path}.new", "wb") as file:
                parquet.write_table(whole, file, compression="zstd")
            self._fs.mv(f"{path}.new", path)

    def _take_out(self, table: str, number: int, sources: set[str]) -> None:
        import pyarrow as pa
        from pyarrow import compute, parquet

        path = self._path(table, number)
        with self._plain_errors(path), self._fs.open(path, "rb") as file:
            rows = parquet.read_table(file)
        self._store(table, number, rows.filter(compute.invert(compute.is_in(rows["source"], value_set=pa.array(sorted(sources))))))

    def _parts(self) -> list[int]:
        return sorted(int(m[1]) for name in self._names(REPORTS) if (m := _NUMBER.fullmatch(posixpath.basename(name))))

    def _names(self, table: str) -> list[str]:
        folder = posixpath.join(self._root, table)
        with self._plain_errors(folder):
            return [str(x) for x in self._fs.ls(folder, detail=False)] if self._fs.isdir(folder) else []

    def _remove(self, table: str, start: int) -> None:
        """Remove the parts from a number on, and files that were never finished."""
        for name in self._names(table):
            number = _NUMBER.match(posixpath.basename(name))
            if number and (name.endswith(".new") or int(number[1]) >= start):
                with self._plain_errors(name):
                    self._fs.rm(name)

    def _path(self, table: str, number: int) -> str:
        return posixpath.join(self._root, table, f"part-{number:06}.parquet")

    def _plain_errors(self, path: str) -> _Plain:
        return _Plain(path)


class _Plain:
    """Turns the errors of a storage into one line that says what to do."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        import pyarrow as pa

        if isinstance(exc, OSError | pa.ArrowException):
            said = (getattr(exc, "strerror", None) or str(exc) or type(exc).__name__).splitlines()[0]
            raise GoujiError(f"{self._path}: {said}; whole parts are kept, the same command goes on from there") from exc
