"""Keys and their values on Chord's ring: put, get, copies, and what moves when nodes come and go.

Stoica et al., SIGCOMM 2001, section 4.2 (a key is held by its successor, and moves when nodes join and leave) and
section 5.2 (copies on the nodes that follow). Dabek et al., "Wide-area Cooperative Storage with CFS", SOSP 2001: a
block is held by the k nodes after its owner, too, and again when one of these has failed.

One rule places every key, and serves replication, repair and hand-over alike. Whoever owns a key sees to it that the k
nodes after it hold it; whoever holds one that it does not own sees to it that its predecessor does. So keys come to a
node that joins, and copies to the one that takes the place of a dead node. A put is acknowledged when the owner knows
of k copies besides its own.

Departures. A key is put once, as in CFS, so that copies cannot differ. Nobody drops copies that are no longer needed.
A get that does not find its key at the owner, which may just have joined, asks those that follow it; while keys are on
their way and nodes fail, it may come back with nothing. An operation whose owner fails before it answers stays pending
for ever.
"""

from typing import Any, TypeAlias

from attrs import define, field, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import RingMessage, Stabilize, identifier, name
from stackproof.reference.lookup.chord_lookup import ClientMessage, Lookup, LookupClient, LookupMessage, LookupNode
from stackproof.reference.lookup.identifiers import HalfOpen

Value: TypeAlias = Any


@frozen(order=True)
class Item:
    """A key and its value."""

    key: int
    value: Value = field(order=False)


@frozen
class Store:
    """Client to owner: keep this."""

    item: Item


@frozen
class Fetch:
    """Client to owner, or to one that follows it: what is this key's value?"""

    key: int
    follower: bool = False


@frozen
class Stored:
    """An answer: it is here, and on k others."""

    item: Item


@frozen
class Fetched:
    """An answer: this item, or nothing."""

    key: int
    item: Item | None


@frozen
class NotMine:
    """An answer: somebody else owns this key."""

    key: int


@frozen
class Copy:
    """Node to node: hold this, too."""

    items: tuple[Item, ...]


@frozen
class Copied:
    """The answer."""

    items: tuple[Item, ...]


@frozen
class Acknowledged:
    """What a monitor sees: a put has returned."""

    item: Item


@frozen
class Asked:
    """What a monitor sees: a get begins."""

    key: int


@frozen
class Got:
    """What a monitor sees: the get returns."""

    key: int
    item: Item | None


StorageMessage: TypeAlias = Store | Fetch | Copy | Copied
AnswerToClient: TypeAlias = Stored | Fetched | NotMine


@define
class StorageNode(LookupNode):
    """A node that holds `items`.

    copied    which of them it knows to be held by whom
    copying   which are on their way to whom
    waiting   which were put by clients that have no answer yet
    """

    replicas: int = field(kw_only=True)
    items: frozenset[Item] = frozenset()
    copied: frozenset[tuple[Item, int]] = frozenset()
    copying: frozenset[tuple[Item, int]] = frozenset()
    waiting: frozenset[tuple[Item, NodeId]] = frozenset()

    def leave(self, out: Out) -> None:
        super().leave(out)
        if self.successors and self.items:
            out.send(name(self.successors[0]), Copy(tuple(sorted(self.items))))

    def receive(self, message: StorageMessage | LookupMessage | RingMessage, source: NodeId, out: Out) -> None:
        before = self.matters
        match message:
            case Store(item):
                self.store(item, source, out)
            case Fetch():
                self.fetch(message, source, out)
            case Copy(items):
                self.items |= frozenset(items)
                self.copied |= {(item, identifier(source)) for item in items}
                out.send(source, Copied(items))
            case Copied(items):
                self.copied |= {(item, identifier(source)) for item in items}
                self.copying -= self.copied
            case Bounced(Copy(items)):
                self.copying -= {(item, identifier(source)) for item in items}
            case _:
                super().receive(message, source, out)
        if isinstance(message, Stabilize) or self.matters != before:
            self.place(out)

    @property
    def matters(self) -> tuple[object, ...]:
        """All that decides who should hold what."""
        return self.predecessor, self.successors, self.items, self.copied, self.waiting

    def owns(self, key: int) -> bool:
        """Whether a key lies between the predecessor and this node."""
        return self.joined and (self.predecessor is None or key in HalfOpen(self.predecessor, self.identifier))

    def holders(self, key: int) -> tuple[int, ...]:
        """Who else should hold a key: those that follow its owner, or whoever is closer to being its owner."""
        if self.owns(key):
            return self.successors[: self.replicas]
        return () if self.predecessor is None else (self.predecessor,)

    def store(self, item: Item, client: NodeId, out: Out) -> None:
        """Keep an item; the answer comes when there are enough copies of it."""
        if self.owns(item.key):
            self.items |= {item}
            self.waiting |= {(item, client)}
        else:
            out.send(client, NotMine(item.key))

    def fetch(self, question: Fetch, client: NodeId, out: Out) -> None:
        """Answer with what is held."""
        key = question.key
        item = next((item for item in sorted(self.items) if item.key == key), None)
        known = item or question.follower or self.owns(key)
        out.send(client, Fetched(key, item) if known else NotMine(key))

    def place(self, out: Out) -> None:
        """Send each item to those who should hold it and, as far as is known, do not."""
        wanted = {(item, node) for item in self.items for node in self.holders(item.key)}
        self.copied &= wanted
        missing = wanted - self.copied - self.copying
        for node in sorted({node for _, node in missing}):
            out.send(name(node), Copy(tuple(sorted(item for item, holder in missing if holder == node))))
        self.copying |= missing
        self.acknowledge(out)

    def enough(self, item: Item, copies: int) -> bool:
        """Whether so many copies on others are enough to acknowledge a put: all of them."""
        return copies == self.replicas

    def acknowledge(self, out: Out) -> None:
        """Answer the puts of which there are enough copies, and those of keys that have got another owner."""
        for item, client in sorted(self.waiting):
            copies = [node for node in self.holders(item.key) if (item, node) in self.copied]
            if not self.owns(item.key):
                out.send(client, NotMine(item.key))
            elif self.enough(item, len(copies)):
                out.send(client, Stored(item))
            else:
                continue
            self.waiting -= {(item, client)}


@define
class StorageClient(LookupClient):
    """Looks up each of its keys and puts the value that goes with it, or gets the key where that is None.

    `nodes` are the owner and those that follow it, as the lookup found them; the one at place `turn` is being asked.
    """

    values: tuple[Value, ...] = field(kw_only=True)
    nodes: tuple[int, ...] = ()
    turn: int = 0
    dead: tuple[int, ...] = ()

    def start(self, out: Out) -> None:
        done = self.begun
        super().start(out)
        if self.begun > done and self.values[done] is None:
            out.observe(Asked(self.keys[done]))

    def receive(self, message: AnswerToClient | ClientMessage, source: NodeId, out: Out) -> None:
        match message:
            case Stored(item):
                self.end(Acknowledged(item), out)
            case Fetched(_, None) if self.turn + 1 < len(self.nodes):
                self.request(self.turn + 1, out)
            case Fetched(key, item):
                self.end(Got(key, item), out)
            case NotMine(key):
                self.ask(Lookup(key, (), self.dead), out)
            case Bounced(Store() | Fetch()):
                self.dead = (*self.dead, identifier(source))
                self.ask(Lookup(self.keys[self.begun - 1], (), self.dead), out)
            case _:
                super().receive(message, source, out)

    def found(self, nodes: tuple[int, ...], path: tuple[int, ...], out: Out) -> None:
        """The owner is known, and who follows it."""
        self.lookup, self.nodes = None, nodes
        self.request(0, out)

    def request(self, turn: int, out: Out) -> None:
        """Turn to one of them."""
        self.turn = turn
        key, value = self.keys[self.begun - 1], self.values[self.begun - 1]
        out.send(name(self.nodes[turn]), Fetch(key, turn > 0) if value is None else Store(Item(key, value)))

    def end(self, event: Acknowledged | Got, out: Out) -> None:
        """Return from an operation, and begin the next."""
        out.observe(event)
        self.nodes, self.turn, self.dead = (), 0, ()
        self.start(out)
