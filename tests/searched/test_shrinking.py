"""A run that fails is shrunk to a short one that replays and still fails."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stackproof.checker import Scenario
from stackproof.checker.explore.fairness import identity, left_out, promises
from stackproof.checker.registry import BUGS, build
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Property, no_step_raises
from stackproof.checker.search import lassos, shrinking
from stackproof.checker.search.lassos import shrunk_lasso
from stackproof.checker.search.shrinking import Search, failing, reduced, shrunk
from stackproof.checker.trace import Step, Trace
from stackproof.checker.trace_file import TraceError
from stackproof.checker.world import World, happenings
from tests.mutants.test_bugs import FOUND
from tests.searched.puppets import scenarios

EASY = ("A2", "A3", "A7", "A8", "A12", "A13", "J2", "J3", "J8", "S3", "S5", "S7", "S9", "S10")
ROUND = tuple(bug for bug, (_, _, loop, _) in FOUND.items() if loop is not None)


def walk(scenario: Scenario, rng: random.Random, most: int) -> list[Step]:
    """A run of up to so many events, each drawn from all that may happen."""
    run = [Step(*rng.choice(list(scenario.initial())))]
    while len(run) <= most and (ahead := list(happenings(run[-1].world))):
        run.append(Step(*rng.choice(ahead)))
    return run


def failing_walks(scenario: Scenario, claim: Property, count: int, most: int = 60) -> list[list[Step]]:
    """Some runs with a world in which a claim fails, and events after it."""
    fails, rng = failing(scenario, claim), random.Random(1)
    walks = (walk(scenario, rng, most) for _ in range(1_000))
    failed = (run for run in walks if any(fails(step.world) for step in run))
    return [run for run, _ in zip(failed, range(count), strict=False)]


def claim_of(scenario: Scenario, name: str) -> Property:
    """The property of that name."""
    among = (*scenario.invariants, *scenario.always_reachable, *(one for one, _ in promises(scenario)), no_step_raises)
    return next(claim for claim in among if claim.__name__ == name)


def prove(scenario: Scenario, claim: Property, steps: Sequence[Step], loop: int | None = None) -> None:
    """See to it that a run begins with the start, can be replayed, and shows that the claim fails at its end."""
    assert steps[0].event.name == "start"
    expect = {"verdict": "violated", "property": claim.__name__}
    trace = Trace(scenario.name, scenario.parameters, expect, {}, tuple(steps), loop)
    assert replay(trace, scenario).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("bug", EASY)
def test_a_random_run_is_shrunk_to_the_length_of_the_shortest(bug: str) -> None:
    scenario, (name, length, *_) = BUGS[bug].load()(), FOUND[bug]
    claim = claim_of(scenario, name)
    runs = failing_walks(scenario, claim, 3)
    assert len(runs) == 3
    for run in runs:
        short = shrunk(scenario, claim, run)
        prove(scenario, claim, short)
        assert len(short) - 1 == length


@pytest.mark.slow
def test_a_long_run_of_chord_as_published_loses_most_of_its_events() -> None:
    scenario = build("chord-2001")
    claim = claim_of(scenario, "at_least_one_ring")
    (run,) = failing_walks(scenario, claim, 1, most=80)
    short = shrunk(scenario, claim, run)
    prove(scenario, claim, short)
    assert len(short) - 1 == 10
    assert len(shrinking.Search(failing(scenario, claim)).run(run[0], [step.event for step in run[1:]]) or ()) > 20


def broken(scenario: Scenario, run: Sequence[Step]) -> Property | None:
    """A property that fails in some world of a run."""
    claims = (*scenario.invariants, no_step_raises)
    return next((one for one in claims if any(failing(scenario, one)(step.world) for step in run)), None)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 99))
def test_what_is_left_of_a_run_of_a_random_protocol_fails_and_nothing_of_it_is_needless(
    scenario: Scenario, seed: int
) -> None:
    scenario = evolve(scenario, prune=None)
    run = walk(scenario, random.Random(seed), 12)
    claim = broken(scenario, run)
    assume(claim is not None)
    assert claim is not None
    short = shrunk(scenario, claim, run)
    prove(scenario, claim, short)
    assert len(short) <= len(run)
    assert shrunk(scenario, claim, run) == short
    search, events = Search(failing(scenario, claim)), [step.event for step in short[1:]]
    assert [search.run(run[0], events[:at] + events[at + 1 :]) for at in range(len(events))] == [None] * len(events)


def test_an_event_that_cannot_happen_any_more_is_skipped() -> None:
    scenario = BUGS["A7"].load()()
    claim = claim_of(scenario, FOUND["A7"][0])
    (run,) = failing_walks(scenario, claim, 1)
    search = Search(failing(scenario, claim))
    events = [step.event for step in run[1:]]
    again = search.run(run[0], [event for event in events for _ in range(2)])
    assert again == search.run(run[0], events) != None  # noqa: E711 - both are runs


def test_a_run_that_does_not_fail_is_not_shrunk() -> None:
    scenario = BUGS["A7"].load()()
    run = walk(scenario, random.Random(0), 2)
    with pytest.raises(ValueError, match="offers_never_exceed_what_was_announced holds in every world of the run"):
        shrunk(scenario, claim_of(scenario, FOUND["A7"][0]), run)


@pytest.mark.parametrize(
    ("wanted", "size"), [({3}, 10), ({0, 9}, 10), ({2, 3, 4, 8}, 9), (set(), 5), ({0}, 1), (set(range(7)), 7)]
)
def test_exactly_what_is_needed_remains(wanted: set[int], size: int) -> None:
    def attempt(parts: list[int]) -> list[int] | None:
        return parts if wanted <= set(parts) else None

    assert reduced(list(range(size)), attempt) == sorted(wanted)


def test_what_an_attempt_made_no_use_of_goes_at_once() -> None:
    asked: list[list[int]] = []

    def attempt(parts: list[int]) -> list[int] | None:
        asked.append(parts)
        return [part for part in parts if part in (5, 6)] if {5, 6} <= set(parts) else None

    assert reduced(list(range(64)), attempt) == [5, 6]
    assert len(asked) < 10


def settled(scenario: Scenario, claim: Property, stays: bool, rng: random.Random) -> tuple[list[Step], int] | None:
    """A random run that goes on by what is owed, the longest owed first, until it ends or goes round fairly."""
    run = walk(scenario, rng, rng.choice((10, 30, 60)))
    last: dict[Any, int] = {}
    for turn in range(200):
        here = run[-1].world
        owed = [(identity(event, here), Step(event, after)) for event, after in happenings(here)]
        owed = [(label, step) for label, step in owed if label is not None]
        places = [place for place, step in enumerate(run[:-1]) if step.world == here]
        fair = [place for place in places[::-1] if left_out(run[place:]) is None]
        if not owed or fair:
            loop = fair[0] if fair else len(run) - 1
            return (run, loop) if lassos.going_round(Search(bool), claim, run[0], lassos.events(run, loop)) else None
        label, step = min(owed, key=lambda one: last.get(one[0], -1))
        last[label] = turn
        run.append(step)
    return None


@pytest.mark.parametrize("bug", ROUND)
def test_a_run_that_goes_round_for_ever_is_shrunk_to_the_length_of_the_shortest(bug: str) -> None:
    scenario, (name, length, loop, _) = BUGS[bug].load()(), FOUND[bug]
    claim, stays = next(one for one in promises(scenario) if one[0].__name__ == name)
    rng = random.Random(2)
    found = (settled(scenario, claim, stays, rng) for _ in range(400))
    run, place = next(one for one in found if one is not None)
    short, after = shrunk_lasso(scenario, claim, run, place)
    prove(scenario, claim, short, after)
    assert (len(short) - 1, len(short) - 1 - after) == (length, loop)


def test_a_run_that_is_unfair_or_keeps_its_promise_is_no_lasso() -> None:
    scenario = BUGS["A1"].load()()
    claim = claim_of(scenario, FOUND["A1"][0])
    run = walk(scenario, random.Random(0), 5)
    with pytest.raises(ValueError, match="no fair run that breaks no_starvation"):
        shrunk_lasso(scenario, claim, run, len(run) - 1)


CHEATS: dict[str, tuple[str, Callable[[World], Any]]] = {
    "anything leads to the end": ("after", lambda end: lambda _, __, ___: end),
    "all that is well is called broken": ("is_failing", lambda _: lambda _, __: True),
    "the last event is dropped": ("without_needless", lambda _: lambda _, run: run[:-1] or run),
    "what lies between is left out": ("with_shortcuts", lambda _: lambda _, run: [run[0], run[-1]]),
    "nothing happens": ("rearranged", lambda _: lambda _, run: run[:1]),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_shrinker_that_cheats_is_caught(cheat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = BUGS["A8"].load()()
    claim = claim_of(scenario, FOUND["A8"][0])
    (run,) = failing_walks(scenario, claim, 1)
    end = next(step.world for step in run if failing(scenario, claim)(step.world))
    name, cheating = CHEATS[cheat]
    monkeypatch.setattr(Search, name, cheating(end))
    with pytest.raises(TraceError, match=r"cannot happen|the trace says not|the world after"):
        prove(scenario, claim, shrunk(scenario, claim, run))
