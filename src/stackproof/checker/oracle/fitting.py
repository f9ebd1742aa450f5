"""Does what a line says fit an event and the world after it? And if not, what is apart?

What a line leaves out fits anything: of an object, the keys that it names are compared; a message may be told by its
class alone, `"message": "Store"`, a member of an Enum by its name. Numbers with a fraction are as JSON writes them, or
as traces do.
"""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from stackproof.checker.host import Host, variables_of
from stackproof.checker.oracle.log_file import CHOICES, Entry
from stackproof.checker.oracle.moves import observed
from stackproof.checker.values import plain
from stackproof.checker.world import Event, World

Apart: TypeAlias = tuple[str, Any, Any]
MISSING = object()
OBSERVED = "observed"


def against_event(entry: Entry, event: Event, choices: bool = True) -> Iterator[Apart]:
    """What of a line does not fit an event: (where, what is so, what the line says)."""
    said = entry.said
    if said.get("event", event.name) != event.name:
        yield "event", event.name, said["event"]
    for key in ("source", "target", "node"):
        if key in said and said[key] != getattr(event, key):
            yield key, getattr(event, key), said[key]
    if any(key in said for key in ("message", "between", "one_way", "choose")):
        form = event.form()
        if "message" in said:
            yield from against_message(said["message"], form.get("message", MISSING))
        for key in CHOICES[4:]:
            if key in said and (choices or key != "choose"):
                yield from against(said[key], form.get(key, [] if key == "choose" else MISSING), key)


def against_message(said: Any, form: Any, where: str = "message") -> Iterator[Apart]:
    """What of a message in a line does not fit that of an event; likewise of something observed."""
    if isinstance(said, str) and isinstance(form, dict) and list(form) == [said]:
        return
    yield from against(said, form, where)


def against_observed(entry: Entry, before: World, event: Event) -> Iterator[Apart]:
    """What of a line does not fit what monitors see when an event happens in a world."""
    if "observed" in entry.said:
        said, seen = entry.said["observed"], [plain(one) for one in observed(before, event)]
        if len(said) != len(seen):
            yield OBSERVED, seen, said
        else:
            for one, other in zip(said, seen, strict=True):
                yield from against_message(one, other, OBSERVED)


def against_world(entry: Entry, world: World) -> Iterator[Apart]:
    """What of a line does not fit the world after its event."""
    said, place = entry.said, world.scenario.place
    for name, status in said.get("status", {}).items():
        if world.hosts[place[name]].status.value != status:
            yield f"{name} status", world.hosts[place[name]].status.value, status
    for name, variables in said.get("state", {}).items():
        yield from against(variables, shown(world.hosts[place[name]]), name)
    if "digest" in said and said["digest"] != world.digest:
        yield "digest", world.digest, said["digest"]


def shown(host: Host) -> dict[str, Any]:
    """The variables of a node."""
    return variables_of(host.node)


def against(said: Any, form: Any, where: str) -> Iterator[Apart]:
    """What of a JSON value does not fit another, of which it may be a part."""
    if isinstance(said, dict) and isinstance(form, dict):
        if "#set" in said and "#set" in form:
            said, form = in_order(said), in_order(form)
        for key, value in said.items():
            yield from against(value, form.get(key, MISSING), f"{where}.{key}")
    elif isinstance(said, list) and isinstance(form, list) and len(said) == len(form):
        for place, (one, other) in enumerate(zip(said, form, strict=True)):
            yield from against(one, other, f"{where}[{place}]")
    elif not same(said, form):
        yield where, form, said


def same(said: Any, form: Any) -> bool:
    """Whether two JSON values are one: 1 and true are not; 0.5, or an Enum's name, and what a trace makes of it are."""
    if isinstance(said, float) and isinstance(form, dict):
        return bool(form == plain(said))
    if isinstance(said, str) and isinstance(form, dict) and list(form) == ["#enum"]:
        return said in (form["#enum"], form["#enum"].rpartition(".")[2])
    return type(said) is type(form) and bool(said == form)


def in_order(form: dict[str, Any]) -> dict[str, Any]:
    """A set whose elements stand in the order of their texts."""
    elements = form["#set"]
    return {"#set": sorted(elements, key=told) if isinstance(elements, list) else elements}


def told(form: Any) -> str:
    """A JSON value in few characters."""
    if form is MISSING:
        return "nothing"
    text = json.dumps(form, sort_keys=True)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - as many as fit on a line
