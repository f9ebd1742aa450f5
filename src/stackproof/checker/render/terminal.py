"""Where things are printed: results on standard output, progress and complaints on standard error."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.segment import Segment, Segments
from rich.text import Text

from stackproof.checker.explore.limits import Progress, Watcher


class Terminal(Console):
    """A console that prints what it is given, without markup, and that survives a reader who stops reading."""

    def __init__(self, file: TextIO, colour: bool = True) -> None:
        options: dict[str, Any] = {} if colour and not os.environ.get("NO_COLOR") else {"color_system": None}
        super().__init__(file=file, markup=False, emoji=False, highlight=False, **options)

    def show(self, part: RenderableType) -> None:
        """Print a part of an answer; no line ends in blanks."""
        for segments in self.render_lines(part, pad=False):
            while segments and not segments[-1].text.strip():
                segments.pop()
            if segments:
                last = segments.pop()
                segments.append(Segment(last.text.rstrip(), last.style))
            self.print(Segments([*segments, Segment.line()]), end="")

    def on_broken_pipe(self) -> None:
        """Say nothing more, and let the exit status be what it is."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def watching(show: Callable[[Any], Text], colour: bool) -> Iterator[Callable[[Any], None] | None]:
    """A line that says how far something is, as `show` puts it, on a terminal; nothing elsewhere."""
    console = Terminal(sys.stderr, colour)
    if not console.is_terminal:
        yield None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda seen: live.update(show(seen), refresh=True)


def progress(label: str, colour: bool) -> AbstractContextManager[Watcher | None]:
    """A line that says how far an exploration is."""
    return watching(lambda seen: line(label, seen), colour)


def line(label: str, seen: Progress) -> Text:
    """Worlds, worlds per second, depth and frontier, in as many characters as the terminal has."""
    rate = seen.worlds / seen.seconds if seen.seconds else 0
    parts = [f"{seen.worlds:,} worlds", f"{rate:,.0f}/s", f"depth {seen.depth}", f"frontier {seen.frontier:,}"]
    return Text("  ".join([*parts, seen.note or label]), no_wrap=True, overflow="crop")
