"""``gouji evaluate``: the readers scored against the golden set, for people and for machines."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import typer

from extractor import compareview, drawing, paired, pipeline, sideview
from extractor.commands.common import console, known_forms, tell, usage, write
from extractor.compare import canonical, compare, make_card, read_card
from extractor.evaluate import MODEL, RULES, evaluate, make_stamp, reader_names
from extractor.form import Form, default_folder
from extractor.golden import GoldenReport, load_golden
from extractor.plant import run_planted
from extractor.plant.run import FLAGGED, SILENT
from extractor.scorecard import render_terminal
from extractor.scorepage import render_html
from extractor.scores import Planted, PlantedEscape, Scorecard

_POLICY = ("policy.yaml", "confidence.json")


class Outputs(NamedTuple):
    """Where the scorecard goes besides the terminal."""

    json: Path | None
    html: Path | None


class Asked(NamedTuple):
    """What is scored: readers by comma, the store of recorded replies (None: the configured one), planted errors or not."""

    readers: str
    replies: Path | None
    plant: bool


def run(
    folder: Path, asked: Asked, split: str | None, forms: Path | None, outputs: Outputs, baseline: Path | None, version: str, home: Path
) -> None:
    """Score, write, print; typer.Exit(1) where a reader that decides accepted a wrong cell."""
    names = reader_names(asked.readers)
    if asked.plant and RULES not in names:
        raise usage("--planted shows what the rules make of planted errors; add rules to --readers")
    before = read_card(baseline) if baseline else None
    known = known_forms(forms)
    reports = load_golden(folder, known, split)
    stamp = make_stamp(folder, known, version, time.strftime("%Y-%m-%d")) | _policy() | _commit(home)
    card = _score(reports, known, names, asked, stamp)
    comparison = compare(before, make_card(card.to_dict(), "this run")) if before else None
    to_stdout = outputs.json is not None and write(outputs.json, canonical(card.to_dict()) + "\n")
    if outputs.html:
        write(outputs.html, render_html(card, comparison))
        if not drawing.available():
            tell(f"gouji: note: plots {drawing.MISSING}")
    out = console(stderr=to_stdout)
    render_terminal(card, out)
    compareview.render(out, list(sideview.sections(card)))
    if card.sides and card.sides.unrecorded:
        tell(f"gouji: note: {sideview.missing_line(card.sides)}")
    if comparison:
        compareview.render(out, list(compareview.sections(comparison)))
        if not paired.available():
            tell(f"gouji: note: p-values and intervals {paired.MISSING}")
    if any(c.total.silent for c in (card, *card.others.values()) if c.readers[0] != MODEL):
        raise typer.Exit(1)


def _score(reports: Sequence[GoldenReport], forms: Sequence[Form], names: Sequence[str], asked: Asked, stamp: Mapping[str, str]) -> Scorecard:
    """The card of the readers named, the first of them the main one. Replies are opened only where a reader answers from them."""
    if names == (RULES,):
        return _by_rules(reports, forms, asked, stamp)
    from extractor.model.prices import load_prices
    from extractor.model.replies import Replies
    from extractor.model.settings import load_settings
    from extractor.recorded import Recorded, choose_model
    from extractor.sidebyside import score_recorded, together

    settings = load_settings()
    prices = load_prices(settings.prices)
    with Replies(asked.replies or settings.replies, create=False) as replies:
        recorded = Recorded(replies, choose_model(replies, settings.model), forms, settings.tries)
        cards = score_recorded(reports, recorded, forms, names, stamp)
        if RULES in names:
            cards[RULES] = _by_rules(reports, forms, asked, stamp)
        return together({name: cards[name] for name in names}, reports, recorded, forms, prices)


def _by_rules(reports: Sequence[GoldenReport], forms: Sequence[Form], asked: Asked, stamp: Mapping[str, str]) -> Scorecard:
    card = evaluate(reports, lambda path: pipeline.extract_path(path, forms), forms, RULES, stamp)
    return replace(card, planted=_planted(reports, forms)) if asked.plant else card


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
