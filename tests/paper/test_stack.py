"""The layers put together: what a user sees of them, and what happens at the seams."""

from typing import Any

import pytest

from stackproof.checker.faults import Cut, Faults
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.simulated import Simulated
from stackproof.checker.world import Event
from stackproof.reference.lookup.chord import name
from stackproof.reference.lookup.consistent_hashing import successor
from stackproof.reference.processing.jobs import WordCount, partitioned, plain
from stackproof.reference.processing.mapreduce.tasks import Began, Completed, RunAgain
from stackproof.reference.scheduling.mesos.framework import Accepted
from stackproof.reference.stack import cluster, programs
from stackproof.reference.stack.cluster import DRIVER, MESOS, USER, Cluster, Shape, identifiers, keys
from stackproof.reference.stack.inputs import lines
from stackproof.reference.stack.tasks import Stored
from stackproof.reference.stack.user import Answer, Submitted

TEXT = "".join(f"the {word} and the {word * 2}\n" for word in "abcdefghijklmnop")
SPLITS = tuple(lines("text", TEXT, 64))
SHAPE = Shape(ring=identifiers(5)[:4], newcomers=identifiers(5)[4:], r=3)
NAMES = tuple(map(name, SHAPE.ring))
NEW = name(SHAPE.newcomers[0])
JOB = WordCount()
REDUCES = 2


def count(work_ms: float = 10_000) -> Cluster:
    """A cluster that counts the words of the text."""
    return cluster.mapreduce(SHAPE, JOB, SPLITS, REDUCES, work_ms, backups=0)


def run(made: Cluster, *schedule: tuple[float, Event]) -> Simulated:
    """The cluster's run, up to the answer."""
    scenario = Scenario(
        nodes=made.nodes, absent=made.absent, network=Network.FIFO, faults=Faults(detection=True), name="stack"
    )

    def over(run: Any) -> bool:
        user = run.places[USER].node
        return user.done is not None and not user.waiting

    ended = simulate(scenario, seed=3, until=over, until_ms=3_600_000, jitter=0.5, schedule=schedule)
    assert ended.raised is None
    return ended


def seen(ended: Simulated, kind: type) -> list[Any]:
    return [one.event for one in ended.observations if isinstance(one.event, kind)]


def answer(ended: Simulated) -> Any:
    (told,) = seen(ended, Answer)
    return told


PLAIN = partitioned(JOB, plain(JOB, map(tuple, SPLITS))[0], REDUCES)


def test_a_word_count_without_faults_is_read_from_the_block_store_as_the_plain_one() -> None:
    ended = run(count())
    assert answer(ended).files == PLAIN
    assert seen(ended, RunAgain) == []
    assert len(seen(ended, Completed)) == len(SPLITS) + REDUCES


def test_the_input_lies_where_chord_places_it() -> None:
    ended = run(count())
    ring = tuple(sorted(SHAPE.ring))
    for key, nodes in ended.nodes[USER].places:
        assert nodes[0] == name(successor(ring, key))
        assert len(nodes) == SHAPE.quorum.n
    assert {key for key, _ in ended.nodes[USER].places} == set(keys(SHAPE, SPLITS))


def test_a_task_runs_where_its_block_lies_if_there_is_room() -> None:
    ended = run(count())
    places = dict(ended.nodes[USER].places)
    held = {number: places[key] for number, key in enumerate(keys(SHAPE, SPLITS))}
    maps = [one for one in seen(ended, Began) if type(one) is Began and one.task.kind.value == "map"]
    assert sum(one.worker in held[one.task.number] for one in maps) > len(maps) * SHAPE.quorum.n / len(NAMES)


def test_executors_are_launched_on_accepted_offers_one_on_each_machine() -> None:
    ended = run(count())
    agents = [offer.agent for accepted in seen(ended, Accepted) for offer in accepted.offers]
    assert sorted(agents) == sorted(NAMES)
    workers = {one.worker for one in seen(ended, Began) if type(one) is Began}
    assert workers == set(NAMES)


@pytest.mark.parametrize("victim", NAMES)
def test_with_a_crash_its_tasks_run_again_elsewhere_and_the_answer_is_the_same(victim: str) -> None:
    ended = run(count(), (15_000.0, Event("crash", node=victim)))
    assert answer(ended).files == PLAIN
    again = seen(ended, RunAgain)
    assert again
    assert {one.why for one in again} == {f"{victim} is lost"}


def test_a_machine_that_joins_takes_its_place_in_the_ring_and_its_share_of_the_tasks() -> None:
    ended = run(count(60_000), (2_000.0, Event("join", node=NEW)))
    assert answer(ended).files == PLAIN
    assert ended.nodes[NEW].store.node.joined
    assert NEW in {one.worker for one in seen(ended, Began) if type(one) is Began}


def test_a_machine_cut_off_for_long_is_given_up_and_comes_as_a_new_agent() -> None:
    alone = NAMES[1]
    others = tuple(other for other in (*NAMES, MESOS, DRIVER) if other != alone)
    cut = Cut((alone,), others)
    ended = run(count(200_000), (15_000.0, Event("cut", cut=cut)), (190_000.0, Event("heal", cut=cut)))
    assert answer(ended).files == PLAIN
    assert ended.nodes[alone].agent.node.life == 1
    assert f"{alone} is lost" in {one.why for one in seen(ended, RunAgain)}


def test_the_job_begins_when_its_input_is_kept_whoever_crashes_meanwhile() -> None:
    ended = run(count(), (1.0, Event("crash", node=NAMES[0])))
    assert len(seen(ended, Submitted)) == 1
    assert answer(ended).files == PLAIN


def test_when_the_job_is_over_the_machines_are_given_back() -> None:
    scenario = Scenario(nodes=count().nodes, network=Network.FIFO, faults=Faults(detection=True))
    ended = simulate(scenario, seed=3, until_ms=400_000, jitter=0.5)
    assert answer(ended).files == PLAIN
    assert all(ended.nodes[machine].executors == () for machine in NAMES)
    assert ended.nodes[MESOS].books.tasks == ()


def test_a_program_of_rdds_reads_its_blocks_and_survives_a_crash() -> None:
    splits = tuple(lines("log", "".join(f"{i} {'ERROR' if i % 3 else 'INFO'} x y{i}\n" for i in range(60)), 100))
    program = programs.log_mining(cluster.stored(SHAPE, splits), "1")
    found = tuple(f"y{i}" for i in range(60) if i % 3 and "1" in str(i))
    expected = (40, len(found), found)
    for schedule in ((), ((12_000.0, Event("crash", node=NAMES[2])),)):
        ended = run(cluster.rdds(SHAPE, program, splits, 10_000), *schedule)
        assert answer(ended).answer == expected


def test_what_an_rdd_computes_from_is_what_it_read_and_not_what_it_should_have_read() -> None:
    stored = Stored((("a",), ("b",)), under=(1, 2))
    assert stored.compute(0, [[("from the store",)]]) == ("from the store",)
    assert stored.compute(0, []) == ("a",)
