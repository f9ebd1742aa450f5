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
from typing import Any

from attrs import define, field
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from stackproof.checker.strategies import lineages
from stackproof.checker.strategies.lineage import Lineage, digested, same, shortened, spelled_key
from stackproof.reference.processing.actions import Count, Fold, Job, Lookup, Reduce, run
from stackproof.reference.processing.partitioners import HashPartitioner
from stackproof.reference.processing.rdd import RDD, Wide

SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "700m",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


# PySpark's interface: each transformation and each action as it is called there.

THERE: dict[str, Callable[..., Any]] = {
    "map": lambda rdd, f: rdd.map(f),
    "filter": lambda rdd, f: rdd.filter(f),
    "flat_map": lambda rdd, f: rdd.flatMap(f),
    "map_values": lambda rdd, f: rdd.mapValues(f),
    "flat_map_values": lambda rdd, f: rdd.flatMapValues(f),
    "key_by": lambda rdd, f: rdd.keyBy(f),
    "sample": lambda rdd, fraction, seed, again: rdd.sample(again, fraction, seed),
    "group_by_key": lambda rdd, n: rdd.groupByKey(n).mapValues(tuple),
    "reduce_by_key": lambda rdd, f, n: rdd.reduceByKey(f, n),
    "distinct": lambda rdd, n: rdd.distinct(n),
    "sort": lambda rdd, by, upwards, n: rdd.sortBy(by, upwards, n),
    "sort_by_key": lambda rdd, upwards, n: rdd.map(spelled_key).sortByKey(upwards, n),
    "partition_by": lambda rdd, n: rdd.partitionBy(n),
    "coalesce": lambda rdd, n: rdd.coalesce(n),
    "repartition": lambda rdd, n: rdd.map(same).repartition(n),
    "union": lambda rdd, other: rdd.union(other),
    "join": lambda rdd, other, n: rdd.join(other, n),
    "cogroup": lambda rdd, other, n: rdd.cogroup(other, n).mapValues(lambda groups: tuple(map(tuple, groups))),
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


def differences(program: Lineage, action: str, context: Any) -> Iterable[str]:
    """What is not the same in the reference and in PySpark."""
    ours, theirs = program.rdd, program.run(context.parallelize, THERE)
    lineage = (theirs.toDebugString() or b"").decode()
    here, there = ours.partitioner, theirs.partitioner
    looked_at = {
        "partitions": (plain(ours.evaluated()), plain(theirs.glom().collect())),
        "partitioner": (here and here.partitions, there and there.numPartitions),
        "shuffles": (shuffles(ours), lineage.count("ShuffledRDD")),
        action: tuple(answer(ACTIONS[action][side], rdd) for side, rdd in enumerate((ours, theirs))),
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

    def compare(self, program: Lineage, action: str) -> None:
        """Run a program, unless there were enough or it was among them; raises Differs."""
        told = f"{program}.{action}()"
        if len(self.agreed) < self.wanted and told not in self.agreed:
            found = list(differences(program, action, self.context))
            if found:
                raise Differs("\n".join([told, *found]))
            self.agreed.add(told)
            self.names.update(set(program.names) | {action})
            self.elements += sum(map(len, program.rdd.evaluated()))

    def search(self, first_seed: int) -> None:
        """Run different programs until they are as many as wanted; raises Differs with the smallest that was found."""

        def agree(program: Lineage, action: str) -> None:
            self.compare(program, action)

        checked = settings(
            max_examples=2 * self.wanted,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )(given(lineages(), st.sampled_from(sorted(ACTIONS)))(agree))
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
    if find_spec("pyspark") is None:
        print("PySpark is not installed: pip install 'stackproof[oracles]'")
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
