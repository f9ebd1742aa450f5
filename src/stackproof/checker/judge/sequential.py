"""Is there an order of the calls that keeps each process's own, and that a sequential object could have gone through?

Lamport, "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess Programs", IEEE Trans. Computers
C-28(9), 1979: sequential consistency. Real time between processes does not count: a read may be as late as it likes,
and may even see what is written after it. So the beginning of a history may have no order though the whole has one, and
the keys of a map cannot be judged each for itself: the map is one object here.

The search is depth-first, never twice from the same calls taken and state. A call that changes nothing is taken as soon
as what it returned is so; the others in the order in which they ended; and a value of a register does not go while
somebody has still to see it whom nobody can show it again. A call that was never answered may be taken at any time
after those that its process had completed, or never. To decide this is NP-complete (Gibbons and Korach, "Testing Shared
Memories", SIAM J. Comput. 26(4), 1997), even where no value is written twice.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import define, evolve, field

from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import REFUSED, Model, Step
from stackproof.checker.judge.regular import ended
from stackproof.checker.judge.values import READS, WRITES, brought, seen

Place: TypeAlias = tuple[tuple[int, ...], int, Any]
TRIES, LEAST = 400, 100_000


def whole(model: Model) -> Model:
    """A map of objects as one object, whose states say what is where, unless it is as at first."""
    if not model.keyed:
        return model
    steps = {name: at_key(step, model.initial) for name, step in model.steps.items()}
    return evolve(model, steps=steps, initial=frozenset(), keyed=False)


def at_key(step: Step, initial: Hashable) -> Step:
    """A step of the object that the call's key names."""

    def of_map(state: frozenset[tuple[Hashable, Hashable]], call: Call) -> Any:
        before = next((value for key, value in state if key == call.key), initial)
        after = step(before, call)
        if after is REFUSED:
            return REFUSED
        return state if after == before else (state - {(call.key, before)}) | {(call.key, after)}

    return of_map


@define(eq=False)
class Orders:
    """The search for an order of these calls that keeps each process's own.

    object  what the calls go to, all of it
    chains  the calls of each process that ended, in its order
    loose   the calls that change something and were never answered: process, how many of its calls come before
    see     by chain: the place of the last call that sees a value; likewise `bring`; None where values tell nothing
    """

    model: Model
    calls: Sequence[Call]
    steps: int = 0
    object: Model = field(init=False)
    chains: list[list[Call]] = field(factory=list)
    loose: list[tuple[int, int, Call]] = field(factory=list)
    see: list[dict[Hashable, int]] | None = None
    bring: list[dict[Hashable, int]] = field(factory=list)
    stack: list[Place] = field(factory=list)
    been: set[Place] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.object = whole(self.model)
        number: dict[Hashable, int] = {}
        for call in sorted(self.calls, key=lambda one: one.begin):
            at = number.setdefault(call.process, len(number))
            if at == len(self.chains):
                self.chains.append([])
            if call.done:
                self.chains[at].append(call)
            elif not self.model.observes(call):
                self.loose.append((at, len(self.chains[at]), call))
        if all(call.name in READS | WRITES | {"cas"} for call in self.calls):
            self.see = [last_places(chain, seen) for chain in self.chains]
            self.bring = [last_places(chain, brought) for chain in self.chains]
        self.stack.append(((0,) * len(self.chains), 0, self.object.initial))

    def run(self, steps: int) -> bool | None:
        """Search on for so many steps; True: there is an order, False: there is none, None: not known so far."""
        steps += self.steps
        while self.stack:
            if self.steps >= steps:
                return None
            self.steps += 1
            place = self.watched(*self.stack.pop())
            if all(at == len(chain) for at, chain in zip(place[0], self.chains, strict=True)):
                return True
            if place not in self.been:
                self.been.add(place)
                self.stack.extend(self.following(*place))
        return False

    def step(self, state: Any, call: Call) -> Any:
        """The state after a call, or REFUSED."""
        return self.object.steps[call.name](state, call)

    def watched(self, at: tuple[int, ...], taken: int, state: Any) -> Place:
        """The place after all calls that change nothing and can come now."""
        places = list(at)
        for process, chain in enumerate(self.chains):
            while places[process] < len(chain):
                call = chain[places[process]]
                if not self.model.observes(call) or self.step(state, call) is REFUSED:
                    break
                places[process] += 1
        return tuple(places), taken, state

    def following(self, at: tuple[int, ...], taken: int, state: Any) -> Iterator[Place]:
        """The places one call further, that which ended first the last."""
        may: list[tuple[float, int, Call, Place]] = []
        for process, place in enumerate(at):
            if place < len(self.chains[process]):
                call = self.chains[process][place]
                on = (*at[:process], place + 1, *at[process + 1 :])
                may.append((ended(call), call.begin, call, (on, taken, self.step(state, call))))
        for number, (process, before, call) in enumerate(self.loose):
            if not taken >> number & 1 and at[process] >= before:
                after = self.step(state, call)
                if after != state:
                    may.append((ended(call), call.begin, call, (at, taken | 1 << number, after)))
        for _, _, call, further in sorted(may, key=lambda one: (-one[0], -one[1])):
            if further[2] is not REFUSED and not self.lost(state, call, further):
                yield further

    def lost(self, before: Any, call: Call, place: Place) -> bool:
        """Whether a value that this call replaced is missed by some call, and nobody can bring it again."""
        at, taken, after = place
        if self.see is None or after == before:
            return False
        old = dict(before).get(call.key, self.model.initial) if self.model.keyed else before
        value = (call.key, old)
        if not any(last.get(value, -1) >= until for last, until in zip(self.see, at, strict=True)):
            return False
        comes = any(last.get(value, -1) >= until for last, until in zip(self.bring, at, strict=True))
        loose = (one for number, (_, _, one) in enumerate(self.loose) if not taken >> number & 1)
        return not comes and not any((one.key, brought(one)) == value for one in loose)


def last_places(chain: Sequence[Call], value_of: Callable[[Call], Any]) -> dict[Hashable, int]:
    """The last place in a chain of a call that has to do with a value, by key and value."""
    return {(call.key, value_of(call)): place for place, call in enumerate(chain) if value_of(call) is not REFUSED}


def fewest(model: Model, calls: Sequence[Call], steps: int, until: Callable[[], bool]) -> tuple[Call, ...]:
    """Calls of these that have no order either: those that change nothing are left out, then writes that nobody sees.

    Both are safe: leave them out of an order, and it is still one. So where what is left has none, nor have all.
    """
    left = list(calls)
    size = max(len(left) // 2, 1)
    tries = 0
    while size and tries < TRIES and not until():
        dropped = False
        for start in range(len(left) - size, -1, -size):
            piece = left[start : start + size]
            fewer = without(model, left, piece)
            tries += 1
            if len(fewer) < len(left) and Orders(model, fewer).run(max(steps, LEAST)) is False:
                left, dropped = fewer, True
            if tries >= TRIES or until():
                break
        size = size if dropped and size == 1 else size // 2
    return tuple(left)


def without(model: Model, calls: Sequence[Call], piece: Sequence[Call]) -> list[Call]:
    """The calls without those of a piece that change nothing, and without writes that nobody sees."""
    gone = {id(one) for one in piece if model.observes(one)}
    left = [one for one in calls if id(one) not in gone]
    if not all(one.name in READS | WRITES for one in left):
        return left
    read = {(one.key, one.result) for one in left if one.name in READS}
    return [one for one in left if one.name in READS or (one.key, one.value) in read]
