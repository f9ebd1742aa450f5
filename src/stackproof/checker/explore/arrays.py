"""Growing arrays of integers, which Python writes and the compiled loops read."""

from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.lookups import restore, store_all
from stackproof.checker.host import ScenarioError


@define
class Numbered:
    """Values, each with the number under which it was first seen."""

    values: list[Any] = field(factory=list)
    numbers: dict[Any, int] = field(factory=dict)

    def number(self, value: Any) -> int:
        """The number of a value, a new one if it is new."""
        found = self.numbers.get(value)
        if found is None:
            found = self.numbers[value] = len(self.values)
            self.values.append(value)
            if found >= keys.NUMBERS:
                raise ScenarioError(f"more than {keys.NUMBERS:,} distinct values of one component: use --engine plain")
        return found

    def __len__(self) -> int:
        return len(self.values)


@define
class Rows:
    """A growing array, written some rows at a time."""

    array: Any
    used: int = 0

    @classmethod
    def of(cls, width: int, kind: Any = np.int64) -> "Rows":
        """An empty one; a width of 1 makes it flat."""
        return cls(np.zeros((64, width) if width > 1 else 64, kind))

    def add(self, row: Any) -> int:
        """Write one more row; its number."""
        return self.add_all([row])

    def add_all(self, rows: list[Any]) -> int:
        """Write more rows; the number of the first."""
        first, last = self.used, self.used + len(rows)
        while last > len(self.array):
            self.array = np.concatenate([self.array, np.zeros_like(self.array)])
        if rows:
            self.array[first:last] = rows
        self.used = last
        return first


@define
class PerNode:
    """For each node a growing list of rows, as one array: `array[node, number]`."""

    array: Any

    @classmethod
    def of(cls, nodes: int, width: int = 1, kind: Any = np.int64) -> "PerNode":
        """An empty one."""
        return cls(np.zeros((nodes, 64, width) if width > 1 else (nodes, 64), kind))

    def set(self, node: int, number: int, row: Any) -> None:
        """Write one row."""
        while number >= self.array.shape[1]:
            self.array = np.concatenate([self.array, np.zeros_like(self.array)], axis=1)
        self.array[node, number] = row


@define
class Map:
    """The map that the loops look things up in; what was stored is in the array once it was asked for."""

    entries: Any = field(factory=lambda: np.zeros((1 << 12, 2), np.int64))
    used: int = 0
    waiting: list[tuple[int, int]] = field(factory=list)

    def store(self, kind: int, slot: int, payload: int, value: int) -> None:
        """Put a value under a key."""
        self.waiting.append(((kind << keys.KIND_SHIFT) | (slot << keys.SLOT_SHIFT) | payload, value))

    @property
    def array(self) -> Any:
        """The map, with room to spare."""
        if self.waiting:
            while 2 * (self.used + len(self.waiting)) > len(self.entries):
                larger = np.zeros((2 * len(self.entries), 2), np.int64)
                restore(self.entries, larger)
                self.entries = larger
            self.used += store_all(self.entries, np.array(self.waiting, np.int64))
            self.waiting.clear()
        return self.entries


def too_many(whom: str) -> ScenarioError:
    """More may happen next than the entries of a list can be counted."""
    return ScenarioError(f"in some world more than {keys.ENTRY_MASK:,} things may happen {whom}: use --engine plain")
