"""What the nodes of a block store say to each other, and what a coordinator knows of a request under way."""

from typing import TypeAlias

from attrs import evolve, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.lookup.chord_lookup import Lookup
from stackproof.reference.lookup.chord_storage import Item, NotMine, Stored
from stackproof.reference.storage.blocks import Reply, Request


@frozen
class Quorum:
    """How many hold a block, how many acknowledge its writing, and how many make its absence sure."""

    n: int
    w: int
    r: int


@frozen
class Query:
    """Coordinator to holder: what do you hold? `number` is that of the operation."""

    number: int
    key: int


@frozen
class Answer:
    """Holder to coordinator: this, or nothing; or nothing just now, for its own copy has decayed."""

    number: int
    item: Item | None
    decayed: bool = False


@frozen
class Decay:
    """What a bad disk does to the copy that a node holds; nobody notices."""

    key: int


@frozen
class Overdue:
    """A timer: this operation takes too long."""

    number: int


@frozen
class Began:
    """What a monitor sees: a coordinator took up a request, and numbered it."""

    number: int
    request: Request


@frozen
class Ended:
    """What a monitor sees: the answer to it."""

    number: int
    reply: Reply


@frozen
class Restore:
    """A node's own request, where its copy has decayed: read this block, to hold it again."""

    key: int


@frozen
class Operation:
    """A request under way: looked up until some are `asked`, and at rest when there is nobody to wait for.

    asked    those that were asked and have not answered
    lacking  those that said that they hold no copy
    """

    number: int
    request: Request | Restore
    client: NodeId
    lookup: Lookup
    asked: frozenset[int] = frozenset()
    lacking: frozenset[int] = frozenset()

    @property
    def key(self) -> int:
        """The key of the block."""
        return self.request.key

    @property
    def rests(self) -> bool:
        """Whether nothing will happen unless it is taken up again."""
        return not self.asked and not self.lookup.path

    def on_its_way_by(self, node: int) -> bool:
        """Whether this node was asked for the way, and has not answered."""
        return not self.asked and self.lookup.path[-1:] == (node,)

    def without(self, node: int) -> "Operation":
        """One fewer to wait for; it rests when there is nobody left."""
        asked = self.asked - {node}
        return evolve(self, asked=asked) if asked else self.anew()

    def anew(self, dead: tuple[int, ...] = ()) -> "Operation":
        """From the beginning, with what is known of the dead."""
        return evolve(self, lookup=Lookup(self.key, (), dead), asked=frozenset())


ToHolder: TypeAlias = Query | Decay
ToCoordinator: TypeAlias = Request | Answer | Stored | NotMine | Overdue
BlockMessage: TypeAlias = ToHolder | ToCoordinator
