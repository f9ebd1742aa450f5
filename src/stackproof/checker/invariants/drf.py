"""What an allocator by dominant resource fairness promises, judged from what it was seen to do.

Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, section 4. The monitor `Ledger` keeps books of its own from what
the allocator observes, and judges every decision when it is made; `nothing_is_overcommitted` asks the users themselves.
"""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any

from attrs import evolve, frozen

from stackproof.checker.invariants import fairness
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.drf import Account, Cluster, Vector, less, times, words
from stackproof.reference.scheduling.drf_allocator import (
    Came,
    Deal,
    Launch,
    Returned,
    Served,
    TaskRunner,
    Went,
)


@frozen(cache_hash=True)
class Ledger:
    """What was granted so far.

    entries   those who came, in the order in which a tie is broken: who came or was served longest ago is first
    at_once   everybody came before the first task was granted, and nothing was returned since
    unfair    what is to be said against a decision
    unturned  what is to be said against how a tie was broken
    """

    capacities: Vector
    entries: tuple[Account, ...] = ()
    at_once: bool = True
    unfair: str = ""
    unturned: str = ""

    def observe(self, node: NodeId, event: Any) -> "Ledger":
        """The ledger after something that the allocator was seen to do."""
        match event:
            case Came(user, tasks):
                return self.disturbed().with_last(Account(user, wanted=tasks))
            case Served(name):
                return self.served(name)
            case Returned(name):
                entries = tuple(one.returned() if one.user.name == name else one for one in self.entries)
                return evolve(self.disturbed(), entries=entries)
            case Went(name):
                return evolve(self.disturbed(), entries=self.but(name))
            case _:
                return self

    def served(self, name: NodeId) -> "Ledger":
        """The ledger with one more task granted, and what there is to be said against it."""
        for one in self.entries:
            if one.user.name == name:
                return self.judged(one).with_last(one.served())
        return evolve(self, unfair=self.unfair or f"{name} was served, and nobody knows it")

    def but(self, name: NodeId) -> tuple[Account, ...]:
        """The entries of all users but one."""
        return tuple(one for one in self.entries if one.user.name != name)

    def with_last(self, entry: Account) -> "Ledger":
        """The ledger with this entry of a user, whose turn is the last."""
        return evolve(self, entries=(*self.but(entry.user.name), entry))

    def disturbed(self) -> "Ledger":
        """The ledger when somebody comes or something is returned."""
        return evolve(self, at_once=self.at_once and not any(one.running for one in self.entries))

    @cached_property
    def left(self) -> Vector:
        """What nobody was granted."""
        return less(self.capacities, (times(one.running, one.user.demand) for one in self.entries))

    @cached_property
    def able(self) -> tuple[Account, ...]:
        """Those who want another task, for which there is enough left."""
        return tuple(one for one in self.entries if one.waits and fairness.worth(one.user, self.left) >= 1)

    def share(self, entry: Account) -> Fraction:
        """The weighted dominant share, by its definition."""
        held = times(entry.running, entry.user.demand)
        return max(u / r / entry.user.weight(j) for j, (u, r) in enumerate(zip(held, self.capacities, strict=True)))

    def judged(self, entry: Account) -> "Ledger":
        """The ledger with what is to be said against serving this user now."""
        unfair = self.unfair or "; ".join(self.against(entry))
        return evolve(self, unfair=unfair, unturned=self.unturned or "; ".join(self.before(entry)))

    def against(self, entry: Account) -> Iterator[str]:
        """Why this user should not be served now."""
        name, share = entry.user.name, self.share(entry)
        if entry not in self.able:
            yield f"{name} was served, and did not wait for what there was"
        for one in self.able:
            if self.share(one) < share:
                yield f"{name} was served at {share}, and {one.user.name} waited at {self.share(one)}"

    def before(self, entry: Account) -> Iterator[str]:
        """Who should be served before this user at the same share."""
        share = self.share(entry)
        for one in self.entries[: self.entries.index(entry)]:
            if one in self.able and self.share(one) == share:
                yield f"{entry.user.name} was served at {share}, and {one.user.name} has waited longer at it"

    @property
    def cluster(self) -> Cluster:
        """The cluster and everybody in it."""
        return Cluster(self.capacities, tuple(one.user for one in self.entries))


def ledger(world: World) -> Ledger:
    """What was granted so far."""
    seen: Ledger = world.monitors["ledger"]
    return seen


def dealing_is_over(world: World) -> bool:
    """No round is about to begin."""
    return not any(isinstance(timer, Deal) for armed in world.timers.values() for timer in armed)


def nothing_is_overcommitted(world: World) -> Iterator[str]:
    """The tasks that run, and those that are about to, need no more of a resource than there is."""
    runners = {name: node for name in world.up if isinstance(node := world.nodes[name], TaskRunner)}
    launched = Counter(envelope.target for envelope in world.sent(Launch))
    users = tuple(node.user for node in runners.values())
    cluster = Cluster(ledger(world).capacities, users)
    yield from fairness.feasibility(
        cluster, cluster.given([node.running + launched[name] for name, node in runners.items()])
    )


def drf_order(world: World) -> Iterator[str]:
    """Of those who wait for a task that fits, one with the least weighted dominant share was served each time."""
    if ledger(world).unfair:
        yield ledger(world).unfair


def ties_take_turns(world: World) -> Iterator[str]:
    """Of those with the same share, the one who was served or came longest ago was served each time."""
    if ledger(world).unturned:
        yield ledger(world).unturned


def pareto_efficiency(world: World) -> Iterator[str]:
    """When dealing is over, nobody waits for a task that fits."""
    if dealing_is_over(world):
        for one in ledger(world).able:
            yield f"{one.user.name} waits, and {words(ledger(world).left)} is left"


def sharing_incentive(world: World) -> Iterator[str]:
    """When dealing to users who came at once is over, nobody who waits is a task or more short of its part."""
    seen = ledger(world)
    if seen.at_once and dealing_is_over(world):
        for one in seen.entries:
            if one.waits:
                yield from fairness.a_task_short(seen.cluster, one.user, times(one.running, one.user.demand))


def the_books_are_right(world: World) -> bool:
    """What was granted is what runs, and nobody who is down is in the books."""
    running = {name: node.running for name in world.up if isinstance(node := world.nodes[name], TaskRunner)}
    return {one.user.name: one.running for one in ledger(world).entries} == running


def everybody_runs_a_task(world: World) -> bool:
    """Every user runs a task at the same time."""
    return all(node.running for node in world.nodes.values() if isinstance(node, TaskRunner))


def nothing_more_fits(world: World) -> bool:
    """Nobody waits for a task that fits, and somebody waits."""
    seen = ledger(world)
    return any(one.waits for one in seen.entries) and not seen.able


def those_who_came_at_once_are_dealt_to(world: World) -> bool:
    """All users came before the first task was granted, and dealing is over."""
    users = sum(isinstance(node, TaskRunner) for node in world.nodes.values())
    return ledger(world).at_once and len(ledger(world).entries) == users and dealing_is_over(world)
