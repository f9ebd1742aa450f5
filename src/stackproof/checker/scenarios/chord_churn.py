"""What the scenarios of Chord by messages assume of those who come and go, and how they see a ring.

In the papers a step reads another member's variables and is done. By messages it is a question and an answer, and is
taken when the question is answered: nobody can tell the difference, since whoever waits for an answer answers nobody
(Zave 2017). So the ring of the paper is the one in which each answer in flight has arrived. Of that ring the claims are
made, and by it the assumption on failures is judged, which is a rule of the faults and no property.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import TypeAlias

from stackproof.checker.faults import Faults
from stackproof.checker.invariants.ring import RingView
from stackproof.checker.network import Envelope
from stackproof.checker.scenario import Property
from stackproof.checker.world import Event, World
from stackproof.reference.actor import NodeId
from stackproof.reference.lookup.chord import ChordNode, Join, State, identifier
from stackproof.reference.lookup.chord_2001 import Chord2001Node
from stackproof.reference.lookup.chord_2001_calls import (
    Check,
    GetPredecessor,
    GetSuccessors,
    Predecessor,
    Successor,
    Successors,
    Why,
    Yes,
)
from stackproof.reference.lookup.identifiers import Arc

Claim: TypeAlias = Callable[[RingView], Iterator[str]]
View: TypeAlias = Callable[[World], RingView]
Rule: TypeAlias = Callable[[World, Event], bool]


def churn(
    joins: int, fails: int, leaves: int, may: Rule, reuse: bool = False, victims: tuple[NodeId, ...] | None = None
) -> Faults:
    """Nodes come and go as far as the rule allows; a question to one that is not there bounces."""
    again = None if reuse else 0
    return Faults(crashes=fails, restarts=again, joins=joins, leaves=leaves, detection=True, may=may, victims=victims)


def seen_by(view: View, claims: tuple[Property, ...]) -> tuple[Property, ...]:
    """Claims about rings as properties of worlds."""

    def of_a_world(claim: Claim) -> Property:
        return wraps(claim)(lambda world: claim(view(world)))

    return tuple(map(of_a_world, claims))  # type: ignore[arg-type]


def as_answered(world: World) -> RingView:
    """The ring as it is once the answers in flight have arrived."""
    return ring_after(world, {one.target: adopted(world.nodes[one.target], one.message) for one in due(world, State)})


def ring_after(world: World, taken: Mapping[NodeId, tuple[int, ...]]) -> RingView:
    """The ring in which some nodes hold these lists, and the others what they hold now."""
    nodes = {
        name: world.nodes[name] for name in world.up if name in taken or getattr(world.nodes[name], "joined", False)
    }
    lists = sorted((node.identifier, taken.get(name) or node.successors) for name, node in nodes.items())
    return RingView(tuple(lists), r=max((node.r for node in nodes.values()), default=0))


def adopted(node: ChordNode, answer: State) -> tuple[int, ...]:
    """The list that a node takes over with an answer."""
    joining = isinstance(answer.question, Join)
    return (answer.successors if joining else (answer.question.node, *answer.successors))[: node.r]


def as_answered_2001(world: World) -> RingView:
    """The same of the protocol as published, which changes the head of a list and its tail in different steps."""
    answers = due(world, Successor, Predecessor, Successors, Yes)
    taken = {one.target: adopted_2001(world.nodes[one.target], one.message) for one in answers}
    return ring_after(world, {name: entries for name, entries in taken.items() if entries})


def adopted_2001(node: Chord2001Node, answer: Successor | Predecessor | Successors | Yes) -> tuple[int, ...]:
    """The list that a node of 2001 has after an answer; none if that changes nothing."""
    match answer:
        case Successor(_, x) if not node.joined and not node.join_fix:
            return (x,)
        case Yes(Check(x, _, Why.JOINING)):
            return (x,)
        case Yes(Check(x, _, Why.STABILIZING)):
            return (x, *node.successors[1:])
        case Predecessor(GetPredecessor(s), x) if (
            x is not None and not node.stabilize_fix and x in Arc(node.identifier, s)
        ):
            return (x, *node.successors[1:])
        case Successors(GetSuccessors(s), successors):
            return (s, *successors)[: node.r]
        case _:
            return ()


def due(world: World, *answers: type) -> Iterator[Envelope]:
    """The answers in flight to those who wait for them."""
    for one in world.sent(*answers):
        if one.target in world.up and one.message.question.life == world.nodes[one.target].life:
            yield one


def the_ring_can_spare_it(world: World, event: Event) -> bool:
    """Zave's assumption: a failure leaves each member a live successor, and r + 1 members principals."""
    ring = as_answered(world)
    lost = member(ring, event)
    return lost is None or (everybody_keeps_a_successor(ring, lost) and enough_principals(ring, lost))


def nobody_is_left_alone(world: World, event: Event) -> bool:
    """The assumption before that: a failure leaves each member a live successor; and nobody is the last to fail."""
    ring = as_answered_2001(world)
    lost = member(ring, event)
    return lost is None or (len(ring.lists) > 1 and everybody_keeps_a_successor(ring, lost))


def member(ring: RingView, event: Event) -> int | None:
    """The member that an event takes away, if it does."""
    if event.name not in ("crash", "leave") or event.node is None:
        return None
    return identifier(event.node) if identifier(event.node) in ring.successors else None


def everybody_keeps_a_successor(ring: RingView, lost: int) -> bool:
    """Whether each other member has a live successor besides the one that is lost."""
    left = set(ring.successors) - {lost}
    return all(left & set(entries) for owner, entries in ring.lists if owner != lost)


def enough_principals(ring: RingView, lost: int) -> bool:
    """Whether r + 1 principals remain: a failure takes none but the one that fails."""
    return lost not in ring.principals or len(ring.principals) > ring.r + 1
