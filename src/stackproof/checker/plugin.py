"""What the pytest plugin does once there is a scenario to check: ask, and say what is wrong.

The plugin itself is `stackproof.pytest_plugin`, which does not import this before it has to.
"""

import hashlib
import inspect
import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from stackproof.checker.counterexamples import command, replay_again, save, slug, spelled
from stackproof.checker.explore import explore
from stackproof.checker.host import ScenarioError
from stackproof.checker.parameters import parameters_of
from stackproof.checker.registry import BUGS, SCENARIOS, built, function_named
from stackproof.checker.render.story import story
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.search import search
from stackproof.checker.search.report import Searched

BUDGETS = {"explore": ("seconds", "worlds"), "search": ("seed", "seconds", "examples", "steps")}
OWN = ("scenario", "by", "allow_unknown", *dict.fromkeys(name for names in BUDGETS.values() for name in names))
LINES, HEAD = 40, 12
LONGEST_NAME = 80


@frozen
class Defaults:
    """What the options of pytest say for scenarios that say nothing; `root` is where paths of scenarios begin."""

    seed: int
    seconds: float | None
    worlds: int | None
    root: Path


@frozen
class Answer:
    """A scenario as it was asked about, and what came of it."""

    scenario: str
    given: Mapping[str, Any]
    by: str
    budget: Mapping[str, Any]
    allow_unknown: bool
    report: Report | Searched

    @property
    def called(self) -> str:
        """The scenario with the parameters that were given."""
        given = ", ".join(f"{name}={value}" for name, value in self.given.items())
        return f"{self.scenario or 'the scenario'}{given and f'({given})'}"

    @property
    def told(self) -> str:
        """The outcome in a line."""
        why = f" ({self.report.why})" if self.report.why else ""
        return f"{self.report.verdict.value}{why}, {self.called} by {self.by}"

    def complaint(self, folder: Path, test: str) -> str | None:
        """Why the test must fail, if it must; traces are kept in a folder, by the name of the test."""
        if self.report.verdict is Verdict.HELD:
            return None
        if self.report.verdict is Verdict.UNKNOWN:
            return None if self.allow_unknown else self.unknown()
        return "\n".join(self.violated(folder, test))

    def unknown(self) -> str:
        """What to say where nobody knows."""
        more = " or ".join((*(f"{name}=..." for name in BUDGETS[self.by] if name != "seed"), "allow_unknown=True"))
        return f"{self.called} is unknown: {self.report.why}\nIf that is not enough, ask with {more}."

    def violated(self, folder: Path, test: str) -> Iterator[str]:
        """What does not hold, the story of a run that shows it, and the command that replays it."""
        for one in self.report.violated:
            yield f"{self.called} is violated: {one.property}: {one.reason}"
        if self.report.trace is None:
            yield self.again()
            return
        yield ""
        yield from shortened(told(self.report.trace))
        yield ""
        complaints: list[str] = []
        written = kept(self.report, folder, test, complaints.append)
        yield from complaints
        yield self.again(written)

    def again(self, written: Mapping[str, str] | None = None) -> str:
        """The command that shows it again."""
        if not loadable(self.scenario):
            return f"stackproof.checker.replay({next(iter(written.values()))!r}, scenario)" if written else ""
        if replayed := replay_again(self.report, written or {}):
            return replayed
        asked = {"time" if name == "seconds" else name: value for name, value in self.budget.items()}
        return command(self.by, self.scenario, *spelled({**self.report.parameters, **asked}))


def answer_or_why(defaults: Defaults, scenario: Any = None, /, **asked: Any) -> Answer | str:
    """What came of a scenario, or why the question makes no sense."""
    try:
        return answered(defaults, scenario, **asked)
    except ScenarioError as error:
        return str(error)


def answered(defaults: Defaults, scenario: Any = None, /, **asked: Any) -> Answer:
    """Ask about a scenario; raises ScenarioError where the question makes no sense."""
    scenario = asked.pop("scenario", scenario)
    by, allow_unknown = asked.pop("by", "explore"), asked.pop("allow_unknown", False)
    if by not in BUDGETS:
        raise ScenarioError(f"by={by!r}: a scenario is checked by {' or '.join(BUDGETS)}")
    own = {name: asked.pop(name) for name in OWN if name in asked}
    for name, value in own.items():
        if name not in BUDGETS[by]:
            raise ScenarioError(f"{name}={value!r} says nothing where by={by!r}; take {', '.join(BUDGETS[by])}")
    budget = {name: own.get(name, getattr(defaults, name, None)) for name in BUDGETS[by]}
    question = scenario_of(defaults, scenario, asked)
    report = ASKED[by](question, **budget)
    if report.why == "interrupted":
        raise KeyboardInterrupt
    return Answer(question.name, asked, by, budget, allow_unknown, report)


ASKED: Mapping[str, Callable[..., Any]] = {"explore": explore, "search": search}


def scenario_of(defaults: Defaults, scenario: Any, given: Mapping[str, Any]) -> Scenario:
    """The scenario that is meant by a name, a function, or itself."""
    if isinstance(scenario, Scenario):
        if given:
            raise ScenarioError(f"a Scenario has been built already; {', '.join(given)} can no longer be chosen")
        return scenario
    if isinstance(scenario, str):
        place, colon, function_name = scenario.rpartition(":")
        name = f"{from_here(defaults.root / place)}:{function_name}" if colon and place.endswith(".py") else scenario
        function = function_named(name)
    elif callable(scenario):
        name, function = name_of(scenario, defaults.root), scenario
    else:
        raise ScenarioError("name a scenario: a registered name, a file.py:function, scenario=function, or a Scenario")
    for one in parameters_of(name, function):
        if one.name in OWN:
            raise ScenarioError(f"{name}: the parameter {one.name!r} is called like one of the marker's own; rename it")
    return built(name, function, given)


def name_of(function: Callable[..., Any], root: Path) -> str:
    """The name by which the command line would find a function."""
    module, own = function.__module__, function.__qualname__
    for known, folder in ((SCENARIOS, "scenarios"), (BUGS, "bugs")):
        for name, one in known.items():
            if (module, own) == (f"stackproof.checker.{folder}.{one.module}", one.function):
                return str(name)
    file = inspect.getsourcefile(function)
    if file is not None and Path(file).is_relative_to(root) and "site-packages" not in Path(file).parts:
        return f"{from_here(Path(file))}:{own}"
    return f"{module}:{own}"


def loadable(name: str) -> bool:
    """Whether the command line can find a scenario of this name."""
    return bool(name) and (":" not in name or name.rpartition(":")[2].isidentifier())


def from_here(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def told(trace: Any) -> list[str]:
    """The story of a run, as lines of plain text."""
    page = Terminal(io.StringIO(), colour=False)
    page.width = shutil.get_terminal_size().columns
    page.show(story(trace))
    return page.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def shortened(lines: list[str]) -> list[str]:
    """Lines without their middle, where there are many."""
    if len(lines) <= LINES:
        return lines
    left_out = len(lines) - LINES + 1
    return [*lines[:HEAD], f"... {left_out} lines are left out ...", *lines[HEAD + left_out :]]


def kept(report: Report | Searched, folder: Path, test: str, complain: Callable[[str], None]) -> dict[str, str]:
    """Keep the traces of a report in a folder, which is made for it and which git ignores if so."""
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n", "ascii")
    except OSError as error:
        complain(f"{folder} cannot be written: {error.strerror}")
        return {}
    return {name: from_here(Path(file)) for name, file in save(report, folder / file_name(test), complain).items()}


def file_name(test: str) -> str:
    """A name for the trace of a test: short enough, and another one for each test and each worker of xdist."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    mark = hashlib.sha256(test.encode()).hexdigest()[:8]
    return "-".join((slug(test)[-LONGEST_NAME:].lstrip("-"), mark, *([worker] if worker else []))) + ".jsonl"


def current_test() -> str:
    """The test that runs, as pytest says it."""
    return os.environ.get("PYTEST_CURRENT_TEST", "a test").rpartition(" ")[0]
