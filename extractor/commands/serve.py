"""``gouji serve`` and ``gouji review``: the same app, for programs and for people."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from extractor.commands.common import tell, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractor.web.settings import Settings

_NEEDED = ("fastapi", "uvicorn", "sqlalchemy", "python_multipart", "prometheus_client", "pebble")


def run(settings: Settings, ready: Callable[[str], None] | None = None) -> None:
    """Serve until told to stop; ``ready`` is told the address once the service listens."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise usage(f"{missing[0]} is not installed; pip install 'gouji[web]'")
    from extractor.web.server import serve

    serve(settings, ready or _say)


def _say(address: str) -> None:
    tell(f"gouji: serving at {address} (Ctrl-C ends it)")
