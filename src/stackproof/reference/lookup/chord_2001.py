"""Chord as published, by messages; it can lose its ring.

Stoica et al., "Chord: A Scalable Peer-to-peer Lookup Service for Internet Applications", SIGCOMM 2001: figure 4
(find_successor), figure 7 (join, stabilize, notify, fix_fingers) and section 5.2 (a list of r successors, of which the
first live one takes the place of a dead successor). The lectures show the same procedures, with lists of k > 1
successors made of the successor and its own list. Each remote call of the pseudocode is a question and its answer; a
node puts one at a time, and answers those of others meanwhile.

What is wrong with it (Zave, "Using Lightweight Modeling To Understand Chord", ACM SIGCOMM CCR 42(2), 2012). A node
takes up a pointer although nobody may be there, and a new successor while the rest of its list is still that of the
old one. `chord.py` does neither. Two straightforward fixes answer the first point only: whoever joins checks that the
successor that it is given lives (`join_fix`), whoever stabilizes that its successor's predecessor does
(`stabilize_fix`). With both, the ring may still fall in two.

Departures. A failure is learnt of when a question bounces. Whoever looks something up asks one hop after the other,
which figure 4 leaves to its contact. Figure 7 does not say when lists are copied and dead predecessors forgotten; both
have a timer here, and are separate steps, as in Zave's model. The first finger is the head of the list.
"""

from enum import Enum
from typing import TypeAlias, assert_never

from attrs import define

from stackproof.reference.actor import Bounced, NodeId, Out, durable
from stackproof.reference.lookup.chord import identifier, name
from stackproof.reference.lookup.chord_2001_calls import (
    Answer,
    Check,
    Closer,
    FindSuccessor,
    GetPredecessor,
    GetSuccessors,
    NoMember,
    Notify,
    Predecessor,
    Question,
    Successor,
    Successors,
    Why,
    Yes,
)
from stackproof.reference.lookup.identifiers import Arc, HalfOpen

PERIOD_MS = 30_000.0


class Timer(Enum):
    """What a node does from time to time."""

    STABILIZE = "stabilize"
    COPY_SUCCESSORS = "copy successors"
    CHECK_PREDECESSOR = "check predecessor"
    FIX_FINGERS = "fix fingers"


Message: TypeAlias = Timer | Question | Answer | Bounced


@define
class Chord2001Node:
    """A node; `bits` of an identifier say how many fingers it has, and `asking` is the call that it waits on."""

    id: NodeId
    identifier: int
    r: int
    contacts: tuple[int, ...]
    bits: int
    join_fix: bool
    stabilize_fix: bool
    joined: bool = False
    successors: tuple[int, ...] = ()
    predecessor: int | None = None
    fingers: tuple[int | None, ...] = ()
    asking: Question | None = None
    tried: int = 0
    life: int = durable(0)

    def start(self, out: Out) -> None:
        for timer in Timer:
            if timer is not Timer.FIX_FINGERS or self.bits > 1:
                out.after(PERIOD_MS, timer)
        if not self.joined:
            self.join(out)

    def recover(self, out: Out) -> None:
        self.life += 1
        self.start(out)

    def receive(self, message: Message, source: NodeId, out: Out) -> None:
        match message:
            case Timer():
                out.after(PERIOD_MS, message)
                if self.asking is None:
                    self.wake(message, out)
            case FindSuccessor() | GetPredecessor() | GetSuccessors() | Notify() | Check():
                out.send(source, self.answer(message, identifier(source)) if self.joined else NoMember(message))
            case (
                Closer(question)
                | Successor(question)
                | Predecessor(question)
                | Successors(question)
                | Yes(question)
                | NoMember(question)
            ):
                if question == self.asking:
                    self.asking = None
                    self.hear(message, out)
            case Bounced(question):
                if question == self.asking:
                    self.asking = None
                    self.miss(question, out)
            case _:
                assert_never(message)

    def ask(self, question: Question, out: Out) -> None:
        """Make a call, and wait for its answer."""
        self.asking = question
        out.send(name(question.node), question)

    def wake(self, timer: Timer, out: Out) -> None:
        """A timer fires while no call is under way."""
        if not self.joined:
            self.join(out)
            return
        match timer:
            case Timer.STABILIZE:
                self.ask(GetPredecessor(self.successors[0], self.life), out)
            case Timer.COPY_SUCCESSORS:
                self.ask(GetSuccessors(self.successors[0], self.life), out)
            case Timer.CHECK_PREDECESSOR:
                if self.predecessor is not None:
                    self.ask(Check(self.predecessor, self.life, Why.PREDECESSOR), out)
            case Timer.FIX_FINGERS:
                start = self.identifier + 2 ** out.choose(range(1, self.bits))
                self.ask(FindSuccessor(self.identifier, self.life, start % 2**self.bits), out)
            case _:
                assert_never(timer)

    def join(self, out: Out) -> None:
        """Have a contact find the successor."""
        self.ask(FindSuccessor(self.contacts[self.tried], self.life, self.identifier), out)

    def answer(self, question: Question, caller: int) -> Answer:
        """What a call returns."""
        match question:
            case FindSuccessor(_, _, key):
                owned = key in HalfOpen(self.identifier, self.successors[0])
                return (
                    Successor(question, self.successors[0])
                    if owned
                    else Closer(question, self.closest_preceding_node(key))
                )
            case GetPredecessor():
                return Predecessor(question, self.predecessor)
            case GetSuccessors():
                return Successors(question, self.successors)
            case Notify():
                self.notify(caller)
                return Yes(question)
            case Check():
                return Yes(question)
            case _:
                assert_never(question)

    def closest_preceding_node(self, key: int) -> int:
        """The last node known to precede the key, this one if there is no other."""
        closest = self.identifier
        for node in (*self.successors, *self.fingers):
            if node is not None and node in Arc(closest, key):
                closest = node
        return closest

    def notify(self, n: int) -> None:
        """n thinks that it might be the predecessor."""
        if self.predecessor is None or n in Arc(self.predecessor, self.identifier):
            self.predecessor = n

    def hear(self, answer: Answer, out: Out) -> None:
        """A call returns."""
        match answer:
            case Closer(FindSuccessor(_, life, key), node):
                self.ask(FindSuccessor(node, life, key), out)
            case Successor(FindSuccessor(_, _, key), node):
                self.found(key, node, out)
            case Predecessor(GetPredecessor(successor), x):
                self.stabilize(successor, x, out)
            case Successors(GetSuccessors(successor), successors):
                self.successors = (successor, *successors)[: self.r]
            case Yes(Check(node, _, why)):
                self.alive(node, why, out)
            case Yes():
                pass
            case NoMember(question):
                self.miss(question, out)
            case _:
                assert_never(answer)

    def found(self, key: int, successor: int, out: Out) -> None:
        """A key's successor is known: that of the joining node, or a finger."""
        if self.joined:
            self.fix(key, successor)
        else:
            self.consider(successor, Why.JOINING, self.join_fix, out)

    def stabilize(self, successor: int, x: int | None, out: Out) -> None:
        """The successor's predecessor is x."""
        if x is None or x not in Arc(self.identifier, successor):
            self.ask(Notify(successor, self.life), out)
        else:
            self.consider(x, Why.STABILIZING, self.stabilize_fix, out)

    def consider(self, node: int, why: Why, fix: bool, out: Out) -> None:
        """Take a node as it is said to be, or, after the fix, see whether it lives."""
        if fix:
            self.ask(Check(node, self.life, why), out)
        else:
            self.alive(node, why, out)

    def alive(self, node: int, why: Why, out: Out) -> None:
        """Take a node for what it is good for; the tail of the list stays."""
        match why:
            case Why.JOINING:
                self.joined, self.successors, self.predecessor = True, (node,), None
            case Why.STABILIZING:
                self.successors = (node, *self.successors[1:])
                self.ask(Notify(node, self.life), out)
            case Why.PREDECESSOR:
                pass
            case _:
                assert_never(why)

    def fix(self, start: int, node: int) -> None:
        """Replace the finger that begins there."""
        fixed = ((start - self.identifier) % 2**self.bits).bit_length() - 1
        table = self.fingers or (None,) * self.bits
        self.fingers = (*table[:fixed], node, *table[fixed + 1 :])

    def miss(self, question: Question, out: Out) -> None:
        """Nobody is there."""
        match question:
            case FindSuccessor():
                self.tried = (self.tried + 1) % len(self.contacts)
            case GetPredecessor() | GetSuccessors() | Notify():
                self.successors = self.successors[1:] or self.successors
            case Check(_, _, Why.STABILIZING):
                self.ask(Notify(self.successors[0], self.life), out)
            case Check(_, _, Why.PREDECESSOR):
                self.predecessor = None
            case Check():
                pass
            case _:
                assert_never(question)
