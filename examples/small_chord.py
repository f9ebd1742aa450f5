"""A Chord in fifty lines, as a stranger might have written it: objects that call each other, and what is left to do.

`gullible` plants a mistake, which the first published Chord made, too: a peer that is told of a better successor takes
it, and does not ask whether it is still there. `hold_a_foreign_chord_against_the_reference.py` finds it.
"""

from typing import Any


class Peer:
    def __init__(self, num: int, net: dict[str, Any], gullible: bool = False) -> None:
        self.num, self.net, self.gullible = num, net, gullible
        self.succs: list[int] = []
        self.pred = num
        self.todo: tuple[str, int] | None = None

    def get(self, num: int) -> "Peer | None":
        peer: Peer | None = self.net["peers"].get(num)
        return peer

    def between(self, low: int, num: int, high: int) -> bool:
        return low < num < high if low < high else num > low or num < high

    def set_succs(self, succs: list[int]) -> None:
        self.succs = succs[: self.net["keep"]]

    def join(self, other: "Peer") -> None:
        self.pred = other.num
        self.set_succs(other.succs)
        self.net["peers"][self.num] = self

    def stabilize(self) -> None:
        succ = self.get(self.succs[0])
        if succ is None:
            self.set_succs([*self.succs[1:], (self.succs[-1] + 1) % self.net["size"]])
            self.tell_succ()
            return
        self.set_succs([succ.num, *succ.succs])
        if self.between(self.num, succ.pred, succ.num):
            self.todo = ("try", succ.pred)
        else:
            self.tell_succ()

    def try_better(self, num: int) -> None:
        self.todo = None
        better = self.get(num)
        if self.gullible:
            self.set_succs([num, *self.succs])
        elif better is not None:
            self.set_succs([num, *better.succs])
        self.tell_succ()

    def tell_succ(self) -> None:
        succ = self.get(self.succs[0])
        if succ is not None:
            succ.todo = ("check", self.num)

    def check_pred(self, num: int) -> None:
        self.todo = None
        if self.between(self.pred, num, self.num) or self.get(self.pred) is None:
            self.pred = num

    def crash(self) -> None:
        del self.net["peers"][self.num]
