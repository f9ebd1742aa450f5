"""Ring memberships: who is on the circle of identifiers, and whom each takes for its successors."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stackproof.checker.invariants.ring import RingView
from stackproof.reference.lookup.consistent_hashing import HashRing
from stackproof.reference.lookup.identifiers import Arc, Circle, HalfOpen


def arcs(identifiers: int = 8) -> SearchStrategy[Arc]:
    """Open intervals of the circle of the identifiers 0, 1, ... Shrinks to `Arc(0, 0)`, all but 0."""
    place = st.integers(0, identifiers - 1)
    return st.builds(Arc, place, place)


def half_open_arcs(identifiers: int = 8) -> SearchStrategy[HalfOpen]:
    """Intervals with their end and without their start. Shrinks to `HalfOpen(0, 0)`, the whole circle."""
    place = st.integers(0, identifiers - 1)
    return st.builds(HalfOpen, place, place)


def circles(most_bits: int = 8) -> SearchStrategy[Circle]:
    """Circles of 2, 4, ... identifiers."""
    return st.integers(1, most_bits).map(lambda bits: Circle(1 << bits))


def memberships(identifiers: int = 8, least: int = 1, most: int | None = None) -> SearchStrategy[tuple[int, ...]]:
    """The members of a ring, in order: `least` to `most` (None: all) of the identifiers 0, 1, ...

    The scenarios of Chord take one as `ring`. Shrinks to the lowest identifiers.
    """
    members = st.sets(st.integers(0, identifiers - 1), min_size=least, max_size=most or identifiers)
    return members.map(lambda some: tuple(sorted(some)))


def ideal(members: tuple[int, ...], r: int) -> RingView:
    """The ring in which every member has the r members that follow it as its list, itself if there are too few."""
    around = members * (r + 1)
    return RingView(tuple((n, around[place + 1 : place + 1 + r]) for place, n in enumerate(members)), r=r)


@st.composite
def ideal_rings(
    draw: DrawFn, identifiers: int = 8, least: int = 1, most: int | None = None, longest: int = 3
) -> RingView:
    """Rings in which every list is as it should be, of up to `longest` successors. Shrinks to member 0 alone."""
    r = draw(st.integers(1, longest))
    return ideal(draw(memberships(identifiers, least, most)), r)


@st.composite
def rings(draw: DrawFn, identifiers: int = 8, least: int = 1, most: int | None = None, longest: int = 3) -> RingView:
    """Rings that may be in any disorder: members whose lists have any 1 to r of the identifiers, dead ones, too.

    Shrinks to members that all take 0 for their successor.
    """
    r = draw(st.integers(1, longest))
    lists = st.lists(st.integers(0, identifiers - 1), min_size=1, max_size=r).map(tuple)
    return RingView(tuple((n, draw(lists)) for n in draw(memberships(identifiers, least, most))), r=r)


@st.composite
def hash_rings(draw: DrawFn, least: int = 1, most: int = 8, copies: int = 5, most_bits: int = 32) -> HashRing:
    """Rings for consistent hashing: nodes of any short names, each of them 1 to `copies` virtual ones.

    The circle has 2^3 to 2^`most_bits` identifiers, few enough that nodes may meet at a point.
    """
    nodes = draw(st.sets(st.text(min_size=1, max_size=4), min_size=least, max_size=most))
    ring = HashRing(draw(st.integers(3, most_bits)))
    return ring.joined_by(*sorted(nodes), copies=draw(st.integers(1, copies)))
