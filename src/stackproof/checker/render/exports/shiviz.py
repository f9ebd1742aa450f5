"""A log for ShiViz, which draws what happened before what.

The first line is the expression that takes the log apart, the second that which finds the names of runs (there is one
run). Then two lines an event: the step and its sentence; the node and its vector clock (Mattern; Fidge), computed
from the run. ShiViz infers messages from the clocks: what was lost, what came back, cuts, and a message that tells its
receiver of nothing new cannot be shown. Events of the network (a loss, a cut) belong to no node and are left out.
"""

import json
import re
from collections.abc import Iterator

from stackproof.checker.host import Status
from stackproof.checker.render.flights import Flight, actor, flights
from stackproof.checker.render.story import sentence
from stackproof.checker.render.text import called
from stackproof.checker.replay import Replayed
from stackproof.checker.trace import Trace
from stackproof.reference.actor import NodeId

EXPRESSION = r"(?<step>\d+) (?<event>.*)\n(?<host>\S*) (?<clock>{.*})"
DELIMITER = "=== (?<trace>.*) ==="


def text_of(run: Replayed) -> str:
    """The run as a log that ShiViz reads without being told how."""
    named = f"=== {called(run.trace.scenario, run.trace.parameters)} ==="
    return "\n".join([EXPRESSION, DELIMITER, named, *log(run.trace)]) + "\n"


def log(trace: Trace) -> Iterator[str]:
    """The lines of the log."""
    hosts = dict(zip(trace.steps[0].world.names, spelled(trace.steps[0].world.names), strict=True))
    for number, name, clock in clocks(trace):
        event = trace.steps[number].event
        said = sentence(event).plain if number else f"{name} starts"
        yield f"{number} {' '.join(said.split())}"
        yield f"{hosts[name]} {json.dumps({hosts[one]: time for one, time in clock.items()})}"


def clocks(trace: Trace) -> Iterator[tuple[int, NodeId, dict[NodeId, int]]]:
    """Each step of each node, with its vector clock."""
    known: dict[NodeId, dict[NodeId, int]] = {name: {} for name in trace.steps[0].world.names}
    at: dict[int, dict[NodeId, dict[NodeId, int]]] = {}
    arrivals = {one.ended: one for one in flights(trace.steps) if one.how == "deliver"}
    for number, step in enumerate(trace.steps):
        node = actor(step.event)
        takers = [node] if node else [name for name in known if step.world.status[name] is not Status.ABSENT]
        for name in takers if node or number == 0 else ():
            clock = heard(known[name], arrivals.get(number), at)
            clock[name] = clock.get(name, 0) + 1
            known[name] = clock
            at.setdefault(number, {})[name] = clock
            yield number, name, clock


def heard(
    clock: dict[NodeId, int], arrived: Flight | None, at: dict[int, dict[NodeId, dict[NodeId, int]]]
) -> dict[NodeId, int]:
    """The clock of a node that hears what the sender of a message knew when it sent it."""
    told = at[arrived.sent][arrived.envelope.source] if arrived else {}
    return {name: max(clock.get(name, 0), told.get(name, 0)) for name in (*clock, *told)}


def spelled(names: tuple[NodeId, ...]) -> list[str]:
    """Names without blanks, each its own."""
    plain = [re.sub(r"\s+", "_", name) or "_" for name in names]
    return [name if plain.count(name) == 1 else f"{name}_{place}" for place, name in enumerate(plain)]
