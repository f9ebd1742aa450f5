"""A run read off a tape of bytes: its mix, how long things may go wrong, then one byte for each event.

The same tape is the same run, so whoever draws tapes draws runs. A byte of 0 lets nothing happen, and a lower byte
an earlier event in the fixed order of `happenings`: a tape with lower bytes is a simpler run, and none of them changes
what another one means. Beyond the last byte the run is mended and settles (settling.py).
"""

from stackproof.checker.search import mixes
from stackproof.checker.search.course import Course
from stackproof.checker.search.settling import settle

LOTS = 255
HEAD = mixes.BYTES + 3
PART = HEAD - 1
"""Which byte says how much of the rest is read."""


def length(steps: int) -> int:
    """How many bytes a tape has for runs of so many events before they settle."""
    return HEAD + steps


def play(course: Course, tape: bytes) -> None:
    """Run a tape to the end. Raises Violated where it breaks a property."""
    start, order, part = tape[mixes.BYTES : HEAD]
    course.begin(start)
    course.read = HEAD
    mix = mixes.mix_of(tape[: mixes.BYTES], course.terrain.scenario.names)
    steps = tape[HEAD:]
    for lot in steps[: -(-len(steps) * part // LOTS)]:
        course.read += 1
        if lot:
            number = mix.chosen(course.here, lot - 1, LOTS)
            if number is None:
                break
            course.go(number)
    settle(course, order)
