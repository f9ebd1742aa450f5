"""What a block of input holds: some lines of a file, as the records of a job.

The text stands there as it was read, and is taken apart only by those who run through its records: a job's input may be
large, and is handed from the block store to the workers by reference.
"""

from collections.abc import Iterator
from zlib import crc32

from attrs import field, frozen

from stackproof.reference.processing.mapreduce.job import Pair
from stackproof.reference.storage.blocks import cut


@frozen(eq=False)
class Lines:
    """Some lines of a file, the first of them with this number.

    The key of a record says which line it is, its value is the line; with `width`, so many characters of the line are
    the key, as in TeraSort, and the others the value.
    """

    file: str
    first: int
    text: str = field(repr=lambda text: f"{len(text)} characters, {crc32(text.encode(errors='surrogateescape')):x}")
    width: int | None = None

    def __iter__(self) -> Iterator[Pair]:
        lines = self.text.removesuffix("\n").split("\n") if self.text else []
        if self.width is None:
            return (((self.file, number), line) for number, line in enumerate(lines, self.first))
        return ((line[: self.width], line[self.width :]) for line in lines)


def lines(file: str, text: str, size: int, width: int | None = None) -> Iterator[Lines]:
    """A text in pieces of whole lines; one of no lines is one piece."""
    first = 1
    for piece in (*cut(text, size, "\n"),) or ("",):
        yield Lines(file, first, piece, width)
        first += piece.count("\n")
