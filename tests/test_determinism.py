"""The same command says and writes the same, byte for byte, whatever the hash seed and the version of Python.

Times and memory aside, of course.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.environments import installed, interpreter, run

COMMANDS = (
    "explore quorum --w 1 --json --engine plain --trace plain.jsonl",
    "explore quorum --n 2 --w 2 --r 1 --clients 3 --json --engine native --threads 2 --trace native.jsonl",
    "explore two-phase-commit --no-restarts --drops 1 --json --engine native --trace blocked.jsonl",
    "explore two-phase-commit-tla --participants 4 --json",
    "explore --bug A1 --json --trace lasso.jsonl",
    "replay lasso.jsonl",
    "replay plain.jsonl --step",
    "replay native.jsonl --json",
    "replay blocked.jsonl",
    "check abd quorum-lecture --json",
    "explore two-phase-commit-tla --conform --json",
    "prove election --json",
    "search --bug J2 --examples 100 --json --trace searched.jsonl",
    "list --json",
    "list traces",
)
MEASURED = ("seconds", "peak_mib", "steps_per_second")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def said(python: Path | str, folder: Path, **environment: str) -> dict[str, str]:
    """What each command prints and writes, run in a folder of its own."""
    folder.mkdir()
    printed = {
        command: timeless(run(python, "-m", "stackproof.checker.cli", *command.split(), cwd=folder, **environment))
        for command in COMMANDS
    }
    return printed | {path.name: path.read_text("ascii") for path in sorted(folder.glob("*.jsonl"))}


def timeless(output: str) -> str:
    """The output; where it is JSON, without seconds and memory."""
    return json.dumps(without_times(json.loads(output))) if output.startswith("{") else output


def without_times(form: Any) -> Any:
    """A JSON form without what differs from run to run."""
    if isinstance(form, Mapping):
        return {key: without_times(value) for key, value in form.items() if key not in MEASURED}
    return [without_times(part) for part in form] if isinstance(form, list) else form


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What this interpreter says."""
    return said(sys.executable, tmp_path_factory.mktemp("here") / "run", PYTHONHASHSEED="0")


@pytest.mark.slow
def test_every_command_says_something_and_every_violation_leaves_a_trace(here: dict[str, str]) -> None:
    assert all(here.values())
    assert {"plain.jsonl", "native.jsonl", "blocked.jsonl", "lasso.jsonl", "searched.jsonl"} <= here.keys()


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "random"])
def test_the_hash_seed_changes_nothing(seed: str, here: dict[str, str], tmp_path: Path) -> None:
    assert said(sys.executable, tmp_path / "run", PYTHONHASHSEED=seed) == here


@pytest.mark.slow
@pytest.mark.parametrize("version", [one for one in ("3.11", "3.12", "3.13") if one != HERE])
def test_the_version_of_python_changes_nothing(
    version: str, here: dict[str, str], archives: tuple[Path, Path], tmp_path: Path
) -> None:
    other = interpreter(version)
    if other is None:
        pytest.skip(f"there is no Python {version} on this machine")
    fresh = installed(archives[1], tmp_path / "venv", other)
    assert said(fresh.python, tmp_path / "run", PYTHONHASHSEED="random", XDG_CACHE_HOME=str(tmp_path)) == here
