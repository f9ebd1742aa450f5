"""What a transformation does to the elements of one partition.

Each operator is a frozen value that is called with a partition's number and its elements and returns a tuple, so that a
lineage is a value, too. Keys keep the order in which they first appear, and values that of their elements, as in
PySpark, whose workers merge in a dict.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from attrs import frozen

from stackproof.reference.processing.sampling import poisson, uniform

Elements: TypeAlias = tuple[Any, ...]
Function: TypeAlias = Callable[[Any], Any]
Merge: TypeAlias = Callable[[Any, Any], Any]


class Operator(Protocol):
    """A function of a partition's number and its elements."""

    def __call__(self, partition: int, elements: Elements, /) -> Elements:
        """The elements that come of them."""
        ...


@frozen
class Map:
    """Each element becomes one."""

    f: Function

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple(map(self.f, elements))


@frozen
class Filter:
    """Elements for which f is true stay."""

    f: Function

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple(filter(self.f, elements))


@frozen
class FlatMap:
    """Each element becomes as many as f gives."""

    f: Callable[[Any], Iterable[Any]]

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple(one for element in elements for one in self.f(element))


@frozen
class MapValues:
    """Each value becomes another, and keeps its key."""

    f: Function

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple((key, self.f(value)) for key, value in elements)


@frozen
class FlatMapValues:
    """Each value becomes as many as f gives, all under its key."""

    f: Callable[[Any], Iterable[Any]]

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple((key, one) for key, value in elements for one in self.f(value))


@frozen
class WholePartition:
    """f is given all elements of a partition at once."""

    f: Callable[[Elements], Iterable[Any]]

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple(self.f(elements))


@frozen
class Sample:
    """Each element stays with probability `fraction`, or as often as a Poisson number of that mean says."""

    replacement: bool
    fraction: float
    seed: int

    def __call__(self, partition: int, elements: Elements) -> Elements:
        draws = uniform(self.seed, partition)
        if self.replacement:
            return tuple(one for one in elements for _ in range(poisson(draws, self.fraction)))
        return tuple(one for one in elements if next(draws) < self.fraction)


@frozen
class SortByKey:
    """The pairs in the order of their keys; equal keys stay as they were."""

    ascending: bool = True

    def __call__(self, partition: int, elements: Elements) -> Elements:
        return tuple(sorted(elements, key=key_of, reverse=not self.ascending))


@frozen
class Group:
    """The values of each key, together."""

    def __call__(self, partition: int, elements: Elements) -> Elements:
        groups: dict[Any, list[Any]] = {}
        for key, value in elements:
            groups.setdefault(key, []).append(value)
        return tuple((key, tuple(values)) for key, values in groups.items())


@frozen
class MergeGroups:
    """The groups of each key, end to end."""

    def __call__(self, partition: int, elements: Elements) -> Elements:
        groups: dict[Any, list[Any]] = {}
        for key, values in elements:
            groups.setdefault(key, []).extend(values)
        return tuple((key, tuple(values)) for key, values in groups.items())


@frozen
class Combine:
    """The values of each key, merged into one: `create` of the first, then `merge` with each that follows."""

    create: Function | None
    merge: Merge

    def __call__(self, partition: int, elements: Elements) -> Elements:
        merged: dict[Any, Any] = {}
        for key, value in elements:
            if key in merged:
                merged[key] = self.merge(merged[key], value)
            else:
                merged[key] = value if self.create is None else self.create(value)
        return tuple(merged.items())


@frozen
class From:
    """A value and which of several parents it came from."""

    parent: int

    def __call__(self, value: Any) -> tuple[int, Any]:
        return self.parent, value


@frozen
class Apart:
    """Values marked by `From`, parent by parent again."""

    parents: int

    def __call__(self, marked: Elements) -> tuple[Elements, ...]:
        return tuple(tuple(value for parent, value in marked if parent == each) for each in range(self.parents))


@frozen
class Pairs:
    """Every value of the first parent with every value of the second."""

    def __call__(self, marked: Elements) -> Elements:
        first, second = Apart(2)(marked)
        return tuple((one, other) for one in first for other in second)


@frozen
class KeyedBy:
    """An element under the key that f gives it."""

    f: Function

    def __call__(self, element: Any) -> tuple[Any, Any]:
        return self.f(element), element


@frozen
class Keyed:
    """An element as a key without a value."""

    def __call__(self, element: Any) -> tuple[Any, None]:
        return element, None


@frozen
class Part:
    """The key (0) or the value (1) of a pair."""

    place: int

    def __call__(self, pair: tuple[Any, Any]) -> Any:
        return pair[self.place]


@frozen
class Earlier:
    """Of two equal values, the first."""

    def __call__(self, first: Any, second: Any) -> Any:
        return first


key_of = Part(0)
value_of = Part(1)
