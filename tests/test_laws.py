"""The laws of the house, read off the source: who imports whom, what the reference may not touch, what has prose."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stackproof
from stackproof.checker.registry import LAYERS

SOURCE = Path(stackproof.__file__).parent
STACK = (*LAYERS, "stack")
KERNEL = "stackproof.reference.actor"
FORBIDDEN = ("time", "random", "os", "asyncio")


def modules(folder: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module below a folder of the package, by its dotted name."""
    for path in sorted((SOURCE / folder).rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text("utf-8"), path)


def imports(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that a module imports, wherever in it, those for type checkers only included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of(package: str, name: str) -> bool:
    """Whether a dotted name is that of a package or of something in it."""
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize(("folder", "other"), [("reference", "checker"), ("reference", "spec"), ("spec", "checker")])
def test_the_reference_and_the_formal_models_know_nothing_of_what_checks_them(folder: str, other: str) -> None:
    assert breaches(folder, lambda _, name: not of(f"stackproof.{other}", name)) == []


def test_the_formal_models_know_nothing_of_the_reference() -> None:
    assert breaches("spec", lambda _, name: not of("stackproof.reference", name)) == []


def test_a_layer_of_the_reference_imports_the_kernel_and_the_layers_below_it() -> None:
    assert breaches("reference", allowed) == []


def test_the_reference_knows_no_clock_no_dice_and_no_system() -> None:
    assert breaches("reference", lambda _, name: not any(of(one, name) for one in FORBIDDEN)) == []


def test_the_reference_is_made_of_the_standard_library_and_attrs() -> None:
    known = {"attrs", "stackproof", *sys.stdlib_module_names}
    assert breaches("reference", lambda _, name: name.split(".")[0] in known) == []


def breaches(folder: str, law: Callable[[str, str], bool]) -> list[str]:
    """The imports below a folder that a law over (module, imported name) forbids."""
    names = ((module, name) for module, tree in modules(folder) for name in imports(tree))
    return [f"{module} imports {name}" for module, name in names if not law(module, name)]


def allowed(module: str, name: str) -> bool:
    """Whether a module of the reference may import a name: where it is ours, the kernel's or that of a layer below."""
    if not of("stackproof", name) or of(KERNEL, name) or KERNEL.startswith(name):
        return True
    return layer(module) in STACK and layer(name) in STACK[: STACK.index(layer(module)) + 1]


def layer(name: str) -> str:
    """The layer that a dotted name of the reference belongs to."""
    return name.removeprefix("stackproof.reference.").split(".")[0]


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("stackproof.reference.actor.Out", True),
        ("stackproof.reference.storage.abd", True),
        ("stackproof.reference.lookup.chord.ChordNode", True),
        ("stackproof.reference.coordination", False),
        ("stackproof.reference.stack", False),
        ("stackproof.checker.world", False),
        ("attrs.define", True),
    ],
)
def test_storage_stands_on_lookup_and_below_coordination(name: str, may: bool) -> None:
    assert allowed("stackproof.reference.storage.quorum_store", name) is may


def test_everything_public_says_what_it_is() -> None:
    bare = [
        f"{module}:{node.lineno} {node.name}"
        for module, tree in modules("")
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert bare == []


def test_every_module_says_what_it_is() -> None:
    assert [module for module, tree in modules("") if not ast.get_docstring(tree)] == []
