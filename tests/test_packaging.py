"""What is installed is what was meant: stackproof, its command, its types and its traces, and nothing beside them."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.environments import REPOSITORY, Environment, installed, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fresh(archives: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment into which nothing but the wheel was asked."""
    return installed(archives[1], tmp_path_factory.mktemp("fresh") / "venv")


def test_the_links_at_the_top_lead_into_the_package() -> None:
    for name in ("reference", "checker", "spec"):
        assert (REPOSITORY / name).readlink() == Path("src/stackproof") / name


def test_the_sdist_holds_the_repository_without_the_links(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as archive:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames()}
    assert not [name for name in names if name.startswith(("reference", "checker", "spec"))]
    assert {"src/stackproof/py.typed", "traces/FORMAT.md", "tests/test_packaging.py", "LICENSE", "README.md"} <= names


def test_the_only_top_level_names_of_the_wheel_are_stackproof_and_its_dist_info(archives: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(archives[1]) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top.split("-")[0] for top in tops} == {"stackproof"}
    assert sorted(top.partition(".dist-info")[1] for top in tops) == ["", ".dist-info"]


def test_the_wheel_holds_every_file_of_the_package_and_every_trace(archives: tuple[Path, Path]) -> None:
    package = REPOSITORY / "src" / "stackproof"
    kinds = (".py", ".typed", ".css", ".js")
    ours = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.suffix in kinds}
    ours |= {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "traces").rglob("*.jsonl")}
    with zipfile.ZipFile(archives[1]) as archive:
        names = {name.removeprefix("stackproof/") for name in archive.namelist()}
    assert ours - names == set()


def test_the_console_script_runs(fresh: Environment, tmp_path: Path) -> None:
    assert "two-phase-commit-tla" in fresh.stackproof("list", cwd=tmp_path)
    explored = fresh.stackproof("explore", "two-phase-commit-tla", "--engine", "native", cwd=tmp_path)
    assert "288 distinct" in explored


def test_the_shipped_traces_are_found_and_replay(fresh: Environment, tmp_path: Path) -> None:
    listed = fresh.stackproof("list", "traces", cwd=tmp_path)
    (trace,) = [line for line in listed.splitlines() if line.startswith("abd/")]
    assert "HELD" in fresh.stackproof("replay", trace, cwd=tmp_path)


def test_the_reference_needs_attrs_and_nothing_of_the_checker(fresh: Environment, tmp_path: Path) -> None:
    program = (
        "import sys; import stackproof.reference.storage.quorum_store;"
        "print(sorted({'numba', 'numpy', 'typer', 'rich', 'stackproof.checker'} & {*sys.modules}))"
    )
    assert run(fresh.python, "-c", program, cwd=tmp_path) == "[]\n"


RIGHT = """
from stackproof.checker import Report, Scenario, explore
from stackproof.checker.registry import build

scenario: Scenario = build("quorum", {"w": 1})
report: Report = explore(scenario)
distinct: int = report.distinct
"""


@pytest.mark.parametrize(("program", "status"), [(RIGHT, 0), (RIGHT.replace("distinct: int", "distinct: str"), 1)])
def test_mypy_sees_the_types(program: str, status: int, fresh: Environment, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(program)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(fresh.python), "user.py"]
    done = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout
    if status:
        assert 'variable has type "str"' in done.stdout
