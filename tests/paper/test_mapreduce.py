"""MapReduce in the order of the paper: Dean and Ghemawat, OSDI 2004."""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve, frozen

from stackproof.checker import Event, Faults, Scenario, simulate
from stackproof.checker.faults import Cut
from stackproof.checker.scenarios.mapreduce import Picky
from stackproof.reference.actor import Bounced, Out
from stackproof.reference.processing.jobs import (
    Grep,
    ReverseWebLinkGraph,
    Sort,
    UrlAccessFrequency,
    WordCount,
    cuts_of,
    partitioned,
    plain,
)
from stackproof.reference.processing.mapreduce.file_system import File, FileSystem, Part, output, temporary
from stackproof.reference.processing.mapreduce.job import (
    READ,
    WRITTEN,
    BadRecord,
    Count,
    Job,
    Key,
    Records,
    Splits,
    mapped,
    reduced,
    stable_hash,
)
from stackproof.reference.processing.mapreduce.master import Master, Status
from stackproof.reference.processing.mapreduce.messages import (
    CheckpointDue,
    Done,
    Fetch,
    Fetched,
    Kind,
    LastGasp,
    Located,
    NearTheEnd,
    Ping,
    PingDue,
    Pong,
    Register,
    Rename,
    Renamed,
    RunMap,
    RunReduce,
    Task,
    Unfetched,
    Watch,
    Work,
    Write,
    Written,
)
from stackproof.reference.processing.mapreduce.tasks import Began, Completed, Plan, RunAgain, State
from stackproof.reference.processing.mapreduce.worker import Worker

NONE = frozenset[int]()
MAP = tuple(Task(Kind.MAP, number) for number in range(4))
REDUCE = tuple(Task(Kind.REDUCE, number) for number in range(2))
THREE = ("w0", "w1", "w2")
SPLITS = Splits((((0, "a b a"),), ((1, "b c"),)))


def records(*values: Any) -> Records:
    """Records with their numbers as keys."""
    return tuple(enumerate(values))


def told(node: Any, message: Any, source: str = "m") -> Out:
    """What a node does upon one message."""
    out = Out()
    node.receive(message, source, out)
    return out


def master(maps: int = 2, reduces: int = 1, workers: tuple[str, ...] = ("w0", "w1"), **options: Any) -> Master:
    """A master that has just started."""
    node = Master("m", Plan(maps, reduces, workers, **options))
    node.start(Out())
    return node


def started(node: Master) -> list[tuple[str, Any]]:
    """What a master sends as it starts, besides Watch and Ping."""
    fresh, out = Master(node.id, node.plan), Out()
    fresh.start(out)
    return [(worker, message) for worker, message in out.sent if not isinstance(message, Watch | Ping)]


def worker(**options: Any) -> Worker:
    return Worker("w0", "m", "fs", WordCount(), SPLITS, 2, **options)


def everything(job: Job, *values: Any) -> dict[Any, Any]:
    """The plain output over one split."""
    return dict(plain(job, (records(*values),))[0])


# 2 Programming model


def test_word_count_adds_up_how_often_each_word_occurs() -> None:
    assert everything(WordCount(), "to be or", "not to be") == {"be": 2, "not": 1, "or": 1, "to": 2}


def test_grep_copies_the_lines_that_match_and_counts_the_others() -> None:
    found, counters = plain(Grep(r"b.d"), (records("bad", "good", "bed"),))
    assert found == ((0, "bad"), (2, "bed"))
    assert dict(counters) == {READ: 3, WRITTEN: 2, "records without a match": 1}


def test_url_access_frequency_counts_the_requests_of_a_log() -> None:
    log = ('1.2.3.4 - - [1/Jan] "GET /a HTTP/1.1" 200 5', '1.2.3.5 - - [1/Jan] "POST /a HTTP/1.1" 200 5', "garbage")
    found, counters = plain(UrlAccessFrequency(), (records(*log),))
    assert found == (("/a", 2),)
    assert ("lines without a request", 1) in counters


def test_the_reverse_web_link_graph_names_the_pages_that_link_to_each_page() -> None:
    pages = (("p", "<a href=\"q\">q</a> <a HREF='r#top'>r</a>"), ("q", '<a href="r">r</a><a href="r">again</a>'))
    assert plain(ReverseWebLinkGraph(), (pages,))[0] == (("q", ("p",)), ("r", ("p", "q")))


def test_sort_writes_files_that_are_in_order_one_after_the_other() -> None:
    table = tuple((f"{(i * 7919) % 1000:010}".encode(), b"." * 90) for i in range(200))
    job = Sort(cuts_of([key for key, _ in table[:50]], 4))
    files = partitioned(job, plain(job, (table,))[0], 4)
    assert [pair for file in files for pair in file] == sorted(table)
    assert all(len(file) > 20 for file in files)


JOBS = [
    (WordCount(), records("a b a", "c", "b b")),
    (Grep("b"), records("ab", "c", "b")),
    (UrlAccessFrequency(), records('"GET /x', '"GET /y', "z", '"GET /x')),
    (ReverseWebLinkGraph(), (("p", "href='q' href='r' href='q'"), ("q", "href='r'"), ("s", "href='r'"))),
    (Sort(("m",)), (("x", 1), ("a", 2), ("x", 0), ("m", 3))),
]


@pytest.mark.parametrize(("job", "table"), JOBS)
def test_map_and_reduce_tasks_come_to_the_plain_answer(job: Job, table: Records) -> None:
    maps = [mapped(job, split, 2, NONE) for split in (table[:2], table[2:])]
    reduces = [reduced(job, [runs[reduce] for runs, _ in maps], NONE) for reduce in range(2)]
    expected, _ = plain(job, (table[:2], table[2:]))
    assert tuple(result for result, _ in reduces) == partitioned(job, expected, 2)


# 3.1 Execution overview


def test_the_master_gives_map_tasks_to_idle_workers() -> None:
    assert started(master(maps=3)) == [("w0", RunMap(0)), ("w1", RunMap(1))]


def test_a_worker_that_is_done_gets_the_next_map_task() -> None:
    assert told(master(maps=3), Done(MAP[1], ()), "w1").sent == [("w1", RunMap(2))]


def test_reduce_tasks_begin_when_all_map_tasks_are_completed_and_are_told_where_the_outputs_lie() -> None:
    node = master()
    assert told(node, Done(MAP[1], ()), "w1").sent == []
    assert told(node, Done(MAP[0], ()), "w0").sent == [("w0", RunReduce(0, ("w0", "w1")))]


def test_a_worker_keeps_what_a_map_task_leaves_partitioned_and_in_order() -> None:
    node = worker()
    assert told(node, RunMap(0)).sent == [("m", Done(MAP[0], ((READ, 1),)))]
    ((number, runs),) = node.outputs
    assert (number, sorted(pair for run in runs for pair in run)) == (0, [("a", 2), ("b", 1)])
    assert all(stable_hash(key) % 2 == reduce for reduce, run in enumerate(runs) for key, _ in run)


def test_a_reducer_takes_what_is_here_and_asks_for_what_is_elsewhere() -> None:
    node = worker()
    told(node, RunMap(0))
    assert told(node, RunReduce(0, ("w0", "w1"))).sent == [("w1", Fetch(0, (1,)))]


def test_a_worker_answers_with_the_runs_for_one_reduce_task() -> None:
    node = worker()
    told(node, RunMap(0))
    run = dict(node.outputs)[0][1]
    assert told(node, Fetch(1, (0, 1)), "w1").sent == [("w1", Fetched(1, (0, 1), ((0, run),)))]


def test_a_reducer_that_has_everything_reduces_it_and_writes_a_file_of_its_own() -> None:
    node = worker()
    told(node, RunReduce(0, ("w1", "w2")))
    assert told(node, Fetched(0, (1,), ((1, (("a", 3),)),)), "w2").sent == []
    out = told(node, Fetched(0, (0,), ((0, (("a", 2), ("b", 1))),)), "w1")
    assert out.sent == [("fs", Write(temporary(0, "w0"), (("a", 5), ("b", 1))))]


def test_the_job_is_done_when_all_reduce_tasks_are_completed() -> None:
    node = master()
    for number, source in ((0, "w0"), (1, "w1")):
        told(node, Done(MAP[number], ((READ, 1),)), source)
    assert node.status is Status.RUNNING
    told(node, Done(REDUCE[0], ((WRITTEN, 5),)), "w0")
    assert (node.status, node.counters) == (Status.DONE, ((READ, 2), (WRITTEN, 5)))


# 3.2 Master data structures


def test_a_task_is_idle_in_progress_or_completed() -> None:
    node = master(maps=3)
    told(node, Done(MAP[0], ()), "w0")
    assert node.of(Kind.MAP, State.COMPLETED) == (MAP[0],)
    assert node.of(Kind.MAP, State.IN_PROGRESS) == (MAP[1], MAP[2])
    assert node.of(Kind.REDUCE, State.IDLE) == (REDUCE[0],)


# 3.3 Fault tolerance


def through_the_maps(**options: Any) -> Master:
    """A master of three workers, two maps and one reduce, when the reduce task is in progress at w0."""
    node = master(workers=THREE, **options)
    told(node, Done(MAP[0], ((READ, 1),)), "w0")
    told(node, Done(MAP[1], ((READ, 1),)), "w1")
    return node


def test_the_map_tasks_that_a_lost_worker_completed_run_again_and_the_reducers_are_told() -> None:
    node = through_the_maps()
    out = told(node, Bounced(Watch()), "w1")
    assert out.sent == [("w0", RunMap(1))]
    assert out.observed == [RunAgain(MAP[1], "w1 is lost"), Began(MAP[1], "w0")]
    assert told(node, Done(MAP[1], ()), "w0").sent == [("w0", Located(("w0", "w0")))]


def test_a_running_reduce_task_of_a_lost_worker_runs_again_once_its_input_is_there() -> None:
    node = through_the_maps()
    assert told(node, Bounced(Watch()), "w0").sent == [("w1", RunMap(0))]
    assert told(node, Done(MAP[0], ()), "w1").sent == [("w1", RunReduce(0, ("w1", "w1")))]


def test_a_running_map_task_of_a_lost_worker_runs_again() -> None:
    node = master(maps=2)
    told(node, Bounced(Watch()), "w1")
    assert told(node, Done(MAP[0], ()), "w0").sent == [("w0", RunMap(1))]


def test_a_completed_reduce_task_of_a_lost_worker_does_not_run_again() -> None:
    node = master(maps=1, reduces=2)
    told(node, Done(MAP[0], ()), "w0")
    told(node, Done(REDUCE[1], ()), "w1")
    told(node, Bounced(Watch()), "w1")
    assert node.entry(REDUCE[1]).state is State.COMPLETED


def test_a_lost_worker_is_not_listened_to() -> None:
    node = master()
    told(node, Bounced(Watch()), "w1")
    told(node, Done(MAP[1], ()), "w1")
    assert node.entry(MAP[1]).state is State.IDLE


def test_a_worker_that_comes_back_registers_and_has_nothing() -> None:
    node, out = through_the_maps(), Out()
    evolve(worker()).recover(out)
    assert out.sent == [("m", Register())]
    assert told(node, Register(), "w1").sent == [("w1", Watch()), ("w0", RunMap(1))]


def test_a_registration_that_meets_no_master_is_made_again() -> None:
    assert told(worker(), Bounced(Register())).sent == [("m", Register())]


def test_the_master_pings_and_loses_who_does_not_answer() -> None:
    node = master(ping_ms=1000)
    told(node, PingDue())
    told(node, Pong(), "w0")
    out = told(node, PingDue())
    assert (node.workers, node.lost) == (frozenset({"w0"}), frozenset({"w1"}))
    assert [target for target, message in out.sent if message == Ping()] == ["w0", "w1"]


def test_a_worker_that_answers_after_all_is_counted_on_again() -> None:
    node = master(ping_ms=1000)
    told(node, PingDue())
    told(node, PingDue())
    assert told(node, Pong(), "w1").sent == [("w1", RunMap(0))]


def test_a_worker_answers_a_ping() -> None:
    assert told(worker(), Ping()).sent == [("m", Pong())]


def test_a_reducer_that_cannot_reach_a_worker_says_so() -> None:
    node = worker()
    told(node, RunReduce(0, ("w1", "w2")))
    assert told(node, Bounced(Fetch(0, (1,))), "w2").sent == [("m", Unfetched("w2", (1,)))]


def test_a_reducer_whose_input_is_not_where_it_should_be_says_so() -> None:
    node = worker()
    told(node, RunReduce(0, ("w1", "w1")))
    assert told(node, Fetched(0, (0, 1), ((0, ()),)), "w1").sent == [("m", Unfetched("w1", (1,)))]


def test_a_map_whose_output_cannot_be_fetched_runs_again() -> None:
    out = told(through_the_maps(), Unfetched("w1", (1,)), "w0")
    assert out.sent == [("w0", RunMap(1))]
    assert out.observed[0] == RunAgain(MAP[1], "its output could not be fetched from w1")


def test_a_reducer_that_asked_at_the_old_place_is_told_the_new_one() -> None:
    assert told(through_the_maps(), Unfetched("w9", (1,)), "w0").sent == [("w0", Located(("w0", "w1")))]


def test_a_reducer_asks_again_where_an_output_lies_now() -> None:
    node = worker()
    told(node, RunReduce(0, ("w1", "w2")))
    told(node, Bounced(Fetch(0, (1,))), "w2")
    assert told(node, Located(("w1", "w1"))).sent == [("w1", Fetch(0, (1,)))]


def test_an_output_is_written_renamed_and_reported() -> None:
    node = worker()
    told(node, RunReduce(0, ("w1", "w1")))
    told(node, Fetched(0, (0, 1), ((0, ()), (1, (("a", 1),)))), "w1")
    assert told(node, Written(temporary(0, "w0")), "fs").sent == [("fs", Rename(temporary(0, "w0"), output(0)))]
    assert told(node, Renamed(output(0)), "fs").sent == [("m", Done(REDUCE[0], ((WRITTEN, 1),)))]
    assert node.reducing == ()


def test_of_two_attempts_the_first_to_rename_leaves_its_output() -> None:
    files = FileSystem("fs")
    for name in ("w0", "w1"):
        told(files, Write(temporary(0, name), (("a", name),)), name)
    for name in ("w1", "w0"):
        assert told(files, Rename(temporary(0, name), output(0)), name).sent == [(name, Renamed(output(0)))]
    assert files.files == (File(output(0), (Part("w1", (("a", "w1"),)),)),)


def test_without_a_checkpoint_the_job_is_aborted_when_the_master_comes_back() -> None:
    node, out = master(), Out()
    node.recover(out)
    assert (node.status, out.sent) == (Status.ABORTED, [])


def test_with_a_checkpoint_the_master_goes_on_from_there() -> None:
    node = master(maps=3, checkpoint_ms=1000)
    told(node, Done(MAP[1], ()), "w1")
    assert [message for message, _ in told(node, CheckpointDue()).timers] == [CheckpointDue()]
    told(node, Done(MAP[0], ()), "w0")
    back, out = Master("m", node.plan, checkpoint=node.checkpoint), Out()
    back.recover(out)
    assert out.sent == [("w0", Watch()), ("w1", Watch()), ("w0", RunMap(0)), ("w1", RunMap(2))]


def test_a_job_that_was_done_before_the_master_crashed_stays_so() -> None:
    node = Master("m", Plan(1, 1, THREE), status=Status.DONE)
    node.recover(Out())
    assert node.status is Status.DONE


# 3.4 Locality


def test_a_map_task_goes_to_a_machine_that_holds_its_split() -> None:
    node = master(replicas=(("w1",), ("w0",)))
    assert started(node) == [("w1", RunMap(0)), ("w0", RunMap(1))]


def test_failing_that_to_one_in_the_same_rack_and_failing_that_anywhere() -> None:
    racks = (("w0", "east"), ("w1", "west"), ("w2", "west"), ("x", "west"), ("y", "north"))
    plan = Plan(2, 1, THREE, replicas=(("y",), ("x", "w2")), racks=racks)
    assert [plan.distance(name, 1) for name in ("w2", "w1", "w0")] == [0, 1, 2]
    assert started(Master("m", plan)) == [("w2", RunMap(1)), ("w0", RunMap(0))]
    without = evolve(plan, workers=("w0", "w1"))
    assert started(Master("m", without)) == [("w1", RunMap(1)), ("w0", RunMap(0))]


# 3.6 Backup tasks


def test_near_the_end_of_a_phase_the_master_begins_backups_of_what_is_still_in_progress() -> None:
    node = master()
    out = told(node, Done(MAP[0], ()), "w0")
    assert [message for message, _ in out.timers] == [NearTheEnd()]
    assert told(node, NearTheEnd()).sent == [("w0", RunMap(1))]


def test_a_task_is_completed_by_whichever_attempt_finishes_first() -> None:
    node = master()
    told(node, Done(MAP[0], ()), "w0")
    told(node, NearTheEnd())
    assert told(node, Done(MAP[1], ()), "w0").observed[0] == Completed(MAP[1], "w0")
    assert told(node, Done(MAP[1], ()), "w1").observed == []
    assert node.locations == ("w0", "w0")


def test_while_tasks_are_idle_there_are_no_backups() -> None:
    out = told(master(maps=4), Done(MAP[0], ()), "w0")
    assert out.timers == []


def test_the_number_of_backups_can_be_limited() -> None:
    node = master(backups=0)
    assert told(node, Done(MAP[0], ()), "w0").timers == []


# 4.1 Partitioning function, 4.2 Ordering guarantees, 4.3 Combiner function


def test_the_hash_of_a_key_is_the_same_in_every_process() -> None:
    assert [stable_hash(key) for key in ("a", 7, ("x", 1))] == [464_479_994, 1_790_921_346, 2_273_121_432]


def test_a_job_may_have_a_partitioning_function_of_its_own() -> None:
    runs, _ = mapped(Sort(("h", "p")), (("z", 1), ("a", 2), ("k", 3)), 3, NONE)
    assert runs == ((("a", 2),), (("k", 3),), (("z", 1),))


def test_within_a_partition_keys_are_in_increasing_order() -> None:
    ((run,), _) = mapped(WordCount(), records("c a b a"), 1, NONE)
    assert run == (("a", 2), ("b", 1), ("c", 1))


def test_values_come_in_the_order_of_the_maps_whichever_answered_first() -> None:
    node = evolve(worker(), job=Job())
    told(node, RunReduce(0, ("w1", "w2")))
    told(node, Fetched(0, (1,), ((1, (("k", "second"),)),)), "w2")
    (_, write) = told(node, Fetched(0, (0,), ((0, (("k", "first"),)),)), "w1").sent[0]
    assert write.records == (("k", "first"), ("k", "second"))


@frozen
class Uncombined(WordCount):
    """Word count without a combiner."""

    def combine(self, key: Key, values: tuple[int, ...]) -> tuple[int, ...]:
        return values


def test_a_combiner_makes_less_to_fetch_and_the_same_output() -> None:
    table = records("a a a b")
    with_it, without = (mapped(job, table, 1, NONE)[0][0] for job in (WordCount(), Uncombined()))
    assert (len(with_it), len(without)) == (2, 4)
    assert reduced(WordCount(), [with_it], NONE) == reduced(WordCount(), [without], NONE)


# 4.6 Skipping bad records


def test_a_worker_that_dies_of_a_record_says_which() -> None:
    node = evolve(worker(), job=Picky(), storage=Splits((records("a", "?"),)))
    assert told(node, RunMap(0)).sent == [("m", LastGasp(MAP[0], 1))]


def test_after_two_failures_on_one_record_it_is_skipped() -> None:
    node = master(maps=1, workers=("w0",))
    assert told(node, LastGasp(MAP[0], 1), "w0").sent == [("w0", RunMap(0))]
    assert told(node, LastGasp(MAP[0], 1), "w0").sent == [("w0", RunMap(0, frozenset({1})))]


def test_failures_on_different_records_are_no_reason_to_skip_one() -> None:
    node = master(maps=1, workers=("w0",))
    for record in (0, 1):
        assert told(node, LastGasp(MAP[0], record), "w0").sent == [("w0", RunMap(0))]


def test_a_task_without_its_bad_record_has_the_others() -> None:
    with pytest.raises(BadRecord):
        mapped(Picky(), records("a", "?", "b"), 1, NONE)
    (run,), counters = mapped(Picky(), records("a", "?", "b"), 1, frozenset({1}))
    assert (run, counters) == ((("a", 1), ("b", 1)), ((READ, 2),))


@frozen
class FailsOn(Job):
    """A job whose reduce function fails on one key, and counts the others."""

    key: str

    def reduce(self, key: Key, values: tuple[Any, ...]) -> Iterator[Any]:
        if key == self.key:
            raise KeyError(key)
        yield Count("fine")
        yield from values


def test_a_reduce_task_skips_a_key_that_its_function_fails_on() -> None:
    runs = [(("a", 1), ("b", 2), ("c", 3))]
    with pytest.raises(BadRecord) as failed:
        reduced(FailsOn("b"), runs, NONE)
    assert failed.value.record == 1
    result, counters = reduced(FailsOn("b"), runs, frozenset({1}))
    assert (result, dict(counters)) == ((("a", 1), ("c", 3)), {"fine": 2, WRITTEN: 2})
    assert plain(FailsOn("b"), runs) == (result, tuple(sorted({READ: 3, **dict(counters)}.items())))


# 4.8 Counters


def test_a_counter_counts_an_attempt_once_though_its_task_ran_twice() -> None:
    node = through_the_maps()
    told(node, Bounced(Watch()), "w1")
    told(node, Done(MAP[1], ((READ, 1),)), "w0")
    told(node, Done(REDUCE[0], ()), "w0")
    assert (node.status, node.counters) == (Status.DONE, ((READ, 2),))


def test_the_counters_of_a_lost_map_stay_if_the_reducers_had_all_they_needed_of_it() -> None:
    node = through_the_maps()
    told(node, Bounced(Watch()), "w1")
    told(node, Done(REDUCE[0], ()), "w0")
    assert (node.status, node.counters) == (Status.DONE, ((READ, 2),))


# Over virtual time


LINES = tuple(f"word{i % 7} word{i % 11} word{i * i % 13}" for i in range(120))
TABLES = tuple(tuple(enumerate(LINES[i : i + 10], i)) for i in range(0, 120, 10))
AT_TIMES = (
    (900.0, Event("crash", node="w1")),
    (1_400.0, Event("cut", cut=Cut(("w2",), ("m", "w3")))),
    (1_900.0, Event("join", node="w5")),
    (2_600.0, Event("crash", node="w4")),
    (4_500.0, Event("restart", node="w1")),
    (9_000.0, Event("heal", cut=Cut(("w2",), ("m", "w3")))),
)


def timed(seed: int) -> Any:
    """A run with two crashes, a cut and a join; tasks take half a second, more or less."""
    names = tuple(f"w{i}" for i in range(5))
    plan = Plan(len(TABLES), 4, names, ping_ms=400, backup_ms=2_000)

    def made(name: str, *, newcomer: bool) -> Worker:
        return Worker(name, "m", "fs", WordCount(), Splits(TABLES), 4, work_ms=500, newcomer=newcomer)

    scenario = Scenario(
        nodes=(Master("m", plan), *(made(name, newcomer=False) for name in names), FileSystem("fs")),
        absent=(made("w5", newcomer=True),),
        faults=Faults(detection=True),
    )
    return simulate(scenario, seed=seed, jitter=0.3, schedule=AT_TIMES, until_ms=60_000)


@pytest.mark.parametrize("seed", range(5))
def test_over_virtual_time_a_job_under_crashes_a_cut_and_a_join_comes_to_the_plain_answer(seed: int) -> None:
    run = timed(seed)
    expected, counters = plain(WordCount(), TABLES)
    files = {file.name: file.records for file in run.nodes["fs"].files}
    assert run.nodes["m"].status is Status.DONE
    assert tuple(files[output(reduce)] for reduce in range(4)) == partitioned(WordCount(), expected, 4)
    assert run.nodes["m"].counters == counters
    assert any(isinstance(seen.event, RunAgain) for seen in run.observations)


def test_work_takes_as_long_as_it_is_said_to() -> None:
    assert told(worker(work_ms=500), RunMap(0)).timers == [(Work(MAP[0], NONE), 500)]
