"""Paths given by a person to the files to read.

Nothing is skipped silently: whatever is not a folder is yielded, so that a picture, a broken link or
a folder that may not be opened becomes an ``unreadable`` record. Only what no person put into a folder is passed over, and
counted: hidden names (``.git``, ``Thumbs.db``), and beside a saved page the folder of its pictures and scripts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from extractor.errors import GoujiError
from extractor.read.containers.base import PassedOver
from extractor.read.containers.names import companion_key, is_hidden, page_key


def discover(paths: Sequence[Path], passed: PassedOver | None = None) -> Iterator[Path]:
    """Yield the files to read for files and folders ``paths``: in the order given, folders sorted by name.

    A file named twice, and a folder reached twice (by a link), are read once; what is named is read whatever its name.
    ``passed`` counts what is passed over. Raises GoujiError where a path does not exist, before anything is yielded.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise GoujiError(f"{path}: no such file or folder: check the spelling and the working folder")
    return _files(paths, PassedOver() if passed is None else passed)


def _files(paths: Sequence[Path], passed: PassedOver) -> Iterator[Path]:
    named: set[str] = set()
    folders: set[tuple[int, int]] = set()
    for path in paths:
        if path.is_dir():
            yield from (file for file in _walk(path, folders, passed) if not named or os.path.abspath(file) not in named)
        elif os.path.abspath(path) not in named and not _walked(path, folders):
            named.add(os.path.abspath(path))
            yield path


def _walked(path: Path, folders: set[tuple[int, int]]) -> bool:
    return bool(folders) and not is_hidden(path.name) and _identity(path.absolute().parent) in folders


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _walk(folder: Path, seen: set[tuple[int, int]], passed: PassedOver) -> Iterator[Path]:
    """Yield what ``folder`` holds, depth first by name; ``seen`` stops link loops."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if not _is_folder(path):
            yield path
            continue
        identity = _identity(path)
        if identity in seen:
            continue
        seen.add(identity)
        try:
            names = sorted(entry.name for entry in os.scandir(path))
        except OSError:
            yield path  # reading it fails too, with the reason, and so becomes a record
            continue
        waiting.extend(path / name for name in reversed(list(_wanted(path, names, passed))))


def _wanted(folder: Path, names: list[str], passed: PassedOver) -> Iterator[str]:
    """The names in ``folder`` that are not passed over."""
    pages = {key for name in names if (key := page_key(name)) is not None}
    for name in names:
        if is_hidden(name):
            passed.hidden += 1
        elif companion_key(name) in pages and _is_folder(folder / name):
            passed.companions += sum(len(files) for _, _, files in os.walk(folder / name))
        else:
            yield name


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that may be listed and not entered
        return False
