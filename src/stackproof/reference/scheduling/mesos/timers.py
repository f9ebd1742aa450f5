"""What masters, agents and frameworks of Mesos remind themselves of.

Hindman et al., NSDI 2011, section 3; what they say to each other stands in `messages`.
"""

from attrs import frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.messages import OfferId, TaskId


@frozen
class Allocate:
    """A timer of the master: the next round of allocation."""


@frozen
class AgentTimedOut:
    """A timer of the master: nothing was heard of this agent for too long."""

    agent: NodeId


@frozen
class OfferTimedOut:
    """A timer of the master: this offer was held for too long."""

    offer: OfferId


@frozen
class FilterExpired:
    """A timer of the master: this framework refused offers of this agent for long enough."""

    framework: NodeId
    agent: NodeId


@frozen
class GraceOver:
    """A timer of the master: this task was to end by now."""

    task: TaskId


@frozen
class ExecutorReady:
    """A timer of the agent: the executor of this task is up."""

    task: TaskId


@frozen
class TaskEnds:
    """A timer of the agent: this task is over."""

    task: TaskId


@frozen
class MasterTimedOut:
    """A timer of the agent: nothing was heard of the master for too long."""


@frozen
class WaitOver:
    """A timer of a framework: it has waited for the agents that it prefers for long enough."""
