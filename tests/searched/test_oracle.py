"""The active oracle: what it finds in foreign implementations, and that nothing shorter shows it."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, frozen

from stackproof.checker import Event, Scenario, Verdict, World, replay
from stackproof.checker.cli import main
from stackproof.checker.loading import from_file
from stackproof.checker.oracle import Comparison, Difference, Refused, hold
from stackproof.checker.oracle.following import gap
from stackproof.checker.oracle.moves import moves
from stackproof.checker.registry import build
from stackproof.checker.render.oracle import show
from stackproof.checker.trace import lines_of
from stackproof.checker.world import happenings
from stackproof.reference.actor import NodeId, Out
from tests.environments import REPOSITORY, run

EXAMPLES = REPOSITORY / "examples"
CHORD = EXAMPLES / "hold_a_foreign_chord_against_the_reference.py"
REGISTER = EXAMPLES / "hold_a_small_register_against_the_reference.py"


@cache
def example(path: Path) -> Any:
    return from_file(path)


def found(comparison: Comparison) -> Difference:
    assert comparison.verdict is Verdict.VIOLATED
    assert comparison.difference is not None
    return comparison.difference


# A foreign Chord


@cache
def planted() -> Difference:
    """What is found of the mistake in the foreign Chord."""
    return found(example(CHORD).held(gullible=True))


def test_a_correct_foreign_chord_agrees_on_hundreds_of_schedules() -> None:
    held = example(CHORD).held(runs=200)
    assert (held.verdict, held.runs, held.events) == (Verdict.HELD, 200, 8_000)
    assert [kind for kind, count in held.asked.items() if count > 100] == [
        "fire Fail",
        "fire Join",
        "fire Rectify",
        "fire StabilizeFromPredecessor",
        "fire StabilizeFromSuccessor",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("identifiers", [4, 5, 6])
def test_a_correct_foreign_chord_agrees_on_thousands_of_schedules(identifiers: int) -> None:
    held = example(CHORD).held(identifiers=identifiers, runs=2_000, seed=identifiers)
    assert (held.verdict, held.runs) == (Verdict.HELD, 2_000)


def test_a_planted_mistake_is_found_and_no_shorter_schedule_shows_it() -> None:
    difference = planted()
    assert [type(event.message).__name__ for event in difference.schedule] == [
        "Join",
        "StabilizeFromSuccessor",
        "Fail",
        "Rectify",
        "StabilizeFromSuccessor",
        "StabilizeFromPredecessor",
    ]
    assert (difference.shortest, difference.repeatable) == (True, True)
    assert difference.tried == agreeing_schedules(len(difference.schedule) - 1)


def agreeing_schedules(length: int) -> int:
    """How many schedules of at most so many events there are, every one of which is seen to agree.

    This is written without the oracle: one world is followed, and the system is told which.
    """
    module, scenario = example(CHORD), build("chord-atomic", {"identifiers": 4, "reuse": True})
    started = next(world for _, world in scenario.initial() if world.nodes["ring"].members == (0, 1, 2))
    level: list[tuple[tuple[Event, ...], World]] = [((), started)]
    count = 0
    while level:
        after = []
        for schedule, world in level:
            system = module.ForeignChord(gullible=True)
            system.start(scenario)
            for event in schedule:
                system.apply(event)
            assert {name: tuple(map(tupled, seen)) for name, seen in system.view().items()} == system.view_of(world)
            count += 1
            if len(schedule) < length:
                on = {evolve(move.event, choose=()): move.world for move in moves(world)}
                after += [((*schedule, event), beyond) for event, beyond in on.items()]
        level = after
    return count


def tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def flat(peer: Any, low: int, num: int, high: int) -> bool:
    """An interval that does not go round."""
    return low < num < high


def set_succs(peer: Any, succs: list[int]) -> None:
    """A list of one."""
    peer.succs = succs[:1]


def check_pred(peer: Any, num: int) -> None:
    """The predecessor is kept, though it is gone."""
    peer.todo = None
    if peer.between(peer.pred, num, peer.num):
        peer.pred = num


def join(peer: Any, other: Any) -> None:
    """Whoever joins leaves its predecessor for later."""
    peer.set_succs(other.succs)
    peer.net["peers"][peer.num] = peer


def tell_succ(peer: Any) -> None:
    """A peer that has something else to do is not told."""
    succ = peer.get(peer.succs[0])
    if succ is not None and succ.todo is None:
        succ.todo = ("check", peer.num)


@pytest.mark.parametrize(
    ("name", "mistake", "length"),
    [
        ("between", flat, 1),
        ("set_succs", set_succs, 0),
        pytest.param("check_pred", check_pred, 7, marks=pytest.mark.slow),
        ("join", join, 1),
        ("tell_succ", tell_succ, 3),
    ],
)
def test_other_mistakes_are_found_too(name: str, mistake: Any, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example(CHORD).Peer, name, mistake)
    difference = found(example(CHORD).held())
    assert (len(difference.schedule), difference.shortest) == (length, True)


@pytest.mark.parametrize("seed", [1])
def test_every_seed_leads_to_a_shortest_trace(seed: int) -> None:
    difference = found(example(CHORD).held(gullible=True, seed=seed))
    assert (len(difference.schedule), difference.shortest) == (6, True)


def test_the_same_seed_finds_the_same() -> None:
    assert found(example(CHORD).held(gullible=True)).form() == planted().form()


def test_the_difference_is_a_trace_that_replays_and_tells_of_both_views(tmp_path: Path) -> None:
    difference, file = planted(), tmp_path / "difference.jsonl"
    difference.save(file)
    assert replay(file).length == 6
    assert main(["replay", str(file)]) == 0
    told = json.loads(file.read_text("utf-8").partition("\n")[0])["found"]["difference"]
    assert told["kind"] == "view"
    assert told["system"]["peer 2"] == [[3, 0], 1, None]
    assert told["reference"]["peer 2"] == [[0, 1], 1, None]


def test_where_few_tries_are_granted_nobody_claims_that_it_is_shortest() -> None:
    module = example(CHORD)
    scenario = build("chord-atomic", {"identifiers": 4, "reuse": True})
    difference = found(hold(partial(module.ForeignChord, gullible=True), scenario, tries=20))
    assert (difference.shortest, difference.tried) == (False, 20)
    assert replay(difference.trace).length == len(difference.schedule)


# A system of which little can be seen


def test_a_register_whose_messages_are_hidden_is_followed_through_every_world() -> None:
    held = example(REGISTER).held(runs=3)
    assert (held.verdict, held.runs, held.events) == (Verdict.HELD, 3, 9)


def test_a_put_to_one_copy_shows_in_the_next_get() -> None:
    difference = found(example(REGISTER).held(hasty=True))
    assert [event.node for event in difference.schedule] == ["c0", "c1"]
    assert (difference.shortest, difference.parting.worlds > 1) == (True, True)
    assert difference.parting.reference["c1"] == (1,), "the world that comes nearest is shown"
    assert replay(difference.trace).length > 2, "the hidden events are part of the trace"


def test_where_too_many_worlds_are_possible_the_answer_is_unknown() -> None:
    module = example(REGISTER)
    held = hold(partial(module.Clients, hasty=False), build("quorum"), hidden=module.unseen, worlds=100)
    assert (held.verdict, held.runs) == (Verdict.UNKNOWN, 0)
    assert held.why == "more than 100 worlds are possible in run 0"


def test_where_time_comes_first_the_answer_is_unknown() -> None:
    held = hold(Twin, build("two-phase-commit"), seconds=0)
    assert (held.verdict, held.why) == (Verdict.UNKNOWN, "time was up in run 0 of 100")


# A system that is the reference itself, and disturbed in one way or another


@define(eq=False)
class Twin:
    """A world of the reference, as a system."""

    world: World | None = None
    seen: Any = None

    def start(self, scenario: Scenario) -> None:
        _, self.world = next(scenario.initial())

    def apply(self, event: Event) -> None:
        assert self.world is not None
        may_happen = (after for one, after in happenings(self.world) if evolve(one, choose=()) == event)
        after = next(may_happen, None)
        self.world = self.world if after is None else after

    def view(self) -> Mapping[str, Any]:
        assert self.world is not None
        return self.view_of(self.world)

    def view_of(self, world: World) -> Mapping[str, Any]:
        return dict(world.nodes) | {"status": {name: status.value for name, status in world.status.items()}}

    def stop(self) -> None:
        self.world = None


FAULTY = ("two-phase-commit", {"crashes": 1, "drops": 1})


@pytest.mark.parametrize(
    ("name", "parameters"),
    [FAULTY, ("quorum", {"crashes": 1, "drops": 1}), ("chord", {}), ("mapreduce", {}), ("mesos-offers", {})],
)
def test_the_reference_agrees_with_itself(name: str, parameters: dict[str, Any]) -> None:
    held = hold(Twin, build(name, parameters), runs=10, steps=20)
    assert (held.verdict, held.runs) == (Verdict.HELD, 10)


def test_faults_are_part_of_schedules() -> None:
    asked: set[str] = set()

    class Listening(Twin):
        def apply(self, event: Event) -> None:
            asked.add(event.name)
            super().apply(event)

    hold(Listening, build(*FAULTY), runs=30)
    assert asked == {"deliver", "fire", "drop", "crash", "restart"}


def test_a_system_that_refuses_what_the_reference_does_is_found() -> None:
    class Stubborn(Twin):
        def apply(self, event: Event) -> None:
            if event.name == "restart":
                raise Refused("never again")
            super().apply(event)

    difference = found(hold(Stubborn, build(*FAULTY)))
    assert [event.name for event in difference.schedule] == ["crash", "restart"]
    assert difference.parting.kind == "refused"
    assert difference.parting.reason == "the system refused what the reference does: never again"


def test_a_system_that_raises_is_found_whether_it_acts_or_is_looked_at() -> None:
    class Falling(Twin):
        def apply(self, event: Event) -> None:
            if event.name == "crash":
                raise OSError("gone")
            super().apply(event)

    class Hiding(Twin):
        def view(self) -> Mapping[str, Any]:
            seen = super().view()
            if "down" in seen["status"].values():
                raise OSError("gone")
            return seen

    for system, said in ((Falling, "raised OSError: gone"), (Hiding, "when it was looked at")):
        difference = found(hold(system, build(*FAULTY)))
        assert [event.name for event in difference.schedule] == ["crash"]
        assert (difference.parting.kind, difference.parting.system) == ("raised", None)
        assert said in difference.parting.reason


def test_a_difference_at_the_start_is_one_of_no_events() -> None:
    class Elsewhere(Twin):
        def view(self) -> Mapping[str, Any]:
            return {"status": "unheard of"}

    difference = found(hold(Elsewhere, build("two-phase-commit")))
    assert (difference.schedule, difference.shortest) == ((), True)


def test_what_the_system_does_not_do_again_is_told_and_not_shrunk() -> None:
    moods = iter([False, True])

    class Moody(Twin):
        def start(self, scenario: Scenario) -> None:
            super().start(scenario)
            self.seen = next(moods, False)

        def view(self) -> Mapping[str, Any]:
            return {} if self.seen else super().view()

    difference = found(hold(Moody, build("two-phase-commit"), steps=3))
    assert (difference.repeatable, difference.shortest) == (False, False)


def test_every_system_that_was_started_is_stopped() -> None:
    running: list[Any] = []

    class Counted(Twin):
        def start(self, scenario: Scenario) -> None:
            running.append(self)
            super().start(scenario)

        def apply(self, event: Event) -> None:
            assert event.name != "crash"
            super().apply(event)

        def stop(self) -> None:
            running.remove(self)

    assert found(hold(Counted, build(*FAULTY), tries=50)).parting.kind == "raised"
    assert running == []


# What the reference may do in several ways


@define
class Dealer:
    """It picks a card when it is asked to deal, and shows it when it is asked to."""

    id: NodeId
    card: int | None = None
    shown: int | None = None

    def start(self, out: Out) -> None:
        out.after(0, "deal")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        if message == "deal":
            self.card = out.choose((1, 2, 3))
            out.after(0, "show")
            if self.card == 3:
                out.after(0, "complain")
        elif message == "show":
            self.shown = self.card


@define
class ForeignDealer:
    """A dealer whose card nobody sees until it shows it."""

    card: int
    cheats: bool = False
    complains: bool = True
    shown: int | None = None

    def start(self, scenario: Scenario) -> None:
        self.shown = None

    def apply(self, event: Event) -> None:
        if event.message == "complain" and not (self.card == 3 and self.complains):
            raise Refused("there is nothing to complain of")
        if event.message == "show":
            self.shown = self.card + self.cheats

    def view(self) -> Mapping[str, Any]:
        return {"shown": self.shown}

    def view_of(self, world: World) -> Mapping[str, Any]:
        return {"shown": world.nodes["dealer"].shown}

    def stop(self) -> None:
        pass


@pytest.mark.parametrize("card", [1, 2, 3])
def test_whichever_card_the_system_picks_the_reference_may_have_picked_it(card: int) -> None:
    assert hold(partial(ForeignDealer, card), Scenario(nodes=(Dealer("dealer"),))).verdict is Verdict.HELD


def test_a_card_that_is_not_in_the_pack_is_found_when_it_is_shown() -> None:
    difference = found(hold(partial(ForeignDealer, 3, cheats=True), Scenario(nodes=(Dealer("dealer"),))))
    assert [event.message for event in difference.schedule] == ["deal", "show"]
    assert difference.parting.worlds == 3


def test_a_refusal_tells_the_worlds_apart() -> None:
    scenario = Scenario(nodes=(Dealer("dealer"),))
    difference = found(hold(partial(ForeignDealer, 3, complains=False), scenario))
    assert [event.message for event in difference.schedule] == ["deal", "complain", "show"]
    assert difference.parting.system == {"shown": 3}


# What the reference ignores


@define
class Owner:
    """It answers the first who knocks, and ignores everybody after."""

    id: NodeId
    guest: NodeId | None = None

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        if self.guest is None:
            self.guest = source


@define
class Visitor:
    id: NodeId

    def start(self, out: Out) -> None:
        out.send("owner", "knock")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        pass


@define
class ForeignOwner:
    polite: bool
    guest: str | None = None

    def start(self, scenario: Scenario) -> None:
        self.guest = None

    def apply(self, event: Event) -> None:
        if event.name == "deliver" and (self.guest is None or self.polite):
            self.guest = event.source

    def view(self) -> Mapping[str, Any]:
        return {"guest": self.guest}

    def view_of(self, world: World) -> Mapping[str, Any]:
        return {"guest": world.nodes["owner"].guest}

    def stop(self) -> None:
        pass


def test_a_system_that_does_not_ignore_what_the_reference_ignores_is_found() -> None:
    scenario = Scenario(nodes=(Owner("owner"), Visitor("a"), Visitor("b")))
    assert hold(partial(ForeignOwner, polite=False), scenario).verdict is Verdict.HELD
    difference = found(hold(partial(ForeignOwner, polite=True), scenario))
    assert [event.name for event in difference.schedule] == ["deliver", "deliver"]
    assert replay(difference.trace, scenario).length == 1, "to the explorers the second is no event"


def test_what_the_reference_ignores_is_told_beside_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = Scenario(nodes=(Owner("owner"), Visitor("a"), Visitor("b")))
    comparison = hold(partial(ForeignOwner, polite=True), scenario)
    show(comparison)
    last = found(comparison).schedule[-1]
    _, _, told = capsys.readouterr().out.partition("without effect in the reference:\n")
    assert told.startswith(f"2  owner <- {last.source}  ")


# Small parts


@frozen
class Gap:
    one: Any
    other: Any
    apart: int


@pytest.mark.parametrize(
    "case",
    [
        Gap({"a": 1}, {"a": 1}, 0),
        Gap({"a": 1}, {"a": 2}, 1),
        Gap({"a": (1, 2)}, {"a": (2, 1)}, 2),
        Gap({"a": (1,)}, {"a": ()}, 2),
        Gap({"a": 1}, {"b": 1}, 2),
    ],
)
def test_how_much_is_apart_is_counted_part_by_part(case: Gap) -> None:
    assert gap(case.one, case.other) == gap(case.other, case.one) == case.apart


def said() -> Iterator[tuple[list[str], str]]:
    """Each command of the document that runs an example of ours, and what it is said to print."""
    document = (REPOSITORY / "docs" / "oracle.md").read_text("utf-8")
    for command, printed in re.findall(r"^```text\n\$ python (.*?)\n(.*?)^```$", document, re.MULTILINE | re.DOTALL):
        words = command.split()
        if Path(words[0]).name in (CHORD.name, REGISTER.name):
            yield words, printed


@pytest.mark.slow
def test_the_examples_print_what_the_document_shows(tmp_path: Path) -> None:
    shown = list(said())
    assert len(shown) >= 2
    for (path, *words), printed in shown:
        assert run(sys.executable, REPOSITORY / path, *words, cwd=tmp_path, COLUMNS="80") == printed


def test_the_trace_of_a_scenario_without_a_name_replays_with_the_scenario() -> None:
    difference = found(hold(partial(ForeignDealer, 3, cheats=True), Scenario(nodes=(Dealer("dealer"),))))
    text = "\n".join(lines_of(difference.trace)).encode()
    assert replay(text, Scenario(nodes=(Dealer("dealer"),))).length == 2
