"""The Mesos master of the stack: it finds out by itself which machines are gone.

Hindman et al., NSDI 2011, section 3.6 (a master detects that agents fail). As the later implementation does it, an
agent that leaves several pings in a row unanswered is given up, and what is on it with it: should it live, behind a
link that is cut, it kills everything and comes as a new one. One whose connection breaks is gone at once.

Exploration knows no time: there the master keeps a connection to each machine instead, as the MapReduce master does.
"""

from typing import Any

from attrs import define, field, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.scheduling.mesos.books import Agent
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import Held, UnregisterAgent
from stackproof.reference.stack.machine import AreYouThere, Here, Watching

PINGS = 5


@frozen
class PingDue:
    """A timer of the master."""


@define
class WatchfulMaster(Master):
    """A master that pings its agents every `ping_ms`; None: it watches connections. No timer of it gives up an agent.

    unanswered   the agents that have not answered the last pings, and how many of them
    """

    ping_ms: float | None = field(kw_only=True)
    unanswered: tuple[tuple[NodeId, int], ...] = ()

    def start(self, out: Out) -> None:
        if self.ping_ms is not None:
            out.after(self.ping_ms, PingDue())

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        match message:
            case PingDue():
                self.ping(out)
            case Here():
                self.unanswered = tuple(one for one in self.unanswered if one[0] != source)
            case Bounced():
                self.unanswered = tuple(one for one in self.unanswered if one[0] != source)
                super().receive(UnregisterAgent(), source, out)
            case _:
                super().receive(message, source, out)

    def welcome(self, agent: Agent, tasks: tuple[Held, ...], out: Out) -> None:
        super().welcome(agent, tasks, out)
        if self.ping_ms is None:
            out.send(agent.id, Watching())

    def ping(self, out: Out) -> None:
        """Give up who is silent for too long, and ping all others."""
        silent = dict(self.unanswered)
        for agent in sorted(agent for agent, pings in silent.items() if pings >= PINGS):
            del silent[agent]
            self.patience = 1
            self.give_up(agent, out)
        names = [agent.id for agent in self.books.agents]
        self.unanswered = tuple((name, silent.get(name, 0) + 1) for name in names)
        out.broadcast(names, AreYouThere())
        out.after(self.ping_ms or 0, PingDue())
