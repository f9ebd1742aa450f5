"""The little that MapReduce needs of a global file system: files that are written, and renamed atomically.

Dean and Ghemawat, OSDI 2004, section 3.3: "we rely on the atomic rename". The file system is one node that never fails:
in the paper it is GFS, which replicates. A file remembers which of its parts came from whom; only properties ask.
"""

from typing import assert_never

from attrs import define, frozen

from stackproof.reference.actor import Bounced, NodeId, Out, durable
from stackproof.reference.processing.mapreduce.job import Records
from stackproof.reference.processing.mapreduce.messages import Append, Rename, Renamed, ToFileSystem, Write, Written


@frozen
class Part:
    """Records of a file that were written at once."""

    writer: NodeId
    records: Records


@frozen
class File:
    """A file and what it holds."""

    name: str
    parts: tuple[Part, ...]

    @property
    def records(self) -> Records:
        """All of its records."""
        return tuple(record for part in self.parts for record in part.records)


def output(reduce: int) -> str:
    """The name of a reduce task's output file."""
    return f"output-{reduce}"


def temporary(reduce: int, worker: NodeId) -> str:
    """The name of the file that one worker writes before it is the output."""
    return f"{output(reduce)}-{worker}"


@define
class FileSystem:
    """Files in order of their names."""

    id: NodeId
    files: tuple[File, ...] = durable(())

    def receive(self, message: ToFileSystem, source: NodeId, out: Out) -> None:
        match message:
            case Write(file, records):
                self.put(File(file, (Part(source, records),)))
                out.send(source, Written(file))
            case Append(file, records):
                self.put(File(file, (*self.parts(file), Part(source, records))))
                out.send(source, Written(file))
            case Rename(file, to):
                self.rename(file, to)
                out.send(source, Renamed(to))
            case Bounced():
                pass
            case _:
                assert_never(message)

    def parts(self, name: str) -> tuple[Part, ...]:
        """What a file holds; one that does not exist holds nothing."""
        return next((file.parts for file in self.files if file.name == name), ())

    def put(self, *files: File) -> None:
        """Have these files, whatever was there of that name."""
        held = {file.name: file for file in (*self.files, *files)}
        self.files = tuple(held[name] for name in sorted(held))

    def rename(self, name: str, to: str) -> None:
        """Give a file its final name; where that is taken, the file goes."""
        moved = tuple(File(to, file.parts) for file in self.files if file.name == name)
        taken = any(file.name == to for file in self.files)
        self.files = tuple(file for file in self.files if file.name != name)
        self.put(*(() if taken else moved))
