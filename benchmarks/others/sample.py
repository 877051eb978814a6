"""The reports that every tool is given, as files, with what each prints: generated ones, and the golden set rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.damage import SHAPES, Case, Truth, make_case
from benchmarks.render import golden_page, render, rendered_case
from benchmarks.score import ROOT
from extractor.form import Form, load_forms
from extractor.golden import load_golden

FIRST_SEED = 73_000
GOLDEN = "golden"
"""The level of the golden reports: whatever is wrong with them, as published."""

FORMATS: dict[str, tuple[str, ...]] = {
    "text": tuple(s for s in SHAPES if s != "html"),
    "html": ("semantic", "plain", "damage"),
    "docx": ("plain", "runs"),
    "xlsx": ("sheet", "sheets", "formatted"),
    "pdf": ("ruled", "once"),
    "pdf-unruled": ("unruled",),
}
"""Each format with the shapes or variants that its reports take in turn; ``damage`` is a page as `benchmarks.damage` writes it."""


@dataclass(frozen=True, slots=True)
class Report:
    """One file, and the truth of every field of its form; ``unplaceable`` where the text no longer says which figure is whose."""

    path: Path
    format: str
    level: str
    form: Form
    truth: tuple[Truth, ...]
    unplaceable: bool = False


def write(folder: Path, formats: Sequence[str], levels: Sequence[str], reports: int, texts: int, golden: bool) -> list[Report]:
    """Write ``reports`` files of each format and level (``texts`` of plain text) under ``folder``: a folder a format, in it one a level."""
    out: list[Report] = []
    for format_ in formats:
        for level in levels:
            out += _generated(_new(folder / format_ / level), format_, level, texts if format_ == "text" else reports)
        out += _golden(_new(folder / format_ / GOLDEN), format_) if golden else []
    return out


def _new(place: Path) -> Path:
    place.mkdir(parents=True)
    return place


def made(form: Form, seed: int, level: str, format_: str, way: str) -> Case:
    """A generated report in one of the ways of a format in ``FORMATS``."""
    if format_ == "text" or way == "damage":
        return make_case(form, seed, "html" if way == "damage" else way, level)
    return rendered_case(form, seed, level, _kind(format_), way)


def _generated(place: Path, format_: str, level: str, count: int) -> Iterator[Report]:
    forms, ways = load_forms(), FORMATS[format_]
    for n in range(count):
        form, way, seed = forms[n // len(ways) % len(forms)], ways[n % len(ways)], FIRST_SEED + n
        case = made(form, seed, level, format_, way)
        path = place / f"{n:05}{case.suffix}"
        path.write_bytes(case.data)
        yield Report(path, format_, level, form, case.truth, case.unplaceable)


def _golden(place: Path, format_: str) -> Iterator[Report]:
    """The golden reports: as plain text the whole texts that their labels were keyed from, else their labels rendered."""
    by_id = {f.id: f for f in load_forms()}
    for report in load_golden(ROOT / "golden", load_forms()):
        if report.form_id is None:
            continue
        form = by_id[report.form_id]
        truth = tuple(Truth(c.value, c.printed or None, frozenset({c.status})) for c in report.cells)
        if format_ == "text":
            files = {f"{report.id}-{n}{s.file.suffix}": s.file.read_bytes() for n, s in enumerate(report.sources) if not s.cut}
        else:
            data = render(golden_page(form, report), _kind(format_), next(w for w in FORMATS[format_] if w != "damage"))
            files = {f"{report.id}.{_kind(format_)}": data}
        for name, data in files.items():
            path = place / name
            path.write_bytes(data)
            yield Report(path, format_, GOLDEN, form, truth)


def _kind(format_: str) -> str:
    return format_.partition("-")[0]
