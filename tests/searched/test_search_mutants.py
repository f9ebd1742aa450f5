"""Searchers that a tired engineer might write, each of which misses something that search finds, or finds too much."""

from typing import Any

import pytest

from stackproof.checker import Verdict, search
from stackproof.checker.registry import build
from stackproof.checker.search import showing, tapes
from stackproof.checker.search.course import Course, Violated
from stackproof.checker.search.mixes import EVEN, Mix
from stackproof.checker.search.settling import Settling
from stackproof.checker.search.terrain import Spot
from stackproof.checker.world import Event
from tests.mutants.test_bugs import FOUND

RUNS = 400


def verdict(bug: str, fixed: bool = False) -> Verdict:
    """What some runs say of a bug."""
    return search(build(bug, {"fixed": fixed}), by="hypothesis", examples=RUNS).verdict


def nothing_strikes(mix: Mix, event: Event, fault: bool) -> int:
    """Faults do not happen."""
    return 0 if fault else EVEN


def nobody_crashes(mix: Mix, event: Event, fault: bool) -> int:
    """One kind of fault does not happen."""
    return 0 if event.name == "crash" else EVEN


def the_first(mix: Mix, spot: Spot, lot: int, lots: int) -> int | None:
    """Nothing is drawn."""
    return 0 if spot.events else None


def nothing(course: Course, order: int) -> None:
    """Runs are cut off instead of being brought to their end."""


def any_loop(self: Settling, place: int) -> bool:
    """A world that is come back to counts as a run that goes on for ever, fair or not."""
    for claim, _ in self.open:
        raise Violated(claim.__name__, "", place)
    return True


def whole(scenario: Any, claim: Any, steps: Any, loop: int | None) -> Any:
    """Nothing is shrunk."""
    return steps, loop


@pytest.mark.parametrize(
    ("where", "name", "mutant", "bug"),
    [
        pytest.param(Mix, "weight", nothing_strikes, "J3", marks=pytest.mark.slow),
        (Mix, "weight", nobody_crashes, "J3"),
        (Mix, "chosen", the_first, "S10"),
        (tapes, "settle", nothing, "A10"),
        pytest.param(tapes, "settle", nothing, "A11", marks=pytest.mark.slow),
        (tapes, "settle", nothing, "J2"),
    ],
)
def test_such_a_searcher_misses_a_bug(
    where: Any, name: str, mutant: Any, bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdict(bug) is Verdict.VIOLATED
    monkeypatch.setattr(where, name, mutant)
    assert verdict(bug) is not Verdict.VIOLATED


def test_a_searcher_without_fairness_finds_bugs_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict("A1", fixed=True) is Verdict.HELD
    monkeypatch.setattr(Settling, "ends", any_loop)
    with pytest.raises(ValueError, match="no fair run"):
        verdict("A1", fixed=True)


def test_a_searcher_that_does_not_shrink_shows_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "in_few_events", whole)
    (found,) = search(build("J7"), by="hypothesis").violated
    assert (found.length or 0) > 1.5 * FOUND["J7"][1]
