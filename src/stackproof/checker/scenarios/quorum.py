"""The quorum store and the ABD register, under questions."""

from attrs import evolve

from stackproof.checker.faults import Faults
from stackproof.checker.history import History
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import quorum as property_of
from stackproof.checker.scenario import Scenario
from stackproof.checker.symmetry.interchangeable import interchangeable
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.storage import abd as register
from stackproof.reference.storage.quorum_store import Client, Get, Put, Quorums, Replica, Store

REGULAR = (property_of.reads_return_a_latest_completed_write,)
ATOMIC = (*REGULAR, property_of.reads_never_go_back, property_of.linearizable)
USED = (property_of.a_put_completes, property_of.a_get_returns_a_written_value)


def quorum(
    n: int = 3,
    w: int = 2,
    r: int = 2,
    puts: int = 1,
    gets: int = 1,
    clients: int = 2,
    writers: int = 1,
    crashes: int = 0,
    drops: int = 0,
    read_repair: bool = False,
    write_back: bool = False,
    regular: bool = False,
) -> Scenario:
    """A register on n replicas: puts wait for w of them, gets for r.

    The first `writers` of the clients make `puts` puts each and the others `gets` gets each; where all are writers,
    each gets after it has put. Crashes strike replicas. Without write-back, two gets may go back: with `regular` the
    register is only asked to be regular, which is what it promises then.
    """
    replicas = names("r", n)
    if not 1 <= w <= n or not 1 <= r <= n:
        raise ScenarioError(f"w={w} and r={r} of n={n} replicas: let both lie between 1 and n")
    if puts < 1 or gets < 1 or not 1 <= writers <= clients:
        raise ScenarioError("a register needs a put, a get and a writer: puts, gets, and 1 <= writers <= clients")
    quorums = Quorums(replicas, w, r, writers > 1, read_repair, write_back)
    return Scenario(
        nodes=(
            *(Replica(name) for name in replicas),
            *(
                Client(name, quorums, workload(place, puts, gets, clients, writers))
                for place, name in enumerate(names("c", clients))
            ),
        ),
        faults=Faults(drops=drops, crashes=crashes, victims=replicas),
        monitors={"history": History()},
        invariants=REGULAR if regular else ATOMIC,
        goals=USED,
        symmetry=interchangeable(replicas),
    )


def names(letter: str, count: int) -> tuple[NodeId, ...]:
    """The ids of nodes of one kind."""
    return tuple(f"{letter}{i}" for i in range(count))


def workload(place: int, puts: int, gets: int, clients: int, writers: int) -> tuple[Put | Get, ...]:
    """What the client at `place` does; no two puts put the same value."""
    putting = tuple(Put(place * puts + i + 1) for i in range(puts)) if place < writers else ()
    getting = (Get(),) * gets if place >= writers or writers == clients else ()
    return (*putting, *getting)


def quorum_arithmetic(n: int = 3, w: int = 2, r: int = 2) -> Scenario:
    """Whether every set of w replicas meets every set of r, by looking at all of them.

    This is a question of its own: where the answer is no, it is so from the start, and `quorum` would stop there
    instead of showing the stale get that comes of it.
    """
    return evolve(quorum(n=n, w=w, r=r), invariants=(property_of.quorums_intersect,))


def quorum_lecture() -> Scenario:
    """The lectures' example: N=3, W=2, R=2; the put to one replica is lost, and a get of any two still finds the value.

    Any one message may be lost, at any moment. A goal shows that it was a Store, and that the get came after the put.
    """
    return evolve(quorum(clients=1, drops=1), goals=(*USED, a_get_finds_the_value_though_a_store_was_lost))


def a_get_finds_the_value_though_a_store_was_lost(world: World) -> bool:
    """A get has returned, and to some replica the value neither came nor will come."""
    if not property_of.a_get_returns_a_written_value(world):
        return False
    lacking = {name for name, node in world.nodes.items() if isinstance(node, Replica) and node.copy.value is None}
    return bool(lacking - {envelope.target for envelope in world.sent(Store)})


def abd(servers: int = 2, clients: int = 2, history: bool = True) -> Scenario:
    """The ABD register: every client puts a value through one server, then gets through the next.

    The nodes are numbered from 0, the servers first, and client i turns to server i modulo their number for its put.
    With `--no-history` nobody watches, and nothing is asked: fewer worlds, for comparing counts and speed.
    """
    hosts = names("s", servers)
    if servers < 1 or clients < 1:
        raise ScenarioError("a register needs a server and a client: servers and clients of 1 or more")
    return Scenario(
        nodes=(
            *(register.Server(name, tuple(peer for peer in hosts if peer != name)) for name in hosts),
            *(register.Client(name, script(servers + i, hosts)) for i, name in enumerate(names("c", clients))),
        ),
        monitors={"history": History()} if history else {},
        invariants=ATOMIC if history else (),
        goals=USED if history else (),
    )


def script(client: int, servers: tuple[NodeId, ...]) -> tuple[tuple[NodeId, register.Put | register.Get], ...]:
    """A put, then a get; the value tells whose it is."""
    first, second = servers[client % len(servers)], servers[(client + 1) % len(servers)]
    return (first, register.Put(1, f"of {client}")), (second, register.Get(2))
