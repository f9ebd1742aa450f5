"""The marks of a space-time diagram, each drawn around its place, and what they mean: no two differ by colour alone."""

from collections.abc import Iterable, Mapping

from stackproof.checker.render.html.page import Markup, element

ARROW = "M0 0L8 3.5L0 7z"
SHAPES: Mapping[str, tuple[tuple[str, dict[str, object]], ...]] = {
    "step": (("circle", {"r": 4.5, "class_": "ink"}),),
    "fire": (("circle", {"r": 6.5, "class_": "ring"}), ("path", {"d": "M0 -3.8V0L2.8 1.8", "class_": "stroke"})),
    "crash": (("rect", {"x": -7, "y": -7, "width": 14, "height": 14, "rx": 2, "class_": "bad"}),
              ("path", {"d": "M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5", "class_": "hole"})),
    "raise": (("rect", {"x": -7, "y": -7, "width": 14, "height": 14, "rx": 2, "class_": "bad"}),
              ("path", {"d": "M0 -4V1.5M0 3.6V4.4", "class_": "hole"})),
    "restart": (("path", {"d": "M0 -7.5L7 5.5H-7z", "class_": "good"}),),
    "pause": (("circle", {"r": 7, "class_": "ring"}), ("path", {"d": "M-2 -3V3M2 -3V3", "class_": "stroke"})),
    "resume": (("circle", {"r": 7, "class_": "ring"}), ("path", {"d": "M-2 -3.5L4 0L-2 3.5z", "class_": "ink"})),
    "join": (("circle", {"r": 7, "class_": "good"}), ("path", {"d": "M-3.5 0H3.5M0 -3.5V3.5", "class_": "hole"})),
    "leave": (("circle", {"r": 7, "class_": "ring"}), ("path", {"d": "M-3.5 0H3.5", "class_": "stroke"})),
    "drop": (("path", {"d": "M-5 -5L5 5M5 -5L-5 5", "class_": "cross"}),),
    "duplicate": (("circle", {"cx": -2.5, "r": 4.5, "class_": "ring"}),
                  ("circle", {"cx": 2.5, "r": 4.5, "class_": "ring"})),
    "bounce": (("path", {"d": "M0 -6L6 0L0 6L-6 0z", "class_": "warn"}),),
    "cut": (("rect", {"x": -5, "y": -5, "width": 10, "height": 10, "class_": "bad"}),),
    "cut-from": (("rect", {"x": -5, "y": -5, "width": 10, "height": 10, "class_": "hollow bad-line"}),),
    "heal": (("rect", {"x": -5, "y": -5, "width": 10, "height": 10, "class_": "good"}),),
    "heal-from": (("rect", {"x": -5, "y": -5, "width": 10, "height": 10, "class_": "hollow good-line"}),),
    "aloft": (("circle", {"r": 3.5, "class_": "ring"}),),
}  # fmt: skip
MEANINGS: Mapping[str, str] = {
    "step": "a step of a node",
    "fire": "a timer fires",
    "drop": "a message is lost",
    "duplicate": "a message is doubled",
    "bounce": "a message comes back: its target cannot be reached",
    "aloft": "still in flight at the end",
    "crash": "a node crashes",
    "raise": "a step of a node raises an exception",
    "restart": "a node restarts",
    "pause": "a node pauses",
    "resume": "a node resumes",
    "join": "a node joins",
    "leave": "a node leaves for good",
    "cut": "links are cut, from the filled nodes to the hollow ones",
    "heal": "messages pass again",
}
LINES: Mapping[str, str] = {
    "flight": "a message, from the step that sent it to the step that received it",
    "copy": "a copy that the network made",
    "up": "a node that is up",
    "paused": "a node that is paused",
    "down": "a node that is down, or raised an exception",
    "severed": "while links are cut",
    "again": "what goes round for ever",
}


def shapes() -> Markup:
    """The marks and the heads of arrows, to be used by their ids."""
    marks = [
        element("g", *(element(*one, **rest) for *one, rest in shape), id=f"m-{name}") for name, shape in SHAPES.items()
    ]
    heads = [head(name) for name in ("flight", "bounce", "again")]
    return element("svg", element("defs", *marks, *heads), class_="shapes", width=0, height=0, aria_hidden="true")


def head(name: str) -> Markup:
    """The head of one kind of arrow."""
    tip = element("path", d=ARROW, class_=f"head-{name}")
    sizes = {"markerWidth": 8, "markerHeight": 7, "refX": 12.5, "refY": 3.5, "markerUnits": "userSpaceOnUse"}
    return element("marker", tip, id=f"h-{name}", orient="auto", **sizes)


def mark(name: str, x: str, y: float) -> Markup:
    """A mark at its place."""
    return element("use", href=f"#m-{name}", x=x, y=y)


def legend(marks: Iterable[str], lines: Iterable[str]) -> Markup:
    """What the marks and lines of this picture mean."""
    rows = [row(line(name), LINES[name]) for name in LINES if name in set(lines)]
    rows += [row(mark(name, "16", 10), MEANINGS[name]) for name in MEANINGS if name in set(marks)]
    return element(
        "details", element("summary", "What the marks mean"), element("ul", *rows), class_="legend", open=True
    )


def line(name: str) -> Markup:
    """A sample of a kind of line."""
    if name == "severed":
        return element("rect", x=2, y=2, width=28, height=16, class_="severed")
    tip = {"flight": "url(#h-flight)", "copy": "url(#h-flight)", "again": "url(#h-again)"}.get(name)
    return element("line", x1=2, y1=10, x2=38 if tip else 30, y2=10, class_=f"line {name}", marker_end=tip)


def row(sample: Markup, meaning: str) -> Markup:
    """One line of the legend."""
    return element("li", element("svg", sample, width=32, height=20, aria_hidden="true"), " ", meaning)
