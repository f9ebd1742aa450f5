"""The quorum store and the ABD register, every world within stated bounds. The counts are in counts.toml."""

import pytest
from attrs import evolve

from stackproof.checker.explore import explore
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.quorum import abd, quorum, quorum_arithmetic, quorum_lecture
from stackproof.checker.world import World, happenings


def explored(scenario: Scenario) -> Report:
    return explore_plainly(scenario, Limits())


def violated(report: Report) -> dict[str, int | None]:
    """The properties that do not hold, each with the length of its shortest trace."""
    return {violation.property: violation.length for violation in report.violated}


STALE = "reads_return_a_latest_completed_write"
BACK = "reads_never_go_back"
TORN = "linearizable"


@pytest.mark.parametrize(("w", "r"), [(2, 2), (3, 1), (1, 3)])
def test_three_replicas_whose_quorums_meet_are_one_register(w: int, r: int) -> None:
    assert explored(quorum(n=3, w=w, r=r)).verdict is Verdict.HELD


@pytest.mark.parametrize(("w", "r", "length"), [(1, 1, 6), (1, 2, 8), (2, 1, 8)])
def test_three_replicas_whose_quorums_may_miss_each_other_return_stale_values(w: int, r: int, length: int) -> None:
    report = explored(quorum(n=3, w=w, r=r))
    assert report.verdict is Verdict.VIOLATED
    assert violated(report) == {STALE: length, TORN: length}


@pytest.mark.slow
def test_five_replicas_whose_quorums_meet_are_one_register() -> None:
    assert explore(quorum(n=5, w=3, r=3)).verdict is Verdict.HELD


@pytest.mark.slow
def test_five_replicas_whose_quorums_may_miss_each_other_return_stale_values() -> None:
    report = explore(quorum(n=5, w=2, r=3))
    assert violated(report) == {STALE: 12, TORN: 12}


def test_the_reason_names_the_get_and_the_put_that_it_missed() -> None:
    report = explored(quorum(n=3, w=1, r=1))
    assert [violation.reason for violation in report.violated] == [
        "c1: get() -> None, though c0: put(1) before it",
        "no order explains c0: put(1); c1: get() -> None",
    ]


@pytest.mark.parametrize(("n", "w", "r"), [(3, 2, 2), (3, 3, 1), (3, 1, 3)])
def test_quorums_of_more_than_n_in_all_intersect(n: int, w: int, r: int) -> None:
    assert explored(quorum_arithmetic(n=n, w=w, r=r)).verdict is Verdict.HELD


@pytest.mark.parametrize(("n", "w", "r"), [(3, 1, 1), (3, 1, 2), (3, 2, 1), (5, 2, 3)])
def test_quorums_of_at_most_n_in_all_do_not(n: int, w: int, r: int) -> None:
    report = explored(quorum_arithmetic(n=n, w=w, r=r))
    assert violated(report) == {"quorums_intersect": 0}


@pytest.mark.slow
def test_without_write_back_two_readers_may_see_the_new_value_and_then_the_old() -> None:
    report = explore(quorum(clients=3))
    assert violated(report) == {BACK: 12, TORN: 12}


@pytest.mark.slow
def test_without_write_back_two_readers_still_have_a_regular_register() -> None:
    assert explore(quorum(clients=3, regular=True)).verdict is Verdict.HELD


@pytest.mark.slow
def test_with_write_back_two_readers_have_an_atomic_register() -> None:
    assert explore(quorum(clients=3, write_back=True)).verdict is Verdict.HELD


def test_two_readers_of_two_replicas_may_go_back_too_but_not_further_than_a_regular_register() -> None:
    assert violated(explored(quorum(n=2, w=2, r=1, clients=3))) == {BACK: 8, TORN: 8}
    assert explored(quorum(n=2, w=2, r=1, clients=3, regular=True)).verdict is Verdict.HELD


@pytest.mark.slow
def test_two_readers_of_two_replicas_do_not_go_back_after_write_back() -> None:
    assert explored(quorum(n=2, w=2, r=1, clients=3, write_back=True)).verdict is Verdict.HELD


def test_one_reader_may_go_back_all_by_itself() -> None:
    assert violated(explored(quorum(gets=2))) == {BACK: 12, TORN: 12}


def test_read_repair_is_no_write_back() -> None:
    assert explored(quorum(read_repair=True)).verdict is Verdict.HELD
    assert BACK in violated(explored(quorum(n=2, w=2, r=1, clients=3, read_repair=True)))


def test_a_client_reads_its_own_write() -> None:
    assert explored(quorum(clients=1)).verdict is Verdict.HELD


@pytest.mark.parametrize("faults", [{"drops": 1}, {"crashes": 1}])
def test_losing_a_message_or_a_replica_costs_no_safety(faults: dict[str, int]) -> None:
    assert explored(quorum(**faults)).verdict is Verdict.HELD  # type: ignore[arg-type]


def test_messages_that_arrive_twice_cost_no_safety() -> None:
    scenario = quorum(n=2, w=1, r=2)
    assert explored(evolve(scenario, faults=Faults(duplicates=2))).verdict is Verdict.HELD


def test_a_writer_that_crashes_leaves_its_put_pending_and_the_register_regular() -> None:
    scenario = quorum(n=2, w=1, r=2, puts=2, regular=True)
    report = explored(evolve(scenario, faults=Faults(crashes=1, victims=("c0",))))
    assert report.verdict is Verdict.HELD


@pytest.mark.slow
def test_one_of_two_writers_that_crashes_leaves_its_operation_pending_and_the_register_regular() -> None:
    scenario = quorum(n=2, w=1, r=2, writers=2, regular=True)
    report = explore(evolve(scenario, faults=Faults(crashes=1, victims=("c0",))))
    assert report.verdict is Verdict.HELD


def test_several_writers_who_ask_first_share_a_register() -> None:
    assert explored(quorum(n=1, w=1, r=1, writers=2)).verdict is Verdict.HELD


@pytest.mark.slow
def test_two_writers_and_a_reader_share_a_regular_register() -> None:
    assert explore(quorum(n=2, w=2, r=1, clients=3, writers=2, regular=True)).verdict is Verdict.HELD


def test_the_lecture() -> None:
    assert explored(quorum_lecture()).verdict is Verdict.HELD


def test_in_the_lecture_a_lost_message_keeps_no_operation_from_returning() -> None:
    for world in dead_ends(quorum_lecture()):
        assert all(operation.done for operation in world.monitors["history"].operations)
        assert not any(world.timers.values())


def test_in_the_lecture_two_lost_messages_can_keep_an_operation_pending() -> None:
    assert any(
        not operation.done
        for world in dead_ends(quorum(clients=1, drops=2))
        for operation in world.monitors["history"].operations
    )


def dead_ends(scenario: Scenario) -> list[World]:
    """The worlds in which nothing can happen any more, except that messages are lost."""
    seen = {world for _, world in scenario.initial()}
    todo, ends = list(seen), []
    while todo:
        world = todo.pop()
        steps = [(event, after) for event, after in happenings(world)]
        if all(event.name == "drop" for event, _ in steps):
            ends.append(world)
        new = {after for _, after in steps} - seen
        seen |= new
        todo += new
    return ends


@pytest.mark.slow
def test_abd_with_three_servers_is_one_register_for_a_client() -> None:
    report = explore(abd(servers=3, clients=1))
    assert report.verdict is Verdict.HELD


@pytest.mark.parametrize(
    "bad",
    [{"w": 0}, {"r": 4}, {"n": 2, "w": 3}, {"puts": 0}, {"gets": 0}, {"writers": 0}, {"writers": 3}, {"clients": 0}],
)
def test_a_store_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match=r"replicas|needs"):
        quorum(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"servers": 0}, {"clients": 0}])
def test_an_abd_register_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="needs a server and a client"):
        abd(**bad)  # type: ignore[arg-type]
