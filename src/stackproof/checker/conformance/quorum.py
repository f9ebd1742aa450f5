"""The quorum store as the model of reads sees it: copies, puts by their version, gets by their client and number.

Write sets are all sets of W replicas, read sets all of R. What replicas were told and said is forgotten in time by
those who heard it, so it is remembered here. A get's result is known by its version: no two puts put the same value.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Any, TypeAlias

from attrs import evolve, frozen

from stackproof.checker.conformance.formulas import Structure
from stackproof.checker.conformance.refinement import Image, Refinement
from stackproof.checker.history import History
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import Event, World
from stackproof.reference.actor import NodeId
from stackproof.reference.storage.quorum_store import Client, Get, Phase, Put, Query, Replica, Store, Version
from stackproof.spec.quorum import READS

A_GET: TypeAlias = tuple[NodeId, int]
FIRST = Version()
NOBODY = ""


@frozen(cache_hash=True)
class Past:
    """What no world remembers.

    picked  the version of each put that began, by value       stored  who acknowledged which version
    by      with whom each put was completed                   heard   what each get was told by whom
    """

    picked: frozenset[tuple[Any, Version]] = frozenset({(None, FIRST)})
    stored: frozenset[tuple[NodeId, Version]] = frozenset()
    by: frozenset[tuple[Version, frozenset[NodeId]]] = frozenset()
    heard: frozenset[tuple[A_GET, NodeId, Version]] = frozenset()


def refinement(scenario: Scenario) -> Refinement:
    """The store with the quorums of the scenario's clients."""
    versions: dict[Version, None] = {FIRST: None}

    def image(world: World, past: Past) -> Image:
        """Who holds what, and where each put and each get stands."""
        versions.update(dict.fromkeys(version for _, version in past.picked))
        return state(world, past)

    symbols: dict[str, Any] = {"first": FIRST, "at_most": Order(), **sets_of(scenario)}
    sorts = {"Version": versions, "Replica": replicas(scenario), "Get": gets(scenario), **universe_of(scenario)}
    return Refinement(READS, lambda scenario: Structure(sorts, symbols), image, Past(), remember)


class Order:
    """The order of versions, as a relation."""

    def __contains__(self, pair: tuple[Version, Version]) -> bool:
        one, other = pair
        return one <= other


def replicas(scenario: Scenario) -> tuple[NodeId, ...]:
    """The names of the replicas."""
    return tuple(node.id for node in scenario.nodes if isinstance(node, Replica))


def gets(scenario: Scenario) -> tuple[A_GET, ...]:
    """All gets of all clients."""
    clients = [node for node in scenario.nodes if isinstance(node, Client)]
    return tuple((c.id, n) for c in clients for n, one in enumerate(c.workload) if isinstance(one, Get))


def universe_of(scenario: Scenario) -> dict[str, list[str]]:
    """All sets of W replicas, and all of R."""
    return {sort: [called(some) for some in subsets(scenario, size)] for sort, _, size in sizes(scenario)}


def sets_of(scenario: Scenario) -> dict[str, Any]:
    """Who is in which set."""
    return {
        symbol: frozenset((r, called(some)) for some in subsets(scenario, size) for r in some)
        for _, symbol, size in sizes(scenario)
    }


def sizes(scenario: Scenario) -> tuple[tuple[str, str, int], ...]:
    """Of each kind of set the sort, the symbol for being in it, and the size."""
    quorums = next(node.quorums for node in scenario.nodes if isinstance(node, Client))
    return ("WriteSet", "in_write_set", quorums.w), ("ReadSet", "in_read_set", quorums.r)


def subsets(scenario: Scenario, size: int) -> list[tuple[NodeId, ...]]:
    """The sets of so many replicas."""
    return list(combinations(replicas(scenario), size))


def called(some: Iterable[NodeId]) -> str:
    """A set of replicas by their names."""
    return "+".join(sorted(some))


def state(world: World, past: Past) -> Image:
    """The components of the model's state."""
    history: History = world.monitors["history"]
    picked, asked = dict(past.picked), history.of("get")
    done = {picked[put.value]: put for put in history.of("put") if put.done}
    results = {(g.client, g.number): picked[g.result] for g in asked if g.done}
    everybody, versions = gets(world.scenario), picked.values()
    heard = {(g, r): version for g, r, version in past.heard}
    by = {(version,): called(some) for version, some in past.by}
    return {
        "held": {(r,): world.nodes[r].copy.version for r in replicas(world.scenario)},
        "begun": frozenset((version,) for version in versions),
        "stored": past.stored,
        "done": frozenset((version,) for version in done),
        "by": Default(by, NOBODY),
        "asking": frozenset(((g.client, g.number),) for g in asked),
        "before": frozenset(((g.client, g.number), v) for g in asked for v, put in done.items() if put.precedes(g)),
        "answered": frozenset(heard),
        "heard": Default(heard, FIRST),
        "returned": frozenset((g,) for g in results),
        "result": {(g,): results.get(g, FIRST) for g in everybody},
    }


class Default(dict[Any, Any]):
    """A function that has this value wherever nothing else is said."""

    def __init__(self, values: dict[Any, Any], default: Any) -> None:
        super().__init__(values)
        self.default = default

    def __missing__(self, key: Any) -> Any:
        return self.default


def remember(past: Past, before: World, event: Event, after: World) -> Past:
    """What is remembered of an event."""
    match event:
        case Event(name="deliver", target=replica, message=Store(_, copy)) if replica:
            return evolve(past, stored=past.stored | {(replica, copy.version)})
        case Event(name="deliver", source=client, target=replica, message=Query(request)) if client and replica:
            if isinstance(before.nodes[client].workload[request - 1], Get):
                told = ((client, request - 1), replica, before.nodes[replica].copy.version)
                return evolve(past, heard=past.heard | {told})
        case Event(name="fire" | "deliver"):
            return of_a_client(past, before, event, after)
    return past


def of_a_client(past: Past, before: World, event: Event, after: World) -> Past:
    """What is remembered of a step of a client: that a put picked its version, or was completed."""
    name = event.node or event.target or ""
    was, now = before.nodes[name], after.nodes[name]
    if now.phase is Phase.STORING and was.phase is not Phase.STORING and isinstance(now.operation, Put):
        return evolve(past, picked=past.picked | {(now.operation.value, now.copy.version)})
    if was.phase is Phase.STORING and now.phase is Phase.IDLE and isinstance(was.operation, Put):
        return evolve(past, by=past.by | {(was.copy.version, frozenset({*was.acknowledged, event.source or ""}))})
    return past
