"""Mesos's figures: the page, and how large each experiment is."""

from collections.abc import Iterator

from attrs import frozen

from stackproof.checker.figures.document import Figure
from stackproof.checker.figures.mesos_delay import figure_8
from stackproof.checker.figures.mesos_scale import figure_10
from stackproof.checker.figures.mesos_sharing import table_4

OPENING = """# Mesos: the paper's figures, measured again

Hindman, Konwinski, Zaharia, Ghodsi, Joseph, Katz, Shenker and Stoica, "Mesos: A Platform for Fine-Grained Resource
Sharing in the Data Center", NSDI 2011, section 6. This page and its plots are made by

    python -m stackproof.checker.figures mesos

which takes about six minutes of one processor (`--quick`: less than one minute, smaller experiments) and always
measures the same, but for CPU time and memory. The nodes are those of `reference/scheduling/mesos/`, and exchange
their messages over virtual time in `simulate`; only the master's books have an index, and a test holds them against the
reference's. Seconds on a machine of 2011 are not claimed: each figure says what its cost model assumes. Each claim says
what the paper has, what was measured, and how far apart the two may be: of a *number* the value is claimed, of a
*shape* only how the curve runs."""


@frozen
class Sizes:
    """How large the experiments are.

    part     how much of the 96 agents of the mixed workload, and of its tasks
    blocks   of the file that each Hadoop scans
    """

    part: float = 1.0
    waits_s: tuple[float, ...] = (0, 0.1, 0.2, 0.5, 1, 2, 5)
    blocks: int = 800
    trials: int = 3
    agents: tuple[int, ...] = (12_500, 25_000, 50_000)
    frameworks: int = 200


FULL = Sizes()
QUICK = Sizes(part=0.25, waits_s=(0, 1, 5), blocks=200, trials=1, agents=(1_000, 2_000, 4_000), frameworks=50)


def figures(sizes: Sizes) -> Iterator[Figure]:
    """The figures in the order of the paper."""
    yield table_4(sizes.part)
    yield figure_8(sizes.waits_s, sizes.blocks, sizes.trials)
    yield figure_10(sizes.agents, sizes.frameworks)
