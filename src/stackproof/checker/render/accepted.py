"""What came of judging a log, for people: the verdict first, then the line that is refused and what refuses it."""

from rich.console import Group, RenderableType
from rich.text import Text

from stackproof.checker.oracle.accept import Acceptance, Refusal
from stackproof.checker.render.story import columns, headline, story
from stackproof.checker.render.text import events, title
from stackproof.checker.report import Verdict
from stackproof.checker.world import Event

MOST_ENABLED = 12
MOST_STEPS = 30


def of(found: Acceptance, log: str) -> Group:
    """The answer to `judge --scenario`."""
    head = title(found.verdict, f"{log} as {found.scenario}", found.parameters)
    if found.verdict is Verdict.HELD:
        fits = f"The reference could have done that: {lines(found)} in a run of {events(len(found.trace.steps) - 1)}."
        return Group(head, Text(fits), figures(found))
    if found.refusal is None:
        said = f"Nobody knows: {found.why}. So far, the first {found.accepted:,} of {lines(found)} fit a run."
        return Group(head, Text(said), figures(found))
    return Group(head, *refused(found, found.refusal))


def refused(found: Acceptance, refusal: Refusal) -> list[RenderableType]:
    """The line, what refuses it, what may happen instead, and how the run came there."""
    several = bool(refusal.entry.of)
    one = found.accepted == 1
    some = f"{found.accepted:,}" if several else "The first" if one else f"The first {found.accepted:,}"
    head = f"{some} of {lines(found)} {'fits' if one else 'fit'} a run" if found.accepted else "No line fits a run"
    others = f", nor {', '.join(refusal.others)}" if refusal.others else ""
    nearest = f" (in the nearest of {refusal.worlds:,} possible worlds)" if refusal.worlds > 1 else ""
    parts: list[RenderableType] = [
        Text(f"{head}, and no run fits {refusal.entry.where}{others}:"),
        Text(f"  {refusal.entry}", "bold"),
        Text(f"because {refusal.guard.reason}{nearest}."),
        figures(found),
    ]
    if refusal.enabled:
        parts += ["", Text(f"What may happen there instead, {events(len(refusal.enabled))}:"), enabled(refusal.enabled)]
    if len(found.trace.steps) <= MOST_STEPS:
        parts += ["", Text("The run up to there:"), story(found.trace)]
    return parts


def enabled(may_happen: tuple[Event, ...]) -> RenderableType:
    """The first of the events that may happen."""
    table = columns()
    for event in may_happen[:MOST_ENABLED]:
        _, who, what = headline(0, event)
        table.add_row("", who, what)
    if len(may_happen) > MOST_ENABLED:
        table.add_row("", "", Text(f"and {len(may_happen) - MOST_ENABLED:,} more", "dim"))
    return table


def lines(found: Acceptance) -> str:
    """How many events the log tells of."""
    return f"{found.lines:,} line{'' if found.lines == 1 else 's'}"


def figures(found: Acceptance) -> Text:
    """What was looked at."""
    return Text(f"{found.looked_at:,} world{'' if found.looked_at == 1 else 's'} looked at", "dim")
