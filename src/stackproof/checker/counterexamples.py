"""Failing runs, kept: where they are written, and the commands that show them again."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Report
from stackproof.checker.search.report import Searched
from stackproof.checker.trace import write


def check_writable(path: Path) -> None:
    """Raise ScenarioError where a trace could not be written."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise ScenarioError(f"{path} cannot be written: there is no folder {folder}. Name another file: --trace FILE")
    if path.exists() and not path.is_file():
        raise ScenarioError(f"{path} is no file. Name another: --trace FILE")
    if not os.access(folder, os.W_OK):
        raise ScenarioError(f"{path} cannot be written: {folder} is read-only. Name another file: --trace FILE")


def save(report: Report | Searched, path: Path, complain: Callable[[str], None]) -> dict[str, str]:
    """Write the trace of each violation, the first at `path`; returns the file of each property."""
    written: dict[str, str] = {}
    for one in report.violated:
        if one.trace is not None:
            target = path.with_name(f"{path.stem}-{slug(one.property)}{path.suffix}") if written else path
            try:
                write(one.trace, target)
                written[one.property] = str(target)
            except OSError as error:
                complain(f"{target} cannot be written: {error.strerror}")
    return written


def slug(name: str) -> str:
    """A name that can be part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")


def replay_again(report: Report | Searched, written: Mapping[str, str]) -> str | None:
    """The command that replays the first trace. It names a scenario of the user's own, since no trace may load one."""
    if not written:
        return None
    named = ("--scenario", report.scenario) if ":" in report.scenario else ()
    return command("replay", next(iter(written.values())), *named)


def explore_again(report: Report) -> str:
    """The command that explores the same again."""
    return command("explore", report.scenario, *spelled(report.parameters))


def spelled(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Parameters as options."""
    for name, value in parameters.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
            continue
        for part in value if isinstance(value, list) else [] if value is None else [value]:
            yield from (f"--{option}", str(part))


def command(*words: str) -> str:
    """A command as one types it."""
    return shlex.join(("stackproof", *words))
