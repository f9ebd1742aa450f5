"""What became of a formal model: plain values, which need no Z3 to be shown or sent to another process."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from stackproof.checker.report import Verdict

PROVED, REFUTED = "proved", "refuted"
EMPTY = "impossible"
SILENT = ("unknown", EMPTY)


@frozen
class Shown:
    """A component of a state in words, before a step and after it, and what is new of it."""

    component: str
    before: str
    after: str | None
    change: str | None


@frozen
class Refutation:
    """A small state, or two and the step between them, that an obligation does not hold of."""

    sizes: Mapping[str, int]
    chosen: Mapping[str, Mapping[str, str]]
    components: Sequence[Shown]


@frozen
class Proof:
    """What became of an obligation: that `step` (or `init`) keeps `goal`, or that the invariants imply it."""

    obligation: str
    kind: str
    goal: str
    step: str | None
    answer: str
    seconds: float
    why: str | None = None
    refutation: Refutation | None = None


@frozen
class Sense:
    """Whether a part of a model says anything: a step can happen, a property excludes something."""

    part: str
    sentence: str
    sense: str
    seconds: float
    things: int | None


@frozen
class Judged:
    """A system of a model: its proofs, and, if it was asked, its vacuity."""

    model: str
    system: str
    sentences: Mapping[str, str]
    proofs: Sequence[Proof]
    vacuity: Sequence[Sense] | None

    @property
    def verdict(self) -> Verdict:
        """Held if all is proved, and nothing is vacuous; violated if something is refuted or cannot happen."""
        answers = {one.answer for one in self.proofs}
        senses = {one.sense for one in self.vacuity or ()}
        if REFUTED in answers or EMPTY in senses:
            return Verdict.VIOLATED
        return Verdict.HELD if answers <= {PROVED} and not senses.intersection(SILENT) else Verdict.UNKNOWN

    def form(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "model": self.model,
            "system": self.system,
            "verdict": self.verdict.value,
            "obligations": [asdict(one) for one in self.proofs],
            "vacuity": None if self.vacuity is None else [asdict(one) for one in self.vacuity],
        }
