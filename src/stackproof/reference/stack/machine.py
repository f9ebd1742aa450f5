"""A machine: a node of the block store, an agent, and the executors that its tasks launched.

An executor is launched when the agent says that its task runs, and is gone when the task is. When the machine crashes,
all of it does. Each part is known elsewhere under the one name that the machine has.
"""

from copy import copy
from typing import Any

from attrs import define, evolve, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.scheduling.mesos.messages import TaskId, TaskState
from stackproof.reference.stack.site import Part, Refused, layer, layer_of, part
from stackproof.reference.storage.blocks import Contents, Located, Written


@frozen
class AreYouThere:
    """Mesos master to machine: a ping."""


@frozen
class Here:
    """The answer."""


@frozen
class Watching:
    """Mesos master to machine: a connection. Nobody answers; it bounces when the machine is gone."""


@frozen(cache_hash=True)
class Running:
    """An executor: for which task of which framework it was launched."""

    framework: NodeId
    number: int
    part: Part


@define
class Machine:
    """A machine. `images`: what is launched for a task of each framework."""

    id: NodeId
    store: Part
    agent: Part
    images: tuple[tuple[NodeId, Part], ...]
    executors: tuple[Running, ...] = ()

    def start(self, out: Out) -> None:
        self.store = self.store.after(lambda node: node.start(out))
        self.agent = self.agent.after(lambda node: node.start(out))

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        match message:
            case AreYouThere():
                out.send(source, Here())
            case Watching():
                pass
            case Refused(refused):
                self.receive(Bounced(refused), source, out)
            case Contents() | Written() | Located():
                self.tell(self.executors, message, source, out)
            case _ if layer(message) in ("lookup", "storage"):
                self.store = self.store.hearing(message, source, out)
            case Bounced() if layer(message) == "scheduling":
                pass
            case _ if layer(message) == "scheduling":
                self.agent = self.agent.hearing(message, source, out)
                self.launch(out)
            case _:
                those = tuple(one for one in self.executors if layer_of(one.part.kind) == layer(message))
                self.tell(those, message, source, out)
                if not those and source != self.id and not isinstance(message, Bounced):
                    out.send(source, Refused(message))

    def tell(self, those: tuple[Running, ...], message: Any, source: NodeId, out: Out) -> None:
        """Some of the executors hear a message."""
        for one in those:
            self.put(evolve(one, part=one.part.hearing(message, source, out)))

    def put(self, executor: Running) -> None:
        """Have this executor, in place of the one for the same framework."""
        others = tuple(one for one in self.executors if one.framework != executor.framework)
        self.executors = tuple(sorted((*others, executor), key=lambda one: one.framework))

    def launch(self, out: Out) -> None:
        """Have an executor for each task that runs, and no others."""
        running = {one.task.id for one in self.agent.node.processes if one.state is TaskState.RUNNING}
        self.executors = tuple(one for one in self.executors if TaskId(one.framework, one.number) in running)
        there = {TaskId(one.framework, one.number) for one in self.executors}
        for task in sorted(running - there):
            executor = copy(dict(self.images)[task.framework].node)
            executor.launched(self.id, task.number, out)
            self.put(Running(task.framework, task.number, part(executor)))
