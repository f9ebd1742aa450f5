"""The scenarios that have a name, and how a name becomes a scenario.

Besides the registered names, `path/to/file.py:function` and `package.module:function` name a function that returns a
Scenario.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from attrs import frozen

from stackproof.checker.host import ScenarioError
from stackproof.checker.loading import blamed, function_at
from stackproof.checker.parameters import Parameter, brief, chosen, help_for, no_such, parameters_of, written
from stackproof.checker.scenario import Scenario


@frozen
class Registered:
    """A named scenario: where its function is, its layer of the stack, the systems that it asks about.

    One that is `broken` is kept so on purpose: `check` wants it violated.
    """

    name: str
    module: str
    function: str
    layer: str
    systems: tuple[str, ...]
    broken: bool = False

    def load(self) -> Callable[..., Any]:
        """The function itself."""
        module = import_module(f"stackproof.checker.scenarios.{self.module}")
        return getattr(module, self.function)  # type: ignore[no-any-return]

    @property
    def question(self) -> str:
        """The first line of its docstring."""
        return (self.load().__doc__ or "").strip().partition("\n")[0]


@frozen
class Bug:
    """A published bug of a system, as a scenario that is violated, and held once it is told `fixed=True`.

    Its function stands in `checker/bugs`, one file for each system; its docstring names the source.
    """

    id: str
    module: str
    function: str
    system: str

    def load(self) -> Callable[..., Any]:
        """The function itself."""
        module = import_module(f"stackproof.checker.bugs.{self.module}")
        return getattr(module, self.function)  # type: ignore[no-any-return]

    @property
    def title(self) -> str:
        """The first line of its docstring."""
        return (self.load().__doc__ or "").strip().partition("\n")[0]


LAYERS = (
    "membership",
    "dissemination",
    "lookup",
    "storage",
    "coordination",
    "scheduling",
    "processing",
    "services",
    "stack",
)

SCENARIOS: Mapping[str, Registered] = {
    one.name: one
    for one in (
        Registered("chord", "chord", "chord", "lookup", ("Chord",)),
        Registered("chord-2001", "chord", "chord_2001", "lookup", ("Chord",), broken=True),
        Registered("chord-lookup", "chord", "chord_lookup", "lookup", ("Chord",)),
        Registered("chord-storage", "chord", "chord_storage", "lookup", ("Chord",)),
        Registered("chord-atomic", "chord_atomic", "chord_atomic", "lookup", ("Chord",)),
        Registered("chord-2001-atomic", "chord_atomic", "chord_2001_atomic", "lookup", ("Chord",), broken=True),
        Registered("quorum", "quorum", "quorum", "storage", ("quorum store",)),
        Registered("quorum-arithmetic", "quorum", "quorum_arithmetic", "storage", ("quorum store",)),
        Registered("quorum-lecture", "quorum", "quorum_lecture", "storage", ("quorum store",)),
        Registered("abd", "quorum", "abd", "storage", ("ABD register",)),
        Registered("block-store", "block_store", "block_store", "storage", ("block store",)),
        Registered("two-phase-commit", "two_phase_commit", "two_phase_commit", "coordination", ("two-phase commit",)),
        Registered(
            "two-phase-commit-tla", "two_phase_commit", "two_phase_commit_tla", "coordination", ("two-phase commit",)
        ),
        Registered("drf", "drf", "drf", "scheduling", ("DRF",)),
        Registered("mesos-offers", "mesos", "mesos_offers", "scheduling", ("Mesos",)),
        Registered("mesos-failover", "mesos", "mesos_failover", "scheduling", ("Mesos",)),
        Registered("mesos-revocation", "mesos", "mesos_revocation", "scheduling", ("Mesos",)),
        Registered("mapreduce", "mapreduce", "mapreduce", "processing", ("MapReduce",)),
        Registered("rdd", "rdd", "rdd", "processing", ("Spark RDDs",)),
        Registered("rdd-shuffle", "rdd", "rdd_shuffle", "processing", ("Spark RDDs",)),
        Registered("stack", "stack", "stack", "stack", ("Chord", "Mesos", "MapReduce")),
    )
}

BUGS: Mapping[str, Bug] = {
    one.id: one
    for one in (
        Bug("A1", "mesos_allocator", "a_tie_is_broken_by_name", "Mesos"),
        Bug("A2", "mesos_allocator", "one_framework_takes_all", "Mesos"),
        Bug("A3", "mesos_filters", "a_filter_expires_before_it_is_used", "Mesos"),
        Bug("A6", "mesos_allocator", "allocation_stops_at_the_first_incapable_framework", "Mesos"),
        Bug("A7", "mesos_books", "offers_are_rescinded_before_the_update", "Mesos"),
        Bug("A8", "mesos_books", "an_invalid_offer_leaks_the_others", "Mesos"),
        Bug("A10", "mesos_filters", "hoarded_offers_block_everybody", "Mesos"),
        Bug("A11", "mesos_filters", "many_small_frameworks_decline", "Mesos"),
        Bug("A12", "mesos_tasks", "a_launch_crosses_a_registration", "Mesos"),
        Bug("A13", "mesos_tasks", "pending_tasks_are_not_named", "Mesos"),
        Bug("A14", "mesos_tasks", "a_task_is_forgotten_before_its_end_is_known", "Mesos"),
        Bug("A17", "mesos_tasks", "an_update_is_acknowledged_unprocessed", "Mesos"),
        Bug("A-expiry", "mesos_filters", "filters_never_expire", "Mesos"),
        Bug("A-role", "mesos_allocator", "roles_are_sorted_by_what_others_hold", "Mesos"),
        Bug("J2", "mapreduce", "hadoop_1077", "MapReduce"),
        Bug("J3", "mapreduce", "hadoop_2031", "MapReduce"),
        Bug("J6", "mapreduce", "mapreduce_3274", "MapReduce"),
        Bug("J7", "mapreduce", "mapreduce_5009", "MapReduce"),
        Bug("J8", "mapreduce", "mapreduce_4832", "MapReduce"),
        Bug("S1", "rdd", "spark_23207", "Spark RDDs"),
        Bug("S3", "rdd", "spark_4879", "Spark RDDs"),
        Bug("S5", "rdd", "spark_39195", "Spark RDDs"),
        Bug("S7", "rdd", "spark_18886", "Spark RDDs"),
        Bug("S9", "rdd", "spark_8103", "Spark RDDs"),
        Bug("S10", "rdd", "spark_7829", "Spark RDDs"),
    )
}


def build(name: str, parameters: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario called `name`, with these parameters and the defaults of the others; raises ScenarioError."""
    return built(name, function_named(name), parameters or {})


def built(name: str, function: Callable[..., Any], parameters: Mapping[str, Any]) -> Scenario:
    """The scenario that a function called `name` returns for these parameters."""
    values = chosen(name, parameters_of(name, function), parameters)
    with_values = ", ".join(f"{key}={brief(written(value))}" for key, value in values.items())
    try:
        scenario = function(**values)
    except ScenarioError as error:
        raise ScenarioError(f"{name}({with_values}): {error}. {help_for(name)}") from None
    except Exception as error:
        raise ScenarioError(f"{name}({with_values}) cannot be built: {blamed(error)}") from error
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"{name} returned {brief(scenario)}, not a Scenario. Registered ones: stackproof list")
    scenario.name = name
    scenario.parameters = {key: written(value) for key, value in values.items()}
    return scenario


def is_registered(name: str) -> bool:
    """Whether a name alone says which scenario is meant."""
    return name in SCENARIOS or name in BUGS


def function_named(name: str) -> Callable[..., Any]:
    """The function behind a name."""
    known: Registered | Bug | None = SCENARIOS.get(name) or BUGS.get(name)
    if known is not None:
        return known.load()
    if ":" in name:
        return function_at(name)
    raise ScenarioError(unknown(name))


def bug_named(identifier: str) -> str:
    """The identifier of a known bug, as it is written in its scenario's place; raises ScenarioError."""
    if identifier in BUGS:
        return identifier
    raise ScenarioError(no_such("bug", identifier, BUGS, "stackproof list bugs"))


def options_of(name: str) -> tuple[Parameter, ...]:
    """The parameters of the scenario called `name`."""
    return parameters_of(name, function_named(name))


def in_layer(layer: str) -> tuple[str, ...]:
    """The registered scenarios of one layer."""
    return tuple(name for name, one in SCENARIOS.items() if one.layer == layer)


def unknown(name: str) -> str:
    """What to say of a name that means nothing here."""
    if name.endswith(".py"):
        return f"{name!r} is a file; name the scenario function in it, too: stackproof explore {name}:FUNCTION"
    return no_such("scenario", name, [*SCENARIOS, *LAYERS], "stackproof list")
