"""A world: everything that is so at one moment of a run, as a value.

Every node's variables, armed timers and status, every message in flight, every cut, what is left of each fault budget,
and the state of each monitor. Worlds are equal when all that is equal. `happenings` says what may happen next.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, field, frozen

from stackproof.checker.faults import TURNS, Cut, Faults, new_cuts
from stackproof.checker.host import Cause, Effect, Host, Status
from stackproof.checker.network import Envelope, Inbox, Network, arriving, duplicated, put, rank_of, taken, without
from stackproof.checker.values import digest, plain
from stackproof.reference.actor import NodeId

if TYPE_CHECKING:
    from stackproof.checker.scenario import Scenario


@frozen
class Event:
    """One thing that happens, as a trace names it: only the choices, never the outcome."""

    name: str
    source: NodeId | None = None
    target: NodeId | None = None
    node: NodeId | None = None
    message: Any = None
    cut: Cut | None = None
    choose: tuple[int, ...] = ()

    @property
    def unchosen(self) -> "Event":
        """The event, whichever way its choices fall."""
        return evolve(self, choose=()) if self.choose else self

    def form(self) -> dict[str, Any]:
        """The event as JSON."""
        form: dict[str, Any] = {"event": self.name}
        form |= {key: name for key in ("source", "target", "node") if (name := getattr(self, key)) is not None}
        if self.name in WITH_MESSAGE:
            form["message"] = plain(self.message)
        if self.cut is not None:
            form |= {"between": [list(self.cut.here), list(self.cut.there)], "one_way": self.cut.one_way}
        return form | ({"choose": list(self.choose)} if self.choose else {})


Made: TypeAlias = Callable[..., Any]
"""How a world comes about from the function that makes it and what that is given: at once, or when it is asked for."""

WITH_MESSAGE = ("deliver", "fire", "drop", "duplicate", "bounce")


@frozen(cache_hash=True)
class World:
    """The state of everything. Properties read the public names; the fields keep the order of the scenario's nodes."""

    scenario: "Scenario" = field(eq=False, repr=False)
    hosts: tuple[Host, ...]
    inboxes: tuple[Inbox, ...]
    left: Faults
    cuts: tuple[Cut, ...]
    ledgers: tuple[Any, ...]

    @property
    def names(self) -> tuple[NodeId, ...]:
        """Every node of the scenario, there or not, in its order."""
        return self.scenario.names

    @cached_property
    def nodes(self) -> Mapping[NodeId, Any]:
        """Each node with its variables: `world.nodes["r0"].value`."""
        return {name: host.node for name, host in zip(self.names, self.hosts, strict=True)}

    @cached_property
    def status(self) -> Mapping[NodeId, Status]:
        """Whether each node is up, paused, down, absent, has left, or raised an exception."""
        return {name: host.status for name, host in zip(self.names, self.hosts, strict=True)}

    @cached_property
    def timers(self) -> Mapping[NodeId, tuple[Any, ...]]:
        """The messages of each node's armed timers."""
        return {name: host.armed for name, host in zip(self.names, self.hosts, strict=True)}

    @property
    def up(self) -> tuple[NodeId, ...]:
        """The nodes that take steps."""
        return tuple(name for name in self.names if self.status[name] is Status.UP)

    @property
    def in_flight(self) -> tuple[Envelope, ...]:
        """Every message sent and neither delivered nor lost."""
        return tuple(envelope for inbox in self.inboxes for envelope in inbox)

    def sent(self, *kinds: type) -> tuple[Envelope, ...]:
        """What is in flight of these types of message."""
        return tuple(envelope for envelope in self.in_flight if isinstance(envelope.message, kinds))

    @cached_property
    def cut(self) -> frozenset[tuple[NodeId, NodeId]]:
        """The ordered pairs (source, target) between which nothing is delivered."""
        return frozenset().union(*(cut.pairs for cut in self.cuts))

    @cached_property
    def monitors(self) -> Mapping[str, Any]:
        """The state of each monitor of the scenario, by name."""
        return dict(zip(self.scenario.monitors, self.ledgers, strict=True))

    @property
    def raised(self) -> tuple[tuple[NodeId, str], ...]:
        """The nodes whose last step raised an exception, and what it said."""
        return tuple((name, host.error) for name, host in zip(self.names, self.hosts, strict=True) if host.error)

    def form(self) -> dict[str, Any]:
        """The whole world as JSON."""
        return {
            "nodes": {name: host.form() for name, host in zip(self.names, self.hosts, strict=True)},
            "in_flight": [[one.source, one.target, plain(one.message)] for one in self.in_flight],
            "cuts": [[list(cut.here), list(cut.there), cut.one_way] for cut in self.cuts],
            "left": {name: value for name, value in self.left.budget().items() if value},
            "monitors": {name: plain(ledger) for name, ledger in self.monitors.items()},
        }

    @property
    def digest(self) -> str:
        """A short fingerprint of the whole world."""
        return digest(self.form())


def at_once(make: Callable[..., Any], *given: Any) -> Any:
    """What `make` makes of what it is given."""
    return make(*given)


def happenings(world: World, made: Made = at_once) -> Iterator[tuple[Event, World]]:
    """Everything that may happen next, in a fixed order, with the world after it."""
    for place, name in enumerate(world.names):
        yield from arrivals(world, place, made)
        yield from firings(world, place, name, made)
        yield from turns(world, place, name, made)
    yield from cuttings(world, made)


def possible(world: World) -> Iterator[tuple[Event, Callable[[], World]]]:
    """The same for those who want few of the worlds: each is worked out when it is asked for."""
    found: Iterator[tuple[Event, Any]] = happenings(world, partial)
    return found


def arrivals(world: World, place: int, made: Made = at_once) -> Iterator[tuple[Event, World]]:
    """What may happen to each message in flight to one node: delivery, loss, duplication, a bounce."""
    links = world.scenario.links[world.names[place]]
    host, inbox = world.hosts[place], world.inboxes[place]
    for envelope in arriving(inbox, links, rank_of):
        network = links[envelope.source]
        rest = taken(inbox, envelope, network)
        label = {"source": envelope.source, "target": envelope.target, "message": envelope.message}
        if host.status is Status.UP and (envelope.source, envelope.target) not in world.cut:
            cause = Cause("deliver", envelope.source, envelope.message)
            silent = network is Network.FIFO
            yield from steps(world, place, cause, Event("deliver", **label), made, silent, (place, rest))
        if world.left.allow("drops"):
            yield Event("drop", **label), made(struck, world, place, without(inbox, envelope), "drops")
        if world.left.allow("duplicates") and network is not Network.REPEATING:
            yield Event("duplicate", **label), made(struck, world, place, duplicated(inbox, envelope), "duplicates")
        if world.left.detection:
            yield from bounces(world, place, envelope, rest, Event("bounce", **label), made)


def bounces(
    world: World, place: int, envelope: Envelope, rest: Inbox, event: Event, made: Made
) -> Iterator[tuple[Event, World]]:
    """The sender learns that its target is not there; or is told so although it is, and the message stays in flight."""
    sender = world.scenario.place[envelope.source]
    if world.hosts[sender].status is not Status.UP:
        return
    cause = Cause("bounce", envelope.target, envelope.message)
    if world.hosts[place].status not in (Status.UP, Status.PAUSED):
        yield from steps(world, sender, cause, event, made, inbox=(place, rest))
    elif world.left.allow("suspicions"):
        yield from steps(world, sender, cause, event, made, spent="suspicions")


def firings(world: World, place: int, name: NodeId, made: Made = at_once) -> Iterator[tuple[Event, World]]:
    """Any armed timer of an up node may fire."""
    host = world.hosts[place]
    if host.status is Status.UP:
        for message in host.armed:
            yield from steps(
                world, place, Cause("fire", name, message), Event("fire", node=name, message=message), made
            )


def turns(world: World, place: int, name: NodeId, made: Made = at_once) -> Iterator[tuple[Event, World]]:
    """Crash, restart, pause, resume, join and leave."""
    for turn in TURNS:
        if world.hosts[place].status in turn.when and world.left.permits(turn, world, Event(turn.name, node=name)):
            yield from steps(world, place, Cause(turn.name), Event(turn.name, node=name), made, spent=turn.budget)


def cuttings(world: World, made: Made = at_once) -> Iterator[tuple[Event, World]]:
    """New cuts, and the healing of those there are."""
    for cut, left in new_cuts(world.names, world.left, world.cuts):
        yield Event("cut", cut=cut), made(severed, world, tuple(sorted((*world.cuts, cut))), left)
    for cut in world.cuts:
        yield Event("heal", cut=cut), made(severed, world, tuple(other for other in world.cuts if other != cut))


def steps(
    world: World,
    place: int,
    cause: Cause,
    event: Event,
    made: Made,
    keep_silent: bool = False,
    inbox: tuple[int, Inbox] | None = None,
    spent: str | None = None,
) -> Iterator[tuple[Event, World]]:
    """The step of one node, once for each way its choices may fall; silent ones are no events."""
    for effect in world.scenario.effects(world.hosts[place], cause):
        if keep_silent or not effect.silent:
            said = evolve(event, choose=effect.choose) if effect.choose else event
            yield said, made(after, world, place, effect, inbox, spent)


def after(
    world: World, place: int, effect: Effect, inbox: tuple[int, Inbox] | None = None, spent: str | None = None
) -> World:
    """The world in which the node at `place` has taken a step, an inbox is another, and a fault is spent."""
    scenario, name = world.scenario, world.scenario.names[place]
    inboxes = world.inboxes if inbox is None else replaced(world.inboxes, *inbox)
    return World(
        scenario,
        replaced(world.hosts, place, effect.host),
        delivered_to(scenario, inboxes, name, effect.sent),
        world.left if spent is None else world.left.less(spent),
        world.cuts,
        watched(scenario, world.ledgers, name, effect.observed),
    )


def struck(world: World, place: int, inbox: Inbox, fault: str) -> World:
    """The world in which a fault struck the messages to one node."""
    return evolve(with_inbox(world, place, inbox), left=world.left.less(fault))


def severed(world: World, cuts: tuple[Cut, ...], left: Faults | None = None) -> World:
    """The world with other cuts."""
    return evolve(world, cuts=cuts, left=world.left if left is None else left)


def delivered_to(
    scenario: "Scenario", inboxes: tuple[Inbox, ...], source: NodeId, sent: Iterable[tuple[NodeId, Any]]
) -> tuple[Inbox, ...]:
    """The inboxes after `source` sent some messages, in order."""
    for target, message in sent:
        place = scenario.place_of(target, source, message)
        network = scenario.links[target][source]
        inboxes = replaced(inboxes, place, put(inboxes[place], Envelope(source, target, message), network, rank_of))
    return inboxes


def watched(scenario: "Scenario", ledgers: tuple[Any, ...], source: NodeId, observed: Iterable[Any]) -> tuple[Any, ...]:
    """The monitors after they saw, in order, what happened at `source`."""
    for event in observed:
        ledgers = tuple(scenario.noted(ledger, source, event) for ledger in ledgers)
    return ledgers


def with_inbox(world: World, place: int, inbox: Inbox) -> World:
    """The world with another inbox at `place`."""
    return evolve(world, inboxes=replaced(world.inboxes, place, inbox))


def replaced(parts: tuple[Any, ...], place: int, part: Any) -> tuple[Any, ...]:
    """The tuple with another part at `place`."""
    return (*parts[:place], part, *parts[place + 1 :])
