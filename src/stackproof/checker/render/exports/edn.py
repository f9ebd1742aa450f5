"""The operations of a run's clients as a history in EDN, as Jepsen writes them and Knossos and others judge them.

It is read from the monitor `History` of the scenario, step by step. A step takes a millisecond, and `:time` is in
nanoseconds. A client that crashes while an operation of it lasts ends that with `:info`, nobody knowing whether it took
effect, and goes on as another process, as Jepsen's rules have it. What lasts at the end of the run has no end.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from attrs import define, field

from stackproof.checker.history import History, Operation
from stackproof.checker.host import ScenarioError, Status
from stackproof.checker.render.short import rank, short
from stackproof.checker.replay import Replayed
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId

STEP_NS = 1_000_000
NAMES = {"put": "write", "get": "read"}


def text_of(run: Replayed) -> str:
    """The history of the run."""
    events = list(Events(history_in(run)).of(run))
    lines = [f"{{:index {index}, {event}}}" for index, event in enumerate(events)]
    return "[" + "\n ".join(lines) + "]\n"


def history_in(run: Replayed) -> str:
    """The name of the monitor that keeps a history; raises ScenarioError where there is none."""
    world = run.trace.steps[0].world
    name = next((name for name, ledger in world.monitors.items() if isinstance(ledger, History)), None)
    if name is None:
        raise ScenarioError(
            f"{run.trace.scenario} keeps no history of its clients, so there is none to write as EDN. "
            "Another format: stackproof replay TRACE --to json"
        )
    return name


@define
class Events:
    """The events of a history; `process` is who a client is at present."""

    monitor: str
    process: dict[NodeId, int] = field(factory=dict)
    lasting: dict[NodeId, Operation] = field(factory=dict)
    processes: int = 0

    def of(self, run: Replayed) -> Iterator[str]:
        """The events of a run, in order."""
        steps = run.trace.steps
        yield from self.new((), self.operations(steps[0].world), 0)
        for number, (before, step) in enumerate(pairwise(steps), 1):
            yield from self.new(self.operations(before.world), self.operations(step.world), number)
            for client in [one for one in self.lasting if step.world.status[one] is Status.DOWN]:
                yield self.ended(self.lasting[client], "info", number)
                del self.process[client]

    def operations(self, world: World) -> tuple[Operation, ...]:
        """What the monitor has seen so far."""
        ledger: History = world.monitors[self.monitor]
        return ledger.operations

    def new(self, before: tuple[Operation, ...], after: tuple[Operation, ...], step: int) -> Iterator[str]:
        """What ended and what began between two worlds: an end comes before what the same client begins then."""
        known = {(one.client, one.number): one for one in before}
        for one in sorted(after, key=lambda one: one.number):
            earlier = known.get((one.client, one.number))
            if earlier is None:
                yield self.begun(one, step)
            if one.done and (earlier is None or not earlier.done):
                yield self.ended(one, "ok", step)

    def begun(self, one: Operation, step: int) -> str:
        """An invocation; one that its client had never ended is given up before."""
        if one.client not in self.process or one.client in self.lasting:
            self.process[one.client] = self.processes
            self.processes += 1
        self.lasting[one.client] = one
        return event(self.process[one.client], "invoke", one, one.value, step)

    def ended(self, one: Operation, kind: str, step: int) -> str:
        """A completion."""
        del self.lasting[one.client]
        result = one.value if one.result is None and one.name in ("put", "write") else one.result
        return event(self.process[one.client], kind, one, result if kind == "ok" else one.value, step)


def event(process: int, kind: str, one: Operation, value: Any, step: int) -> str:
    """A map without its index."""
    name = NAMES.get(one.name, one.name)
    return f":time {step * STEP_NS}, :process {process}, :type :{kind}, :f :{name}, :value {written(value)}"


def written(value: Any) -> str:
    """A value in EDN; what has a class is written as text."""
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return quoted(value)
        case frozenset():
            return f"#{{{' '.join(written(one) for one in sorted(value, key=rank))}}}"
        case tuple() if type(value) is tuple:
            return f"[{' '.join(map(written, value))}]"
        case _:
            return quoted(short(value, within=True))


def quoted(text: str) -> str:
    """A string."""
    for plain, spelled in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        text = text.replace(plain, spelled)
    return f'"{text}"'
