"""`stackproof simulate`: what it prints, as JSON and for people, and its exit status."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from stackproof.checker.commands_simulate import simulate
from stackproof.checker.registry import build
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World


def quorum(**parameters: Any) -> Scenario:
    return build("quorum", parameters)


def printed(capsys: pytest.CaptureFixture[str], scenario: Scenario, **options: Any) -> tuple[int, str]:
    """The exit status, and what stands on standard output."""
    status = simulate(scenario, seed=3, **options)
    return status, capsys.readouterr().out


def nobody_is_up(world: World) -> Iterator[str]:
    yield from (f"{name} is up" for name in world.up)


def test_a_run_in_which_nothing_is_wrong_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = printed(capsys, quorum(gets=5))
    assert status == 0
    assert "HELD  quorum(n=3" in out
    assert "one run with seed 3; nothing more could happen" in out.replace("\n", " ")
    assert "get ms" in out


def test_an_invariant_that_does_not_hold_at_the_end_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = printed(capsys, evolve(quorum(), invariants=(nobody_is_up,)))
    assert status == 1
    assert "nobody_is_up: r0 is up" in out


def test_the_json_is_one_object_and_the_same_for_the_same_seed(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (json.loads(printed(capsys, quorum(crashes=1), as_json=True)[1]) for _ in range(2))
    for one in (first, second):
        del one["seconds"], one["peak_mib"]
    assert first == second
    assert (first["verdict"], first["evidence"], first["seed"], first["ended"]) == ("held", "searched", 3, "quiet")
    assert first["observed"] == {"Invoked": 2, "Returned": 2}
    assert first["quantities"]["get ms"]["count"] == 1
    assert first["unspent"] == {"crashes": 1}


def test_messages_may_get_lost_and_time_may_be_short(capsys: pytest.CaptureFixture[str]) -> None:
    lost = json.loads(printed(capsys, quorum(), as_json=True, loss=1)[1])
    assert lost["messages"]["dropped"] == lost["messages"]["sent"] > 0
    short = json.loads(printed(capsys, quorum(), as_json=True, until=1)[1])
    assert (short["ended"], short["virtual_ms"], short["events"]) == ("until_ms", 1, 0)
    assert json.loads(printed(capsys, quorum(), as_json=True, events=3)[1])["events"] == 3
