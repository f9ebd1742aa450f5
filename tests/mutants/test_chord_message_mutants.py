"""Chords that a tired engineer might write, by messages, each caught by the property it breaks."""

from collections.abc import Callable
from typing import Any

import attrs
from attrs import define, evolve

from stackproof.checker.explore import explore
from stackproof.checker.host import Status
from stackproof.checker.invariants.lookup import operations
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.chord import chord, chord_2001, chord_lookup, chord_storage
from stackproof.checker.scenarios.chord_churn import as_answered, everybody_keeps_a_successor, member
from stackproof.checker.world import Event, World
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.lookup.chord import (
    Answer,
    ChordNode,
    Join,
    Question,
    RingMessage,
    StabilizeFromPredecessor,
    StabilizeFromSuccessor,
    State,
    name,
)
from stackproof.reference.lookup.chord_2001 import Chord2001Node
from stackproof.reference.lookup.chord_2001_calls import Answer as Answer2001
from stackproof.reference.lookup.chord_2001_calls import Closer, FindSuccessor
from stackproof.reference.lookup.chord_2001_calls import Question as Question2001
from stackproof.reference.lookup.chord_lookup import Forward, LookupNode, Owner
from stackproof.reference.lookup.chord_storage import StorageNode, Stored
from stackproof.reference.lookup.identifiers import Arc


def mutated(scenario: Scenario, mutant: Callable[..., Any]) -> Scenario:
    """The scenario with every node of the mutant's class, with the same variables; clients stay as they are."""

    def made(node: Any) -> Any:
        values = {field.name: getattr(node, field.name) for field in attrs.fields(type(node))}
        return mutant(**values) if isinstance(node, ChordNode | Chord2001Node) else node

    return evolve(scenario, nodes=tuple(map(made, scenario.nodes)), absent=tuple(map(made, scenario.absent)))


def violated(scenario: Scenario) -> set[str]:
    """The properties that a scenario violates, and the goals that it does not reach."""
    report = explore(scenario, engine="native", worlds=3_000_000)
    assert report.verdict is not Verdict.UNKNOWN
    return {violation.property for violation in report.violated}


@define
class Talkative(ChordNode):
    """Answers questions about its state although it may be about to change it."""

    @property
    def busy(self) -> bool:
        return False


def test_a_node_that_shows_its_state_while_it_is_busy() -> None:
    assert violated(mutated(chord(joins=2), Talkative)) == {"sufficient_principals"}


@define
class Patient(ChordNode):
    """Keeps questions until it has its own answer, as Verdi-Chord does."""

    kept: tuple[tuple[Question, NodeId], ...] = ()

    def answer(self, question: Question, source: NodeId, out: Out) -> None:
        asks_for_state = isinstance(question, Join | StabilizeFromSuccessor | StabilizeFromPredecessor)
        if self.joined and self.busy and asks_for_state:
            self.kept = (*self.kept, (question, source))
        else:
            super().answer(question, source, out)

    def receive(self, message: RingMessage, source: NodeId, out: Out) -> None:
        super().receive(message, source, out)
        if not self.busy:
            kept, self.kept = self.kept, ()
            for question, asker in kept:
                self.answer(question, asker, out)


def test_nodes_that_let_each_other_wait_may_wait_in_a_circle_for_ever() -> None:
    assert violated(mutated(chord(fails=0), Patient)) == {"settled"}


@define
class Trusting(ChordNode):
    """Takes up its successor's predecessor without asking it."""

    def hear(self, question: Question, answer: Answer, out: Out) -> None:
        match answer:
            case State(StabilizeFromSuccessor(s), p, tail) if p is not None and p in Arc(self.identifier, s):
                self.adopt(p, (s, *tail))
                self.notify(p, None, out)
            case _:
                super().hear(question, answer, out)


def test_a_node_that_takes_up_a_predecessor_that_it_has_not_asked() -> None:
    assert violated(mutated(chord(), Trusting)) == {"settled"}


@define
class Halfway(ChordNode):
    """Takes up a better successor, and keeps the tail of its list."""

    def hear(self, question: Question, answer: Answer, out: Out) -> None:
        match answer:
            case State(StabilizeFromPredecessor(p), predecessor, _):
                self.adopt(p, self.successors[1:])
                self.notify(p, predecessor, out)
            case _:
                super().hear(question, answer, out)


def test_a_node_that_changes_the_head_of_its_list_and_not_the_tail() -> None:
    assert violated(mutated(chord(), Halfway)) == {"sufficient_principals"}


@define
class Hospitable(ChordNode):
    """Lets anybody join right behind it."""

    def show_the_way(self, question: Join, asker: int, out: Out) -> None:
        out.send(name(asker), State(question, self.predecessor, self.successors))


def test_a_node_that_is_let_in_where_it_does_not_belong() -> None:
    assert violated(mutated(chord(), Hospitable)) == {"ordered_successor_lists", "sufficient_principals"}


@define
class Loyal(ChordNode):
    """Keeps its predecessor until a closer one comes, whether it lives or not."""

    def rectify(self, notifier: int, out: Out) -> None:
        if self.predecessor is None or notifier in Arc(self.predecessor, self.identifier):
            self.predecessor = notifier


def test_a_node_that_does_not_ask_whether_its_predecessor_lives() -> None:
    assert violated(mutated(chord(), Loyal)) == {"settled"}


def test_failures_that_take_too_many_principals() -> None:
    def may(world: World, event: Event) -> bool:
        ring = as_answered(world)
        lost = member(ring, event)
        return lost is None or everybody_keeps_a_successor(ring, lost)

    scenario = chord(joins=0, fails=1)
    assert "sufficient_principals" in violated(evolve(scenario, faults=evolve(scenario.faults, may=may)))


@define
class Lonely(Chord2001Node):
    """Takes (n, n] for an empty interval, not for the whole circle."""

    def answer(self, question: Question2001, caller: int) -> Answer2001:
        if isinstance(question, FindSuccessor) and self.successors[0] == self.identifier:
            return Closer(question, self.closest_preceding_node(question.key))
        return super().answer(question, caller)


def test_a_node_that_alone_owns_nothing() -> None:
    assert "somebody_has_joined" in violated(mutated(chord_2001(fails=0), Lonely))


@define
class Overshooting(LookupNode):
    """Passes a question on to the furthest node that it knows."""

    def closest_preceding_node(self, key: int, dead: tuple[int, ...] = ()) -> int:
        return next(node for node in reversed(self.known()) if node not in dead)


def test_a_lookup_that_overshoots_its_key_goes_round_in_circles() -> None:
    found = violated(mutated(chord_lookup(failed=()), Overshooting))
    assert found == {"lookups_end_at_the_owner"}
    lookup = evolve(chord_lookup(failed=()), invariants=chord_lookup().invariants[1:])
    assert "no_lookup_visits_a_node_twice" in violated(mutated(lookup, Overshooting))


@define
class Stubborn(LookupNode):
    """Sends whoever asks to nodes that were found dead."""

    def next_hop(self, key: int, dead: tuple[int, ...]) -> Forward | Owner:
        return super().next_hop(key, ())


def test_a_lookup_that_does_not_get_round_a_dead_finger() -> None:
    assert violated(mutated(chord_lookup(), Stubborn)) == {"lookups_end_at_the_owner"}


@define
class Exclusive(LookupNode):
    """Does not count its successor among those that its successor precedes: (n, s) for (n, s]."""

    def next_hop(self, key: int, dead: tuple[int, ...]) -> Forward | Owner:
        if key == self.successors[0]:
            return Forward(key, self.successors[0])
        return super().next_hop(key, dead)


def test_a_key_that_is_its_owners_own_identifier() -> None:
    found = violated(mutated(chord_lookup(failed=(), keys=(1,)), Exclusive))
    assert "lookups_end_at_the_owner" in found


@define
class Boastful(StorageNode):
    """Acknowledges what it alone holds."""

    def holders(self, key: int) -> tuple[int, ...]:
        return () if self.owns(key) else super().holders(key)

    def acknowledge(self, out: Out) -> None:
        for item, client in sorted(self.waiting):
            out.send(client, Stored(item))
        self.waiting = frozenset()


def test_an_owner_that_does_not_replicate() -> None:
    assert violated(mutated(chord_storage(), Boastful)) == {"acknowledged_keys_survive"}


@define
class Settled(StorageNode):
    """Sends copies when something is put, and never again."""

    def place(self, out: Out) -> None:
        if self.waiting:
            super().place(out)


def test_an_owner_that_does_not_replace_copies_that_were_lost() -> None:
    assert violated(mutated(chord_storage(), Settled)) == {"copies_are_where_they_belong"}


@define
class Jealous(StorageNode):
    """Keeps the keys of a node that has joined before it."""

    def holders(self, key: int) -> tuple[int, ...]:
        return super().holders(key) if self.owns(key) else ()


def test_a_node_that_hands_no_keys_over_to_one_that_joins() -> None:
    scenario = chord_storage(ring=(0, 2, 3), joins=1, fails=0)
    assert violated(mutated(scenario, Jealous)) == {"copies_are_where_they_belong"}


@define
class Hurried(StorageNode):
    """Says goodbye, and takes its keys along."""

    def leave(self, out: Out) -> None:
        LookupNode.leave(self, out)


def an_item_outlives_its_owner(world: World) -> bool:
    """The first owner of an acknowledged item has left, and some member holds it."""
    gone = world.status["n1"] is Status.LEFT
    return gone and any(item in node.items for node in storing(world) for item in operations(world).acknowledged)


def storing(world: World) -> list[Any]:
    """The nodes that are there and hold items."""
    return [world.nodes[node] for node in world.up if node != "c0"]


def test_a_node_that_leaves_and_hands_no_keys_over() -> None:
    alone = chord_storage(replicas=0, fails=0, leaves=1)
    scenario = evolve(alone, invariants=(), always_reachable=(), goals=(an_item_outlives_its_owner,))
    assert violated(scenario) == set()
    assert violated(mutated(scenario, Hurried)) == {"an_item_outlives_its_owner"}
