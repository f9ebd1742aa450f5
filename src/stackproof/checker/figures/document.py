"""A page of figures: each a table, a plot, and what is claimed of it beside what the paper says."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from attrs import field, frozen

Draw: TypeAlias = Callable[[Any], None]


@frozen
class Claim:
    """What the paper says, what was measured, and whether the two agree.

    kind   `number`: the paper's number is claimed, within the tolerance; `shape`: only how the curve runs
    """

    kind: str
    what: str
    paper: str
    measured: str
    tolerance: str
    holds: bool


def number(what: str, paper: float, measured: float, relative: float, show: str = "{:.3g}") -> Claim:
    """A number of the paper, met within a relative tolerance."""
    holds = abs(measured - paper) <= relative * abs(paper)
    return Claim("number", what, show.format(paper), show.format(measured), f"{relative:.0%}", holds)


def close(what: str, paper: float, measured: float, absolute: float, show: str = "{:.3g}") -> Claim:
    """A number of the paper, met within an absolute tolerance."""
    holds = abs(measured - paper) <= absolute
    return Claim("number", what, show.format(paper), show.format(measured), f"± {absolute:g}", holds)


def shape(what: str, paper: str, measured: str, holds: bool, tolerance: str = "-") -> Claim:
    """How a curve runs."""
    return Claim("shape", what, paper, measured, tolerance, holds)


@frozen
class Figure:
    """One figure or table of a paper; `draw` is given matplotlib axes."""

    name: str
    title: str
    source: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    claims: tuple[Claim, ...]
    draw: Draw = field(repr=False)

    def markdown(self) -> str:
        """The figure as a section of a page."""
        said = [
            (one.kind, one.what, one.paper, one.measured, one.tolerance, "yes" if one.holds else "**no**")
            for one in self.claims
        ]
        claims = table(("claimed", "what", "paper", "here", "tolerance", "met"), said)
        parts = [f"## {self.title}", f"*{self.source}.* {self.text}", f"![{self.title}]({self.name}.svg)", claims]
        return "\n\n".join([*parts, table(self.columns, self.rows)])


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write(page: str, opening: str, figures: Iterable[Figure], folder: Path) -> bool:
    """Write the page and its plots into a folder; whether every claim holds."""
    from stackproof.checker.figures.plots import save  # noqa: PLC0415 - only drawing needs matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    sections, hold = [opening], True
    for figure in figures:
        save(figure.draw, folder / f"{figure.name}.svg")
        sections.append(figure.markdown())
        hold = hold and all(one.holds for one in figure.claims)
    (folder / f"{page}.md").write_text("\n\n".join(sections) + "\n", "utf-8", newline="\n")
    return hold
