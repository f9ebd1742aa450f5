"""Proofs of formal models, on one processor or on two."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from inspect import getdoc
from multiprocessing import get_context
from typing import Any

from stackproof.checker.host import ScenarioError
from stackproof.checker.loading import blamed, function_at
from stackproof.checker.proofs import Judged, Proof, Refutation, Sense, Shown
from stackproof.spec import MODELS, systems_of
from stackproof.spec.counterexample import Counterexample
from stackproof.spec.obligations import Result, obligations, prove
from stackproof.spec.transition_system import ModelError, System
from stackproof.spec.vacuity import vacuity


def systems(name: str) -> tuple[System, ...]:
    """The systems of a model: one of ours, or what a user's function returns, one or several."""
    if name in MODELS:
        return systems_of(name)
    built = from_user(name)
    several = tuple(built) if isinstance(built, list | tuple) else (built,)
    if not several or not all(isinstance(one, System) for one in several):
        raise ScenarioError(f"{name} returned no System. See: stackproof list models")
    return several


def from_user(name: str) -> Any:
    """What a user's function returns; raises ScenarioError where there is none, or it raises something."""
    try:
        return function_at(name)()
    except ScenarioError as error:
        raise ScenarioError(str(error).replace("stackproof explore", "stackproof prove")) from None
    except Exception as error:
        raise ScenarioError(f"{name} cannot be built: {blamed(error)}") from error


def judged(names: Sequence[str], processes: int, asked: "Question") -> Iterator[Judged]:
    """What becomes of these models, in order."""
    parts = [(name, place) for name in names for place in range(len(systems(name)))]
    if processes == 1 or len(parts) == 1:
        yield from map(asked, parts)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(asked, parts)


def question(seconds: float, only: str | None, sense: bool) -> "Question":
    """What is asked of each system."""
    return partial(of_system, seconds=seconds, only=only, sense=sense)


Question = Callable[[tuple[str, int]], Judged]


def of_system(part: tuple[str, int], seconds: float, only: str | None, sense: bool) -> Judged:
    """What becomes of one system of a model."""
    name, place = part
    system = systems(name)[place]
    try:
        owed = [one for one in obligations(system) if only in (None, str(one))]
    except ModelError as error:
        raise ScenarioError(f"{error}. See: stackproof prove --help") from None
    sentences = {one.__name__: sentence(one) for one in system.parts}
    found = [sense_of(one, sentences) for one in vacuity(system, seconds)] if sense else None
    return Judged(name, system.name, sentences, [proof(prove(one, seconds)) for one in owed], found)


def sentence(part: Any) -> str:
    """What a part of a model says, in one line."""
    return " ".join((getdoc(part) or "").split("\n\n")[0].split())


def proof(result: Result) -> Proof:
    """The answer to an obligation, without formulas."""
    one = result.obligation
    refutation = None if result.counterexample is None else refutation_of(result.counterexample)
    return Proof(
        str(one), one.kind.value, one.goal, one.step, result.answer.value, result.seconds, result.why, refutation
    )


def refutation_of(found: Counterexample) -> Refutation:
    """A counterexample in words."""
    sizes = {sort: size for sort, size in found.sizes.items() if sort != "Bool"}
    return Refutation(sizes, found.chosen, [Shown(row.name, row.before, row.after, row.change) for row in found.rows()])


def sense_of(finding: Any, sentences: dict[str, str]) -> Sense:
    """What was found out about a part, without formulas."""
    sizes = {} if finding.example is None else finding.example.sizes
    things = max((size for sort, size in sizes.items() if sort != "Bool"), default=None)
    return Sense(finding.part, sentences[finding.part], finding.sense.value, finding.seconds, things)
