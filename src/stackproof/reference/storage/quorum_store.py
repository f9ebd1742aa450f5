"""A replicated store: a put reaches W of N replicas, a get asks R of them, and W + R > N makes the two meet.

Gifford, "Weighted Voting for Replicated Data", SOSP 1979, section 2 (one vote for each representative): every copy carries a
version number, and a read quorum shares a representative with every write quorum, so the highest version in any read quorum
is current. DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, section 4.5: the client's
coordinator sends to all N and waits for W or R of them; read repair is section 5. Attiya, Bar-Noy and Dolev, "Sharing Memory
Robustly in Message-Passing Systems", JACM 42(1), 1995: a reader that first writes back what it is about to return makes the
register atomic. Without that it is regular (Lamport, "On Interprocess Communication", Distributed Computing 1(2), 1986): a get
returns a latest completed put, or one still in progress, and two gets may see those in either order.

How a put picks its version. A sole writer counts (Attiya et al.). Several first ask R replicas and go beyond the highest
version that they hear of (Gifford's write; Lynch and Shvartsman, FTCS 1997, for the pair of counter and writer, which orders
concurrent puts); R-sets meet W-sets, so the version is above that of every put completed before. A writer never falls behind
its own count, which it keeps on stable storage: a put cut short by a crash does not share its version with a later one.

Departures. No transactions or locks (Gifford), no vector clocks, hinted hand-off or sloppy quorums (Dynamo): one item, and the
later version wins. Nothing is sent again, so an operation that hears from too few replicas stays pending for ever. In a
write-back, replicas that answered with the newest copy have thereby acknowledged it. A client pauses before each operation
for as long as it likes; after a crash it goes on with the next one, and the one under way stays pending.
"""

from enum import Enum
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
class Repair:
    """Client to replica: this is later than what you answered. Nobody waits for it."""

    copy: Copy


@frozen
class Begin:
    """A timer: the client begins its next operation."""


class Phase(Enum):
    """What a client waits for: its own good time, R answers, or W acknowledgements."""

    IDLE = "idle"
    ASKING = "asking"
    STORING = "storing"


ToReplica: TypeAlias = Query | Store | Repair
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
            case Repair(copy):
                self.hold(copy)
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
                self.acknowledged |= {source}
                self.return_if_stored(out)
            case Answer() | Stored():
                pass
            case _:
                assert_never(message)

    def begin(self, out: Out) -> None:
        """Invoke the next operation of the workload."""
        self.begun += 1
        match self.operation:
            case Put(value) as put:
                out.observe(Invoked("put", value))
                if self.quorums.several_writers:
                    self.ask(out)
                else:
                    self.put(put, Version(), out)
            case Get():
                out.observe(Invoked("get"))
                self.ask(out)
            case _:
                assert_never(self.operation)

    @property
    def operation(self) -> Put | Get:
        """The operation under way."""
        return self.workload[self.begun - 1]

    def ask(self, out: Out) -> None:
        """Ask all replicas what they hold."""
        self.phase = Phase.ASKING
        out.broadcast(self.quorums.replicas, Query(self.begun))

    def hear(self, replica: NodeId, copy: Copy, out: Out) -> None:
        """Note one answer of each replica; R of them are enough."""
        if replica not in dict(self.answers):
            self.answers |= {(replica, copy)}
        if len(self.answers) == self.quorums.r:
            newest = max((held for _, held in self.answers), key=lambda held: held.version)
            match self.operation:
                case Put() as put:
                    self.put(put, newest.version, out)
                case Get():
                    self.get(newest, out)
                case _:
                    assert_never(self.operation)

    def put(self, put: Put, known: Version, out: Out) -> None:
        """Store the value under a version beyond all that are known."""
        self.counter = max(self.counter, known.counter) + 1
        self.store(Copy(Version(self.counter, self.id), put.value), frozenset(), out)

    def get(self, newest: Copy, out: Out) -> None:
        """Return the newest copy; make sure first that W replicas hold it, or bring stale ones up to date meanwhile."""
        holders = frozenset(replica for replica, held in self.answers if held == newest)
        if self.quorums.write_back:
            self.store(newest, holders, out)
            return
        if self.quorums.read_repair:
            out.broadcast(dict(self.answers).keys() - holders, Repair(newest))
        self.end(newest.value, out)

    def store(self, copy: Copy, holders: frozenset[NodeId], out: Out) -> None:
        """Send a copy to all replicas that are not known to hold it."""
        self.phase = Phase.STORING
        self.copy = copy
        self.acknowledged = holders
        out.broadcast(frozenset(self.quorums.replicas) - holders, Store(self.begun, copy))
        self.return_if_stored(out)

    def return_if_stored(self, out: Out) -> None:
        """W acknowledgements are enough."""
        if len(self.acknowledged) >= self.quorums.w:
            self.end(self.copy.value if self.operation == Get() else None, out)

    def end(self, result: Value, out: Out) -> None:
        """Return from the operation under way, and go on in a while."""
        out.observe(Returned(result))
        self.phase, self.answers, self.acknowledged, self.copy = Phase.IDLE, frozenset(), frozenset(), Copy()
        self.start(out)
