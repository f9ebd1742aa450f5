"""A run as a program: one call for each event, of the state machine that machine.py makes of its scenario."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import attrs

from stackproof.checker.render.short import rank
from stackproof.checker.trace import Trace
from stackproof.checker.world import Event

NODE, MESSAGE, LINKS = ("node",), ("source", "to", "what"), ("cut",)
PARTS: dict[str, tuple[str, ...]] = {
    "deliver": MESSAGE,
    "fire": ("node", "what"),
    "drop": MESSAGE,
    "duplicate": MESSAGE,
    "bounce": MESSAGE,
    "crash": NODE,
    "restart": NODE,
    "pause": NODE,
    "resume": NODE,
    "join": NODE,
    "leave": NODE,
    "cut": LINKS,
    "heal": LINKS,
}
"""What tells one event from others of its kind, and so the arguments of the call that stands for it."""
FIELDS = {"node": "node", "source": "source", "to": "target", "what": "message", "cut": "cut", "choose": "choose"}
"""What each of them is called in an event. Hypothesis wants the word `target`, and prints arguments by the alphabet."""
WITH_CHOICES = ("deliver", "fire", "bounce", "crash", "restart", "join", "leave")
"""The kinds of event in which a node may choose; `deliver_choosing` stands for a delivery in which one does."""


def arguments(kind: str, choosing: bool) -> tuple[str, ...]:
    """The arguments of the call for such an event."""
    return ("choose", *PARTS[kind]) if choosing else PARTS[kind]


def call(event: Event) -> str:
    """The call that stands for an event other than the start."""
    choosing = bool(event.choose)
    said = (f"{part}={code(part_of(event, part))}" for part in arguments(event.name, choosing))
    return f"state.{event.name}{'_choosing' if choosing else ''}({', '.join(said)})"


def part_of(event: Event, part: str) -> Any:
    """One of the arguments that stand for an event."""
    return getattr(event, FIELDS[part])


def program(trace: Trace) -> Iterator[str]:
    """A run line by line, as Hypothesis prints one of a state machine."""
    scenario = trace.steps[0].world.scenario
    yield "state = machine_of(scenario)()"
    for number, step in enumerate(trace.steps):
        if number:
            yield call(step.event)
        elif step.event.choose:
            yield f"state.begin(start={[event for event, _ in scenario.initial()].index(step.event)})"
        if number == trace.loop and trace.round:
            yield "# from here for ever:"
    if trace.round == 0 or trace.expect["property"] in (claim.__name__ for claim in scenario.always_reachable):
        yield "state.settle()"


def code(value: Any) -> str:
    """A value as Python writes it, the same on every run."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if attrs.has(type(value)):
        parts = (f"{part.name}={code(getattr(value, part.name))}" for part in attrs.fields(type(value)))
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, frozenset):
        return f"frozenset({{{', '.join(code(part) for part in sorted(value, key=rank))}}})" if value else "frozenset()"
    if type(value) is tuple:
        return f"({', '.join(map(code, value))}{',' * (len(value) == 1)})"
    return value.__name__ if isinstance(value, type) else repr(value)
