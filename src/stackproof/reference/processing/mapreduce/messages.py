"""What the master, the workers and the file system of a MapReduce job say to each other."""

from enum import Enum
from typing import TypeAlias

from attrs import frozen

from stackproof.reference.actor import Bounced, NodeId
from stackproof.reference.processing.mapreduce.job import Counters, Records

Locations: TypeAlias = tuple[NodeId | None, ...]
Runs: TypeAlias = tuple[tuple[int, Records], ...]


class Kind(Enum):
    """The two kinds of tasks."""

    MAP = "map"
    REDUCE = "reduce"


@frozen
class Task:
    """The name of a task."""

    kind: Kind
    number: int

    def __str__(self) -> str:
        return f"{self.kind.value} {self.number}"


@frozen
class RunMap:
    """Master to worker: run this map task, without these records."""

    number: int
    skip: frozenset[int] = frozenset()


@frozen
class RunReduce:
    """Master to worker: run this reduce task; the output of map i lies at `locations[i]`."""

    number: int
    locations: Locations
    skip: frozenset[int] = frozenset()


@frozen
class Located:
    """Master to a worker that reduces: here the outputs lie now."""

    locations: Locations


@frozen
class Watch:
    """Master to worker: a connection. Nobody answers; it bounces when the worker is gone."""


@frozen
class Ping:
    """Master to worker: are you there?"""


@frozen
class Pong:
    """Worker to master: I am."""


@frozen
class Register:
    """Worker to master: I am new here, and have nothing."""


@frozen
class Done:
    """Worker to master: this task is completed. The files of a map are here, the output of a reduce is in its place."""

    task: Task
    counters: Counters


@frozen
class LastGasp:
    """Worker to master: the user's code failed on this record."""

    task: Task
    record: int


@frozen
class Unfetched:
    """Worker to master: I cannot get the outputs of these maps from this worker."""

    holder: NodeId
    maps: tuple[int, ...]


@frozen
class Fetch:
    """Worker to worker: give me what these maps left for this reduce task."""

    reduce: int
    maps: tuple[int, ...]


@frozen
class Fetched:
    """Worker to worker: of the maps that you asked for, I have these."""

    reduce: int
    maps: tuple[int, ...]
    runs: Runs


@frozen
class Write:
    """Worker to file system: let this file hold these records."""

    file: str
    records: Records


@frozen
class Append:
    """Worker to file system: put these records at the end of a file, which need not exist."""

    file: str
    records: Records


@frozen
class Written:
    """File system to worker: it is on stable storage."""

    file: str


@frozen
class Rename:
    """Worker to file system: call a file so from now on, unless there is one of that name."""

    file: str
    to: str


@frozen
class Renamed:
    """File system to worker: there is a file of that name, yours or another's."""

    file: str


@frozen
class Work:
    """A worker's timer: the computation of a task is finished."""

    task: Task
    skip: frozenset[int]


@frozen
class NearTheEnd:
    """A master's timer: the last tasks of a phase are taking long."""


@frozen
class PingDue:
    """A master's timer."""


@frozen
class CheckpointDue:
    """A master's timer."""


ToMaster: TypeAlias = Done | LastGasp | Unfetched | Register | Pong | NearTheEnd | PingDue | CheckpointDue | Bounced
ToWorker: TypeAlias = RunMap | RunReduce | Located | Watch | Ping | Fetch | Fetched | Written | Renamed | Work | Bounced
ToFileSystem: TypeAlias = Write | Append | Rename | Bounced
