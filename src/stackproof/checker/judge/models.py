"""Sequential objects: what each operation may return in which state, and what it leaves.

Herlihy and Wing, "Linearizability", TOPLAS 12(3), 1990, section 2: an object is specified by its sequential histories.
A step takes a state and a call and gives the next state, or REFUSED where the call cannot have returned that. A call
that is not done may return anything. Where an object is made of others, `part` says to which one a call goes: a history
is linearizable if and only if that of each part is (section 3.1, locality).
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from attrs import evolve, frozen

from stackproof.checker.judge.calls import FALSE, TRUE, Call, HistoryError, shown

REFUSED = object()
Step = Callable[[Any, Call], Any]


@frozen
class Model:
    """A sequential object.

    steps      what each operation does, by name
    observers  operations that leave every state as it is
    refusable  operations that may be seen to be refused
    keyed      every call goes to one of many such objects, by its key
    fits       what is wrong with the argument of a call, if anything
    """

    name: str
    about: str
    initial: Hashable
    steps: Mapping[str, Step]
    observers: frozenset[str] = frozenset()
    refusable: frozenset[str] = frozenset()
    keyed: bool = False
    fits: Callable[[Call], str | None] = lambda _: None

    def observes(self, call: Call) -> bool:
        """Whether a call leaves every state as it is."""
        return call.name in self.observers or call.refused

    def checked(self, call: Call) -> Call:
        """The call as the model takes it; raises HistoryError for one that it does not know."""
        if call.name not in self.steps:
            raise HistoryError(f"{call.where}: the model {self.name} knows {', '.join(self.steps)}, not {call.name}")
        if self.keyed and call.key is None:
            call = with_key(call)
        if wrong := self.fits(call):
            raise HistoryError(f"{call.where}: {wrong}")
        return call


def with_key(call: Call) -> Call:
    """A call whose value is a pair of key and value, as Jepsen writes it."""
    if not is_pair(call.value) or (call.result is not None and not is_pair(call.result)):
        raise HistoryError(f"{call.where}: an operation of a map has a key, or a value [key value]")
    return evolve(call, key=call.value[0], value=call.value[1], result=call.result and call.result[1])


def is_pair(value: Any) -> bool:
    """Whether a value is one of two."""
    return isinstance(value, tuple) and len(value) == 2  # noqa: PLR2004 - a pair


def read(state: Any, call: Call) -> Any:
    """The whole state is returned."""
    return state if not call.done or call.result == state else REFUSED


def write(state: Any, call: Call) -> Any:
    """The state is what is written."""
    return call.value


def compare_and_set(state: Any, call: Call) -> Any:
    """[old new]: new replaces old; refused where something else is there."""
    old, new = call.value
    if call.refused:
        return REFUSED if state == old else state
    return new if state == old else REFUSED


def append_text(state: Any, call: Call) -> Any:
    """A text grows at its end."""
    return f"{'' if state is None else state}{call.value}"


def pair_to_compare(call: Call) -> str | None:
    """A cas has two values."""
    return None if call.name != "cas" or is_pair(call.value) else "the value of a cas is [old new]"


def said(call: Call, truth: bool) -> bool:
    """Whether a call that returned true or false returned the truth; one that returned anything else said nothing."""
    return not call.done or call.result not in (TRUE, FALSE) or (call.result == TRUE) == truth


def add_to_set(state: Any, call: Call) -> Any:
    """An element is added; true: it was not there."""
    return state | {call.value} if said(call, call.value not in state) else REFUSED


def remove_from_set(state: Any, call: Call) -> Any:
    """An element is removed; true: it was there."""
    return state - {call.value} if said(call, call.value in state) else REFUSED


def is_in_set(state: Any, call: Call) -> Any:
    """Whether an element is there."""
    return state if said(call, call.value in state) else REFUSED


def read_set(state: Any, call: Call) -> Any:
    """All elements, in any order."""
    return state if not call.done or elements(call.result) == state else REFUSED


def elements(value: Any) -> frozenset[Any]:
    """The elements of a collection."""
    return frozenset(value) if isinstance(value, tuple | frozenset) else frozenset()


def enqueue(state: Any, call: Call) -> Any:
    """An element is the last."""
    return (*state, call.value)


def dequeue(state: Any, call: Call) -> Any:
    """The first element is taken out; nil, or a refusal: there was none."""
    if call.done and call.result is None:
        return REFUSED if state else state
    return state[1:] if state and (not call.done or call.result == state[0]) else REFUSED


def acquire(state: Any, call: Call) -> Any:
    """A free lock is taken."""
    free = state == FALSE
    return REFUSED if free == call.refused else state if call.refused else TRUE


def release(state: Any, call: Call) -> Any:
    """A taken lock is free."""
    taken = state == TRUE
    return REFUSED if taken == call.refused else state if call.refused else FALSE


def add_number(state: Any, call: Call) -> Any:
    """A number is added, 1 if none is given."""
    return state + (1 if call.value is None else call.value)


def number_to_add(call: Call) -> str | None:
    """A counter adds whole numbers."""
    fits = call.name == "read" or call.value is None or isinstance(call.value, int)
    return None if fits else f"a counter adds whole numbers, not {shown(call.value)}"


def read_log(state: Any, call: Call) -> Any:
    """All entries, the oldest first."""
    return state if not call.done or (call.result or ()) == state else REFUSED


def transact(state: Any, call: Call) -> Any:
    """[[r x value] [w y value]]: reads and writes of registers, one after the other, at once."""
    registers = dict(state)
    for kind, key, value in call.result if call.done and call.result else call.value:
        if str(kind).endswith("w"):
            registers[key] = value
        elif call.done and registers.get(key) != value:
            return REFUSED
    return frozenset(registers.items())


def reads_and_writes(call: Call) -> str | None:
    """A transaction is a list of reads and writes."""
    for steps in (call.value, call.result or ()):
        for step in steps if isinstance(steps, tuple) else (None,):
            if not isinstance(step, tuple) or len(step) != 3 or str(step[0]).removeprefix(":") not in ("r", "w"):  # noqa: PLR2004
                return "a transaction is a list of [r key value] and [w key value]"
    return None


REGISTER: dict[str, Step] = {"read": read, "get": read, "write": write, "put": write}
OBSERVERS = frozenset({"read", "get", "contains"})
CAS = frozenset({"cas"})
MODELS = {
    one.name: one
    for one in (
        Model("register", "read, write (or get, put)", None, REGISTER, OBSERVERS),
        Model(
            "cas",
            "a register with cas [old new]",
            None,
            REGISTER | {"cas": compare_and_set},
            OBSERVERS,
            CAS,
            fits=pair_to_compare,
        ),
        Model(
            "kv",
            "a map: get, put, append, cas of a key; at first all values are empty",
            "",
            REGISTER | {"append": append_text, "cas": compare_and_set},
            OBSERVERS,
            CAS,
            keyed=True,
            fits=pair_to_compare,
        ),
        Model(
            "set",
            "add, remove, contains, read (all of it)",
            frozenset(),
            {"add": add_to_set, "remove": remove_from_set, "contains": is_in_set, "read": read_set},
            OBSERVERS,
        ),
        Model(
            "queue",
            "first in, first out: enqueue, dequeue",
            (),
            {"enqueue": enqueue, "dequeue": dequeue},
            refusable=frozenset({"dequeue"}),
        ),
        Model(
            "mutex",
            "acquire, release",
            FALSE,
            {"acquire": acquire, "release": release},
            refusable=frozenset({"acquire", "release"}),
        ),
        Model(
            "counter", "add (1, or a number), read", 0, {"add": add_number, "read": read}, OBSERVERS, fits=number_to_add
        ),
        Model("log", "append, read (all of it)", (), {"append": enqueue, "read": read_log}, OBSERVERS),
        Model(
            "registers",
            "many registers: txn [[r x value] [w y value]]",
            frozenset(),
            {"txn": transact},
            fits=reads_and_writes,
        ),
    )
}
