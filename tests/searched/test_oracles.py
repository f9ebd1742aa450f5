"""The examples that hold the reference against PySpark, Hadoop and Dask: what they find, and that they can find it."""

import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.environments import REPOSITORY, run

DOCUMENT = REPOSITORY / "docs" / "processing.md"
DISTURBED = """
import runpy, sys
from stackproof.reference.processing import rdd
from stackproof.reference.processing.mapreduce import worker

def upwards(count, groups):
    ends = [-(-count * i // groups) for i in range(groups + 1)]
    return tuple(tuple(range(*pair)) for pair in zip(ends, ends[1:]))

def forgetful(job, records, reduces, skip, honest=worker.mapped):
    return honest(job, records[1:], reduces, skip)

rdd.shares, worker.mapped = upwards, forgetful
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
MISSING = """
import importlib.util, runpy, sys
here = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in ("pyspark", "dask") else here(name, *rest)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
JAVA = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("pyspark") is None, reason="PySpark is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java"),
]
DASK = [pytest.mark.slow, pytest.mark.skipif(find_spec("dask") is None, reason="Dask is not installed")]


def example(system: str) -> Path:
    return REPOSITORY / "examples" / f"hold_the_reference_against_{system}.py"


def said() -> list[str]:
    """What the document says that the examples print: PySpark, Hadoop, Dask."""
    return re.findall(r"^```text\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("system", ["pyspark", "hadoop", "dask"])
def test_where_the_package_is_missing_an_example_says_how_to_install_it(system: str, tmp_path: Path) -> None:
    printed = run(sys.executable, "-c", MISSING, example(system), cwd=tmp_path)
    assert printed.endswith("not installed: pip install 'stackproof[oracles]'\n")


@pytest.mark.parametrize(
    "system",
    [pytest.param("pyspark", marks=JAVA), pytest.param("hadoop", marks=JAVA), pytest.param("dask", marks=DASK)],
)
def test_the_document_shows_what_is_printed(system: str, tmp_path: Path) -> None:
    pyspark, hadoop, dask = said()
    if system == "pyspark":
        printed = run(sys.executable, example(system), "--programs", "40", "--seed", "1", cwd=tmp_path)
        assert printed.partition("\n")[0] == pyspark.partition("\n")[0].replace("500", "40")
    else:
        assert run(sys.executable, example(system), cwd=tmp_path) == (hadoop if system == "hadoop" else dask)


@pytest.mark.parametrize("system", [pytest.param("pyspark", marks=JAVA), pytest.param("hadoop", marks=JAVA)])
def test_a_reference_that_is_wrong_does_not_agree(system: str, tmp_path: Path) -> None:
    printed = run(sys.executable, "-c", DISTURBED, example(system), cwd=tmp_path)
    if system == "pyspark":
        assert re.search(r"one differs; shrunk, it is\nparallelize\(.*\)\npartitions: .* here, .* in PySpark", printed)
    else:
        assert printed.count(" in Hadoop\n") == 5


@pytest.mark.slow
@pytest.mark.skipif(find_spec("dask") is None, reason="Dask is not installed")
def test_a_reference_that_coalesces_otherwise_does_not_agree_with_dask(tmp_path: Path) -> None:
    printed = run(sys.executable, "-c", DISTURBED, example("dask"), cwd=tmp_path)
    (agreed,) = re.findall(r"^repartition +(\d+) ", printed, re.MULTILINE)
    assert int(agreed) < 50
