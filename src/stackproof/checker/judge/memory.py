"""The places of a search that were looked at, and whether one of them can do whatever another can.

Take two places at the same return, with the same state, that differ only in which calls under way have taken effect.

* Of calls that change nothing, it is better to have more: what has taken effect need not find its state later.
* Of calls that change something and never end, it is better to have fewer: they can be left out.
* Of writes, it is better to have fewer, if the last write that was seen came no earlier: the other place has taken such
  a write when some write was seen, or before, so that it began before the last write here, and can stand hidden right
  before that one.
* It is better to have to stay for a shorter time (judge/search.py), and to have done nothing at this return.

So whatever follows the worse place can follow the better one, with the same writes seen and no more of them. Only the
best are kept: none of them is better than another.
"""

from typing import Any, TypeAlias

from attrs import define, field

Kept: TypeAlias = tuple[int, int, int, int]


@define(eq=False)
class Memory:
    """For each return, state and set of the calls that have to agree: the best places."""

    known: dict[tuple[int, Any, int], list[Kept]] = field(factory=dict)

    def has_better(self, place: tuple[Any, ...], more: int, fewer: int) -> bool:
        """Whether a place as good as this is known; if not, it is now. Two masks: what it is better to have, and not.

        more    the calls under way of which it is better to have more
        fewer   those of which it is better to have fewer
        """
        passed, taken, state, hides, _, stays, due = place
        flipped = taken ^ fewer
        either = more | fewer
        kept = self.known.setdefault((passed, state, flipped & ~either), [])
        has = flipped & either
        for other, later, sooner, least in kept:
            if other & has == has and later >= hides and sooner <= stays and least <= due:
                return True
        kept[:] = [
            one
            for one in kept
            if not (has & one[0] == one[0] and hides >= one[1] and stays <= one[2] and due <= one[3])
        ]
        kept.append((has, hides, stays, due))
        return False
