"""A run as JSON: what `replay --json` says, the first world whole, and of each step its sentence and what it changes.

`changes` are to be made in order to the JSON of the world before: `at` is the way from the top down through the keys.
Either the value there `is` another, or, of an array, `remove` elements `from` a place are replaced by `insert`. The
digest of a step is that of the world's JSON after them (traces/FORMAT.md says how it is taken).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from stackproof.checker.render.story import sentence
from stackproof.checker.replay import Replayed
from stackproof.checker.trace import Step
from stackproof.checker.values import digest


def text_of(run: Replayed) -> str:
    """The run as one JSON object."""
    return json.dumps(form(run)) + "\n"


def form(run: Replayed) -> dict[str, Any]:
    """The run as a JSON object."""
    first = run.trace.steps[0].world.form()
    return run.form() | {"loop": run.trace.loop, "world": first, "steps": list(told(run.trace.steps, first))}


def told(steps: Sequence[Step], before: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each step: its sentence, its choices, and what it changes."""
    for number, step in enumerate(steps):
        after = step.world.form()
        yield {
            "step": number,
            "told": sentence(step.event).plain,
            "event": step.event.form(),
            "digest": digest(after),
            "changes": list(changes(before, after)),
        }
        before = after


def changes(before: Any, after: Any, at: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """What makes one JSON form of another."""
    if isinstance(before, dict) and isinstance(after, dict) and list(before) == list(after):
        for key, value in after.items():
            yield from changes(before[key], value, (*at, key))
    elif isinstance(before, list) and isinstance(after, list) and before != after:
        yield {"at": list(at), **spliced(before, after)}
    elif (before, type(before)) != (after, type(after)):
        yield {"at": list(at), "is": after}


def spliced(before: list[Any], after: list[Any]) -> dict[str, Any]:
    """The part of an array that is another."""
    texts = [[json.dumps(one) for one in part] for part in (before, after)]
    most = min(map(len, texts))
    head = next((place for place in range(most) if texts[0][place] != texts[1][place]), most)
    tail = next((n for n in range(most - head) if texts[0][-1 - n] != texts[1][-1 - n]), most - head)
    return {"from": head, "remove": len(before) - head - tail, "insert": after[head : len(after) - tail]}
