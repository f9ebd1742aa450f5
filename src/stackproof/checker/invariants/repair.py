"""What maintenance alone can make of a ring: nobody joins any more, and nobody fails.

A ring whose required properties are violated may still repair itself. It is lost only where no sequence of maintenance
steps leads back: that is what Zave calls a disruption that the protocol cannot repair. So is the ring judged here, by
taking the steps of the protocol itself, all of them, until none leads anywhere new.

This is about atomic rings (`AtomicRing`), whose one node is the whole ring.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps

from attrs import define, field

from stackproof.checker.invariants.ring import REQUIRED, RingView, is_ideal, ring_of, told, view
from stackproof.checker.scenario import Property, reason_against
from stackproof.checker.world import World
from stackproof.reference.actor import Out
from stackproof.reference.lookup.atomic_ring import AtomicRing, State
from stackproof.reference.lookup.chord_atomic import Ring


@define(eq=False)
class Maintenance:
    """The maintenance steps of the protocol of `ring`, from any state of its relations.

    lead   whether they lead from there to a state for which `goal` is true, as far as that is known
    """

    ring: AtomicRing
    goal: Callable[[AtomicRing], bool]
    lead: dict[State, bool] = field(factory=dict)

    def state_in(self, world: World) -> State:
        """The relations of the ring in a world."""
        return world.nodes[self.ring.id].relations  # type: ignore[no-any-return]

    def after(self, state: State) -> Iterator[State]:
        """The states to which one step leads."""
        for step in self.ring.related(state).maintenance():
            ring = self.ring.related(state)
            ring.take(step, Out())
            yield ring.relations

    def can_reach(self, state: State) -> bool:
        """Whether some sequence of steps leads to the goal."""
        if state not in self.lead:
            self.search(state)
        return self.lead[state]

    def search(self, state: State) -> None:
        """Go on, depth first, until the goal is reached; all states on the way reach it, too. Or else none does."""
        seen, way = {state}, [(state, self.after(state))]
        while way:
            here, ahead = way[-1]
            if self.lead.get(here) or self.goal(self.ring.related(here)):
                self.lead |= dict.fromkeys((state for state, _ in way), True)
                return
            new = next((state for state in ahead if state not in seen and self.lead.get(state) is not False), None)
            if new is None:
                way.pop()
            else:
                seen.add(new)
                way.append((new, self.after(new)))
        self.lead |= dict.fromkeys(seen, False)


def lists_of(ring: AtomicRing) -> RingView:
    """Whom each member takes for its successors."""
    return view(ring.successors, ring.r)


def sound(ring: AtomicRing) -> bool:
    """All that is required of a ring is so."""
    return not any(True for claim in REQUIRED for _ in claim(lists_of(ring)))


def ideally_linked(ring: AtomicRing) -> bool:
    """Whether a ring is ideal."""
    return linked_ideally(lists_of(ring), ring.predecessor)


@lru_cache(maxsize=1 << 16)
def linked_ideally(lists: RingView, predecessor: tuple[int, ...]) -> bool:
    """Whether lists and predecessors are those of an ideal ring, worked out once."""
    return is_ideal(lists, predecessor.__getitem__)


def beyond_repair(claims: tuple[Property, ...], ring: AtomicRing) -> tuple[Property, ...]:
    """Each claim, violated only where maintenance cannot lead back to a ring of which all that is required is so."""
    maintenance = Maintenance(ring, sound)

    def unrepairable(claim: Property) -> Property:
        @wraps(claim)
        def judged(world: World) -> Iterator[str]:
            reason = reason_against(claim, world)
            if reason is not None and not maintenance.can_reach(maintenance.state_in(world)):
                yield f"{reason}; and no maintenance repairs it"

        return judged

    return tuple(map(unrepairable, claims))


def ideal_within_reach(ring: AtomicRing) -> Property:
    """The invariant that maintenance alone leads to the ideal ring from here."""
    maintenance = Maintenance(ring, ideally_linked)

    def ideal_within_reach(world: World) -> Iterator[str]:
        """Maintenance alone leads to the ideal ring."""
        if not maintenance.can_reach(maintenance.state_in(world)):
            yield f"no maintenance leads to the ideal ring from {told(ring_of(world))}"

    return ideal_within_reach


def ideal_is_closed(ring: Ring) -> Property:
    """The invariant that from an ideal ring with nothing pending maintenance leads to no other."""
    maintenance = Maintenance(ring, lambda other: not ideally_linked(other))

    def ideal_is_closed(world: World) -> Iterator[str]:
        """Where the ring is ideal and nothing is pending, maintenance leaves it so."""
        here = ring.related(maintenance.state_in(world))
        if ideally_linked(here) and here.quiescent and maintenance.can_reach(here.relations):
            yield f"maintenance spoils the ideal ring {told(ring_of(world))}"

    return ideal_is_closed
