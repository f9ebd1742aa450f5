"""Mesos under questions: its offers, a master that fails, roles that are owed what they are guaranteed."""

from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve

from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError, Status
from stackproof.checker.invariants import offers as property_of
from stackproof.checker.invariants.dealings import Dealings
from stackproof.checker.network import Network
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.world import Event, World
from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.agent import Agent, Process
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, Role
from stackproof.reference.scheduling.mesos.books import Agent as Entry
from stackproof.reference.scheduling.mesos.books import Books, Client, Placed
from stackproof.reference.scheduling.mesos.broker import Setting
from stackproof.reference.scheduling.mesos.framework import Adversary, Batch, Framework, Known, Service
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import Task, TaskId, TaskState
from stackproof.reference.scheduling.mesos.resources import ANYBODY, Resources, anybodys

MASTER = "m"
SLOT = (1,)
KINDS: dict[str, Callable[..., Framework]] = {"batch": Batch, "service": Service, "adversary": Adversary}
MIXED = ("batch", "service", "adversary")


def mesos_offers(
    agents: int = 2,
    frameworks: tuple[str, ...] = ("batch", "service"),
    slots: int = 1,
    habits: tuple[str, ...] = ("decline",),
    crashes: int = 0,
    timeouts: int = 0,
    partitions: int = 0,
    joins: int = 0,
    leaves: int = 0,
) -> Scenario:
    """Mesos: nothing of an agent is promised twice, and every framework is offered what it needs.

    Frameworks are `batch`, `service` or `adversary`, and want one task each, of one slot; what an adversary does with
    offers is among `habits`: decline, hoard, cling. At first nobody is registered. Agents crash and come back as new
    ones; the last of them join later, as many as `joins`; a framework or an agent leaves. The master gives up an agent
    `timeouts` times, though it may only be cut off. Where nobody has to be given up, leaves or hoards, and there is a
    slot for each service and one for the others, everybody has in the end what it wants, and keeps it.
    """
    if not 0 <= joins < agents:
        raise ScenarioError(f"{joins} of {agents} agents join later: let one be there from the start")
    hosts = agents_of(agents, slots)
    nodes = cluster(hosts, frameworks_of(frameworks, habits), timeouts)
    absent = hosts[agents - joins :]
    settled = not (timeouts or partitions or leaves) and fits(frameworks, slots * (agents - joins), habits)
    return Scenario(
        nodes=tuple(node for node in nodes if node not in absent),
        absent=absent,
        network=Network.FIFO,
        faults=Faults(crashes=crashes, partitions=partitions, joins=joins, leaves=leaves, may=only(agents=crashes)),
        monitors={"dealings": Dealings()},
        invariants=property_of.SAFE,
        goals=goals(frameworks, crashes + timeouts),
        eventually_always=(property_of.no_starvation,) if settled else (),
    )


def mesos_failover(
    agents: int = 2,
    frameworks: tuple[str, ...] = MIXED,
    habits: tuple[str, ...] = ("decline", "hoard"),
    crashes: int = 1,
    failovers: int = 1,
    framework_crashes: int = 0,
    launched: bool = True,
    registered: bool = True,
) -> Scenario:
    """Mesos: a master that fails loses all it knows, and the next one learns it from those who register again.

    At first all are registered, and, if `launched`, the first frameworks run a task each, one on each agent; if not
    `registered`, agents are about to register, and run nothing. Agents, masters and frameworks crash so many times and
    come back: an agent as a new one, a master with nothing in its books.
    """
    hosts, clients = agents_of(agents, 1), frameworks_of(frameworks, habits)
    if launched and not registered:
        raise ScenarioError("who is not registered has launched nothing: say --no-launched as well")
    nodes = running(cluster(hosts, clients), launched, registered)
    return Scenario(
        nodes=nodes,
        network=Network.FIFO,
        faults=Faults(crashes=crashes + failovers + framework_crashes, may=only(crashes, failovers, framework_crashes)),
        monitors={"dealings": Dealings()},
        invariants=property_of.SAFE,
        goals=(*goals(frameworks, crashes), *((property_of.a_new_master_knows_a_task,) if failovers else ())),
    )


def mesos_revocation(
    guaranteed: int = 1, tasks: int = 2, reserved: int = 0, crashes: int = 0, failovers: int = 0
) -> Scenario:
    """Mesos: who holds less than it is guaranteed gets it, though another must make room; after a time of grace.

    On an agent of two slots, `reserved` of which only role `owed` may use, a service of the role `greedy` runs as many
    of its `tasks` as it can. A batch framework of the role `owed`, which is guaranteed so many slots, comes some time.
    """
    if not 0 <= reserved <= 2 or tasks < 1:  # noqa: PLR2004 - the two slots of the agent
        raise ScenarioError("some of the two slots are reserved, or none; and the service wants a task or more")
    shares = (("owed", (reserved,)), (ANYBODY, (2 - reserved,)))
    hosts = (Agent("a0", MASTER, Resources(shares)),)
    clients = (Service("s0", MASTER, SLOT, tasks, "greedy"), Batch("b1", MASTER, SLOT, 1, "owed"))
    module = HierarchicalDRF((Role("owed", 1, (guaranteed,)), Role("greedy")))
    promised = (property_of.who_is_owed_is_served,) if guaranteed and not crashes + failovers else ()
    return Scenario(
        nodes=cluster(hosts, clients, module=module),
        network=Network.FIFO,
        faults=Faults(crashes=crashes + failovers, may=only(crashes, failovers)),
        monitors={"dealings": Dealings(module)},
        invariants=property_of.SAFE,
        goals=(
            *(() if promised else (property_of.who_is_owed_is_served,)),
            *((property_of.a_task_makes_room,) if guaranteed and tasks > 1 and not reserved else ()),
        ),
        eventually=promised,
    )


def agents_of(count: int, slots: int) -> tuple[Agent, ...]:
    """So many agents, of so many slots each."""
    if count < 1 or slots < 1:
        raise ScenarioError(f"{count} agents of {slots} slots: let there be an agent, and a slot")
    return tuple(Agent(f"a{place}", MASTER, anybodys(slots)) for place in range(count))


def frameworks_of(kinds: tuple[str, ...], habits: tuple[str, ...]) -> tuple[Framework, ...]:
    """A framework of each kind, named by an initial: x for an adversary."""
    if not kinds or not set(kinds) <= set(KINDS) or not set(habits) <= {"decline", "hoard", "cling"}:
        raise ScenarioError(f"frameworks are {', '.join(KINDS)}; habits decline, hoard, cling")
    extra: dict[str, dict[str, Any]] = {"adversary": {"habits": habits}}
    return tuple(
        KINDS[kind](f"{'x' if kind == 'adversary' else kind[0]}{place}", MASTER, SLOT, **extra.get(kind, {}))
        for place, kind in enumerate(kinds)
    )


def fits(kinds: tuple[str, ...], slots: int, habits: tuple[str, ...]) -> bool:
    """Whether there is a slot for every service, one more for the others, and nobody keeps what it does not use."""
    needed = kinds.count("service") + ("batch" in kinds)
    return needed <= slots and ("adversary" not in kinds or set(habits) == {"decline"})


def cluster(
    hosts: tuple[Agent, ...], clients: Iterable[Framework], timeouts: int = 0, module: HierarchicalDRF | None = None
) -> tuple[Any, ...]:
    """A master that knows these agents and frameworks by name, and they."""
    nodes: tuple[Any, ...] = (*hosts, *clients)
    setting = Setting(tuple(node.id for node in nodes), module or HierarchicalDRF())
    return (Master(MASTER, setting, timeouts), *nodes)


def running(nodes: tuple[Any, ...], launched: bool, registered: bool = True) -> tuple[Any, ...]:
    """The same, all registered, or all but the agents; if launched, the first frameworks run a task each on agents."""
    master, *others = nodes
    agents = [evolve(one, registered=registered) for one in others if isinstance(one, Agent)]
    clients = [evolve(one, connected=True) for one in others if isinstance(one, Framework)]
    placed = []
    for host, client in zip(agents, clients, strict=False) if launched else ():
        task = Task(TaskId(client.id, 0), anybodys(*client.demand), client.ends)
        host.processes = (Process(task, TaskState.RUNNING),)
        client.tasks, client.launched = (Known(task.id, host.id, TaskState.RUNNING),), 1
        client.suppressed = client.lacks <= 0
        placed.append(Placed(task, host.id, TaskState.RUNNING))
    books = Books(
        agents=tuple(Entry(one.id, one.life, one.resources) for one in agents if one.registered),
        clients=tuple(Client(one.id, one.life, one.role, suppressed=one.suppressed) for one in clients),
        tasks=tuple(sorted(placed, key=lambda one: one.task.id)),
    )
    return (evolve(master, books=books), *agents, *clients)


def only(agents: int = 0, masters: int = 0, frameworks: int = 0) -> Callable[[World, Event], bool]:
    """A rule for crashes: so many of each kind."""
    budget = agents + masters + frameworks

    def may(world: World, event: Event) -> bool:
        if event.name != "crash":
            return True
        kind = type(next(node for node in everybody(world) if node.id == event.node))
        lost_masters = world.monitors["dealings"].elected + len(down(world, Master))
        lost_frameworks = sum(one.life for one in world.nodes.values() if isinstance(one, Framework))
        lost_frameworks += len(down(world, Framework))
        if issubclass(kind, Master):
            return bool(lost_masters < masters)
        if issubclass(kind, Framework):
            return bool(lost_frameworks < frameworks)
        return bool(budget - int(world.left.crashes or 0) - lost_masters - lost_frameworks < agents)

    return may


def down(world: World, kind: type[Any]) -> tuple[NodeId, ...]:
    """The nodes of a kind that are down."""
    names = (node.id for node in everybody(world) if isinstance(node, kind))
    return tuple(name for name in names if world.status[name] is Status.DOWN)


def everybody(world: World) -> tuple[Any, ...]:
    """The nodes of the scenario as they began."""
    return (*world.scenario.nodes, *world.scenario.absent)


def goals(frameworks: tuple[str, ...], losses: int) -> tuple[Property, ...]:
    """What should happen at least once."""
    return (
        property_of.everybody_has_launched,
        *((property_of.a_task_has_finished,) if "batch" in frameworks else ()),
        *((property_of.a_lost_task_is_replaced,) if losses and {"batch", "service"} & set(frameworks) else ()),
    )
