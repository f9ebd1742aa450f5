"""Logs judged: what the reference could have done is accepted; what it could not is refused, and the guard named."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import define, evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.checker import Event, Faults, Network, Scenario, Verdict, World, replay
from stackproof.checker.cli import main
from stackproof.checker.oracle import Acceptance, accept
from stackproof.checker.oracle.accept import Refusal
from stackproof.checker.oracle.log_file import KEYS, LogError
from stackproof.checker.oracle.moves import moves
from stackproof.checker.registry import BUGS, build, is_registered
from stackproof.checker.trace_file import shipped_traces, traces_folder
from stackproof.checker.world import happenings
from stackproof.reference.actor import NodeId, Out
from tests.environments import REPOSITORY

LOGS = REPOSITORY / "examples" / "logs"
Log = list[dict[str, Any]]


def of_trace(name: str) -> tuple[Scenario, Log]:
    """A shipped trace as a log: its scenario, and its events without digests and choices."""
    header, *lines = [json.loads(line) for line in (traces_folder() / name).read_text("utf-8").splitlines()]
    assert is_registered(header["scenario"])
    bare = [{key: said for key, said in line.items() if key not in ("digest", "choose")} for line in lines]
    return build(header["scenario"], header["parameters"]), bare


def refused(answer: Acceptance) -> Refusal:
    assert answer.verdict is Verdict.VIOLATED
    assert answer.refusal is not None
    return answer.refusal


# Traces are logs


@pytest.mark.parametrize("name", shipped_traces())
def test_every_trace_is_accepted_as_it_is_and_without_digests_and_choices(name: str) -> None:
    scenario, log = of_trace(name)
    for answer in (accept(scenario, name), accept(scenario, log)):
        assert (answer.verdict, answer.accepted, answer.lines) == (Verdict.HELD, len(log), len(log))
        assert len(answer.trace.steps) == len(log)


@pytest.mark.parametrize("name", shipped_traces())
def test_every_trace_is_accepted_with_lines_left_out_if_events_may_be_silent(name: str) -> None:
    scenario, log = of_trace(name)
    kept = [line for number, line in enumerate(log) if number % 3 != 1]
    answer = accept(scenario, kept, silent=1)
    assert (answer.verdict, answer.accepted) == (Verdict.HELD, len(kept))
    assert len(answer.trace.steps) >= len(kept)


def test_every_run_that_is_found_replays() -> None:
    scenario, log = of_trace("two-phase-commit/everybody-commits.jsonl")
    answer = accept(scenario, log[::2], silent=1)
    assert replay(answer.trace).length == len(answer.trace.steps) - 1 == 5


def test_lines_are_needed_where_nothing_may_be_silent() -> None:
    scenario, log = of_trace("two-phase-commit/everybody-commits.jsonl")
    answer = accept(scenario, [line for number, line in enumerate(log) if number != 1])
    assert (refused(answer).line, refused(answer).guard.name) == (2, "message")


@pytest.mark.parametrize(
    ("name", "line", "guard"),
    [
        ("mesos/the-slot-comes-back-for-ever.jsonl", 21, "message"),
        ("rdd/rows-dealt-in-another-order.jsonl", 22, "message"),
    ],
)
def test_the_run_of_a_bug_is_refused_by_the_scenario_that_is_fixed(name: str, line: int, guard: str) -> None:
    scenario, log = of_trace(name)
    assert scenario.name in BUGS
    refusal = refused(accept(build(scenario.name, {**scenario.parameters, "fixed": True}), log))
    assert (refusal.line, refusal.guard.name) == (line, "message")


@pytest.mark.parametrize(
    ("decision", "verdict"), [("COMMIT", "held"), ("Decision.COMMIT", "held"), ("ABORT", "violated")]
)
def test_a_member_of_an_enum_is_told_by_its_name(decision: str, verdict: str) -> None:
    scenario, log = of_trace("two-phase-commit/everybody-commits.jsonl")
    named = [
        {**line, "message": {"Decided": {"decision": decision}}} if "Decided" in line.get("message", {}) else line
        for line in log
    ]
    assert named != log
    assert accept(scenario, named).verdict.value == verdict


# Logs of several machines


def by_machine(log: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The lines of a log, one log for each node that takes steps; what is no node's step is a log of its own."""
    logs: dict[str, list[Mapping[str, Any]]] = {}
    for line in log:
        logs.setdefault(line.get("target") or line.get("node") or "", []).append(line)
    return list(logs.values())


@pytest.mark.parametrize("name", shipped_traces())
def test_every_trace_is_accepted_as_a_log_of_each_machine(name: str) -> None:
    scenario, log = of_trace(name)
    answer = accept(scenario, *by_machine(log))
    assert (answer.verdict, answer.accepted, answer.lines) == (Verdict.HELD, len(log), len(log))


def merges(logs: list[list[Any]]) -> Iterator[list[Any]]:
    """All orders of all lines that keep the order of each log."""
    left = [log for log in logs if log]
    for place, (line, *rest) in enumerate(left):
        yield from ([line, *others] for others in merges([*left[:place], rest, *left[place + 1 :]]))
    if not left:
        yield []


def test_several_logs_are_accepted_if_some_merge_of_them_is() -> None:
    random, verdicts = Random(3), list[bool]()
    scenario = build("two-phase-commit", {"participants": 2, "crashes": 1, "drops": 1})
    for _ in range(20):
        log = list(disturbed(random, scenario))[:5]
        logs = by_machine([{key: said for key, said in line.items() if key != "digest"} for line in log])
        answer = accept(scenario, *logs)
        longest = max(plainly(scenario, merged, 0) for merged in merges(logs))
        assert (answer.accepted, answer.verdict is Verdict.HELD) == (longest, longest == answer.lines)
        verdicts.append(answer.verdict is Verdict.HELD)
    assert set(verdicts) == {True, False}


def test_of_several_logs_the_refused_line_is_told_with_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "client").write_bytes(lines(BEGIN, STORED, STORED))
    (tmp_path / "replica").write_bytes(lines({"event": "start"}, STORE))
    assert main(["judge", str(tmp_path / "client"), str(tmp_path / "replica"), "--scenario", "quorum"]) == 1
    printed = capsys.readouterr().out
    assert "4 of 5 lines fit a run, and no run fits line 3 of client:" in printed
    assert "it was delivered in line 2 of client" in " ".join(printed.split())


def test_no_log_begins_before_the_start_of_another() -> None:
    wrong_start = {"event": "start", "status": {"r0": "down"}}
    refusal = refused(accept(build("quorum"), [BEGIN], [wrong_start, STORE]))
    assert (refusal.entry.where, refusal.guard.name) == ("line 1 of log 2", "state")
    assert refusal.enabled == ()


# Refusals


def put() -> Log:
    """A put to three replicas, two of which answer."""
    _, log = of_trace("quorum/a-lost-store-does-no-harm.jsonl")
    return log


STORE = {"event": "deliver", "source": "c0", "target": "r0", "message": "Store"}
BEGIN = {"event": "fire", "node": "c0", "message": "Begin"}
STORED = {"event": "deliver", "source": "r0", "target": "c0", "message": "Stored"}
CRASH = {"event": "crash", "node": "r0"}


@define
class Counter:
    """It counts what it hears, and tells of every second."""

    id: NodeId
    heard: int = 0

    def start(self, out: Out) -> None:
        for number in range(3 if self.id == "a" else 0):
            out.send("b", number)

    def receive(self, message: int, source: NodeId, out: Out) -> None:
        self.heard += out.choose((1, 2))
        if self.heard > 1:
            out.observe(("heard", self.heard))


def counting(**faults: Any) -> Scenario:
    return Scenario(nodes=(Counter("a"), Counter("b")), network=Network.FIFO, faults=Faults(**faults))


def never(world: World, event: Event) -> bool:
    """Nobody may crash while anybody is well."""
    return False


CUT = {"event": "cut", "between": [["a"], ["b"]]}
HEAR = {"event": "deliver", "target": "b"}
QUORUM = {"crashes": 1, "drops": 1}
REFUSED: dict[str, tuple[Scenario, Log, str, str]] = {
    "never sent": (build("quorum"), [STORE], "message", "no such message is in flight: none is"),
    "another is in flight": (
        build("quorum"),
        [BEGIN, STORE, {**STORED, "message": "Answer"}],
        "message",
        "only Stored(request=1) from r0 to c0, Store(request=1, copy=Copy(Version(1, 'c0'), 1)) from c0 to r1",
    ),
    "delivered before": (build("quorum"), [BEGIN, STORE, STORE], "message", "it was delivered in line 2"),
    "lost before": (build("quorum", QUORUM), [BEGIN, {**STORE, "event": "drop"}, STORE], "message", "lost in line 2"),
    "the target is down": (build("quorum", QUORUM), [BEGIN, CRASH, STORE], "up", "r0 is down"),
    "no drop is granted": (build("quorum"), [BEGIN, {**STORE, "event": "drop"}], "budget", "it grants no drops"),
    "no drop is left": (
        build("quorum", QUORUM),
        [BEGIN, {**STORE, "event": "drop"}, {"event": "drop"}],
        "budget",
        "the budget of 1 drops is spent",
    ),
    "no message is doubled": (build("quorum"), [BEGIN, {**STORE, "event": "duplicate"}], "budget", "no duplicates"),
    "no message bounces": (build("quorum"), [BEGIN, {**STORE, "event": "bounce"}], "detection", "no failure detection"),
    "no timer": (build("quorum"), [BEGIN, BEGIN], "timer", "no such timer is armed"),
    "another timer": (
        build("quorum"),
        [{"event": "fire", "message": "End"}],
        "timer",
        "only Begin() of c0, Begin() of c1".replace("()", ""),
    ),
    "a timer of one who is down": (
        counting(crashes=1),
        [{"event": "crash", "node": "b"}, {"event": "fire", "node": "b"}],
        "up",
        "b is down, and takes no steps",
    ),
    "a crash too many": (build("quorum", QUORUM), [CRASH, {**CRASH, "node": "r1"}], "budget", "1 crashes is spent"),
    "a crash of one who is down": (
        build("quorum", {"crashes": 2}),
        [CRASH, CRASH],
        "status",
        "r0 is down: crash is for",
    ),
    "a crash of one who is spared": (build("quorum", QUORUM), [{**CRASH, "node": "c0"}], "victim", "spares c0"),
    "a crash against the rule": (
        counting(crashes=1, may=never),
        [{"event": "crash", "node": "b"}],
        "rule",
        "forbids that b should crash",
    ),
    "a restart of one who is up": (build("quorum", QUORUM), [{"event": "restart", "node": "r0"}], "status", "r0 is up"),
    "an absent node": (counting(), [{"event": "join"}], "status", "join is for a node that is absent"),
    "a link that is cut": (counting(cuts=1), [CUT, HEAR], "cut", "the link from a to b is cut"),
    "a cut that is there": (counting(cuts=2), [CUT, CUT], "cut", "it is there already"),
    "a cut that is not granted": (counting(), [CUT], "budget", "it grants no cuts"),
    "no cut is left": (counting(cuts=1), [CUT, CUT], "budget", "the budget of cuts is spent"),
    "nothing to heal": (counting(cuts=1), [{"event": "heal"}], "cut", "no such cut is there"),
    "not the first of its channel": (counting(), [{**HEAR, "message": 1}], "order", "0 from a to b was sent before it"),
    "another choice": (
        counting(),
        [{**HEAR, "choose": [2]}],
        "choice",
        "the choices [2] cannot be made here, only [0]; [1]",
    ),
    "another state": (
        build("quorum"),
        [BEGIN, {**STORE, "state": {"r0": {"copy": {"Copy": {"value": 2}}}}}],
        "state",
        "r0.copy.Copy.value is 1, the log says 2",
    ),
    "another status": (build("quorum", QUORUM), [{**CRASH, "status": {"r0": "up"}}], "state", 'r0 status is "down"'),
    "the nearest state": (
        counting(),
        [HEAR, {**HEAR, "choose": [1], "state": {"b": {"heard": 5}}}],
        "state",
        "b.heard is 3, the log says 5",
    ),
    "something else is observed": (
        counting(),
        [{**HEAR, "choose": [1], "observed": [["heard", 3]]}],
        "observed",
        "observed[1] is 2, the log says 3",
    ),
    "nothing is observed": (counting(), [{**HEAR, "choose": [0], "observed": ["Heard"]}], "observed", "observed is []"),
    "another digest": (build("quorum"), [{**BEGIN, "digest": "0"}], "digest", 'the log says "0"'),
    "another start": (
        build("quorum"),
        [{"event": "start", "state": {"r0": {"copy": {"Copy": {"value": 2}}}}}],
        "state",
        "r0.copy.Copy.value is null",
    ),
    "nothing like it": (build("quorum"), [{"node": "r0"}], "nothing", "of the nearest, its node is"),
    "nothing may happen": (
        Scenario(nodes=(Counter("b"),)),
        [{"node": "b"}],
        "nothing",
        "nothing may happen here any more",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_last_line_is_refused_and_the_guard_is_named(case: str) -> None:
    scenario, log, guard, phrase = REFUSED[case]
    answer = accept(scenario, log)
    assert (answer.accepted, refused(answer).line) == (len(log) - 1, len(log))
    assert (refused(answer).guard.name, phrase in refused(answer).guard.reason) == (guard, True), refused(answer)
    assert len(answer.trace.steps) == len(log)


def test_a_failure_detector_has_guards_of_its_own() -> None:
    knocking = evolve(counting(detection=True, crashes=2), network=Network.UNORDERED)
    bounce = {"event": "bounce", "source": "a", "target": "b", "message": 0}
    up = refused(accept(knocking, [bounce])).guard
    assert (up.name, up.reason) == ("budget", "b is up, and no false suspicion is left in the budget")
    deaf = refused(accept(knocking, [{"event": "crash", "node": "a"}, {"event": "crash", "node": "b"}, bounce])).guard
    assert (deaf.name, deaf.reason) == ("up", "a is down, and hears of nothing")


def test_what_may_happen_instead_is_told() -> None:
    refusal = refused(accept(build("quorum"), [BEGIN, {**STORE, "target": "c1"}]))
    assert {(event.name, event.target or event.node) for event in refusal.enabled} == {
        ("deliver", "r0"),
        ("deliver", "r1"),
        ("deliver", "r2"),
        ("fire", "c1"),
    }


# What a line may leave out


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"event": "deliver"},
        {"target": "r0"},
        {"message": "Store"},
        {"message": {"Store": {}}},
        {"message": {"Store": {"copy": {"Copy": {"version": {"Version": {"counter": 1}}}}}}},
        {"state": {"r0": {"copy": {"Copy": {"value": 1}}}}},
        {"status": {"r0": "up"}},
        {"observed": []},
        {"note": {"anything": ["at", "all"]}},
    ],
)
def test_what_a_line_leaves_out_may_be_anything(said: dict[str, Any]) -> None:
    assert accept(build("quorum"), [BEGIN, said, STORED]).verdict is Verdict.HELD


def test_sets_fractions_and_numbers_are_compared_as_what_they_are() -> None:
    @define
    class Held:
        id: NodeId
        many: frozenset[int] = frozenset({1, 2})
        half: float = 0.5
        one: int = 1

    class Node(Held):
        def receive(self, message: str, source: NodeId, out: Out) -> None:
            pass

    scenario = Scenario(nodes=(Node("n"),))
    for fits in ({"many": {"#set": [2, 1]}}, {"half": 0.5}, {"half": {"#float": "0x1.0000000000000p-1"}}, {"one": 1}):
        assert accept(scenario, [{"event": "start", "state": {"n": fits}}]).verdict is Verdict.HELD
    for other in ({"many": {"#set": [2, 1, 3]}}, {"half": 0.25}, {"one": True}, {"one": 1.0}, {"one": "1"}):
        assert accept(scenario, [{"event": "start", "state": {"n": other}}]).verdict is Verdict.VIOLATED


# Events that nobody logged


def test_no_more_events_are_silent_than_may_be() -> None:
    returned: Log = [{"event": "fire", "node": "c0"}, {"target": "c0", "observed": ["Returned"]}]
    verdicts = [accept(build("quorum"), returned, silent=n).verdict for n in range(5)]
    assert verdicts == [Verdict.VIOLATED] * 3 + [Verdict.HELD] * 2, "two are stored, and one is acknowledged"


def test_only_events_that_may_go_unlogged_are_silent() -> None:
    log = [{"event": "deliver", "target": "c0", "message": "Stored"}]
    scenario = build("quorum")
    assert accept(scenario, log, silent=2).verdict is Verdict.HELD
    answer = accept(scenario, log, silent=2, unlogged=lambda event: event.name == "deliver")
    assert answer.verdict is Verdict.VIOLATED


def test_where_observations_are_logged_an_observing_event_is_never_silent() -> None:
    returned = {"target": "c1", "observed": [{"Returned": {}}]}
    scenario = build("quorum")
    assert accept(scenario, [returned], silent=9).verdict is Verdict.VIOLATED
    invoked = {"event": "fire", "node": "c1", "observed": ["Invoked"]}
    assert accept(scenario, [invoked, returned], silent=9).verdict is Verdict.HELD


def test_a_message_that_the_reference_ignores_may_be_logged_and_arrives_once() -> None:
    acknowledged = [BEGIN, *({**STORE, "target": name} for name in ("r0", "r1", "r2"))]
    acknowledged += [{**STORED, "source": name} for name in ("r0", "r1", "r2")]
    assert accept(build("quorum"), acknowledged).verdict is Verdict.HELD
    again = refused(accept(build("quorum"), [*acknowledged, acknowledged[-1]])).guard
    assert again.reason == "no such message is in flight: it was delivered in line 7"


def test_where_a_budget_comes_first_the_answer_is_unknown() -> None:
    scenario, log = of_trace("chord/an-appendage-out-of-order.jsonl")
    for budget in ({"worlds": 5}, {"seconds": 0.0}):
        answer = accept(scenario, [log[0], log[-1]], silent=9, **budget)
        assert (answer.verdict, answer.refusal) == (Verdict.UNKNOWN, None)
        assert answer.why is not None


# The plain twin: the set of all worlds, line by line


def plainly(scenario: Scenario, log: Sequence[Mapping[str, Any]], silent: int) -> int:
    """How many lines some run fits; each line has an event without choices, and perhaps the digest after it."""
    worlds = {world for _, world in scenario.initial()}
    for number, line in enumerate(log):
        reached = set(worlds)
        for _ in range(silent):
            reached |= {after for world in reached for _, after in happenings(world)}
        told = {key: said for key, said in line.items() if key != "digest"}
        worlds = {
            move.world
            for world in reached
            for move in moves(world)
            if evolve(move.event, choose=()).form() == told
            and line.get("digest", move.world.digest) == move.world.digest
        }
        if not worlds:
            return number
    return len(log)


def disturbed(random: Random, scenario: Scenario) -> Iterator[dict[str, Any]]:
    """A random run as a log in which lines are left out, repeated or swapped, and some have a digest."""
    world, lines = next(scenario.initial())[1], []
    for _ in range(6):
        may_happen = list(happenings(world))
        if may_happen:
            event, world = random.choice(may_happen)
            digest = {"digest": world.digest} if random.random() < 0.3 else {}
            lines.append(evolve(event, choose=()).form() | digest)
    place = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[place])
        case 2:
            lines[place - 1 : place + 1] = lines[place - 1 : place + 1][::-1]
    yield from lines


@pytest.mark.parametrize(("silent", "logs"), [(0, 60), (1, 20)])
def test_the_search_agrees_with_the_set_of_all_worlds(silent: int, logs: int) -> None:
    random, refusals = Random(silent), 0
    scenario = build("two-phase-commit", {"participants": 2, "crashes": 1, "drops": 1})
    for _ in range(logs):
        log = list(disturbed(random, scenario))
        answer, known = accept(scenario, log, silent=silent), plainly(scenario, log, silent)
        assert (answer.accepted, answer.verdict is Verdict.HELD) == (known, known == len(log)), log
        refusals += answer.verdict is Verdict.VIOLATED
    assert refusals > logs // 6


# The command


def test_the_command_answers_with_its_exit_status(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log, trace = str(LOGS / "what-clients-saw.jsonl"), tmp_path / "run.jsonl"
    asked = ["judge", log, "--scenario", "quorum", "--silent", "6"]
    assert main([*asked, "--json"]) == 1
    form = json.loads(capsys.readouterr().out)
    assert (form["verdict"], form["accepted"], form["lines"], form["silent"]) == ("violated", 3, 4, 6)
    assert (form["refused"]["line"], form["refused"]["guard"]) == (4, "observed")
    assert main([*asked, "--w", "1", "--trace", str(trace)]) == 0
    assert "4 lines in a run of 11 events" in capsys.readouterr().out
    assert main(["replay", str(trace)]) == 0
    assert replay(trace).length == 11
    assert main([*asked, "--worlds", "3"]) == 3
    assert "Nobody knows" in capsys.readouterr().out


def test_a_bug_is_a_scenario_too_and_options_may_stand_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    trace = str(traces_folder() / "rdd/rows-dealt-in-another-order.jsonl")
    assert main(["judge", "--bug", "S1", trace]) == 0
    assert main(["judge", "--scenario=S1", trace, "--no-color"]) == 0
    assert main(["judge", trace, "--fixed", "--scenario", "S1", "--trace", "/dev/null/x"]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scenario"], "takes the name of one scenario"),
        (["--scenario", "quorum", "--scenario", "abd"], "takes the name of one scenario"),
        (["--scenario", "quorums"], "did you mean quorum?"),
        (["--scenario", "quorum", "--unlogged", "delivery"], "did you mean deliver"),
        (["--scenario", "quorum", "--participants", "3"], "No such option"),
        (["--scenario", "abd", "--servers", "0"], "servers and clients of 1 or more"),
    ],
)
def test_a_question_that_makes_no_sense_gets_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", str(LOGS / "a-replica-is-down.jsonl"), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_help_of_a_scenario_has_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "--scenario", "quorum", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "--silent" in printed
    assert "--write-back" in printed


# Files that are damaged, or that somebody made to do harm


@frozen
class Damaged:
    data: bytes
    line: int
    said: str


def lines(*forms: Any) -> bytes:
    """Objects as a file."""
    return "".join(f"{json.dumps(form)}\n" for form in forms).encode()


DAMAGED = {
    "empty": Damaged(b"", 1, "no JSON"),
    "binary": Damaged(bytes(range(255, 0, -1)) * 10, 1, "UTF-8"),
    "a pickle": Damaged(
        b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93.", 1, "UTF-8"
    ),
    "a blank line": Damaged(lines(BEGIN) + b"\n" + lines(BEGIN), 2, "no JSON"),
    "cut off": Damaged(lines(BEGIN)[:-9], 1, "cut off"),
    "a list": Damaged(lines([1]), 1, "every line of a log is a JSON object"),
    "only a header": Damaged(lines({"stackproof": 1}), 1, "nothing follows the header"),
    "a header further down": Damaged(lines(BEGIN, {"stackproof": 1}), 2, "no key 'stackproof'"),
    "nested deeply": Damaged(b'{"event": ' + b"[" * 100_000, 1, "nested"),
    "nested and closed": Damaged(lines({"message": json.loads("[" * 60 + "]" * 60)}), 1, "nested too deeply"),
    "a key twice": Damaged(b'{"event": "fire", "event": "fire"}\n', 1, "twice"),
    "NaN": Damaged(b'{"message": NaN}\n', 1, "NaN"),
    "a long number": Damaged(b'{"message": ' + b"9" * 100_000 + b"}\n", 1, "digits"),
    "a key that is misspelt": Damaged(lines({"traget": "r0"}), 1, "did you mean target"),
    "an unknown event": Damaged(lines({"event": "delivered"}), 1, "did you mean deliver"),
    "a number for an event": Damaged(lines({"event": 7}), 1, "there is no event 7"),
    "a list for an event": Damaged(lines({"event": []}), 1, "there is no event a list"),
    "an unknown node": Damaged(lines(BEGIN, {"node": "r9"}), 2, "there is no node 'r9'"),
    "a list for a node": Damaged(lines({"node": ["r0"]}), 1, "there is no node a list"),
    "escape codes for a node": Damaged(lines({"node": "\x1b[2J\x07\u202e\ud800[bold]"}), 1, "there is no node"),
    "a long node": Damaged(lines({"node": "r" * 1_000_000}), 1, "there is no node"),
    "a state of nobody": Damaged(lines({"state": {"r9": {}}}), 1, "there is no node 'r9'"),
    "a state that is a list": Damaged(lines({"state": []}), 1, '"state" is an object'),
    "a state that is a number": Damaged(lines({"state": {"r0": 7}}), 1, "the state of r0 is an object"),
    "an unknown variable": Damaged(lines({"state": {"r0": {"copies": 7}}}), 1, "did you mean copy"),
    "an unknown status": Damaged(lines({"status": {"r0": "asleep"}}), 1, "there is no status 'asleep'"),
    "a list for a status": Damaged(lines({"status": {"r0": []}}), 1, "there is no status a list"),
    "a number for a digest": Damaged(lines({"digest": 7}), 1, '"digest" is a string'),
    "a number for choices": Damaged(lines({"choose": 7}), 1, '"choose" is an array'),
    "an object for observations": Damaged(lines({"observed": {}}), 1, '"observed" is an array'),
    "a second start": Damaged(lines({"event": "start"}, {"event": "start"}), 2, "the first event, and only that"),
    "too many lines": Damaged(b"{}\n" * 100_001, 100_001, "at most 100,000 lines"),
    "too large": Damaged(b" " * ((16 << 20) + 1), 1, "at most 16 MiB"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_log_gets_one_sentence_with_file_and_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case, file = DAMAGED[name], tmp_path / "log.jsonl"
    file.write_bytes(case.data)
    assert main(["judge", str(file), "--scenario", "quorum"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isascii()
    assert len(line) < 1_000
    assert f"log.jsonl:{case.line}: " in line
    assert case.said in line


def test_what_is_no_file_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        assert main(["judge", str(path), "--scenario", "quorum"]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_log_made_in_python_is_checked_as_one_that_is_read() -> None:
    for log, said in (([], "no line"), ([{"message": {1, 2}}], "no JSON"), ([{"message": float("nan")}], "no JSON")):
        with pytest.raises(LogError, match=said):
            accept(build("quorum"), log)
    assert accept(build("quorum"), [{"event": "fire", "observed": ("Invoked",)}]).verdict is Verdict.HELD


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["r0", "c0", "copy", "Store"]), inner),
    max_leaves=5,
)


SAID = st.dictionaries(st.sampled_from(KEYS), JSON | st.sampled_from(["fire", "deliver", "c0", "r0"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(SAID, max_size=3))
def test_whatever_a_log_says_there_is_an_answer_or_one_sentence(log: list[dict[str, Any]]) -> None:
    data = "".join(f"{json.dumps(line)}\n" for line in [BEGIN, *log]).encode()
    try:
        answer = accept(build("quorum"), data, silent=1)
    except LogError:
        return
    assert answer.accepted >= 1
    json.dumps(answer.form())
