"""`python -m stackproof.checker.figures chord`: a page of figures with their plots."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from stackproof.checker.figures import chord, mesos
from stackproof.checker.figures.document import Figure, write
from stackproof.checker.host import ScenarioError

PAGES: dict[str, Any] = {"chord": chord, "mesos": mesos}


def figures(
    paper: Annotated[str, typer.Argument(metavar="PAPER", help=f"One of: {', '.join(PAGES)}.")],
    *,
    folder: Annotated[Path, typer.Option("--folder", help="Where to write the page and its plots.")] = Path(
        "docs/figures"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Smaller experiments, in about a minute.")] = False,
) -> None:
    """Measure the figures of a paper and write them down; exits with 1 if a claim does not hold."""
    if paper not in PAGES:
        raise typer.BadParameter(f"there are no figures of {paper!r}; there are some of {', '.join(PAGES)}")
    page = PAGES[paper]
    try:
        hold = write(paper, page.OPENING, told(page.figures(page.QUICK if quick else page.FULL)), folder)
    except ScenarioError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(0 if hold else 1)


def told(figures: Iterator[Figure]) -> Iterator[Figure]:
    """The figures, each told of on standard error when it has been measured."""
    began = time.monotonic()
    for figure in figures:
        missed = [claim.what for claim in figure.claims if not claim.holds]
        said = f"missed: {', '.join(missed)}" if missed else "every claim holds"
        print(f"{time.monotonic() - began:6.1f} s  {figure.source}: {said}", file=sys.stderr)  # noqa: T201
        yield figure


if __name__ == "__main__":
    typer.run(figures)
