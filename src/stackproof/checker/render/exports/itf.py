"""ITF, the Informal Trace Format of Apalache and Quint (ADR-015): a run as a sequence of states.

Variables are `nodes` (by name: status, timers, variables, what it raised), `in_flight` (how many of each message),
`cuts`, `left` (of each fault budget) and `monitors`. ITF has states and no events: the event that led to a state and
its message stand in the state's `#meta`. A loop of ITF ends in its last state; ours ends where it began, so the last
state is left out and the event that closes the loop stands in the `#meta` of the run.

Whole numbers are `#bigint`, tuples `#tup`, sets `#set`; what has a class is a variant tagged with its name.
"""

import json
from collections import Counter
from enum import Enum
from fractions import Fraction
from typing import Any

import attrs

from stackproof import __version__
from stackproof.checker.host import Host
from stackproof.checker.render.short import rank
from stackproof.checker.replay import Replayed
from stackproof.checker.trace import Step
from stackproof.checker.values import canonical
from stackproof.checker.world import World

VARIABLES = ("nodes", "in_flight", "cuts", "left", "monitors")


def text_of(run: Replayed) -> str:
    """The run as ITF."""
    return json.dumps(form(run)) + "\n"


def form(run: Replayed) -> dict[str, Any]:
    """The run as an ITF object."""
    trace = run.trace
    steps = trace.steps[:-1] if trace.round else trace.steps
    about: dict[str, Any] = {
        "format": "ITF",
        "description": f"Replayed by stackproof {__version__}",
        "scenario": trace.scenario,
    }
    about |= {"parameters": dict(trace.parameters), "status": run.verdict.value}
    about |= {"property": run.about, "reason": run.reason} if run.about else {}
    about |= {"closes_the_loop": action(trace.steps[-1])} if trace.round else {}
    loop = {} if trace.loop is None else {"loop": trace.loop}
    states = [state(number, step) for number, step in enumerate(steps)]
    return {"#meta": about, "vars": list(VARIABLES), "states": states} | loop


def state(number: int, step: Step) -> dict[str, Any]:
    """A world as a state."""
    return {"#meta": {"index": number, **action(step), "digest": step.world.digest}, **variables(step.world)}


def action(step: Step) -> dict[str, Any]:
    """The event that led to a state, as comments on it."""
    said = step.event.form()
    return {"action": said.pop("event")} | said


def variables(world: World) -> dict[str, Any]:
    """The variables of a state."""
    flying = Counter(world.in_flight)
    return {
        "nodes": mapping((name, node(host)) for name, host in zip(world.names, world.hosts, strict=True)),
        "in_flight": mapping((envelope(one), expression(count)) for one, count in flying.items()),
        "cuts": [
            {"here": names(cut.here), "there": names(cut.there), "one_way": cut.one_way} for cut in world.cuts
        ],
        "left": mapping((name, expression(value)) for name, value in world.left.budget().items()),
        "monitors": mapping((name, expression(ledger)) for name, ledger in world.monitors.items()),
    }  # fmt: skip


def mapping(pairs: Any) -> dict[str, Any]:
    """A map."""
    return {"#map": [[key, value] for key, value in pairs]}


def names(nodes: tuple[str, ...]) -> dict[str, Any]:
    """A set of nodes."""
    return {"#set": list(nodes)}


def node(host: Host) -> dict[str, Any]:
    """A node as a record."""
    timers = {"#set": [expression(one) for one in host.armed]}
    return {
        "status": host.status.value,
        "timers": timers,
        "variables": expression(host.node),
        "raised": host.error or "",
    }


def envelope(one: Any) -> dict[str, Any]:
    """A message in flight as a record."""
    return {"source": one.source, "target": one.target, "message": expression(one.message)}


def expression(value: Any) -> Any:
    """A value as an expression of ITF."""
    match value:
        case bool() | str():
            return str(value) if isinstance(value, Enum) else value
        case Enum():
            return variant(type(value).__name__, {"name": value.name})
        case int():
            return {"#bigint": str(value)}
        case None:
            return variant("Nothing", {})
        case frozenset():
            return {"#set": [expression(one) for one in sorted(value, key=rank)]}
        case Fraction():
            parts = {"numerator": expression(value.numerator), "denominator": expression(value.denominator)}
            return variant("Fraction", parts)
        case tuple():
            return tuple_of(value)
        case _ if attrs.has(type(value)) and not isinstance(value, type):
            fields = {one.name: expression(getattr(value, one.name)) for one in attrs.fields(type(value))}
            return variant(type(value).__name__, fields)
        case _:
            return {"#unserializable": canonical(value)}


def tuple_of(value: tuple[Any, ...]) -> dict[str, Any]:
    """A tuple; one with names is a variant."""
    parts = [expression(one) for one in value]
    if type(value) is tuple:
        return {"#tup": parts}
    named = getattr(value, "_fields", None) or [f"part{place}" for place in range(len(parts))]
    return variant(type(value).__name__, dict(zip(named, parts, strict=True)))


def variant(tag: str, value: dict[str, Any]) -> dict[str, Any]:
    """A tagged value."""
    return {"tag": tag, "value": value}
