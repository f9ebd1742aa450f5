"""`stackproof run`: what it prints, as JSON and for people, and its exit status."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stackproof.checker.cli import main
from stackproof.checker.running import NAMES
from stackproof.checker.running.faults import Ordered, ordered, schedule
from stackproof.checker.running.jobs import JOBS, Asked, Task
from stackproof.checker.running.watch import Watch

FAULTS = "crashes=2,cuts=1,joins=1"


@pytest.fixture
def text(tmp_path: Path) -> str:
    """A file with some words in it."""
    file = tmp_path / "some words"
    file.write_text("the quick brown fox jumps over the lazy dog\n" * 50, "utf-8")
    return str(file)


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit status, and what stands on standard output and on standard error."""
    status = main(["run", *words])
    told = capsys.readouterr()
    return status, told.out, told.err


def form(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The JSON of a run that is equal."""
    status, out, err = ran(capsys, *words, "--json")
    assert (status, err) == (0, "")
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_an_equal_answer_exits_with_0_and_says_what_struck(capsys: pytest.CaptureFixture[str], text: str) -> None:
    status, out, err = ran(capsys, "wordcount", "--input", text, "--faults", FAULTS, "--seed", "3")
    assert (status, err) == (0, "")
    assert out.startswith("HELD  wordcount on 8 machines, seed 3\n")
    assert "The answer equals that of one plain process" in out
    assert re.search(r"8 records in 8 files", out)
    assert [len(re.findall(f": {kind} n", out)) for kind in ("crash", "cut", "heal", "join")] == [2, 1, 1, 1]


def test_the_json_is_one_object_and_the_same_for_the_same_seed(capsys: pytest.CaptureFixture[str], text: str) -> None:
    words = ("wordcount", "--input", text, "--faults", FAULTS, "--seed", "4")
    first, second = form(capsys, *words), form(capsys, *words)
    for one in (first, second):
        del one["seconds"], one["plain_seconds"]
    assert first == second
    assert (first["verdict"], first["equal"], first["evidence"]) == ("held", True, "searched")
    assert first["faults"] == {"crashes": 2, "cuts": 1, "partitions": 0, "joins": 1}
    assert first["attempts"] >= first["tasks"]
    assert first["violated"] == []
    asked = first["asked"]
    for layer in (
        "ordered_ring",
        "acknowledged_blocks_survive",
        "resources_never_overcommitted",
        "one_output_commit_per_task",
        "an_executor_runs_as_long_as_its_task",
    ):
        assert asked[layer] > 0


def test_the_same_seed_is_the_same_run_whatever_seed_pythons_hashes_have(text: str) -> None:
    words = (sys.executable, "-m", "stackproof.checker.cli", "run", "wordcount", "--input", text, "--json")
    digests = {
        json.loads(
            subprocess.run(
                [*words, "--faults", FAULTS],
                env={**os.environ, "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
            ).stdout
        )["digest"]
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_several_files_may_follow_one_option(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert form(capsys, "wordcount", "--input", text, text)["input"] == [text, text]
    assert form(capsys, "wordcount", "--input", text, "--input", text)["input"] == [text, text]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("wordcont", "--input", "{}"), "there is no job 'wordcont'; there are wordcount, grep"),
        (("wordcount",), "Write --input FILE"),
        (("wordcount", "--input", "/nowhere/at all"), "/nowhere/at all: No such file or directory"),
        (("wordcount", "--input", "/"), "/: Is a directory"),
        (("grep", "--input", "{}"), "--pattern"),
        (("grep", "--input", "{}", "--pattern", "("), "--pattern (: "),
        (("wordcount", "--input", "{}", "--faults", "crash=2"), "write each kind once"),
        (("wordcount", "--input", "{}", "--faults", "crashes=two"), "write each kind once"),
        (("wordcount", "--input", "{}", "--faults", "crashes=1,crashes=1"), "write each kind once"),
        (("wordcount", "--input", "{}", "--faults", "crashes=6"), "6 crashes of 8 machines: 3 have to remain"),
        (("wordcount", "--input", "{}", "--agents", "2"), "let there be 3 or more"),
        (("logistic-regression", "--input", "{}", "--agents", "x"), "--agents"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_exits_with_2(
    capsys: pytest.CaptureFixture[str], text: str, words: tuple[str, ...], said: str
) -> None:
    status, out, err = ran(capsys, *(word.replace("{}", text) for word in words))
    assert (status, out) == (2, "")
    assert err.startswith("stackproof: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_run_whose_time_is_over_is_unknown(capsys: pytest.CaptureFixture[str], text: str) -> None:
    status, out, _ = ran(capsys, "wordcount", "--input", text, "--time", "0")
    assert status == 3
    assert out.startswith("UNKNOWN")
    assert "its time was over" in out


def test_an_answer_that_differs_exits_with_1_and_says_how_to_repeat_it(
    capsys: pytest.CaptureFixture[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = JOBS["wordcount"]

    def wrong(asked: Asked) -> Task:
        task = made(asked)
        return Task(task.splits, task.tasks, task.cluster, lambda: ())

    monkeypatch.setitem(JOBS, "wordcount", wrong)
    words = ("wordcount", "--input", text, "--seed", "5", "--faults", "crashes=1")
    status, out, _ = ran(capsys, *words)
    assert status == 1
    assert out.startswith("VIOLATED")
    assert "the answer is not the plain one" in out
    assert out.splitlines()[-1] == f"stackproof run wordcount --agents 8 --seed 5 --faults crashes=1 --input '{text}'"


def test_a_property_that_does_not_hold_on_the_way_ends_the_run(
    capsys: pytest.CaptureFixture[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    def look(watch: Watch, run: Any) -> bool:
        watch.found = ("a_property", "for a reason")
        return True

    monkeypatch.setattr(Watch, "look", look)
    status, out, _ = ran(capsys, "wordcount", "--input", text)
    assert status == 1
    assert "a_property: for a reason" in out


def test_every_job_has_a_line_of_help() -> None:
    assert all(made.__doc__ for made in JOBS.values())
    assert tuple(JOBS) == NAMES
    assert set(JOBS) == {
        *("wordcount", "grep", "link-graph", "url-frequency", "sort"),
        *("pagerank", "logistic-regression", "log-mining"),
    }


def test_faults_are_drawn_from_the_seed_apart_from_each_other_and_all_of_them() -> None:
    machines = tuple(f"n{i}" for i in range(8))
    asked = ordered("crashes=3, cuts=1, partitions=1, joins=2")
    assert asked == Ordered(3, 1, 1, 2)
    for seed in range(50):
        drawn = schedule(asked, seed, machines, ("n8", "n9"), (*machines, "mesos"))
        struck = [(at, event) for at, event in drawn if event.name != "heal"]
        assert sorted(event.name for _, event in struck) == ["crash"] * 3 + ["cut"] * 2 + ["join"] * 2
        assert all(later - earlier > 60_000 for (earlier, _), (later, _) in pairwise(struck))
        assert len({event.node for _, event in struck if event.name == "crash"}) == 3
        assert drawn == schedule(asked, seed, machines, ("n8", "n9"), (*machines, "mesos"))
