"""Distributions of delays in virtual time, in milliseconds.

Each is a frozen value whose `sample(random)` draws one delay of at least 0 ms. They are made from `random.random()`
alone, by inversion or by the formula named, since that method returns the same numbers in every version of Python, and
`expovariate`, `gauss`, `choices`, `shuffle` and `sample` have changed or may. Logarithms and cosines come from the C
library, so the last bit of a delay may differ between two operating systems; on one it never does.
"""

import math
from collections.abc import Callable
from random import Random
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from stackproof.checker.host import ScenarioError
from stackproof.reference.actor import NodeId


class Latency(Protocol):
    """Anything with `sample(random)`, a delay in milliseconds."""

    def sample(self, random: Random) -> float:
        """Draw one delay."""


Link: TypeAlias = Callable[[NodeId, NodeId, Any], Latency]
"""The latency of one message: of its source, its target and what it says."""


def at_least_0(owner: Any, attribute: Any, value: float) -> None:
    """Raise ScenarioError for a time that is negative or no number."""
    if not 0 <= value < math.inf:
        raise ScenarioError(f"{type(owner).__name__}: {attribute.name} is {value}; times are 0 ms or more")


def above_0(owner: Any, attribute: Any, value: float) -> None:
    """Raise ScenarioError for what has to be positive and is not."""
    if not 0 < value < math.inf:
        raise ScenarioError(f"{type(owner).__name__}: {attribute.name} is {value}; it has to be above 0")


@frozen
class Constant:
    """Always the same."""

    ms: float = field(validator=at_least_0)

    def sample(self, random: Random) -> float:
        """The delay; nothing is drawn."""
        return self.ms


@frozen
class Uniform:
    """Anything from `low_ms` to `high_ms`, each as likely."""

    low_ms: float = field(validator=at_least_0)
    high_ms: float = field(validator=at_least_0)

    def __attrs_post_init__(self) -> None:
        if self.low_ms > self.high_ms:
            raise ScenarioError(f"Uniform({self.low_ms}, {self.high_ms}): let the lower bound come first")

    def sample(self, random: Random) -> float:
        """A point of the interval."""
        return self.low_ms + (self.high_ms - self.low_ms) * random.random()


@frozen
class Exponential:
    """Memoryless."""

    mean_ms: float = field(validator=above_0)

    def sample(self, random: Random) -> float:
        """By inversion."""
        return -self.mean_ms * math.log(1.0 - random.random())


@frozen
class Normal:
    """The bell curve; what falls below 0 is 0."""

    mean_ms: float = field(validator=at_least_0)
    deviation_ms: float = field(validator=at_least_0)

    def sample(self, random: Random) -> float:
        """By Box and Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29(2), 1958."""
        radius = math.sqrt(-2.0 * math.log(1.0 - random.random()))
        return max(0.0, self.mean_ms + self.deviation_ms * radius * math.cos(math.tau * random.random()))


@frozen
class Pareto:
    """At least `least_ms`, and the smaller `shape` the heavier the tail: P(delay > x) = (least_ms / x) ** shape."""

    least_ms: float = field(validator=above_0)
    shape: float = field(validator=above_0)

    def sample(self, random: Random) -> float:
        """By inversion."""
        return float(self.least_ms * (1.0 - random.random()) ** (-1.0 / self.shape))


@frozen
class Mixture:
    """One of several, each with its weight: `Mixture(((0.9, Pareto(0.2, 10)), (0.1, Exponential(0.6))))`."""

    parts: tuple[tuple[float, Latency], ...]

    def __attrs_post_init__(self) -> None:
        weights = [weight for weight, _ in self.parts]
        if not sum(weights) > 0 or min(weights) < 0:
            raise ScenarioError("Mixture: its weights are 0 or more, and one of them is above 0")

    def sample(self, random: Random) -> float:
        """First which, then how long."""
        left = random.random() * sum(weight for weight, _ in self.parts)
        for weight, part in self.parts:
            left -= weight
            if left < 0:
                return part.sample(random)
        return self.parts[-1][1].sample(random)


NAMED: dict[str, Callable[..., Latency]] = {
    "constant": Constant,
    "uniform": Uniform,
    "exponential": Exponential,
    "normal": Normal,
    "pareto": Pareto,
}


def latency_named(text: str) -> Latency:
    """The latency that `constant:10`, `uniform:5,15`, `exponential:10`, `normal:50,10` or `pareto:5,2` names, in ms."""
    name, _, numbers = text.partition(":")
    try:
        return NAMED[name](*(float(number) for number in numbers.split(",")))
    except (KeyError, ValueError, TypeError):
        known = "constant:MS, uniform:LOW,HIGH, exponential:MEAN, normal:MEAN,DEVIATION or pareto:LEAST,SHAPE"
        raise ScenarioError(f"there is no latency {text!r}; write {known}") from None
