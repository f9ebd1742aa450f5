"""What the engines print, read: a full search that found no error, or `UnreadableError`."""

import json
import re

from attrs import frozen


@frozen
class Counts:
    """What an engine says that it did; None where it does not say, or rounds."""

    distinct: int
    transitions: int | None
    search_s: float


class UnreadableError(Exception):
    """An engine printed something other than the result of a full search that found no error."""


def read_ours(output: str) -> Counts:
    """The JSON of `stackproof explore`."""
    if json.loads(output)["verdict"] != "held":
        raise UnreadableError(f"its verdict is {json.loads(output)['verdict']}")
    return read_json(output)


def read_json(output: str) -> Counts:
    """One JSON object with three keys at least."""
    said = json.loads(output)
    return Counts(said["distinct"], said["transitions"], said["seconds"])


def read_spin(output: str) -> Counts:
    """The summary of a verifier, which counts the initial state as a transition."""
    found("Full statespace search", output)
    found("errors: 0", output)
    distinct = found(r"(\S+) states, stored", output)
    transitions = found(r"(\S+) transitions", output)
    search_s = float(found(r"elapsed time (\S+) seconds", output))
    return Counts(int(distinct), int(transitions) - 1 if transitions.isdigit() else None, search_s)


def read_tlc(output: str) -> Counts:
    """The last lines of TLC, which counts the initial state as generated and whole seconds only."""
    found("No error has been found", output)
    transitions = int(found(r"(?m)^(\d+) states generated, .* 0 states left", output)) - 1
    distinct = int(found(r"(?m)^\d+ states generated, (\d+) distinct states found, 0 states left", output))
    took = re.findall(r"(\d+)(h|min|s)\b", found(r"Finished in (.+) at", output))
    search_s = sum(int(number) * {"h": 3600, "min": 60, "s": 1}[unit] for number, unit in took)
    return Counts(distinct, transitions, search_s)


def found(pattern: str, output: str) -> str:
    """What the first group of the pattern, or all of it, matches."""
    match = re.search(pattern, output)
    if match is None:
        raise UnreadableError(f"it did not print {pattern!r}")
    return match[match.re.groups]
