"""A lock with a lease: when time is up, the server gives it to the next. Is it ever held twice?"""

from collections.abc import Iterator

from attrs import define

from stackproof.checker import Scenario, World
from stackproof.reference.actor import NodeId, Out


@define
class Server:
    id: NodeId
    leases: bool
    holder: NodeId | None = None

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        if message == "acquire" and self.holder is None:
            self.holder = source
            out.send(source, "granted")
            if self.leases:
                out.after(1000, "expired")
        elif message == "expired" or (message == "release" and source == self.holder):
            self.holder = None
            out.cancel("expired")


@define
class Client:
    id: NodeId
    holds: bool = False

    def start(self, out: Out) -> None:
        out.send("server", "acquire")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        self.holds = message == "granted"
        if self.holds:
            out.after(500, "done")
        else:
            out.send("server", "release")


def held_once(world: World) -> Iterator[str]:
    """No two clients hold the lock."""
    holders = [name for name in ("a", "b") if world.nodes[name].holds]
    if len(holders) > 1:
        yield f"{' and '.join(holders)} hold the lock"


def b_gets_it(world: World) -> bool:
    """The second client holds the lock."""
    return bool(world.nodes["b"].holds)


def lease(leases: bool = True) -> Scenario:
    """One lock, two clients who want it."""
    nodes = (Server("server", leases), Client("a"), Client("b"))
    return Scenario(nodes=nodes, invariants=(held_once,), goals=(b_gets_it,))
