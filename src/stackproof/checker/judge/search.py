"""Is there an order of the calls that a sequential object could have gone through?

Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC 17(1), 1993: depth-first, one call after the other.
Lowe, "Testing for Linearizability", CCPE 29(4), 2017: never twice from the same calls taken and state, and just in
time: a call takes effect only when some return cannot wait. So a place in the search is the number of returns passed,
which of the calls under way have taken effect, and the state; and the first return that no place passes ends the
shortest part of the history that has no order. More things keep the search small, and change no answer:

* a call that leaves every state as it is takes effect as soon as what it returned is so;
* of calls under way that are alike, the one that ends first takes effect first: two that are alike change places;
* a write that returns though it was not taken took effect unseen, just before the last write that was, where that came
  after its invocation;
* a place is not looked at if a better one was (judge/memory.py);
* where the return at hand has to wait for another call, one after which it fits is tried first, and a write after which
  it does not only where somebody sees what was written;
* a value of a register does not go while somebody has still to see it whom nobody can show it again, nor come where it
  has to stay for longer than a call that sees another can wait;
* a write that is not the one that returns comes before another one at the same return only where it could not come
  later; a write that returns is the last thing done at its return, or it is unseen, and nothing else is done.

Of the last: say that b comes, then u, which is a write too, and x is the first write after. Unless x comes after b's
call, or some call that saw b there, has ended, b and all who saw it may as well come right before x: they are under way
until then, b needs no state, and leaves none that matters to x. So after b and u, no write has to be tried until one of
these ended (`stays`); nor has b, if a whole write lies between. And where a write w returns, and others were seen since
the return before, up to b: let w be hidden where it may be, or else seen now, and the others come later, as above. Go
on so, and what was not needed at its return is never more, and later each time: it comes to an end. This and the two
before need to know what comes (`looks_ahead`; without, `furthest` is the exact end of the shortest part that has no
order, and every state is tried).

Strict: a call whose client gave up takes effect before that, or never. The search stops and goes on as it is told, so
that one hopeless part does not keep the others from being looked at.
"""

import sys
from bisect import insort
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import define, field

from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.memory import Memory
from stackproof.checker.judge.models import REFUSED, Model, write
from stackproof.checker.judge.values import Values, values_of

Chain: TypeAlias = tuple[int, Any] | None
Place: TypeAlias = tuple[int, int, Any, int, Chain, int, int]
NOTHING_DONE, NO_WRITE = -1, 0


@define(eq=False)
class Search:
    """The search for an order of these calls, by invocation; `order` is one, once there is one.

    returns   the calls that end, by their end
    mask      the bit that stands for a call; bits of calls that ended are used again
    group     calls that are alike have the same number here
    blind     calls that write, whatever was there
    watching  by number of the return: the calls under way that change nothing
    begun     by number of the return: those of them that were invoked since the return before
    changing  by number of the return: those that change something and end, the first to end first
    never     the calls that change something and never end
    furthest  the number of the first return that no place that was looked at has passed

    The last two parts of a place: until when no write is tried; and, of the write that came last at this return, until
    when it could have waited, or NO_WRITE, or NOTHING_DONE.
    """

    model: Model
    calls: Sequence[Call]
    strict: bool = False
    looks_ahead: bool = True
    steps: int = 0
    order: tuple[Call, ...] | None = None
    furthest: int = -1
    returns: list[int] = field(factory=list)
    mask: dict[int, int] = field(factory=dict)
    group: dict[int, int] = field(factory=dict)
    blind: frozenset[int] = frozenset()
    watching: list[tuple[int, ...]] = field(factory=list)
    begun: list[tuple[int, ...]] = field(factory=list)
    changing: list[tuple[int, ...]] = field(factory=list)
    never: list[int] = field(factory=list)
    stack: list[Place] = field(factory=list)
    memory: Memory = field(factory=Memory)
    masks: dict[int, tuple[int, int]] = field(factory=dict)
    stuck: list[Place] = field(factory=list)
    values: Values | None = None

    def __attrs_post_init__(self) -> None:
        self.blind = frozenset(i for i, one in enumerate(self.calls) if self.model.steps[one.name] is write)
        self.never = [i for i, one in enumerate(self.calls) if not self.ends(one) and not self.model.observes(one)]
        self.mask = {i: 1 << place for place, i in enumerate(self.never)}
        self.sweep(len(self.never))
        groups: dict[Hashable, int] = {}
        for i in self.mask:
            one = self.calls[i]
            like = one.value if i in self.blind else (one.name, one.value, one.result, one.refused, one.done)
            self.group[i] = groups.setdefault((i in self.blind, like), len(groups))
        self.values = values_of(self.calls, self.mask) if self.looks_ahead else None
        self.stack.append((0, 0, self.model.initial, 0, None, 0, NOTHING_DONE))

    def ends(self, call: Call) -> bool:
        """Whether the end of a call bounds when it took effect."""
        return call.done or (self.strict and call.end is not None and not self.model.observes(call))

    def sweep(self, bits: int) -> None:
        """Go through the calls that end, by time, and note at each end which are under way."""
        ending = [i for i, one in enumerate(self.calls) if self.ends(one)]
        times = [(self.calls[i].begin, i, True) for i in ending] + [(self.calls[i].end or 0, i, False) for i in ending]
        free: list[int] = []
        watching: dict[int, None] = {}
        begun: list[int] = []
        changing: list[tuple[int, int]] = []
        for _, i, begins in sorted(times):
            observes = self.model.observes(self.calls[i])
            if begins:
                bits += not free
                self.mask[i] = free.pop() if free else 1 << bits - 1
                if observes:
                    watching[i] = None
                    begun.append(i)
                else:
                    insort(changing, (self.calls[i].end or 0, i))
                continue
            self.returns.append(i)
            self.watching.append(tuple(watching))
            self.begun.append(tuple(begun))
            self.changing.append(tuple(one for _, one in changing))
            begun.clear()
            free.append(self.mask[i])
            if observes:
                del watching[i]
            else:
                del changing[0]

    def run(self, steps: int) -> bool | None:
        """Search on for so many steps; True: there is an order, False: there is none, None: not known so far."""
        steps += self.steps
        while self.stack:
            if self.steps >= steps:
                return None
            place = self.advanced(*self.stack.pop())
            passed = place[0]
            self.steps += 1
            if passed == len(self.returns):
                self.order = tuple(self.calls[i] for i in self.in_order(place[4]))
                return True
            if self.memory.has_better(place, *self.better(passed)):
                continue
            if passed > self.furthest:
                self.furthest = passed
                self.stuck.clear()
            if passed == self.furthest:
                self.stuck.append(place)
            if not self.cannot_wait(place):
                self.stack.extend(self.following(*place))
        return False

    def better(self, passed: int) -> tuple[int, int]:
        """The calls under way of which it is better that more, and that fewer, have taken effect."""
        if passed not in self.masks:
            more = sum(self.mask[i] for i in self.watching[passed])
            fewer = sum(self.mask[i] for i in (*self.never, *(i for i in self.changing[passed] if i in self.blind)))
            self.masks[passed] = more, fewer
        return self.masks[passed]

    def cannot_wait(self, place: Place) -> bool:
        """Whether the value stays for longer than some call can wait that sees another; if only writes change it."""
        passed, taken, state, _, _, stays, due = place
        if due != NOTHING_DONE or not self.values or not self.values.only_written:
            return False
        return any(
            (self.calls[i].end or 0) < stays and not taken & self.mask[i] and self.step(state, i) is REFUSED
            for i in self.watching[passed]
        )

    def advanced(self, passed: int, taken: int, state: Any, hides: int, chain: Chain, stays: int, due: int) -> Place:
        """The place after all that can only help: calls that change nothing take effect, returns are passed."""
        calls, mask, steps = self.calls, self.mask, self.model.steps
        watching = self.watching[passed] if passed < len(self.returns) else ()
        while passed < len(self.returns):
            for i in watching:
                if not taken & mask[i] and steps[calls[i].name](state, calls[i]) is not REFUSED:
                    taken |= mask[i]
                    chain = (i, chain)
            returning = self.returns[passed]
            if not taken & mask[returning]:
                break
            taken ^= mask[returning]
            passed += 1
            due = NOTHING_DONE
            watching = self.begun[passed] if passed < len(self.returns) else ()
        return passed, taken, state, hides, chain, stays, due

    def following(
        self, passed: int, taken: int, state: Any, hides: int, chain: Chain, stays: int, due: int
    ) -> Iterator[Place]:
        """The places one call further, the best last."""
        returning = self.returns[passed]
        waits = self.calls[returning]
        now = waits.end or 0
        unseen = returning in self.blind and waits.begin < hides and due == NOTHING_DONE
        lasts = returning not in self.blind if self.looks_ahead else not unseen
        under_way = (*self.changing[passed], *(i for i in self.never if self.calls[i].begin < now))
        if not waits.done:
            yield passed + 1, taken, state, hides, chain, stays, NOTHING_DONE
        last: list[Place] = []
        for i in self.candidates(passed, taken):
            blind = i in self.blind
            after = self.step(state, i)
            if after is REFUSED or (after == state and not self.calls[i].done and not blind):
                continue
            if blind and due == NOTHING_DONE and now < stays:
                continue
            until, mine = self.waiting(passed, taken, after, i, stays, due)
            place = (passed, taken | self.mask[i], after, now if blind else hides, (i, chain), until, mine)
            fits = i == returning or (lasts and self.step(after, returning) is not REFUSED)
            if self.looks_ahead and not fits and blind and not self.is_seen(place, under_way):
                continue
            if self.values and after != state and self.hopeless(state, place, now, under_way):
                continue
            if fits:
                last.insert(len(last) if i == returning else 0, place)
            else:
                yield place
        yield from last
        hidden = taken | self.mask[returning]
        if unseen and not (self.values and state != waits.value and self.lost(waits.value, hidden, now, under_way)):
            yield passed + 1, taken, state, hides, (~returning, chain), stays, NOTHING_DONE

    def waiting(self, passed: int, taken: int, after: Any, i: int, stays: int, due: int) -> tuple[int, int]:
        """Until when no write is tried after this call; and until when a write that is this one could have waited."""
        if not self.looks_ahead:
            return 0, NOTHING_DONE
        if i not in self.blind:
            return stays, NO_WRITE
        seers = (j for j in self.watching[passed] if not taken & self.mask[j] and self.step(after, j) is not REFUSED)
        ends = [self.calls[j].end or 0 for j in (*seers, i) if self.ends(self.calls[j])]
        return max(stays, due), min(ends, default=sys.maxsize)

    def step(self, state: Any, i: int) -> Any:
        """The state after a call, or REFUSED."""
        return self.model.steps[self.calls[i].name](state, self.calls[i])

    def is_seen(self, place: Place, under_way: Sequence[int]) -> bool:
        """Whether somebody who is under way sees a state that will not last until the return at hand."""
        passed, taken, state = place[:3]
        others = (i for i in under_way if i not in self.blind)
        return any(
            not taken & self.mask[i] and self.step(state, i) is not REFUSED for i in (*self.watching[passed], *others)
        )

    def hopeless(self, before: Any, place: Place, now: int, under_way: Sequence[int]) -> bool:
        """Whether a value that was overwritten is missed, or the one that came stays longer than others can wait."""
        passed, taken, state, _, _, stays, _ = place
        if self.values is None or self.values.lost(before, taken, now, under_way):
            return self.values is not None
        until = self.values.needed_until(state, taken, now, under_way)
        if self.values.written_within(now, max(until, stays)):
            return True
        return until > now and any(
            (self.calls[i].end or 0) < until and not taken & self.mask[i] and self.step(state, i) is REFUSED
            for i in self.watching[passed]
        )

    def lost(self, value: Any, taken: int, now: int, under_way: Sequence[int]) -> bool:
        """Whether a value that is gone is missed, where that is known."""
        return self.values is not None and self.values.lost(value, taken, now, under_way)

    def candidates(self, passed: int, taken: int) -> Iterator[int]:
        """The calls under way that change something and have not taken effect; of those that are alike, one."""
        now = self.calls[self.returns[passed]].end or 0
        alike: set[int] = set()
        for calls in (self.changing[passed], self.never):
            for i in calls:
                if self.calls[i].begin > now:
                    break
                if not taken & self.mask[i] and self.group[i] not in alike:
                    alike.add(self.group[i])
                    yield i

    def in_order(self, chain: Chain) -> list[int]:
        """What a chain holds, the first first; a write that was not seen stands before the last write that was."""
        order: list[int] = []
        unseen: list[int] = []
        while chain is not None:
            number, chain = chain
            if number < 0:
                unseen.append(~number)
                continue
            order.append(number)
            if number in self.blind:
                order += unseen
                unseen.clear()
        return order[::-1]
