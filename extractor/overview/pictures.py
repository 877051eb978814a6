"""The status as pictures: each one inline SVG, with a table beside it in the page that says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from extractor.across.coverage import SIGNS, Coverage, CoverageTable, Row
from extractor.drawing import BAD, DOUBT, GOOD, INK, QUIET, Label, available, inline_svg
from extractor.overview.status import FindingKind, Group, Status
from extractor.overview.sums import YearlyTotal
from extractor.overview.words import most_gaps, newest
from extractor.record import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNITS = 60  # rows of the map
YEARS = 15  # columns of every picture, the newest
RULES = 20  # bars of the findings
_TWICE = "#8a63b8"
_COLOURS = {
    Coverage.ACCEPTED: GOOD, Coverage.REVIEW: DOUBT, Coverage.TWICE: _TWICE, Coverage.UNREADABLE: BAD, Coverage.MISSING: "none",
}  # fmt: skip
_ON = {Coverage.REVIEW: "#1b1b1b", Coverage.MISSING: INK}  # of a sign; white elsewhere
_WIDE = 8.4
_ACROSS = 3  # small pictures side by side
_LONGEST = 24  # characters of a name beside the map


def pictures(s: Status) -> Mapping[str, str] | None:
    """The pictures by name; only those with something to draw, None without matplotlib."""
    if not available():
        return None
    groups = [g for g in s.groups if g.cells]
    rows = ceil(len({t.series for t in s.totals}) / _ACROSS)
    table = newest(s.coverage, YEARS)
    shown = most_gaps(table, UNITS)
    wanted: dict[str, tuple[bool, float, Callable[[Figure, Label], None]]] = {
        "years": (bool(s.coverage.rows), 2.2, partial(_years, table)),
        "map": (bool(shown), 0.6 + 0.2 * len(shown), partial(_map, table.years, shown)),
        "cells": (bool(groups), 2.2, partial(_cells, groups)),
        "findings": (bool(s.findings), 0.9 + 0.22 * min(RULES, len(s.findings)), partial(_findings, s.findings)),
        "totals": (bool(s.totals), 1.75 * rows, partial(_totals, s.totals)),
    }
    return {name: inline_svg(name, (_WIDE, high), draw) for name, (due, high, draw) in wanted.items() if due}


def _years(table: CoverageTable, figure: Figure, _: Label) -> None:
    """Of each year: how many units are in each state."""
    axes = figure.subplots()
    counts = [Counter(row.years[at].state for row in table.rows) for at in range(len(table.years))]
    parts = [(state.value, _COLOURS[state], [float(n[state]) for n in counts]) for state in _COLOURS]
    _stacked(axes, [str(y) for y in table.years], parts)
    axes.set_ylabel("units")


def _cells(groups: Sequence[Group], figure: Figure, _: Label) -> None:
    """Of each year's cells: accepted by the program, settled by people, open."""
    axes = figure.subplots()
    n: dict[int | None, Counter[str]] = {}
    for g in groups:
        n.setdefault(g.year, Counter()).update(cells=g.cells, accepted=g.accepted, open=g.open, people=g.cells - g.accepted - g.open)
    years = [*sorted(y for y in n if y is not None)[-YEARS:], *([None] if None in n else [])]
    named = (("accepted by the program", GOOD, "accepted"), ("answered or settled", "#4f9d69", "people"), ("open", DOUBT, "open"))
    _stacked(axes, [str(y or "no year") for y in years], [(name, c, [100 * n[y][k] / n[y]["cells"] for y in years]) for name, c, k in named])
    axes.set_ylabel("% of cells")


def _stacked(axes: Axes, names: Sequence[str], parts: Sequence[tuple[str, str, list[float]]]) -> None:
    below = [0.0] * len(names)
    for name, colour, sizes in parts:
        line = QUIET if colour == "none" else colour
        axes.bar(names, sizes, bottom=below, color=colour, edgecolor=line, linewidth=0.8, label=name, width=0.7)
        below = [a + b for a, b in zip(below, sizes, strict=True)]
    axes.set_xlim(-0.6, max(5, len(names)) - 0.4)  # a bar of few years is no wall
    axes.grid(visible=False, axis="x")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def _map(years: Sequence[int], rows: Sequence[Row], figure: Figure, label: Label) -> None:
    """A square for each unit and year, by state."""
    from matplotlib.patches import Rectangle

    axes = figure.subplots()
    for y, row in enumerate(rows):
        for x, place in enumerate(row.years):
            if place.state is Coverage.OUTSIDE:
                continue
            edge = QUIET if place.state is Coverage.MISSING else "none"
            axes.add_patch(Rectangle((x - 0.46, y - 0.42), 0.92, 0.84, facecolor=_COLOURS[place.state], edgecolor=edge, linestyle=":"))
            sign = SIGNS[place.state] + ("*" if place.broken else "")
            axes.text(x, y, label(sign), ha="center", va="center", fontsize=8, color=_ON.get(place.state, "white"))
    names = [visible(r.name) for r in rows]
    axes.set_yticks(range(len(rows)), [label(n if len(n) <= _LONGEST else n[: _LONGEST - 1] + "…") for n in names])
    axes.set_xticks(range(len(years)), [str(y) for y in years])
    axes.set_xlim(-0.5, max(8, len(years)) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)


def _findings(kinds: Sequence[FindingKind], figure: Figure, label: Label) -> None:
    """Findings by rule, stacked by blame."""
    from matplotlib.ticker import MaxNLocator

    axes = figure.subplots()
    shown = list(kinds[:RULES])[::-1]
    names = [label(f.rule) for f in shown]
    left = [0] * len(shown)
    parts = (("the report's fault", BAD, "report"), ("a reading in doubt", DOUBT, "reading"), ("unknown", QUIET, "unknown"))
    for name, colour, blame in parts:
        counts = [int(getattr(f, blame)) for f in shown]
        axes.barh(range(len(shown)), counts, left=left, color=colour, label=name, height=0.7)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.set_yticks(range(len(shown)), names)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("findings")
    axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))


def _totals(totals: Sequence[YearlyTotal], figure: Figure, label: Label) -> None:
    """One small picture a series: the sum of each year, and the share of the reports that is in it."""
    from matplotlib.ticker import EngFormatter

    series = [(s, list(found)) for s, found in groupby(totals, key=lambda t: t.series)]
    grid = figure.subplots(ceil(len(series) / _ACROSS), _ACROSS, squeeze=False)
    for axes, (s, found) in zip(grid.flat, series, strict=False):
        shown = found[-YEARS:]
        axes.bar(range(len(shown)), [float(t.value or 0) for t in shown], color=GOOD, width=0.7)
        axes.set_xticks(range(len(shown)), [f"{t.year}\n{100 * t.counted // t.of}%" for t in shown], fontsize=7)
        axes.set_xlim(-0.6, max(4, len(shown)) - 0.4)
        axes.tick_params(axis="y", labelsize=7)
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        axes.grid(visible=False, axis="x")
        axes.set_title(label(f"{s.says or s.name} [{s.unit}]"), fontsize=9, loc="left")
    for axes in list(grid.flat)[len(series) :]:
        axes.set_visible(False)
