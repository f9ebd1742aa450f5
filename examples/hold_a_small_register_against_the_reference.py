"""Hold a register that keeps its copies to itself against the reference: only what clients are told can be compared.

    python examples/hold_a_small_register_against_the_reference.py
    python examples/hold_a_small_register_against_the_reference.py --hasty

The reference is `quorum`, where every message is an event of its own. Of those nothing can be seen here: they are
`hidden`, and the oracle follows every world that they may have led to. A put or a get is one call. With `--hasty` a put
ends once one of three copies is written, and a later get of two others misses it.
"""

import sys
from collections.abc import Mapping
from functools import partial
from itertools import cycle
from typing import Any

from stackproof.checker import Event, Scenario, World
from stackproof.checker.oracle import Comparison, hold
from stackproof.checker.registry import build
from stackproof.checker.render.oracle import show


class Register:
    """Somebody's register: copies with a version, written and read in turns."""

    def __init__(self, copies: int, writes: int, reads: int) -> None:
        self.copies: list[tuple[int, Any]] = [(0, None)] * copies
        self.writes, self.reads = writes, reads
        self.turn = cycle(range(copies))
        self.version = 0

    def some(self, count: int) -> list[int]:
        first = next(self.turn)
        return [(first + place) % len(self.copies) for place in range(count)]

    def put(self, value: Any) -> None:
        self.version += 1
        for place in self.some(self.writes):
            self.copies[place] = self.version, value

    def get(self) -> Any:
        return max(self.copies[place] for place in self.some(self.reads))[1]


class Clients:
    """The adapter: c0 puts 1, c1 gets twice. What can be seen is what they were told."""

    def __init__(self, hasty: bool) -> None:
        self.register = Register(3, 1 if hasty else 2, 2)
        self.told: dict[str, list[Any]] = {"c0": [], "c1": []}

    def start(self, scenario: Scenario) -> None:
        pass

    def apply(self, event: Event) -> None:
        if event.node == "c0":
            self.register.put(1)
            self.told["c0"].append("done")
        else:
            self.told["c1"].append(self.register.get())

    def view(self) -> Mapping[str, Any]:
        return self.told

    def view_of(self, world: World) -> Mapping[str, Any]:
        done = [one for one in world.monitors["history"].operations if one.done]
        return {
            "c0": ["done" for one in done if one.client == "c0"],
            "c1": [one.result for one in done if one.client == "c1"],
        }

    def stop(self) -> None:
        pass


def unseen(event: Event) -> bool:
    """Nobody sees the messages."""
    return event.name != "fire"


def held(hasty: bool = False, runs: int = 20, seed: int = 0) -> Comparison:
    """The comparison with a store of three replicas, two of which make a quorum."""
    return hold(partial(Clients, hasty), build("quorum", {"gets": 2}), hidden=unseen, seed=seed, runs=runs)


if __name__ == "__main__":
    show(held(hasty="--hasty" in sys.argv))
