"""The judge of recorded histories: Herlihy and Wing (TOPLAS 1990), Wing and Gong (JPDC 1993), Lowe (CCPE 2017)."""

import random
from collections.abc import Hashable, Sequence
from itertools import count
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stackproof.checker import strategies
from stackproof.checker.judge import zones
from stackproof.checker.judge.calls import FALSE, TRUE, Call, Event, HistoryError, Symbol, calls_of, first
from stackproof.checker.judge.models import MODELS, REFUSED, Model
from stackproof.checker.judge.search import Search
from stackproof.checker.judge.values import WRITES
from stackproof.checker.judge.verdict import Judgement, judge
from stackproof.checker.report import Verdict

Line = tuple[Any, ...]


def made(*lines: Line, refusals: bool = True) -> tuple[Call, ...]:
    """The calls of these events: process, kind, name, and a value where there is one."""
    events = [
        Event(process, kind, name, value[0] if value else None, None, f"history:{number}")
        for number, (process, kind, name, *value) in enumerate(lines, 1)
    ]
    return calls_of(events, refusals, frozenset({"cas", "dequeue", "acquire", "release"}))


def did(process: int, name: str, value: Any = None, result: Any = None) -> tuple[Line, Line]:
    """An operation, and right after it what it returned."""
    return (process, "invoke", name, value), (process, "ok", name, result)


def said(model: str, *lines: Line, **asked: Any) -> Verdict:
    """What the judge says of these events."""
    return judge(made(*lines), MODELS[model], **asked).verdict


GOOD: list[tuple[str, tuple[Line, ...]]] = [
    ("register", (*did(0, "write", 1), *did(1, "read", None, 1))),
    ("cas", (*did(0, "write", 1), *did(0, "cas", (1, 2)), *did(1, "read", None, 2))),
    ("cas", (*did(0, "write", 1), (0, "invoke", "cas", (2, 3)), (0, "fail", "cas"), *did(1, "read", None, 1))),
    ("kv", (*did(0, "put", ("x", "a")), *did(0, "append", ("x", "b")))),
    ("set", (*did(0, "add", 1, TRUE), *did(0, "add", 1, FALSE), *did(1, "contains", 1, TRUE))),
    ("set", (*did(0, "add", 1), *did(0, "add", 2), *did(0, "remove", 1, TRUE), *did(1, "read", None, (2,)))),
    ("queue", (*did(0, "enqueue", 1), *did(0, "enqueue", 2), *did(1, "dequeue", None, 1))),
    ("queue", ((0, "invoke", "dequeue"), (0, "fail", "dequeue"), *did(0, "enqueue", 1))),
    ("mutex", (*did(0, "acquire"), *did(0, "release"), *did(1, "acquire"))),
    ("mutex", (*did(0, "acquire"), (1, "invoke", "acquire"), (1, "fail", "acquire"))),
    ("counter", (*did(0, "add"), *did(0, "add", 4), *did(1, "read", None, 5))),
    ("log", (*did(0, "append", "a"), *did(0, "append", "b"), *did(1, "read", None, ("a", "b")))),
    ("registers", (*did(0, "txn", (("w", "x", 1), ("w", "y", 2)), (("w", "x", 1), ("w", "y", 2))),)),
]
BAD: list[tuple[str, tuple[Line, ...]]] = [
    ("register", (*did(0, "write", 1), *did(1, "read", None, None))),
    ("cas", (*did(0, "write", 1), *did(0, "cas", (2, 3)))),
    ("cas", (*did(0, "write", 1), (0, "invoke", "cas", (1, 3)), (0, "fail", "cas"))),
    ("set", (*did(0, "add", 1, TRUE), *did(0, "add", 1, TRUE))),
    ("set", (*did(0, "add", 1), *did(0, "remove", 1), *did(1, "contains", 1, TRUE))),
    ("set", (*did(0, "add", 1), *did(1, "read", None, (1, 2)))),
    ("queue", (*did(0, "enqueue", 1), *did(0, "enqueue", 2), *did(1, "dequeue", None, 2))),
    ("queue", (*did(0, "enqueue", 1), (0, "invoke", "dequeue"), (0, "fail", "dequeue"))),
    ("mutex", (*did(0, "acquire"), *did(1, "acquire"))),
    ("mutex", did(0, "release")),
    ("mutex", ((1, "invoke", "acquire"), (1, "fail", "acquire"))),
    ("counter", (*did(0, "add", 4), *did(1, "read", None, 5))),
    ("log", (*did(0, "append", "a"), *did(0, "append", "b"), *did(1, "read", None, ("b", "a")))),
    ("registers", (*did(0, "txn", (("w", "x", 1),)), *did(0, "txn", (("r", "x", None),), (("r", "x", 2),)))),
]


@pytest.mark.parametrize(("model", "lines"), GOOD)
def test_what_a_sequential_object_may_do_is_linearizable(model: str, lines: tuple[Line, ...]) -> None:
    assert said(model, *lines) is Verdict.HELD


@pytest.mark.parametrize(("model", "lines"), BAD)
def test_what_a_sequential_object_may_not_do_is_not_linearizable(model: str, lines: tuple[Line, ...]) -> None:
    assert said(model, *lines) is Verdict.VIOLATED


def test_keys_are_judged_each_for_itself() -> None:
    lines = (*did(0, "put", ("x", "a"), ("x", "a")), *did(0, "get", ("y", None), ("y", "")))
    assert judge(made(*lines), MODELS["kv"]).parts == 2
    assert said("kv", *lines) is Verdict.HELD
    bad = judge(made(*lines, *did(1, "get", ("x", None), ("x", ""))), MODELS["kv"])
    assert bad.refusal is not None
    assert (bad.refusal.part, bad.refusal.event) == ("x", 6)


GIVEN_UP = ((0, "invoke", "write", 1), (0, "info", "write"), *did(1, "read", None, None), *did(1, "read", None, 1))


def test_what_a_client_gave_up_on_may_take_effect_later_but_not_strictly() -> None:
    assert said("register", *GIVEN_UP) is Verdict.HELD
    assert said("register", *GIVEN_UP, strict=True) is Verdict.VIOLATED
    at_once = (*GIVEN_UP[:2], *did(1, "read", None, 1))
    never = (*GIVEN_UP[:2], *did(1, "read", None, None))
    assert said("register", *at_once, strict=True) is said("register", *never, strict=True) is Verdict.HELD


def test_events_of_one_instant_are_concurrent() -> None:
    def events(late: float) -> list[Event]:
        lines: list[Line] = [(0, "invoke", "write", 1, 0.0), (0, "ok", "write", 1, 1.0)]
        lines += [(1, "invoke", "read", None, late), (1, "ok", "read", None, 2.0)]
        return [Event(process, kind, name, value, None, "-", at) for process, kind, name, value, at in lines]

    for late, verdict in ((1.0, Verdict.HELD), (1.5, Verdict.VIOLATED)):
        assert judge(calls_of(events(late), False, frozenset()), MODELS["register"]).verdict is verdict


def many(count: int) -> tuple[Call, ...]:
    """Writes that are all under way at once, and reads of them that fit, but for the last."""
    writes = [(n, "invoke", "write", n) for n in range(count)]
    ends = [(n, "ok", "write", n) for n in range(count)]
    reads = [line for n in range(count) for line in did(100 + n, "read", None, n)]
    return made(*writes, *ends, *reads)


def test_when_the_budget_ends_the_answer_is_unknown_and_never_held() -> None:
    hard = evolve(MODELS["counter"], observers=frozenset())
    calls = made(*((n, "invoke", "add", 1 << n) for n in range(18)), *((n, "ok", "add") for n in range(18)))
    calls += made(*did(50, "read", None, -1))
    found = judge(
        tuple(
            evolve(one, begin=one.begin + 100, end=(one.end or 0) + 100) if one.process == 50 else one for one in calls
        ),
        hard,
        steps=2_000,
    )
    assert (found.verdict, found.refusal, found.steps) == (Verdict.UNKNOWN, None, 2_000)
    assert judge(calls[:3], hard, seconds=0).verdict is Verdict.UNKNOWN


def test_a_hopeless_key_does_not_hide_a_bad_one() -> None:
    adds = [(n, kind, "add", 1 << n) for kind in ("invoke", "ok") for n in range(16)]
    model = evolve(MODELS["counter"], keyed=True)
    hopeless = [evolve(one, key="a") for one in made(*adds, *did(50, "read", None, -1))]
    bad = [evolve(one, key="b") for one in made(*did(60, "add", 1), *did(60, "read", None, 0))]
    found = judge([*hopeless, *bad], model, steps=20_000)
    assert found.refusal is not None
    assert found.refusal.part == "b"


def test_a_refusal_names_the_shortest_part_and_what_stood_in_the_way() -> None:
    lines = (*did(0, "write", 0), (1, "invoke", "read"), (2, "invoke", "write", 4), (1, "ok", "read", 3))
    found = judge(made(*lines, (2, "ok", "write", 4), *did(3, "read", None, 4)), MODELS["register"])
    refusal = found.refusal
    assert refusal is not None
    assert (refusal.event, str(refusal.call), refusal.states) == (5, "read -> 3", ("0", "4"))
    assert [str(call) for call in refusal.order] == ["write 0", "write 4 -> ?"]
    assert [str(call) for call, _ in refusal.waiting] == ["read -> 3"]


@pytest.mark.parametrize(
    "lines",
    [
        [(0, "invoke", "read"), (0, "invoke", "read")],
        [(0, "ok", "read", 1)],
        [(0, "invoke", "read"), (0, "ok", "write", 1)],
        [(0, "invoke", "read"), (0, "info", "read"), (0, "ok", "read", 1)],
    ],
)
def test_a_process_does_one_thing_at_a_time(lines: list[Line]) -> None:
    with pytest.raises(HistoryError, match=rf"history:{len(lines)}: process 0"):
        made(*lines)


def test_a_model_refuses_what_it_does_not_know() -> None:
    with pytest.raises(HistoryError, match="history:1: the model register knows read, get, write, put, not cas"):
        said("register", *did(0, "cas", (1, 2)))
    with pytest.raises(HistoryError, match=r"history:1: the value of a cas is \[old new\]"):
        said("cas", *did(0, "cas", 7))


def plainly(calls: Sequence[Call], model: Model) -> bool:
    """Whether there is an order: next any call that nothing left precedes, and never twice from the same place."""
    completed = {i for i, one in enumerate(calls) if one.done}
    seen: set[tuple[frozenset[int], Hashable]] = set()
    stack: list[tuple[frozenset[int], Hashable]] = [(frozenset(range(len(calls))), model.initial)]
    while stack:
        left, state = stack.pop()
        if not left & completed:
            return True
        first_end = min(calls[i].end or 0 for i in left & completed)
        for i in left:
            after = model.steps[calls[i].name](state, calls[i])
            reached = (left - {i}, after)
            if calls[i].begin < first_end and after is not REFUSED and reached not in seen:
                seen.add(reached)
                stack.append(reached)
    return False


@pytest.mark.parametrize("model", [name for name, model in MODELS.items() if not model.keyed])
@given(st.data())
def test_the_judge_agrees_with_the_plain_search(model: str, data: st.DataObject) -> None:
    calls = data.draw(strategies.calls(model))
    found = judge(calls, MODELS[model])
    assert found.verdict is (Verdict.HELD if plainly(calls, MODELS[model]) else Verdict.VIOLATED)
    if found.refusal is not None:
        assert not plainly(first(calls, found.refusal.event), MODELS[model])
        assert model == "set" or plainly(first(calls, found.refusal.event - 1), MODELS[model])


@given(st.data())
def test_an_order_that_is_found_is_one(data: st.DataObject) -> None:
    calls = data.draw(strategies.calls("cas"))
    search = Search(MODELS["cas"], calls)
    if search.run(100_000):
        assert search.order is not None
        state: Any = MODELS["cas"].initial
        for place, call in enumerate(search.order):
            assert all(other.end is None or not other.done or other.end > call.begin for other in search.order[place:])
            state = MODELS["cas"].steps[call.name](state, call)
            assert state is not REFUSED
        assert {one.begin for one in calls if one.done} <= {one.begin for one in search.order}


def test_sixty_thousand_operations_take_a_step_or_two_each() -> None:
    lines: list[Line] = []
    for n in range(10_000):
        lines += [(0, "invoke", "write", n), (1, "invoke", "write", -n), (2, "invoke", "read")]
        lines += [(1, "ok", "write"), (0, "ok", "write"), (2, "ok", "read", n)]
        lines += [*did(3, "read", None, -n if n % 3 else n), *did(4, "read", None, -n if n % 3 else n)]
        lines += did(5, "read", None, -n if n % 3 else n)
    found: Judgement = judge(made(*lines), MODELS["register"])
    assert (found.verdict, found.calls) == (Verdict.HELD, 60_000)
    assert found.steps < 120_000


def random_calls(operations: int, clients: int, values: int, seed: int, cas: float = 0.0) -> tuple[Call, ...]:
    """What clients of one register saw, each operation taking effect at some instant between its ends."""
    dice, now, state, begun = random.Random(seed), 0, None, 0
    under_way: dict[int, list[Any]] = {}
    calls: list[Call] = []
    while begun < operations or under_way:
        client = dice.randrange(clients)
        if client in under_way and under_way[client][0]:
            _, name, value, result, refused, begin = under_way.pop(client)
            now += 1
            calls.append(Call(client, name, None, value, result, "-", begin, now, True, refused))
        elif client in under_way:
            _, name, value, _, _, begin = under_way[client]
            refused = name == "cas" and state != value[0]
            result = state if name == "read" else None
            under_way[client] = [True, name, value, result, refused, begin]
            state = value if name == "write" else value[1] if name == "cas" and not refused else state
        elif begun < operations:
            begun, now, kind = begun + 1, now + 1, dice.random()
            name = "cas" if kind < cas else "read" if kind < (1 + cas) / 2 else "write"
            drawn = [dice.randrange(values), dice.randrange(values)]
            under_way[client] = [
                False,
                name,
                {"read": None, "write": drawn[0]}.get(name, tuple(drawn)),
                None,
                False,
                now,
            ]
    return tuple(sorted(calls, key=lambda one: one.begin))


@pytest.mark.parametrize(
    ("clients", "values", "cas"),
    [(50, 20, 0.0), (50, 20, 0.2), (50, 5, 0.0), (50, 5, 0.2), (5, 5, 0.3), (50, 1_000_000, 0.0)],
)
def test_a_busy_register_is_judged_within_a_few_steps_an_operation(clients: int, values: int, cas: float) -> None:
    found = judge(random_calls(6_000, clients, values, 1, cas), MODELS["cas"], steps=30_000)
    assert found.verdict is Verdict.HELD


@pytest.mark.parametrize("values", [5, 1_000_000])
def test_a_lie_in_a_long_history_is_named_and_its_beginning_is_refused(values: int) -> None:
    calls = random_calls(6_000, 20, values, 2)
    lie = next(one for one in calls[4_000:] if one.name == "read")
    stale = next(one for one in calls if one.name == "write" and one.value != lie.result)
    told = stale.value if values > 5 else -1
    assert lie.end is not None
    bad = tuple(evolve(one, result=told) if one is lie else one for one in calls)
    found = judge(bad, MODELS["register"], steps=30_000)
    assert found.verdict is Verdict.VIOLATED
    why = found.refusal or found.breach
    assert why is not None
    assert why.event == lie.end
    assert found.breach is None or found.breach.calls == (evolve(lie, result=told),)
    assert judge(first(bad, lie.end), MODELS["register"]).verdict is Verdict.VIOLATED
    assert judge(first(bad, lie.begin), MODELS["register"]).verdict is Verdict.HELD


@given(st.data())
def test_where_no_value_is_written_twice_the_zones_say_what_the_search_says(data: st.DataObject) -> None:
    numbers = count()
    calls = data.draw(strategies.calls("register"))
    fresh = [evolve(one, value=next(numbers)) if one.name in WRITES else one for one in calls]
    assert zones.fits(fresh, None)
    clash = next(zones.clashes(fresh, None), None)
    assert (clash is None) == plainly(fresh, MODELS["register"])
    if clash is not None:
        few = [one for one in fresh if one.name in WRITES or one in clash[1]]
        assert not plainly(few, MODELS["register"])


def test_true_is_not_one() -> None:
    assert said("register", *did(0, "write", TRUE), *did(1, "read", None, 1)) is Verdict.VIOLATED
    assert Symbol("true") == TRUE
