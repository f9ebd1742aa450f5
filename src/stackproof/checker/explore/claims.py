"""Claims: what is asked of every world, answered from memory wherever the answer is known.

A question is an invariant, a goal, the prune or a rule of the faults, as a function from a world to true or false.
Questions that read the same are one claim; its value has a bit for each of them. It depends on what they read; the
reads seen so far are its key. A claim is evaluated once for each combination of their values; the combinations are
packed into numbers for the compiled loops, and folded where they are too wide for one.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from attrs import define, field, frozen

from stackproof.checker.explore import keys
from stackproof.checker.explore.arrays import Numbered
from stackproof.checker.explore.glimpse import Glimpse, Read, aspect_of
from stackproof.checker.explore.tables import Book
from stackproof.checker.host import ScenarioError

Question: TypeAlias = Callable[[Any], bool]
MOST = 62


@define(eq=False)
class Claim:
    """Questions that read the same, what they read, and the answers so far."""

    questions: list[Question]
    reads: list[Read] = field(factory=list)
    aspects: list[Numbered] = field(factory=list)
    seen: list[dict[int, int]] = field(factory=list)
    rows: list[int] = field(factory=list)
    answers: dict[tuple[int, ...], int] = field(factory=dict)
    slot: int = keys.NONE
    folds: list[int] = field(factory=list)
    shifts: list[int] = field(factory=list)
    widths: list[int] = field(factory=list)
    folded: list[Numbered] = field(factory=list)


@frozen
class Values:
    """The values of a row's components, each looked up when it is read."""

    book: Book
    row: tuple[int, ...]

    def __getitem__(self, component: int) -> Any:
        return self.book.value(component, self.row[component])


@define(eq=False)
class Claims:
    """All claims of an exploration, and the arrays in which the loops read them."""

    book: Book
    glimpse: Glimpse = field(init=False)
    all: list[Claim] = field(factory=list)
    slots: int = 0
    rows: int = 0
    aspect: Any = field(factory=lambda: np.full((16, 64), keys.NONE, np.int32))

    def __attrs_post_init__(self) -> None:
        self.glimpse = Glimpse(self.book.scenario, self.book.components)

    def add(self, questions: list[Question]) -> int:
        """A new claim; its number."""
        self.all.append(Claim(questions))
        self.lay_out(self.all[-1])
        return len(self.all) - 1

    def grouped(self, questions: list[Question], row: tuple[int, ...]) -> list[list[int]]:
        """The places of the questions, those together that read the same in this world."""
        groups: dict[tuple[Read, ...], list[int]] = {}
        for place, question in enumerate(questions):
            question(self.glimpse.at(self.values(row)))
            groups.setdefault(tuple(sorted(self.glimpse.reads, key=str)), []).append(place)
        return [group[at : at + MOST] for group in groups.values() for at in range(0, len(group), MOST)]

    def resolve(self, number: int, row: tuple[int, ...]) -> int:
        """The claim's value in one world, for the loops to find from now on."""
        claim = self.all[number]
        key = self.key(claim, row)
        if key not in claim.answers:
            world = self.glimpse.at(self.values(row))
            answer = sum(question(world) << bit for bit, question in enumerate(claim.questions))
            if self.extend(claim):
                key = self.key(claim, row)
            claim.answers[key] = answer
        self.write(claim, key)
        return claim.answers[key]

    def values(self, row: tuple[int, ...]) -> "Values":
        """The values of a row's components, as they are asked for."""
        return Values(self.book, row)

    def extend(self, claim: Claim) -> bool:
        """Take new reads into the claim's key; what was known under the shorter key is forgotten."""
        new = [read for read in self.glimpse.reads if read not in claim.reads]
        if new:
            claim.reads += new
            claim.aspects += [Numbered() for _ in new]
            claim.seen += [{} for _ in new]
            claim.rows += range(self.rows, self.rows + len(new))
            self.rows += len(new)
            claim.answers.clear()
            self.lay_out(claim)
        return bool(new)

    def key(self, claim: Claim, row: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers of what the claim reads in this world; they are written down for the loops."""
        key = []
        for place, (component, _) in enumerate(claim.reads):
            number = row[component]
            found = claim.seen[place].get(number)
            key.append(self.look(claim, place, number) if found is None else found)
        if any(found >> width for found, width in zip(key, claim.widths, strict=True)):
            self.lay_out(claim)
        return tuple(key)

    def look(self, claim: Claim, place: int, number: int) -> int:
        """The number of what one read of a claim sees of a component's value that it did not see before."""
        component, aspect = claim.reads[place]
        kind = self.book.components.kinds[component]
        found = claim.aspects[place].number(aspect_of(kind, self.book.value(component, number), aspect))
        self.cover()
        self.aspect[claim.rows[place], number] = claim.seen[place][number] = found
        return found

    def cover(self) -> None:
        """Have room for every read and every number there is: the loops look without asking how large the array is."""
        for axis, most in enumerate((self.rows, max(map(len, self.book.parts)))):
            while most > self.aspect.shape[axis]:
                self.aspect = np.concatenate([self.aspect, np.full_like(self.aspect, keys.NONE)], axis=axis)

    def lay_out(self, claim: Claim) -> None:
        """Decide where each number goes in the payload, with room to grow; known answers are written again."""
        claim.slot = self.new_slot()
        claim.widths = [max(2, len(known).bit_length() + 1) for known in claim.aspects]
        claim.folds, claim.shifts, claim.folded = [], [], []
        shift = 0
        for width in claim.widths:
            fold = shift + width > keys.PAYLOAD_BITS
            claim.folds.append(self.new_slot() if fold else keys.NONE)
            if fold:
                claim.folded.append(Numbered())
                shift = keys.A_SHIFT
            claim.shifts.append(shift)
            shift += width
        for key in claim.answers:
            self.write(claim, key)

    def new_slot(self) -> int:
        """A part of the map that nothing was written to yet."""
        self.slots += 1
        if self.slots == keys.SLOTS:
            raise ScenarioError("the properties read too many different things: use --engine plain")
        return self.slots

    def write(self, claim: Claim, key: tuple[int, ...]) -> None:
        """Put one answer where the loops look for it."""
        folded, folds = 0, iter(claim.folded)
        for found, fold, shift in zip(key, claim.folds, claim.shifts, strict=True):
            if fold != keys.NONE:
                number = next(folds).number(folded)
                self.book.memo.store(keys.MEMO, fold, folded, number)
                folded = number
            folded |= found << shift
        self.book.memo.store(keys.MEMO, claim.slot, folded, claim.answers[key])

    def arrays(self) -> tuple[Any, ...]:
        """For each claim its first and last read and its slot; for each read its component, row, shift and fold."""
        self.cover()
        reads, start = np.zeros((max(1, len(self.all)), 3), np.int64), 0
        for number, claim in enumerate(self.all):
            reads[number] = (start, start + len(claim.reads), claim.slot)
            start += len(claim.reads)
        columns = (
            [component for claim in self.all for component, _ in claim.reads],
            [row for claim in self.all for row in claim.rows],
            [shift for claim in self.all for shift in claim.shifts],
            [fold for claim in self.all for fold in claim.folds],
        )
        return reads, *(np.array(column or [0], np.int64) for column in columns), self.aspect
