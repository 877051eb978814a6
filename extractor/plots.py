"""A Scorecard as plots, each one inline SVG that takes its ink from the page and is the same at every run.

matplotlib is an extra of the install; without it ``plots`` gives None and the page says what is missing. Texts are
English: the page's font draws them, and class and code names are ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING, Any

from extractor.scores import Scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISSING = "left out: they need matplotlib, which `pip install 'gouji[evaluate]'` brings"
_INK = "#010203"  # stands for the colour of the page's text until the SVG is in the page
_GOOD, _DOUBT, _BAD, _QUIET = "#2f7fd1", "#e0a100", "#d1432f", "#8a8a8a"
_MOST = 18  # bars of one plot
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gouji",
    "font.family": "sans-serif",
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _QUIET,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def available() -> bool:
    """Whether there can be plots."""
    return find_spec("matplotlib") is not None


def plots(card: Scorecard) -> Mapping[str, str] | None:
    """The plots by name, as SVG to stand inside an HTML page; only those with something to draw, None without matplotlib."""
    if not available():
        return None
    strata = sum(t.cells > 0 for t in card.by_shape.values())
    wanted: dict[str, tuple[bool, float, Callable[[Axes, Scorecard], None]]] = {
        "strata": (strata > 0, strata, _strata),
        "risk": (bool(card.risk.points), 9, _risk),
        "classes": (bool(card.classes), min(_MOST, len(card.classes)), _classes),
        "flags": (bool(card.stops), min(_MOST, len(card.stops)), _flags),
    }
    return {name: _svg(name, lines, draw, card) for name, (due, lines, draw) in wanted.items() if due}


def _svg(name: str, lines: float, draw: Callable[[Axes, Scorecard], None], card: Scorecard) -> str:
    """One plot, ``lines`` bars high."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if k != "backend"}  # not this user's settings
    with mpl.rc_context(style | _STYLE):
        figure = Figure(figsize=(8.4, 1.2 + 0.25 * lines), layout="constrained")
        draw(figure.subplots(), card)
        out = StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _inline(out.getvalue(), name)


def _inline(svg: str, name: str) -> str:
    """Without prologue, metadata and namespaces, with ids of its own, and in the page's ink."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:xmlns(?::\w+)?|version)="[^"]*"', "", svg)
    svg = re.sub(r'\bid="|href="#|url\(#', lambda m: f"{m[0]}{name}-", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace(_INK, "currentColor").strip()


def _strata(axes: Axes, card: Scorecard) -> None:
    """Of each shape of text: accepted, reviewed right, reviewed wrong or missing, silent."""
    groups = sorted(((k, t) for k, t in card.by_shape.items() if t.cells), key=lambda x: x[1].accepted_all / x[1].cells)
    parts = (
        ("accepted", _GOOD, [t.accepted_all - t.silent for _, t in groups]),
        ("silent error", _BAD, [t.silent for _, t in groups]),
        ("for review, wrong or missing", _DOUBT, [t.reviewed_wrong + t.missing for _, t in groups]),
        ("for review", _QUIET, [t.cells - t.accepted_all - t.reviewed_wrong - t.missing for _, t in groups]),
    )
    left = [0.0] * len(groups)
    for name, colour, counts in parts:
        shares = [n / t.cells for n, (_, t) in zip(counts, groups, strict=True)]
        axes.barh([k for k, _ in groups], shares, left=left, color=colour, label=name, height=0.7)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of cells")
    axes.legend(ncols=4, loc="lower left", bbox_to_anchor=(0, 1))


def _risk(axes: Axes, card: Scorecard) -> None:
    """Risk over coverage, and where the decisions stand."""
    n = card.risk.points[-1].covered
    coverage = [p.covered / n for p in card.risk.points]
    risk = [p.wrong / p.covered for p in card.risk.points]
    axes.plot(coverage, risk, color=_GOOD, marker=".", drawstyle="default", label="cells by stated confidence")
    if card.total.accepted:
        point = card.total.accepted / n, card.total.silent / card.total.accepted
        axes.plot(*point, color=_BAD, marker="D", linestyle="none", label="accepted cells", clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(0.002, *risk) * 1.1)
    axes.set_xlabel("coverage: share of judged cells")
    axes.set_ylabel("risk: wrong of the covered")
    axes.legend(loc="upper left")


def _classes(axes: Axes, card: Scorecard) -> None:
    """Of each class: errors seen, the bound on reports with one, and the error share that was stated."""
    shown = list(card.classes.items())[:_MOST][::-1]
    floor = 1e-6
    rows = range(len(shown))
    axes.plot([max(floor, c.bound) for _, c in shown], rows, color=_QUIET, marker="|", markersize=9, linestyle="none",
              label="bound on reports with an error")  # fmt: skip
    axes.plot([max(floor, 1 - c.confidence) for _, c in shown], rows, color=_GOOD, marker="o", linestyle="none",
              fillstyle="none", label="stated: 1 - confidence")  # fmt: skip
    axes.plot([max(floor, c.wrong / c.cells) for _, c in shown], rows, color=_BAD, marker="x", linestyle="none",
              label="seen: wrong of cells")  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(floor / 2, 1.5)
    axes.set_yticks(rows, [f"{_ascii(name)}  n={c.cells}{'' if c.accepted else '  (review)'}" for name, c in shown])
    axes.set_xlabel("share (log scale; at the left edge: none)")
    axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1))


def _flags(axes: Axes, card: Scorecard) -> None:
    """Of each code that sends: what it stopped alone, what others stopped too, and what was right."""
    shown = sorted(card.stops.items(), key=lambda x: x[1].reviewed)[-_MOST:]
    names = [_ascii(code) for code, _ in shown]
    parts = (
        ("wrong, stopped alone", _BAD, [s.wrong_alone for _, s in shown]),
        ("wrong, by others too", _DOUBT, [s.wrong - s.wrong_alone for _, s in shown]),
        ("right or lost", _QUIET, [s.reviewed - s.wrong for _, s in shown]),
    )
    left = [0] * len(shown)
    for name, colour, counts in parts:
        axes.barh(names, counts, left=left, color=colour, label=name, height=0.7)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("reviewed cells that carry the code")
    axes.legend(ncols=3, loc="lower right")


def _ascii(text: str) -> str:
    """What every font has; the dollar sign would open a formula."""
    return "".join(c if c.isascii() and c.isprintable() and c != "$" else "?" for c in text)
