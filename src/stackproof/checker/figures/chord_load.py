"""Keys per node (Figures 8 and 9 of Stoica et al., SIGCOMM 2001): nothing moves, so nothing is simulated.

The rings are those of `reference.lookup.consistent_hashing`; numpy finds the owners of a million keys at once, in the
way in which `HashRing.owner` finds that of one.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stackproof.checker.figures.document import Figure, close, number, shape
from stackproof.checker.figures.plots import named, of_paper, ranges
from stackproof.reference.lookup.consistent_hashing import HashRing, hashed

Counts: TypeAlias = NDArray[np.int64]

BITS = 64


def ring_of(nodes: int, copies: int, trial: int) -> HashRing:
    """A ring of nodes that stands for one trial; another trial has others."""
    return HashRing(BITS).joined_by(*(f"node {trial} {place}" for place in range(nodes)), copies=copies)


def keys_of(keys: int, trial: int) -> NDArray[np.uint64]:
    """The identifiers of the keys of one trial."""
    return np.fromiter((hashed(f"key {trial} {place}", BITS) for place in range(keys)), np.uint64, keys)


def keys_per_node(ring: HashRing, keys: NDArray[np.uint64]) -> Counts:
    """How many of the keys each node of the ring owns, by the order of their names."""
    names = ring.nodes
    place = {node: index for index, node in enumerate(names)}
    owners = np.array([place[node] for _, node in ring.points])
    points = np.array(ring.identifiers, np.uint64)
    return np.bincount(owners[np.searchsorted(points, keys) % len(points)], minlength=len(names))


def by_keys(nodes: int, sizes: Sequence[int], trials: int) -> dict[int, Counts]:
    """Keys per node for several numbers of keys: for each, a row for each trial."""
    found: dict[int, list[Counts]] = {size: [] for size in sizes}
    for trial in range(trials):
        ring, keys = ring_of(nodes, 1, trial), keys_of(max(sizes), trial)
        for size in sizes:
            found[size].append(keys_per_node(ring, keys[:size]))
    return {size: np.array(counts) for size, counts in found.items()}


def by_copies(nodes: int, keys: int, copies: Iterable[int], trials: int) -> dict[int, Counts]:
    """Keys per node for several numbers of virtual nodes per node: for each, a row for each trial."""
    found: dict[int, list[Counts]] = {one: [] for one in copies}
    for trial in range(trials):
        identifiers = keys_of(keys, trial)
        for one, counts in found.items():
            counts.append(keys_per_node(ring_of(nodes, one, trial), identifiers))
    return {one: np.array(counts) for one, counts in found.items()}


def percentiles(counts: Counts) -> tuple[float, float]:
    """The 1st and the 99th percentile: the smallest count that so many percent of the nodes do not exceed."""
    low, high = np.percentile(counts, (1, 99), method="inverted_cdf").tolist()
    return low, high


def figure_8(nodes: int, sizes: Sequence[int], trials: int) -> Figure:
    """Keys per node against the number of keys; the paper's numbers are those of the middle size."""
    counts = by_keys(nodes, sizes, trials)
    middle = sizes[len(sizes) // 2 - (len(sizes) + 1) % 2]
    mean = middle / nodes
    low, high = percentiles(counts[middle])
    most = float(np.mean(np.max(counts[middle], axis=1)))
    empty = float(np.mean(counts[middle] == 0))
    return Figure(
        name="chord-keys-per-node",
        title="Keys per node",
        source="Figure 8 (a)",
        text=f"{nodes:,} nodes, {trials} trials for each number of keys, each node at one point. A node's share is "
        "nearly exponential: the 99th percentile is ln 100 = 4.6 times the mean.",
        columns=(
            "keys",
            "mean",
            "1st percentile",
            "99th percentile",
            "99th / mean",
            "most in a trial / mean",
            "without keys",
        ),
        rows=tuple(row_8(nodes, size, one) for size, one in counts.items()),
        claims=(
            number(f"99th percentile / mean, {middle:,} keys", 4.6, high / mean, 0.05),
            number(f"most in a trial / mean, {middle:,} keys", 9.1, most / mean, 0.2),
            close(f"1st percentile, {middle:,} keys", 0, low, 0),
            shape("some nodes have no keys", "some", f"{empty:.1%}", empty > 0),
        ),
        draw=lambda axes: draw_8(axes, nodes, counts, middle),
    )


def row_8(nodes: int, size: int, counts: Counts) -> tuple[str, ...]:
    """One number of keys."""
    mean, (low, high) = size / nodes, percentiles(counts)
    most = float(np.mean(np.max(counts, axis=1))) / mean
    shown = (f"{mean:g}", f"{low:g}", f"{high:g}", f"{high / mean:.2f}", f"{most:.1f}", f"{np.mean(counts == 0):.2%}")
    return (f"{size:,}", *shown)


def draw_8(axes: Any, nodes: int, counts: dict[int, Counts], middle: int) -> None:
    """Bars against the number of keys."""
    sizes, ends = list(counts), [percentiles(one) for one in counts.values()]
    ranges(axes, sizes, [low for low, _ in ends], [size / nodes for size in sizes], [high for _, high in ends])
    of_paper(axes, [middle], [4.6 * middle / nodes], "paper: 99th percentile, from the text")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    named(axes, "keys", f"keys per node, {nodes:,} nodes", "upper left")


def figure_9(nodes: int, keys: int, copies: Sequence[int], trials: int) -> Figure:
    """Keys per node against the number of virtual nodes, each in units of the mean."""
    counts = by_copies(nodes, keys, copies, trials)
    mean = keys / nodes
    ends = {one: tuple(end / mean for end in percentiles(found)) for one, found in counts.items()}
    first, last = ends[copies[0]], ends[copies[-1]]
    falling = all(ends[a][1] > ends[b][1] and ends[a][0] < ends[b][0] for a, b in pairwise(copies))
    return Figure(
        name="chord-virtual-nodes",
        title="Keys per node with virtual nodes",
        source="Figure 9",
        text=f"{nodes:,} nodes, {keys:,} keys, {trials} trials. Each node stands at several points of the circle.",
        columns=("virtual nodes", "1st percentile / mean", "99th percentile / mean", "most / mean"),
        rows=tuple(
            (str(one), f"{low:.2f}", f"{high:.2f}", f"{counts[one].max() / mean:.2f}")
            for one, (low, high) in ends.items()
        ),
        claims=(
            number(f"99th percentile / mean, {copies[0]} virtual node", 4.8, first[1], 0.08),
            number(f"99th percentile / mean, {copies[-1]} virtual nodes", 1.6, last[1], 0.06),
            close(f"1st percentile / mean, {copies[0]} virtual node", 0, first[0], 0.02),
            close(f"1st percentile / mean, {copies[-1]} virtual nodes", 0.5, last[0], 0.03),
            shape("more virtual nodes, closer percentiles", "closer", "closer" if falling else "not", falling),
        ),
        draw=lambda axes: draw_9(axes, ends),
    )


def draw_9(axes: Any, ends: dict[int, tuple[float, ...]]) -> None:
    """Bars against the number of virtual nodes."""
    copies = list(ends)
    ranges(axes, copies, [low for low, _ in ends.values()], [1.0] * len(copies), [high for _, high in ends.values()])
    at = [copies[0], copies[0], copies[-1], copies[-1]]
    of_paper(axes, at, [0, 4.8, 0.5, 1.6], "paper: 1st and 99th percentile, from the text")
    axes.set_xticks(copies)
    named(axes, "virtual nodes per node", "keys per node / mean")
