"""Faults for a run: how many of which kind, and when each strikes.

All is drawn from the seed. Faults strike while the job runs, one minute or more after the one before. Within about two
rounds of stabilizing a ring mends itself, and its blocks are copied again: a store that has three copies, of which two
acknowledge a write, counts on one change at a time. What is cut may stay so beyond the next fault.
"""

from collections.abc import Iterator
from random import Random

from attrs import fields, frozen

from stackproof.checker.faults import Cut
from stackproof.checker.host import ScenarioError
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId

APART_MS, SPREAD = 90_000.0, 0.3
CUT_LEAST_MS, CUT_MOST_MS = 5_000.0, 120_000.0
LEAST = 3


@frozen
class Ordered:
    """How many of each.

    crashes     machines that go down for good
    cuts        links that carry nothing for a while, between a machine and another one, a master or a driver
    partitions  machines that are cut off from everybody for a while
    joins       machines that come
    """

    crashes: int = 0
    cuts: int = 0
    partitions: int = 0
    joins: int = 0

    @property
    def all(self) -> int:
        """How many in all."""
        return self.crashes + self.cuts + self.partitions + self.joins

    @property
    def span_ms(self) -> float:
        """How long a job should take for all of them to strike."""
        return APART_MS * (self.all + 1)


def ordered(text: str) -> Ordered:
    """The faults that `crashes=2,cuts=1,joins=1` asks for; raises ScenarioError where it makes no sense."""
    kinds, found = tuple(field.name for field in fields(Ordered)), dict[str, int]()
    for word in filter(None, (word.strip() for word in text.split(","))):
        kind, _, count = word.partition("=")
        if kind not in kinds or not count.isdecimal() or kind in found:
            there = ", ".join(kinds)
            raise ScenarioError(
                f"--faults {text}: there are {there}; write each kind once, with a number: --faults crashes=2,cuts=1"
            )
        found[kind] = int(count)
    return Ordered(**found)


def schedule(
    faults: Ordered,
    seed: int,
    machines: tuple[NodeId, ...],
    newcomers: tuple[NodeId, ...],
    everybody: tuple[NodeId, ...],
) -> list[tuple[float, Event]]:
    """What strikes when, drawn from the seed."""
    random = Random(f"faults {seed}")
    kinds = [name for name in ("crash", "cut", "partition", "join") for _ in range(of(faults, name))]
    shuffled = sorted(kinds, key=lambda _: random.random())
    standing, arriving, events = list(machines), list(newcomers), list[tuple[float, Event]]()
    for place, kind in enumerate(shuffled):
        at = APART_MS * (place + random.random() * SPREAD)
        if kind == "crash":
            events.append((at, Event("crash", node=standing.pop(int(random.random() * len(standing))))))
        elif kind == "join":
            events.append((at, Event("join", node=arriving.pop(0))))
            standing.append(str(events[-1][1].node))
        else:
            away = {*machines, *newcomers} - {*standing}
            there = tuple(name for name in everybody if name not in away)
            events += severed(kind, at, standing, there, random)
    return sorted(events, key=lambda one: one[0])


def of(faults: Ordered, name: str) -> int:
    """How many there are of a kind."""
    return int(getattr(faults, {"crash": "crashes", "cut": "cuts", "partition": "partitions", "join": "joins"}[name]))


def severed(
    kind: str, at: float, standing: list[NodeId], everybody: tuple[NodeId, ...], random: Random
) -> Iterator[tuple[float, Event]]:
    """A cut, and when it is healed."""
    one = standing[int(random.random() * len(standing))]
    others = tuple(name for name in everybody if name != one)
    there = others if kind == "partition" else (others[int(random.random() * len(others))],)
    cut = Cut((one,), there)
    yield at, Event("cut", cut=cut)
    yield at + CUT_LEAST_MS + random.random() * (CUT_MOST_MS - CUT_LEAST_MS), Event("heal", cut=cut)


def check(faults: Ordered, agents: int) -> None:
    """Raise ScenarioError where more machines crash than can be spared."""
    if agents < LEAST:
        raise ScenarioError(f"{agents} agents: let there be {LEAST} or more, each block has three copies")
    if agents - faults.crashes < LEAST:
        raise ScenarioError(
            f"{faults.crashes} crashes of {agents} machines: {LEAST} have to remain, each block has three copies; "
            f"let there be --agents {faults.crashes + LEAST} or more"
        )
