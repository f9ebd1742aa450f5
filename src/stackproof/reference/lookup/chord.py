"""Chord: a ring of nodes that keeps itself in order, whoever joins and whoever fails.

Stoica et al., "Chord: A Scalable Peer-to-peer Lookup Service for Internet Applications", SIGCOMM 2001, section 4, made
correct as in Zave, "Reasoning about Identifier Spaces: How to Make Chord Correct", TSE 43(12), 2017, section IV.

What makes it correct. A node takes up a pointer only from a node that has just answered it, and takes that node's whole
list of r successors along, in one atomic step. Then the ring keeps its order and its connectedness as long as no
failure leaves a member without a live successor, and r + 1 of its members are principals: nobody's list skips them.

By messages. A step of the paper (Join, StabilizeFromSuccessor, ...) reads the variables of another node. Here it is a
question and its answer, and is taken when the question is answered. What the asker holds is out of date from then on,
so from its question to its own update it is busy, and answers no question about its state (Zave 2017; Verdi-Chord has
the same rule). Whether it is alive, and that it is notified of, do not wait.

Departures, each with its reason.
- Whoever is busy says so, and the asker gives up its round. In Verdi-Chord the asker waits; where each node of a ring
  asks its successor at the same moment, each then waits for the next, for ever. Rounds should not be in step, or all
  are given up: simulate with jitter, as the paper does.
- A list shrinks when its head is dead (Verdi-Chord). The paper pads it to r entries with the identifier after the last,
  so that its proofs may count; nobody may be there.
- A round goes on at once, where the paper lets other steps come between; and nobody is notified who has just named the
  notifier as its predecessor, or the question would come round for ever with nothing to say.
- A new node asks its way from a contact to its place; a node may say goodbye (ToN 11(1), 2003); one that lost
  all its successors, against the assumption, joins anew.
- A node that failed may come back as a new one. Its life is part of its questions, so that it knows their answers.
Messages are not lost: each is answered, or bounces where its target is not there.
"""

from typing import TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import Bounced, NodeId, Out, durable
from stackproof.reference.lookup.identifiers import Arc

PERIOD_MS = 30_000.0


def name(identifier: int) -> NodeId:
    """The name of the node that has this identifier."""
    return f"n{identifier}"


def identifier(name: NodeId) -> int:
    """The identifier of the node that has this name."""
    return int(name[1:])


@frozen
class Stabilize:
    """A timer: another round."""


@frozen
class Join:
    """A question of somebody new: do I belong between you and your successor?"""

    node: int
    life: int


@frozen
class StabilizeFromSuccessor:
    """A question to the head of one's list: who are your neighbours?"""

    node: int
    life: int


@frozen
class StabilizeFromPredecessor:
    """The same to the successor's predecessor, which seems to be a better successor."""

    node: int
    life: int


@frozen
class Notify:
    """A question to one's successor, which may not know: I might be your predecessor, are you there?"""

    node: int
    life: int


@frozen
class Rectify:
    """A question to one's predecessor, if another node would take its place: are you there?"""

    node: int
    life: int
    notifier: int


Question: TypeAlias = Join | StabilizeFromSuccessor | StabilizeFromPredecessor | Notify | Rectify


@frozen
class State:
    """An answer: these are my neighbours."""

    question: Question
    predecessor: int | None
    successors: tuple[int, ...]


@frozen
class Closer:
    """An answer: you belong elsewhere, and that node is closer."""

    question: Question
    node: int


@frozen
class Alive:
    """An answer: yes, I am still there."""

    question: Question


@frozen
class Busy:
    """An answer: ask me another time."""

    question: Question


@frozen
class NoMember:
    """An answer: I am not in the ring."""

    question: Question


@frozen
class Goodbye:
    """The sender leaves the ring."""


Answer: TypeAlias = State | Closer | Alive | Busy | NoMember
RingMessage: TypeAlias = Stabilize | Question | Answer | Goodbye | Bounced


@define
class ChordNode:
    """A node, which knows some `contacts` in the ring; `asking` is the question that it waits on."""

    id: NodeId
    identifier: int
    r: int
    contacts: tuple[int, ...]
    joined: bool = False
    successors: tuple[int, ...] = ()
    predecessor: int | None = None
    asking: Question | None = None
    tried: int = 0
    life: int = durable(0)

    def start(self, out: Out) -> None:
        out.after(PERIOD_MS, Stabilize())
        if not self.joined:
            self.begin_a_round(out)

    def recover(self, out: Out) -> None:
        self.life += 1
        self.start(out)

    def leave(self, out: Out) -> None:
        out.broadcast({name(node) for node in (*self.successors[:1], self.predecessor) if node is not None}, Goodbye())

    def receive(self, message: RingMessage, source: NodeId, out: Out) -> None:
        match message:
            case Stabilize():
                out.after(PERIOD_MS, Stabilize())
                if self.asking is None:
                    self.begin_a_round(out)
            case Join() | StabilizeFromSuccessor() | StabilizeFromPredecessor() | Notify() | Rectify() as question:
                self.answer(question, source, out)
            case State(question) | Closer(question) | Alive(question) | Busy(question) | NoMember(question) as answer:
                if question == self.asking:
                    self.asking = None
                    self.hear(question, answer, out)
            case Bounced(question):
                if question == self.asking:
                    self.asking = None
                    self.miss(question, out)
            case Goodbye():
                self.part_from(identifier(source))
            case _:
                assert_never(message)

    def ask(self, question: Question, out: Out) -> None:
        """Put a question, the only one until its answer is there."""
        self.asking = question
        out.send(name(question.node), question)

    def begin_a_round(self, out: Out) -> None:
        """Ask the successor; whoever is not in the ring, or has lost it, asks a contact."""
        if self.joined and self.successors:
            self.ask(StabilizeFromSuccessor(self.successors[0], self.life), out)
        else:
            self.joined = False
            self.ask(Join(self.contacts[self.tried], self.life), out)

    @property
    def busy(self) -> bool:
        """Whether it may be about to change its state."""
        return isinstance(self.asking, Join | StabilizeFromSuccessor | StabilizeFromPredecessor | Rectify)

    def answer(self, question: Question, source: NodeId, out: Out) -> None:
        """Answer what may be answered now. A node may always ask itself."""
        asker = identifier(source)
        if not self.joined:
            out.send(source, NoMember(question))
        elif isinstance(question, Notify | Rectify):
            out.send(source, Alive(question))
            if isinstance(question, Notify):
                self.rectify(asker, out)
        elif self.busy and asker != self.identifier:
            out.send(source, Busy(question))
        elif isinstance(question, Join):
            self.show_the_way(question, asker, out)
        else:
            out.send(source, State(question, self.predecessor, self.successors))

    def show_the_way(self, question: Join, asker: int, out: Out) -> None:
        """Tell a new node its place, or a node closer to it; its own past life may stand in the way."""
        if asker in Arc(self.identifier, self.successors[0]):
            out.send(name(asker), State(question, self.predecessor, self.successors))
        else:
            closer = self.closest_preceding_node(asker)
            out.send(name(asker), Busy(question) if closer == self.identifier else Closer(question, closer))

    def known(self) -> tuple[int, ...]:
        """The nodes that a question may be passed on to."""
        return self.successors

    def closest_preceding_node(self, key: int, dead: tuple[int, ...] = ()) -> int:
        """The last node known to precede the key, this one if there is no other."""
        closest = self.identifier
        for node in self.known():
            if node in Arc(closest, key) and node not in dead:
                closest = node
        return closest

    def rectify(self, notifier: int, out: Out) -> None:
        """Take the notifier for the predecessor if it is closer, or if the one there was turns out to be dead."""
        if self.predecessor is None or notifier in Arc(self.predecessor, self.identifier):
            self.predecessor = notifier
        elif notifier != self.predecessor and self.asking is None:
            self.ask(Rectify(self.predecessor, self.life, notifier), out)

    def hear(self, question: Question, answer: Answer, out: Out) -> None:
        """The answer to the question."""
        match answer:
            case State(Join(member), _, successors):
                self.joined, self.predecessor, self.successors = True, member, successors
            case State(StabilizeFromSuccessor(successor), predecessor, successors):
                self.adopt(successor, successors)
                if predecessor is not None and predecessor in Arc(self.identifier, successor):
                    self.ask(StabilizeFromPredecessor(predecessor, self.life), out)
                else:
                    self.notify(successor, predecessor, out)
            case State(_, predecessor, successors):
                self.adopt(question.node, successors)
                self.notify(question.node, predecessor, out)
            case Closer(_, node):
                self.ask(Join(node, self.life), out)
            case NoMember():
                self.miss(question, out)
            case Alive() | Busy():
                pass
            case _:
                assert_never(answer)

    def notify(self, successor: int, predecessor: int | None, out: Out) -> None:
        """Tell the successor, whose predecessor is said to be this, unless that is how it should be."""
        if predecessor != self.identifier:
            self.ask(Notify(successor, self.life), out)

    def adopt(self, successor: int, successors: tuple[int, ...]) -> None:
        """Take up a successor that has just answered, and its list with it."""
        self.successors = (successor, *successors)[: self.r]

    def miss(self, question: Question, out: Out) -> None:
        """Whoever was asked is dead."""
        match question:
            case Join():
                self.tried = (self.tried + 1) % len(self.contacts)
            case StabilizeFromSuccessor(successor):
                self.successors = tuple(node for node in self.successors if node != successor)
                self.begin_a_round(out)
            case StabilizeFromPredecessor():
                self.ask(Notify(self.successors[0], self.life), out)
            case Notify():
                pass
            case Rectify(predecessor, _, notifier):
                self.predecessor = notifier if self.predecessor == predecessor else self.predecessor
            case _:
                assert_never(question)

    def part_from(self, node: int) -> None:
        """Forget a neighbour that has left."""
        self.successors = tuple(other for other in self.successors if other != node) or self.successors
        self.predecessor = None if self.predecessor == node else self.predecessor
