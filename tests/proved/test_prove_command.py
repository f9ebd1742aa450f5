"""`stackproof prove`: what it prints, its JSON, its exit status, and models of a user's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from stackproof.checker.cli import main
from stackproof.spec import MODELS
from tests.environments import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "prove_an_election.py"
ELECTION, CARELESS = f"{EXAMPLE}:election", f"{EXAMPLE}:careless"
HEAD = """
from stackproof.spec.transition_system import System
from stackproof.spec.formulas import *
import z3
"""


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; returns the status, and what it prints on the one stream and the other."""

    def ask(*words: str) -> tuple[int, str, str]:
        status = main(["prove", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return ask


def test_a_model_that_is_proved_exits_with_0(asked: Any) -> None:
    status, out, err = asked("quorum")
    assert (status, err) == (0, "")
    assert "PROVED  counting\n" in out
    assert "implied   large_sets_meet                  proved in " in out
    assert "step      begin_put keeps 8 invariants" in out


def test_a_model_that_is_refuted_exits_with_1_and_shows_two_states_and_the_command_that_asks_again(asked: Any) -> None:
    status, out, _ = asked(CARELESS)
    assert status == 1
    assert "REFUTED  election\n" in out
    assert "promise keeps promised_once: refuted\n" in out
    assert "  promise: Replica r promises itself to m, whatever it promised before.\n" in out
    assert "  With 2 Replica, 2 Machine, 2 Quorum:\n" in out
    assert "            then + (replica" in out
    assert out.splitlines()[-1] == f"stackproof prove {CARELESS} --only 'promise keeps promised_once'"


def test_one_obligation_can_be_asked_for(asked: Any) -> None:
    status, out, _ = asked(CARELESS, "--only", "promise keeps promised_once")
    assert status == 1
    assert "1 obligation in " in out
    assert asked(CARELESS, "--only", "elect keeps promised_once")[0] == 0


def test_an_obligation_that_there_is_not_is_refused(asked: Any) -> None:
    status, out, err = asked(ELECTION, "--only", "promise keeps quiet")
    assert (status, out) == (2, "")
    assert f"has no obligation 'promise keeps quiet'. See: stackproof prove {ELECTION} --json\n" in err


def test_what_is_not_decided_in_time_is_unknown_and_exits_with_3(asked: Any, tmp_path: Path) -> None:
    path = tmp_path / "hard.py"
    path.write_text(
        HEAD
        + "x, y, z = z3.Ints('x y z')\n"
        + "def no_cubes():\n    return z3.Implies(z3.And(x > 0, y > 0, z > 0), x*x*x + y*y*y != z*z*z)\n"
        + "def hard():\n    return System(name='hard', rigid=[x, y, z], lemmas=[no_cubes])\n"
    )
    status, out, _ = asked(f"{path}:hard", "--time", "0.2")
    assert status == 3
    assert "UNKNOWN  hard\n" in out
    assert "no_cubes: unknown\n" in out
    assert "Z3 gave up" in out


def test_numbers_refute_too(asked: Any, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(
        HEAD
        + "x, y = z3.Ints('x y')\n"
        + "def grows():\n    return z3.Implies(x > 0, x + y > y + 1)\n"
        + "def wrong():\n    return System(name='wrong', rigid=[x, y], lemmas=[grows])\n"
    )
    status, out, _ = asked(f"{path}:wrong")
    assert status == 1
    assert "  x  1\n" in out


def test_vacuity_tells_what_can_happen_and_what_is_excluded(asked: Any) -> None:
    status, out, _ = asked(ELECTION, "--vacuity")
    assert status == 0
    assert "promise              possible, with at most 1 of each sort\n" in out
    assert "one_leader           excludes something, with at most 2 of each sort\n" in out


def test_a_step_that_cannot_happen_exits_with_1(asked: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text(
        HEAD
        + "class Lamp(State):\n    lit = Relation()\n"
        + "def init(s):\n    return z3.Not(s.lit)\n"
        + "def break_(s, t):\n    return z3.And(s.lit, z3.Not(s.lit), t.lit)\n"
        + "def dark(s):\n    return z3.Not(s.lit)\n"
        + "def lamp():\n    return System(name='lamp', state=Lamp, init=init, steps=[break_], invariants=[dark])\n"
    )
    assert asked(f"{path}:lamp")[0] == 0
    status, out, _ = asked(f"{path}:lamp", "--vacuity")
    assert status == 1
    assert "break_  impossible\n" in out


def test_json_says_the_same(asked: Any) -> None:
    status, out, err = asked(CARELESS, "--json", "--vacuity")
    form = json.loads(out)
    assert (status, err) == (1, "")
    assert (form["model"], form["evidence"], form["verdict"]) == (CARELESS, "proved", "violated")
    (system,) = form["systems"]
    by_name = {one["obligation"]: one for one in system["obligations"]}
    assert by_name["elect keeps promised_once"]["answer"] == "proved"
    refutation = by_name["promise keeps promised_once"]["refutation"]
    assert refutation["sizes"] == {"Replica": 2, "Machine": 2, "Quorum": 2}
    assert {one["component"] for one in refutation["components"]} == {"member", "promised", "elected"}
    assert {one["sense"] for one in system["vacuity"]} == {"possible", "excludes something"}


def test_a_model_that_there_is_not_is_refused_with_what_may_have_been_meant(asked: Any) -> None:
    status, out, err = asked("rings")
    assert (status, out) == (2, "")
    assert "there is no model 'rings'; did you mean ring or ring-ivy? See: stackproof list models\n" in err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.py:election", "there is no file nowhere.py. Write: stackproof prove FILE.py:FUNCTION"),
        (f"{EXAMPLE}:elections", f"Did you mean: stackproof prove {EXAMPLE}:election"),
        (f"{EXAMPLE}:sort", "cannot be built"),
        (f"{EXAMPLE}:Log.elected", "names no function"),
        ("builtins:list", "returned no System. See: stackproof list models"),
    ],
)
def test_a_function_that_builds_no_model_is_refused(asked: Any, name: str, said: str) -> None:
    status, out, err = asked(name)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_variable_that_is_not_bound_is_refused(asked: Any, tmp_path: Path) -> None:
    path = tmp_path / "free.py"
    path.write_text(
        HEAD
        + "NODE = sort('Node')\nn = z3.Const('n', NODE)\n"
        + "class Set(State):\n    held = Relation(NODE)\n"
        + "def all_(s):\n    return s.held(n)\n"
        + "def free():\n    return System(name='free', state=Set, invariants=[all_])\n"
    )
    status, _, err = asked(f"{path}:free")
    assert status == 2
    assert "free: all_ speaks of n, neither bound, rigid nor of a state" in err


def test_every_model_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "models", "--json"]) == 0
    assert [one["model"] for one in json.loads(capsys.readouterr().out)["models"]] == list(MODELS)


@pytest.mark.slow
def test_every_obligation_of_every_model_is_proved_in_less_than_a_minute(asked: Any) -> None:
    status, out, err = asked("all", "--json")
    form = json.loads(out)
    assert (status, err, form["verdict"]) == (0, "", "held")
    assert list(dict.fromkeys(one["model"] for one in form["systems"])) == list(MODELS)
    assert form["seconds"] < 60
