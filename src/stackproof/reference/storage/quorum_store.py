"""A replicated store: a put reaches W of N replicas, a get asks R of them, and W + R > N makes the two meet.

Gifford, "Weighted Voting for Replicated Data", SOSP 1979, the basic algorithm with one vote for each replica. DeCandia
et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, sections 4.5 (coordinators) and 5 (read repair).
Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", JACM 42(1), 1995: with write-back, a
reader makes sure of what it is about to return, and the register is atomic. Without, it is regular (Lamport, "On
Interprocess Communication", Distributed Computing 1(2), 1986): a get returns a latest completed put or one still in
progress, and the next get may go back.

How a put picks its version. A sole writer counts (Attiya et al.). Several first ask R replicas and go beyond the
highest version they hear of, as Gifford's do, and equal counters are told apart by the writer (Lynch and Shvartsman,
"Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts", FTCS 1997). R-sets meet W-sets, so a
version is above that of every put completed before. A writer's own count is on stable storage: a put cut short by a
crash shares its version with no later one.

Departures. One item; no locks or transactions (Gifford), no vector clocks or hinted hand-off (Dynamo): the later
version wins. Nothing is sent again, so an operation that too few replicas answer stays pending for ever. To a
write-back, replicas that answered with the newest copy have acknowledged it. A client pauses before each operation for
as long as it likes; after a crash it goes on with the next one.
"""

from enum import Enum
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out, durable

Value: TypeAlias = Any


@frozen
class Invoked:
    """What a monitor sees: this client began an operation."""

    name: str
    value: Value = None


@frozen
class Returned:
    """What a monitor sees: the operation of this client that was under way is over."""

    result: Value = None


@frozen(order=True)
class Version:
    """Later versions are greater; the writer's name decides between equal counters."""

    counter: int = 0
    writer: NodeId = ""


@frozen
class Copy:
    """A value and its version; the first of all is nothing, written by nobody."""

    version: Version = Version()
    value: Value = None


def latest(answers: frozenset[tuple[NodeId, Copy]]) -> Copy:
    """The copy of the highest version; where several have it, that of the first by name."""
    return max((copy for _, copy in sorted(answers, key=itemgetter(0))), key=attrgetter("version"))


@frozen
class Quorums:
    """The store as its clients know it."""

    replicas: tuple[NodeId, ...]
    w: int
    r: int
    several_writers: bool = False
    read_repair: bool = False
    write_back: bool = False


@frozen
class Put:
    """An operation of a client's workload."""

    value: Value


@frozen
class Get:
    """An operation of a client's workload."""


@frozen
class Query:
    """Client to replica: what do you hold? The client numbers its requests."""

    request: int


@frozen
class Answer:
    """Replica to client: this."""

    request: int
    copy: Copy


@frozen
class Store:
    """Client to replica: hold this, unless you hold a later version."""

    request: int
    copy: Copy


@frozen
class Stored:
    """Replica to client: I hold that, or a later version."""

    request: int


@frozen
class Begin:
    """A timer: the client begins its next operation."""


class Phase(Enum):
    """What a client waits for: its own good time, R answers, or W acknowledgements."""

    IDLE = "idle"
    ASKING = "asking"
    STORING = "storing"


ToReplica: TypeAlias = Query | Store
ToClient: TypeAlias = Begin | Answer | Stored


@define
class Replica:
    """A representative: it holds the latest copy it was ever sent."""

    id: NodeId
    copy: Copy = durable(Copy())

    def receive(self, message: ToReplica, source: NodeId, out: Out) -> None:
        match message:
            case Query(request):
                out.send(source, Answer(request, self.copy))
            case Store(request, copy):
                self.hold(copy)
                out.send(source, Stored(request))
            case _:
                assert_never(message)

    def hold(self, copy: Copy) -> None:
        """Keep the later of two copies."""
        if copy.version > self.copy.version:
            self.copy = copy


@define
class Client:
    """A client with its own coordinator, and the workload that it follows."""

    id: NodeId
    quorums: Quorums
    workload: tuple[Put | Get, ...]
    begun: int = durable(0)
    counter: int = durable(0)
    phase: Phase = Phase.IDLE
    answers: frozenset[tuple[NodeId, Copy]] = frozenset()
    copy: Copy = Copy()
    acknowledged: frozenset[NodeId] = frozenset()

    def start(self, out: Out) -> None:
        if self.begun < len(self.workload):
            out.after(1000, Begin())

    def receive(self, message: ToClient, source: NodeId, out: Out) -> None:
        match message:
            case Begin():
                self.begin(out)
            case Answer(request, copy) if request == self.begun and self.phase is Phase.ASKING:
                self.hear(source, copy, out)
            case Stored(request) if request == self.begun and self.phase is Phase.STORING:
                self.count(frozenset({source}), out)
            case Answer() | Stored():
                pass
            case _:
                assert_never(message)

    @property
    def operation(self) -> Put | Get:
        """The operation under way."""
        return self.workload[self.begun - 1]

    def begin(self, out: Out) -> None:
        """Invoke the next operation of the workload."""
        self.begun += 1
        operation = self.operation
        out.observe(Invoked("put", operation.value) if isinstance(operation, Put) else Invoked("get"))
        if isinstance(operation, Put) and not self.quorums.several_writers:
            self.put(operation, Version(), out)
        else:
            self.ask(out)

    def ask(self, out: Out) -> None:
        """Ask all replicas what they hold."""
        self.phase = Phase.ASKING
        out.broadcast(self.quorums.replicas, Query(self.begun))

    def hear(self, replica: NodeId, copy: Copy, out: Out) -> None:
        """Note one answer of each replica; R of them are enough."""
        if replica not in dict(self.answers):
            self.answers |= {(replica, copy)}
        if len(self.answers) == self.quorums.r:
            newest = latest(self.answers)
            if isinstance(self.operation, Put):
                self.put(self.operation, newest.version, out)
            else:
                self.get(newest, out)

    def put(self, put: Put, known: Version, out: Out) -> None:
        """Store the value under a version beyond all that are known."""
        self.counter = max(self.counter, known.counter) + 1
        self.store(Copy(Version(self.counter, self.id), put.value), frozenset(), out)

    def get(self, newest: Copy, out: Out) -> None:
        """Return the newest copy: once W replicas hold it (write-back), or while stale ones hear of it (repair)."""
        holders = frozenset(replica for replica, held in self.answers if held == newest)
        if self.quorums.write_back:
            self.store(newest, holders, out)
            return
        if self.quorums.read_repair:
            out.broadcast(dict(self.answers).keys() - holders, Store(self.begun, newest))
        self.end(newest.value, out)

    def store(self, copy: Copy, holders: frozenset[NodeId], out: Out) -> None:
        """Send a copy to all replicas that are not known to hold it."""
        self.phase = Phase.STORING
        self.copy = copy
        out.broadcast(frozenset(self.quorums.replicas) - holders, Store(self.begun, copy))
        self.count(holders, out)

    def count(self, holders: frozenset[NodeId], out: Out) -> None:
        """Note acknowledgements; W of them are enough."""
        self.acknowledged |= holders
        if len(self.acknowledged) >= self.quorums.w:
            self.end(None if isinstance(self.operation, Put) else self.copy.value, out)

    def end(self, result: Value, out: Out) -> None:
        """Return from the operation under way, and go on in a while."""
        out.observe(Returned(result))
        self.phase, self.answers, self.copy, self.acknowledged = Phase.IDLE, frozenset(), Copy(), frozenset()
        self.start(out)
