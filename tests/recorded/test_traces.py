"""Every trace below traces/ replays and shows what it says; `python tests/recorded/test_traces.py` writes them anew."""

import io
import json
import random
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, frozen
from rich.console import Console

from stackproof.checker.explore import explore, witness
from stackproof.checker.faults import BUDGETS, Faults
from stackproof.checker.registry import SCENARIOS, build
from stackproof.checker.render.story import WHAT, in_steps, story
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import Step, Trace, lines_of, write
from stackproof.checker.trace_file import read, shipped_traces, traces_folder
from stackproof.checker.world import happenings
from stackproof.reference.actor import NodeId, Out
from tests.paper.zave import COUNTEREXAMPLES, SHORTEST, Counterexample


@frozen
class Shortest:
    """A shortest run of a scenario to a goal, or to a world in which a property does not hold."""

    scenario: str
    property: str
    parameters: dict[str, Any]
    quick: bool = True

    def trace(self) -> Trace:
        """Look for it, the plain way, so that it is always the same one."""
        scenario = build(self.scenario, self.parameters)
        goal = next((goal for goal in scenario.goals if goal.__name__ == self.property), None)
        if goal is not None:
            found = witness(scenario, goal, engine="plain")
        else:
            violated = explore(scenario, engine="plain").violated
            found = next(one.trace for one in violated if one.property == self.property)
        assert found is not None
        return found


SHIPPED: dict[str, Shortest | Counterexample] = {
    **{f"chord/{name}.jsonl": run for name, run in (COUNTEREXAMPLES | SHORTEST).items()},
    "chord/two-nodes-lose-their-ring-by-messages.jsonl": Shortest("chord-2001", "at_least_one_ring", {}),
    "chord/a-new-member-is-in-an-ideal-ring.jsonl": Shortest("chord", "a_new_member_is_in_an_ideal_ring", {}),
    "chord/a-lookup-ends-at-the-owner.jsonl": Shortest("chord-lookup", "every_key_is_found", {}),
    "chord/the-ring-closes-after-a-failure.jsonl": Shortest("chord-storage", "a_ring_that_lost_a_member_is_ideal", {}),
    "quorum/a-get-misses-a-completed-put.jsonl": Shortest("quorum", "reads_return_a_latest_completed_write", {"w": 1}),
    "quorum/a-new-value-then-the-old-one.jsonl": Shortest("quorum", "reads_never_go_back", {"clients": 3}, quick=False),
    "quorum/a-put-and-a-get-that-never-meet.jsonl": Shortest("quorum-arithmetic", "quorums_intersect", {"w": 1}),
    "quorum/a-lost-store-does-no-harm.jsonl": Shortest(
        "quorum-lecture", "a_get_finds_the_value_though_a_store_was_lost", {}
    ),
    "abd/a-get-returns-a-written-value.jsonl": Shortest("abd", "a_get_returns_a_written_value", {}),
    "block-store/a-read-misses-an-acknowledged-block.jsonl": Shortest(
        "block-store", "reads_find_what_was_acknowledged", {"crashes": 0, "w": 1, "r": 1}
    ),
    "block-store/two-losses-take-both-copies.jsonl": Shortest(
        "block-store", "acknowledged_blocks_survive", {"corruptions": 1, "reads": 0}
    ),
    "drf/everybody-runs-a-task.jsonl": Shortest("drf", "everybody_runs_a_task", {}),
    "mapreduce/a-completed-map-runs-again.jsonl": Shortest("mapreduce", "a_completed_map_runs_again", {}),
    "mapreduce/two-attempts-write-one-file.jsonl": Shortest(
        "mapreduce", "one_output_commit_per_task", {"atomic_commit": False}, quick=False
    ),
    "mesos/a-lost-task-is-replaced.jsonl": Shortest(
        "mesos-offers", "a_lost_task_is_replaced", {"crashes": 1}, quick=False
    ),
    "mesos/a-new-master-knows-a-task.jsonl": Shortest("mesos-failover", "a_new_master_knows_a_task", {}),
    "mesos/a-task-makes-room.jsonl": Shortest("mesos-revocation", "a_task_makes_room", {}),
    "mesos/the-slot-comes-back-for-ever.jsonl": Shortest("A1", "no_starvation", {}),
    "rdd/a-lost-partition-is-computed-again.jsonl": Shortest("rdd", "a_lost_block_is_computed_again", {}),
    "rdd/a-shuffle-is-answered.jsonl": Shortest("rdd-shuffle", "every_job_is_answered", {}),
    "rdd/rows-dealt-in-another-order.jsonl": Shortest(
        "S1", "the_result_equals_the_failure_free_result", {}, quick=False
    ),
    "stack/the-user-has-the-answer.jsonl": Shortest("stack", "the_user_has_the_answer", {"crashes": 0}),
    "two-phase-commit/everybody-commits.jsonl": Shortest("two-phase-commit", "everybody_commits", {}),
    "two-phase-commit/the-prepared-block.jsonl": Shortest(
        "two-phase-commit", "all_that_are_up_can_decide", {"restarts": False}
    ),
}
FOLDER = traces_folder()
QUICK = [name for name, one in SHIPPED.items() if one.quick]


@pytest.mark.parametrize("name", shipped_traces())
def test_a_shipped_trace_replays_and_shows_what_it_says(name: str) -> None:
    run = replay(name)
    assert run.verdict is (Verdict.VIOLATED if run.trace.expect["verdict"] == "violated" else Verdict.HELD)
    assert (run.reason is not None) == (run.verdict is Verdict.VIOLATED)


def test_every_shipped_trace_is_known_and_every_known_one_is_shipped() -> None:
    assert list(shipped_traces()) == sorted(SHIPPED)


def test_every_protocol_that_is_registered_has_a_trace() -> None:
    recorded = {read(Path(name)).scenario for name in shipped_traces()}
    named = {SCENARIOS[name].systems for name in recorded if name in SCENARIOS}
    assert {one.systems for one in SCENARIOS.values()} == named


@pytest.mark.parametrize("name", QUICK)
def test_a_trace_recorded_anew_is_the_same_to_the_byte(name: str) -> None:
    trace = SHIPPED[name].trace()
    shipped = (FOLDER / name).read_text("ascii")
    version = json.loads(shipped.partition("\n")[0])["found"]["version"]
    anew = lines_of(evolve(trace, found={**trace.found, "version": version}))
    assert "".join(f"{line}\n" for line in anew) == shipped


def test_a_trace_goes_to_disk_and_back(tmp_path: Path) -> None:
    trace = SHIPPED["two-phase-commit/the-prepared-block.jsonl"].trace()
    write(trace, tmp_path / "run.jsonl")
    run = replay(tmp_path / "run.jsonl")
    assert run.trace.steps == trace.steps == replay(trace).trace.steps
    assert (run.verdict, run.about, run.length) == (Verdict.VIOLATED, "all_that_are_up_can_decide", 2)


@frozen
class Ping:
    """A message with one value of every kind."""

    number: int = 7
    half: float = 0.5
    third: Fraction = Fraction(1, 3)
    raw: bytes = b"\x00"
    names: frozenset[str] = frozenset({"b", "a"})
    verdict: Verdict = Verdict.HELD


@define
class Player:
    """A node that plays ping-pong with the next one, and says goodbye."""

    id: NodeId
    next: NodeId
    seen: int = 0

    def start(self, out: Out) -> None:
        out.send(self.next, out.choose((Ping(), Ping(number=8))))
        out.after(1, "again")

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        self.seen += 1
        if source == self.id and message == "again":
            out.send(self.next, Ping())

    def leave(self, out: Out) -> None:
        out.send(self.next, "goodbye")


EVERYTHING: dict[str, Any] = dict.fromkeys(set(BUDGETS) - {"restarts"}, 1)


def anything_may_happen() -> Scenario:
    """Three nodes to which everything happens that can."""
    return Scenario(
        nodes=(Player("a", "b"), Player("b", "c")),
        absent=(Player("c", "a"),),
        faults=Faults(detection=True, **EVERYTHING),
    )


def test_every_kind_of_event_is_written_replayed_and_told() -> None:
    names = set()
    for seed in range(40):
        scenario, draw = anything_may_happen(), random.Random(seed)
        steps = [Step(*draw.choice(list(scenario.initial())))]
        while len(steps) < 15 and (ahead := list(happenings(steps[-1].world))):
            rare = [step for step in ahead if step[0].name not in names]
            steps.append(Step(*draw.choice(rare or ahead)))
            names |= {step.event.name for step in steps}
        trace = Trace("", {}, {"verdict": "held"}, {}, tuple(steps))
        assert replay(trace, scenario).trace.steps == trace.steps
        told = io.StringIO()
        Console(file=told, width=60).print(story(trace), in_steps(trace))
        assert "Ping(number=" in told.getvalue()
    assert names == set(WHAT)


def test_an_interrupted_writer_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = SHIPPED["two-phase-commit/the-prepared-block.jsonl"].trace()
    path = tmp_path / "run.jsonl"
    path.write_text("as it was")

    def interrupted(_: Trace) -> Any:
        yield "half a trace"
        raise KeyboardInterrupt

    monkeypatch.setattr("stackproof.checker.trace.lines_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(trace, path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["as it was"]


def record() -> None:
    """Write every shipped trace anew."""
    for name, shortest in SHIPPED.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(shortest.trace(), path)
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    record()
