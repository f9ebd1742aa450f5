"""Lineage programs: collections in partitions, and the transformations that make other RDDs of them.

Zaharia et al., "Resilient Distributed Datasets", NSDI 2012, Table 2. A program is data, so that other systems can run
it, too: examples/hold_the_reference_against_pyspark.py does that. Its functions are named ones of this module.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zlib import crc32

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stackproof.reference.processing.partitioners import HashPartitioner
from stackproof.reference.processing.rdd import RDD, parallelize


def paired(number: int) -> Any:
    """A number under one of few keys."""
    return number % 5, number


def swapped(pair: Any) -> Any:
    """The value as key."""
    return pair[1], pair[0]


def same(pair: Any) -> Any:
    """The pair."""
    return pair


def shortened(pair: Any) -> Any:
    """The pair under one of four keys."""
    return digest(pair[0]) % 4, pair[1]


def odd(pair: Any) -> bool:
    """Whether the pair's digest is odd."""
    return digest(pair) % 2 == 1


def repeated(pair: Any) -> list[Any]:
    """The pair up to twice."""
    return [pair] * (digest(pair) % 3)


def counted(value: Any) -> list[int]:
    """Up to three values for one."""
    return list(range(digest(value) % 4))


def digest(value: Any) -> int:
    """A number that says much of a value."""
    return crc32(repr(value).encode()) % 1000


def digested(one: Any, other: Any) -> Any:
    """Neither commutative nor associative."""
    return digest((one, other))


def spelled(value: Any) -> str:
    """A value as text, since not all values can be compared."""
    return repr(value)


def spelled_key(pair: Any) -> Any:
    """The pair, its key as text."""
    return repr(pair[0]), pair[1]


TRANSFORMATIONS: Mapping[str, Callable[..., RDD]] = {
    "map": RDD.map,
    "filter": RDD.filter,
    "flat_map": RDD.flat_map,
    "map_values": RDD.map_values,
    "flat_map_values": RDD.flat_map_values,
    "key_by": RDD.key_by,
    "sample": RDD.sample,
    "group_by_key": RDD.group_by_key,
    "reduce_by_key": RDD.reduce_by_key,
    "distinct": RDD.distinct,
    "sort": RDD.sort,
    "sort_by_key": lambda rdd, upwards, n: rdd.map(spelled_key).sort_by_key(upwards, n),
    "partition_by": lambda rdd, n: rdd.partition_by(HashPartitioner(n)),
    "coalesce": RDD.coalesce,
    "repartition": lambda rdd, n: rdd.map(same).repartition(n),
    "union": RDD.union,
    "join": RDD.join,
    "cogroup": lambda rdd, other, n: rdd.cogroup(other, partitions=n),
}
ITSELF = "itself"


@frozen
class Transformation:
    """One step of a program: its name and its arguments; a lineage among them, or ITSELF, is the other RDD."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        told = (one.__name__ if callable(one) else str(one) for one in self.arguments)
        return f".{self.name}({', '.join(told)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


@frozen
class Lineage:
    """A collection of pairs, or a range of numbers to be paired, in so many partitions; and what is done to it."""

    elements: tuple[Any, ...] | range
    partitions: int
    steps: tuple[Transformation, ...] = ()

    def __str__(self) -> str:
        ranged = isinstance(self.elements, range)
        elements = self.elements if ranged else list(self.elements)
        return f"parallelize({elements}, {self.partitions})" + ".map(paired)" * ranged + "".join(map(str, self.steps))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def run(self, source: Callable[..., Any], transformations: Mapping[str, Callable[..., Any]]) -> Any:
        """What comes of it in a system whose `source(elements, partitions)` makes a collection.

        transformations   what each of TRANSFORMATIONS is there: a function of its RDD and the arguments of the step
        """
        *_, last = self.stages(source, transformations)
        return last

    def stages(self, source: Callable[..., Any], transformations: Mapping[str, Callable[..., Any]]) -> Iterator[Any]:
        """The collection, and what comes of it after each step."""
        rdd = source(self.elements, self.partitions)
        rdd = transformations["map"](rdd, paired) if isinstance(self.elements, range) else rdd
        yield rdd
        for step in self.steps:
            others = [
                one.run(source, transformations) if isinstance(one, Lineage) else rdd if one == ITSELF else one
                for one in step.arguments
            ]
            rdd = transformations[step.name](rdd, *others)
            yield rdd

    @property
    def rdd(self) -> RDD:
        """The RDD of the reference."""
        made: RDD = self.run(parallelize, TRANSFORMATIONS)
        return made

    @property
    def names(self) -> Iterator[str]:
        """Every transformation in it."""
        for step in self.steps:
            yield step.name
            yield from (name for one in step.arguments if isinstance(one, Lineage) for name in one.names)


def lineages(steps: int = 6, elements: int = 40, partitions: int = 5, largest: int = 400) -> SearchStrategy[Lineage]:
    """Programs of so many steps at most, on up to so many elements and partitions; other RDDs have half as many steps.

    Elements are pairs whose keys are numbers, texts, None and pairs. Joins multiply: no program is drawn that has more
    than `largest` elements after any step. Shrinks to few steps on nothing.
    """
    key = st.integers(-3, 6) | st.text(max_size=3) | st.none() | st.tuples(st.integers(0, 2), st.sampled_from("ab"))
    pair = st.tuples(key, st.integers(0, 99))
    pairs = st.integers(0, elements).flatmap(lambda n: st.lists(pair, min_size=n, max_size=n))
    collection = pairs.map(tuple) | st.integers(0, elements).map(range)
    step = transformations(steps, elements, partitions, largest)
    taken = st.lists(step, min_size=min(steps, 1), max_size=steps).map(tuple)
    programs = st.builds(Lineage, collection, st.integers(1, partitions), taken)
    return programs.filter(lambda program: stays_below(program, largest))


def stays_below(program: Lineage, largest: int) -> bool:
    """Whether an RDD has no more than so many elements after any step."""
    stages = program.stages(parallelize, TRANSFORMATIONS)
    return all(sum(map(len, rdd.evaluated())) <= largest for rdd in stages)


def rdds(steps: int = 6, elements: int = 40, partitions: int = 5, largest: int = 400) -> SearchStrategy[RDD]:
    """What the reference makes of such programs."""
    return lineages(steps, elements, partitions, largest).map(lambda program: program.rdd)


def transformations(
    steps: int = 6, elements: int = 40, partitions: int = 5, largest: int = 400
) -> SearchStrategy[Transformation]:
    """Transformations with their arguments, for programs of so many steps; shrinks to a narrow one."""
    count = st.integers(1, partitions)
    perhaps = st.none() | count
    itself = st.just(ITSELF)
    other = itself | st.deferred(lambda: lineages(steps // 2, elements, partitions, largest)) if steps else itself
    arguments: dict[str, tuple[SearchStrategy[Any], ...]] = {
        "map": (st.sampled_from([swapped, shortened]),),
        "filter": (st.just(odd),),
        "flat_map": (st.just(repeated),),
        "map_values": (st.just(digest),),
        "flat_map_values": (st.just(counted),),
        "key_by": (st.sampled_from([digest, odd, spelled]),),
        "sample": (st.floats(0, 2), st.integers(0, 10**6), st.booleans()),
        "coalesce": (count,),
        "union": (other,),
        "partition_by": (count,),
        "repartition": (count,),
        "group_by_key": (perhaps,),
        "reduce_by_key": (st.just(digested), perhaps),
        "distinct": (perhaps,),
        "sort": (st.sampled_from([digest, spelled]), st.booleans(), perhaps),
        "sort_by_key": (st.booleans(), perhaps),
        "join": (other, perhaps),
        "cogroup": (other, perhaps),
    }
    return st.sampled_from(list(arguments)).flatmap(
        lambda name: st.tuples(*arguments[name]).map(lambda chosen: Transformation(name, chosen))
    )
