"""The state machine of a scenario: its rules, what it prints, and that this runs again."""

import random
from collections.abc import Iterator
from enum import Enum
from typing import Any

import attrs
import pytest
from attrs import evolve
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from stackproof.checker import Faults, Scenario, search
from stackproof.checker.registry import build
from stackproof.checker.search.course import Violated
from stackproof.checker.search.machine import ScenarioMachine, machine_of
from stackproof.checker.search.program import PARTS, WITH_CHOICES, call, code, program
from stackproof.checker.world import happenings

ALL = Faults(
    drops=1,
    duplicates=1,
    crashes=1,
    detection=True,
    suspicions=1,
    cuts=1,
    one_way_cuts=1,
    pauses=1,
    joins=1,
    leaves=1,
)
CALM = {"deliver", "fire", "settle"}


def rules_of(machine: type[ScenarioMachine]) -> set[str]:
    """The names of its rules, of those with choices only the plain ones."""
    return {one.function.__name__.removesuffix("_choosing") for one in machine().rules}


def classes_in(value: Any) -> Iterator[type]:
    """The classes that one needs to write a value down."""
    if isinstance(value, type):
        yield value
    elif attrs.has(type(value)) or isinstance(value, Enum):
        yield type(value)
    parts = attrs.astuple(value, recurse=False) if attrs.has(type(value)) else value
    for part in parts if isinstance(parts, tuple | frozenset) else ():
        yield from classes_in(part)


def names_in(*values: Any) -> dict[str, type]:
    """Those classes by name."""
    return {one.__name__: one for value in values for one in classes_in(value)}


def run(lines: Iterator[str], scenario: Scenario, *events: Any) -> None:
    """Run a program."""
    known = {"machine_of": machine_of, "scenario": scenario, **names_in(*events)}
    exec("\n".join(lines), known)  # noqa: S102 - our own text


def test_there_is_a_rule_for_each_kind_of_event_that_may_happen() -> None:
    assert rules_of(machine_of(build("quorum"))) == CALM
    assert rules_of(machine_of(evolve(build("quorum"), faults=ALL))) == {*PARTS, "settle"}
    crashing = evolve(build("quorum"), faults=Faults(crashes=1))
    assert rules_of(machine_of(crashing)) == {*CALM, "crash", "restart"}


def test_where_there_are_faults_or_runs_are_judged_by_their_end_a_rule_draws_when() -> None:
    begins = [hasattr(machine_of(build(name)), "begin") for name in ("quorum", "A1", "J2", "chord-2001")]
    assert begins == [False, True, True, True]


@pytest.mark.parametrize("name", ["chord-2001", "mesos-revocation", "chord-2001-atomic", "rdd"])
def test_every_event_is_a_call_that_leads_where_it_leads(name: str) -> None:
    scenario = evolve(build(name), faults=evolve(build(name).faults, drops=1, duplicates=1, pauses=1, cuts=1))
    kind, rng = machine_of(scenario), random.Random(1)
    for _ in range(3):
        state = kind()
        for _ in range(25):
            ahead = list(happenings(state.course.here.world))
            if not ahead:
                break
            event, after = rng.choice(ahead)
            exec(call(event), {"state": state, **names_in(event)})  # noqa: S102 - our own text
            assert state.course.here.world == after


def test_what_cannot_happen_is_refused_with_what_can() -> None:
    state: Any = machine_of(evolve(build("quorum"), faults=Faults(crashes=1, victims=("r1",))))()
    said = r"^state.crash\(node='r0'\) cannot happen here. What can: state.crash\(node='r1'\); state.fire\(node='c0'"
    with pytest.raises(ValueError, match=said):
        state.crash("r0")
    assert len(state.course.events) == 1


@pytest.mark.parametrize("bug", ["A2", "A6", "A10", "J2", "J7", "S3", "chord-2001-atomic"])
def test_the_program_of_a_failing_run_fails_again(bug: str) -> None:
    report = search(build(bug), by="hypothesis")
    assert report.trace is not None
    with pytest.raises(Violated, match=report.violated[0].property):
        run(program(report.trace), build(bug), *(step.event for step in report.trace.steps))


def test_a_program_says_what_goes_on_for_ever() -> None:
    report = search(build("A1"), by="hypothesis")
    assert report.trace is not None
    lines = list(program(report.trace))
    assert lines[0] == "state = machine_of(scenario)()"
    assert lines.index("# from here for ever:") == (report.trace.loop or 0) + 1
    run(iter(lines), build("A1"), *(step.event for step in report.trace.steps))


@pytest.mark.parametrize("bug", ["A10", pytest.param("J2", marks=pytest.mark.slow)])
def test_hypothesis_finds_a_bug_and_what_it_prints_fails_again(bug: str) -> None:
    kind = machine_of(lambda: build(bug))
    quickly = settings(
        max_examples=1000,
        database=None,
        stateful_step_count=30,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
    )
    with pytest.raises(Violated) as caught:
        run_state_machine_as_test(kind, settings=quickly)
    shown = "\n".join(caught.value.__notes__)
    lines = [line for line in shown.splitlines() if line.startswith(("state.", "state ="))]
    assert lines[0] == f"state = {kind.__name__}()"
    assert lines[-1] == "state.teardown()"
    with pytest.raises(Violated, match=caught.value.claim):
        run(iter(["state = machine_of(scenario)()", *lines[1:-1]]), build(bug), *everything_said(kind))


def everything_said(kind: type[ScenarioMachine]) -> list[Any]:
    """All events of all worlds that the runs of a machine came to."""
    return [event for spot in kind.terrain.spots.values() for event in spot.events]


def test_a_machine_without_a_bug_survives() -> None:
    kind = machine_of(build("A10", {"fixed": True}))
    kind.TestCase.settings = settings(max_examples=30, database=None, stateful_step_count=15)
    kind.TestCase().runTest()
    assert kind.terrain.spots


def test_values_are_written_as_python_reads_them() -> None:
    assert code((1, "a", None, True)) == "(1, 'a', None, True)"
    assert code((frozenset({"b", "a"}),)) == "(frozenset({'a', 'b'}),)"
    assert code(frozenset()) == "frozenset()"
    assert code(int) == "int"


def test_only_kinds_in_which_nodes_choose_have_a_rule_for_choices() -> None:
    assert set(WITH_CHOICES) < set(PARTS)
    assert {"drop", "duplicate", "cut", "heal", "pause", "resume"} == set(PARTS) - set(WITH_CHOICES)
