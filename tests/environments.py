"""Environments made from nothing, with stackproof as its users install it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

REPOSITORY = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; raises with all that it said where it fails. A violation, status 1, is an answer."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode > 1:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


@frozen
class Environment:
    """A virtual environment, its interpreter, its console script and its cache."""

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / "bin" / "python"

    def stackproof(self, *words: str, cwd: Path) -> str:
        """What a command of ours prints."""
        return run(self.folder / "bin" / "stackproof", *words, cwd=cwd, XDG_CACHE_HOME=str(self.folder / "cache"))


def installed(wheel: Path, folder: Path, interpreter: Path | str = sys.executable) -> Environment:
    """A fresh environment with a wheel and what that needs, fetched by pip from where it always does."""
    made = Environment(folder)
    run(interpreter, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    run(sys.executable, "-m", "pip", "--python", made.python, "install", "--quiet", wheel, cwd=folder.parent)
    return made


def built(folder: Path) -> Iterator[Path]:
    """The sdist of this repository, and the wheel that is built from the sdist."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=REPOSITORY)
    (sdist,) = folder.glob("*.tar.gz")
    yield sdist
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", folder, sdist, cwd=folder)
    yield from folder.glob("*.whl")


def interpreter(version: str) -> Path | None:
    """Another Python of this machine, on the path or among those of pyenv; it must know venv."""
    on_path = shutil.which(f"python{version}")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in candidates:
        asked = [str(candidate), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return candidate
    return None
