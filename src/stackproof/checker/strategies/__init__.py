"""Strategies for Hypothesis: what systems of this kind are tested with, drawn at random and shrunk.

    from stackproof.checker import strategies

    @given(strategies.clusters(), ...)

Each is a function that returns a strategy; its docstring says what is drawn, within which bounds, and what it shrinks
to. With Hypothesis, `st.from_type(Faults)` and its like know them (`stackproof.hypothesis_plugin`).
"""

from stackproof.checker.strategies.demand import clusters, demands, lies, users
from stackproof.checker.strategies.fault_plan import cuts, fault_schedules, faults
from stackproof.checker.strategies.history import (
    calls,
    histories,
    linearizable_calls,
    linearizable_histories,
    records,
    single_calls,
)
from stackproof.checker.strategies.lineage import lineages, rdds, transformations
from stackproof.checker.strategies.ring import (
    arcs,
    circles,
    half_open_arcs,
    hash_rings,
    ideal_rings,
    memberships,
    rings,
)
from stackproof.checker.strategies.schedule import scenarios, schedules, traces
from stackproof.checker.strategies.topology import networks, node_names, topologies
from stackproof.checker.strategies.workload import key_value_workloads, puts, quorums, workloads

__all__ = [
    "arcs",
    "calls",
    "circles",
    "clusters",
    "cuts",
    "demands",
    "fault_schedules",
    "faults",
    "half_open_arcs",
    "hash_rings",
    "histories",
    "ideal_rings",
    "key_value_workloads",
    "lies",
    "lineages",
    "linearizable_calls",
    "linearizable_histories",
    "memberships",
    "networks",
    "node_names",
    "puts",
    "quorums",
    "rdds",
    "records",
    "rings",
    "scenarios",
    "schedules",
    "single_calls",
    "topologies",
    "traces",
    "transformations",
    "users",
    "workloads",
]
