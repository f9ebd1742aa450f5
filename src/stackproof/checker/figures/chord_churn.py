"""Lookups while nodes come and go (Figure 12 of Stoica et al., SIGCOMM 2001).

A lookup fails that meets a dead node, and so does one that ends at another node than the key's successor of that
moment.
"""

from bisect import insort
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import pairwise
from math import log
from random import Random
from typing import Any

from attrs import define, field, frozen

from stackproof.checker.faults import Faults
from stackproof.checker.figures.chord_paper_nodes import Failed, OneTry, Sweeper
from stackproof.checker.figures.chord_rings import identifiers_of, settled
from stackproof.checker.figures.document import Claim, Figure, shape
from stackproof.checker.figures.plots import OURS, named, of_paper
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Constant
from stackproof.checker.simulate.simulated import Observation
from stackproof.checker.world import Event
from stackproof.reference.lookup.chord import PERIOD_MS, name
from stackproof.reference.lookup.chord_lookup import Found, LookupClient, LookupNode
from stackproof.reference.lookup.consistent_hashing import hashed, successor

BITS = 32
R = 4
LOOKUPS_PER_S = 10.0
SETTLING_MS = 120_000.0
FACTOR = 2.0
PAPER_NODES, PAPER_HOPS = 500, 5
TEXT = f"""{{nodes:,}} nodes with {R} successors each, {{minutes:g}} minutes, {{trials}} trials. Nodes join and nodes \
fail, each as often as the rate says, at times of a Poisson process. Every node stabilizes and looks all its fingers \
up every 30 s on average (15 to 45 s). The first two minutes do not count. Nothing is tried again: a lookup that meets \
a dead node fails, and so does one that ends at another node than the key's successor of that moment. The paper's \
numbers are read off its plot; its text reckons with 5 hops times the part of the nodes that failed in the last \
period. It has one lookup per second, here there are {LOOKUPS_PER_S:g}, for less noise."""
PAPER = {0.01: 0.003, 0.02: 0.01, 0.05: 0.025, 0.1: 0.065}


@define
class Churn:
    """Who is there when: made up before the run, so that it can be judged by it.

    rate   joins per second, and failures per second
    """

    trial: int
    rate: float
    end_ms: float
    members: list[int]
    random: Random = field(init=False)
    absent: list[LookupNode | LookupClient] = field(factory=list)
    changes: list[tuple[float, tuple[int, ...]]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.random = Random(self.trial)

    def happens(self) -> list[tuple[float, Event]]:
        """The schedule, and on the way who is absent at first."""
        arrivals = merge(
            self.poisson("join", self.rate),
            self.poisson("crash", self.rate),
            self.poisson("ask", LOOKUPS_PER_S),
        )
        return [(at, self.event(what, at)) for at, what in arrivals]

    def poisson(self, what: str, per_second: float) -> Iterator[tuple[float, str]]:
        """The times of one kind of event."""
        random, at = Random(f"{self.trial} {what}"), 0.0
        while at < self.end_ms:
            at -= 1000 * log(1 - random.random()) / per_second
            yield at, what

    def event(self, what: str, at: float) -> Event:
        """One event, and its part in what is true."""
        if what == "ask":
            key = int(self.random.random() * 2**BITS)
            self.absent.append(OneTry(f"c{len(self.absent)}", (self.anybody(),), (key,), recursive=False))
            return Event("join", node=self.absent[-1].id)
        if what == "crash":
            member = self.anybody()
            self.members.remove(member)
        else:
            member = hashed(f"newcomer {self.trial} {len(self.absent)}", BITS)
            contacts = tuple(self.anybody() for _ in range(3))
            self.absent.append(Sweeper(id=name(member), identifier=member, r=R, contacts=contacts, bits=BITS))
            insort(self.members, member)
        self.changes.append((at, tuple(self.members)))
        return Event(what, node=name(member))

    def anybody(self) -> int:
        """A member at random."""
        return self.members[int(self.random.random() * len(self.members))]


@frozen
class Churned:
    """What became of the lookups at one rate: which part met a dead node, which ended elsewhere."""

    rate: float
    lookups: int
    dead: float
    wrong: float
    hops: float

    @property
    def failed(self) -> float:
        """Both."""
        return self.dead + self.wrong


def under_churn(nodes: int, rate: float, seconds: float, trials: int) -> Churned:
    """Let nodes join and fail, each at a rate per second, and look keys up meanwhile."""
    tally = Tally()
    for trial in range(trials):
        ring = identifiers_of(nodes, trial, BITS)
        churn = Churn(trial, rate, 1000 * seconds, list(ring))
        schedule = churn.happens()
        scenario = Scenario(
            nodes=tuple(settled(ring, R, BITS, Sweeper)), absent=tuple(churn.absent), faults=Faults(detection=True)
        )
        run = simulate(
            scenario, seed=trial, until_ms=1000 * seconds, latency=Constant(10), jitter=0.5, schedule=schedule
        )
        if run.raised is not None:
            raise AssertionError(run.raised)
        tally.judge(run.observations, [(0.0, ring), *churn.changes])
    return tally.over(rate)


@define
class Tally:
    """Lookups so far, those of the first two minutes left out."""

    right: int = 0
    dead: int = 0
    wrong: int = 0
    hops: int = 0

    def judge(self, observations: Sequence[Observation], changes: Sequence[tuple[float, tuple[int, ...]]]) -> None:
        """Count how they ended, by the members of that moment."""
        place = 0
        for at_ms, _, event in observations:
            while place + 1 < len(changes) and changes[place + 1][0] <= at_ms:
                place += 1
            if at_ms < SETTLING_MS:
                continue
            if isinstance(event, Failed):
                self.dead += 1
            elif isinstance(event, Found):
                right = event.owner == successor(changes[place][1], event.key)
                self.right, self.wrong = self.right + right, self.wrong + (not right)
                self.hops += len(event.path) - 1

    def over(self, rate: float) -> Churned:
        """The parts."""
        found = self.right + self.wrong
        every = found + self.dead
        return Churned(rate, every, self.dead / every, self.wrong / every, self.hops / found)


def figure_12(nodes: int, rates: Sequence[float], seconds: float, trials: int) -> Figure:
    """Failed lookups against the rate at which nodes join, and at which they fail."""
    found = [under_churn(nodes, rate, seconds, trials) for rate in rates]
    return Figure(
        name="chord-churn",
        title="Lookups while nodes come and go",
        source="Figure 12",
        text=TEXT.format(nodes=nodes, minutes=seconds / 60, trials=trials),
        columns=(
            "joins/s = failures/s",
            "lookups",
            "paper",
            "failed",
            "met a dead node",
            "ended elsewhere",
            "path length",
        ),
        rows=tuple(row(one) for one in found),
        claims=tuple(claims(nodes, found)),
        draw=lambda axes: draw_12(axes, found),
    )


def claims(nodes: int, found: Sequence[Churned]) -> Iterator[Claim]:
    """The shape of the curve; and, in a ring of the paper's size, how high it is."""
    rising = all(one.failed < other.failed for one, other in pairwise(found))
    yield shape("more failures where more nodes come and go", "rising", "rising" if rising else "not", rising)
    if nodes != PAPER_NODES:
        return
    factors = [one.failed / PAPER[one.rate] for one in found if one.rate in PAPER]
    seen, near = f"{min(factors):.2f} to {max(factors):.2f}", 1 / FACTOR <= min(factors) <= max(factors) <= FACTOR
    yield shape("failed, as a multiple of what is read off the plot", "1", seen, near, f"factor {FACTOR:g}")
    for one in found:
        estimate = PAPER_HOPS * one.rate * PERIOD_MS / 1000 / PAPER_NODES
        if one.rate == max(PAPER):
            said = f"{estimate:.3f}, and slightly worse"
            worse = estimate <= one.failed <= FACTOR * estimate
            yield shape(f"failed at {one.rate:g}/s, beside the estimate in the text", said, f"{one.failed:.3f}", worse)


def row(one: Churned) -> tuple[str, ...]:
    """One rate."""
    paper = f"{PAPER[one.rate]:g}" if one.rate in PAPER else ""
    shown = (f"{one.failed:.4f}", f"{one.dead:.4f}", f"{one.wrong:.4f}", f"{one.hops:.2f}")
    return (f"{one.rate:g}", f"{one.lookups:,}", paper, *shown)


def draw_12(axes: Any, found: Sequence[Churned]) -> None:
    """Two curves."""
    of_paper(axes, list(PAPER), list(PAPER.values()), "paper, read off the plot", "s--")
    rates = [one.rate for one in found]
    axes.plot(rates, [one.failed for one in found], "o-", color=OURS, ms=6, label="here: failed")
    axes.plot(rates, [one.dead for one in found], ":", color=OURS, lw=1.6, label="here: met a dead node")
    axes.set_ylim(bottom=0)
    named(axes, "joins per second = failures per second", "part of the lookups that failed", "upper left")
