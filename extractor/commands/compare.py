"""``gouji compare``: two scorecards side by side, the gate, and a new baseline with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import typer

from extractor import compareview, paired
from extractor.commands.common import console, tell, usage, write
from extractor.compare import baseline, canonical, compare, read_card
from extractor.gate import gate, load_gate


class Outputs(NamedTuple):
    """Where the comparison goes besides the terminal."""

    json: Path | None
    markdown: Path | None


def run(base: Path, new: Path, closing: bool, outputs: Outputs, reason: str | None) -> None:
    """Compare and print; typer.Exit(1) where ``closing`` and the gate is closed.

    With a ``reason``, ``new`` becomes the baseline at ``base`` after it was compared with the old one.
    """
    if reason is not None and not reason.strip():
        raise usage("--new-baseline needs a reason, in words that the next reader understands")
    if reason is not None and closing:
        raise usage("--new-baseline replaces what --gate compares with; give one of the two")
    if reason is not None and not base.exists():
        write(base, baseline(read_card(new), reason.strip()))
        tell(f"{base}: a first baseline")
        return
    base_card, new_card = read_card(base), read_card(new)
    comparison = compare(base_card, new_card)
    checks = gate(comparison, load_gate())
    parts = [compareview.gate_section(checks), *compareview.sections(comparison)]
    to_stdout = False
    if outputs.json:
        to_stdout = write(outputs.json, canonical(compareview.to_json(comparison, checks)) + "\n")
    if outputs.markdown:
        to_stdout = write(outputs.markdown, compareview.markdown(parts)) or to_stdout
    compareview.render(console(stderr=to_stdout), parts)
    if not paired.available():
        tell(f"gouji: note: p-values and intervals {paired.MISSING}")
    if reason is not None:
        write(base, baseline(new_card, reason.strip()))
        tell(f"{base}: replaced; commit it with the same reason")
    elif closing and any(c.closed for c in checks):
        raise typer.Exit(1)
