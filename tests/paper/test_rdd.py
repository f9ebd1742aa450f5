"""Resilient distributed datasets, in the order of the paper (NSDI 2012); what stands where is as in PySpark 4."""

import os
import random
import subprocess
import sys
from collections.abc import Iterable
from itertools import islice

import pytest

from stackproof.reference.processing.actions import (
    Collect,
    Count,
    Fold,
    Job,
    Lookup,
    Reduce,
    collect,
    count,
    lookup,
    run,
)
from stackproof.reference.processing.cache import Cache, checkpointed
from stackproof.reference.processing.partitioners import HashPartitioner, RangePartitioner, portable_hash
from stackproof.reference.processing.rdd import RDD, Level, Narrow, Source, Wide, parallelize
from stackproof.reference.processing.sampling import uniform
from stackproof.reference.processing.stages import Program

NUMBERS = parallelize(range(10), 3)
LETTERS = parallelize([("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)], 2)


def sizes(rdd: RDD) -> list[int]:
    return [len(partition) for partition in rdd.evaluated()]


def test_a_range_is_cut_evenly_and_a_list_by_batches() -> None:
    assert sizes(parallelize(range(100), 7)) == [14, 14, 14, 15, 14, 14, 15]
    assert sizes(parallelize(list(range(100)), 7)) == [14, 14, 14, 14, 14, 14, 16]
    assert sizes(parallelize([], 3)) == [0, 0, 0]


def test_narrow_transformations_keep_the_partitions() -> None:
    assert NUMBERS.map(str).evaluated() == (("0", "1", "2"), ("3", "4", "5"), ("6", "7", "8", "9"))
    assert NUMBERS.filter(lambda x: x % 2).evaluated() == ((1,), (3, 5), (7, 9))
    assert parallelize([1, 2], 1).flat_map(lambda x: [x] * x).evaluated() == ((1, 2, 2),)


def test_map_values_keeps_the_partitioner_and_map_does_not() -> None:
    hashed = LETTERS.partition_by(HashPartitioner(2))
    assert hashed.map_values(str).partitioner == hashed.filter(bool).partitioner == HashPartitioner(2)
    assert hashed.map(lambda pair: pair).partitioner is None


def test_a_key_goes_where_its_portable_hash_says() -> None:
    pairs = parallelize([(key, None) for key in (0, 5, -1, None, 2.0, (1, "a"))], 2)
    for place, partition in enumerate(pairs.partition_by(HashPartitioner(3)).evaluated()):
        assert all(portable_hash(key) % 3 == place for key, _ in partition)


def test_the_portable_hash_is_that_of_a_worker_of_pyspark() -> None:
    keys = ["", "a", "hello", "abcdefgh", "abcdefghi", "é", "日本語", "x😀" * 5, b"xyz"]
    script = f"print([hash(key) for key in {keys!r}])"
    seeded = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    told = subprocess.run([sys.executable, "-c", script], env=seeded, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str([portable_hash(key) for key in keys])


def test_the_portable_hash_of_tuples_and_of_what_has_none() -> None:
    assert portable_hash(None) == 0
    assert portable_hash(()) == 0x345678
    first = (0x345678 ^ portable_hash("a")) * 1000003 & sys.maxsize
    assert portable_hash(("a", 1)) == ((first ^ 1) * 1000003 & sys.maxsize) ^ 2
    with pytest.raises(TypeError, match="has no portable hash"):
        portable_hash(frozenset())


def test_group_by_key_puts_values_in_the_order_of_the_map_partitions() -> None:
    assert dict(collect(LETTERS.group_by_key())) == {"a": (1, 3), "b": (2, 5), "c": (4,)}


def test_reduce_by_key_merges_within_each_partition_first() -> None:
    pairs = parallelize([("k", 1), ("k", 2), ("k", 3), ("k", 4)], 2)
    assert collect(pairs.reduce_by_key(lambda a, b: a - b)) == (("k", (1 - 2) - (3 - 4)),)


def test_a_join_has_every_pair_of_values_of_a_key_and_the_partitions_of_both() -> None:
    other = parallelize([("a", "x"), ("b", "y"), ("a", "z")], 1)
    joined = LETTERS.join(other)
    assert joined.partitions == 3
    assert sorted(collect(joined)) == [
        ("a", (1, "x")),
        ("a", (1, "z")),
        ("a", (3, "x")),
        ("a", (3, "z")),
        ("b", (2, "y")),
        ("b", (5, "y")),
    ]


def test_a_cogroup_has_the_values_of_each() -> None:
    other = parallelize([("a", "x"), ("d", "y")], 1)
    assert dict(collect(LETTERS.cogroup(other)))["a"] == ((1, 3), ("x",))
    assert dict(collect(LETTERS.cogroup(other)))["d"] == ((), ("y",))


def test_a_cross_product_has_every_pair_of_partitions() -> None:
    crossed = parallelize([1, 2], 2).cross_product(parallelize("ab", 2))
    assert crossed.evaluated() == (((1, "a"),), ((1, "b"),), ((2, "a"),), ((2, "b"),))


def test_a_union_puts_one_behind_the_other_unless_they_are_partitioned_alike() -> None:
    hashed = LETTERS.partition_by(HashPartitioner(2))
    assert NUMBERS.union(NUMBERS).partitions == 6
    assert hashed.union(hashed).partitions == 2


def test_distinct_sort_and_coalesce() -> None:
    assert sorted(collect(parallelize([1, 2, 1, 3, 2], 2).distinct())) == [1, 2, 3]
    assert NUMBERS.coalesce(2).evaluated() == ((0, 1, 2), (3, 4, 5, 6, 7, 8, 9))
    assert collect(parallelize([3, 1, 2, 5, 4], 3).sort(lambda x: -x)) == (5, 4, 3, 2, 1)
    assert collect(LETTERS.sort_by_key(ascending=False))[0][0] == "c"


def test_a_range_partitioner_sends_a_key_below_the_first_bound_that_is_not_less() -> None:
    upwards, downwards = RangePartitioner((3, 6)), RangePartitioner((3, 6), ascending=False)
    assert [upwards(key) for key in (1, 3, 4, 6, 7)] == [0, 0, 1, 1, 2]
    assert [downwards(key) for key in (1, 3, 4, 6, 7)] == [2, 2, 1, 1, 0]


def test_repartition_deals_out_runs_of_ten_from_where_spark_begins() -> None:
    assert parallelize(range(60), 4).repartition(5).evaluated() == (
        (*range(10, 15), *range(25, 30), *range(40, 45)),
        (),
        (),
        tuple(range(45, 55)),
        (*range(10), *range(15, 25), *range(30, 40), *range(55, 60)),
    )


def test_a_sample_draws_what_pyspark_draws() -> None:
    for seed, partition in ((17, 0), (17, 3), (2**40 + 5, 1)):
        theirs = random.Random(seed ^ partition)
        for _ in range(10):
            theirs.randint(0, 1)
        assert list(islice(uniform(seed, partition), 700)) == [theirs.random() for _ in range(700)]


def test_a_sample_is_the_same_whenever_it_is_drawn_and_may_have_elements_twice() -> None:
    drawn = NUMBERS.sample(0.5, seed=11)
    assert drawn.evaluated() == NUMBERS.sample(0.5, seed=11).evaluated() != NUMBERS.sample(0.5, seed=12).evaluated()
    assert set(collect(drawn)) < set(range(10))
    twice = collect(parallelize(range(50), 2).sample(2.0, seed=3, replacement=True))
    assert len(twice) > 50 > len(set(twice))


def test_actions_go_through_each_partition_and_then_across() -> None:
    assert count(NUMBERS) == 10
    assert run(Job(NUMBERS, Reduce(lambda a, b: a - b))) == (0 - 1 - 2) - (3 - 4 - 5) - (6 - 7 - 8 - 9)
    assert run(Job(parallelize(range(4), 3), Fold(10, lambda a, b: a + b))) == 46
    with pytest.raises(ValueError, match="empty RDD"):
        run(Job(parallelize([], 2), Reduce(lambda a, b: a + b)))


def test_a_lookup_asks_one_partition_where_there_is_a_partitioner() -> None:
    hashed = LETTERS.partition_by(HashPartitioner(2))
    assert lookup(LETTERS, "a") == lookup(hashed, "a") == (1, 3)
    assert Job(hashed, Lookup("a")).partitions == (portable_hash("a") % 2,)
    assert Job(LETTERS, Lookup("a")).partitions == (0, 1)


def test_nothing_is_computed_before_an_action_asks() -> None:
    asked: list[int] = []
    noted = NUMBERS.map(asked.append)
    assert asked == []
    assert count(noted) == len(asked) == 10


def test_two_rdds_made_in_the_same_way_are_equal() -> None:
    assert NUMBERS.map(str).persist() == NUMBERS.map(str).persist()
    assert NUMBERS.map(str) != NUMBERS.map(repr)


def test_dependencies_are_narrow_or_wide() -> None:
    (narrow,) = NUMBERS.coalesce(2).dependencies
    assert narrow == Narrow(NUMBERS, ((0,), (1, 2)))
    assert [type(one) for one in LETTERS.partition_by(HashPartitioner(2)).dependencies] == [Wide]


def test_a_join_of_what_is_partitioned_alike_is_narrow() -> None:
    left, right = LETTERS.partition_by(HashPartitioner(2)), LETTERS.map_values(str).partition_by(HashPartitioner(2))
    assert len(Program((Job(left.join(right)),)).shuffles) == 2
    assert len(Program((Job(LETTERS.join(right)),)).shuffles) == 2
    assert len(Program((Job(LETTERS.join(LETTERS.map_values(str))),)).shuffles) == 1


def test_preferred_locations_are_those_of_the_source() -> None:
    near = parallelize(range(2), 2, (("e0",), ("e1", "e2")))
    assert near.map(str).preferred_locations(1) == ("e1", "e2")
    assert near.key_by(str).partition_by(HashPartitioner(2)).preferred_locations(0) == ()


def test_stages_are_cut_at_wide_dependencies() -> None:
    counted = LETTERS.map_values(str).group_by_key(3).map(str)
    program = Program((Job(counted), Job(LETTERS.keys(), Count())))
    writing, asking, counting = program.stages
    assert (writing.writes, writing.partitions) == (program.shuffles[0], (0, 1))
    assert (asking.writes, asking.partitions, asking.action) == (None, (0, 1, 2), Collect())
    assert program.rdds[counting.rdd] == LETTERS.keys()


def kept(cache: Cache, blocks: Iterable[tuple[int, int]], level: Level = Level.MEMORY) -> Cache:
    for block in blocks:
        cache = cache.put(block, ("x", "y"), level)
    return cache


def test_the_least_recently_used_rdd_makes_room() -> None:
    cache = kept(Cache(room=4), [(1, 0), (2, 0)]).used((1, 0))
    assert kept(cache, [(3, 0)]).blocks == {(1, 0), (3, 0)}


def test_an_rdd_does_not_push_out_its_own_partitions() -> None:
    assert kept(Cache(room=4), [(1, 0), (1, 1), (1, 2)]).blocks == {(1, 0), (1, 1)}


def test_what_may_spill_falls_to_disk() -> None:
    both = Level.MEMORY_AND_DISK
    cache = kept(kept(Cache(room=2), [(1, 0)], both), [(2, 0)])
    assert ([block for block, _ in cache.memory], [block for block, _ in cache.disk]) == ([(2, 0)], [(1, 0)])
    assert cache.get((1, 0)) == ("x", "y")
    assert kept(Cache(room=2), [(1, 0), (1, 1)], both).blocks == {(1, 0), (1, 1)}
    assert kept(Cache(), [(1, 0)], Level.DISK).memory == ()


def test_a_checkpoint_needs_its_parents_no_more() -> None:
    mapped = NUMBERS.map(str).persist()
    written = checkpointed(mapped, mapped.evaluated())
    assert isinstance(written, Source)
    assert (written.evaluated(), written.dependencies, written.level) == (mapped.evaluated(), (), Level.MEMORY)
    with pytest.raises(ValueError, match="of 3 partitions"):
        checkpointed(mapped, ())
