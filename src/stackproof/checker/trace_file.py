"""Traces on disk, read with suspicion.

The first line is the header, every other one an event and a digest of the world after it (traces/FORMAT.md). What
is read is plain data, checked for size and shape; no object of ours is ever built from it.
"""

import json
import stat
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from attrs import frozen

import stackproof
from stackproof.checker.host import ScenarioError
from stackproof.checker.parameters import brief
from stackproof.checker.trace import FORMAT

MOST_BYTES = 16 << 20
MOST_EVENTS = 10_000
MOST_NUMBER = 1_000
MOST_DIGITS = 1_000
VERDICTS = ("violated", "reached", "held")


class TraceError(ScenarioError):
    """A trace that cannot be read, or that no longer says what it said; names the file and the line."""


@frozen
class Line:
    """One event as a trace states it: its choices, and the digest of the world after it."""

    number: int
    event: Mapping[str, Any]
    digest: str


@frozen
class Recording:
    """What a trace file says."""

    file: str
    scenario: str
    parameters: Mapping[str, Any]
    expect: Mapping[str, Any]
    lines: tuple[Line, ...]
    loop: int | None = None

    def at(self, line: int, sentence: str) -> TraceError:
        """What is wrong with one line."""
        return TraceError(f"{self.file}:{line}: {sentence}")


def bad(where: str, sentence: str) -> TraceError:
    """What is wrong with a file, or with one line of it."""
    return TraceError(f"{where}: {ended(sentence)} Good traces: stackproof list traces")


def ended(sentence: str) -> str:
    """A sentence with a full stop, unless it is a question."""
    return sentence if sentence.endswith("?") else f"{sentence}."


def read(path: Path) -> Recording:
    """What a file says, or a shipped trace of that name; raises TraceError where it is no trace."""
    return parse(contents(path), str(path))


def contents(path: Path) -> bytes:
    """The bytes of a file, or of a shipped trace of that name; a byte more than MOST_BYTES where it is larger."""
    try:
        if not path.exists() and path.as_posix() in shipped_traces():
            path = traces_folder() / path
        if not stat.S_ISREG(path.stat().st_mode):
            raise bad(str(path), "this is no file")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        close = get_close_matches(path.as_posix(), shipped_traces(), 1)
        raise bad(str(path), f"{error.strerror}{f'; did you mean {close[0]}?' if close else ''}") from None
    except ValueError:
        raise bad(ascii(str(path)), "this is no file") from None


def parse(data: bytes, file: str) -> Recording:
    """What these bytes say; raises TraceError where they are no trace."""
    if len(data) > MOST_BYTES:
        raise bad(f"{file}:1", f"a trace has at most {MOST_BYTES >> 20} MiB, this file is larger")
    parts = data.removesuffix(b"\n").split(b"\n")
    if len(parts) > MOST_EVENTS + 1:
        raise bad(f"{file}:{MOST_EVENTS + 2}", f"a trace has at most {MOST_EVENTS:,} events, this file has more")
    if parts == [b""]:
        raise bad(f"{file}:1", "the file is empty")
    header, *events = (an_object(part, f"{file}:{number}") for number, part in enumerate(parts, 1))
    lines = tuple(event_line(form, number, file) for number, form in enumerate(events, 2))
    if not lines:
        raise bad(f"{file}:1", "nothing follows the header, not even the start")
    return Recording(file, *header_of(header, f"{file}:1"), lines, loop_of(header, len(lines), f"{file}:1"))


def an_object(line: bytes, where: str, kind: str = "trace") -> dict[str, Any]:
    """The JSON object on one line of a file of this kind."""
    try:
        form = json.loads(
            line.decode(), object_pairs_hook=without_doubles, parse_constant=no_constant, parse_int=whole_number
        )
    except UnicodeDecodeError:
        raise bad(where, "this is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise bad(where, f"this line is no JSON ({error.msg}, column {error.colno}); was it cut off?") from None
    except RecursionError:
        raise bad(where, "the JSON of this line is nested too deeply") from None
    except ValueError as error:
        raise bad(where, str(error)) from None
    if not isinstance(form, dict):
        raise bad(where, f"every line of a {kind} is a JSON object, this one is {brief(form)}")
    return form


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, unless it says something twice."""
    form = dict(pairs)
    if len(form) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {brief(twice)} stands twice in one object")
    return form


def no_constant(name: str) -> None:
    """NaN and the infinities are no JSON."""
    raise ValueError(f"{name} is no JSON number")


def whole_number(digits: str) -> int:
    """A whole number, unless it is absurdly long."""
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a whole number has at most {MOST_DIGITS:,} digits, this one {len(digits):,}")
    return int(digits)


def event_line(form: dict[str, Any], number: int, file: str) -> Line:
    """An event line, its digest apart."""
    digest = form.pop("digest", None)
    if not isinstance(form.get("event"), str) or not isinstance(digest, str):
        raise bad(f"{file}:{number}", 'an event line has the keys "event" and "digest", both strings')
    return Line(number, form, digest)


def header_of(form: dict[str, Any], where: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The scenario, its parameters and the expectation that a header states."""
    if type(form.get("stackproof")) is not int or form["stackproof"] != FORMAT:
        raise bad(where, f'a trace begins with {{"stackproof": {FORMAT}, ...}}; {seen(form, "stackproof")}')
    for key, kind in (("scenario", str), ("parameters", dict), ("expect", dict)):
        if not isinstance(form.get(key), kind):
            word = "a string" if kind is str else "an object"
            raise bad(where, f'the header needs the key "{key}", {word}; {seen(form, key)}')
    if not isinstance(form.get("found", {}), dict):
        raise bad(where, f'"found" is an object; {seen(form, "found")}')
    expect = form["expect"]
    if expect.get("verdict") not in VERDICTS or not isinstance(expect.get("property"), str | None):
        raise bad(where, f'"expect" has a "verdict" ({", ".join(VERDICTS)}) and the name of a "property"')
    if too_large(form["parameters"]):
        raise bad(where, f"a trace may not ask for a scenario with a parameter beyond {MOST_NUMBER:,}")
    return form["scenario"], form["parameters"], expect


def loop_of(form: dict[str, Any], events: int, where: str) -> int | None:
    """The event that a header says a run comes back to; None where it says nothing."""
    loop = form.get("loop")
    if "loop" in form and form["expect"]["verdict"] != "violated":
        raise bad(where, '"loop" belongs to a trace whose verdict is "violated"')
    if "loop" in form and (type(loop) is not int or not 0 <= loop < events):
        raise bad(where, f'"loop" is the number of an event, from 0 to {events - 1:,}; {seen(form, "loop")}')
    return loop


def seen(form: Mapping[str, Any], key: str) -> str:
    """What stands where something else should."""
    return f"here it is {brief(form[key])}" if key in form else "it is missing"


def too_large(parameters: Mapping[str, Any]) -> bool:
    """Whether a stranger asks for a scenario that would take long to build."""
    values = [part for value in parameters.values() for part in (value if isinstance(value, list) else [value])]
    numbers = (value for value in values if isinstance(value, int | float))
    return len(values) > MOST_NUMBER or any(not abs(number) <= MOST_NUMBER for number in numbers)


def traces_folder() -> Path:
    """Where the shipped traces are: beside `src` in a checkout, inside the package once installed."""
    package = Path(stackproof.__file__).resolve().parent
    checkout = package.parents[1]
    return checkout / "traces" if (checkout / "pyproject.toml").is_file() else package / "traces"


def shipped_traces() -> tuple[str, ...]:
    """The name of every trace that comes with stackproof, such as `quorum/a-lost-store-does-no-harm.jsonl`."""
    folder = traces_folder()
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jsonl")))
