"""One world of each orbit is visited; every number, and every verdict, is that of all worlds."""

import json
from itertools import permutations
from math import comb
from typing import Any

import pytest
from attrs import define, evolve, frozen

from stackproof.checker import Faults, Network, Scenario, ScenarioError, Verdict, World, explore, replay
from stackproof.checker.cli import main
from stackproof.checker.conformance import refinement_of
from stackproof.checker.conformance.refinement import Conformed, conform
from stackproof.checker.explore.plain import alone
from stackproof.checker.registry import build
from stackproof.checker.symmetry.interchangeable import Interchangeable, interchangeable
from stackproof.checker.symmetry.orbits import Visited, symmetry_of
from stackproof.checker.world import happenings
from stackproof.reference.actor import NodeId, Out
from tests.exhausted.counts import Counted, counted, manifest

SYMMETRIC = [line for line in manifest() if build(line.scenario, line.parameters).symmetry]
FEW, MANY = 2_100, 12_000


def is_small(line: Counted) -> bool:
    """Whether there are few orbits, though there may be many worlds."""
    return line.distinct < MANY or line.parameters.get("n") == 5


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=[] if line.distinct < FEW else [pytest.mark.slow], id=line.title)
        for line in SYMMETRIC
        if is_small(line)
    ],
)
def test_visiting_one_world_of_each_orbit_counts_and_finds_what_visiting_all_does(line: Counted) -> None:
    report = explore(build(line.scenario, line.parameters), symmetric=True)
    assert counted(report, line.parameters) == line
    assert report.orbits is not None
    assert report.orbits < report.distinct
    for one in report.violated:
        assert one.trace is not None
        again = replay(one.trace, build(line.scenario, line.parameters))
        assert (again.verdict, again.reason) == (Verdict.VIOLATED, one.reason)


def closed_form(n: int) -> int:
    """How many orbits two-phase commit has in TLA+ with so many participants."""
    return comb(n + 5, 5) + comb(n + 3, 3) + n + 1


@pytest.mark.parametrize("n", [3, 5, *(pytest.param(n, marks=pytest.mark.slow) for n in (7, 9))])
def test_two_phase_commit_has_as_many_orbits_as_its_closed_form_says(n: int) -> None:
    report = explore(build("two-phase-commit-tla", {"participants": n}), symmetric=True)
    assert report.verdict is Verdict.HELD
    assert (report.orbits, report.distinct) == (closed_form(n), 6**n + 4**n + 2**n)


def test_the_closed_form_is_that_which_others_computed() -> None:
    assert [closed_form(n) for n in (3, 5, 7, 9)] == [80, 314, 920, 2_232]


# Nodes that name each other: how each looks does not tell them apart


@define
class Friend:
    """It picks another, once."""

    id: NodeId
    others: tuple[NodeId, ...]
    friend: NodeId = ""

    def start(self, out: Out) -> None:
        out.after(0, "pick")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        self.friend = out.choose(self.others)


def friends(count: int) -> Scenario:
    names = tuple(f"f{number}" for number in range(count))
    nodes = tuple(Friend(name, tuple(other for other in names if other != name)) for name in names)
    return Scenario(nodes=nodes, symmetry=interchangeable(names))


@pytest.mark.parametrize(("count", "graphs"), [(2, 1), (3, 2), (4, 6), (5, 13)])
def test_each_picks_another_in_as_many_ways_as_there_are_functional_graphs_without_fixed_points(
    count: int, graphs: int
) -> None:
    """The sequence A001373 of the On-Line Encyclopedia of Integer Sequences: 1, 2, 6, 13, 40, ..."""
    scenario = friends(count)
    visited = all_of(scenario, symmetric=True)
    assert sum(all(node.friend for node in world.nodes.values()) for world in visited.before) == graphs
    assert visited.distinct == count**count


def all_of(scenario: Scenario, *, symmetric: bool) -> Visited[World]:
    """Every world, or one of each orbit."""
    visited = Visited(alone, symmetry_of(scenario) if symmetric else None)
    frontier = [world for _, world in scenario.initial() if visited.add(world, None)]
    for world in frontier:
        frontier += [after for _, after in happenings(world) if visited.add(after, world)]
    return visited


@frozen
class Greeting:
    """Who says it, and whom they met before."""

    met: frozenset[NodeId]


@define
class Guest:
    """It greets somebody, and answers whoever is new to it with all whom it met."""

    id: NodeId
    others: tuple[NodeId, ...]
    met: frozenset[NodeId] = frozenset()
    last: NodeId | None = None

    def start(self, out: Out) -> None:
        out.send(out.choose(self.others), Greeting(self.met))

    def receive(self, message: Greeting, source: NodeId, out: Out) -> None:
        if source not in self.met:
            self.met |= {source}
            self.last = source
            out.observe(source)
            out.send(source, Greeting(self.met))


@frozen
class Guests:
    """Who was met, and by whom."""

    met: frozenset[tuple[NodeId, NodeId]] = frozenset()

    def observe(self, node: NodeId, event: NodeId) -> "Guests":
        return Guests(self.met | {(node, event)})


def party(network: Network, faults: Faults) -> Scenario:
    names = ("a", "b", "c")
    nodes = tuple(Guest(name, tuple(other for other in names if other != name)) for name in names)
    return Scenario(
        nodes=nodes,
        network=network,
        faults=faults,
        monitors={"guests": Guests()},
        symmetry=interchangeable(names),
    )


@pytest.mark.parametrize(
    ("network", "faults"),
    [
        pytest.param(Network.UNORDERED, Faults(duplicates=1), marks=pytest.mark.slow),
        (Network.UNORDERED, Faults(crashes=1, restarts=0)),
        pytest.param(Network.FIFO, Faults(cuts=1), marks=pytest.mark.slow),
        pytest.param(Network.FIFO, Faults(one_way_cuts=1), marks=pytest.mark.slow),
        (Network.REPEATING, Faults(partitions=1)),
    ],
    ids=["duplicates", "crashes", "cuts", "one-way cuts", "partitions"],
)
def test_two_worlds_are_of_one_orbit_if_and_only_if_some_renaming_makes_one_of_the_other(
    network: Network, faults: Faults
) -> None:
    scenario = party(network, faults)
    symmetry = symmetry_of(scenario)
    assert isinstance(symmetry, Interchangeable)
    names = scenario.names
    ways = [dict(zip(names, order, strict=True)) for order in permutations(names)]
    worlds = all_of(scenario, symmetric=False).before
    orbits: dict[frozenset[World], set[Any]] = {}
    for world in worlds:
        orbit = frozenset(symmetry.move(to, alone(world))[0] for to in ways)
        key, size = symmetry.orbit(alone(world))
        assert size == len(orbit)
        assert orbit <= worlds.keys()
        orbits.setdefault(orbit, set()).add(key)
    assert all(len(keys) == 1 for keys in orbits.values())
    assert len(set().union(*orbits.values())) == len(orbits)
    report = explore(scenario, symmetric=True)
    assert (report.orbits, report.distinct) == (len(orbits), len(worlds))


# Conformance, of one world of each orbit


def conformed(name: str, parameters: dict[str, Any], *, symmetric: bool) -> Conformed:
    scenario = build(name, parameters)
    return conform(scenario, refinement_of(scenario), symmetric=symmetric)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("two-phase-commit", {}),
        ("two-phase-commit-tla", {}),
        ("quorum", {}),
        ("chord-atomic", {}),
    ],
)
@pytest.mark.slow
def test_the_steps_from_one_world_of_each_orbit_are_those_from_all(name: str, parameters: dict[str, Any]) -> None:
    found, all_of_it = (conformed(name, parameters, symmetric=one) for one in (True, False))
    assert found.verdict is all_of_it.verdict is Verdict.HELD
    assert (found.worlds, found.transitions) == (all_of_it.worlds, all_of_it.transitions)
    assert (found.taken, found.stutters) == (all_of_it.taken, all_of_it.stutters)
    assert found.orbits == explore(build(name, parameters), symmetric=True).orbits
    assert found.images <= all_of_it.images


@pytest.mark.slow
def test_every_step_of_ten_million_worlds_is_one_of_the_model() -> None:
    found = conformed("two-phase-commit-tla", {"participants": 9}, symmetric=True)
    assert found.verdict is Verdict.HELD
    assert (found.orbits, found.worlds, found.transitions) == (2_232, 10_340_352, 77_616_641)


# At the command line, and where it does not apply


def test_the_report_says_how_many_worlds_there_are_and_how_many_orbits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "two-phase-commit-tla", "--symmetric"]) == 0
    said = capsys.readouterr().out
    assert "worlds       288 distinct\n" in said
    assert "orbits       80, and one world of each was visited\n" in said
    assert main(["explore", "two-phase-commit-tla", "--symmetric", "--json"]) == 0
    form = json.loads(capsys.readouterr().out)
    assert (form["distinct"], form["orbits"]) == (288, 80)
    assert main(["explore", "two-phase-commit-tla", "--symmetric", "--conform", "--json"]) == 0
    form = json.loads(capsys.readouterr().out)
    assert (form["distinct"], form["orbits"]) == (288, 80)


def test_a_report_on_all_worlds_does_not_speak_of_orbits() -> None:
    assert "orbits" not in explore(build("two-phase-commit-tla")).form()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["two-phase-commit-tla", "--engine", "native"], "only the plain engine knows symmetry"),
        (["abd"], "abd declares no symmetry"),
    ],
)
def test_symmetry_is_refused_where_there_is_none(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", *words, "--symmetric"]) == 2
    assert why in capsys.readouterr().err


def test_symmetry_says_nothing_of_fair_runs() -> None:
    scenario = build("two-phase-commit")
    with pytest.raises(ScenarioError, match="promises of fair runs"):
        explore(evolve(scenario, goals=(), eventually=scenario.goals), symmetric=True)


def test_a_limit_is_one_of_orbits_and_leaves_the_verdict_unknown() -> None:
    report = explore(build("two-phase-commit-tla", {"participants": 5}), symmetric=True, worlds=100)
    assert report.verdict is Verdict.UNKNOWN
    assert report.orbits is not None
    assert 100 < report.orbits < 314


def test_a_node_alone_is_interchangeable_with_nobody() -> None:
    report = explore(build("two-phase-commit", {"participants": 1}), symmetric=True)
    assert (report.verdict, report.orbits) == (Verdict.HELD, report.distinct)
