"""Histories of one register: made up, with a stale read or without, and those of etcd in the same form.

Each client does one thing after the other, and each thing takes effect at some instant between its ends; who goes on
next is drawn. So of C clients two thirds are in the middle of something at any time. Half of the operations are reads;
with cas, every fifth is one, and half of those expect what is there when they begin.

A stale read is one that returns what no order explains, by what can be said of it without a search: each operation that
may have brought the value had ended before something else was brought, and that had happened before the read began,
since it had ended, or since an earlier read had seen it.
"""

import json
import random
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from attrs import define, frozen

from stackproof.checker.judge.calls import calls_of
from stackproof.checker.judge.files import events_of
from stackproof.checker.judge.models import MODELS

ALL_DIFFERENT = 0
BACK, TRIED = 200, 500


@frozen
class Kind:
    """What a history is made of; `values` 0: no value is written twice."""

    clients: int
    values: int
    cas: bool
    stale: bool
    operations: int = 60_000
    seed: int = 1

    @property
    def name(self) -> str:
        """As it stands in the table, and names the file."""
        values = f"{self.values} values" if self.values else "all values differ"
        return f"{self.clients} clients, {values}{', cas' * self.cas}{', stale read' * self.stale}"


@define
class Did:
    """One operation: from `begin` to `end`, it brought a value, or saw one, or both."""

    client: int
    name: str
    value: Any
    begin: int
    end: int = 0
    result: int | None = None
    refused: bool = False
    effective: bool = False

    @property
    def brings(self) -> int | None:
        """The value that is there after it, where it changes anything."""
        if self.name == "read" or self.refused:
            return None
        return int(self.value if self.name == "write" else self.value[1])


def made(kind: Kind) -> list[Did]:
    """The operations, by invocation."""
    dice = random.Random(f"{kind.clients} {kind.values} {kind.cas} {kind.seed}")
    now, state, fresh = 0, None, 0
    busy: dict[int, Did] = {}
    done: list[Did] = []
    while len(done) < kind.operations or busy:
        client = dice.randrange(kind.clients)
        one = busy.get(client)
        if one is None and len(done) < kind.operations:
            now, fresh = now + 1, fresh + 1
            busy[client] = begun(dice, kind, client, state, fresh, now)
            done.append(busy[client])
        elif one is not None and not one.effective:
            one.effective, one.result = True, state if one.name == "read" else None
            one.refused = one.name == "cas" and one.value[0] != state
            state = state if one.brings is None else one.brings
        elif one is not None:
            now += 1
            one.end = now
            del busy[client]
    return done


def begun(dice: random.Random, kind: Kind, client: int, state: int | None, fresh: int, now: int) -> Did:
    """An operation that is invoked now."""
    drawn = dice.random()
    new = dice.randrange(kind.values) if kind.values else fresh
    if kind.cas and drawn < 0.2:  # noqa: PLR2004 - every fifth
        old = state if dice.random() < 1 / 2 else dice.randrange(kind.values or fresh)
        return Did(client, "cas", [old, new], now)
    name = "read" if drawn < 0.5 + kind.cas / 10 else "write"
    return Did(client, name, None if name == "read" else new, now)


class Past:
    """The operations that brought something, to say which of them a read may have seen."""

    def __init__(self, did: list[Did]) -> None:
        self.brought = [one for one in did if one.brings is not None]
        over = sorted(self.brought, key=lambda one: one.end)
        self.ends = [one.end for one in over]
        self.newest = [0, *accumulate((one.begin for one in over), max)]

    def around(self, before: int) -> list[Did]:
        """Those that began before, the last of them."""
        place = bisect_left(self.brought, before, key=lambda one: one.begin)
        return self.brought[max(0, place - BACK) : place]

    def seen_by(self, read: Did, value: int | None) -> list[Did]:
        """Those that brought the value, began before the read ended, and were not out of date when it began."""
        newest = self.newest[bisect_left(self.ends, read.begin)]
        return [one for one in self.around(read.end) if one.brings == value and one.end > newest]


def stale(did: list[Did]) -> tuple[Did, int] | None:
    """A read after two thirds of them, and a value that was not there then: one that a read had seen, if possible."""
    past = Past(did)
    reads = [one for one in did if one.name == "read"]
    tried = range(2 * len(reads) // 3, 2 * len(reads) // 3 + TRIED)
    for plain in (False, True):
        for place in tried:
            late = reads[place]
            earlier = [one for one in reads[place - BACK : place] if one.end < late.begin]
            saw = [] if plain else [past.seen_by(one, one.result) for one in earlier]
            for value in sorted({one.brings for one in past.around(late.begin)} - {late.result, None}, key=str):
                may = past.seen_by(late, value)
                if not may if plain else may and any(contradicts(may, one, value) for one in saw):
                    return late, int(str(value))
    return None


def contradicts(may: list[Did], saw: list[Did], value: int | None) -> bool:
    """Whether what an earlier read saw began only after all that may have brought the value had ended."""
    return bool(saw) and saw[0].brings != value and min(one.begin for one in saw) > max(one.end for one in may)


def lines(did: list[Did]) -> Iterator[str]:
    """The events as JSON lines."""
    events = [(one.begin, one, "invoke") for one in did]
    events += [(one.end, one, "fail" if one.refused else "ok") for one in did]
    for _, one, kind in sorted(events, key=lambda event: event[0]):
        value = one.result if one.name == "read" and kind == "ok" else one.value
        yield json.dumps({"process": one.client, "type": kind, "f": one.name, "value": value}) + "\n"


def written(kind: Kind, folder: Path) -> Path | None:
    """The file that holds a history of this kind; None where there is no read that can be made stale."""
    file = folder / f"{kind.name}.jsonl".replace(", ", "-").replace(" ", "_")
    if file.exists():
        return file
    did = made(kind)
    if kind.stale:
        found = stale(did)
        if found is None:
            return None
        found[0].result = found[1]
    file.write_text("".join(lines(did)), encoding="utf-8")
    return file


def of_log(log: Path, folder: Path) -> Path | None:
    """A text log of Jepsen's as JSON lines; None where it is empty."""
    text = log.read_text(encoding="utf-8")
    if not text.strip():
        return None
    events = events_of(text, log.name, "log")
    calls_of(events, refusals=True, names=MODELS["cas"].refusable)
    file = folder / f"{log.stem}.jsonl"
    forms = ({"process": one.process, "type": one.kind, "f": one.name, "value": one.value} for one in events)
    file.write_text("".join(json.dumps(form) + "\n" for form in forms), encoding="utf-8")
    return file
