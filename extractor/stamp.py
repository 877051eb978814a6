"""Which program made a run: its version, and hashes of its code and of its data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from extractor.form import Form, default_folder

_SHORT = 16


def make_stamp(forms: Sequence[Form]) -> dict[str, str]:
    """Version, code, data (policy, counts, costs) and forms; equal stamps read equal bytes alike, but for what a model replies."""
    return {**_program(), "forms": _digest(Path(f.path) for f in forms)}


@lru_cache(maxsize=1)
def _program() -> dict[str, str]:
    package = Path(__file__).parent
    data = default_folder()
    return {
        "version": _version(),
        "code": _digest(package.rglob("*.py")),
        "data": _digest(p for p in data.iterdir() if p.suffix in (".yaml", ".json")),
    }


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
