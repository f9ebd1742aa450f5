"""Fault plans: budgets for exploration and search, and for simulation faults that strike at times laid down."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import define, field
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from stackproof.checker.faults import BUDGETS, TURNS, Cut, Faults
from stackproof.checker.host import Status
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId

Rule: TypeAlias = Callable[[Any, Any], bool]
Schedule: TypeAlias = tuple[tuple[float, Event], ...]
HAPPENS = ("crash", "pause", "cut", "join", "leave")
UNDONE = {"crash": "restart", "pause": "resume", "cut": "heal"}
LEADS_TO = {
    "crash": Status.DOWN,
    "pause": Status.PAUSED,
    "leave": Status.LEFT,
    "restart": Status.UP,
    "resume": Status.UP,
    "join": Status.UP,
}


@st.composite
def faults(
    draw: DrawFn,
    nodes: Sequence[NodeId] = (),
    most: int = 1,
    kinds: Sequence[str] = BUDGETS,
    at_once: int = 4,
    rules: Sequence[Rule] = (),
) -> Faults:
    """Budgets: of up to `at_once` different `kinds` of fault, `most` of each; of each other kind none.

    Victims are some of the `nodes`, or anybody. Of the `rules`, which are functions of a world and an event, one may
    be kept. Where restarts are drawn they are fewer than `most`; elsewhere they are free. Shrinks to no faults.
    """
    drawn = draw(st.dictionaries(st.sampled_from(kinds), st.integers(1, most), max_size=min(at_once, len(kinds))))
    counts: dict[str, Any] = {kind: count - (kind == "restarts") for kind, count in drawn.items()}
    chosen = st.sets(st.sampled_from(nodes), min_size=1).map(lambda some: tuple(sorted(some))) if nodes else st.none()
    return Faults(
        **counts,
        detection=draw(st.booleans()),
        victims=draw(st.none() | chosen),
        may=draw(st.sampled_from((None, *rules))),
    )


@st.composite
def cuts(draw: DrawFn, nodes: Sequence[NodeId] = ("n0", "n1", "n2")) -> Cut:
    """A link cut in both directions, or in one, or all links between two parts of two nodes or more.

    Shrinks to the link between the first two.
    """
    shape = draw(st.sampled_from(("link", "direction", "partition")))
    if shape == "partition":
        here = {nodes[0], *draw(st.sets(st.sampled_from(nodes[1:]), max_size=len(nodes) - 2))}
        return Cut(tuple(n for n in nodes if n in here), tuple(n for n in nodes if n not in here))
    place = draw(st.integers(0, len(nodes) - 2))
    other = draw(st.integers(place + 1, len(nodes) - 1))
    if shape == "direction" and draw(st.booleans()):
        place, other = other, place
    return Cut((nodes[place],), (nodes[other],), one_way=shape == "direction")


@define
class Standing:
    """Where each node stands while a schedule is made, and what is cut."""

    status: dict[NodeId, Status]
    cuts: list[Cut] = field(factory=list)

    def possible(self, kinds: Collection[str], victims: Collection[NodeId]) -> Iterator[Event]:
        """What can happen to nodes now, and which cuts can heal; repairs come first."""
        yield from (one for one in self.repairs() if one.cut or one.name in [UNDONE.get(kind) for kind in kinds])
        for turn in TURNS:
            for node, status in self.status.items():
                spared = turn.harms and node not in victims
                if turn.name in kinds and status in turn.when and not spared:
                    yield Event(turn.name, node=node)

    def take(self, event: Event) -> None:
        """Let it happen."""
        if event.cut is None:
            self.status[event.node or ""] = LEADS_TO[event.name]
        elif event.name == "cut":
            self.cuts.append(event.cut)
        else:
            self.cuts.remove(event.cut)

    def repairs(self) -> Iterator[Event]:
        """What makes everything whole again: all cuts healed, all who crashed or paused up."""
        yield from (Event("heal", cut=cut) for cut in self.cuts)
        for turn in TURNS:
            if turn.name in UNDONE.values():
                yield from (Event(turn.name, node=node) for node, one in self.status.items() if one in turn.when)


@st.composite
def fault_schedules(
    draw: DrawFn,
    nodes: Sequence[NodeId],
    absent: Sequence[NodeId] = (),
    kinds: Collection[str] = HAPPENS,
    victims: Collection[NodeId] | None = None,
    most: int = 6,
    until_ms: int = 60_000,
    repaired: bool = True,
) -> Schedule:
    """Faults for `simulate(..., schedule=...)`: up to `most` pairs of a time in ms and an event, in order of time.

    Only what can happen is drawn: nobody restarts who has not crashed. Those of `kinds` happen, and what undoes them;
    only `victims` are hit (None: any of the nodes). `repaired`: at `until_ms` everything still down, paused or cut is
    restarted, resumed and healed, beyond `most`. Shrinks to none, then to early crashes of the first node.
    """
    standing = Standing(dict.fromkeys(nodes, Status.UP) | dict.fromkeys(absent, Status.ABSENT))
    hit, now, schedule = {*standing.status} if victims is None else victims, 0, list[tuple[float, Event]]()
    for pause in draw(st.lists(st.integers(0, until_ms // max(most, 1)), max_size=most)):
        choices: list[Event | None] = [*standing.possible(kinds, hit)]
        choices += [None] if "cut" in kinds and len(nodes) > 1 else []
        if not choices:
            break
        chosen = draw(st.sampled_from(choices))
        event = Event("cut", cut=draw(cuts(nodes))) if chosen is None else chosen
        standing.take(event)
        now += pause
        schedule.append((float(now), event))
    repairs = [(float(until_ms), event) for event in standing.repairs()] if repaired else []
    return (*schedule, *repairs)
