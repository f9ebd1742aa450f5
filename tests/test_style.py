"""The style of the house, as far as tools can judge it: ruff's rules and its format, mypy's strictest types."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


def is_content(*command: str) -> None:
    """Fail with what a tool has to say of the repository, if it is not content."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def test_ruff_has_no_complaints() -> None:
    is_content("ruff", "check", "--output-format", "concise")


def test_everything_is_formatted() -> None:
    is_content("ruff", "format", "--check")


@pytest.mark.slow
def test_mypy_has_no_complaints() -> None:
    is_content("mypy")
