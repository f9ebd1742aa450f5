"""A run over virtual time: one heap of what is to happen, and the nodes that it happens to.

Nothing is copied from step to step: each node is one object that changes, and what a step says takes effect at once,
since the run itself is the `out` of every step. That keeps large runs cheap, and is what a single run can afford.

The heap is ordered by (time, number), numbers are given in the order of causes, and all chance comes from one `Random`,
of which only `random()` is called. So a run depends on the scenario, the options and the seed, and on nothing else.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any

from attrs import define, field

from stackproof.checker.faults import Cut
from stackproof.checker.host import ScenarioError, Status, begin, told
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate.place import Counts, Delay, Happening, Place, Recorder, kind_of, severs
from stackproof.checker.simulate.scheduled import carry_out
from stackproof.checker.world import Event
from stackproof.reference.actor import Bounced, NodeId, Out, Value

FEW = 10_000


@define(eq=False, kw_only=True)
class Run(Out):
    """One run: its nodes, its heap, its clock (`now`, in ms). What `Out` collects stays empty here.

    travel     how long a message takes
    loss       the probability that a message to another node never arrives
    jitter     the delay of a timer is multiplied by a number between 1 - jitter and 1 + jitter
    detection  how long until the sender hears that its target was not there; None: it never does
    record     is told what the nodes observe, and when
    schedule   what happens to them from outside, in order of time
    """

    scenario: Scenario
    random: Random
    travel: Delay
    loss: float
    jitter: float
    detection: Delay | None
    record: Recorder
    schedule: Iterator[tuple[float, Event]]
    now: float = 0.0
    number: int = 0
    over: bool = False
    stale: int = 0
    counts: Counts = field(factory=Counts)
    heap: list[tuple[float, int, Happening, Place, Any, Any]] = field(factory=list)
    cuts: list[Cut] = field(factory=list)
    severed: list[tuple[Place, NodeId, Any]] = field(factory=list)
    last: dict[tuple[NodeId, NodeId], float] = field(factory=dict)
    places: dict[NodeId, Place] = field(init=False)
    actor: Place = field(init=False)
    ledgers: dict[str, Any] = field(init=False)
    queues: bool = field(init=False)
    arrival: Happening = field(init=False)
    alarm: Happening = field(init=False)
    rebound: Happening = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pick = lambda options: int(self.random.random() * options)
        self.arrival, self.alarm, self.rebound = self.arrive, self.fire, self.come_back
        self.ledgers = dict(self.scenario.monitors)
        self.queues = self.scenario.network not in (Network.UNORDERED, Network.REPEATING)
        everybody = (*self.scenario.nodes, *self.scenario.absent)
        self.places = {node.id: Place(node.id, copy(node)) for node in everybody}
        self.actor = self.places[everybody[0].id]
        for node in self.scenario.nodes:
            self.come_up(self.places[node.id], begin)
        self.await_next()

    def stretch(self, events: int, until_ms: float) -> bool:
        """Let up to so many events happen, none later than `until_ms`; whether there may be more."""
        heap = self.heap
        for _ in range(events):
            if self.over or not heap or heap[0][0] > until_ms:
                return False
            self.now, _, happen, place, source, message = heappop(heap)
            happen(place, source, message)
        return True

    def push(self, at: float, happen: Happening, place: Place, source: Any, message: Any) -> int:
        """Put something on the heap; returns its number."""
        self.number += 1
        heappush(self.heap, (at, self.number, happen, place, source, message))
        return self.number

    # What a step may say.

    def send(self, target: NodeId, message: Any) -> None:
        """Put a message in flight; one to oneself takes no time."""
        here, at = self.actor, self.now
        place = self.places.get(target) or self.place_of(target, message)
        self.counts.sent += 1
        if place is not here:
            if self.loss and self.random.random() < self.loss:
                self.counts.dropped += 1
                return
            at += self.travel(here.name, target, message)
            if self.queues:
                at = self.in_turn(here.name, target, at)
        self.number += 1
        heappush(self.heap, (at, self.number, self.arrival, place, here.name, message))

    def after(self, delay_ms: float, message: Any) -> None:
        """Arm a timer; raises ScenarioError for a delay that is negative or no number."""
        if not delay_ms >= 0:
            raise ScenarioError(f"{self.actor.name!r} armed {message!r} to fire in {delay_ms} ms: let it be 0 or more")
        if self.jitter:
            delay_ms *= 1 + self.jitter * (2 * self.random.random() - 1)
        timers, armed = self.actor.timers, len(self.actor.timers)
        timers[message] = self.push(self.now + delay_ms, self.alarm, self.actor, self.number + 1, message)
        self.stale += len(timers) == armed
        if self.stale > FEW and self.stale > len(self.heap) // 2:
            self.clear_out()

    def cancel(self, message: Any) -> None:
        """Disarm a timer; its alarm stays on the heap, and finds that it is stale."""
        self.stale += self.actor.timers.pop(message, None) is not None

    def choose(self, options: Iterable[Value]) -> Value:
        """Draw one of the options."""
        drawn = super().choose(options)
        self.chosen.clear()
        return drawn

    def observe(self, event: Any) -> None:
        """Tell the recorder and the monitors."""
        self.record(self.now, self.actor.name, event)
        for name, ledger in self.ledgers.items():
            self.ledgers[name] = self.scenario.noted(ledger, self.actor.name, event)

    # What happens.

    def arrive(self, place: Place, source: NodeId, message: Any) -> None:
        """A message reaches its target, if it is there and the link is whole."""
        if (place.status is not Status.UP or self.cuts) and self.held_up(place, source, message):
            return
        self.counts.delivered += 1
        self.step(place, message, source)

    def fire(self, place: Place, number: int, message: Any) -> None:
        """An alarm goes off, unless its timer was disarmed or armed again."""
        if place.timers.get(message) != number:
            self.stale -= 1
        elif place.status is Status.PAUSED:
            place.waiting.append((self.alarm, number, message))
        else:
            del place.timers[message]
            self.counts.fired += 1
            self.step(place, message, place.name)

    def come_back(self, place: Place, target: NodeId, message: Any) -> None:
        """The sender of a message learns that its target was not there."""
        if place.status is Status.PAUSED:
            place.waiting.append((self.rebound, target, message))
        elif place.status is Status.UP:
            self.counts.bounced += 1
            self.step(place, Bounced(message), target)

    def held_up(self, place: Place, source: NodeId, message: Any) -> bool:
        """Whether a message cannot be handed over: it waits for a link or a node, or it is lost and may bounce."""
        if any(severs(cut, source, place.name) for cut in self.cuts):
            self.severed.append((place, source, message))
        elif place.status is Status.PAUSED:
            place.waiting.append((self.arrival, source, message))
        elif place.status is not Status.UP:
            self.counts.unreachable += 1
            if self.detection is not None and source in self.places:
                at = self.now + self.detection(source, place.name, message)
                self.push(at, self.rebound, self.places[source], place.name, message)
        else:
            return False
        return True

    def step(self, place: Place, message: Any, source: NodeId) -> None:
        """A node receives a message; the run ends where that raises an exception."""
        self.actor = place
        try:
            place.node.receive(message, source, self)
        except ScenarioError:
            raise
        except Exception as error:
            self.stop_at(place, error)

    def come_up(self, place: Place, say: Callable[[Any, Out], None]) -> None:
        """A node starts or comes back."""
        place.status, self.actor = Status.UP, place
        try:
            say(place.node, self)
        except ScenarioError:
            raise
        except Exception as error:
            self.stop_at(place, error)

    def stop_at(self, place: Place, error: Exception) -> None:
        """The run is over: a handler raised an exception."""
        place.status, place.error, self.over = Status.RAISED, told(error), True

    def await_next(self) -> None:
        """Put the next event of the schedule on the heap."""
        for at, event in self.schedule:
            if not at >= self.now:
                raise ScenarioError(f"the schedule goes back from {self.now:g} ms to {at:g} ms")
            self.push(at, self.turn, self.actor, None, event)
            return

    def turn(self, _: Place, __: None, event: Event) -> None:
        """Something happens from outside."""
        self.counts.scheduled += 1
        carry_out(self, event)
        self.await_next()

    # How it is looked up.

    def place_of(self, target: NodeId | None, message: Any) -> Place:
        """The place of a node; raises ScenarioError where there is none."""
        try:
            return self.places[target]  # type: ignore[index]
        except KeyError:
            raise ScenarioError(f"{self.actor.name!r} sent {message!r} to {target!r}, which is no node here") from None

    def in_turn(self, source: NodeId, target: NodeId, at: float) -> float:
        """When a message arrives: on a FIFO link not before those sent earlier."""
        if kind_of(self.scenario, source, target) is not Network.FIFO:
            return at
        at = self.last[source, target] = max(at, self.last.get((source, target), 0.0))
        return at

    def clear_out(self) -> None:
        """Take the alarms of disarmed timers off the heap."""
        self.heap[:] = [one for one in self.heap if one[2] is not self.alarm or one[3].timers.get(one[5]) == one[4]]
        heapify(self.heap)
        self.stale = 0
