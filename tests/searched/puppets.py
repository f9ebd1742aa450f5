"""Random protocols: nodes that follow a random script, under random faults, networks, monitors and properties.

A puppet's script says, for each (state, message), what it does; between them the actions use everything that a node may
do. Energy bounds what a puppet sends and arms, so that there are finitely many worlds.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen
from hypothesis import strategies as st

from stackproof.checker import strategies
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import Event, World
from stackproof.reference.actor import Bounced, NodeId, Out, durable

MESSAGES = ("a", "b")
STATES = range(3)


@define
class Puppet:
    """Does what its script says."""

    id: NodeId
    script: tuple[tuple[tuple[Any, ...], ...], ...]
    begins: tuple[tuple[Any, ...], ...]
    others: tuple[NodeId, ...]
    state: int = 0
    energy: int = durable(2)
    saved: int = durable(0)

    def start(self, out: Out) -> None:
        self.act(self.begins, out)

    def receive(self, message: str | Bounced, source: NodeId, out: Out) -> None:
        row = len(MESSAGES) if isinstance(message, Bounced) else MESSAGES.index(message)
        self.act(self.script[self.state * (len(MESSAGES) + 1) + row], out)

    def act(self, actions: tuple[tuple[Any, ...], ...], out: Out) -> None:
        for name, argument in actions:
            getattr(self, name)(argument, out)

    def go(self, state: int, out: Out) -> None:
        self.state = state

    def save(self, _: int, out: Out) -> None:
        self.saved = self.state

    def send(self, number: int, out: Out) -> None:
        if self.energy:
            self.energy -= 1
            out.send(self.others[number % len(self.others)], MESSAGES[number % 2])

    def arm(self, number: int, out: Out) -> None:
        if self.energy:
            self.energy -= 1
            out.after(10, MESSAGES[number % 2])

    def tick(self, number: int, out: Out) -> None:
        out.after(10, MESSAGES[number % 2])

    def disarm(self, number: int, out: Out) -> None:
        out.cancel(MESSAGES[number % 2])

    def pick(self, _: int, out: Out) -> None:
        self.state = out.choose((0, out.choose((1, 2))))

    def show(self, number: int, out: Out) -> None:
        out.observe(number % 2)

    def fall(self, number: int, out: Out) -> None:
        if number == 0 and self.state == 2:
            raise ValueError("as the script says")


@define
class Polite(Puppet):
    """Says goodbye, and comes back in its own way."""

    def leave(self, out: Out) -> None:
        out.send(self.others[0], "a")

    def recover(self, out: Out) -> None:
        self.state = self.saved


@define
class Torn(Puppet):
    """May lose what it saved."""

    def survivors(self) -> Iterator["Torn"]:
        for saved in (self.saved, 0):
            yield Torn(self.id, self.script, self.begins, self.others, 0, self.energy, saved)


@frozen
class Tally:
    """Counts what was observed, up to two of each."""

    seen: tuple[int, int] = field(default=(0, 0))

    def observe(self, node: NodeId, event: int) -> "Tally":
        counts = list(self.seen)
        counts[event] = min(2, counts[event] + 1)
        return Tally((counts[0], counts[1]))


def states_differ_or_so(world: World) -> Iterator[str]:
    """Not every node is in state 2 with something saved."""
    if all(node.state == 2 for node in world.nodes.values()) and any(node.saved for node in world.nodes.values()):
        yield "all are in state 2"


def nothing_is_seen_twice(world: World) -> Iterator[str]:
    """A monitor's property."""
    if 2 in world.monitors["tally"].seen:
        yield f"seen {world.monitors['tally'].seen}"


def few_are_in_flight(world: World) -> Iterator[str]:
    """A property of messages, links and statuses."""
    if len(world.sent(str)) > 2 and len(world.up) < len(world.names) and not world.cut:
        yield f"{len(world.in_flight)} in flight"


def somebody_saved(world: World) -> bool:
    """A goal."""
    return any(node.saved for node in world.nodes.values())


def somebody_is_down(world: World) -> bool:
    """Another goal."""
    return any(status.value in ("down", "left") for status in world.status.values())


def somebody_rests(world: World) -> bool:
    """A world that should always be reachable."""
    return any(node.state == 1 for node in world.nodes.values())


def all_is_calm(world: World) -> bool:
    """Another."""
    return not world.in_flight and not world.cut


def everybody_has_worked(world: World) -> bool:
    """A world that every fair run should come to."""
    return all(node.energy < 2 for node in world.nodes.values())


def somebody_is_in_two(world: World) -> bool:
    """Another."""
    return any(node.state == 2 for node in world.nodes.values())


def nobody_is_in_two(world: World) -> bool:
    """Worlds in which every fair run should stay."""
    return not any(node.state == 2 for node in world.nodes.values())


def nothing_is_left_to_do(world: World) -> bool:
    """Others."""
    return not world.sent(str) and not any(world.timers.values())


def tired(world: World) -> bool:
    """A prune."""
    return not any(node.energy for node in world.nodes.values())


def unless_all_are_zero(world: World, event: Event) -> bool:
    """A rule of the faults."""
    return any(node.state for name, node in world.nodes.items() if name != event.node)


ACTIONS = st.tuples(
    st.sampled_from(["send", "arm", "go", "save", "show", "pick", "send", "disarm", "send", "go", "fall", "tick"]),
    st.integers(0, 2),
)
SCRIPTS = st.lists(st.lists(ACTIONS, min_size=1, max_size=3).map(tuple), min_size=9, max_size=9).map(tuple)
BEGINS = st.lists(ACTIONS, min_size=2, max_size=3).map(tuple)
FAULTS = strategies.faults(("n0", "n1"), at_once=6, rules=(unless_all_are_zero,))
KINDS = st.sampled_from([Puppet, Polite, Torn])


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario of two or three puppets, of which one may be absent at first."""
    names = draw(strategies.node_names(2, 3))
    script = draw(SCRIPTS)
    nodes = [
        draw(KINDS)(name, script, draw(BEGINS), (*(other for other in names if other != name), name)) for name in names
    ]
    absent = draw(st.integers(0, 1)) if len(names) > 2 else 0
    return Scenario(
        nodes=nodes[: len(nodes) - absent],
        absent=nodes[len(nodes) - absent :],
        network=draw(strategies.networks(names)),
        faults=draw(FAULTS),
        invariants=draw(
            st.sets(st.sampled_from([states_differ_or_so, nothing_is_seen_twice, few_are_in_flight])).map(
                lambda chosen: sorted(chosen, key=lambda one: one.__name__)
            )
        ),
        goals=draw(st.sampled_from([(), (), (somebody_saved,), (somebody_saved, somebody_is_down)])),
        always_reachable=draw(st.sampled_from([(), (somebody_rests,), (all_is_calm, somebody_rests)])),
        eventually=draw(st.sampled_from([(), (everybody_has_worked,), (everybody_has_worked, somebody_is_in_two)])),
        eventually_always=draw(st.sampled_from([(), (nobody_is_in_two,), (nothing_is_left_to_do, nobody_is_in_two)])),
        monitors={"tally": Tally()},
        prune=draw(st.sampled_from([None, None, tired])),
    )
