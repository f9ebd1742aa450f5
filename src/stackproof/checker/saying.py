"""What all verbs have in common on the command line: two options, and how answers and complaints are printed."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from stackproof.checker.render.terminal import Terminal

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="Print no colours (NO_COLOR in the environment: likewise).")]


def say(colour: bool, status: int, *parts: RenderableType, last: str | None = None) -> int:
    """Print the parts of an answer, then, on a line of its own that is never folded, the command to type next."""
    out = Terminal(sys.stdout, colour)
    for part in parts:
        out.show(part)
    if last is not None:
        out.print()
        out.print(Text(last, style="bold"), soft_wrap=True)
    return status


def say_json(form: Mapping[str, Any], status: int) -> int:
    """Print an answer as JSON."""
    Terminal(sys.stdout).print(Text(json.dumps(form)), soft_wrap=True)
    return status


def say_text(answer: str, status: int) -> int:
    """Print an answer as it is."""
    Terminal(sys.stdout).print(Text(answer), soft_wrap=True, end="")
    return status


def complain(sentence: str) -> None:
    """One sentence on standard error."""
    Terminal(sys.stderr).print(Text(f"stackproof: {' '.join(sentence.split())}"), soft_wrap=True)
