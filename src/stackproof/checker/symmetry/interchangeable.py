"""Interchangeable nodes: any of a set may take the place of any other, and nobody could tell.

A renaming moves each node to the place of another of its set, with what is in flight to it, and renames it wherever a
world names it: in variables, messages, timers, cuts, monitors. What a node is configured with (its variables without a
default) belongs to the place, and stays.

All worlds of an orbit must come to the same order of the nodes. They are put in order by how the world looks from each:
its own variables, and what others say of it. Those that may change places without a trace stay as they are. Where this
leaves several orders, each node of a kind is tried as the first of it, and the world is looked at again from there
(individualisation and refinement: McKay, "Practical Graph Isomorphism", Congressus Numerantium 30, 1981). So ties alone
are tried, and never all N! orders.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import cached_property, partial
from math import factorial, prod
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs import define, evolve, field, frozen

from stackproof.checker.faults import Cut
from stackproof.checker.host import Host, ScenarioError
from stackproof.checker.network import Envelope, Inbox, Network
from stackproof.checker.symmetry import Move, Point, Symmetry, renamed
from stackproof.checker.symmetry.looks import Colours, Looks, Part
from stackproof.reference.actor import NodeId

if TYPE_CHECKING:
    from stackproof.checker.scenario import Scenario

Names: TypeAlias = tuple[NodeId, ...]
To: TypeAlias = Mapping[NodeId, NodeId]
HOST, INBOX, LEDGER, CUTS, PAST, LEFT = range(6)


def interchangeable(*sets: Names) -> Callable[["Scenario"], Symmetry]:
    """The symmetry of a scenario in which the nodes of each set are interchangeable."""
    return partial(Interchangeable, tuple(some for some in sets if len(some) > 1))


@frozen(eq=False)
class Known:
    """The value of a part; what is to be seen of it, in no order that depends on names; whom it names."""

    value: Any
    shape: Any
    names: Names


@define(eq=False, slots=False)
class Interchangeable(Symmetry):
    """Sets of interchangeable nodes of a scenario.

    numbers, known   of each value of a part; and for each number, what is known of the value
    renamings, views the number of a value renamed; that of how it looks from a node
    """

    sets: tuple[Names, ...]
    scenario: "Scenario"
    numbers: dict[tuple[int, Any], int] = field(factory=dict, init=False)
    known: list[Known] = field(factory=list, init=False)
    renamings: dict[tuple[int, int, Names], int] = field(factory=dict, init=False)
    views: dict[Any, int] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        if lost := set(self.names) - set(self.scenario.names):
            raise ScenarioError(f"{min(lost)!r} is said to be interchangeable, but is no node of this scenario")
        for some in self.sets:
            kinds = {type(self.nodes[self.scenario.place[name]]).__name__ for name in some}
            if len(kinds) > 1:
                raise ScenarioError(f"{', '.join(some)} cannot be interchangeable: they are {', '.join(sorted(kinds))}")

    @cached_property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes of the scenario, as they are configured."""
        return (*self.scenario.nodes, *self.scenario.absent)

    @cached_property
    def names(self) -> Names:
        """All that are interchangeable with others."""
        return tuple(name for some in self.sets for name in some)

    @cached_property
    def owners(self) -> Mapping[tuple[int, int], NodeId]:
        """Which parts are the variables of an interchangeable node, or what is in flight to it."""
        return {(kind, self.scenario.place[name]): name for kind in (HOST, INBOX) for name in self.names}

    @cached_property
    def order(self) -> int:
        """In how many ways each set can be put in order."""
        return prod(factorial(len(some)) for some in self.sets)

    @cached_property
    def moves(self) -> Mapping[str, Move]:
        """For each set, that the first two change places, and that all go one place further."""
        moves: dict[str, Move] = {}
        for some in self.sets:
            one, other, *more = some
            moves[f"{one} and {other} in each other's place"] = partial(self.move, {one: other, other: one})
            if more:
                further = dict(zip(some, (other, *more, one), strict=True))
                moves[f"each of {', '.join(some)} in the place of the next"] = partial(self.move, further)
        return moves

    def move(self, to: To, point: Point) -> Point:
        """The point in which nodes are where `to` says."""
        values: dict[int, list[Any]] = {kind: [] for kind in range(6)}
        for kind, _, number in sorted(self.part(part, to) for part in self.parts(point)):
            values[kind].append(self.known[number].value)
        hosts, inboxes, ledgers, (cuts,), (past,), _ = map(tuple, values.values())
        return evolve(point[0], hosts=hosts, inboxes=inboxes, ledgers=ledgers, cuts=cuts), past

    def candidates(self, point: Point) -> Iterator[tuple[Any, int]]:
        """The point, its nodes put in order."""
        looks = Looks(self, frozenset(self.parts(point)))
        colours = {name: number for number, some in enumerate(self.sets) for name in some}
        for order, count in looks.orders(looks.finer(colours)):
            to = dict(zip(order, self.names, strict=True))
            yield frozenset(self.part(part, to) for part in looks.parts), count

    def parts(self, point: Point) -> Iterator[Part]:
        """All that a point is made of."""
        world, past = point
        for kind, values in enumerate(
            (world.hosts, world.inboxes, world.ledgers, (world.cuts,), (past,), (world.left,))
        ):
            yield from ((kind, place, self.number(kind, value)) for place, value in enumerate(values))

    def number(self, kind: int, value: Any) -> int:
        """The number of a value, which is looked at when it is first seen."""
        if (kind, value) not in self.numbers:
            found: set[NodeId] = set()
            shape = self.shape(kind, value)
            renamed(shape, lambda atom: found.add(atom) if type(atom) is str else None)
            self.numbers[kind, value] = len(self.known)
            self.known.append(Known(value, shape, tuple(name for name in self.names if name in found)))
        return self.numbers[kind, value]

    def part(self, part: Part, to: To) -> Part:
        """A part where the nodes are where `to` says."""
        kind, place, number = part
        if (kind, place) in self.owners:
            name = self.owners[kind, place]
            place = self.scenario.place[to.get(name, name)]
        names = self.known[number].names
        if not names and kind != HOST:
            return kind, place, number
        key = number, place, tuple(to.get(name, name) for name in names)
        if key not in self.renamings:
            value = self.made(kind, place, self.known[number].value, lambda atom: named(to, atom))
            self.renamings[key] = self.number(kind, value)
        return kind, place, self.renamings[key]

    def made(self, kind: int, place: int, value: Any, on: Callable[[Any], Any]) -> Any:
        """The value of a part, for another place, and renamed."""
        if kind == HOST:
            return self.host(value, self.nodes[place], on)
        if kind == INBOX:
            return tuple(sorted(renamed(value, on), key=self.rank))
        if kind == CUTS:
            return tuple(sorted(self.cut(renamed(one, on)) for one in value))
        return renamed(value, on)

    def host(self, host: Host, configured: Any, on: Callable[[Any], Any]) -> Host:
        """A host in the place of a node that is configured like this."""
        node = copy(host.node)
        for one in attrs.fields(type(node)):
            mine = getattr(configured, one.name)
            setattr(node, one.name, mine if is_configured(one) else renamed(getattr(node, one.name), on))
        return Host(node, renamed(host.timers, on), host.status, host.error and "".join(map(on, words(host.error))))

    def is_fifo(self, envelope: Envelope) -> bool:
        """Whether it may not overtake others."""
        return self.scenario.links[envelope.target][envelope.source] is Network.FIFO

    def rank(self, envelope: Envelope) -> tuple[NodeId, str]:
        """Where it stands in an inbox; those that do not overtake each other stay as they are."""
        return (envelope.source, "") if self.is_fifo(envelope) else envelope.rank

    def cut(self, cut: Cut) -> Cut:
        """A cut, with the names in the order in which faults give them."""
        place = self.scenario.place.__getitem__
        here, there = (tuple(sorted(side, key=place)) for side in (cut.here, cut.there))
        around = not cut.one_way and place(there[0]) < place(here[0])
        return Cut(there, here) if around else Cut(here, there, cut.one_way)

    def shape(self, kind: int, value: Any) -> Any:
        """What is to be seen of a value."""
        if kind == HOST:
            return self.variables(value.node), value.timers, value.status, words(value.error or "")
        if kind == INBOX:
            return frozenset(Counter(self.queues(value)).items())
        if kind == CUTS:
            return frozenset(one.pairs for one in value)
        return () if kind == LEFT else value

    def variables(self, node: Any) -> tuple[Any, ...]:
        """The variables of a node but for its configuration, which must be as it was."""
        configured = self.nodes[self.scenario.place[node.id]]
        for one in attrs.fields(type(node)):
            if is_configured(one) and getattr(node, one.name) != getattr(configured, one.name):
                what = f"{type(node).__name__} changes its {one.name!r}, which has no default and so is configuration"
                raise ScenarioError(f"{what}: give it a default, or omit --symmetric")
        return tuple(getattr(node, one.name) for one in attrs.fields(type(node)) if not is_configured(one))

    def queues(self, inbox: Inbox) -> Iterator[tuple[Envelope, ...]]:
        """What is in flight to a node: each queue, and each other message by itself."""
        waiting: dict[NodeId, list[Envelope]] = {}
        for envelope in inbox:
            if self.is_fifo(envelope):
                waiting.setdefault(envelope.source, []).append(envelope)
            else:
                yield (envelope,)
        yield from map(tuple, waiting.values())

    def view(self, number: int, name: NodeId, colours: Colours) -> int:
        """How a value looks from a node, as a number; the other nodes are known by their colours only."""
        known = self.known[number]
        key = number, name, tuple(colours[other] for other in known.names)
        if key not in self.views:
            marks = {other: f"\0{colours[other]}" for other in known.names} | {name: "\0"}
            look = renamed(known.shape, lambda atom: named(marks, atom))
            self.views[key] = self.views.setdefault((look,), len(self.views))
        return self.views[key]


def named(to: To, atom: Any) -> Any:
    """An atom, or the new name if it is a name."""
    return to.get(atom, atom) if type(atom) is str else atom


def words(text: str) -> tuple[str, ...]:
    """A text in pieces of which each is a word, or lies between two."""
    return tuple(re.split(r"(\w+)", text))


def is_configured(variable: "attrs.Attribute[Any]") -> bool:
    """Whether a variable is configuration: it has no default, and a crash has nothing to do with it."""
    return variable.default is attrs.NOTHING and not variable.metadata.get("durable")
