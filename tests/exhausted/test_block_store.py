"""The block store: what N, W and R buy, and what they do not.

With c nodes that have come or gone since the last repair, a read is sure to find what was acknowledged where
W + R > N + c; and a block is there while fewer than its N copies are lost. Each has stores on either side here.
"""

from typing import Any

import pytest

from stackproof.checker.explore import explore
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict
from stackproof.checker.scenarios.block_store import block_store

MISSED, LOST = {"reads_find_what_was_acknowledged"}, {"acknowledged_blocks_survive"}
JOIN: dict[str, Any] = {"ring": (0, 2, 3), "coordinator": 0, "crashes": 0, "joins": 1}


def violated(worlds: int = 3_000_000, **asked: Any) -> set[str]:
    """What such a store violates."""
    report = explore(block_store(**asked), engine="native", worlds=worlds)
    assert report.verdict is not Verdict.UNKNOWN
    return {violation.property for violation in report.violated}


@pytest.mark.parametrize(("w", "r", "found"), [(2, 1, set()), (1, 2, set()), (1, 1, MISSED)])
def test_a_read_finds_what_was_acknowledged_where_w_and_r_meet(w: int, r: int, found: set[str]) -> None:
    assert violated(w=w, r=r, crashes=0) == found


@pytest.mark.parametrize(("w", "r", "found"), [(2, 2, set()), (2, 1, MISSED), (1, 2, MISSED)])
def test_a_node_that_has_failed_may_be_one_more_that_lacks_the_block(w: int, r: int, found: set[str]) -> None:
    assert violated(w=w, r=r) == found


@pytest.mark.parametrize(("r", "found"), [(2, set()), (1, MISSED)])
def test_and_so_may_one_that_has_joined(r: int, found: set[str]) -> None:
    assert violated(r=r, **JOIN) == found


@pytest.mark.parametrize("r", [1, 2])
def test_a_holder_whose_copy_has_decayed_says_so_and_is_no_such_node(r: int) -> None:
    assert violated(r=r, crashes=0, corruptions=1) == set()


@pytest.mark.parametrize(
    ("n", "losses", "found"),
    [
        (1, {"crashes": 1}, LOST),
        (2, {"crashes": 1}, set()),
        (2, {"crashes": 0, "corruptions": 1}, set()),
        (2, {"crashes": 1, "corruptions": 1}, LOST),
        (2, {"crashes": 0, "corruptions": 2}, LOST),
        pytest.param(3, {"crashes": 1}, set(), marks=pytest.mark.slow),
    ],
)
def test_n_copies_outlive_fewer_losses_than_n(n: int, losses: dict[str, int], found: set[str]) -> None:
    assert violated(n=n, w=n, r=1, reads=0, **losses) == found


@pytest.mark.slow
def test_a_node_may_fail_while_a_block_is_being_written() -> None:
    assert violated(early=True) == set()


def test_more_blocks_than_one_do_not_get_in_each_other_s_way() -> None:
    assert violated(keys=(1, 2), crashes=0) == set()


@pytest.mark.slow
def test_two_copies_outlive_two_failures_if_there_is_a_repair_between_them() -> None:
    ring = {"identifiers": 5, "ring": (0, 1, 2, 3, 4), "coordinator": 1}
    assert violated(worlds=10_000_000, **ring, crashes=2, reads=0) == set()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"w": 3}, "w and r lie between 1 and n"),
        ({"r": 0}, "w and r lie between 1 and n"),
        ({"n": 4}, "at most one more than the successors"),
        ({"n": 3, "r": 3}, "r not more than these"),
        ({"keys": ()}, "each key stand there once"),
        ({"keys": (1, 1)}, "each key stand there once"),
        ({"coordinator": 7}, "let it be in the ring"),
        ({"ring": (0, 1)}, "a ring of 3 or more"),
    ],
)
def test_a_store_that_makes_no_sense_is_refused(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        block_store(**asked)
