"""What may go wrong, and how often.

`Faults` is a budget: a scenario grants one, and a world carries what is left of it. Restarting a node that crashed,
resuming one that was paused and healing a cut are not faults and cost nothing (`restarts=0` makes crashes final).
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import combinations, permutations
from typing import Any

from attrs import evolve, field, frozen
from attrs.converters import optional

from stackproof.checker.host import Status
from stackproof.reference.actor import NodeId


@frozen
class Faults:
    """How many of each fault may still strike.

    drops, duplicates    messages lost, messages doubled
    crashes, restarts    nodes going down; nodes coming back (None: every one may)
    detection            a message to a node that is not there bounces to its sender as `Bounced(message)`
    suspicions           with detection: messages that bounce although their target lives (they stay in flight, too)
    cuts, one_way_cuts   links cut in both directions, in one
    partitions           cuts of all links between two sets of nodes
    pauses               nodes that stop taking steps until they resume
    joins, leaves        churn: absent nodes starting, nodes leaving for good
    victims              the nodes that crash, pause and leave (None: any)
    may                  a rule over the world and the event: crash, pause, join and leave happen only where it is true
    """

    drops: int = 0
    duplicates: int = 0
    crashes: int = 0
    restarts: int | None = None
    detection: bool = False
    suspicions: int = 0
    cuts: int = 0
    one_way_cuts: int = 0
    partitions: int = 0
    pauses: int = 0
    joins: int = 0
    leaves: int = 0
    victims: tuple[NodeId, ...] | None = field(default=None, converter=optional(tuple[NodeId, ...]))
    may: Callable[[Any, Any], bool] | None = None

    def allow(self, fault: str) -> bool:
        """Whether one more `fault` (the name of a budget) may strike."""
        left: int | None = getattr(self, fault)
        return left is None or left > 0

    def less(self, fault: str) -> "Faults":
        """The budget after one `fault`."""
        left: int | None = getattr(self, fault)
        changes: dict[str, Any] = {} if left is None else {fault: left - 1}
        return evolve(self, **changes)

    def budget(self) -> dict[str, int | None]:
        """How many of each fault are left, by name."""
        return {name: getattr(self, name) for name in BUDGETS}

    def affords(self, turn: "Turn", node: NodeId) -> bool:
        """Whether `turn` may happen to `node` as far as the budget goes."""
        spared = turn.harms and self.victims is not None and node not in self.victims
        return not spared and (turn.budget is None or self.allow(turn.budget))

    def permits(self, turn: "Turn", world: Any, event: Any) -> bool:
        """Whether `turn` may happen in `world`: the budget affords it, and the rule `may` has nothing against it."""
        unruled = self.may is None or not turn.ruled
        return self.affords(turn, event.node) and (unruled or bool(self.may(world, event)))  # type: ignore[misc]


BUDGETS = (
    "drops",
    "duplicates",
    "crashes",
    "restarts",
    "suspicions",
    "cuts",
    "one_way_cuts",
    "partitions",
    "pauses",
    "joins",
    "leaves",
)


@frozen(order=True, cache_hash=True)
class Cut:
    """Links that carry nothing: from every node of `here` to every node of `there`, and back unless one-way."""

    here: tuple[NodeId, ...]
    there: tuple[NodeId, ...]
    one_way: bool = False

    @cached_property
    def pairs(self) -> frozenset[tuple[NodeId, NodeId]]:
        """The ordered pairs (source, target) between which nothing is delivered."""
        onward = frozenset((a, b) for a in self.here for b in self.there)
        return onward if self.one_way else onward | {(b, a) for a, b in onward}


def links(nodes: tuple[NodeId, ...]) -> Iterator[Cut]:
    """Every single link, both directions."""
    return (Cut((a,), (b,)) for a, b in combinations(nodes, 2))


def directions(nodes: tuple[NodeId, ...]) -> Iterator[Cut]:
    """Every single direction of a link."""
    return (Cut((a,), (b,), one_way=True) for a, b in permutations(nodes, 2))


def partitions(nodes: tuple[NodeId, ...]) -> Iterator[Cut]:
    """Every way to divide the nodes in two; the first node is always here."""
    first, *others = nodes
    for size in range(len(others)):
        for beside in combinations(others, size):
            here = (first, *beside)
            yield Cut(here, tuple(node for node in nodes if node not in here))


CUTS: dict[str, Callable[[tuple[NodeId, ...]], Iterator[Cut]]] = {
    "cuts": links,
    "one_way_cuts": directions,
    "partitions": partitions,
}


def new_cuts(nodes: tuple[NodeId, ...], left: Faults, cuts: tuple[Cut, ...]) -> Iterator[tuple[Cut, Faults]]:
    """The cuts that the budget still allows and that cut something whole, each with the budget after it."""
    severed = frozenset().union(*(cut.pairs for cut in cuts))
    for fault, shapes in CUTS.items():
        if left.allow(fault):
            yield from ((cut, left.less(fault)) for cut in shapes(nodes) if not cut.pairs <= severed)


@frozen
class Turn:
    """Something that can happen to one node: from which status, at the cost of which budget.

    `harms`: only `Faults.victims` are hit. `ruled`: the rule `Faults.may` is asked first.
    """

    name: str
    when: tuple[Status, ...]
    budget: str | None = None
    harms: bool = False
    ruled: bool = False


TURNS = (
    Turn("crash", (Status.UP, Status.PAUSED), "crashes", harms=True, ruled=True),
    Turn("restart", (Status.DOWN,), "restarts"),
    Turn("pause", (Status.UP,), "pauses", harms=True, ruled=True),
    Turn("resume", (Status.PAUSED,)),
    Turn("join", (Status.ABSENT,), "joins", ruled=True),
    Turn("leave", (Status.UP,), "leaves", harms=True, ruled=True),
)
