"""What masters, agents and frameworks of Mesos say to each other.

Hindman et al., NSDI 2011, section 3, in the words of the later implementation: it acknowledges status updates,
reconciles, and has offers declined and rescinded by number.

A task has a state. Its states come in this order, and the last five are terminal: nothing comes after one of them.
LOST is the master's word, or the agent's, that the task does not run, and never will.
"""

from enum import IntEnum

from attrs import frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.resources import Resources


class TaskState(IntEnum):
    """Where a task stands."""

    STAGING = 0
    RUNNING = 1
    FINISHED = 2
    FAILED = 3
    KILLED = 4
    LOST = 5

    @property
    def terminal(self) -> bool:
        """Whether it is the task's last."""
        return self >= TaskState.FINISHED


@frozen(order=True, cache_hash=True)
class TaskId:
    """A task: the framework that launched it, and which of its tasks it is. No two are ever the same."""

    framework: NodeId
    number: int

    def __str__(self) -> str:
        return f"{self.framework}.{self.number}"


@frozen(cache_hash=True)
class Task:
    """A task to launch: what it uses, and whether it ends by itself."""

    id: TaskId
    resources: Resources
    ends: bool = True


@frozen(cache_hash=True)
class Held:
    """A task as its agent reports it to a master; `unacknowledged`: the update that waits to be acknowledged."""

    task: Task
    state: TaskState
    unacknowledged: TaskState | None = None


# Who leads, who is there.


@frozen
class Detected:
    """To agents, frameworks and masters: this master leads now."""

    leader: NodeId


@frozen
class RegisterAgent:
    """Agent to master: I am new, and this is what I have. `life` counts how often an agent of this name began anew.

    It stands for the name that a master gives an agent: one that asks a second time, unanswered, is another agent.
    """

    life: int
    resources: Resources
    attributes: frozenset[str] = frozenset()


@frozen
class ReregisterAgent:
    """Agent to master: I have been here, and these tasks are on me, those included whose end is not acknowledged."""

    life: int
    resources: Resources
    tasks: tuple[Held, ...]
    attributes: frozenset[str] = frozenset()


@frozen
class AgentRegistered:
    """Master to agent: you are registered. I know these tasks of yours, and you did not name them: what of them?"""

    life: int
    missing: tuple[TaskId, ...] = ()


@frozen
class UnregisterAgent:
    """Agent to master: I leave."""


@frozen
class Shutdown:
    """Master to agent: I have given you up; kill everything and begin anew."""


@frozen(cache_hash=True)
class Question:
    """A task as its framework knows it: where it is, and in which state."""

    task: TaskId
    agent: NodeId
    state: TaskState


@frozen
class RegisterFramework:
    """Framework to master: I am new, or back after a crash, and work for this role."""

    life: int
    role: str
    capabilities: frozenset[str] = frozenset()
    suppressed: bool = False


@frozen
class ReregisterFramework(RegisterFramework):
    """Framework to a new master: I have been here. What became of these tasks?"""

    tasks: tuple[Question, ...] = ()


@frozen
class FrameworkRegistered:
    """Master to framework: you are registered."""

    life: int


@frozen
class UnregisterFramework:
    """Framework to master: I leave; kill my tasks."""


# Offers.


@frozen(order=True, cache_hash=True)
class OfferId:
    """An offer: of which agent, in which of its lives, and which of them."""

    agent: NodeId
    life: int
    number: int

    def __str__(self) -> str:
        return f"{self.agent}#{self.number}" if not self.life else f"{self.agent}~{self.life}#{self.number}"


@frozen(cache_hash=True)
class Offer:
    """Master to framework: these resources of that agent are yours to use or to decline."""

    id: OfferId
    framework: NodeId
    resources: Resources

    @property
    def agent(self) -> NodeId:
        """The agent whose resources these are."""
        return self.id.agent


@frozen
class Rescind:
    """Master to framework: that offer is void."""

    offer: OfferId


@frozen
class Accept:
    """Framework to master: launch these tasks on what you offered me."""

    offers: tuple[OfferId, ...]
    tasks: tuple[Task, ...]


@frozen
class Decline:
    """Framework to master: I do not want that. If it refuses, it wants nothing of the kind for a while."""

    offer: OfferId
    refuse: bool = True


@frozen
class Suppress:
    """Framework to master: I need no offers."""


@frozen
class Revive:
    """Framework to master: I need offers, those that I refused included (in the paper: needsOffers)."""


# Tasks.


@frozen
class Launch:
    """Master to agent: run this task, if this is still your life."""

    task: Task
    life: int


@frozen
class Kill:
    """Framework to master to agent: end this task."""

    task: TaskId


@frozen
class Update:
    """Agent to master to framework: the task is in this state. Without an agent, it is the master's own word."""

    task: TaskId
    state: TaskState
    agent: NodeId | None = None


@frozen
class Acknowledge:
    """Framework to master to agent: I know that."""

    task: TaskId
    state: TaskState
    agent: NodeId


@frozen
class Reconcile:
    """Framework to master: what became of these tasks?"""

    tasks: tuple[Question, ...]


@frozen
class Revoke:
    """Master to framework: this task will be killed when its time of grace is over."""

    task: TaskId


@frozen
class ShutdownFramework:
    """Master to agent: this framework is gone; end its tasks, and forget them."""

    framework: NodeId


@frozen
class UpdateAgent:
    """Agent to master: this is what I have now."""

    resources: Resources
