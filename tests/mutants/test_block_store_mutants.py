"""Block stores that a tired engineer might write, each caught by the property it breaks."""

from collections.abc import Callable
from typing import Any

import attrs
from attrs import define, evolve

from stackproof.checker.explore import explore
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.block_store import block_store
from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord_storage import Item, StorageNode
from stackproof.reference.storage.block_messages import Answer, Operation, Query, Restore
from stackproof.reference.storage.block_store import BlockNode
from stackproof.reference.storage.blocks import Contents, Read, Request


def violated(mutant: Callable[..., Any], **asked: Any) -> set[str]:
    """What a store of such nodes violates; the store itself, asked the same, violates nothing."""
    assert broken(block_store(**asked)) == set()
    return broken(mutated(block_store(**asked), mutant))


def broken(scenario: Scenario) -> set[str]:
    """The properties that a scenario violates, and the goals that it does not reach."""
    report = explore(scenario, engine="native", worlds=3_000_000)
    assert report.verdict is not Verdict.UNKNOWN
    return {violation.property for violation in report.violated}


def mutated(scenario: Scenario, mutant: Callable[..., Any]) -> Scenario:
    """The scenario with every node of the mutant's class, with the same variables."""

    def made(node: Any) -> Any:
        fields = (one for one in attrs.fields(type(node)) if one.init)
        return mutant(**{one.name: getattr(node, one.name) for one in fields}) if isinstance(node, BlockNode) else node

    return evolve(scenario, nodes=tuple(map(made, scenario.nodes)), absent=tuple(map(made, scenario.absent)))


@define
class Trusting(BlockNode):
    """A coordinator that takes whatever copy it gets."""

    def be_answered(self, number: int, answer: Answer | Bounced, source: NodeId, out: Out) -> None:
        for operation in self.operations:
            match answer:
                case Answer(_, Item() as item):
                    self.find(item, operation, source, out)
                    return
        super().be_answered(number, answer, source, out)


def test_a_reader_that_does_not_look_at_checksums() -> None:
    found = violated(Trusting, crashes=0, corruptions=1)
    assert found == {"reads_return_what_was_written"}


@define
class Homely(BlockNode):
    """A coordinator that trusts its own disk."""

    def begin(self, request: Request | Restore, client: NodeId, out: Out) -> None:
        item = self.held(request.key)
        if isinstance(request, Read) and item:
            self.begun += 1
            self.end(Operation(self.begun, request, client, None), Contents(item.key, item.value), out)  # type: ignore[arg-type]
        else:
            super().begin(request, client, out)


def test_a_reader_that_does_not_look_at_the_checksum_of_its_own_copy() -> None:
    assert violated(Homely, crashes=0, corruptions=1, coordinator=1) == {"reads_return_what_was_written"}


@define
class Careless(BlockNode):
    """A holder that never looks at its copies."""

    def place(self, out: Out) -> None:
        StorageNode.place(self, out)


def test_a_holder_that_does_not_look_at_its_copies() -> None:
    assert violated(Careless, crashes=0, corruptions=1, reads=0) == {"replicas_are_where_they_belong"}


@define
class Resigned(BlockNode):
    """A holder that drops a decayed copy, and leaves it at that."""

    def place(self, out: Out) -> None:
        bad = frozenset(item for item in self.items if not item.value.sound)
        self.items -= bad
        self.decayed |= {item.key for item in bad}
        StorageNode.place(self, out)


def test_a_holder_that_does_not_make_up_for_a_decayed_copy() -> None:
    assert violated(Resigned, crashes=0, corruptions=1, reads=0) == {"replicas_are_where_they_belong"}


@define
class Denying(BlockNode):
    """A holder that says that there is nothing while its copy is being made anew."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        match message:
            case Query(number, key):
                out.send(source, Answer(number, self.held(key)))
            case _:
                super().receive(message, source, out)


def test_a_holder_whose_copy_has_decayed_and_that_says_there_was_none() -> None:
    assert violated(Denying, crashes=0, corruptions=1, r=1) == {"reads_find_what_was_acknowledged"}


@define
class Hasty(BlockNode):
    """An owner that acknowledges what it alone holds."""

    def enough(self, item: Item, copies: int) -> bool:
        return item in self.items


def test_an_owner_that_does_not_wait_for_w() -> None:
    assert violated(Hasty, crashes=0, r=1) == {"reads_find_what_was_acknowledged"}


@define
class Rash(BlockNode):
    """A coordinator that believes the first who has nothing."""

    def miss_at(self, holder: int, operation: Operation, out: Out) -> None:
        self.end(operation, Contents(operation.key, None), out)


def test_a_reader_that_does_not_wait_for_r() -> None:
    assert violated(Rash, crashes=0, w=1) == {"reads_find_what_was_acknowledged"}


@define
class Sole(BlockNode):
    """An owner that neither copies nor waits for copies."""

    def holders(self, key: int) -> tuple[int, ...]:
        return () if self.owns(key) else super().holders(key)

    def enough(self, item: Item, copies: int) -> bool:
        return True


def test_an_owner_that_does_not_replicate() -> None:
    assert violated(Sole, reads=0) == {"acknowledged_blocks_survive"}


@define
class Settled(BlockNode):
    """An owner that copies a block when it is written, and never again."""

    def place(self, out: Out) -> None:
        if self.waiting:
            super().place(out)


def test_an_owner_that_does_not_replace_copies_that_were_lost() -> None:
    assert violated(Settled, reads=0) == {"replicas_are_where_they_belong"}


@define
class Jealous(BlockNode):
    """A node that keeps to itself what belongs to one that has joined before it."""

    def holders(self, key: int) -> tuple[int, ...]:
        return super().holders(key) if self.owns(key) else ()


def test_a_node_that_hands_no_blocks_over_to_one_that_joins() -> None:
    found = violated(Jealous, ring=(0, 2, 3), crashes=0, joins=1, reads=0)
    assert found == {"replicas_are_where_they_belong"}
