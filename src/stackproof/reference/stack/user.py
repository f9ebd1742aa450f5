"""The user of the stack: writes the input, submits the job, and reads the output when it is told that it is there.

It is on no machine, so whoever it turns to may be gone, or out of reach: then it turns to the next.
"""

from typing import Any, TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.storage.blocks import Block, Contents, Locate, Located, Read, Reply, Request, Write, Written

PATIENCE_MS = 20_000.0
Key: TypeAlias = int


@frozen
class Submit:
    """User to driver: begin. Here are the machines that hold each block of the input."""

    places: tuple[tuple[NodeId, ...], ...]


@frozen
class JobDone:
    """Driver to user: what came of the job lies in these blocks, file by file; or it is this answer."""

    files: tuple[tuple[Key, ...], ...]
    answer: Any = None


@frozen
class Submitted:
    """What a monitor sees: the input is there, and the job begins."""


@frozen
class Answer:
    """What a monitor sees: this is what the user reads in each output file, or is told."""

    files: tuple[Any, ...]
    answer: Any = None


@frozen
class Impatient:
    """A timer: turn to somebody else."""


ToUser: TypeAlias = Reply | JobDone | Impatient | Bounced


@define
class User:
    """The user of a job.

    patience_ms  how long it waits for an answer; None: for ever, or until a request bounces
    waiting   the requests that have no answer yet
    turn      how many contacts it has given up on
    places    where the blocks of the input are, as far as it knows
    done      what it was told of the finished job
    read      the blocks of the output that it has
    """

    id: NodeId
    contacts: tuple[NodeId, ...]
    driver: NodeId
    input: tuple[tuple[Key, Block], ...]
    patience_ms: float | None = PATIENCE_MS
    waiting: tuple[Request, ...] = ()
    turn: int = 0
    places: tuple[tuple[Key, tuple[NodeId, ...]], ...] = ()
    done: JobDone | None = None
    read: tuple[tuple[Key, Any], ...] = ()

    def start(self, out: Out) -> None:
        self.want(tuple(Write(key, block) for key, block in self.input), out)
        if not self.input:
            self.go_on(out)

    def receive(self, message: ToUser, source: NodeId, out: Out) -> None:
        match message:
            case Written(key):
                self.settle(Write, key, out)
            case Located(key, nodes):
                if key not in dict(self.places):
                    self.places = (*self.places, (key, nodes))
                self.settle(Locate, key, out)
            case Contents(key, Block(data)):
                if self.done is not None and key not in dict(self.read):
                    self.read = (*self.read, (key, data))
                self.settle(Read, key, out)
            case Contents():
                pass
            case JobDone():
                self.done = message
                self.want(tuple(Read(key) for keys in message.files for key in keys), out)
                self.finish(out)
            case Impatient():
                self.turn += 1
                self.want(self.waiting, out)
            case Bounced(request):
                if request in self.waiting:
                    self.turn += 1
                    out.send(self.contact(0), request)
            case _:
                assert_never(message)

    def contact(self, number: int) -> NodeId:
        """Whom to turn to with a request."""
        return self.contacts[(self.turn + number) % len(self.contacts)]

    def want(self, requests: tuple[Request, ...], out: Out) -> None:
        """Make some requests, each of another contact, and wait for the answers."""
        self.waiting = requests
        for number, request in enumerate(requests):
            out.send(self.contact(number), request)
        if requests and self.patience_ms is not None:
            out.after(self.patience_ms, Impatient())

    def settle(self, kind: type[Request], key: Key, out: Out) -> None:
        """A request has its answer; with the last one, go on."""
        left = tuple(one for one in self.waiting if not (isinstance(one, kind) and one.key == key))
        if left == self.waiting:
            return
        self.waiting = left
        if not left:
            if self.patience_ms is not None:
                out.cancel(Impatient())
            self.go_on(out)

    def go_on(self, out: Out) -> None:
        """What was wanted is there: find out where the input lies, submit the job, or read off its output."""
        if self.done is not None:
            self.finish(out)
        elif len(self.places) < len(self.input):
            self.want(tuple(Locate(key) for key, _ in self.input), out)
        else:
            where = dict(self.places)
            out.observe(Submitted())
            out.send(self.driver, Submit(tuple(where[key] for key, _ in self.input)))

    def finish(self, out: Out) -> None:
        """Once all of the output is read, that is the answer."""
        if self.done is not None and not self.waiting:
            read = dict(self.read)
            files = tuple(tuple(record for key in keys for record in read[key]) for keys in self.done.files)
            out.observe(Answer(files, self.done.answer))
