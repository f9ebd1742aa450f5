"""Commands that take the parameters of the scenario on their line as options."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any, TypeAlias, get_args, get_origin

import typer
from rich.markup import escape
from typer.core import TyperCommand

from stackproof.checker.host import ScenarioError
from stackproof.checker.parameters import Parameter, inner, parameters_of
from stackproof.checker.registry import bug_named, built, function_named, is_registered

Verb: TypeAlias = Callable[..., int]
A_NAME = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="A registered name, file.py:function, package.module:function, or --bug and its ID."
    ),
]


class ScenarioCommand(TyperCommand):
    """A verb that is followed by the name of a scenario and its options."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of this verb, or, where the line names a scenario, of the verb with that scenario's options."""
        refuse_two(args)
        args = list(bugs_by_name(args))
        place = self.place_of_scenario(args)
        if place is None:
            return super().make_context(info_name, args, parent=parent, **extra)
        name, rest = args[place], [*args[:place], *args[place + 1 :]]
        app, function = typer.Typer(add_completion=False, rich_markup_mode="rich"), function_named(name)
        app.command(help=escape(prose(inspect.getdoc(function) or "")))(asking(self.verb, name, function))
        return typer.main.get_command(app).make_context(f"{info_name} {name}", rest, parent=parent, **extra)

    @property
    def verb(self) -> Callable[..., int]:
        """The function that takes a Scenario."""
        verb: Verb = inspect.unwrap(self.callback)  # type: ignore[arg-type]
        return verb

    def place_of_scenario(self, args: Sequence[str]) -> int | None:
        """Where on the line the scenario stands: the first word that names one, else the first that is no option."""
        takes_value = {name for one in self.params if not getattr(one, "is_flag", True) for name in one.opts}
        words = [
            place
            for place, word in enumerate(args)
            if not word.startswith("-") and (place == 0 or args[place - 1] not in takes_value)
        ]
        named = (place for place in words if is_registered(args[place]) or ":" in args[place])
        return next(named, words[0] if words else None)


def bugs_by_name(args: Sequence[str]) -> Iterator[str]:
    """The words of a line, `--bug ID` being the name of a scenario."""
    words = iter(args)
    for word in words:
        option, equals, identifier = word.partition("=")
        if option != "--bug":
            yield word
        elif named := identifier if equals else next(words, ""):
            yield bug_named(named)
        else:
            raise ScenarioError("--bug takes the ID of one bug. See: stackproof list bugs")


def refuse_two(args: Sequence[str]) -> None:
    """Raise ScenarioError for a line that names a scenario beside a bug, which is one itself."""
    named = [word for before, word in pairwise(("", *args)) if is_registered(word) and not before.startswith("-")]
    if "--bug" in args and named:
        raise ScenarioError(f"--bug names a scenario by itself; leave out {named[0]}. See: stackproof list bugs")


def prose(text: str) -> str:
    """A docstring with each paragraph on one line, for the terminal to fold."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def with_a_scenario(verb: Verb) -> Verb:
    """`verb(scenario, ...)` as Typer first sees it: with the name of a scenario, whose options are not known yet."""
    _, *own = inspect.signature(verb).parameters.values()
    name = inspect.Parameter("scenario", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=A_NAME)
    return as_signed(verb, verb, [name, *own])


def asking(verb: Verb, name: str, function: Callable[..., Any]) -> Verb:
    """`verb(scenario, ...)` with the parameters of a scenario function as options, from which it is built."""
    _, *own = inspect.signature(verb).parameters.values()
    parameters = parameters_of(name, function)
    refuse_doubles(name, parameters, own)

    def call(**given: Any) -> int:
        values = {one.name: given.pop(one.name) for one in parameters}
        return verb(built(name, function, values), **given)

    return as_signed(call, verb, [*map(option, parameters), *own])


def as_signed(call: Verb, verb: Verb, options: Iterable[inspect.Parameter]) -> Verb:
    """`call` with the signature that Typer is to read."""

    def signed(**given: Any) -> int:
        return call(**given)

    signature = inspect.Signature(list(options))
    signed.__signature__ = signature  # type: ignore[attr-defined]
    signed.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
    signed.__doc__, signed.__wrapped__ = verb.__doc__, verb  # type: ignore[attr-defined]
    return signed


def option(one: Parameter) -> inspect.Parameter:
    """A scenario's parameter as a long option."""
    kind = list[inner(one.kind)] if get_origin(one.kind) is tuple else one.kind  # type: ignore[misc]
    default = list(one.default) if isinstance(one.default, tuple) else one.default
    shown: Any = Annotated[kind, typer.Option(rich_help_panel="The scenario")]
    return inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=shown)


def refuse_doubles(name: str, parameters: Sequence[Parameter], own: Sequence[inspect.Parameter]) -> None:
    """Raise ScenarioError for a parameter that is called like an option of the verb."""
    taken = {"--help", *(mine.name for mine in own), *(word for mine in own for word in words_of(mine))}
    for one in parameters:
        spelled = f"--{one.name.replace('_', '-')}"
        if spelled in taken or one.name in taken:
            raise ScenarioError(f"{name}: the parameter {one.name!r} is called like the option {spelled}; rename it")


def words_of(one: inspect.Parameter) -> Sequence[str]:
    """How an option of a verb is spelled."""
    _, told = get_args(one.annotation)
    return told.param_decls or (f"--{one.name}",)
