"""What `st.from_type` draws for our types: Hypothesis calls `_hypothesis_setup_hook` when it is imported.

Hypothesis finds it by the entry point group `hypothesis`, and its own plugin for pytest is imported in every run of
pytest. So nothing of ours is imported here: a type is registered at once where its module is there, and otherwise as
soon as somebody has imported that, by a finder which lets modules be found as ever and sees when they are done.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

DRAWN: Mapping[str, Mapping[str, str]] = {
    "stackproof.checker.faults": {"Faults": "faults", "Cut": "cuts"},
    "stackproof.checker.history": {"History": "histories"},
    "stackproof.checker.invariants.ring": {"RingView": "rings"},
    "stackproof.checker.judge.calls": {"Call": "single_calls"},
    "stackproof.checker.scenario": {"Scenario": "scenarios"},
    "stackproof.checker.trace": {"Trace": "traces"},
    "stackproof.reference.lookup.consistent_hashing": {"HashRing": "hash_rings"},
    "stackproof.reference.lookup.identifiers": {"Arc": "arcs", "Circle": "circles", "HalfOpen": "half_open_arcs"},
    "stackproof.reference.processing.rdd": {"RDD": "rdds"},
    "stackproof.reference.scheduling.drf": {"Cluster": "clusters", "User": "users"},
    "stackproof.reference.storage.quorum_store": {"Put": "puts", "Quorums": "quorums"},
}
"""Of each module the types, each with the function of `stackproof.checker.strategies` that draws it."""


def _hypothesis_setup_hook() -> None:
    """Tell Hypothesis of every type that is there, and of the others once they are."""
    for name in DRAWN:
        if name in sys.modules:
            register(sys.modules[name])
    sys.meta_path.insert(0, Watch)


class Watch:
    """Finds the modules of our types where they are, and registers the types once a module has been executed."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As every finder does."""
        spec = PathFinder.find_spec(name, path, target) if name in DRAWN else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                register(module)

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


def register(module: ModuleType) -> None:
    """Tell Hypothesis of the types of a module."""
    from hypothesis import strategies as st  # noqa: PLC0415 - it is there: this runs after it called the hook

    for name, function in DRAWN[module.__name__].items():
        if hasattr(module, name):
            st.register_type_strategy(getattr(module, name), partial(drawn, function))


def drawn(function: str, _: Any) -> Any:
    """The strategy that a function of ours returns."""
    return getattr(import_module("stackproof.checker.strategies"), function)()
