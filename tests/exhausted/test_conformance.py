"""Every step of the reference is a step of its formal model, or none, in every world within bounds."""

from functools import cache
from typing import Any

import pytest

from stackproof.checker.conformance import REFINEMENTS, refinement_of
from stackproof.checker.conformance.refinement import Conformed, conform
from stackproof.checker.explore.limits import Limits
from stackproof.checker.registry import build
from stackproof.checker.report import Verdict

UNANSWERED = {
    "agents": 1,
    "frameworks": ("service",),
    "crashes": 0,
    "failovers": 2,
    "launched": False,
    "registered": False,
}
COUNTS: list[tuple[str, dict[str, Any], int, int]] = [
    ("quorum", {}, 2_236, 584),
    ("quorum", {"w": 1, "r": 3}, 2_059, 638),
    ("quorum", {"w": 3, "r": 1}, 2_116, 389),
    ("quorum", {"read_repair": True}, 2_716, 584),
    ("two-phase-commit", {}, 2_939, 78),
    ("two-phase-commit-tla", {}, 288, 136),
    ("chord-atomic", {}, 375, 25),
    ("chord-atomic", {"reuse": True}, 2_577, 29),
    ("chord-atomic", {"identifiers": 5, "r": 3, "start": 4}, 1_201, 51),
    ("mesos-offers", {}, 3_244, 98),
    ("mesos-offers", {"joins": 1}, 3_494, 98),
    ("mesos-failover", UNANSWERED, 5_564, 76),
    ("rdd-shuffle", {}, 1_709, 147),
]
LARGER: list[tuple[str, dict[str, Any], int, int]] = [
    ("quorum", {"drops": 1}, 7_672, 584),
    ("two-phase-commit", {"drops": 1}, 8_592, 128),
    ("chord-atomic", {"identifiers": 5}, 22_821, 436),
    ("mesos-offers", {"leaves": 1}, 63_780, 416),
    ("rdd-shuffle", {"save": True}, 8_858, 239),
]


@cache
def conformed(name: str, parameters: tuple[tuple[str, Any], ...] = ()) -> Conformed:
    scenario = build(name, dict(parameters))
    return conform(scenario, refinement_of(scenario))


def holds(name: str, parameters: dict[str, Any], worlds: int, images: int) -> None:
    found = conformed(name, tuple(parameters.items()))
    assert found.verdict is Verdict.HELD, found.departure and found.departure.reason
    assert (found.worlds, found.images) == (worlds, images)


@pytest.mark.parametrize(("name", "parameters", "worlds", "images"), COUNTS)
def test_every_step_is_one_of_the_model(name: str, parameters: dict[str, Any], worlds: int, images: int) -> None:
    holds(name, parameters, worlds, images)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameters", "worlds", "images"), LARGER)
def test_every_step_of_larger_ones_is_too(name: str, parameters: dict[str, Any], worlds: int, images: int) -> None:
    holds(name, parameters, worlds, images)


def test_every_step_of_the_models_is_taken_by_some_scenario_but_for_those_that_are_others_in_disguise() -> None:
    taken: dict[str, set[str]] = {}
    steps: dict[str, set[str]] = {}
    failover = ("crashes", 0), ("frameworks", ("batch",)), ("agents", 1)
    for name, parameters in [*((one, tuple(more.items())) for one, more, *_ in COUNTS), ("mesos-failover", failover)]:
        found = conformed(name, parameters)
        taken.setdefault(found.model, set()).update(step for step, count in found.taken.items() if count)
        steps.setdefault(found.model, set()).update(found.taken)
    assert {model: sorted(all_ - taken[model]) for model, all_ in steps.items()} == {
        "reads": [],
        "two-phase commit": [],
        "ring, 2 successors": [],
        "ring, 3 successors": [],
        "offers": ["crash", "dismiss", "lose_framework", "rescind"],
        "lineage": [],
    }


def test_what_is_left_out_is_unknown() -> None:
    scenario = build("quorum")
    found = conform(scenario, refinement_of(scenario), Limits(worlds=100))
    assert found.verdict is Verdict.UNKNOWN
    assert found.why == "the limit of 100 worlds was reached"


def test_every_mapping_is_of_a_scenario_that_can_be_built() -> None:
    for name in REFINEMENTS:
        assert refinement_of(build(name)).system.steps
