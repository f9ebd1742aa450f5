"""The strategies: what they draw is what it is said to be, and what they find is small."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from stackproof.checker import strategies
from stackproof.checker.explore import explore
from stackproof.checker.faults import BUDGETS, Cut, Faults
from stackproof.checker.history import History
from stackproof.checker.host import Status
from stackproof.checker.invariants.quorum import reads_return_a_latest_completed_write
from stackproof.checker.invariants.ring import CORRECT, REQUIRED
from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import MODELS, REFUSED, Model
from stackproof.checker.judge.verdict import judge
from stackproof.checker.linearizable import linearization, register
from stackproof.checker.registry import build
from stackproof.checker.render.short import short
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Exponential
from stackproof.checker.strategies.history import OPERATIONS
from stackproof.checker.strategies.lineage import TRANSFORMATIONS
from stackproof.checker.world import Event
from stackproof.hypothesis_plugin import DRAWN
from stackproof.reference.processing.rdd import parallelize
from stackproof.reference.scheduling.drf import Cluster, User, drf
from stackproof.reference.storage.quorum_store import Client, Get, Put, Quorums, Replica

NODES = ("n0", "n1", "n2")
QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=500, derandomize=True, database=None)
smallest = partial(find, settings=THOROUGH)
QUORUM = build("quorum", {"crashes": 1})


def happened(schedule: tuple[tuple[float, Event], ...]) -> list[str]:
    """The names of the events of a schedule, repairs in the end apart."""
    return [event.name for at, event in schedule if at < 60_000]


# What is found is small: of each strategy, and of a simple predicate, the smallest that fulfils it.

SMALLEST: list[tuple[st.SearchStrategy[Any], Callable[[Any], bool], str]] = [
    (strategies.node_names(), lambda nodes: len(nodes) > 2, "('n0', 'n1', 'n2')"),
    (
        strategies.topologies(),
        lambda one: isinstance(one.network, dict) and len(one.network) > 0,
        "Topology(nodes=('n0',), network={('n0', 'n0'): <Network.UNORDERED: 'unordered'>})",
    ),
    (strategies.faults(), lambda one: one.crashes and one.drops, short(Faults(drops=1, crashes=1))),
    (strategies.faults(NODES), lambda one: len(one.victims or ()) > 1, short(Faults(victims=("n0", "n1")))),
    (strategies.cuts(NODES), lambda cut: cut.one_way, short(Cut(("n0",), ("n1",), one_way=True))),
    (strategies.cuts(NODES), lambda cut: len(cut.pairs) > 2, short(Cut(("n0",), ("n1", "n2")))),
    (strategies.workloads(), lambda all_of_them: Put(2) in all_of_them[1], "((), (Put(1), Put(2)))"),
    (strategies.quorums(meeting=False), lambda one: one.w + one.r <= len(one.replicas), "w=1, r=1"),
    (strategies.key_value_workloads(), lambda pairs: any(value for _, value in pairs), "((0, 'a'),)"),
    (strategies.demands(3), lambda needs: sum(needs) > 5, "(0, 0, 6)"),
    (
        strategies.clusters(),
        lambda cluster: len(cluster.users) > 1,
        short(Cluster((1,), (User("u0", (1,)), User("u1", (1,))))),
    ),
    (strategies.memberships(), lambda members: len(members) > 3, "(0, 1, 2, 3)"),
    (strategies.ideal_rings(), lambda ring: len(ring.lists) > 2, "lists=((0, (1,)), (1, (2,)), (2, (0,)))"),
    (strategies.rings(), lambda ring: bool(ring.appendages), "lists=((0, (1,)),)"),
    (strategies.hash_rings(), lambda ring: len(ring.nodes) > 1, "HashRing(bits=3, points=("),
    (strategies.calls("queue"), lambda calls: verdict(calls, "queue") is Verdict.VIOLATED, "(dequeue -> 0,)"),
    (
        strategies.calls("mutex"),
        lambda calls: verdict(calls, "mutex") is Verdict.VIOLATED,
        "(acquire -> nil, acquire -> nil)",
    ),
    (
        strategies.linearizable_calls("register"),
        lambda both: any(call.end and not call.done for call in both[1]),
        "((put 1 -> ?,), (put 1 -> ?,))",
    ),
    (
        strategies.histories(),
        lambda history: linearization(history.operations, register()) is None,
        "History(operations=(c0: get() -> 1,))",
    ),
    (
        strategies.lineages(steps=2, elements=5),
        lambda program: "distinct" in program.names,
        "parallelize([], 1).distinct(None)",
    ),
    (
        strategies.schedules(QUORUM),
        lambda run: run.steps[-1].event.name == "restart",
        "<a schedule of quorum\n0 every node starts\n1 r0 crashes\n2 r0 restarts>",
    ),
]


def verdict(calls: tuple[Call, ...], model: str) -> Verdict:
    """What the judge says."""
    return judge(calls, MODELS[model]).verdict


def told(value: Any) -> str:
    """A value in few words."""
    return short(value) if type(value) in (tuple, Faults, Cut, Cluster, History) else str(value)


@pytest.mark.parametrize(("strategy", "predicate", "expected"), SMALLEST)
def test_what_is_found_is_small(
    strategy: st.SearchStrategy[Any], predicate: Callable[[Any], bool], expected: str
) -> None:
    assert expected in told(smallest(strategy, predicate))


def test_the_smallest_schedules_of_faults() -> None:
    schedules = strategies.fault_schedules(NODES, absent=("n3",))
    for name, expected in {
        "crash": [(0.0, "crash", "n0"), (60_000.0, "restart", "n0")],
        "restart": [(0.0, "crash", "n0"), (0.0, "restart", "n0")],
        "leave": [(0.0, "leave", "n0")],
        "join": [(0.0, "join", "n3")],
    }.items():
        found = smallest(schedules, lambda schedule, name=name: name in happened(schedule))  # type: ignore[misc]
        happens = [(at, event.name, event.node) for at, event in found]
        assert happens == expected or (len(happens) <= len(expected) + 2 and {*expected} <= {*happens})


# What is drawn is what it is said to be.


@QUICK
@given(st.data())
def test_topologies_and_budgets_make_scenarios(data: st.DataObject) -> None:
    topology = data.draw(strategies.topologies(most=3))
    faults = data.draw(strategies.faults(topology.nodes, most=2, kinds=("drops", "crashes", "restarts")))
    nodes = tuple(Replica(name) for name in topology.nodes)
    scenario = Scenario(nodes=nodes, network=topology.network, faults=faults)
    assert scenario.faults.crashes <= 2
    assert (faults.restarts or 0) < 2
    assert not any(left for kind, left in faults.budget().items() if kind not in ("drops", "crashes", "restarts"))
    assert explore(scenario, worlds=2_000).why != "interrupted"


@QUICK
@given(strategies.cuts(NODES))
def test_a_cut_is_one_that_a_world_may_have(cut: Cut) -> None:
    assert cut.pairs
    assert {*cut.here} & {*cut.there} == set()
    assert {*cut.here, *cut.there} <= {*NODES}


@QUICK
@given(st.data(), st.integers(0, 100))
def test_a_schedule_of_faults_can_be_carried_out_and_leaves_everything_whole(data: st.DataObject, seed: int) -> None:
    scenario = build("quorum", {"clients": 3, "gets": 2})
    schedule = data.draw(strategies.fault_schedules(scenario.names, kinds=("crash", "pause", "cut"), until_ms=5_000))
    assert list(schedule) == sorted(schedule, key=lambda one: one[0])
    run = simulate(scenario, seed=seed, schedule=schedule, latency=Exponential(10))
    assert run.world.up == scenario.names
    assert not run.world.cuts


@QUICK
@given(strategies.fault_schedules(NODES, victims=("n1",), kinds=("crash", "leave"), repaired=False))
def test_only_victims_are_hit(schedule: tuple[tuple[float, Event], ...]) -> None:
    assert {event.node for _, event in schedule} <= {"n1"}


def stored(quorums: Quorums, workloads: tuple[tuple[Put | Get, ...], ...]) -> Scenario:
    """A quorum store and its clients."""
    clients = (Client(f"c{place}", quorums, does) for place, does in enumerate(workloads))
    nodes = (*map(Replica, quorums.replicas), *clients)
    return Scenario(nodes=nodes, monitors={"history": History()}, invariants=(reads_return_a_latest_completed_write,))


@QUICK
@given(strategies.quorums(), strategies.workloads(2, 4, writers=1), st.integers(0, 50))
def test_no_workload_reads_something_stale_where_quorums_meet(quorums: Quorums, workloads: Any, seed: int) -> None:
    run = simulate(stored(quorums, workloads), seed=seed, latency=Exponential(300), jitter=0.9)
    assert list(reads_return_a_latest_completed_write(run.world)) == []


def test_one_that_does_is_found_where_they_need_not() -> None:
    def violated(case: tuple[Quorums, Any]) -> bool:
        return explore(stored(*case)).verdict is Verdict.VIOLATED

    pairs = st.tuples(strategies.quorums(most=2, meeting=False), strategies.workloads(most=1, writers=1))
    quorums, workloads = find(pairs, violated, settings=settings(THOROUGH, max_examples=100))
    assert (quorums.w, quorums.r, len(quorums.replicas)) == (1, 1, 2)
    assert workloads == ((Put(1),), (Get(),))


@QUICK
@given(strategies.schedules(QUORUM, most=12))
def test_a_schedule_is_a_trace_that_goes_again_as_it_went(run: Any) -> None:
    assert replay(run, QUORUM).verdict is Verdict.HELD


@QUICK
@given(strategies.schedules(QUORUM, events=("deliver", "fire"), least=3))
def test_a_schedule_has_the_events_that_were_asked_for_and_as_many(run: Any) -> None:
    assert {step.event.name for step in run.steps[1:]} <= {"deliver", "fire"}
    assert 3 <= len(run.steps) - 1 <= 20


@pytest.mark.parametrize("model", OPERATIONS)
@settings(QUICK, max_examples=15)
@given(st.data())
def test_what_is_linearizable_by_construction_has_the_order_that_comes_along(model: str, data: st.DataObject) -> None:
    calls, order = data.draw(strategies.linearizable_calls(model))
    assert verdict(calls, model) is Verdict.HELD
    assert in_real_time(order)
    assert {one.begin for one in calls if one.done} <= {one.begin for one in order} <= {one.begin for one in calls}
    states = dict.fromkeys((one.key for one in order), MODELS[model].initial)
    for one in order:
        states[one.key] = MODELS[model].steps[one.name](states[one.key], one)
        assert states[one.key] is not REFUSED


def in_real_time(order: tuple[Call, ...]) -> bool:
    """Whether no call had returned when another was invoked that stands before it."""
    pairs = ((one, later) for place, one in enumerate(order) for later in order[place + 1 :])
    return not any(later.done and (later.end or 0) < one.begin for one, later in pairs)


@pytest.mark.parametrize("model", OPERATIONS)
def test_histories_that_are_arbitrary_are_of_both_kinds(model: str) -> None:
    calls = strategies.calls(model)
    for wanted in (Verdict.HELD, Verdict.VIOLATED):
        find(calls, lambda some, wanted=wanted: len(some) > 1 and verdict(some, model) is wanted, settings=THOROUGH)  # type: ignore[misc]


def test_every_model_of_the_judge_has_operations() -> None:
    assert {*OPERATIONS} == {*MODELS}
    for name, operations in OPERATIONS.items():
        model: Model = MODELS[name]
        assert {*operations} <= {*model.steps}


@QUICK
@given(strategies.linearizable_histories())
def test_histories_of_monitors_have_the_order_that_comes_along(both: Any) -> None:
    history, order = both
    assert linearization(history.operations, register()) is not None
    assert not any(later.precedes(one) for place, one in enumerate(order) for later in order[place:])
    value = None
    for one in order:
        assert not one.done or one.name == "put" or one.result == value
        value = one.value if one.name == "put" else value
    assert {one for one in history.operations if one.done} <= {*order} <= {*history.operations}


@settings(QUICK, max_examples=15)
@given(strategies.lineages(steps=4, largest=100))
def test_no_lineage_grows_beyond_what_was_asked_for(program: Any) -> None:
    stages = list(program.stages(parallelize, TRANSFORMATIONS))
    assert len(stages) == len(program.steps) + 1
    assert all(sum(map(len, rdd.evaluated())) <= 100 for rdd in stages)
    assert stages[-1] == program.rdd
    assert {*program.names} <= {*TRANSFORMATIONS}


@QUICK
@given(strategies.clusters(fewest=2, heaviest=3, uneven=True, least=1), st.data())
def test_a_lie_is_about_ones_own_demand(cluster: Cluster, data: st.DataObject) -> None:
    told_of, lie = data.draw(strategies.lies(st.just(cluster)))
    (user,) = [user for user in told_of.users if user.name == lie.name]
    assert evolve(lie, demand=user.demand) == user
    assert len(drf(cluster)) == len(cluster.users) >= 2
    assert all(min(user.demand) >= 1 and max(user.weights) <= 3 for user in cluster.users)
    assert all(isinstance(part, Fraction) for part in cluster.capacities)


@QUICK
@given(strategies.ideal_rings(least=4, longest=3))
def test_an_ideal_ring_has_all_that_is_asked_of_rings(ring: Any) -> None:
    assert [reason for claim in (*REQUIRED, *CORRECT) for reason in claim(ring)] == []


@pytest.mark.parametrize("claim", REQUIRED)
def test_rings_in_disorder_break_each_claim(claim: Any) -> None:
    find(strategies.rings(), lambda ring: any(claim(ring)), settings=THOROUGH)


@settings(QUICK, max_examples=15)
@given(strategies.memberships(identifiers=5, least=3))
def test_a_membership_is_a_ring_of_chords_scenarios(members: tuple[int, ...]) -> None:
    world = next(world for _, world in build("chord", {"ring": members, "identifiers": 5}).initial())
    assert world.up == tuple(f"n{n}" for n in members)
    assert Status.ABSENT in world.status.values() or len(members) == 5


def test_budgets_of_every_kind_are_drawn() -> None:
    for kind in BUDGETS:
        find(strategies.faults(), lambda one, kind=kind: getattr(one, kind) not in (0, None) or one.restarts == 0)  # type: ignore[misc]


# What Hypothesis knows of our types.

TYPES = [(module, name) for module, names in DRAWN.items() for name in names]


@pytest.mark.parametrize(("module", "name"), TYPES)
def test_a_type_is_drawn_by_its_strategy(module: str, name: str) -> None:
    kind = getattr(import_module(module), name)
    drawn = find(st.from_type(kind), lambda _: True, settings=settings(QUICK, max_examples=5, phases=[Phase.generate]))
    assert isinstance(drawn, kind)


FRESH = """
{first}
{second}
import sys
print(sorted({{"numba", "z3", "rich", "typer", "stackproof.checker.strategies"}} & {{*sys.modules}}))
from hypothesis import find, strategies as st
from stackproof.checker import Faults
print(find(st.from_type(Faults), lambda faults: faults.crashes).victims, find(st.from_type(Cluster), bool).capacities)
"""
OURS = "from stackproof.reference.scheduling.drf import Cluster"


@pytest.mark.parametrize("imports", [("import hypothesis", OURS), (OURS, "import hypothesis")])
def test_in_a_fresh_process_types_are_known_whoever_is_imported_first(imports: tuple[str, str]) -> None:
    program = FRESH.format(first=imports[0], second=imports[1])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "[]"
    assert done.stdout.splitlines()[1].startswith("None (Fraction(")


def test_importing_hypothesis_imports_nothing_of_the_checker() -> None:
    program = "import hypothesis, sys; print([name for name in sys.modules if name.startswith('stackproof')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['stackproof', 'stackproof.hypothesis_plugin']\n"
