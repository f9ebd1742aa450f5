"""Hold Dask's bags (https://pypi.org/project/dask) against the reference's RDDs.

    pip install 'stackproof[oracles]'
    python examples/hold_the_reference_against_dask.py

Random bags are made, and the same partitions given to the reference. Where both have the same idea of what goes where,
partitions are compared, in order: map, filter, flatten, concat, product, repartition into fewer. Where a bag is
combined into one partition, the answer is, with functions for which every order of merging gives another. Where Dask
puts keys by a hash of its own, the groups are.

What this shows of Dask 2026.8. All agree but one. A repartition into fewer rounds in floating point, and where that
falls short, as for 15 partitions that shall be 11, the bag has one more than was asked for. The same rounding once
lost a partition of a data frame (dask/dask#5433).
"""

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from zlib import crc32

from attrs import frozen

from stackproof.reference.processing.actions import Job, Reduce, collect, count, run
from stackproof.reference.processing.operators import key_of, value_of
from stackproof.reference.processing.rdd import RDD, Source

ROUNDS = 100
MOST = 40
ZERO = 7


def digest(*parts: Any) -> int:
    """A number that says much of values and of their order."""
    return crc32(repr(parts).encode())


def shuffled(pair: Any) -> int:
    """A pair's place in an order that has nothing to do with the pair."""
    return digest(pair)


def is_odd(pair: Any) -> bool:
    """Whether the value is odd."""
    return bool(pair[1] % 2)


def repeated(pair: Any) -> list[Any]:
    """The pair up to twice."""
    return [pair] * (pair[1] % 3)


def merged(total: int, pair: Any) -> int:
    """The digest of a total and one value more."""
    return digest(total, pair[1])


def partitions(bag: Any) -> Any:
    """What is in each partition of a bag."""
    return tuple(tuple(one) for one in import_module("dask").compute(*bag.to_delayed()))


def count_each(rdd: RDD) -> RDD:
    """How often each element is there."""
    return rdd.map(lambda one: (one, 1)).reduce_by_key(lambda one, other: one + other, 1)


def joined(pairs: Any) -> Any:
    """Pairs of pairs, as Dask joins them: the other first, the key in both; as a bag."""
    return sorted(((key, there), (key, here)) for key, (here, there) in pairs)


@frozen
class Question:
    """One thing, asked of an RDD and of a bag, which may be asked with a number of partitions."""

    name: str
    here: Callable[[RDD, int], Any]
    there: Callable[[Any, int], Any]


PARTITIONS = (
    Question("map", lambda rdd, _: rdd.map(digest), lambda bag, _: bag.map(digest)),
    Question("filter", lambda rdd, _: rdd.filter(is_odd), lambda bag, _: bag.filter(is_odd)),
    Question("flatten", lambda rdd, _: rdd.flat_map(repeated), lambda bag, _: bag.map(repeated).flatten()),
    Question("concat", lambda rdd, _: rdd.union(rdd), lambda bag, _: import_module("dask.bag").concat([bag, bag])),
    Question("product", lambda rdd, _: rdd.cross_product(rdd), lambda bag, _: bag.product(bag)),
    Question("repartition", lambda rdd, fewer: rdd.coalesce(fewer), lambda bag, fewer: bag.repartition(fewer)),
    Question("distinct", lambda rdd, _: rdd.distinct(1), lambda bag, _: bag.distinct()),
    Question("frequencies", lambda rdd, _: count_each(rdd), lambda bag, _: bag.frequencies(split_every=MOST)),
    Question(
        "foldby",
        lambda rdd, _: rdd.combine_by_key(lambda value: digest(ZERO, value), digest, digest, 1),
        lambda bag, _: bag.foldby(key_of, merged, ZERO, digest, split_every=MOST),
    ),
)
ANSWERS = (
    Question("fold", lambda rdd, _: run(Job(rdd, Reduce(digest))), lambda bag, _: bag.fold(digest, split_every=MOST)),
    Question("count", lambda rdd, _: count(rdd), lambda bag, _: bag.count()),
    Question(
        "topk",
        lambda rdd, most: list(collect(rdd.sort(shuffled, ascending=False)))[:most],
        lambda bag, most: list(bag.topk(most, key=shuffled)),
    ),
    Question(
        "groupby",
        lambda rdd, _: dict(collect(rdd.group_by_key())),
        lambda bag, _: {key: tuple(map(value_of, group)) for key, group in bag.groupby(key_of, shuffle="tasks")},
    ),
    Question(
        "join",
        lambda rdd, _: joined(collect(rdd.join(rdd))),
        lambda bag, _: sorted(bag.join(bag.compute(), key_of)),
    ),
)


def asked(question: Question) -> Iterator[str]:
    """The rounds in which the two do not agree, and how."""
    for number in range(ROUNDS):
        chance = random.Random(f"{question.name} {number}")
        pairs = [(chance.randrange(9), chance.randrange(50)) for _ in range(chance.randint(1, 2 * MOST))]
        bag = import_module("dask.bag").from_sequence(pairs, npartitions=chance.randint(1, MOST))
        fewer = chance.randint(1, bag.npartitions)
        ours, theirs = question.here(Source(partitions(bag)), fewer), question.there(bag, fewer)
        if question in PARTITIONS:
            ours, theirs = ours.evaluated(), partitions(theirs)
        elif hasattr(theirs, "compute"):
            theirs = theirs.compute()
        if ours != theirs:
            yield f"{bag.npartitions} partitions and {fewer}: {len(ours)} here, {len(theirs)} in Dask"


def main() -> None:
    """Print a table."""
    if find_spec("dask") is None:
        print("Dask is not installed: pip install 'stackproof[oracles]'")
        return
    dask = import_module("dask")
    dask.config.set(scheduler="synchronous")
    print(f"{f'Dask {dask.__version__}':16}rounds of {ROUNDS} that agree")
    for question in (*PARTITIONS, *ANSWERS):
        wrong = list(asked(question))
        print(f"{question.name:16}{ROUNDS - len(wrong):>6}  {wrong[0] if wrong else ''}".rstrip())


if __name__ == "__main__":
    main()
