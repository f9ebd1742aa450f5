"""Search: drawn runs, how they end, what is said of them."""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from stackproof.checker import Faults, Network, Scenario, ScenarioError, Verdict, World, search
from stackproof.checker.explore.fairness import left_out
from stackproof.checker.host import Status
from stackproof.checker.registry import build
from stackproof.checker.render import searched
from stackproof.checker.replay import replay
from stackproof.checker.search import mixes, settling, tapes, terrain
from stackproof.checker.search.course import Course, Violated
from stackproof.checker.search.hunting import Progress
from stackproof.checker.search.mixes import Mix, mix_of
from stackproof.checker.search.rounds import seed_of
from stackproof.checker.search.settling import settle
from stackproof.checker.search.terrain import Terrain
from stackproof.checker.trace import lines_of
from stackproof.checker.world import happenings, possible
from stackproof.reference.actor import NodeId, Out, durable
from tests.environments import run
from tests.searched.puppets import scenarios

WILD = Faults(drops=1, duplicates=1, crashes=1, one_way_cuts=1, pauses=1, leaves=1)
MEASURED = ("seconds", "steps_per_second", "peak_mib")


@define
class Ticker:
    """Ticks for ever, and may stop for good after a crash."""

    id: NodeId
    phase: int = 0
    boots: int = durable(0)

    def start(self, out: Out) -> None:
        self.boots = min(2, self.boots + 1)
        out.after(10, "tick")
        out.after(10, "done")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        if message == "tick":
            self.phase = 1 - self.phase
            out.after(10, "tick")
        else:
            self.phase = 2
            out.cancel("tick")


@define
class Chooser:
    """Chooses once, in its start and upon its timer."""

    id: NodeId
    chosen: tuple[int, ...] = ()
    said: int = field(default=0)

    def start(self, out: Out) -> None:
        self.chosen = (out.choose((1, 2, 3)),)
        out.after(10, "again")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        self.chosen += (out.choose((4, 5)),)


def it_is_done(world: World) -> bool:
    """A promise that fair runs keep, since the other timer may always fire."""
    return bool(world.nodes["t"].phase == 2)


def it_ticks(world: World) -> bool:
    """A promise that they do not keep."""
    return bool(world.nodes["t"].phase == 1)


def it_booted_twice(world: World) -> bool:
    """A goal that a crash leads to."""
    return bool(world.nodes["t"].boots == 2)


def it_flies(world: World) -> bool:
    """A goal that nothing leads to."""
    return False


def not_both(world: World) -> Iterator[str]:
    """Not three and then five."""
    if world.nodes["c"].chosen == (3, 5):
        yield "three and five"


def ticker(**more: Any) -> Scenario:
    """One node that ticks."""
    return Scenario(nodes=(Ticker("t"),), name="ticker", **more)


def told(report: Any) -> dict[str, Any]:
    """A report as JSON, without what was measured."""
    return {key: value for key, value in report.form().items() if key not in MEASURED}


def test_a_world_worked_out_late_is_the_one_worked_out_at_once() -> None:
    scenario = evolve(build("quorum"), network=Network.FIFO, faults=WILD)
    rng = random.Random(1)
    for _ in range(10):
        _, world = next(scenario.initial())
        for _ in range(40):
            ahead = list(happenings(world))
            assert [(event, late()) for event, late in possible(world)] == ahead
            world = rng.choice(ahead)[1] if ahead else world


def test_a_tape_of_zeros_is_a_run_that_only_settles() -> None:
    course = Course(Terrain(build("quorum")))
    tapes.play(course, bytes(tapes.length(50)))
    assert course.ended
    assert not course.struck
    assert not course.here.events


def test_a_byte_of_zero_lets_nothing_happen_and_changes_no_other() -> None:
    ground = Terrain(evolve(build("quorum"), faults=WILD))
    head, steps = bytes([0, 0, 0, 0, 0, 0, 255]), bytes(random.Random(2).randrange(1, 256) for _ in range(30))
    one, other = Course(ground), Course(ground)
    tapes.play(one, head + steps)
    tapes.play(other, head + b"".join(bytes([0, byte]) for byte in steps))
    assert one.events == other.events


def test_a_lower_byte_takes_an_earlier_event() -> None:
    spot = Course(Terrain(evolve(build("quorum"), faults=WILD))).here
    numbers = [Mix().chosen(spot, lot, 255) for lot in range(255)]
    assert numbers == sorted(numbers)  # type: ignore[type-var]
    assert set(numbers) == set(range(len(spot.events)))


def test_every_mix_leaves_some_kinds_of_fault_out_and_keeps_the_others() -> None:
    spot = Course(Terrain(evolve(build("quorum"), faults=evolve(WILD, cuts=1, partitions=1)))).here
    kinds = {spot.events[number].name for number in spot.faults}
    for without in range(256):
        mix = mix_of((without, 0, 0, 0), spot.world.names)
        weights = mix.weights(spot)
        struck = {spot.events[number].name for number in spot.faults if weights[number]}
        assert struck == kinds - mix.without
    assert mix_of((255, 0, 0, 0), ("a",)).without == set(mixes.KINDS)


def test_in_some_mixes_nothing_is_mended_before_the_run_settles() -> None:
    course = Course(Terrain(ticker(faults=Faults(crashes=1))))
    course.go(next(number for number, event in enumerate(course.here.events) if event.name == "crash"))
    assert [event.name for event in course.here.events] == ["restart"]
    assert [mix_of((0, 0, timers, 0), ("t",)).chosen(course.here, 0, 255) for timers in (0, 128)] == [0, None]


def test_a_mix_may_slow_down_any_node() -> None:
    names = ("a", "b", "c")
    slow = {mix_of((0, 0, 0, byte), names).slow for byte in range(256)}
    assert slow == {None, *names}
    assert mix_of((0, 0, 0, 0), names) == Mix()


def test_to_settle_all_is_mended_first() -> None:
    scenario = ticker(faults=Faults(crashes=1, pauses=1))
    for kind in ("crash", "pause"):
        course = Course(Terrain(scenario))
        course.go(next(number for number, event in enumerate(course.here.events) if event.name == kind))
        settle(course)
        assert course.here.world.status["t"] is Status.UP
        assert it_is_done(course.here.world)


@pytest.mark.parametrize("order", range(20))
def test_once_a_run_settles_nothing_strikes_and_nothing_is_left_out(order: int) -> None:
    course = Course(Terrain(ticker(faults=WILD)))
    settle(course, order)
    assert not course.struck
    assert course.ended
    assert it_is_done(course.here.world)


def test_a_loop_that_leaves_something_out_for_ever_breaks_no_promise() -> None:
    assert search(ticker(eventually=(it_is_done,)), by="hypothesis", examples=300).verdict is Verdict.HELD


@pytest.mark.parametrize("claims", ["eventually", "eventually_always"])
def test_a_promise_that_a_fair_run_does_not_keep_is_broken_by_a_run_that_replays(claims: str) -> None:
    scenario = ticker(**{claims: (it_ticks,)})
    report = search(scenario, by="hypothesis", examples=300)
    (found,) = report.violated
    assert (found.property, found.length, found.loop) == ("it_ticks", 1, 0)
    assert found.trace is not None
    assert left_out(found.trace.steps[found.trace.loop :]) is None
    assert replay(found.trace, scenario).verdict is Verdict.VIOLATED


def test_a_run_that_has_not_come_to_an_end_is_counted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LONGEST", 0)
    report = search(ticker(eventually=(it_is_done,)), by="hypothesis", examples=20)
    assert report.unsettled == report.runs == 20
    assert (report.verdict, report.why) == (
        Verdict.UNKNOWN,
        "no run was followed to where it ends or goes round for ever",
    )


def test_choices_and_first_worlds_are_drawn_too() -> None:
    scenario = Scenario(nodes=(Chooser("c"),), invariants=(not_both,))
    report = search(scenario, by="hypothesis")
    assert report.trace is not None
    assert [step.event.choose for step in report.trace.steps] == [(2,), (1,)]


def test_held_says_that_every_run_was_run_and_every_goal_reached() -> None:
    report = search(ticker(faults=Faults(crashes=1), goals=(it_booted_twice,)), by="hypothesis", examples=100)
    assert (report.verdict, report.why, report.runs, report.unsettled) == (Verdict.HELD, None, 100, 0)
    assert report.goals[0].reached
    assert report.goals[0].length == 2
    assert report.faults["crash"] > 10
    assert {(one.node, one.message): one.count > 0 for one in report.handlers} == {
        ("Ticker", "str"): True,
    }


def test_a_goal_that_no_run_reaches_is_named_and_nothing_is_held() -> None:
    report = search(ticker(goals=(it_ticks, it_flies)), by="hypothesis", examples=50)
    assert (report.verdict, report.why) == (Verdict.UNKNOWN, "no run reached it_flies")
    assert report.exit_status == 3


def test_a_search_without_time_says_nothing() -> None:
    report = search(ticker(), seconds=0)
    assert (report.verdict, report.why, report.runs) == (Verdict.UNKNOWN, "no run came to its end", 0)


def test_an_interrupt_ends_a_search_with_what_it_has() -> None:
    asked = 0

    def interrupted(world: World) -> Iterator[str]:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise KeyboardInterrupt
        yield from ()

    report = search(ticker(invariants=(interrupted,)))
    assert (report.verdict, report.why) == (Verdict.UNKNOWN, "interrupted")


def test_what_a_property_raises_is_told_and_is_no_violation() -> None:
    def wrong(world: World) -> Iterator[str]:
        yield world.nodes["nobody"].name

    with pytest.raises(ScenarioError, match="the property wrong raised KeyError"):
        search(ticker(invariants=(wrong,)))


def test_nobody_else_searches() -> None:
    with pytest.raises(ScenarioError, match="nothing searches by 'luck'"):
        search(ticker(), by="luck")  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["hypothesis", "both"])
def test_the_same_seed_makes_the_same_runs(by: Any) -> None:
    first, again = (search(build("S3"), seed=5, by=by) for _ in range(2))
    assert told(first) == told(again)
    assert first.trace is not None
    assert again.trace is not None
    assert list(lines_of(first.trace)) == list(lines_of(again.trace))
    assert first.trace.found["seed"] == 5


def test_another_seed_makes_other_runs() -> None:
    scenario = ticker(faults=Faults(crashes=1))
    assert len({search(scenario, seed=seed, by="hypothesis", examples=20).steps for seed in range(4)}) > 1


def test_every_round_has_a_seed_of_its_own_and_the_first_that_of_the_search() -> None:
    assert seed_of(7, 0) == 7
    assert len({seed_of(seed, number) for seed in range(5) for number in range(5)}) == 25


@pytest.mark.slow
def test_a_search_prints_the_same_whatever_the_hash_seed(tmp_path: Path) -> None:
    printed = set()
    for hash_seed in ("1", "2"):
        words = (sys.executable, "-m", "stackproof.checker.cli", "search", "--bug", "S9", "--json")
        form = json.loads(run(*words, cwd=tmp_path, PYTHONHASHSEED=hash_seed, XDG_CACHE_HOME=str(tmp_path)))
        trace = (tmp_path / "counterexample.jsonl").read_text("ascii")
        printed.add((json.dumps({key: value for key, value in form.items() if key not in MEASURED}), trace))
    assert len(printed) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_what_is_found_in_a_random_protocol_is_there(scenario: Scenario) -> None:
    report = search(scenario, by="hypothesis", examples=25, steps=30)
    for one in report.violated:
        assert one.trace is not None
        again = replay(one.trace, scenario)
        assert (again.verdict, again.reason, again.about) == (Verdict.VIOLATED, one.reason, one.property)


def test_an_invariant_that_fails_at_the_start_is_found_there() -> None:
    def nothing_is_up(world: World) -> Iterator[str]:
        yield from (f"{name} is up" for name in world.up)

    scenario = ticker(invariants=(nothing_is_up,))
    with pytest.raises(Violated, match="t is up"):
        tapes.play(Course(Terrain(scenario)), bytes(tapes.length(3)))
    (found,) = search(scenario, by="hypothesis").violated
    assert (found.property, found.length) == ("nothing_is_up", 0)


def test_terrain_forgets_what_is_too_much_and_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told(search(build("quorum"), by="hypothesis", examples=30))
    monkeypatch.setattr(terrain, "MOST", 50)
    assert told(search(build("quorum"), by="hypothesis", examples=30)) == whole


def test_the_line_on_a_terminal_says_how_far_it_is() -> None:
    seen = Progress(runs=1200, steps=34000, seconds=2.0, faults=56, goals=2)
    console = Console(width=200, color_system=None)
    with console.capture() as shown:
        console.print(searched.line("quorum", seen))
    assert shown.get().strip() == "1,200 runs  34,000 steps  17,000/s  56 faults  2 goals  quorum"


def test_the_watcher_is_told_the_progress() -> None:
    seen: list[Progress] = []
    search(build("quorum"), by="hypothesis", examples=400, watcher=seen.append)
    assert seen
    assert [one.runs for one in seen] == sorted(one.runs for one in seen)


def test_who_does_not_search_does_not_wait_for_hypothesis(tmp_path: Path) -> None:
    asked = "import sys, stackproof.checker.cli; print(sorted({'hypothesis', 'numba', 'z3'} & set(sys.modules)))"
    assert run(sys.executable, "-c", asked, cwd=tmp_path) == "[]\n"


@pytest.mark.slow
def test_walks_alone_find_a_bug_and_do_not_judge_what_goes_on_for_ever() -> None:
    found = search(build("S1"), by="walks")
    assert found.verdict is Verdict.VIOLATED
    assert found.trace is not None
    assert replay(found.trace, build("S1")).verdict is Verdict.VIOLATED
    blind = search(build("A10", {"fixed": True}), by="walks", examples=20)
    assert (blind.verdict, blind.why) == (
        Verdict.UNKNOWN,
        "no run was followed to where it ends or goes round for ever",
    )
    assert blind.steps >= 20_000


@pytest.mark.slow
def test_with_a_time_it_goes_on_with_other_seeds() -> None:
    report = search(build("quorum", {"crashes": 1}), seconds=4)
    assert report.verdict is Verdict.HELD
    assert report.runs > 2_000
    assert 4 <= report.seconds < 12
