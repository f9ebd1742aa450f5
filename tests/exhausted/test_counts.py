"""The counts of every bounded scenario, compared with the manifest beside this file."""

import tomllib
from collections.abc import Iterable

import pytest

from stackproof.checker import explore
from stackproof.checker.explore import Engine
from stackproof.checker.parameters import written
from stackproof.checker.registry import SCENARIOS, build, options_of
from tests.exhausted.counts import Counted, counted, manifest

LINES = manifest()
TLA = [line for line in LINES if line.scenario == "two-phase-commit-tla"]
FEW = 10_000
MANY = 20_000
MANY_FOR_PLAIN = 3_000


def cases(lines: Iterable[Counted], many: int) -> list[object]:
    """Each line as a case of its own; those that take long are slow."""
    marks = {True: [pytest.mark.slow], False: []}
    return [pytest.param(line, marks=marks[line.distinct > many], id=line.title) for line in lines]


def recounted(line: Counted, engine: Engine) -> Counted:
    """The line as an engine counts it now."""
    return counted(explore(build(line.scenario, line.parameters), engine=engine), line.parameters)


@pytest.mark.parametrize("line", cases(LINES, MANY))
def test_the_native_engine_counts_what_the_manifest_says(line: Counted) -> None:
    assert recounted(line, "native") == line


@pytest.mark.parametrize("line", cases((one for one in LINES if one.distinct < FEW), MANY_FOR_PLAIN))
def test_the_plain_engine_counts_what_the_manifest_says(line: Counted) -> None:
    assert recounted(line, "plain") == line


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_registered_scenario_has_a_line_for_its_defaults(name: str) -> None:
    defaults = {one.name: written(one.default) for one in options_of(name)}
    counts = "tests/exhausted/counts"
    wanted = f"add to {counts}.toml what this prints: python {counts}.py {name}"
    assert any(line.scenario == name and line.in_full == defaults for line in LINES), wanted


def test_no_line_stands_twice() -> None:
    said = [(line.scenario, sorted(line.in_full.items())) for line in LINES]
    assert [line for line in said if said.count(line) > 1] == []


def test_a_line_is_printed_as_it_stands_in_the_manifest() -> None:
    for line in LINES:
        (again,) = tomllib.loads(line.toml)["exhausted"]
        assert Counted(**({"parameters": {}} | again)) == line


@pytest.mark.parametrize("line", TLA, ids=[line.title for line in TLA])
def test_two_phase_commit_has_as_many_worlds_and_transitions_as_its_closed_forms_say(line: Counted) -> None:
    n = line.in_full["participants"]
    assert line.distinct == 6**n + 4**n + 2**n
    assert line.transitions == 4**n + 1 + 3 * n * 4 ** (n - 1) + 5 * n * 6 ** (n - 1) + n * 2 ** (n - 1)
    assert line.depth == 3 * n + 1
