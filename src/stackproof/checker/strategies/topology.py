"""Topologies: which nodes there are, and how messages travel between any two of them."""

from collections.abc import Mapping, Sequence

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stackproof.checker.network import Network
from stackproof.reference.actor import NodeId


@frozen
class Topology:
    """The ids of the nodes, and the kinds of the links as `Scenario(network=...)` takes them."""

    nodes: tuple[NodeId, ...]
    network: Network | Mapping[tuple[NodeId, NodeId], Network] = Network.UNORDERED


def node_names(least: int = 1, most: int = 5, letter: str = "n") -> SearchStrategy[tuple[NodeId, ...]]:
    """The ids of `least` to `most` nodes: n0, n1, ... Shrinks to few."""
    return st.integers(least, most).map(lambda count: tuple(f"{letter}{i}" for i in range(count)))


def networks(
    nodes: Sequence[NodeId], kinds: Sequence[Network] = tuple(Network)
) -> SearchStrategy[Network | Mapping[tuple[NodeId, NodeId], Network]]:
    """One kind for every link, or a kind for some (source, target) pairs of the nodes. Shrinks to the first kind."""
    one, node = st.sampled_from(kinds), st.sampled_from(nodes)
    return one | st.dictionaries(st.tuples(node, node), one)


def topologies(
    least: int = 1, most: int = 5, letter: str = "n", kinds: Sequence[Network] = tuple(Network)
) -> SearchStrategy[Topology]:
    """Nodes and the links between them. Shrinks to few nodes, all of whose links are of the first kind."""

    def around(nodes: tuple[NodeId, ...]) -> SearchStrategy[Topology]:
        return st.builds(Topology, st.just(nodes), networks(nodes, kinds))

    return node_names(least, most, letter).flatmap(around)
