"""What is known of a scenario, by kind of evidence; evidence that is absent stays absent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from stackproof.checker.conformance import REFINEMENTS, refinement_of
from stackproof.checker.counterexamples import explore_again, replay_again, save, slug
from stackproof.checker.explore import explore, most_memory_mib
from stackproof.checker.explore.limits import Limits, Watcher
from stackproof.checker.host import ScenarioError
from stackproof.checker.proofs import PROVED
from stackproof.checker.registry import LAYERS, SCENARIOS, build, function_named, in_layer
from stackproof.checker.replay import replay
from stackproof.checker.report import Report, Verdict
from stackproof.checker.search import search
from stackproof.checker.search.report import Searched
from stackproof.checker.trace_file import TraceError, read, shipped_traces


@frozen
class Budget:
    """How far to go: the most worlds to explore and to hold against the model, and how many runs to draw."""

    worlds: int | None
    conforming: int | None
    examples: int


QUICK = Budget(1_500_000, 5_000, 50)
FULL = Budget(None, None, 1_000)
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
class Proved:
    """The model that a scenario follows: its obligations, those not proved, and whether every step is one of it."""

    model: str
    obligations: int
    wrong: tuple[str, ...]
    conforms: Verdict

    @property
    def verdict(self) -> Verdict:
        """Held if all is proved, and the scenario conforms as far as it was looked at."""
        return Verdict.VIOLATED if self.wrong else self.conforms

    def form(self) -> dict[str, Any]:
        """The proof as JSON."""
        return {
            "model": self.model,
            "verdict": self.verdict.value,
            "obligations": self.obligations,
            "wrong": list(self.wrong),
            "conforms": self.conforms.value,
        }


@frozen
class Evidence:
    """All that was found out about one scenario; None where nothing was."""

    scenario: str
    proved: Proved | None = None
    exhausted: Report | None = None
    searched: Searched | None = None
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
        """The worst that any kind of evidence says; unknown where nothing was explored.

        That a search did not come to every goal says nothing against what was exhausted; nor does it that there are
        more worlds than the model was held against.
        """
        replayed = [self.recorded.verdict] if self.recorded else []
        others = [one.verdict for one in (self.proved, self.searched) if one is not None and not self.broken]
        return Verdict.worst([self.explored, *replayed, *(one for one in others if one is Verdict.VIOLATED)])

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
            "proved": self.proved and self.proved.form(),
            "exhausted": self.exhausted and self.exhausted.form(self.written),
            "searched": self.searched and self.searched.form(),
            "recorded": self.recorded and {"traces": self.recorded.traces, "wrong": list(self.recorded.wrong)},
        }


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
    names: Sequence[str], budget: Budget, watched: Watched, complain: Callable[[str], None]
) -> Iterator[Evidence]:
    """Explore each scenario with its default parameters, search it, prove its model, replay its recorded traces.

    An interrupt ends it: of what comes then, nothing is known.
    """
    interrupted = False
    for name in names:
        if interrupted:
            yield Evidence(name)
            continue
        with watched(name) as watcher:
            report = explore(build(name), worlds=budget.worlds, watcher=watcher)
        interrupted = report.why == "interrupted"
        evidence = Evidence(name, None, report, None, recorded(name))
        written = {} if evidence.broken else save(report, Path(f"counterexample-{slug(name)}.jsonl"), complain)
        evidence = evolve(evidence, written=written)
        if not interrupted:
            with watched(f"{name}, held against its model") as watcher:
                limits = Limits(budget.conforming, None, most_memory_mib(), watcher)
                evidence = evolve(evidence, proved=proved(name, limits), searched=searched(name, budget))
            interrupted = evidence.searched is not None and evidence.searched.why == "interrupted"
        yield evidence


def proved(name: str, limits: Limits) -> Proved | None:
    """What is proved of the model that a scenario follows, and whether it does follow it; None where there is none."""
    if name not in REFINEMENTS or (name in SCENARIOS and SCENARIOS[name].broken):
        return None
    from stackproof.checker.conformance.refinement import conform  # noqa: PLC0415 - Z3 is slow to import

    scenario = build(name)
    found = conform(scenario, refinement_of(scenario), limits)
    model = REFINEMENTS[name].replace("_", "-")
    obligations, wrong = obligations_of(model)
    departed = () if found.departure is None else (found.departure.reason,)
    return Proved(model, obligations, (*wrong, *departed), found.verdict)


@cache
def obligations_of(model: str) -> tuple[int, tuple[str, ...]]:
    """How many obligations a model has, and those that are not proved."""
    from stackproof.checker.proving import judged, question  # noqa: PLC0415 - Z3 is slow to import

    proofs = [(one.system, proof) for one in judged([model], 1, question(60, None, False)) for proof in one.proofs]
    wrong = tuple(
        f"{system}: {proof.obligation} is {proof.answer}" for system, proof in proofs if proof.answer != PROVED
    )
    return len(proofs), wrong


def searched(name: str, budget: Budget) -> Searched:
    """What some runs with faults, drawn by lot, come to."""
    return search(build(name), examples=budget.examples)


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
