"""The examples that hold etcd and Redis against the judge, where these are installed; and the recorder they use."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from stackproof.checker.judge.ask import Ask, answered
from stackproof.checker.judge.files import events_of
from stackproof.checker.judge.models import MODELS
from stackproof.checker.judge.recorder import Recorder
from stackproof.checker.report import Verdict
from tests.environments import REPOSITORY, run

STORES = {"etcd": "etcd", "redis": "redis-server"}
HIDDEN = """
import runpy, shutil, sys
shutil.which = lambda name: None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def example(store: str) -> Path:
    return REPOSITORY / "examples" / f"hold_{store}_against_the_judge.py"


def verdicts(printed: str, ask: Ask) -> list[str]:
    """What an example says to a question, of each of its histories."""
    return re.findall(rf"^  {ask} +(\w+)$", printed, re.MULTILINE)


@pytest.mark.parametrize("store", STORES)
def test_where_a_store_is_missing_an_example_says_how_to_install_it(store: str, tmp_path: Path) -> None:
    printed = run(sys.executable, "-c", HIDDEN, example(store), cwd=tmp_path)
    assert printed.endswith(f"is not installed, so there is nothing to judge: apt-get install {store}-server\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "store",
    [
        pytest.param(store, marks=pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}"))
        for store, program in STORES.items()
    ],
)
def test_what_a_store_promises_is_held_and_what_it_does_not_is_refused(store: str, tmp_path: Path) -> None:
    printed = run(sys.executable, example(store), "--seconds", "2", "--keep", tmp_path, cwd=tmp_path)
    assert verdicts(printed, Ask.LINEARIZABLE) == ["held", "violated"], printed
    assert verdicts(printed, Ask.REGULAR) == ["held", "violated"], printed
    assert verdicts(printed, Ask.MONOTONIC_READS) == ["held", "held"], printed
    for file in tmp_path.glob("*.jsonl"):
        assert len(events_of(file.read_text("utf-8"), file.name, "jsonl")) > 100


def test_a_recorder_notes_what_is_known_and_what_is_not() -> None:
    history = Recorder()

    def fails() -> int:
        raise TimeoutError

    assert history.call("a", "write", 1, lambda: 1)
    assert not history.call("b", "write", 2, fails)
    assert history.call("a", "read", None, lambda: 2)
    calls = history.calls(MODELS["register"])
    assert [str(one) for one in calls] == ["write 1", "write 2 -> ?", "read -> 2"]
    assert answered(Ask.LINEARIZABLE, calls, MODELS["register"]).verdict is Verdict.HELD
    assert [json.loads(line)["type"] for line in history.lines().splitlines()] == [
        "invoke",
        "ok",
        "invoke",
        "info",
        "invoke",
        "ok",
    ]
    assert [(e.process, e.kind, e.value) for e in events_of(history.lines(), "-", "jsonl")] == [
        (e.process, e.kind, e.value) for e in history.events
    ]
