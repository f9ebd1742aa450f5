"""The questions that can be asked of a history, from the strictest to the mildest, and who answers each.

A register that is strictly linearizable is linearizable; one that is linearizable is sequentially consistent, and
regular; one that is sequentially consistent keeps the guarantees of sessions. So a quick answer to one question may
answer another: an order that keeps real time keeps that of each process, and sessions that contradict each other have
no order at all.
"""

from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum
from time import perf_counter

from stackproof.checker.host import ScenarioError
from stackproof.checker.judge import regular, sessions
from stackproof.checker.judge.calls import Call, HistoryError
from stackproof.checker.judge.models import Model
from stackproof.checker.judge.search import Search
from stackproof.checker.judge.sequential import Orders, fewest
from stackproof.checker.judge.values import READS, WRITES
from stackproof.checker.judge.verdict import SLICE, Breach, Judgement, breach_of, judge, parts_of, searched
from stackproof.checker.report import Verdict

REGISTERS = ("register", "cas", "kv")
NAMED = 4


class Ask(StrEnum):
    """What is asked of a history."""

    LINEARIZABLE = "linearizable"
    STRICT = "strict"
    SEQUENTIAL = "sequential"
    REGULAR = "regular"
    READ_YOUR_WRITES = "read-your-writes"
    MONOTONIC_READS = "monotonic-reads"


OF_PROCESSES = (Ask.SEQUENTIAL, Ask.READ_YOUR_WRITES, Ask.MONOTONIC_READS)
OF_READS = (Ask.REGULAR, Ask.READ_YOUR_WRITES, Ask.MONOTONIC_READS)
Found = tuple[Breach | None, str | None, int]


def answered(
    ask: Ask, calls: Sequence[Call], model: Model, *, seconds: float = 60.0, steps: int = 3_000_000
) -> Judgement:
    """The answer to a question about a history; raises ScenarioError where it cannot be asked."""
    if ask in (Ask.LINEARIZABLE, Ask.STRICT):
        return judge(calls, model, strict=ask is Ask.STRICT, seconds=seconds, steps=steps)
    began = perf_counter()
    calls = [model.checked(call) for call in calls]
    if ask in OF_READS:
        only_reads_and_writes(ask, calls, model)
    parts = parts_of(calls, model)
    if ask is Ask.SEQUENTIAL:
        breach, why, made = in_some_order(calls, parts, model, began + seconds, steps)
    else:
        breach, why, made = each(parts, is_regular if ask is Ask.REGULAR else keeps(ask), model.initial)
    verdict = Verdict.VIOLATED if breach else Verdict.UNKNOWN if why else Verdict.HELD
    pending = sum(not call.done for call in calls)
    took = perf_counter() - began
    return Judgement(verdict, why, len(calls), pending, len(parts), made, took, breach=breach)


def only_reads_and_writes(ask: Ask, calls: Sequence[Call], model: Model) -> None:
    """Raise ScenarioError where there is anything else."""
    if model.name not in REGISTERS:
        raise ScenarioError(f"{ask} is asked of registers, {', '.join(REGISTERS)}, and not of a {model.name}")
    other = next((one for one in calls if one.name not in READS | WRITES), None)
    if other is not None:
        also = f"--ask {Ask.LINEARIZABLE} and --ask {Ask.SEQUENTIAL} know more"
        raise HistoryError(f"{other.where}: {ask} is asked of reads and writes, not of {other.name}; {also}")


def each(
    parts: dict[Hashable, list[Call]],
    question: Callable[[Sequence[Call], Hashable], tuple[tuple[str, tuple[Call, ...]] | None, str | None]],
    initial: Hashable,
) -> Found:
    """The answer for every part: what is wrong with one, or what is not known of one."""
    doubts: list[str] = []
    for part, calls in parts.items():
        bad, doubt = question(calls, initial)
        if bad is not None:
            return breach_of(part, *bad), None, len(calls)
        doubts += [doubt] if doubt else []
    return None, doubts[0] if doubts else None, sum(map(len, parts.values()))


def is_regular(calls: Sequence[Call], initial: Hashable) -> tuple[tuple[str, tuple[Call, ...]] | None, str | None]:
    """The first read that a regular register does not answer so."""
    return next(regular.out_of_date(calls, initial), None), None


def keeps(
    ask: Ask,
) -> Callable[[Sequence[Call], Hashable], tuple[tuple[str, tuple[Call, ...]] | None, str | None]]:
    """The question whether a register keeps a guarantee of sessions."""

    def kept(calls: Sequence[Call], initial: Hashable) -> tuple[tuple[str, tuple[Call, ...]] | None, str | None]:
        for one in sessions.unwritten(calls, initial):
            return (f"process {one.process}: {one}, though nobody wrote that", (one,)), None
        found = sessions.circle(calls, initial, ask.value)
        if found:
            return sessions.story(found), None
        return None, None if ask is Ask.SEQUENTIAL else sessions.doubt(calls, initial, ask.value)

    return kept


def in_some_order(
    calls: Sequence[Call], parts: dict[Hashable, list[Call]], model: Model, until: float, steps: int
) -> Found:
    """Whether there is an order that keeps that of each process; first what is quick to see."""
    if model.name in REGISTERS and all(one.name in READS | WRITES for one in calls):
        breach, _, _ = each(parts, keeps(Ask.SEQUENTIAL), model.initial)
        if breach is not None:
            return breach, None, 0
    searches = {part: Search(model, own) for part, own in parts.items()}
    half = perf_counter() + (until - perf_counter()) / 4
    bad, why = searched(searches, half, min(steps // 4, 20 * len(calls) + SLICE))
    made = sum(one.steps for one in searches.values())
    if bad is None and why is None:
        return None, None, made
    orders = Orders(model, calls)
    answer: bool | None = None
    while answer is None:
        if made + orders.steps >= steps:
            return None, f"{steps:,} steps were made and there was no answer", made + orders.steps
        if perf_counter() > until:
            return None, "its time was over", made + orders.steps
        answer = orders.run(min(SLICE, steps - made - orders.steps))
    if answer:
        return None, None, made + orders.steps
    few = fewest(model, calls, orders.steps, lambda: perf_counter() > until)
    named = "; ".join(f"process {one.process}: {one}" for one in few[:NAMED])
    more = f" and {len(few) - NAMED:,} more" if len(few) > NAMED else ""
    return Breach(None, f"no order keeps that of each process: {named}{more}", few), None, made + orders.steps
