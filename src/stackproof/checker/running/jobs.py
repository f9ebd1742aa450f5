"""The jobs that `stackproof run` knows: what their input is, and what they come to without any machinery.

A job is cut into splits, each a block of the store. It should outlast the faults that are to strike: so long a time is
divided among its tasks, of which each machine runs one after the other.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from stackproof.checker.host import ScenarioError
from stackproof.reference.processing import actions
from stackproof.reference.processing import jobs as of_the_paper
from stackproof.reference.processing.mapreduce.job import Job
from stackproof.reference.processing.rdd import parallelize
from stackproof.reference.processing.stages import Program
from stackproof.reference.stack import cluster, programs
from stackproof.reference.stack.cluster import Cluster, Shape
from stackproof.reference.stack.inputs import Lines, lines
from stackproof.reference.stack.tasks import Stored

LARGEST_BLOCK, SMALLEST_BLOCK = 1 << 18, 1 << 10
WAVES = 4
KEY_CHARACTERS = 10
SAMPLED = 1000


@frozen
class Asked:
    """What a user asks for."""

    job: str
    files: tuple[Path, ...]
    pattern: str | None = None
    agents: int = 8


@frozen
class Task:
    """A job, ready to run.

    splits    its input
    tasks     how many tasks it has
    cluster   what runs it: of a shape, and in so many milliseconds or more
    plain     the answer of one process
    answered  whether the answer is told by the driver; else it is read from files
    """

    splits: tuple[Any, ...]
    tasks: int
    cluster: Callable[[Shape, float], Cluster]
    plain: Callable[[], Any]
    answered: bool = False


def texts(asked: Asked) -> Iterator[tuple[str, str]]:
    """Each file's name and its text, in which bytes that are no UTF-8 are kept; raises ScenarioError for one unread."""
    for path in asked.files:
        try:
            yield str(path), path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise ScenarioError(f"--input {path}: {error.strerror or error}") from None


def block_size(asked: Asked, size: int, waves: int = WAVES) -> int:
    """How large a block is: each machine should have several to work on, one after the other, and not too many."""
    return max(SMALLEST_BLOCK, min(LARGEST_BLOCK, size // (waves * asked.agents) + 1))


def in_lines(asked: Asked, width: int | None = None, waves: int = WAVES) -> tuple[Lines, ...]:
    """The lines of all files."""
    read = tuple(texts(asked))
    size = block_size(asked, sum(len(text) for _, text in read), waves)
    return tuple(piece for file, text in read for piece in lines(file, text, size, width))


def in_pages(asked: Asked) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Each file is a page: its name, its text. Several small ones share a block."""
    read = tuple(texts(asked))
    size = block_size(asked, sum(len(text) for _, text in read))
    blocks: list[list[tuple[str, str]]] = [[]]
    for page in read:
        if blocks[-1] and sum(len(text) for _, text in blocks[-1]) + len(page[1]) > size:
            blocks.append([])
        blocks[-1].append(page)
    return tuple(tuple(block) for block in blocks if block)


def grep(asked: Asked) -> Job:
    """Grep for the pattern; raises ScenarioError where there is none, or it is no regular expression."""
    if asked.pattern is None:
        raise ScenarioError("grep: what for? Write --pattern REGULAR-EXPRESSION")
    try:
        re.compile(asked.pattern)
    except re.error as error:
        raise ScenarioError(f"--pattern {asked.pattern}: {error}") from None
    return of_the_paper.Grep(asked.pattern)


def on_mapreduce(asked: Asked, job: Job, splits: tuple[Any, ...]) -> Task:
    """A MapReduce job over these splits, with one reduce task for each machine."""
    reduces = asked.agents
    waves = -(-len(splits) // asked.agents) + 1

    def plain() -> Any:
        output, _ = of_the_paper.plain(job, splits)
        return of_the_paper.partitioned(job, output, reduces)

    def made(shape: Shape, span_ms: float) -> Cluster:
        return cluster.mapreduce(shape, job, splits, reduces, span_ms / waves)

    return Task(splits, len(splits) + reduces, made, plain)


def wordcount(asked: Asked) -> Task:
    """How often each word occurs."""
    return on_mapreduce(asked, of_the_paper.WordCount(), in_lines(asked))


def grepped(asked: Asked) -> Task:
    """The lines in which --pattern occurs."""
    return on_mapreduce(asked, grep(asked), in_lines(asked))


def url_frequency(asked: Asked) -> Task:
    """How often each URL was asked for, of the logs of a web server."""
    return on_mapreduce(asked, of_the_paper.UrlAccessFrequency(), in_lines(asked))


def link_graph(asked: Asked) -> Task:
    """For each page those that link to it: each file is a page."""
    return on_mapreduce(asked, of_the_paper.ReverseWebLinkGraph(), in_pages(asked))


def sort(asked: Asked) -> Task:
    """The lines in order of their first ten characters, as TeraSort's records."""
    splits = in_lines(asked, KEY_CHARACTERS)
    every = max(1, sum(piece.text.count("\n") for piece in splits) // SAMPLED)
    sample = [key for piece in splits for number, (key, _) in enumerate(piece) if number % every == 0]
    cuts = of_the_paper.cuts_of(sample, asked.agents) if sample else ("",) * (asked.agents - 1)
    return on_mapreduce(asked, of_the_paper.Sort(cuts), splits)


def on_rdds(asked: Asked, splits: tuple[Any, ...], program: Callable[[Stored], Program]) -> Task:
    """A program over the lines of these splits; the same program, evaluated in one process, is the plain answer."""
    one = program(cluster.stored(Shape((0,)), splits))
    waves = sum(-(-len(stage.partitions) // asked.agents) for stage in one.stages)

    def made(shape: Shape, span_ms: float) -> Cluster:
        return cluster.rdds(shape, program(cluster.stored(shape, splits)), splits, span_ms / waves)

    return Task(
        splits,
        sum(len(stage.partitions) for stage in one.stages),
        made,
        lambda: tuple(map(actions.run, one.jobs)),
        answered=True,
    )


def log_mining(asked: Asked) -> Task:
    """The lines with ERROR in them: how many, how many with --pattern, and the fourth field of these."""
    pattern = "" if asked.pattern is None else asked.pattern
    return on_rdds(asked, in_lines(asked, waves=1), lambda lines: programs.log_mining(lines, pattern))


def pagerank(asked: Asked) -> Task:
    """The ranks of pages, of lines that each name a page and one that it links to; five iterations."""
    return on_rdds(asked, in_lines(asked, waves=1), programs.pagerank)


def logistic_regression(asked: Asked) -> Task:
    """Five steps of a logistic regression, of lines of numbers: a label, positive or not, then features."""
    splits = in_lines(asked, waves=1)
    widths = (len(line.replace(",", " ").split()) - 1 for split in splits for _, line in split if line.strip())
    width = next((width for width in widths if width > 0), 0)
    if not width:
        raise ScenarioError("logistic-regression: a line is a label and at least one number, as in: 1 0.5 2.25")
    first = parallelize([(0.0,) * (width + 1)], 1)
    return on_rdds(asked, splits, lambda lines: programs.logistic_regression(lines, first, width))


JOBS: Mapping[str, Callable[[Asked], Task]] = {
    "wordcount": wordcount,
    "grep": grepped,
    "link-graph": link_graph,
    "url-frequency": url_frequency,
    "sort": sort,
    "pagerank": pagerank,
    "logistic-regression": logistic_regression,
    "log-mining": log_mining,
}


def task(asked: Asked) -> Task:
    """The job that somebody asks for; raises ScenarioError where there is no such job."""
    if asked.job not in JOBS:
        raise ScenarioError(f"there is no job {asked.job!r}; there are {', '.join(JOBS)}")
    if not asked.files:
        raise ScenarioError(f"{asked.job}: of what? Write --input FILE, once for each file")
    return JOBS[asked.job](asked)
