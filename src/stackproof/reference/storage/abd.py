"""The ABD register: one shared variable, atomic although some of its servers may be gone.

Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", JACM 42(1), 1995, the emulator with
unbounded sequence numbers: its `communicate` sends to all and waits for a majority, and any two majorities meet.
Several writers as in Lynch and Shvartsman, "Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged
Broadcasts", FTCS 1997. Both operations have two phases: ask a majority for their copies, then have a majority record
one. A put records its value under a version beyond the highest it heard of; a get records the highest copy before it
returns it, so that no later get returns an older one.

Departures. Clients send their requests to a server, which coordinates for them, and counts itself in both phases
without a message. It answers other servers whatever it is doing, but coordinates one request at a time and ignores
others meanwhile: a network that may deliver them later does not lose them. Nothing is sent again.
"""

from typing import TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.storage.quorum_store import Copy, Invoked, Returned, Value, Version, latest


@frozen
class Request:
    """Which operation of which client a message is about."""

    client: NodeId
    number: int


@frozen
class Put:
    """Client to server."""

    number: int
    value: Value


@frozen
class Get:
    """Client to server."""

    number: int


@frozen
class Done:
    """Server to client: a get has this result, a put none."""

    number: int
    result: Value


@frozen
class Query:
    """Server to server: what do you hold?"""

    request: Request


@frozen
class Answer:
    """Server to server: this."""

    request: Request
    copy: Copy


@frozen
class Record:
    """Server to server: hold this, unless you hold a later version."""

    request: Request
    copy: Copy


@frozen
class Recorded:
    """Server to server: I hold that, or a later version."""

    request: Request


@frozen
class Asking:
    """The first phase: the copies heard of so far, by server."""

    operation: Put | Get
    request: Request
    answers: frozenset[tuple[NodeId, Copy]] = frozenset()


@frozen
class Recording:
    """The second phase: the servers known to have recorded the copy."""

    operation: Put | Get
    request: Request
    copy: Copy
    acknowledged: frozenset[NodeId] = frozenset()


ToServer: TypeAlias = Put | Get | Query | Answer | Record | Recorded


@define
class Server:
    """A processor that holds a copy, and coordinates one request at a time."""

    id: NodeId
    peers: tuple[NodeId, ...]
    copy: Copy = durable(Copy())
    phase: Asking | Recording | None = None

    def receive(self, message: ToServer, source: NodeId, out: Out) -> None:
        match message:
            case Put(number) | Get(number):
                if self.phase is None:
                    self.ask(message, Request(source, number), out)
            case Query(request):
                out.send(source, Answer(request, self.copy))
            case Answer(request, copy):
                self.hear(source, request, copy, out)
            case Record(request, copy):
                self.hold(copy)
                out.send(source, Recorded(request))
            case Recorded(request):
                self.acknowledge(source, request, out)
            case _:
                assert_never(message)

    @property
    def majority(self) -> int:
        """More than half of all servers, this one included."""
        return (len(self.peers) + 1) // 2 + 1

    def hold(self, copy: Copy) -> None:
        """Keep the later of two copies."""
        if copy.version > self.copy.version:
            self.copy = copy

    def ask(self, operation: Put | Get, request: Request, out: Out) -> None:
        """Begin the first phase."""
        self.phase = Asking(operation, request)
        out.broadcast(self.peers, Query(request))
        self.hear(self.id, request, self.copy, out)

    def hear(self, server: NodeId, request: Request, copy: Copy, out: Out) -> None:
        """Note an answer of the first phase; a majority ends it."""
        match self.phase:
            case Asking(operation, asked, answers) if asked == request and server not in dict(answers):
                answers |= {(server, copy)}
                self.phase = Asking(operation, request, answers)
                if len(answers) == self.majority:
                    self.record(operation, request, latest(answers), out)

    def record(self, operation: Put | Get, request: Request, newest: Copy, out: Out) -> None:
        """Begin the second phase: with a value of its own if this is a put, with the newest copy if it is a get."""
        if isinstance(operation, Put):
            newest = Copy(Version(newest.version.counter + 1, self.id), operation.value)
        self.phase = Recording(operation, request, newest)
        out.broadcast(self.peers, Record(request, newest))
        self.hold(newest)
        self.acknowledge(self.id, request, out)

    def acknowledge(self, server: NodeId, request: Request, out: Out) -> None:
        """Note an acknowledgement of the second phase; a majority ends it, and the operation."""
        match self.phase:
            case Recording(operation, recording, copy, acknowledged) if recording == request:
                self.phase = Recording(operation, request, copy, acknowledged | {server})
                if len(self.phase.acknowledged) == self.majority:
                    self.phase = None
                    result = None if isinstance(operation, Put) else copy.value
                    out.send(request.client, Done(request.number, result))


@define
class Client:
    """Sends the requests of its script, each to the server named with it, one after another."""

    id: NodeId
    script: tuple[tuple[NodeId, Put | Get], ...]
    results: tuple[Value, ...] = durable(())

    def start(self, out: Out) -> None:
        if len(self.results) < len(self.script):
            server, request = self.script[len(self.results)]
            out.observe(Invoked("put", request.value) if isinstance(request, Put) else Invoked("get"))
            out.send(server, request)

    def receive(self, message: Done, source: NodeId, out: Out) -> None:
        match message:
            case Done(number, result):
                if number == len(self.results) + 1:
                    self.results += (result,)
                    out.observe(Returned(result))
                    self.start(out)
            case _:
                assert_never(message)
