"""What came of holding a scenario against its model, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from stackproof.checker.conformance.departure import Departure, shown
from stackproof.checker.conformance.refinement import Conformed
from stackproof.checker.render.story import story
from stackproof.checker.render.text import events, grid, title
from stackproof.checker.report import Verdict
from stackproof.checker.trace import Trace

NEAREST = 3


def of_conformance(found: Conformed) -> Group:
    """The verdict, what it stands on, and the step that the model does not have."""
    parts: list[RenderableType] = [title(found.verdict, found.scenario, found.parameters), Text(because(found)), ""]
    parts.append(grid(facts(found)))
    if found.departure is not None:
        parts += ["", *departed(found, found.departure)]
    return Group(*parts)


def because(found: Conformed) -> str:
    """What the verdict says, in a sentence."""
    if found.verdict is Verdict.HELD:
        return f"Every step of every reachable world is a step of the model {found.model}, or none."
    if found.verdict is Verdict.UNKNOWN:
        return f"The model {found.model} explains what was explored, but not all was: {found.why}."
    return f"The model {found.model} does not explain every step."


def facts(found: Conformed) -> Iterator[tuple[str, str]]:
    """How much was looked at, and how often each step of the model was taken."""
    seen = "" if found.orbits is None else " seen"
    yield "worlds", f"{found.worlds:,} distinct, {found.images:,} states of the model{seen}"
    if found.orbits is not None:
        yield "orbits", f"{found.orbits:,}, and the steps from one world of each were looked at"
    yield "transitions", f"{found.transitions:,}"
    yield "time", f"{found.seconds:.2f} s"
    for name, count in found.taken.items():
        yield name, f"{count:,}" if count else "never taken"
    yield "no step", f"{found.stutters:,}"


def departed(found: Conformed, departure: Departure) -> Iterator[RenderableType]:
    """The run, the two states where they differ, and the steps that come nearest."""
    expect = {"verdict": "held"}
    length = len(departure.steps) - 1
    yield Text(f"{f'After {events(length)}, ' if length else ''}{departure.reason}.")
    yield ""
    yield story(Trace(found.scenario, found.parameters, expect, {}, departure.steps))
    yield ""
    yield "What changed in the model's terms:"
    yield grid(changes(departure.before, departure.after))
    yield ""
    yield "What the nearest steps of the model lack to be this one:"
    yield grid((near.name, "; ".join(near.false)) for near in departure.nearest[:NEAREST])


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each component that changed, with what it no longer is and what it is."""
    for name, value in after.items():
        old, new = (members(shown(one)) for one in (before.get(name, frozenset()), value))
        gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
        if gone or come:
            yield name, "  ".join([*(f"-{one}" for one in gone), *(f"+{one}" for one in come)])


def members(form: Any) -> list[str]:
    """The parts of a relation or a function, or the one value, as words."""
    return [" ".join(map(str, one)) for one in form] if isinstance(form, list) else [str(form)]
