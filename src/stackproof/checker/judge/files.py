"""Files into events, read with suspicion: what is read is plain data, and a bad line gets one sentence.

edn       Jepsen's and Knossos' operations, `{:process 0, :type :invoke, :f :read, :value nil}`, in a sequence or one
          after the other; with `:key` the logs of key-value stores
log       Jepsen's text log, `INFO  jepsen.util - 0 :invoke :read nil`; other lines of the log are passed over
jsonl     one object a line: `{"process": 0, "type": "invoke", "f": "read", "value": null}`, `key` and `time` if wanted
calls     one JSON array: `["c", id, [operation, argument]]` and `["r", id, [outcome, value]]`

What faults were injected (the process is no number, `nemesis` in JSON) belongs to no client and is passed over.
"""

import json
import math
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stackproof.checker.host import ScenarioError
from stackproof.checker.judge.calls import FALSE, KINDS, TRUE, Event, HistoryError, Map, Symbol
from stackproof.checker.judge.edn import Reader, an_operation, by_key
from stackproof.checker.parameters import brief

MOST_BYTES = 256 << 20
LOGGED = re.compile(r"(?:.*\s-\s+)?(\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)(?:\s+(.*?))?\s*$")
LOOKS_LOGGED = re.compile(r"\s:(invoke|ok|fail)\b")
LONGEST_LINE = 10_000


def read(path: Path) -> str:
    """The text of a file; raises HistoryError where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise HistoryError(f"{path}: this is no file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise HistoryError(f"{path}: {getattr(error, 'strerror', None) or 'this is no file'}") from None
    if len(data) > MOST_BYTES:
        raise HistoryError(f"{path}: a history has at most {MOST_BYTES >> 20} MiB, this file is larger")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(10, 0, error.start) + 1
        raise HistoryError(f"{path}:{line}: this is no UTF-8 text") from None


def guessed(text: str) -> str:
    """The format that a text seems to have."""
    bare = re.sub(r"^([\s,]|;[^\n]*+)++", "", text[:10_000])
    if re.match(r"\[\s*\[", bare):
        return "calls"
    if re.match(r'\{\s*"', bare):
        return "jsonl"
    return "edn" if bare[:1] in "[({#" else "log"


def events_of(text: str, file: str, form: str) -> tuple[Event, ...]:
    """The events of clients that a text in one of FORMATS holds; raises HistoryError where it is wrong."""
    if not text.strip():
        raise HistoryError(f"{file}:1: the file is empty: there is no history to judge")
    try:
        events = tuple(FORMATS[form](text, file))
    except RecursionError:
        raise HistoryError(f"{file}: the forms are nested too deeply") from None
    if not events:
        raise HistoryError(f"{file}: no client does anything here, read as {form}. Formats: {', '.join(FORMATS)}")
    if any(event.at is None for event in events) and any(event.at is not None for event in events):
        bare = next(event for event in events if event.at is None)
        raise HistoryError(f"{bare.where}: either every event has a time or none has")
    return events


def from_edn(text: str, file: str) -> Iterator[Event]:
    """Jepsen's operations."""
    reader = Reader(text, file)
    for part in reader.parts("", 0):
        for form in part if isinstance(part, tuple) else (part,):
            if not isinstance(form, Map):
                raise HistoryError(f"{file}:{reader.here()}: a history is made of maps, this is {brief(form)}")
            named = {str(key).removeprefix(":"): value for key, value in form.pairs}
            if isinstance(named.get("process"), int):
                yield event_of(named, f"{file}:{form.line}", str(named.get("type", "")).removeprefix(":"))


def from_log(text: str, file: str) -> Iterator[Event]:
    """Jepsen's text log."""
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{file}:{number}"
        if len(line) > LONGEST_LINE:
            raise HistoryError(f"{where}: a line of a log has at most {LONGEST_LINE:,} characters")
        found = LOGGED.match(line)
        if found is None or not re.fullmatch(r"\d{1,18}", found[1]):
            if found is None and LOOKS_LOGGED.search(line):
                raise HistoryError(f"{where}: this is no whole operation; was the line cut off?")
            continue
        process, kind, name, value = found.groups()
        said = None if kind == "info" or not value else an_operation(value, where)
        yield Event(int(process), kind, name, said, None, where)


def from_jsonl(text: str, file: str) -> Iterator[Event]:
    """One JSON object a line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{file}:{number}"
            form = parsed(line, where)
            if not isinstance(form, dict):
                raise HistoryError(f"{where}: every line is a JSON object, this one is {brief(form)}")
            if form.get("process") != "nemesis":
                named = {key: plain(value) for key, value in form.items()}
                yield event_of(named, where, form.get("type"), time_of(form, where))


def from_calls(text: str, file: str) -> Iterator[Event]:
    """An array of calls and returns, each with the number of its call."""
    names: dict[Any, str] = {}
    form = parsed(text, f"{file}:1")
    for number, one in enumerate(form if isinstance(form, list) else (form,), 1):
        where = f"{file}: event {number}"
        match one:
            case ["c", int(call), [str(name), *value]]:
                names[call] = name
                yield Event(call, "invoke", name, plain(value[0]) if value else None, None, where)
            case ["r", int(call), [str(kind), *value]] if kind in KINDS[1:] and call in names:
                yield Event(call, kind, names[call], plain(value[0]) if value else None, None, where)
            case _:
                raise HistoryError(
                    f'{where}: this is neither ["c", id, [operation, argument]] nor ["r", id, [outcome, value]]'
                    " of a call before it"
                )


def event_of(form: Mapping[str, Any], where: str, kind: Any, at: float | None = None) -> Event:
    """The event that a map describes."""
    name = form.get("f")
    if kind not in KINDS:
        raise HistoryError(f"{where}: the type of an operation is {', '.join(KINDS)}, not {brief(kind)}")
    if not isinstance(name, str | Symbol):
        raise HistoryError(f"{where}: an operation says in f what is done")
    if not isinstance(form.get("process"), int | str) or isinstance(form["process"], bool):
        raise HistoryError(f"{where}: an operation has a process, a number or a name")
    return Event(form["process"], kind, str(name).removeprefix(":"), form.get("value"), form.get("key"), where, at)


def time_of(form: Mapping[str, Any], where: str) -> float | None:
    """The time of an event, where it has one."""
    at = form.get("time")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at)):
        raise HistoryError(f"{where}: a time is a number, not {brief(at)}")
    return at


def parsed(text: str, where: str) -> Any:
    """A JSON value."""
    try:
        return json.loads(text)
    except RecursionError:
        raise HistoryError(f"{where}: the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise HistoryError(f"{where}: this is no JSON ({error.msg}, column {error.colno}); was it cut off?") from None
    except ValueError as error:
        raise HistoryError(f"{where}: {error}") from None


def plain(value: Any) -> Any:
    """A JSON value as one that can be hashed, in which true is not 1."""
    match value:
        case bool():
            return TRUE if value else FALSE
        case list():
            return tuple(map(plain, value))
        case dict():
            return Map(tuple(sorted(((key, plain(one)) for key, one in value.items()), key=by_key)))
        case _:
            return value


FORMATS: dict[str, Callable[[str, str], Iterator[Event]]] = {
    "edn": from_edn,
    "log": from_log,
    "jsonl": from_jsonl,
    "calls": from_calls,
}
REFUSALS = frozenset({"log", "calls"})


def format_named(name: str) -> str:
    """The name, if it is that of a format."""
    if name not in FORMATS:
        raise ScenarioError(f"there is no format {brief(name)}; there are {', '.join(FORMATS)}")
    return name
