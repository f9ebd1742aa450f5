"""What the compiled loops are put through with every place looked at before it is read or written.

numba looks where NUMBA_BOUNDSCHECK is 1: test_bounds.py runs this file so, in a process of its own. It fails with an
IndexError where a loop goes past the end of an array, and with an AssertionError where a count is another.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from attrs import define

from stackproof.checker import Faults, Report, Scenario, Verdict, World
from stackproof.checker.explore import keys
from stackproof.checker.explore.claims import Claim, Claims
from stackproof.checker.explore.compiled import native, once, within
from stackproof.checker.explore.glimpse import aspect_of
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.native import explore_natively
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.registry import build
from stackproof.checker.search.walks import Party
from stackproof.reference.actor import NodeId, Out
from tests.exhausted.counts import counted, manifest

EXPLORED = (
    "quorum crashes=1",
    "quorum drops=1",
    "stack crashes=0",
    "drf partitions=1",
    "drf leaves=1",
    "mesos-revocation",
    "mesos-offers joins=1",
    "chord-2001 stabilize_fix=True",
)
WALKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("quorum", {"n": 5, "w": 3, "r": 3, "crashes": 1}),
    ("drf", {"partitions": 1}),
    ("stack", {}),
    ("mesos-revocation", {}),
)
STEPS = 10_000
TINY = {
    "expander.LOT": 16,
    "native.CHUNK": 8,
    "graph.CHUNK": 8,
    "lots.CHUNK": 8,
    "lots.MISS_ROOM": 2,
    "lots.PAIRS": 16,
    "lots.ENTRIES": 1,
    "judge.SLICE": 64,
}


@define
class Chooser:
    """Takes one of many numbers when its timer fires."""

    id: NodeId
    among: int
    taken: int = -1

    def start(self, out: Out) -> None:
        out.after(10, "take")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        self.taken = out.choose(tuple(range(self.among)))


def somebody_took(world: World) -> bool:
    """Beyond this nobody looks."""
    return any(node.taken >= 0 for node in world.nodes.values())


def wide(nodes: int, among: int) -> Scenario:
    """One world with very many successors, which are looked past."""
    return Scenario(nodes=[Chooser(f"n{i}", among) for i in range(nodes)], prune=somebody_took)


@define
class Gossip:
    """Passes a number on, one more, if it is not too large; links between nodes may fail in every way."""

    id: NodeId
    next: NodeId
    heard: int = 0

    def start(self, out: Out) -> None:
        out.send(self.next, 1)

    def receive(self, message: int, source: NodeId, out: Out) -> None:
        self.heard = max(self.heard, message)
        if message < 2:
            out.send(self.next, message + 1)


def all_have_heard(world: World) -> bool:
    """What every fair run should come to, and cannot where a message is lost."""
    return all(node.heard for node in world.nodes.values())


def gossip() -> Scenario:
    """Everything that may happen to messages and links."""
    faults = Faults(drops=1, duplicates=1, one_way_cuts=1, crashes=1)
    nodes = [Gossip("a", "b"), Gossip("b", "a")]
    return Scenario(nodes=nodes, faults=faults, eventually=[all_have_heard])


def tiny(run: Callable[[], Any]) -> Any:
    """What comes of it where every buffer is as small as can be."""
    patches = [patch(f"stackproof.checker.explore.{name}", size) for name, size in TINY.items()]
    for one in patches:
        one.start()
    try:
        return run()
    finally:
        for one in patches:
            one.stop()


def explored(scenario: Scenario, threads: int = 1) -> Report:
    """What the native engine says."""
    return explore_natively(scenario, Limits(), threads)


def count_all() -> None:
    """Explore scenarios of every kind, and compare with the manifest; once more with tiny buffers."""
    lines = {line.title: line for line in manifest()}
    for title in EXPLORED:
        line = lines[title]
        assert counted(explored(build(line.scenario, line.parameters)), line.parameters) == line, title
    for title in EXPLORED[3:5]:
        line = lines[title]
        found = tiny(partial(explored, build(line.scenario, line.parameters), 2))
        assert counted(found, line.parameters) == line, title
    plain = explore_plainly(gossip(), Limits())
    for native_one in (explored(gossip()), tiny(lambda: explored(gossip()))):
        assert counted(native_one, {}) == counted(plain, {})


def count_successors() -> None:
    """A world with more successors than a lot has room for."""
    found = tiny(lambda: explored(wide(nodes=2, among=250)))
    assert (found.verdict, found.distinct, found.transitions) == (Verdict.HELD, 501, 500)


def walk_all() -> None:
    """Walk through scenarios of every kind, with buffers of either size."""
    for name, parameters in WALKED:
        for depth, run in ((200, lambda go: go()), (30, tiny)):
            party = Party(build(name, parameters), 1, depth)
            walked = run(partial(party.walk, steps=STEPS))
            assert walked.violation is None, name
            assert walked.steps >= STEPS, name


@within
def last_of(array: Any) -> int:
    """A number just beyond the end, as what is written into others reads it."""
    return int(array[array.shape[0]])


@once
def second_of(array: Any) -> int:
    """Another, as what is called reads it."""
    return int(array[array.shape[0] + 1])


@native
def read_beyond(array: Any, which: int) -> int:
    """One or the other."""
    return last_of(array) if which else second_of(array)


@native
def write_beyond(array: Any, which: int) -> int:
    """A place just beyond the end."""
    array[array.shape[0]] = which
    return which


def raises(run: Callable[[], Any]) -> bool:
    """Whether a loop is stopped when it goes past the end of an array."""
    try:
        run()
    except IndexError:
        return True
    return False


def see_mutants() -> None:
    """What goes past the end of an array is seen to."""
    room = np.zeros(64, np.int64)[:8]
    for mutant in (read_beyond, write_beyond):
        for which in (0, 1):
            assert raises(partial(mutant, room, which)), mutant.__name__
    with patch.object(Claims, "cover", lambda _: None), patch.object(Claims, "look", look_as_once):
        assert raises(lambda: explored(build("chord-atomic", {})))


def look_as_once(claims: Claims, claim: Claim, place: int, number: int) -> int:
    """As `look` was while the loops read past the end: room is made for what was looked at, not for what there is."""
    component, aspect = claim.reads[place]
    kind = claims.book.components.kinds[component]
    found = claim.aspects[place].number(aspect_of(kind, claims.book.value(component, number), aspect))
    row = claim.rows[place]
    while row >= claims.aspect.shape[0] or number >= claims.aspect.shape[1]:
        axis = 0 if row >= claims.aspect.shape[0] else 1
        claims.aspect = np.concatenate([claims.aspect, np.full_like(claims.aspect, keys.NONE)], axis=axis)
    claims.aspect[row, number] = claim.seen[place][number] = found
    return found


def main() -> None:
    """All of it."""
    assert os.environ["NUMBA_BOUNDSCHECK"] == "1"
    for part in (see_mutants, count_all, count_successors, walk_all):
        part()
        sys.stdout.write(f"{part.__name__}\n")


if __name__ == "__main__":
    main()
