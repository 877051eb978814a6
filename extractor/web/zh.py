"""The Chinese sentences of the review page: ``zh.yaml``, checked nowhere but in the tests."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


@lru_cache(maxsize=1)
def sentences() -> dict[str, Any]:
    """Every section of ``zh.yaml`` by its name."""
    path = Path(__file__).with_name("zh.yaml")
    data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return data
