"""Hold etcd against the judge: are its reads linearizable, and those that it calls serializable?

    apt-get install etcd-server
    python examples/hold_etcd_against_the_judge.py [--seconds 4] [--keep FOLDER]

Three members run on loopback. Six clients, two at each member, write numbers of their own to one key and read it,
through the JSON gateway. All the time one follower is stopped for half a second (SIGSTOP) and goes on for half a
second: a process that is slow, as in a long pause of its machine. That is done twice, once with the reads that etcd
promises to be linearizable (https://etcd.io/docs/v3.4/learning/api_guarantees/), which ask a majority, and once with
`serializable` ones, which a member answers from what it has. A follower that wakes has old things.

A client whose request fails or takes a second goes on under another name, and the judge takes into account that what it
asked for may yet happen.
"""

import base64
import json
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
from typing import Any
from urllib.request import Request, urlopen

from stackproof.checker.judge.ask import Ask, answered
from stackproof.checker.judge.models import MODELS
from stackproof.checker.judge.recorder import Recorder

KEY = base64.b64encode(b"x").decode()
ASKS = (Ask.LINEARIZABLE, Ask.REGULAR, Ask.SEQUENTIAL, Ask.READ_YOUR_WRITES, Ask.MONOTONIC_READS)
PATIENCE = 1.0


def free_ports(number: int) -> list[int]:
    """Ports on loopback that nobody uses."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def asked(port: int, path: str, form: dict[str, Any]) -> Any:
    """What a member answers."""
    request = Request(f"http://127.0.0.1:{port}{path}", json.dumps(form).encode())
    with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - likewise
        return json.load(answer)


def put(port: int, value: int) -> int:
    """Write a number."""
    asked(port, "/v3/kv/put", {"key": KEY, "value": base64.b64encode(str(value).encode()).decode()})
    return value


def get(port: int, serializable: bool) -> int | None:
    """Read what is there."""
    found = asked(port, "/v3/kv/range", {"key": KEY, "serializable": serializable}).get("kvs")
    return int(base64.b64decode(found[0]["value"])) if found else None


@contextmanager
def cluster(folder: Path) -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    """Three members, by the port that clients turn to."""
    ports = free_ports(6)
    peers = {f"m{n}": f"http://127.0.0.1:{port}" for n, port in enumerate(ports[3:])}
    members: dict[int, subprocess.Popen[bytes]] = {}
    with (folder / "log").open("wb") as log:
        try:
            for port, (name, peer) in zip(ports, peers.items(), strict=False):
                own = f"http://127.0.0.1:{port}"
                options = {"name": name, "data-dir": folder / name, "listen-client-urls": own}
                options |= {"advertise-client-urls": own, "listen-peer-urls": peer, "initial-advertise-peer-urls": peer}
                options |= {"initial-cluster": ",".join(f"{one}={url}" for one, url in peers.items())}
                words = [word for option, value in options.items() for word in (f"--{option}", str(value))]
                members[port] = subprocess.Popen(["etcd", *words], stdout=log, stderr=log)  # noqa: S607 - from PATH
            ready(ports[:3])
            yield members
        finally:
            for member in members.values():
                member.send_signal(signal.SIGCONT)
                member.kill()
                member.wait()


def ready(ports: list[int]) -> None:
    """Wait until every member answers a linearizable read."""
    until = monotonic() + 60
    for port in ports:
        while True:
            try:
                get(port, serializable=False)
                break
            except OSError:
                if monotonic() > until:
                    raise
                sleep(0.2)


def follower(ports: list[int]) -> int:
    """A member that does not lead."""
    for port in ports:
        status = asked(port, "/v3/maintenance/status", {})
        if status["leader"] != status["header"]["member_id"]:
            return port
    raise OSError("there is nobody but leaders")


def client(number: int, port: int, serializable: bool, history: Recorder, numbers: Iterator[int], end: Event) -> None:
    """Write and read until the end."""
    dice = Random(number)
    names = (f"client {number}" + "'" * time for time in count())
    name = next(names)
    while not end.is_set():
        if dice.random() < 1 / 3:
            value = next(numbers)
            done = history.call(name, "write", value, partial(put, port, value))
        else:
            done = history.call(name, "read", None, partial(get, port, serializable))
        name = name if done else next(names)


def recorded(serializable: bool, seconds: float) -> Recorder:
    """What six clients saw, while a follower was stopped again and again."""
    history, numbers, end = Recorder(), count(1), Event()
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as members:
        ports = list(members)
        slow = members[follower(ports)]
        threads = [Thread(target=client, args=(n, ports[n % 3], serializable, history, numbers, end)) for n in range(6)]
        for thread in threads:
            thread.start()
        until = monotonic() + seconds
        while monotonic() < until:
            os.kill(slow.pid, signal.SIGSTOP)
            sleep(0.5)
            os.kill(slow.pid, signal.SIGCONT)
            sleep(0.5)
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
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--keep", type=Path, help="a folder for the histories, for `stackproof judge`")
    options = parser.parse_args()
    if shutil.which("etcd") is None:
        print("etcd is not installed, so there is nothing to judge: apt-get install etcd-server")
        return
    version = subprocess.run(["etcd", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    print(version.splitlines()[0])
    for about, serializable in (("linearizable reads", False), ("serializable reads", True)):
        history = recorded(serializable, options.seconds)
        if options.keep is not None:
            (options.keep / f"{about.replace(' ', '-')}.jsonl").write_text(history.lines(), "utf-8")
        report(about, history)


if __name__ == "__main__":
    main()
