"""The command line: what it prints, where, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackproof.checker.cli import main
from stackproof.checker.registry import BUGS, LAYERS, SCENARIOS, build
from stackproof.checker.trace_file import read, shipped_traces
from stackproof.spec import MODELS

MINE = '''
from collections.abc import Iterator
from enum import Enum
from typing import Literal

from stackproof.checker.faults import Faults
from stackproof.checker.invariants.two_phase_commit import phases
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.two_phase_commit import two_phase_commit
from stackproof.checker.world import World


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def nobody_votes(world: World) -> Iterator[str]:
    yield from (f"{sent.source} voted" for sent in world.in_flight if "Vote" in type(sent.message).__name__)


def everybody_works(world: World) -> Iterator[str]:
    yield from (f"{name} works no more" for name, phase in phases(world).items() if phase.value != "working")


def colourful(
    participants: int = 1,
    colour: Colour = Colour.RED,
    level: Literal["low", "high"] = "low",
    rate: float = 0.5,
    sizes: tuple[int, ...] = (1, 2),
    limit: int | None = None,
    wet: bool = False,
) -> Scenario:
    """A question with every kind of [parameter].

    It is about `colour`,
    and more.
    """
    assert isinstance(colour, Colour) and isinstance(sizes, tuple) and isinstance(rate, float)
    return two_phase_commit(participants)


def broken(participants: int = 1) -> Scenario:
    """Nobody votes."""
    scenario = two_phase_commit(participants, crashes=0)
    scenario.invariants = (nobody_votes, everybody_works)
    return scenario


def unreachable(participants: int = 1) -> Scenario:
    """Nothing happens."""
    def never(world: World) -> bool:
        return False
    scenario = two_phase_commit(participants, crashes=0)
    scenario.goals = (never,)
    return scenario


def raising() -> Scenario:
    """A property with a bug."""
    def wrong(world: World) -> Iterator[str]:
        yield world.nodes["nobody"].name
    scenario = two_phase_commit(1)
    scenario.invariants = (wrong,)
    return scenario


def dividing(n: int = 0) -> Scenario:
    """Bad arithmetic."""
    return two_phase_commit(1 // n)


def untyped(n=3): return two_phase_commit(n)
def unsupported(n: dict[str, int] = {}) -> Scenario: return two_phase_commit()
def starred(*args: int) -> Scenario: return two_phase_commit()
def clashing(trace: int = 3) -> Scenario: return two_phase_commit()
def hidden(as_json: int = 3) -> Scenario: return two_phase_commit()
def misfit(n: int = None) -> Scenario: return two_phase_commit()
def nothing() -> None: return None
def needy(n: int) -> Scenario: return two_phase_commit(n)
NUMBER = 7
'''  # fmt: skip

EXPLORED = [
    "scenario", "parameters", "evidence", "engine", "verdict", "why", "distinct", "transitions", "depth", "seconds",
    "peak_mib", "violated", "goals", "handlers",
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder with one scenario file, and a narrow terminal without colours."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    sys.modules.pop("scenario_file_mine", None)


class Said:
    """What a command said."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        capsys.readouterr()
        self.status = main(words)
        self.out, self.err = capsys.readouterr()

    @property
    def form(self) -> dict[str, Any]:
        """Standard output as JSON; nothing else is there."""
        assert self.out.count("\n") == 1
        form: dict[str, Any] = json.loads(self.out)
        return form

    @property
    def last(self) -> list[str]:
        """The words of the last line."""
        return self.out.splitlines()[-1].split()


def test_a_scenario_that_holds_exits_with_0_and_says_what_it_explored(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said(capsys, "explore", "two-phase-commit-tla", "--engine", "plain")
    assert (said.status, said.err) == (0, "")
    for part in ("HELD  two-phase-commit-tla(participants=3)", "288 distinct", "everybody_commits in 10 events"):
        assert part in said.out


def test_the_json_of_explore_has_the_keys_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said(capsys, "explore", "mine.py:broken", "--json", "--engine", "plain")
    assert (said.status, said.err) == (1, "")
    assert list(said.form) == EXPLORED
    assert [list(one) for one in said.form["violated"]] == [["property", "reason", "length", "trace"]] * 2
    assert [list(one) for one in said.form["goals"]] == [["goal", "reached", "length"]] * 2
    assert {tuple(one) for one in said.form["handlers"]} == {("node", "message", "count")}
    assert said.form["verdict"] == "violated"
    assert said.form["violated"][0]["trace"] == "counterexample.jsonl"


def test_the_last_line_of_a_violation_replays_it(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said(capsys, "explore", "quorum", "--w", "1", "--engine", "plain")
    assert said.status == 1
    assert said.last == ["stackproof", "replay", "counterexample.jsonl"]
    assert Said(capsys, *said.last[1:]).status == 1
    assert Said(capsys, *said.last[1:], "--step").status == 1


def test_the_last_line_names_a_scenario_of_the_users_own(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said(capsys, "explore", "mine.py:broken", "--engine", "plain", "--trace", "one two.jsonl")
    assert said.out.endswith("\nstackproof replay 'one two.jsonl' --scenario mine.py:broken\n")
    replayed = Said(capsys, "replay", "one two.jsonl", "--scenario", "mine.py:broken", "--json")
    assert replayed.status == 1
    assert replayed.form["verdict"] == "violated"
    assert replayed.form["evidence"] == "recorded"
    assert replayed.form["violated"][0]["property"] == "nobody_votes"


def test_each_violated_property_gets_a_trace_of_its_own(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    said = Said(capsys, "explore", "mine.py:broken", "--participants", "2", "--engine", "plain", "--json")
    files = {one["property"]: one["trace"] for one in said.form["violated"]}
    assert files == {
        "nobody_votes": "counterexample.jsonl",
        "everybody_works": "counterexample-everybody_works.jsonl",
    }
    for name, file in files.items():
        assert read(here / file).expect["property"] == name


def test_a_goal_that_nothing_reaches_is_a_violation_without_a_trace(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    said = Said(capsys, "explore", "mine.py:unreachable", "--engine", "plain")
    assert said.status == 1
    assert "never: no reachable world shows it" in said.out
    assert said.last == ["stackproof", "explore", "mine.py:unreachable", "--participants", "1"]
    assert not list(here.glob("*.jsonl"))


@pytest.mark.parametrize("limit", [("--worlds", "20"), ("--time", "0"), ("--memory", "1")])
def test_a_limit_makes_the_verdict_unknown(limit: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    said = Said(capsys, "explore", "quorum", "--engine", "plain", *limit, "--json")
    assert said.status == 3
    assert said.form["verdict"] == "unknown"
    assert said.form["why"].startswith("the limit of ")
    text = Said(capsys, "explore", "quorum", "--engine", "plain", *limit)
    assert text.status == 3
    assert "UNKNOWN" in text.out
    assert "HELD" not in text.out


def test_every_kind_of_parameter_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--colour blue --level high --rate 2 --sizes 3 --sizes 4 --limit 9 --wet --engine plain --json"
    said = Said(capsys, "explore", "mine.py:colourful", *options.split())
    assert said.form["parameters"] == {
        "participants": 1, "colour": "blue", "level": "high", "rate": 2.0, "sizes": [3, 4], "limit": 9, "wet": True,
    }  # fmt: skip
    said = Said(capsys, "explore", "--engine", "plain", "--participants", "2", "mine.py:colourful", "--json")
    assert said.form["parameters"] == {
        "participants": 2, "colour": "red", "level": "low", "rate": 0.5, "sizes": [1, 2], "limit": None, "wet": False,
    }  # fmt: skip


def test_the_help_of_a_scenario_is_its_docstring_and_its_options(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    said = Said(capsys, "explore", "mine.py:colourful", "--help")
    assert said.status == 0
    for part in (
        "every kind of [parameter]",
        "It is about `colour`, and more.",
        "--sizes",
        "--engine",
        "[default: 0.5]",
    ):
        assert part in said.out
    assert "--sizes" not in Said(capsys, "explore", "--help").out


NONSENSE = {
    "no verb": ("expand", "No such command 'expand'"),
    "no scenario": ("explore", "Missing argument"),
    "an unknown scenario": ("explore quorun", "did you mean quorum?"),
    "a layer": ("explore storage", "there is no scenario"),
    "a bug without its name": ("explore --bug", "--bug takes the ID of one bug"),
    "a bug beside a scenario": ("explore quorum --bug A1", "leave out quorum"),
    "a file": ("explore mine.py", "stackproof explore mine.py:FUNCTION"),
    "no such file": ("explore nowhere.py:f", "there is no file nowhere.py"),
    "no such function": ("explore mine.py:brokn", "stackproof explore mine.py:broken"),
    "no such module": ("explore nowhere.at.all:f", "No module named 'nowhere'"),
    "no function": ("explore mine.py:NUMBER", "no function 'NUMBER'"),
    "no name": ("explore mine.py:", "names no function"),
    "no Scenario": ("explore mine.py:nothing", "returned None, not a Scenario"),
    "an unknown option": ("explore quorum --replicas 3", "--replicas"),
    "a bad value": ("explore quorum --n three", "--n"),
    "a bad enum": ("explore mine.py:colourful --colour green", "--colour"),
    "a bad limit": ("explore quorum --time -1", "--time"),
    "a missing value": ("explore mine.py:needy", "--n"),
    "a bad question": ("explore quorum --w 9", "quorum(n=3, w=9"),
    "a bug in the function": ("explore mine.py:dividing", "mine.py:{line}: ZeroDivisionError"),
    "a bug in a property": ("explore mine.py:raising --engine plain", "KeyError: 'nobody'"),
    "a parameter without a type": ("explore mine.py:untyped", "parameter 'n' needs a type"),
    "a parameter of a strange type": ("explore mine.py:unsupported", "parameter 'n' needs a type"),
    "a star": ("explore mine.py:starred", "takes *args"),
    "a parameter like an option": ("explore mine.py:clashing", "--trace"),
    "a folder that is not there": ("explore quorum --trace nowhere/x.jsonl", "there is no folder"),
    "a folder for a trace": ("explore quorum --trace .", "is no file"),
    "a device for a trace": ("explore quorum --trace /dev/null", "is no file"),
    "an unknown engine": ("explore quorum --engine warp", "--engine"),
    "an unknown topic": ("list proofs", "proofs"),
    "a parameter like a variable": ("explore mine.py:hidden", "--as-json"),
    "an empty layer": ("check services", "nothing is registered in the layer services yet"),
    "a default that does not fit": ("explore mine.py:misfit", "n takes a whole number, not None"),
    "an unknown layer": ("check storge", "did you mean storage"),
    "an unknown budget": ("check --budget endless", "--budget"),
    "a broken file": ("explore syntax.py:f", "syntax.py:2: SyntaxError"),
    "a file that raises": ("explore raises.py:f", "raises.py:2: NameError: name 'undefined' is not defined"),
    "a file that exits": ("explore exits.py:f", "exits.py:2: SystemExit: 0"),
    "a file that is no text": ("explore binary.py:f", "binary.py"),
}  # fmt: skip


@pytest.mark.parametrize("name", NONSENSE)
def test_a_question_without_sense_gets_one_sentence_and_status_2(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "syntax.py").write_text("x = 1\ndef f(:\n")
    (here / "raises.py").write_text("x = 1\nundefined\n")
    (here / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (here / "binary.py").write_bytes(b"\0\xff\0\xff")
    line, part = NONSENSE[name]
    said = Said(capsys, *line.split())
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("stackproof: ")
    assert said.err.count("\n") == 1
    dividing = MINE.splitlines().index("    return two_phase_commit(1 // n)") + 1
    assert part.format(line=dividing) in said.err


def test_check_has_a_row_for_each_scenario_and_a_column_for_each_kind_of_evidence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = Said(capsys, "check", "coordination", "--json")
    assert said.status == 0
    assert [one["scenario"] for one in said.form["scenarios"]] == ["two-phase-commit", "two-phase-commit-tla"]
    for one in said.form["scenarios"]:
        assert list(one) == ["scenario", "parameters", "verdict", "proved", "exhausted", "searched", "recorded"]
        assert (one["proved"]["verdict"], one["proved"]["obligations"]) == ("held", 52)
        assert (one["searched"]["verdict"], one["searched"]["seed"]) == ("held", 0)
    assert said.form["scenarios"][1]["exhausted"]["distinct"] == 288
    text = Said(capsys, "check", "two-phase-commit-tla")
    assert text.out.split("\n")[0].split() == ["scenario", "proved", "exhausted", "searched", "recorded", "verdict"]


def test_check_says_which_command_shows_the_violation(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    said = Said(capsys, "check", "two-phase-commit-tla", "mine.py:broken")
    assert said.status == 1
    assert said.last[:2] == ["stackproof", "replay"]
    assert (here / said.last[2]).is_file()
    assert Said(capsys, *said.last[1:]).status == 1


def test_a_recorded_trace_that_no_longer_replays_is_a_violation(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Said(capsys, "explore", "quorum", "--w", "1", "--engine", "plain")
    stale = here / "stale.jsonl"
    stale.write_text((here / "counterexample.jsonl").read_text().replace('"w": 1', '"w": 2'))
    monkeypatch.setattr("stackproof.checker.evidence.shipped_traces", lambda: (str(stale),))
    said = Said(capsys, "check", "quorum")
    assert said.status == 1
    assert "stale.jsonl:2:" in said.out.replace("\n", "")


def test_list_lists(capsys: pytest.CaptureFixture[str]) -> None:
    for name in SCENARIOS:
        assert name in Said(capsys, "list").out
    assert [one["scenario"] for one in Said(capsys, "list", "--json").form["scenarios"]] == list(SCENARIOS)
    assert Said(capsys, "list", "traces", "--json").form["traces"]
    assert [one["bug"] for one in Said(capsys, "list", "bugs", "--json").form["bugs"]] == list(BUGS)
    assert all(f"  {name}  " in Said(capsys, "list", "bugs").out for name in BUGS)
    assert [one["model"] for one in Said(capsys, "list", "models", "--json").form["models"]] == list(MODELS)


def test_every_registered_scenario_has_a_question_goals_and_defaults() -> None:
    for name, one in SCENARIOS.items():
        scenario = build(name)
        assert one.layer in LAYERS
        assert one.question.endswith(".")
        assert scenario.goals
        assert scenario.name == name
        assert json.loads(json.dumps(scenario.parameters)) == scenario.parameters


def test_no_line_is_wider_than_the_terminal_but_the_command_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["check", "quorum-lecture", "chord-2001", "two-phase-commit-tla", "mapreduce"]
    for words in (["explore", "quorum", "--w", "1"], ["replay", "counterexample.jsonl", "--step"], ["list"], few):
        lines = Said(capsys, *words).out.splitlines()
        assert max(map(len, lines[:-1])) <= 60
        assert not any(line.endswith(" ") for line in lines)


def test_a_step_shows_what_changed_in_the_node(capsys: pytest.CaptureFixture[str]) -> None:
    Said(capsys, "explore", "mine.py:broken", "--engine", "plain")
    out = Said(capsys, "replay", "counterexample.jsonl", "--scenario", "mine.py:broken", "--step").out
    for part in (
        "c sends p0  Prepare",
        "p0 arms  TimedOut",
        "p0.phase  WORKING -> PREPARED",
        "p0 sends c  Vote(yes=True)",
    ):
        assert part in out


def test_colours_are_for_terminals_that_want_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("explore", "two-phase-commit-tla", "--engine", "plain")
    assert "\x1b[" not in Said(capsys, *words).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in Said(capsys, *words).out
    assert "\x1b[" not in Said(capsys, *words, "--no-color").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in Said(capsys, *words).out


COMMAND = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from stackproof.checker.cli import main; sys.exit(main())"
)


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    """A command in a process of its own; it can be interrupted even where the tests run in the background."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_list_does_not_wait_for_the_compiler() -> None:
    program = "import sys; from stackproof.checker.cli import main; main(['list']); print({'numba'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.endswith("set()\n")


ENDLESS = '''
import time
from pathlib import Path
from stackproof.checker.scenarios.two_phase_commit import two_phase_commit_tla

def slow():
    """Far too many worlds."""
    def begun(world):
        Path("begun").touch()
        time.sleep(0.001)
        return ()
    scenario = two_phase_commit_tla(9)
    scenario.invariants = (begun,)
    return scenario
'''

SLEEPING = """
import time
from pathlib import Path
Path("begun").touch()
time.sleep(60)
"""


def interrupted(process: subprocess.Popen[str], begun: Path) -> tuple[int, str, str]:
    """Interrupt a command once it has begun."""
    deadline = time.monotonic() + 30
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_ctrl_c_makes_the_verdict_unknown_and_says_what_was_covered(here: Path) -> None:
    (here / "endless.py").write_text(ENDLESS)
    status, out, err = interrupted(start("explore", "endless.py:slow", "--engine", "plain", "--json"), here / "begun")
    assert (status, err) == (3, "")
    form = json.loads(out)
    assert (form["verdict"], form["why"]) == ("unknown", "interrupted")
    assert form["distinct"] > 1
    assert not [*here.glob("*.jsonl*"), *here.glob(".*")]


def test_ctrl_c_elsewhere_says_so_too(here: Path) -> None:
    (here / "sleeping.py").write_text(SLEEPING)
    status, out, err = interrupted(start("explore", "sleeping.py:f"), here / "begun")
    assert (status, out) == (3, "")
    assert err == "stackproof: interrupted before there was a verdict\n"


def test_ctrl_c_ends_check_with_what_it_has(here: Path) -> None:
    (here / "endless.py").write_text(ENDLESS)
    words = ("check", "two-phase-commit-tla", "endless.py:slow", "abd", "--json")
    status, out, err = interrupted(start(*words), here / "begun")
    assert (status, err) == (3, "")
    assert [one["verdict"] for one in json.loads(out)["scenarios"]] == ["held", "unknown", "unknown"]


LOST = """
import gc
from pathlib import Path

def interrupt(phase, info):
    gc.callbacks.remove(interrupt)
    raise KeyboardInterrupt

gc.callbacks.append(interrupt)
"""


def test_ctrl_c_is_heard_even_where_python_would_lose_it(here: Path) -> None:
    (here / "endless.py").write_text(ENDLESS + LOST)
    with start("explore", "endless.py:slow", "--engine", "plain", "--time", "10", "--json") as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (3, "")
    form = json.loads(out)
    assert (form["verdict"], form["why"]) == ("unknown", "interrupted")


def test_a_reader_that_stops_reading_is_no_error() -> None:
    with start("replay", shipped_traces()[0], "--step") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) in (0, 1)
