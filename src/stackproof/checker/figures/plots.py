"""Plots: one look, and files that do not change when nothing has changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stackproof.checker.figures.document import Draw
from stackproof.checker.host import ScenarioError

try:
    import matplotlib
    from matplotlib.figure import Figure
except ImportError:
    raise ScenarioError("plots need matplotlib: pip install 'stackproof[plots]'") from None

OURS, PAPER, THIRD = "#1f5fa8", "#c2571a", "#5a8f3c"
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "stackproof",
}


def save(draw: Draw, path: Path) -> None:
    """Draw into a file, whose name says of which kind it is; the same drawing gives the same bytes."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7, 3.8), layout="constrained")
        draw(figure.add_subplot())
        plain = {"Date": None, "Creator": None} if path.suffix == ".svg" else {}
        figure.savefig(path, metadata=plain, dpi=110)


def ranges(axes: Any, x: Sequence[float], low: Sequence[float], mean: Sequence[float], high: Sequence[float], label: str) -> None:
    """Means, with a bar from the 1st to the 99th percentile of each."""
    below = [middle - bottom for middle, bottom in zip(mean, low, strict=True)]
    above = [top - middle for middle, top in zip(mean, high, strict=True)]
    axes.errorbar(x, mean, yerr=[below, above], fmt="o", color=OURS, ms=4.5, capsize=3, lw=1.2, label=label)


def of_paper(axes: Any, x: Sequence[float], y: Sequence[float], label: str, style: str = "s--") -> None:
    """What the paper has."""
    axes.plot(x, y, style, color=PAPER, ms=5, lw=1.4, label=label, markerfacecolor="none")
