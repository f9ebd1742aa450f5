"""A scenario: a named question about a few nodes, what may happen to them, and what must be so."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, get_args, get_type_hints

import attrs
from attrs import define, evolve, field

from stackproof.checker.faults import Faults
from stackproof.checker.host import Cause, Effect, Host, ScenarioError, Status, effects, told
from stackproof.checker.network import Inbox, Network
from stackproof.checker.world import Event, World, after
from stackproof.reference.actor import NodeId

if TYPE_CHECKING:
    from stackproof.checker.symmetry import Symmetry

Property: TypeAlias = Callable[[World], Iterator[str] | bool | None]


@define(slots=False, eq=False, kw_only=True)
class Scenario:
    """What the explorers are asked.

    nodes        those that are there from the start, in the order in which they start
    absent       those that are not, and may join while `faults.joins` lasts
    network      one kind for every link, or a kind for some (source, target) pairs and UNORDERED for the others
    faults       the budget of what may go wrong
    invariants   yield a reason in every world in which they do not hold
    goals        must be true in some reachable world
    eventually   every fair run must reach a world in which they are true
    eventually_always  every fair run must reach a world from which on they are true
    always_reachable  from every reachable world, steps that are no faults can still reach a world where they are true
    monitors     by name, frozen values; `observe(node, event)` returns the next one upon each `out.observe(event)`
    prune        no world is looked past for which this is true: the verdict is then one within bounds
    symmetry     which worlds differ only in who is who; used where that is asked for, and checked then
    """

    nodes: tuple[Any, ...] = field(converter=tuple[Any, ...])
    absent: tuple[Any, ...] = field(default=(), converter=tuple[Any, ...])
    network: Network | Mapping[tuple[NodeId, NodeId], Network] = Network.UNORDERED
    faults: Faults = Faults()
    invariants: tuple[Property, ...] = field(default=(), converter=tuple[Any, ...])
    goals: tuple[Property, ...] = field(default=(), converter=tuple[Any, ...])
    eventually: tuple[Property, ...] = field(default=(), converter=tuple[Any, ...])
    eventually_always: tuple[Property, ...] = field(default=(), converter=tuple[Any, ...])
    always_reachable: tuple[Property, ...] = field(default=(), converter=tuple[Any, ...])
    monitors: Mapping[str, Any] = field(factory=dict)
    prune: Property | None = None
    symmetry: "Callable[[Scenario], Symmetry] | None" = None
    name: str = ""
    parameters: Mapping[str, Any] = field(factory=dict)
    known: dict[tuple[Host, Cause], tuple[Effect, ...]] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for node in (*self.nodes, *self.absent):
            if not attrs.has(type(node)) or not isinstance(getattr(node, "id", None), str):
                raise ScenarioError(f"{node!r} is no node: write an attrs.define class with a string `id`")
            if not hasattr(node, "receive"):
                raise ScenarioError(f"{type(node).__name__} {node.id!r} has no method receive(message, source, out)")
        doubles = {name for name, count in Counter(self.names).items() if count > 1}
        if doubles or not self.nodes:
            raise ScenarioError(f"two nodes are called {min(doubles)!r}" if doubles else "a scenario needs a node")
        for name in sorted(self.named_elsewhere() - set(self.names)):
            raise ScenarioError(f"{name!r} is named in the network or the faults but is no node of this scenario")
        self.check_properties()

    def check_properties(self) -> None:
        """Raise ScenarioError unless every property has a name of its own."""
        names = [getattr(claim, "__name__", None) for claim in self.claims]
        for claim, name in zip(self.claims, names, strict=True):
            if name is None:
                raise ScenarioError(f"the property {claim!r} has no name: write it as a function")
            if names.count(name) > 1:
                raise ScenarioError(f"two properties are called {name!r}: give each a name of its own")

    @property
    def claims(self) -> tuple[Property, ...]:
        """Every property of the scenario."""
        promised = (*self.eventually, *self.eventually_always, *self.always_reachable)
        return (*self.invariants, *self.goals, *promised)

    def named_elsewhere(self) -> set[NodeId]:
        """The nodes that the network and the faults speak of."""
        pairs = () if isinstance(self.network, Network) else self.network
        return {name for pair in pairs for name in pair} | set(self.faults.victims or ())

    @cached_property
    def names(self) -> tuple[NodeId, ...]:
        """The ids of all nodes, the absent ones last."""
        return tuple(node.id for node in (*self.nodes, *self.absent))

    @cached_property
    def place(self) -> dict[NodeId, int]:
        """The place of each node in `names`."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def links(self) -> dict[NodeId, dict[NodeId, Network]]:
        """The kind of each link: `links[target][source]`."""
        kinds = self.network
        if isinstance(kinds, Network):
            return {target: dict.fromkeys(self.names, kinds) for target in self.names}
        return {
            target: {source: kinds.get((source, target), Network.UNORDERED) for source in self.names}
            for target in self.names
        }

    def place_of(self, target: NodeId, source: NodeId, message: Any) -> int:
        """The place of a message's target; raises ScenarioError where there is no such node."""
        try:
            return self.place[target]
        except KeyError:
            there = ", ".join(self.names)
            raise ScenarioError(f"{source!r} sent {message!r} to {target!r}; the nodes are {there}") from None

    def effects(self, host: Host, cause: Cause) -> tuple[Effect, ...]:
        """The effects of a cause on a host, worked out once."""
        try:
            known = self.known.get((host, cause))
        except TypeError as error:
            raise ScenarioError(f"{host.node!r} or {cause.message!r} can change: {error}") from None
        if known is None:
            known = self.known[host, cause] = effects(host, cause)
        return known

    def noted(self, ledger: Any, source: NodeId, event: Any) -> Any:
        """A monitor's state after it saw `event` happen at `source`."""
        after = ledger.observe(source, event)
        if type(after) is not type(ledger):
            kind = type(ledger).__name__
            raise ScenarioError(f"{kind}.observe returned {after!r}: a monitor is frozen, and returns its next state")
        return after

    def initial(self) -> Iterator[tuple[Event, World]]:
        """The first worlds: every node has started, in order; one world for each way their choices may fall."""
        asleep = tuple(Host(node, status=Status.ABSENT) for node in (*self.nodes, *self.absent))
        inboxes: tuple[Inbox, ...] = ((),) * len(asleep)
        world = World(self, asleep, inboxes, self.faults, (), tuple(self.monitors.values()))
        begun = [(Event("start"), world)]
        for place in range(len(self.nodes)):
            begun = [later for event, world in begun for later in self.one_started(event, world, place)]
        yield from begun

    def one_started(self, event: Event, world: World, place: int) -> Iterator[tuple[Event, World]]:
        """The worlds after one more node has started."""
        for effect in self.effects(world.hosts[place], Cause("start")):
            yield evolve(event, choose=event.choose + effect.choose), after(world, place, effect)

    @cached_property
    def handlers(self) -> tuple[tuple[str, str], ...]:
        """What the node classes say they handle: (class, type of message), in order."""
        kinds = dict.fromkeys(type(node) for node in (*self.nodes, *self.absent))
        return tuple((kind.__name__, message) for kind in kinds for message in handled_by(kind))


def handled_by(kind: type) -> tuple[str, ...]:
    """The names in the union that annotates `receive`'s message; none where it names no classes."""
    try:
        union = get_type_hints(kind.receive).get("message")  # type: ignore[attr-defined]
    except (NameError, TypeError):
        return ()
    parts = get_args(union) or (union,)
    return tuple(part.__name__ for part in parts if isinstance(part, type))


def answer_of(claim: Property, world: World) -> Any:
    """What a property says of a world; raises ScenarioError with the line where it raised something itself."""
    try:
        answer = claim(world)
        return answer if answer is None or isinstance(answer, bool) else next(iter(answer), None)
    except ScenarioError:
        raise
    except Exception as error:
        raise ScenarioError(f"the property {claim.__name__} raised {told(error)}") from error


def true_in(claim: Property, world: World) -> bool:
    """Whether a goal or a prune is true: it yields something, or returns True."""
    answer = answer_of(claim, world)
    return answer if isinstance(answer, bool) else answer is not None


def reason_against(invariant: Property, world: World) -> str | None:
    """The first reason why an invariant does not hold, or None."""
    answer = answer_of(invariant, world)
    if isinstance(answer, bool):
        raise ScenarioError(f"invariant {invariant.__name__} returned {answer}: it must yield a sentence per violation")
    return None if answer is None else str(answer)


def no_step_raises(world: World) -> Iterator[str]:
    """No handler ends in an exception."""
    for name, error in world.raised:
        yield f"{name} raised {error}"
