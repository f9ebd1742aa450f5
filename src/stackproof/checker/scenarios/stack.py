"""The whole stack under questions: a word count on offers, over blocks on Chord's ring, while a machine crashes.

All layers at once make many worlds, so what is asked here is small, and some of it stands still. The ring stabilizes
when a message of it has bounced, and `rounds` times at most; before, its timers are of no use to anybody. The user and
the store wait for ever instead of asking again. The job's executors compute at once.
"""

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

from attrs import define

from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import blocks as of_blocks
from stackproof.checker.invariants import mapreduce as of_mapreduce
from stackproof.checker.invariants import offers as of_offers
from stackproof.checker.invariants import stack as of_the_stack
from stackproof.checker.invariants.blocks import Blocks
from stackproof.checker.invariants.dealings import Dealings
from stackproof.checker.network import Network
from stackproof.checker.running import layers
from stackproof.checker.running.layers import View
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.scenarios.chord import NEEDED
from stackproof.checker.world import World
from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import Stabilize
from stackproof.reference.processing.jobs import WordCount
from stackproof.reference.processing.mapreduce.messages import Kind
from stackproof.reference.stack import cluster
from stackproof.reference.stack.cluster import DRIVER, MESOS, Shape
from stackproof.reference.storage.block_messages import Quorum
from stackproof.reference.storage.block_store import BlockNode

WORDS = ("a b", "b", "a")


@define
class CalmNode(BlockNode):
    """A node of the block store that stabilizes once it has met a dead one, and then `rounds` times."""

    rounds: int = 2

    def start(self, out: Out) -> None:
        """Nothing is wrong as yet."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """As any node, but for the timers."""
        own = Out(out.pick)
        super().receive(message, source, own)
        for target, sent in own.sent:
            out.send(target, sent)
        for event in own.observed:
            out.observe(event)
        if isinstance(message, Bounced | Stabilize) and self.rounds:
            self.rounds -= 1
            out.after(1, Stabilize())


def stack(
    machines: int = 2,
    maps: int = 1,
    reduces: int = 1,
    crashes: int = 1,
    executors: int = 1,
    backups: int = 0,
    rounds: int = 0,
) -> Scenario:
    """A word count on the whole stack: whichever machine crashes, no layer breaks its word, and the answer is right.

    The driver wants so many `executors`; when one is lost, it gets another. Blocks have two copies, which acknowledge a
    write together. A machine stabilizes `rounds` times once it has met a dead one. Nothing is asked of what happens
    after the user has the answer.
    """
    if min(machines, 2) < 2 or min(maps, reduces) < 1 or crashes >= machines:  # noqa: PLR2004 - two copies
        raise ScenarioError("let there be two machines, a map and a reduce task, and a machine that does not crash")
    ring = tuple(range(machines))
    endless: dict[str, Any] = {"patience_ms": None, "user_ms": None, "ping_ms": None}
    calm = partial(CalmNode, rounds=rounds)
    shape = Shape(ring, bits=8, r=2, quorum=Quorum(2, 2, 1), fingers=False, executors=executors, store=calm, **endless)
    splits = tuple(((number, WORDS[number % len(WORDS)]),) for number in range(maps))
    made = cluster.mapreduce(shape, WordCount(), splits, reduces, None, backups)
    names = tuple(f"n{identifier}" for identifier in ring)
    ordered = [(DRIVER, MESOS), (MESOS, DRIVER), *((name, to) for name in names for to in (MESOS, DRIVER))]
    return Scenario(
        nodes=made.nodes,
        network=dict.fromkeys(ordered, Network.FIFO),
        faults=Faults(crashes=crashes, restarts=0, victims=names, detection=True),
        invariants=(
            *(of(layers.ring, claim) for claim in (*NEEDED, *STORED)),
            *(of(layers.mapreduce, claim) for claim in COUNTED),
            *(of(layers.offers, claim) for claim in of_offers.SAFE),
            *(of(layers.seen, claim) for claim in of_the_stack.PROPERTIES),
        ),
        monitors={"blocks": Blocks(), "dealings": Dealings()},
        goals=(the_user_has_the_answer, *((another_executor_ends_the_job,) if crashes and rounds else ())),
        prune=the_user_has_the_answer,
    )


STORED = (
    of_blocks.acknowledged_blocks_survive,
    of_blocks.reads_return_what_was_written,
    of_blocks.reads_find_what_was_acknowledged,
)
COUNTED = (
    of_mapreduce.one_output_commit_per_task,
    of_mapreduce.an_output_file_is_whole_as_soon_as_it_is_there,
    of_mapreduce.the_output_equals_the_plain_one,
    of_mapreduce.counters_count_each_task_once,
    of_mapreduce.a_completed_reduce_has_its_output,
    of_mapreduce.intermediate_files_are_partitioned_and_in_order,
    of_mapreduce.a_task_has_at_most_one_backup,
)


def of(layer: Callable[[World], View], claim: Callable[[Any], Any]) -> Property:
    """A property of one layer as one of the whole stack."""

    @wraps(claim)
    def in_the_stack(world: World) -> Iterator[str]:
        yield from claim(layer(world))

    return in_the_stack


def the_user_has_the_answer(world: World) -> bool:
    """The user was told that the job is done, and has read its output."""
    user = layers.user(layers.seen(world))
    return user.done is not None and not user.waiting


def another_executor_ends_the_job(world: World) -> bool:
    """The same, more executors were launched than wanted, and those that reduced are up: who was lost was replaced."""
    driver = layers.driver(layers.seen(world))
    framework, table = driver.framework.node, driver.scheduler.node.table
    reducers = {entry.holder for task, entry in table if task.kind is Kind.REDUCE}
    return the_user_has_the_answer(world) and framework.launched > framework.wanted and reducers <= set(world.up)
