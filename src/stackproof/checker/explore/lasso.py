"""A lasso: a run that comes to a loop by its stem, and then goes round for ever.

Both engines stitch the loop of what they found in the same way, from one shortest path after the other.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

from attrs import frozen

Label = TypeVar("Label")
Edge: TypeAlias = tuple[Label | None, int]
"""What happens, None where it is not owed; and the number of the world that it leads to."""


@frozen
class Lasso(Generic[Label]):
    """The worlds of the stem, an initial one first; the edges of the loop, none where the run ends."""

    stem: Sequence[int]
    loop: Sequence[Edge[Label]]


@frozen
class Component(Generic[Label]):
    """A fair component, by the edges of its worlds: which of them stay within, and in which worlds the claim fails.

    home   a shortest way from a world to another, for a long way back; `way` does, where it is None
    """

    edges: Callable[[int], Sequence[Edge[Label]]]
    inside: Callable[[int], bool]
    bad: Callable[[int], bool]
    home: Callable[[int, int], list[Edge[Label]]] | None = None

    def loop(self, start: int) -> list[Edge[Label]]:
        """A way from a world back to it by a world in which the claim fails, leaving out nothing that is owed."""
        way: list[Edge[Label]] = []
        owed, fails, here = self.possible(start), self.bad(start), start
        while owed or not fails:
            for edge in self.way(here, lambda one: self.pays(one, owed) or (not fails and self.bad(one[1]))):  # noqa: B023
                label, here = edge
                owed = (owed & self.possible(here)) - {label}
                fails = fails or self.bad(here)
                way.append(edge)
        if here == start:
            return way
        return way + (self.home(here, start) if self.home else self.way(here, lambda edge: edge[1] == start))

    def possible(self, world: int) -> frozenset[Label]:
        """What may happen in a world and is owed."""
        return frozenset(label for label, _ in self.edges(world) if label is not None)

    def pays(self, edge: Edge[Label], owed: frozenset[Label]) -> bool:
        """Whether something owed happens on this edge, or cannot happen in the world after it."""
        label, after = edge
        return label in owed or not owed <= self.possible(after)

    def way(self, start: int, ends: Callable[[Edge[Label]], bool]) -> list[Edge[Label]]:
        """The shortest way within the component whose last edge is as wanted."""
        before: dict[int, tuple[int, Edge[Label]]] = {}
        frontier = [start]
        while frontier:
            beyond = []
            for here in frontier:
                for edge in self.edges(here):
                    if not self.inside(edge[1]):
                        continue
                    if ends(edge):
                        return [*path(before, start, here), edge]
                    if edge[1] not in before:
                        before[edge[1]] = here, edge
                        beyond.append(edge[1])
            frontier = beyond
        raise ValueError(f"no way leads on from world {start}: this is no component")


def path(before: dict[int, tuple[int, Edge[Label]]], start: int, end: int) -> list[Edge[Label]]:
    """The edges that lead from one world to another."""
    edges: list[Edge[Label]] = []
    while end != start:
        end, edge = before[end]
        edges.append(edge)
    return edges[::-1]
