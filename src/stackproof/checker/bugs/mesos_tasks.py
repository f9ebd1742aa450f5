"""Bugs of Mesos's tasks and of their updates: tasks that are told to be lost and run, and updates that nobody read.

Each is a scenario; with `fixed` the reference stands in the place of the part that is wrong, and all else is the same.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, frozen

from stackproof.checker.faults import Faults
from stackproof.checker.host import Status
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.agent import Acknowledged, Agent
from stackproof.reference.scheduling.mesos.books import Agent as Entry
from stackproof.reference.scheduling.mesos.books import lost_with
from stackproof.reference.scheduling.mesos.broker import Setting
from stackproof.reference.scheduling.mesos.framework import Batch, Heard, Service
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import (
    Acknowledge,
    Held,
    Launch,
    Offer,
    Reconcile,
    ReregisterAgent,
    TaskId,
    TaskState,
    Update,
)
from stackproof.reference.scheduling.mesos.resources import anybodys

ONE = (1,)
SLOT = anybodys(1)
LOST = TaskState.LOST


@frozen
class Told:
    """A monitor: every state of a task that its framework was told of and took note of."""

    states: tuple[tuple[TaskId, TaskState], ...] = ()

    def observe(self, node: NodeId, event: Any) -> "Told":
        """The monitor after an event."""
        return Told(tuple(sorted({*self.states, (event.task, event.state)}))) if isinstance(event, Heard) else self


@define
class DeclaresLost(Master):
    """A master that takes a task to be lost which an agent does not name when it registers again."""

    def readmit(self, agent: Entry, tasks: tuple[Held, ...], out: Out) -> None:
        """An agent that has been here."""
        named = {held.task.id for held in tasks}
        for placed in tuple(lost_with(self.books, agent.id)):
            if placed.task.id not in named:
                self.books = self.books.without_task(placed.task.id)
                self.forward(placed.task.id, LOST, None, out)
        Master.readmit(self, agent, tasks, out)
        self.changed(out)


def a_lost_task_does_not_run(world: World) -> Iterator[str]:
    """No task runs of which its framework was told that it is lost."""
    for agent in (node for node in world.nodes.values() if isinstance(node, Agent)):
        for process in agent.processes:
            if (process.task.id, LOST) in world.monitors["told"].states and not process.state.terminal:
                yield f"{process.task.id} is {process.state.name} on {agent.id}, and was told to be lost"


def a_launch_crosses_a_registration(fixed: bool = False) -> Scenario:
    """An agent registers again before a launch arrives: the task is told to be lost, and runs.

    MESOS-1696, commits cc4444eb4 and c96ba8f60. The agent could not name a task that it had not been sent yet; the
    master missed it, and its framework launched a second one. Mended: the agent is asked about what it did not name.
    """
    kind = Master if fixed else DeclaresLost
    return Scenario(
        nodes=(kind("m", Setting()), Agent("a0", "m", SLOT, blips=1), Service("f0", "m", ONE)),
        network=Network.FIFO,
        monitors={"told": Told()},
        invariants=(a_lost_task_does_not_run,),
        goals=(a_launch_and_a_registration_cross,),
    )


def a_launch_and_a_registration_cross(world: World) -> bool:
    """An agent registers again, and a task is on its way to it."""
    return bool(world.sent(ReregisterAgent)) and bool(world.sent(Launch))


@define
class NamesTheLaunched(Agent):
    """An agent that names only the tasks whose executor is up."""

    def reregister(self, out: Out) -> None:
        """Tell the master what is here."""
        everything = self.processes
        self.processes = tuple(one for one in everything if one.state is not TaskState.STAGING)
        Agent.reregister(self, out)
        self.processes = everything


def pending_tasks_are_not_named(fixed: bool = False) -> Scenario:
    """An agent does not name the tasks that it is still about to launch: they are told to be lost, and then run.

    MESOS-1715, commit 00024c3a9. Tasks that waited for their executor were in a list of their own, which the message
    left out. Mended by naming them as staging. Here a master fails over in between.
    """
    kind = Agent if fixed else NamesTheLaunched
    return Scenario(
        nodes=(Master("m", Setting(("a0", "f0"))), kind("a0", "m", SLOT), Service("f0", "m", ONE)),
        network=Network.FIFO,
        faults=Faults(crashes=1, victims=("m",)),
        monitors={"told": Told()},
        invariants=(a_lost_task_does_not_run,),
        goals=(an_agent_registers_before_a_launch,),
    )


def an_agent_registers_before_a_launch(world: World) -> bool:
    """An agent registers again, and is still about to launch a task."""
    staging = any(one.state is TaskState.STAGING for one in world.nodes["a0"].processes)
    return bool(world.sent(ReregisterAgent)) and staging


@define
class ForgetsTheEnded(Master):
    """A master that forgets a task as soon as it is over."""

    def pass_on(self, task: TaskId, state: TaskState, agent: NodeId, out: Out) -> None:
        """An update: note it, and tell the framework."""
        Master.pass_on(self, task, state, agent, out)
        if state.terminal:
            self.books = self.books.without_task(task)


@frozen
class Doubt:
    """A timer of a framework: it wants to know how its tasks stand."""


@define
class Doubting(Batch):
    """A framework that asks once what became of its task."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """Ask, or do as any framework does."""
        if isinstance(message, Doubt):
            out.send(self.master, Reconcile(self.questions))
        else:
            Batch.receive(self, message, source, out)

    def accept(self, offers: tuple[Offer, ...], out: Out) -> None:
        """Launch a task with these offers of one agent."""
        Batch.accept(self, offers, out)
        out.after(0, Doubt())


def a_task_ends_once(world: World) -> Iterator[str]:
    """A framework is told of one terminal state of a task, and of no other."""
    ends: dict[TaskId, TaskState] = {}
    for task, state in world.monitors["told"].states:
        if state.terminal and ends.setdefault(task, state) is not state:
            yield f"{task} was told to be {ends[task].name}, and to be {state.name}"


def a_task_is_forgotten_before_its_end_is_known(fixed: bool = False) -> Scenario:
    """A task is forgotten before its framework knows that it is over, and is then told to be lost.

    MESOS-1410, 1388 and 1389, commits b3182fbd1 and 31e382e95. The framework asked what became of the task while the
    update of its end was on its way; who has forgotten a task answers that it is lost. Mended by keeping a task until
    its last update is acknowledged.
    """
    kind = Master if fixed else ForgetsTheEnded
    return Scenario(
        nodes=(kind("m", Setting()), Agent("a0", "m", SLOT), Doubting("f0", "m", ONE)),
        network=Network.FIFO,
        monitors={"told": Told()},
        invariants=(a_task_ends_once,),
        goals=(an_end_and_a_question_cross,),
    )


def an_end_and_a_question_cross(world: World) -> bool:
    """The update of a task's end is on its way to its framework, and a question about that task to the master."""
    asked = {question.task for one in world.sent(Reconcile) for question in one.message.tasks}
    ended = (one.message for one in world.sent(Update) if one.source == "m" and one.message.state.terminal)
    return any(update.task in asked for update in ended)


@frozen
class Callback:
    """A timer of a framework: its scheduler is about to process an update."""

    task: TaskId
    state: TaskState


@define
class HastyDriver(Batch):
    """A framework whose driver acknowledges an update as it comes, whatever becomes of the scheduler's callback."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """Call the scheduler back, or do as any framework does."""
        if isinstance(message, Callback):
            Batch.hear(self, message.task, message.state, None, out)
        else:
            Batch.receive(self, message, source, out)

    def hear(self, task: TaskId, state: TaskState, agent: NodeId | None, out: Out) -> None:
        """Acknowledge an update, then have it noted."""
        if agent is not None:
            out.send(self.master, Acknowledge(task, state, agent))
        out.after(0, Callback(task, state))


@frozen
class Receipts:
    """A monitor: every update that was acknowledged to an agent."""

    updates: tuple[tuple[TaskId, TaskState], ...] = ()

    def observe(self, node: NodeId, event: Any) -> "Receipts":
        """The monitor after an event."""
        if not isinstance(event, Acknowledged):
            return self
        return Receipts(tuple(sorted({*self.updates, (event.task, event.state)})))


def acknowledged_updates_were_processed(world: World) -> Iterator[str]:
    """An update that is acknowledged was processed by its scheduler, or is about to be."""
    for update in world.monitors["receipts"].updates:
        task, state = update
        about_to_be = Callback(task, state) in world.timers[task.framework]
        if not about_to_be and update not in world.monitors["told"].states:
            yield f"it is acknowledged that {task} is {state.name}, and {task.framework} has not processed it"


def an_update_is_acknowledged_unprocessed(fixed: bool = False) -> Scenario:
    """An update is acknowledged that no scheduler has processed, and it is never sent again.

    MESOS-107, commits 3d21ee805 and 99dc04868. The driver acknowledged an update although the scheduler was stopped in
    its callback; whoever took over was not told. Mended: it acknowledges once the callback has returned.
    """
    kind = Batch if fixed else HastyDriver
    return Scenario(
        nodes=(Master("m", Setting()), Agent("a0", "m", SLOT), kind("f0", "m", ONE)),
        network=Network.FIFO,
        faults=Faults(crashes=1, victims=("f0",)),
        monitors={"told": Told(), "receipts": Receipts()},
        invariants=(acknowledged_updates_were_processed,),
        goals=(a_scheduler_fails_with_an_update_unprocessed,),
    )


def a_scheduler_fails_with_an_update_unprocessed(world: World) -> bool:
    """A framework is down, and an update waits for it."""
    waiting = any(one.source == "m" for one in world.sent(Update))
    return world.status["f0"] is Status.DOWN and waiting
