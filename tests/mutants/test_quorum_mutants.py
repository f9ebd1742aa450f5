"""Quorum stores and registers that a tired engineer might write, each caught by the property it breaks."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, evolve

from stackproof.checker.explore import explore
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.faults import Faults
from stackproof.checker.invariants.quorum import quorums_intersect
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.quorum import abd, quorum, quorum_arithmetic
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.storage.abd import Server
from stackproof.reference.storage.quorum_store import (
    Client,
    Copy,
    Get,
    Put,
    Quorums,
    Replica,
    Store,
    latest,
)

STALE = "reads_return_a_latest_completed_write"
BACK = "reads_never_go_back"
TORN = "linearizable"


def mutated(scenario: Scenario, original: type, mutant: Callable[..., Any]) -> Scenario:
    """The scenario with every node of one class made by another, with the same configuration."""

    def made(node: Any) -> Any:
        configured = ("id", "quorums", "workload", "peers")
        return mutant(**{name: getattr(node, name) for name in configured if hasattr(node, name)})

    return evolve(scenario, nodes=tuple(made(node) if type(node) is original else node for node in scenario.nodes))


def violated(scenario: Scenario) -> set[str]:
    """The properties that a scenario violates."""
    return {violation.property for violation in explore_plainly(scenario, Limits(worlds=100_000)).violated}


def test_half_of_the_replicas_taken_for_a_majority() -> None:
    assert violated(quorum_arithmetic(n=4, w=2, r=2)) == {"quorums_intersect"}


def test_a_client_that_still_knows_the_old_replicas() -> None:
    moved = Quorums(("r0", "r1", "r2"), 2, 2), Quorums(("r2", "r3", "r4"), 2, 2)
    nodes = (*(Replica(f"r{i}") for i in range(5)), Client("c0", moved[0], (Put(1),)), Client("c1", moved[1], (Get(),)))
    report = explore_plainly(Scenario(nodes=nodes, invariants=(quorums_intersect,)), Limits())
    assert [violation.reason for violation in report.violated] == [
        "a put may reach only r0, r1, and a get ask only r2, r3"
    ]


@define
class Forgetful(Replica):
    """Keeps its copy in memory only."""

    copy: Copy = Copy()


def test_a_replica_that_forgets_its_copy_in_a_crash() -> None:
    assert STALE in violated(mutated(quorum(n=2, w=2, r=1, crashes=1), Replica, Forgetful))


@define
class LastArrival(Replica):
    """Takes the copy that comes last for the latest."""

    def hold(self, copy: Copy) -> None:
        self.copy = copy


def test_a_replica_that_lets_an_older_copy_replace_a_later_one() -> None:
    scenario = quorum(n=2, w=1, r=2, puts=2)
    assert explore_plainly(scenario, Limits()).verdict is Verdict.HELD
    assert STALE in violated(mutated(scenario, Replica, LastArrival))


@define
class Deaf(Replica):
    """Acknowledges first, and loses the copy to an early return."""

    def hold(self, copy: Copy) -> None:
        pass


def test_a_replica_that_acknowledges_what_it_does_not_hold() -> None:
    assert STALE in violated(mutated(quorum(), Replica, Deaf))


@define
class Hasty(Client):
    """Takes whichever answer comes to hand, here the one of the lowest version."""

    def get(self, newest: Copy, out: Out) -> None:
        self.end(min((copy for _, copy in self.answers), key=lambda copy: copy.version).value, out)


def test_a_reader_that_does_not_compare_versions() -> None:
    assert STALE in violated(mutated(quorum(), Client, Hasty))


@define
class CountsAnswers(Client):
    """Waits for R answers instead of the answers of R replicas."""

    heard: int = 0

    def hear(self, replica: NodeId, copy: Copy, out: Out) -> None:
        self.heard += 1
        self.answers |= {(replica, copy)}
        if self.heard == self.quorums.r:
            self.get(latest(self.answers), out)


def test_a_reader_that_counts_the_same_answer_twice() -> None:
    scenario = evolve(quorum(n=2, w=1, r=2), faults=Faults(duplicates=1))
    assert STALE in violated(mutated(scenario, Client, CountsAnswers))


def test_two_writers_who_each_count_by_themselves() -> None:
    scenario = quorum(n=1, w=1, r=1, writers=2)
    assert explore_plainly(scenario, Limits()).verdict is Verdict.HELD
    alone = tuple(
        evolve(node, quorums=evolve(node.quorums, several_writers=False)) if isinstance(node, Client) else node
        for node in scenario.nodes
    )
    assert STALE in violated(evolve(scenario, nodes=alone))


@define
class Impatient(Client):
    """Writes back, and does not wait for it."""

    def get(self, newest: Copy, out: Out) -> None:
        out.broadcast(self.quorums.replicas, Store(self.begun, newest))
        self.end(newest.value, out)


def test_a_reader_that_returns_before_its_write_back_is_acknowledged() -> None:
    scenario = quorum(n=2, w=2, r=1, clients=3, write_back=True)
    assert violated(mutated(scenario, Client, Impatient)) == {BACK, TORN}


@define
class CountersOnly(Replica):
    """Forgets that two writers may have counted to the same number."""

    def hold(self, copy: Copy) -> None:
        if copy.version.counter > self.copy.version.counter:
            self.copy = copy


@pytest.mark.slow
def test_a_replica_that_does_not_look_at_the_writer_of_a_version() -> None:
    scenario = quorum(n=2, w=2, r=1, writers=2)
    assert explore(scenario).verdict is Verdict.HELD
    report = explore(mutated(scenario, Replica, CountersOnly))
    assert [violation.property for violation in report.violated] == [TORN]


@define
class HalfIsEnough(Server):
    """Rounds the wrong way."""

    @property
    def majority(self) -> int:
        return (len(self.peers) + 1) // 2


def test_an_abd_server_for_which_half_of_all_is_a_majority() -> None:
    assert STALE in violated(mutated(abd(), Server, HalfIsEnough))
