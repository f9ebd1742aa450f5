"""How many hops a lookup takes (Figure 10 of Stoica et al., SIGCOMM 2001).

The length of a path, as the paper counts it: how many nodes are asked after the one that looks the key up, the key's
predecessor being the last. A node that is itself the predecessor has a path of length 0; the final hop to the
successor does not count. Counting that hop, the mean at 2^12 nodes would be 6.9, and the peak at 7.
"""

from collections import Counter
from collections.abc import Sequence
from math import log2
from random import Random
from typing import Any

from stackproof.checker.figures.chord_rings import clients, looked_up, settled_ring
from stackproof.checker.figures.document import Figure, close, number, shape
from stackproof.checker.figures.plots import PALE, named, of_paper, ranges
from stackproof.checker.simulate.quantities import Summary, summary

TEXT = """Keys are looked up from nodes all around a ring that has settled, by the iterative `find_successor` of \
`chord_lookup.py` with fingers and one successor; every question and every answer is a message. A path is as long as \
nodes are asked after the one that looks the key up, the key's predecessor being the last; the final hop to its \
successor does not count (with it, the mean at 2^12 would be 6.9 and the peak at 7)."""
NEAR = 0.25
PAPER_K, PAPER_PEAK, PAPER_DENSITY = 12, 6, 0.225


def path_lengths(nodes: int, trials: int, lookups: int) -> Counter[int]:
    """How often each length, in so many rings of that size, about so many lookups in each."""
    lengths: Counter[int] = Counter()
    for trial in range(trials):
        ring = settled_ring(nodes, 1, trial)
        asking = tuple(clients([node.identifier for node in ring], lookups, Random(trial)))
        run = looked_up(ring, asking, trial)
        found = [len(one.event.path) - 1 for one in run.observations]
        if len(found) != sum(len(client.keys) for client in asking):
            raise AssertionError(f"{len(found)} lookups found something, of {len(asking)} clients")
        lengths.update(found)
    return lengths


def samples(powers: Sequence[int], lookups: int) -> dict[int, Counter[int]]:
    """Lengths at N = 2^k for several k, about so many lookups for each; small rings in many trials."""
    found = {}
    for k in powers:
        trials = max(2, 2**10 >> k)
        found[k] = path_lengths(2**k, trials, lookups // trials)
    return found


def in_short(lengths: Counter[int]) -> Summary:
    """The mean and percentiles of some lengths."""
    return summary(list(lengths.elements()))


def figure_10a(found: dict[int, Counter[int]]) -> Figure:
    """Path length against the number of nodes."""
    short = {k: in_short(lengths) for k, lengths in found.items()}
    furthest = max(abs(one.mean - k / 2) for k, one in short.items())
    growth = (short[max(short)].mean - short[min(short)].mean) / (max(short) - min(short))
    claims = [
        shape("mean - 1/2 log2 N, furthest", "small", f"{furthest:.2f}", furthest < NEAR, f"{NEAR:g}"),
        number("hops more for each doubling of N", 0.5, growth, 0.05),
    ]
    if PAPER_K in short:
        claims.insert(0, number("mean at N = 2^12", PAPER_K / 2, short[PAPER_K].mean, 0.03))
    return Figure(
        name="chord-path-length",
        title="Path length",
        source="Figure 10 (a)",
        text=TEXT,
        columns=("nodes", "lookups", "paper: 1/2 log2 N", "mean", "1st percentile", "99th percentile", "longest"),
        rows=tuple(row(k, one) for k, one in short.items()),
        claims=tuple(claims),
        draw=lambda axes: draw_10a(axes, short),
    )


def row(k: int, one: Summary) -> tuple[str, ...]:
    """One size of ring."""
    return (
        f"2^{k}",
        f"{one.count:,}",
        f"{k / 2:.1f}",
        f"{one.mean:.2f}",
        f"{one.p1:g}",
        f"{one.p99:g}",
        f"{one.most:g}",
    )


def draw_10a(axes: Any, short: dict[int, Summary]) -> None:
    """Bars against the number of nodes."""
    nodes, found = [2**k for k in short], short.values()
    ranges(axes, nodes, [one.p1 for one in found], [one.mean for one in found], [one.p99 for one in found])
    of_paper(axes, nodes, [log2(one) / 2 for one in nodes], "paper: the mean is about 1/2 log2 N", "--")
    axes.set_xscale("log", base=2)
    named(axes, "nodes", "path length", "upper left")


def figure_10b(lengths: Counter[int]) -> Figure:
    """The distribution of path lengths at 2^12 nodes."""
    total = lengths.total()
    density = {length: lengths[length] / total for length in range(max(lengths) + 1)}
    peak = max(density, key=lambda length: density[length])
    return Figure(
        name="chord-path-length-pdf",
        title="Path length in a ring of 4,096 nodes",
        source="Figure 10 (b)",
        text=f"The distribution of {total:,} path lengths. The paper's height is read off its plot, to about 0.01.",
        columns=("length", "part of the lookups"),
        rows=tuple((str(length), f"{part:.4f}") for length, part in density.items()),
        claims=(
            close("the peak is at length", PAPER_PEAK, peak, 0),
            close("the height of the peak", PAPER_DENSITY, density[peak], 0.015),
        ),
        draw=lambda axes: draw_10b(axes, density),
    )


def draw_10b(axes: Any, density: dict[int, float]) -> None:
    """A bar for each length."""
    axes.bar(list(density), list(density.values()), color=PALE, width=0.72, label="here")
    of_paper(axes, [PAPER_PEAK], [PAPER_DENSITY], "paper: the peak, read off the plot")
    axes.set_xticks(list(density))
    axes.set_ylim(0, 0.26)
    axes.grid(visible=False, axis="x")
    named(axes, "path length", "part of the lookups", "upper left")
