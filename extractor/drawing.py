"""Pictures as inline SVG that take their ink and font from the page, and are the same at every run.

matplotlib is an extra of the install; ``available`` says whether it is there. Text stays text: the reader's fonts draw it.
What a report printed goes through ``Label``: matplotlib, whose own font has no Chinese, draws a stand-in of the same width.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Label = Callable[[str], str]
"""Gives the stand-in that is to be drawn for a text of any script."""

MISSING = "left out: they need matplotlib, which `pip install 'gouji[evaluate]'` brings"
GOOD, DOUBT, BAD, QUIET = "#2f7fd1", "#e0a100", "#d1432f", "#8a8a8a"
INK = "#010203"  # stands for the colour of the page's text until the SVG is in the page
_STAND_IN = re.compile(r"Q(\d{5})q*")
_WIDE = 1.6  # letters of a stand-in that are as wide as one Chinese character
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gouji",
    "font.family": "sans-serif",
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": QUIET,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def available() -> bool:
    """Whether there can be pictures."""
    return find_spec("matplotlib") is not None


def inline_svg(name: str, size: tuple[float, float], draw: Callable[[Figure, Label], None]) -> str:
    """What ``draw`` puts into a figure of ``size`` (inches), to stand inside an HTML page; ``name`` keeps its ids apart from others'."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    texts: list[str] = []

    def label(text: str) -> str:
        texts.append(text)
        return f"Q{len(texts) - 1:05d}".ljust(round(sum(_WIDE if ord(c) > 0x2E7F else 1 for c in text)), "q")

    style: dict[Any, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if k != "backend"}  # not this user's settings
    with mpl.rc_context(style | _STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, label)
        out = StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _STAND_IN.sub(lambda m: escape(texts[int(m[1])]), _inline(out.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """Without prologue, metadata and namespaces, with ids of its own, and in the page's ink."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:xmlns(?::\w+)?|version)="[^"]*"', "", svg)
    svg = re.sub(r'\bid="|href="#|url\(#', lambda m: f"{m[0]}{name}-", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace(INK, "currentColor").strip()
