"""A judged history as a page: a lane for each process, time downward, a bar for each operation.

Where there is an order, each operation has a numbered point at which it took effect. Where there is none, the picture
ends with the event that no order gets past, and beside it stand a longest order, and what has no place in it and why.
Of a long history the part that ends there is drawn, or, where an order was found, its beginning.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from stackproof import __version__
from stackproof.checker.judge.ask import Ask
from stackproof.checker.judge.calls import Call, first, shown
from stackproof.checker.judge.models import Model
from stackproof.checker.judge.verdict import Breach, Judgement, Refusal, parts_of
from stackproof.checker.render import judged
from stackproof.checker.render.html.bars import Lanes, Picture, places
from stackproof.checker.render.html.page import Markup, banner, element, footer, page, write
from stackproof.checker.report import Verdict

MOST = 400
ANSWERS = {Verdict.HELD: "holds", Verdict.VIOLATED: "does not hold", Verdict.UNKNOWN: "may hold or not: unknown"}


def draw(found: Judgement, calls: Sequence[Call], model: Model, path: Path, ask: Ask, name: str, again: str) -> None:
    """Write the page of a judged history; `name` says of what, `again` is the command that does."""
    write(page_of(found, calls, model, ask, name, again), path)


def page_of(found: Judgement, calls: Sequence[Call], model: Model, ask: Ask, name: str, again: str) -> str:
    """The page of a judged history."""
    shown_here = picture_of(found, calls, model)
    about = f"{name} as {model.name}, {ask.value}"
    pending = f"{found.calls:,} operations, {found.pending:,} of them never answered"
    pending += f"; {found.parts:,} parts, each judged for itself." if found.parts > 1 else "."
    reason = element("p", judged.because(found, ask), " ", where(shown_here.last))
    body = (
        banner(found.verdict, about, f"{ask.value} {ANSWERS[found.verdict]}", reason, element("p", pending)),
        element("main", Lanes(shown_here).section(), beside(found)),
        footer(again, __version__, meanings(shown_here)),
    )
    return page(f"{found.verdict.value}: {about}", *body)


def where(event: int | None) -> Markup | None:
    """The way to the event that no order gets past."""
    return None if event is None else element("a", "Show it", href=f"#event={event}")


def picture_of(found: Judgement, calls: Sequence[Call], model: Model) -> Picture:
    """The calls to draw: what leads up to what is wrong, or the beginning."""
    bad = found.refusal or found.breach
    if bad is None:
        taken = {begin: place for _, order in found.orders for begin, place in places(order).items()}
        return Picture(tuple(calls[:MOST]), taken, left_out=counted((len(calls[MOST:]), "after")))
    own = [model.checked(call) for call in calls]
    own = own if bad.part is None else parts_of(own, model)[bad.part]
    if found.refusal is not None:
        own = list(first(own, found.refusal.event))
        refused, taken = frozenset({found.refusal.call.begin}), places(found.refusal.order)
        last = found.refusal.call.end
        return Picture(tuple(own[-MOST:]), taken, refused, last, counted((len(own[:-MOST]), "before")))
    return around(own, found.breach.calls if found.breach else (), bad.event)


def around(own: Sequence[Call], calls: Sequence[Call], event: int | None) -> Picture:
    """The calls that contradict each other, and those that overlap them or lie between."""
    begins = frozenset(call.begin for call in calls)
    since = min(begins, default=0)
    until = event or max(begins, default=0)
    near = [one for one in own if one.begin in begins or ((one.end or until) >= since and one.begin <= until)]
    early = sum(one.end is not None and one.end < since for one in own)
    late = sum(one.begin > until for one in own)
    kept = [one for place, one in enumerate(near) if place < MOST or one.begin in begins]
    missing = counted((early, "before"), (len(near) - len(kept), "among"), (late, "after"))
    return Picture(tuple(kept), {}, begins, event if any(one.end == event for one in kept) else None, missing)


def counted(*missing: tuple[int, str]) -> tuple[tuple[int, str], ...]:
    """What is left out, where anything is."""
    return tuple((count, where) for count, where in missing if count)


def beside(found: Judgement) -> Markup:
    """Beside the picture: the order, or what stands in its way."""
    parts = orders(found)
    if found.refusal is not None:
        parts = explained(found.refusal)
    elif found.breach is not None:
        parts = together(found.breach)
    return element("aside", *parts, class_="box", aria_label="Why")


def together(breach: Breach) -> Iterator[Markup]:
    """The operations that contradict each other."""
    yield element("h2", "These cannot all be as they are")
    yield listed(list(enumerate(sorted(breach.calls, key=lambda one: one.begin), 1))[:MOST])
    yield element("p", f"{breach.reason}.")


def explained(refusal: Refusal) -> Iterator[Markup]:
    """A longest order, what it leaves out and why."""
    yield element("h2", "Under way, and without a place in the order")
    items = [
        element("li", element("b", str(call.process)), " ", element("code", str(call)), ": ", why)
        for call, why in refusal.waiting
    ]
    yield element("ul", *items)
    numbered = list(enumerate(refusal.order, 1))
    yield element("h2", "A longest order")
    if numbered[MOST:]:
        yield element("p", f"It begins with {len(numbered) - MOST:,} more.", class_="none")
    yield listed(numbered[-MOST:])
    yield element("p", "It leaves ", element("code", shown(refusal.state)), ".")


def orders(found: Judgement) -> Iterator[Markup]:
    """An order of each part."""
    for part, order in found.orders:
        yield element("h2", "An order that explains it" if part is None else f"An order for {shown(part)}")
        yield listed(list(enumerate(order, 1))[:MOST])
        if order[MOST:]:
            yield element("p", f"... and {len(order) - MOST:,} more.", class_="none")
    if not found.orders:
        yield element("p", found.why or "The answer was found without an order.", class_="none")


def listed(numbered: Sequence[tuple[int, Call]]) -> Markup:
    """A part of an order, with its numbers."""
    items = [element("li", element("b", str(call.process)), " ", element("code", str(call))) for _, call in numbered]
    return element("ol", *items, class_="order", start=numbered[0][0] if numbered else 1)


def meanings(drawn: Picture) -> Markup:
    """What the marks mean."""
    samples = [
        ("bar taken" if drawn.taken else "bar", "an operation, from its call to its return"),
        ("bar open", "one that nobody heard of again: it may take effect at any time after its call, or never"),
    ]
    if drawn.bad:
        samples.append(("bar refused", "an operation that stands in the way"))
    rows = [element("li", sample(kind), " ", said) for kind, said in samples]
    point = element(
        "svg", element("circle", cx=16, cy=10, r=8, class_="point"), width=32, height=20, aria_hidden="true"
    )
    if drawn.taken:
        rows.append(element("li", point, " where it takes effect, and which one it is in the order"))
    return element(
        "details", element("summary", "What the marks mean"), element("ul", *rows), class_="legend", open=True
    )


def sample(kind: str) -> Markup:
    """A bar for the legend."""
    drawn = element("rect", x=2, y=2, width=28, height=16, rx=4, class_=kind)
    return element("svg", drawn, width=32, height=20, aria_hidden="true")
