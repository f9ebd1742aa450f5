"""A block store on Chord's ring: N nodes hold each block, W acknowledge a write, and R know that there is none.

Dabek et al., "Wide-area Cooperative Storage with CFS", SOSP 2001, sections 5 and 6: a block is held by the owner of its
key and by those that follow, which is what `chord_storage` does, with repair after a loss. DeCandia et al., "Dynamo",
SOSP 2007, sections 4.5 and 4.6: any node coordinates a request, and waits for W or R of the N. Ghemawat, Gobioff and
Leung, "The Google File System", SOSP 2003, section 5.2: a copy that does not match its checksum is never passed on, and
is made anew from another one.

What W and R mean here. A block is written once, so all sound copies are equal, and a read returns the first that it
gets. That there is none it believes when R of the N holders say so. After a write at most N - W of them lack the block:
W + R > N makes sure that a read finds it. Each node that has come or gone since the last repair may be one more: reads
find it while c have, where W + R > N + c. The N count otherwise, too: a block is there while fewer than N are lost.

A copy that decays is noticed by whoever reads it, and by its holder, which looks at all of its copies when it
stabilizes and before it sends any. The holder then reads the block as anybody would, and keeps what it reads. Until it
has, it does not say that it has none.

Departures. A request that comes to nothing (the owner is not the owner any more, too few answered) is taken up again
when the node stabilizes next. One whose owner fails between its two messages waits for ever, or for `patience_ms`. A
coordinator that fails forgets its requests. Two different blocks under one key are nobody's fault but their writers'.
"""

from typing import assert_never

from attrs import Factory, define, evolve, field

from stackproof.reference.actor import Bounced, NodeId, Out, durable
from stackproof.reference.lookup.chord import RingMessage, Stabilize, identifier, name
from stackproof.reference.lookup.chord_lookup import Forward, Lookup, LookupMessage, NextHop, Owner
from stackproof.reference.lookup.chord_storage import Copy, Item, NotMine, StorageMessage, StorageNode, Store, Stored
from stackproof.reference.storage.block_messages import (
    Answer,
    Began,
    BlockMessage,
    Decay,
    Ended,
    Operation,
    Overdue,
    Query,
    Quorum,
    Restore,
)
from stackproof.reference.storage.blocks import Contents, Locate, Located, Read, Reply, Request, Write, Written


@define
class BlockNode(StorageNode):
    """A node that holds blocks, and coordinates the requests of whoever turns to it.

    patience_ms  how long an operation may take before it is begun again; None: for ever
    decayed      the keys of its copies that turned out not to be sound
    operations   the requests under way, in order
    begun        how many there have been
    """

    quorum: Quorum = field(kw_only=True)
    patience_ms: float | None = field(kw_only=True)
    replicas: int = field(init=False, default=Factory(lambda self: self.quorum.n - 1, takes_self=True))
    decayed: frozenset[int] = frozenset()
    operations: tuple[Operation, ...] = ()
    begun: int = durable(0)

    def receive(
        self, message: BlockMessage | StorageMessage | LookupMessage | RingMessage, source: NodeId, out: Out
    ) -> None:
        match message:
            case Locate() | Read() | Write():
                self.begin(message, source, out)
            case Query(number, key):
                out.send(source, Answer(number, self.held(key), key in self.decayed))
            case Answer(number) | Bounced(Query(number)):
                self.be_answered(number, message, source, out)
            case Stored(Item(key)) | NotMine(key) | Bounced(Store(Item(key))):
                self.be_told(key, message, source, out)
            case Forward(key) | Owner(key) | Bounced(NextHop(key)):
                self.be_shown(key, message, source, out)
            case Overdue(number):
                self.lose_patience(number, out)
            case Decay(key):
                self.items = frozenset(evolve(i, value=i.value.decayed()) if i.key == key else i for i in self.items)
            case _:  # a message of the ring and its keys: mypy knows that nothing else is left
                super().receive(message, source, out)
        if isinstance(message, Stabilize):
            for operation in self.operations:
                if operation.rests:
                    self.seek(operation, out)

    def held(self, key: int) -> Item | None:
        """The copy held here, sound or not."""
        return next((item for item in self.items if item.key == key), None)

    def enough(self, item: Item, copies: int) -> bool:
        return copies + (item in self.items) >= self.quorum.w

    def place(self, out: Out) -> None:
        """See that all copies are sound before any is sent; read what is not."""
        sound = frozenset(item for item in self.items if item.value.sound)
        bad = frozenset(item.key for item in self.items - sound) - self.decayed
        self.items = sound
        self.decayed = (self.decayed | bad) - {item.key for item in sound}
        for key in sorted(bad & self.decayed):
            self.begin(Restore(key), self.id, out)
        super().place(out)

    def begin(self, request: Request | Restore, client: NodeId, out: Out) -> None:
        """Take up a request. A sound copy held here is read without asking anybody."""
        self.begun += 1
        operation = Operation(self.begun, request, client, Lookup(request.key, ()))
        if not isinstance(request, Restore):
            out.observe(Began(self.begun, request))
        item = self.held(request.key)
        if isinstance(request, Read) and item and item.value.sound:
            self.end(operation, Contents(item.key, item.value), out)
            return
        if self.patience_ms is not None:
            out.after(self.patience_ms, Overdue(self.begun))
        self.seek(operation, out)

    def keep(self, operation: Operation) -> None:
        """Note how far an operation is."""
        others = {one.number: one for one in self.operations}
        self.operations = tuple(one for _, one in sorted((others | {operation.number: operation}).items()))

    def drop(self, operation: Operation, out: Out) -> None:
        """An operation is over."""
        self.operations = tuple(one for one in self.operations if one.number != operation.number)
        if self.patience_ms is not None:
            out.cancel(Overdue(operation.number))

    def end(self, operation: Operation, reply: Reply, out: Out) -> None:
        """Answer a request."""
        self.drop(operation, out)
        out.observe(Ended(operation.number, reply))
        out.send(operation.client, reply)

    def seek(self, operation: Operation, out: Out) -> None:
        """Go on with a lookup: this node answers itself, others are asked."""
        lookup = operation.lookup if operation.lookup.path else operation.lookup.at(self.identifier)
        if lookup.path[-1] != self.identifier:
            self.keep(evolve(operation, lookup=lookup.ask(out)))
            return
        match self.whereabouts(operation.key, lookup.dead):
            case Forward(_, node):
                self.keep(evolve(operation, lookup=lookup.at(node).ask(out)))
            case Owner(_, nodes):
                self.turn_to(nodes, operation, out)
            case hop:
                assert_never(hop)

    def whereabouts(self, key: int, dead: tuple[int, ...]) -> Forward | Owner:
        """What this node knows of the way to a key."""
        if self.owns(key):
            return Owner(key, (self.identifier, *(node for node in self.successors if node not in dead)))
        return self.next_hop(key, dead)

    def turn_to(self, nodes: tuple[int, ...], operation: Operation, out: Out) -> None:
        """Ask the holders of a block: its owner, and those that follow. Rest if there is none."""
        holders = nodes[: self.quorum.n]
        match operation.request:
            case _ if not holders:
                self.keep(operation.anew())
            case Locate(key):
                self.end(operation, Located(key, tuple(map(name, holders))), out)
            case Write(key, block):
                out.send(name(holders[0]), Store(Item(key, block)))
                self.keep(evolve(operation, asked=frozenset(holders[:1])))
            case Read(key):
                out.broadcast(map(name, holders), Query(operation.number, key))
                self.keep(evolve(operation, asked=frozenset(holders), lacking=frozenset()))
            case Restore(key):
                others = tuple(node for node in holders if node != self.identifier)
                out.broadcast(map(name, others), Query(operation.number, key))
                self.keep(evolve(operation, asked=frozenset(others)))
            case request:
                assert_never(request)

    def be_shown(self, key: int, answer: Forward | Owner | Bounced, source: NodeId, out: Out) -> None:
        """An answer on the way to a key, for an operation or for a finger."""
        for operation in self.operations:
            if operation.key == key and operation.on_its_way_by(identifier(source)):
                match answer:
                    case Forward(_, node):
                        self.seek(evolve(operation, lookup=operation.lookup.at(node)), out)
                    case Owner(_, (_, *_) as nodes):
                        self.turn_to(nodes, operation, out)
                    case _:
                        self.seek(evolve(operation, lookup=operation.lookup.back()), out)
        if self.lookup is not None and (self.lookup.key, self.lookup.path[-1]) == (key, identifier(source)):
            super().receive(answer, source, out)

    def be_told(self, key: int, answer: Stored | NotMine | Bounced, source: NodeId, out: Out) -> None:
        """An answer of the owner to a write: it is done, or another is to be found, now or after the next round."""
        owner = identifier(source)
        for operation in self.operations:
            if isinstance(operation.request, Write) and operation.key == key and owner in operation.asked:
                match answer:
                    case Stored():
                        self.end(operation, Written(key), out)
                    case NotMine():
                        self.keep(operation.anew())
                    case Bounced():
                        self.seek(operation.anew((*operation.lookup.dead, owner)), out)
                    case _:
                        assert_never(answer)

    def be_answered(self, number: int, answer: Answer | Bounced, source: NodeId, out: Out) -> None:
        """An answer to a read: one sound copy is enough, and so are R holders that have none."""
        holder = identifier(source)
        for operation in (one for one in self.operations if one.number == number):
            match answer:
                case Answer(_, Item() as item) if item.value.sound:
                    self.find(item, operation, source, out)
                case Answer(_, None, False):
                    self.miss_at(holder, operation, out)
                case _:
                    self.keep(operation.without(holder))

    def find(self, item: Item, operation: Operation, source: NodeId, out: Out) -> None:
        """A sound copy is there; what this node wants to hold again is as good as sent to it."""
        if isinstance(operation.request, Restore):
            self.drop(operation, out)
            super().receive(Copy((item,)), source, out)
        else:
            self.end(operation, Contents(item.key, item.value), out)

    def miss_at(self, holder: int, operation: Operation, out: Out) -> None:
        """One more has no copy."""
        lacking = operation.lacking | {holder}
        if isinstance(operation.request, Read) and len(lacking) >= self.quorum.r:
            self.end(operation, Contents(operation.key, None), out)
        else:
            self.keep(evolve(operation.without(holder), lacking=lacking))

    def lose_patience(self, number: int, out: Out) -> None:
        """Begin an operation again, if it is not over."""
        for operation in (one for one in self.operations if one.number == number):
            if self.patience_ms is not None:
                out.after(self.patience_ms, Overdue(number))
            self.seek(operation.anew(), out)
