"""What stands between the oracle and a real system."""

from collections.abc import Mapping
from typing import Any, Protocol

from stackproof.checker.scenario import Scenario
from stackproof.checker.world import Event, World


class Refused(Exception):
    """The system's word that what it is asked to do cannot happen now."""


class Adapter(Protocol):
    """One instance of a real system, started afresh for every run, as the oracle drives it.

    A view maps names to values: whatever of the system can be seen, and means the same in the reference. Views are
    compared as wholes; a list is the same as a tuple. Where the reference may do one of several things, the system is
    free to choose; a view that shows what it chose keeps the two together.
    """

    def start(self, scenario: Scenario) -> None:
        """Bring the system up as the scenario's nodes start."""

    def apply(self, event: Event) -> None:
        """Make this happen, and return once it has; raise Refused where it cannot happen. `event.choose` is empty."""

    def view(self) -> Mapping[str, Any]:
        """What can be seen of the system now."""

    def view_of(self, world: World) -> Mapping[str, Any]:
        """What would be seen of it, were the system what the reference is in this world."""

    def stop(self) -> None:
        """Take the system down, whatever state it is in."""
