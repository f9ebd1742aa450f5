"""The jobs of the RDD paper, over lines of text: log mining, logistic regression, PageRank.

Zaharia et al., NSDI 2012, sections 2.2.1 (console log mining), 3.2.1 (logistic regression) and 3.2.2 (PageRank). Each
is a program of jobs over RDDs that begin with the lines of the input.

Departures. A program is laid down before it runs, so the weights of a regression are an RDD of one element, and each
step of it a transformation, where the paper's driver collects a gradient and sends out new weights. All sums are taken
in the order in which elements stand in their partitions, so that the answer is the same to the last bit. Ranks begin
at 1 and are printed to no fewer digits than they have.
"""

from math import exp
from typing import Any, TypeAlias

from attrs import frozen

from stackproof.reference.processing.actions import Collect, Count, Job
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import RDD, Level
from stackproof.reference.processing.stages import Program

Vector: TypeAlias = tuple[float, ...]
Weights: TypeAlias = tuple[Vector, int]
FIELDS = 3


@frozen
class Containing:
    """Whether a line has this in it."""

    text: str

    def __call__(self, line: str) -> bool:
        return self.text in line


@frozen
class Field:
    """One of the fields of a line, which tabulators or blanks separate; the whole line where it has fewer."""

    number: int

    def __call__(self, line: str) -> str:
        fields = line.split("\t") if "\t" in line else line.split(maxsplit=self.number + 1)
        return fields[self.number] if len(fields) > self.number else line


def log_mining(lines: RDD, pattern: str) -> Program:
    """The errors of a log, kept in memory; how many there are, how many speak of something, and what those say."""
    errors = lines.filter(Containing("ERROR")).persist(Level.MEMORY)
    those = errors.filter(Containing(pattern))
    return Program((Job(errors, Count()), Job(those, Count()), Job(those.map(Field(FIELDS)), Collect())))


@frozen
class Link:
    """A line that names two pages, as the link from the first to the second; other lines name none."""

    def __call__(self, line: str) -> tuple[tuple[str, str], ...]:
        match line.split():
            case (source, target, *_) if not source.startswith("#"):
                return ((source, target),)
            case _:
                return ()


@frozen
class Rank:
    """A value for each key: the rank that a page begins with."""

    def __call__(self, links: Any) -> float:
        return 1.0


@frozen
class Contributions:
    """What a page gives to those that it links to: an equal share of its rank."""

    def __call__(self, page: tuple[str, tuple[tuple[str, ...], float]]) -> tuple[tuple[str, float], ...]:
        _, (targets, rank) = page
        return tuple((target, rank / len(targets)) for target in targets)


@frozen
class Sum:
    """The sum of two."""

    def __call__(self, a: float, b: float) -> float:
        return a + b


@frozen
class Damped:
    """A rank: a part of it is what was contributed, the rest is everybody's."""

    part: float

    def __call__(self, contributed: float) -> float:
        return 1 - self.part + self.part * contributed


def pagerank(lines: RDD, iterations: int = 5, part: float = 0.85) -> Program:
    """The rank of each page that another links to, after so many iterations."""
    links = lines.flat_map(Link()).distinct().group_by_key().persist(Level.MEMORY)
    ranks = links.map_values(Rank())
    for _ in range(iterations):
        contributed = links.join(ranks, lines.partitions).flat_map(Contributions())
        ranks = contributed.reduce_by_key(Sum(), lines.partitions).map_values(Damped(part))
    return Program((Job(ranks, Collect()),))


@frozen
class Point:
    """A line of numbers, the first a label that is positive or not, as (features, 1 or -1); other lines are none."""

    width: int

    def __call__(self, line: str) -> tuple[tuple[Vector, float], ...]:
        try:
            label, *features = (float(word) for word in line.replace(",", " ").split())
        except ValueError:
            return ()
        return (((1.0, *features), 1.0 if label > 0 else -1.0),) if len(features) == self.width else ()


@frozen
class Gradient:
    """What the points of a partition add to the gradient, each paired with the weights; under one key."""

    def __call__(self, partition: int, elements: Elements) -> Elements:
        total: list[float] = []
        for (x, y), w in elements:
            scale = (1 / (1 + exp(clipped(-y * dot(w, x)))) - 1) * y
            total = [a + scale * b for a, b in zip(total or (0.0,) * len(x), x, strict=True)]
        return ((0, tuple(total)),) if total else ()


@frozen
class Step:
    """New weights of the old ones, which come first, and the gradient."""

    rate: float

    def __call__(self, partition: int, elements: Elements) -> Elements:
        weights, *gradients = elements
        for _, gradient in gradients:
            weights = tuple(w - self.rate * g for w, g in zip(weights, gradient, strict=True))
        return (weights,)


@frozen
class AddVectors:
    """The sum of two vectors."""

    def __call__(self, a: Vector, b: Vector) -> Vector:
        return tuple(x + y for x, y in zip(a, b, strict=True))


def dot(a: Vector, b: Vector) -> float:
    """The inner product."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def clipped(x: float) -> float:
    """A number whose exponential is one, too."""
    return min(max(x, -700.0), 700.0)


def logistic_regression(lines: RDD, first: RDD, width: int, iterations: int = 5, rate: float = 0.01) -> Program:
    """The weights that part points with positive labels from the others; `first` holds those to begin with."""
    points = lines.flat_map(Point(width)).persist(Level.MEMORY)
    weights = first
    for _ in range(iterations):
        gradient = points.cross_product(weights).map_partitions(Gradient()).reduce_by_key(AddVectors(), 1)
        weights = weights.union(gradient).coalesce(1).map_partitions(Step(rate)).persist(Level.MEMORY)
    return Program((Job(points, Count()), Job(weights, Collect())))
