"""Random walks at native speed: a core takes millions of steps a second, and holds the properties against every world.

The explorer's tables say what may happen; stepping.py draws one thing of it. Each walk favours some nodes and some
faults and leaves others out (Groce et al., "Swarm Testing", ISSTA 2012), and begins anew after `depth` steps or where
nothing more can happen. No set of worlds is kept, so that memory is no limit to how far they get.

What is found is a run that fails an invariant, or one that may end with a promise unkept. The plain world runs it
again, and it is shrunk. Of the walks that are cut off with a promise unkept so far, a few are looked at more closely:
whether a fair run may go round for ever near by, or nothing leads on to what must stay reachable.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from attrs import define, field, frozen

from stackproof.checker.explore import keys, most_memory_mib
from stackproof.checker.explore.compiled import telling
from stackproof.checker.explore.expander import Expander, empty
from stackproof.checker.explore.fairness import promises
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.judge import Judge
from stackproof.checker.explore.limits import Limits, OutOfBudget, Progress, why_stopped
from stackproof.checker.explore.native import prepared
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Violation
from stackproof.checker.scenario import Property, Scenario, no_step_raises
from stackproof.checker.search import lanes
from stackproof.checker.search.lanes import LANES, STRUCK
from stackproof.checker.search.lassos import in_few_events, near
from stackproof.checker.search.showing import reason, source
from stackproof.checker.search.shrinking import Search, Stuck
from stackproof.checker.search.walking import walk
from stackproof.checker.trace import Step, Trace, retraced

QUOTA = 4_000
"""How many steps each takes before Python looks at what they lacked and found."""
PATIENCE = 3
"""How many walks that were cut off are looked at closely; one more each time that four times as many have ended."""
FAR = 20_000
"""How many worlds are looked at where such a walk was cut off."""


@frozen
class Walked:
    """What random walks have come to.

    steps      taken; the invariants were held against the world after each
    walks      that have ended, and `ends`: those of them that ended because nothing more could happen
    faults     that struck, by the name of their budget
    goals      whether each was reached
    violation  with its trace, which was shrunk from a walk of `drawn` events
    why        they stopped; or, where they go on, what keeps them
    """

    steps: int
    walks: int
    ends: int
    seconds: float
    faults: Mapping[str, int]
    goals: Mapping[str, bool]
    violation: Violation | None = None
    drawn: int | None = None
    why: str | None = None


Watcher: TypeAlias = Callable[[Walked], None]


def walks(
    scenario: Scenario,
    *,
    seed: int = 0,
    steps: int | None = None,
    depth: int = 200,
    seconds: float | None = None,
    watcher: Watcher | None = None,
) -> Walked:
    """Walk at random until something is found, or the limit of steps or of time is reached.

    seed      all chance comes from it: the same number of steps takes the same walks
    depth     how many steps a walk takes at most
    watcher   is told the progress about ten times a second

    Raises what the native explorer raises where it cannot take the scenario.
    """
    return Party(scenario, seed, depth).walk(steps=steps, seconds=seconds, watcher=watcher)


@define(eq=False)
class Party:
    """Walks under way, side by side; they can be gone on with, and remember what they learnt of the scenario."""

    scenario: Scenario
    seed: int
    depth: int
    expander: Expander = field(init=False)
    judge: Judge = field(init=False)
    hopes: dict[int, dict[int, tuple[Property, bool]]] = field(init=False)
    bounds: lanes.Bounds = field(init=False)
    walkers: lanes.Walkers = field(init=False)
    reached: set[str] = field(factory=set)
    violation: Violation | None = None
    drawn: int | None = None
    seconds: float = 0.0
    looked: int = 0

    def __attrs_post_init__(self) -> None:
        self.expander = prepared(self.scenario, 1)
        self.judge = Judge(self.expander, Findings(self.scenario), map)
        watched, self.judge.open = self.judge.open, {}
        self.judge.ask([(claim, False) for claim in hoped_for(self.scenario)])
        self.hopes, self.judge.open = self.judge.open, watched
        starts = self.expander.store.count
        self.expander.store = lanes.Paths.of(self.expander.store, LANES * (self.depth + 1))
        self.bounds = lanes.Bounds(starts, self.depth, lanes.number_from(self.seed))
        self.walkers = lanes.fresh(self.expander.book.components.nodes)
        self.look_out()

    def walk(self, *, steps: int | None = None, seconds: float | None = None, watcher: Watcher | None = None) -> Walked:
        """Go on until something is found, or for so many steps or seconds; what all walks so far have come to."""
        if steps is None and seconds is None:
            raise ScenarioError("random walks never end by themselves: say how many steps or seconds they may take")

        def tell(progress: Progress) -> None:
            if watcher is not None:
                watcher(self.so_far(self.seconds + progress.seconds, progress.note or None))

        limits = Limits(None, seconds, most_memory_mib(), tell)
        last = None if steps is None else self.steps + steps
        why = None
        try:
            with telling(limits.say_compiling):
                while self.violation is None:
                    limits.check(0, self.steps, self.depth, 0)
                    if last is not None and self.steps >= last:
                        raise OutOfBudget(f"the limit of {steps:,} steps was reached")
                    self.stretch(QUOTA if last is None else min(QUOTA, -(-(last - self.steps) // LANES)))
                    if not self.steps and self.walkers.tally[lanes.WALKS] > QUOTA:
                        raise OutOfBudget("nothing can happen at the start")
        except (OutOfBudget, KeyboardInterrupt, MemoryError) as stop:
            why = why_stopped(stop)
        self.seconds += limits.elapsed
        return self.so_far(self.seconds, why)

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return int(self.walkers.tally[lanes.STEPS])

    @property
    def handled(self) -> Counter[tuple[str, str]]:
        """How often each handler ran: once for each step that was new."""
        book = self.expander.book
        return Counter(book.handlers.values[handler] for handler in book.effect_handler if handler != keys.NONE)

    def stretch(self, quota: int) -> None:
        """Take up to so many steps in each lane, work out what was missed, and see what was found."""
        expander = self.expander
        lot = self.get_ready()
        ended = int(self.walkers.tally[lanes.WALKS])
        self.walkers.tally[lanes.PATIENCE] = PATIENCE + ended.bit_length() // 2 - self.looked
        with expander.caches.one() as cache:
            finds = walk(
                quota,
                expander.store.rows,
                expander.store.shape,
                expander.tables(),
                expander.setting(),
                cache,
                lot,
                self.walkers,
                self.bounds,
            )
        expander.fill(expander.missed(lot)[0])
        if finds:
            self.see()
        if expander.book.raised and not self.judge.watches_errors:
            self.judge.watches_errors = True
            self.judge.ask([(no_step_raises, True)])
        self.look_out()

    def get_ready(self) -> keys.Lot:
        """Make room for what may come; the scratch of the next stretch."""
        expander = self.expander
        if expander.lots.words != expander.store.words:
            expander.lots = expander.lots.renewed(expander.store.words, 1)
        expander.lots.cover(expander.book.effect_host.used)
        expander.caches.fit(expander.book.components.nodes * expander.most())
        empty(expander.lots.lots[0])
        return expander.lots.lots[0]

    def look_out(self) -> None:
        """Tell the walks which bits of which claim to stop at, to see once, and to see at the end."""
        count = len(self.expander.claims.all)
        stop, once, end = np.zeros((3, count), np.int64)
        kept = np.zeros((LANES, count), np.int64)
        kept[:, : self.walkers.kept.shape[1]] = self.walkers.kept
        for claim, bits in self.judge.open.items():
            stop[claim] = sum(1 << bit for bit in bits)
        for claim, bits in self.hopes.items():
            for bit, (hope, _) in bits.items():
                (once if hope in self.scenario.eventually else end)[claim] |= 1 << bit
        claims = np.flatnonzero(stop | once)
        self.walkers = self.walkers._replace(claims=claims, stop=stop, once=once, end=end, kept=kept)

    def see(self) -> None:
        """Look at what the lanes found, until one of them found a violation."""
        for lane in np.flatnonzero(self.walkers.lanes[:, lanes.STATE] > lanes.ENDED).tolist():
            state, claim, at = self.walkers.lanes[lane, [lanes.STATE, lanes.FOUND, lanes.AT]].tolist()
            first = self.bounds.starts + lane * (self.depth + 1)
            path = range(first, first + at + 1)
            value = self.expander.claims.resolve(claim, self.expander.store.row(path[-1]))
            if state == lanes.SEEN:
                self.stop_at(claim, value, path)
            elif self.violation is None:
                once, end = self.walkers.once[claim], self.walkers.end[claim]
                unkept = once & ~self.walkers.kept[lane, claim] | end & ~value
                hope = next(hope for bit, (hope, _) in self.hopes[claim].items() if unkept >> bit & 1)
                self.end_at(hope, path, state == lanes.CUT_OFF)
                self.walkers.lanes[lane, lanes.AT] = keys.NONE
                self.walkers.tally[lanes.WALKS] += 1

    def stop_at(self, claim: int, value: int, path: range) -> None:
        """A walk came to a world in which an invariant fails, or a goal is reached."""
        for bit, (settled, is_invariant) in list(self.judge.open[claim].items()):
            if value >> bit & 1 and not is_invariant:
                self.reached.add(settled.__name__)
                del self.judge.open[claim][bit]
            elif value >> bit & 1 and self.violation is None:
                self.violate(settled, path, self.steps_along(path))

    def end_at(self, hope: Property, path: range, cut_off: bool) -> None:
        """A walk ended, or was cut off, with a promise unkept."""
        self.looked += cut_off
        steps = self.steps_along(path)
        if hope in self.scenario.always_reachable:
            if not cut_off or Stuck(hope, FAR).fails(steps[-1].world):
                self.violate(hope, path, steps)
        else:
            lasso = near(Search(bool), self.scenario, hope, steps) if cut_off else (steps, len(steps) - 1)
            if lasso is not None:
                self.violate(hope, path, *lasso)

    def steps_along(self, path: range) -> tuple[Step, ...]:
        """The steps of a walk, taken again by the plain world."""
        store, book = self.expander.store, self.expander.book
        return retraced(self.scenario, [book.world(store.row(place)) for place in path])

    def violate(self, claim: Property, path: range, steps: Sequence[Step], loop: int | None = None) -> None:
        """A property is violated, as a run shows that begins with a walk."""
        self.drawn = len(path) - 1
        steps, loop = in_few_events(self.scenario, claim, steps, loop)
        expect = {"verdict": "violated", "property": claim.__name__}
        trace = Trace(self.scenario.name, self.scenario.parameters, expect, source(self.seed), steps, loop)
        self.violation = Violation(claim.__name__, reason(claim, steps, loop) or "", trace)

    def so_far(self, seconds: float, why: str | None = None) -> Walked:
        """What the walks have come to."""
        struck = {name: count for name, count in zip(STRUCK, self.walkers.struck.tolist(), strict=True) if count}
        return Walked(
            steps=int(self.walkers.tally[lanes.STEPS]),
            walks=int(self.walkers.tally[lanes.WALKS]),
            ends=int(self.walkers.tally[lanes.ENDS]),
            seconds=seconds,
            faults=struck,
            goals={goal.__name__: goal.__name__ in self.reached for goal in self.scenario.goals},
            violation=self.violation,
            drawn=self.drawn,
            why=why,
        )


def hoped_for(scenario: Scenario) -> tuple[Property, ...]:
    """What must be true in some world of every run, or where a run may end."""
    return (*(claim for claim, _ in promises(scenario)), *scenario.always_reachable)
