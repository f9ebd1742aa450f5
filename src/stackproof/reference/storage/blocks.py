"""Files as blocks: what a job asks of the storage below it, whatever that storage is.

Shvachko et al., "The Hadoop Distributed File System", MSST 2010, section II: a file is a row of large blocks, each of
them on several machines; a reader is told where they are and takes the nearest, and knows by a checksum that it got
what was written. Ghemawat, Gobioff and Leung, "The Google File System", SOSP 2003, section 5.2, for checksums.

Three requests and their answers are all that a worker needs. It sends them to any node of the store.

Departures. A block is written once: whoever writes chooses a name that nobody else uses (an attempt's number will do),
and a file is its name and the number of its blocks. Blocks end where records end, so that each can be read by itself.
Data is any value that does not change; it is handed on by reference, and a checksum is worked out once.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, AnyStr, TypeAlias
from zlib import crc32

from attrs import field, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.lookup.consistent_hashing import hashed

Data: TypeAlias = Any


def checksum(data: Data) -> int:
    """The CRC-32 of some data: of bytes themselves, of anything else as Python writes it."""
    return crc32(data if isinstance(data, bytes) else repr(data).encode())


@frozen
class Block:
    """Data, and the checksum that was taken when it was written."""

    data: Data = field(hash=False)
    checksum: int

    @cached_property
    def sound(self) -> bool:
        """Whether the data is what was written."""
        return checksum(self.data) == self.checksum

    def decayed(self) -> "Block":
        """The block as a bad disk gives it back."""
        return Block(("decayed", self.data), self.checksum)


def block(data: Data) -> Block:
    """A block of this data."""
    return Block(data, checksum(data))


def cut(data: AnyStr, size: int, end: AnyStr) -> Iterator[AnyStr]:
    """Pieces that end where a record ends: as many records as fit into `size`, or one that does not."""
    if size < 1:
        raise ValueError(f"a block of {size}: let it be 1 or more")
    start = 0
    while start < len(data):
        last = max(data.rfind(end, start, start + size), data.find(end, start))
        stop = last + len(end) if last >= 0 and start + size < len(data) else len(data)
        yield data[start:stop]
        start = stop


def key(file: str, number: int, bits: int) -> int:
    """The key of one block of a file, on a circle of 2^bits identifiers."""
    return hashed(f"{file}/{number}", bits)


@frozen
class Locate:
    """A request: who holds this block, or would?"""

    key: int


@frozen
class Read:
    """A request: this block, please."""

    key: int


@frozen
class Write:
    """A request: keep this block."""

    key: int
    block: Block


@frozen
class Located:
    """An answer: these, the best first. A worker that runs on one of them reads without a message."""

    key: int
    nodes: tuple[NodeId, ...]


@frozen
class Contents:
    """An answer: this block, or none if there is none."""

    key: int
    block: Block | None


@frozen
class Written:
    """An answer: the block is kept."""

    key: int


Request: TypeAlias = Locate | Read | Write
Reply: TypeAlias = Located | Contents | Written
