"""The verdict on a history, and, where it is bad, why.

Each part of an object (a key, a set's element) is searched for itself, all of them in turn with budgets that grow: a
part that is bad and easy is found though another is hopeless. A register that takes longer than its first turn is tried
without a search: is it regular, as it must be; and, where no value was written twice, do its zones clash? Unknown: a
budget came first; it is never taken for held.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from time import perf_counter
from typing import Any

import attrs
from attrs import frozen

from stackproof.checker.judge import regular, zones
from stackproof.checker.judge.calls import Call, first, shown
from stackproof.checker.judge.models import REFUSED, Model
from stackproof.checker.judge.search import Search
from stackproof.checker.judge.values import READS, WRITES
from stackproof.checker.report import Verdict

FIRST, GROWS, SLICE, AT_LEAST, RETRY = 1_000, 4, 20_000, 5_000, 200_000


@frozen
class Refusal:
    """Why there is no order.

    event    with this event the shortest part of the history ends that has no order
    call     the return of this call is the first that no order gets past; with no `states`, that which ends there
    order    a longest order of calls up to there, without it
    state    in which that order ends
    states   all in which an order of what came before may end; empty where there were too many orders to know
    waiting  the calls under way that had not taken effect in that order, each with the reason
    during   the calls that overlap `call`
    """

    part: Hashable
    event: int
    call: Call
    order: tuple[Call, ...]
    state: Any
    states: tuple[str, ...]
    waiting: tuple[tuple[Call, str], ...]
    during: tuple[Call, ...]


@frozen
class Breach:
    """A few calls that cannot all be as they are; with the event numbered `event` the last of them ended."""

    part: Hashable
    reason: str
    calls: tuple[Call, ...]
    event: int | None = None


@frozen
class Judgement:
    """What the judge says of a history; where it is bad, `refusal` or `breach` says why.

    orders   of each part that has one, an order that explains it
    """

    verdict: Verdict
    why: str | None
    calls: int
    pending: int
    parts: int
    steps: int
    seconds: float
    refusal: Refusal | None = None
    orders: tuple[tuple[Hashable, tuple[Call, ...]], ...] = ()
    breach: Breach | None = None


def judge(
    calls: Sequence[Call], model: Model, *, strict: bool = False, seconds: float = 60.0, steps: int = 3_000_000
) -> Judgement:
    """Whether there is an order of the calls that keeps real time and that the model could have gone through."""
    began = perf_counter()
    parts = parts_of([model.checked(call) for call in calls], model)
    searches = {part: Search(model, own, strict) for part, own in parts.items()}
    bad, why = searched(searches, began + seconds, steps)
    verdict = Verdict.VIOLATED if bad else Verdict.UNKNOWN if why else Verdict.HELD
    return Judgement(
        verdict,
        why,
        len(calls),
        sum(not call.done for call in calls),
        len(parts),
        sum(one.steps for one in searches.values()),
        perf_counter() - began,
        bad if isinstance(bad, Refusal) else None,
        tuple((part, one.order) for part, one in searches.items() if one.order is not None),
        bad if isinstance(bad, Breach) else None,
    )


def parts_of(calls: Sequence[Call], model: Model) -> dict[Hashable, list[Call]]:
    """The calls of each part of the object, by invocation; a set that is never read whole is one of its elements."""
    elements = model.name == "set" and all(call.name != "read" for call in calls)
    parts: dict[Hashable, list[Call]] = {}
    for call in calls:
        parts.setdefault(call.value if elements else call.key if model.keyed else None, []).append(call)
    return parts


def searched(searches: dict[Hashable, Search], until: float, steps: int) -> tuple[Refusal | Breach | None, str | None]:
    """What is wrong, or what kept the search from an end, or neither."""
    budget, undecided = FIRST, dict(searches)
    while undecided:
        for part, search in tuple(undecided.items()):
            if budget == FIRST * GROWS:
                known = without_search(part, search)
                if isinstance(known, Breach):
                    return known, None
                if known:
                    del undecided[part]
                    continue
            goal = search.steps + budget
            answer: bool | None = None
            while answer is None and search.steps < goal:
                left = steps - sum(one.steps for one in searches.values())
                if left <= 0:
                    return None, f"{steps:,} steps were made and there was no answer"
                if perf_counter() > until:
                    return None, "its time was over"
                answer = search.run(min(SLICE, left, goal - search.steps))
            if answer is False:
                return refusal_of(part, search), None
            if answer:
                del undecided[part]
        budget *= GROWS
    return None, None


def without_search(part: Hashable, search: Search) -> Breach | bool:
    """What can be said of a register at once: a few calls that have no order; True: there is an order."""
    calls, initial = search.calls, search.model.initial
    if any(call.name not in READS | WRITES for call in calls):
        return False
    unique = zones.fits(calls, initial)
    tests = (regular.out_of_date, zones.clashes) if unique else (regular.out_of_date,)
    for test in tests:
        for reason, few in test(calls, initial):
            return breach_of(part, reason, few)
    return unique and not search.strict


def breach_of(part: Hashable, reason: str, calls: tuple[Call, ...]) -> Breach:
    """What is wrong, with the event that completes it."""
    key = "" if part is None else f"{shown(part)}: "
    return Breach(part, key + reason, calls, max(max(one.begin, (one.end or 0) * one.done) for one in calls))


def refusal_of(part: Hashable, search: Search) -> Refusal:
    """Why a search that ended found no order: it is done again, without looking ahead, on the shortest part."""
    calls, event = search.calls, shortest(search)
    again = Search(search.model, first(calls, event), search.strict, looks_ahead=False)
    if again.run(min(RETRY, AT_LEAST + 20 * search.steps)) is False:
        return described(part, again, event, tuple(sorted({shown(place[2]) for place in again.stuck})))
    again = Search(search.model, first(calls, event), search.strict)
    again.run(max(AT_LEAST, search.steps * GROWS))
    return described(part, again, event, ())


def shortest(search: Search) -> int:
    """The event with which the shortest part ends that has no order: mostly the first return that cannot be passed."""
    again = Search(search.model, search.calls, search.strict, looks_ahead=False)
    if again.run(min(RETRY, AT_LEAST + 20 * search.steps)) is False:
        passed = again.calls[again.returns[again.furthest]].end or 0
    else:
        passed = search.calls[search.returns[search.furthest]].end or 0
    ends = sorted(one.end for one in search.calls if one.end is not None and one.end >= passed)
    low, size = 0, 1
    while low + size < len(ends) and not has_none(search, ends[low + size - 1]):
        low, size = low + size, 2 * size
    end = min(low + size, len(ends)) - 1
    return ends[bisect_left(ends, True, low, end, key=lambda end: has_none(search, end))]


def has_none(search: Search, events: int) -> bool:
    """Whether already the calls of the first events are known to have no order."""
    steps = max(AT_LEAST, search.steps * GROWS)
    return Search(search.model, first(search.calls, events), search.strict).run(steps) is False


def described(part: Hashable, search: Search, event: int, states: tuple[str, ...]) -> Refusal:
    """The refusal of a part that ends with this event."""
    calls = search.calls
    stopped = calls[search.returns[search.furthest]]
    call = stopped if states else next(one for one in calls if one.end == event)
    end = stopped.end or 0
    best = max(search.stuck, key=lambda place: len(search.in_order(place[4])))
    order = search.in_order(best[4])
    taken = {calls[i].begin for i in order}
    under_way = [one for one in calls if one.begin < end and (not search.ends(one) or (one.end or 0) >= end)]
    waiting = [one for one in under_way if one.begin not in taken]
    return Refusal(
        part,
        event,
        call,
        tuple(calls[i] for i in order),
        best[2],
        states,
        tuple((one, reason(search.model, best[2], one)) for one in waiting),
        (*under_way, *(one for one in calls if search.ends(one) and call.begin < (one.end or 0) < end)),
    )


def reason(model: Model, state: Any, one: Call) -> str:
    """Why a call that is under way does not help."""
    after = model.steps[one.name](state, one)
    if after is REFUSED:
        return "it cannot have gone so in this state"
    if not one.done and model.observes(one):
        return "it changes nothing"
    return f"it could be next, and leave {shown(after)}, but no order goes on from there"


def form_of(call: Call) -> dict[str, Any]:
    """A call as JSON."""
    plain = {"process": str(call.process), "call": str(call), "begin": call.begin, "end": call.end}
    return plain | {"done": call.done, "where": call.where}


def form(judgement: Judgement, ask: str) -> dict[str, Any]:
    """The judgement as JSON; all but the seconds is the same whenever it is asked for."""
    refusal = judgement.refusal
    violated: list[dict[str, Any]] = []
    if refusal is not None:
        violated.append(
            {
                "property": ask,
                "reason": sentence(refusal),
                "length": refusal.event,
                "part": None if refusal.part is None else shown(refusal.part),
                "call": form_of(refusal.call),
                "state": shown(refusal.state),
                "states": list(refusal.states),
                "order": [form_of(call) for call in refusal.order],
                "waiting": [form_of(call) | {"why": why} for call, why in refusal.waiting],
            }
        )
    if judgement.breach is not None:
        breach = judgement.breach
        part = None if breach.part is None else shown(breach.part)
        said = {"property": ask, "reason": breach.reason, "length": breach.event, "part": part}
        violated.append(said | {"calls": [form_of(call) for call in breach.calls]})
    counts = attrs.asdict(judgement, filter=attrs.filters.include("calls", "pending", "parts", "steps"))
    verdict = {"evidence": "recorded", "verdict": judgement.verdict.value, "why": judgement.why}
    return verdict | counts | {"violated": violated, "seconds": round(judgement.seconds, 3)}


def sentence(refusal: Refusal) -> str:
    """Why there is no order, in a sentence."""
    part = "" if refusal.part is None else f" of {shown(refusal.part)}"
    where = " or ".join(refusal.states[:6]) + (" or ..." if len(refusal.states) > 6 else "")  # noqa: PLR2004 - a line
    said = f": every order{part} before it ends in {where}" if where else part
    return f"process {refusal.call.process}: {refusal.call} has no place{said}"
