"""Histories: what clients asked for and got, of any register, queue, set, ... that the judge knows.

Those of `calls` and `histories` are well-formed and otherwise arbitrary: processes do one thing at a time, any
operation may fail, be given up or never end, and returns what it likes. Those of `linearizable_calls` and
`linearizable_histories` are linearizable by construction (Herlihy and Wing, TOPLAS 12(3), 1990): each operation takes
effect at one moment between its invocation and its return, or later if it never returns, and the order of these moments
comes along as a witness.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stackproof.checker.history import History, Operation
from stackproof.checker.judge.calls import FALSE, TRUE, Call, Event, calls_of
from stackproof.checker.judge.models import MODELS, REFUSED, Model
from stackproof.reference.storage.quorum_store import Invoked, Returned

Values: TypeAlias = Sequence[tuple[Any, Sequence[Any]]]
VALUES, BITS = (1, 2, 3), (TRUE, FALSE)
TRANSACTIONS: Values = (
    ((("r", "x", None),), [(("r", "x", value),) for value in (None, 1)]),
    ((("w", "x", 1),), [(("w", "x", 1),)]),
    ((("w", "x", 2), ("r", "y", None)), [(("w", "x", 2), ("r", "y", value)) for value in (None, 1)]),
    ((("w", "y", 1), ("r", "x", None)), [(("w", "y", 1), ("r", "x", value)) for value in (None, 1, 2)]),
)
OPERATIONS: Mapping[str, Mapping[str, Values]] = {
    "register": {"get": [(None, (None, *VALUES))], "put": [(v, (None,)) for v in VALUES]},
    "cas": {
        "read": [(None, (None, 0, 1, 2))],
        "write": [(v, (v,)) for v in range(3)],
        "cas": [((a, b), ((a, b),)) for a in range(3) for b in range(3)],
    },
    "kv": {
        "get": [(None, ("", "a", "b", "ab"))],
        "put": [(v, (v,)) for v in "ab"],
        "append": [(v, (v,)) for v in "ab"],
    },
    "set": {
        "contains": [(v, BITS) for v in range(2)],
        "add": [(v, (*BITS, v)) for v in range(2)],
        "remove": [(v, BITS) for v in range(2)],
        "read": [(None, ((), (0,), (1,), (0, 1)))],
    },
    "queue": {"dequeue": [(None, (None, 0, 1, 2))], "enqueue": [(v, (v,)) for v in range(3)]},
    "mutex": {"acquire": [(None, (None,))], "release": [(None, (None,))]},
    "counter": {"read": [(None, (0, -1, 1, 2))], "add": [(v, (v,)) for v in (1, -1)]},
    "log": {"read": [(None, ((), (0,), (1,), (0, 1), (1, 0)))], "append": [(v, (v,)) for v in range(2)]},
    "registers": {"txn": TRANSACTIONS},
}
"""Of each model: what each operation may be given, and what it may be said to have returned."""


def transacted(state: Any, value: Any) -> Any:
    """What a transaction returns."""
    registers, done = dict(state), []
    for kind, key, written in value:
        if kind == "w":
            registers[key] = written
        done.append((kind, key, registers.get(key)))
    return tuple(done)


SEEN: Mapping[str, Callable[[Any, Any], Any]] = {
    "read": lambda state, _: tuple(sorted(state)) if isinstance(state, frozenset) else state,
    "get": lambda state, _: state,
    "dequeue": lambda state, _: state[0] if state else None,
    "txn": transacted,
}
"""What is returned by operations that may return more than stands in their table."""


def what_fits(model: Model, state: Any, call: Call) -> Iterator[tuple[Call, Any]]:
    """Each way in which a call may go in this state, with the state after it: not refused before refused."""
    if call.name in SEEN:
        results: Sequence[Any] = (SEEN[call.name](state, call.value),)
    else:
        results = dict(OPERATIONS[model.name][call.name])[call.value]
    ways = [evolve(call, done=True, result=result) for result in results]
    ways += [evolve(call, done=True, refused=True)] if call.name in model.refusable else []
    for way in ways:
        after = model.steps[call.name](state, way)
        if after is not REFUSED:
            yield way, after


@frozen
class Choice:
    """Something that may come next: a process (`slot`) invokes, hears of the end, or gives up; a call takes effect."""

    name: str
    slot: int = -1
    call: int = -1


@frozen
class Effect:
    """How a call went that took effect, and whether it left another state."""

    way: Call
    changes: bool


@define
class Record:
    """A record under way.

    slots    what each process has under way, by the number of its first event; None: nothing
    retired  how many processes gave up; each goes on under another name
    gone     what was given up and has not taken effect
    took     the calls that took effect, in order: the first event of each, and how it went
    """

    model: Model
    slots: list[int | None]
    keys: Sequence[Hashable]
    events: list[Event] = field(factory=list)
    retired: list[int] = field(factory=list)
    gone: list[int] = field(factory=list)
    took: dict[int, Effect] = field(factory=dict)
    states: dict[Hashable, Any] = field(factory=dict)

    def say(self, slot: int, kind: str, name: str, value: Any, key: Hashable) -> None:
        """Write down one more event."""
        process = slot + len(self.slots) * self.retired[slot]
        self.events.append(Event(process, kind, name, value, key, f"history:{len(self.events) + 1}"))

    def invoke(self, slot: int, name: str, value: Any, key: Hashable) -> None:
        """A process begins an operation."""
        self.slots[slot] = len(self.events)
        self.say(slot, "invoke", name, value, key)

    def end(self, slot: int, kind: str, result: Any = None) -> None:
        """A process hears of the end of what it has under way, or gives up."""
        begun = self.slots[slot] or 0
        self.slots[slot] = None
        self.say(slot, kind, self.events[begun].name, result, self.events[begun].key)
        if kind == "info":
            self.retired[slot] += 1
            if begun not in self.took:
                self.gone.append(begun)

    def take_effect(self, begun: int, draw: DrawFn) -> None:
        """A call does what it does, in one of the ways that fit."""
        event = self.events[begun]
        state = self.states.get(event.key, self.model.initial)
        call = Call(event.process, event.name, event.key, event.value, None, event.where, begun + 1)
        ways = list(what_fits(self.model, state, call))
        way, self.states[event.key] = draw(st.sampled_from(ways))
        self.took[begun] = Effect(way, self.states[event.key] != state)

    def choices(self) -> list[Choice]:
        """What may come next where calls take effect; first what a process would do that is alone."""
        under_way = [(slot, begun) for slot, begun in enumerate(self.slots) if begun is not None]
        return [
            *(
                Choice("return", slot) if begun in self.took else Choice("effect", slot, begun)
                for slot, begun in under_way
            ),
            *(Choice("invoke", slot) for slot, begun in enumerate(self.slots) if begun is None),
            *(Choice("effect", call=begun) for begun in self.gone if begun not in self.took),
            *(Choice("give up", slot) for slot, _ in under_way),
        ]

    @property
    def order(self) -> tuple[int, ...]:
        """The first events of the calls that took effect, but for those that nobody heard of and that did nothing."""
        heard = {call.begin - 1 for call in self.calls if call.done}
        return tuple(begun for begun, effect in self.took.items() if begun in heard or effect.changes)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of the events, whose refusals were seen."""
        return calls_of(self.events, refusals=True, names=self.model.refusable)


def record_of(model: str, processes: int, keys: Sequence[Hashable]) -> Record:
    """A record in which nothing has happened."""
    known = MODELS[model]
    return Record(known, [None] * processes, keys if known.keyed else (None,), retired=[0] * processes)


def begin(record: Record, slot: int, draw: DrawFn) -> None:
    """A process begins any operation."""
    operations = OPERATIONS[record.model.name]
    name = draw(st.sampled_from(list(operations)))
    value, _ = draw(st.sampled_from(operations[name]))
    record.invoke(slot, name, value, draw(st.sampled_from(record.keys)))


@st.composite
def records(
    draw: DrawFn, model: str, processes: int = 4, most: int = 16, keys: Sequence[Hashable] = ("x", "y")
) -> tuple[Event, ...]:
    """Events in the order of a file, up to `most` of them; any operation may end anyhow, or not at all.

    model   a name that `stackproof judge --model` takes
    keys    where the model is a map
    """
    record = record_of(model, processes, keys)
    for slot in draw(st.lists(st.integers(0, processes - 1), max_size=most)):
        begun = record.slots[slot]
        if begun is None:
            begin(record, slot, draw)
            continue
        event = record.events[begun]
        kind = draw(st.sampled_from(("ok", "ok", "ok", "ok", "fail", "info")))
        results = dict(OPERATIONS[model][event.name])[event.value]
        record.end(slot, kind, draw(st.sampled_from(results)) if kind == "ok" else None)
    return tuple(record.events)


def calls(
    model: str, processes: int = 4, most: int = 16, keys: Sequence[Hashable] = ("x", "y")
) -> SearchStrategy[tuple[Call, ...]]:
    """The calls of such `records`, for `judge`. Shrinks to none."""
    refusable = MODELS[model].refusable
    return records(model, processes, most, keys).map(lambda events: calls_of(events, refusals=True, names=refusable))


def single_calls(model: str = "register") -> SearchStrategy[Call]:
    """A call of such a record."""
    return calls(model).filter(bool).flatmap(st.sampled_from)


@st.composite
def linearizable_records(
    draw: DrawFn, model: str, processes: int = 4, most: int = 16, keys: Sequence[Hashable] = ("x", "y")
) -> Record:
    """Records under way in which every call that took effect did so at one moment, up to `most` moments and events."""
    record = record_of(model, processes, keys)
    for number in draw(st.lists(st.integers(0, 1 << 10), max_size=most)):
        choices = record.choices()
        match choices[number % len(choices)]:
            case Choice("invoke", slot):
                begin(record, slot, draw)
            case Choice("return", slot):
                way = record.took[record.slots[slot] or 0].way
                record.end(slot, "fail" if way.refused else "ok", way.result)
            case Choice("give up", slot):
                record.end(slot, "info")
            case Choice(_, _, call):
                record.take_effect(call, draw)
    return record


def linearizable_calls(
    model: str, processes: int = 4, most: int = 16, keys: Sequence[Hashable] = ("x", "y")
) -> SearchStrategy[tuple[tuple[Call, ...], tuple[Call, ...]]]:
    """Calls that have an order, and such an order of them: all that returned, and those of the others that took effect.

    The order is one for all keys together. Shrinks to no calls.
    """

    def explained(record: Record) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
        known = {call.begin: call for call in record.calls}
        return record.calls, tuple(known[begun + 1] for begun in record.order)

    return linearizable_records(model, processes, most, keys).map(explained)


def client(event: Event, clients: int) -> str:
    """The client that a process is, under whatever name it goes on."""
    return f"c{event.process % clients}"  # type: ignore[operator]


def observed(events: Sequence[Event], clients: int) -> History:
    """What the monitor sees of a record; of what is given up it hears nothing more."""
    history = History()
    for event in events:
        if event.kind == "invoke":
            history = history.observe(client(event, clients), Invoked(event.name, event.value))
        elif event.kind == "ok":
            history = history.observe(client(event, clients), Returned(event.value))
    return history


def histories(clients: int = 3, most: int = 11) -> SearchStrategy[History]:
    """What a monitor of a register sees of `clients`, up to `most` events: puts of 1, 2 and 3, and gets of anything.

    An operation may stay pending while its client goes on. Shrinks to none.
    """
    return records("register", clients, most).map(lambda events: observed(without_failures(events), clients))


def without_failures(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events of a record in which whatever failed was given up."""
    return tuple(evolve(event, kind="info") if event.kind == "fail" else event for event in events)


def linearizable_histories(clients: int = 3, most: int = 16) -> SearchStrategy[tuple[History, tuple[Operation, ...]]]:
    """Such histories that have an order, with one: what returned, and what else took effect."""

    def explained(record: Record) -> tuple[History, tuple[Operation, ...]]:
        history = observed(record.events, clients)
        return history, tuple(operation_of(record.events, begun, history, clients) for begun in record.order)

    return linearizable_records("register", clients, most).map(explained)


def operation_of(events: Sequence[Event], begun: int, history: History, clients: int) -> Operation:
    """The operation of a history that begins with an event."""
    name = client(events[begun], clients)
    number = sum(one.kind == "invoke" and client(one, clients) == name for one in events[:begun])
    return next(one for one in history.operations if (one.client, one.number) == (name, number))
