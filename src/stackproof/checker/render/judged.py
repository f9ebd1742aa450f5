"""What `judge` shows: the verdict, and where there is no order, who was under way and what stood in the way."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stackproof.checker.judge.ask import Ask
from stackproof.checker.judge.calls import Call, shown
from stackproof.checker.judge.verdict import Breach, Judgement, Refusal, sentence
from stackproof.checker.render.text import verdict
from stackproof.checker.report import Verdict

LANES, LAST, WIDTH = 12, 5, 30
AN_ORDER = "There is an order of the operations that explains what every client saw"
HOLDS = {
    Ask.LINEARIZABLE: f"{AN_ORDER}.",
    Ask.STRICT: f"{AN_ORDER}.",
    Ask.SEQUENTIAL: f"{AN_ORDER}, and keeps that of each process.",
    Ask.REGULAR: "Every read returned the value of a last write before it, or of one that it overlaps.",
    Ask.READ_YOUR_WRITES: "There is an order of the writes in which no process read what was before its own.",
    Ask.MONOTONIC_READS: "There is an order of the writes in which no process read what was before what it had read.",
}
UNDECIDED = {
    Ask.LINEARIZABLE: "No order was found, and none was ruled out",
    Ask.READ_YOUR_WRITES: "No order of the writes was found, and none was ruled out",
    Ask.MONOTONIC_READS: "No order of the writes was found, and none was ruled out",
}


def of(found: Judgement, name: str, model: str, ask: Ask) -> Group:
    """The verdict on a history, and why."""
    head = Text.assemble(verdict(found.verdict), "  ", (f"{name} as {model}, {ask}", "bold"))
    parts: list[RenderableType] = [head, because(found, ask), "", facts(found)]
    if found.refusal is not None:
        parts += ["", *explained(found.refusal)]
    if found.breach is not None:
        parts += ["", *together(found.breach)]
    return Group(*parts)


def because(found: Judgement, ask: Ask = Ask.LINEARIZABLE) -> str:
    """What the verdict says, in a sentence."""
    if found.breach is not None:
        return f"These operations cannot all be as they are: {found.breach.reason}."
    if found.refusal is not None:
        return f"The first {found.refusal.event:,} events have no order: {sentence(found.refusal)}."
    if found.verdict is Verdict.HELD:
        return HOLDS[ask]
    return f"{UNDECIDED.get(ask, UNDECIDED[Ask.LINEARIZABLE])}: {found.why}."


def facts(found: Judgement) -> Table:
    """What was judged."""
    table = columns()
    table.add_row("operations", f"{found.calls:,}, {found.pending:,} of them never answered")
    if found.parts > 1:
        table.add_row("parts", f"{found.parts:,}, each judged for itself")
    table.add_row("search", f"{found.steps:,} steps")
    table.add_row("time", f"{found.seconds:.2f} s")
    return table


def explained(refusal: Refusal) -> list[RenderableType]:
    """A longest order, what it leaves out, and a picture."""
    order = columns()
    if refusal.order[LAST:]:
        order.add_row("", f"... {len(refusal.order) - LAST:,} more")
    for call in refusal.order[-LAST:]:
        order.add_row(f"  {call.process}", str(call))
    waiting = columns()
    for call, why in refusal.waiting[:LANES]:
        waiting.add_row(f"  {call.process}", f"{call}: {why}")
    if refusal.waiting[LANES:]:
        waiting.add_row("", f"... {len(refusal.waiting) - LANES:,} more")
    return [
        Text(f"A longest order ends so, and leaves {shown(refusal.state)}:", style="bold"),
        order,
        Text("Under way, and without a place in it:", style="bold"),
        waiting,
        Text(f"Operations that overlap the one that ends with event {refusal.event:,}:", style="bold"),
        picture(refusal),
    ]


def together(breach: Breach) -> list[RenderableType]:
    """The operations that contradict each other, in a picture."""
    calls = sorted(breach.calls, key=lambda one: one.begin)
    return [Text("They are:", style="bold"), lanes_of(calls[:LANES], len(calls[LANES:]))]


def picture(refusal: Refusal) -> Table:
    """A lane for each operation that overlaps the refused one, that one first."""
    others = sorted((one for one in refusal.during if one != refusal.call), key=lambda one: -one.begin)
    lanes = [refusal.call, *others[: LANES - 1]]
    lanes[1:] = sorted(lanes[1:], key=lambda one: one.begin)
    return lanes_of(lanes, len(others[LANES - 1 :]))


def lanes_of(lanes: Sequence[Call], more: int) -> Table:
    """A lane for each operation; time goes from left to right."""
    instants = sorted({one for call in lanes for one in (call.begin, call.end) if one is not None})
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for call in lanes:
        table.add_row(f"  {call.process}", lane(call, instants), str(call))
    if more:
        table.add_row("", "", f"... {more:,} more")
    return table


def lane(call: Call, instants: Sequence[int]) -> str:
    """An operation as a line; one that never ends runs out of the picture."""
    last = max(len(instants) - 1, 1)
    start = instants.index(call.begin) * (WIDTH - 1) // last
    end = WIDTH if call.end is None else instants.index(call.end) * (WIDTH - 1) // last
    body = max(end - start - 1, 0) * "-"
    return f"{' ' * start}|{body}{'' if call.end is None else '|'}".ljust(WIDTH)


def columns() -> Table:
    """Names on the left, words on the right."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    return table
