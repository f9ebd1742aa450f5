"""What README.md and the documents say is so: commands print what is shown, code runs, numbers are the manifest's."""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from stackproof.checker.counterexamples import spelled
from tests.environments import REPOSITORY, run
from tests.exhausted.counts import manifest

README = REPOSITORY / "README.md"
DOCUMENTS = [
    path
    for folder in (".", "docs", "docs/proofs", "tests", "traces")
    for path in sorted((REPOSITORY / folder).glob("*.md"))
]
MEASURED = re.compile(r"\d+\.\d+ s\b((, [\d,]+ (worlds|orbits)/s)?, [\d,]+ MiB, (plain|native) engine)?")


def title(document: Path) -> str:
    """A document's path in the repository."""
    return document.relative_to(REPOSITORY).as_posix()


@frozen
class Block:
    """A fenced block of a document."""

    language: str
    text: str


def blocks(document: Path, language: str) -> list[Block]:
    """The blocks of a document that are in this language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(*one) for one in found if one[0] == language]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and what it is said to print."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def fits(said: str, printed: str) -> bool:
    """Whether a command printed what a document says: `...` alone on a line stands for lines that are left out."""
    wanted = [re.escape(MEASURED.sub("measured", part)) for part in re.split(r"^\.\.\.\n", said, flags=re.MULTILINE)]
    return re.fullmatch("(?s:.*)".join(wanted), MEASURED.sub("measured", printed)) is not None


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if blocks(one, "console")], ids=title)
def test_every_command_prints_what_the_document_says(document: Path, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    for block in blocks(document, "console"):
        for command, said in commands(block):
            program, *words = shlex.split(command)
            assert program == "stackproof"
            printed = run(sys.executable, "-m", "stackproof.checker.cli", *words, cwd=tmp_path, COLUMNS="80")
            assert fits(said, printed), f"{document.name} says of {command}:\n{said}\nbut it prints:\n{printed}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=title)
def test_every_program_runs_or_is_an_example(document: Path) -> None:
    examples = {path.read_text("utf-8") for path in (REPOSITORY / "examples").glob("*.py")}
    for block in blocks(document, "python"):
        if block.text not in examples:
            exec(block.text, {"__name__": "document"})  # noqa: S102 - our own text


def test_every_example_is_shown_or_named() -> None:
    told = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    for path in (REPOSITORY / "examples").glob("*.py"):
        assert f"(../examples/{path.name})" in told or path.read_text("utf-8") in told


def test_the_library_of_the_example_answers_as_the_document_says(tmp_path: Path) -> None:
    printed = run(sys.executable, REPOSITORY / "examples" / "hold_uhashring_against_the_reference.py", cwd=tmp_path)
    (said,) = blocks(REPOSITORY / "docs" / "chord.md", "text")
    assert said.text == printed


@pytest.mark.parametrize("document", [README, REPOSITORY / "docs" / "processing.md"], ids=title)
def test_the_table_of_counts_is_part_of_the_manifest(document: Path) -> None:
    known = {
        f"`{' '.join([line.scenario, *spelled(line.parameters)])}`": [
            *(f"{number:,}" for number in line.numbers.values()),
            line.verdict,
        ]
        for line in manifest()
    }
    table = re.findall(r"^\| `(?:.*\| ){4}.*$", document.read_text("utf-8"), re.MULTILINE)
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table]
    assert rows
    assert [row for row in rows if known.get(row[0]) != row[2:]] == []


def test_the_command_that_passes_the_tests_is_the_one_that_runs_elsewhere() -> None:
    (setting_up,) = [block for block in blocks(README, "bash") if "venv" in block.text]
    main_job, tests = setting_up.text.splitlines()
    assert main_job.endswith(".venv/bin/stackproof check")
    assert (REPOSITORY / ".ci" / "run").read_text("utf-8").splitlines()[-1] == tests


@pytest.mark.parametrize("document", DOCUMENTS, ids=title)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8"))
    lost = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert lost == []
