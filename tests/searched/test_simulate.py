"""Simulation: what a seed decides, how time passes, and what the faults of a schedule do."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from functools import partial
from random import Random
from statistics import fmean
from typing import Any

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stackproof.checker.faults import Cut, Faults
from stackproof.checker.host import ScenarioError, Status
from stackproof.checker.network import Network
from stackproof.checker.registry import build
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import Progress, simulate
from stackproof.checker.simulate.latency import (
    Constant,
    Exponential,
    Latency,
    Mixture,
    Normal,
    Pareto,
    Uniform,
    latency_named,
)
from stackproof.checker.simulate.simulated import Simulated
from stackproof.checker.values import digest
from stackproof.checker.world import Event, World, happenings
from stackproof.reference.actor import Bounced, NodeId, Out, durable
from tests.searched.puppets import scenarios

SHAKY = partial(simulate, latency=Exponential(10), jitter=0.5)


@frozen
class Note:
    """A message with a number."""

    number: int


@define
class Scribe:
    """Does what `does` says on starting, writes down what it hears, and answers notes of 100 and more."""

    id: NodeId
    does: tuple[tuple[Any, ...], ...] = field(default=(), metadata={"durable": True})
    heard: tuple[Any, ...] = ()
    kept: tuple[Any, ...] = durable(())
    goodbyes: tuple[NodeId, ...] = durable(())

    def start(self, out: Out) -> None:
        for what, *arguments in self.does:
            getattr(out, what)(*arguments)

    def recover(self, out: Out) -> None:
        out.observe("recovered")

    def leave(self, out: Out) -> None:
        out.broadcast(self.goodbyes, "goodbye")

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if message == "raise":
            raise ValueError("as told")
        self.heard += (message,)
        self.kept += (message,)
        out.observe((source, message))
        if isinstance(message, Note) and message.number >= 100:
            out.send(source, Note(message.number - 100))


def two(*does: tuple[Any, ...], faults: Faults = Faults(), **more: Any) -> Scenario:
    """A scribe `a` that does these things when it starts, and a scribe `b` that does nothing."""
    return Scenario(nodes=(Scribe("a", does), Scribe("b")), faults=faults, **more)


def sends(*numbers: int, to: NodeId = "b") -> tuple[tuple[Any, ...], ...]:
    return tuple(("send", to, Note(number)) for number in numbers)


def told(simulated: Simulated) -> list[tuple[float, NodeId, Any]]:
    """What was observed, times rounded."""
    return [(round(one.at_ms, 6), one.node, one.event) for one in simulated.observations]


def at(time: float, name: str, node: NodeId, **more: Any) -> tuple[float, Event]:
    return time, Event(name, node=node, **more)


# What a seed decides.


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    scenario = build("quorum", {"clients": 3, "gets": 5})
    first, again, other = (SHAKY(scenario, seed=seed).digest() for seed in (1, 1, 2))
    assert first == again != other


def test_a_run_leaves_the_scenario_as_it_was() -> None:
    scenario = two(*sends(1, 2))
    simulate(scenario, seed=1)
    assert [node.heard for node in scenario.nodes] == [(), ()]


ONE_RUN = """
from stackproof.checker.simulate.latency import Exponential
from stackproof.checker.registry import build
from stackproof.checker.simulate import simulate
scenario = build("quorum", {"n": 5, "w": 3, "r": 3, "clients": 4, "writers": 2, "gets": 3, "puts": 3})
print(simulate(scenario, seed=7, latency=Exponential(10), jitter=0.5, loss=0.01).digest())
"""


def test_a_run_is_the_same_in_every_version_of_python() -> None:
    latency = Mixture(((1, Uniform(1, 9)), (1, Exponential(5)), (1, Normal(5, 2)), (1, Pareto(2, 3))))
    run = simulate(
        Scenario(nodes=[Gossip(f"g{i}", 8) for i in range(8)]), seed=1, latency=latency, jitter=0.5, loss=0.1
    )
    assert told(run)[-2:] == [(959.490048, "g5", 106), (963.844729, "g6", 100)]
    assert digest([[f"{at_ms:.6f}", node, event] for at_ms, node, event in run.observations]) == "5661fd48a29d"


@define
class Gossip:
    """Tells somebody at random what it has heard, after a while."""

    id: NodeId
    nodes: int
    heard: int = 0

    def start(self, out: Out) -> None:
        out.after(10, "tell")

    def receive(self, message: str | int, source: NodeId, out: Out) -> None:
        if message == "tell" and self.heard < 100:
            out.send(out.choose(frozenset(f"g{i}" for i in range(self.nodes))), self.heard)
            out.after(10, "tell")
        elif isinstance(message, int):
            self.heard = max(self.heard, message) + 1
            out.observe(self.heard)


def test_a_run_is_the_same_under_every_hash_seed() -> None:
    digests = set()
    for seed in ("0", "1", "2024"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", ONE_RUN], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_nothing_but_random_is_asked_for_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("its numbers differ between versions of Python")

    for name in ("choice", "choices", "sample", "shuffle", "gauss", "normalvariate", "expovariate", "paretovariate"):
        monkeypatch.setattr(Random, name, forbidden)
    scenario = two(("choose", range(5)), *sends(*range(20)))
    for latency in (Uniform(1, 2), Exponential(1), Normal(5, 1), Pareto(1, 2), Mixture(((1, Constant(1)),))):
        simulate(scenario, seed=3, latency=latency, loss=0.5, jitter=0.5)


def test_a_choice_is_drawn_evenly() -> None:
    drawn = Counter(simulate(Scenario(nodes=(Chooser("a"),)), seed=seed).observations[0].event for seed in range(3000))
    assert sorted(drawn) == ["x", "y", "z"]
    assert all(900 < count < 1100 for count in drawn.values())


@define
class Chooser:
    """Chooses."""

    id: NodeId

    def start(self, out: Out) -> None:
        out.observe(out.choose(("x", "y", "z")))

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        pass


# How time passes.


@pytest.mark.parametrize(
    ("latency", "mean", "least"),
    [
        (Constant(7), 7, 7),
        (Uniform(10, 30), 20, 10),
        (Exponential(10), 10, 0),
        (Normal(50, 10), 50, 0),
        (Pareto(5, 3), 7.5, 5),
        (Mixture(((1, Constant(10)), (3, Constant(30)))), 25, 10),
    ],
)
def test_a_latency_has_the_mean_that_it_should(latency: Latency, mean: float, least: float) -> None:
    random = Random(1)
    drawn = [latency.sample(random) for _ in range(20_000)]
    assert fmean(drawn) == pytest.approx(mean, rel=0.03)
    assert min(drawn) >= least


def test_a_normal_latency_is_never_negative() -> None:
    random = Random(1)
    drawn = [Normal(1, 10).sample(random) for _ in range(1000)]
    assert min(drawn) == 0 < max(drawn)


def test_the_tail_of_pareto_is_as_heavy_as_its_shape_says() -> None:
    random = Random(1)
    drawn = [Pareto(1, 2).sample(random) for _ in range(50_000)]
    assert sum(delay > 10 for delay in drawn) / len(drawn) == pytest.approx(0.01, rel=0.15)


def test_a_latency_that_makes_no_sense_is_refused() -> None:
    for kind, arguments in (
        (Constant, (-1,)),
        (Constant, (float("nan"),)),
        (Uniform, (3, 2)),
        (Exponential, (0,)),
        (Normal, (5, -1)),
        (Pareto, (1, 0)),
        (Mixture, ((),)),
        (Mixture, (((0, Constant(1)),),)),
    ):
        with pytest.raises(ScenarioError):
            kind(*arguments)


@pytest.mark.parametrize("name", ["fast", "uniform:1", "uniform:1,2,3", "constant:x", "pareto:0,1"])
def test_a_name_that_names_no_latency_is_refused(name: str) -> None:
    with pytest.raises(ScenarioError):
        latency_named(name)


def test_a_latency_can_be_named() -> None:
    assert latency_named("uniform:5,15") == Uniform(5, 15)


def test_a_message_takes_as_long_as_its_link() -> None:
    def link(source: NodeId, target: NodeId, message: Note) -> Latency:
        return Constant(5 if source == "a" else message.number)

    run = simulate(two(*sends(103)), seed=1, latency=link)
    assert told(run) == [(5, "b", ("a", Note(103))), (8, "a", ("b", Note(3)))]


def test_a_message_to_oneself_takes_no_time_and_is_never_lost() -> None:
    run = simulate(two(*sends(1, to="a")), seed=1, latency=Constant(5), loss=1)
    assert told(run) == [(0, "a", ("a", Note(1)))]


def test_a_timer_that_would_fire_in_the_past_is_refused() -> None:
    with pytest.raises(ScenarioError, match="'a' armed 'x' to fire in -1 ms"):
        simulate(two(("after", -1, "x")), seed=1)


def test_messages_overtake_each_other_but_not_on_a_fifo_link() -> None:
    numbers = tuple(range(30))
    for network, in_order in ((Network.UNORDERED, False), (Network.FIFO, True), ({("a", "b"): Network.FIFO}, True)):
        run = simulate(two(*sends(*numbers), network=network), seed=1, latency=Exponential(10))
        heard = [message.number for message in run.nodes["b"].heard]
        assert sorted(heard) == list(numbers)
        assert (heard == list(numbers)) is in_order


def test_a_part_of_the_messages_is_lost() -> None:
    run = simulate(two(*sends(*[7] * 2000)), seed=1, loss=0.25)
    assert run.counts.dropped == pytest.approx(500, rel=0.1)
    assert run.counts.delivered == len(run.nodes["b"].heard) == 2000 - run.counts.dropped


def test_timers_fire_in_the_order_of_their_times() -> None:
    run = simulate(two(("after", 30, "late"), ("after", 10, "soon"), ("after", 30, "later")), seed=1)
    assert told(run) == [(10, "a", ("a", "soon")), (30, "a", ("a", "late")), (30, "a", ("a", "later"))]


def test_a_timer_armed_again_starts_anew_and_one_disarmed_never_fires() -> None:
    run = simulate(
        two(("after", 10, "x"), ("after", 20, "x"), ("after", 5, "y"), ("cancel", "y"), ("cancel", "z")), seed=1
    )
    assert told(run) == [(20, "a", ("a", "x"))]


def test_jitter_spreads_timers_around_their_delay() -> None:
    scenario = Scenario(nodes=[Scribe(f"s{i}", (("after", 100, "x"),)) for i in range(500)])
    times = [one.at_ms for one in simulate(scenario, seed=1, jitter=0.5).observations]
    assert 50 <= min(times) < 60
    assert 140 < max(times) <= 150
    assert fmean(times) == pytest.approx(100, rel=0.05)


def test_alarms_of_disarmed_timers_do_not_pile_up() -> None:
    run = simulate(Scenario(nodes=(Restless("a"),)), seed=1, events=60_000)
    assert len(run.run.heap) < 30_000


@define
class Restless:
    """Arms a long timer again and again."""

    id: NodeId

    def start(self, out: Out) -> None:
        out.after(1, "tick")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        out.after(1, "tick")
        out.after(1e9, "never")


# What the faults of a schedule do.


def test_a_crash_forgets_what_is_not_durable_and_disarms_timers() -> None:
    schedule = [at(15, "crash", "b"), at(40, "restart", "b")]
    scenario = Scenario(nodes=(Scribe("a", sends(1)), Scribe("b", (("after", 20, "x"),))))
    run = simulate(scenario, seed=1, schedule=schedule)
    assert told(run) == [(10, "b", ("a", Note(1))), (40, "b", "recovered")]
    assert (run.nodes["b"].heard, run.nodes["b"].kept) == ((), (Note(1),))


def test_a_message_that_finds_its_target_down_is_lost() -> None:
    run = simulate(two(*sends(1)), seed=1, schedule=[at(5, "crash", "b"), at(20, "restart", "b")])
    assert told(run) == [(20, "b", "recovered")]
    assert (run.counts.unreachable, run.counts.in_flight, run.counts.bounced) == (1, 0, 0)


def test_a_message_bounces_where_the_scenario_asks_for_detection() -> None:
    run = simulate(
        two(*sends(1), faults=Faults(detection=True)), seed=1, detection=Constant(7), schedule=[at(5, "crash", "b")]
    )
    assert told(run) == [(17, "a", ("b", Bounced(Note(1))))]


def test_nothing_bounces_to_a_sender_that_is_down() -> None:
    schedule = [at(5, "crash", "b"), at(12, "crash", "a")]
    run = simulate(two(*sends(1), faults=Faults(detection=True)), seed=1, schedule=schedule)
    assert run.counts.bounced == 0


def test_an_absent_node_joins_and_one_that_leaves_says_so_if_it_may() -> None:
    scenario = Scenario(nodes=(Scribe("a"),), absent=(Scribe("b", sends(1, to="a"), goodbyes=("a",)),))
    for choose, last in (((), [(30.0, "a", ("b", "goodbye"))]), ((0,), [])):
        run = simulate(scenario, seed=1, schedule=[at(10, "join", "b"), at(20, "leave", "b", choose=choose)])
        assert told(run) == [(20, "a", ("b", Note(1))), *last]
        assert run.run.places["b"].status is Status.LEFT


def test_a_paused_node_hears_late_what_it_missed() -> None:
    scenario = Scenario(nodes=(Scribe("a", sends(1)), Scribe("b", (("after", 15, "x"),))))
    run = simulate(scenario, seed=1, schedule=[at(5, "pause", "b"), at(50, "resume", "b")])
    assert told(run) == [(50, "b", ("a", Note(1))), (50, "b", ("b", "x"))]


def test_what_waits_for_a_paused_node_is_lost_when_it_crashes() -> None:
    run = simulate(two(*sends(1)), seed=1, schedule=[at(5, "pause", "b"), at(50, "crash", "b")])
    assert (run.counts.unreachable, run.counts.in_flight) == (1, 0)


@pytest.mark.parametrize(("one_way", "heals"), [(False, True), (False, False), (True, False)])
def test_a_cut_holds_messages_up_until_it_is_healed(one_way: bool, heals: bool) -> None:
    cut = Cut(("b",), ("a",), one_way)
    schedule = [(5.0, Event("cut", cut=cut)), *([(50.0, Event("heal", cut=cut))] if heals else [])]
    heard = told(simulate(two(*sends(1)), seed=1, schedule=schedule))
    assert heard == ([(10, "b", ("a", Note(1)))] if one_way else [(50, "b", ("a", Note(1)))] if heals else [])


def test_a_message_may_come_from_outside() -> None:
    schedule = [(5.0, Event("deliver", source="b", target="a", message=Note(1)))]
    assert told(simulate(two(), seed=1, schedule=schedule)) == [(5, "a", ("b", Note(1)))]


def test_a_schedule_may_go_on_for_ever() -> None:
    def notes() -> Iterable[tuple[float, Event]]:
        time = 0.0
        while True:
            time += 1
            yield time, Event("deliver", target="a", message=Note(1))

    assert len(simulate(two(), seed=1, schedule=notes(), until_ms=1000.5).observations) == 1000


NONSENSE = {
    "up": [at(5, "restart", "a")],
    "there": [at(5, "join", "a")],
    "nobody": [at(5, "crash", "nobody")],
    "backwards": [at(5, "crash", "a"), at(4, "restart", "a")],
    "no time": [at(float("nan"), "crash", "a")],
    "no event": [at(5, "explode", "a")],
    "no cut": [(5.0, Event("cut"))],
    "not cut": [(5.0, Event("heal", cut=Cut(("a",), ("b",))))],
    "no target": [(5.0, Event("deliver", target="nobody", message=Note(1)))],
    "no source": [(5.0, Event("deliver", source="outside", target="a", message=Note(100)))],
}


@pytest.mark.parametrize("schedule", NONSENSE.values(), ids=NONSENSE)
def test_a_schedule_that_makes_no_sense_is_refused(schedule: list[tuple[float, Event]]) -> None:
    with pytest.raises(ScenarioError):
        simulate(two(), seed=1, schedule=schedule)


@pytest.mark.parametrize(("loss", "jitter"), [(1.5, 0), (-0.1, 0), (0, 2), (float("nan"), 0), (0, float("nan"))])
def test_an_option_that_makes_no_sense_is_refused(loss: float, jitter: float) -> None:
    with pytest.raises(ScenarioError):
        simulate(two(), seed=1, loss=loss, jitter=jitter)


# When it ends, and what is there then.


def test_a_run_ends_when_nothing_more_can_happen() -> None:
    run = simulate(two(*sends(101)), seed=1)
    assert (run.ended, run.now_ms, run.counts.events) == ("quiet", 20, 2)


def test_a_run_ends_at_a_time_at_a_number_of_events_or_by_a_predicate() -> None:
    scenario = Scenario(nodes=(Restless("a"),))
    by_time = simulate(scenario, seed=1, until_ms=99.5)
    assert (by_time.ended, by_time.now_ms, by_time.counts.fired) == ("until_ms", 99.5, 99)
    by_events = simulate(scenario, seed=1, events=12_345)
    assert (by_events.ended, by_events.counts.events) == ("events", 12_345)
    by_predicate = simulate(scenario, seed=1, until=lambda run: run.counts.fired == 7)
    assert (by_predicate.ended, by_predicate.now_ms) == ("until", 7)


def test_a_run_ends_when_a_node_raises_an_exception() -> None:
    run = simulate(two(("send", "b", "raise"), *sends(1)), seed=1)
    assert run.ended == "raised"
    assert run.raised is not None
    assert run.raised.startswith("b raised ValueError: as told (line")
    assert run.world.status["b"] is Status.RAISED


def test_a_message_to_nobody_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"'a' sent Note.* to 'c', which is no node"):
        simulate(two(*sends(1, to="c")), seed=1)


def test_a_recorder_takes_what_is_observed() -> None:
    taken: list[tuple[float, NodeId, Any]] = []
    run = simulate(two(*sends(1)), seed=1, record=lambda *one: taken.append(one))
    assert taken == [(10, "b", ("a", Note(1)))]
    assert run.observations == ()


def test_the_watcher_is_told_how_far_it_is() -> None:
    seen: list[Progress] = []
    run = simulate(Scenario(nodes=(Restless("a"),)), seed=1, events=200_000, watcher=seen.append)
    assert all(0 < one.events <= run.counts.events for one in seen)
    assert seen
    assert seen == sorted(seen, key=lambda one: one.events)


def test_the_monitors_and_invariants_of_a_scenario_see_the_end() -> None:
    for seed in range(20):
        run = SHAKY(build("quorum", {"clients": 3, "gets": 3, "write_back": True}), seed=seed)
        assert run.reasons() == {}
        assert len(run.monitors["history"].operations) == 7
        assert all(one.done for one in run.monitors["history"].operations)


def test_an_invariant_that_does_not_hold_at_the_end_is_named() -> None:
    stale = build("quorum", {"n": 3, "w": 1, "r": 1, "gets": 20, "clients": 3, "puts": 20})
    reasons = [set(simulate(stale, seed=seed, latency=Exponential(500)).reasons()) for seed in range(10)]
    assert {"reads_return_a_latest_completed_write"} <= set().union(*reasons)


def test_the_world_at_the_end_holds_what_is_in_flight() -> None:
    scenario = two(*sends(1, 2, 3), network=Network.FIFO, faults=Faults(detection=True))
    cut = Cut(("a",), ("b",))
    waiting = [sends(1, 2, 3)[i][2] for i in range(3)]
    for schedule in ([], [(1.0, Event("cut", cut=cut))], [at(1, "pause", "b")], [at(1, "crash", "b")]):
        world = simulate(scenario, seed=1, until_ms=50 if schedule else 5, schedule=schedule).world
        assert [envelope.message for envelope in world.in_flight] == waiting
        assert {envelope.target for envelope in world.in_flight} == {"b"}


def ends(scenario: Scenario, most: int) -> set[tuple[Any, ...]] | None:
    """The nodes and monitors of every world that exploration can reach; None where there are too many."""
    found: set[World] = set()
    todo = [world for _, world in scenario.initial()]
    while todo and len(found) < most:
        world = todo.pop()
        if world not in found:
            found.add(world)
            todo += [after for _, after in happenings(world)]
    return None if todo else {(world.hosts, world.ledgers) for world in found}


@pytest.mark.parametrize("name", ["quorum", "two-phase-commit"])
def test_exploration_knows_every_world_that_simulation_comes_through(name: str) -> None:
    scenario = build(name, {"n": 2, "w": 1, "r": 1} if name == "quorum" else {"participants": 2})
    possible = ends(scenario, 10_000)
    assert possible is not None
    reached = set()
    for seed in range(40):
        until_ms = 20.0 * seed + (980 if name == "quorum" else 0)
        world = simulate(scenario, seed=seed, until_ms=until_ms, latency=Exponential(50)).world
        assert (world.hosts, world.ledgers) in possible
        reached.add(world.hosts)
    assert len(reached) > 3


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 1000), st.integers(0, 20))
def test_exploration_knows_every_world_that_a_random_protocol_comes_through(
    scenario: Scenario, seed: int, events: int
) -> None:
    """Without faults, and where no message repeats itself and nobody raises an exception."""
    links = scenario.network if isinstance(scenario.network, Network) else Network.UNORDERED
    network = Network.UNORDERED if links is Network.REPEATING else links
    calm = evolve(scenario, network=network, faults=Faults(), prune=None)
    run = simulate(calm, seed=seed, events=events, latency=Exponential(10), jitter=0.9)
    assume(run.raised is None)
    possible = ends(calm, 1000)
    assume(possible is not None)
    assert (run.world.hosts, run.world.ledgers) in (possible or ())
