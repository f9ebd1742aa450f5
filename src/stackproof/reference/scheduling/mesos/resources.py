"""What an agent has, an offer holds and a task uses: so much of each kind, some of it reserved for a role.

Hindman et al., "Mesos: A Platform for Fine-Grained Resource Sharing in the Data Center", NSDI 2011, section 3.2
(vectors of resources); the Mesos documentation, "Reservation" (resources that only one role is offered).
"""

from collections.abc import Iterable, Iterator
from operator import add, le, sub
from typing import TypeAlias

from attrs import field, frozen

Vector: TypeAlias = tuple[int, ...]
Share: TypeAlias = tuple[str, Vector]
ANYBODY = "*"


def normal(shares: Iterable[Share]) -> tuple[Share, ...]:
    """One share for each role, by name; none that is nothing."""
    return tuple(sorted(share for share in shares if any(share[1])))


@frozen(cache_hash=True)
class Resources:
    """So much for each role: `a + b`, `a - b`, and `a <= b`, role by role. What anybody may use has the role `*`."""

    shares: tuple[Share, ...] = field(default=(), converter=normal)

    def __str__(self) -> str:
        told = (
            f"<{', '.join(map(str, vector))}>{'' if role == ANYBODY else f' for {role}'}"
            for role, vector in self.shares
        )
        return " + ".join(told) or "nothing"

    def __bool__(self) -> bool:
        return bool(self.shares)

    def __add__(self, other: "Resources") -> "Resources":
        return Resources((role, tuple(map(add, *pair))) for role, *pair in together(self, other))

    def __sub__(self, other: "Resources") -> "Resources":
        return Resources((role, tuple(map(sub, *pair))) for role, *pair in together(self, other))

    def __le__(self, other: "Resources") -> bool:
        return all(all(map(le, *pair)) for _, *pair in together(self, other))

    def of(self, role: str) -> Vector:
        """What is reserved for a role; of `*`: what is not reserved."""
        return dict(self.shares).get(role, ())

    def open_to(self, role: str) -> "Resources":
        """What a framework of this role may be offered."""
        return Resources(share for share in self.shares if share[0] in (role, ANYBODY))

    @property
    def vector(self) -> Vector:
        """So much in all."""
        return tuple(map(sum, zip(*(vector for _, vector in self.shares), strict=True)))

    def carve(self, demand: Vector, role: str) -> "Resources | None":
        """A part of these that meets a demand, out of what is reserved for the role first; None if they do not."""
        nothing = (0,) * len(demand)
        reserved = tuple(map(min, self.of(role) or nothing, demand)) if role != ANYBODY else nothing
        rest = tuple(map(sub, demand, reserved))
        if not all(map(le, rest, self.of(ANYBODY) or nothing)):
            return None
        return Resources(((role, reserved), (ANYBODY, rest))) if role != ANYBODY else Resources(((ANYBODY, rest),))


def together(one: Resources, other: Resources) -> Iterator[tuple[str, Vector, Vector]]:
    """The shares of two of each role that either knows."""
    mine, theirs = dict(one.shares), dict(other.shares)
    for role in sorted({*mine, *theirs}):
        nothing = (0,) * len(mine.get(role) or theirs[role])
        yield role, mine.get(role, nothing), theirs.get(role, nothing)


def total(parts: Iterable[Resources]) -> Resources:
    """All of these together."""
    return sum(parts, start=NOTHING)


NOTHING = Resources()


def anybodys(*amounts: int) -> Resources:
    """Resources that are not reserved."""
    return Resources(((ANYBODY, amounts),))
