"""Mesos as the model of offers sees it: the books of who leads, what is on its way, and what agents run.

Each agent has one slot. Its lives are the model's agents, and their slots its units: a unit is (name, life), and its
agent is the same pair. Offers and tasks are added to the universe as they occur.

What is on its way to an agent is read in order, as it will arrive. A Launch counts if it will find the agent that it
names: up, in that life, and not made to begin anew before.
"""

from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

from attrs import define, field

from stackproof.checker.conformance.formulas import Structure
from stackproof.checker.conformance.refinement import Image, Refinement
from stackproof.checker.host import ScenarioError, Status
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.agent import Agent
from stackproof.reference.scheduling.mesos.books import Books
from stackproof.reference.scheduling.mesos.framework import Framework
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import (
    Accept,
    AgentRegistered,
    Detected,
    Launch,
    RegisterAgent,
    ReregisterAgent,
    Shutdown,
    ShutdownFramework,
    TaskId,
    Update,
)
from stackproof.spec.offers import SYSTEMS

(OFFERS,) = SYSTEMS
Life: TypeAlias = tuple[NodeId, int]
OF_TASKS = ("booked", "launched", "launching", "runs", "ended", "reported")
OTHERS = ("registered", "made", "offered", "doomed", "waits", "reporting")


def refinement(scenario: Scenario) -> Refinement:
    """The lives that agents may have, and all offers and tasks that there ever are."""
    agents = [node for node in (*scenario.nodes, *scenario.absent) if isinstance(node, Agent)]
    if any(sum(one.resources.vector) > 1 for one in agents):
        raise ScenarioError("the mapping to the model is of agents of one slot: leave --slots at 1")
    lives = [(one.id, one.life + again) for one in agents for again in range(1 + losses(scenario))]
    frameworks = [node.id for node in scenario.nodes if isinstance(node, Framework)]
    offers: dict[Any, None] = {}
    tasks: dict[TaskId, None] = {}
    symbols: dict[str, Any] = {"agent_of": {(life,): life for life in lives}, "owner": {}}

    def image(world: World, past: None) -> Image:
        """What the model sees."""
        seen = View(world).relations(lives)
        offers.update(dict.fromkeys(offer for offer, _ in seen["made"]))
        tasks.update(dict.fromkeys(one[0] for name in OF_TASKS for one in seen[name]))
        symbols["owner"].update({(task,): task.framework for task in tasks})
        return seen

    sorts: dict[str, Collection[Any]] = {
        "Agent": lives,
        "Unit": lives,
        "Framework": frameworks,
        "Offer": offers,
        "Task": tasks,
    }
    return Refinement(OFFERS, lambda scenario: Structure(sorts, symbols), image)


def losses(scenario: Scenario) -> int:
    """How many lives an agent may lose: by a crash, or by being given up."""
    masters = [node for node in scenario.nodes if isinstance(node, Master)]
    return int(scenario.faults.crashes or 0) + sum(one.patience for one in masters)


@define
class View:
    """One world, taken apart."""

    world: World
    books: Books = field(init=False)
    masters: list[Master] = field(init=False)
    agents: list[Agent] = field(init=False)
    queues: dict[NodeId, list[Any]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        nodes = [node for node in self.world.nodes.values() if self.world.status[node.id] is not Status.ABSENT]
        up = {name for name, status in self.world.status.items() if status in (Status.UP, Status.PAUSED)}
        self.masters = [node for node in nodes if isinstance(node, Master)]
        self.agents = [node for node in nodes if isinstance(node, Agent) and node.id in up]
        leaders = [one for one in self.masters if one.leads and one.id in up]
        self.books = leaders[0].books if leaders else Books()
        heeded = {one.id: one.master for one in self.agents}
        self.queues = {name: [] for name in heeded}
        for envelope in self.world.in_flight:
            if heeded.get(envelope.target) == envelope.source:
                self.queues[envelope.target].append(envelope.message)

    def relations(self, lives: list[Life]) -> dict[str, frozenset[Any]]:
        """The components of the model's state."""
        found = {name: frozenset(getattr(self, name)()) for name in (*OF_TASKS, *OTHERS)}
        return {"fresh": frozenset((life,) for life in lives if self.is_fresh(*life)), **found}

    def is_fresh(self, name: NodeId, life: int) -> bool:
        """Whether no books ever had this agent, and may yet."""
        agent = self.world.nodes[name]
        if life > agent.life:
            return True
        told = any((one.target, one.message.life) == (name, life) for one in self.world.sent(AgentRegistered))
        entered = told or ((name, life),) in self.registered()
        known = entered or (life == agent.life and agent.registered)
        asks = any((one.source, one.message.life) == (name, life) for one in self.world.sent(RegisterAgent))
        there = name in self.queues or self.world.status[name] is Status.ABSENT
        return not known and (asks or (life == agent.life and there))

    def registered(self) -> Iterator[tuple[Life]]:
        """The agents that the books have."""
        yield from (((one.id, one.life),) for one in self.books.agents)

    def made(self) -> Iterator[tuple[Any, NodeId]]:
        """Offers, and whose they are."""
        yield from ((offer.id, offer.framework) for offer in self.books.offers)

    def offered(self) -> Iterator[tuple[Any, Life]]:
        """Offers, and what is offered."""
        yield from ((offer.id, (offer.id.agent, offer.id.life)) for offer in self.books.offers)

    def booked(self) -> Iterator[tuple[TaskId, Life]]:
        """The tasks that the books have, and where."""
        lives = {one.id: one.life for one in self.books.agents}
        for placed in self.books.tasks:
            if not placed.state.terminal:
                yield placed.task.id, (placed.agent, lives[placed.agent])

    def launched(self) -> Iterator[tuple[TaskId]]:
        """The tasks that were accepted, and of which a master knows, or never will."""
        asked = {task.id for one in self.world.sent(Accept) for task in one.message.tasks}
        for node in self.world.nodes.values():
            if isinstance(node, Framework):
                ids = (TaskId(node.id, number) for number in range(node.launched))
                yield from ((task,) for task in ids if task not in asked)

    def launching(self) -> Iterator[tuple[TaskId, Life]]:
        """The tasks that are on their way to an agent."""
        yield from ((task, life) for task, life, _ in self.ahead())

    def ahead(self) -> Iterator[tuple[TaskId, Life, set[NodeId]]]:
        """The tasks on their way, each with the frameworks whose tasks are ended before it arrives."""
        for agent in self.agents:
            registered, gone = agent.registered, set[NodeId]()
            for message in self.queues[agent.id]:
                match message:
                    case AgentRegistered(life):
                        registered = registered or life == agent.life
                    case Detected() if not registered:
                        break
                    case Shutdown() if registered:
                        break
                    case ShutdownFramework(framework) if registered:
                        gone = gone | {framework}
                    case Launch(task, life) if life == agent.life:
                        yield task.id, (agent.id, life), gone

    def runs(self) -> Iterator[tuple[TaskId, Life]]:
        """The tasks that agents run."""
        for agent in self.agents:
            for process in agent.processes:
                if not process.state.terminal:
                    yield process.task.id, (agent.id, agent.life)

    def ended(self) -> Iterator[tuple[TaskId]]:
        """The tasks of whose end an agent has told the master."""
        masters = {one.id for one in self.masters}
        for envelope in self.world.sent(Update):
            if envelope.target in masters and envelope.message.state.terminal:
                yield (envelope.message.task,)

    def there(self) -> list[tuple[TaskId, Life]]:
        """The tasks that are on an agent, or on their way."""
        return [*self.runs(), *self.launching()]

    def doomed(self) -> Iterator[tuple[TaskId]]:
        """The tasks that an agent will be told to end, before it is told what was said later."""
        for task, (name, _) in self.there():
            behind = self.queues[name]
            own = next((place for place, one in enumerate(behind) if is_launch(one, task)), -1)
            if any(one == ShutdownFramework(task.framework) for one in behind[own + 1 :]):
                yield (task,)

    def waits(self) -> Iterator[tuple[TaskId, TaskId]]:
        """The tasks on their way, and those that are ended before they arrive."""
        there = self.there()
        for task, life, gone in self.ahead():
            ended = (other for other, at in there if at == life and other.framework in gone)
            yield from ((task, other) for other in ended if other != task)

    def reports(self) -> Iterator[tuple[Life, ReregisterAgent]]:
        """The agents that tell a master of their tasks which does not have them."""
        have = {one.id for one in self.books.agents}
        leaders = {one.id for one in self.masters if one.leads}
        for envelope in self.world.sent(ReregisterAgent):
            if envelope.target in leaders and envelope.source not in have | self.books.removed:
                yield (envelope.source, envelope.message.life), envelope.message

    def reporting(self) -> Iterator[tuple[Life]]:
        """The agents that do."""
        yield from ((life,) for life, _ in self.reports())

    def reported(self) -> Iterator[tuple[TaskId, Life]]:
        """The tasks that they tell of, and that are not over."""
        for life, message in self.reports():
            yield from ((held.task.id, life) for held in message.tasks if not held.state.terminal)


def is_launch(message: Any, task: TaskId) -> bool:
    """Whether a message has an agent run this task."""
    return isinstance(message, Launch) and message.task.id == task
