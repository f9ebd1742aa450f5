"""Small protocols whose runs need not end, for what is said of every fair run."""

from typing import TypeAlias, assert_never

from attrs import define, frozen

from stackproof.checker.world import World
from stackproof.reference.actor import NodeId, Out


@frozen
class Ball:
    """Hit it back."""


@define
class Player:
    """Hits every ball back, and counts to three."""

    id: NodeId
    other: NodeId
    serves: bool = False
    hits: int = 0

    def start(self, out: Out) -> None:
        if self.serves:
            out.send(self.other, Ball())

    def receive(self, message: Ball, source: NodeId, out: Out) -> None:
        self.hits = min(3, self.hits + 1)
        out.send(source, Ball())


def everybody_has_hit_three_balls(world: World) -> bool:
    return all(player.hits == 3 for player in world.nodes.values())


@frozen
class Acquire:
    """Client to lock: I want it."""


@frozen
class Granted:
    """Lock to client: it is yours."""


@frozen
class Yield:
    """Client to lock: here it is, and I want it again."""


@define
class Lock:
    """Serves those who wait in the order in which they came."""

    id: NodeId
    holder: NodeId | None = None
    waiting: tuple[NodeId, ...] = ()

    def receive(self, message: Acquire | Yield, source: NodeId, out: Out) -> None:
        match message:
            case Acquire():
                self.waiting += (source,)
            case Yield():
                self.waiting += (source,)
                self.holder = None
            case _:
                assert_never(message)
        if self.holder is None:
            self.holder = self.next(out)
            self.waiting = tuple(name for name in self.waiting if name != self.holder)
            out.send(self.holder, Granted())

    def next(self, out: Out) -> NodeId:
        """Whose turn it is."""
        return self.waiting[0]


@define
class Whim(Lock):
    """Serves whomever it likes."""

    def next(self, out: Out) -> NodeId:
        return out.choose(tuple(sorted(self.waiting)))


@define
class Client:
    """Wants the lock, again and again."""

    id: NodeId
    had: bool = False

    def start(self, out: Out) -> None:
        out.send("lock", Acquire())

    def receive(self, message: Granted, source: NodeId, out: Out) -> None:
        self.had = True
        out.send("lock", Yield())


def a_has_had_the_lock(world: World) -> bool:
    return bool(world.nodes["a"].had)


def everybody_has_had_the_lock(world: World) -> bool:
    return all(node.had for name, node in world.nodes.items() if name != "lock")


@frozen
class Data:
    """What is to arrive."""


@frozen
class Received:
    """It has."""


@frozen
class Retry:
    """A timer: nothing came back for too long."""


@define
class Sender:
    """Sends until it hears that it was received."""

    id: NodeId
    done: bool = False

    def start(self, out: Out) -> None:
        out.send("receiver", Data())
        out.after(100, Retry())

    def receive(self, message: Received | Retry, source: NodeId, out: Out) -> None:
        match message:
            case Received():
                self.done = True
                out.cancel(Retry())
            case Retry():
                self.again(out)
            case _:
                assert_never(message)

    def again(self, out: Out) -> None:
        """Try once more."""
        self.start(out)


@define
class Receiver:
    """Says so, each time."""

    id: NodeId

    def receive(self, message: Data, source: NodeId, out: Out) -> None:
        out.send(source, Received())


def the_sender_knows(world: World) -> bool:
    return bool(world.nodes["sender"].done)


@frozen
class Turn:
    """A timer: change."""


@frozen
class Knock:
    """Is anybody there?"""


Heard: TypeAlias = Turn | Knock


@define
class Door:
    """Opens and closes; a knock is heard while it is open."""

    id: NodeId
    open: bool = False
    heard: bool = False

    def start(self, out: Out) -> None:
        out.send(self.id, Knock())
        out.after(100, Turn())

    def receive(self, message: Heard, source: NodeId, out: Out) -> None:
        match message:
            case Turn():
                self.open = not self.open
                out.after(100, Turn())
            case Knock() if self.open:
                self.heard = True
            case Knock():
                pass
            case _:
                assert_never(message)


def the_knock_is_heard(world: World) -> bool:
    return bool(world.nodes["door"].heard)


def the_door_is_open(world: World) -> bool:
    return bool(world.nodes["door"].open)


@define
class Stuck(Door):
    """Stays open once it was opened."""

    def receive(self, message: Heard, source: NodeId, out: Out) -> None:
        if not (isinstance(message, Turn) and self.open):
            Door.receive(self, message, source, out)
