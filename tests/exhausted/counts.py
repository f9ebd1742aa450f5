"""The manifest: for each bounded scenario what an exhaustive exploration counts.

To print a line for it:

    python tests/exhausted/counts.py quorum n=3 w=2 r=1
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from stackproof.checker import Report, Verdict, explore
from stackproof.checker.parameters import written
from stackproof.checker.registry import build, options_of

MANIFEST = Path(__file__).with_name("counts.toml")


@frozen
class Counted:
    """One line of the manifest; `violated` has the length of the shortest trace of each property that does not hold."""

    scenario: str
    parameters: Mapping[str, Any]
    distinct: int
    transitions: int
    depth: int
    verdict: str
    violated: Mapping[str, int | None] = field(factory=dict)

    @property
    def title(self) -> str:
        """The scenario with the parameters that are not the default ones."""
        return " ".join([self.scenario, *(f"{name}={value}" for name, value in self.parameters.items())])

    @property
    def in_full(self) -> dict[str, Any]:
        """Every parameter of the scenario."""
        return {one.name: written(one.default) for one in options_of(self.scenario)} | dict(self.parameters)

    @property
    def toml(self) -> str:
        """The line as it stands in the manifest."""
        lines = ["[[exhausted]]", f"scenario = {json.dumps(self.scenario)}"]
        lines += [f"parameters = {table(self.parameters)}"] if self.parameters else []
        lines += [f"{name} = {number:_}" for name, number in self.numbers.items()]
        lines += [f"verdict = {json.dumps(self.verdict)}"]
        lines += [f"violated = {table(self.violated)}"] if self.violated else []
        return "\n".join(lines)

    @property
    def numbers(self) -> dict[str, int]:
        """What was counted."""
        return {"distinct": self.distinct, "transitions": self.transitions, "depth": self.depth}


def table(values: Mapping[str, Any]) -> str:
    """An inline table of TOML, whose scalars are written as in JSON."""
    return f"{{ {', '.join(f'{name} = {json.dumps(value)}' for name, value in values.items())} }}"


def manifest() -> list[Counted]:
    """Every line of it."""
    lines = tomllib.loads(MANIFEST.read_text("utf-8"))["exhausted"]
    return [Counted(**({"parameters": {}} | line)) for line in lines]


def counted(report: Report, parameters: Mapping[str, Any]) -> Counted:
    """The line that an exploration gives."""
    violated = {one.property: one.length for one in report.violated}
    numbers = (report.distinct, report.transitions, report.depth)
    return Counted(report.scenario, parameters, *numbers, report.verdict.value, violated)


def main(scenario: str, *assignments: str) -> None:
    """Explore, and print the line for the manifest."""
    given = dict(one.split("=", 1) for one in assignments)
    parameters = {name: json.loads(value) for name, value in given.items()}
    report = explore(build(scenario, parameters))
    if report.verdict is Verdict.UNKNOWN:
        sys.exit(f"{scenario} is not exhausted: {report.why}")
    sys.stdout.write(f"{counted(report, parameters).toml}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
