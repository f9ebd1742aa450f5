"""Workloads: what clients of the quorum store, and of the keys on a Chord ring, ask for one after the other."""

from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stackproof.reference.storage.quorum_store import Get, Put, Quorums

Workload: TypeAlias = tuple[Put | Get, ...]


def puts() -> SearchStrategy[Put]:
    """Puts of 1 to 9."""
    return st.builds(Put, st.integers(1, 9))


@st.composite
def workloads(draw: DrawFn, clients: int = 2, most: int = 3, writers: int | None = None) -> tuple[Workload, ...]:
    """What each client of a quorum store does: up to `most` operations, of which the first `writers` clients may put.

    No two puts put the same value: they put 1, 2, ... by client and then in order. Shrinks to clients that do nothing.
    """
    number = 0
    drawn: list[Workload] = []
    for place in range(clients):
        puts = st.booleans() if writers is None or place < writers else st.just(False)
        does = draw(st.lists(puts, max_size=most))
        drawn.append(tuple(Put(number := number + 1) if put else Get() for put in does))
    return tuple(drawn)


@st.composite
def quorums(draw: DrawFn, most: int = 5, meeting: bool = True, several_writers: bool = False) -> Quorums:
    """A quorum store of 1 to `most` replicas r0, r1, ..., with or without read repair and write-back.

    `meeting`: W + R > N, so that what a put reaches and what a get asks have a replica in common; else W and R are any
    of 1 to N. Shrinks to one replica, which reads and writes ask.
    """
    n = draw(st.integers(1, most))
    w = draw(st.integers(1, n))
    r = draw(st.integers(n - w + 1 if meeting else 1, n))
    replicas = tuple(f"r{place}" for place in range(n))
    return Quorums(replicas, w, r, several_writers, read_repair=draw(st.booleans()), write_back=draw(st.booleans()))


def key_value_workloads(
    identifiers: int = 8, most: int = 4, values: SearchStrategy[str] | None = None
) -> SearchStrategy[tuple[tuple[int, str | None], ...]]:
    """Up to `most` pairs of a key, one of the identifiers 0, 1, ..., and the value to put under it; None: a get.

    `StorageClient(..., keys=..., values=...)` takes them, as does any map of keys to values. Shrinks to gets of key 0.
    """
    pair = st.tuples(st.integers(0, identifiers - 1), st.none() | (values or st.sampled_from("abc")))
    return st.lists(pair, max_size=most).map(tuple)
