"""The pytest plugin: scenarios checked from within somebody's own test suite (docs/pytest.md).

pytest loads it by the entry point group `pytest11` wherever stackproof is installed. So it stands outside of the
checker, and imports nothing of it before a scenario is checked: a suite without scenarios does not notice.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from stackproof import __version__

if TYPE_CHECKING:
    from stackproof.checker.plugin import Answer
    from stackproof.checker.report import Report
    from stackproof.checker.scenario import Scenario
    from stackproof.checker.search.report import Searched

Check: TypeAlias = Callable[..., "Report | Searched"]
FOLDER = ".stackproof"
MARKER = """scenario(scenario, *, by="explore", allow_unknown=False, **parameters): \
check a stackproof scenario, given by its name or as scenario=function, before the test itself runs; \
it fails where the scenario is violated or nobody knows"""
OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("seed", "seed {}", {"type": int, "metavar": "N", "help": "the seed of searches (default: 0)"}),
    ("time", "{:g} s each", {"type": float, "metavar": "S", "help": "how many seconds each scenario may take"}),
    ("worlds", "{:,} worlds each", {"type": int, "metavar": "N", "help": "how many worlds each exploration may visit"}),
    ("traces", "traces in {}", {"metavar": "DIR", "help": f"where failing traces are kept (default: {FOLDER})"}),
)
"""Each option, how it is told in the header, and what argparse is told of it."""

ANSWERS = pytest.StashKey[list["Answer"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all of which begin with --stackproof-."""
    group = parser.getgroup("stackproof", "scenarios checked by stackproof")
    for name, _, told in OPTIONS:
        group.addoption(f"--stackproof-{name}", **told)


def pytest_configure(config: pytest.Config) -> None:
    """The marker, for --markers and --strict-markers."""
    config.addinivalue_line("markers", MARKER)


def said(config: pytest.Config) -> list[str]:
    """The options that were given, in words."""
    given = ((words, config.getoption(f"--stackproof-{name}")) for name, words, _ in OPTIONS)
    return [words.format(value) for words, value in given if value is not None]


def pytest_report_header(config: pytest.Config) -> str | None:
    """A line above all tests, where options were given."""
    given = said(config)
    return f"stackproof {__version__}: {', '.join(given)}" if given else None


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | None:
    """A line below the number of tests, where no options were given and there is a scenario among the tests."""
    if said(config) or config.option.verbose < 0:
        return None
    count = sum(map(asks, items))
    return f"stackproof {__version__}: {count} of them with scenarios, seed 0" if count else None


def asks(item: pytest.Item) -> bool:
    """Whether a test checks a scenario."""
    named = "check_scenario" in getattr(item, "fixturenames", ())
    return named or item.get_closest_marker("scenario") is not None


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    """No test is lost: of `mark.scenario(function)`, with nothing else, pytest marks the function, not the test."""
    if name.startswith("test") and type(obj).__module__ == "stackproof.checker.scenario":
        told = (
            "pytest takes the only argument of a marker for what is marked: write @pytest.mark.scenario(scenario=...)"
        )
        raise collector.CollectError(f"{name} has become a Scenario. {told}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Before the test itself: what is wrong with its scenarios makes it fail."""
    for answer in answers(item):
        judge(item.config, answer, item.nodeid)
        item.user_properties.append(("stackproof", answer.told))


def answers(item: pytest.Item) -> list["Answer"]:
    """What comes of the scenarios of a test, those of the nearest marker first; found out once."""
    if ANSWERS not in item.stash:
        item.stash[ANSWERS] = [
            answered(item.config, *mark.args, **mark.kwargs) for mark in item.iter_markers("scenario")
        ]
    return item.stash[ANSWERS]


def answered(config: pytest.Config, *arguments: Any, **asked: Any) -> "Answer":
    """What comes of one scenario; a question that makes no sense fails the test in a sentence."""
    from stackproof.checker import plugin  # noqa: PLC0415 - slow to import

    named = {name: config.getoption(f"--stackproof-{name}") for name in ("seed", "time", "worlds")}
    defaults = plugin.Defaults(named["seed"] or 0, named["time"], named["worlds"], config.rootpath)
    answer = plugin.answer_or_why(defaults, *arguments, **asked)
    if isinstance(answer, str):
        pytest.fail(answer, pytrace=False)
    return answer


def judge(config: pytest.Config, answer: "Answer", test: str) -> None:
    """Fail where a scenario is not held; its trace is kept."""
    chosen = config.getoption("--stackproof-traces")
    folder = config.rootpath / FOLDER if chosen is None else Path(config.invocation_params.dir, chosen)
    if complaint := answer.complaint(folder, test):
        pytest.fail(complaint, pytrace=False)


@pytest.fixture
def scenario_report(request: pytest.FixtureRequest) -> "Report | Searched":
    """What came of the scenario that the test is marked with: verdict, counts, goals; `Report` has them."""
    found = answers(request.node)
    if not found:
        pytest.fail("scenario_report needs a scenario: write @pytest.mark.scenario(NAME) above the test", pytrace=False)
    return found[0].report


@pytest.fixture(scope="session")
def check_scenario(pytestconfig: pytest.Config) -> Check:
    """`check_scenario(scenario, *, by="explore", allow_unknown=False, **parameters)`: fails, or returns the report.

    The scenario is a name, a function that returns a Scenario for the parameters, or a Scenario.
    """
    from stackproof.checker.plugin import current_test  # noqa: PLC0415 - slow to import

    def check(scenario: "str | Callable[..., Scenario] | Scenario", **asked: Any) -> "Report | Searched":
        answer = answered(pytestconfig, scenario, **asked)
        judge(pytestconfig, answer, current_test())
        return answer.report

    return check


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tests that passed though nobody knows: unknown is never taken for held in silence."""
    passed = terminalreporter.stats.get("passed", [])
    told = [(one.nodeid, words) for one in passed for name, words in one.user_properties if name == "stackproof"]
    unknown = [f"{test}: {words}" for test, words in told if words.startswith("unknown")]
    if unknown:
        terminalreporter.section("stackproof: allowed to be unknown")
        for line in unknown:
            terminalreporter.line(line)
