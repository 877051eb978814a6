"""The lines of reports read so far, by the hash of their bytes: what is found twice is read once."""

from __future__ import annotations

import sqlite3
import zlib
from typing import Protocol


class Reads(Protocol):
    """An output that lines can be read back from."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes that were written there."""
        ...


class Known:
    """An index on disk in a file without a name, gone with the process. It holds the lines themselves where no output can give them back."""

    def __init__(self, output: Reads | None = None) -> None:
        self._output = output
        # An empty name is a temporary database of SQLite's own, which goes to disk when it grows.
        self._index = sqlite3.connect("", isolation_level=None)
        self._index.execute("create table known (sha256 blob primary key, offset integer, length integer, line blob) without rowid")
        self._index.execute("begin")

    def put(self, sha256: str, line: str | None, place: tuple[int, int] | None) -> None:
        """Remember the line of a report; ``place`` is where the output has it."""
        row: tuple[bytes, int | None, int | None, bytes | None]
        if place is None:
            if line is None:
                return
            row = (bytes.fromhex(sha256), None, None, zlib.compress(line.encode("utf-8", "surrogatepass"), 1))
        else:
            row = (bytes.fromhex(sha256), *place, None)
        self._index.execute("insert or ignore into known values (?, ?, ?, ?)", row)

    def get(self, sha256: str) -> str | None:
        """The line of a report that is known."""
        found = self._index.execute("select offset, length, line from known where sha256 = ?", (bytes.fromhex(sha256),)).fetchone()
        if found is None:
            return None
        offset, length, packed = found
        if packed is not None:
            return zlib.decompress(packed).decode("utf-8", "surrogatepass")
        return self._output.read(offset, length).decode("utf-8", "replace") if self._output is not None else None

    def close(self) -> None:
        """Forget everything."""
        self._index.close()
