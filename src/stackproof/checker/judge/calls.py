"""What clients did, as somebody recorded it: events in order, and the calls that they make up.

An invocation and the completion of the same process make a call. `ok` says what it returned; `fail`, depending on who
wrote the file, that it did not happen, or that it was seen to be refused; `info`, or no completion at all, that nobody
knows: it may take effect at any time after its invocation, or never.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from attrs import evolve, field, frozen

from stackproof.checker.host import ScenarioError

LONGEST = 60
KINDS = ("invoke", "ok", "fail", "info")


class HistoryError(ScenarioError):
    """A history that cannot be read or makes no sense; names the file and the line."""

    def __str__(self) -> str:
        return f"{super().__str__()}. See: stackproof judge --help"


@frozen
class Symbol:
    """A word that is no string: true, false, an EDN keyword."""

    name: str

    def __str__(self) -> str:
        return self.name


@frozen
class Map:
    """Keys and values, and the line where they end."""

    pairs: tuple[tuple[Any, Any], ...]
    line: int = field(default=0, eq=False)

    def __str__(self) -> str:
        return f"{{{', '.join(f'{shown(key)} {shown(value)}' for key, value in self.pairs)}}}"


TRUE, FALSE = Symbol("true"), Symbol("false")


@frozen
class Event:
    """One line of a record: a process invokes an operation, or hears of its end.

    at   an instant; two events of one instant have no order. None: events are in the order of the file
    """

    process: Hashable
    kind: str
    name: str
    value: Any
    key: Hashable
    where: str
    at: float | None = None


@frozen
class Call:
    """One operation, from the event with number `begin` to that with number `end`; events are counted from 1.

    done      it returned `result`
    refused   it returned that it found things otherwise and changed nothing
    end       None where it never ended; else, where it is not done, when its client gave up
    """

    process: Hashable
    name: str
    key: Hashable
    value: Any
    result: Any
    where: str
    begin: int
    end: int | None = None
    done: bool = False
    refused: bool = False

    def __str__(self) -> str:
        said = [shown(one) for one in (self.key, self.value) if one is not None]
        call = " ".join([self.name, *said])
        if self.done and not self.refused and self.value is not None and self.result in (None, self.value):
            return call
        return f"{call} -> {'?' if not self.done else 'refused' if self.refused else shown(self.result)}"


def shown(value: Any) -> str:
    """A value as it is printed, shortened in the middle where it is long."""
    if isinstance(value, tuple | frozenset):
        parts = [shown(one) for one in (sorted(value, key=repr) if isinstance(value, frozenset) else value)]
        text = f"[{' '.join(parts)}]"
    else:
        text = "nil" if value is None else ascii(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[:28]}...{text[-28:]}"


def calls_of(events: Sequence[Event], refusals: bool, names: frozenset[str]) -> tuple[Call, ...]:
    """The calls of a record, by invocation.

    With `refusals`, a failed operation with one of these names was seen to be refused; any other never happened.
    Raises HistoryError for a process that does two things at once, or that hears of what it did not invoke.
    """
    number = numbered(events)
    under_way: dict[Hashable, int] = {}
    ends: dict[int, int] = {}
    for place, event in enumerate(events):
        begun = under_way.pop(event.process, None)
        if event.kind == "invoke":
            if begun is not None:
                raise HistoryError(f"{event.where}: process {event.process} invokes while {events[begun].name} lasts")
            under_way[event.process] = place
        elif begun is None or events[begun].name != event.name:
            raise HistoryError(f"{event.where}: process {event.process} ends a {event.name} that it has not invoked")
        else:
            ends[begun] = place
    calls: list[Call] = []
    for place, event in enumerate(events):
        if event.kind != "invoke":
            continue
        call = Call(event.process, event.name, event.key, event.value, None, event.where, number[place])
        if place not in ends:
            calls.append(call)
            continue
        last = events[ends[place]]
        refused = last.kind == "fail"
        if not refused or (refusals and event.name in names):
            done = last.kind != "info"
            result = last.value if last.kind == "ok" else None
            calls.append(evolve(call, end=number[ends[place]], done=done, refused=refused, result=result))
    return tuple(sorted(calls, key=lambda one: one.begin))


def numbered(events: Sequence[Event]) -> list[int]:
    """The number of each event, by time where every event has one: at one instant, invocations come first."""
    order = list(range(len(events)))
    if all(event.at is not None for event in events):
        order.sort(key=lambda place: (events[place].at, events[place].kind != "invoke"))
    number = [0] * len(events)
    for count, place in enumerate(order, 1):
        number[place] = count
    return number


def first(calls: Iterable[Call], events: int) -> tuple[Call, ...]:
    """The calls as they stood after so many events."""
    return tuple(
        call if call.end is None or call.end <= events else evolve(call, end=None, done=False, refused=False)
        for call in calls
        if call.begin <= events
    )
