"""What MapReduce promises: whatever fails, the output is that of one plain run, and everything counts once.

Dean and Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", OSDI 2004, sections 3.3 (re-execution,
semantics in the presence of failures), 3.6 (backup tasks), 4.2 (order) and 4.8 (counters). They read the nodes of
`reference.processing.mapreduce`; the plain answer is worked out once for each job and input.
"""

from collections.abc import Iterator
from functools import lru_cache

from stackproof.checker.world import World
from stackproof.reference.processing.jobs import partitioned, plain
from stackproof.reference.processing.mapreduce.file_system import File, FileSystem, output
from stackproof.reference.processing.mapreduce.job import Counters, Job, Records
from stackproof.reference.processing.mapreduce.master import Master, Status
from stackproof.reference.processing.mapreduce.messages import Kind, Ping, Register, Rename, Task, Watch
from stackproof.reference.processing.mapreduce.tasks import Entry, State
from stackproof.reference.processing.mapreduce.worker import Worker

ATTEMPTS = 2


def masters(world: World) -> list[Master]:
    """The master, or all there are."""
    return [node for node in world.nodes.values() if isinstance(node, Master)]


def workers(world: World) -> list[Worker]:
    """All workers."""
    return [node for node in world.nodes.values() if isinstance(node, Worker)]


def outputs(world: World) -> dict[str, File]:
    """The output files that there are, by name."""
    final = {output(number) for worker in workers(world) for number in range(worker.reduces)}
    systems = (node for node in world.nodes.values() if isinstance(node, FileSystem))
    return {file.name: file for system in systems for file in system.files if file.name in final}


def entries(world: World, kind: Kind) -> list[tuple[Task, Entry]]:
    """What masters of running jobs know of the tasks of one kind."""
    running = (master for master in masters(world) if master.status is Status.RUNNING)
    return [(task, entry) for master in running for task, entry in master.table if task.kind is kind]


@lru_cache(maxsize=64)
def answer(job: Job, splits: tuple[Records, ...], reduces: int) -> tuple[tuple[Records, ...], Counters]:
    """The output files and the counters of a plain run."""
    records, counters = plain(job, splits)
    return partitioned(job, records, reduces), counters


def expected(world: World) -> tuple[tuple[Records, ...], Counters]:
    """The output files and the counters that this job must come to."""
    worker, plan = workers(world)[0], masters(world)[0].plan
    return answer(worker.job, tuple(worker.storage.read(split) for split in range(plan.maps)), plan.reduces)


def one_output_commit_per_task(world: World) -> Iterator[str]:
    """An output file is the work of one attempt of its task."""
    for name, file in outputs(world).items():
        if len(file.parts) > 1:
            yield f"{name} was written in {len(file.parts)} parts, by {', '.join(part.writer for part in file.parts)}"


def an_output_file_is_whole_as_soon_as_it_is_there(world: World) -> Iterator[str]:
    """Whoever sees an output file sees what a plain run leaves in it."""
    for number, records in enumerate(expected(world)[0]):
        file = outputs(world).get(output(number))
        if file is not None and file.records != records:
            yield f"{file.name} holds {file.records}, and a plain run leaves {records}"


def the_output_equals_the_plain_one(world: World) -> Iterator[str]:
    """When the job is done, all output files are there, and hold what a plain run leaves in them."""
    if any(master.status is Status.DONE for master in masters(world)):
        found = outputs(world)
        for number, records in enumerate(expected(world)[0]):
            file = found.get(output(number))
            if file is None or file.records != records:
                yield f"{output(number)} is {file.records if file else 'not there'}, and a plain run leaves {records}"


def counters_count_each_task_once(world: World) -> Iterator[str]:
    """When the job is done, its counters are those of a plain run."""
    for master in masters(world):
        if master.status is Status.DONE and master.counters != expected(world)[1]:
            yield f"{master.id} counted {master.counters}, and a plain run {expected(world)[1]}"


def completed_map_output_is_available_or_rerun(world: World) -> Iterator[str]:
    """The output of a completed map task can be fetched, or its master will hear that it cannot."""
    for task, entry in entries(world, Kind.MAP):
        if entry.state is State.COMPLETED and not kept(world, task, entry) and not will_be_told(world, entry):
            yield f"{task} is completed, but {entry.holder} does not have its output, and nobody will say so"


def kept(world: World, task: Task, entry: Entry) -> bool:
    """Whether the worker that completed a map task is up and has what it left."""
    holder = world.nodes.get(entry.holder or "")
    return entry.holder in world.up and isinstance(holder, Worker) and task.number in dict(holder.outputs)


def will_be_told(world: World, entry: Entry) -> bool:
    """Whether word is on its way that a worker is gone, or that it is new."""
    watched = any(envelope.target == entry.holder for envelope in world.sent(Watch, Ping))
    return (watched and entry.holder not in world.up) or any(
        envelope.source == entry.holder for envelope in world.sent(Register)
    )


def a_completed_reduce_has_its_output(world: World) -> Iterator[str]:
    """What the master takes for completed is in the file system."""
    for task, entry in entries(world, Kind.REDUCE):
        if entry.state is State.COMPLETED and output(task.number) not in outputs(world):
            yield f"{task} is completed, but there is no {output(task.number)}"


def intermediate_files_are_partitioned_and_in_order(world: World) -> Iterator[str]:
    """What a map task leaves for a reduce task are pairs of its keys, in increasing order."""
    for worker in workers(world):
        for number, runs in worker.outputs:
            for reduce, run in enumerate(runs):
                keys = [key for key, _ in run]
                if keys != sorted(keys) or any(worker.job.partition(key, len(runs)) != reduce for key in keys):
                    yield f"map {number} left {keys} at {worker.id} for reduce {reduce}"


def a_task_has_at_most_one_backup(world: World) -> Iterator[str]:
    """No more than two attempts of a task are in progress."""
    for task, entry in (*entries(world, Kind.MAP), *entries(world, Kind.REDUCE)):
        if len(entry.running) > ATTEMPTS:
            yield f"{task} runs at {', '.join(entry.running)}"


def the_job_ends(world: World) -> bool:
    """The master has said that the job is done, or aborted."""
    return all(master.status is not Status.RUNNING for master in masters(world))


def the_job_is_done(world: World) -> bool:
    """The master has said that the job is done."""
    return any(master.status is Status.DONE for master in masters(world))


def the_job_is_aborted(world: World) -> bool:
    """The master came back without a checkpoint."""
    return any(master.status is Status.ABORTED for master in masters(world))


def a_backup_runs(world: World) -> bool:
    """Some task is in progress at two workers."""
    return any(len(entry.running) > 1 for kind in Kind for _, entry in entries(world, kind))


def a_completed_map_runs_again(world: World) -> bool:
    """A reduce task has begun, so all maps were completed once, and some map is in progress."""
    begun = any(entry.state is State.IN_PROGRESS for _, entry in entries(world, Kind.REDUCE))
    return begun and any(entry.state is State.IN_PROGRESS for _, entry in entries(world, Kind.MAP))


def a_second_attempt_comes_to_its_commit(world: World) -> bool:
    """Somebody is about to rename a file, and the output is there already."""
    return any(envelope.message.to in outputs(world) for envelope in world.sent(Rename))


def a_record_is_skipped(world: World) -> bool:
    """Two attempts of a task have failed on one record."""
    return any(entry.skip for kind in Kind for _, entry in entries(world, kind))


def the_master_is_down_with_a_checkpoint(world: World) -> bool:
    """A master has crashed, and will go on from a checkpoint."""
    return any(master.checkpoint is not None and master.id not in world.up for master in masters(world))
