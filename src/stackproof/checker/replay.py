"""Replay: run a trace again, event by event, and compare the world after each with what was written down.

The lines of the file are matched against what may happen in each world; nothing in it becomes a module that is loaded
or an object that is built. So a trace may come from anybody.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from stackproof.checker.explore.fairness import left_out, promises, reason_against_run
from stackproof.checker.explore.liveness import reason_against_return
from stackproof.checker.host import ScenarioError
from stackproof.checker.loading import blamed
from stackproof.checker.registry import built, function_named, is_registered
from stackproof.checker.report import Verdict, Violation
from stackproof.checker.scenario import Property, Scenario, no_step_raises, reason_against, true_in
from stackproof.checker.trace import Step, Trace, lines_of
from stackproof.checker.trace_file import Line, Recording, TraceError, parse, read
from stackproof.checker.world import Event, World, happenings


@frozen
class Replayed:
    """A run that went again as it was written down, and that showed what it was said to show."""

    trace: Trace
    verdict: Verdict
    reason: str | None = None

    @property
    def about(self) -> str | None:
        """The name of the property that the trace is about; None for all."""
        return self.trace.expect.get("property")

    @property
    def length(self) -> int:
        """How many events follow the start."""
        return len(self.trace.steps) - 1

    def form(self, file: str | None = None) -> dict[str, Any]:
        """The outcome as JSON; `file` is where the trace was read."""
        violated = Violation(self.about or "", self.reason or "", self.trace).form(file)
        reached = {"goal": self.about, "reached": True, "length": self.length}
        return {
            "scenario": self.trace.scenario,
            "parameters": dict(self.trace.parameters),
            "evidence": "recorded",
            "verdict": self.verdict.value,
            "why": None,
            "length": self.length,
            "violated": [violated] if self.verdict is Verdict.VIOLATED else [],
            "goals": [reached] if self.trace.expect["verdict"] == "reached" else [],
        }


def replay(trace: Trace | Path | str | bytes, scenario: Scenario | str | None = None) -> Replayed:
    """Run a trace again. Raises TraceError, with file and line, where it does not go as written.

    trace      a Trace, the path of a file, or the bytes of one
    scenario   replaces the one that the header names. A trace of `file.py:function` needs it, since no header makes us
               load a file. A name is built with the parameters of the header
    """
    recording = recorded(trace)
    asked = scenario if isinstance(scenario, Scenario) else scenario_of(recording, scenario)
    claim = claimed(recording, asked)
    run = Trace(asked.name, asked.parameters, recording.expect, {}, tuple(steps(recording, asked)), recording.loop)
    return judged(recording, run, asked, claim)


def recorded(trace: Trace | Path | str | bytes) -> Recording:
    """What a trace says, wherever it is."""
    if isinstance(trace, Trace):
        return parse("\n".join(lines_of(trace)).encode(), "<trace>")
    if isinstance(trace, bytes):
        return parse(trace, "<trace>")
    return read(Path(trace))


def scenario_of(recording: Recording, named: str | None) -> Scenario:
    """The scenario that the user named, else the registered one that the header names."""
    name = named or recording.scenario
    if named is None and not is_registered(name):
        raise recording.at(1, unnamed(recording))
    function = function_named(name)
    try:
        return built(name, function, recording.parameters)
    except (ScenarioError, RecursionError) as error:
        raise recording.at(1, str(error)) from None


def unnamed(recording: Recording) -> str:
    """Why the scenario in a header is not taken."""
    name = ascii(recording.scenario)[:60]
    if ":" in recording.scenario:
        again = f"stackproof replay {recording.file} --scenario FILE.py:FUNCTION"
        return f"the scenario {name} is not loaded on the word of a trace; name it yourself: {again}"
    return f"there is no scenario {name}. See: stackproof list"


def claimed(recording: Recording, scenario: Scenario) -> tuple[Property, ...]:
    """The properties that the trace makes a claim about."""
    verdict, name = recording.expect["verdict"], recording.expect.get("property")
    among = scenario.goals if verdict == "reached" else (*scenario.invariants, no_step_raises)
    if name is None and verdict == "held":
        return among
    promised = (*scenario.always_reachable, *(claim for claim, _ in promises(scenario)))
    among += promised if verdict == "violated" else ()
    found = tuple(claim for claim in among if claim.__name__ == name)
    if not found:
        kind, has = ("goal" if verdict == "reached" else "invariant"), ", ".join(one.__name__ for one in among)
        raise recording.at(1, f"{scenario.name} has no {kind} {ascii(name)[:60]}; it has {has or 'none'}")
    return found


def steps(recording: Recording, scenario: Scenario) -> Iterable[Step]:
    """Each event of the recording, and the world after it."""
    world: World | None = None
    for line in recording.lines:
        try:
            step = found(recording, line, scenario.initial() if world is None else happenings(world))
        except TraceError:
            raise
        except Exception as error:
            raise recording.at(line.number, f"{scenario.name} cannot take this step: {said(error)}") from error
        world = step.world
        yield step


def found(recording: Recording, line: Line, may_happen: Iterable[tuple[Event, World]]) -> Step:
    """The event that a line names, if it may happen and leads where the line says."""
    wanted = canonical(line.event)
    matching = [Step(event, world) for event, world in may_happen if canonical(event.form()) == wanted]
    for step in matching:
        if step.world.digest == line.digest:
            return step
    name = ascii(line.event["event"])[:40]
    if matching:
        parted = f"the world after {name} is {matching[0].world.digest}, not {ascii(line.digest)[:20]}"
        raise recording.at(line.number, f"{parted}: the scenario has changed, or the trace has. {anew(recording)}")
    raise recording.at(line.number, f"{name} as written here cannot happen in this world. {anew(recording)}")


def canonical(form: Any) -> str:
    """A JSON form as text, for comparing: 1, 1.0 and true differ."""
    return json.dumps(form, sort_keys=True)


def anew(recording: Recording) -> str:
    """How to get a trace that fits."""
    name = recording.scenario if is_registered(recording.scenario) else "SCENARIO"
    return f"To record anew: stackproof explore {name}"


def judged(recording: Recording, run: Trace, scenario: Scenario, claims: tuple[Property, ...]) -> Replayed:
    """The run, if it shows what the trace claims."""
    last = recording.lines[-1].number
    try:
        return verdict_of(recording, run, claims)
    except TraceError:
        raise
    except Exception as error:
        raise recording.at(last, f"the properties of {scenario.name} cannot be judged here: {said(error)}") from error


def verdict_of(recording: Recording, run: Trace, claims: tuple[Property, ...]) -> Replayed:
    """Violated, or held: a goal that is reached is held."""
    last, end, name = recording.lines[-1].number, run.steps[-1].world, claims[0].__name__
    if recording.expect["verdict"] == "violated":
        reason = reason_shown(recording, run, claims[0])
        if reason is None:
            raise recording.at(
                last,
                f"{name} holds in the last world, the trace says not. Was it cut off? {anew(recording)}",
            )
        return Replayed(run, Verdict.VIOLATED, reason)
    if recording.expect["verdict"] == "reached":
        if not true_in(claims[0], end):
            raise recording.at(
                last,
                f"{name} is not reached in the last world, the trace says it is. Was it cut off? {anew(recording)}",
            )
        return Replayed(run, Verdict.HELD)
    for line, step in zip(recording.lines, run.steps, strict=True):
        for claim in claims:
            if reason := reason_against(claim, step.world):
                raise recording.at(line.number, f"the trace says that {claim.__name__} holds, but {reason}")
    return Replayed(run, Verdict.HELD)


def reason_shown(recording: Recording, run: Trace, claim: Property) -> str | None:
    """Why the property does not hold in the last world, or in a run that goes on as the trace says; None if it does."""
    end = run.steps[-1].world
    if claim in (one for one, _ in promises(end.scenario)):
        check_loop(recording, run)
        return reason_against_run(claim, run.steps, run.loop or 0)
    if run.loop is not None:
        raise recording.at(1, f'{claim.__name__} says nothing of runs that go on for ever: a "loop" has no place here')
    live = claim in end.scenario.always_reachable
    return reason_against_return(claim, end) if live else reason_against(claim, end)


def check_loop(recording: Recording, run: Trace) -> None:
    """Raise TraceError unless the run, as the header has it, may go on for ever: its loop closes, and it is fair."""
    last = recording.lines[-1].number
    if run.loop is None:
        raise recording.at(
            1, f'the header needs the key "loop", the event that the run comes back to. {anew(recording)}'
        )
    if run.steps[-1].world != run.steps[run.loop].world:
        raise recording.at(last, f"the loop does not close: this world is not that after event {run.loop:,}")
    if event := left_out(run.steps[run.loop :]):
        what = canonical(event.form())[:200]
        raise recording.at(last, f"no fair run goes on like this: {what} may always happen, and never does")


def said(error: BaseException) -> str:
    """An exception in a few words."""
    if isinstance(error, RecursionError):
        return "it is too large"
    return str(error) if isinstance(error, ScenarioError) else blamed(error)
