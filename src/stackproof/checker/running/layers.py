"""Each layer of the stack, as the properties that were written for it alone expect to find it.

A machine is one node here, and several to those properties: a node of a ring, an agent, a worker. A `View` is a world
in which each of them goes by the name of its machine. It can be made of a world of the explorers, and of a run of a
simulation in between two events.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from attrs import evolve, field, frozen

from stackproof.checker.host import Status
from stackproof.checker.network import Envelope
from stackproof.checker.simulate.run import Run
from stackproof.checker.simulate.simulated import messages_of
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.processing.mapreduce.file_system import File, FileSystem, Part
from stackproof.reference.processing.mapreduce.worker import Worker
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.stack.cluster import DRIVER
from stackproof.reference.stack.drivers import Driver, MapReduceDriver
from stackproof.reference.stack.machine import Machine
from stackproof.reference.stack.user import User


@frozen(eq=False)
class View:
    """What properties read of a world; `whole` is what it was made of."""

    nodes: Mapping[NodeId, Any]
    up: tuple[NodeId, ...]
    whole: World | Run = field(repr=False)

    @property
    def monitors(self) -> Mapping[str, Any]:
        """The state of each monitor."""
        return self.whole.ledgers if isinstance(self.whole, Run) else self.whole.monitors

    @property
    def scenario(self) -> SimpleNamespace:
        """Who may be there at all."""
        return SimpleNamespace(nodes=tuple(self.nodes.values()), absent=())

    @property
    def status(self) -> Mapping[NodeId, Status]:
        """Whether each node is up, or how it stands."""
        if isinstance(self.whole, Run):
            return {name: place.status for name, place in self.whole.places.items()}
        return self.whole.status

    @property
    def timers(self) -> Mapping[NodeId, Iterable[Any]]:
        """The messages of each node's armed timers."""
        if isinstance(self.whole, Run):
            return {name: place.timers.keys() for name, place in self.whole.places.items()}
        return self.whole.timers

    def sent(self, *kinds: type) -> tuple[Envelope, ...]:
        """What is in flight of these types of message."""
        if isinstance(self.whole, Run):
            return tuple(Envelope(*one) for one in messages_of(self.whole) if isinstance(one[2], kinds))
        return self.whole.sent(*kinds)


def seen(whole: World | Run | View) -> View:
    """All of the stack, of whatever it was made."""
    if isinstance(whole, View):
        return whole
    if isinstance(whole, Run):
        nodes = {name: place.node for name, place in whole.places.items()}
        return View(nodes, tuple(name for name, place in whole.places.items() if place.status is Status.UP), whole)
    return View(whole.nodes, whole.up, whole)


def with_nodes(view: View, nodes: Mapping[NodeId, Any]) -> View:
    """The view with these nodes in it, and no others."""
    return evolve(view, nodes=nodes, up=tuple(name for name in view.up if name in nodes))


def machines(view: View) -> dict[NodeId, Machine]:
    """The machines."""
    return {name: node for name, node in view.nodes.items() if isinstance(node, Machine)}


def ring(whole: World | Run | View) -> View:
    """The nodes of the block store."""
    view = seen(whole)
    return with_nodes(view, {name: machine.store.node for name, machine in machines(view).items()})


def offers(whole: World | Run | View) -> View:
    """The master of Mesos, the agents, and the framework of the job."""
    view = seen(whole)
    agents = {name: machine.agent.node for name, machine in machines(view).items()}
    masters = {name: node for name, node in view.nodes.items() if isinstance(node, Master)}
    return with_nodes(view, {**agents, **masters, DRIVER: driver(view).framework.node})


def kept(view: View) -> dict[int, Any]:
    """What the machines hold in their stores, key by key."""
    stores = (machine.store.node for name, machine in machines(view).items() if name in view.up)
    return {item.key: item.value.data for store in stores for item in store.items}


@frozen
class Input:
    """The splits of the user, as the storage of a worker that has read them all."""

    splits: tuple[Any, ...]

    def read(self, split: int) -> Any:
        """The records of one split."""
        return self.splits[split]


def workers(view: View, storage: Input) -> Iterator[tuple[NodeId, Worker]]:
    """The workers on the machines, and what any looks like; each has all of the input."""
    for name, machine in machines(view).items():
        parts = ((name, executor.part) for executor in machine.executors)
        for at, part in (("image", machine.images[0][1]), *parts):
            if isinstance(part.node, Worker):
                yield at, evolve(part.node, storage=storage)


def written(driver: MapReduceDriver, blocks: Mapping[int, Any]) -> FileSystem:
    """The file system of a job, with the records in its files where it has the keys of their blocks."""
    files: FileSystem = driver.files.node
    full = tuple(
        File(file.name, tuple(Part(one.writer, records(one, blocks)) for one in file.parts)) for file in files.files
    )
    return FileSystem(files.id, full)


def records(part: Part, blocks: Mapping[int, Any]) -> Any:
    """The records of the blocks that a part of a file names; a block that nobody holds is missing."""
    return tuple(record for key, _ in part.records for record in blocks.get(key, ()))


def mapreduce(whole: World | Run | View) -> View:
    """The master, the workers and the file system of a MapReduce job."""
    view = seen(whole)
    nodes: dict[NodeId, Any] = {}
    for name, driver in view.nodes.items():
        if isinstance(driver, MapReduceDriver):
            nodes |= {name: driver.scheduler.node, f"{name}/files": written(driver, kept(view))}
    image = Input(tuple(block.data for _, block in user(view).input))
    nodes |= workers(view, image)
    return with_nodes(view, nodes)


def user(view: View) -> User:
    """The user."""
    return next(node for node in view.nodes.values() if isinstance(node, User))


def driver(view: View) -> Driver:
    """The driver of the job."""
    return next(node for node in view.nodes.values() if isinstance(node, Driver))


def rdds(whole: World | Run | View) -> View:
    """The driver of RDDs, and its executors."""
    view = seen(whole)
    nodes = {name: executor.part.node for name, one in machines(view).items() for executor in one.executors}
    return with_nodes(view, {**nodes, "driver": driver(view).scheduler.node})
