"""The pytest plugin, in suites of its own making: what passes, what fails and how, what is kept, what it costs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stackproof.checker.plugin import LINES, file_name, shortened
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict
from tests.environments import REPOSITORY

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI is set, pytest repeats every failure whole at its end."""
    monkeypatch.delenv("CI", raising=False)


ALONE = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
SUITE = """
import pytest
from stackproof.checker import Scenario
from stackproof.checker.scenarios.quorum import quorum

def mine(n: int = 2):
    return quorum(n=n, w=1, r=1)

def clashing(by: int = 1):
    return quorum()

@pytest.mark.scenario("quorum", worlds=5_000)
def test_held():
    pass

@pytest.mark.scenario(quorum, n=2)
def test_report(scenario_report):
    assert (scenario_report.verdict.value, scenario_report.parameters["n"]) == ("held", 2)

@pytest.mark.scenario("quorum")
def test_body_runs_after_the_check():
    assert False, "the body"

@pytest.mark.scenario("quorum", w=1, r=1)
def test_violated():
    assert False, "the body"

@pytest.mark.scenario(mine, n=3)
def test_mine():
    pass

@pytest.mark.scenario("quorum", w=1, r=1)
@pytest.mark.xfail(strict=True)
def test_expected():
    pass

@pytest.mark.scenario("quorum", worlds=10)
def test_unknown():
    pass

@pytest.mark.scenario("quorum", worlds=10, allow_unknown=True)
def test_allowed():
    pass

@pytest.mark.scenario("two-phase-commit")
class TestOfAClass:
    def test_one(self):
        pass

@pytest.mark.parametrize("w", [1, 2])
def test_called(check_scenario, w):
    assert check_scenario("quorum", n=3, w=w).distinct > 10

def test_built(check_scenario):
    check_scenario(Scenario(nodes=quorum(n=2, w=1, r=1).nodes))
    check_scenario(quorum(n=2, w=1, r=1))

@pytest.mark.scenario("quorumm")
def test_no_scenario(): pass

@pytest.mark.scenario("quorum", m=1)
def test_no_parameter(): pass

@pytest.mark.scenario("quorum", by="luck")
def test_no_way(): pass

@pytest.mark.scenario("quorum", examples=3)
def test_no_budget(): pass

@pytest.mark.scenario(scenario=clashing)
def test_clash(): pass

@pytest.mark.scenario()
def test_nothing(): pass

def test_no_marker(scenario_report): pass
"""
OUTCOMES = {
    "passed": ["held", "report", "allowed", "one", "called[2]"],
    "failed": [
        *("body_runs_after_the_check", "violated", "mine", "unknown", "called[1]", "built", "no_scenario"),
        *("no_parameter", "no_way", "no_budget", "clash", "nothing"),
    ],
    "xfailed": ["expected"],
    "errors": ["no_marker"],
}
SENTENCES = (
    "there is no scenario 'quorumm'; did you mean quorum? See: stackproof list",
    "quorum has no parameter 'm'; it has n, w, *",
    "by='luck': a scenario is checked by explore or search",
    "examples=3 says nothing where by='explore'; take seconds, worlds",
    "test_suite.py:clashing: the parameter 'by' is called like one of the marker's own; rename it",
    "name a scenario: a registered name, a file.py:function, scenario=function, or a Scenario",
    "quorum is unknown: the limit of 10 worlds was reached",
    "scenario_report needs a scenario: write @pytest.mark.scenario(NAME) above the test",
    "test_suite.py::test_allowed: unknown (the limit of 10 worlds was reached), quorum by explore",
    "stackproof *: 18 of them with scenarios, seed 0",
)


CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytester gives every suite a home of its own; what was compiled stays where it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)


def test_a_suite(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)
    done = pytester.runpytest_subprocess(*ALONE, "--strict-markers", "-W", "error", "-rA")
    done.assert_outcomes(**{outcome: len(names) for outcome, names in OUTCOMES.items()})
    text = "\n".join(done.outlines)
    for outcome, names in OUTCOMES.items():
        word = {"errors": "ERROR", "xfailed": "XFAIL"}.get(outcome, outcome.upper())
        found = re.findall(rf"^{word} test_suite\.py::(?:\w+::)?test_([\w\[\]]+)", text, re.MULTILINE)
        assert sorted(found) == sorted(names)
    for sentence in SENTENCES:
        done.stdout.fnmatch_lines([sentence])
    done.stdout.no_fnmatch_line("*During handling*")
    done.stdout.no_fnmatch_line("*stackproof/checker/plugin.py*")
    kept = {path.name for path in (pytester.path / ".stackproof").iterdir()}
    assert {name.split("-")[2] for name in kept if name != ".gitignore"} == {
        *("test_violated", "test_mine", "test_expected", "test_called", "test_built")
    }
    assert (pytester.path / ".stackproof" / ".gitignore").read_text() == "*\n"


def test_a_failure_tells_the_story_and_how_to_replay_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)
    done = pytester.runpytest_subprocess(*ALONE, "-k", "mine", "--stackproof-traces", "kept", "--stackproof-seed", "7")
    told = "\n".join(done.outlines)
    assert "stackproof 0" in told
    assert "seed 7, traces in kept" in told
    first = "test_suite.py:mine(n=3) is violated: reads_return_a_latest_completed_write: c1: get() -> None, though"
    assert first in told
    assert re.search(r"^0 +every node starts\n1 +c0 +timer Begin\n", told, re.MULTILINE)
    (command,) = re.findall(r"^stackproof replay (kept/.*) --scenario test_suite.py:mine$", told, re.MULTILINE)
    words = ("replay", command, "--scenario", "test_suite.py:mine")
    again = pytester.run(sys.executable, "-m", "stackproof.checker.cli", *words)
    assert again.ret == 1
    again.stdout.fnmatch_lines(["VIOLATED *"])


def test_workers_of_xdist_keep_their_traces_apart(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)
    chosen = ("-n", "2", "--dist", "each", "-k", "violated", "--stackproof-time", "60")
    pytester.runpytest_subprocess(*ALONE, *chosen).assert_outcomes(failed=2)
    traces = sorted(path for path in (pytester.path / ".stackproof").glob("*.jsonl") if "linear" not in path.name)
    assert [path.stem[-3:] for path in traces] == ["gw0", "gw1"]
    assert {replay(path).verdict for path in traces} == {Verdict.VIOLATED}


LOST = """
import pytest
from stackproof.checker.scenarios.quorum import quorum

def mine(n: int = 3):
    return quorum()

@pytest.mark.scenario(mine)
def test_lost(): pass
"""


def test_a_test_that_pytest_would_lose_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LOST)
    done = pytester.runpytest_subprocess(*ALONE)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["test_lost has become a Scenario. *write @pytest.mark.scenario(scenario=...)"])


def test_where_nothing_can_be_kept_the_failure_is_told_all_the_same(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)
    (pytester.path / ".stackproof").write_text("a file")
    done = pytester.runpytest_subprocess(*ALONE, "-k", "violated")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["quorum(w=1, r=1) is violated: *", "*cannot be written: *", "stackproof explore quorum *"]
    )


SEARCHED = """
import pytest

@pytest.mark.scenario("quorum", by="search", w=1, r=1, examples=100)
def test_violated(): pass

@pytest.mark.scenario("quorum", by="search", examples=30, steps=20)
def test_reported(scenario_report):
    assert (scenario_report.evidence, scenario_report.seed, scenario_report.runs >= 30) == ("searched", 5, True)
"""


@pytest.mark.slow
def test_a_search_is_judged_alike(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SEARCHED)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--stackproof-seed", "5")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["quorum(w=1, r=1) is violated: *", "0 *every node starts", "stackproof replay *"])


GIVEN = """
from hypothesis import given, settings, strategies as st

@settings(max_examples=5, deadline=None, database=None)
@given(w=st.integers(1, 2))
def test_drawn(check_scenario, w):
    check_scenario("quorum", n=2, r=1, w=w)
"""


def test_hypothesis_may_draw_the_parameters(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(GIVEN)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*quorum(n=2, r=1, w=1) is violated: *"])
    assert [path.name for path in (pytester.path / ".stackproof").glob("*drawn*e.jsonl")] != []


COST = """
import sys, time
began = time.process_time()
import stackproof.pytest_plugin
cost = time.process_time() - began

def test_nothing():
    heavy = {"numba", "z3", "hypothesis", "attrs", "rich", "typer"}
    ours = [name for name in sys.modules if name.startswith("stackproof")]
    assert sorted(ours) == ["stackproof", "stackproof.pytest_plugin"]
    assert heavy & {*sys.modules} == set()
"""


def test_a_suite_without_scenarios_does_not_notice(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(COST)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=1)
    done.stdout.no_fnmatch_line("stackproof *:*")


def test_the_plugin_is_imported_in_less_than_ten_milliseconds() -> None:
    program = (
        "import time, pytest; t = time.process_time(); import stackproof.pytest_plugin; print(time.process_time() - t)"
    )
    tries = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True) for _ in range(3)]
    assert min(float(one.stdout) for one in tries) < 0.010


def shown(number: int) -> list[str]:
    """A block of output in the document, by lines."""
    document = (REPOSITORY / "docs" / "pytest.md").read_text("utf-8")
    return timeless(re.findall(r"^```text\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)[number].splitlines())


def timeless(lines: list[str]) -> list[str]:
    """Lines without blanks at their end, and whatever time it took."""
    return [re.sub(r"in \d+\.\d+s", "in 1s", line.rstrip()) for line in lines]


def printed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, test: str, *options: str) -> list[str]:
    """What pytest prints of an example, on a terminal of 80 columns."""
    for example in (REPOSITORY / "examples").glob("*lease.py"):
        shutil.copy(example, pytester.path)
    shutil.copy(REPOSITORY / "examples" / test, pytester.path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return timeless(pytester.runpytest_subprocess(*options, "-p", "no:cacheprovider", "-q", test).outlines)


def test_the_document_shows_the_story(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(pytester, monkeypatch, "test_lease.py", *ALONE) == shown(0)


def test_the_document_shows_what_hypothesis_finds(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def whoever(lines: list[str]) -> str:
        """The lines, whichever of the two users it is that needs more."""
        one, other = "User('u', (1,))", "User('u', (2,))"
        return re.sub(r"\bu[01]\b", "u", "\n".join(lines)).replace(f"{other}, {one}", f"{one}, {other}")

    lines = printed(pytester, monkeypatch, "test_my_scheduler.py", "--hypothesis-seed=2")
    assert whoever(shown(1)) in whoever(lines)


def test_long_stories_are_cut_in_the_middle() -> None:
    lines = [f"line {number}" for number in range(100)]
    assert shortened(lines[:LINES]) == lines[:LINES]
    short = shortened(lines)
    assert len(short) == LINES
    assert (short[0], short[-1]) == ("line 0", "line 99")
    assert [line for line in short if "left out" in line] == ["... 61 lines are left out ..."]


def test_the_name_of_a_trace_is_short_and_its_own() -> None:
    names = [file_name(f"tests/{'x' * 300}/test_a.py::test_b[{value}]") for value in ("a/b", "a:b")]
    assert len({*names}) == 2
    assert all(len(name) < 120 and re.fullmatch(r"[\w-]+\.jsonl", name) for name in names)
    assert Path(names[0]).name == names[0]
