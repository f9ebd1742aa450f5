"""What a block store promises to a job: nothing acknowledged is lost, and what is read is what was written.

Dabek et al., "Wide-area Cooperative Storage with CFS", SOSP 2001, section 5: a block is lost only if all that hold it
fail before it is copied again. Ghemawat, Gobioff and Leung, "The Google File System", SOSP 2003, section 5.2: whoever
reads gets no data that does not match its checksum. The monitor "blocks" keeps what coordinators took up and answered.
"""

from collections.abc import Iterator
from reprlib import repr as brief
from typing import Any

from attrs import evolve, frozen

from stackproof.checker.invariants.lookup import entitled, holders, members, settled
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.lookup.chord import name
from stackproof.reference.lookup.chord_storage import Item
from stackproof.reference.storage.block_messages import Began, Ended
from stackproof.reference.storage.blocks import Contents, Read, Write, Written


@frozen
class Blocks:
    """A monitor: which blocks are written, and what came of reading them.

    begun         the writes that were ever begun
    writing       those under way: of which node, under which number
    acknowledged  the blocks of which a write has returned
    reading       the reads under way, each with the blocks acknowledged for its key before it began
    read          the blocks that reads returned
    forgotten     blocks acknowledged before a read began that returned none
    """

    begun: frozenset[Item] = frozenset()
    writing: frozenset[tuple[NodeId, int, Item]] = frozenset()
    acknowledged: frozenset[Item] = frozenset()
    reading: frozenset[tuple[NodeId, int, frozenset[Item]]] = frozenset()
    read: frozenset[Item] = frozenset()
    forgotten: frozenset[Item] = frozenset()

    def observe(self, node: NodeId, event: Any) -> "Blocks":
        """The monitor after an event at a node."""
        match event:
            case Began(number, Write(key, block)):
                item = Item(key, block)
                return evolve(self, begun=self.begun | {item}, writing=self.writing | {(node, number, item)})
            case Ended(number, Written()):
                over = frozenset(one for one in self.writing if one[:2] == (node, number))
                done = frozenset(item for _, _, item in over)
                return evolve(self, writing=self.writing - over, acknowledged=self.acknowledged | done)
            case Began(number, Read(key)):
                known = frozenset(item for item in self.acknowledged if item.key == key)
                return evolve(self, reading=self.reading | {(node, number, known)})
            case Ended(number, Contents(key, block)):
                return self.returned(node, number, frozenset({Item(key, block)} if block else ()))
            case _:
                return self

    def returned(self, node: NodeId, number: int, items: frozenset[Item]) -> "Blocks":
        """The monitor after a read that returned a block, or none."""
        over = frozenset(one for one in self.reading if one[:2] == (node, number))
        missed = frozenset(item for _, _, known in over for item in known if not items)
        return evolve(self, reading=self.reading - over, read=self.read | items, forgotten=self.forgotten | missed)


def blocks(world: World) -> Blocks:
    """What was written and read."""
    seen: Blocks = world.monitors["blocks"]
    return seen


def acknowledged_blocks_survive(world: World) -> Iterator[str]:
    """Of a block whose write was acknowledged some member holds a sound copy."""
    for item in sorted(blocks(world).acknowledged):
        if next(holders(world, item), None) is None:
            yield f"nobody holds {brief(item.value.data)} any more, which was written under {item.key}"


def reads_return_what_was_written(world: World) -> Iterator[str]:
    """A read returns a block that somebody wrote under its key, as it was written."""
    for item in sorted(blocks(world).read - blocks(world).begun):
        yield f"a read of {item.key} returned {brief(item.value.data)}, which nobody wrote"


def reads_find_what_was_acknowledged(world: World) -> Iterator[str]:
    """A read that begins after a write was acknowledged returns a block."""
    for item in sorted(blocks(world).forgotten):
        yield f"a read of {item.key} returned nothing, though {brief(item.value.data)} had been written before it"


def replicas_are_where_they_belong(world: World) -> bool:
    """In a ring that has settled, the owner of each acknowledged block and the N - 1 after it hold sound copies."""
    there = members(world)
    wanted = [(item, n) for item in blocks(world).acknowledged for n in entitled(world, there, item.key)]
    return settled(world) and all(item in world.nodes[name(n)].items for item, n in wanted)


def acknowledged_keys(world: World) -> frozenset[int]:
    """The keys under which a write has returned."""
    return frozenset(item.key for item in blocks(world).acknowledged)


def a_block_is_acknowledged(world: World) -> bool:
    """A write has returned."""
    return bool(blocks(world).acknowledged)


def a_block_is_read(world: World) -> bool:
    """A read has returned a block."""
    return bool(blocks(world).read)


def a_decayed_copy_is_noticed(world: World) -> bool:
    """Some node knows that its copy is not sound."""
    return any(getattr(node, "decayed", ()) for node in world.nodes.values())
