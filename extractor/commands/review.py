"""``gouji review``: the review page on this machine alone."""

from __future__ import annotations

from extractor.commands.common import tell, usage
from extractor.commands.serve import run as serve
from extractor.web.settings import Reviewing, Settings


def run(db: str, port: int, reviewing: Reviewing, forms: str | None) -> None:
    """Serve the page until told to stop; exit 2 for a share that is none."""
    if not 0 <= reviewing.audit <= 1:
        raise usage(f"--audit {reviewing.audit:g}: a share is from 0 to 1, such as 0.02")
    if reviewing.blind and reviewing.audit:
        raise usage("--blind keys every cell, so there is nothing left for --audit; give one of them")
    serve(Settings(port=port, db=db, forms=forms, workers=1, review=reviewing), _say)


def _say(address: str) -> None:
    tell(f"gouji: review at {address} (open it in a browser; Ctrl-C ends it)")
