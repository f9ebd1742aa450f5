"""Driven rounds: what is rare, what they go on from, and that they come to what other rounds do not come to."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from attrs import define
from rich.console import Console

from stackproof.checker import Scenario, World, search
from stackproof.checker.registry import build
from stackproof.checker.render import searched
from stackproof.checker.search import compiling, rounds, tapes
from stackproof.checker.search.course import Course
from stackproof.checker.search.driving import Rarity, joined
from stackproof.checker.search.hunting import Hunt, Progress, hunt_by_hypothesis
from stackproof.checker.search.report import Searched
from stackproof.checker.search.terrain import Terrain
from stackproof.reference.actor import NodeId, Out
from tests.environments import run

MEASURED = ("seconds", "steps_per_second", "peak_mib")
TOP = 40


@define
class Climber:
    """Goes up a step, or falls all the way down."""

    id: NodeId
    height: int = 0

    def start(self, out: Out) -> None:
        out.after(10, "up")
        out.after(10, "down")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        self.height = min(TOP, self.height + 1) if message == "up" else 0
        out.after(10, message)


def as_high_as(height: int) -> Callable[[World], bool]:
    """The goal to climb to a height."""

    def goal(world: World) -> bool:
        return bool(world.nodes["c"].height >= height)

    goal.__name__ = f"as_high_as_{height}"
    return goal


def climb(seed: int) -> tuple[int, float]:
    """How high a search came, and its best score."""
    goals = tuple(as_high_as(height + 1) for height in range(TOP))
    scenario = Scenario(nodes=(Climber("c"),), goals=goals, name="climb")
    report = search(scenario, seed=seed, examples=1000, steps=40, by="hypothesis")
    return sum(goal.reached for goal in report.goals), report.rarest


def told(report: Any) -> dict[str, Any]:
    """A report as JSON, without what was measured."""
    return {key: value for key, value in report.form().items() if key not in MEASURED}


def test_a_situation_is_an_event_and_the_state_of_the_node_that_it_happens_to() -> None:
    ground = Terrain(build("quorum", {"crashes": 1}))
    course = Course(ground)
    begins = [number for number, event in enumerate(course.here.events) if event.name == "fire"]
    one, other = (ground.situation(course.here, number) for number in begins)
    assert one != other
    course.go(begins[0])
    again = next(n for n, event in enumerate(course.here.events) if event == course.spots[0].events[begins[1]])
    assert ground.situation(course.here, again) == other
    ground.forget()
    assert ground.situation(ground.starts[0][1], begins[1]) == other


def test_a_run_that_came_to_rarer_situations_scores_more() -> None:
    rarity = Rarity()
    for tape in (b"aaaa", b"bbbb", b"cccc"):
        rarity.count({0: 1}, tape)
    rarity.count({0: 1, 1: 3}, b"dddd")
    assert rarity.begin() == (b"ddd",)
    assert [rarity.score(seen) for seen in ([0], [1], [2], [0, 1, 2])] == [0.2, 0.5, 1.0, 1.7]
    rarity.count({2: 2}, b"eeee")
    assert rarity.score([2]) == 1.0
    assert rarity.best == 1.7
    assert rarity.begin() == (b"ee", b"ddd")


def test_a_driven_tape_begins_as_told_and_is_not_mended_earlier() -> None:
    beginning, tape = bytes(range(1, tapes.HEAD + 3)), bytes(tapes.length(6))
    made = joined(beginning, tape, (0, 9), (tapes.HEAD + 5, 9))
    assert made[: len(beginning)] == beginning
    assert made[len(beginning) :] == bytes([0, 0, 0, 9])
    later = bytes([*tape[: tapes.PART], 255, *tape[tapes.HEAD :]])
    assert joined(beginning, later)[tapes.PART] == 255


def test_the_first_rounds_are_not_driven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND", 30)
    drawn = [search(build("quorum"), by="hypothesis", examples=30 * count) for count in (3, 4)]
    assert [one.rarest > 0 for one in drawn] == [False, True]
    assert [one.runs for one in drawn] == [90, 120]


@pytest.mark.slow
def test_driven_rounds_climb_higher_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND", 500)
    lots = [climb(seed)[0] for seed in range(3)]
    monkeypatch.setattr(rounds, "DRIVEN_EVERY", 2)
    driven = [climb(seed) for seed in range(3)]
    assert sum(height for height, _ in driven) > sum(lots) + 3
    assert all(best > 1 for _, best in driven)


def rareness(monkeypatch: pytest.MonkeyPatch, mutant: Callable[[float], float]) -> float:
    """How rare the runs of a leg in which `target` climbs are on the average, if it is told something else."""
    right, seen = Rarity.score, []

    def score(self: Rarity, situations: Iterable[int]) -> float:
        seen.append(right(self, situations))
        return mutant(seen[-1])

    hunt = Hunt(Terrain(build("two-phase-commit")))
    hunt_by_hypothesis(hunt, 0, 100, 40)
    with monkeypatch.context() as patched:
        patched.setattr(Rarity, "score", score)
        hunt_by_hypothesis(hunt, 1, 300, 40, driven=True, climbs=True)
    return mean(seen)


def test_target_climbs_to_what_is_rare_and_a_wrong_score_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    right = rareness(monkeypatch, lambda score: score)
    for mutant in (lambda score: -score, lambda score: 0.0):
        assert rareness(monkeypatch, mutant) < 0.85 * right


def test_driven_rounds_come_out_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND", 40)
    scenario = build("quorum", {"crashes": 1})
    first, again = (told(search(scenario, seed=3, examples=170, by="hypothesis")) for _ in range(2))
    assert first == again
    assert first["rarest"] > 0


@pytest.mark.slow
def test_a_search_with_driven_rounds_prints_the_same_whatever_the_hash_seed(tmp_path: Path) -> None:
    printed = set()
    for hash_seed in ("1", "2"):
        options = ("--examples", "3300", "--by", "hypothesis", "--steps", "30", "--json")
        words = (sys.executable, "-m", "stackproof.checker.cli", "search", "two-phase-commit", *options)
        form = json.loads(run(*words, cwd=tmp_path, PYTHONHASHSEED=hash_seed, XDG_CACHE_HOME=str(tmp_path)))
        assert form["rarest"] > 0
        printed.add(json.dumps({key: value for key, value in form.items() if key not in MEASURED}))
    assert len(printed) == 1


def test_the_line_and_the_report_say_how_rare_the_best_run_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND", 30)
    seen: list[Progress] = []
    report = search(build("quorum"), by="hypothesis", examples=120, watcher=seen.append)
    console = Console(width=200, color_system=None)
    with console.capture() as shown:
        console.print(searched.line("quorum", Progress(3, 40, 1.0, 5, 2, 14.25)))
        console.print(searched.of(report, {}))
    assert "2 goals  rarest 14.2  quorum" in shown.get()
    assert f"{report.rarest:.1f}, the best score of a driven run" in shown.get()
    assert report.form()["rarest"] == round(report.rarest, 3)
    assert all(one.rarest <= report.rarest for one in seen)


def waiting(monkeypatch: pytest.MonkeyPatch, by: Any, left: float | None) -> tuple[Searched, list[str]]:
    """A search on a machine that has compiled nothing, and what was done about that."""
    done: list[str] = []

    def compile_walks(scenario: Scenario) -> None:
        done.append("compiled")

    monkeypatch.setattr(compiling, "is_compiled", lambda: False)
    monkeypatch.setattr(compiling, "compile_walks", compile_walks)
    monkeypatch.setattr(rounds.Rounds, "walk_on", lambda *_: done.append("walked"))
    monkeypatch.setattr(Hunt, "left", left)
    report = search(build("quorum"), by=by, examples=5, watcher=lambda seen: done.append(seen.note))
    return report, [one for one in done if one]


def test_walks_that_nobody_asked_for_are_not_compiled_in_a_short_time(monkeypatch: pytest.MonkeyPatch) -> None:
    report, done = waiting(monkeypatch, "both", 5.0)
    assert (report.by, report.left_out, done) == ("hypothesis", compiling.LEFT_OUT, [])
    console = Console(width=200, color_system=None)
    with console.capture() as shown:
        console.print(searched.of(report, {}))
    assert "left out" in shown.get()
    assert "--time 60" in shown.get()


@pytest.mark.parametrize("left", [60.0, None])
def test_where_there_is_time_they_are_compiled_and_that_is_said(
    left: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, done = waiting(monkeypatch, "both", left)
    assert (report.left_out, done) == (None, ["compiling the walks, once", "walked"])


def test_who_asks_for_walks_waits_and_the_clock_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    report, done = waiting(monkeypatch, "walks", 5.0)
    assert (report.left_out, done) == (None, ["compiling the walks, once", "compiled", "walked"])
