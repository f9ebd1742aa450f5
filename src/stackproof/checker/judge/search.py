"""Is there an order of the calls that a sequential object could have gone through?

Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC 17(1), 1993: depth-first, one call after the other.
Lowe, "Testing for Linearizability", CCPE 29(4), 2017: never twice from the same calls taken and state, and just in
time: a call takes effect only when some return cannot wait. So a place in the search is the number of returns passed,
which of the calls under way have taken effect, and the state; and the first return that no place passes ends the
shortest part of the history that has no order. Four more things keep the search small, and change no answer:


* a call that leaves every state as it is takes effect as soon as what it returned is so;
* of calls that never return and are alike, the one that was invoked first takes effect first;
* where the return at hand has to wait for another call, one after which it fits is tried first;
* a value of a register is not overwritten while somebody has still to see it whom nobody can show it again
  (`looks_ahead`; without, `furthest` is the exact end of the shortest part that has no order).

Strict: a call whose client gave up takes effect before that, or never. The search stops and goes on as it is told, so
that one hopeless part does not keep the others from being looked at.
"""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import define, field

from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import REFUSED, Model
from stackproof.checker.judge.values import Values, values_of

Chain: TypeAlias = tuple[int, Any] | None
Place: TypeAlias = tuple[int, int, Any, Chain]


@define(eq=False)
class Search:
    """The search for an order of these calls, by invocation; `order` is one, once there is one.

    returns   the calls that end, by their end
    bit       which bit of a mask stands for a call; bits of calls that ended are used again
    watching  by number of the return: the calls under way that change nothing
    changing  by number of the return: those that change something and end
    alike     calls that never end, those that are alike together
    furthest  the number of the first return that no place that was looked at has passed
    """

    model: Model
    calls: Sequence[Call]
    strict: bool = False
    looks_ahead: bool = True
    steps: int = 0
    order: tuple[Call, ...] | None = None
    furthest: int = -1
    returns: list[int] = field(factory=list)
    bit: dict[int, int] = field(factory=dict)
    watching: list[tuple[int, ...]] = field(factory=list)
    changing: list[tuple[int, ...]] = field(factory=list)
    alike: list[list[int]] = field(factory=list)
    stack: list[Place] = field(factory=list)
    seen: set[tuple[int, int, Hashable]] = field(factory=set)
    stuck: list[Place] = field(factory=list)
    values: Values | None = None

    def __attrs_post_init__(self) -> None:
        never = [i for i, one in enumerate(self.calls) if not self.ends(one) and not self.model.observes(one)]
        groups: dict[Hashable, list[int]] = {}
        for i in never:
            groups.setdefault((self.calls[i].name, self.calls[i].value), []).append(i)
            self.bit[i] = len(self.bit)
        self.alike = list(groups.values())
        self.sweep(len(never))
        self.values = values_of(self.calls, self.bit) if self.looks_ahead else None
        self.stack.append((0, 0, self.model.initial, None))

    def ends(self, call: Call) -> bool:
        """Whether the end of a call bounds when it took effect."""
        return call.done or (self.strict and call.end is not None and not self.model.observes(call))

    def sweep(self, bits: int) -> None:
        """Go through the calls that end, by time, and note at each end which are under way."""
        ending = [i for i, one in enumerate(self.calls) if self.ends(one)]
        times = [(self.calls[i].begin, i, True) for i in ending] + [(self.calls[i].end or 0, i, False) for i in ending]
        free: list[int] = []
        under_way: dict[int, None] = {}
        for _, i, begins in sorted(times):
            if begins:
                bits += not free
                self.bit[i] = free.pop() if free else bits - 1
                under_way[i] = None
                continue
            self.returns.append(i)
            watches = [j for j in under_way if self.model.observes(self.calls[j])]
            self.watching.append(tuple(watches))
            self.changing.append(tuple(j for j in under_way if j not in watches))
            del under_way[i]
            free.append(self.bit[i])

    def run(self, steps: int) -> bool | None:
        """Search on for so many steps; True: there is an order, False: there is none, None: not known so far."""
        steps += self.steps
        while self.stack:
            if self.steps >= steps:
                return None
            passed, taken, state, chain = place = self.advanced(*self.stack.pop())
            self.steps += 1
            if passed == len(self.returns):
                self.order = tuple(self.calls[i] for i in in_order(chain))
                return True
            if (passed, taken, state) in self.seen:
                continue
            self.seen.add((passed, taken, state))
            if passed > self.furthest:
                self.furthest = passed
                self.stuck.clear()
            if passed == self.furthest:
                self.stuck.append(place)
            self.stack.extend(self.following(*place))
        return False

    def advanced(self, passed: int, taken: int, state: Any, chain: Chain) -> Place:
        """The place after all that can only help: calls that change nothing take effect, returns are passed."""
        calls, bit, steps = self.calls, self.bit, self.model.steps
        while passed < len(self.returns):
            for i in self.watching[passed]:
                if not taken >> bit[i] & 1 and steps[calls[i].name](state, calls[i]) is not REFUSED:
                    taken |= 1 << bit[i]
                    chain = (i, chain)
            mask = 1 << bit[self.returns[passed]]
            if not taken & mask:
                break
            taken ^= mask
            passed += 1
        return passed, taken, state, chain

    def following(self, passed: int, taken: int, state: Any, chain: Chain) -> Iterator[Place]:
        """The places one call further, the best last."""
        returning = self.returns[passed]
        waits = self.calls[returning]
        if not waits.done:
            yield passed + 1, taken, state, chain
        last: list[Place] = []
        under_way = tuple(self.candidates(passed, taken))
        for i in under_way:
            after = self.model.steps[self.calls[i].name](state, self.calls[i])
            if after is REFUSED or (after == state and not self.calls[i].done):
                continue
            place = (passed, taken | 1 << self.bit[i], after, (i, chain))
            if after != state and self.values and self.values.lost(state, place[1], waits.end or 0, under_way):
                continue
            if i == returning or self.model.steps[waits.name](after, waits) is not REFUSED:
                last.insert(len(last) if i == returning else 0, place)
            else:
                yield place
        yield from last

    def candidates(self, passed: int, taken: int) -> Iterator[int]:
        """The calls under way that change something and have not taken effect."""
        now = self.calls[self.returns[passed]].end or 0
        for group in self.alike:
            first = next((i for i in group if not taken >> self.bit[i] & 1), None)
            if first is not None and self.calls[first].begin < now:
                yield first
        for i in self.changing[passed]:
            if not taken >> self.bit[i] & 1:
                yield i


def in_order(chain: Chain) -> list[int]:
    """What a chain holds, the first first."""
    order: list[int] = []
    while chain is not None:
        number, chain = chain
        order.append(number)
    return order[::-1]
