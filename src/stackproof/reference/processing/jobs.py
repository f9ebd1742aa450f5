"""The jobs of the paper, and the plain answer of any job.

Dean and Ghemawat, OSDI 2004, sections 2.1 (word count), 2.3 (grep, URL access frequency, reverse web-link graph) and
5.3 (sort). The input of all but the last two is text: the value of a record is a line or a page, its key says where it
comes from. `plain` is what all the machinery must come to: one process, no partitions, no combiner, no failures.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen

from stackproof.reference.processing.mapreduce.job import (
    READ,
    WRITTEN,
    Count,
    Counters,
    Job,
    Key,
    Pair,
    Records,
    Value,
)

REQUEST = re.compile(r'"[A-Z]+ (\S+)')
LINK = re.compile(r"""href\s*=\s*["']([^"'#]+)""", re.IGNORECASE)


@frozen
class WordCount(Job):
    """How often each word occurs; words are what white space separates."""

    def map(self, key: Key, value: str) -> Iterator[Pair | Count]:
        """Each word counts one."""
        return ((word, 1) for word in value.split())

    def combine(self, key: Key, values: tuple[int, ...]) -> Iterable[int]:
        """A sum stands for its parts."""
        return (sum(values),)

    def reduce(self, key: Key, values: tuple[int, ...]) -> Iterator[int]:
        """How often the word occurs in all."""
        yield sum(values)


@frozen
class Grep(Job):
    """The records in whose value a regular expression matches something."""

    pattern: str

    def map(self, key: Key, value: str) -> Iterator[Pair | Count]:
        """The record, if it matches."""
        if re.search(self.pattern, value):
            yield key, value
        else:
            yield Count("records without a match")


@frozen
class UrlAccessFrequency(WordCount):
    """How often each URL was asked for: the input are lines of a web server's log."""

    def map(self, key: Key, value: str) -> Iterator[Pair | Count]:
        """Each request counts one."""
        request = REQUEST.search(value)
        yield (request[1], 1) if request else Count("lines without a request")


@frozen
class ReverseWebLinkGraph(Job):
    """For each page those that link to it: a record is a page's URL and its text."""

    def map(self, key: str, value: str) -> Iterator[Pair]:
        """The target of each link, with the page that it is in."""
        return ((target, key) for target in LINK.findall(value))

    def combine(self, key: Key, values: tuple[str, ...]) -> Iterable[str]:
        """A page that links twice is named once."""
        return sorted(set(values))

    def reduce(self, key: Key, values: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """All sources, each once, in order."""
        yield tuple(sorted(set(values)))


@frozen
class Sort(Job):
    """Records in order of their keys, over all output files: TeraSort's are ten bytes of key and ninety of value.

    `cuts` are the first keys of all output files but the first.
    """

    cuts: tuple[Key, ...]

    def partition(self, key: Key, reduces: int) -> int:
        """The range that the key lies in."""
        return bisect_right(self.cuts, key)


def cuts_of(sample: Iterable[Key], reduces: int) -> tuple[Key, ...]:
    """Cuts between `reduces` ranges that share a sample of the keys evenly."""
    keys = sorted(sample)
    return tuple(keys[len(keys) * i // reduces] for i in range(1, reduces))


def plain(job: Job, splits: Iterable[Records]) -> tuple[Records, Counters]:
    """All output in order of the keys, and the counters; records on which the user's code fails are left out."""
    counts: Counter[str] = Counter({WRITTEN: 0})
    groups: dict[Key, list[Value]] = {}
    for split in splits:
        for key, value in split:
            for intermediate, one in results(job.map, key, value, counts, READ):
                groups.setdefault(intermediate, []).append(one)
    output: list[Pair] = []
    for key in sorted(groups):
        output += ((key, one) for one in results(job.reduce, key, tuple(groups[key]), counts))
    counts[WRITTEN] = len(output)
    return tuple(output), tuple(sorted(counts.items()))


def results(
    function: Callable[[Key, Any], Iterator[Any]], key: Key, value: Any, counts: Counter[str], name: str | None = None
) -> list[Any]:
    """What a user's function yields; its counts are added to `counts`, and so is the call, unless it fails."""
    try:
        everything = list(function(key, value))
    except Exception:
        return []
    counts.update({name: 1} if name else {})
    for one in everything:
        if isinstance(one, Count):
            counts[one.name] += one.by
    return [one for one in everything if not isinstance(one, Count)]


def partitioned(job: Job, output: Records, reduces: int) -> tuple[Records, ...]:
    """An output in order of keys as so many output files."""
    files: list[list[Pair]] = [[] for _ in range(reduces)]
    for key, value in output:
        files[job.partition(key, reduces)].append((key, value))
    return tuple(map(tuple, files))
