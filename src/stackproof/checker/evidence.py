"""What is known of a scenario, by kind of evidence; evidence that is absent stays absent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from stackproof.checker.counterexamples import explore_again, replay_again, save, slug
from stackproof.checker.explore import explore
from stackproof.checker.explore.limits import Watcher
from stackproof.checker.host import ScenarioError
from stackproof.checker.registry import LAYERS, SCENARIOS, build, function_named, in_layer
from stackproof.checker.replay import replay
from stackproof.checker.report import Report, Verdict
from stackproof.checker.trace_file import TraceError, read, shipped_traces

QUICK_WORLDS = 1_000_000
THE_OTHER = {Verdict.HELD: Verdict.VIOLATED, Verdict.VIOLATED: Verdict.HELD}
Watched = Callable[[str], AbstractContextManager[Watcher | None]]
KINDS = ("proved", "exhausted", "searched", "recorded")


@frozen
class Recorded:
    """The recorded traces of one scenario: how many, and what is wrong with those that no longer replay."""

    traces: int
    wrong: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Held if every one replays."""
        return Verdict.VIOLATED if self.wrong else Verdict.HELD


@frozen
class Evidence:
    """All that was found out about one scenario; None where nothing was."""

    scenario: str
    exhausted: Report | None = None
    recorded: Recorded | None = None
    written: Mapping[str, str] = field(factory=dict)

    @property
    def again(self) -> str | None:
        """The command that shows a violation again."""
        if self.broken or self.exhausted is None or self.exhausted.verdict is not Verdict.VIOLATED:
            return None
        return replay_again(self.exhausted, self.written) or explore_again(self.exhausted)

    @property
    def verdict(self) -> Verdict:
        """The worst that any kind of evidence says; unknown where nothing was explored."""
        return worst([self.explored, *([self.recorded.verdict] if self.recorded else [])])

    @property
    def explored(self) -> Verdict:
        """What exploration says; of a scenario that is kept broken, whether it is as it should be."""
        found = self.exhausted.verdict if self.exhausted else Verdict.UNKNOWN
        return THE_OTHER.get(found, found) if self.broken else found

    @property
    def broken(self) -> bool:
        """Whether the scenario is kept broken on purpose."""
        return self.scenario in SCENARIOS and SCENARIOS[self.scenario].broken

    def form(self) -> dict[str, Any]:
        """The evidence as JSON."""
        return {
            "scenario": self.scenario,
            "parameters": dict(self.exhausted.parameters) if self.exhausted else {},
            "verdict": self.verdict.value,
            "proved": None,
            "exhausted": self.exhausted and self.exhausted.form(self.written),
            "searched": None,
            "recorded": self.recorded and {"traces": self.recorded.traces, "wrong": list(self.recorded.wrong)},
        }


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Violated before unknown before held; of nothing at all, nothing is known."""
    fallback = Verdict.HELD if verdicts else Verdict.UNKNOWN
    return next((one for one in (Verdict.VIOLATED, Verdict.UNKNOWN) if one in verdicts), fallback)


def meant(names: Sequence[str]) -> tuple[str, ...]:
    """The scenarios that these names of scenarios and layers stand for; all there are, where none is given."""
    found: dict[str, None] = {}
    for name in names or SCENARIOS:
        if name not in LAYERS:
            function_named(name)
        elif not in_layer(name):
            raise ScenarioError(f"nothing is registered in the layer {name} yet. See: stackproof list")
        found |= dict.fromkeys(in_layer(name) if name in LAYERS else (name,))
    return tuple(found)


def gather(
    names: Sequence[str], worlds: int | None, watched: Watched, complain: Callable[[str], None]
) -> list[Evidence]:
    """Explore each scenario with its default parameters and replay its recorded traces; an interrupt ends it."""
    found: list[Evidence] = []
    for name in names:
        with watched(name) as watcher:
            report = explore(build(name), worlds=worlds, watcher=watcher)
        evidence = Evidence(name, report, recorded(name))
        written = {} if evidence.broken else save(report, Path(f"counterexample-{slug(name)}.jsonl"), complain)
        found.append(evolve(evidence, written=written))
        if report.why == "interrupted":
            break
    return [*found, *map(Evidence, names[len(found) :])]


def recorded(name: str) -> Recorded | None:
    """What the shipped traces of a scenario say today; None where there are none."""
    traces = [Path(trace) for trace in shipped_traces()]
    own = [trace for trace in traces if name in SCENARIOS and read(trace).scenario == name]
    return Recorded(len(own), tuple(failures(own))) if own else None


def failures(traces: Sequence[Path]) -> Iterator[str]:
    """What is wrong with the traces that do not replay."""
    for path in traces:
        try:
            replay(path)
        except TraceError as error:
            yield str(error)
