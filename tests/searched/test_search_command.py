"""`stackproof search`: what it prints, what it writes, how it exits."""

import json
from pathlib import Path

import pytest

from stackproof.checker.cli import main
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict

HASTY = ("--examples", "20", "--by", "hypothesis")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for each test, and lines of the same width."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "elsewhere"))


def test_a_failing_run_is_told_as_a_story_and_as_a_program_and_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "quorum", "--w", "1", "--r", "1", "--seed", "3"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert out.startswith("VIOLATED  quorum(n=3, w=1, r=1")
    assert "in 6 events: counterexample.jsonl" in lines
    assert "4  c1        timer Begin" in lines
    assert "    state.fire(node='c1', what=Begin())" in lines
    assert lines[-1] == "stackproof replay counterexample.jsonl"
    assert err == ""
    trace = tmp_path / "counterexample.jsonl"
    assert replay(trace).verdict is Verdict.VIOLATED
    assert json.loads(trace.read_text("ascii").splitlines()[0])["found"]["by"] == "search"
    assert not (tmp_path / ".hypothesis").exists()
    assert main(["replay", "counterexample.jsonl"]) == 1


def test_held_is_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "quorum", *HASTY]) == 0
    out, _ = capsys.readouterr()
    assert "HELD  quorum(" in out
    assert "None of 20 runs broke a property, and every goal was reached. That is no proof" in out
    assert "stackproof replay" not in out


def test_too_little_is_unknown_and_says_what_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "quorum", "--time", "0"]) == 3
    assert "no run came to its end" in capsys.readouterr().out


def test_a_bug_is_named_by_its_id_and_its_fixed_variant_survives(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--bug", "J2"]) == 1
    assert "the_job_ends does not hold." in capsys.readouterr().out
    assert main(["search", "--bug", "J2", "--fixed", *HASTY]) == 0


def test_as_json_it_has_the_keys_of_explore_and_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--bug", "J2", "--seed", "4", "--trace", "here.jsonl", "--json"]) == 1
    form = json.loads(capsys.readouterr().out)
    assert [form[key] for key in ("scenario", "evidence", "seed", "verdict")] == ["J2", "searched", 4, "violated"]
    (found,) = form["violated"]
    assert (found["property"], found["length"], found["trace"]) == ("the_job_ends", 5, "here.jsonl")
    assert form["faults"]["crash"] > 0
    assert form["runs"] > 0
    assert form["steps"] > form["runs"]


def test_a_scenario_of_ones_own_replays_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text(
        "from stackproof.checker.scenarios.quorum import quorum\n"
        "def shaky(w: int = 1):\n    '''Too few.'''\n    return quorum(w=w, r=1)\n",
        encoding="ascii",
    )
    assert main(["search", "mine.py:shaky", "--w", "1"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "stackproof replay counterexample.jsonl --scenario mine.py:shaky"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing-of-the-kind"], "there is no scenario 'nothing-of-the-kind'"),
        (["--bug", "Z9"], "there is no bug 'Z9'"),
        (["quorum", "--examples", "0"], "--examples"),
        (["quorum", "--by", "luck"], "--by"),
        (["quorum", "--trace", "no/where.jsonl"], "there is no folder"),
    ],
)
def test_nonsense_gets_a_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
