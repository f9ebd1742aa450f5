"""Chord by messages, beyond the counts: every key of a larger circle, and what makes no sense.

The counts stand in the manifest, under `chord`, `chord-2001`, `chord-lookup` and `chord-storage`. Up to a rotation of
the circle, a ring of three of five identifiers is 0, 2, 4 or 0, 1, 2.
"""

from collections.abc import Callable
from typing import Any

import pytest

from stackproof.checker.explore import explore
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.chord import chord, chord_2001, chord_lookup, chord_storage


@pytest.mark.parametrize("recursive", [False, True])
def test_three_bits_and_every_key(recursive: bool) -> None:
    for key in range(8):
        scenario = chord_lookup(bits=3, ring=(0, 3, 5), failed=(), keys=(key,), recursive=recursive)
        assert explore(scenario, engine="native").verdict is Verdict.HELD


@pytest.mark.parametrize(
    ("scenario", "asked"),
    [
        (chord, {"ring": (0, 2)}),
        (chord, {"ring": (0, 2, 5)}),
        (chord_2001, {"ring": ()}),
        (chord_lookup, {"ring": (0, 1, 4)}),
        (chord_storage, {"replicas": 3}),
    ],
)
def test_a_ring_that_makes_no_sense_is_refused(scenario: Callable[..., Scenario], asked: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match=r"is needed|successors to hold them"):
        scenario(**asked)
