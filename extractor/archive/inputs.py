"""What a run reads, as often as it is asked for: without the files that the run itself writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from extractor.errors import GoujiError
from extractor.read.discover import discover
from extractor.read.inputs import Input, file_input, inputs


class Archive:
    """The reports under ``paths``; ``ours`` are absolute names of files that are not read, for the run writes them.

    Raises GoujiError where a path does not exist or a folder holds no file at all.
    """

    def __init__(self, paths: Sequence[Path], max_bytes: int, ours: frozenset[str]) -> None:
        self._paths, self._max_bytes, self._ours = tuple(paths), max_bytes, ours
        self._over: set[str] = set()
        self.count = sum(1 for _ in discover(paths))
        for path in paths:
            if path.is_dir() and next(iter(discover([path])), None) is None:
                raise GoujiError(f"{path}: no file in this folder; give the folder that holds the reports")

    def __iter__(self) -> Iterator[Input]:
        for given in inputs(self._paths, self._max_bytes):
            if os.path.abspath(given.source) in self._ours:
                self._over.add(given.source)
            else:
                yield given

    def passed_over(self) -> list[str]:
        """Sentences about what was not read."""
        return [f"{name} lies among the reports and is not read; it is the output" for name in sorted(self._over)]


def one(source: str, max_bytes: int) -> Input:
    """The input of this name: a file, or a member of an archive as records name it (``a.zip!/b.docx``). GoujiError where there is none."""
    file, inside, _ = source.partition("!/")
    if not inside or os.path.lexists(source):
        return file_input(Path(source), max_bytes)
    found = next((x for x in inputs([Path(file)], max_bytes) if x.source == source), None)
    if found is None:
        raise GoujiError(f"{source}: not in {file}; `gouji extract {file} --jsonl -` names what is in it")
    return found
