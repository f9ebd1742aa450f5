"""Every run, as the native engine looks at it: the graph of worlds as arrays, its components, and the lassos in it.

The edges are gathered in one more pass over the rows. runs.py does the same in plain Python; what makes a component
one that breaks a promise is said in fairness.py.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.arrays import Numbered
from stackproof.checker.explore.edges import break_promises, look_up, spread
from stackproof.checker.explore.expander import Expander
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.judge import Judge
from stackproof.checker.explore.lasso import Component, Edge, Lasso
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.lots import CHUNK
from stackproof.checker.network import Envelope
from stackproof.checker.scenario import Property
from stackproof.checker.world import Event, World

COUNTS = 2
SCRATCH = 8


@define(eq=False)
class Graph:
    """The edges of every world: those of world w stand from offsets[w] to offsets[w + 1]."""

    expander: Expander
    limits: Limits
    judge: Judge
    found: Findings
    numbers: Any = field(init=False)
    names: Numbered = field(factory=Numbered)
    offsets: Any = field(init=False)
    targets: Any = field(init=False)
    labels: Any = field(init=False)
    pruned: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pruned = self.marked(self.found.scenario.prune)
        self.numbers = self.expander.store.numbers()
        parts = [part for first in range(0, self.count, CHUNK) for part in self.edges_of(first)]
        self.limits.afford(sum(column.nbytes for part in parts for column in part))
        sources, self.targets, self.labels = (np.concatenate(column) for column in zip(*parts, strict=True))
        self.numbers = None
        del parts
        if len(sources) and (sources[1:] < sources[:-1]).any():
            order = np.argsort(sources, kind="stable")
            self.targets, self.labels = self.targets[order], self.labels[order]
        self.offsets = np.zeros(self.count + 1, np.int64)
        np.cumsum(np.bincount(sources, minlength=self.count), out=self.offsets[1:])

    @property
    def count(self) -> int:
        """How many worlds there are."""
        return self.expander.store.count

    def marked(self, claim: Property | None) -> Any:
        """A 1 for each world in which a claim is true."""
        marks = np.zeros(self.count, np.uint8)
        if claim is not None:
            self.judge.mark(claim, marks)
        return marks

    def edges_of(self, first: int) -> list[tuple[Any, Any, Any]]:
        """The edges of one chunk of worlds: sources, targets and labels."""
        ids, parts = np.arange(first, min(first + CHUNK, self.count)), []
        while len(ids):
            lot = self.expander.lots.lots[0]
            labels = np.empty(len(lot.parents), np.int64)
            done = self.expander.expand_named(ids, lot, labels)
            parts.append(self.taken_from(lot, labels))
            lacked, missed = self.expander.missed(lot)
            self.expander.fill(lacked)
            ids = np.concatenate([missed, ids[done:]])
        self.limits.check(self.count, self.found.transitions, self.found.depth, self.count - first)
        return parts

    def taken_from(self, lot: keys.Lot, labels: Any) -> tuple[Any, Any, Any]:
        """The edges that a lot holds, ordered by the world they begin in."""
        store, lots = self.expander.store, self.expander.lots
        sources, targets, named = [], [], []
        for shard, count in enumerate(lot.counts.tolist()):
            rows, parents = lots.part(lot, shard, count)
            targets.append(np.empty(count, np.uint32))
            look_up(store.table, self.numbers, rows, count, targets[-1])
            sources.append(parents.copy())
            named.append(labels[shard * lots.capacity :][:count])
        order = np.argsort(np.concatenate(sources), kind="stable")
        raw, places = np.unique(np.concatenate(named), return_inverse=True)
        numbers = [self.names.number(label) if label != keys.NONE else keys.NONE for label in raw.tolist()]
        dense = np.array(numbers, np.int32)[places]
        return np.concatenate(sources)[order], np.concatenate(targets)[order], dense[order]

    def first_lasso(self, claim: Property, stays: bool) -> Lasso[int] | None:
        """A fair run that breaks a promise, its stem as short as can be; None where there is none."""
        count = self.count
        self.limits.afford(SCRATCH * 8 * count)
        bad = 1 - self.marked(claim)
        allowed = np.ones(count, np.uint8) if stays else bad
        before, queue = np.full(count, keys.NONE, np.int64), np.empty(count, np.int64)
        initial = np.flatnonzero((self.expander.store.parents[:count] == np.arange(count)) & (allowed == 1))
        before[initial], queue[: len(initial)] = initial, initial
        reached = spread(self.offsets, self.targets, allowed, before, queue, len(initial))
        order, low, stack, trail, ahead = np.zeros((5, count), np.int64)
        seen = np.zeros((len(self.names) + 1, 4), np.int64)
        graph = self.offsets, self.targets, self.labels
        break_promises(queue, reached, *graph, bad, self.pruned, before, order, low, stack, trail, ahead, seen)
        found = np.flatnonzero(bad[queue[:reached]] & COUNTS)
        if not len(found):
            return None
        start = int(queue[found[0]])
        inside = low == low[start]
        component = Component(self.edges, inside.item, (bad & 1).item, partial(self.way, inside.view(np.uint8)))
        return Lasso(stem(before, start), component.loop(start))

    def way(self, inside: Any, start: int, end: int) -> list[Edge[int]]:
        """The edges of a shortest way by worlds that are marked."""
        before, queue = np.full(self.count, keys.NONE, np.int64), np.empty(self.count, np.int64)
        before[start], queue[0] = start, start
        spread(self.offsets, self.targets, inside, before, queue, 1)
        legs = pairwise(stem(before, end))
        return [next(edge for edge in self.edges(here) if edge[1] == there) for here, there in legs]

    def edges(self, world: int) -> Sequence[Edge[int]]:
        """What may happen in a world, and the number of the world after it."""
        first, last = self.offsets[world : world + 2].tolist()
        labels = (None if label == keys.NONE else label for label in self.labels[first:last].tolist())
        return list(zip(labels, self.targets[first:last].tolist(), strict=True))

    def world(self, number: int) -> World:
        """The world behind a number."""
        return self.expander.book.world(self.expander.store.row(number))

    def event(self, label: int | None) -> Event | None:
        """The event behind a label, without its choices."""
        if label is None:
            return None
        name, book = self.names.values[label], self.expander.book
        place, event = name >> keys.LABEL_SHIFT, name & ((1 << keys.LABEL_SHIFT) - 1)
        if place == book.components.nodes:
            return Event("heal", cut=book.cuts.values[event])
        thing = book.items[place].values[event >> 1]
        if isinstance(thing, Envelope):
            happens = "bounce" if event & 1 else "deliver"
            return Event(happens, source=thing.source, target=thing.target, message=thing.message)
        return Event(thing.name, node=book.scenario.names[place], message=thing.message)


def stem(before: Any, end: int) -> list[int]:
    """The worlds that lead to one of them."""
    worlds = [end]
    while (earlier := int(before[worlds[-1]])) != worlds[-1]:
        worlds.append(earlier)
    return worlds[::-1]
