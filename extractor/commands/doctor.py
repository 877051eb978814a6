"""``gouji doctor``: what is configured, reachable and supported, and what a run would cost."""

from __future__ import annotations

import asyncio

import typer

from extractor.model.doctor import Run, examine
from extractor.model.settings import load_settings

_MARKS = {True: "ok  ", False: "FAIL", None: "    "}


def run(ask: bool, reports: int, tokens_in: int, tokens_out: int) -> None:
    """Print every sign; typer.Exit(1) where one of them is ill."""
    planned = Run(reports, tokens_in, tokens_out) if reports else None
    signs = asyncio.run(examine(load_settings(), ask, planned))
    for sign in signs:
        typer.echo(f"{_MARKS[sign.well]} {sign.text}")
    if any(s.well is False for s in signs):
        raise typer.Exit(1)
