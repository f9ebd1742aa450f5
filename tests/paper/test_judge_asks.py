"""Milder questions: Lamport (1979, 1986), Shao et al. (SIAM J. Comput. 2011), Terry et al. (PDIS 1994), enumerated."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stackproof.checker.host import ScenarioError
from stackproof.checker.judge.ask import OF_READS, Ask, answered
from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import MODELS, REFUSED
from stackproof.checker.judge.verdict import Judgement
from stackproof.checker.report import Verdict
from tests.paper.test_judge import Line, did, made

SEQUENTIAL, REGULAR = Ask.SEQUENTIAL, Ask.REGULAR
OWN, MONOTONIC = Ask.READ_YOUR_WRITES, Ask.MONOTONIC_READS


def wrote(process: int, value: Any) -> tuple[Line, Line]:
    return did(process, "write", value)


def saw(process: int, value: Any) -> tuple[Line, Line]:
    return did(process, "read", None, value)


def begins(process: int, value: Any) -> Line:
    return process, "invoke", "write", value


def ends(process: int) -> Line:
    return process, "ok", "write"


def asked(ask: Ask, *lines: Line, model: str = "register", **budget: Any) -> Judgement:
    """What the judge says of these events."""
    return answered(ask, made(*lines), MODELS[model], **budget)


def named(found: Judgement) -> list[str]:
    """The calls that contradict each other."""
    assert found.breach is not None
    return [str(one) for one in found.breach.calls]


GOOD: list[tuple[Ask, tuple[Line, ...]]] = [
    (SEQUENTIAL, (*wrote(0, 1), *saw(1, None), *saw(1, 1))),
    (SEQUENTIAL, (*saw(1, 1), *wrote(0, 1))),
    (SEQUENTIAL, (*wrote(0, 1), *wrote(1, 2), *saw(2, 2), *saw(2, 1), *saw(3, 2), *saw(3, 1))),
    (REGULAR, (*wrote(0, 1), begins(0, 2), *saw(1, 2), *saw(2, 1), ends(0))),
    (REGULAR, (begins(0, 1), *saw(1, None), ends(0))),
    (REGULAR, (begins(0, 1), begins(1, 2), ends(0), ends(1), *saw(2, 1), *saw(2, 2), *saw(2, 1))),
    (REGULAR, (begins(0, 1), (0, "info", "write"), *wrote(1, 2), *saw(2, 1), *saw(2, 2), *saw(2, 1))),
    (REGULAR, (*wrote(0, 1), *wrote(0, 2), begins(1, 1), *saw(2, 1))),
    (OWN, (*wrote(0, 1), *saw(1, None), *saw(0, 1))),
    (OWN, (*wrote(0, 1), *wrote(1, 2), *saw(0, 2), *saw(1, 2))),
    (OWN, (begins(0, 1), (0, "info", "write"), *saw(0, None))),
    (OWN, (*wrote(0, 1), *wrote(1, 2), *saw(2, 2), *saw(2, 1))),
    (MONOTONIC, (*wrote(0, 1), *saw(0, None), *saw(1, 1), *saw(1, 1))),
    (MONOTONIC, (*wrote(0, 1), *wrote(1, 2), *saw(2, 2), *saw(2, 1))),
    (MONOTONIC, (*wrote(0, 1), *wrote(0, 1), *saw(1, 1), *saw(2, None))),
]
BAD: list[tuple[Ask, tuple[Line, ...], list[str]]] = [
    (SEQUENTIAL, (*wrote(0, 1), *saw(0, None)), ["write 1", "read -> nil"]),
    (SEQUENTIAL, (*wrote(0, 1), *saw(1, 1), *saw(1, None)), ["read -> 1", "read -> nil"]),
    (
        SEQUENTIAL,
        (*wrote(0, 1), *wrote(1, 2), *saw(2, 1), *saw(2, 2), *saw(3, 2), *saw(3, 1)),
        ["read -> 1", "read -> 2", "read -> 2", "read -> 1"],
    ),
    (REGULAR, (*wrote(0, 1), *wrote(0, 2), *saw(1, 1)), ["write 1", "write 2", "read -> 1"]),
    (REGULAR, (*wrote(0, 1), *saw(1, None)), ["write 1", "read -> nil"]),
    (REGULAR, (*saw(1, 1), *wrote(0, 1)), ["read -> 1", "write 1"]),
    (REGULAR, (*wrote(0, 1), *saw(1, 7)), ["read -> 7"]),
    (OWN, (*wrote(0, 1), *saw(0, None)), ["write 1", "read -> nil"]),
    (OWN, (*wrote(0, 1), *wrote(0, 2), *saw(0, 1)), ["write 1", "write 2", "read -> 1"]),
    (OWN, (*wrote(0, 1), *wrote(1, 2), *saw(0, 2), *saw(1, 1)), ["write 1", "read -> 2", "write 2", "read -> 1"]),
    (OWN, (*wrote(0, 1), *wrote(0, 2), *wrote(0, 3), *saw(0, 1)), ["write 1", "write 3", "read -> 1"]),
    (OWN, (*wrote(0, 1), *saw(1, 7)), ["read -> 7"]),
    (MONOTONIC, (*wrote(0, 1), *saw(1, 1), *saw(1, None)), ["read -> 1", "read -> nil"]),
    (MONOTONIC, (*wrote(0, 1), *wrote(0, 2), *saw(1, 2), *saw(1, 1)), ["write 1", "write 2", "read -> 2", "read -> 1"]),
    (
        MONOTONIC,
        (*wrote(0, 1), *wrote(1, 2), *saw(2, 2), *saw(2, 1), *saw(2, 2)),
        ["read -> 2", "read -> 1", "read -> 2"],
    ),
]


@pytest.mark.parametrize(("ask", "lines"), GOOD)
def test_what_is_asked_for_is_no_more_than_it_says(ask: Ask, lines: tuple[Line, ...]) -> None:
    assert asked(ask, *lines).verdict is Verdict.HELD


@pytest.mark.parametrize(("ask", "lines", "calls"), BAD)
def test_what_breaks_it_is_named_and_nothing_else(ask: Ask, lines: tuple[Line, ...], calls: list[str]) -> None:
    found = asked(ask, *lines, *wrote(8, 88), *saw(9, 88))
    assert found.verdict is Verdict.VIOLATED
    assert sorted(named(found)) == sorted(calls)


def test_two_threads_that_each_miss_the_write_of_the_other_are_not_sequential_though_each_key_is() -> None:
    lines = (
        *did(0, "put", ("x", 1)),
        *did(0, "get", ("y", None), ("y", "")),
        *did(1, "put", ("y", 1)),
        *did(1, "get", ("x", None), ("x", "")),
    )
    assert asked(SEQUENTIAL, *lines[:6], model="kv").verdict is Verdict.HELD
    found = asked(SEQUENTIAL, *lines, model="kv")
    assert found.verdict is Verdict.VIOLATED
    assert sorted(named(found)) == ["get 'x' -> ''", "get 'y' -> ''", "put 'x' 1", "put 'y' 1"]
    for ask in OF_READS[1:]:
        assert asked(ask, *lines, model="kv").verdict is Verdict.HELD


def test_sequential_is_asked_of_any_object() -> None:
    lines = (*did(0, "enqueue", 1), *did(1, "enqueue", 2), *did(2, "dequeue", None, 2))
    assert asked(Ask.LINEARIZABLE, *lines, model="queue").verdict is Verdict.VIOLATED
    assert asked(SEQUENTIAL, *lines, model="queue").verdict is Verdict.HELD
    assert asked(SEQUENTIAL, *lines, *did(2, "dequeue", None, 2), model="queue").verdict is Verdict.VIOLATED


@pytest.mark.parametrize("ask", OF_READS)
def test_what_is_said_of_reads_and_writes_is_not_asked_of_others(ask: Ask) -> None:
    with pytest.raises(ScenarioError, match=f"{ask} is asked of registers, register, cas, kv, and not of a queue"):
        asked(ask, *did(0, "enqueue", 1), model="queue")
    with pytest.raises(ScenarioError, match=r"history:3: .* is asked of reads and writes, not of cas"):
        asked(ask, *wrote(0, 1), *did(0, "cas", (1, 2)), model="cas")


def test_a_value_written_twice_may_leave_it_unknown_which_write_was_read() -> None:
    twice = (*wrote(0, 1), *wrote(1, 2), *wrote(2, 1))
    found = asked(MONOTONIC, *twice, *saw(3, 1), *saw(3, 2), *saw(3, 1), *saw(4, 2), *saw(4, 1), *saw(4, 2))
    assert (found.verdict, found.why) == (Verdict.UNKNOWN, "3 reads returned a value that was written more than once")
    assert asked(MONOTONIC, *twice, *saw(3, 1), *saw(3, 2), *saw(3, 1)).verdict is Verdict.HELD


def test_when_the_budget_ends_sequential_is_unknown() -> None:
    lines = [line for n in range(6) for line in (*did(n, "add", 1 << n), *did(n, "read", None, 62 - (1 << n)))]
    found = asked(SEQUENTIAL, *lines, model="counter", steps=40)
    assert (found.verdict, found.breach) == (Verdict.UNKNOWN, None)


def runs(order: Sequence[Call]) -> bool:
    """Whether a register could have gone through these calls."""
    state: Any = None
    for call in order:
        state = MODELS["register"].steps[call.name](state, call)
        if state is REFUSED:
            return False
    return True


def orders(
    calls: Sequence[Call], before: Callable[[Call, Call], bool], loose: Sequence[Call] = ()
) -> Iterator[tuple[Call, ...]]:
    """Every order of the calls, and of any of the loose ones, that keeps a relation."""
    for count in range(len(loose) + 1):
        for more in combinations(loose, count):
            for order in permutations((*calls, *more)):
                if not any(before(later, one) for i, one in enumerate(order) for later in order[i:]):
                    yield order


def in_time(one: Call, other: Call) -> bool:
    return one.done and one.end is not None and one.end < other.begin


def in_program(one: Call, other: Call) -> bool:
    return one.process == other.process and one.done and one.begin < other.begin


def by_definition(ask: Ask, calls: Sequence[Call]) -> bool:
    """The answer, by going through all orders."""
    done, loose = [one for one in calls if one.done], [one for one in calls if not one.done]
    writes = [one for one in calls if one.name == "write"]
    match ask:
        case Ask.LINEARIZABLE:
            return any(map(runs, orders(done, in_time, loose)))
        case Ask.SEQUENTIAL:
            return any(map(runs, orders(done, in_program, loose)))
        case Ask.REGULAR:
            return all(
                any(runs(order[: order.index(read) + 1]) for order in orders([*writes, read], in_time))
                for read in done
                if read.name == "read"
            )
    sessions = [[one for one in done if one.process == process] for process in {one.process for one in done}]
    return any(all(guaranteed(ask, own, order) for own in sessions) for order in orders(writes, in_program))


def guaranteed(ask: Ask, session: Sequence[Call], order: Sequence[Call]) -> bool:
    """Whether each read may have seen a set of writes that holds all that it has to, and returned the last of them."""
    own: frozenset[int] = frozenset()
    may = {own}
    for call in session:
        if call.name == "write":
            own |= {order.index(call)}
            continue
        sets = [frozenset(one) for size in range(len(order) + 1) for one in combinations(range(len(order)), size)]
        fits = [one for one in sets if call.result == (order[max(one)].value if one else None)]
        if ask is Ask.READ_YOUR_WRITES:
            may = {one for one in fits if own <= one}
        else:
            may = {one for one in fits if any(earlier <= one for earlier in may)}
        if not may:
            return False
    return True


@st.composite
def few_calls(draw: st.DrawFn, unique: bool) -> tuple[Call, ...]:
    """At most five calls of three processes on a register; any may never be answered."""
    under_way: dict[int, Line] = {}
    lines: list[Line] = []
    count = 0
    for _ in range(draw(st.integers(1, 12))):
        process = draw(st.integers(0, 2))
        if process in under_way:
            name = under_way.pop(process)[2]
            result = draw(st.sampled_from([None, 0, 1, 2])) if name == "read" else None
            lines.append((process, draw(st.sampled_from(["ok", "ok", "ok", "info"])), name, result))
        elif count < 5:
            value = count if unique else draw(st.integers(0, 1))
            name = draw(st.sampled_from(["read", "write"]))
            under_way[process] = (process, "invoke", name, value if name == "write" else None)
            lines.append(under_way[process])
            count += name == "write" or not unique
    return tuple(evolve(one, result=None) if one.name == "write" else one for one in made(*lines)[:5])


ASKS = (Ask.LINEARIZABLE, SEQUENTIAL, REGULAR, OWN, MONOTONIC)


@pytest.mark.parametrize("ask", ASKS)
@given(few_calls(unique=True))
def test_where_no_value_is_written_twice_every_answer_is_that_of_the_definition(
    ask: Ask, calls: tuple[Call, ...]
) -> None:
    found = answered(ask, calls, MODELS["register"])
    assert found.verdict is (Verdict.HELD if by_definition(ask, calls) else Verdict.VIOLATED)
    if found.breach is not None:
        few = [one for one in calls if one.name == "write" or one in found.breach.calls]
        assert answered(ask, few, MODELS["register"]).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("ask", ASKS)
@given(few_calls(unique=False))
def test_where_values_are_written_again_no_answer_but_unknown_differs_from_the_definition(
    ask: Ask, calls: tuple[Call, ...]
) -> None:
    found = answered(ask, calls, MODELS["register"]).verdict
    assert found is (Verdict.HELD if by_definition(ask, calls) else Verdict.VIOLATED) or (
        found is Verdict.UNKNOWN and ask in (OWN, MONOTONIC)
    )


IMPLIES = [
    (Ask.STRICT, Ask.LINEARIZABLE),
    (Ask.LINEARIZABLE, SEQUENTIAL),
    (Ask.LINEARIZABLE, REGULAR),
    (SEQUENTIAL, OWN),
    (SEQUENTIAL, MONOTONIC),
]


@pytest.mark.parametrize(("stronger", "weaker"), IMPLIES)
@given(few_calls(unique=True))
def test_what_is_asked_more_strictly_implies_what_is_milder(
    stronger: Ask, weaker: Ask, calls: tuple[Call, ...]
) -> None:
    if answered(stronger, calls, MODELS["register"]).verdict is Verdict.HELD:
        assert answered(weaker, calls, MODELS["register"]).verdict is Verdict.HELD


def test_regular_and_sequential_imply_neither_the_other() -> None:
    goes_back = (*wrote(0, 1), begins(0, 2), *saw(1, 2), *saw(1, 1), ends(0))
    too_late = (*wrote(0, 1), *saw(1, None))
    assert [asked(ask, *goes_back).verdict for ask in (REGULAR, SEQUENTIAL)] == [Verdict.HELD, Verdict.VIOLATED]
    assert [asked(ask, *too_late).verdict for ask in (REGULAR, SEQUENTIAL)] == [Verdict.VIOLATED, Verdict.HELD]
