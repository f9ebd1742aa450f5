"""EDN, the notation of Clojure's values, as far as histories use it: read, never evaluated.

Commas are blanks, `;` begins a comment, `#_` leaves out a form, and the tag of a tagged form is left out. Vectors and
lists become tuples, sets frozensets, maps Maps, keywords and symbols Symbols.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from attrs import define

from stackproof.checker.judge.calls import FALSE, TRUE, HistoryError, Map, Symbol

TOKEN = re.compile(r'(?:[\s,]++|;[^\n]*+)*+(#_|#\{|[\[\](){}]|#?[^\s,;"\[\](){}]+|"(?:[^"\\]|\\.)*"|$)', re.DOTALL)
NUMBER = re.compile(r"[+-]?\d{1,1000}N?$")
DECIMAL = re.compile(r"[+-]?\d{1,300}(\.\d{0,300})?([eE][+-]?\d{1,3})?M?$")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "b": "\b", "f": "\f"}
CLOSES = {"(": ")", "[": "]", "{": "}", "#{": "}"}
WORDS = {"nil": None, "true": TRUE, "false": FALSE}
DEEPEST = 100
LEFT_OUT = "#_"
SHORT = 18

symbol = lru_cache(maxsize=1 << 12)(Symbol)


@define
class Reader:
    """A text, and how far it was read."""

    text: str
    file: str
    line: int = 1
    place: int = 0
    counted: int = 0
    token: str = ""

    def bad(self, sentence: str) -> HistoryError:
        """What is wrong here."""
        return HistoryError(f"{self.file}:{self.here()}: {sentence}")

    def here(self) -> int:
        """The line in which the last token ends."""
        self.line += self.text.count("\n", self.counted, self.place)
        self.counted = self.place
        return self.line

    def next(self) -> str:
        """The next token, empty at the end of the text."""
        found = TOKEN.match(self.text, self.place)
        if found is None:
            raise self.bad("a string has no end")
        self.place, self.token = found.end(), found[1]
        return self.token

    def value(self, token: str, depth: int = 0) -> Any:
        """The value that begins with this token."""
        if depth > DEEPEST:
            raise self.bad("the forms are nested too deeply")
        if token in CLOSES:
            return self.collection(token, depth)
        if token[0] == "#":
            return self.value(self.next() or "]", depth + 1)
        if token[0] == '"':
            return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), token[1:-1], flags=re.DOTALL)
        if token in WORDS:
            return WORDS[token]
        if token.isdigit() and len(token) < SHORT:
            return int(token)
        if token[0] == ":":
            return symbol(token)
        if NUMBER.match(token):
            return int(token.rstrip("N"))
        if DECIMAL.match(token):
            return float(token.rstrip("M"))
        if token in CLOSES.values():
            raise self.bad(f"{token} closes nothing" if self.token else "the text ends too early")
        return symbol(token)

    def parts(self, closing: str, depth: int) -> Iterator[Any]:
        """The values up to a closing bracket, or, where there is none, to the end of the text."""
        opened = self.place
        while token := self.next():
            if token == closing:
                return
            if token == LEFT_OUT:
                self.value(self.next() or "]", depth + 1)
            else:
                yield self.value(token, depth + 1)
        if closing:
            line = self.text.count("\n", 0, opened) + 1
            raise self.bad(f"the form that begins in line {line} is not closed; was the file cut off?")

    def collection(self, opening: str, depth: int) -> Any:
        """What stands between brackets."""
        parts = tuple(self.parts(CLOSES[opening], depth))
        if opening == "{":
            if len(parts) % 2:
                raise self.bad("a map has a value for each key")
            return Map(tuple(sorted(zip(parts[::2], parts[1::2], strict=True), key=by_key)), self.here())
        return frozenset(parts) if opening == "#{" else parts


def by_key(pair: tuple[Any, Any]) -> tuple[str, str]:
    """What pairs are sorted by."""
    return str(pair[0]), type(pair[0]).__name__


def an_operation(text: str, where: str) -> Any:
    """The one value that a piece of a line is."""
    file, _, line = where.rpartition(":")
    reader = Reader(text, file, int(line))
    values = list(reader.parts("", 0))
    if len(values) != 1:
        raise reader.bad(f"a value is one EDN form, here are {len(values)}")
    return values[0]
