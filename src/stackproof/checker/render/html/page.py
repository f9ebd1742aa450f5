"""What every page is made of: elements whose text is escaped, one style, one script, and a policy that allows no more.

A page is one file of ASCII. It asks for nothing: its policy forbids every request, and lets run only the script and
the style that were written here, by their hashes. So what a stranger put into a name or a value is text and stays text.
"""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict

VOID = ("meta", "input", "br")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Part: TypeAlias = str | Iterable[Any] | None


def element(name: str, /, *parts: Part, **attributes: object) -> Markup:
    """An element. Attributes are written as keywords, `class_`, `aria_label`; one that is None or False is left out."""
    written = "".join(attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    inside = "".join(flat(parts))
    return Markup(f"<{name}{written}>" if name in VOID else f"<{name}{written}>{inside}</{name}>")


def attribute(name: str, value: object) -> str:
    """An attribute with the blank before it."""
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escaped(str(value))}"'


def flat(parts: Iterable[Any]) -> Iterator[str]:
    """The parts as HTML, one after the other."""
    for part in parts:
        if isinstance(part, Markup):
            yield part
        elif isinstance(part, str):
            yield escaped(part)
        elif part is not None:
            yield from flat(part)


def escaped(text: str) -> str:
    """Text for a page: nothing in it is markup, and what cannot be seen (controls, changes of direction) is spelled."""
    return html.escape(visible(text))


def visible(text: str) -> str:
    """Text in which every character can be seen."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def asset(name: str) -> str:
    """A style or a script of ours."""
    return files(__package__).joinpath(name).read_text("ascii")


def page(title: str, *body: Part, script: str = "", data: Mapping[str, Any] | None = None, style: str = "") -> str:
    """A whole page. `data` is what the script reads, `style` is added to the style of the house."""
    look, code = asset("house.css") + style, asset(script) if script else ""
    allowed = f"'{hashed(code)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; style-src '{hashed(look)}'; script-src {allowed}; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(look)),
    )
    told = element("script", Markup(as_data(data)), type="application/json", id="data") if data is not None else None
    runs = element("script", Markup(code)) if script else None
    whole = element("html", head, element("body", *body, told, runs), lang="en")
    return f"<!doctype html>\n{whole}\n".encode("ascii", "xmlcharrefreplace").decode("ascii")


def hashed(text: str) -> str:
    """What a policy calls a script or a style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def as_data(data: Mapping[str, Any]) -> str:
    """JSON that no parser of HTML sees anything in."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def write(text: str, path: Path) -> None:
    """Write a page. Raises ScenarioError where that cannot be done."""
    try:
        path.write_text(text, "ascii", newline="\n")
    except OSError as error:
        raise ScenarioError(f"{path} cannot be written: {error.strerror}. Name another: --html FILE") from None


def banner(verdict: Verdict, about: str, headline: str, *parts: Part) -> Markup:
    """The top of a page: the verdict, of what, and why."""
    chip = element("b", verdict.value.upper(), class_=f"chip {verdict.value}")
    top = element("p", chip, " ", element("code", about), class_="about")
    return element("header", top, element("h1", headline), *parts, class_="banner")


def footer(again: str, version: str, *parts: Part) -> Markup:
    """The end of a page: how to have it again."""
    made = element("p", "Made by stackproof ", version, " with ", element("code", again))
    return element("footer", *parts, made)
