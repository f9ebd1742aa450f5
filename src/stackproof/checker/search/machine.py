"""Any scenario as a state machine of Hypothesis: a rule for each kind of event, for use in somebody's tests.

    TestQuorum = machine_of(quorum).TestCase
    TestQuorum.settings = settings(max_examples=200, stateful_step_count=50)

Rules are enabled by what may happen, and draw one of the events of their kind, earlier ones in the fixed order of
`happenings` being simpler. The invariants are held against every world. At the end all is mended and settles
(settling.py), and promises are judged. `begin` draws after how many events that is at the latest, and how many events
without a fault are between two faults, which would all strike at once otherwise: a rule is as likely as any other.
Hypothesis leaves rules out of some runs by itself, which is what mixes.py is for where tapes are drawn.

Every rule may be called by hand, too: what Hypothesis prints of a run that fails runs again as it stands.
"""

import re
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import currently_in_test_context
from hypothesis import event as noted
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from stackproof.checker.explore.fairness import promises
from stackproof.checker.faults import Faults
from stackproof.checker.scenario import Scenario
from stackproof.checker.search.course import Course, Violated
from stackproof.checker.search.program import FIELDS, PARTS, WITH_CHOICES, arguments, call, part_of
from stackproof.checker.search.settling import settle
from stackproof.checker.search.terrain import Terrain
from stackproof.checker.world import Event

ORDERS = 255
LONGEST = 100
QUIET = 20
RUNNER = st.runner()
CUTS = ("cuts", "one_way_cuts", "partitions")
GRANTED = {
    "bounce": ("detection",),
    "drop": ("drops",),
    "duplicate": ("duplicates",),
    "crash": ("crashes",),
    "restart": ("crashes",),
    "pause": ("pauses",),
    "resume": ("pauses",),
    "join": ("joins",),
    "leave": ("leaves",),
    "cut": CUTS,
    "heal": CUTS,
}
"""What must be granted for events of a kind; others happen anyway."""


class ScenarioMachine(RuleBasedStateMachine):
    """A run of a scenario; `machine_of` adds the rules.

    drawn    the event that is about to happen, once its rule has drawn it
    longest  how many events a run has before it settles, `quiet` how many there are before every fault
    struck   when the last fault struck
    """

    terrain: Terrain
    drawn: Event

    def __init__(self) -> None:
        super().__init__()
        self.terrain.make_room()
        self.course = Course(self.terrain)
        self.longest, self.quiet, self.struck = LONGEST, 0, 0
        self.is_broken = self.is_settled = False
        self.course.judge()

    def offered(self, kind: str, choosing: bool) -> list[Event]:
        """What may happen of one kind, with or without choices."""
        here = self.course.here
        offered = [] if self.is_over else here.kinds.get((kind, choosing), [])
        if not here.calm or len(self.course.events) - self.struck > self.quiet:
            return offered
        return [event for event in offered if here.events.index(event) not in here.faults]

    def happen(self, event: Event) -> None:
        """Let an event happen. Raises Violated where an invariant fails after it, ValueError where it cannot happen."""
        here = self.course.here
        if event not in here.events:
            others = "; ".join(call(other) for other in here.events) or "nothing"
            raise ValueError(f"{call(event)} cannot happen here. What can: {others}")
        number = here.events.index(event)
        if number in here.faults:
            self.struck = len(self.course.events)
            if currently_in_test_context():
                noted(event.name)
        self.judged(lambda: self.course.go(number))

    def judged(self, step: Callable[[], None]) -> None:
        """Take a step; whether it breaks a property is remembered."""
        try:
            step()
        except Violated:
            self.is_broken = True
            raise

    @precondition(lambda self: self.is_over)
    @rule(order=st.integers(0, ORDERS))
    def settle(self, order: int = 0) -> None:
        """Mend all, let it settle in this order (settling.py), and judge the promises; once is enough."""
        if not self.is_settled:
            self.is_settled = True
            settle(self.course, order)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to happen before the run settles."""
        return self.is_settled or len(self.course.events) > self.longest or not self.course.here.events

    def teardown(self) -> None:
        """Settle, unless the run did, or broke a property."""
        if not self.is_broken:
            self.settle()


def machine_of(scenario: Scenario | Callable[[], Scenario]) -> type[ScenarioMachine]:
    """The state machine of a scenario, or of what a function without arguments returns."""
    asked = scenario if isinstance(scenario, Scenario) else scenario()
    terrain = Terrain(asked)
    kinds = [*((kind, False) for kind in PARTS), *((kind, True) for kind in WITH_CHOICES)]
    rules = {
        f"{kind}_choosing" if choosing else kind: rule_of(kind, choosing)
        for kind, choosing in kinds
        if may_strike(kind, asked.faults)
    }
    strikes = any(may_strike(kind, asked.faults) for kind in GRANTED)
    if strikes or len(terrain.starts) > 1 or promises(asked) or asked.always_reachable:
        rules["begin"] = beginning(len(terrain.starts))
    return type(title(asked.name), (ScenarioMachine,), {"terrain": terrain, "__doc__": ScenarioMachine.__doc__} | rules)


def may_strike(kind: str, faults: Faults) -> bool:
    """Whether an event of this kind is no fault, or one that the scenario grants or that undoes one that it grants."""
    budgets = GRANTED.get(kind)
    return budgets is None or any(faults.allow(budget) for budget in budgets)


def title(name: str) -> str:
    """The name of a scenario as that of a class."""
    return "".join(word.capitalize() for word in re.findall("[A-Za-z0-9]+", name.rpartition(":")[2])) or "Run"


def rule_of(kind: str, choosing: bool) -> Any:
    """The rule for one kind of event."""
    parts = arguments(kind, choosing)

    def happen(self: ScenarioMachine, *given: Any, **named: Any) -> None:
        said = dict(zip(parts, given, strict=False)) | named
        self.happen(Event(kind, **{FIELDS[part]: value for part, value in said.items()}))

    happen.__name__ = f"{kind}_choosing" if choosing else kind
    strategies: Any = {part: drawing(kind, choosing, place) for place, part in enumerate(parts)}
    taken: Any = rule(**strategies)
    return precondition(lambda self: bool(self.offered(kind, choosing)))(taken(happen))


@st.composite
def drawing(draw: st.DrawFn, kind: str, choosing: bool, place: int) -> Any:
    """A part of what tells one event of a kind from the others; with the first part the event is drawn."""
    machine = draw(RUNNER)
    if not place:
        offered = machine.offered(kind, choosing)
        machine.drawn = offered[draw(st.integers(0, len(offered) - 1))]
    return part_of(machine.drawn, arguments(kind, choosing)[place])


def beginning(starts: int) -> Any:
    """The rule that draws in which of the first worlds a run begins, and what is said of it as a whole."""

    def begin(self: ScenarioMachine, events: int = LONGEST, quiet: int = 0, start: int = 0) -> None:
        self.longest, self.quiet = events, quiet
        self.judged(lambda: self.course.begin(start))

    return initialize(events=st.integers(0, LONGEST), quiet=st.integers(0, QUIET), start=st.integers(0, starts - 1))(
        begin
    )
