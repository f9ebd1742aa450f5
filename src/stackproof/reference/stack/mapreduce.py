"""A worker of MapReduce whose splits and output files are blocks.

Dean and Ghemawat, OSDI 2004, section 3.3: the output of a reduce task is written under a name of the attempt's own, and
renamed. Here its records are blocks that nobody else has the names of, and what is renamed is the list of their keys.

A worker asks the node of the block store on its own machine, which lives and dies with it, and so never has to ask
another. A split that is said not to be there, while copies move, is asked for again.
"""

from typing import Any, cast

from attrs import define, evolve, field, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.mapreduce.file_system import output, temporary
from stackproof.reference.processing.mapreduce.job import Records
from stackproof.reference.processing.mapreduce.messages import Kind, RunMap, ToWorker, Work
from stackproof.reference.processing.mapreduce.messages import Write as WriteFile
from stackproof.reference.processing.mapreduce.worker import Worker
from stackproof.reference.storage import blocks
from stackproof.reference.storage.blocks import Contents, Read, Write, block

PATIENCE_MS = 5_000.0
PER_BLOCK = 10_000


@frozen
class AskAgain:
    """A timer: this block was not there; perhaps it is now."""

    key: int


@frozen
class Cached:
    """The splits that a worker has read: each with its number."""

    splits: tuple[tuple[int, Any], ...] = ()

    def read(self, split: int) -> Any:
        """The records of one of them."""
        return dict(self.splits)[split]

    def has(self, split: int) -> bool:
        """Whether it was read."""
        return split in dict(self.splits)


@frozen
class Saving:
    """An output that is being written: of which reduce task, into which blocks, and which are still to be kept."""

    reduce: int
    keys: tuple[tuple[int, int], ...]
    left: frozenset[int]


@define
class BlockWorker(Worker):
    """A worker on a machine of the block store, whose keys are numbers of `bits` bits.

    inputs   the key of each split
    life     which of its machine's executors it is: part of the names of its blocks
    loading  the map tasks that wait for their splits
    saving   the outputs that are being written
    written  how many it has written
    """

    bits: int = field(kw_only=True)
    inputs: tuple[int, ...] = field(kw_only=True)
    life: int = field(kw_only=True, default=0)
    loading: frozenset[tuple[int, frozenset[int]]] = frozenset()
    saving: tuple[Saving, ...] = ()
    written: int = 0

    def launched(self, machine: NodeId, life: int, out: Out) -> None:
        """Begin on a machine: the master does not know this worker yet."""
        self.id, self.life, self.newcomer = machine, life, True
        self.start(out)

    def receive(self, message: ToWorker | blocks.Reply | AskAgain, source: NodeId, out: Out) -> None:
        match message:
            case RunMap(number, skip):
                self.loading |= {(number, skip)}
                out.send(self.id, Read(self.inputs[number]))
            case Contents(key, None):
                out.after(PATIENCE_MS, AskAgain(key))
            case AskAgain(key):
                out.send(self.id, Read(key))
            case Contents(key, blocks.Block() as found):
                self.load(key, found, out)
            case blocks.Written(key):
                self.saved(key, out)
            case blocks.Located():
                pass
            case Work(task) if task.kind is Kind.MAP and not self.storage.has(task.number):  # type: ignore[attr-defined]
                pass
            case _:
                super().receive(cast("ToWorker", message), source, out)

    def load(self, key: int, found: blocks.Block, out: Out) -> None:
        """A split is here: run the map tasks that waited for it."""
        ready = {(number, skip) for number, skip in self.loading if self.inputs[number] == key}
        self.loading -= ready
        splits: dict[int, Any] = dict(getattr(self.storage, "splits", ()))
        splits |= {number: found.data for number, _ in ready}
        self.storage = Cached(tuple(sorted(splits.items(), key=lambda one: one[0])))
        for number, skip in sorted(ready, key=lambda one: (one[0], sorted(one[1]))):
            super().receive(RunMap(number, skip), self.master, out)

    def write(self, reduce: int, records: Records, out: Out) -> None:
        """Write the records of an output into blocks of its own."""
        self.written += 1
        name = f"{output(reduce)}/{self.id}/{self.life}/{self.written}"
        pieces = [records[start : start + PER_BLOCK] for start in range(0, max(1, len(records)), PER_BLOCK)]
        keys = tuple((blocks.key(name, number, self.bits), len(piece)) for number, piece in enumerate(pieces))
        self.saving = (*self.saving, Saving(reduce, keys, frozenset(key for key, _ in keys)))
        for (key, _), piece in zip(keys, pieces, strict=True):
            out.send(self.id, Write(key, block(piece)))

    def saved(self, key: int, out: Out) -> None:
        """One more block is kept; once all are, they are a file."""
        self.saving = tuple(evolve(one, left=one.left - {key}) for one in self.saving)
        for one in self.saving:
            if not one.left:
                out.send(self.files, WriteFile(temporary(one.reduce, self.id), one.keys))
        self.saving = tuple(one for one in self.saving if one.left)
