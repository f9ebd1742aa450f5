"""Published bugs of Hadoop's MapReduce, each in the smallest cluster that shows it; with `--fixed` as it was mended.

The mended variant is asked under the same bounds. A goal shows that in both what sets the bug off can happen.
"""

from collections.abc import Iterator

from attrs import evolve

from stackproof.checker.bugs.mapreduce_commits import (
    ApplicationMaster,
    Asker,
    CommitsOutsideItsWindow,
    PermitsTheDead,
    Permitter,
)
from stackproof.checker.bugs.mapreduce_containers import ContainerWorker, GetTask, KeepsThemWaiting, Launcher
from stackproof.checker.bugs.mapreduce_outputs import ForgetsWhatItNeeds, RemembersAnySuccess
from stackproof.checker.faults import Faults
from stackproof.checker.invariants import mapreduce as property_of
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.scenarios.mapreduce import LINES, cluster
from stackproof.checker.world import Event, World
from stackproof.reference.processing.jobs import WordCount
from stackproof.reference.processing.mapreduce.master import Master, Status
from stackproof.reference.processing.mapreduce.messages import Kind, Located
from stackproof.reference.processing.mapreduce.tasks import Plan, State
from stackproof.reference.processing.mapreduce.worker import Worker

WORKERS = ("w0", "w1")


def small(
    maps: int,
    backups: int,
    master: type[Master],
    worker: type[Worker],
    probe: Property,
) -> Scenario:
    """Two workers, one reduce task, and one crash that is final."""
    return cluster(
        Plan(maps, 1, WORKERS, backups=backups),
        WordCount(),
        tuple((line,) for line in LINES[:maps]),
        faults=Faults(crashes=1, restarts=0, victims=WORKERS, detection=True),
        goals=(property_of.the_job_is_done, probe),
        always_reachable=(property_of.the_job_ends,),
        master=master,
        worker=worker,
    )


def hadoop_1077(fixed: bool = False) -> Scenario:
    """HADOOP-1077: a reducer forgets a map output that it has not fetched yet, and waits for it for ever."""
    return small(2, 0, Master, Worker if fixed else ForgetsWhatItNeeds, a_reducer_is_told_of_a_map_run_again)


def a_reducer_is_told_of_a_map_run_again(world: World) -> bool:
    """On its way to a reducer is word that an output it lacks lies elsewhere than where it looked."""
    return any(
        told not in (None, known) and number in task.missing
        for envelope in world.sent(Located)
        for task in world.nodes[envelope.target].reducing
        for number, (told, known) in enumerate(zip(envelope.message.locations, task.locations, strict=False))
    )


def hadoop_2031(fixed: bool = False) -> Scenario:
    """HADOOP-2031: a map task of two successful attempts is not run again when the one that counts is lost."""
    return small(1, 1, Master if fixed else RemembersAnySuccess, Worker, the_attempt_that_counts_is_lost)


def the_attempt_that_counts_is_lost(world: World) -> bool:
    """Both attempts of the map succeeded, and the worker of the one whose output reducers are told is down."""
    holders = [entry.holder for _, entry in property_of.entries(world, Kind.MAP)]
    return any(worker.outputs and worker.id not in holders for worker in property_of.workers(world)) and any(
        holder is not None and holder not in world.up for holder in holders
    )


def mapreduce_3274(fixed: bool = False) -> Scenario:
    """MAPREDUCE-3274: a container that was stopped before it asked for its task asks for ever, and keeps its slot."""
    master = Launcher if fixed else KeepsThemWaiting
    return small(2, 0, master, ContainerWorker, a_stopped_container_asks)


def a_stopped_container_asks(world: World) -> bool:
    """On its way to the master is a question for the task of an attempt that is over, and a map waits for its slot."""
    entries = {task: entry for kind in Kind for task, entry in property_of.entries(world, kind)}
    asking = [envelope for envelope in world.sent(GetTask) if envelope.source in world.up and entries]
    waiting = any(entry.state is State.IDLE for task, entry in entries.items() if task.kind is Kind.MAP)
    return waiting and any(one.source not in entries[one.message.task].running for one in asking)


def mapreduce_5009(fixed: bool = False) -> Scenario:
    """MAPREDUCE-5009: an attempt that may commit is killed with its node, and no other attempt ever may."""
    master = Permitter if fixed else PermitsTheDead
    return small(1, 0, master, Asker, the_attempt_that_may_commit_is_lost)


def the_attempt_that_may_commit_is_lost(world: World) -> bool:
    """A worker that has the permission to commit is down."""
    master = world.nodes["m"]
    return any(worker not in world.up for _, worker in master.permitted)


def mapreduce_4832(fixed: bool = False) -> Scenario:
    """MAPREDUCE-4832: a master that its resource manager gave up commits beside its successor.

    The first master is cut off from the start. The second joins when the resource manager has given up the first: not
    before the window is over in which that may commit, and not if it has. That the clocks agree so far is the
    assumption of the repair.
    """
    kind = ApplicationMaster if fixed else CommitsOutsideItsWindow
    plan = Plan(1, 1, ("w0",), backups=0)
    one = cluster(plan, WordCount(), ((LINES[0],),), faults=Faults(), goals=(), master=kind)
    first, worker, files = one.nodes
    return evolve(
        one,
        nodes=(evolve(first, cut_off=True), worker, evolve(worker, id="w1", master="n"), files),
        absent=(kind("n", evolve(plan, workers=("w1",))),),
        faults=Faults(joins=1, may=not_before_the_window_is_over),
        invariants=(at_most_one_master_commits, property_of.the_output_equals_the_plain_one),
        goals=(property_of.the_job_is_done, both_masters_have_all_tasks_completed),
    )


def not_before_the_window_is_over(world: World, event: Event) -> bool:
    """Whether the window of the first master is over, and it has not committed."""
    first = world.nodes["m"]
    return first.status is Status.RUNNING and not first.in_window


def at_most_one_master_commits(world: World) -> Iterator[str]:
    """No two masters of one job both say that it is done."""
    done = [master.id for master in property_of.masters(world) if master.status is Status.DONE]
    if len(done) > 1:
        yield f"{' and '.join(done)} have both committed the job"


def both_masters_have_all_tasks_completed(world: World) -> bool:
    """Two masters know of an output of every task."""
    return all(entry.state is State.COMPLETED for master in property_of.masters(world) for _, entry in master.table)
