"""MapReduce: the questions asked about it."""

from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from stackproof.checker.bugs.mapreduce_commits import DirectWriter
from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import mapreduce as property_of
from stackproof.checker.network import Network
from stackproof.checker.scenario import Property, Scenario
from stackproof.reference.processing.jobs import WordCount
from stackproof.reference.processing.mapreduce.file_system import FileSystem
from stackproof.reference.processing.mapreduce.job import Count, Job, Key, Pair, Splits
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.tasks import Plan
from stackproof.reference.processing.mapreduce.worker import Worker

LINES = ("a b", "b", "a")
POISON = "?"
SAFE = (
    property_of.one_output_commit_per_task,
    property_of.an_output_file_is_whole_as_soon_as_it_is_there,
    property_of.the_output_equals_the_plain_one,
    property_of.counters_count_each_task_once,
    property_of.completed_map_output_is_available_or_rerun,
    property_of.a_completed_reduce_has_its_output,
    property_of.intermediate_files_are_partitioned_and_in_order,
    property_of.a_task_has_at_most_one_backup,
)


@frozen
class Picky(WordCount):
    """Word count as somebody wrote it who did not think of question marks."""

    def map(self, key: Key, value: str) -> Iterator[Pair | Count]:
        """As word count, but raises an exception where the line is a question mark."""
        if value == POISON:
            raise ValueError(value)
        return super().map(key, value)


def mapreduce(
    workers: int = 2,
    maps: int = 3,
    reduces: int = 2,
    crashes: int = 1,
    restarts: bool = False,
    suspicions: int = 0,
    backups: int = 1,
    master_crashes: bool = False,
    checkpoints: bool = False,
    bad_record: bool = False,
    computing: bool = False,
    atomic_commit: bool = True,
) -> Scenario:
    """MapReduce counts words: whoever crashes, the output is that of one plain run, and every task counts once.

    Workers crash for good, or come back with empty disks (`--restarts`), or are taken for dead while they live
    (`--suspicions`). With `--master-crashes` it is the master that crashes and comes back, and the job is aborted
    unless it wrote `--checkpoints`. The user's code fails on a record of the first split with `--bad-record`. With
    `--computing` tasks take a while, as they do in a simulation. With `--no-atomic-commit` the output is written to its
    file piece by piece. That the job can still end is asked where not all workers may be lost.
    """
    if min(workers, maps, reduces) < 1:
        raise ScenarioError(
            "a job needs a worker, a map task and a reduce task: workers, maps and reduces of 1 or more"
        )
    names = tuple(f"w{i}" for i in range(workers))
    lines = ((LINES[0], POISON) if bad_record else LINES[:1], *((LINES[i % len(LINES)],) for i in range(1, maps)))
    shown = (
        (True, property_of.the_job_is_done),
        (backups and workers > 1, property_of.a_backup_runs),
        (backups and workers > 1, property_of.a_second_attempt_comes_to_its_commit),
        (crashes and workers > 1 and not master_crashes, property_of.a_completed_map_runs_again),
        (crashes and master_crashes and checkpoints, property_of.the_master_is_down_with_a_checkpoint),
        (crashes and master_crashes and not checkpoints, property_of.the_job_is_aborted),
        (bad_record, property_of.a_record_is_skipped),
    )
    somebody_stays = restarts or master_crashes or crashes + suspicions < workers
    return cluster(
        Plan(maps, reduces, names, backups=backups, checkpoint_ms=1000 if checkpoints else None),
        Picky() if bad_record else WordCount(),
        lines,
        worker=Worker if atomic_commit else DirectWriter,
        work_ms=1 if computing else None,
        faults=Faults(
            crashes=crashes,
            restarts=None if restarts or master_crashes else 0,
            victims=("m",) if master_crashes else names,
            suspicions=suspicions,
            detection=True,
        ),
        goals=tuple(goal for expected, goal in shown if expected),
        always_reachable=(property_of.the_job_ends,) if somebody_stays else (),
    )


def cluster(
    plan: Plan,
    job: Job,
    lines: tuple[tuple[str, ...], ...],
    *,
    faults: Faults,
    goals: tuple[Property, ...],
    always_reachable: tuple[Property, ...] = (),
    master: Callable[..., Any] = Master,
    worker: Callable[..., Any] = Worker,
    work_ms: float | None = None,
) -> Scenario:
    """A master, its workers, their file system, and a text of so many splits; workers' words come in order."""
    storage = Splits(tuple(tuple(enumerate(split)) for split in lines))
    return Scenario(
        nodes=(
            master("m", plan),
            *(worker(name, "m", "fs", job, storage, plan.reduces, work_ms=work_ms) for name in plan.workers),
            FileSystem("fs"),
        ),
        network={(name, "m"): Network.FIFO for name in plan.workers},
        faults=faults,
        invariants=SAFE,
        goals=goals,
        always_reachable=always_reachable,
    )
