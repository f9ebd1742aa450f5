"""Protocols that never say anything wrong and still let somebody wait for ever: each promise catches its mistake."""

from typing import Any

from attrs import define

from stackproof.checker import Faults, Network, Scenario, Verdict
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.invariants.two_phase_commit import all_that_are_up_can_decide
from stackproof.checker.scenario import Property
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.coordination.two_phase_commit import Coordinator, Inquire, Participant, ToCoordinator
from tests.exhausted.ongoing import (
    Client,
    Data,
    Door,
    Heard,
    Lock,
    Player,
    Receiver,
    Sender,
    Stuck,
    Whim,
    everybody_has_had_the_lock,
    everybody_has_hit_three_balls,
    the_door_is_open,
    the_sender_knows,
)

Broken = dict[str, tuple[int | None, int | None]]


def broken(
    nodes: tuple[Any, ...],
    claim: Property,
    stays: bool = False,
    network: Network = Network.UNORDERED,
    faults: Faults = Faults(),
) -> Broken:
    """What breaks the promise: the length of the run, and of its loop, which is 0 where it ends."""
    once, for_good = ((), (claim,)) if stays else ((claim,), ())
    scenario = Scenario(nodes=nodes, network=network, faults=faults, eventually=once, eventually_always=for_good)
    report = explore_plainly(scenario, Limits())
    assert (report.verdict is Verdict.HELD) is (report.violated == ())
    return {one.property: (one.length, one.loop) for one in report.violated}


@define
class Stack(Lock):
    """Serves first who came last."""

    def next(self, out: Out) -> NodeId:
        return self.waiting[-1]


@define
class Hopeful(Sender):
    """Tries once more, and never again."""

    def again(self, out: Out) -> None:
        out.send("receiver", Data())


@define
class Patient(Sender):
    """Waits as long as it takes, and does nothing."""

    def again(self, out: Out) -> None:
        """Wait on."""


@define
class Lazy(Player):
    """Lets every other ball go."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if self.hits < 2:
            Player.receive(self, message, source, out)
        else:
            self.hits = 0


@define
class Swinging(Stuck):
    """Comes to rest open, but for the wind."""

    def receive(self, message: Heard, source: NodeId, out: Out) -> None:
        (Door if self.heard else Stuck).receive(self, message, source, out)


@define
class Deaf(Coordinator):
    """Does not answer who asks what came of it, and forgets to tell everybody when it is back."""

    def recover(self, out: Out) -> None:
        """Do nothing."""

    def receive(self, message: ToCoordinator, source: NodeId, out: Out) -> None:
        if not isinstance(message, Inquire):
            Coordinator.receive(self, message, source, out)


def waiting_for(lock: Lock) -> Broken:
    return broken((lock, Client("a"), Client("b")), everybody_has_had_the_lock)


def sent_by(sender: Sender) -> Broken:
    nodes = (sender, Receiver("receiver"))
    return broken(nodes, the_sender_knows, network=Network.REPEATING, faults=Faults(drops=2))


def swinging(door: Door) -> Broken:
    return broken((door,), the_door_is_open, stays=True)


def committing(coordinator: Coordinator) -> Broken:
    participants = (Participant(name, "c") for name in coordinator.participants)
    return broken((coordinator, *participants), all_that_are_up_can_decide, faults=Faults(crashes=1))


def test_the_protocols_themselves_keep_their_promises() -> None:
    players = (Player("a", "b", serves=True), Player("b", "a"))
    assert broken(players, everybody_has_hit_three_balls) == {}
    assert waiting_for(Lock("lock")) == {}
    assert sent_by(Sender("sender")) == {}
    assert swinging(Stuck("door")) == {}
    assert committing(Coordinator("c", ("p0", "p1"))) == {}


def test_a_lock_that_serves_whom_it_likes_is_caught() -> None:
    assert waiting_for(Whim("lock")) == {"everybody_has_had_the_lock": (5, 2)}


def test_a_lock_that_serves_first_who_came_last_is_caught() -> None:
    assert waiting_for(Stack("lock")) == {"everybody_has_had_the_lock": (5, 2)}


def test_a_sender_that_gives_up_is_caught() -> None:
    assert sent_by(Hopeful("sender")) == {"the_sender_knows": (2, 0)}


def test_a_sender_that_waits_and_does_nothing_is_caught() -> None:
    assert sent_by(Patient("sender")) == {"the_sender_knows": (2, 0)}


def test_a_player_who_lets_balls_go_is_caught() -> None:
    assert broken((Player("a", "b", serves=True), Lazy("b", "a")), everybody_has_hit_three_balls) == {
        "everybody_has_hit_three_balls": (5, 0)
    }


def test_a_door_that_does_not_come_to_rest_is_caught() -> None:
    assert swinging(Swinging("door")) == {"the_door_is_open": (4, 2)}


def test_a_coordinator_that_leaves_its_participants_blocked_is_caught() -> None:
    assert committing(Deaf("c", ("p0", "p1"))) == {"all_that_are_up_can_decide": (8, 0)}
