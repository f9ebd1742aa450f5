"""The RDDs' driver and executors as the model of lineage sees them: who holds which block, and what blocks were.

A block is a bucket of a shuffle, or a part of an answer. An executor holds the buckets that it wrote, those it gathered
for its task or that are on their way to it, and the part that it is about to save or that is on its way from it. The
driver holds the parts of the job under way, stable storage the files. `was` is what the monitor has as computed and as
read, and the parts that are held. Contents are bags: their order means nothing here.

The one input of the model in which each block is what its operation makes of it is that of a machine that never fails;
there is no other. So a block that is not what it should be was made by no step.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from stackproof.checker.conformance.formulas import Structure
from stackproof.checker.conformance.refinement import Image, Refinement
from stackproof.checker.invariants.lineage import bag, work
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.processing.executor import Executor, Storage
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import Bucket, Fetched, Finished, Output, Publish
from stackproof.spec.lineage import LINEAGE

Part: TypeAlias = tuple[int, int]
Block: TypeAlias = Bucket | Part
Held: TypeAlias = Iterator[tuple[str, Block, Any]]
WITHOUT_FAILURE = 0
NOTHING = None


def refinement(scenario: Scenario) -> Refinement:
    """The blocks of the scenario's program; values are added to the universe as they occur."""
    program: Program = scenario.nodes[0].program
    made = dict(contents(program))
    values: dict[Any, None] = dict.fromkeys(made.values())

    def universe(scenario: Scenario) -> Structure:
        """Places, blocks, what each needs, and what comes of it where nobody fails."""
        sorts = {"Place": scenario.names, "Block": tuple(made), "Value": values, "Input": (WITHOUT_FAILURE,)}
        return Structure(sorts, rigid(program, made))

    def image(world: World, past: None) -> Image:
        """Who holds what, and what was."""
        held = {(place, block): value for place, block, value in holdings(world) if block in made}
        was = frozenset((block, value) for block, value in (*computed(world), *parts(held)) if block in made)
        values.update(dict.fromkeys((*held.values(), *(value for _, value in was))))
        content = {(place, block): held.get((place, block), NOTHING) for place in scenario.names for block in made}
        return {"holds": frozenset(held), "content": content, "was": was}

    return Refinement(LINEAGE, universe, image)


def rigid(program: Program, made: dict[Block, Any]) -> dict[str, Any]:
    """The meaning of what never changes."""
    place = {block: number for number, block in enumerate(made)}
    return {
        "needs": frozenset((block, other) for block in made for other in needs(program, block)),
        "before": frozenset((one, other) for one in made for other in made if place[one] < place[other]),
        "reads": {(WITHOUT_FAILURE, block): value for block, value in made.items()},
        "makes": {(block, WITHOUT_FAILURE): value for block, value in made.items()},
        "lineage": WITHOUT_FAILURE,
        "another": WITHOUT_FAILURE,
    }


def contents(program: Program) -> Iterator[tuple[Block, Any]]:
    """Every block, those it needs before it, with what comes of it where nobody fails."""
    for shuffle in program.shuffles:
        for output in program.outputs(shuffle):
            elements = program.rdds[program.written_from(shuffle)].evaluated()[output.partition]
            for reader, bucket in enumerate(program.rdds[shuffle].buckets(output.partition, elements)):
                yield Bucket(output, reader), bag(bucket)
    for number, stage in enumerate(program.stages):
        if stage.writes is None:
            for partition in stage.partitions:
                yield (number, partition), as_value(stage.action.part(program.rdds[stage.rdd].evaluated()[partition]))


def needs(program: Program, block: Block) -> Iterator[Bucket]:
    """The buckets that a block is computed from."""
    if isinstance(block, Bucket):
        yield from buckets_for(program, program.written_from(block.output.shuffle), block.output.partition)
    else:
        stage, partition = block
        yield from buckets_for(program, program.stages[stage].rdd, partition)


def buckets_for(program: Program, rdd: int, partition: int) -> Iterator[Bucket]:
    """The buckets that a partition is computed from, by as many narrow dependencies as there are before a shuffle."""
    yield from (Bucket(output, partition) for output in program.outputs(rdd))
    for parent, needed in program.parents(rdd, partition):
        yield from buckets_for(program, parent, needed)


def holdings(world: World) -> Held:
    """Each place with each block that it holds, and the content; an executor's own buckets last."""
    for envelope in world.in_flight:
        match envelope.message:
            case Fetched(_, Bucket() as bucket, elements) if elements is not None:
                yield envelope.target, bucket, bag(elements)
            case Finished(task, part) | Publish(task, part) if part is not None:
                yield envelope.source, (task.stage, task.partition), as_value(part)
    for node in world.nodes.values():
        if isinstance(node, Executor):
            yield from held_by(node)
        elif isinstance(node, Storage):
            yield from ((node.id, path[:2], bag(elements)) for path, elements in node.files)
        else:
            stage = node.program.stage_that_answers(len(node.answers))
            answers = [(partition, part) for partition, part in node.parts if part is not None]
            yield from ((node.id, (stage, partition), as_value(part)) for partition, part in answers)


def held_by(node: Executor) -> Held:
    """What an executor holds of its task, and what it wrote."""
    for block, elements in node.gathered:
        if isinstance(block, Bucket) and elements is not None:
            yield node.id, block, bag(elements)
    if node.task is not None and node.saving is not None:
        yield node.id, (node.task.stage, node.task.partition), bag(node.saving)
    for output, buckets in node.outputs:
        yield from ((node.id, Bucket(output, reader), bag(bucket)) for reader, bucket in enumerate(buckets))


def computed(world: World) -> Iterator[tuple[Block, Any]]:
    """What each bucket was when it was computed, and when it was read."""
    seen = work(world)
    for output, bags, _ in seen.computed:
        if isinstance(output, Output):
            yield from ((Bucket(output, reader), bucket) for reader, bucket in enumerate(bags))
    yield from seen.reads


def parts(held: dict[tuple[str, Block], Any]) -> Iterator[tuple[Block, Any]]:
    """The parts of an answer among what is held."""
    return ((block, value) for (_, block), value in held.items() if not isinstance(block, Bucket))


def as_value(part: Any) -> Any:
    """A part of an answer, its elements in no order."""
    return bag(part) if isinstance(part, tuple) else part
