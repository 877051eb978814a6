"""Which program made a run: its version, and hashes of its code and of its data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from extractor.form import Form, default_folder

_SHORT = 16
_LIBRARIES = ("lxml", "charset-normalizer", "olefile", "pypdfium2")
_PROGRAMS = ("soffice", "antiword", "tesseract")


def make_stamp(forms: Sequence[Form]) -> dict[str, str]:
    """Version, code, data (policy, counts, costs), readers of formats and forms; equal stamps read equal bytes alike, but for what a model replies."""
    return {**_program(), "forms": _digest(Path(f.path) for f in forms)}


@lru_cache(maxsize=1)
def _program() -> dict[str, str]:
    package = Path(__file__).parent
    data = default_folder()
    return {
        "version": _version(),
        "code": _digest(package.rglob("*.py")),
        "data": _digest(p for p in data.iterdir() if p.suffix in (".yaml", ".json")),
        "readers": _readers(),
    }


def _readers() -> str:
    """What reads the formats: another version of it may read the same file otherwise, and without it there is only an error."""
    found = [f"{name} {_version_of(name)}" for name in _LIBRARIES] + [f"{name} {which(name) is not None}" for name in _PROGRAMS]
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:_SHORT]


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _version() -> str:
    try:
        return version("gouji")
    except PackageNotFoundError:
        return "checkout"


def _digest(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:_SHORT]
