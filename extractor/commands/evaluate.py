"""``gouji evaluate``: the readers scored against the golden set, for people and for machines."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import typer

from extractor import compareview, paired, pipeline, plots
from extractor.commands.common import console, known_forms, tell, write
from extractor.compare import canonical, compare, make_card, read_card
from extractor.evaluate import evaluate, make_stamp
from extractor.form import Form, default_folder
from extractor.golden import GoldenReport, load_golden
from extractor.plant import run_planted
from extractor.plant.run import FLAGGED, SILENT
from extractor.scorecard import render_terminal
from extractor.scorepage import render_html
from extractor.scores import Planted, PlantedEscape

_POLICY = ("policy.yaml", "confidence.json")


class Outputs(NamedTuple):
    """Where the scorecard goes besides the terminal."""

    json: Path | None
    html: Path | None


def run(
    folder: Path, readers: str, split: str | None, forms: Path | None, outputs: Outputs,
    baseline: Path | None, plant: bool, version: str, home: Path,
) -> None:  # fmt: skip
    """Score, write, print; typer.Exit(1) where a wrong cell was accepted."""
    before = read_card(baseline) if baseline else None
    known = known_forms(forms)
    reports = load_golden(folder, known, split)
    stamp = make_stamp(folder, known, version, time.strftime("%Y-%m-%d")) | _policy() | _commit(home)
    names = [r.strip() for r in readers.split(",")]
    card = evaluate(reports, lambda path: pipeline.extract_path(path, known), known, names, stamp)
    if plant:
        card = replace(card, planted=_planted(reports, known))
    comparison = compare(before, make_card(card.to_dict(), "this run")) if before else None
    to_stdout = outputs.json is not None and write(outputs.json, canonical(card.to_dict()) + "\n")
    if outputs.html:
        write(outputs.html, render_html(card, comparison))
        if not plots.available():
            tell(f"gouji: note: plots {plots.MISSING}")
    out = console(stderr=to_stdout)
    render_terminal(card, out)
    if comparison:
        compareview.render(out, list(compareview.sections(comparison)))
        if not paired.available():
            tell(f"gouji: note: p-values and intervals {paired.MISSING}")
    if card.total.silent:
        raise typer.Exit(1)


def _policy() -> dict[str, str]:
    """One hash of the files that say which decisions are accepted, and how sure they are."""
    digest = hashlib.sha256()
    for name in _POLICY:
        path = default_folder() / name
        digest.update(path.read_bytes() if path.is_file() else b"")
    return {"policy": digest.hexdigest()[:16]}


def _commit(home: Path) -> dict[str, str]:
    """The commit of the checkout at ``home``, marked where it has uncommitted changes; nothing outside a checkout."""
    git = shutil.which("git")
    if git is None or not (home / ".git").exists():
        return {}

    def ask(*words: str) -> str:
        done = subprocess.run([git, *words], cwd=home, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - fixed words
        return done.stdout.strip()

    commit = ask("rev-parse", "--short=12", "HEAD")
    return {"commit": commit + (" and changes" if ask("status", "--porcelain") else "")} if commit else {}


def _planted(reports: Sequence[GoldenReport], forms: Sequence[Form]) -> Planted:
    """Known errors put into the texts, in the scorecard's own words."""
    got = run_planted(reports, forms)
    escapes = (
        PlantedEscape(e.kind, e.outcome, e.report, e.plant, tuple(f"{c.field}={c.value or 'blank'}" for c in e.escaped))
        for e in got.escapes
    )
    return Planted(len(got.texts), got.seeds, got.counts, (SILENT, FLAGGED), tuple(escapes))
