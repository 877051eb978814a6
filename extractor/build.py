"""How this program was built."""

from __future__ import annotations

from importlib.util import find_spec


def compiled() -> bool:
    """Whether the stages that read and prove run as machine code (docs/runs.md, "Compiled"). They read the same bytes alike either way."""
    spec = find_spec("extractor.expr")
    return spec is not None and not str(spec.origin).endswith(".py")
