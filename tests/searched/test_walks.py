"""Random walks on the native tables: they go where the plain world goes, and find what is wrong."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import define, evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackproof.checker import Faults, Network, Scenario
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.host import ScenarioError
from stackproof.checker.registry import BUGS, build
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import true_in
from stackproof.checker.search import lanes
from stackproof.checker.search.lanes import LANES
from stackproof.checker.search.walks import Party, Walked, walks
from stackproof.checker.trace import lines_of
from stackproof.checker.world import World, happenings
from stackproof.reference.actor import Bounced, NodeId, Out
from tests.mutants.test_bugs import FOUND
from tests.searched.puppets import scenarios


def under_way(party: Party, lane: int) -> list[World]:
    """The worlds of the walk in a lane, as far as it has come."""
    first, at = party.bounds.starts + lane * (party.depth + 1), int(party.walkers.lanes[lane, lanes.AT])
    return [party.expander.book.world(party.expander.store.row(place)) for place in range(first, first + at + 1)]


def initial(scenario: Scenario) -> list[World]:
    """The first worlds."""
    return [world for _, world in scenario.initial()]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 99))
def test_every_step_of_a_walk_is_one_that_may_happen(scenario: Scenario, seed: int) -> None:
    party = Party(scenario, seed, depth=12)
    for _ in range(15):
        party.stretch(1)
    for lane in range(8):
        path = under_way(party, lane)
        assert not path or path[0] in initial(scenario)
        for before, after in pairwise(path):
            assert scenario.prune is None or not true_in(scenario.prune, before)
            assert after in [world for _, world in happenings(before)]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 99))
def test_what_a_walk_finds_in_a_random_protocol_replays(scenario: Scenario, seed: int) -> None:
    walked = walks(scenario, seed=seed, steps=2_000, depth=30)
    if walked.violation is None:
        assert walked.steps >= 2_000 or walked.why == "nothing can happen at the start"
    else:
        assert walked.violation.trace is not None
        again = replay(walked.violation.trace, scenario)
        assert (again.verdict, again.reason) == (Verdict.VIOLATED, walked.violation.reason)


def visited(party: Party, stretches: int) -> set[World]:
    """Every world that walks come to in so many stretches of one step."""
    rows: set[bytes] = set()
    worlds: set[World] = set()
    for _ in range(stretches):
        party.stretch(1)
        for lane in np.flatnonzero(party.walkers.lanes[:, lanes.AT] >= 0).tolist():
            place = party.bounds.starts + lane * (party.depth + 1) + int(party.walkers.lanes[lane, lanes.AT])
            row = party.expander.store.rows[place].tobytes() + bytes(party.expander.store.widths)
            if row not in rows:
                rows.add(row)
                worlds.add(party.expander.book.world(party.expander.store.row(place)))
    return worlds


@pytest.mark.parametrize(
    ("name", "parameters", "changes"),
    [
        ("quorum", {"n": 2}, {}),
        ("two-phase-commit", {"participants": 1}, {"network": Network.FIFO}),
        ("two-phase-commit", {"participants": 1, "crashes": 1}, {}),
    ],
)
def test_walks_come_to_every_world_of_a_small_scenario(
    name: str, parameters: dict[str, Any], changes: dict[str, Any]
) -> None:
    scenario = evolve(build(name, parameters), **changes)
    party = Party(scenario, 0, depth=60)
    worlds = visited(party, 800)
    assert party.violation is None
    assert len(worlds) == explore_plainly(scenario, Limits()).distinct


@define
class Chatterbox:
    """Says a word to the next one, and again whenever it hears one."""

    id: NodeId
    next: NodeId

    def start(self, out: Out) -> None:
        out.send(self.next, "word")

    def receive(self, message: str | Bounced, source: NodeId, out: Out) -> None:
        out.send(self.next, "word")


FAULTS = Faults(drops=9, duplicates=9, crashes=9, suspicions=9, detection=True, cuts=9, pauses=9, joins=1, leaves=1)


def test_every_kind_of_fault_strikes_and_no_more_often_than_it_may() -> None:
    scenario = Scenario(
        nodes=(Chatterbox("a", "b"), Chatterbox("b", "c")), absent=(Chatterbox("c", "a"),), faults=FAULTS
    )
    walked = walks(scenario, steps=8_000, depth=40)
    struck = {name: left for name, left in FAULTS.budget().items() if left and name != "cuts"} | {"links": 9}
    assert set(walked.faults) == set(struck)
    assert all(0 < count <= struck[name] * (walked.walks + LANES) for name, count in walked.faults.items())


def paths(quota: int, stretches: int) -> dict[int, list[World]]:
    """How far each walk was seen to come, by its number."""
    party = Party(build("quorum", {"crashes": 1}), 7, depth=9)
    longest: dict[int, list[World]] = {}
    for _ in range(stretches):
        party.stretch(quota)
        for lane, number in enumerate(party.walkers.lanes[:, lanes.NUMBER].tolist()):
            longest[number] = max(longest.get(number, []), under_way(party, lane), key=len)
    return longest


def test_a_walk_is_the_same_however_long_the_stretches_are() -> None:
    """What was known when, and how far the others were, makes no difference to it."""
    ones, fives = paths(1, 40), paths(5, 20)
    both = [number for number in ones if number in fives]
    assert len(both) > 2 * LANES
    for number in both:
        length = min(len(ones[number]), len(fives[number]))
        assert ones[number][:length] == fives[number][:length]
    assert len({tuple(path) for path in ones.values() if len(path) > 8}) > LANES


def lengths(walked: Walked) -> list[Any]:
    """What was violated, in how many events, and how many of these go round."""
    return [] if (one := walked.violation) is None else [one.property, one.length, one.loop]


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_is_found_in_as_few_events_as_by_the_explorer(bug: str) -> None:
    scenario, (name, length, loop, _) = BUGS[bug].load()(), FOUND[bug]
    walked = walks(scenario, seed=1, steps=500_000)
    assert walked.violation is not None
    assert walked.violation.trace is not None
    assert replay(walked.violation.trace, scenario).reason == walked.violation.reason
    assert lengths(walked) == [name, length, loop]


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_nothing_is_found_where_a_bug_was(bug: str) -> None:
    walked = walks(BUGS[bug].load()(fixed=True), seed=1, steps=400_000)
    assert lengths(walked) == []
    assert walked.steps >= 400_000


@pytest.mark.parametrize(
    ("name", "parameters", "properties", "length"),
    [
        ("chord-2001", {}, {"at_least_one_ring"}, 10),
        ("chord-2001-atomic", {}, {"at_least_one_ring"}, 5),
        ("quorum", {"w": 1, "r": 1}, {"reads_return_a_latest_completed_write", "linearizable"}, 6),
    ],
)
def test_what_is_kept_broken_is_found(name: str, parameters: dict[str, Any], properties: set[str], length: int) -> None:
    walked = walks(build(name, parameters), seed=1, steps=500_000)
    found, shown, _ = lengths(walked)
    assert found in properties
    assert shown == length
    assert walked.drawn is not None
    assert walked.drawn >= length


def told() -> str:
    """Where walks with a certain seed come to."""
    walked = walks(BUGS["A14"].load()(), seed=3, steps=200_000)
    assert walked.violation is not None
    assert walked.violation.trace is not None
    return f"{walked.steps} {walked.walks} {walked.drawn} {list(lines_of(walked.violation.trace))}\n"


def test_the_same_seed_walks_the_same_way_whatever_the_hash_seed() -> None:
    script = "import sys; from tests.searched.test_walks import told; sys.stdout.write(told())"
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == told()


def test_another_seed_walks_another_way() -> None:
    first, second = (walks(BUGS["A14"].load()(), seed=seed, steps=200_000) for seed in (3, 4))
    assert (first.steps, first.walks) != (second.steps, second.walks)


def test_walks_in_two_threads_are_those_that_each_takes_alone() -> None:
    def walked(seed: int) -> Walked:
        return evolve(walks(BUGS["A13"].load()(), seed=seed, steps=10_000), seconds=0)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(walked, range(4))) == [walked(seed) for seed in range(4)]


def test_walks_stop_at_their_limits_and_tell_how_far_they_are() -> None:
    told: list[Walked] = []
    walked = walks(build("quorum"), steps=300_000, watcher=told.append)
    assert 300_000 <= walked.steps < 300_000 + LANES
    assert (walked.why, walked.violation) == ("the limit of 300,000 steps was reached", None)
    assert walked.goals == {"a_put_completes": True, "a_get_returns_a_written_value": True}
    timed = walks(build("quorum"), seconds=0.5, watcher=told.append)
    assert timed.why == "the limit of 0.5 s was reached"
    assert told
    assert all(one.steps <= max(walked.steps, timed.steps) for one in told)


def test_walks_are_gone_on_with() -> None:
    party = Party(build("quorum"), 0, depth=200)
    first, second = party.walk(steps=10_000), party.walk(steps=10_000)
    assert second.steps >= first.steps + 10_000
    assert second.walks > first.walks


def test_walks_without_a_limit_make_no_sense() -> None:
    with pytest.raises(ScenarioError, match="say how many steps or seconds"):
        walks(build("quorum"))


def test_walks_go_nowhere_from_where_nothing_can_happen() -> None:
    still = evolve(build("quorum"), prune=lambda _: True)
    walked = walks(still, steps=1_000)
    assert (walked.steps, walked.why) == (0, "nothing can happen at the start")
