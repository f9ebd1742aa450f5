"""Quantities of a simulation: how many, how large in the middle and at the ends."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from attrs import frozen

from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate.simulated import Observation
from stackproof.reference.actor import NodeId
from stackproof.reference.storage.quorum_store import Invoked, Returned

COUNTED = ("hops", "rounds", "percent")


@frozen
class Summary:
    """Numbers in short. A percentile is the smallest of them that so many percent do not exceed."""

    count: int
    mean: float
    p1: float
    p50: float
    p99: float
    most: float


def summary(values: Sequence[float]) -> Summary:
    """The summary of at least one number."""
    import numpy as np  # noqa: PLC0415 - slow to import

    p1, p50, p99, most = np.percentile(values, (1, 50, 99, 100), method="inverted_cdf").tolist()
    return Summary(len(values), float(np.mean(values)), p1, p50, p99, most)


def quantities(observations: Iterable[Observation]) -> dict[str, Summary]:
    """What can be measured in any run, by name.

    `get ms`: from the invocation of each `get` to its return. `Found hops`: the field `hops` of each `Found` that was
    observed; likewise fields called `rounds` or `percent`, and those whose name ends in `_ms`. `Found path`: the steps
    from the first node of each `path` to its last.
    """
    found: dict[str, list[float]] = {}
    begun: dict[NodeId, tuple[float, str]] = {}
    for at_ms, node, event in observations:
        if isinstance(event, Invoked):
            begun[node] = at_ms, event.name
        elif isinstance(event, Returned) and node in begun:
            since_ms, name = begun.pop(node)
            found.setdefault(f"{name} ms", []).append(at_ms - since_ms)
        for name, value in measured(event):
            found.setdefault(f"{type(event).__name__} {name}", []).append(value)
    return {name: summary(values) for name, values in found.items()}


def measured(event: Any) -> Iterable[tuple[str, float]]:
    """The fields of an observed event that are quantities."""
    for one in attrs.fields(type(event)) if attrs.has(type(event)) else ():
        value = getattr(event, one.name)
        if (one.name in COUNTED or one.name.endswith("_ms")) and type(value) in (int, float):
            yield one.name.replace("_ms", " ms"), value
        elif one.name == "path" and value:
            yield "path", len(value) - 1


def unspent(scenario: Scenario) -> dict[str, int]:
    """The faults that the scenario grants to exploration, of which simulation makes no use."""
    return {name: count for name, count in scenario.faults.budget().items() if count}


def kinds(observations: Iterable[Observation]) -> dict[str, int]:
    """How often what was observed: events by the name of their type."""
    counts = Counter(type(one.event).__name__ for one in observations)
    return dict(sorted(counts.items()))
