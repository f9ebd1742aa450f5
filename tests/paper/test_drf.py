"""Dominant resource fairness, in the order of the paper."""

from fractions import Fraction

import pytest

from stackproof.checker.invariants.fairness import envy_freeness, sharing_incentive, worth
from stackproof.reference.actor import Bounced, Out
from stackproof.reference.scheduling.drf import (
    Account,
    Cluster,
    Filling,
    User,
    decisions,
    dominant_share,
    drf,
    exact,
    progressive_filling,
)
from stackproof.reference.scheduling.drf_allocator import (
    Allocator,
    Came,
    Connection,
    Deal,
    Finish,
    Finished,
    Launch,
    Leaving,
    Register,
    Returned,
    Served,
    TaskRunner,
    Went,
)
from stackproof.reference.scheduling.fair_shares import asset_fairness, ceei

A, B = User("A", (1, 4)), User("B", (3, 1))
CAPACITIES = (9, 18)
EXAMPLE = Cluster(CAPACITIES, (A, B))


def served(cluster: Cluster) -> str:
    """Who is served, in order."""
    return " ".join(decision.user for decision in decisions(cluster))


def test_user_a_is_dominated_by_memory_and_user_b_by_cpu() -> None:
    assert [dominant_share(user, EXAMPLE.capacities) for user in (A, B)] == [Fraction(2, 9), Fraction(1, 3)]


def test_the_example_gives_a_three_tasks_and_b_two() -> None:
    assert drf(EXAMPLE) == exact((3, 2))
    assert EXAMPLE.given(drf(EXAMPLE)) == (exact((3, 12)), exact((6, 2)))
    assert [dominant_share(user, EXAMPLE.capacities, tasks) for user, tasks in ((A, 3), (B, 2))] == [Fraction(2, 3)] * 2


def test_table_1() -> None:
    table = [
        (row.user, *(share for _, share in row.shares), *used(row.left))
        for row in decisions(Cluster(CAPACITIES, (B, A)))
    ]
    assert table == [
        ("B", 0, Fraction(1, 3), Fraction(3, 9), Fraction(1, 18)),
        ("A", Fraction(2, 9), Fraction(1, 3), Fraction(4, 9), Fraction(5, 18)),
        ("A", Fraction(4, 9), Fraction(1, 3), Fraction(5, 9), Fraction(9, 18)),
        ("B", Fraction(4, 9), Fraction(2, 3), Fraction(8, 9), Fraction(10, 18)),
        ("A", Fraction(2, 3), Fraction(2, 3), 1, Fraction(14, 18)),
    ]


def used(left: tuple[Fraction, ...]) -> list[Fraction]:
    """The shares of all resources that are in use."""
    return [1 - have / whole for have, whole in zip(left, CAPACITIES, strict=True)]


def test_only_the_first_tie_is_open_in_table_1_and_the_outcome_does_not_depend_on_it() -> None:
    assert served(Cluster(CAPACITIES, (B, A))) == "B A A B A"
    assert served(EXAMPLE) == "A B A B A"
    assert decisions(EXAMPLE)[-1].running == (("A", 3), ("B", 2))


def test_a_user_whose_task_does_not_fit_does_not_stop_the_others() -> None:
    assert served(Cluster((7,), (User("big", (3,)), User("small", (1,))))) == "big small small small small"


def test_a_user_who_wants_no_more_is_passed_over() -> None:
    filling = Filling(CAPACITIES, (Account(A, wanted=1), Account(B)))
    assert [name for name, _ in progressive_filling(filling)] == ["A", "B", "B"]


def test_a_tie_goes_to_whoever_was_served_longest_ago() -> None:
    three = Cluster((6,), tuple(User(name, (1,)) for name in "cab"))
    assert served(three) == "c a b c a b"


def test_a_user_of_twice_the_weight_gets_twice_the_dominant_share() -> None:
    one, two = drf(Cluster((9,), (User("one", (1,)), User("two", (1,), (2,)))))
    assert (one, two) == exact((3, 6))
    assert served(Cluster((3,), (User("one", (1,)), User("two", (1,), (2,))))) == "one two two"


def test_weights_make_equal_what_is_divided_by_them() -> None:
    heavy = User("A", (1, 4), (3, 3))
    x, y = drf(Cluster(CAPACITIES, (heavy, B)))
    assert (x, y) == (Fraction(81, 19), Fraction(18, 19))
    assert dominant_share(A, EXAMPLE.capacities, x) == 3 * dominant_share(B, EXAMPLE.capacities, y)


def test_weights_may_differ_from_resource_to_resource() -> None:
    users = User("cpu", (1, 1), (3, 1)), User("memory", (1, 1), (1, 3))
    assert drf(Cluster((12, 12), users)) == exact((6, 6))
    assert drf(Cluster((12, 24), users)) == exact((8, 4))


def test_a_user_who_needs_nothing_of_what_is_used_up_goes_on() -> None:
    users = User("both", (2, 1)), User("first", (1, 0)), User("second", (0, 1))
    assert drf(Cluster((10, 10), users)) == exact((Fraction(5, 2), 5, Fraction(15, 2)))


def test_asset_fairness_on_the_example() -> None:
    x, y = asset_fairness(EXAMPLE)
    assert (x, y) == (Fraction("2.52"), Fraction("2.16"))
    assert [[round(float(part), 1) for part in got] for got in EXAMPLE.given((x, y))] == [[2.5, 10.1], [6.5, 2.2]]


def test_competitive_equilibrium_on_the_example() -> None:
    x, y = ceei(EXAMPLE)
    assert (x, y) == (Fraction(45, 11), Fraction(18, 11))
    assert [[round(float(part), 1) for part in got] for got in EXAMPLE.given((x, y))] == [[4.1, 16.4], [4.9, 1.6]]


def test_asset_fairness_may_leave_a_user_with_less_than_half_of_every_resource() -> None:
    cluster = Cluster((30, 30), (User("1", (1, 3)), User("2", (1, 1))))
    given = cluster.given(asset_fairness(cluster))
    assert given == (exact((6, 18)), exact((12, 12)))
    assert list(sharing_incentive(cluster, given)) == [
        "2 runs 12 tasks, and would run 15 on its part of every resource"
    ]
    assert list(sharing_incentive(cluster, cluster.given(drf(cluster)))) == []


def test_in_a_competitive_equilibrium_a_false_demand_may_pay() -> None:
    truth, other = User("1", (16, 1)), User("2", (1, 2))
    honest = ceei(Cluster((100, 100), (truth, other)))
    assert honest == (Fraction(100, 31), Fraction(1500, 31))
    lying = Cluster((100, 100), (User("1", (16, 8)), other))
    got = lying.given(ceei(lying))[0]
    assert (round(float(honest[0]), 1), round(float(worth(truth, got)), 1)) == (3.2, 4.2)


def test_in_the_equilibrium_with_one_scarce_resource_each_spends_half_on_it() -> None:
    assert ceei(Cluster((10, 100), (User("1", (1, 1)), User("2", (2, 1))))) == exact((5, Fraction(5, 2)))


def test_nobody_envies_anybody_under_any_of_the_three_policies() -> None:
    for policy in (drf, asset_fairness, ceei):
        assert list(envy_freeness(EXAMPLE, EXAMPLE.given(policy(EXAMPLE)))) == []


@pytest.mark.parametrize(
    ("capacities", "users"),
    [
        ((), ()),
        ((0, 1), ()),
        ((1,), (User("u", (1, 1)),)),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(capacities: tuple[int, ...], users: tuple[User, ...]) -> None:
    with pytest.raises(ValueError, match=r"capacities|resources"):
        Cluster(capacities, users)


@pytest.mark.parametrize("bad", [((), ()), ((0, 0), ()), ((1, -1), ()), ((1, 1), (1,)), ((1,), (0,))])
def test_a_user_that_makes_no_sense_is_refused(bad: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match=r"demands|weights"):
        User("u", *bad)


def test_the_equilibrium_of_three_users_is_refused() -> None:
    with pytest.raises(ValueError, match="two users"):
        ceei(Cluster((1,), tuple(User(name, (1,)) for name in "abc")))


def allocator(*accounts: Account) -> Allocator:
    return Allocator("allocator", Filling(CAPACITIES, accounts))


def told(node: Allocator | TaskRunner, message: object, source: str) -> Out:
    """What a node does upon a message."""
    out = Out()
    node.receive(message, source, out)  # type: ignore[arg-type]
    return out


def test_the_allocator_deals_some_time_after_a_user_came() -> None:
    out = told(allocator(), Register(A), "A")
    assert out.observed == [Came(A, None)]
    assert out.sent == [("A", Connection())]
    assert [message for message, _ in out.timers] == [Deal()]


def test_a_round_is_algorithm_1() -> None:
    node = allocator(Account(B), Account(A))
    out = told(node, Deal(), "allocator")
    assert [event.user for event in out.observed] == list("BAABA")
    assert out.sent == [(name, Launch()) for name in "BAABA"]
    assert out.observed[0] == Served("B")


def test_what_a_finished_task_held_is_dealt_again() -> None:
    node = allocator(Account(A, 3), Account(B, 2))
    out = told(node, Finished(), "B")
    assert out.observed == [Returned("B")]
    assert [message for message, delay in out.timers if delay] == [Deal()]
    assert told(node, Deal(), "allocator").observed == [Served("B")]


@pytest.mark.parametrize("word", [Leaving(), Bounced(Connection()), Bounced(Launch())])
def test_the_tasks_of_a_user_that_is_gone_are_returned_once(word: object) -> None:
    node = allocator(Account(A, 3), Account(B, 2))
    assert told(node, word, "A").observed == [Went("A")]
    assert node.filling.left == exact((3, 16))
    assert told(node, Bounced(Connection()), "A").observed == []
    assert told(node, Finished(), "A").observed == []


def test_nothing_is_dealt_when_nobodys_task_fits() -> None:
    out = told(allocator(Account(A, 3), Account(B, 2)), Register(User("C", (1, 1))), "C")
    assert out.timers == [(Deal(), None)]


def test_a_user_runs_what_it_is_told_to_and_reports_what_has_finished() -> None:
    node = TaskRunner("A", "allocator", A, finishes=1)
    assert [message for message, _ in told(node, Launch(), "allocator").timers] == [Finish()]
    told(node, Launch(), "allocator")
    out = told(node, Finish(), "A")
    assert (node.running, out.sent, out.timers) == (1, [("allocator", Finished())], [])


def test_a_user_says_what_it_needs_when_it_starts_and_says_so_when_it_leaves() -> None:
    out = Out()
    node = TaskRunner("A", "allocator", A, tasks=5)
    node.start(out)
    node.leave(out)
    assert out.sent == [("allocator", Register(A, 5)), ("allocator", Leaving())]
