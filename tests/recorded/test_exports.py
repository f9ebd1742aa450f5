"""`replay --to`: each format is read back by rules written here from its description, and says what the run did."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import attrs
import pytest

from stackproof.checker.cli import main
from stackproof.checker.faults import Faults
from stackproof.checker.history import History, Operation
from stackproof.checker.host import Status
from stackproof.checker.judge.calls import calls_of
from stackproof.checker.judge.files import events_of
from stackproof.checker.judge.models import MODELS
from stackproof.checker.judge.verdict import judge
from stackproof.checker.network import Network
from stackproof.checker.registry import build
from stackproof.checker.render.exports import FORMATS, itf, shiviz, steps
from stackproof.checker.render.exports.edn import written
from stackproof.checker.render.flights import Flight, actor, flights
from stackproof.checker.replay import Replayed, replay
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import Step, Trace
from stackproof.checker.trace_file import shipped_traces
from stackproof.checker.values import digest
from stackproof.checker.world import World, happenings
from tests.environments import REPOSITORY
from tests.recorded.test_traces import Ping, Player, anything_may_happen

LONGEST = "stack/the-user-has-the-answer.jsonl"
LASSO = "mesos/the-slot-comes-back-for-ever.jsonl"
STALE = "quorum/a-get-misses-a-completed-put.jsonl"


@lru_cache
def replayed(name: str) -> Replayed:
    """A shipped trace, run again."""
    return replay(name)


def walk(scenario: Scenario, seed: int, length: int) -> Replayed:
    """A run to nowhere in particular; events of a kind that it has not seen come first."""
    draw, names = random.Random(seed), set[str]()
    taken = [Step(*draw.choice(list(scenario.initial())))]
    while len(taken) < length and (ahead := list(happenings(taken[-1].world))):
        rare = [step for step in ahead if step[0].name not in names]
        taken.append(Step(*draw.choice(rare or ahead)))
        names.add(taken[-1].event.name)
    return Replayed(Trace("walk", {}, {"verdict": "held"}, {}, tuple(taken)), Verdict.HELD)


def repeating() -> Scenario:
    """What may happen where every message may arrive again and again."""
    scenario = anything_may_happen()
    return attrs.evolve(scenario, network=Network.REPEATING)


def queues() -> Scenario:
    """What may happen where links are queues."""
    return attrs.evolve(anything_may_happen(), network=Network.FIFO)


WALKS: dict[str, Callable[[], Scenario]] = {
    "unordered": anything_may_happen,
    "fifo": queues,
    "repeating": repeating,
    "quorum": lambda: build("quorum", {"w": 1, "clients": 3, "crashes": 1, "drops": 1}),
}


def walks(kind: str, count: int = 12, length: int = 25) -> Iterator[Replayed]:
    """Some runs of a scenario."""
    return (walk(WALKS[kind](), seed, length) for seed in range(count))


@pytest.mark.parametrize("kind", WALKS)
def test_after_each_step_the_flights_are_the_messages_in_flight(kind: str) -> None:
    for run in walks(kind):
        flown = flights(run.trace.steps)
        for number, step in enumerate(run.trace.steps):
            aloft = Counter(one.envelope for one in flown if one.aloft(number))
            assert aloft == Counter(step.world.in_flight)


@pytest.mark.parametrize("kind", WALKS)
def test_each_arrival_loss_and_return_ends_one_flight(kind: str) -> None:
    for run in walks(kind):
        ended = Counter((one.ended, one.how) for one in flights(run.trace.steps) if one.how)
        named = ((number, step.event.name) for number, step in enumerate(run.trace.steps))
        assert ended == Counter(one for one in named if one[1] in ("deliver", "drop", "bounce"))


def value_of(expression: Any) -> Any:
    """What an expression of ITF stands for; a variant is (tag, fields)."""
    match expression:
        case bool() | str():
            return expression
        case list():
            return [value_of(one) for one in expression]
        case {"#bigint": str(digits), **rest} if not rest:
            return int(digits)
        case {"#tup": list(parts), **rest} if not rest:
            return tuple(map(value_of, parts))
        case {"#set": list(parts), **rest} if not rest:
            return frozenset(map(value_of, parts))
        case {"#map": list(pairs), **rest} if not rest:
            return tuple((value_of(key), value_of(value)) for key, value in pairs)
        case {"#unserializable": str(text), **rest} if not rest:
            return ("unserializable", text)
        case dict():
            assert not [name for name in expression if name.startswith("#")]
            return tuple((name, value_of(value)) for name, value in expression.items())
        case _:
            raise AssertionError(f"{expression!r} is no expression of ITF")


@pytest.mark.parametrize("name", [LONGEST, LASSO, STALE, "chord/two-nodes-lose-their-ring-by-messages.jsonl"])
def test_itf_has_a_state_for_each_world_and_the_event_that_led_there(name: str) -> None:
    run = replayed(name)
    said = json.loads(FORMATS["itf"](run))
    worlds = [step.world for step in run.trace.steps]
    assert said["vars"] == ["nodes", "in_flight", "cuts", "left", "monitors"]
    for number, state in enumerate(said["states"]):
        about = state.pop("#meta")
        assert (about["index"], about["digest"]) == (number, worlds[number].digest)
        assert about["action"] == run.trace.steps[number].event.name
        assert list(state) == said["vars"]
        nodes = dict(value_of(state["nodes"]))
        assert {one: dict(record)["status"] for one, record in nodes.items()} == {
            one: status.value for one, status in worlds[number].status.items()
        }
        flying = {dict(message)["source"]: count for message, count in value_of(state["in_flight"])}
        assert set(flying) == {one.source for one in worlds[number].in_flight}
    seen = [json.dumps(state) for state in said["states"]]
    for (a, one), (b, other) in pairwise(list(zip(worlds, seen, strict=False))):
        assert (a == b) is (one == other)


def test_a_loop_in_itf_ends_in_its_last_state() -> None:
    run = replayed(LASSO)
    said = itf.form(run)
    assert said["loop"] == run.trace.loop == 7
    assert len(said["states"]) == len(run.trace.steps) - 1
    assert run.trace.steps[-1].world == run.trace.steps[said["loop"]].world
    assert said["#meta"]["closes_the_loop"]["action"] == run.trace.steps[-1].event.name


def test_every_kind_of_value_has_an_expression_in_itf() -> None:
    kinds = {
        7: 7,
        True: True,
        "x": "x",
        (1, "a"): (1, "a"),
        frozenset({2, 1}): frozenset({1, 2}),
        None: (("tag", "Nothing"), ("value", ())),
        Fraction(1, 3): (("tag", "Fraction"), ("value", (("numerator", 1), ("denominator", 3)))),
        Status.UP: (("tag", "Status"), ("value", (("name", "UP"),))),
        b"\x00": ("unserializable", '{"#bytes":"00"}'),
        0.5: ("unserializable", '{"#float":"0x1.0000000000000p-1"}'),
    }
    assert {value: value_of(itf.expression(value)) for value in kinds} == kinds
    tag, fields = value_of(itf.expression(Ping()))
    assert (tag, dict(fields[1])["names"]) == (("tag", "Ping"), frozenset({"a", "b"}))


def log_of(text: str) -> list[dict[str, str]]:
    """The events of a log, found by the expression in its first line; its second finds the names of runs."""
    expression, delimiter, rest = text.split("\n", 2)
    named = [re.sub(r"\(\?<(\w+)>", r"(?P<\1>", one) for one in (expression, delimiter)]
    _, label, run = re.split(f"^{named[1]}$", rest, flags=re.MULTILINE)
    assert label
    return [found.groupdict() for found in re.finditer(named[0], run)]


def before(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether one vector clock is before another."""
    return one != other and all(time <= other.get(name, 0) for name, time in one.items())


@pytest.mark.parametrize("kind", WALKS)
def test_the_clocks_of_shiviz_say_what_happened_before_what(kind: str) -> None:
    for run in walks(kind, count=6):
        log = log_of(FORMATS["shiviz"](run))
        clocks = [(int(one["step"]), one["host"], json.loads(one["clock"])) for one in log]
        for host in {host for _, host, _ in clocks}:
            assert [clock[host] for _, own, clock in clocks if own == host] == list(
                range(1, 1 + sum(own == host for _, own, _ in clocks))
            )
        reached = causes(run, [(step, host) for step, host, _ in clocks])
        for step, host, clock in clocks:
            for other, neighbour, later in clocks:
                assert before(clock, later) is ((step, host) in reached[other, neighbour])


def causes(run: Replayed, events: list[tuple[int, str]]) -> dict[tuple[int, str], set[tuple[int, str]]]:
    """Of each event of a node, those before it: the ones of the same node, and what sent the message that it takes."""
    found: dict[tuple[int, str], set[tuple[int, str]]] = {}
    arrived = {one.ended: one for one in flights(run.trace.steps) if one.how == "deliver"}
    for step, host in events:
        direct = {one for one in found if one[1] == host}
        if step in arrived:
            direct.add((arrived[step].sent, arrived[step].envelope.source))
        found[step, host] = direct | {one for cause in direct for one in found[cause]}
    return found


def test_hosts_of_shiviz_have_no_blanks_and_names_of_their_own() -> None:
    assert shiviz.spelled(("a b", "a_b", "c", "")) == ["a_b_0", "a_b_1", "c", "_"]


MERMAID = re.compile(
    r"sequenceDiagram|participant p\d+ as .+|p\d+(->>|-x|-->>)p\d+: .+|Note over p\d+(,p\d+)?: .+"
    r"|rect rgb\(\d+, \d+, \d+\)|end"
)


def drawn(run: Replayed) -> list[str]:
    """The lines of a sequence diagram, each of a known form, without a character that means something."""
    lines = [line.strip() for line in FORMATS["mermaid"](run).splitlines()]
    for line in lines:
        assert MERMAID.fullmatch(line), line
        assert re.fullmatch(r"[^#;<>\"]*", re.sub(r"#\d+;", "", line.replace("->>", "").replace("<br/>", " "))), line
    return lines


@pytest.mark.parametrize("kind", WALKS)
def test_mermaid_has_an_arrow_for_each_message(kind: str) -> None:
    for run in walks(kind, count=6):
        events = Counter(step.event.name for step in run.trace.steps)
        arrows = Counter(found[1] for line in drawn(run) if (found := re.match(r"p\d+(->>|-x|-->>)", line)))
        lost = events["drop"] + events["bounce"]
        assert arrows == +Counter({"->>": events["deliver"], "-x": lost, "-->>": events["bounce"]})


def test_mermaid_shades_what_goes_round_for_ever_and_says_what_does_not_hold() -> None:
    lines = drawn(replayed(LASSO))
    start, end = lines.index("rect rgb(255, 243, 220)"), lines.index("end")
    assert sum("->>" in line for line in lines[start:end]) == 11
    assert sum("timer" in line for line in lines[start:end]) == 2
    assert "no_starvation does not hold" in lines[-1]


def test_the_diagram_in_the_document_is_the_one_that_is_printed() -> None:
    document = (REPOSITORY / "docs" / "pictures.md").read_text("utf-8")
    assert re.findall(r"^```mermaid\n(.*?)^```$", document, re.MULTILINE | re.DOTALL) == [
        FORMATS["mermaid"](replayed(STALE))
    ]


def applied(world: Any, change: dict[str, Any]) -> None:
    """Make one change to the JSON of a world."""
    *way, last = change["at"]
    for key in way:
        world = world[key]
    if "is" in change:
        world[last] = change["is"]
    else:
        world[last][change["from"] : change["from"] + change["remove"]] = change["insert"]


@pytest.mark.parametrize("name", shipped_traces())
def test_the_changes_in_the_json_lead_from_world_to_world(name: str) -> None:
    run = replayed(name)
    said = json.loads(FORMATS["json"](run))
    assert said.items() >= run.form().items()
    assert (said["loop"], len(said["steps"])) == (run.trace.loop, len(run.trace.steps))
    world = said["world"]
    for step, own in zip(said["steps"], run.trace.steps, strict=True):
        for change in step["changes"]:
            applied(world, change)
        assert digest(world) == step["digest"] == own.world.digest
        assert step["event"] == own.event.form()


@pytest.mark.parametrize("kind", WALKS)
def test_the_changes_of_any_run_lead_from_world_to_world(kind: str) -> None:
    for run in walks(kind, count=4):
        said = steps.form(run)
        world = json.loads(json.dumps(said["world"]))
        for step, own in zip(said["steps"], run.trace.steps, strict=True):
            for change in step["changes"]:
                applied(world, json.loads(json.dumps(change)))
            assert world == json.loads(json.dumps(own.world.form()))


def history(world: World) -> History:
    """What the monitor of a scenario has seen."""
    (found,) = [one for one in world.monitors.values() if isinstance(one, History)]
    return found


def explained(operations: tuple[Operation, ...], taken: frozenset[int], value: Any) -> bool:
    """Whether there is an order, looked for in the plainest way, in which a register explains what was read."""
    left = [place for place in range(len(operations)) if place not in taken]
    if not any(operations[place].done for place in left):
        return True
    for place in left:
        one = operations[place]
        fits = one.name == "put" or not one.done or one.result == value
        next_is_it = fits and not any(operations[other].precedes(one) for other in left)
        if next_is_it and explained(operations, taken | {place}, one.value if one.name == "put" else value):
            return True
    return False


@pytest.mark.parametrize(
    "parameters", [{"w": 1, "clients": 3}, {"w": 2, "crashes": 1}, {"w": 1, "gets": 3, "drops": 1}]
)
def test_a_history_in_edn_is_judged_as_the_run_is(parameters: dict[str, Any]) -> None:
    verdicts = set()
    for seed in range(30):
        run = walk(build("quorum", parameters), seed, 40)
        operations = history(run.trace.steps[-1].world).operations
        if not operations:
            continue
        calls = calls_of(events_of(FORMATS["edn"](run), "run", "edn"), False, frozenset())
        assert len(calls) == len(operations)
        assert sorted(str(one.result) for one in calls if one.done) == sorted(
            str(one.value if one.name == "put" else one.result) for one in operations if one.done
        )
        verdict = judge(calls, MODELS["register"]).verdict
        assert (verdict is Verdict.HELD) is explained(operations, frozenset(), None)
        verdicts.add(verdict)
    assert Verdict.HELD in verdicts


def test_the_history_of_a_stale_read_is_refused_and_told_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", STALE, "--to", "edn"]) == 1
    text = capsys.readouterr().out
    assert text == FORMATS["edn"](replayed(STALE))
    assert (
        judge(calls_of(events_of(text, "run", "edn"), False, frozenset()), MODELS["register"]).verdict
        is Verdict.VIOLATED
    )
    indices = [int(found) for found in re.findall(r":index (\d+)", text)]
    times = [int(found) for found in re.findall(r":time (\d+)", text)]
    assert indices == list(range(len(indices)))
    assert times == sorted(times)


def test_a_client_that_crashes_gives_up_its_operation_and_goes_on_as_another_process() -> None:
    asked = build("quorum", {"puts": 2, "gets": 2})
    mortal = Faults(crashes=2, victims=tuple(name for name in asked.names if name.startswith("c")))
    given_up = again = 0
    for seed in range(40):
        text = FORMATS["edn"](walk(attrs.evolve(asked, faults=mortal), seed, 30))
        for found in re.finditer(r":process (\d+), :type :info", text):
            given_up += 1
            later = text[found.end() :]
            assert f":process {found[1]}," not in later
            again += ":invoke" in later
        if ":invoke" in text:
            assert calls_of(events_of(text, "run", "edn"), False, frozenset())
    assert given_up
    assert again


def test_values_are_written_in_edn() -> None:
    values = (None, True, -3, 'a "b"\n\\', (1, (2,)), frozenset({"b", "a"}), Ping(), Fraction(1, 2))
    said = ["nil", "true", "-3", '"a \\"b\\"\\n\\\\"', "[1 [2]]", '#{"a" "b"}']
    assert [written(one) for one in values[:6]] == said
    assert written(values[6]).startswith('"Ping(')
    assert written(values[7]) == '"1/2"'


def test_a_scenario_without_clients_has_no_history_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", LONGEST, "--to", "edn"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "stack keeps no history" in err


@pytest.mark.parametrize("form", sorted({*FORMATS} - {"edn"}))
def test_replay_prints_the_export_and_nothing_else(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", LASSO, "--to", form]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == (FORMATS[form](replayed(LASSO)), "")


def test_two_outputs_at_once_make_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", LASSO, "--to", "itf", "--json"]) == 2
    assert "--json and --to itf both print" in capsys.readouterr().err


def test_an_unknown_format_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", LASSO, "--to", "dot"]) == 2
    err = capsys.readouterr().err
    assert all(form in err for form in FORMATS)


def test_names_that_mean_something_elsewhere_do_not_break_a_format() -> None:
    hostile = ("a;b#c", "end\nNote over p0: x", "=== x ===", '"<b>')
    scenario = Scenario(nodes=tuple(Player(one, hostile[0]) for one in hostile))
    for seed in range(4):
        run = walk(scenario, seed, 12)
        drawn(run)
        assert {actor(step.event) for step in run.trace.steps} - {None} <= set(hostile)
        assert len(log_of(FORMATS["shiviz"](run))) == len(run.trace.steps) - 1 + len(hostile)
        assert json.loads(FORMATS["itf"](run))["states"]


def test_a_flight_says_when_it_is_aloft() -> None:
    (envelope,) = replayed(STALE).trace.steps[1].world.in_flight[:1]
    one = Flight(envelope, 2, doubled=4, ended=6, how="deliver")
    assert [step for step in range(9) if one.aloft(step)] == [4, 5]
    assert [step for step in range(9) if attrs.evolve(one, stays=True).aloft(step)] == []
