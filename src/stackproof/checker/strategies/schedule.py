"""Schedules: runs of a scenario, one event after the other of those that may happen."""

from collections.abc import Collection, Sequence
from typing import Any

from attrs import frozen
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stackproof import __version__
from stackproof.checker.registry import build
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import Step, Trace
from stackproof.checker.world import happenings

SMALL = ("two-phase-commit", "quorum", "abd", "drf", "chord")


@frozen(repr=False)
class Schedule(Trace):
    """A run that is printed as a story, one line for each event, by Hypothesis, too."""

    def __repr__(self) -> str:
        from stackproof.checker.render.story import headline  # noqa: PLC0415 - slow to import

        rows = (headline(number, step.event) for number, step in enumerate(self.steps))
        lines = (" ".join(part for part in (str(number), str(who), str(what)) if part) for number, who, what in rows)
        return "\n".join((f"<a schedule of {self.scenario or 'a scenario'}", *lines)) + ">"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@st.composite
def schedules(
    draw: DrawFn, scenario: Scenario, most: int = 20, events: Collection[str] | None = None, least: int = 0
) -> Schedule:
    """Runs of at most `most` events after the start, as a trace that `replay` and the exporters take.

    events   the names of those that may happen (None: all that `happenings` knows, faults included)
    least    runs that come to an end before so many events are not drawn

    Its `expect` says that every invariant holds on the way, which is for `replay` to find out. Shrinks to few events,
    and to those that `happenings` yields first.
    """
    choices = draw(st.lists(st.integers(0, 1 << 16), min_size=least + 1, max_size=most + 1))
    steps = taken(scenario, choices, events)
    assume(len(steps) > least)
    found = {"by": "hypothesis", "seed": None, "version": __version__}
    return Schedule(scenario.name, scenario.parameters, {"verdict": "held", "property": None}, found, steps)


def taken(scenario: Scenario, choices: Sequence[int], events: Collection[str] | None) -> tuple[Step, ...]:
    """The run in which of all that may happen, in the order of `happenings`, that with the next number does."""
    first, *others = choices
    begun = [Step(event, world) for event, world in scenario.initial()]
    steps = [begun[first % len(begun)]]
    for choice in others:
        ahead = [Step(*one) for one in happenings(steps[-1].world) if events is None or one[0].name in events]
        if not ahead:
            break
        steps.append(ahead[choice % len(ahead)])
    return tuple(steps)


def scenarios(names: Sequence[str] = SMALL) -> SearchStrategy[Scenario]:
    """Registered scenarios, with the defaults of their parameters; those of few worlds, where none are named."""
    return st.sampled_from(names).map(build)


def traces(most: int = 20) -> SearchStrategy[Schedule]:
    """Runs of small registered scenarios."""
    return scenarios().flatmap(lambda scenario: schedules(scenario, most))
