"""What is said of every fair run, decided by both engines: held, or a lasso that replays."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import define, evolve

from stackproof.checker import Faults, Network, Scenario, ScenarioError, Status, Verdict, World, explore, replay
from stackproof.checker.cli import main
from stackproof.checker.explore import Engine
from stackproof.checker.explore.runs import components
from stackproof.checker.invariants.two_phase_commit import all_that_are_up_can_decide
from stackproof.checker.report import Report
from stackproof.checker.scenarios.two_phase_commit import two_phase_commit
from stackproof.checker.trace import Step, Trace, lines_of, write
from stackproof.checker.trace_file import TraceError
from stackproof.checker.world import happenings
from stackproof.reference.actor import Bounced, NodeId, Out
from tests.exhausted.ongoing import (
    Client,
    Door,
    Lock,
    Player,
    Receiver,
    Sender,
    Stuck,
    Whim,
    a_has_had_the_lock,
    everybody_has_had_the_lock,
    everybody_has_hit_three_balls,
    the_door_is_open,
    the_knock_is_heard,
    the_sender_knows,
)

ENGINES: tuple[Engine, ...] = ("plain", "native")
Shown = dict[str, tuple[int | None, int | None]]


def answer(scenario: Scenario) -> tuple[Verdict, Shown]:
    """What both engines say: the verdict, and the length of the stem and of the loop of what breaks each promise."""
    first, second = (explored(scenario, engine) for engine in ENGINES)
    assert first == second
    return first


def explored(scenario: Scenario, engine: Engine) -> tuple[Verdict, Shown]:
    """What one engine says, each of its lassos replayed."""
    report = explore(scenario, engine=engine)
    for one in report.violated:
        assert one.trace is not None
        again = replay(one.trace, scenario)
        assert (again.verdict, again.reason) == (Verdict.VIOLATED, one.reason)
    return report.verdict, {one.property: (stem(one.length, one.loop), one.loop) for one in report.violated}


def stem(length: int | None, loop: int | None) -> int | None:
    return None if length is None or loop is None else length - loop


def rally(drops: int = 0) -> Scenario:
    players = (Player("a", "b", serves=True), Player("b", "a"))
    return Scenario(nodes=players, faults=Faults(drops=drops), eventually=(everybody_has_hit_three_balls,))


def locked(lock: Lock) -> Scenario:
    return Scenario(nodes=(lock, Client("a"), Client("b")), eventually=(everybody_has_had_the_lock,))


def sent(sender: Sender, drops: int = 0) -> Scenario:
    """A network that repeats keeps the worlds few: what is sent again while it is in flight changes nothing."""
    return Scenario(
        nodes=(sender, Receiver("receiver")),
        network=Network.REPEATING,
        faults=Faults(drops=drops),
        eventually=(the_sender_knows,),
    )


def test_a_ball_that_is_never_lost_goes_on_for_ever() -> None:
    assert answer(rally()) == (Verdict.HELD, {})


def test_a_ball_that_may_be_lost_ends_the_rally() -> None:
    assert answer(rally(drops=1)) == (Verdict.VIOLATED, {"everybody_has_hit_three_balls": (1, 0)})


def test_a_lock_that_keeps_a_queue_starves_nobody() -> None:
    assert answer(locked(Lock("lock"))) == (Verdict.HELD, {})


def test_a_lock_that_serves_whom_it_likes_starves_somebody() -> None:
    assert answer(locked(Whim("lock"))) == (Verdict.VIOLATED, {"everybody_has_had_the_lock": (3, 2)})


def test_what_may_be_lost_three_times_arrives_as_long_as_a_timer_sends_it_again() -> None:
    assert answer(sent(Sender("sender"), drops=3)) == (Verdict.HELD, {})


def test_what_can_happen_only_now_and_then_is_owed_to_nobody() -> None:
    scenario = Scenario(nodes=(Door("door"),), eventually=(the_knock_is_heard,))
    assert answer(scenario) == (Verdict.VIOLATED, {"the_knock_is_heard": (0, 2)})


def test_what_can_happen_from_some_point_on_is_owed() -> None:
    scenario = Scenario(nodes=(Stuck("door"),), eventually=(the_knock_is_heard,))
    assert answer(scenario) == (Verdict.HELD, {})


def test_a_claim_that_comes_true_again_and_again_does_not_come_to_stay() -> None:
    scenario = Scenario(nodes=(Door("door", heard=True),), eventually=(the_door_is_open,))
    assert answer(scenario) == (Verdict.HELD, {})
    staying = evolve(scenario, eventually=(), eventually_always=(the_door_is_open,))
    assert answer(staying) == (Verdict.VIOLATED, {"the_door_is_open": (0, 2)})


def test_a_claim_that_is_true_in_the_end_comes_to_stay() -> None:
    scenario = Scenario(nodes=(Stuck("door"),), eventually_always=(the_door_is_open, the_knock_is_heard))
    assert answer(scenario) == (Verdict.HELD, {})


def test_participants_decide_if_the_coordinator_comes_back() -> None:
    scenario = evolve(two_phase_commit(), always_reachable=(), eventually=(all_that_are_up_can_decide,))
    assert answer(scenario) == (Verdict.HELD, {})
    assert answer(evolve(scenario, eventually=(), eventually_always=(all_that_are_up_can_decide,)))[0] is Verdict.HELD


def test_participants_that_have_prepared_block_if_the_coordinator_stays_down() -> None:
    scenario = evolve(two_phase_commit(restarts=False), always_reachable=(), eventually=(all_that_are_up_can_decide,))
    assert answer(scenario) == (Verdict.VIOLATED, {"all_that_are_up_can_decide": (4, 0)})


@define
class Caller:
    """Calls, and wants to know."""

    id: NodeId
    knows: bool = False

    def start(self, out: Out) -> None:
        out.send("callee", "hello")

    def receive(self, message: str | Bounced, source: NodeId, out: Out) -> None:
        self.knows = True


@define
class Callee:
    """Answers."""

    id: NodeId

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        out.send(source, "hello")


def the_caller_knows(world: World) -> bool:
    return bool(world.nodes["caller"].knows)


def the_callee_is_up(world: World) -> bool:
    return world.status["callee"] is Status.UP


def called(**faults: int | bool) -> Scenario:
    given = Faults(**faults, victims=("callee",))  # type: ignore[arg-type]
    return Scenario(nodes=(Caller("caller"), Callee("callee")), faults=given, eventually=(the_caller_knows,))


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        ({"cuts": 1}, Verdict.HELD),
        ({"pauses": 1}, Verdict.HELD),
        ({"crashes": 1}, Verdict.HELD),
        ({"crashes": 1, "restarts": 1}, Verdict.HELD),
        ({"crashes": 2, "restarts": 1}, Verdict.VIOLATED),
        ({"leaves": 1}, Verdict.VIOLATED),
        ({"leaves": 1, "detection": True}, Verdict.HELD),
    ],
)
def test_healings_resumptions_restarts_and_bounces_are_owed(faults: dict[str, int | bool], verdict: Verdict) -> None:
    assert answer(called(**faults))[0] is verdict


def test_a_node_need_not_join() -> None:
    scenario = Scenario(
        nodes=(Caller("caller"),), absent=(Callee("callee"),), faults=Faults(joins=1), eventually=(the_callee_is_up,)
    )
    assert answer(scenario) == (Verdict.VIOLATED, {"the_callee_is_up": (0, 0)})


def test_a_fault_need_not_happen_however_often_it_may() -> None:
    scenario = Scenario(
        nodes=(Door("door", heard=True),),
        network=Network.REPEATING,
        faults=Faults(crashes=None),  # type: ignore[arg-type]
        eventually=(the_door_is_down,),
    )
    assert answer(scenario) == (Verdict.VIOLATED, {"the_door_is_down": (0, 2)})


def the_door_is_down(world: World) -> bool:
    return world.status["door"] is Status.DOWN


def test_what_lies_beyond_a_prune_is_not_held_against_a_claim() -> None:
    scenario = evolve(locked(Whim("lock")), prune=a_has_had_the_lock)
    report = explore(scenario, engine="plain")
    assert answer(scenario) == (Verdict.VIOLATED, {"everybody_has_had_the_lock": (3, 2)})
    scenario = evolve(locked(Whim("lock")), prune=somebody_has_had_the_lock)
    report = explore(scenario, engine="native")
    assert (answer(scenario)[0], report.why) == (Verdict.HELD, "within bounds: 4 worlds were not looked past")


def somebody_has_had_the_lock(world: World) -> bool:
    return any(node.had for name, node in world.nodes.items() if name != "lock")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_search_that_was_cut_off_says_nothing_of_every_run(engine: Engine) -> None:
    report = explore(locked(Whim("lock")), engine=engine, worlds=3)
    assert (report.verdict, report.violated) == (Verdict.UNKNOWN, ())


def test_a_claim_has_one_name_only() -> None:
    with pytest.raises(ScenarioError, match="two properties are called 'the_door_is_open'"):
        Scenario(nodes=(Door("door"),), eventually=(the_door_is_open,), eventually_always=(the_door_is_open,))


def test_the_components_of_a_graph_are_found() -> None:
    graph = {0: [1], 1: [2, 3], 2: [0], 3: [4, 3], 4: [5], 5: [4], 6: [0]}
    found = [sorted(part) for part in components(graph, graph.__getitem__)]
    assert found == [[4, 5], [3], [0, 1, 2], [6]]


def starved() -> tuple[Scenario, Report, Trace]:
    """The lasso of the lock."""
    scenario = locked(Whim("lock"))
    report = explore(scenario, engine="plain")
    assert report.trace is not None
    return scenario, report, report.trace


def changed(trace: Trace, change: Callable[[list[str]], list[str]]) -> bytes:
    """The lines of a trace, changed."""
    return "\n".join(change(list(lines_of(trace)))).encode()


def test_a_lasso_goes_to_a_file_and_comes_back(tmp_path: Path) -> None:
    scenario, report, trace = starved()
    write(trace, tmp_path / "lasso.jsonl")
    header, *events = (tmp_path / "lasso.jsonl").read_text("ascii").splitlines()
    assert json.loads(header)["loop"] == 3
    assert [json.loads(event)["digest"] for event in events][3] == json.loads(events[-1])["digest"]
    again = replay(tmp_path / "lasso.jsonl", scenario)
    assert again.trace.loop == 3
    (form,) = again.form()["violated"]
    assert form == report.violated[0].form(None) | {"length": 5, "loop": 2}


def with_loop(loop: object) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        header = json.loads(lines[0]) | {"loop": loop}
        return [json.dumps({key: value for key, value in header.items() if value is not None}), *lines[1:]]

    return change


def expecting(verdict: str) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        header = json.loads(lines[0])
        header["expect"]["verdict"] = verdict
        return [json.dumps(header), *lines[1:]]

    return change


def about(name: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [lines[0].replace("everybody_has_had_the_lock", name), *lines[1:]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_loop(None), ':1: the header needs the key "loop"'),
        (with_loop(6), ':1: "loop" is the number of an event, from 0 to 5; here it is 6'),
        (with_loop(-1), ":1: .* here it is -1"),
        (with_loop(10**400), ":1: .* from 0 to 5"),
        (with_loop(True), ":1: .* here it is True"),
        (with_loop("3"), ":1: .* here it is '3'"),
        (with_loop([3]), ":1: .* here it is a list"),
        (with_loop(2), ":7: the loop does not close: this world is not that after event 2"),
        (with_loop(5), ':7: no fair run goes on like this: .*"deliver".* may always happen, and never does'),
        (lambda lines: lines[:-1], ":6: the loop does not close"),
        (expecting("held"), ':1: "loop" belongs to a trace whose verdict is "violated"'),
    ],
)
def test_a_lasso_that_is_none_is_refused(change: Callable[[list[str]], list[str]], sentence: str) -> None:
    scenario, _, trace = starved()
    with pytest.raises(TraceError, match=sentence):
        replay(changed(trace, change), scenario)


def test_a_loop_that_leaves_out_what_is_owed_is_refused() -> None:
    scenario = sent(Sender("sender"))
    (start,) = (Step(event, world) for event, world in scenario.initial())
    idle = next(Step(event, world) for event, world in happenings(start.world) if event.name == "fire")
    assert idle.world == start.world
    expect = {"verdict": "violated", "property": "the_sender_knows"}
    trace = Trace("", {}, expect, {}, (start, idle), loop=0)
    with pytest.raises(TraceError, match=r':3: no fair run goes on like this: .*"Data".* never does'):
        replay(trace, scenario)


def test_a_loop_in_which_the_claim_is_true_is_refused() -> None:
    scenario, _, trace = starved()
    asked = evolve(scenario, eventually=(somebody_has_had_the_lock,))
    with pytest.raises(TraceError, match="somebody_has_had_the_lock holds"):
        replay(changed(trace, about("somebody_has_had_the_lock")), asked)


def test_a_loop_has_no_place_in_the_trace_of_an_invariant() -> None:
    def nobody_has_had_the_lock(world: World) -> list[str]:
        return ["somebody had it"] * any(node.had for name, node in world.nodes.items() if name != "lock")

    scenario, _, trace = starved()
    asked = evolve(scenario, eventually=(), invariants=(nobody_has_had_the_lock,))
    with pytest.raises(TraceError, match="says nothing of runs that go on for ever"):
        replay(changed(trace, about("nobody_has_had_the_lock")), asked)


QUESTION = '''
from stackproof.checker import Scenario
from tests.exhausted.ongoing import Client, Door, Whim, everybody_has_had_the_lock, the_door_is_open


def lock() -> Scenario:
    """Does everybody get the lock?"""
    nodes = (Whim("lock"), Client("a"), Client("b"))
    return Scenario(nodes=nodes, eventually=(everybody_has_had_the_lock,))


def door() -> Scenario:
    """Does it open?"""
    return Scenario(nodes=(Door("door", heard=True),), eventually=(the_door_is_open,))
'''


def test_people_are_told_the_stem_and_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "question.py").write_text(QUESTION, "utf-8")
    assert main(["explore", "question.py:lock"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "is true in no world of this run, which goes round for ever" in told
    assert "in 3 events, then 2 events for ever: counterexample.jsonl" in told
    assert "from here for ever: 4 " in told
    assert main(["replay", "counterexample.jsonl", "--scenario", "question.py:lock", "--step"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "After 3 events, and then 2 events again and again, each as recorded" in told
    assert "from here for ever: 4 " in told
    assert main(["explore", "question.py:lock", "--json"]) == 1
    (violated,) = json.loads(capsys.readouterr().out)["violated"]
    assert list(violated) == ["property", "reason", "length", "loop", "trace"]
    assert main(["explore", "question.py:door"]) == 0
    assert "fair runs all come to the_door_is_open" in " ".join(capsys.readouterr().out.split())
