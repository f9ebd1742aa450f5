"""The reference as an oracle: another implementation is held against it, or what one has logged.

`hold` drives a real system and the reference through the same events and compares them after every one. `accept` takes
a log of what a system did, and asks whether the reference could have done that.
"""

from stackproof.checker.oracle.accept import Acceptance, accept
from stackproof.checker.oracle.adapter import Adapter, Refused
from stackproof.checker.oracle.difference import Comparison, Difference
from stackproof.checker.oracle.hold import hold

__all__ = ["Acceptance", "Adapter", "Comparison", "Difference", "Refused", "accept", "hold"]
