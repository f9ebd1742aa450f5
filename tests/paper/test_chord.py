"""Chord's ring by messages, step by step: the lectures' example, as published, corrected."""

from typing import Any

import pytest

from stackproof.checker.scenarios.chord import ideally
from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import (
    Alive,
    Busy,
    ChordNode,
    Join,
    NoMember,
    Notify,
    Rectify,
    Stabilize,
    StabilizeFromPredecessor,
    StabilizeFromSuccessor,
    State,
    name,
)
from stackproof.reference.lookup.chord_2001 import Timer
from tests.paper.chord_rings import (
    LECTURE,
    Network,
    answers,
    member,
    published,
    published_ring,
    ring,
)

# The lectures: a ring of eight, and 50 joins by way of 15.


def test_50_joins_by_way_of_15_and_takes_58_for_its_successor() -> None:
    network = published_ring(*LECTURE).add(published(50))
    assert network[50].successors == (58,)
    assert network[50].predecessor is None
    assert (network[44].successors, network[58].predecessor) == ((58,), 44)


def test_50_stabilizes_and_58_takes_it_for_its_predecessor() -> None:
    network = published_ring(*LECTURE).add(published(50)).fire(50, Timer.STABILIZE)
    assert network[58].predecessor == 50
    assert network[44].successors == (58,)


def test_44_stabilizes_takes_50_for_its_successor_and_50_takes_it_for_its_predecessor() -> None:
    network = published_ring(*LECTURE).add(published(50)).fire(50, Timer.STABILIZE).fire(44, Timer.STABILIZE)
    assert network[44].successors == (50,)
    assert network[50].predecessor == 44


def test_a_list_of_k_successors_is_made_of_the_successor_and_its_list() -> None:
    network = published_ring(*LECTURE, r=3).add(published(50, r=3))
    assert network[50].successors == (58,)
    network.fire(50, Timer.COPY_SUCCESSORS)
    assert network[50].successors == (58, 4, 8)


# As published (SIGCOMM 2001, figure 7), and what is wrong with it (Zave, CCR 2012).


def test_when_its_successor_fails_the_next_one_on_its_list_takes_its_place() -> None:
    network = published_ring(*LECTURE, r=2).lose(58).fire(44, Timer.STABILIZE)
    assert network[44].successors == (4,)
    network.fire(4, Timer.CHECK_PREDECESSOR).fire(44, Timer.STABILIZE)
    assert network[4].predecessor == 44


def test_a_node_that_takes_up_a_new_successor_keeps_the_tail_of_its_list() -> None:
    network = published_ring(*LECTURE, r=2).add(published(50, r=2)).fire(50, Timer.STABILIZE)
    network.fire(44, Timer.STABILIZE)
    assert network[44].successors == (50, 4)


@pytest.mark.parametrize(("fix", "successors"), [(False, (50,)), (True, (58,))])
def test_a_node_takes_up_a_dead_successor_unless_it_checks(fix: bool, successors: tuple[int, ...]) -> None:
    network = published_ring(*LECTURE, stabilize_fix=fix).add(published(50)).fire(50, Timer.STABILIZE).lose(50)
    network.nodes[name(44)].receive(Timer.STABILIZE, name(44), Out())
    network[44].asking = None
    network.fire(44, Timer.STABILIZE)
    assert network[44].successors == successors


@pytest.mark.parametrize(("fix", "joined"), [(False, True), (True, False)])
def test_a_node_joins_before_a_dead_successor_unless_it_checks(fix: bool, joined: bool) -> None:
    network = published_ring(*LECTURE).lose(58).add(published(50, join_fix=fix))
    assert network[50].joined is joined


def test_a_node_alone_is_joined_by_a_second() -> None:
    alone = published(0, joined=True, successors=(0,))
    network = Network().add(alone, published(5, contacts=(0,)))
    for n in (5, 0):
        network.fire(n, Timer.STABILIZE)
    assert [(network[n].successors, network[n].predecessor) for n in (0, 5)] == [((5,), 5), ((0,), 0)]


# Corrected (Zave, TSE 2017, section IV).


def test_a_joining_node_takes_over_the_whole_list_of_the_member_before_it() -> None:
    network = ring(*LECTURE).add(member(50, 15))
    assert network[50].joined
    assert network[50].successors == (58, 4) == network[44].successors
    assert network[50].predecessor == 44


def test_it_is_passed_on_from_member_to_member_until_it_is_there() -> None:
    network = ring(*LECTURE).add(member(50, 15))
    assert [message.node for message in network.sent if isinstance(message, Join)] == [15, 32, 44]


def test_a_joining_node_is_spliced_in_by_one_round_of_stabilize() -> None:
    network = ring(*LECTURE).add(member(50, 15)).rounds(50, 44)
    assert network[58].predecessor == 50
    assert network[44].successors == (50, 58)
    assert network[50].predecessor == 44


def test_head_and_tail_of_a_list_change_in_one_step() -> None:
    network = ring(*LECTURE).add(member(50, 15)).rounds(50)
    lists = []
    for message in (Stabilize(), *heard(network, 44)):
        network[44].receive(*message if isinstance(message, tuple) else (message, "n44"), Out())
        lists.append(network[44].successors)
    assert lists == [(58, 4), (58, 4), (50, 58)]


def heard(network: Network, n: int) -> list[tuple[Any, NodeId]]:
    """What a node will be answered when it asks its successor, and that one's predecessor."""
    first = StabilizeFromSuccessor(network[n].successors[0], 0)
    second = StabilizeFromPredecessor(network[first.node].predecessor, 0)
    return [
        (State(one, network[one.node].predecessor, network[one.node].successors), name(one.node))
        for one in (first, second)
    ]


def test_in_a_round_with_nothing_new_nobody_is_notified() -> None:
    network = ring(*LECTURE)
    network.sent.clear()
    network.rounds(44)
    assert network.sent == [
        StabilizeFromSuccessor(58, 0),
        State(StabilizeFromSuccessor(58, 0), predecessor=44, successors=(4, 8)),
    ]


def test_a_list_shrinks_when_its_head_is_dead_and_the_next_one_fills_it_up() -> None:
    network = ring(*LECTURE).lose(58)
    network[44].receive(Stabilize(), "n44", Out())
    out = Out()
    network[44].receive(Bounced(StabilizeFromSuccessor(58, 0)), "n58", out)
    assert network[44].successors == (4,)
    assert out.sent == [("n4", StabilizeFromSuccessor(4, 0))]
    network.take("n44", out)
    assert network[44].successors == (4, 8)


def test_a_node_that_is_notified_keeps_its_predecessor_if_that_is_alive_and_closer() -> None:
    network = ring(*LECTURE).step("n58", Notify(58, 0), "n35")
    assert Rectify(44, 0, notifier=35) in network.sent
    assert network[58].predecessor == 44


def test_a_dead_predecessor_gives_way_to_the_node_that_notifies() -> None:
    network = ring(*LECTURE).lose(58).rounds(44)
    assert network[4].predecessor == 44


def test_after_a_failure_two_rounds_bring_every_list_in_order() -> None:
    network = ring(*LECTURE).lose(35).rounds(*(n for n in LECTURE if n != 35), count=2)
    left = tuple(n for n in LECTURE if n != 35)
    assert all(network[n].successors == ideally(left, n, 2)["successors"] for n in left)


def test_a_busy_node_answers_no_question_about_its_state() -> None:
    busy = member(44, *LECTURE, asking=StabilizeFromSuccessor(58, 0))
    for question in (StabilizeFromSuccessor(44, 0), StabilizeFromPredecessor(44, 0), Join(44, 0)):
        assert answers(busy, question, "n35") == [("n35", Busy(question))]


def test_a_busy_node_says_that_it_is_alive_and_takes_notice() -> None:
    busy = member(44, *LECTURE, asking=StabilizeFromSuccessor(58, 0))
    for question in (Rectify(44, 0, notifier=1), Notify(44, 0)):
        assert answers(busy, question, "n40") == [("n40", Alive(question))]
    assert busy.predecessor == 40


def test_a_node_that_only_notifies_is_not_busy() -> None:
    node, question = member(44, *LECTURE, asking=Notify(58, 0)), StabilizeFromSuccessor(44, 0)
    assert answers(node, question, "n35") == [("n35", State(question, 35, (58, 4)))]


def test_whoever_asks_a_busy_node_gives_up_its_round() -> None:
    network = ring(*LECTURE)
    network[58].asking = StabilizeFromSuccessor(4, 0)
    assert network.rounds(44)[44].asking is None


def test_a_node_that_is_in_no_ring_is_as_good_as_dead() -> None:
    question = StabilizeFromSuccessor(50, 0)
    assert answers(member(50, 15), question, "n44") == [("n44", NoMember(question))]
    network = ring(*LECTURE).lose(58).add(member(58, 99)).rounds(44)
    assert network[44].successors == (4, 8)


def test_an_answer_to_a_question_of_an_earlier_life_means_nothing() -> None:
    node = member(50, 15)
    node.recover(Out())
    assert node.asking == Join(15, life=1)
    node.receive(State(Join(15, life=0), 8, (20, 32)), "n15", Out())
    assert not node.joined


def test_a_node_that_leaves_is_forgotten_by_its_neighbours_at_once() -> None:
    network = ring(*LECTURE).leave(58)
    assert network[44].successors == (4,)
    assert network[4].predecessor is None
    assert network.rounds(44)[44].successors == (4, 8)
    assert network[4].predecessor == 44


def test_a_node_whose_contact_is_dead_asks_another() -> None:
    node = ChordNode("n50", 50, 2, contacts=(16, 15))
    assert ring(*LECTURE).add(node).rounds(50)[50].joined


def test_a_node_that_has_lost_all_its_successors_joins_anew() -> None:
    network = ring(*LECTURE, r=3)
    network[44].successors = (58,)
    assert not network.lose(58).rounds(44)[44].joined
    network.rounds(35, 44)
    assert (network[44].joined, network[44].successors) == (True, (4, 8, 15))


def test_a_ring_grows_from_one_node_to_four() -> None:
    network = Network().add(member(0, r=3, joined=True, successors=(0,)))
    for n in (5, 9, 3):
        network.add(member(n, 0, r=3)).rounds(*(m for m in (0, 3, 5, 9) if name(m) in network.nodes), count=3)
    everybody = (0, 3, 5, 9)
    network.rounds(*everybody, count=2)
    for n in everybody:
        assert (
            ideally(everybody, n, 3).items()
            <= {key: getattr(network[n], key) for key in ("joined", "successors", "predecessor")}.items()
        )
