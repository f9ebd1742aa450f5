"""Models and searches that a tired engineer might write, each caught by a history that is known to be good or bad."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from stackproof.checker.judge import zones
from stackproof.checker.judge.ask import Ask, answered
from stackproof.checker.judge.calls import Call, Event, calls_of
from stackproof.checker.judge.memory import Memory
from stackproof.checker.judge.models import MODELS, REFUSED
from stackproof.checker.judge.search import NOTHING_DONE, Place, Search
from stackproof.checker.judge.sequential import Orders
from stackproof.checker.judge.values import Values
from stackproof.checker.judge.verdict import judge
from stackproof.checker.report import Verdict
from tests.paper.test_judge import random_calls

Line = tuple[Any, ...]


def made(*lines: Line) -> tuple[Call, ...]:
    """The calls of these events."""
    events = [Event(process, kind, name, value, None, "-") for process, kind, name, value in lines]
    return calls_of(events, True, frozenset({"cas", "dequeue", "acquire", "release"}))


def one_by_one(*calls: tuple[str, Any, Any]) -> tuple[Call, ...]:
    """Calls one after the other: a name, an argument, a result; the result REFUSED for a refusal."""
    lines: list[Line] = []
    for name, value, result in calls:
        lines.append((0, "invoke", name, value))
        lines.append((0, "fail", name, None) if result is REFUSED else (0, "ok", name, result))
    return made(*lines)


MUTANTS: dict[str, tuple[str, str, Callable[[Any, Call], Any], tuple[Call, ...]]] = {
    "a read that returns anything": ("register", "read", lambda state, call: state, one_by_one(("read", None, 7))),
    "a write that is forgotten": (
        "register",
        "write",
        lambda state, call: state,
        one_by_one(("write", 1, 1), ("read", None, 1)),
    ),
    "a cas that does not compare": (
        "cas",
        "cas",
        lambda state, call: state if call.refused else call.value[1],
        one_by_one(("write", 1, 1), ("cas", (2, 3), (2, 3))),
    ),
    "a cas that may be refused at will": (
        "cas",
        "cas",
        lambda state, call: state if call.refused or state != call.value[0] else call.value[1],
        one_by_one(("write", 1, 1), ("cas", (1, 3), REFUSED)),
    ),
    "a queue that is a stack": (
        "queue",
        "dequeue",
        lambda state, call: state[:-1] if state and state[-1] == call.result else REFUSED,
        one_by_one(("enqueue", 1, 1), ("enqueue", 2, 2), ("dequeue", None, 1)),
    ),
    "a lock for two": (
        "mutex",
        "acquire",
        lambda state, call: MODELS["mutex"].steps["acquire"](MODELS["mutex"].initial, call),
        one_by_one(("acquire", None, None), ("acquire", None, None)),
    ),
    "a counter that counts calls": (
        "counter",
        "add",
        lambda state, call: state + 1,
        one_by_one(("add", 4, 4), ("read", None, 4)),
    ),
    "a log that grows at its head": (
        "log",
        "append",
        lambda state, call: (call.value, *state),
        one_by_one(("append", 1, 1), ("append", 2, 2), ("read", None, (1, 2))),
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_model_gives_the_other_verdict(mutant: str) -> None:
    name, operation, step, calls = MUTANTS[mutant]
    model = MODELS[name]
    mutated = evolve(model, steps={**model.steps, operation: step})
    assert {judge(calls, model).verdict, judge(calls, mutated).verdict} == {Verdict.HELD, Verdict.VIOLATED}


STALE = made(
    (0, "invoke", "write", 1),
    (1, "invoke", "read", None),
    (1, "ok", "read", 1),
    (2, "invoke", "read", None),
    (2, "ok", "read", None),
    (0, "ok", "write", 1),
)


def test_a_judge_that_knows_no_real_time_accepts_a_stale_read() -> None:
    assert Search(MODELS["register"], STALE).run(1_000) is False
    timeless = [evolve(call, begin=n, end=10 + n) for n, call in enumerate(STALE, 1)]
    assert Search(MODELS["register"], timeless).run(1_000) is True


LATE = made(
    (0, "invoke", "write", 1),
    (0, "info", "write", None),
    (1, "invoke", "read", None),
    (1, "ok", "read", 1),
)


def test_a_judge_that_takes_an_unknown_outcome_for_a_failure_refuses_what_is_good() -> None:
    assert Search(MODELS["register"], LATE).run(1_000) is True
    assert Search(MODELS["register"], [call for call in LATE if call.done]).run(1_000) is False


SEEN_AGAIN = made(
    (0, "invoke", "write", 1),
    (1, "invoke", "write", 2),
    (1, "ok", "write", 2),
    (0, "ok", "write", 1),
    (2, "invoke", "read", None),
    (2, "ok", "read", 2),
)


def test_a_search_that_believes_no_value_to_be_overwritten_finds_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Search(MODELS["register"], SEEN_AGAIN).run(1_000) is True
    monkeypatch.setattr("stackproof.checker.judge.values.Values.lost", lambda *_: True)
    assert Search(MODELS["register"], SEEN_AGAIN).run(1_000) is False


def asked(ask: Ask, *calls: tuple[str, Any, Any]) -> Verdict:
    """What the judge says of calls of one process."""
    return answered(ask, one_by_one(*calls), MODELS["register"]).verdict


def test_a_judge_that_forgets_what_was_completed_takes_an_old_value_for_regular(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stale = (("write", 1, 1), ("write", 2, 2), ("read", None, 1))
    assert asked(Ask.REGULAR, *stale) is Verdict.VIOLATED
    monkeypatch.setattr("stackproof.checker.judge.regular.bisect_left", lambda *_, key=None: 0 if key is None else 1)
    assert asked(Ask.REGULAR, *stale) is Verdict.HELD


@pytest.mark.parametrize("ask", [Ask.READ_YOUR_WRITES, Ask.SEQUENTIAL])
def test_a_judge_that_takes_each_call_for_a_session_misses_that_a_process_lost_its_write(ask: Ask) -> None:
    lost = one_by_one(("write", 1, 1), ("read", None, None))
    assert answered(ask, lost, MODELS["register"]).verdict is Verdict.VIOLATED
    alone = [evolve(call, process=place) for place, call in enumerate(lost)]
    assert answered(ask, alone, MODELS["register"]).verdict is Verdict.HELD


def test_a_judge_that_looks_only_at_pairs_of_reads_misses_two_sessions_that_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = (("write", 1, 1), ("write", 2, 2), ("read", None, 2), ("read", None, 1))
    assert asked(Ask.MONOTONIC_READS, *both) is Verdict.VIOLATED
    monkeypatch.setattr("stackproof.checker.judge.sessions.shortest", lambda *_: ())
    assert asked(Ask.MONOTONIC_READS, *both) is Verdict.HELD


def test_a_judge_that_asks_every_key_for_itself_takes_too_much_for_sequential() -> None:
    events = [(0, "put", "x"), (0, "get", "y"), (1, "put", "y"), (1, "get", "x")]
    calls = [
        Call(
            process, name, key, 1 if name == "put" else None, "" if name == "get" else None, "-", 2 * n, 2 * n + 1, True
        )
        for n, (process, name, key) in enumerate(events, 1)
    ]
    model = MODELS["kv"]
    assert answered(Ask.SEQUENTIAL, calls, model).verdict is Verdict.VIOLATED
    for key in "xy":
        assert Orders(model, [call for call in calls if call.key == key]).run(100) is True


def test_zones_in_which_no_value_has_to_stay_refuse_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = one_by_one(("write", 1, 1), ("read", None, 1), ("write", 2, 2), ("read", None, 1))
    assert list(zones.clashes(calls, None)) != []
    monkeypatch.setattr(zones.Zone, "stays", False)
    assert list(zones.clashes(calls, None)) == []


BOTH_SEEN = made(
    (0, "invoke", "write", 1),
    (1, "invoke", "write", 2),
    (2, "invoke", "read", None),
    (3, "invoke", "read", None),
    (2, "ok", "read", 1),
    (3, "ok", "read", 2),
    (0, "ok", "write", 1),
    (1, "ok", "write", 2),
)


def test_a_search_that_believes_every_value_to_stay_finds_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Search(MODELS["register"], BOTH_SEEN).run(1_000) is True
    monkeypatch.setattr("stackproof.checker.judge.values.Values.needed_until", lambda *_: 1_000)
    assert Search(MODELS["register"], BOTH_SEEN).run(1_000) is False


LATER, BETTER, WAITING = Memory.has_better, Search.better, Search.waiting
RULES: dict[str, tuple[type, str, Callable[..., Any], tuple[int, int, int, int, float]]] = {
    "it does not matter when the last write came": (
        Memory,
        "has_better",
        lambda self, place, more, fewer: LATER(self, (*place[:3], 0, *place[4:]), more, fewer),
        (80, 8, 5, 2735, 0.3),
    ),
    "fewer reads are better": (
        Search,
        "better",
        lambda self, passed: (0, sum(BETTER(self, passed))),
        (60, 12, 40, 223, 0.0),
    ),
    "more writes are better": (
        Search,
        "better",
        lambda self, passed: (sum(BETTER(self, passed)), 0),
        (60, 12, 20, 550, 0.2),
    ),
    "no value stays while a write is under way": (
        Values,
        "written_within",
        lambda self, now, until: until > now,
        (60, 6, 40, 3, 0.0),
    ),
    "every write waits for ever": (Search, "waiting", lambda *asked: (1 << 60, WAITING(*asked)[1]), (60, 6, 3, 0, 0.2)),
    "the last write at a return waits for those who see it": (
        Search,
        "waiting",
        lambda *asked: (max(WAITING(*asked)), WAITING(*asked)[1]),
        (30, 15, 30, 1063, 0.3),
    ),
    "no call can wait until a value may go": (
        Search,
        "cannot_wait",
        lambda self, place: place[0] < len(self.returns) and place[5] > (self.calls[self.returns[place[0]]].end or 0),
        (60, 25, 40, 131, 0.0),
    ),
}


@pytest.mark.parametrize("mutant", RULES)
def test_a_search_that_leaves_out_too_much_finds_no_order(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of, rule, wrong, (operations, clients, values, seed, cas) = RULES[mutant]
    calls = random_calls(operations, clients, values, seed, cas)
    assert Search(MODELS["cas"], calls).run(10_000) is True
    monkeypatch.setattr(of, rule, wrong)
    assert Search(MODELS["cas"], calls).run(10_000) is False


def place(taken: int = 0b0110, hides: int = 5, stays: int = 5, due: int = 5) -> Place:
    """A place in which one read and one write have taken effect, of two each."""
    return 7, taken, "state", hides, None, stays, due


@pytest.mark.parametrize(
    ("other", "worse"),
    [
        (place(0b0010), True),
        (place(0b1110), True),
        (place(0b0111), False),
        (place(0b0100), False),
        (place(hides=4), True),
        (place(hides=6), False),
        (place(stays=6), True),
        (place(stays=4), False),
        (place(due=6), True),
        (place(due=NOTHING_DONE), False),
        ((8, *place()[1:]), False),
    ],
)
def test_a_place_is_as_good_as_another_where_it_has_more_reads_fewer_writes_and_less_to_wait_for(
    other: Place, worse: bool
) -> None:
    memory = Memory()
    assert memory.has_better(place(), more=0b0101, fewer=0b1010) is False
    assert memory.has_better(other, more=0b0101, fewer=0b1010) is worse
    assert memory.has_better(place(), more=0b0101, fewer=0b1010) is True
