"""A Scorecard as plots, each one inline SVG that takes its ink from the page and is the same at every run.

matplotlib is an extra of the install; without it ``plots`` gives None and the page says what is missing. Texts are
English: the page's font draws them, and class and code names are ASCII.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from extractor.drawing import BAD, DOUBT, GOOD, QUIET, available, inline_svg
from extractor.scores import Scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 18  # bars of one plot


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
    return inline_svg(name, (8.4, 1.2 + 0.25 * lines), lambda figure, _: draw(figure.subplots(), card))


def _strata(axes: Axes, card: Scorecard) -> None:
    """Of each shape of text: accepted, reviewed right, reviewed wrong or missing, silent."""
    groups = sorted(((k, t) for k, t in card.by_shape.items() if t.cells), key=lambda x: x[1].accepted_all / x[1].cells)
    parts = (
        ("accepted", GOOD, [t.accepted_all - t.silent for _, t in groups]),
        ("silent error", BAD, [t.silent for _, t in groups]),
        ("for review, wrong or missing", DOUBT, [t.reviewed_wrong + t.missing for _, t in groups]),
        ("for review", QUIET, [t.cells - t.accepted_all - t.reviewed_wrong - t.missing for _, t in groups]),
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
    axes.plot(coverage, risk, color=GOOD, marker=".", drawstyle="default", label="cells by stated confidence")
    if card.total.accepted:
        point = card.total.accepted / n, card.total.silent / card.total.accepted
        axes.plot(*point, color=BAD, marker="D", linestyle="none", label="accepted cells", clip_on=False)
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
    axes.plot([max(floor, c.bound) for _, c in shown], rows, color=QUIET, marker="|", markersize=9, linestyle="none",
              label="bound on reports with an error")  # fmt: skip
    axes.plot([max(floor, 1 - c.confidence) for _, c in shown], rows, color=GOOD, marker="o", linestyle="none",
              fillstyle="none", label="stated: 1 - confidence")  # fmt: skip
    axes.plot([max(floor, c.wrong / c.cells) for _, c in shown], rows, color=BAD, marker="x", linestyle="none",
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
        ("wrong, stopped alone", BAD, [s.wrong_alone for _, s in shown]),
        ("wrong, by others too", DOUBT, [s.wrong - s.wrong_alone for _, s in shown]),
        ("right or lost", QUIET, [s.reviewed - s.wrong for _, s in shown]),
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
