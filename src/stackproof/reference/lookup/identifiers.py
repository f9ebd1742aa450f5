"""The identifier circle: 0, 1, ..., size - 1, and round again.

Stoica et al., "Chord: A Scalable Peer-to-peer Lookup Service for Internet Applications", SIGCOMM 2001, sections
4.2-4.4, in whose pseudocode every test is an interval of this circle. Its order is that of Zave, "Reasoning about
Identifier Spaces: How to Make Chord Correct", TSE 43(12), 2017, section III: an interval is walked clockwise from its
start to its end.

The pseudocode leaves open what an interval from n to n is. Here it is the whole circle: `Arc(n, n)` is everything but
n, and `HalfOpen(n, n)` is everything. A node that is its own successor therefore owns every key.
"""

from attrs import frozen


@frozen
class Arc:
    """The open interval (start, end): `x in Arc(n, successor)`."""

    start: int
    end: int

    def __contains__(self, x: int) -> bool:
        if self.start < self.end:
            return self.start < x < self.end
        return x > self.start or x < self.end


@frozen
class HalfOpen:
    """The interval (start, end]: `key in HalfOpen(predecessor, n)`."""

    start: int
    end: int

    def __contains__(self, x: int) -> bool:
        return x == self.end or x in Arc(self.start, self.end)


def between(a: int, b: int, c: int) -> bool:
    """Going clockwise from a, b comes strictly before c."""
    return b in Arc(a, c)


@frozen
class Circle:
    """All identifiers: 0, 1, ..., size - 1."""

    size: int

    def after(self, x: int, steps: int = 1) -> int:
        """The identifier so many steps clockwise of x."""
        return (x + steps) % self.size

    def distance(self, a: int, b: int) -> int:
        """How many steps it is clockwise from a to b; none from a to itself."""
        return (b - a) % self.size
