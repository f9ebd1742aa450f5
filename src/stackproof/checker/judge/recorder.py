"""A history as it happens: what threads ask of some system and hear from it, one event after the other.

    history = Recorder()
    history.call("client 0", "write", 1, lambda: store.put("x", 1))
    found = answered(Ask.LINEARIZABLE, history.calls(MODELS["register"]), MODELS["register"])

An invocation is noted before the call, its end after; so an operation that ended before another began is noted so.
"""

import json
from collections.abc import Callable
from threading import Lock
from typing import Any

from attrs import define, field

from stackproof.checker.judge.calls import Call, Event, calls_of
from stackproof.checker.judge.models import Model


@define(eq=False)
class Recorder:
    """The events so far, in the order in which they were noted."""

    events: list[Event] = field(factory=list)
    lock: Lock = field(factory=Lock)

    def note(self, process: str, kind: str, name: str, value: Any) -> None:
        """Add an event: `kind` is invoke, ok, fail or info."""
        with self.lock:
            self.events.append(Event(process, kind, name, value, None, f"event {len(self.events) + 1}"))

    def call(self, process: str, name: str, value: Any, action: Callable[[], Any]) -> bool:
        """Do something, and note what it returned; where it raises an OSError, nobody knows whether it happened.

        The answer tells whether it returned. After False the process is to go on under another name.
        """
        self.note(process, "invoke", name, value)
        try:
            result = action()
        except OSError:
            self.note(process, "info", name, None)
            return False
        self.note(process, "ok", name, result)
        return True

    def calls(self, model: Model) -> tuple[Call, ...]:
        """The calls that the events make up."""
        return calls_of(self.events, refusals=True, names=model.refusable)

    def lines(self) -> str:
        """The events as JSON lines, for `stackproof judge`."""
        forms = ({"process": e.process, "type": e.kind, "f": e.name, "value": e.value} for e in self.events)
        return "".join(json.dumps(form) + "\n" for form in forms)
