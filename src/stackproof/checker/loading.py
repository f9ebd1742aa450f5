"""Scenario functions from the files and modules that a user names; their errors are told with file and line."""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import stackproof
from stackproof.checker.host import ScenarioError

OURS = Path(stackproof.__file__).resolve().parent


def function_at(name: str) -> Callable[..., Any]:
    """The function that `path/to/file.py:function` or `package.module:function` names."""
    place, _, wanted = name.rpartition(":")
    if not place or not wanted.isidentifier():
        raise ScenarioError(f"{name!r} names no function. Write: stackproof explore FILE.py:FUNCTION")
    module = from_file(Path(place)) if place.endswith(".py") else from_module(place)
    function = getattr(module, wanted, None)
    if not callable(function):
        raise ScenarioError(f"{place} has no function {wanted!r}. {others(place, module, wanted)}")
    return function  # type: ignore[no-any-return]


def others(place: str, module: ModuleType, wanted: str) -> str:
    """What may have been meant."""
    own = [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
    ]
    close = get_close_matches(wanted, own, 1)
    return f"Did you mean: stackproof explore {place}:{close[0]}" if close else "Registered scenarios: stackproof list"


def from_file(path: Path) -> ModuleType:
    """The module in a file, as `python path` would see it: the files beside it can be imported."""
    if not path.is_file():
        raise ScenarioError(f"there is no file {path}. Write: stackproof explore FILE.py:FUNCTION")
    title = f"scenario_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(title, path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f"{path} is no Python file")
    module = sys.modules[title] = importlib.util.module_from_spec(spec)
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.insert(0, beside)
    with in_words(str(path)):
        spec.loader.exec_module(module)
    return module


def from_module(name: str) -> ModuleType:
    """A module that can be imported, from the current folder, too."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    with in_words(name):
        return importlib.import_module(name)


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Whatever is raised while a user's module is loaded becomes one sentence."""
    try:
        yield
    except ScenarioError:
        raise
    except (Exception, SystemExit) as error:
        raise ScenarioError(f"{what} cannot be loaded: {blamed(error)}") from None


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """What a user's properties or monitors raise while they are asked becomes one sentence; what we raise does not."""
    try:
        yield
    except ScenarioError:
        raise
    except RecursionError:
        raise ScenarioError(f"{name} is too large to explore: give it fewer nodes or smaller values") from None
    except Exception as error:
        if last_line(error) is None:
            raise
        raise ScenarioError(f"{name} cannot be run: {blamed(error)}") from error


def blamed(error: BaseException) -> str:
    """What was raised, and where in the user's code."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{from_here(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}"
    place = last_line(error)
    return f"{place}: {said}" if place else said


def last_line(error: BaseException) -> str | None:
    """The last line of the user's that ran: not ours, not a library's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_theirs(frame.filename):
            return f"{from_here(frame.filename)}:{frame.lineno}"
    return None


def is_theirs(filename: str) -> bool:
    """Whether a file is neither ours nor a library's."""
    path = Path(filename)
    if filename.startswith("<") or path.resolve().is_relative_to(OURS) or "site-packages" in path.parts:
        return False
    library = Path(traceback.__file__).parent
    return not path.is_relative_to(library)


def from_here(filename: str) -> str:
    """A path from the current folder where it lies below it."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename
