"""What a run reads, as often as it is asked for: without the files that the run itself writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from extractor.errors import GoujiError
from extractor.read.discover import discover
from extractor.read.inputs import Input, PassedOver, count, inputs


class Archive:
    """The reports under ``paths``; ``ours`` are absolute names of files and folders that are not read, for the run writes them.

    ``count`` is how many there are, None where only reading them would tell. Raises GoujiError where a path does not exist or a folder holds
    no file at all.
    """

    def __init__(self, paths: Sequence[Path], max_bytes: int, ours: frozenset[str]) -> None:
        self._paths, self._max_bytes, self._ours = tuple(paths), max_bytes, ours
        self.passed = PassedOver()
        self.count = count(paths)
        for path in paths:
            if path.is_dir() and next(iter(discover([path])), None) is None:
                raise GoujiError(f"{path}: no file in this folder; give the folder that holds the reports")

    def __iter__(self) -> Iterator[Input]:
        self.passed = PassedOver()
        return inputs(self._paths, self._max_bytes, self.passed, self._ours)


def one(source: str, max_bytes: int) -> Input:
    """The input of this name: a file, or a member of an archive as records name it (``a.zip!/b.docx``). GoujiError where there is none."""
    if Path(source).is_dir():
        raise GoujiError(f"{source}: is a folder; give one report")
    file = source if Path(source).exists() else source.partition("!/")[0]
    shown = os.fsencode(file).decode("utf-8", "replace")  # as records name it
    given = inputs([Path(file)], max_bytes)
    first = next(given)
    if source == file:
        if first.source != shown:
            raise GoujiError(f"{shown}: is an archive; name one report in it as records do, such as '{first.source}'")
        return first
    found = next((x for x in chain([first], given) if x.source == source), None)
    if found is None:
        raise GoujiError(f"{source}: not in {shown}; `gouji extract {shown} --jsonl -` names what is in it")
    return found
