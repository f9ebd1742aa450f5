"""What several folders of tests share."""

from pathlib import Path

import pytest

from tests.environments import built


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel built from it."""
    sdist, wheel = built(tmp_path_factory.mktemp("archives"))
    return sdist, wheel
