"""A cluster: machines whose block store is a ring, a Mesos master, a driver with its job, and a user with the input."""

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.lookup.chord import name
from stackproof.reference.lookup.consistent_hashing import hashed, successor
from stackproof.reference.processing.mapreduce.file_system import FileSystem
from stackproof.reference.processing.mapreduce.job import Job
from stackproof.reference.processing.mapreduce.master import Master as JobMaster
from stackproof.reference.processing.mapreduce.tasks import Plan
from stackproof.reference.processing.stages import Program
from stackproof.reference.scheduling.mesos.agent import Agent
from stackproof.reference.scheduling.mesos.broker import Setting
from stackproof.reference.scheduling.mesos.framework import Service
from stackproof.reference.scheduling.mesos.resources import anybodys
from stackproof.reference.stack.drivers import Driver, MapReduceDriver, RDDDriver
from stackproof.reference.stack.machine import Machine
from stackproof.reference.stack.mapreduce import BlockWorker, Cached
from stackproof.reference.stack.masters import WatchfulMaster
from stackproof.reference.stack.site import Part, part
from stackproof.reference.stack.tasks import BlockExecutor, ElasticScheduler, Stored
from stackproof.reference.stack.user import User
from stackproof.reference.storage.block_messages import Quorum
from stackproof.reference.storage.block_store import BlockNode
from stackproof.reference.storage.blocks import block, key

MESOS, DRIVER, USER = "mesos", "driver", "user"
SLOT = (1,)


@frozen
class Shape:
    """How large a cluster is, and how patient.

    ring       the identifiers of the machines that are there from the start
    newcomers  those of the machines that may join
    bits       of an identifier                          r        how many successors a machine knows
    quorum     of the block store                        patience_ms  how long one of its operations may take
    user_ms    how long the user waits for an answer
    ping_ms    of the masters; None: they watch connections
    fingers    whether machines have finger tables
    executors  how many a driver wants; None: one on each machine that there may be
    store      what makes a machine's node of the block store
    """

    ring: tuple[int, ...]
    newcomers: tuple[int, ...] = ()
    bits: int = 32
    r: int = 4
    quorum: Quorum = Quorum(3, 2, 3)
    patience_ms: float | None = 60_000.0
    user_ms: float | None = 20_000.0
    ping_ms: float | None = 15_000.0
    fingers: bool = True
    executors: int | None = None
    store: Callable[..., BlockNode] = BlockNode


def identifiers(count: int, bits: int = 32) -> tuple[int, ...]:
    """The identifiers of so many machines, the first first: their names hashed, as Chord has it."""
    return tuple(hashed(f"machine {number}", bits) for number in range(count))


def machine(shape: Shape, identifier: int, images: tuple[tuple[NodeId, Part], ...]) -> Machine:
    """A machine: in its place in an ideal ring, or about to join."""
    ring = tuple(sorted(shape.ring))
    placed: dict[str, Any] = {}
    if identifier in ring:
        place = ring.index(identifier)
        following = (*ring[place + 1 :], *ring[: place + 1]) * shape.r
        placed = {"joined": True, "successors": following[: shape.r], "predecessor": ring[place - 1]}
        if shape.fingers:
            circle = 2**shape.bits
            placed["fingers"] = tuple(successor(ring, (identifier + 2**i) % circle) for i in range(shape.bits))
    store = shape.store(
        name(identifier),
        identifier,
        shape.r,
        ring,
        bits=shape.bits if shape.fingers else 0,
        quorum=shape.quorum,
        patience_ms=shape.patience_ms,
        **placed,
    )
    return Machine(name(identifier), part(store), part(Agent(name(identifier), MESOS, anybodys(*SLOT))), images)


@frozen
class Cluster:
    """The nodes of a cluster, and those that may join it."""

    nodes: tuple[Any, ...] = field(converter=tuple[Any, ...])
    absent: tuple[Machine, ...] = ()


def cluster(shape: Shape, driver: Driver, image: Part, splits: tuple[Any, ...]) -> Cluster:
    """Machines, the Mesos master, a driver whose executors look like `image`, and a user who has these splits."""
    images = ((driver.id, image),)
    contacts = tuple(name(identifier) for identifier in sorted(shape.ring))
    stored = tuple((one, block(split)) for one, split in zip(keys(shape, splits), splits, strict=True))
    return Cluster(
        nodes=(
            WatchfulMaster(MESOS, Setting(), ping_ms=shape.ping_ms),
            *(machine(shape, one, images) for one in shape.ring),
            driver,
            User(USER, contacts, driver.id, stored, shape.user_ms),
        ),
        absent=tuple(machine(shape, one, images) for one in shape.newcomers),
    )


def keys(shape: Shape, splits: tuple[Any, ...]) -> tuple[int, ...]:
    """The keys of the blocks of the input."""
    return tuple(key("input", number, shape.bits) for number in range(len(splits)))


def service(shape: Shape) -> Part:
    """A framework that wants so many executors, for as long as the job runs."""
    wanted = len(shape.ring) + len(shape.newcomers) if shape.executors is None else shape.executors
    return part(Service(DRIVER, MESOS, SLOT, wanted=wanted))


def mapreduce(
    shape: Shape,
    job: Job,
    splits: tuple[Any, ...],
    reduces: int,
    work_ms: float | None,
    backups: int | None = None,
) -> Cluster:
    """A cluster that runs a MapReduce job."""
    ping_ms = None if shape.ping_ms is None else 2 * shape.ping_ms
    plan = Plan(len(splits), reduces, (), ping_ms=ping_ms, backups=backups, backup_ms=2 * (work_ms or 500))
    driver = MapReduceDriver(
        DRIVER, USER, service(shape), part(JobMaster(DRIVER, plan)), files=part(FileSystem(DRIVER))
    )
    worker = BlockWorker(
        "", DRIVER, DRIVER, job, Cached(), reduces, work_ms, bits=shape.bits, inputs=keys(shape, splits)
    )
    return cluster(shape, driver, part(worker), splits)


def stored(shape: Shape, splits: tuple[Any, ...]) -> Stored:
    """The lines of the input as an RDD: a partition for each block."""
    slices = tuple(tuple(line for _, line in split) for split in splits)
    return Stored(slices, under=keys(shape, splits))


def rdds(shape: Shape, program: Program, splits: tuple[Any, ...], work_ms: float | None, wait: int = 1) -> Cluster:
    """A cluster that runs a program of RDDs, over the lines of its input as `stored` has them."""
    scheduler = ElasticScheduler(DRIVER, program, (), wait)
    driver = RDDDriver(DRIVER, USER, service(shape), part(scheduler), keys=keys(shape, splits))
    return cluster(shape, driver, part(BlockExecutor("", program, DRIVER, DRIVER, work_ms=work_ms)), splits)
