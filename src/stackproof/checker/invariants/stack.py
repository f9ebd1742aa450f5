"""What the layers of the stack owe each other: each layer's own properties are elsewhere, these are about the seams."""

from collections.abc import Iterator

from stackproof.checker.running import layers
from stackproof.checker.running.layers import View
from stackproof.checker.simulate.run import Run
from stackproof.checker.world import World
from stackproof.reference.scheduling.mesos.messages import TaskId, TaskState
from stackproof.reference.stack.drivers import MapReduceDriver


def an_executor_runs_as_long_as_its_task(whole: World | Run | View) -> Iterator[str]:
    """The executors on a machine are those of the tasks that its agent runs, one each."""
    view = layers.seen(whole)
    for name, machine in layers.machines(view).items():
        if name in view.up:
            there = sorted(TaskId(one.framework, one.number) for one in machine.executors)
            tasks = machine.agent.node.processes
            running = sorted(one.task.id for one in tasks if one.state is TaskState.RUNNING)
            if there != running:
                yield f"{name} has executors for {there}, and its agent runs {running}"


def what_a_file_names_is_in_the_block_store(whole: World | Run | View) -> Iterator[str]:
    """The blocks of a file are written before the file has a name."""
    view = layers.seen(whole)
    driver = layers.driver(view)
    if isinstance(driver, MapReduceDriver) and driver.files.node.files:
        held = layers.kept(view)
        for file in driver.files.node.files:
            gone = [key for key, _ in file.records if key not in held]
            if gone:
                yield f"{file.name} names the block {gone[0]}, and nobody holds it"


PROPERTIES = (an_executor_runs_as_long_as_its_task, what_a_file_names_is_in_the_block_store)
