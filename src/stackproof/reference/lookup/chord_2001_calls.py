"""The remote calls of Chord as published, each a question and its answer.

Stoica et al., SIGCOMM 2001, figures 4 and 7; `chord_2001.py` has the procedures. A question says to which node it is
put and in which life of the asker, so that its answer is known from an earlier one's.
"""

from enum import Enum
from typing import TypeAlias

from attrs import frozen


class Why(Enum):
    """What becomes of a node that turns out to live."""

    JOINING = "the successor of a new node"
    STABILIZING = "a better successor"
    PREDECESSOR = "the predecessor that it was"


@frozen
class FindSuccessor:
    """A question: whose is this key, or who is closer to it?"""

    node: int
    life: int
    key: int


@frozen
class GetPredecessor:
    """A question to the successor: who is your predecessor?"""

    node: int
    life: int


@frozen
class GetSuccessors:
    """A question to the successor: who are your successors?"""

    node: int
    life: int


@frozen
class Notify:
    """To the successor: I might be your predecessor."""

    node: int
    life: int


@frozen
class Check:
    """A question to anybody: are you there?"""

    node: int
    life: int
    why: Why


Question: TypeAlias = FindSuccessor | GetPredecessor | GetSuccessors | Notify | Check


@frozen
class Closer:
    """An answer: ask that node."""

    question: FindSuccessor
    node: int


@frozen
class Successor:
    """An answer: that node's."""

    question: FindSuccessor
    node: int


@frozen
class Predecessor:
    """An answer: that node."""

    question: GetPredecessor
    node: int | None


@frozen
class Successors:
    """An answer: these."""

    question: GetSuccessors
    successors: tuple[int, ...]


@frozen
class Yes:
    """An answer."""

    question: Notify | Check


@frozen
class NoMember:
    """An answer to any question: I am not in the ring."""

    question: Question


Answer: TypeAlias = Closer | Successor | Predecessor | Successors | Yes | NoMember
