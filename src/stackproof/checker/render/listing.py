"""What `list` shows."""

from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from stackproof.checker.parameters import written
from stackproof.checker.registry import BUGS, SCENARIOS, options_of
from stackproof.checker.render import proved, tables
from stackproof.checker.trace_file import Recording, read, shipped_traces
from stackproof.spec import MODELS


def as_text(topic: str) -> tuple[RenderableType, str | None]:
    """A topic for people, and what to type next."""
    if topic == "scenarios":
        return tables.of_scenarios(), f"stackproof explore {next(iter(SCENARIOS))}"
    if topic == "traces" and (traces := recordings()):
        return tables.of_traces(traces), f"stackproof replay {traces[0][0]} --step"
    if topic == "bugs" and BUGS:
        return tables.of_bugs(), f"stackproof explore --bug {next(iter(BUGS))}"
    if topic == "models":
        return proved.of_models(), f"stackproof prove {next(iter(MODELS))}"
    return Text(f"There are no {topic} yet."), None


def as_json(topic: str) -> list[dict[str, Any]]:
    """A topic as JSON."""
    known = {"scenarios": scenarios, "traces": traces, "bugs": bugs, "models": models}
    return known[topic]() if topic in known else []


def scenarios() -> list[dict[str, Any]]:
    """The registered scenarios with their parameters and defaults."""
    return [
        {
            "scenario": name,
            "layer": one.layer,
            "systems": list(one.systems),
            "question": one.question,
            "parameters": {option.name: written(option.default) for option in options_of(name)},
        }
        for name, one in SCENARIOS.items()
    ]


def traces() -> list[dict[str, Any]]:
    """The shipped traces."""
    return [
        {"trace": path, "scenario": one.scenario, "parameters": dict(one.parameters), "expect": dict(one.expect)}
        for path, one in recordings()
    ]


def recordings() -> list[tuple[str, Recording]]:
    """Each shipped trace under the name that `replay` knows it by."""
    return [(name, read(Path(name))) for name in shipped_traces()]


def bugs() -> list[dict[str, Any]]:
    """The known bugs: each is a scenario, and held with the parameter `fixed`."""
    return [{"bug": name, "system": one.system, "title": one.title} for name, one in BUGS.items()]


def models() -> list[dict[str, Any]]:
    """The formal models."""
    return [{"model": name, "about": about} for name, about in MODELS.items()]
