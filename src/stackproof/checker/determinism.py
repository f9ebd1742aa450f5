"""Are the functions of a lineage deterministic? The same lineage evaluated in several ways, and what came out compared.

Recomputing what was lost gives the same only if every function does: "deterministic operations" (Zaharia et al., NSDI
2012, section 2.1) is an assumption about the user's code, and Spark leaves it to the user, too. `findings` evaluates an
RDD and all it is made of under different orders, recomputes every partition, and names the first RDD of each chain that
came out differently though it was given the same, as a bag, with the two runs that differ. A function that differs when
nothing differs draws on chance; one that differs with the order of its input depends on that order. `differing` runs
it on clusters of several sizes, with executors that crash, and reports the runs whose answer is another one.

A group's values stand in the order in which they arrived, so that groupByKey is found to depend on order, and so is a
sample, which draws by position. That is so in Spark, too. `findings(rdd, groups_as_bags)` looks past the first.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from stackproof.checker.scenarios.rdd import cluster
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Uniform
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId
from stackproof.reference.processing.actions import Job, Save
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import RDD, Narrow, PerPartition, Shuffled
from stackproof.reference.processing.stages import Program, ancestry

Table: TypeAlias = tuple[Elements, ...]
Arrival: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]
Same: TypeAlias = Callable[[Any], Any]


def in_order(buckets: Sequence[Any]) -> Sequence[Any]:
    """As they were sent."""
    return buckets


def last_first(buckets: Sequence[Any]) -> Sequence[Any]:
    """From the last to the first."""
    return buckets[::-1]


def first_last(buckets: Sequence[Any]) -> Sequence[Any]:
    """The first comes last."""
    return [*buckets[1:], *buckets[:1]]


@frozen
class Run:
    """One way to evaluate a lineage."""

    name: str
    arrival: Arrival = in_order
    backwards: bool = False
    lost: bool = False


RUNS = (
    Run("in order"),
    Run("in order, once more"),
    Run("the last partition computed first", backwards=True),
    Run("every partition lost, and computed again", lost=True),
    Run("buckets arriving from the last to the first", last_first),
    Run("the first bucket arriving last", first_last),
)


@frozen
class Outcome:
    """What a partition came to in a run."""

    run: str
    elements: Elements


@frozen
class Finding:
    """A function that is not deterministic: which, why (chance or order), and two runs that show it."""

    what: str
    cause: str
    partition: int
    first: Outcome
    second: Outcome

    def __str__(self) -> str:
        shown = (f"{one.elements} {one.run}" for one in (self.first, self.second))
        return f"{self.what} depends on {self.cause}: partition {self.partition} came to {'; to '.join(shown)}"


def as_it_is(element: Any) -> Any:
    """An element is the same as itself only."""
    return element


def groups_as_bags(element: Any) -> Any:
    """Groups of the same values are the same, in whichever order these stand."""
    match element:
        case (key, tuple() as values):
            return key, sorted(map(repr, values))
        case _:
            return element


def findings(rdd: RDD, same: Same = as_it_is) -> tuple[Finding, ...]:
    """Every RDD of a lineage that comes out differently though it was given the same; `same` normalises an element."""
    lineage = tuple({id(one): one for one in ancestry(rdd)}.values())
    first, *others = ((run, tables(lineage, run)) for run in RUNS)
    found: dict[int, Finding] = {}
    for run, outcome in others:
        for place, finding in differences(lineage, first, (run, outcome), same):
            found.setdefault(place, finding)
    return tuple(found[place] for place in sorted(found))


def tables(lineage: Sequence[RDD], run: Run) -> dict[int, Table]:
    """All partitions of all RDDs, by the RDD's identity."""
    known: dict[int, Table] = {}
    for rdd in lineage:
        given = [handed_out(rdd, dependency, known, run) for dependency in rdd.dependencies]
        places = range(rdd.partitions)[::-1] if run.backwards else range(rdd.partitions)
        if run.lost:
            _lost = [rdd.compute(p, [each[p] for each in given]) for p in places]
        made = {p: rdd.compute(p, [each[p] for each in given]) for p in places}
        known[id(rdd)] = tuple(made[p] for p in range(rdd.partitions))
    return known


def handed_out(rdd: RDD, dependency: Any, known: dict[int, Table], run: Run) -> list[list[Elements]]:
    """What each partition is given by a dependency, in a run."""
    whole = known[id(dependency.parent)]
    if isinstance(dependency, Narrow):
        return [[whole[q] for q in needed] for needed in dependency.needs]
    sent = [rdd.buckets(q, elements) for q, elements in enumerate(whole)]
    return [list(run.arrival([buckets[p] for buckets in sent])) for p in range(rdd.partitions)]


def differences(
    lineage: Sequence[RDD], first: tuple[Run, dict[int, Table]], second: tuple[Run, dict[int, Table]], same: Same
) -> Iterator[tuple[int, Finding]]:
    """The RDDs whose partitions differ between two runs, though those they are made of do not."""
    (one, before), (other, after) = first, second
    apart = [place for place, rdd in enumerate(lineage) if different(before[id(rdd)], after[id(rdd)], same) is not None]
    tainted = {id(lineage[place]) for place in apart}
    for place in apart:
        rdd = lineage[place]
        partition = different(before[id(rdd)], after[id(rdd)], same)
        if partition is not None and not any(id(dependency.parent) in tainted for dependency in rdd.dependencies):
            cause = "order" if other.arrival is not in_order else "chance"
            outcomes = [Outcome(run.name, table[id(rdd)][partition]) for run, table in ((one, before), (other, after))]
            yield place, Finding(named(rdd), cause, partition, *outcomes)


def different(one: Table, other: Table, same: Same) -> int | None:
    """The first partition of which two tables have different bags of elements."""
    pairs = enumerate(zip(one, other, strict=True))
    return next((p for p, (a, b) in pairs if loose(a, same) != loose(b, same)), None)


def loose(elements: Elements, same: Same) -> list[str]:
    """The elements without their order."""
    return sorted(repr(same(element)) for element in elements)


def named(rdd: RDD) -> str:
    """An RDD as its user would call it."""
    if isinstance(rdd, PerPartition):
        return f"{type(rdd.operator).__name__}({', '.join(map(called, functions(rdd.operator)))})"
    if isinstance(rdd, Shuffled):
        return f"a shuffle by {type(rdd.distribution).__name__}"
    return type(rdd).__name__


def functions(operator: Any) -> Iterator[Any]:
    """The user's functions in an operator."""
    return (value for name in ("f", "create", "merge") if (value := getattr(operator, name, None)) is not None)


def called(function: Any) -> str:
    """The name of a function."""
    return str(getattr(function, "__name__", type(function).__name__))


@frozen
class Clustered:
    """A run on a cluster: what drew its latencies, how many executors, which of them crashed when, and the answer."""

    seed: int
    executors: int
    crashed: NodeId | None
    at_ms: float
    answer: Any


def differing(job: Job, seeds: Sequence[int] = range(4), sizes: Sequence[int] = (1, 2, 3)) -> tuple[Clustered, ...]:
    """A run without failures, and all those whose answer is another; empty where all agree.

    Answers are compared as bags; each seed and number of executors is run without a crash and with one.
    """
    every = [on_a_cluster(job, seed, size, crash) for size in sizes for seed in seeds for crash in (False, True)]
    first, *others = every
    apart = [one for one in others if unordered(one.answer) != unordered(first.answer)]
    return (first, *apart) if apart else ()


def on_a_cluster(job: Job, seed: int, executors: int, crash: bool) -> Clustered:
    """A job run by messages; buckets arrive in any order, and the executor of the seed's choice crashes half-way."""
    program = Program((Job(job.rdd) if isinstance(job.action, Save) else job,), arrival_order=True)
    scenario = cluster(program, executors, crashes=0, invariants=())
    victim, at_ms = f"e{seed % executors}", 15.0 + 20 * seed
    schedule = [(at_ms, Event("crash", node=victim)), (at_ms, Event("restart", node=victim))] if crash else []
    driver = simulate(scenario, seed=seed, latency=Uniform(1, 20), schedule=schedule).nodes["driver"]
    answer = driver.answers[0] if driver.answers else None
    return Clustered(seed, executors, victim if crash else None, at_ms if crash else 0.0, answer)


def unordered(answer: Any) -> Any:
    """An answer without its order."""
    return loose(answer, as_it_is) if isinstance(answer, tuple) else answer
