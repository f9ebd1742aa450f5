"""Plots: one look, and files that do not change when nothing has changed. Only `save` needs matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stackproof.checker.figures.document import Draw
from stackproof.checker.host import ScenarioError

OURS, PALE, PAPER = "#1f5fa8", "#8fb4dc", "#c2571a"
STYLE: Any = {
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
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra
        from matplotlib.figure import Figure  # noqa: PLC0415 - likewise
    except ImportError:
        raise ScenarioError("plots need matplotlib: pip install 'stackproof[plots]'") from None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 3.8), layout="constrained")
        draw(figure.add_subplot())
        undated: Any = {"Date": None, "Creator": None} if path.suffix == ".svg" else {}
        figure.savefig(path, metadata=undated, dpi=110)


def ranges(axes: Any, x: Sequence[float], low: Sequence[float], mean: Sequence[float], high: Sequence[float]) -> None:
    """Means, each with a bar from the 1st to the 99th percentile."""
    below = [middle - bottom for middle, bottom in zip(mean, low, strict=True)]
    above = [top - middle for middle, top in zip(mean, high, strict=True)]
    label = "here: mean, 1st and 99th percentile"
    axes.errorbar(x, mean, yerr=[below, above], fmt="o", color=OURS, ms=4.5, capsize=3.5, lw=1.3, label=label)


def of_paper(axes: Any, x: Sequence[float], y: Sequence[float], label: str, style: str = "s") -> None:
    """What the paper has."""
    axes.plot(x, y, style, color=PAPER, ms=6.5, lw=1.4, label=label, markerfacecolor="white", markeredgewidth=1.6)


def named(axes: Any, x: str, y: str, legend: str = "best") -> None:
    """The names of the axes, and the legend."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.legend(loc=legend)
