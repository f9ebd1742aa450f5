"""How a world looks from each of its interchangeable nodes, and the orders into which that puts them.

Nodes have colours, those of one set the same at first. A node from which the world does not look as from others of its
colour gets another, until no more can be told apart. Of nodes that may change places without a trace any order will do.
Where several orders are left all the same, each node of a kind is tried as the first of it.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import factorial, prod
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define

from stackproof.reference.actor import NodeId

if TYPE_CHECKING:
    from stackproof.checker.symmetry.interchangeable import Interchangeable

Colours: TypeAlias = Mapping[NodeId, int]
Part: TypeAlias = tuple[int, int, int]
"""A part of a point: what it is, the place of its node (or its number), and the number of its value."""


@define(eq=False, slots=False)
class Looks:
    """How one point looks from each of its interchangeable nodes."""

    symmetry: "Interchangeable"
    parts: frozenset[Part]

    @cached_property
    def about(self) -> Mapping[NodeId, list[Part]]:
        """The parts of each node, and those that name it."""
        about: dict[NodeId, list[Part]] = {name: [] for name in self.symmetry.names}
        for part in self.parts:
            owner, names = self.symmetry.owners.get(part[:2]), self.symmetry.known[part[2]].names
            for name in names if owner is None or owner in names else (*names, owner):
                about[name].append(part)
        return about

    def orders(self, colours: Colours) -> Iterator[tuple[list[NodeId], int]]:
        """The orders of the nodes to which every point of the orbit comes, each with how many it stands for."""
        classes = [[name for name in colours if colours[name] == one] for one in sorted(set(colours.values()))]
        loose = next((apart for apart in map(self.twins, classes) if len(apart) > 1), None)
        if loose is None:
            yield [name for some in classes for name in some], prod(factorial(len(some)) for some in classes)
            return
        finer = self.finer(colours)
        if len(set(finer.values())) > len(classes):
            yield from self.orders(finer)
            return
        tied = {name for twins in loose for name in twins}
        for twins in loose:
            told = {name: 2 * one + (name in tied and name != twins[0]) for name, one in colours.items()}
            for order, count in self.orders(told):
                yield order, count * len(twins)

    def finer(self, colours: Colours) -> dict[NodeId, int]:
        """The colours, where nodes of one colour have several if the world does not look the same from them."""
        looks = {name: (one, self.look(name, colours)) for name, one in colours.items()}
        ranks = {look: rank for rank, look in enumerate(sorted(set(looks.values())))}
        return {name: ranks[look] for name, look in looks.items()}

    def look(self, name: NodeId, colours: Colours) -> tuple[Any, ...]:
        """How the world looks from a node."""
        looks = []
        for kind, place, number in self.about[name]:
            owner = self.symmetry.owners.get((kind, place))
            whose = (0, place) if owner is None else (1, 0) if owner == name else (2, colours[owner])
            looks.append((kind, whose, self.symmetry.view(number, name, colours)))
        return tuple(sorted(looks))

    def twins(self, names: list[NodeId]) -> list[list[NodeId]]:
        """Some nodes, those together among whom any two may change places without a trace."""
        found: list[list[NodeId]] = []
        for name in names:
            group = next((some for some in found if self.may_change_places(some[0], name)), None)
            if group is None:
                found.append([name])
            else:
                group.append(name)
        return found

    def may_change_places(self, one: NodeId, other: NodeId) -> bool:
        """Whether nobody could tell if two nodes changed places."""
        to = {one: other, other: one}
        return all(self.symmetry.part(part, to) in self.parts for part in (*self.about[one], *self.about[other]))
