"""Hold Redis against the judge: is a primary linearizable, and is its replica?

    apt-get install redis-server
    python examples/hold_redis_against_the_judge.py [--seconds 2] [--keep FOLDER]

A primary and a replica run on loopback. Four clients write numbers of their own to one key of the primary and read it:
first from the primary, then from the replica. Redis replicates when it has answered
(https://redis.io/docs/latest/operate/oss_and_stack/management/replication/), so a replica may be late; to be sure of
that, it is stopped for 50 ms (SIGSTOP) and goes on for 50 ms, in both cases.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from textwrap import fill, indent
from threading import Event, Thread
from time import monotonic, sleep

from stackproof.checker.judge.ask import Ask, answered
from stackproof.checker.judge.models import MODELS
from stackproof.checker.judge.recorder import Recorder

ASKS = (Ask.LINEARIZABLE, Ask.REGULAR, Ask.SEQUENTIAL, Ask.READ_YOUR_WRITES, Ask.MONOTONIC_READS)
PATIENCE = 1.0


class Connection:
    """A connection to a server that speaks RESP (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

    def __init__(self, port: int) -> None:
        """Connect to a port of loopback."""
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.file = self.socket.makefile("rb")

    def ask(self, *words: str) -> str | None:
        """What a command is answered with: a line, or a text; None where there is nothing."""
        parts = [f"*{len(words)}\r\n", *(f"${len(word.encode())}\r\n{word}\r\n" for word in words)]
        self.socket.sendall("".join(parts).encode())
        line = self.file.readline().decode().rstrip()
        if not line or line.startswith("-"):
            raise OSError(line or "the connection was closed")
        if not line.startswith("$"):
            return line[1:]
        size = int(line[1:])
        return None if size < 0 else self.file.read(size + 2)[:-2].decode()


def put(server: Connection, value: int) -> int:
    """Write a number."""
    server.ask("SET", "x", str(value))
    return value


def get(server: Connection) -> int | None:
    """Read what is there."""
    found = server.ask("GET", "x")
    return None if found is None else int(found)


@contextmanager
def servers(folder: Path) -> Iterator[tuple[int, int, int]]:
    """A primary and its replica: the port of each, and the process of the replica."""
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            ports.append(stack.enter_context(socket.socket()))
            ports[-1].bind(("127.0.0.1", 0))
        primary, replica = (one.getsockname()[1] for one in ports)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for port, more in ((primary, ()), (replica, ("--replicaof", "127.0.0.1", str(primary)))):
            words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *more]
            words += ["--repl-diskless-sync-delay", "0", "--dbfilename", f"{port}.rdb"]
            running.append(subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL))  # noqa: S607
        ready(replica)
        yield primary, replica, running[1].pid
    finally:
        for server in running:
            server.send_signal(signal.SIGCONT)
            server.kill()
            server.wait()


def ready(replica: int) -> None:
    """Wait until the replica has what the primary has."""
    until = monotonic() + 30
    while True:
        try:
            if "master_link_status:up" in (Connection(replica).ask("INFO", "replication") or ""):
                return
        except OSError:
            pass
        if monotonic() > until:
            raise OSError("the replica does not come up")
        sleep(0.1)


def client(number: int, writes: int, reads: int, history: Recorder, numbers: Iterator[int], end: Event) -> None:
    """Write to one port and read from another until the end."""
    dice = Random(number)
    names = (f"client {number}" + "'" * time for time in count())
    name, to, of = next(names), Connection(writes), Connection(reads)
    while not end.is_set():
        if dice.random() < 1 / 3:
            value = next(numbers)
            done = history.call(name, "write", value, partial(put, to, value))
        else:
            done = history.call(name, "read", None, partial(get, of))
        if not done:
            name, to, of = next(names), Connection(writes), Connection(reads)
        sleep(0.001)


def recorded(from_replica: bool, seconds: float) -> Recorder:
    """What four clients saw, while the replica was stopped again and again."""
    history, numbers, end = Recorder(), count(1), Event()
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as (primary, replica, slow):
        source = replica if from_replica else primary
        threads = [Thread(target=client, args=(n, primary, source, history, numbers, end)) for n in range(4)]
        for thread in threads:
            thread.start()
        until = monotonic() + seconds
        while monotonic() < until:
            os.kill(slow, signal.SIGSTOP)
            sleep(0.05)
            os.kill(slow, signal.SIGCONT)
            sleep(0.05)
        end.set()
        for thread in threads:
            thread.join()
    return history


def report(about: str, history: Recorder) -> None:
    """Print what the judge says."""
    model = MODELS["register"]
    calls = history.calls(model)
    lost = sum(not one.done for one in calls)
    print(f"\n{about}: {len(calls):,} operations, {lost:,} of them never answered")
    for ask in ASKS:
        found = answered(ask, calls, model, seconds=20)
        print(f"  {ask:18}{found.verdict.value}")
        if found.refusal is not None:
            print(f"    the first {found.refusal.event:,} events have no order: {found.refusal.call} has no place")
        elif found.breach is not None or found.why is not None:
            print(indent(fill(found.breach.reason if found.breach else found.why or "", 86), "    "))


def main() -> None:
    """Record both histories, and print what the judge says of them."""
    parser = ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the histories, for `stackproof judge`")
    options = parser.parse_args()
    if shutil.which("redis-server") is None:
        print("Redis is not installed, so there is nothing to judge: apt-get install redis-server")
        return
    print(subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout[:19])  # noqa: S607
    for about, from_replica in (("reads from the primary", False), ("reads from the replica", True)):
        history = recorded(from_replica, options.seconds)
        if options.keep is not None:
            (options.keep / f"{about.replace(' ', '-')}.jsonl").write_text(history.lines(), "utf-8")
        report(about, history)


if __name__ == "__main__":
    main()
