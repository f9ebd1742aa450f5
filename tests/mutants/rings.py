"""Rings with a mistake that is found twice: by a property that it breaks, and by a step that is none of the model."""

from attrs import define

from stackproof.reference.lookup.atomic_ring import AtomicRing
from stackproof.reference.lookup.chord_atomic import Ring


@define(kw_only=True)
class KeepsItsTail(Ring):
    """Takes p for its successor, and p's list another time."""

    def stabilize_from_predecessor(self, t: int, p: int) -> None:
        self.turn(t, None)
        if self.live(p):
            self.adopt(t, p, *self.successors[t][1:])
        self.notify(self.successors[t][0], t)


@define(kw_only=True)
class SparesNoPrincipals(Ring):
    """Fails as in the first papers: only a live successor is left to everybody."""

    def may_fail(self, f: int) -> bool:
        return AtomicRing.may_fail(self, f)
