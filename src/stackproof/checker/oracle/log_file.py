"""Logs of what a system did, read with suspicion: JSON lines, one event each, as much of it as is known.

A line has the keys of an event in a trace (traces/FORMAT.md), and says with `state`, `status`, `observed` or `digest`
what was so after it; what it leaves out may be anything. A trace is a log. What is read is plain data, checked for
size and shape and against the names of the scenario; nothing is ever built from it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from attrs import frozen

from stackproof.checker.faults import TURNS
from stackproof.checker.host import Status
from stackproof.checker.parameters import brief
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace_file import MOST_BYTES, TraceError, an_object, contents
from stackproof.checker.world import WITH_MESSAGE

Form: TypeAlias = Mapping[str, Any]
Source: TypeAlias = Path | str | bytes | Sequence[Form]

MOST_LINES = 100_000
DEEPEST = 50
CHOICES = ("source", "target", "node", "message", "between", "one_way", "choose")
KEYS = ("event", *CHOICES, "state", "status", "observed", "digest", "note")
EVENTS = ("start", *WITH_MESSAGE, *(turn.name for turn in TURNS), "cut", "heal")
STATES = tuple(status.value for status in Status)


class LogError(TraceError):
    """A log that cannot be read, or that speaks of what is not in the scenario; names the file and the line."""


def wrong(where: str, sentence: str) -> LogError:
    """What is wrong with a log, or with one line of it."""
    return LogError(f"{where}: {sentence}. Every trace is a log: stackproof list traces")


@frozen
class Entry:
    """What one line says: its event, and what was so after it; `of` names the log where there are several."""

    number: int
    said: Form
    of: str = ""

    @property
    def where(self) -> str:
        """Where it stands, in words."""
        return f"line {self.number} of {self.of}" if self.of else f"line {self.number}"

    @property
    def is_start(self) -> bool:
        """Whether it tells of the start."""
        return bool(self.said.get("event") == "start")

    def __str__(self) -> str:
        text = json.dumps(dict(self.said))
        return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


SHOWN = 300


def entries(log: Source, scenario: Scenario, of: str = "") -> tuple[Entry, ...]:
    """What a log says: a file, the bytes of one, or the objects of its lines; raises LogError where it is wrong."""
    file = str(log) if isinstance(log, str | Path) else "<log>"
    try:
        told = tuple(numbered(log, file))
    except TraceError as error:
        raise LogError(str(error)) from None
    if not told:
        raise wrong(f"{file}:1", "there is no line in it")
    for number, form in told:
        check(form, scenario, f"{file}:{number}", number == told[0][0])
    return tuple(Entry(number, form, of) for number, form in told)


def numbered(log: Source, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of the lines of a log, each with its number."""
    if isinstance(log, bytes | str | Path):
        return objects(log if isinstance(log, bytes) else contents(Path(log)), file)
    return ((number, as_json(form, number)) for number, form in enumerate(log, 1))


def name_of(log: Source, number: int) -> str:
    """What one of several logs is called."""
    return Path(log).name if isinstance(log, str | Path) else f"log {number}"


def as_json(form: Form, number: int) -> dict[str, Any]:
    """A line that was made in Python, as it would be read."""
    try:
        return an_object(json.dumps(dict(form), allow_nan=False).encode(), f"<log>:{number}", "log")
    except (TypeError, ValueError) as error:
        raise wrong(f"<log>:{number}", f"this is no JSON: {error}") from None


def objects(data: bytes, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of the lines, each with its number; the header of a trace is none of the log's."""
    if len(data) > MOST_BYTES:
        raise wrong(f"{file}:1", f"a log has at most {MOST_BYTES >> 20} MiB, this file is larger")
    parts = data.removesuffix(b"\n").split(b"\n")
    if len(parts) > MOST_LINES:
        raise wrong(f"{file}:{MOST_LINES + 1}", f"a log has at most {MOST_LINES:,} lines, this file has more")
    forms = [(number, an_object(part, f"{file}:{number}", "log")) for number, part in enumerate(parts, 1)]
    told = forms[1:] if "stackproof" in forms[0][1] else forms
    if not told:
        raise wrong(f"{file}:1", "nothing follows the header: there is no log to judge")
    return iter(told)


def check(form: Form, scenario: Scenario, where: str, is_first: bool) -> None:
    """Raise LogError unless a line could be one of a log of this scenario."""
    if (stranger := next((key for key in form if key not in KEYS), None)) is not None:
        raise wrong(where, f"{unknown('key', stranger, KEYS)}; put what is no part of an event under note")
    if too_deep(form):
        raise wrong(where, "what this line says is nested too deeply")
    name = form.get("event")
    if "event" in form and name not in EVENTS:
        raise wrong(where, f"{unknown('event', name, EVENTS)}")
    if name == "start" and ("observed" in form or not is_first):
        raise wrong(where, "start is the first event, and only that; what is observed in it no line can say")
    for key in ("source", "target", "node"):
        if key in form and form[key] not in scenario.names:
            raise wrong(where, f"{unknown('node', form[key], scenario.names)}")
    if not isinstance(form.get("digest", ""), str):
        raise wrong(where, f'"digest" is a string, here it is {brief(form["digest"])}')
    for key in ("observed", "choose", "between"):
        if not isinstance(form.get(key, []), list):
            raise wrong(where, f'"{key}" is an array, here it is {brief(form[key])}')
    for key in ("state", "status"):
        check_nodes(form, key, scenario, where)


def check_nodes(form: Form, key: str, scenario: Scenario, where: str) -> None:
    """Raise LogError unless a line says of nodes that there are what can be said of them."""
    of_nodes = form.get(key, {})
    if not isinstance(of_nodes, dict):
        raise wrong(where, f'"{key}" is an object, here it is {brief(of_nodes)}')
    for name, said in of_nodes.items():
        if name not in scenario.place:
            raise wrong(where, f"{unknown('node', name, scenario.names)}")
        if key == "status" and said not in STATES:
            raise wrong(where, f"{unknown('status', said, STATES)}")
        if key == "state":
            check_variables(name, said, scenario, where)


def check_variables(name: str, said: Any, scenario: Scenario, where: str) -> None:
    """Raise LogError unless a node has these variables."""
    node = (*scenario.nodes, *scenario.absent)[scenario.place[name]]
    has = tuple(variable.name for variable in attrs.fields(type(node)))
    if not isinstance(said, dict):
        raise wrong(where, f"the state of {name} is an object of its variables, here it is {brief(said)}")
    if (stranger := next((one for one in said if one not in has), None)) is not None:
        raise wrong(where, f"{unknown(f'variable of {name}', stranger, has)}")


def unknown(what: str, name: Any, known: Sequence[str]) -> str:
    """What to say of a name that means nothing here."""
    close = get_close_matches(name, known, 1) if isinstance(name, str) else []
    meant = f"did you mean {close[0]}" if close else f"there are {', '.join(known)}"
    return f"there is no {what} {brief(name)}; {meant}"


def too_deep(form: Any) -> bool:
    """Whether something is nested beyond DEEPEST."""
    layer = [form]
    for _ in range(DEEPEST):
        layer = [part for one in layer if isinstance(one, dict | list) for part in parts_of(one)]
        if not layer:
            return False
    return True


def parts_of(one: Any) -> Iterator[Any]:
    """The values in an object or an array."""
    yield from one.values() if isinstance(one, dict) else one
