"""The agent: it has resources, runs the tasks that the master sends, and tells how they fare until it is heard.

Hindman et al., NSDI 2011, section 3.1. An executor is launched for each task; the updates of a task are acknowledged
one by one, in order, and the task is kept until its last is. An agent that hears of a new master registers again with
all of its tasks: those that are still being launched, and those whose end is not acknowledged.

An agent that no master has answered yet begins anew when it hears of another: each time that it asks to be registered
it is another agent, and a task that names another is not run. In the later implementation a master gives an agent an id
whenever it registers as new, and a task names that id. Without this a question that was asked twice, and answered once,
reaches the next master when the agent already runs a task, and the agent is entered as empty.

Departures. A crash takes the tasks with it, and whoever comes back is a new agent of the same name. Updates are sent
again to a new master, and not after some time, since no link loses any. There is one executor for each task. What was
sent to a master reaches it when it leads again, where a connection would have lost it: an agent must not both time out
(`blips`) and see its master fail, nor two masters take turns, or one may believe what was named before the last tasks.
"""

from typing import TypeAlias, assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.scheduling.mesos.messages import (
    Acknowledge,
    AgentRegistered,
    Detected,
    Held,
    Kill,
    Launch,
    RegisterAgent,
    ReregisterAgent,
    Shutdown,
    ShutdownFramework,
    Task,
    TaskId,
    TaskState,
    UnregisterAgent,
    Update,
)
from stackproof.reference.scheduling.mesos.resources import Resources, total
from stackproof.reference.scheduling.mesos.timers import ExecutorReady, MasterTimedOut, TaskEnds

ToAgent: TypeAlias = (
    Detected
    | AgentRegistered
    | Shutdown
    | ShutdownFramework
    | Launch
    | Kill
    | Acknowledge
    | ExecutorReady
    | TaskEnds
    | MasterTimedOut
)


@frozen
class Reported:
    """What a monitor sees: the agent sent this update."""

    task: TaskId
    state: TaskState


@frozen
class Acknowledged:
    """What a monitor sees: this update was acknowledged to the agent."""

    task: TaskId
    state: TaskState


@frozen(cache_hash=True)
class Process:
    """A task on its agent; `updates`: those that are not acknowledged, the oldest first."""

    task: Task
    state: TaskState = TaskState.STAGING
    updates: tuple[TaskState, ...] = ()


@define
class Agent:
    """An agent. `blips`: how often it may still lose sight of its master; `life`: how often it began anew."""

    id: NodeId
    master: NodeId
    resources: Resources
    attributes: frozenset[str] = durable(frozenset())
    blips: int = durable(0)
    life: int = durable(0)
    registered: bool = False
    processes: tuple[Process, ...] = ()

    def start(self, out: Out) -> None:
        if not self.registered:
            out.send(self.master, RegisterAgent(self.life, self.resources, self.attributes))
        for process in self.processes:
            if process.task.ends:
                self.run(process.task, out)

    def recover(self, out: Out) -> None:
        self.life += 1
        self.start(out)

    def leave(self, out: Out) -> None:
        out.send(self.master, UnregisterAgent())

    def receive(self, message: ToAgent, source: NodeId, out: Out) -> None:
        match message:
            case Detected(leader):
                self.master = leader
                self.reregister(out)
            case ExecutorReady(task):
                self.advance(task, TaskState.RUNNING, out)
            case TaskEnds(task):
                self.advance(task, TaskState.FINISHED, out)
            case MasterTimedOut():
                self.blips -= 1
                self.reregister(out)
            case AgentRegistered(life, missing) if source == self.master and life == self.life:
                self.confirm(missing, out)
            case _ if source != self.master or not self.registered:
                pass
            case Shutdown():
                self.begin_anew(out)
            case ShutdownFramework(framework):
                self.drop(framework, out)
            case Launch(task, life) if life == self.life:
                self.launch(task, out)
            case Kill(task):
                self.advance(task, TaskState.KILLED, out)
            case Acknowledge(task, state):
                self.acknowledged(task, state, out)
            case AgentRegistered() | Launch():
                pass
            case _:
                assert_never(message)

    @property
    def used(self) -> Resources:
        """What the tasks use that are not over."""
        return total(one.task.resources for one in self.processes if not one.state.terminal)

    def process(self, task: TaskId) -> Process | None:
        """The task of this name, if it is here."""
        return next((one for one in self.processes if one.task.id == task), None)

    def put(self, *processes: Process) -> None:
        """These are how they stand now; one that is over and acknowledged is forgotten."""
        ids = {one.task.id for one in processes}
        kept = (*(one for one in self.processes if one.task.id not in ids), *processes)
        self.processes = tuple(
            sorted((one for one in kept if one.updates or not one.state.terminal), key=lambda one: one.task.id)
        )

    def reregister(self, out: Out) -> None:
        """Tell the master what is here; it answers if it knows better. Who was never answered asks as a new agent."""
        if not self.registered:
            self.begin_anew(out)
            return
        held = tuple(Held(one.task, one.state, next(iter(one.updates), None)) for one in self.processes)
        out.send(self.master, ReregisterAgent(self.life, self.resources, held, self.attributes))

    def confirm(self, missing: tuple[TaskId, ...], out: Out) -> None:
        """The master knows this agent; it hears of tasks that are not here."""
        self.registered = True
        for task in missing:
            if self.process(task) is None:
                self.report(task, TaskState.LOST, out)
        if self.blips:
            out.after(75_000, MasterTimedOut())

    def launch(self, task: Task, out: Out) -> None:
        """Launch an executor for a task."""
        self.put(Process(task))
        out.after(1000, ExecutorReady(task.id))

    def advance(self, task: TaskId, state: TaskState, out: Out) -> None:
        """A task is in its next state, unless it is over; the update waits for those before it."""
        process = self.process(task)
        if process is None or process.state.terminal:
            return
        self.put(evolve(process, state=state, updates=(*process.updates, state)))
        if not process.updates and self.registered:
            self.report(task, state, out)
        if state.terminal:
            self.stop(task, out)
        elif process.task.ends:
            self.run(process.task, out)

    def run(self, task: Task, out: Out) -> None:
        """A task that ends by itself runs for a while."""
        out.after(30_000, TaskEnds(task.id))

    def stop(self, task: TaskId, out: Out) -> None:
        """Nothing more comes of a task."""
        out.cancel(ExecutorReady(task))
        out.cancel(TaskEnds(task))

    def report(self, task: TaskId, state: TaskState, out: Out) -> None:
        """Send an update."""
        out.observe(Reported(task, state))
        out.send(self.master, Update(task, state))

    def acknowledged(self, task: TaskId, state: TaskState, out: Out) -> None:
        """An update was heard: the next one can go, and after the last one the task."""
        out.observe(Acknowledged(task, state))
        process = self.process(task)
        if process is not None and process.updates[:1] == (state,):
            self.put(evolve(process, updates=process.updates[1:]))
            if process.updates[1:]:
                self.report(task, process.updates[1], out)

    def drop(self, framework: NodeId, out: Out) -> None:
        """End the tasks of a framework without a word."""
        for process in self.processes:
            if process.task.id.framework == framework:
                self.stop(process.task.id, out)
        self.processes = tuple(one for one in self.processes if one.task.id.framework != framework)

    def begin_anew(self, out: Out) -> None:
        """Kill everything, and come as a new agent."""
        for process in self.processes:
            self.stop(process.task.id, out)
        self.processes = ()
        self.registered = False
        self.life += 1
        out.cancel(MasterTimedOut())
        self.start(out)
