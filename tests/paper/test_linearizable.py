"""Histories and their judge: Herlihy and Wing (TOPLAS 1990), Wing and Gong (JPDC 1993), Lowe (CCPE 2017)."""

from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from stackproof.checker import strategies
from stackproof.checker.history import History, Operation
from stackproof.checker.judge.calls import HistoryError
from stackproof.checker.judge.models import MODELS
from stackproof.checker.linearizable import linearization, register
from stackproof.reference.storage.quorum_store import Invoked, Returned

Line = tuple[str, Any]


def put(client: str, value: int) -> Line:
    return client, Invoked("put", value)


def get(client: str) -> Line:
    return client, Invoked("get")


def ok(client: str, result: int | None = None) -> Line:
    return client, Returned(result)


def recorded(*lines: Line) -> History:
    """The history of these events."""
    history = History()
    for client, event in lines:
        history = history.observe(client, event)
    return history


def explains(*lines: Line) -> bool:
    """Whether a register may have produced these events."""
    return linearization(recorded(*lines).operations, register()) is not None


def test_a_history_without_operations_is_linearizable() -> None:
    assert linearization((), register()) == ()


def test_a_get_after_a_put_returns_its_value() -> None:
    assert explains(put("a", 1), ok("a"), get("b"), ok("b", 1))


def test_a_get_after_a_put_may_not_return_what_was_there_before() -> None:
    assert not explains(put("a", 1), ok("a"), get("b"), ok("b", None))


@pytest.mark.parametrize("seen", [None, 1])
def test_a_get_during_a_put_may_return_either_value(seen: int | None) -> None:
    assert explains(put("a", 1), get("b"), ok("b", seen), ok("a"))


def test_a_get_does_not_return_what_nobody_put() -> None:
    assert not explains(put("a", 1), get("b"), ok("b", 2), ok("a"))


def test_two_gets_during_one_put_may_not_see_the_new_value_and_then_the_old() -> None:
    assert explains(put("a", 1), get("b"), ok("b", None), get("c"), ok("c", 1), ok("a"))
    assert not explains(put("a", 1), get("b"), ok("b", 1), get("c"), ok("c", None), ok("a"))


def test_a_pending_put_may_have_taken_effect() -> None:
    assert explains(put("a", 1), get("b"), ok("b", 1))


def test_a_pending_put_may_never_take_effect() -> None:
    assert explains(put("a", 1), get("b"), ok("b", None), get("b"), ok("b", None))


def test_a_pending_put_does_not_take_effect_before_it_began() -> None:
    assert not explains(get("b"), ok("b", 1), put("a", 1))


def test_a_pending_put_is_not_undone() -> None:
    assert not explains(put("a", 1), get("b"), ok("b", 1), get("b"), ok("b", None))


def test_a_pending_get_explains_itself() -> None:
    assert explains(put("a", 1), ok("a"), get("b"))


def test_concurrent_puts_take_effect_in_one_order_for_all() -> None:
    both = (put("a", 1), put("b", 2), ok("a"), ok("b"))
    assert explains(*both, get("a"), ok("a", 2), get("b"), ok("b", 2))
    assert not explains(*both, get("a"), ok("a", 2), get("b"), ok("b", 1))


def test_the_order_that_is_found_is_a_run_of_the_register() -> None:
    history = recorded(put("a", 1), put("b", 2), ok("b"), get("c"), ok("c", 1), ok("a"))
    order = linearization(history.operations, register())
    assert order is not None
    assert [str(operation) for operation in order] == ["b: put(2)", "a: put(1)", "c: get() -> 1"]


def test_the_value_at_the_start_is_the_models_to_say() -> None:
    history = recorded(get("a"), ok("a", 7))
    assert linearization(history.operations, register(7)) is not None


def test_a_register_refuses_operations_it_does_not_know() -> None:
    history = recorded(("a", Invoked("enqueue", 1)), ok("a"))
    with pytest.raises(HistoryError, match="the model register knows read, get, write, put, not enqueue"):
        linearization(history.operations, register())


def test_any_sequential_object_can_be_the_model() -> None:
    both = (("a", Invoked("enqueue", 1)), ("b", Invoked("enqueue", 2)), ok("a"), ok("b"))
    swapped = recorded(*both, ("a", Invoked("dequeue")), ok("a", 2), ("b", Invoked("dequeue")), ok("b", 1))
    twice = recorded(*both, ("a", Invoked("dequeue")), ok("a", 2), ("b", Invoked("dequeue")), ok("b", 2))
    assert linearization(swapped.operations, MODELS["queue"]) is not None
    assert linearization(twice.operations, MODELS["queue"]) is None


def test_many_concurrent_operations_are_judged_in_no_time() -> None:
    clients = [f"c{i}" for i in range(14)]
    puts = [put(client, i) for i, client in enumerate(clients)]
    impossible = recorded(*puts, *(ok(client) for client in clients), get("z"), ok("z", 99))
    assert linearization(impossible.operations, register()) is None


def brute_force(operations: tuple[Operation, ...]) -> bool:
    """Linearizability by its definition: some choice of pending operations, in some order."""
    completed = [one for one in operations if one.done]
    pending = [one for one in operations if not one.done]
    for mask in range(1 << len(pending)):
        chosen = completed + [one for i, one in enumerate(pending) if mask >> i & 1]
        if any(in_real_time(order) and serves(order) for order in permutations(chosen)):
            return True
    return False


def in_real_time(order: tuple[Operation, ...]) -> bool:
    return not any(later.precedes(one) for i, one in enumerate(order) for later in order[i:])


def serves(order: tuple[Operation, ...]) -> bool:
    value = None
    for one in order:
        if one.name == "put":
            value = one.value
        elif one.done and one.result != value:
            return False
    return True


@given(strategies.histories(most=10))
def test_the_search_agrees_with_the_definition(history: History) -> None:
    assert (linearization(history.operations, register()) is not None) == brute_force(history.operations)


def test_an_operation_precedes_those_that_began_after_it_returned() -> None:
    history = recorded(put("a", 1), get("b"), ok("a"), get("c"), put("a", 2))
    first, second, during, after = history.operations
    assert first.precedes(after)
    assert first.precedes(second)
    assert not first.precedes(during)
    assert not second.precedes(after)


def test_a_pending_operation_precedes_nothing_even_when_its_client_goes_on() -> None:
    history = recorded(put("a", 1), get("a"), ok("a"), get("b"))
    lost, done, other = history.operations
    assert not lost.precedes(done)
    assert not lost.precedes(other)
    assert done.precedes(other)


def test_runs_that_no_client_can_tell_apart_have_one_history() -> None:
    one = recorded(put("a", 1), get("b"), ok("a"), ok("b", 1))
    other = recorded(get("b"), put("a", 1), ok("b", 1), ok("a"))
    assert one == other
    assert hash(one) == hash(other)


def test_runs_that_a_client_can_tell_apart_have_two() -> None:
    assert recorded(put("a", 1), ok("a"), get("b")) != recorded(put("a", 1), get("b"), ok("a"))


def test_events_of_other_kinds_leave_a_history_as_it_is() -> None:
    history = recorded(put("a", 1))
    assert history.observe("a", "a leader was elected") is history


def test_a_history_refuses_a_return_from_nothing() -> None:
    for history in (History(), recorded(put("b", 1)), recorded(put("a", 1), ok("a"))):
        with pytest.raises(ValueError, match="'a' returned from an operation that it had not invoked"):
            history.observe("a", Returned())


def test_an_operation_reads_like_a_line_of_a_log() -> None:
    call = Operation("c0", 0, "get")
    assert str(call) == "c0: get() pending"
    assert str(evolve(call, result=3, done=True)) == "c0: get() -> 3"
