"""Hold the reference's RDDs against PySpark (https://pypi.org/project/pyspark), on lineages that Hypothesis makes up.

    pip install 'stackproof[oracles]'
    python examples/hold_the_reference_against_pyspark.py --programs 500

PySpark needs Java 17 or later. Each program is a collection of pairs and up to six transformations, some of them with
another such program; it is run by both. Equal must be: the elements of every partition, in order; whether there is a
partitioner, and of how many partitions; how many shuffles there are; and the answer of one action. The first program
that differs is shrunk.

Left out is what depends in PySpark on how it packs elements for transport (`rdd.py` says where): crossProduct has no
place here, and what is repartitioned goes through a map before it. PySpark puts one there itself, unless the elements
come in tens already.
"""

import argparse
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from zlib import crc32

from attrs import define, field, frozen

from stackproof.reference.processing.actions import Count, Fold, Job, Lookup, Reduce, run
from stackproof.reference.processing.partitioners import HashPartitioner
from stackproof.reference.processing.rdd import RDD, Wide, parallelize

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LARGEST = 400
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "700m",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


# What users write: functions of a pair, of a value, and of two.


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


# The two interfaces: each transformation and each action as it is called here, and as it is called there.

TRANSFORMATIONS: dict[str, tuple[Callable[..., RDD], Callable[..., Any]]] = {
    "map": (RDD.map, lambda rdd, f: rdd.map(f)),
    "filter": (RDD.filter, lambda rdd, f: rdd.filter(f)),
    "flat_map": (RDD.flat_map, lambda rdd, f: rdd.flatMap(f)),
    "map_values": (RDD.map_values, lambda rdd, f: rdd.mapValues(f)),
    "flat_map_values": (RDD.flat_map_values, lambda rdd, f: rdd.flatMapValues(f)),
    "key_by": (RDD.key_by, lambda rdd, f: rdd.keyBy(f)),
    "sample": (RDD.sample, lambda rdd, fraction, seed, again: rdd.sample(again, fraction, seed)),
    "group_by_key": (RDD.group_by_key, lambda rdd, n: rdd.groupByKey(n).mapValues(tuple)),
    "reduce_by_key": (RDD.reduce_by_key, lambda rdd, f, n: rdd.reduceByKey(f, n)),
    "distinct": (RDD.distinct, lambda rdd, n: rdd.distinct(n)),
    "sort": (RDD.sort, lambda rdd, by, upwards, n: rdd.sortBy(by, upwards, n)),
    "sort_by_key": (
        lambda rdd, upwards, n: rdd.map(spelled_key).sort_by_key(upwards, n),
        lambda rdd, upwards, n: rdd.map(spelled_key).sortByKey(upwards, n),
    ),
    "partition_by": (lambda rdd, n: rdd.partition_by(HashPartitioner(n)), lambda rdd, n: rdd.partitionBy(n)),
    "coalesce": (RDD.coalesce, lambda rdd, n: rdd.coalesce(n)),
    "repartition": (lambda rdd, n: rdd.map(same).repartition(n), lambda rdd, n: rdd.map(same).repartition(n)),
    "union": (RDD.union, lambda rdd, other: rdd.union(other)),
    "join": (RDD.join, lambda rdd, other, n: rdd.join(other, n)),
    "cogroup": (
        lambda rdd, other, n: rdd.cogroup(other, partitions=n),
        lambda rdd, other, n: rdd.cogroup(other, n).mapValues(lambda groups: tuple(map(tuple, groups))),
    ),
}
ACTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "count": (lambda rdd: run(Job(rdd, Count())), lambda rdd: rdd.count()),
    "reduce": (lambda rdd: run(Job(rdd, Reduce(digested))), lambda rdd: rdd.reduce(digested)),
    "fold": (lambda rdd: run(Job(rdd, Fold(7, digested))), lambda rdd: rdd.fold(7, digested)),
    "lookup": (
        lambda rdd: run(Job(rdd.map(shortened).partition_by(HashPartitioner(3)), Lookup(1))),
        lambda rdd: tuple(rdd.map(shortened).partitionBy(3).lookup(1)),
    ),
}
HERE, THERE = 0, 1
ITSELF = "itself"


@frozen
class Step:
    """A transformation and its arguments; a program among them is the other RDD."""

    name: str
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        told = (one.__name__ if callable(one) else str(one) for one in self.arguments)
        return f".{self.name}({', '.join(told)})"

    def taken(self, rdd: Any, side: int, source: Callable[..., Any]) -> Any:
        """The RDD that comes of one, in the reference or in PySpark."""
        arguments = (one.made(side, source) if isinstance(one, Program) else one for one in self.arguments)
        return TRANSFORMATIONS[self.name][side](rdd, *(rdd if one == ITSELF else one for one in arguments))


@frozen
class Program:
    """A lineage: a collection, or a range of numbers to be paired, in so many partitions; and what is done to it."""

    elements: tuple[Any, ...] | range
    partitions: int
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        ranged = isinstance(self.elements, range)
        elements = self.elements if ranged else list(self.elements)
        return f"parallelize({elements}, {self.partitions})" + ".map(paired)" * ranged + "".join(map(str, self.steps))

    def made(self, side: int, source: Callable[..., Any]) -> Any:
        """The RDD."""
        rdd = source(self.elements, self.partitions)
        rdd = rdd.map(paired) if isinstance(self.elements, range) else rdd
        for step in self.steps:
            rdd = step.taken(rdd, side, source)
            if side == HERE and sum(map(len, rdd.evaluated())) > LARGEST:
                raise TooLarge
        return rdd

    @property
    def names(self) -> Iterable[str]:
        """Every transformation in it."""
        for step in self.steps:
            yield step.name
            yield from (name for one in step.arguments if isinstance(one, Program) for name in one.names)


class TooLarge(Exception):
    """A program that makes more elements than are worth the time."""


def programs(steps: int = 6) -> "SearchStrategy[Program]":
    """Programs of so many steps at most; other RDDs have half as many."""
    from hypothesis import strategies as st

    key = st.integers(-3, 6) | st.text(max_size=3) | st.none() | st.tuples(st.integers(0, 2), st.sampled_from("ab"))
    pairs = st.integers(0, 40).flatmap(lambda n: st.lists(st.tuples(key, st.integers(0, 99)), min_size=n, max_size=n))
    elements = pairs.map(tuple) | st.integers(0, 40).map(range)
    taken = st.lists(transformations(steps), min_size=min(steps, 1), max_size=steps).map(tuple)
    return st.builds(Program, elements, st.integers(1, 5), taken)


def transformations(steps: int) -> "SearchStrategy[Step]":
    """Transformations with their arguments, for programs of so many steps."""
    from hypothesis import strategies as st

    count = st.integers(1, 5)
    perhaps = st.none() | count
    other = st.just(ITSELF) | programs(steps // 2) if steps else st.just(ITSELF)
    arguments: dict[str, tuple[SearchStrategy[Any], ...]] = {
        "map": (st.sampled_from([swapped, shortened]),),
        "filter": (st.just(odd),),
        "flat_map": (st.just(repeated),),
        "map_values": (st.just(digest),),
        "flat_map_values": (st.just(counted),),
        "key_by": (st.sampled_from([digest, odd, spelled]),),
        "sample": (st.floats(0, 2), st.integers(0, 10**6), st.booleans()),
        "group_by_key": (perhaps,),
        "reduce_by_key": (st.just(digested), perhaps),
        "distinct": (perhaps,),
        "sort": (st.sampled_from([digest, spelled]), st.booleans(), perhaps),
        "sort_by_key": (st.booleans(), perhaps),
        "partition_by": (count,),
        "coalesce": (count,),
        "repartition": (count,),
        "union": (other,),
        "join": (other, perhaps),
        "cogroup": (other, perhaps),
    }
    return st.sampled_from(sorted(arguments)).flatmap(
        lambda name: st.tuples(*arguments[name]).map(lambda chosen: Step(name, chosen))
    )


def plain(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def answer(action: Callable[[Any], Any], rdd: Any) -> Any:
    """What an action says, or that there is nothing to reduce."""
    try:
        return action(rdd)
    except ValueError:
        return "nothing"


def shuffles(rdd: RDD) -> int:
    """How often the lineage, written as a tree, is shuffled."""
    return sum(isinstance(one, Wide) + shuffles(one.parent) for one in rdd.dependencies)


def differences(program: Program, action: str, context: Any) -> Iterable[str]:
    """What is not the same in the reference and in PySpark."""
    ours, theirs = program.made(HERE, parallelize), program.made(THERE, context.parallelize)
    lineage = (theirs.toDebugString() or b"").decode()
    here, there = ours.partitioner, theirs.partitioner
    looked_at = {
        "partitions": (plain(ours.evaluated()), plain(theirs.glom().collect())),
        "partitioner": (here and here.partitions, there and there.numPartitions),
        "shuffles": (shuffles(ours), lineage.count("ShuffledRDD")),
        action: tuple(answer(ACTIONS[action][side], rdd) for side, rdd in ((HERE, ours), (THERE, theirs))),
    }
    for what, (one, other) in looked_at.items():
        if one != other:
            yield f"{what}: {one} here, {other} in PySpark"


class Differs(Exception):
    """A program on which the two do not agree."""


@define
class Comparison:
    """The programs on which the two agreed, and what was in them."""

    context: Any
    wanted: int
    agreed: set[str] = field(factory=set)
    names: Counter[str] = field(factory=Counter)
    elements: int = 0

    def compare(self, program: Program, action: str) -> None:
        """Run a program, unless there were enough or it was among them; raises Differs."""
        told = f"{program}.{action}()"
        if len(self.agreed) < self.wanted and told not in self.agreed:
            found = list(differences(program, action, self.context))
            if found:
                raise Differs("\n".join([told, *found]))
            self.agreed.add(told)
            self.names.update(set(program.names) | {action})
            self.elements += sum(map(len, program.made(HERE, parallelize).evaluated()))

    def search(self, first_seed: int) -> None:
        """Run different programs until they are as many as wanted; raises Differs with the smallest that was found."""
        from hypothesis import HealthCheck, Phase, given, reject, seed, settings
        from hypothesis import strategies as st

        def property_(program: Program, action: str) -> None:
            try:
                self.compare(program, action)
            except TooLarge:
                reject()

        checked = settings(
            max_examples=2 * self.wanted,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )(given(programs(), st.sampled_from(sorted(ACTIONS)))(property_))
        seed(first_seed)(checked)()


def started() -> Any:
    """A context in this process, with two threads and less than a gigabyte of memory."""
    os.environ |= {"PYTHONHASHSEED": "0", "PYSPARK_PYTHON": sys.executable}
    pyspark = import_module("pyspark")
    return pyspark.SparkContext(conf=pyspark.SparkConf().setMaster("local[2]").setAll(SETTINGS.items()))


def main() -> None:
    """Compare, and print how many programs agreed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if find_spec("pyspark") is None or find_spec("hypothesis") is None:
        print("PySpark or Hypothesis is not installed: pip install 'stackproof[oracles]'")
        return
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        print("PySpark needs Java 17 or later, and there is none")
        return
    comparison = Comparison(started(), chosen.programs)
    version = comparison.context.version
    try:
        comparison.search(chosen.seed)
    except Differs as difference:
        print(f"after {len(comparison.agreed)} programs that agree one differs; shrunk, it is\n{difference}")
        sys.exit(1)
    finally:
        comparison.context.stop()
    agreed = f"{len(comparison.agreed)} different programs agree with PySpark {version}"
    print(f"{agreed}, partition for partition; they leave")
    print(f"{comparison.elements:,} elements. So many have")
    for name, count in sorted(comparison.names.items()):
        print(f"{count:>6} {name}")


if __name__ == "__main__":
    main()
