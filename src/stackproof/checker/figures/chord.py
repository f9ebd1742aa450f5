"""Chord's figures: the page, and how large each experiment is."""

from collections.abc import Iterator

from attrs import frozen

from stackproof.checker.figures.chord_churn import figure_12
from stackproof.checker.figures.chord_failures import figure_11
from stackproof.checker.figures.chord_load import figure_8, figure_9
from stackproof.checker.figures.chord_paths import PAPER_K, figure_10a, figure_10b, samples
from stackproof.checker.figures.document import Figure

OPENING = """# Chord: the paper's figures, measured again

Stoica, Morris, Karger, Kaashoek and Balakrishnan, "Chord: A Scalable Peer-to-peer Lookup Service for Internet
Applications", SIGCOMM 2001, section 6. This page and its plots are made by

    python -m stackproof.checker.figures chord

which takes about ten minutes (`--quick`: one minute, smaller experiments) and always measures the same. Keys per node
are counted on rings of `consistent_hashing.py`, since nothing moves in those experiments. Everything else are the nodes
of `chord.py` and `chord_lookup.py`, exchanging messages over virtual time in `simulate`; a message takes 10 ms. Each
claim says what the paper has, what was measured, and how far apart the two may be: of a *number* the value is claimed,
of a *shape* only how the curve runs."""


@frozen
class Sizes:
    """How large the experiments are.

    powers   k of the rings of 2^k nodes in which paths are measured; those beyond 14 are larger than the paper's
    """

    nodes: int = 10_000
    trials: int = 20
    powers: tuple[int, ...] = (*range(3, 15), 17)
    lookups: int = 40_000
    parts: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
    rates: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1)
    churned: int = 500
    churn_seconds: float = 1800
    churn_trials: int = 3


FULL = Sizes()
QUICK = Sizes(
    nodes=1000,
    trials=10,
    powers=(*range(3, 11), PAPER_K),
    lookups=8_000,
    parts=(0.1, 0.3, 0.5),
    rates=(0.02, 0.1),
    churned=200,
    churn_seconds=600,
    churn_trials=1,
)


def figures(sizes: Sizes) -> Iterator[Figure]:
    """The figures in the order of the paper."""
    n = sizes.nodes
    yield figure_8(n, range(10 * n, 101 * n, 10 * n), sizes.trials)
    yield figure_9(n, 100 * n, (1, 2, 5, 10, 20), sizes.trials)
    lengths = samples(sizes.powers, sizes.lookups)
    yield figure_10a(lengths)
    yield figure_10b(lengths[PAPER_K])
    yield figure_11(n, sizes.parts, sizes.lookups // 2)
    yield figure_12(sizes.churned, sizes.rates, sizes.churn_seconds, sizes.churn_trials)
