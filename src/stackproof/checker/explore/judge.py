"""Holding the worlds of a level against the properties, by looking up what is known of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.claims import MOST, Question
from stackproof.checker.explore.expander import Expander
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.lookups import inspect
from stackproof.checker.scenario import Property, no_step_raises, reason_against, true_in
from stackproof.checker.world import World

SLICE = 1 << 15
NO_MARKS = np.zeros(0, np.uint8)
RunAll = Callable[..., Any]


@define(eq=False)
class Judge:
    """The properties that are still open: goals not reached, invariants not violated."""

    expander: Expander
    found: Findings
    run_all: RunAll
    open: dict[int, dict[int, tuple[Property, bool]]] = field(factory=dict)
    watches_errors: bool = False

    def __attrs_post_init__(self) -> None:
        scenario = self.expander.scenario
        self.ask([*((one, True) for one in scenario.invariants), *((one, False) for one in scenario.goals)])

    def ask(self, properties: list[tuple[Property, bool]]) -> None:
        """Watch some properties, each with whether it is an invariant; those that read the same together."""
        questions = [is_broken(one) if invariant else is_true(one) for one, invariant in properties]
        claims = self.expander.claims
        for group in claims.grouped(questions, self.expander.store.row(0)):
            number = claims.add([questions[place] for place in group])
            self.open[number] = {bit: properties[place] for bit, place in enumerate(group)}

    def judge(self, first: int, last: int) -> None:
        """Settle what the worlds from `first` to `last`, one level, settle."""
        if self.expander.book.raised and not self.watches_errors:
            self.watches_errors = True
            self.ask([(no_step_raises, True)])
        hits = self.look(np.arange(first, last), NO_MARKS)
        for claim, bit in np.argwhere(hits != keys.NONE).tolist():
            self.settle(claim, bit, int(hits[claim, bit]))

    def mark(self, claim: Property, marks: Any) -> None:
        """Mark every world in which a claim is true, and nothing else."""
        self.open = {}
        self.ask([(claim, False)])
        self.look(np.arange(self.expander.store.count), marks)

    def look(self, ids: Any, marks: Any) -> Any:
        """For each claim and bit the first of these worlds that has it, or -1."""
        hits = np.full((len(self.expander.claims.all), MOST), keys.NONE, np.int64)
        while len(ids) and self.open:
            slices = np.array_split(ids, max(1, min(keys.SHARDS, len(ids) // SLICE)))
            asked, tables = self.asked(), self.expander.tables()
            looks = list(self.run_all(partial(self.look_at, asked, tables, marks), slices))
            for found, _, misses in looks:
                better = (found != keys.NONE) & ((hits == keys.NONE) | (found < hits))
                hits[better] = found[better]
                for claim, world in misses:
                    self.expander.claims.resolve(claim, self.expander.store.row(world))
            ids = np.concatenate([again for _, again, _ in looks])
        return hits

    def look_at(self, asked: Any, tables: keys.Tables, marks: Any, ids: Any) -> tuple[Any, Any, list[list[int]]]:
        """The same for one slice, as far as it is known; the worlds to look at again, and what to work out for them."""
        store = self.expander.store
        hits = np.full((len(asked), MOST), keys.NONE, np.int64)
        claims = np.flatnonzero(asked)
        misses, again = np.empty((1024 + len(claims), 2), np.int64), np.empty(1 << 15, np.int64)
        recent, lack, tally = np.zeros(4096, np.int64), np.zeros(1, np.int64), np.zeros(2, np.int64)
        done = inspect(
            ids, store.rows, store.shape, tables, claims, asked, misses, again, hits, tally, recent, lack, marks
        )
        return hits, np.concatenate([again[: tally[1]], ids[done:]]), misses[: tally[0]].tolist()

    def asked(self) -> Any:
        """The bits of each claim that are open."""
        asked = np.zeros(len(self.expander.claims.all), np.int64)
        for claim, bits in self.open.items():
            asked[claim] = sum(1 << bit for bit in bits)
        return asked

    def settle(self, claim: int, bit: int, world: int) -> None:
        """A goal was reached, or an invariant violated, in this world."""
        settled, invariant = self.open[claim].pop(bit)
        if not self.open[claim]:
            del self.open[claim]
        if invariant:
            worlds = self.path(world)
            self.found.violations[settled.__name__] = (reason_against(settled, worlds[-1]) or "", worlds)
        else:
            self.found.goals[settled.__name__] = self.found.depth

    def path(self, world: int) -> list[World]:
        """The worlds that lead to one of them."""
        store = self.expander.store
        return [self.expander.book.world(store.row(one)) for one in store.path(world)]


def is_broken(invariant: Property) -> Question:
    """Whether an invariant is violated."""
    return lambda world: reason_against(invariant, world) is not None


def is_true(claim: Property) -> Question:
    """Whether a goal or a prune is true."""
    return lambda world: true_in(claim, world)
