"""MapReduce as a tired engineer might write it: every property catches the mistake it is there for."""

from typing import Any

import attrs
from attrs import define, evolve

from stackproof.checker import Scenario, explore
from stackproof.checker.bugs.mapreduce_commits import DirectWriter
from stackproof.checker.scenarios.mapreduce import mapreduce
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.mapreduce.file_system import File as StoredFile
from stackproof.reference.processing.mapreduce.file_system import FileSystem
from stackproof.reference.processing.mapreduce.job import Counters, Records, total
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.messages import Done, Kind, Task, Work
from stackproof.reference.processing.mapreduce.tasks import Entry, State
from stackproof.reference.processing.mapreduce.worker import Reducing, Worker

SMALL = {"maps": 2, "reduces": 1, "backups": 0}


def mutated(scenario: Scenario, *mutants: type) -> Scenario:
    """The scenario with mutants in the place of the nodes whose classes they extend."""

    def made(node: Any) -> Any:
        for mutant in mutants:
            if type(node) in mutant.__mro__:
                return mutant(**{one.name: getattr(node, one.name) for one in attrs.fields(type(node))})
        return node

    return evolve(scenario, nodes=tuple(map(made, scenario.nodes)))


def violated(*mutants: type, **parameters: Any) -> set[str]:
    """The properties that a cluster with these mutants violates."""
    return {one.property for one in explore(mutated(mapreduce(**parameters), *mutants), worlds=500_000).violated}


@define
class Overwriting(FileSystem):
    """Puts whatever is renamed beside what is there of that name."""

    def rename(self, name: str, to: str) -> None:
        both = (*self.parts(to), *self.parts(name))
        self.files = tuple(file for file in self.files if file.name != name)
        self.put(StoredFile(to, both))


@define
class Hasty(Worker):
    """Reduces what it has, if something cannot be had."""

    def take(self, task: Reducing, maps: tuple[int, ...], holder: NodeId, out: Out) -> None:
        had = tuple(number for number in range(len(task.locations)) if number not in task.missing)
        lost = tuple(number for number in maps if number not in had)
        Worker.take(self, task.found(tuple((number, ()) for number in lost)), maps, holder, out)


@define
class Premature(Master):
    """Takes the job for done when all map tasks are completed."""

    @property
    def is_done(self) -> bool:
        return all(entry.state is State.COMPLETED for task, entry in self.table if task.kind is Kind.MAP)


@define
class CountsAttempts(Master):
    """Adds up the counters of every attempt that succeeds."""

    def complete(self, task: Task, worker: NodeId, counters: Counters, out: Out) -> None:
        before = self.entry(task).counters or ()
        Master.complete(self, task, worker, counters, out)
        self.enter(task, evolve(self.entry(task), counters=total((before, counters))))


@define
class CountsTheLiving(Master):
    """Forgets the counters of a map task with its output."""

    def without(self, worker: NodeId, task: Task, entry: Entry) -> Entry:
        left = Master.without(self, worker, task, entry)
        return evolve(left, counters=()) if left.state is not State.COMPLETED and entry.counters else left


@define
class TrustsDisks(Master):
    """Runs only those tasks again that a lost worker had in progress."""

    def without(self, worker: NodeId, task: Task, entry: Entry) -> Entry:
        return entry.without_runner(worker)


@define
class TrustsWorkers(Master):
    """Waits for what a lost worker had in progress."""

    def without(self, worker: NodeId, task: Task, entry: Entry) -> Entry:
        return evolve(Master.without(self, worker, task, entry), running=entry.running)


@define
class Boastful(Worker):
    """Says that a reduce task is completed before its output is in its place."""

    def write(self, reduce: int, records: Records, out: Out) -> None:
        Worker.write(self, reduce, records, out)
        for task in self.reducing:
            if task.number == reduce and task.counters is not None:
                out.send(self.master, Done(task.task, task.counters))


@define
class Unsorted(Worker):
    """Leaves the pairs for a reduce task in whatever order."""

    def run_map(self, work: Work, out: Out) -> None:
        Worker.run_map(self, work, out)
        self.outputs = tuple((number, tuple(run[::-1] for run in runs)) for number, runs in self.outputs)


@define
class Scattering(Worker):
    """Is wrong by one in which reduce task a key belongs to."""

    def run_map(self, work: Work, out: Out) -> None:
        Worker.run_map(self, work, out)
        self.outputs = tuple((number, (*runs[1:], runs[0])) for number, runs in self.outputs)


@define
class Impatient(Master):
    """Begins backups of tasks that have one."""

    def is_alone(self, task: Task) -> bool:
        return bool(self.fits((task,)))


@define
class Patient(Master):
    """Begins no backups."""

    def look_to_the_end(self, out: Out) -> None:
        """Wait."""


@define
class Stubborn(Master):
    """Hands out a bad record again and again."""

    def note_failure(self, task: Task, worker: NodeId, record: int, out: Out) -> None:
        self.enter(task, self.entry(task).without_runner(worker))


@define
class Undaunted(Master):
    """Comes back after a crash without a checkpoint and begins anew, as if it still knew whom it had asked for what."""

    def recover(self, out: Out) -> None:
        if self.checkpoint is None:
            self.checkpoint = self.table
        Master.recover(self, out)


def test_the_protocol_itself_keeps_its_word() -> None:
    assert violated() == set()


def test_without_commit_two_attempts_leave_two_outputs() -> None:
    assert "one_output_commit_per_task" in violated(DirectWriter, backups=0)


def test_one_output_commit_per_task_catches_a_file_system_that_lets_the_second_rename_add_to_the_first() -> None:
    assert "one_output_commit_per_task" in violated(Overwriting, crashes=0)


def test_without_commit_half_an_output_can_be_seen() -> None:
    assert violated(DirectWriter, **SMALL, crashes=0) == {"an_output_file_is_whole_as_soon_as_it_is_there"}


def test_a_whole_output_is_not_left_by_a_reducer_that_does_not_wait_for_all_its_input() -> None:
    assert violated(Hasty, **SMALL) == {"an_output_file_is_whole_as_soon_as_it_is_there"}


def test_the_plain_output_is_not_there_when_the_job_is_done_with_its_maps() -> None:
    assert "the_output_equals_the_plain_one" in violated(Premature, **SMALL, crashes=0)


def test_counters_catch_a_master_that_counts_attempts() -> None:
    assert violated(CountsAttempts, crashes=0) == {"counters_count_each_task_once"}


def test_counters_catch_a_master_that_forgets_those_of_a_map_task_that_no_reducer_needed_again() -> None:
    assert violated(CountsTheLiving, **SMALL) == {"counters_count_each_task_once"}


def test_a_completed_map_is_not_available_after_its_worker_is_lost() -> None:
    assert violated(TrustsDisks, **SMALL) == {"completed_map_output_is_available_or_rerun"}


def test_a_job_whose_master_waits_for_a_lost_worker_does_not_end() -> None:
    assert violated(TrustsWorkers, **SMALL) == {"the_job_ends"}


def test_a_job_whose_master_skips_no_record_does_not_end() -> None:
    assert violated(Stubborn, **SMALL, crashes=0, bad_record=True) == {"the_job_ends"}


def test_a_completed_reduce_has_no_output_yet_if_its_worker_says_so_too_early() -> None:
    assert violated(Boastful, crashes=0, backups=0) == {"a_completed_reduce_has_its_output"}


def test_intermediate_files_catch_a_worker_that_does_not_sort() -> None:
    assert violated(Unsorted, **SMALL, crashes=0) == {"intermediate_files_are_partitioned_and_in_order"}


def test_intermediate_files_catch_a_worker_that_is_wrong_about_partitions() -> None:
    assert violated(Scattering, crashes=0) == {"intermediate_files_are_partitioned_and_in_order"}


def test_a_task_does_not_have_two_backups() -> None:
    assert violated(Impatient, workers=3, maps=1, reduces=1, crashes=0, backups=2) == {"a_task_has_at_most_one_backup"}


def test_a_goal_catches_a_master_that_begins_no_backups() -> None:
    assert "a_backup_runs" in violated(Patient, maps=2, reduces=1, crashes=0)


def test_a_goal_catches_a_master_that_skips_no_record() -> None:
    scenario = evolve(mapreduce(maps=2, reduces=1, crashes=0, backups=0, bad_record=True), always_reachable=())
    unreached = {one.property for one in explore(mutated(scenario, Stubborn)).violated}
    assert unreached == {"a_record_is_skipped", "the_job_is_done"}


def test_a_goal_catches_a_master_that_does_not_abort() -> None:
    assert "the_job_is_aborted" in violated(Undaunted, **SMALL, master_crashes=True)
