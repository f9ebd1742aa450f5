"""Searching: many runs drawn by lot, where there are too many worlds to visit them all.

Hypothesis draws runs with faults, and each is brought to an end (settling.py). Random walks at native speed then go
over the same ground faster, and look at few of the ends (walks.py). What fails is shrunk to a trace.
"""

from typing import TYPE_CHECKING, Literal, TypeAlias

from stackproof.checker.host import ScenarioError
from stackproof.checker.scenario import Scenario

if TYPE_CHECKING:
    from stackproof.checker.search.hunting import Watcher
    from stackproof.checker.search.report import Searched

By: TypeAlias = Literal["both", "hypothesis", "walks"]

EXAMPLES = 2_000
STEPS = 100


def search(
    scenario: Scenario,
    *,
    seed: int = 0,
    seconds: float | None = None,
    examples: int | None = None,
    steps: int | None = None,
    by: By = "both",
    watcher: "Watcher | None" = None,
) -> "Searched":
    """Run `scenario` many times, with faults, and shrink what breaks one of its properties.

    seed      all chance comes from it: the same seed and the same number of examples make the same runs
    seconds   go on with seeds made from this one until the time is up
    examples  how many runs Hypothesis draws, 2,000 unless there is a time; walks take 1,000 steps for each of them
    steps     how many events a run has before it is mended and settles, 100 unless said otherwise; walks take twice
              as many before they begin anew
    by        only one of the two searchers
    watcher   is told the progress about ten times a second
    """
    if by not in ("both", "hypothesis", "walks"):
        raise ScenarioError(f"nothing searches by {by!r}: take both, hypothesis or walks")
    if examples is None and seconds is None:
        examples = EXAMPLES
    from stackproof.checker.search.rounds import searched  # noqa: PLC0415 - slow to import

    return searched(scenario, seed, seconds, examples, STEPS if steps is None else steps, by, watcher)
